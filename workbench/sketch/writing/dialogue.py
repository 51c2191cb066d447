"""Drafts a scene's dialogue: what its people would say of what the scene is about, in the time there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from workbench.artifacts.storyboard import Dialogue, Line, LineType
from workbench.sketch.writing import places
from workbench.sketch.writing.lines import Lines, Matter, lines_for
from workbench.sketch.writing.poses import clause, short
from workbench.sketch.writing.sentences import upper_first
from workbench.sketch.writing.story import digest, language_of, names
from workbench.story.names import fold
from workbench.story.timing import dialogue_s

T = TypeVar("T")
#: drafted lines stay well inside the time, so that a reader's own words still fit
SHARE = 0.9
#: one in so many scenes of somebody alone is silent
SILENT_IN = 8
NOTE_IN = 3
MOST_LINES = 6


@dataclass(frozen=True)
class Said:
    """A line before it is somebody's: its words, and which mood it is said in."""

    text: str
    emotions: tuple[str, ...]


def dialogue(facts: dict[str, Any], rng: Random) -> Dialogue:
    """Lines around what the scene is about; alone somebody thinks aloud, an empty set has a narrator."""
    return _Writer(facts, rng).dialogue()


def matter_of(book: Lines, beat: str, summary: str) -> Matter | None:
    """What a scene is about: its beat tells most, then what happens first in it."""
    first = re.split(r"[。.]", summary, maxsplit=1)[0]
    weights = ((beat, 4), (first, 2), (summary, 1))

    def score(matter: Matter) -> int:
        return sum(weight * sum(1 for _ in matter.words.finditer(text)) for text, weight in weights)

    best = max(book.matters, key=score)
    return best if score(best) else None


