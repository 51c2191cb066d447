"""Drafts a scene anchor: the empty set, furnished from `books/sets.toml`, in real Chinese and real English whatever
the story's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from random import Random

from workbench.artifacts.models import (
    Anchors,
    Atmosphere,
    Bilingual,
    Lighting,
    Location,
    SceneAnchor,
    SetDescription,
)
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import Air, Light, Pair
from workbench.sketch.books.models import ArcPart, Era
from workbench.sketch.writing import places
from workbench.sketch.writing.story import digest, language_of
from workbench.story.names import contains

ANCHORS = 6
MAX_ANCHORS = 12
_EAST = re.compile(r"古|神话|武侠|仙|宫廷|王朝|江湖|水墨|民国|聊斋|书生|神怪|传说")
_WEST = re.compile(r"period|victorian|medieval|gaslight|\b1[0-9]\d\d\b|western|fairy|fantasy|historical", re.IGNORECASE)
_FUTURE = re.compile(r"科幻|赛博|未来|太空|机甲|sci-?fi|science fiction|cyber|space|future|dystopia", re.IGNORECASE)


def write_scene_anchor(facts: JsonObject, rng: Random) -> SceneAnchor:
    """The set at the scene's location; the same location always gets the same things."""
    language = "zh" if language_of(facts) == "zh" else "en"
    people = _people(facts)
    scene = facts["scene"]
    archetype = _archetype(scene, language)
    base, light, air = _describe(archetype, str(facts["position"]), people, rng)
    pairs = anchor_pairs(facts, archetype, people)
    book = books.sets()
    return SceneAnchor(
        scene=SetDescription(
            zh=base.zh + light.sentence.zh + air.sentence.zh,
            en=f"{base.en} {light.sentence.en} {air.sentence.en}",
        ),
        location=Location(
            type=book.kinds[archetype].type.of(language),
            name=str(scene["location"])[:200],
            details=_details(facts, base.of(language), people),
        ),
        lighting=Lighting(
            type=light.type.of(language),
            direction=light.direction.of(language),
            colour=light.colour.of(language),
            intensity=light.intensity.of(language),
        ),
        atmosphere=Atmosphere(
            mood=_mood(facts, air.mood.of(language), people),
            weather=air.weather.of(language),
            time=light.time.of(language),
        ),
        anchors=Anchors(zh=[p.zh for p in pairs], en=[p.en for p in pairs]),
        avoid=Bilingual(zh=book.avoid.zh, en=book.avoid.en),
    )


def anchor_pairs(facts: JsonObject, archetype: str, people: Sequence[str]) -> list[Pair]:
    """What the earlier scene at this place had, word for word, then this place's own things and one of the period."""
    kept = facts.get("kept_anchors") or {}
    pairs = [Pair(*p) for p in zip(kept.get("zh") or [], kept.get("en") or [], strict=False)][:MAX_ANCHORS]
    if len(pairs) >= 4:
        return pairs
    book = books.sets()
    place = book.kinds[archetype]
    start = digest(facts["scene"]["location"]) % len(place.things)
    own = [place.things[(start + i) % len(place.things)] for i in range(len(place.things))]
    period = book.eras[era_of(facts)]
    wanted = [
        *own[: ANCHORS - 1],
        period[start % len(period)],
        *own[ANCHORS - 1 :],
        *(t for kind in book.kinds.values() for t in kind.things),
    ]
    for pair in wanted:
        if len(pairs) == ANCHORS:
            break
        if pair not in pairs and not _mentions(pair, people):
            pairs.append(pair)
    return pairs


def era_of(facts: JsonObject) -> Era:
    """Which period's things lie about."""
    text = " ".join(str(facts.get(k) or "") for k in ("genre", "style", "title"))
    if _FUTURE.search(text):
        return "future"
    if language_of(facts) == "zh":
        return "east" if _EAST.search(text) else "modern"
    return "west" if _WEST.search(text) else "modern"


def _archetype(scene: JsonObject, language: str) -> str:
    location = str(scene["location"])
    named = places.archetype_of(location, language) or places.archetype_of(location, "en" if language == "zh" else "zh")
    if named:
        return named
    place = places.find_place(str(scene["summary"]), language, ()) or places.default_place(language, digest(location))
    return place.archetype


def _describe(archetype: str, position: str, people: Sequence[str], rng: Random) -> tuple[Pair, Light, Air]:
    """Base, light and air whose words name nobody; one of each is always left for any sane cast."""
    book = books.sets()
    part: ArcPart = position if position in book.lights else "opening"
    bases = [book.kinds[archetype].base, *(kind.base for kind in book.kinds.values())]
    lights = [rng.choice(book.lights[part]), *book.lights[part], *(x for group in book.lights.values() for x in group)]
    airs = [rng.choice(book.airs[part]), *book.airs[part], *(x for group in book.airs.values() for x in group)]
    base = next((b for b in bases if not _mentions(b, people)), bases[0])
    light = next((x for x in lights if not _names_somebody(x, people)), lights[0])
    air = next((x for x in airs if not _names_somebody(x, people)), airs[0])
    return base, light, air


def _names_somebody(entry: Light | Air, people: Sequence[str]) -> bool:
    return any(_mentions(pair, people) for _, pair in entry)


def _details(facts: JsonObject, base: str, people: Sequence[str]) -> str:
    """What the brief itself says of the place; the set's description where it says nothing or names somebody."""
    location = str(facts["scene"]["location"])
    for element in facts.get("world") or []:
        details = str(element.get("description") or "").strip()
        if details and str(element["name"]) == location and not _mentions((details,), people):
            return details[:1000]
    return base


def _mood(facts: JsonObject, fallback: str, people: Sequence[str]) -> str:
    mood = str(facts.get("mood") or "").strip().rstrip("。.")
    return mood if mood and len(mood) <= 200 and not _mentions((mood,), people) else fallback


def _people(facts: JsonObject) -> list[str]:
    # A one-character Chinese name cannot be told from the word it is.
    return [n for n in facts.get("cast_names") or [] if len(n.strip()) > 1 or n.strip().isascii()]


def _mentions(texts: Iterable[str], people: Sequence[str]) -> bool:
    return any(contains(text, name) for text in texts for name in people)
