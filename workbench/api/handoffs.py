"""`wb.handoffs`: a storyboard as files for a crew."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.errors import NotFound
from workbench.handoff import book as books
from workbench.handoff.forms import FORMS, FormName, file_name
from workbench.handoff.pdf import Progress
from workbench.media import MediaStore
from workbench.story.facts import NodeView


@dataclass(frozen=True)
class HandoffFile:
    """A file as it is handed over. `name`: what it may be called."""

    name: str
    mime: str
    data: bytes


@check_arguments
class Handoffs:
    """Makes storyboards, shot lists, screenplays and subtitles of a project, an episode or a scene."""

    def __init__(self, database: Database, store: MediaStore) -> None:
        self._database = database
        self._store = store

    def make(self, node_id: int, form: FormName, progress: Progress | None = None) -> HandoffFile:
        """Make one now; a PDF of hundreds of frames takes some seconds.

        `progress`: told how many of how many scenes are on their pages. Raises NotFound, and NotAllowed while there is
        no scene.
        """
        book = books.read_book(NodeView.load(self._database, node_id))
        chosen = FORMS[form]
        data = chosen.make(book, self._read, progress or _tell_nobody)
        return HandoffFile(file_name(book, chosen), chosen.mime, data)

    def _read(self, sha: str) -> bytes | None:
        try:
            return self._store.read(sha)
        except NotFound:
            return None


def _tell_nobody(done: int, of: int) -> None:
    """For who does not ask how far it is."""
