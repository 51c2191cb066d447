"""State changes of the prompts that people have written anew."""

from __future__ import annotations

from sqlalchemy import Connection

from workbench.db.connection import db_now_ms
from workbench.db.schema import prompt_override
from workbench.db.writes.installation import upsert


def add_override(
    conn: Connection,
    name: str,
    language: str,
    project_id: int | None,
    version: int,
    *,
    system_text: str | None,
    user_text: str | None,
    fingerprint: str | None,
    user: str,
) -> int | None:
    """Append a version and return its id; None when somebody else has just added one of this number."""
    row = upsert(conn, prompt_override).values(
        name=name,
        language=language,
        project_id=project_id,
        version=version,
        system_text=system_text,
        user_text=user_text,
        fingerprint=fingerprint,
        created_by=user,
        created_at=db_now_ms(),
    )
    added: int | None = conn.execute(row.on_conflict_do_nothing().returning(prompt_override.c.id)).scalar_one_or_none()
    return added
