"""generate_keyframe_prompt: a scene as nine shots, from three beats of action with a start, a middle and an end each.

Beats are planned, each beat becomes three frames, and code lays the nine frames out as nine shots of fixed framing.
When no valid beats can be had, one direct call writes the nine frames, and the artifact says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import Field

from workbench import sketch
from workbench.artifacts.models import Content
from workbench.artifacts.storyboard import (
    FRAMINGS,
    MOMENTS,
    ActionBeat,
    ActionPlan,
    Camera,
    Frame,
    Framing,
    KeyframeGroup,
    KeyframePrompt,
    Moment,
    Shot,
    Technical,
    VisualAnchor,
)
from workbench.errors import Issue, OutputError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import continuity, text_checks
from workbench.story.continuity import Cast
from workbench.story.guards import has_scene_anchor, has_scene_outline
from workbench.workflows import briefing, registry, staging

if TYPE_CHECKING:
    from workbench.jobs.context import Context

BEATS = 3
#: only an answer that stays wrong leads to the direct way; a service that fails does not
FALL_BACK_ON = ("invalid_output", "malformed_output")
ANGLES = {"LOW": "low", "HIGH": "high"}


class DirectPlan(Content):
    """The nine frames of the direct way, in the order of their framings."""

    frames: list[Frame] = Field(min_length=9, max_length=9)


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> Content:
    """Stage the scene's own summary: beats, frames or all nine at once, as the step asks."""
    if facts["step"] == "plan":
        return sketch.write_action_plan(facts, rng)
    return (
        DirectPlan(frames=sketch.write_frames(facts, rng))
        if facts["step"] == "direct"
        else sketch.write_keyframe_group(facts, rng)
    )


@registry.workflow(
    "generate_keyframe_prompt",
    title=N_("Nine-shot plan"),
    scope="scene",
    reads=("brief", "scene_list", "core_expression", "scene_script", "scene_anchor", "character", "world_element"),
    writes="keyframe_prompt",
    guards=(has_scene_outline, has_scene_anchor),
    draft=draft,
    deadline_s=1800,
    typical=registry.Typical(calls=4, input_tokens=9_000, output_tokens=6_000, seconds=60),
)
async def run(ctx: Context, params: registry.Params) -> KeyframePrompt:
    """Plan the scene's nine shots: three beats of action, each with three frames that follow from one another."""
    ctx.progress(5, Text(N_("Reading the scene")))
    facts = staging.facts(ctx, looks=True)
    facts |= staging.read_script(ctx, facts["story_language"])
    cast = staging.cast_of(ctx.node)
    aspect = str(ctx.node.read_brief("aspect_ratio").get("aspect_ratio") or "16:9")
    try:
        keyframe_prompt = await _from_beats(ctx, facts, cast, aspect)
    except OutputError as error:
        if error.kind not in FALL_BACK_ON:
            raise
        ctx.warn(
            Text(
                N_("The three beats could not be made valid, so the nine shots were written directly: {why}"),
                why=str(error.text)[:400],
            )
        )
        keyframe_prompt = await _directly(ctx, facts, cast, aspect)
    ctx.progress(100, Text(N_("Nine shots planned")))
    return keyframe_prompt


async def _from_beats(ctx: Context, facts: JsonObject, cast: Cast, aspect: str) -> KeyframePrompt:
    ctx.progress(10, Text(N_("Planning three beats of action")))
    language, names = briefing.checked_language(ctx), staging.names_in(facts)
    plan = await ctx.generate(
        "plan",
        ctx.prompt(**facts),
        schema=ActionPlan,
        checks=[
            lambda answer: continuity.plan_issues(answer, cast),
            lambda answer: plan_text_issues(answer, language, names),
        ],
    )
    beats = [own_names(beat, cast) for beat in plan.beats]
    groups: list[KeyframeGroup] = []
    for number, beat in enumerate(beats, start=1):
        ctx.progress(
            10 + 25 * number,
            Text(N_("Beat {number} of {count}: {summary}"), number=number, count=BEATS, summary=beat.summary[:80]),
        )
        before = groups[-1] if groups else None
        prompt = ctx.prompt(
            "beat",
            **facts,
            aspect_ratio=aspect,
            number=number,
            beat=beat.model_dump(mode="json"),
            before={"camera": before.camera.model_dump(), "end": before.end.model_dump(mode="json")} if before else {},
        )

        def issues(answer: KeyframeGroup, beat: Any = beat, before: KeyframeGroup | None = before) -> list[Issue]:
            return continuity.group_issues(
                answer, beat.start, beat.end, cast, facts["anchor"]["anchors"], aspect, before
            )

        checks = [issues, lambda answer: group_text_issues(answer, language, names)]
        answer = await ctx.generate(f"beat-{number}", prompt, schema=KeyframeGroup, checks=checks)
        groups.append(own_names_in_frames(answer, cast))
    ctx.progress(92, Text(N_("Laying out nine shots")))
    return assemble(beats, groups, facts, cast, staging.looks(ctx.node, cast.names))


