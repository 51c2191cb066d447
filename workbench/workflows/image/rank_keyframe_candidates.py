"""rank_keyframe_candidates: the best of n. A model looks at each candidate of a frame once; code ranks what it saw.

It draws what is missing of the n first, as children. It chooses no picture: that is the creator's. Each look is a step
of its own: a picture that is refused leaves the ranking of the others, and a retry looks at it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from pydantic import Field

from workbench.artifacts.storyboard import (
    FrameRanking,
    KeyframeImage,
    KeyframeImages,
    RankedCandidate,
    RankedFrame,
    SeenPerson,
    Sight,
    frame_part,
)
from workbench.artifacts.versions import hash_of
from workbench.errors import ChildFailed, Issue, JobError
from workbench.i18n import N_, Text
from workbench.jobs.children import Child
from workbench.jobs.context import PartialArtifact
from workbench.jobs.together import run_together
from workbench.json_types import JsonObject
from workbench.story.frame_shots import FrameShots, read_at
from workbench.story.guards import has_keyframe_prompt
from workbench.workflows import registry, staging
from workbench.workflows.image.frame_prompt import WORDS
from workbench.workflows.image.generate_keyframe_images import FATAL, KEYS, Key, none_made, try_again_later
from workbench.workflows.image.panel_shots import USED_FOR_PANELS, read_panel_shot
from workbench.workflows.image.worn import find_worn_by_people

if TYPE_CHECKING:
    from workbench.artifacts.panels import GroupKey
    from workbench.jobs.context import Context
    from workbench.prompts import Prompt
    from workbench.story.facts import NodeView

IMAGES = "generate_keyframe_images"
#: points that are lost: of 100
MISSING, UNLIKE, STRANGER, HAND, FRAMING, TEXT = 35, 20, 15, 12, 12, 10
NO_EYES = N_("The profile's text model takes no pictures. Choose one that does, or say under Models that it does.")
BLIND = "The sketch looks at no picture; it answers as the shot asks."
#: looked at side by side
AT_ONCE = 4


class Params(registry.Params):
    keys: list[Key] | None = Field(
        None, min_length=1, max_length=9, title=N_("Frames"), description=N_("KF0 to KF8; empty: all nine")
    )
    candidates: int = Field(
        4,
        ge=1,
        le=8,
        title=N_("Candidates"),
        description=N_("So many of each frame are compared; missing ones are drawn"),
    )


def draft(facts: JsonObject, params: Params, rng: Random) -> Sight:
    """The offline provider draws what is asked for, and so sees it; it looks at no picture."""
    people = [SeenPerson(name=p["name"], there=True, right=True) for p in facts["people"]]
    said = "草图服务不看画面，只照镜头的要求回答。" if facts["language"] == "zh" else BLIND
    return Sight(people=people, strangers=0, hands=2 * len(people), wrong_hands=0, framing_right=True, remark=said)


def count_missing(node: NodeView, params: Params) -> int:
    """How many pictures it has drawn first."""
    there = {f.key: len(f.candidates) for f in _frames(node)}
    return sum(max(0, params.candidates - there.get(key, 0)) for key in params.keys or KEYS)


@registry.workflow(
    "rank_keyframe_candidates",
    title=N_("Best of several"),
    scope="scene",
    params=Params,
    reads=(
        "brief",
        "keyframe_prompt",
        "keyframe_images",
        "character",
        "character_sheet",
        "used.scene_anchor",
        *USED_FOR_PANELS,
    ),
    writes="frame_ranking",
    guards=(has_keyframe_prompt,),
    draft=draft,
    by_hand=True,
    deadline_s=3600,
    typical=registry.Typical(calls=36, input_tokens=70_000, output_tokens=9_000, seconds=120.0),
    draws=registry.Drawings(IMAGES, 27, count_missing),
    share=lambda params: len(params.keys or KEYS) * params.candidates / (len(KEYS) * 4),
)
async def run(ctx: Context, params: Params) -> FrameRanking | PartialArtifact:
    """Compare the candidates of a frame: people, hands, framing, text in the picture. Which one is shown you choose."""
    if not ctx.sees_pictures:
        raise JobError(Text(NO_EYES), kind="bad_request")
    keys = [key for key in KEYS if params.keys is None or key in params.keys]
    await _draw_missing(ctx, keys, params.candidates)
    frames = {f.key: f for f in _frames(ctx.node) if f.key in keys}
    wanted = [(key, c.media) for key, frame in frames.items() for c in frame.candidates[-params.candidates :]]
    shots = _shots(ctx)
    sources = {place: shots.source(*place) for place in wanted}
    orders = {of: _Order.read(ctx, *of) for of in dict.fromkeys((key, sources[key, media]) for key, media in wanted)}
    seen = _known(ctx, {place: orders[place[0], sources[place]] for place in wanted})
    unseen = [place for place in wanted if place not in seen]
    ctx.progress(60, Text(N_("Looking at {count} pictures"), count=len(unseen)))
    looks = [partial(orders[place[0], sources[place]].look, ctx, place[1]) for place in unseen]
    results = await run_together(looks, limit=AT_ONCE, stop_on=FATAL)
    failed: dict[str, JobError] = {}
    for place, result in zip(unseen, results, strict=True):
        if isinstance(result, JobError):
            failed[_name(frames[place[0]], place[1])] = result
        else:
            asked = orders[place[0], sources[place]].hash
            seen[place] = RankedCandidate(
                media=place[1], score=score(result), sight=result, model=ctx.model, asked=asked
            )
    try_again_later(ctx, failed)
    if failed and len(failed) == len(unseen):
        raise none_made(failed, N_("No picture could be judged. {reasons}"))
    content = _content(ctx, {key: [seen[p] for p in wanted if p[0] == key and p in seen] for key in frames})
    if failed:
        return PartialArtifact(
            content,
            failed=[{"item": name, "error_kind": e.kind, "error": e.text} for name, e in failed.items()],
            succeeded=[_name(frames[key], media) for key, media in wanted if (key, media) in seen],
        )
    ctx.progress(100, Text(N_("{count} pictures ranked"), count=len(wanted)))
    return content


def _content(ctx: Context, judged: dict[str, list[RankedCandidate]]) -> FrameRanking:
    """The frames of which something was judged, the best first; all others as they were, also when that is stale."""
    ranked = [
        RankedFrame(key=key, candidates=sorted(candidates, key=lambda c: -c.score))
        for key, candidates in judged.items()
        if candidates
    ]
    others = [f for f in _ranking(ctx) if not judged.get(f.key)]
    untouched = {f.key for f in others} | {key for key, candidates in judged.items() if not candidates}
    if untouched:
        ctx.sources.keep({_shot(key) for key in untouched}, {frame_part(key) for key in untouched})
    return FrameRanking(frames=sorted([*ranked, *others], key=lambda f: f.key))


def _name(frame: KeyframeImage, media: str) -> str:
    """A picture as the frame's dialog counts it: ``KF2 (3)``."""
    return f"{frame.key} ({1 + next(n for n, c in enumerate(frame.candidates) if c.media == media)})"


