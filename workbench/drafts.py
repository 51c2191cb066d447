"""What people have typed into forms and not saved yet, by person and place, until it is saved or thrown away.

Several windows may type into one form: each writes the fields that it changed, and leaves the others'.
"""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import Connection

from workbench.db.reads import drafts as reads
from workbench.db.rows.drafts import FormDraft
from workbench.db.writes import drafts as writes
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.plain_text import storable, storable_json

LONGEST_PERSON, LONGEST_PLACE = 120, 200
#: of all fields of a form together, as JSON
MOST_CHARS = 2_000_000
LAST_VERSION = 2**31 - 1


def keep(
    conn: Connection, person: str, place: str, fields: JsonObject, cleared: Collection[str], base: int | None
) -> FormDraft | None:
    """Put fields into a draft and take the cleared ones out; the draft, None when nothing is in it.

    Raises InvalidInput.
    """
    _check_place(person, place)
    if base is not None and not 0 <= base <= LAST_VERSION:
        raise _wrong("base", Text(N_("There is no version {version}."), version=base))
    fields = _check_fields(fields)
    stored = writes.lock_fields(conn, person, place)
    merged = {**{name: value for name, value in stored.items() if name not in cleared}, **fields}
    if len(json.dumps(merged)) > MOST_CHARS:
        raise _wrong("fields", Text(N_("This is too long to be kept as a draft. Save it in parts.")))
    if merged != stored:
        writes.put(conn, person, place, merged, base)
    return reads.find(conn, person, place) if merged else None


def discard(conn: Connection, person: str, place: str) -> None:
    """Forget what is typed in a form: it was saved or thrown away. Raises InvalidInput."""
    _check_place(person, place)
    writes.lock_fields(conn, person, place)
    writes.close(conn, person, place)


def _check_place(person: str, place: str) -> None:
    for name, value, longest in (("person", person, LONGEST_PERSON), ("place", place, LONGEST_PLACE)):
        if not value or len(value) > longest or storable(value) != value:
            raise _wrong(name, Text(N_("1 to {n} characters are needed."), n=longest))


def _check_fields(fields: JsonObject) -> JsonObject:
    try:
        json.dumps(fields, allow_nan=False)
        cleaned: JsonObject = storable_json(fields)
    except (TypeError, ValueError, RecursionError) as error:
        raise _wrong("fields", Text(N_("A draft holds texts, numbers and lists of them."))) from error
    return cleaned


def _wrong(field: str, sentence: Text) -> InvalidInput:
    return InvalidInput(sentence, [Issue(field, sentence)])
