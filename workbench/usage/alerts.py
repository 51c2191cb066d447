"""Rules that watch spending, failures, queues and workers; each notices a thing once, however long it holds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from workbench import periods
from workbench.db.reads import alerts as reads
from workbench.db.reads import budgets as budget_reads
from workbench.db.rows.alerts import Alert, AlertRule
from workbench.db.writes import alerts as writes
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.usage import budgets, money

Kind = Literal["spend_day", "failure_share", "stuck_queue", "worker_gone"]
KINDS: dict[Kind, str] = {
    "spend_day": N_("Spending in a day"),
    "failure_share": N_("Share of failures in an hour"),
    "stuck_queue": N_("Queue that stands still"),
    "worker_gone": N_("Worker that is gone"),
}
#: the least and the most of a rule's threshold: micros, percent, minutes
BOUNDS: dict[Kind, tuple[int, int]] = {
    "spend_day": (1, budgets.MOST_MICROS),
    "failure_share": (1, 100),
    "stuck_queue": (1, 100_000),
    "worker_gone": (0, 0),
}
_BOUNDS_IN_WORDS = {
    "spend_day": N_("A day's spending is more than 0 and at most {high}."),
    "failure_share": N_("A share is {low} to {high} percent."),
    "stuck_queue": N_("A wait is {low} to {high} minutes."),
}
HOUR_MS = 3_600_000
#: a share of fewer jobs than this says nothing
FEWEST = 5


def check(kind: Kind, threshold: int, currency: str | None, time_zone: str) -> None:
    """Raises InvalidInput naming the field."""
    low, high = BOUNDS[kind]
    if not low <= threshold <= high:
        name = _BOUNDS_IN_WORDS.get(kind, N_("This rule has no threshold."))
        shown = high // 10**6 if kind == "spend_day" else high
        text = Text(name, low=low, high=f"{shown:,}")
        raise InvalidInput(text, [Issue("threshold", text)])
    if kind == "spend_day" and currency not in money.CURRENCIES:
        text = Text(N_("A budget is in CNY or USD."))
        raise InvalidInput(text, [Issue("currency", text)])
    periods.zone_of(time_zone)


def watch(conn: Connection) -> None:
    """Look at every rule once, in a transaction of the caller's."""
    for rule in reads.list_rules(conn):
        if rule.enabled:
            _WATCHES[rule.kind](conn, rule)


def _watch_spending(conn: Connection, rule: AlertRule) -> None:
    """Each day that may have grown since the rule was looked at: today, and those on which something was still open."""
    zone = periods.zone_of(rule.time_zone)
    today = periods.day_of(budget_reads.now(conn), zone)
    before = reads.find_open_day(conn, rule.id)
    first = today if before is None else min(today, date.fromisoformat(before))
    over = {
        day.isoformat(): spent
        for day in (first + timedelta(days=n) for n in range((today - first).days + 1))
        if (spent := _spent_on(conn, rule, day, zone)) >= rule.threshold
    }
    for day, spent in over.items():
        # a day is told once, however often it crosses the line
        writes.hold(conn, rule.id, day, spent, quiet_ms=None)
    writes.end(conn, rule.id, but=[*over, *_late(conn, rule, today, zone)])
    open_at = budget_reads.find_first_open(conn, rule.project_id)
    next_first = today if open_at is None else min(today, periods.day_of(open_at, zone))
    if next_first.isoformat() != before:
        writes.set_open_day(conn, rule.id, next_first.isoformat())


def _spent_on(conn: Connection, rule: AlertRule, day: date, zone: ZoneInfo) -> int:
    yuan, currency = money.rate(conn), rule.currency or "CNY"
    since, until = periods.starts_of_days(day, day, zone)
    sums = budget_reads.sum_spending(conn, rule.project_id, since, until)
    return sum(money.convert(int(s.micros or 0), s.currency, currency, yuan) for s in sums if s.currency)


def _late(conn: Connection, rule: AlertRule, today: date, zone: ZoneInfo) -> list[str]:
    """Earlier days that were noticed today: they are shown until it is over, though nothing of them is open now."""
    held = [a for a in reads.list_holding(conn) if a.rule_id == rule.id and a.subject < today.isoformat()]
    return [a.subject for a in held if periods.day_of(a.raised_at, zone) == today]


def _watch_failures(conn: Connection, rule: AlertRule) -> None:
    failed, ended = reads.count_ends(conn, budget_reads.now(conn) - HOUR_MS, rule.project_id)
    if ended >= FEWEST and 100 * failed >= rule.threshold * ended:
        writes.hold(conn, rule.id, "", round(100 * failed / ended))
    else:
        writes.end(conn, rule.id)


def _watch_queues(conn: Connection, rule: AlertRule) -> None:
    waits = reads.longest_waits(conn, rule.project_id)
    stuck = {queue: ms // 60_000 for queue, ms in waits.items() if ms >= rule.threshold * 60_000}
    for queue, minutes in stuck.items():
        writes.hold(conn, rule.id, queue, minutes)
    writes.end(conn, rule.id, but=stuck)


def _watch_workers(conn: Connection, rule: AlertRule) -> None:
    """They are noted as they go (`note_gone`); what is left is to see that it is over."""
    quiet_since = budget_reads.now(conn) - writes.QUIET_MS
    held = [a for a in reads.list_holding(conn) if a.rule_id == rule.id]
    writes.end(conn, rule.id, but=[a.subject for a in held if a.held_at >= quiet_since])


_WATCHES = {
    "spend_day": _watch_spending,
    "failure_share": _watch_failures,
    "stuck_queue": _watch_queues,
    "worker_gone": _watch_workers,
}


def describe(alert: Alert) -> Text:
    """What is so, beside what was allowed."""
    if alert.kind == "spend_day":
        return Text(
            N_("{spent} {currency} were spent on {day}; the rule says {amount}."),
            spent=f"{alert.value / 10**6:,.2f}", currency=alert.currency, day=alert.subject,
            amount=f"{alert.threshold / 10**6:,.2f}",
        )  # fmt: skip
    if alert.kind == "failure_share":
        return Text(
            N_("{share} % of the jobs that ended within an hour failed; the rule says {most} %."),
            share=alert.value, most=alert.threshold,
        )  # fmt: skip
    if alert.kind == "stuck_queue":
        return Text(
            N_("A job of the queue {queue} has waited {minutes} min to start; the rule says {most} min."),
            queue=alert.subject, minutes=alert.value, most=alert.threshold,
        )  # fmt: skip
    return Text(
        N_("The worker {worker} is gone without saying so; {n} in all. Its jobs go on elsewhere."),
        worker=alert.subject, n=alert.value,
    )  # fmt: skip
