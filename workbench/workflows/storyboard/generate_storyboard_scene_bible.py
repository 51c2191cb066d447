"""generate_storyboard_scene_bible: what holds for all 81 panels of a scene – premise, people, set, things, beats."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from workbench import sketch
from workbench.artifacts.panels import StoryboardBible
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import panel_checks
from workbench.story.guards import has_scene_outline
from workbench.workflows import registry, staging

if TYPE_CHECKING:
    from workbench.jobs.context import Context


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> StoryboardBible:
    """The scene's own summary, cast, set and things."""
    return sketch.write_bible(facts)


@registry.workflow(
    "generate_storyboard_scene_bible",
    title=N_("Storyboard bible"),
    scope="scene",
    reads=("brief", "scene_list", "core_expression", "scene_anchor", "character", "world_element"),
    writes="storyboard_bible",
    guards=(has_scene_outline,),
    draft=draft,
    by_hand=True,
    typical=registry.Typical(calls=1, input_tokens=2_000, output_tokens=900, seconds=12),
)
async def run(ctx: Context, params: registry.Params) -> StoryboardBible:
    """Fix what no panel of the scene may change: premise, people, set and things, and the beats that must happen."""
    ctx.progress(5, Text(N_("Reading the scene")))
    facts = staging.facts(ctx)
    cast = staging.cast_of(ctx.node)
    # only to see that none is copied: a change of looks leaves the bible as it is
    library = ctx.node.at(ctx.node.id).project.characters(("name", "appearance"), names=cast.names)
    looks = {str(c["name"]): str(c.get("appearance") or "") for c in library}
    ctx.offline_facts |= {"looks": looks}
    bible = await ctx.generate(
        "bible",
        ctx.prompt(**facts),
        schema=StoryboardBible,
        checks=[lambda answer: panel_checks.bible_issues(answer, cast, looks)],
    )
    own = [c.model_copy(update={"name": cast.of(c.name) or c.name}) for c in bible.characters]
    ctx.progress(100, Text(N_("Storyboard bible written")))
    return bible.model_copy(update={"characters": own})
