"""generate_scene_script: the episode's scene list written out as a screenplay, a few scenes at a time.

Every scene of the list has its entry, under the same number; nine shots, dialogue and sound are made from it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from workbench import sketch
from workbench.artifacts.models import Content
from workbench.artifacts.scene_script import Element, SceneScript, ScriptScene
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import scene_script, timing
from workbench.story.continuity import Cast
from workbench.story.guards import has_core_expression, has_episode_outline, has_scene_list, plannable
from workbench.story.names import fold
from workbench.story.similarity import near_duplicates
from workbench.workflows import briefing, registry, staging
from workbench.workflows.episode.generate_episode_core_expression import episode_facts

if TYPE_CHECKING:
    from workbench.jobs.context import Context

#: an answer with more scenes gets too long for some models
SCENES_A_STEP = 6
#: of the scene before, so that the next one follows from it
LAST_CHARS = 1_200
#: so many foreign words or characters may be nothing but a name
A_NAME = 3


class ScriptPart(Content):
    """Some scenes of the script, one after the other."""

    scenes: list[ScriptScene] = Field(min_length=1, max_length=SCENES_A_STEP)


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> ScriptPart:
    """Write the scenes out from their summaries, with what their people would say and what would be heard."""
    return ScriptPart(scenes=sketch.write_script(facts, rng))


@registry.workflow(
    "generate_scene_script",
    title=N_("Scene script"),
    scope="episode",
    reads=("brief", "episode_plan", "core_expression", "scene_list", "character", "world_element"),
    writes="scene_script",
    guards=(plannable, has_episode_outline, has_core_expression, has_scene_list),
    draft=draft,
    deadline_s=1800,
    typical=registry.Typical(calls=2, input_tokens=9_000, output_tokens=8_000, seconds=80),
)
async def run(ctx: Context, params: registry.Params) -> SceneScript:
    """Write the scenes of the episode out as a screenplay: action, dialogue, sounds, transitions and lengths."""
    ctx.progress(5, Text(N_("Reading the scene list")))
    facts = episode_facts(ctx)
    language = str(ctx.node.read_brief("language").get("language") or ctx.language)
    core = briefing.compact(ctx.node.artifact("core_expression"))
    facts["core"] = briefing.clip(ctx, "core expression", core, briefing.CORE_EXPRESSION_CHARS)
    listed = (ctx.node.artifact("scene_list") or {})["scenes"]
    library = ctx.node.project.characters(("name", "aliases"), most=None)
    ctx.offline_facts = {
        "whole": staging.read_whole_story(ctx),
        "positions": {s["order"]: staging.narrative_position(s["order"], len(listed)) for s in listed},
    }
    written: list[ScriptScene] = []
    for number, first in enumerate(range(0, len(listed), SCENES_A_STEP), start=1):
        wanted = listed[first : first + SCENES_A_STEP]
        orders = [int(s["order"]) for s in wanted]
        message = N_("Writing scenes {first} to {last} of {count}")
        ctx.progress(10 + 85 * first / len(listed), Text(message, first=orders[0], last=orders[-1], count=len(listed)))
        prompt = ctx.prompt(
            **facts,
            story_language=language,
            scenes=wanted,
            others=[f"{s['order']}. {s['beat']}" for s in listed if s not in wanted],
            before=_end_of(written[-1], language) if written else "",
        )

        def issues(
            part: ScriptPart, wanted: Sequence[JsonObject] = wanted, earlier: Sequence[ScriptScene] = tuple(written)
        ) -> list[Issue]:
            return part_issues(part, wanted, earlier, library, language)

        part = await ctx.generate(f"scenes-{number}", prompt, schema=ScriptPart, checks=[issues])
        written += [use_own_names(scene, library) for scene in part.scenes]
    ctx.progress(100, Text(N_("{count} scenes written out"), count=len(written)))
    return SceneScript(title=ctx.node.title[:200], scenes=written)


def part_issues(
    part: ScriptPart,
    wanted: Sequence[JsonObject],
    earlier: Sequence[ScriptScene],
    library: Sequence[JsonObject],
    language: str,
) -> list[Issue]:
    """Everything that is wrong with these scenes of the script."""
    issues = order_issues(part, [int(s["order"]) for s in wanted])
    of_order = {int(s["order"]): s for s in wanted}
    for index, scene in enumerate(part.scenes):
        outline = of_order.get(scene.order)
        if outline is not None:
            issues += scene_issues(f"scenes.{index}", scene, outline, library)
    return [*issues, *find_repetitions(part, earlier), *language_issues(part, language)]


def order_issues(part: ScriptPart, orders: Sequence[int]) -> list[Issue]:
    """Each of these scenes once, in their order, and no other."""
    have = [s.order for s in part.scenes]
    if have == list(orders):
        return []
    counts = Counter(have)
    missing = [o for o in orders if o not in counts]
    extra = sorted({o for o in have if o not in orders} | {o for o, n in counts.items() if n > 1})
    if not missing and not extra:
        return [Issue("scenes", Text(N_("must stand in the order of the scene list")))]
    issues = []
    if missing:
        issues.append(Issue("scenes", Text(N_("these scenes are missing: {orders}"), orders=_list(missing))))
    if extra:
        issues.append(
            Issue(
                "scenes", Text(N_("these scenes are twice there, or were not asked for: {orders}"), orders=_list(extra))
            )
        )
    return issues


def scene_issues(path: str, scene: ScriptScene, outline: JsonObject, library: Sequence[JsonObject]) -> list[Issue]:
    """The scene plays where its outline says, shows something, and only its people speak, in the time that it has."""
    issues = []
    if fold(scene.heading.place) != fold(str(outline["location"])):
        message = N_("must be the scene's own place: {place}")
        issues.append(Issue(f"{path}.heading.place", Text(message, place=outline["location"])))
    if not any(e.type == "action" for e in scene.elements):
        issues.append(Issue(f"{path}.elements", Text(N_("nothing is shown; give at least one paragraph of action"))))
    cast = Cast(outline["cast"], library)
    for number, element in enumerate(scene.elements):
        issue = _speaker_issue(element, cast, library)
        if issue is not None:
            issues.append(Issue(f"{path}.elements.{number}.speaker", issue))
    spoken = timing.dialogue_s([{"text": e.text} for e in scene.elements if e.type == "dialogue"])
    if spoken > scene.seconds:
        message = N_("what is said takes {spoken} s; the scene has {seconds} s")
        issues.append(Issue(f"{path}.seconds", Text(message, spoken=f"{spoken:.1f}", seconds=f"{scene.seconds:g}")))
    return issues


def _speaker_issue(element: Element, cast: Cast, library: Sequence[JsonObject]) -> Text | None:
    """Whoever is seen speaking is there; an unseen voice is somebody of the story, or tells it."""
    if element.type != "dialogue" or cast.of(element.speaker) is not None:
        return None
    unseen = element.extension != "none"
    if unseen and (
        fold(element.speaker) in scene_script.NARRATORS or not briefing.unknown_names([element.speaker], library)
    ):
        return None
    known = ", ".join(cast.names) or "—"
    if unseen:
        return Text(N_("{name} is nobody of the story; of this scene are: {known}"), name=element.speaker, known=known)
    return Text(
        N_("{names} is not in this scene's cast; only: {known}"),
        names=element.speaker,
        known=known,
    )


def find_repetitions(part: ScriptPart, earlier: Sequence[ScriptScene]) -> list[Issue]:
    """Nothing is said or shown twice in a scene, and no two scenes show nearly the same."""
    issues = []
    for index, scene in enumerate(part.scenes):
        texts = [(e.type, fold(e.text)) for e in scene.elements]
        issues += [
            Issue(f"scenes.{index}.elements.{n}.text", Text(N_("is the same as an earlier paragraph of this scene")))
            for n, text in enumerate(texts)
            if text in texts[:n]
        ]
    shown = [_shown(s) for s in part.scenes]
    for pair in near_duplicates(shown):
        this, other = _scene(part.scenes[pair.second]), _scene(part.scenes[pair.first])
        issues.append(briefing.too_alike(f"scenes.{pair.second}.elements", this, other, pair.similarity))
    for pair in near_duplicates(shown, [_shown(s) for s in earlier]) if earlier else []:
        this, other = _scene(part.scenes[pair.second]), _scene(earlier[pair.first])
        issues.append(briefing.too_alike(f"scenes.{pair.second}.elements", this, other, pair.similarity))
    return issues


def language_issues(part: ScriptPart, language: str) -> list[Issue]:
    """Each scene is in the story's language; a foreign word or name in it is not."""
    issues = []
    for index, scene in enumerate(part.scenes):
        han, words = timing.units(" ".join(e.text for e in scene.elements))
        foreign, own = (words, han) if language == "zh" else (han, words)
        if foreign > max(own, A_NAME):
            message = Text(N_("must be Chinese") if language == "zh" else N_("must be English"))
            issues.append(Issue(f"scenes.{index}.elements", message))
    return issues


def use_own_names(scene: ScriptScene, library: Sequence[JsonObject]) -> ScriptScene:
    """Speakers under their own names, whatever alias was used."""
    elements = [
        e.model_copy(update={"speaker": briefing.own_names([e.speaker], library)[0]}) if e.type == "dialogue" else e
        for e in scene.elements
    ]
    return scene.model_copy(update={"elements": elements})


def _end_of(scene: ScriptScene, language: str) -> str:
    """How the scene before ended."""
    return scene_script.tell(scene.model_dump(mode="json"), language)[-LAST_CHARS:]


def _shown(scene: ScriptScene) -> str:
    return " ".join(e.text for e in scene.elements if e.type == "action")


def _scene(scene: ScriptScene) -> Text:
    return Text(N_("scene {order}"), order=scene.order)


def _list(orders: Sequence[int]) -> str:
    return ", ".join(map(str, orders))
