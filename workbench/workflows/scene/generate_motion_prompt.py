"""generate_motion_prompt: what moves during a scene's clip, in three equal windows; everything else stays as it is."""

from __future__ import annotations

import itertools
import re
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import Field

from workbench.artifacts.storyboard import MotionPrompt
from workbench.drafting import motion as sketch
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.story.guards import has_keyframe_prompt, has_scene_anchor
from workbench.workflows import registry, staging
from workbench.workflows.scene.generate_scene_anchor import mentions

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

WINDOWS = 3
_HAN = re.compile(r"[一-鿿]")


class Params(registry.Params):
    seconds: float = Field(
        6.0, ge=2, le=12, multiple_of=0.5, title=N_("Seconds"), description=N_("Length of the clip to prompt for")
    )


def draft(facts: dict[str, Any], params: Params, rng: Random) -> MotionPrompt:
    """Move what the nine shots show from their first to their last."""
    return sketch.motion(facts, rng)


@registry.workflow(
    "generate_motion_prompt",
    title=N_("Motion prompt"),
    scope="scene",
    params=Params,
    reads=("brief", "scene_list", "core_expression", "scene_anchor", "keyframe_prompt", "previous.keyframe_prompt", "next.keyframe_prompt", "character", "world_element"),
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
        shots=staging.shots_in_short(ctx.node.artifact("keyframe_prompt")),
        before=staging.shot_in_short(_edge(ctx.node.previous, 9)),
        after=staging.shot_in_short(_edge(ctx.node.next, 1)),
    )
    ctx.progress(25, Text(N_("Setting it in motion")))
    strangers = _strangers(ctx.node)
    checks = [
        lambda made: window_issues(made, params.seconds),
        language_issues,
        change_issues,
        lambda made: stranger_issues(made, strangers),
    ]
    made = await ctx.generate("motion", prompt, schema=MotionPrompt, checks=checks)
    ctx.progress(100, Text(N_("Motion prompt written")))
    return made


def thirds(seconds: float) -> list[tuple[float, float]]:
    """The three equal windows of a clip, to a hundredth of a second."""
    edges = [round(seconds * i / WINDOWS, 2) for i in range(WINDOWS + 1)]
    return list(itertools.pairwise(edges))


def window_issues(made: MotionPrompt, seconds: float) -> list[Issue]:
    """The clip has the asked length, and its windows are its exact thirds."""
    issues = []
    if abs(made.seconds - seconds) > 0.005:
        issues.append(
            Issue("seconds", Text(N_("is {given}; the clip has {wanted} s"), given=made.seconds, wanted=seconds))
        )
    for number, (beat, (start, end)) in enumerate(zip(made.beats, thirds(seconds), strict=True)):
        if abs(beat.from_s - start) > 0.011 or abs(beat.to_s - end) > 0.011:
            said = Text(
                N_("runs {given}; this third runs {wanted}"),
                given=f"{beat.from_s:g}–{beat.to_s:g} s",
                wanted=f"{start:g}–{end:g} s",
            )
            issues.append(Issue(f"beats.{number}", said))
    return issues


def language_issues(made: MotionPrompt) -> list[Issue]:
    """Each text is in its own language; a name may stay as it is."""
    texts = [("short", made.short.zh, made.short.en), *((f"beats.{n}", b.zh, b.en) for n, b in enumerate(made.beats))]
    issues = [Issue(f"{path}.zh", Text(N_("must be Chinese"))) for path, zh, _ in texts if not _HAN.search(zh)]
    return issues + [
        Issue(f"{path}.en", Text(N_("must be English")))
        for path, _, en in texts
        if len(_HAN.findall(en)) > len(re.findall(r"[A-Za-z]+", en))
    ]


def change_issues(made: MotionPrompt) -> list[Issue]:
    """Something changes, and no two windows say the same."""
    issues = []
    if not (made.changes.subject or made.changes.camera or made.changes.environment):
        issues.append(Issue("changes", Text(N_("nothing changes; name what moves: subject, camera or environment"))))
    texts = [b.zh for b in made.beats]
    if len(set(texts)) < len(texts):
        issues.append(Issue("beats", Text(N_("two windows say the same; each must say what moves in it"))))
    return issues


def stranger_issues(made: MotionPrompt, strangers: list[str]) -> list[Issue]:
    """Nobody moves who is not in the scene."""
    told = " ".join([made.short.zh, made.short.en, *(f"{b.zh} {b.en}" for b in made.beats), *made.changes.subject])
    found = [name for name in strangers if mentions(told, name)]
    if not found:
        return []
    return [Issue("beats", Text(N_("{names} is not in this scene's cast"), names=", ".join(found)))]


def _strangers(node: NodeView) -> list[str]:
    """Characters of the library that the scene does not have."""
    cast = staging.cast_of(node)
    return [c["name"] for c in node.project.characters() if cast.of(c["name"]) is None]


def _edge(scene: NodeView | None, order: int) -> dict[str, Any] | None:
    """The neighbouring scene's shot at the cut; only that one becomes an input."""
    return None if scene is None else scene.artifact("keyframe_prompt", part=f"shot:{order}")
