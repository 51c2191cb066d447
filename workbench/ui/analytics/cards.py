"""The numbers at the top of Analytics, each with its change against the period before and its course by day."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.usage import JobSuccess, Latency, UsageTotals
from workbench.errors import InvalidInput
from workbench.ui import budgets, charts, formats, labels, live
from workbench.ui.analytics.window import Window
from workbench.ui.jobs import board
from workbench.ui.language import current, t
from workbench.ui.markup import plain


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


def draw(window: Window) -> None:
    draws = (_draw_cost, _draw_tokens, _draw_latency, _draw_success, _draw_valid, _draw_calls)
    for card, draw_card in zip(st.columns(len(draws), gap="small"), draws, strict=True):
        with card:
            draw_card(window)


def _draw_cost(window: Window) -> None:
    usage = live.workbench().usage
    now, old = window.compare(usage.cost_totals_by)
    amount, note = board.shorten_cost(now, old)
    unpriced, sums = board.count_unpriced(now), board.sums_of(now)
    notes = [formats.sums(sums)] if formats.amounts(sums) != formats.short_amounts(sums, current()) else []
    if unpriced:
        notes.append(t("{n} calls have no known price and are not in it.", n=unpriced))
    days = budgets.by_day(window.by_day(usage.cost_totals_by, "day"))
    charts.metric(
        t("Cost"),
        amount,
        note,
        good="down",
        history=window.count_by_day(days, lambda r: r.cost_micros),
        help=plain(" · ".join(notes)) or None,
    )


def _draw_tokens(window: Window) -> None:
    totals_by = live.workbench().usage.totals_by
    [now], [old] = window.compare(totals_by)
    charts.metric(
        t("Tokens"),
        formats.number(tokens(now), current()),
        or_none_before(formats.delta_percent(tokens(now), tokens(old))),
        good="none",
        history=window.count_by_day(window.by_day(totals_by, "day"), tokens),
    )


def _draw_latency(window: Window) -> None:
    latencies = live.workbench().usage.latencies
    now, old = (p95(rows) for rows in window.compare(latencies))
    charts.metric(
        t("Latency p95"),
        labels.duration_text(now),
        or_none_before(formats.delta_duration(now, old, current())),
        good="down",
        history=window.rate_by_day(window.by_day(latencies, "day"), lambda r: r.p95),
    )


def _draw_success(window: Window) -> None:
    job_success = live.workbench().usage.job_success
    try:
        now, old = (success(rows) for rows in window.compare(job_success))
    except InvalidInput as error:
        charts.metric(t("Success"), formats.MISSING, t("not told apart"), help=plain(labels.error_text(error)))
        return
    days = live.query(
        job_success, since=window.since, until=window.until, by_day=True, time_zone=window.zone, **window.scope
    )
    charts.metric(
        t("Success"),
        formats.percent(now),
        or_none_before(formats.delta_points(now, old, current())),
        history=window.rate_by_day(days, lambda r: success([r])),
        help=t("Jobs that ended well, of all that ended; cancelled ones do not count"),
    )


def _draw_valid(window: Window) -> None:
    totals_by = live.workbench().usage.totals_by
    now, old = (valid_share(total) for [total] in window.compare(totals_by))
    charts.metric(
        t("Valid JSON"),
        formats.percent(now),
        or_none_before(formats.delta_points(now, old, current())),
        history=window.rate_by_day(window.by_day(totals_by, "day"), valid_share),
        help=t("Answers that passed their schema and checks at once"),
    )


def _draw_calls(window: Window) -> None:
    totals_by = live.workbench().usage.totals_by
    [now], [old] = window.compare(totals_by)
    charts.metric(
        t("Calls"),
        formats.count(now.calls),
        or_none_before(formats.delta_percent(now.calls, old.calls)),
        good="none",
        history=window.count_by_day(window.by_day(totals_by, "day"), lambda r: r.calls),
    )


def p95(rows: list[Latency]) -> int | None:
    return rows[0].p95 if rows else None
