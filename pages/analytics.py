"""Analytics: tokens, latency, cost and success from the ledger of model calls, by day, model and workflow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import TypeVar

import streamlit as st

from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.usage import JobSuccess, Latency, UsageCost, UsageTotals
from workbench.json_types import JsonObject
from workbench.plain_text import cell
from workbench.ui import (
    accuracy,
    budgets,
    charts,
    downloads,
    filters,
    formats,
    illustrations,
    job_links,
    labels,
    live,
    navigation_guard,
    shell,
    waste,
    worth,
)
from workbench.ui.jobs import board, calls_table
from workbench.ui.language import current, t
from workbench.ui.settings import alerts

T = TypeVar("T")
D = TypeVar("D", UsageTotals, UsageCost, Latency, JobSuccess, budgets.DayCost)

navigation_guard.require_app_entry()
wb = live.workbench()
DAY = 86_400_000


def sidebar() -> tuple[int, JsonObject]:
    projects = {p.id: p.title for p in live.query(wb.projects.list_names, include_archived=True)}
    kinds = {w.name: t(w.title) for w in wb.workflows.list()}
    with st.sidebar:
        st.markdown(f"**{t('Scope')}**")
        days = filters.segment("days", t("Period"), {"7": t("7 d"), "30": t("30 d"), "90": t("90 d")}, "30")
        project = filters.project(projects)
        workflow = filters.select("kind", t("Workflow"), kinds, t("All workflows"))
        model = filters.select(
            "model", t("Model"), {m: m for m in live.query(live.workbench().usage.list_models)}, t("All models")
        )
    return int(days), {"project": project, "workflow": workflow or None, "model": model or None}


def window(days: int) -> tuple[int, int, int]:
    """Begin of the period before, begin and end of this one; whole UTC days."""
    end = (live.clock_ms() // DAY + 1) * DAY
    return end - 2 * days * DAY, end - days * DAY, end


def day_label(at: int) -> str:
    # The ledger groups by UTC day, so its label is the UTC day too.
    return formats.day(at, current(), UTC)


def tokens(row: UsageTotals | None) -> int | None:
    parts = [n for n in (row.input_tokens, row.output_tokens) if n is not None] if row else []
    return sum(parts) if parts else None


def valid_share(row: UsageTotals) -> float | None:
    """How many of the judged answers passed their checks at once."""
    return (row.valid or 0) / row.judged if row.judged else None


def success(rows: list[JobSuccess]) -> float | None:
    done = sum(r.done or 0 for r in rows)
    return sum(r.succeeded or 0 for r in rows) / done if done else None


def or_none_before(delta: formats.Delta | None) -> formats.Delta | str:
    return delta or t("none before")


@dataclass(frozen=True)
class Window:
    """The time that is looked at, and the one before that it is compared with; epoch ms. `scope`: filters of calls."""

    scope: JsonObject
    before: int
    since: int
    until: int

    def compare(self, method: Callable[..., T], scope: JsonObject) -> tuple[T, T]:
        """What a resource's method answers for the time looked at, and for the one before."""
        now = live.query(method, since=self.since, until=self.until, **scope)
        return now, live.query(method, since=self.before, until=self.since, **scope)

    def by_day(self, method: Callable[..., list[D]]) -> list[D]:
        return live.query(method, "day", since=self.since, until=self.until, **self.scope)

    def fill(self, rows: Sequence[D], value: Callable[[D], float | None]) -> list[float]:
        return fill_days(rows, self.since, self.until, value)


def draw_metrics(window: Window) -> None:
    draws = (draw_cost, draw_tokens, draw_latency, draw_success, draw_valid, draw_calls)
    for card, draw in zip(st.columns(len(draws), gap="small"), draws, strict=True):
        with card:
            draw(window)


def draw_cost(window: Window) -> None:
    usage = live.workbench().usage
    now, old = window.compare(usage.cost_totals_by, window.scope)
    # a card has room for one amount; sums in two currencies have no common change either
    unpriced = board.count_unpriced(now)
    sums = board.sums_of(now)
    amount, *others = formats.amounts(sums) or [formats.MISSING]
    if unpriced:
        amount = f"{amount} + ?" if any(sums.values()) else t("unknown")
    delta = formats.delta_percent(board.sum_in_one_currency(now), board.sum_in_one_currency(old))
    days = budgets.by_day(window.by_day(usage.cost_totals_by))
    charts.metric(
        t("Cost"),
        amount,
        t("and {amount}", amount=" + ".join(others)) if others else or_none_before(delta),
        good="down",
        history=window.fill(days, lambda r: r.cost_micros),
        help=t("{n} calls have no known price and are not in it.", n=unpriced) if unpriced else None,
    )


