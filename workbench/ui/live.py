"""What keeps a page alive: one workbench per process, answers shared for a second, an empty ticker that reruns on change."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from typing import Any, cast

import streamlit as st

from workbench import Settings, Workbench

ACTIVE_S, IDLE_S = 1.5, 10.0
_frozen = False


def freeze_imports() -> None:
    """Move everything imported so far out of the collector's sight, once per process.

    Streamlit collects garbage after each fragment run; with pandas and plotly loaded that costs ~50 ms a time.
    """
    global _frozen
    if not _frozen:
        _frozen = True
        gc.collect()
        gc.freeze()


@st.cache_resource(show_spinner=False)
def _opened(settings: Settings) -> Workbench:
    return Workbench.open(settings)


def settings() -> Settings:
    return Settings.load()


def workbench() -> Workbench:
    """The one facade of this process for the configured home and database."""
    return _opened(settings())


@st.cache_data(ttl=1.0, max_entries=500, show_spinner=False)
def _answer(database: str, question: str, arguments: str, _ask: Callable[[], Any]) -> Any:
    return _ask()


def shared(question: str, ask: Callable[[], Any], **arguments: Any) -> Any:
    """The answer to a question, asked at most once a second for all open pages."""
    return _answer(settings().database_url, question, json.dumps(arguments, sort_keys=True, default=str), ask)


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

    cast(Callable[[], None], tick)()
