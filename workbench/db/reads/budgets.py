"""Questions about budgets and what was spent."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from workbench.db.connection import db_now_ms, unindexed
from workbench.db.reads import rollups
from workbench.db.reads.usage import unpriced
from workbench.db.rows.budgets import Budget, DaySpent, Spent
from workbench.db.rows.record import columns, fetch
from workbench.db.schema import budget, model_call

DAY_MS = 86_400_000
#: longer than any call or task is under way
OPEN_MS = 72 * 3_600_000


_budget = columns(Budget, budget)


def list_budgets(conn: Connection) -> list[Budget]:
    return fetch(conn, Budget, select(*_budget).order_by(budget.c.key))


def list_of_project(conn: Connection, project_id: int | None) -> list[Budget]:
    """The budgets that a call of this project counts against."""
    return fetch(conn, Budget, select(*_budget).where(counts(project_id)))


def counts(project_id: int | None) -> ColumnElement[bool]:
    """Of the budgets that a call of this project counts against."""
    return or_(budget.c.project_id.is_(None), budget.c.project_id == project_id)


def sum_spending(conn: Connection, project_id: int | None, since: int | None, until: int | None = None) -> list[Spent]:
    """By currency, what is spent: a project's calls, or of everybody's, from a moment on (epoch ms), or ever; `until`:
    to before another.

    From a moment on what came with an imported project is left out: another home has paid it.
    """
    sums = {currency: own for (_, currency), own in _sum(conn, ("currency",), project_id, since, until).items()}
    if since is not None:
        for row in conn.execute(_within(_imported_sums, project_id, since, until)):
            priced, micros = sums.get(row.currency, (0, 0))
            sums[row.currency] = [priced - int(row.priced), micros - int(row.micros or 0)]
    # a task that was given up on is not asked about for ever
    open_ = _reserved.where(model_call.c.started_at > db_now_ms() - OPEN_MS)
    if since is not None:
        open_ = open_.where(~_imported)
    under_way = {row.currency: int(row.micros) for row in conn.execute(_within(open_, project_id, since, until))}
    return [
        Spent(currency, micros if priced else None, under_way.get(currency))
        for currency, (priced, micros) in ({name: [0, 0] for name in under_way} | sums).items()
        if priced or currency in under_way
    ]


_PRICED = ("priced", "cost_micros")
_imported = model_call.c.imported_at.isnot(None)
_imported_sums = (
    select(
        model_call.c.currency,
        func.count(model_call.c.cost_micros).label("priced"),
        func.sum(model_call.c.cost_micros).label("micros"),
    )
    .where(_imported)
    .group_by(model_call.c.currency)
)
_reserved = (
    select(model_call.c.currency, func.sum(model_call.c.expected_micros).label("micros"))
    .where(model_call.c.expected_micros.isnot(None))
    .group_by(model_call.c.currency)
)


def _sum(
    conn: Connection, groups: tuple[str, ...], project_id: int | None, since: int | None, until: int | None = None,
    zone: str | None = None, names: tuple[str, ...] = _PRICED,
) -> dict[tuple[Any, ...], list[int]]:  # fmt: skip
    """(day or None, the groups …) → sums."""
    return rollups.sum_usage(conn, groups, names, rollups.stretch(since or 0, until, zone), {"project_id": project_id})


def count_unpriced(conn: Connection, project_id: int | None, since: int | None) -> int:
    """Of the same calls those that were, or may have been, charged at a price nobody knows."""
    count = sum(own[0] for own in _sum(conn, (), project_id, since, names=("unpriced",)).values())
    abandoned = model_call.c.expected_micros.isnot(None) & (model_call.c.started_at <= db_now_ms() - OPEN_MS)
    given_up = select(func.count()).where(abandoned, model_call.c.cost_micros.is_(None))
    if since is not None:
        given_up = given_up.where(~_imported)
        elsewhere = select(func.count()).where(_imported, unpriced)
        count -= int(conn.execute(_within(elsewhere, project_id, since)).scalar_one())
    return count + int(conn.execute(_within(given_up, project_id, since)).scalar_one())


def _within(query: Select[Any], project_id: int | None, since: int | None, until: int | None = None) -> Select[Any]:
    if project_id is not None:
        query = query.where(unindexed(model_call.c.project_id) == project_id)
    if until is not None:
        query = query.where(unindexed(model_call.c.started_at) < until)
    return query if since is None else query.where(unindexed(model_call.c.started_at) >= since)


def find_first_open(conn: Connection, project_id: int | None) -> int | None:
    """When the oldest call began that is under way or not settled yet, epoch ms; a task that was given up on is not
    waited for."""
    waits = (
        select(func.min(model_call.c.started_at)).where(condition)
        for condition in (model_call.c.expected_micros.isnot(None), model_call.c.outcome == "sent")
    )
    since = int(conn.execute(select(db_now_ms() - OPEN_MS)).scalar_one())
    found = [conn.execute(_within(query.where(~_imported), project_id, since)).scalar_one() for query in waits]
    return min((int(at) for at in found if at is not None), default=None)


def sum_spending_by_day(
    conn: Connection, project_id: int | None, since: int, *, imported: bool = False
) -> list[DaySpent]:
    """By day and currency, what is known to be spent from a moment on (epoch ms), oldest first; `imported`: what came
    with other homes' projects, too."""
    sums = _sum(conn, ("currency",), project_id, since, zone="UTC")
    if not imported:
        day = (model_call.c.started_at - model_call.c.started_at % DAY_MS).label("day")
        elsewhere = _imported_sums.add_columns(day).group_by(day)
        for row in conn.execute(_within(elsewhere, project_id, since)):
            priced, micros = sums.get((row.day, row.currency), (0, 0))
            sums[row.day, row.currency] = [priced - int(row.priced), micros - int(row.micros or 0)]
    by_day = sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return [DaySpent(int(day), currency, micros) for (day, currency), (priced, micros) in by_day if priced]


def now(conn: Connection) -> int:
    return int(conn.execute(select(db_now_ms())).scalar_one())
