"""`wb.candidates`: who might join a story's cast, decided one by one."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection

from workbench.api.projects import append_element, find_node
from workbench.arguments import check_arguments
from workbench.artifacts import kinds
from workbench.artifacts.drama import Candidate
from workbench.artifacts.saving import add_version
from workbench.db.connection import Database
from workbench.db.reads import story as reads
from workbench.db.writes import story as writes
from workbench.errors import NotAllowed, NotFound
from workbench.i18n import N_, Text
from workbench.story.candidates import decision_of
from workbench.story.names import fold

KIND = "character_candidates"


@check_arguments
class Candidates:
    """Decides about what `expand_story_characters` has proposed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(self, project_id: int, name: str, user: str = "local") -> int:
        """Make a candidate a character of the library; returns the node's id.

        Raises NotFound, NotAllowed when somebody of the name is there already, InvalidInput when one of the names is
        somebody else's.
        """
        with self._database.write() as conn:
            candidate = _decide(conn, project_id, name, "accepted", user)
            content = {
                "name": candidate.name,
                "aliases": candidate.aliases,
                "description": candidate.brief,
                "appearance": candidate.appearance,
                "personality": candidate.personality,
                "background": candidate.background,
            }
            return append_element(conn, project_id, "character", content, user)

    def reject(self, project_id: int, name: str, user: str = "local") -> None:
        """Leave a candidate out; it is not proposed again. Raises NotFound, NotAllowed when it is in the library."""
        with self._database.write() as conn:
            _decide(conn, project_id, name, "rejected", user)


def _decide(
    conn: Connection, project_id: int, name: str, status: Literal["accepted", "rejected"], user: str
) -> Candidate:
    """Save the decision as a version; whoever decides at the same time waits."""
    find_node(conn, project_id)
    writes.lock_node(conn, project_id)
    head = reads.find_head(conn, project_id, KIND)
    content = head.content if head is not None else {"candidates": []}
    candidates = [Candidate.model_validate(c) for c in content["candidates"]]
    chosen = next((c for c in candidates if fold(c.name) == fold(name)), None)
    if head is None or chosen is None:
        raise NotFound(Text(N_("There is no candidate {name}."), name=name))
    library = [row.content for row in reads.list_elements(conn, project_id, "character")]
    if decision_of(chosen.name, chosen.status, library) == "accepted":
        raise NotAllowed(Text(N_("{name} is in the library already."), name=chosen.name))
    decided = chosen.model_copy(update={"status": status})
    listed = [(decided if c is chosen else c).model_dump(mode="json") for c in candidates]
    kind = kinds.find(KIND)
    made = kinds.validate(kind, {**content, "candidates": listed})
    add_version(conn, project_id, kind, made, source="manual", user=user, inputs=head.inputs)
    return chosen
