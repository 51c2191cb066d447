"""Questions about what people have typed and not saved yet."""

from __future__ import annotations

from sqlalchemy import Connection, select

from workbench.db.rows.drafts import FormDraft
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.schema import form_draft

_columns = columns(FormDraft, form_draft)


def find(conn: Connection, person: str, place: str) -> FormDraft | None:
    """The draft of a form, also one that holds nothing any more."""
    own = (form_draft.c.person == person, form_draft.c.place == place)
    return fetch_one(conn, FormDraft, select(*_columns).where(*own))


def list_drafts(conn: Connection, person: str, under: str) -> list[FormDraft]:
    """Everything a person has typed and not saved in the places that begin so, newest first."""
    own = (form_draft.c.person == person, form_draft.c.open, form_draft.c.place.startswith(under, autoescape=True))
    return fetch(conn, FormDraft, select(*_columns).where(*own).order_by(form_draft.c.changed_at.desc()))
