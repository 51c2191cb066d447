"""Questions about stored pictures and clips."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from workbench.db.schema import media


def find(conn: Connection, sha256: str) -> dict[str, Any] | None:
    row = conn.execute(select(media).where(media.c.sha256 == sha256)).mappings().one_or_none()
    return None if row is None else dict(row)
