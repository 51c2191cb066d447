"""Turns an episode's beats, drafted or edited by hand, into moments: who is there, where, with what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from workbench.providers.sketch import places, sentences
from workbench.providers.sketch.places import Place
from workbench.providers.sketch.story import Event, Story
from workbench.providers.sketch.writing import Moment, props_of


@dataclass(frozen=True)
class Beat:
    """One beat of an episode. `text` is the sentence, without its end mark."""

    text: str
    short: str
    people: tuple[str, ...]
    place: Place


def beats_of(story: Story, episode: dict[str, Any]) -> list[Beat]:
    """The beats in order, each with people and place; what a beat does not say comes from the one before or from the brief."""
    texts = [t for t in episode.get("beats") or [] if t.strip()] or [episode["logline"]]
    names = [p.name for p in story.people]
    cast = tuple(n for n in episode.get("main_characters") or [] if n in names)
    told = _event_in(story, " ".join([*texts, episode["logline"]]))
    place = told.place if told else _first_place(story)
    present = cast or (told.people if told else ()) or ((story.lead,) if story.lead in names else ())
    found: list[Beat] = []
    for raw in texts:
        text = raw.strip().rstrip("。.!！?？ ")
        same = _event_in(story, text)
        people = story.named(text) or (same.people if same else ()) or sentences.meant(text, story.language, story.people, present)
        place = _place(story, text, same) or place
        found.append(Beat(text, sentences.core(text, story.language, names), people or present, place))
        present = _merged(people, cast) or present
    return found


def beat_moments(story: Story, episode: dict[str, Any], rng: Random) -> list[Moment]:
    """A moment for each beat."""
    return [moment(story, beat, rng) for beat in beats_of(story, episode)]


def moment(story: Story, beat: Beat, rng: Random, place: Place | None = None) -> Moment:
    """The slots of phrases around a beat; its first person leads, now and then the other does."""
    people = list(beat.people)
    a = story.lead if story.lead in people or not people else people[0]
    others = [p for p in people if p != a] or [p.name for p in story.people if p.name != a]
    b = others[0] if others else None
    if b in people and rng.random() < 0.3:
        a, b = str(b), a
    near = [p for p in story.props if re.sub(r"^the ", "", p) in beat.text]
    return Moment(a, b, (place or beat.place).name, props_of(near or story.props, story.book, rng), beat.short)


def _event_in(story: Story, text: str) -> Event | None:
    """The brief's event that a text tells or quotes."""
    folded = text.casefold()
    return next((e for e in story.events if e.text.casefold() in folded or e.short.casefold() in folded), None)


def _place(story: Story, text: str, same: Event | None) -> Place | None:
    return same.place if same else places.find(text, story.language, (*story.world_places, *(e.place for e in story.events)))


def _first_place(story: Story) -> Place:
    return story.events[0].place


def _merged(people: Sequence[str], cast: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*people, *cast]))
