"""Which jobs of a board are selected: by their ids, whatever the table shows by now.

What is selected is kept here, over redraws, sorts and pages. A table of Streamlit's own knows its rows by their place
alone: so one of other rows is another element, and a click on what has changed meanwhile finds none, never another row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import streamlit as st


def selected(key: str) -> list[int]:
    """The ids of the selected jobs, on whatever page they are, in the order in which they were chosen."""
    ids: list[int] = st.session_state.setdefault(_slot(key), [])
    return ids


def clear(key: str) -> None:
    st.session_state[_slot(key)] = []
    # the browser keeps what is ticked in an element; another one begins with nothing
    st.session_state[f"{_slot(key)}_round"] = _round(key) + 1


def element(key: str, ids: Sequence[int]) -> str:
    """The key of the table of just these jobs, in this order."""
    digest = hashlib.sha1(repr(list(ids)).encode(), usedforsecurity=False).hexdigest()[:12]
    return f"{key}_{_round(key)}_{digest}"


def rows(key: str, ids: Sequence[int]) -> list[int]:
    """The places of the selected jobs among these, which are the ones that the table shows now."""
    st.session_state[f"{_slot(key)}_shown"] = list(ids)
    chosen = set(selected(key))
    return [place for place, job_id in enumerate(ids) if job_id in chosen]


def count_shown(key: str) -> int:
    """How many of the selected jobs are in the table that was drawn last."""
    return len(set(selected(key)) & set(st.session_state.get(f"{_slot(key)}_shown", ())))


def tick(key: str, ids: Sequence[int], on: Sequence[int], off: Sequence[int]) -> None:
    """Take over what was ticked, and what not any more, in a table that knows its rows by their ids."""
    st.session_state[f"{_slot(key)}_shown"] = list(ids)
    gone = {*off, *on}
    st.session_state[_slot(key)] = [*(i for i in selected(key) if i not in gone), *on]


def show(key: str, ids: Sequence[int]) -> list[int]:
    """The selected jobs among these, which are the ones that the table shows now."""
    st.session_state[f"{_slot(key)}_shown"] = list(ids)
    chosen = set(selected(key))
    return [job_id for job_id in ids if job_id in chosen]


def keep(key: str, ids: Sequence[int]) -> None:
    """Take over what was ticked in the table of these jobs."""
    event: Any = st.session_state.get(element(key, ids))
    places = event.selection.rows if event is not None else []
    ticked = [ids[place] for place in places if place < len(ids)]
    elsewhere = [i for i in selected(key) if i not in set(ids)]
    st.session_state[_slot(key)] = [*elsewhere, *ticked]


def _slot(key: str) -> str:
    return f"_{key}_selected"


def _round(key: str) -> int:
    return int(st.session_state.get(f"{_slot(key)}_round", 0))
