"""How long a scene runs, reckoned from what has been written for it: the same for its own artifact and for a crew."""

from __future__ import annotations

from workbench.artifacts.scene_script import Transition
from workbench.artifacts.storyboard import Duration
from workbench.json_types import JsonObject
from workbench.story import timing
from workbench.story.facts import NodeView


def reckon(node: NodeView, language: str, transition: Transition = "cut") -> Duration:
    """The length of a scene. `transition`: how it passes into the next one; a plain cut leaves that to the script."""
    dialogue = node.artifact("dialogue", fields=("lines",))
    motion = node.artifact("motion_prompt", fields=timing.MOTION_FIELDS)
    shots = node.artifact("keyframe_prompt", fields=("shots",))
    sound = node.artifact("sound_design", fields=("cues",))
    page = _read_page(node, transition, whole=dialogue is None or shots is None)
    return timing.estimate(
        dialogue=dialogue,
        motion=motion,
        shots=shots,
        sound=sound,
        language=language,
        transition=page.get("transition", transition),
        page=page if "elements" in page else None,
    )


def _read_page(node: NodeView, transition: Transition, *, whole: bool) -> JsonObject:
    """What counts here of the scene's page in the script; `whole`: also what is done and said in it. Empty where there
    is no script."""
    fields = [*(("transition",) if transition == "cut" else ()), *(("elements",) if whole else ())]
    return (node.entry("scene_script", fields=fields) if fields else None) or {}
