"""What a bulk job has done with each job it acted on."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from workbench.db.rows.jobs import BulkItem
from workbench.db.schema import bulk_item
from workbench.db.writes.installation import upsert


def add_items(conn: Connection, items: Iterable[BulkItem]) -> None:
    """What is known of a job stays as it was first written."""
    rows = [item.as_json() for item in items]
    if rows:
        conn.execute(upsert(conn, bulk_item).on_conflict_do_nothing(), rows)
