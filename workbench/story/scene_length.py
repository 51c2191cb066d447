"""How long a scene runs, reckoned from what has been written for it: the same for its own artifact and for a crew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.artifacts.scene_script import Transition
from workbench.artifacts.storyboard import Duration
from workbench.json_types import JsonObject
from workbench.story import timing
from workbench.story.facts import NodeView

#: what a scene's length is reckoned from, kind → the fields that count
COUNTED: Mapping[str, Sequence[str]] = {
    "dialogue": ("lines",),
    "motion_prompt": timing.MOTION_FIELDS,
    "keyframe_prompt": ("shots",),
    "sound_design": ("cues",),
}


def reckon(node: NodeView, language: str, transition: Transition = "cut") -> Duration:
    """The length of a scene. `transition`: how it passes into the next one; a plain cut leaves that to the script."""
    made = {kind: node.artifact(kind, fields=fields) for kind, fields in COUNTED.items()}
    page = _read_page(node, transition, whole=made["dialogue"] is None or made["keyframe_prompt"] is None)
    return reckon_from(made, page, language, transition)


def reckon_from(
    made: Mapping[str, JsonObject | None], page: JsonObject, language: str, transition: Transition = "cut"
) -> Duration:
    """The same from what was made for a scene, by kind, and from its page in the script; empty: it has none."""
    return timing.estimate(
        dialogue=made.get("dialogue"),
        motion=made.get("motion_prompt"),
        shots=made.get("keyframe_prompt"),
        sound=made.get("sound_design"),
        language=language,
        transition=page.get("transition", transition),
        page=page if "elements" in page else None,
    )


def _read_page(node: NodeView, transition: Transition, *, whole: bool) -> JsonObject:
    """What counts here of the scene's page in the script; `whole`: also what is done and said in it. Empty where there
    is no script."""
    fields = [*(("transition",) if transition == "cut" else ()), *(("elements",) if whole else ())]
    return (node.entry("scene_script", fields=fields) if fields else None) or {}
