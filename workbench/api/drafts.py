"""`wb.drafts`: what people have typed into the pages' forms and not saved yet."""

from __future__ import annotations

import builtins
from collections.abc import Collection

from workbench import drafts
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.reads import drafts as reads
from workbench.db.rows.drafts import FormDraft
from workbench.json_types import JsonObject


@check_arguments
class FormDrafts:
    """Keeps and finds drafts by person and place, such as edit/12/brief."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, person: str, place: str) -> FormDraft | None:
        """The draft of a form; without `fields` once it was saved or thrown away. None: nothing was ever typed."""
        with self._database.read() as conn:
            return reads.find(conn, person, place)

    def list(self, person: str, under: str = "") -> builtins.list[FormDraft]:
        """Everything a person has typed and not saved in the places that begin with `under`, newest first."""
        with self._database.read() as conn:
            return reads.list_drafts(conn, person, under)

    def keep(
        self,
        person: str,
        place: str,
        fields: JsonObject,
        *,
        cleared: Collection[str] = (),
        base: int | None = None,
    ) -> FormDraft | None:
        """Put fields into a draft, and take out those that were cleared; others, of another window, stay.

        `base` is the artifact version that is being edited. None: nothing is typed any more. Raises InvalidInput.
        """
        with self._database.write() as conn:
            return drafts.keep(conn, person, place, fields, cleared, base)

    def discard(self, person: str, place: str) -> None:
        """Forget what is typed in a form: it was saved or thrown away. Raises InvalidInput."""
        with self._database.write() as conn:
            drafts.discard(conn, person, place)
