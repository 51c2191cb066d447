"""Jobs as a table: state pill, job, story, progress, what it does now, wait, run, cost, number."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from workbench.db.rows.jobs import URGENCY, Job
from workbench.db.rows.story import Place
from workbench.ui import formats, job_links, labels, live, states
from workbench.ui.jobs import grid, selection
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys


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


def to_cells(jobs: Sequence[Job], places: Mapping[int, Place], now: int) -> list[dict[str, Any]]:
    """What each row shows, by column."""
    language = current()
    spent = live.query(live.workbench().usage.of_jobs, [j.id for j in jobs])
    waits = labels.waiting_texts(jobs)
    rows = []
    for job in jobs:
        state = states.find(job.state)
        rows.append(
            {
                "state": [state.word, state.colour, state.icon],
                "job": labels.workflow_title(job.kind),
                "story": hide_keys(labels.place(places.get(job.node_id or -1)) or "—"),
                "progress": None if job.state == "queued" else float(job.progress or 0),
                "now": hide_keys(describe_state(job, waits)),
                "wait": formats.duration(wait_ms(job, now), language),
                "run": formats.duration(ran_ms(job, now), language),
                "cost": formats.spent(spent[job.id], language),
                "id": str(job.id),
            }
        )
    return rows


#: columns in which the largest is asked for first
_LARGEST_FIRST = ("id", "progress", "wait", "run", "cost")


def columns() -> list[grid.Column]:
    return [
        grid.Column("state", t("State"), 104, "badge"),
        grid.Column("job", t("Job"), 142),
        grid.Column("story", t("Story"), 166),
        grid.Column("progress", t("Progress"), 112, "bar"),
        grid.Column("now", t("Now"), 150, sort=False),
        grid.Column("wait", t("Wait"), 78, "number"),
        grid.Column("run", t("Run"), 78, "number"),
        grid.Column("cost", t("Cost"), 78, "number"),
        grid.Column("id", "#", 66, "link"),
    ]


def next_sort(sort: tuple[str, bool], clicked: str) -> tuple[str, bool]:
    """The column and whether it descends, after a click on a heading."""
    column, descending = sort
    return (clicked, not descending) if clicked == column else (clicked, clicked in _LARGEST_FIRST)


def sort_jobs(jobs: Sequence[Job], places: Mapping[int, Place], now: int, sort: tuple[str, bool]) -> list[Job]:
    """All jobs of a list by what a column means, as the database sorts a board; what has none comes last."""
    column, descending = sort
    spent, yuan = {}, 1.0
    if column == "cost":
        wb = live.workbench()
        spent, yuan = live.query(wb.usage.of_jobs, [j.id for j in jobs]), float(wb.budgets.exchange_rate())

    def in_yuan(job: Job) -> float | None:
        cost = spent[job.id].cost
        return sum(micros * (yuan if currency == "USD" else 1) for currency, micros in cost.items()) if cost else None

    def story(job: Job) -> tuple[int, int, int] | None:
        place = places.get(job.node_id or -1)
        if place is None:
            return None
        is_scene = place.kind == "scene"
        episode = (place.episode or 0) if is_scene else place.position if place.kind == "episode" else 0
        return job.project_id or 0, episode, place.position if is_scene else 0

    keys: dict[str, Callable[[Job], Any]] = {
        "state": lambda job: URGENCY.index(job.state),
        "job": lambda job: labels.workflow_title(job.kind).casefold(),
        "story": story,
        "progress": lambda job: job.progress,
        "wait": lambda job: wait_ms(job, now),
        "run": lambda job: ran_ms(job, now),
        "cost": in_yuan,
        "id": lambda job: job.id,
    }
    known = [(keys[column](job), job) for job in jobs]
    valued = sorted((pair for pair in known if pair[0] is not None), key=lambda pair: pair[1].id, reverse=True)
    valued.sort(key=lambda pair: pair[0], reverse=descending)
    return [job for _, job in valued] + [job for value, job in known if value is None]


def draw(
    jobs: Sequence[Job],
    places: Mapping[int, Place],
    now: int,
    key: str,
    height: int = 520,
    *,
    selectable: bool = True,
    sort: tuple[str, bool] | None = None,
    on_sort: Callable[[str], None] | None = None,
) -> None:
    """Draw the table; a click anywhere on a row opens its job.

    Which jobs are selected in it is in `selection`, under the same key. `sort`: how the jobs given are sorted.
    """
    ids = [job.id for job in jobs]
    rows = [
        grid.Row(job.id, t("Open job {id}", id=job.id), job_links.href(job.id), cells)
        for job, cells in zip(jobs, to_cells(jobs, places, now), strict=True)
    ]
    with st.container(key=key):
        opened = grid.draw(
            columns(),
            rows,
            key=f"{key}_grid",
            label=t("Jobs"),
            height=height,
            words={"all": t("Select all rows shown"), "tick": t("Select job")},
            sort=sort,
            selected=selection.show(key, ids) if selectable else None,
            on_tick=lambda on, off: selection.tick(key, ids, on, off),
            on_sort=on_sort,
        )
    if opened is not None:
        st.switch_page(job_links.PAGE, query_params=job_links.query(opened))