async def _directly(ctx: Context, facts: JsonObject, cast: Cast, aspect: str) -> KeyframePrompt:
    ctx.progress(60, Text(N_("Writing nine shots directly")))
    anchors = facts["anchor"]["anchors"]
    direct_plan = await ctx.generate(
        "direct",
        ctx.prompt("direct", **facts, aspect_ratio=aspect),
        schema=DirectPlan,
        checks=[
            lambda plan: direct_issues(plan, cast, anchors),
            lambda plan: direct_text_issues(plan, briefing.checked_language(ctx), staging.names_in(facts)),
        ],
    )
    looks = staging.looks(ctx.node, cast.names)
    camera = Camera(angle="eye_level", lens=LENS[facts["story_language"]], aspect=aspect)
    shots = [
        shot(order, frame, camera, facts, cast, looks, beat="", moment=None, avoid=[], consistency="")
        for order, frame in enumerate(direct_plan.frames, start=1)
    ]
    return KeyframePrompt(made_by="direct", beats=[], shots=shots)


def direct_issues(plan: DirectPlan, cast: Cast, anchors: Sequence[str]) -> list[Issue]:
    """Known people and anchors, frozen moments, and no picture twice."""
    issues = [i for n, f in enumerate(plan.frames) for i in continuity.frame_issues(f"frames.{n}", f, cast, anchors)]
    for number, (a, b) in enumerate(pairwise(plan.frames)):
        if continuity.difference(a, b, cast) == 0 and a.composition == b.composition:
            issues.append(Issue(f"frames.{number + 1}", Text(N_("shows the same picture as the frame before"))))
    return issues


def plan_text_issues(plan: ActionPlan, language: str, names: Sequence[str] = ()) -> list[Issue]:
    """The beats are told in the story's language."""
    texts = [(f"beats.{n}.{part}", getattr(beat, part)) for n, beat in enumerate(plan.beats)
             for part in ("summary", "intent")]  # fmt: skip
    return text_checks.story_language_issues(texts, language, names)


def group_text_issues(group: KeyframeGroup, language: str, names: Sequence[str] = ()) -> list[Issue]:
    """The three frames are in the story's language, and each has a caption of its own."""
    return _text_issues({moment: getattr(group, moment) for moment in MOMENTS}, language, names)


def direct_text_issues(plan: DirectPlan, language: str, names: Sequence[str] = ()) -> list[Issue]:
    """The same for the nine frames of the direct way."""
    return _text_issues({f"frames.{n}": frame for n, frame in enumerate(plan.frames)}, language, names)


def _text_issues(frames: Mapping[str, Frame], language: str, names: Sequence[str]) -> list[Issue]:
    texts = []
    for path, frame in frames.items():
        texts += [(f"{path}.{part}", getattr(frame, part)) for part in ("caption", "composition", "bubble_space")]
        texts += [(f"{path}.subjects.{n}.action", s.action) for n, s in enumerate(frame.subjects)]
    # somebody may wait again, and an empty place be seen again; only the next picture must be another
    captions = [(path, text) for path, text in texts if path.endswith(".caption")]
    return text_checks.story_language_issues(texts, language, names) + text_checks.standstill_issues(captions)


def own_names(beat: ActionBeat, cast: Cast) -> ActionBeat:
    """The beat with its people under their own names, whatever alias was used."""
    return beat.model_copy(update={m: continuity.use_own_names(getattr(beat, m), cast) for m in MOMENTS})


