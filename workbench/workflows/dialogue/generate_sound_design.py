"""generate_sound_design: the cues of a scene on its time line – air, steps, music, and where it is quiet."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING

from workbench import sketch
from workbench.artifacts.storyboard import Dialogue, SoundDesign
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import script, text_checks, timing
from workbench.story.guards import has_keyframe_prompt
from workbench.story.names import fold
from workbench.workflows import briefing, registry, staging

if TYPE_CHECKING:
    from workbench.jobs.context import Context

#: a rounding is no mistake
SLACK_S = 0.05


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> SoundDesign:
    """Let the set, the weather and what is done in it sound."""
    return sketch.write_sound_design(facts, rng)


@registry.workflow(
    "generate_sound_design",
    title=N_("Sound design"),
    scope="scene",
    reads=("brief", "scene_list", "core_expression", "scene_anchor", "keyframe_prompt", "motion_prompt", "dialogue",
        "scene_script", "character", "world_element"),
    writes="sound_design",
    guards=(has_keyframe_prompt,),
    draft=draft,
    typical=registry.Typical(calls=1, input_tokens=4_000, output_tokens=900, seconds=12),
)  # fmt: skip
async def run(ctx: Context, params: registry.Params) -> SoundDesign:
    """Place the scene's sounds inside its length: air, effects, music, voices and silence."""
    ctx.progress(5, Text(N_("Reading the whole scene")))
    facts = staging.facts(ctx)
    language = facts["story_language"]
    facts |= staging.read_script(ctx, language)
    shots = ctx.node.artifact("keyframe_prompt", fields=("shots",))
    motion = ctx.node.artifact("motion_prompt", fields=timing.MOTION_FIELDS)
    dialogue = ctx.node.artifact("dialogue")
    seconds = timing.estimate(
        dialogue=dialogue, motion=motion, shots=shots, sound=None, language=language,
        page=ctx.offline_facts.get("scene_script"),
    ).seconds  # fmt: skip
    prompt = ctx.prompt(
        **facts,
        seconds=seconds,
        shots=staging.shots_in_short(shots),
        motion=timing.motion_text(motion, language) if motion else "",
        dialogue=script.to_text(Dialogue.model_validate(dialogue), language) if dialogue else "",
    )
    ctx.progress(30, Text(N_("Laying out {seconds} s of sound"), seconds=f"{seconds:.1f}"))
    checks = [
        lambda design: timing_issues(design, seconds),
        silence_issues,
        find_repetitions,
        lambda design: voice_issues(design, dialogue),
        lambda design: language_issues(design, briefing.checked_language(ctx), staging.names_in(facts)),
    ]
    design = await ctx.generate("sound", prompt, schema=SoundDesign, checks=checks)
    ctx.progress(100, Text(N_("Sound design written")))
    return design


def timing_issues(design: SoundDesign, seconds: float) -> list[Issue]:
    """Every cue lies inside the scene."""
    issues = []
    for number, cue in enumerate(design.cues):
        if cue.to_s > seconds + SLACK_S:
            message = Text(
                N_("ends at {end} s; the scene has {seconds} s"), end=f"{cue.to_s:g}", seconds=f"{seconds:.1f}"
            )
            issues.append(Issue(f"cues.{number}.to_s", message))
    return issues


def silence_issues(design: SoundDesign) -> list[Issue]:
    """Where it is silent nothing loud sounds, and something sounds somewhere."""
    issues = []
    if all(cue.type == "silence" for cue in design.cues):
        issues.append(Issue("cues", Text(N_("there is nothing but silence; give at least one sound"))))
    numbered = list(enumerate(design.cues))
    for (a, first), (b, second) in combinations(numbered, 2):
        if (
            "silence" not in (first.type, second.type)
            or min(first.to_s, second.to_s) - max(first.from_s, second.from_s) <= SLACK_S
        ):
            continue
        loud = second if first.type == "silence" else first
        if loud.type == "silence" or loud.intensity in ("prominent", "dominant"):
            issues.append(
                Issue(f"cues.{b}", Text(N_("overlaps cue {other}: a silence and a loud sound at once"), other=a + 1))
            )
    return issues


def find_repetitions(design: SoundDesign) -> list[Issue]:
    """No cue is there twice: the same sound twice at once is one sound."""
    issues = []
    for (a, first), (b, second) in combinations(enumerate(design.cues), 2):
        overlap = min(first.to_s, second.to_s) - max(first.from_s, second.from_s) > SLACK_S
        if overlap and (first.type, fold(first.description)) == (second.type, fold(second.description)):
            issues.append(
                Issue(f"cues.{b}", Text(N_("is the same sound as cue {other}, at the same time"), other=a + 1))
            )
    return issues


def language_issues(design: SoundDesign, language: str, names: Sequence[str] = ()) -> list[Issue]:
    """The sounds are told in the story's language; `names` may stay as they are."""
    cues = [(f"cues.{n}.description", cue.description) for n, cue in enumerate(design.cues)]
    return text_checks.story_language_issues([("master_mood", design.master_mood), *cues], language, names)


def voice_issues(design: SoundDesign, dialogue: JsonObject | None) -> list[Issue]:
    """Nobody is heard off screen in a scene that is said to be silent."""
    if dialogue is None or not dialogue["silent"]:
        return []
    return [
        Issue(f"cues.{n}.type", Text(N_("nobody speaks in this scene; use a sound, music or silence")))
        for n, cue in enumerate(design.cues)
        if cue.type == "voice_over"
    ]
