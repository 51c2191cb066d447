"""Rows of stored pictures and clips; their bytes are files."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from workbench.db.connection import db_now_ms
from workbench.db.schema import media


def add(conn: Connection, **values: Any) -> None:
    """One row a hash, however often the same bytes are added; young again with each adding.

    The row stays locked until the caller commits, so that no sweep takes it away between this and what refers to it.
    """
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    added = insert(media).values(created_at=db_now_ms(), **values)
    conn.execute(added.on_conflict_do_update(index_elements=[media.c.sha256], set_={"created_at": db_now_ms()}))


def lock_older_than(conn: Connection, hashes: Collection[str], before_ms: int) -> set[str]:
    """Those of the hashes whose rows are that old, locked; not those that somebody is adding again."""
    # waiting for a job's lock while it waits for one of these would cost the job its commit
    query = select(media.c.sha256).where(media.c.sha256.in_(hashes), media.c.created_at < before_ms)
    return set(conn.execute(query.with_for_update(skip_locked=True)).scalars())


def remove(conn: Connection, hashes: Collection[str]) -> None:
    conn.execute(delete(media).where(media.c.sha256.in_(hashes)))
