"""A job that was asked for at one place of a page: its bar there while it is at work, and why it failed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.json_types import JsonObject
from workbench.ui import labels, live, shell, states
from workbench.ui.markup import plain


def submit(slot: str, node_id: int, workflow: str, params: JsonObject) -> None:
    """Launch a workflow and remember its job under `slot`; a refusal is shown instead."""
    with shell.show_refusals():
        st.session_state[slot] = live.workbench().submit(workflow, node_id, params, user=shell.user()).id
    live.invalidate()


def find_active(slot: str) -> Job | None:
    """The job that was asked for here, while it is at work."""
    number = st.session_state.get(slot)
    job = live.query(live.workbench().jobs.get, number) if number else None
    return job if job is not None and job.state in states.ACTIVE else None


def draw(slot: str, on_end: Callable[[], None] = lambda: None) -> None:
    """The job's bar; the page is drawn anew when it has ended, after `on_end`. One that failed says why."""
    number = st.session_state.get(slot)
    if not number:
        return

    @shell.fragment(run_every=1.0)
    def bar() -> None:
        job = live.query(live.workbench().jobs.get, number)
        if job.state in states.ACTIVE:
            st.progress(int(job.progress or 0) / 100, text=plain(labels.now_text(job)))
            return
        if job.state != "failed":
            st.session_state.pop(slot, None)
            on_end()
            live.invalidate()
            live.redraw_page()
        st.error(labels.failure(job, 300), icon=":material/error:")

    bar()
