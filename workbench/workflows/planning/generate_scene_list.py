"""generate_scene_list: from the brief straight to the scenes of one episode.

A parent: it plans one episode where there is none, writes the first episode's core expression where that is missing,
and then its scene list, with the workflows that do so anywhere else – so with their checks and their care for what is
there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from workbench.i18n import N_, Text
from workbench.jobs.children import BatchResult
from workbench.json_types import JsonObject
from workbench.story.freshness import plan_children
from workbench.story.guards import plannable
from workbench.workflows import composing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

PLAN, CORE, SCENES = "plan_episodes", "generate_episode_core_expression", "generate_episode_scene_list"


class Params(registry.Params):
    scene_count_hint: int = Field(
        10, ge=6, le=24, title=N_("Scenes"), description=N_("How many scenes the episode gets")
    )
    force: bool = Field(False, title=N_("Make again"), description=N_("Also what is fresh"))
    rewrite: bool = Field(
        False,
        title=N_("Written by hand"),
        description=N_("Also what a person wrote or edited; the model is given that version to keep to"),
    )


def list_jobs(node: NodeView, params: Params) -> list[tuple[str, int]]:
    """What it starts; what follows a plan of one episode is known once that is there."""
    episodes = node.children()
    return [(CORE, episodes[0].id), (SCENES, episodes[0].id)] if episodes else [(PLAN, node.id)]


def count_later(node: NodeView, params: Params) -> dict[str, int]:
    """What it starts on an episode that is not there yet."""
    return {} if node.children() else {CORE: 1, SCENES: 1}


@registry.workflow(
    "generate_scene_list",
    title=N_("Scene list of one episode"),
    scope="project",
    params=Params,
    reads=("brief", "character", "world_element"),
    guards=(plannable,),
    batch=True,
    starts=list_jobs,
    grows=count_later,
    deadline_s=3600,
)
async def run(ctx: Context, params: Params) -> BatchResult:
    """Go from the brief straight to scenes: of the first episode, or of the only one, which is planned on the way."""
    ctx.progress(0, Text(N_("Choosing what can start")))
    own: dict[str, JsonObject] = {
        PLAN: {"target_episode_count": 1},
        SCENES: {"scene_count_hint": params.scene_count_hint},
    }
    planned = [key for key in plan_children(ctx.node, ctx.job_id) if key[0] == PLAN]
    outcome = composing.Outcome()
    if planned or not ctx.node.children():
        outcome = await composing.run_jobs(ctx, [(PLAN, ctx.node.id)], force=params.force, params_of=own, expect=False)
    episodes = ctx.node.children()
    if episodes and outcome.usable:
        ctx.expect(len(planned) + 2)
        first = episodes[0].id
        rest = await composing.run_jobs(
            ctx,
            [(CORE, first), (SCENES, first)],
            force=params.force,
            rewrite="all" if params.rewrite else (),
            params_of=own,
            expect=False,
        )
        outcome = composing.join(outcome, rest)
    return composing.summarise(ctx, outcome)
