"""generate_dialogue: what is said in a scene, by those who are in it, in no more time than it has – or an explicit
silence."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from workbench import sketch
from workbench.artifacts.storyboard import Dialogue
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import scene_script, timing
from workbench.story.continuity import Cast
from workbench.story.guards import has_keyframe_prompt, has_motion_prompt, has_scene_anchor
from workbench.story.names import fold
from workbench.story.scene_script import NARRATORS
from workbench.workflows import registry, staging

if TYPE_CHECKING:
    from workbench.jobs.context import Context


#: so many foreign words or characters may be nothing but a name
A_NAME = 3


class Params(registry.Params):
    max_seconds: float = Field(
        15.0, ge=2.5, le=60, title=N_("Longest"), description=N_("Seconds that all lines together may take to read")
    )


def draft(facts: JsonObject, params: Params, rng: Random) -> Dialogue:
    """Let the people of the scene speak of what it is about."""
    return sketch.write_dialogue(facts, rng)


@registry.workflow(
    "generate_dialogue",
    title=N_("Dialogue"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "core_expression", "scene_anchor", "keyframe_prompt", "motion_prompt",
        "scene_script", "character", "world_element"),
    writes="dialogue",
    guards=(has_scene_anchor, has_keyframe_prompt, has_motion_prompt),
    draft=draft,
    typical=registry.Typical(calls=1, input_tokens=4_000, output_tokens=700, seconds=10),
)  # fmt: skip
async def run(ctx: Context, params: Params) -> Dialogue:
    """Write one to six lines for the people of the scene, or say that it is silent and why."""
    ctx.progress(5, Text(N_("Reading the shots")))
    facts = staging.facts(ctx)
    language = facts["story_language"]
    facts |= staging.read_script(ctx, language)
    spoken = scene_script.speeches(ctx.offline_facts.get("scene_script"))
    cast = staging.cast_of(ctx.node, [s["speaker"] for s in spoken if fold(s["speaker"]) not in NARRATORS])
    motion = ctx.node.artifact("motion_prompt", fields=(f"short.{language}",)) or {}
    told = ("theme", "visual_motifs")
    core = (ctx.node.parent.artifact("core_expression", fields=told) if ctx.node.parent else None) or {}
    prompt = ctx.prompt(
        **facts,
        story=ctx.node.read_brief("summary")["summary"],
        theme=core.get("theme") or "",
        motifs=core.get("visual_motifs") or [],
        max_seconds=params.max_seconds,
        shots=staging.shots_in_short(ctx.node.artifact("keyframe_prompt", fields=("shots",))),
        motion=(motion.get("short") or {}).get(language, ""),
    )
    ctx.progress(25, Text(N_("Listening to them")))
    checks = [
        lambda dialogue: speaker_issues(dialogue, cast),
        find_repetitions,
        lambda dialogue: length_issues(dialogue, params.max_seconds),
        lambda dialogue: silence_issues(dialogue, spoken),
        lambda dialogue: language_issues(dialogue, language),
    ]
    dialogue = await ctx.generate("dialogue", prompt, schema=Dialogue, checks=checks)
    ctx.progress(100, Text(N_("Dialogue written")))
    return use_own_names(dialogue, cast)


def speaker_issues(dialogue: Dialogue, cast: Cast) -> list[Issue]:
    """Only people of the scene speak, and nobody talks to themselves where they are alone."""
    issues = []
    for number, line in enumerate(dialogue.lines):
        if line.speaker and cast.of(line.speaker) is None:
            message = Text(
                N_("{names} is not in this scene's cast; only: {known}"),
                names=line.speaker,
                known=", ".join(cast.names) or "—",
            )
            issues.append(Issue(f"lines.{number}.speaker", message))
        if line.type == "dialogue" and len(cast.names) == 1:
            message = Text(N_("{name} is alone here: use monologue, thought or narration"), name=cast.names[0])
            issues.append(Issue(f"lines.{number}.type", message))
    return issues


def find_repetitions(dialogue: Dialogue) -> list[Issue]:
    """No line is said twice."""
    texts = ["".join(line.text.split()).casefold() for line in dialogue.lines]
    return [
        Issue(f"lines.{n}.text", Text(N_("is the same as an earlier line")))
        for n, t in enumerate(texts)
        if t in texts[:n]
    ]


def length_issues(dialogue: Dialogue, max_seconds: float) -> list[Issue]:
    """All lines can be read in the time there is."""
    seconds = timing.dialogue_s([line.model_dump() for line in dialogue.lines])
    if seconds <= max_seconds:
        return []
    message = Text(
        N_("takes {seconds} s to read; there are {allowed} s: shorten or drop lines"),
        seconds=f"{seconds:.1f}",
        allowed=f"{max_seconds:g}",
    )
    return [Issue("lines", message)]


def silence_issues(dialogue: Dialogue, spoken: Sequence[JsonObject] = ()) -> list[Issue]:
    """A silent scene says why, and is none where the script lets somebody speak."""
    issues = []
    if dialogue.silent and not dialogue.reason:
        issues.append(Issue("reason", Text(N_("a silent scene needs a reason"))))
    if dialogue.silent and spoken:
        names = ", ".join(dict.fromkeys(str(s["speaker"]) for s in spoken))
        issues.append(Issue("silent", Text(N_("the screenplay lets {names} speak in this scene"), names=names)))
    return issues


def language_issues(dialogue: Dialogue, language: str) -> list[Issue]:
    """The lines together are in the story's language; a foreign word or name among them is not."""
    han, words = timing.units(" ".join(line.text for line in dialogue.lines))
    foreign, own = (words, han) if language == "zh" else (han, words)
    if foreign <= max(own, A_NAME):
        return []
    return [Issue("lines", Text(N_("must be Chinese") if language == "zh" else N_("must be English")))]


def use_own_names(dialogue: Dialogue, cast: Cast) -> Dialogue:
    """Speakers under their own names, whatever alias was used."""
    lines = [line.model_copy(update={"speaker": cast.of(line.speaker) or line.speaker}) for line in dialogue.lines]
    return dialogue.model_copy(update={"lines": lines})
