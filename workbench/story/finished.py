"""How much of a story is finished: scenes with all their frames, and how long these are."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.db.reads import story as reads
from workbench.db.rows.record import Record
from workbench.db.rows.usage import Spending
from workbench.json_types import JsonObject
from workbench.story import timing

#: of a scene's sheet
FRAMES = 9
_TIMED = ("keyframe_prompt", "dialogue", "sound_design", "motion_prompt", "duration")


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
    scenes = {n.id for n in reads.nodes_of(conn, project_id) if n.kind == "scene"}
    done = {
        head.node_id
        for head in reads.list_contents(conn, project_id, "keyframe_images")
        if head.node_id in scenes and sum(bool(f.get("chosen")) for f in head.content.get("frames", [])) >= FRAMES
    }
    by_scene: dict[int, dict[str, JsonObject]] = {node_id: {} for node_id in done}
    for kind in _TIMED if done else ():
        for head in reads.list_contents(conn, project_id, kind):
            if head.node_id in by_scene:
                by_scene[head.node_id][kind] = head.content
    brief = reads.find_head(conn, project_id, "brief")
    language = str((brief.content if brief is not None else {}).get("language", "en"))
    seconds = sum(_seconds(made, language) for made in by_scene.values())
    return Finished(len(done), len(scenes), round(seconds, 1), spent)


def _seconds(made: dict[str, JsonObject], language: str) -> float:
    if (duration := made.get("duration")) is not None:
        return float(duration["seconds"])
    return timing.estimate(
        dialogue=made.get("dialogue"), motion=made.get("motion_prompt"), shots=made.get("keyframe_prompt"),
        sound=made.get("sound_design"), language=language,
    ).seconds  # fmt: skip
