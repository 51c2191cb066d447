"""The offline provider, all of it: `provider` answers calls, `writing` drafts texts out of `books`, `drawing` draws.

Workflows and pages come in through this module alone. What they ask for is imported when it is first used, so that a
worker or a command that drafts nothing loads no phrase and no picture.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.sketch.drawing import draw_clip, draw_frame, frame_size
    from workbench.sketch.drawing.portrait import coat_colour, draw_portrait
    from workbench.sketch.drawing.sheet import draw_character_sheet, draw_place_sheet, read_place, read_sheet
    from workbench.sketch.writing.anchors import write_scene_anchor
    from workbench.sketch.writing.bonds import write_emotion_arc, write_relationships
    from workbench.sketch.writing.chain import write_chain_step
    from workbench.sketch.writing.dialogue import write_dialogue
    from workbench.sketch.writing.examples import write_example
    from workbench.sketch.writing.expression import write_core_expression
    from workbench.sketch.writing.motion import write_motion
    from workbench.sketch.writing.newcomers import write_candidates
    from workbench.sketch.writing.panels import Interpreter, set_pairs, write_bible, write_group, write_plan
    from workbench.sketch.writing.planning import (
        explain_plan,
        natural_episode_count,
        rewrite_episodes,
        write_episodes,
    )
    from workbench.sketch.writing.scenes import write_scene_list
    from workbench.sketch.writing.script import write_script
    from workbench.sketch.writing.shots import write_action_plan, write_frames, write_keyframe_group
    from workbench.sketch.writing.sound import write_sound_design
    from workbench.sketch.writing.story import write_chat_answer
    from workbench.sketch.writing.summary import find_names, summarize

__all__ = [
    "Interpreter", "coat_colour", "draw_character_sheet", "draw_clip", "draw_frame", "draw_place_sheet",
    "draw_portrait", "explain_plan", "find_names", "frame_size", "natural_episode_count", "read_place", "read_sheet",
    "rewrite_episodes", "set_pairs", "summarize", "write_action_plan", "write_bible", "write_candidates",
    "write_chain_step", "write_chat_answer", "write_core_expression", "write_dialogue", "write_emotion_arc",
    "write_episodes", "write_example", "write_frames", "write_group", "write_keyframe_group", "write_motion",
    "write_plan", "write_relationships", "write_scene_anchor", "write_scene_list", "write_script",
    "write_sound_design",
]  # fmt: skip

_MODULES = {
    "drawing": ("draw_clip", "draw_frame", "frame_size"),
    "drawing.portrait": ("coat_colour", "draw_portrait"),
    "drawing.sheet": ("draw_character_sheet", "draw_place_sheet", "read_place", "read_sheet"),
    "writing.anchors": ("write_scene_anchor",),
    "writing.bonds": ("write_emotion_arc", "write_relationships"),
    "writing.chain": ("write_chain_step",),
    "writing.dialogue": ("write_dialogue",),
    "writing.examples": ("write_example",),
    "writing.expression": ("write_core_expression",),
    "writing.motion": ("write_motion",),
    "writing.panels": ("Interpreter", "set_pairs", "write_bible", "write_group", "write_plan"),
    "writing.newcomers": ("write_candidates",),
    "writing.planning": ("explain_plan", "natural_episode_count", "rewrite_episodes", "write_episodes"),
    "writing.scenes": ("write_scene_list",),
    "writing.script": ("write_script",),
    "writing.shots": ("write_action_plan", "write_frames", "write_keyframe_group"),
    "writing.sound": ("write_sound_design",),
    "writing.story": ("write_chat_answer",),
    "writing.summary": ("find_names", "summarize"),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    """The function of that name, from the module that has it (PEP 562)."""
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)
