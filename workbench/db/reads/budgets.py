"""Questions about budgets and what was spent."""

from __future__ import annotations

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
    """By currency, what is spent: a project's calls, or of everybody's, from a moment on (epoch ms) or ever."""
    # a task that was given up on is not asked about for ever
    open_ = model_call.c.expected_micros.isnot(None) & (model_call.c.started_at > db_now_ms() - OPEN_MS)
    query = select(
        model_call.c.currency,
        func.sum(model_call.c.cost_micros).label("micros"),
        func.sum(case((open_, model_call.c.expected_micros))).label("under_way"),
    ).group_by(model_call.c.currency)
    return fetch(conn, Spent, _within(query, project_id, since))


def count_unpriced(conn: Connection, project_id: int | None, since: int | None) -> int:
    """Of the same calls those that were, or may have been, charged at a price nobody knows. Slower: it looks into rows
    that the sums find in an index."""
    abandoned = model_call.c.expected_micros.isnot(None) & (model_call.c.started_at <= db_now_ms() - OPEN_MS)
    query = select(func.count()).where(unpriced | (abandoned & model_call.c.cost_micros.is_(None)))
    return int(conn.execute(_within(query, project_id, since)).scalar_one())


def _within(query: Select[Any], project_id: int | None, since: int | None) -> Select[Any]:
    if project_id is not None:
        query = query.where(model_call.c.project_id == project_id)
    return query if since is None else query.where(model_call.c.started_at >= since)


def sum_spending_by_day(conn: Connection, project_id: int | None, since: int) -> list[DaySpent]:
    """By day and currency, what is known to be spent from a moment on (epoch ms), oldest first."""
    day = (model_call.c.started_at - model_call.c.started_at % DAY_MS).label("day")
    query = (
        select(day, model_call.c.currency, func.sum(model_call.c.cost_micros).label("micros"))
        .where(model_call.c.started_at >= since, model_call.c.cost_micros.isnot(None))
        .group_by(day, model_call.c.currency)
        .order_by(day)
    )
    if project_id is not None:
        query = query.where(model_call.c.project_id == project_id)
    return fetch(conn, DaySpent, query)


def now(conn: Connection) -> int:
    return int(conn.execute(select(db_now_ms())).scalar_one())
