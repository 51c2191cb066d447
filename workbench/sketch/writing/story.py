"""Reads a brief into what the drafts are written from: its events, who is in them and where they happen.

Everything here is a pure function of the brief: no clock, no set order, no hash(), so that the same brief
gives the same story in every process.
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from random import Random

from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import Phrases
from workbench.sketch.reading.absences import find_absent
from workbench.sketch.reading.deaths import find_deaths, find_returns
from workbench.sketch.reading.hours import NOTHING_TOLD, Hours, passes_long, read_hours
from workbench.sketch.reading.people import Person as Being
from workbench.sketch.reading.people import read_people
from workbench.sketch.reading.places import find_destination, find_side, is_slugged
from workbench.sketch.reading.samples import is_sample
from workbench.sketch.reading.words import either
from workbench.sketch.writing import places, sentences
from workbench.sketch.writing.pen import told_phrases
from workbench.story.leads import find_leads
from workbench.story.names import NameIndex


@dataclass(frozen=True)
class Person:
    """A character as the drafts see one; `gender` is "f", "m" or "" where the brief does not tell."""

    name: str
    aliases: tuple[str, ...]
    gender: str
    #: "person", or what kind of animal, machine or thing it is
    shape: str = "person"


@dataclass(frozen=True)
class Event:
    """One thing that happens. `text` is a full sentence without its end mark, `short` its core, fit for quoting."""

    text: str
    short: str
    people: tuple[str, ...]
    place: places.Place
    #: of this moment, by its own words and by what was told before it
    hours: Hours = NOTHING_TOLD
    #: who is dead before it, and who dies in it: nobody does anything afterwards
    gone: tuple[str, ...] = ()
    dies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Story:
    """A brief, read."""

    language: str
    title: str
    people: tuple[Person, ...]
    lead: str
    props: tuple[str, ...]
    world_places: tuple[places.Place, ...]
    events: tuple[Event, ...]
    #: a sample story is read as it was first read
    sample: bool = False

    @cached_property
    def book(self) -> Phrases:
        return books.phrases(self.language) if self.sample else told_phrases(self.language)

    def is_human(self, name: str) -> bool:
        return next((p.shape for p in self.people if p.name == name), "person") == "person"

    def rng(self, *about: object) -> Random:
        """Randomness that belongs to the story: chunks written by different calls must agree on it."""
        return Random(digest(self.title, *(e.text for e in self.events), *about))

    def props_until(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Things the story has shown by the time of these events: nothing lies about before it is given."""
        last = max((i for i, e in enumerate(self.events) if e.text in texts), default=-1)
        shown = " ".join(e.text for e in self.events[: last + 1])
        return tuple(p for p in self.props if re.sub(r"^(?:the|a|an) ", "", p) in shown)

    @cached_property
    def names(self) -> NameIndex:
        return index_people(self.people)

    def find_people(self, text: str) -> tuple[str, ...]:
        """People named in `text` as there, in the order of the cast."""
        named = _find_present(text, self.names, sample=self.sample)
        return tuple(p.name for p in self.people if p.name in named)

    def find_place(self, text: str, known: Sequence[places.Place]) -> places.Place | None:
        """The place that a text names, by words that are not somebody's name."""
        return _find_place(text, self.language, known, self.names, sample=self.sample)


def _find_present(text: str, names: NameIndex, *, sample: bool) -> set[str]:
    present = set(names.find_present(text))
    if sample or not present:
        return present
    return present - find_absent(text, [(m.name, m.start, m.end) for m in names.mentions(text)])


def digest(*parts: object) -> int:
    """A number that depends on the words alone, in every process and on every machine."""
    joined = "\x1f".join(str(p) for p in parts)
    return int.from_bytes(hashlib.sha256(joined.encode("utf-8", "surrogatepass")).digest()[:8], "big")


def index_people(people: Sequence[Person]) -> NameIndex:
    return NameIndex({"name": p.name, "aliases": p.aliases} for p in people)


def _find_place(
    text: str, language: str, known: Sequence[places.Place], names: NameIndex, *, sample: bool
) -> places.Place | None:
    # “Church walks in” is in no church; “Farquhar's plantation” may well be a place of the story's own
    return places.find_place(names.mask(text, keep=[p.name for p in known]), language, known, sample=sample)


_TELLS = re.compile(
    r"(?:告诉|告訴|对|對|向)[^，。；：]{1,8}(?:说|說|道)?$|(?:说|說|说道)$|\b(?:tells|told) [\w ]{2,30}$"
)


def _find_event(summary: str, text: str, start: int) -> tuple[int, bool]:
    """Where an event ends in the summary, and whether it goes on with the sentence of the one before."""
    at = summary.find(text, start)
    if at < 0:
        # “… and sells the hair” has got its subject
        return start, start > 0
    return at + len(text), re.search(r"[，,：][而但可却]?\s*$", summary[:at]) is not None