def draw_tokens(window: Window) -> None:
    totals_by = live.workbench().usage.totals_by
    [now], [old] = window.compare(totals_by, window.scope)
    charts.metric(
        t("Tokens"),
        formats.number(tokens(now), current()),
        or_none_before(formats.delta_percent(tokens(now), tokens(old))),
        good="none",
        history=window.fill(window.by_day(totals_by), tokens),
    )


def draw_latency(window: Window) -> None:
    latencies = live.workbench().usage.latencies
    now, old = (p95(rows) for rows in window.compare(latencies, window.scope))
    charts.metric(
        t("Latency p95"),
        labels.duration_text(now),
        or_none_before(formats.delta_duration(now, old, current())),
        good="down",
        history=window.fill(window.by_day(latencies), lambda r: r.p95),
    )


def draw_success(window: Window) -> None:
    job_success = live.workbench().usage.job_success
    now, old = (success(rows) for rows in window.compare(job_success, window.scope))
    days = live.query(job_success, since=window.since, until=window.until, by_day=True, **window.scope)
    charts.metric(
        t("Success"),
        formats.percent(now),
        or_none_before(formats.delta_points(now, old, current())),
        history=window.fill(days, lambda r: success([r])),
        help=t("Jobs that ended well, of all that ended; cancelled ones do not count"),
    )


def draw_valid(window: Window) -> None:
    totals_by = live.workbench().usage.totals_by
    now, old = (valid_share(total) for [total] in window.compare(totals_by, window.scope))
    charts.metric(
        t("Valid JSON"),
        formats.percent(now),
        or_none_before(formats.delta_points(now, old, current())),
        history=window.fill(window.by_day(totals_by), valid_share),
        help=t("Answers that passed their schema and checks at once"),
    )


def draw_calls(window: Window) -> None:
    totals_by = live.workbench().usage.totals_by
    [now], [old] = window.compare(totals_by, window.scope)
    charts.metric(
        t("Calls"),
        formats.count(now.calls),
        or_none_before(formats.delta_percent(now.calls, old.calls)),
        good="none",
        history=window.fill(window.by_day(totals_by), lambda r: r.calls),
    )


def fill_days(rows: Sequence[D], since: int, until: int, value: Callable[[D], float | None]) -> list[float]:
    """A value for every day; days without calls are 0."""
    by_day = {r.day: value(r) or 0 for r in rows}
    return [by_day.get(d, 0) for d in all_days(since, until)]


def p95(rows: list[Latency]) -> int | None:
    return rows[0].p95 if rows else None


def all_days(since: int, until: int) -> list[int]:
    return list(range(since, until, DAY))


def tokens_chart(scope: JsonObject, since: int, until: int, colours: charts.Palette) -> None:
    rows = {r.day: r for r in live.query(live.workbench().usage.totals_by, "day", since=since, until=until, **scope)}
    names = {"input": t("Input"), "cached": t("Cached"), "output": t("Output"), "reasoning": t("Reasoning")}
    series: dict[str, list[float]] = {n: [] for n in names.values()}
    for at in all_days(since, until):
        row = rows.get(at)
        cached, reasoning = (row.cached_tokens or 0, row.reasoning_tokens or 0) if row else (0, 0)
        # Cached is a part of input and reasoning a part of output: stacked, each token is counted once.
        series[names["input"]].append(((row.input_tokens or 0) if row else 0) - cached)
        series[names["cached"]].append(cached)
        series[names["output"]].append(((row.output_tokens or 0) if row else 0) - reasoning)
        series[names["reasoning"]].append(reasoning)
    shown = {n: v for n, v in series.items() if any(v)} or {names["input"]: series[names["input"]]}
    with charts.card(t("Tokens by type"), t("per day"), "tokens_card"):
        charts.show(
            charts.stack([day_label(d) for d in all_days(since, until)], shown, colours),
            "tokens_chart",
            t("Tokens by type"),
        )


