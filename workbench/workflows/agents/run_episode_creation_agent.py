"""run_episode_creation_agent: one episode from its outline to frames, sound and length.

A parent in four steps: what the episode is, its scenes and their script; the sets and shots of all scenes, which look
at each other; then a task for each scene, all at once; each step begins when the one before it has ended, so that the
same story comes out however the jobs of a step fall. What is there and fresh stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.i18n import N_, Text
from workbench.jobs.children import BatchResult, Child
from workbench.json_types import JsonObject
from workbench.story.guards import has_episode_outline, plannable
from workbench.workflows import composing, registry
from workbench.workflows.scene import refine_scene_all

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

WRITING = ("generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script")
#: what a scene makes of its neighbours' is made of all scenes before any scene goes on
STAGING = ("generate_scene_anchor", "generate_keyframe_prompt")
TASK = "run_episode_creation_scene_task"
#: an episode without a scene list gets about so many
SCENES = 12


class Params(refine_scene_all.Params):
    scene_count_hint: int = Field(
        SCENES, ge=6, le=24, title=N_("Scenes"), description=N_("How many scenes an episode without a list gets")
    )


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts."""
    parts = refine_scene_all.parts(params.images)
    return [*((name, node.id) for name in WRITING), *((name, s.id) for s in node.children() for name in parts)]


def count_later(node: NodeView, params: Params) -> dict[str, int]:
    """What it starts on scenes that are not there yet."""
    if node.artifact("scene_list") is not None:
        return {}
    return dict.fromkeys(refine_scene_all.parts(params.images), params.scene_count_hint)


@registry.workflow(
    "run_episode_creation_agent",
    title=N_("Whole episode"),
    scope="episode",
    params=Params,
    reads=("brief", "episode_plan"),
    guards=(plannable, has_episode_outline),
    batch=True,
    conducts=True,
    starts=list_jobs,
    grows=count_later,
    queue="system",
    deadline_s=24 * 3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Make an episode: core expression, scenes, script, then every scene with its shots, frames, sound and length."""
    ctx.progress(0, Text(N_("Choosing what can start")))
    again: composing.Rewrite = "all" if params.rewrite else ()
    own: dict[str, JsonObject] = {"generate_episode_scene_list": {"scene_count_hint": params.scene_count_hint}}
    writing = [(name, ctx.node.id) for name in WRITING]
    outcome = await composing.run_jobs(ctx, writing, force=params.force, rewrite=again, params_of=own, expect=False)
    scenes = [scene.id for scene in ctx.node.children()]
    if not outcome.usable or not scenes:
        return composing.summarise(ctx, outcome)
    ctx.expect(len(WRITING) + (len(STAGING) + 1) * len(scenes))
    staging = [(name, scene) for scene in scenes for name in STAGING]
    staged = await composing.run_jobs(ctx, staging, force=params.force, rewrite=again, expect=False)
    outcome = composing.join(outcome, staged)
    going = [scene for scene in scenes if not any(outcome.stops((name, scene)) for name in STAGING)]
    given = {"images": params.images, "force": params.force, "rewrite": params.rewrite}
    tasks = [Child(TASK, scene, given) for scene in going]
    ended = zip(going, await ctx.children(tasks, name="scene"), strict=True)
    outcome.done |= {(TASK, scene): result for scene, result in ended}
    return composing.summarise(ctx, outcome)
