"""Fills phrases with a story's own people, places and things, and keeps texts from repeating each other."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from workbench.sketch import books
from workbench.sketch.books import Phrases, Texts
from workbench.sketch.reading.assumptions import is_neutral
from workbench.sketch.writing.sentences import upper_first
from workbench.story.similarity import bigrams

T = TypeVar("T")
#: texts below this are told apart at a glance, and safely below what counts as a near-duplicate
APART = 0.5
TRIES = 32


@dataclass(frozen=True)
class Moment:
    """What the slots of a phrase stand for. `a` empty: nobody is there; `b` None: nobody else is."""

    a: str
    b: str | None
    place: str
    prop: str
    short: str
    inside: bool = True
    #: `a` is a person, with hands and a face
    human: bool = True


class Pen:
    """Draws phrases from a book in a random but repeatable order and fills them for a moment."""

    def __init__(self, book: Phrases, rng: Random) -> None:
        self.book = book
        self.rng = rng

    def pick(self, pool: Texts, moment: Moment) -> str:
        """A phrase of the pool that fits the moment, filled, without its end mark."""
        return self.fill(self.rng.choice(select_fitting(pool, moment, self.book.indoors)), moment)

    def fill(self, template: str, moment: Moment) -> str:
        text = template.format(
            a=moment.a, b=moment.b or self.book.somebody, place=moment.place, prop=moment.prop, short=moment.short
        )
        return self.capitalise(text)

    def capitalise(self, text: str) -> str:
        """Capital letters where English sentences begin; Chinese has none."""
        if not self.book.space:
            return text
        return re.sub(r"([.?!] )([a-z])", lambda m: m.group(1) + m.group(2).upper(), upper_first(text))

    def close(self, text: str) -> str:
        """The sentence with its end mark."""
        text = text.rstrip()
        ends = (".", "!", "?", "…", ".”") if self.book.space else ("。", "！", "？", "…", "。”")
        return text if text.endswith(ends) else text + self.book.stop

    def join(self, *sentences: str) -> str:
        """Sentences one after the other, each with its end mark."""
        return self.book.space.join(self.close(s) for s in sentences if s.strip())


def select_fitting(pool: Sequence[str], moment: Moment, indoors: Sequence[str] = ()) -> list[str]:
    """Phrases that need nobody who is not there and no door on an open road; the whole pool if none is left."""
    fits = [p for p in pool if fits_moment(p, moment)]
    placed = [p for p in fits if moment.inside or not any(word in p for word in indoors)]
    return (placed if len(placed) > 3 else fits) or list(pool)


def fits_moment(phrase: str, moment: Moment) -> bool:
    """Whether all that the phrase speaks of is there: somebody else, a thing, a person's body."""
    there = (moment.b or "{b}" not in phrase) and (moment.prop or "{prop}" not in phrase)
    there = there and (moment.a or "{a}" not in phrase)
    return bool(there) and (moment.human or is_neutral(phrase, human=False))


@functools.cache
def told_phrases(language: str) -> Phrases:
    """The book's phrases that take nothing for granted, for a story that is no sample."""
    book = books.phrases(language)
    pools = {
        name: (*(p for p in getattr(book, name) if is_neutral(p)), *getattr(book.neutral, name, ())) for name in _POOLS
    }
    stages = {
        name: (*(s for s in getattr(book, name) if is_neutral(f"{s.beat} {s.summary}")), *getattr(book.neutral, name))
        for name in ("lead_in", "aftermath")
    }
    pools["titles"] = tuple(t for t in pools["titles"] if not t.endswith(("的", "的事")))
    arc = {part: tuple(t for t in texts if is_neutral(t)) or texts for part, texts in book.arc.items()}
    return book.model_copy(update={**pools, **stages, "arc": arc, "common_props": ()})


_POOLS = (
    "titles", "before", "during", "after", "openings", "attempts", "turns", "closings", "scopes", "cliffhangers",
    "themes", "conflicts", "payoffs", "motifs", "endings", "hooks", "stagings",
)  # fmt: skip


def shuffle(items: Iterable[T], rng: Random) -> list[T]:
    """The items in a random order, as a new list."""
    order = list(items)
    rng.shuffle(order)
    return order


def closeness(a: str, b: str) -> float:
    """How alike two texts are, by the stricter of plain and counted bigrams."""
    (plain_a, counted_a), (plain_b, counted_b) = _grams(a), _grams(b)
    return max(_share(plain_a, plain_b), _share(counted_a, counted_b))


def _share(a: frozenset[str], b: frozenset[str]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared) if shared else 0.0


# Each text is compared with every later one: without this a long English plan takes half a minute.
@functools.lru_cache(maxsize=4096)
def _grams(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """The bigrams of a text, and the same as often as they stand there: those of a second time with its number."""
    counted = bigrams(text)
    again = (f"{gram}{number}" for gram, count in counted.items() for number in range(2, count + 1))
    return frozenset(counted), frozenset((*counted, *again))


def write_apart(write: Callable[[], T], text_of: Callable[[T], str], earlier: Sequence[str]) -> tuple[T, float]:
    """The first of some tries that is clearly unlike everything earlier, else the least alike, with its closeness."""
    best: tuple[T, float] | None = None
    for _ in range(TRIES if earlier else 1):
        attempt = write()
        text, worst = text_of(attempt), 0.0
        for other in earlier:
            worst = max(worst, closeness(text, other))
            if best is not None and worst >= best[1]:
                break
        else:
            best = (attempt, worst)
        if worst < APART:
            break
    assert best is not None
    return best


def pick_prop(world: Sequence[str], book: Phrases, rng: Random) -> str:
    """A thing of the story's own, else one that any room has; "" where the book has none."""
    things = list(world) or list(book.common_props)
    return rng.choice(things) if things else ""
