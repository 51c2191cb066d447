"""What a job has said on its way, page by page."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.jobs import JobDetail
from workbench.ui import formats, illustrations, labels, live, older

LEVELS = {"info": "succeeded", "warning": "stale", "error": "failed", "audit": "ready"}
#: events on a page; fewer than come with a job
PAGE = 200
LIST = "events"


def draw(seen: JobDetail) -> None:
    """The newest ones, oldest first, or those of an older page."""
    before = older.before(LIST)
    listed = (
        seen.events
        if before is None
        else live.query(live.workbench().jobs.list_events, seen.job.id, before=before, limit=PAGE + 1)
    )
    shown = older.turn(LIST, listed[::-1], PAGE)[::-1]
    moments = [
        illustrations.Moment(
            labels.translate_stored(e, "message"),
            LEVELS.get(e.level, "succeeded"),
            formats.clock(e.at, labels.zone()),
            labels.time_text(e.at),
        )
        for e in shown
    ]
    if moments:
        with st.container(height=360 if len(moments) > 10 else "content", border=False, key="events"):
            illustrations.events(moments)
