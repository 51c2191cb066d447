"""What people have typed into forms and not saved yet."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.db.rows.record import Record
from workbench.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class FormDraft(Record):
    """What one person has typed into one form.

    `place`: which form, such as edit/12/brief. `fields`: a field's name in its form → what is typed in it; empty once
    the form was saved or thrown away. `base`: the artifact version that was being edited. `turn`: how often the form
    has been saved or thrown away.
    """

    person: str
    place: str
    fields: JsonObject
    base: int | None
    turn: int
    created_at: int
    changed_at: int
