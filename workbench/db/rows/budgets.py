"""Budgets and what was spent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from workbench.db.rows.record import Record


@dataclass(frozen=True, slots=True)
class Budget(Record):
    """What may be spent in a period. `key`: month, project:ID:month or project:ID:all."""

    key: str
    project_id: int | None
    period: Literal["month", "all"]
    amount_micros: int
    currency: str
    created_by: str | None
    created_at: int


@dataclass(frozen=True, slots=True)
class Spent(Record):
    """What calls of one currency cost; None: nothing is known."""

    currency: str | None
    micros: int | None
    under_way: int | None


@dataclass(frozen=True, slots=True)
class DaySpent(Record):
    """What was spent in a currency on one day (its first moment, UTC)."""

    day: int
    currency: str | None
    micros: int
