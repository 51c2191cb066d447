"""Nodes of a story put into a state that people reach by saving plans."""

from __future__ import annotations

from workbench.api.client import Workbench
from workbench.db.writes import story as writes


def set_archived(wb: Workbench, node_id: int, archived: bool) -> None:
    """As a plan does with episodes and scenes."""
    with wb.database.write() as conn:
        writes.set_archived(conn, node_id, archived)
