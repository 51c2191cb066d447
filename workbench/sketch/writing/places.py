"""Places: which one a text speaks of, and what kind of set it is. Their words are in `books/*/places.toml`."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.sketch import books
from workbench.sketch.reading import places as reading


@dataclass(frozen=True)
class Place:
    """`name` as the story calls it, `archetype` a kind of `books.sets()`."""

    name: str
    archetype: str


def archetype_of(name: str, language: str, *, sample: bool = False) -> str | None:
    """What kind of set a name speaks of; None when it is no place (a watch, a ledger)."""
    archetype = _archetypes_by_name(language).get(name.strip())
    if not sample:
        return reading.kind_of_name(name, language) or archetype
    place = None if archetype else _place_by_word(name, language)
    return place.archetype if place is not None else archetype


@functools.cache
def _archetypes_by_name(language: str) -> dict[str, str]:
    """The names that the book gives, some of which hold none of their own words (大路, the doorstep)."""
    book = books.places(language)
    return {p.name: p.kind for p in (*book.words, *book.near.inside, *book.near.outside, *book.defaults)}


def archetype_by_description(description: str, language: str) -> str | None:
    """What kind of set a world element is by what its description begins with: “a white tower on black rocks”."""
    first = re.split(r"[,.;，。；]", description, maxsplit=1)[0].strip()
    if language == "en" and not re.match(r"(?:the|an?)\s", first, re.IGNORECASE):
        return None
    return reading.kind_of_name(first, language) if len(first) <= 60 else None


def find_place(
    text: str, language: str, known: Sequence[Place], names: Sequence[str] = (), *, sample: bool = False
) -> Place | None:
    """The place a text happens at: one of the brief's own first, then what its words say; None when they say
    nothing. `names` of people are no places."""
    for place in known:
        bare = re.sub(r"^(?:the|a|an)\s+", "", place.name, flags=re.IGNORECASE)
        if bare and _has(text, bare) and (sample or not _is_only_seen(text, bare)):
            return place
    if not sample:
        told = next(iter(reading.find_places(text, language, names)), None)
        if told is None:
            return None
        return match_known(told, known)
    general = _place_by_word(text, language)
    if general is None:
        return None
    # “the flat” in the brief's world is the home that the text means.
    return next((p for p in known if p.archetype == general.archetype), general)


def match_known(told: tuple[str, str], known: Sequence[Place]) -> Place:
    """The place of this name and kind, or one of the brief's own that it means."""
    return next((p for p in known if p.archetype == told[1] and _same_noun(p.name, told[0])), Place(*told))


def _is_only_seen(text: str, bare: str) -> bool:
    return (
        re.search(
            rf"(?:(?:look|stare|gaze|point|dream)(?:s|ed|ing)? (?:at|toward|towards|of)|望着|看着|想起|"
            rf"梦见)\s*(?:the |那座)?{re.escape(bare)}",
            text,
            re.IGNORECASE,
        )
        is not None
    )


def _same_noun(a: str, b: str) -> bool:
    last_a, last_b = a.casefold().split()[-1], b.casefold().split()[-1]
    return last_a == last_b or last_a.endswith(last_b) or last_b.endswith(last_a)


def default_place(language: str, choice: int) -> Place:
    """A place for a sample that names none."""
    place = books.places(language).defaults[choice % 3]
    return Place(place.name, place.kind)


def no_place(language: str) -> Place:
    """Where something happens of which nothing is told."""
    return Place("那里" if language == "zh" else "the place", "outside")


def is_told(place: Place) -> bool:
    """Whether anything is known of it."""
    return place.name not in ("那里", "the place")


def is_inside(place: Place) -> bool:
    return books.sets().kinds[place.archetype].inside


def places_near(place: Place, language: str) -> tuple[Place, ...]:
    """Places next to this one, for the ways there and back."""
    near = books.places(language).near
    neighbours = near.inside if is_inside(place) else near.outside
    return tuple(Place(p.name, p.kind) for p in neighbours if p.kind != place.archetype)


def _place_by_word(text: str, language: str) -> Place | None:
    """By the word that comes first in a Chinese text, by the book's first word in an English one."""
    words = books.places(language).words
    if language == "zh":
        hits = [(text.find(w.word), number) for number, w in enumerate(words) if w.word in text]
        word = words[min(number for _, number in hits)] if hits else None
    else:
        word = next((w for w in words if _has(text, w.word)), None)
    return Place(word.name, word.kind) if word else None


def _has(text: str, word: str) -> bool:
    if word.isascii():
        return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
    return word in text
