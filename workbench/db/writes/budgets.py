"""State changes of budgets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from workbench.db.connection import db_now_ms
from workbench.db.reads.budgets import counts
from workbench.db.schema import budget


def put(conn: Connection, key: str, *, amount_micros: int | None, **values: Any) -> None:
    """Replace a budget; None takes it away."""
    if amount_micros is None:
        conn.execute(delete(budget).where(budget.c.key == key))
        return
    insert = (sqlite if conn.dialect.name == "sqlite" else postgresql).insert
    values |= {"amount_micros": amount_micros, "created_at": db_now_ms()}
    # in its place: who waits in `lock` for a row that is then deleted would not see the one put there instead
    added = insert(budget).values(key=key, **values)
    conn.execute(added.on_conflict_do_update(index_elements=[budget.c.key], set_=values))


def lock(conn: Connection, project_id: int | None) -> bool:
    """Whether this project's calls count against a budget; others that ask meanwhile wait for this transaction's
    end."""
    query = select(budget.c.key).where(counts(project_id)).order_by(budget.c.key)
    return bool(conn.execute(query.with_for_update()).all())
