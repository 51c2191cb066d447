"""What must be there before something is done to it."""

from __future__ import annotations

from sqlalchemy import Connection

from workbench.db.reads import story as reads
from workbench.errors import NotFound
from workbench.i18n import N_, Text


def check_project(conn: Connection, project_id: int) -> None:
    """Raises NotFound: also of a number that is an episode's or a scene's."""
    node = reads.find_node(conn, project_id)
    if node is None or node.kind != "project":
        raise NotFound(Text(N_("There is no project {project}."), project=project_id))