def latency_chart(scope: JsonObject, since: int, until: int, colours: charts.Palette) -> None:
    rows = {r.day: r for r in live.query(live.workbench().usage.latencies, "day", since=since, until=until, **scope)}
    names = {"p99": "p99", "p95": "p95", "p50": "p50", "ttft_p50": t("First token")}
    series = {n: [_seconds(getattr(rows.get(d), k, None)) for d in all_days(since, until)] for k, n in names.items()}
    with charts.card(t("Latency of text calls"), t("seconds"), "latency_card"):
        charts.show(
            charts.lines([day_label(d) for d in all_days(since, until)], series, colours, t(" s")),
            "latency_chart",
            t("Latency of text calls"),
        )


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else round(ms / 1000, 3)


def group_chart(group: str, title: str, scope: JsonObject, since: int, until: int, colours: charts.Palette) -> None:
    """Tokens by model or workflow; those of answers that were of no use are hatched."""
    rows = sorted(
        live.query(live.workbench().usage.totals_by, group, since=since, until=until, **scope),
        key=lambda r: -(tokens(r) or 0),
    )[:8]
    titles = [
        labels.workflow_title(getattr(r, group))
        if group == "workflow" and getattr(r, group)
        else str(getattr(r, group) or "—")
        for r in rows
    ]
    lost = [float(r.wasted_tokens or 0) for r in rows]
    useful = [(tokens(r) or 0) - wasted for r, wasted in zip(rows, lost, strict=True)]
    series = {
        t("Used"): (useful, colours.primary, ""),
        t("In answers that were not valid"): (lost, colours.orange, charts.HATCH),
    }
    ends = [formats.number(tokens(r), current()) for r in rows]
    with charts.card(title, t("tokens, hatched = not valid"), f"{group}_card"):
        charts.show(charts.bars(titles, series, ends, colours, 250), f"{group}_chart", title)


def breakdown(scope: JsonObject, since: int, until: int) -> None:
    """The same numbers as a table: by model and workflow."""
    rows = live.query(live.workbench().usage.totals_by, "model", "workflow", since=since, until=until, **scope)
    times = {
        (r.model, r.workflow): r
        for r in live.query(live.workbench().usage.latencies, "model", "workflow", since=since, until=until, **scope)
    }
    costs: dict[tuple[str | None, str | None], list[UsageCost]] = {}
    for cost in live.query(
        live.workbench().usage.cost_totals_by, "model", "workflow", since=since, until=until, **scope
    ):
        costs.setdefault((cost.model, cost.workflow), []).append(cost)
    table = [
        {
            t("Model"): cell(r.model),
            t("Workflow"): labels.workflow_title(r.workflow) if r.workflow else "—",
            t("Calls"): r.calls,
            t("Errors"): r.errors,
            t("Valid JSON"): formats.percent(valid_share(r)),
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


def drill(rows: list[CallSummary]) -> None:
    """The calls behind the numbers; the chosen one links to its job."""
    with charts.card(t("Calls behind these numbers"), t("newest {n}", n=len(rows)), "calls_card"):
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


def header(scope: JsonObject, since: int, until: int) -> None:
    span = t("{first} – {last}, against the period before", first=day_label(since), last=day_label(until - DAY))
    with shell.title(t("Analytics"), span):
        st.space("stretch")
        downloads.draw(scope, since, until)


def main() -> None:
    days, scope = sidebar()
    before, since, until = window(days)
    header(scope, since, until)
    alerts.show_holding()
    newest = live.query(live.workbench().usage.list_calls, since=since, until=until, limit=200, **scope)
    if not newest:
        with illustrations.empty(
            t("No model was called in this period. Run a story and its tokens, times and costs appear here."),
            "analytics",
        ):
            if st.button(t("Open a story"), key="analytics_to_studio", type="primary", icon=":material/movie_edit:"):
                st.switch_page("pages/studio.py")
        return
    colours = charts.palette()
    draw_metrics(Window(scope, before, since, until))
    left, right = st.columns(2, gap="small")
    with left:
        tokens_chart(scope, since, until, colours)
        group_chart("workflow", t("By workflow"), scope, since, until, colours)
    with right:
        latency_chart(scope, since, until, colours)
        group_chart("model", t("By model"), scope, since, until, colours)
    budgets.lines(scope["project"], colours)
    if scope["project"] is not None:
        worth.show_finished(scope["project"])
    waste.draw(scope, since, until)
    worth.rank(scope, since, until)
    breakdown(scope, since, until)
    accuracy.table(since, until, scope)
    drill(newest)


main()
