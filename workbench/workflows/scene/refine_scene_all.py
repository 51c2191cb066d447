"""refine_scene_all: one click for a whole scene – anchor, nine shots, motion, frames, dialogue, sound, duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.i18n import N_, Text
from workbench.jobs.children import BatchResult
from workbench.story.guards import has_scene_outline
from workbench.workflows import composing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: in the order of a scene's making; what each reads decides the real order
PARTS = (
    "generate_scene_anchor",
    "generate_keyframe_prompt",
    "generate_motion_prompt",
    "generate_keyframe_images",
    "generate_dialogue",
    "generate_sound_design",
    "estimate_duration",
)
IMAGES = "generate_keyframe_images"


class Params(registry.Params):
    images: bool = Field(True, title=N_("Draw the frames"), description=N_("Nine pictures a scene"))
    force: bool = Field(False, title=N_("Make again"), description=N_("Also what is fresh"))
    rewrite: bool = Field(
        False,
        title=N_("Written by hand"),
        description=N_("Also what a person wrote or edited; the model is given that version to keep to"),
    )


def parts(images: bool) -> list[str]:
    """The workflows that make a scene."""
    return [name for name in PARTS if images or name != IMAGES]


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts."""
    return [(name, node.id) for name in parts(params.images)]


@registry.workflow(
    "refine_scene_all",
    title=N_("Whole scene"),
    scope="scene",
    params=Params,
    reads=("scene_list",),
    guards=(has_scene_outline,),
    batch=True,
    starts=list_jobs,
    queue="system",
    deadline_s=24 * 3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Make everything of a scene, from its anchor to its frames, sound and duration; what is fresh is kept."""
    ctx.progress(0, Text(N_("Choosing what can start")))
    jobs = list_jobs(ctx.node, params)
    return await composing.compose(ctx, jobs, force=params.force, rewrite="all" if params.rewrite else ())
