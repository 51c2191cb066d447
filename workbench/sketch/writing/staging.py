"""Turns an episode's beats, drafted or edited by hand, into moments: who is there, where, with what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from workbench.json_types import JsonObject
from workbench.sketch.writing import places, sentences
from workbench.sketch.writing.pen import Moment, pick_prop
from workbench.sketch.writing.places import Place
from workbench.sketch.writing.story import Event, Story


@dataclass(frozen=True)
class Beat:
    """One beat of an episode. `text` is the sentence, without its end mark."""

    text: str
    short: str
    people: tuple[str, ...]
    place: Place
    #: it tells an event of the brief, not only the way to one
    happens: bool
    #: the story's things that have been shown by now
    props: tuple[str, ...] = ()
    #: who is dead by then, and who dies in it
    gone: tuple[str, ...] = ()
    dies: tuple[str, ...] = ()


def read_beats(story: Story, episode: JsonObject) -> list[Beat]:
    """The beats in order, each with people and place; what a beat does not say comes from the one before or from the
    brief."""
    texts = [t for t in episode.get("beats") or [] if t.strip()] or [episode["logline"]]
    names = [p.name for p in story.people]
    cast = tuple(n for n in episode.get("main_characters") or [] if n in names)
    main = _event_in(story, " ".join([*texts, episode["logline"]]))
    place = main.place if main else _first_place(story)
    present = cast or (main.people if main else ()) or ((story.lead,) if story.lead in names else ())
    props = story.props_until([e.text for e in (_event_in(story, t) for t in (*texts, episode["logline"])) if e])
    gone = main.gone if main else ()
    beats: list[Beat] = []
    last: Event | None = None
    for raw in texts:
        text = raw.strip().rstrip("。.!！?？ ")
        same = _event_in(story, text)
        named = story.find_people(text) or sentences.resolve_pronouns(text, story.language, story.people, present)
        # what a plan adds to the brief happens to those who are named, or were there last
        people = same.people if same else _merge(named, cast) if story.sample or not beats else named
        before, place = place, _place(story, text, same) or place
        short = same.short if same else sentences.extract_core(text, story.language, names)
        gone = same.gone if same else gone
        if same and not people and not story.sample:
            # whoever was there stays, unless the story goes elsewhere or time passes
            stays = last is not None and place == before and same.hours.time == last.hours.time
            present = beats[-1].people if stays else ()
        last = same or last
        living = tuple(n for n in people or present if n not in gone)
        beats.append(Beat(text, short, living, place, same is not None, props, gone, same.dies if same else ()))
        present = (_merge(people, cast) if story.sample else living) or present
        gone = (*gone, *(same.dies if same else ()))
    return beats


def beat_moments(story: Story, episode: JsonObject, rng: Random) -> list[Moment]:
    """A moment for each beat that tells an event of the brief; for every beat when none does."""
    beats = read_beats(story, episode)
    return [
        moment_at(story, beat, rng, swap=0, after=bool(beat.dies)) for beat in [b for b in beats if b.happens] or beats
    ]


def quote_event(story: Story, text: str) -> str:
    """The event that a text is about, fit for quoting; its own first sentence when it is none of the brief's."""
    first = re.split(r"[。！？!?]|\.\s|\.$", text.strip(), maxsplit=1)[0].rstrip("…")
    same = _event_in(story, text)
    return same.short if same else sentences.extract_core(first, story.language, [p.name for p in story.people])


def moment_at(
    story: Story, beat: Beat, rng: Random, place: Place | None = None, swap: float = 0.3, *, after: bool = False
) -> Moment:
    """The slots of phrases around a beat; its first person leads, with probability `swap` the other does. `after`: who
    dies in it is dead by then."""
    gone = (*beat.gone, *beat.dies) if after else beat.gone
    people = [p for p in beat.people if p not in gone]
    living = [p.name for p in story.people if p.name not in gone]
    lead = story.lead if story.lead in living or not living else living[0]
    a = lead if lead in people or not people else people[0]
    if beat.happens and not people and not story.sample:
        # nobody is told to be there: the event itself, and no more
        a, living = "", []
    others = [p for p in people if p != a]
    if story.sample:
        others = others or [name for name in living if name != a]
    b = others[0] if others else None
    if b in people and rng.random() < swap:
        a, b = str(b), a
    return Moment(
        a,
        b,
        (place or beat.place).name,
        pick_prop(beat.props, story.book, rng),
        beat.short,
        places.is_inside(place or beat.place),
        story.is_human(a),
    )


def _event_in(story: Story, text: str) -> Event | None:
    """The brief's event that a text tells or quotes."""
    folded = text.casefold()
    return next((e for e in story.events if e.text.casefold() in folded), None) or next(
        (e for e in story.events if _quotes(folded, e.short.casefold(), story.language)), None
    )


def _quotes(text: str, short: str, language: str) -> bool:
    """Does `text` speak of the event? A few common words may stand anywhere, so those must be in quotation marks."""
    return short in text and (len(short) >= (8 if language == "zh" else 18) or f"“{short}”" in text)


def _place(story: Story, text: str, same: Event | None) -> Place | None:
    if same:
        return same.place
    told = [e.place for e in story.events if story.sample or places.is_told(e.place)]
    return story.find_place(text, (*story.world_places, *told))


def _first_place(story: Story) -> Place:
    return story.events[0].place


def _merge(people: Sequence[str], cast: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*people, *cast]))
