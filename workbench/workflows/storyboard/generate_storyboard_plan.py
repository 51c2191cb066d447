"""generate_storyboard_plan: a scene as nine groups of nine shots, each with its goal and how it begins and ends."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from workbench import sketch
from workbench.artifacts.panels import CameraMode, PlanAnswer, StoryboardBible, StoryboardPlan
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import panel_checks
from workbench.story.guards import has_scene_outline, has_storyboard_bible
from workbench.workflows import registry, staging

if TYPE_CHECKING:
    from workbench.jobs.context import Context


class Params(registry.Params):
    camera_mode: CameraMode = Field(
        "B", title=N_("Camera mode"),
        description=N_("A: the camera in brackets before each sentence; B: in fields of its own"),
    )  # fmt: skip


def draft(facts: JsonObject, params: Params, rng: Random) -> PlanAnswer:
    """Spread the bible's beats over nine groups."""
    return sketch.write_plan(facts, rng)


@registry.workflow(
    "generate_storyboard_plan",
    title=N_("Storyboard plan"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "core_expression", "scene_anchor", "character", "world_element", "storyboard_bible"),
    writes="storyboard_plan",
    guards=(has_scene_outline, has_storyboard_bible),
    draft=draft,
    by_hand=True,
    typical=registry.Typical(calls=1, input_tokens=3_000, output_tokens=5_000, seconds=45),
)
async def run(ctx: Context, params: Params) -> StoryboardPlan:
    """Plan nine groups of nine shots that follow from one another; groups whose entry stays the same stay fresh."""
    ctx.progress(5, Text(N_("Reading the storyboard bible")))
    facts = staging.facts(ctx)
    cast = staging.cast_of(ctx.node)
    content = ctx.node.artifact("storyboard_bible")
    bible = StoryboardBible.model_validate(content)
    plan = await ctx.generate(
        "plan",
        ctx.prompt(**facts, bible=bible.model_dump(mode="json")),
        schema=PlanAnswer,
        checks=[lambda answer: panel_checks.plan_issues(answer, bible, cast)],
    )
    ctx.progress(100, Text(N_("Nine groups planned")))
    named = [
        group.model_copy(
            update={edge: panel_checks.use_own_names(getattr(group, edge), cast) for edge in ("start", "end")}
        )
        for group in plan.groups
    ]
    return StoryboardPlan(groups=named, camera_mode=params.camera_mode)
