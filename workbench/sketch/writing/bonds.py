"""Drafts what lies over a story: its curve of tension and feeling, and how its people stand to each other."""

from __future__ import annotations

from itertools import combinations
from random import Random

from workbench.artifacts.drama import EmotionArc, EmotionPoint
from workbench.artifacts.storyboard import Expression
from workbench.json_types import JsonObject
from workbench.sketch.writing.chain import Plot, cut, read_plot
from workbench.sketch.writing.feelings import feeling_of

#: where a feeling lies between despair and joy
VALENCES: dict[Expression, float] = {
    "afraid": -3.5, "angry": -3.0, "sad": -4.0, "surprised": -1.0, "neutral": 0.0, "determined": 1.0, "tender": 3.0,
    "happy": 4.0,
}  # fmt: skip
#: the story's curve where an episode's words tell nothing: tension and valence at beginning, middle, turn and end
CURVE = ((3.0, 1.0), (5.0, -1.0), (8.5, -3.0), (4.0, 2.0))
#: pairs that are written at most
MOST_PAIRS = 40


def write_emotion_arc(facts: JsonObject, rng: Random) -> EmotionArc:
    """One point for each episode; where it has scenes, three: as it begins, at its turn, as it ends."""
    plot, total = read_plot(facts, rng), max(int(facts["total"]), 1)
    points = []
    for episode in facts["episodes"]:
        at = (episode["order"] - 1) / max(total - 1, 1)
        tension, valence = _curve(at)
        felt = feeling_of(f"{episode['title']} {episode['logline']} {' '.join(episode['beats'])}")
        valence = (valence + VALENCES[felt]) / 2 if felt else valence
        label = plot.book.labels[min(3, int(at * 4))]
        scenes = [s["order"] for s in episode["scenes"]]
        shifts = [(None, 0.0)] if len(scenes) < 3 else list(zip(_three(scenes), (-1.0, 1.5, -0.5), strict=True))
        points += [
            EmotionPoint(
                episode_order=episode["order"],
                scene_order=scene,
                tension=round(min(10.0, max(0.0, tension + shift)), 1),
                valence=round(min(5.0, max(-5.0, valence - shift / 2)), 1),
                label=label,
            )
            for scene, shift in shifts
        ]
    return EmotionArc(points=points)


def _curve(at: float) -> tuple[float, float]:
    """Tension and valence at this share of the story, between the points of the curve."""
    place = at * (len(CURVE) - 1)
    low = min(int(place), len(CURVE) - 2)
    part = place - low
    (t0, v0), (t1, v1) = CURVE[low], CURVE[low + 1]
    return t0 + (t1 - t0) * part, v0 + (v1 - v0) * part


def _three(scenes: list[int]) -> list[int | None]:
    return [scenes[0], scenes[len(scenes) * 2 // 3], scenes[-1]]


def write_relationships(facts: JsonObject, rng: Random) -> JsonObject:
    """Those who are in one event are bound by it; where nobody is, the first two of the cast."""
    plot = read_plot(facts, rng)
    library = [str(c["name"]) for c in facts["characters"]]
    kept = {(r["from_name"], r["to_name"]) for r in facts["kept"]}
    bound: dict[tuple[str, str], int] = {}
    for event in plot.events:
        for pair in combinations([n for n in event.people if n in library], 2):
            if pair[::-1] not in bound:
                bound[pair] = bound.get(pair, 0) + 1
    pairs = [p for p in bound if p not in kept] or [_free_pair(library, kept)]
    return {"relationships": [_write_relation(plot, pair, bound.get(pair, 1)) for pair in pairs[:MOST_PAIRS]]}


def _free_pair(library: list[str], kept: set[tuple[str, str]]) -> tuple[str, str]:
    pairs = [(a, b) for a in library for b in library if a != b]
    return next((p for p in pairs if p not in kept), pairs[0])


def _write_relation(plot: Plot, pair: tuple[str, str], weight: int) -> JsonObject:
    a, b = pair
    book = plot.book
    event = next((e for e in plot.events if a in e.people and b in e.people), plot.events[0])
    told = [e for e in plot.facts["episodes"] if event.short in e["logline"] or event.text in e["logline"]]
    change = plot.say(book.relation_change, event, a=a, b=b)
    arc = [{"episode_order": e["order"], "change": cut(change, 500), "new_intensity": 7} for e in told[:1]]
    return {
        "from_name": a,
        "to_name": b,
        "type": "custom",
        "label": book.relation_label,
        "description": cut(plot.say(book.relation, event, a=a, b=b), 2000),
        "intensity": min(10, 3 + 2 * weight),
        "arc": arc,
    }
