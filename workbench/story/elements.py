"""Characters and world elements in the story: which scenes they are in, and what an edit of one has made stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from workbench.artifacts.staleness import changed_inputs
from workbench.db.reads import story as reads
from workbench.story.names import fold


@dataclass(frozen=True)
class Scene:
    """A scene of the story as its episode's scene list tells it."""

    node_id: int
    episode: int
    position: int
    beat: str
    cast: tuple[str, ...]
    told: str

    def shows(self, names: Iterable[str]) -> bool:
        """Whether somebody of these names is in its cast."""
        wanted = {fold(n) for n in names}
        return any(fold(n) in wanted for n in self.cast)

    def mentions(self, name: str) -> bool:
        """Whether its place or what happens names this."""
        return fold(name) in fold(self.told)


def scenes(conn: Connection, project_id: int) -> list[Scene]:
    """Every scene of the project's live episodes, in story order."""
    nodes = {(n.parent_id, n.position): n.id for n in reads.outline(conn, project_id) if n.kind == "scene"}
    found = []
    for row in reads.contents(conn, project_id, "scene_list"):
        for one in row.content["scenes"]:
            node_id = nodes.get((row.node_id, one["order"]))
            if node_id is not None:
                told = f"{one['location']} {one['summary']} {one['beat']}"
                found.append(Scene(node_id, row.position, one["order"], one["beat"], tuple(one["cast"]), told))
    return found


def made_stale_by(conn: Connection, project_id: int, node_id: int) -> list[tuple[int, str]]:
    """(node id, artifact kind) of what was made from an older version of this node and is stale because of that."""
    heads = reads.heads_of(conn, project_id)
    found = [
        key
        for key, head in heads.items()
        if any(i["node_id"] == node_id for i in head.inputs)
        and any(c["node_id"] == node_id for c in changed_inputs(head.inputs, heads))
    ]
    return sorted(found, key=lambda key: (key[1], key[0]))


def shown_in(found: Iterable[Scene], content: Mapping[str, Any], kind: str) -> list[Scene]:
    """The scenes of a character (by cast, under any name) or of a world element (by mention)."""
    if kind == "character":
        names = [str(content["name"]), *(str(a) for a in content.get("aliases") or [])]
        return [s for s in found if s.shows(names)]
    return [s for s in found if s.mentions(str(content["name"]))]
