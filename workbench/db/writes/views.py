"""Saved views: a page's filters under a name."""

from __future__ import annotations

from sqlalchemy import Connection, delete

from workbench.db.connection import db_now_ms
from workbench.db.schema import saved_view
from workbench.db.writes.installation import upsert
from workbench.json_types import JsonObject


def save(conn: Connection, page: str, name: str, query: JsonObject, by: str) -> None:
    """Save a view; one of this name takes its place."""
    row = upsert(conn, saved_view).values(page=page, name=name, query=query, created_by=by, created_at=db_now_ms())
    values = {"query": query, "created_by": by, "created_at": db_now_ms()}
    conn.execute(row.on_conflict_do_update(index_elements=["page", "name"], set_=values))


def remove(conn: Connection, view_id: int) -> bool:
    return conn.execute(delete(saved_view).where(saved_view.c.id == view_id)).rowcount > 0