def own_names_in_frames(group: KeyframeGroup, cast: Cast) -> KeyframeGroup:
    """The same for the frames of a beat."""
    frames: dict[str, Frame] = {m: getattr(group, m) for m in MOMENTS}
    return group.model_copy(
        update={
            m: f.model_copy(update={"subjects": continuity.use_own_names(f.subjects, cast)}) for m, f in frames.items()
        }
    )


def assemble(
    beats: Sequence[ActionBeat],
    groups: Sequence[KeyframeGroup],
    facts: JsonObject,
    cast: Cast,
    looks: Mapping[str, str],
) -> KeyframePrompt:
    """Nine frames as nine shots: beat 1 establishes, beat 2 is for emotion, beat 3 for tension."""
    shots: list[Shot] = []
    for beat, group in zip(beats, groups, strict=True):
        for moment in MOMENTS:
            steady = beat.continuity
            consistency = " · ".join((steady.background, steady.screen_direction, steady.axis))[:400]
            frame: Frame = getattr(group, moment)
            shots.append(
                shot(
                    len(shots) + 1, frame, group.camera, facts, cast, looks,
                    beat=beat.id, moment=moment, avoid=group.avoid, consistency=consistency,
                )
            )  # fmt: skip
    return KeyframePrompt(made_by="beats", beats=list(beats), shots=shots)


def shot(
    order: int, frame: Frame, camera: Camera, facts: JsonObject, cast: Cast, looks: Mapping[str, str],
    *, beat: str, moment: Moment | None, avoid: list[str], consistency: str,
) -> Shot:  # fmt: skip
    """A frame as the shot of that order, with what an image model must know to draw it alone."""
    framing: Framing = FRAMINGS[order - 1]
    language, place = facts["story_language"], facts["anchor"]
    people = continuity.use_own_names(frame.subjects, cast)
    own = {name: getattr(frame, name) for name in ("caption", "anchors", "composition", "bubble_space")}
    return Shot(
        **own,
        subjects=people,
        order=order,
        framing=framing,
        beat=beat,
        moment=moment,
        camera=camera.model_copy(update={"angle": ANGLES.get(framing, camera.angle)}),
        visual=VisualAnchor(
            character=staging.describe_looks([s.name for s in people], looks),
            environment=f"{place['set']}"[:600],
            lighting=place["lighting"][:300],
            mood=(facts["mood"] or place["mood"])[:200],
        ),
        technical=Technical(
            consistency=consistency or CONSISTENCY[language],
            composition=COMPOSITION[language][framing],
            quality=QUALITY[language],
        ),
        avoid=avoid,
    )


LENS = {"zh": "35mm 标准视角", "en": "35 mm, natural perspective"}
CONSISTENCY = {
    "zh": "九个镜头里人物样貌、服装、道具和场景锚点一致",
    "en": "the same looks, clothes, props and set anchors in all nine shots",
}
QUALITY = {
    "zh": "线条干净，光源统一，手与脸完整，无文字水印",
    "en": "clean lines, one light, whole hands and faces, no lettering",
}
COMPOSITION: dict[str, dict[Framing, str]] = {
    "zh": {
        "ELS": "大远景：环境占满画面，人物不到画高的五分之一", "LS": "远景：人物全身，约占画高的一半，脚下有地面",
        "MLS": "中远景：人物从膝盖以上，环境仍看得清", "MS": "中景：腰部以上，手在画内",
        "MCU": "中近景：胸部以上，背景虚化", "CU": "特写：脸占满画面，眼睛在上三分线",
        "ECU": "大特写：一只手、一件道具或一双眼睛", "LOW": "低机位仰拍：地平线压到画面下缘，人物高大",
        "HIGH": "高机位俯拍：地面占满画面，人物显小",
    },
    "en": {
        "ELS": "extreme long shot: the place fills the frame, people under a fifth of its height",
        "LS": "long shot: whole figures, about half the frame's height, with ground below",
        "MLS": "medium long shot: from the knees up, the place still readable",
        "MS": "medium shot: from the waist up, hands inside the frame",
        "MCU": "medium close-up: from the chest up, background soft",
        "CU": "close-up: the face fills the frame, eyes on the upper third",
        "ECU": "extreme close-up: one hand, one prop or a pair of eyes",
        "LOW": "low angle: the horizon at the lower edge, the figure towers",
        "HIGH": "high angle: the ground fills the frame, the figure looks small",
    },
}  # fmt: skip
