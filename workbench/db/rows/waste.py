"""What was paid and not used."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record


@dataclass(frozen=True, slots=True)
class Waste(Record):
    """The wasted calls of one cause, workflow and currency. `unpriced`: those of them that may have cost something
    that nobody knows, and are in no sum."""

    cause: str
    workflow: str | None
    currency: str | None
    calls: int
    cost_micros: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class KeyWaste(Record):
    """The wasted calls of one project, node, workflow, model, profile or user, by cause and currency."""

    key: int | str | None
    cause: str
    currency: str | None
    calls: int
    cost_micros: int
    unpriced: int


@dataclass(frozen=True, slots=True)
class GroupWaste(Record):
    """What was wasted on one project, episode, scene, workflow, model, profile or user; `key`, `title` and `project` as
    of `GroupSpending`. `cost`: micros by currency; `causes`: those there are, the dearest first."""

    key: int | str | None
    title: str | None
    project: str | None
    calls: int
    cost: dict[str, int]
    unpriced: int
    causes: list[str]


@dataclass(frozen=True, slots=True)
class DayWaste(Record):
    """What was wasted on a day (its first moment, epoch ms) in one currency."""

    day: int
    currency: str | None
    calls: int
    cost_micros: int


@dataclass(frozen=True, slots=True)
class WastedCall(Record):
    """One call, and why it was for nothing. `unpriced`: 1 at a price nobody knows, `cost_micros` is 0 then."""

    call_id: int
    cause: str
    started_at: int
    project_id: int | None
    node_id: int | None
    workflow: str | None
    model: str
    profile_id: int | None
    created_by: str | None
    capability: str
    currency: str | None
    cost_micros: int
    unpriced: int
