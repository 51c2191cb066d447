"""What keeps a page alive: one workbench per process, answers shared for a second, an empty ticker that reruns on change."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from workbench.db.reads import jobs as job_reads
from workbench.errors import ReelwrightError
from workbench.facade import Workbench
from workbench.settings import Settings

ACTIVE_S, IDLE_S = 1.5, 10.0
#: so many new modules are worth another freeze
_MANY = 40
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


@st.cache_resource(show_spinner=False)
def _opened(settings: Settings) -> Workbench:
    return Workbench.open(settings)


def settings() -> Settings:
    return Settings.load()


def language() -> str | None:
    """What pages speak to those who have not chosen themselves; None: their browser's language."""
    try:
        chosen: str | None = shared("language", workbench().language)
    except ReelwrightError:
        # a page will say what is wrong, in some language
        chosen = None
    return chosen or settings().lang


def workbench() -> Workbench:
    """The one facade of this process for the configured home and database."""
    return _opened(settings())


@st.cache_data(ttl=1.0, max_entries=500, show_spinner=False)
def _answer(database: str, question: str, arguments: str, _ask: Callable[[], Any]) -> Any:
    return _ask()


def shared(question: str, ask: Callable[[], Any], **arguments: Any) -> Any:
    """The answer to a question, asked at most once a second for all open pages."""
    return _answer(settings().database_url, question, json.dumps(arguments, sort_keys=True, default=str), ask)


def ask(question: Callable[..., Any], *words: str, **arguments: Any) -> Any:
    """The answer of a read query (`db.reads`), shared for a second."""

    def asked() -> Any:
        with workbench().database.read() as conn:
            return question(conn, *words, **arguments)

    return shared(f"{question.__module__}.{question.__qualname__} {' '.join(words)}", asked, **arguments)


def tree(project: int) -> Any:
    """A project's story tree."""
    return shared("tree", lambda: workbench().tree(project), project=project)


def outline(project: int, open_node: int) -> Any:
    """The part of a project's tree that a sidebar shows."""
    return shared("outline", lambda: workbench().outline(project, open_node), project=project, node=open_node)


def active_jobs(project: int) -> Any:
    """The jobs of a project that are queued, running or waiting."""
    return ask(job_reads.active_in_project, project_id=project)


def forget() -> None:
    """Ask again after this session has changed something."""
    _answer.clear()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def every(active: bool) -> float:
    return ACTIVE_S if active else IDLE_S


def ticker(signature: Callable[[], Any], active: bool, key: str) -> None:
    """Rerun the page when `signature()` changes. It draws nothing, so a run that finds no change costs next to nothing."""
    slot = f"_ticker.{key}"
    st.session_state[slot] = signature()

    @st.fragment(run_every=every(active), key=f"ticker_{key}")
    def tick() -> None:
        if signature() != st.session_state[slot]:
            st.rerun(scope="app")

    tick()
