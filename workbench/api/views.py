"""`wb.views`: what people want to see again, by name."""

from __future__ import annotations

import builtins

from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.reads import views as reads
from workbench.db.rows.jobs import SavedView
from workbench.db.writes import views
from workbench.errors import InvalidInput, Issue, NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

LONGEST_NAME = 80


@check_arguments
class Views:
    """Filters of a page (`jobs`) under a name, for everybody who works with this installation."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def list(self, page: str) -> builtins.list[SavedView]:
        """By name."""
        with self._database.read() as conn:
            return reads.list_views(conn, page)

    def save(self, page: str, name: str, query: JsonObject, *, user: str = "local") -> None:
        """`query`: the parameters of the page's address. A view of the same name is replaced. Raises InvalidInput."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            text = Text(N_("Give the view a name of 1 to {n} characters."), n=LONGEST_NAME)
            raise InvalidInput(text, [Issue("name", text)])
        with self._database.write() as conn:
            views.save(conn, page, name, query, user)

    def remove(self, view_id: int) -> None:
        """Raises NotFound."""
        with self._database.write() as conn:
            if not views.remove(conn, view_id):
                raise NotFound(Text(N_("There is no saved view {view_id}."), view_id=view_id))
