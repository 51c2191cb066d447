"""What keeps a page alive: one workbench per process, answers shared for a second, an empty ticker that reruns on
change."""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple, NoReturn, ParamSpec, TypeVar

import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.runtime.scriptrunner import RerunData, RerunException, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import ThreadState

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
_MANY_LOOKS = 200
_frozen_at = 0
#: runs of a page have a thread; `asked`: when each answer that the run used was asked for (monotonic, ns);
#: `environment`: as it was when the thread began
_run = threading.local()


def freeze_imports() -> None:
    """Move everything imported so far out of the collector's sight; again when a page has imported a lot more.

    A whole collection with pandas and plotly loaded costs ~50 ms a time.
    """
    global _frozen_at
    if len(sys.modules) - _frozen_at > _MANY:
        _frozen_at = len(sys.modules)
        gc.collect()
        gc.freeze()


_VARIABLES = tuple(variable(field) for field in Settings.model_fields)
_opening = threading.Lock()


def _environment() -> tuple[str | None, ...]:
    """Read once by each thread that runs a page, which asks hundreds of times."""
    known: tuple[str | None, ...] | None = getattr(_run, "environment", None)
    if known is None:
        known = tuple(map(os.environ.get, _VARIABLES))
        if get_script_run_ctx(suppress_warning=True) is not None:
            _run.environment = known
    return known


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
def _answer(database: str, question: str, arguments: str, _answer_of: Callable[[], Any]) -> tuple[int, Any]:
    """When it was asked (monotonic, ns), and what the answer is."""
    return time.monotonic_ns(), _answer_of()


def cached(question: str, answer: Callable[[], T], **arguments: Any) -> T:
    """The answer to a question, asked at most once a second for all open pages."""
    key = json.dumps(arguments, sort_keys=True, default=str)
    asked: int
    result: T
    asked, result = _answer(settings().database_url, question, key, answer)
    _answers_used().add(asked)
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


def ask_anew() -> None:
    """Share no answer from before: something has just been seen that they may not know of."""
    _answer.clear()


def invalidate() -> None:
    """Ask again after this session has changed something."""
    ask_anew()
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


def parts_asked_for_beside() -> list[str]:
    """In a callback: Streamlit's ids of the parts that this run is to draw besides the one the callback is called for.

    What is asked for while a run goes on is answered by one run.
    """
    context = get_script_run_ctx(suppress_warning=True)
    asked_for = context.fragment_ids_this_run if context else None
    return [part for part in asked_for or () if part != ThreadState.get().fragment_id]


def redraw_next(parts: Sequence[str]) -> bool:
    """Have these parts drawn, in one run, as soon as the present one has ended; False: the page has no such part.

    Nothing is broken off: what the browser asks for meanwhile is drawn with them. `st.rerun` with the keys of parts is
    for callbacks alone, as it ends the run at once.
    """
    context = get_script_run_ctx()
    if context is None or context.script_requests is None:
        return False
    try:
        wanted = context.fragment_storage.resolve_target(list(parts))
    except StreamlitAPIException:
        return False
    return context.script_requests.request_rerun(
        RerunData(
            query_string=context.query_string, page_script_hash=context.page_script_hash, fragment_id_queue=wanted,
            cached_message_hashes=context.cached_message_hashes, context_info=context.context_info,
        )
    )  # fmt: skip


def redraw_page() -> NoReturn:
    """Break this run off and draw the whole page. What was pressed in a part that this run has not come to is pressed
    in the next one: Streamlit itself would forget it."""
    context = get_script_run_ctx(suppress_warning=True)
    try:
        st.rerun()  # noqa: TID251
    except RerunException as request:
        if context is None:
            raise
        reached = context.shared.widget_ids_this_run
        states = context.session_state.get_widget_states()
        pressed = WidgetStates(widgets=[s for s in states if _is_pressed(s) and s.id not in reached])
        raise RerunException(replace(request.rerun_data, replay_trigger_states=pressed)) from None


def _is_pressed(state: WidgetState) -> bool:
    kind = state.WhichOneof("value") or ""
    return kind.endswith("trigger_value") and bool(getattr(state, kind))


class Since(NamedTuple):
    """When a signature was first seen to tell something, by any open page (monotonic, ns), and when the answers that it
    was made of were asked for: they know of it."""

    at: int
    asked: Set[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Look:
    """What a signature told just before a page, or a part of it, was drawn.

    `since`: answers are shared for a second, and one that was asked for earlier may not know of it yet.
    """

    key: str
    signature: Callable[[], Any]
    value: Any
    since: Since

    def again(self) -> Look:
        return look(self.key, self.signature)


#: key → the last value, and since when
_seen: OrderedDict[str, tuple[Any, Since]] = OrderedDict()
_looking = threading.Lock()


def look(key: str, signature: Callable[[], Any]) -> Look:
    """What a signature tells now; `key`: the same for all pages that watch the same. `know_of` asks about the answers
    from here on."""
    forget_answers()
    value = signature()
    with _looking:
        seen = _seen.pop(key, None)
        if seen is None or seen[0] != value:
            seen = value, Since(time.monotonic_ns(), frozenset(_answers_used()))
        _seen[key] = seen
        if len(_seen) > _MANY_LOOKS:
            _seen.popitem(last=False)
    forget_answers()
    return Look(key, signature, *seen)


def forget_answers() -> None:
    """What was asked up to here is of no account for `know_of`."""
    _run.asked = set()


def know_of(since: Since) -> bool:
    """Whether all answers that were used since the last look know of what was seen then."""
    return all(asked >= since.at or asked in since.asked for asked in _answers_used())


def _answers_used() -> set[int]:
    if not hasattr(_run, "asked"):
        forget_answers()
    asked: set[int] = _run.asked
    return asked
