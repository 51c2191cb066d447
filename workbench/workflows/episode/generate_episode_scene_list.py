"""generate_episode_scene_list: the episode as a counted list of scenes, each with place, cast and beat."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from workbench import sketch
from workbench.artifacts.models import SceneList
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.guards import has_core_expression, has_episode_outline, plannable
from workbench.story.similarity import near_duplicates
from workbench.workflows import briefing, registry
from workbench.workflows.episode.generate_episode_core_expression import episode_facts

if TYPE_CHECKING:
    from workbench.jobs.context import Context


class Params(registry.Params):
    scene_count_hint: int = Field(
        12, ge=6, le=24, title=N_("Scenes"), description=N_("How many scenes the episode gets")
    )
    review: bool = registry.REVIEW


def draft(facts: JsonObject, params: Params, rng: Random) -> SceneList:
    """Stage the episode's beats one after the other, with lead-in and aftermath between them."""
    return sketch.write_scene_list(facts, rng)


@registry.workflow(
    "generate_episode_scene_list",
    title=N_("Scene list"),
    scope="episode",
    params=Params,
    reads=(
        "brief",
        "causal_chain",
        "episode_plan",
        "core_expression",
        "previous.scene_list",
        "character",
        "world_element",
    ),
    writes="scene_list",
    guards=(plannable, has_episode_outline, has_core_expression),
    draft=draft,
)
async def run(ctx: Context, params: Params) -> SceneList:
    """Break the episode into scenes: what happens, where, who is there and what it is for."""
    ctx.progress(5, Text(N_("Reading the episode and its neighbours")))
    facts = episode_facts(ctx)
    earlier = _previous_summaries(ctx)
    count = params.scene_count_hint
    core = briefing.compact(ctx.node.artifact("core_expression"))
    core = briefing.clip(ctx, "core expression", core, briefing.CORE_EXPRESSION_CHARS)
    ctx.progress(25, Text(N_("Writing {count} scenes"), count=count))
    chain = briefing.causal_chain(ctx, ctx.node.project)
    prompt = ctx.prompt(**facts, **chain, core=core, earlier_scenes=earlier, count=count)
    checks = [
        lambda scene_list: count_issues(scene_list, count),
        lambda scene_list: repetition_issues(scene_list, earlier),
        beat_issues,
        lambda scene_list: cast_issues(scene_list, facts["characters"]),
        lambda scene_list: language_issues(scene_list, briefing.checked_language(ctx), briefing.names_in(facts)),
    ]
    scene_list = await ctx.generate("scenes", prompt, schema=SceneList, checks=checks)
    scene_list = use_own_names(scene_list, facts["characters"])
    ctx.progress(100, Text(N_("{count} scenes written"), count=len(scene_list.scenes)))
    return scene_list


def count_issues(scene_list: SceneList, count: int) -> list[Issue]:
    """Exactly as many scenes as were asked for."""
    have = len(scene_list.scenes)
    return (
        []
        if have == count
        else [Issue("scenes", Text(N_("{have} scenes, but {want} were asked for"), have=have, want=count))]
    )


def repetition_issues(scene_list: SceneList, earlier: list[str]) -> list[Issue]:
    """No two scenes tell nearly the same, here or in the previous episode."""
    summaries = [s.summary for s in scene_list.scenes]
    issues = []
    for pair in near_duplicates(summaries):
        path = f"scenes.{pair.second}.summary"
        this, other = _scene(pair.second), _scene(pair.first)
        issues.append(briefing.too_alike(path, this, other, pair.similarity))
    if earlier:
        for pair in near_duplicates(summaries, earlier):
            other = Text(N_("scene {order} of the previous episode"), order=pair.first + 1)
            issues.append(
                briefing.too_alike(f"scenes.{pair.second}.summary", _scene(pair.second), other, pair.similarity)
            )
    return issues


def beat_issues(scene_list: SceneList) -> list[Issue]:
    """Each scene is for something of its own: its beat is its title, by which it is found again."""
    return text_checks.repeat_issues((f"scenes.{n}.beat", s.beat) for n, s in enumerate(scene_list.scenes))


def language_issues(scene_list: SceneList, language: str, names: Sequence[str] = ()) -> list[Issue]:
    """The scenes are told in the story's language; `names` and places may stay as they are."""
    known = [*names, *(s.location for s in scene_list.scenes)]
    texts = [(f"scenes.{n}.{name}", getattr(scene, name)) for n, scene in enumerate(scene_list.scenes)
             for name in ("summary", "beat")]  # fmt: skip
    places = [(f"scenes.{n}.location", scene.location) for n, scene in enumerate(scene_list.scenes)]
    told = text_checks.story_language_issues(texts, language, known)
    return told + text_checks.story_language_issues(places, language, names)


def cast_issues(scene_list: SceneList, characters: list[JsonObject]) -> list[Issue]:
    """Everyone in a scene's cast is in the character library; with an empty library the cast stays empty."""
    issues = []
    for index, scene in enumerate(scene_list.scenes):
        unknown = briefing.unknown_names(scene.cast, characters)
        if unknown:
            message = Text(N_("not in the character library: {names}"), names=", ".join(unknown))
            issues.append(Issue(f"scenes.{index}.cast", message))
    return issues


def use_own_names(scene_list: SceneList, characters: list[JsonObject]) -> SceneList:
    """The cast under their own names, each once, whatever part or alias was used."""
    scenes = [s.model_copy(update={"cast": briefing.own_names(s.cast, characters)}) for s in scene_list.scenes]
    return scene_list.model_copy(update={"scenes": scenes})


def _scene(index: int) -> Text:
    return Text(N_("scene {order}"), order=index + 1)


def _previous_summaries(ctx: Context) -> list[str]:
    before = ctx.node.previous
    listed = before.artifact("scene_list", fields=("scenes",)) if before is not None else None
    return [s["summary"] for s in listed["scenes"]] if listed else []
