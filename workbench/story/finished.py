"""How much of a story is finished: scenes with all their frames, and how long these are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.numbering import find_laid_out, number_of
from workbench.artifacts.versions import part_of
from workbench.db.reads import story as reads
from workbench.db.rows.record import Record
from workbench.db.rows.story import Node
from workbench.db.rows.usage import Spending
from workbench.json_types import JsonObject
from workbench.story import scene_length

#: of a scene's sheet
FRAMES = 9


@dataclass(frozen=True, slots=True)
class Finished(Record):
    """`scenes`: with all frames, of `known` that are listed so far; `seconds`: how long the finished ones are, as
    episodes' lengths are reckoned; `spent`: on the whole project by now."""

    scenes: int
    known: int
    seconds: float
    spent: Spending

    @property
    def per_scene(self) -> dict[str, int]:
        """Micros by currency; empty while no scene is finished."""
        return {c: round(m / self.scenes) for c, m in self.spent.cost.items()} if self.scenes else {}

    @property
    def per_minute(self) -> dict[str, int]:
        return {c: round(60 * m / self.seconds) for c, m in self.spent.cost.items()} if self.seconds else {}

    @property
    def rest(self) -> dict[str, int]:
        """What the scenes that are not finished will cost if each takes what the finished ones took."""
        return {c: m * (self.known - self.scenes) for c, m in self.per_scene.items()}


def measure(conn: Connection, project_id: int, spent: Spending) -> Finished:
    scenes = {n.id: n for n in reads.nodes_of(conn, project_id) if n.kind == "scene"}
    done = {
        head.node_id
        for head in reads.list_contents(conn, project_id, "keyframe_images")
        if head.node_id in scenes and sum(bool(f.get("chosen")) for f in head.content.get("frames", [])) >= FRAMES
    }
    by_scene: dict[int, dict[str, JsonObject]] = {node_id: {} for node_id in done}
    for kind in ("duration", *scene_length.COUNTED) if done else ():
        for head in reads.list_contents(conn, project_id, kind):
            if head.node_id in by_scene:
                by_scene[head.node_id][kind] = head.content
    brief = reads.find_head(conn, project_id, "brief")
    language = str((brief.content if brief is not None else {}).get("language", "en"))
    pages = _find_pages(conn, [scenes[i] for i, made in by_scene.items() if "duration" not in made])
    seconds = sum(
        float(made["duration"]["seconds"])
        if "duration" in made
        else scene_length.reckon_from(made, pages.get(node_id, {}), language).seconds
        for node_id, made in by_scene.items()
    )
    return Finished(len(done), len(scenes), round(seconds, 1), spent)


def _find_pages(conn: Connection, scenes: Sequence[Node]) -> dict[int, JsonObject]:
    """Scene → its page in the script, of those that have one."""
    episodes = sorted({scene.parent_id for scene in scenes if scene.parent_id is not None})
    kind = kinds.find("scene_script")
    scripts = {head.node_id: head for head in reads.heads_with_content(conn, episodes, [kind.name]).values()}
    laid_out = find_laid_out(conn, scripts.values())
    pages = {}
    for scene in scenes:
        script = scripts.get(scene.parent_id or 0)
        if script is not None:
            number = number_of(scene.id, scene.position, laid_out[script.id])
            page = part_of(kind, script.content, f"scene:{number}")
            if page is not None:
                pages[scene.id] = page
    return pages
