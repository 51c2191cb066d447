"""estimate_duration: how long a scene runs, from its lines, its motion, its shots and its silences. No model is
asked.

Where the episode has a script, its page says how the scene passes into the next one, and stands in for lines and shots
that are not made yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.artifacts.scene_script import Transition
from workbench.artifacts.storyboard import Duration
from workbench.i18n import N_, Text
from workbench.story import scene_length
from workbench.story.guards import has_scene_outline
from workbench.workflows import registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context


class Params(registry.Params):
    transition: Transition = Field(
        "cut",
        title=N_("Transition"),
        description=N_("How the scene passes into the next one"),
    )


@registry.workflow(
    "estimate_duration",
    title=N_("Duration"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "scene_script", "keyframe_prompt", "motion_prompt", "dialogue", "sound_design"),
    writes="duration",
    guards=(has_scene_outline,),
    typical=registry.Typical(calls=0, input_tokens=0, output_tokens=0, seconds=1),
)
async def run(ctx: Context, params: Params) -> Duration:
    """Reckon the scene's length from what has been written for it; what is missing is named."""
    ctx.progress(30, Text(N_("Counting lines, motion and silences")))
    language = str(ctx.node.read_brief("language").get("language") or ctx.language)
    duration = scene_length.reckon(ctx.node, language, params.transition)
    ctx.progress(100, Text(N_("{seconds} s"), seconds=f"{duration.seconds:.1f}"))
    return duration