class _Writer:
    def __init__(self, facts: dict[str, Any], rng: Random) -> None:
        self._language = language_of(facts)
        self._book = lines_for(self._language)
        self._rng = rng
        scene = facts["scene"]
        self._beat, self._summary = str(scene.get("beat") or ""), str(scene.get("summary") or "")
        self._people = [str(p["name"]) for p in facts.get("cast") or []]
        self._max_seconds = float(facts["max_seconds"])
        mood = str(facts.get("position") or "")
        self._mood = mood if mood in self._book.talk else "opening"
        # neighbouring scenes take neighbouring phrases, other episodes begin elsewhere
        self._order = int(scene.get("order") or 1)
        self._turn = self._order + digest(facts.get("title"), facts.get("theme")) % 97
        self._matter = matter_of(self._book, self._beat, self._summary)
        self._slots = {
            "place": short(str(scene.get("location") or "")),
            "prop": self._prop(facts),
            "event": self._event(),
        }

    def dialogue(self) -> Dialogue:
        people = self._people
        if len(people) == 1 and self._order > 1 and digest(self._summary) % SILENT_IN == 0:
            return Dialogue(silent=True, reason=self._filled(self._rng.choice(self._book.silences), people[0])[:300])
        groups = self._narrated() if not people else self._alone() if len(people) == 1 else self._together()
        return Dialogue(lines=_fitting([g for g in groups if g], self._max_seconds))

    def _narrated(self) -> list[list[Line]]:
        return [self._telling(), [Line(type="narration", text=self._filled(self._pick(self._book.scenery)))]]

    def _alone(self) -> list[list[Line]]:
        """A thought or two, now and then after a narrator."""
        general = Said(self._pick(self._book.alone[self._mood]), self._book.emotions[self._mood])
        own = Said(self._pick(self._matter.alone), self._matter.emotions) if self._matter else general
        person = self._people[0]
        forms: tuple[tuple[tuple[LineType, Said], ...], ...] = (
            (("thought", own),),
            (("thought", own), ("monologue", general)),
            (("monologue", own),),
            (("thought", general), ("monologue", own)),
        )
        form = forms[self._turn % len(forms)]
        opening = self._telling() if len(form) == 1 else []
        return [opening, *([self._line(kind, person, said, person)] for kind, said in form)]

    def _together(self) -> list[list[Line]]:
        """Exchanges whose lines answer each other: one of what the scene is about, one of how far the story has come."""
        a, b = self._people[0], self._people[1]
        moods = self._book.emotions[self._mood]
        general = [Said(t, moods) for t in self._pick(self._book.talk[self._mood])]
        own = [Said(t, self._matter.emotions) for t in self._pick(self._matter.talk)] if self._matter else []
        form = self._turn % 3
        exchanges = [own or general] if form == 0 else [own, general]
        if form == 2:
            a, b = b, a
        groups = [self._telling() if form == 0 else []]
        for number, exchange in enumerate(e for e in exchanges if e):
            # whoever was asked first asks back
            first, second = (a, b) if number == 0 else (b, a)
            pairs = [(first, second) if index % 2 == 0 else (second, first) for index in range(len(exchange))]
            groups.append(
                [self._line("dialogue", who, said, other) for (who, other), said in zip(pairs, exchange, strict=True)]
            )
        if len(self._people) > 2:
            third = Said(self._pick(self._book.third), moods)
            groups.append([self._line("dialogue", self._people[2], third, a)])
        return groups

    def _telling(self) -> list[Line]:
        if not self._slots["event"]:
            return []
        return [Line(type="narration", text=self._filled(self._pick(self._book.telling)))]

    def _line(self, kind: LineType, speaker: str, said: Said, other: str) -> Line:
        notes = [self._rng.choice(self._book.notes)] if self._rng.randrange(NOTE_IN) == 0 else []
        text = self._filled(said.text, other)
        return Line(type=kind, speaker=speaker, emotion=self._rng.choice(said.emotions), notes=notes, text=text)

    def _filled(self, text: str, other: str = "") -> str:
        return upper_first(text.format(a=other, b=self._called(other), **self._slots))[:500]

    def _called(self, name: str) -> str:
        bare = re.sub(r"^(?:the|an?)\s+", "", name, flags=re.IGNORECASE) or name
        return self._book.called.get(name, upper_first(bare))

    def _pick(self, pool: Sequence[T]) -> T:
        """The phrase whose turn it is; one with an empty slot gives way to one that no neighbour takes."""
        size = len(pool)
        ranked: list[T] = [
            pool[(self._turn + step) % size] for step in (0, *range(size // 2, size), *range(1, size // 2))
        ]
        if self._slots["prop"] and self._turn % 2 == 0:
            ranked.sort(key=lambda phrase: "{prop}" not in _words(phrase))
        return next((p for p in ranked if self._fits(_words(p))), ranked[0])

    def _fits(self, words: str) -> bool:
        return all(value or f"{{{slot}}}" not in words for slot, value in self._slots.items())

    def _prop(self, facts: dict[str, Any]) -> str:
        """A thing of the story's own that this scene names; nothing else may be in anybody's hand."""
        told = f"{self._summary} {self._beat}"
        named = (str(p) for p in facts.get("props") or [])
        return next(
            (
                p
                for p in named
                if 0 < len(p) <= 24
                and names(told, p)
                and p not in self._people
                and places.archetype_of(p, self._language) is None
            ),
            "",
        )

    def _event(self) -> str:
        """What happens, as the brief says it, short enough to be said; empty when it cannot be."""
        first = re.split(r"[。！？]|(?<=[a-z\"”])\. ", self._summary, maxsplit=1)[0]
        for text in (self._beat, first):
            said = clause(text, self._book.event_chars)
            told = said and said.casefold() in self._summary.casefold() and not said.endswith("…")
            # “Sitting down at last” is no sentence
            whole = self._language == "zh" or (said.count(" ") >= 3 and not re.match(r"\w+ing\b", said))
            if told and (whole or any(names(said, p) for p in self._people)) and len(said) >= 4:
                return upper_first(said)
        return ""


def _words(phrase: object) -> str:
    return phrase if isinstance(phrase, str) else " ".join(map(str, phrase))  # type: ignore[call-overload]


def _fitting(groups: list[list[Line]], max_seconds: float) -> list[Line]:
    """Of lines that belong together, as many groups as the time allows; a narrator comes last to be let in.

    When none fits: the shortest line alone, cut if need be.
    """
    kept: set[int] = set()
    for number in sorted(range(len(groups)), key=lambda n: groups[n][0].type == "narration"):
        lines = _laid_out(groups, kept | {number})
        if len(lines) <= MOST_LINES and _seconds(lines) <= max_seconds * SHARE:
            kept.add(number)
    if kept:
        return _laid_out(groups, kept)
    line = min((one for group in groups for one in group), key=lambda one: _seconds([one]))
    while _seconds([line]) > max_seconds * SHARE and len(line.text) > 1:
        line = line.model_copy(update={"text": _shorter(line.text)})
    return [line]


def _laid_out(groups: list[list[Line]], kept: set[int]) -> list[Line]:
    """The lines of these groups in order, none of them twice."""
    by_text = {fold(line.text): line for n in sorted(kept, reverse=True) for line in reversed(groups[n])}
    return [line for n in sorted(kept) for line in groups[n] if by_text[fold(line.text)] is line]


def _shorter(text: str) -> str:
    """Without its last words; what is one word loses its last letters."""
    cut = text.rstrip().rfind(" ")
    made = text[:cut] if cut > 0 else text[: len(text) * 3 // 4]
    return made.rstrip("，,。.；;：:、？?！! ") or text[:1]


def _seconds(lines: Sequence[Line]) -> float:
    return dialogue_s([line.model_dump() for line in lines])