def _keep_to_side(place: places.Place, text: str, language: str) -> places.Place:
    """The place where the story was, unless the text tells the open air of a room or a room of the open air."""
    known = places.is_told(place)
    side = find_side(text, language, known=known)
    if side is None or (known and places.is_inside(place) == (side[1] == "inside")):
        return place
    return places.Place(*side)


#: somebody who moves comes to where the story is
_MOVES = either(
    r"来|到|赶|跑|走|追|回|冲|出现|进|骑|飞|游|爬|跟|找|碰|遇|见|救",
    r"\b(?:comes?|arrives?|appears?|runs?|walks?|rides?|follows?|enters?|returns?|joins?|finds?|meets?|sees?|hurries|"
    r"rushes|flies|swims?|climbs?|steps?|goes|leaves?|reaches|sails?|brings?|saves?|rescues?|catches|drives?|wakes?)\b",
)


def _return_to(who: str, before: Sequence[str], left: Mapping[str, places.Place], place: places.Place) -> places.Place:
    """Where a story goes on that turns from those who are out of doors (`before`) to somebody who stayed within."""
    within = left.get(who, place)
    turns = before and who not in before and places.is_told(within)
    return within if turns and places.is_inside(within) and not places.is_inside(place) else place


def _find_destination(text: str, language: str, known: Sequence[places.Place], names: NameIndex) -> places.Place | None:
    """Where the story goes on after a text that goes somewhere."""
    told = find_destination(names.mask(text, keep=[p.name for p in known]), language)
    return None if told is None else places.match_known(told, known)


#: what of a prompt's facts tells the story; all else is of one step
_TELLING = ("story_language", "language", "title", "genre", "summary", "protagonist", "characters", "world")


def read_story(facts: JsonObject) -> Story:
    """Read the facts that every planning prompt gets."""
    return _read(json.dumps({key: facts[key] for key in _TELLING if key in facts}))


# Every draft reads the whole story: reading it anew took half of the time in which a plan with its scenes is drafted.
@functools.lru_cache(maxsize=32)
def _read(telling: str) -> Story:
    facts: JsonObject = json.loads(telling)
    language = language_of(facts)
    book = books.phrases(language)
    summary = str(facts.get("summary") or "")
    characters = facts.get("characters") or []
    sample = is_sample(facts)
    told = {} if sample else read_people(facts)
    people = tuple(_person(c, summary, book, told) for c in characters if str(c["name"]).strip())
    world_places, props = _world(facts.get("world") or [], language, sample)
    lead = _lead(str(facts.get("protagonist") or ""), people, book, sample=sample)
    events = _events(summary, language, people, world_places, lead, sample)
    return Story(language, str(facts.get("title") or ""), people, lead, props, world_places, events, sample)


def whole_of(facts: JsonObject) -> JsonObject:
    """The whole brief behind a scene's facts, where they have it; else the facts themselves."""
    whole = facts.get("whole")
    return whole if isinstance(whole, dict) else facts


def story_hours(whole: JsonObject, text: str) -> Hours | None:
    """Hour, season and weather of the brief's event that a text tells; None where it tells none of them."""
    if not str(whole.get("summary") or "").strip() or not text.strip():
        return None
    folded = text.casefold()
    story = read_story(whole)
    events, names = story.events, [n.casefold() for p in story.people for n in (p.name, *p.aliases)]
    event = next((e for e in events if e.text.casefold() in folded), None) or next(
        (e for e in events if len(e.short) >= 8 and e.short.casefold() in folded), None
    )
    if event is None:
        # a scene may tell one clause of a long event, and names whom its pronoun means
        clauses = [_without_subject(c.strip(), names) for c in re.split(r"[。！？.!?]", folded)]
        event = next((e for e in events for c in clauses if len(c) >= 6 and c in e.text.casefold()), None)
    return event.hours if event else None


def _without_subject(clause: str, names: Sequence[str]) -> str:
    """A clause without the name that it begins with."""
    return next((clause[len(n) :].strip() for n in names if n and clause.startswith(n)), clause)


def language_of(facts: JsonObject) -> str:
    """The story's language: as the facts give it, else by its script."""
    language = facts.get("story_language") or facts.get("language")
    if language in ("zh", "en"):
        return str(language)
    text = f"{facts.get('title') or ''}{facts.get('summary') or ''}"
    return "zh" if len(re.findall(r"[一-鿿]", text)) * 4 >= len(text.strip()) > 0 else "en"


def _person(character: JsonObject, summary: str, book: Phrases, told: Mapping[str, Being]) -> Person:
    name = str(character["name"]).strip()
    aliases = tuple(str(a) for a in character.get("aliases") or [])
    if name in told:
        return Person(name, aliases, told[name].sex, told[name].being.shape)
    description = f"{name} {character.get('description') or ''}"
    return Person(name, aliases, sentences.gender_of(description, book) or sentences.gender_before(name, summary, book))


