"""Characters and world elements in the story: which scenes they are in, and what an edit of one has made stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.artifacts.staleness import find_changed_inputs
from workbench.db.reads import story as reads
from workbench.json_types import Json
from workbench.story.freshness import load_changed
from workbench.story.names import fold, names_of


@dataclass(frozen=True)
class Scene:
    """A scene of the story as its episode's scene list tells it."""

    node_id: int
    episode: int
    position: int
    beat: str
    cast: tuple[str, ...]
    #: its place and what happens
    text: str

    def shows(self, names: Iterable[str]) -> bool:
        """Whether somebody of these names is in its cast."""
        wanted = {fold(n) for n in names}
        return any(fold(n) in wanted for n in self.cast)

    def mentions(self, name: str) -> bool:
        """Whether its place or what happens names this."""
        return fold(name) in fold(self.text)


def list_scenes(conn: Connection, project_id: int) -> list[Scene]:
    """Every scene of the project's live episodes, in story order."""
    nodes = {(n.parent_id, n.position): n.id for n in reads.outline(conn, project_id) if n.kind == "scene"}
    listed = []
    for row in reads.list_contents(conn, project_id, "scene_list"):
        for scene in row.content["scenes"]:
            node_id = nodes.get((row.node_id, scene["order"]))
            if node_id is not None:
                text = f"{scene['location']} {scene['summary']} {scene['beat']}"
                listed.append(Scene(node_id, row.position, scene["order"], scene["beat"], tuple(scene["cast"]), text))
    return listed


def find_stale_dependents(conn: Connection, project_id: int, node_id: int) -> list[tuple[int, str]]:
    """(node id, artifact kind) of what was made from an older version of this node and is stale because of that."""
    heads = reads.heads_of(conn, project_id)
    sources = load_changed(conn, heads.values(), heads)
    stale = [
        key
        for key, head in heads.items()
        if find_changed_inputs((made_from for made_from in head.inputs if made_from["node_id"] == node_id), sources)
    ]
    return sorted(stale, key=lambda key: (key[1], key[0]))


def select_scenes(scenes: Iterable[Scene], content: Mapping[str, Json], kind: str) -> list[Scene]:
    """The scenes of a character (by cast, under any name) or of a world element (by mention)."""
    if kind == "character":
        return [s for s in scenes if s.shows(names_of(content))]
    return [s for s in scenes if s.mentions(str(content["name"]))]
