"""Jobs as a table: state pill, job, story, progress, what it does now, wait, run, cost, number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.db.rows.story import Place
from workbench.plain_text import cell
from workbench.ui import formats, job_links, labels, live, states
from workbench.ui.jobs import selection
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys

ROW_HEIGHT = 34


def wait_ms(job: Job, now: int) -> int:
    return max(0, int(job.started_at or job.finished_at or now) - int(job.created_at))


def ran_ms(job: Job, now: int) -> int | None:
    """How long it has run; None while it has not begun."""
    if not job.started_at:
        return None
    return max(0, int(job.finished_at or now) - int(job.started_at))


def describe_state(job: Job, waits: Mapping[int, str]) -> str:
    """What a job does now, or how it ended. `waits`: of labels.waiting_texts."""
    state = job.state
    if state in ("failed", "partial"):
        return labels.error_title(job.error_kind) or labels.translate_stored(job, "error")
    if job.id in waits:
        return waits[job.id]
    if state in ("running", "queued"):
        return labels.translate_stored(job, "message")
    return ""


def to_dataframe(jobs: Sequence[Job], places: Mapping[int, Place], now: int) -> pd.DataFrame:
    """The rows as shown; column names are stable keys, titles come with the configuration."""
    language = current()
    spent = live.query(live.workbench().usage.of_jobs, [j.id for j in jobs])
    waits = labels.waiting_texts(jobs)
    return pd.DataFrame(
        [
            {
                "state": [states.find(j.state).word],
                "job": labels.workflow_title(j.kind),
                "story": cell(hide_keys(labels.place(places.get(j.node_id or -1)) or "—")),
                "progress": None if j.state == "queued" else float(j.progress or 0),
                "now": cell(hide_keys(describe_state(j, waits))),
                "wait": formats.duration(wait_ms(j, now), language),
                "run": formats.duration(ran_ms(j, now), language),
                "cost": formats.spent(spent[j.id], language),
                "id": f"{j.id}",
            }
            for j in jobs
        ],
        columns=["state", "job", "story", "progress", "now", "wait", "run", "cost", "id"],
    )


def columns(open_key: str | None = None) -> dict[str, Any]:
    """Column titles and widths; with `open_key` the number is a button whose clicks arrive under that key."""
    shown = [states.find(n) for n in states.JOB_STATES]
    config = st.column_config
    number: Any = (
        config.ButtonColumn("#", width=58, type="tertiary", alignment="right", key=open_key)
        if open_key
        else config.TextColumn("#", width=58, alignment="right")
    )
    return {
        "state": config.MultiselectColumn(
            t("State"), width=104, options=[s.word for s in shown], color=[s.colour for s in shown]
        ),
        "job": config.TextColumn(t("Job"), width=142),
        "story": config.TextColumn(t("Story"), width=166),
        "progress": config.ProgressColumn(t("Progress"), width=112, min_value=0, max_value=100, format="%d%%"),
        "now": config.TextColumn(t("Now"), width=150),
        "wait": config.TextColumn(t("Wait"), width=78, alignment="right"),
        "run": config.TextColumn(t("Run"), width=78, alignment="right"),
        "cost": config.TextColumn(t("Cost"), width=70, alignment="right"),
        "id": number,
    }


def draw(
    jobs: Sequence[Job], places: Mapping[int, Place], now: int, key: str, height: int = 520, *, selectable: bool = True
) -> None:
    """Draw the table; which jobs are selected in it is in `selection`, under the same key."""
    ids = [job.id for job in jobs]
    how: dict[str, Any] = (
        {
            "on_select": partial(selection.keep, key, ids),
            "selection_default": {"selection": {"rows": selection.rows(key, ids)}},
            "selection_mode": "multi-row",
        }
        if selectable
        else {}
    )
    opened = f"{key}_open"
    with st.container(key=key):
        st.dataframe(
            to_dataframe(jobs, places, now),
            hide_index=True,
            height=height,
            row_height=ROW_HEIGHT,
            column_config=columns(opened),
            **how,
            key=selection.element(key, ids),
            alt=t("Jobs, newest first"),
        )
    click = st.session_state.get(opened)
    if click:
        st.switch_page(job_links.PAGE, query_params=job_links.query(int(click["label"])))
