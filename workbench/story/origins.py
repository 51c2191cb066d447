"""What the seeds of a frame's pictures are made of: the story's title, and where its scene stands.

A story that is called otherwise, or a scene that has moved, shows the same: its pictures are known by what their seeds
were made of when they were drawn.
"""

from __future__ import annotations

from itertools import product

from workbench.artifacts.storyboard import KeyframeImage
from workbench.db.rows.story import Input
from workbench.story.facts import NodeView

#: the title, the number of the episode and that of the scene
Origin = tuple[str, int, int]


def list_origins(node: NodeView, part: str, known: KeyframeImage | None) -> list[Origin]:
    """Of a frame of this scene (`part`: ``frame:KF3``): of now, and what those of its pictures may have been made
    of."""
    episode = node.parent
    title = str(node.at(node.id).read_brief("title").get("title"))
    now = (title, episode.position if episode else 0, node.position)
    # nothing of them is used: they say where the scene stood
    node.entry("scene_list", fields=(), only_for=part)
    if episode is not None:
        episode.entry("episode_plan", fields=(), only_for=part)
    own = [i for i in node.made_from("keyframe_images") if part in i.get("only_for", (part,))]
    briefs = [node.read_version(i["artifact_id"]) for i in own if i["kind"] == "brief"]
    titles = [str(brief["title"]) for brief in briefs if isinstance(brief, dict)]
    episodes = [_number(i) for i in own if episode is not None and i.get("of_node") == episode.id]
    scenes = [_number(i) for i in own if i.get("of_node") == node.id and i["kind"] == "scene_list"]
    told = [c.seeded_by for c in (known.candidates if known else ()) if c.seeded_by is not None]
    then = product((*titles, now[0]), (*episodes, now[1]), (*scenes, now[2]))
    return list(dict.fromkeys((now, *told, *then)))


def _number(made_from: Input) -> int:
    """Of an entry: 4 of ``scene:4``."""
    return int(str(made_from.get("part")).rpartition(":")[2])
