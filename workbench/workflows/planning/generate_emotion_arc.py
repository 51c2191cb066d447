"""generate_emotion_arc: how tense and how light the story is, episode by episode; kept whole and by episode."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from workbench import sketch
from workbench.artifacts.drama import EmotionArc, EmotionPoint
from workbench.errors import Issue
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import text_checks
from workbench.story.chain import spell
from workbench.story.guards import has_episodes
from workbench.story.names import fold
from workbench.workflows import briefing, registry

if TYPE_CHECKING:
    from workbench.jobs.context import Context
    from workbench.story.facts import NodeView

#: asked for in one call
MOST_EPISODES = 12
#: fewer points may all feel the same
LEAST_FOR_A_CURVE = 4
OUTLINE = ("order", "title", "logline", "beats", "cliffhanger")


def draft(facts: JsonObject, params: registry.Params, rng: Random) -> EmotionArc:
    """Let tension rise to the turn and fall after it; a feeling that an episode tells is felt in it."""
    return sketch.write_emotion_arc(facts, rng)


@registry.workflow(
    "generate_emotion_arc",
    title=N_("Emotion arc"),
    scope="project",
    reads=("brief", "causal_chain", "episode_plan", "below.scene_list"),
    writes="emotion_arc",
    guards=(has_episodes,),
    draft=draft,
    by_hand=True,
    deadline_s=1800,
    typical=registry.Typical(calls=1, input_tokens=3_000, output_tokens=1_500, seconds=25.0),
)
async def run(ctx: Context, params: registry.Params) -> EmotionArc:
    """Say how tense the story is and how it feels, at one point of each episode or more."""
    ctx.progress(5, Text(N_("Reading the episodes")))
    episodes = list_episodes(ctx)
    brief = ctx.node.read_brief("title", "summary", "genre")
    facts = {**{name: brief.get(name) or "" for name in ("title", "summary", "genre")}, "total": len(episodes)}
    chain = briefing.causal_chain(ctx, ctx.node)
    beats = beat_names(ctx.node)
    points: list[EmotionPoint] = []
    groups = [episodes[i : i + MOST_EPISODES] for i in range(0, len(episodes), MOST_EPISODES)]
    for number, group in enumerate(groups, start=1):
        first, last = group[0]["order"], group[-1]["order"]
        message = Text(N_("Episodes {first}–{last}: tension and feeling"), first=first, last=last)
        ctx.progress(10 + 85 * (number - 1) / len(groups), message)
        before = [p.model_dump(mode="json") for p in points[-3:]]
        prompt = ctx.prompt(**facts, **chain, episodes=group, before=before)
        checks = [
            partial(place_issues, episodes=group),
            partial(beat_issues, beats=beats),
            partial(find_flatness),
            partial(language_issues, language=briefing.checked_language(ctx)),
        ]
        name = "arc" if len(groups) == 1 else f"arc-{number}"
        arc = await ctx.generate(name, prompt, schema=EmotionArc, checks=checks)
        points += arc.points
    ctx.progress(100, Text(N_("{points} points in {episodes} episodes"), points=len(points), episodes=len(episodes)))
    return EmotionArc(points=[_spell(p, beats) for p in points])


def list_episodes(ctx: Context) -> list[JsonObject]:
    """The live episodes with what the plan tells of them and the scenes that they have."""
    # one more or one less changes the arc
    ctx.node.artifact("episode_plan", fields=("episode_count",))
    listed = []
    for node in ctx.node.children():
        told = node.entry("episode_plan", fields=OUTLINE) or {}
        scenes = (node.artifact("scene_list", fields=("scenes",)) or {}).get("scenes") or []
        listed.append(
            {
                "order": node.position,
                "title": node.title,
                "logline": told.get("logline") or "",
                "beats": list(told.get("beats") or []),
                "cliffhanger": told.get("cliffhanger"),
                "scenes": [{"order": s["order"], "beat": s["beat"]} for s in scenes],
            }
        )
    return listed


def beat_names(project: NodeView) -> list[str]:
    """The names of the chain's beats, in order; none where there is no chain."""
    chain = project.artifact("causal_chain", fields=("beats",)) or {}
    return [beat["name"] for act in (chain.get("beats") or {}).get("acts") or [] for beat in act["beats"]]


def place_issues(arc: EmotionArc, episodes: Sequence[JsonObject]) -> list[Issue]:
    """A point for every one of these episodes, none for others, scenes that the episode has. Their order is a matter of
    the shape."""
    scenes = {e["order"]: {s["order"] for s in e["scenes"]} for e in episodes}
    missing = [order for order in scenes if not any(p.episode_order == order for p in arc.points)]
    issues = []
    if missing:
        message = Text(N_("no point for episode {orders}"), orders=", ".join(map(str, missing)))
        issues.append(Issue("points", message))
    for number, point in enumerate(arc.points):
        if point.episode_order not in scenes:
            message = Text(N_("there is no episode {order} among these"), order=point.episode_order)
            issues.append(Issue(f"points.{number}.episode_order", message))
        elif point.scene_order is not None and point.scene_order not in scenes[point.episode_order]:
            message = Text(
                N_("episode {episode} has no scene {scene}"), episode=point.episode_order, scene=point.scene_order
            )
            issues.append(Issue(f"points.{number}.scene_order", message))
    return issues


def beat_issues(arc: EmotionArc, beats: Sequence[str]) -> list[Issue]:
    """The beats that points name are the chain's."""
    known = {fold(name) for name in beats}
    issues = []
    for number, point in enumerate(arc.points):
        if point.beat_name is not None and fold(point.beat_name) not in known:
            message = Text(N_("the causal chain has no beat “{name}”; leave it out or name one"), name=point.beat_name)
            issues.append(Issue(f"points.{number}.beat_name", message))
    return issues


def find_flatness(arc: EmotionArc) -> list[Issue]:
    """Something rises or falls from a point to another, where there are several."""
    if len(arc.points) < LEAST_FOR_A_CURVE or len({(p.tension, p.valence) for p in arc.points}) > 1:
        return []
    return [Issue("points", Text(N_("all points have the same tension and valence; say where they rise and fall")))]


def language_issues(arc: EmotionArc, language: str) -> list[Issue]:
    """The labels are in the story's language."""
    return text_checks.story_language_issues(
        ((f"points.{n}.label", point.label) for n, point in enumerate(arc.points)), language, ()
    )


def _spell(point: EmotionPoint, beats: Sequence[str]) -> EmotionPoint:
    if point.beat_name is None:
        return point
    return point.model_copy(update={"beat_name": spell([point.beat_name], beats)[0]})
