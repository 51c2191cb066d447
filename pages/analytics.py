"""Analytics: tokens, latency, cost and success from the ledger of model calls, by day, model, workflow and place."""

from __future__ import annotations

from functools import partial

import streamlit as st

from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.usage import UsageCost
from workbench.plain_text import cell
from workbench.ui import (
    accuracy,
    charts,
    downloads,
    formats,
    illustrations,
    job_links,
    labels,
    live,
    older,
    shell,
    worth,
)
from workbench.ui.analytics import cards, courses, plots, spending, times, waste, window
from workbench.ui.analytics.window import Window
from workbench.ui.jobs import board, calls_table
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.ui.settings import alerts


def breakdown(looked_at: Window) -> None:
    """The same numbers as a table: by model and workflow."""
    rows = looked_at.ask(live.workbench().usage.totals_by, "model", "workflow")
    times = {(r.model, r.workflow): r for r in looked_at.ask(live.workbench().usage.latencies, "model", "workflow")}
    costs: dict[tuple[str | None, str | None], list[UsageCost]] = {}
    for cost in looked_at.ask(live.workbench().usage.cost_totals_by, "model", "workflow"):
        costs.setdefault((cost.model, cost.workflow), []).append(cost)
    table = [
        {
            t("Model"): cell(r.model),
            t("Workflow"): labels.workflow_title(r.workflow) if r.workflow else "—",
            t("Calls"): r.calls,
            t("Errors"): r.errors,
            t("Valid JSON"): formats.percent(cards.valid_share(r)),
            t("Input"): formats.number(r.input_tokens, current()),
            t("Output"): formats.number(r.output_tokens, current()),
            t("Cost"): board.money_of(costs.get((r.model, r.workflow), [])),
            "p50": labels.duration_text(getattr(times.get((r.model, r.workflow)), "p50", None)),
            "p95": labels.duration_text(getattr(times.get((r.model, r.workflow)), "p95", None)),
            "p99": labels.duration_text(getattr(times.get((r.model, r.workflow)), "p99", None)),
        }
        for r in rows
    ]
    with charts.card(t("By model and workflow"), t("rows: {n}", n=len(table)), "breakdown_card"):
        st.dataframe(table, hide_index=True, key="breakdown", row_height=34)


def drill(listed: list[CallSummary]) -> None:
    """The calls behind the numbers, page by page; the chosen one links to its job."""
    with charts.card(t("Calls behind these numbers"), calls_table.tell_page("calls", listed), "calls_card"):
        rows = older.turn("calls", listed, calls_table.PAGE)
        chosen = calls_table.draw(
            rows, "drill", ("when", "state", "workflow", "step", "model", "in", "out", "latency", "cost"), 330
        )
        if chosen and chosen.job_id:
            st.page_link(
                job_links.PAGE,
                label=t("Open job {id}", id=chosen.job_id),
                icon=":material/arrow_outward:",
                query_params=job_links.query(chosen.job_id),
            )


def header(looked_at: Window) -> None:
    with shell.title(t("Analytics"), plain(looked_at.describe())):
        st.space("stretch")
        downloads.draw(looked_at.scope, looked_at.since, looked_at.until, looked_at.zone)


def narrowed(looked_at: Window) -> None:
    """What a click has narrowed the view to, each with its way back."""
    taken: list[tuple[str, str, tuple[str, ...]]] = []
    if looked_at.whole is not None:
        taken.append((t("Day"), looked_at.label(looked_at.since), ("day",)))
    for name, value in window.marked().items():
        taken.append((*_describe_mark(name, value), (name,)))
    if not taken:
        return
    with st.container(horizontal=True, gap="small", key="narrowed"):
        for title, value, names in taken:
            st.button(
                plain(f"{title}: {value}"), key=f"clear_{names[0]}", icon=":material/close:", on_click=window.clear,
                args=names, help=t("Show everything again"),
            )  # fmt: skip


def _describe_mark(name: str, value: object) -> tuple[str, str]:
    if name == "user":
        return t("Person"), str(value)
    if name == "profile":
        names = {p.id: p.name for p in live.workbench().profiles.list(include_archived=True)}
        return t("Model profile"), next((own for number, own in names.items() if number == value), f"#{value}")
    return t("Place"), _describe_place(int(str(value)))


def _describe_place(node: int) -> str:
    """A node's title, and its project's where that is another; its number when nobody knows it any more."""
    place = next(iter(live.query(live.workbench().projects.locate, node_ids=[node]).values()), None)
    return labels.place(place) if place is not None else f"#{node}"


def has_ended(looked_at: Window) -> bool:
    """Whether any job has: a plan calls no model itself."""
    return any(row.done is not None for row in looked_at.ask(live.workbench().usage.job_success))


def main() -> None:
    looked_at = window.choose()
    scope, since, until = looked_at.scope, looked_at.since, looked_at.until
    header(looked_at)
    alerts.show_holding()
    narrowed(looked_at)
    listed = live.query(
        live.workbench().usage.list_calls, since=since, until=until, limit=calls_table.PAGE + 1,
        before=older.before("calls"), **scope,
    )  # fmt: skip
    called = bool(listed or older.before("calls") is not None or window.marked())
    if not called and not has_ended(looked_at):
        with illustrations.empty(
            t("No model was called in this period. Run a story and its tokens, times and costs appear here."),
            "analytics",
        ):
            if st.button(t("Open a story"), key="analytics_to_studio", type="primary", icon=":material/movie_edit:"):
                st.switch_page("pages/studio.py")
        return
    colours = charts.palette()
    cards.draw(looked_at)
    if not called:
        st.caption(t("No model was called here: shown is how the jobs ended, and how long they waited and ran."))
        times.draw(looked_at, colours)
        if scope["model"] is None and scope["workflow"] in spending.RUN_KINDS:
            spending.draw_runs(looked_at, colours)
        return
    left, right = st.columns(2, gap="small")
    with left:
        plots.draw_tokens(looked_at, colours)
        plots.draw_group(looked_at, "workflow", t("By workflow"), colours)
    with right:
        plots.draw_latency(looked_at, colours)
        plots.draw_group(looked_at, "model", t("By model"), colours)
    times.draw(looked_at, colours)
    spending.draw_by_day(looked_at, colours)
    spending.draw_groups(looked_at, colours)
    courses.draw(looked_at, colours)
    if scope["project"] is not None:
        worth.show_finished(scope["project"], partial(looked_at.say_wider, "project"))
    waste.draw(looked_at, colours)
    worth.rank(scope, since, until)
    breakdown(looked_at)
    accuracy.table(since, until, scope, partial(looked_at.say_wider, "project", "workflow", "model"))
    drill(listed)


main()