def _world(
    world: Sequence[JsonObject], language: str, sample: bool
) -> tuple[tuple[places.Place, ...], tuple[str, ...]]:
    """World elements that are places, and the others, which are things."""
    set_places: list[places.Place] = []
    props: list[str] = []
    for element in world:
        name = str(element["name"]).strip()
        archetype = places.archetype_of(name, language, sample=sample)
        if archetype is None and not sample:
            archetype = places.archetype_by_description(str(element.get("description") or ""), language)
        if archetype is not None:
            set_places.append(places.Place(name, archetype))
        elif name and len(name) <= (8 if language == "zh" else 30):
            props.append(name)
    return tuple(set_places), tuple(props)


def _lead(protagonist: str, people: Sequence[Person], book: Phrases, *, sample: bool) -> str:
    leads = find_leads(protagonist, index_people(people))
    for person in people:
        if person.name in leads:
            return person.name
    if people:
        return people[0].name
    if not protagonist.strip() and not sample:
        return ""
    short = protagonist.strip()
    return short if 0 < len(short) <= book.max_name and not re.search(r"[，。,.;；\n]", short) else book.nobody


def _events(
    summary: str, language: str, people: Sequence[Person], world_places: Sequence[places.Place], lead: str, sample: bool
) -> tuple[Event, ...]:
    """The summary's events in order; each knows its people (pronouns looked up) and the place it happens at."""
    events: list[Event] = []
    proper, names = [p.name for p in people], index_people(people)
    recent: tuple[str, ...] = ()
    hours = Hours()
    gone: tuple[str, ...] = ()
    known = [(p.name, *p.aliases) for p in people]
    #: what a slugline has told holds to the next one
    script = False
    spot = 0
    #: where everybody was last
    left: dict[str, places.Place] = {}
    place = places.no_place(language)
    if sample:
        place = world_places[0] if world_places else places.default_place(language, digest(summary))
    for text in sentences.split_events(summary, language, proper):
        mentioned = _find_present(text, names, sample=sample)
        spot, goes_on = _find_event(summary, text, spot)
        if goes_on and not sample and events and _TELLS.search(events[-1].text):
            # what somebody tells: who does it in their words is not there for that
            mentioned &= set(events[-1].people)
        named = [p.name for p in people if p.name in mentioned]
        if sample:
            meant = sentences.resolve_pronouns(text, language, people, recent)
        else:
            spoken = {m.name: m.start for m in reversed(names.mentions(text))}
            # the rest of a sentence is about whom its beginning names
            about = events[-1].people[0] if goes_on and events and events[-1].people else lead
            meant = sentences.find_meant(text, language, people, recent, spoken, about)
        slug, told = not sample and is_slugged(text), None
        if slug or not script:
            told = _find_place(text, language, world_places, names, sample=sample)
            place = told or (place if sample else _keep_to_side(place, text, language))
            if told is None and not sample and passes_long(text):
                place = places.no_place(language)
        script = script or slug
        short = sentences.replace_pronoun(sentences.extract_core(text, language, proper), people, meant)
        full = sentences.replace_pronoun(text, people, meant)
        there = dict.fromkeys([*named, *meant])
        if not sample:
            gone = tuple(n for n in gone if n not in find_returns(full, known))
            there = dict.fromkeys(n for n in there if n not in gone)
            recent = tuple(n for n in recent if n not in gone)
        at = {m.name: m.start for m in reversed(names.mentions(full))}
        spots = {name: at.get(name, sentences.find_pronoun(full, name, people)) for name in there}
        present = tuple(sorted(there, key=spots.__getitem__))
        if sample:
            present = present or recent[:1]
        recent = tuple(dict.fromkeys([*present, *recent]))
        if told is None and events and present and not (sample or script or goes_on):
            turns = find_side(text, language, known=True) is None and not _MOVES.search(text)
            place = _return_to(present[0], events[-1].people, left, place) if turns else place
        left |= dict.fromkeys(present, place)
        before, hours = hours, hours.later(read_hours(text, proper), text)
        if goes_on and not hours.time and not sample:
            # the rest of a sentence is at its hour
            hours = replace(hours, time=before.time)
        dies = () if sample else find_deaths(sentences.replace_object(full, people, meant), known)
        events.append(Event(full, short, present, place, hours, gone, dies))
        if told is not None and not sample and not script:
            place = _find_destination(text, language, world_places, names) or place
        gone = tuple(dict.fromkeys([*gone, *dies]))
    return tuple(events)


def write_chat_answer(question: str) -> str:
    """What the offline provider says in a chat."""
    language = language_of({"summary": question})
    line = " ".join(question.split())
    shown = line if len(line) <= 200 else line[:199] + "…"
    return books.phrases(language).chat.format(question=shown)
