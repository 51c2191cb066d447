"""State changes of AI profiles."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import profile


def add(conn: Connection, **values: Any) -> int:
    row = insert(profile).values(created_at=db_now_ms(), modes={}, **values).returning(profile.c.id)
    profile_id: int = conn.execute(row).scalar_one()
    return profile_id


def change(conn: Connection, profile_id: int, **values: Any) -> None:
    conn.execute(update(profile).where(profile.c.id == profile_id).values(**values))


def lock_sealed(conn: Connection) -> list[dict[str, Any]]:
    """Every profile with a key; nobody enters another one until this transaction has ended."""
    query = select(profile).where(profile.c.key_ciphertext.isnot(None)).order_by(profile.c.id).with_for_update()
    return [dict(r) for r in conn.execute(query).mappings()]


def set_archived(conn: Connection, profile_id: int, archived: bool) -> None:
    change(conn, profile_id, archived_at=db_now_ms() if archived else None)


def remember_mode(conn: Connection, profile_id: int, model: str, mode: str) -> None:
    """Keep the structured-output mode that works for a model."""
    row = conn.execute(select(profile.c.modes).where(profile.c.id == profile_id).with_for_update()).scalar_one()
    change(conn, profile_id, modes={**row, model: mode})
