"""Questions about budgets and what was spent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select

from workbench.db.connection import db_now_ms
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


def sum_spending(conn: Connection, project_id: int | None, since: int | None) -> list[Spent]:
    """By currency, what is spent: a project's calls, or of everybody's, from a moment on (epoch ms) or ever.

    From a moment on what came with an imported project is left out: another home has paid it.
    """
    # a task that was given up on is not asked about for ever
    open_ = model_call.c.expected_micros.isnot(None) & (model_call.c.started_at > db_now_ms() - OPEN_MS)
    query = select(
        model_call.c.currency,
        func.sum(model_call.c.cost_micros).label("micros"),
        func.sum(case((open_, model_call.c.expected_micros))).label("under_way"),
    ).group_by(model_call.c.currency)
    query = _within(query, project_id, since)
    spent = fetch(conn, Spent, query)
    if since is None:
        return spent
    elsewhere = {row.currency: row for row in fetch(conn, Spent, query.where(_imported))}
    return [
        replace(row, micros=_less(row.micros, other.micros), under_way=_less(row.under_way, other.under_way))
        if (other := elsewhere.get(row.currency))
        else row
        for row in spent
    ]


#: told by an index of these alone: the sums themselves are read from one that has no room for it
_imported = model_call.c.imported_at.isnot(None)


def _less(whole: int | None, some: int | None) -> int | None:
    return whole if whole is None else int(whole) - int(some or 0)


def count_unpriced(conn: Connection, project_id: int | None, since: int | None) -> int:
    """Of the same calls those that were, or may have been, charged at a price nobody knows. Slower: it looks into rows
    that the sums find in an index."""
    abandoned = model_call.c.expected_micros.isnot(None) & (model_call.c.started_at <= db_now_ms() - OPEN_MS)
    query = select(func.count()).where(unpriced | (abandoned & model_call.c.cost_micros.is_(None)))
    if since is not None:
        query = query.where(~_imported)
    return int(conn.execute(_within(query, project_id, since)).scalar_one())


def _within(query: Select[Any], project_id: int | None, since: int | None) -> Select[Any]:
    if project_id is not None:
        query = query.where(model_call.c.project_id == project_id)
    return query if since is None else query.where(model_call.c.started_at >= since)


def sum_spending_by_day(
    conn: Connection, project_id: int | None, since: int, *, imported: bool = False
) -> list[DaySpent]:
    """By day and currency, what is known to be spent from a moment on (epoch ms), oldest first; `imported`: what came
    with other homes' projects, too."""
    day = (model_call.c.started_at - model_call.c.started_at % DAY_MS).label("day")
    query = (
        select(day, model_call.c.currency, func.sum(model_call.c.cost_micros).label("micros"))
        .where(model_call.c.started_at >= since, model_call.c.cost_micros.isnot(None))
        .group_by(day, model_call.c.currency)
        .order_by(day)
    )
    if project_id is not None:
        query = query.where(model_call.c.project_id == project_id)
    rows = fetch(conn, DaySpent, query)
    if imported:
        return rows
    elsewhere = {(row.day, row.currency): int(row.micros) for row in fetch(conn, DaySpent, query.where(_imported))}
    return [replace(row, micros=int(row.micros) - elsewhere.get((row.day, row.currency), 0)) for row in rows]


def now(conn: Connection) -> int:
    return int(conn.execute(select(db_now_ms())).scalar_one())