async def _draw_missing(ctx: Context, keys: list[str], count: int) -> None:
    """Round by round: each draws one more candidate of every frame that has too few, of what its chosen one shows."""
    for number in range(count):
        frames = {f.key: f for f in _frames(ctx.node)}
        short = [key for key in keys if key not in frames or len(frames[key].candidates) < count]
        if not short:
            return
        ctx.progress(5 + 50 * number / count, Text(N_("Drawing another candidate of {count} frames"), count=len(short)))
        [result] = await ctx.children([Child(IMAGES, ctx.node.id, {"keys": short, "new_candidate": True})])
        if not result.usable:
            raise ChildFailed(
                Text(N_("No further candidate could be drawn: {why}"), why=result.error or result.state), []
            )


@dataclass(frozen=True)
class _Order:
    """What a frame was to show. `source`: of which group of the long storyboard; None: of the nine-shot plan. `hash`:
    of all that is told of it; `dressed`: somebody looks otherwise than the library tells."""

    key: str
    source: GroupKey | None
    names: list[str]
    prompt: Prompt
    hash: str
    dressed: bool

    @classmethod
    def read(cls, ctx: Context, key: str, source: GroupKey | None) -> _Order:
        shot: Any = None
        order = KEYS.index(key) + 1
        if source is not None:
            ratio = str(ctx.node.at(ctx.node.id).brief.get("aspect_ratio") or "16:9")
            shot = read_panel_shot(ctx.node, source, order, ratio, ctx.language)
        if shot is None:
            shot = ctx.node.artifact("keyframe_prompt", part=_shot(key))
        names = [str(s["name"]) for s in shot["subjects"]]
        looks = staging.looks(ctx.node, names, only_for=frame_part(key))
        worn = find_worn_by_people(ctx.node, names, order, only_for=frame_part(key))
        framing, angle = (WORDS[kind][word][ctx.language != "zh"] for kind, word in (
            ("framing", shot["framing"]), ("angle", shot["camera"]["angle"]),
        ))  # fmt: skip
        told: JsonObject = {
            "shot": {name: shot[name] for name in ("order", "caption", "subjects", "composition")},
            "framing": f"{framing}, {angle}",
            "people": [{"name": n, "looks": worn.tell(n, looks.get(n, ""), ctx.language)} for n in names],
        }
        with ctx.asking_for(frame_part(key)):
            prompt = ctx.prompt(**told)
        return cls(key, source, names, prompt, hash_of(told), worn.says_otherwise())

    async def look(self, ctx: Context, media: str) -> Sight:
        checks = [partial(people_issues, self.names)]
        step = f"{self.key}:{media[:12]}"
        return await ctx.generate(step, self.prompt, schema=Sight, checks=checks, pictures=[media])


