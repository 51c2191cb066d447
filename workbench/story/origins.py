"""What the seeds of a frame's pictures are made of: the story's title, and where its scene stands.

A story that is called otherwise, or a scene that has moved, shows the same: its pictures are known by what their seeds
were made of when they were drawn.
"""

from __future__ import annotations

from typing import cast

from workbench.artifacts.storyboard import KeyframeImage
from workbench.story.facts import NodeView

#: the title, the number of the episode and that of the scene
Origin = tuple[str, int, int]


def list_origins(node: NodeView, part: str, known: KeyframeImage | None) -> list[Origin]:
    """Of a frame of this scene (`part`: ``frame:KF3``): of now, and what those of its pictures may have been made
    of."""
    episode = node.parent
    title = str(node.at(node.id).read_brief("title").get("title"))
    now = (title, episode.position if episode else 0, node.position)
    drawn = node.made_from("keyframe_images")
    node.note_seeds(now, part)
    then = [cast("Origin", tuple(i["seeded_by"])) for i in drawn if "seeded_by" in i and part in i.get("only_for", ())]
    told = [c.seeded_by for c in (known.candidates if known else ()) if c.seeded_by is not None]
    return list(dict.fromkeys((now, *told, *then)))
