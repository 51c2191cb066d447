"""run_episode_creation_scene_task: one scene of an episode that is made as a whole; a part of that job alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.i18n import N_, Text
from workbench.jobs.children import BatchResult
from workbench.story.guards import has_scene_anchor, has_scene_outline
from workbench.workflows import composing, registry
from workbench.workflows.scene import refine_scene_all

if TYPE_CHECKING:
    from workbench.jobs.context import Context


@registry.workflow(
    "run_episode_creation_scene_task",
    title=N_("Scene of a whole episode"),
    scope="scene",
    params=refine_scene_all.Params,
    reads=("scene_list",),
    guards=(has_scene_outline, has_scene_anchor),
    batch=True,
    child_only=True,
    starts=refine_scene_all.list_jobs,
    queue="system",
    deadline_s=24 * 3600,
)
async def run(ctx: Context, params: refine_scene_all.Params) -> BatchResult:
    """Make what is left of a scene once the sets and shots of all scenes are there."""
    ctx.progress(0, Text(N_("Choosing what can start")))
    jobs = refine_scene_all.list_jobs(ctx.node, params)
    # its anchor and its shots were made with those of the other scenes, a moment ago
    left = [key for key in jobs if key[0] not in ("generate_scene_anchor", "generate_keyframe_prompt")]
    return await composing.compose(ctx, left, force=params.force, rewrite="all" if params.rewrite else ())