def people_issues(names: list[str], sight: Sight) -> list[Issue]:
    """Those of the shot, each once and in order; and no more wrong hands than hands."""
    issues = []
    if [p.name for p in sight.people] != names:
        message = Text(N_("must be exactly, in this order: {names}"), names=", ".join(names) or "—")
        issues.append(Issue("people", message))
    for number, person in enumerate(sight.people):
        if person.right and not person.there:
            issues.append(Issue(f"people.{number}.right", Text(N_("who is not in the picture cannot look right"))))
    if sight.wrong_hands > sight.hands:
        issues.append(Issue("wrong_hands", Text(N_("is more than the hands that can be seen"))))
    return issues


def score(sight: Sight) -> int:
    """100 less what is wrong, 0 at least."""
    lost = sum(MISSING if not p.there else UNLIKE if not p.right else 0 for p in sight.people)
    lost += STRANGER * sight.strangers + HAND * sight.wrong_hands
    lost += FRAMING * (not sight.framing_right) + TEXT * bool(sight.text)
    return max(0, 100 - lost)


def _frames(node: NodeView) -> list[KeyframeImage]:
    # what is picked, and what is drawn beside it, is no input: the ranking is of pictures, which never change
    there = node.at(node.id).artifact("keyframe_images")
    return list(KeyframeImages.model_validate(there).frames) if there else []


def _ranking(ctx: Context) -> list[RankedFrame]:
    there = ctx.current_content()
    return FrameRanking.model_validate(there).frames if there else []


def _shots(ctx: Context) -> FrameShots:
    # which picture shows what is no input: it never changes
    return read_at(ctx.node.at(ctx.node.id), ctx.language)


def _known(ctx: Context, orders: Mapping[tuple[str, str], _Order]) -> dict[tuple[str, str], RankedCandidate]:
    """What this model saw before of those of these pictures, by (frame, picture), that are held against the same."""
    return {
        (frame.key, c.media): c
        for frame in _ranking(ctx)
        for c in frame.candidates
        if c.model == ctx.model and (order := orders.get((frame.key, c.media))) and _is_same(ctx, c, order)
    }


def _is_same(ctx: Context, seen: RankedCandidate, order: _Order) -> bool:
    if ctx.sources.was_asked_otherwise(frame_part(order.key)):
        return False
    if seen.asked is not None:
        return seen.asked == order.hash
    # of before it was kept: no look was told then
    part = _shot(order.key) if order.source is None else f"group:{order.source}"
    return not order.dressed and not ctx.sources.has_changed(part, frame_part(order.key))


def _shot(key: str) -> str:
    return f"shot:{KEYS.index(key) + 1}"
