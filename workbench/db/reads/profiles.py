"""Questions about AI profiles. The sealed key never leaves through `listed`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from workbench.db.schema import profile

_public = [
    *(c for c in profile.c if c.name != "key_ciphertext"),
    profile.c.key_ciphertext.isnot(None).label("has_key"),
]


def listed(conn: Connection, *, archived: bool = False) -> list[dict[str, Any]]:
    query = select(*_public).order_by(profile.c.name)
    if not archived:
        query = query.where(profile.c.archived_at.is_(None))
    return [dict(r) for r in conn.execute(query).mappings()]


def by_name(conn: Connection, name: str) -> dict[str, Any] | None:
    row = conn.execute(select(*_public).where(profile.c.name == name)).mappings().one_or_none()
    return None if row is None else dict(row)


def sealed(conn: Connection, profile_id: int) -> dict[str, Any] | None:
    """The whole row with its sealed key, for whoever is about to call the service."""
    row = conn.execute(select(profile).where(profile.c.id == profile_id)).mappings().one_or_none()
    return None if row is None else dict(row)


def all_sealed(conn: Connection) -> list[dict[str, Any]]:
    return [dict(r) for r in conn.execute(select(profile).where(profile.c.key_ciphertext.isnot(None))).mappings()]
