"""Rows of stored pictures and clips; their bytes are files."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete
from sqlalchemy.dialects import postgresql, sqlite

from workbench.db.connection import now_ms
from workbench.db.schema import media


def add(conn: Connection, **values: Any) -> None:
    """One row a hash, however often the same bytes are added."""
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    conn.execute(insert(media).values(created_at=now_ms(), **values).on_conflict_do_nothing())


def remove(conn: Connection, sha256: str) -> None:
    conn.execute(delete(media).where(media.c.sha256 == sha256))
