"""How long jobs waited before they began, and how long they ran: by day, or by workflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import streamlit as st

from workbench.db.rows.usage import JobTimes
from workbench.errors import InvalidInput
from workbench.ui import charts, filters, formats, labels, live
from workbench.ui.analytics.plots import MOST_BARS
from workbench.ui.analytics.window import Window, mark
from workbench.ui.language import t
from workbench.ui.markup import plain

What = Literal["wait", "run"]


def draw(window: Window, colours: charts.Palette) -> None:
    with st.container(key="times_by"):
        by_workflow = filters.segment(
            "times", t("Waits and runs by"), {"day": t("Day"), "workflow": t("Workflow")}, "day"
        )
    titles: dict[What, str] = {"wait": t("How long jobs waited"), "run": t("How long jobs ran")}
    try:
        if by_workflow == "workflow":
            rows = live.query(
                live.workbench().usage.job_times, since=window.since, until=window.until, by_workflow=True,
                **window.scope,
            )  # fmt: skip
        else:
            rows = live.query(
                live.workbench().usage.job_times, since=window.since, until=window.until, by_day=True,
                time_zone=window.zone, **window.scope,
            )  # fmt: skip
    except InvalidInput as error:
        with charts.card(t("How long jobs waited and ran"), "", "times_card"):
            st.caption(plain(labels.error_text(error)))
        return
    draw_one = _by_workflow if by_workflow == "workflow" else _by_day
    for column, (what, title) in zip(st.columns(2, gap="small"), titles.items(), strict=True):
        with column:
            draw_one(window, what, title, rows, colours)


def _shares(row: JobTimes | None, what: What) -> tuple[int | None, int | None]:
    """The p50 and the p95, ms."""
    if row is None:
        return None, None
    return (row.wait_p50, row.wait_p95) if what == "wait" else (row.run_p50, row.run_p95)


def _list_rows(
    names: Sequence[tuple[str, JobTimes | None]], first: str, what: What
) -> Callable[[], list[dict[str, Any]]]:
    def list_rows() -> list[dict[str, Any]]:
        return [
            {
                first: name,
                t("Jobs"): formats.count(row.jobs if row else 0),
                "p50": labels.duration_text(_shares(row, what)[0]),
                "p95": labels.duration_text(_shares(row, what)[1]),
            }
            for name, row in names
        ]

    return list_rows


def _by_day(window: Window, what: What, title: str, rows: Sequence[JobTimes], colours: charts.Palette) -> None:
    by_day = {row.day: row for row in rows}
    own = [by_day.get(day) for day in window.days]
    series = {
        name: [None if ms is None else round(ms) for ms in (_shares(row, what)[place] for row in own)]
        for place, name in ((1, "p95"), (0, "p50"))
    }
    charts.panel(
        title,
        t("by the day of their end"),
        f"{what}s",
        lambda: charts.lines(window.day_labels, series, colours),
        _list_rows(list(zip(window.day_labels, own, strict=True)), t("Day"), what),
        window.pick_day,
        window.key,
    )


def _by_workflow(window: Window, what: What, title: str, rows: Sequence[JobTimes], colours: charts.Palette) -> None:
    slowest = sorted(rows, key=lambda row: -(_shares(row, what)[1] or 0))
    shown = slowest[:MOST_BARS]
    names = [(labels.workflow_title(row.workflow) if row.workflow else "—", row) for row in slowest]

    def draw_bars() -> Any:
        shares = [_shares(row, what) for row in shown]
        series = {
            "p50": ([(p50 or 0) / 1000 for p50, _ in shares], colours.primary, ""),
            "p95": ([((p95 or 0) - (p50 or 0)) / 1000 for p50, p95 in shares], colours.series[1], charts.HATCH),
        }
        ends = [" – ".join(labels.duration_text(ms) for ms in pair) for pair in shares]
        figure = charts.bars([name for name, _ in names[:MOST_BARS]], series, ends, colours, 290)
        figure.update_layout(margin_r=130)
        return figure

    def pick(index: int) -> None:
        if index < len(shown) and (kind := shown[index].workflow):
            mark("kind", kind)

    charts.panel(
        title, t("p50 – p95"), f"{what}s", draw_bars, _list_rows(names, t("Workflow"), what), pick,
        f"by_workflow_{window.key}",
    )  # fmt: skip
