"""State changes of what people have typed and not saved yet."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import form_draft
from workbench.db.writes.installation import upsert
from workbench.json_types import JsonObject


def lock_fields(conn: Connection, person: str, place: str) -> JsonObject:
    """What is typed in a form; nobody else changes it until this transaction has ended."""
    now = db_now_ms()
    row = upsert(conn, form_draft).values(
        person=person, place=place, fields={}, open=False, turn=0, created_at=now, changed_at=now
    )
    conn.execute(row.on_conflict_do_nothing())
    own = (form_draft.c.person == person, form_draft.c.place == place)
    fields: JsonObject = conn.execute(select(form_draft.c.fields).where(*own).with_for_update()).scalar_one()
    return fields


def put(conn: Connection, person: str, place: str, fields: JsonObject, base: int | None) -> None:
    own = (form_draft.c.person == person, form_draft.c.place == place)
    values = {"fields": fields, "base": base, "open": bool(fields), "changed_at": db_now_ms()}
    conn.execute(update(form_draft).where(*own).values(**values))


def close(conn: Connection, person: str, place: str) -> None:
    """Forget what is typed. The row stays and counts, so that what comes too late is known to be old."""
    own = (form_draft.c.person == person, form_draft.c.place == place)
    empty = update(form_draft).where(*own).values(fields={}, base=None, open=False)
    conn.execute(empty.values(turn=form_draft.c.turn + 1, changed_at=db_now_ms()))
