"""Rules that watch the house, and what they noticed."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record


@dataclass(frozen=True, slots=True)
class AlertRule(Record):
    """`threshold`: of spend_day micros of `currency`, of failure_share percent, of stuck_queue minutes, of worker_gone
    nothing. `project_id`: None for all. `time_zone`: where a day of spending begins."""

    id: int
    kind: str
    project_id: int | None
    threshold: int
    currency: str | None
    time_zone: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Alert(Record):
    """What a rule noticed. `value`: in the unit of the threshold, of worker_gone how many are gone with it; `subject`:
    the day, queue or worker; `times`: how often it came back without being told again. `ended_at`: None while it
    holds."""

    id: int
    rule_id: int
    kind: str
    project_id: int | None
    threshold: int
    currency: str | None
    subject: str
    value: int
    times: int
    raised_at: int
    held_at: int
    ended_at: int | None
    dismissed_at: int | None
