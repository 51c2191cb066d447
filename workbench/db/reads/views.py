"""Saved views."""

from __future__ import annotations

from sqlalchemy import Connection, select

from workbench.db.rows.jobs import SavedView
from workbench.db.rows.record import columns, fetch
from workbench.db.schema import saved_view


def list_views(conn: Connection, page: str) -> list[SavedView]:
    """By name."""
    query = select(*columns(SavedView, saved_view)).where(saved_view.c.page == page).order_by(saved_view.c.name)
    return fetch(conn, SavedView, query)
