"""generate_motion_prompt: what moves during a scene's clip, in three equal windows; everything else stays as it is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from pydantic import Field

from workbench import sketch
from workbench.artifacts.storyboard import MotionPrompt
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.guards import has_keyframe_prompt, has_scene_anchor
from workbench.story.names import fold, names_of
from workbench.workflows import registry, staging
from workbench.workflows.scene.generate_scene_anchor import mentions

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

WINDOWS = 3


class Params(registry.Params):
    seconds: float = Field(
        6.0, ge=2, le=12, multiple_of=0.5, title=N_("Seconds"), description=N_("Length of the clip to prompt for")
    )


def draft(facts: JsonObject, params: Params, rng: Random) -> MotionPrompt:
    """Move what the nine shots show from their first to their last."""
    return sketch.write_motion(facts, rng)


@registry.workflow(
    "generate_motion_prompt",
    title=N_("Motion prompt"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "core_expression", "scene_anchor", "keyframe_prompt", "previous.keyframe_prompt",
        "next.keyframe_prompt", "character", "world_element"),
    writes="motion_prompt",
    guards=(has_scene_anchor, has_keyframe_prompt),
    draft=draft,
    typical=registry.Typical(calls=1, input_tokens=3_500, output_tokens=900, seconds=12),
)  # fmt: skip
async def run(ctx: Context, params: Params) -> MotionPrompt:
    """Say what changes during the clip: the figures, the camera, the air – and nothing that stays."""
    ctx.progress(5, Text(N_("Reading the shots and the neighbouring scenes")))
    facts = staging.facts(ctx)
    windows = thirds(params.seconds)
    prompt = ctx.prompt(
        **facts,
        seconds=params.seconds,
        windows=[list(w) for w in windows],
        shots=staging.shots_as_they_stand(ctx.node.artifact("keyframe_prompt", fields=("shots",))),
        before=staging.shot_as_it_stands(_edge(ctx.node.previous, 9)),
        after=staging.shot_as_it_stands(_edge(ctx.node.next, 1)),
    )
    ctx.progress(25, Text(N_("Setting it in motion")))
    names, strangers = _cast_and_strangers(ctx.node)
    checks = [
        lambda motion: window_issues(motion, params.seconds),
        lambda motion: language_issues(motion, names),
        change_issues,
        lambda motion: stranger_issues(motion, strangers, names),
    ]
    motion = await ctx.generate(
        "motion",
        prompt,
        schema=MotionPrompt,
        checks=checks,
        draft=lambda step_facts, _params, rng: sketch.write_motion(step_facts, rng, unsaid=strangers),
    )
    ctx.progress(100, Text(N_("Motion prompt written")))
    return motion


def thirds(seconds: float) -> list[tuple[float, float]]:
    """The three equal windows of a clip, to a hundredth of a second."""
    edges = [round(seconds * i / WINDOWS, 2) for i in range(WINDOWS + 1)]
    return list(itertools.pairwise(edges))


def window_issues(motion: MotionPrompt, seconds: float) -> list[Issue]:
    """The clip has the asked length, and its windows are its exact thirds."""
    issues = []
    if abs(motion.seconds - seconds) > 0.005:
        issues.append(
            Issue("seconds", Text(N_("is {given}; the clip has {wanted} s"), given=motion.seconds, wanted=seconds))
        )
    for number, (beat, (start, end)) in enumerate(zip(motion.beats, thirds(seconds), strict=True)):
        if abs(beat.from_s - start) > 0.011 or abs(beat.to_s - end) > 0.011:
            message = Text(
                N_("runs {given}; this third runs {wanted}"),
                given=f"{beat.from_s:g}–{beat.to_s:g} s",
                wanted=f"{start:g}–{end:g} s",
            )
            issues.append(Issue(f"beats.{number}", message))
    return issues


def language_issues(motion: MotionPrompt, names: Sequence[str] = ()) -> list[Issue]:
    """Each text is in its own language; `names` may stay as they are."""
    texts = [
        ("short", motion.short.zh, motion.short.en),
        *((f"beats.{n}", b.zh, b.en) for n, b in enumerate(motion.beats)),
    ]
    issues = []
    for path, zh, en in texts:
        issues += text_checks.language_issues(f"{path}.zh", zh, "zh", names)
        issues += text_checks.language_issues(f"{path}.en", en, "en", names)
    return issues


def change_issues(motion: MotionPrompt) -> list[Issue]:
    """Something changes, and no two windows say the same."""
    issues = []
    if not (motion.changes.subject or motion.changes.camera or motion.changes.environment):
        issues.append(Issue("changes", Text(N_("nothing changes; name what moves: subject, camera or environment"))))
    # a story is filmed in its own language
    told = ({fold(b.zh) for b in motion.beats}, {fold(b.en) for b in motion.beats})
    if any(len(texts) < len(motion.beats) for texts in told):
        issues.append(Issue("beats", Text(N_("two windows say the same; each must say what moves in it"))))
    return issues


def stranger_issues(motion: MotionPrompt, strangers: Sequence[str], cast: Sequence[str] = ()) -> list[Issue]:
    """Nobody moves who is not in the scene; a name of the `cast` may hold a stranger's (“Jim” in “Jim Young”)."""
    issues = []
    for path, text in _texts(motion):
        remaining = text_checks.without(text, [n for n in cast if any(s in n for s in strangers)])
        named = [name for name in strangers if mentions(remaining, name)]
        if named:
            message = Text(
                N_("{names} is not in this scene's cast; only: {known}"),
                names=", ".join(named),
                known=", ".join(cast) or "—",
            )
            issues.append(Issue(path, message))
    return issues


def _texts(motion: MotionPrompt) -> list[tuple[str, str]]:
    """Every text with its path."""
    texts = [("short.zh", motion.short.zh), ("short.en", motion.short.en)]
    for number, beat in enumerate(motion.beats):
        texts += [(f"beats.{number}.zh", beat.zh), (f"beats.{number}.en", beat.en)]
    for part in type(motion.changes).model_fields:
        texts += [(f"changes.{part}.{n}", text) for n, text in enumerate(getattr(motion.changes, part))]
    return texts + [(f"constraints.{n}", text) for n, text in enumerate(motion.constraints)]


def _cast_and_strangers(node: NodeView) -> tuple[list[str], list[str]]:
    """Every name and alias of the scene's cast, and of the library's others."""
    cast = staging.cast_of(node)
    # an answer is checked for other people's names, but nothing is made from them
    others = node.at(node.project_id).characters(("name", "aliases"), most=None)
    library = [n for c in others for n in names_of(c)]
    names = dict.fromkeys([*cast.names, *library])
    return [n for n in names if cast.of(n) is not None], [n for n in names if cast.of(n) is None]


def _edge(scene: NodeView | None, order: int) -> JsonObject | None:
    """The neighbouring scene's shot at the cut; only that one becomes an input."""
    return None if scene is None else scene.artifact("keyframe_prompt", part=f"shot:{order}")
