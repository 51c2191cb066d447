"""Drafts a scene anchor: the empty set, furnished from `sets`, in real Chinese and real English whatever the story's language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import Any

from workbench.artifacts.models import (
    Anchors,
    Atmosphere,
    Bilingual,
    Lighting,
    Location,
    SceneAnchor,
    SetDescription,
)
from workbench.sketch.writing import places, sets
from workbench.sketch.writing.sets import Pair
from workbench.sketch.writing.story import digest, language_of, names

ANCHORS = 6
MAX_ANCHORS = 12
_EAST = re.compile(r"古|神话|武侠|仙|宫廷|王朝|江湖|水墨|民国|聊斋|书生|神怪|传说")
_WEST = re.compile(r"period|victorian|medieval|gaslight|\b1[0-9]\d\d\b|western|fairy|fantasy|historical", re.IGNORECASE)
_FUTURE = re.compile(r"科幻|赛博|未来|太空|机甲|sci-?fi|science fiction|cyber|space|future|dystopia", re.IGNORECASE)


def scene_anchor(facts: dict[str, Any], rng: Random) -> SceneAnchor:
    """The set at the scene's location; the same location always gets the same things."""
    zh = language_of(facts) == "zh"
    people = _people(facts)
    scene = facts["scene"]
    place = _archetype(scene, "zh" if zh else "en")
    base, light, air = _description(place, str(facts["position"]), people, rng)
    own = 0 if zh else 1
    pairs = anchor_pairs(facts, place, people)
    return SceneAnchor(
        scene=SetDescription(
            zh=base[0] + light.sentence[0] + air[2][0], en=f"{base[1]} {light.sentence[1]} {air[2][1]}"
        ),
        location=Location(
            type=sets.SETS[place].kind[own],
            name=str(scene["location"])[:200],
            details=_details(facts, base[own], people),
        ),
        lighting=Lighting(
            type=light.kind[own],
            direction=light.direction[own],
            colour=light.colour[own],
            intensity=light.intensity[own],
        ),
        atmosphere=Atmosphere(mood=_mood(facts, air[0][own], people), weather=air[1][own], time=light.time[own]),
        anchors=Anchors(zh=[p[0] for p in pairs], en=[p[1] for p in pairs]),
        avoid=Bilingual(zh=sets.AVOID[0], en=sets.AVOID[1]),
    )


def anchor_pairs(facts: dict[str, Any], archetype: str, people: Sequence[str]) -> list[Pair]:
    """What the earlier scene at this place had, word for word, then this place's own things and one of the period."""
    kept = facts.get("kept_anchors") or {}
    pairs: list[Pair] = list(zip(kept.get("zh") or [], kept.get("en") or [], strict=False))[:MAX_ANCHORS]
    if len(pairs) >= 4:
        return pairs
    place = sets.SETS[archetype]
    start = digest(facts["scene"]["location"]) % len(place.things)
    own = [place.things[(start + i) % len(place.things)] for i in range(len(place.things))]
    period = sets.ERAS[era(facts)]
    wanted = [
        *own[: ANCHORS - 1],
        period[start % len(period)],
        *own[ANCHORS - 1 :],
        *(t for s in sets.SETS.values() for t in s.things),
    ]
    for pair in wanted:
        if len(pairs) == ANCHORS:
            break
        if pair not in pairs and not _mentions(pair, people):
            pairs.append(pair)
    return pairs


def era(facts: dict[str, Any]) -> str:
    """Which period's things lie about."""
    told = " ".join(str(facts.get(k) or "") for k in ("genre", "style", "title"))
    if _FUTURE.search(told):
        return "future"
    if language_of(facts) == "zh":
        return "east" if _EAST.search(told) else "modern"
    return "west" if _WEST.search(told) else "modern"


def _archetype(scene: dict[str, Any], language: str) -> str:
    location = str(scene["location"])
    named = places.archetype_of(location, language) or places.archetype_of(location, "en" if language == "zh" else "zh")
    if named:
        return named
    told = places.find(str(scene["summary"]), language, ())
    return told.archetype if told else places.default(language, digest(location)).archetype


def _description(
    archetype: str, position: str, people: Sequence[str], rng: Random
) -> tuple[Pair, sets.Light, tuple[Pair, Pair, Pair]]:
    """Base, light and air whose words name nobody; one of each is always left for any sane cast."""
    lights = sets.LIGHTS.get(position) or sets.LIGHTS["opening"]
    airs = sets.AIRS.get(position) or sets.AIRS["opening"]
    fallbacks = [sets.SETS[archetype], *sets.SETS.values()]
    base = _first([s.base for s in fallbacks], people)
    every_light = [rng.choice(lights), *lights, *(x for group in sets.LIGHTS.values() for x in group)]
    every_air = [rng.choice(airs), *airs, *(x for group in sets.AIRS.values() for x in group)]
    light = next((x for x in every_light if not any(_mentions(p, people) for p in _light_texts(x))), every_light[0])
    air = next((x for x in every_air if not any(_mentions(p, people) for p in x)), every_air[0])
    return base, light, air


def _light_texts(light: sets.Light) -> tuple[Pair, ...]:
    return light.kind, light.direction, light.colour, light.intensity, light.time, light.sentence


def _first(pairs: Sequence[Pair], people: Sequence[str]) -> Pair:
    return next((p for p in pairs if not _mentions(p, people)), pairs[0])


def _details(facts: dict[str, Any], base: str, people: Sequence[str]) -> str:
    """What the brief itself says of the place; the set's description where it says nothing or names somebody."""
    location = str(facts["scene"]["location"])
    for element in facts.get("world") or []:
        told = str(element.get("description") or "").strip()
        if told and str(element["name"]) == location and not _mentions((told, ""), people):
            return told[:1000]
    return base


def _mood(facts: dict[str, Any], fallback: str, people: Sequence[str]) -> str:
    said = str(facts.get("mood") or "").strip().rstrip("。.")
    return said if said and len(said) <= 200 and not _mentions((said, ""), people) else fallback


def _people(facts: dict[str, Any]) -> list[str]:
    # A one-character Chinese name cannot be told from the word it is.
    return [n for n in facts.get("cast_names") or [] if len(n.strip()) > 1 or n.strip().isascii()]


def _mentions(pair: Pair, people: Sequence[str]) -> bool:
    return any(names(text, name) for text in pair for name in people)
