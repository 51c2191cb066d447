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
from workbench.sketch.books.models import ArcPart
from workbench.sketch.reading import places as reading
from workbench.sketch.reading.eras import Era as StoryEra
from workbench.sketch.reading.eras import read_era
from workbench.sketch.reading.hours import Hours, read_hours
from workbench.sketch.reading.samples import is_sample
from workbench.sketch.writing import places
from workbench.sketch.writing.story import digest, language_of, story_hours, whole_of
from workbench.story.names import contains, fold

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
    archetype = kind_of_scene(facts)
    if is_sample(facts):
        base, light, air = _describe(archetype, str(facts["position"]), people, rng)
    else:
        base, light, air = _describe_as_told(archetype, str(facts["position"]), read_scene_hours(facts), people)
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


def kind_of_scene(facts: JsonObject) -> str:
    """The kind of set that a scene's location is."""
    language = "zh" if language_of(facts) == "zh" else "en"
    return (_archetype if is_sample(facts) else _archetype_as_told)(facts, language)


def anchor_pairs(facts: JsonObject, archetype: str, people: Sequence[str]) -> list[Pair]:
    """What the earlier scene at this place had, word for word, then this place's own things and one of the period."""
    kept = facts.get("kept_anchors") or {}
    pairs = [Pair(*p) for p in zip(kept.get("zh") or [], kept.get("en") or [], strict=False)][:MAX_ANCHORS]
    if len(pairs) >= 4:
        return pairs
    book = books.sets()
    place = book.kinds[archetype]
    things = place.things if is_sample(facts) else tuple(t for t in place.things if not read_hours(" ".join(t)))
    start = digest(facts["scene"]["location"]) % len(things)
    own = [things[(start + i) % len(things)] for i in range(len(things))]
    era = era_of(facts)
    unsaid = era == "modern" and not place.inside
    period = book.plain if era == "" or era == "past" or unsaid else book.eras[era]
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


def era_of(facts: JsonObject) -> StoryEra:
    """Which period's things lie about; one for the whole story, "" where neither style nor text tells."""
    if not is_sample(facts):
        return read_era(whole_of(facts))
    text = " ".join(str(facts.get(k) or "") for k in ("genre", "style", "title"))
    if _FUTURE.search(text):
        return "future"
    if language_of(facts) == "zh":
        return "east" if _EAST.search(text) else "modern"
    return "west" if _WEST.search(text) else "modern"


def _archetype(facts: JsonObject, language: str) -> str:
    scene = facts["scene"]
    location = str(scene["location"])
    other = "en" if language == "zh" else "zh"
    named = places.archetype_of(location, language, sample=True) or places.archetype_of(location, other, sample=True)
    if named:
        return named
    place = places.find_place(str(scene["summary"]), language, (), sample=True)
    return (place or places.default_place(language, digest(location))).archetype


#: kinds that are furnished with things of today
_OF_TODAY = frozenset({"school", "hospital", "office", "lab", "ship", "station"})


def _archetype_as_told(facts: JsonObject, language: str) -> str:
    """By the location's own words, then by what the brief's world says of it; else no more than inside or outside."""
    scene = facts["scene"]
    location = str(scene["location"])
    kind = places.archetype_of(location, language) or places.archetype_of(location, "en" if language == "zh" else "zh")
    if kind is None:
        own: JsonObject = next((w for w in facts.get("world") or [] if fold(str(w["name"])) == fold(location)), {})
        kind = places.archetype_by_description(str(own.get("description") or ""), language)
    if kind is None:
        kind = next(
            (k for name, k in reading.find_places(str(scene["summary"]), language) if fold(name) == fold(location)),
            "outside",
        )
    past = era_of(facts) in ("east", "west", "past")
    return "inside" if past and kind in _OF_TODAY else kind


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


def _describe_as_told(archetype: str, position: str, hours: Hours, people: Sequence[str]) -> tuple[Pair, Light, Air]:
    """The same by what is told of hour, season and weather; where nothing is, by none."""
    book = books.sets()
    part: ArcPart = position if position in book.lights else "opening"
    bases = [kind.plain or kind.base for kind in (book.kinds[archetype], *book.kinds.values())]
    light, sky = book.hours[hours.time or "unknown"], book.weathers[hours.weather or "unknown"]
    if hours.season:
        season = book.seasons[hours.season]
        time = Pair(f"{season.zh}，{light.time.zh}", f"{season.en}, {light.time.en}") if hours.time else season
        light = light.model_copy(update={"time": time})
    told = Air(mood=book.airs[part][0].mood, weather=sky.weather, sentence=sky.sentence)
    lights = [light, *(x for group in book.lights.values() for x in group)]
    airs = [told, *(x for group in book.airs.values() for x in group)]
    return (
        next((b for b in bases if not _mentions(b, people)), bases[0]),
        next((x for x in lights if not _names_somebody(x, people)), light),
        next((x for x in airs if not _names_somebody(x, people)), told),
    )


def read_scene_hours(facts: JsonObject) -> Hours:
    """The hour, season and weather of a scene: its own words, completed by the story's at this point."""
    scene, whole = facts["scene"], whole_of(facts)
    names = [n for c in whole.get("characters") or [] for n in (c["name"], *(c.get("aliases") or []))]
    names += [str(n) for n in facts.get("cast_names") or []] + [str(p["name"]) for p in facts.get("cast") or []]
    text = _words_of(scene)
    told, before = read_hours(text, names), _words_of(facts.get("previous_scene") or {})
    known = story_hours(whole, text)
    if known is not None:
        # the event's own hour is the whole sentence's, of which the scene may tell a part
        return known.completed_by(told)
    # the way to an event or from it: the hour of the scene before goes on
    return (story_hours(whole, before) or Hours()).later(read_hours(before, names), before).later(told, text)


def _words_of(scene: JsonObject) -> str:
    return " ".join(str(scene.get(key) or "") for key in ("beat", "summary", "location"))


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
