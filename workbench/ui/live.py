"""What keeps a page alive: one workbench per process, answers shared for a second, an empty ticker that reruns on
change."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from workbench.api.client import Workbench
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import Outline, Tree
from workbench.errors import ReelwrightError
from workbench.settings import Settings, variable

P = ParamSpec("P")
T = TypeVar("T")
ACTIVE_S, IDLE_S = 1.5, 10.0
#: so many new modules are worth another freeze
_MANY = 40
_CHANGED = "_changed"
_frozen_at = 0


def freeze_imports() -> None:
    """Move everything imported so far out of the collector's sight; again when a page has imported a lot more.

    Streamlit collects garbage after each fragment run; with pandas and plotly loaded that costs ~50 ms a time.
    """
    global _frozen_at
    if len(sys.modules) - _frozen_at > _MANY:
        _frozen_at = len(sys.modules)
        gc.collect()
        gc.freeze()


_VARIABLES = tuple(variable(field) for field in Settings.model_fields)
_opening = threading.Lock()


def _environment() -> tuple[str | None, ...]:
    return tuple(map(os.environ.get, _VARIABLES))


@lru_cache(maxsize=1)
def _load(environment: tuple[str | None, ...]) -> Settings:
    return Settings.load()


@lru_cache(maxsize=1)
def _open(environment: tuple[str | None, ...]) -> Workbench:
    return Workbench.open(_load(environment))


def settings() -> Settings:
    """The environment's settings, read again only when it has changed: a page asks a hundred times."""
    return _load(_environment())


def language() -> str | None:
    """What pages speak to those who have not chosen themselves; None: their browser's language."""
    try:
        chosen: str | None = cached("language", workbench().settings.language)
    except ReelwrightError:
        # a page will say what is wrong, in some language
        chosen = None
    return chosen or settings().lang


def workbench() -> Workbench:
    """The one client of this process for the configured home and database."""
    with _opening:
        return _open(_environment())


@st.cache_data(ttl=1.0, max_entries=500, show_spinner=False)
def _answer(database: str, question: str, arguments: str, _answer_of: Callable[[], Any]) -> Any:
    return _answer_of()


def cached(question: str, answer: Callable[[], T], **arguments: Any) -> T:
    """The answer to a question, asked at most once a second for all open pages."""
    key = json.dumps(arguments, sort_keys=True, default=str)
    result: T = _answer(settings().database_url, question, key, answer)
    return result


def query(method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The answer of a resource's method (`workbench().jobs.list`), shared for a second."""
    return cached(f"{method.__qualname__} {args}", lambda: method(*args, **kwargs), **kwargs)


def tree(project: int) -> Tree:
    """A project's story tree."""
    return query(workbench().projects.tree, project)


def outline(project: int, open_node: int) -> Outline:
    """The part of a project's tree that a sidebar shows."""
    return query(workbench().projects.outline, project, open_node)


def active_jobs(project: int) -> list[Job]:
    """The jobs of a project that are queued, running or waiting."""
    return query(workbench().jobs.list_active, project)


def invalidate() -> None:
    """Ask again after this session has changed something."""
    _answer.clear()
    st.session_state[_CHANGED] = True


def pop_changed() -> bool:
    """Whether this session has changed something since the last time this was asked."""
    return bool(st.session_state.pop(_CHANGED, False))


def clock_ms() -> int:
    return time.time_ns() // 1_000_000


def refresh_interval_s(active: bool) -> float:
    return ACTIVE_S if active else IDLE_S


def drawn_alone() -> bool:
    """Whether this run draws parts of the page instead of all of it."""
    context = get_script_run_ctx(suppress_warning=True)
    return context is not None and bool(context.fragment_ids_this_run)


def ticker(signature: Callable[[], Any], active: bool, key: str, drawn: Any = None) -> None:
    """Rerun the page when `signature()` changes. It draws nothing, so a run that finds no change costs next to
    nothing. `drawn`: the signature from before the page was drawn, so that nothing is missed meanwhile."""
    slot = f"_ticker.{key}"
    st.session_state[slot] = signature() if drawn is None else drawn

    @st.fragment(run_every=refresh_interval_s(active), key=f"ticker_{key}")
    def tick() -> None:
        # not while the whole page is drawn: on a busy board that would never end
        if drawn_alone() and signature() != st.session_state[slot]:
            st.rerun(scope="app")

    tick()
