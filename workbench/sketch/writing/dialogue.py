"""Drafts a scene's dialogue: what its people would say of what the scene is about, in the time there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar

from workbench.artifacts.storyboard import Dialogue, Line, LineType
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import ARC, Lines, Topic
from workbench.sketch.books.models import ArcPart
from workbench.sketch.reading.assumptions import is_neutral
from workbench.sketch.reading.beings import PERSON
from workbench.sketch.reading.people import read_cast
from workbench.sketch.reading.samples import is_sample
from workbench.sketch.reading.speech import can_speak
from workbench.sketch.writing import places
from workbench.sketch.writing.sentences import clip_to_clauses, first_clause, upper_first
from workbench.sketch.writing.story import digest, language_of, whole_of
from workbench.story.names import NameIndex, contains, fold
from workbench.story.scene_script import NARRATORS, speeches
from workbench.story.timing import dialogue_s

T = TypeVar("T")
#: drafted lines stay well inside the time, so that a reader's own words still fit
SHARE = 0.9
#: one in so many scenes of somebody alone is silent
SILENT_IN = 8
NOTE_IN = 3
MOST_LINES = 6
#: as many scenes after each other take different phrases
APART = 6


@dataclass(frozen=True)
class Phrase:
    """A line before it is somebody's: its words, and the moods it may be said in."""

    text: str
    emotions: tuple[str, ...]


def write_dialogue(facts: JsonObject, rng: Random) -> Dialogue:
    """Lines around what the scene is about; alone somebody thinks aloud, an empty set has a narrator. Where there is a
    script, what its people say."""
    entry = facts.get("scene_script")
    writer = _Writer(facts, rng)
    return writer.write() if entry is None else writer.follow(entry)


def topic_of(book: Lines, beat: str, summary: str) -> Topic | None:
    """What a scene is about: its beat tells most, then what happens first in it."""
    first = re.split(r"[。.]", summary, maxsplit=1)[0]
    weights = ((beat, 4), (first, 2), (summary, 1))

    def score(topic: Topic) -> int:
        return sum(weight * sum(1 for _ in topic.words.finditer(text)) for text, weight in weights)

    best = max(book.topics, key=score)
    return best if score(best) else None


class _Writer:
    def __init__(self, facts: JsonObject, rng: Random) -> None:
        self._language = language_of(facts)
        self._book = books.lines(self._language)
        self._rng = rng
        scene = facts["scene"]
        self._beat, self._summary = str(scene.get("beat") or ""), str(scene.get("summary") or "")
        self._people = [str(p["name"]) for p in facts.get("cast") or []]
        self._present = tuple(self._people)
        self._names = NameIndex(facts.get("cast") or [])
        self._sample = is_sample(facts)
        known = {} if self._sample else read_cast(facts, whole_of(facts))
        self._human = all(known[name].being is PERSON for name in self._people if name in known)
        whole = whole_of(facts)
        told = {
            str(c["name"]): str(c.get("description") or "") for c in whole.get("characters") or facts.get("cast") or []
        }
        self._people = [n for n in self._people if n not in known or can_speak(n, known[n], told.get(n, ""), whole)]
        self._max_seconds = float(facts["max_seconds"])
        position = str(facts.get("position") or "")
        self._part: ArcPart = next((part for part in ARC if part == position), "opening")
        # neighbouring scenes take neighbouring phrases, other episodes begin elsewhere
        self._order = int(scene.get("order") or 1)
        self._turn = self._order + digest(facts.get("title"), facts.get("theme")) % 97
        self._topic = topic_of(self._book, self._beat, self._summary)
        self._slots = {
            "place": first_clause(str(scene.get("location") or "")),
            "prop": self._prop(facts),
            "event": self._event(),
        }

    def write(self) -> Dialogue:
        people = self._people
        if len(people) == 1 and self._order > 1 and digest(self._summary) % SILENT_IN == 0:
            return Dialogue(silent=True, reason=self._fill(self._rng.choice(self._book.silences), people[0])[:300])
        groups = self._narrate() if not people else self._write_alone() if len(people) == 1 else self._write_together()
        return Dialogue(lines=_fit_time([g for g in groups if g], self._max_seconds))

    def follow(self, entry: JsonObject) -> Dialogue:
        """The script's own lines, the first of them that the time allows."""
        spoken = speeches(entry)
        heard = {self._names.find(e["speaker"]) or e["speaker"] for e in spoken if fold(e["speaker"]) not in NARRATORS}
        several = len({*self._present, *heard}) > 1
        lines = [self._line_of(e, "dialogue" if several else "monologue") for e in spoken]
        if not lines:
            who = self._people[0] if self._people else self._slots["place"]
            return Dialogue(silent=True, reason=self._fill(self._rng.choice(self._book.silences), who)[:300])
        return Dialogue(lines=_fit_in_order(lines, self._max_seconds))

    def _line_of(self, speech: JsonObject, kind: LineType) -> Line:
        """A speech of the screenplay: `kind` for who is seen; a voice over the picture tells or thinks."""
        speaker = str(speech["speaker"])
        if fold(speaker) in NARRATORS and self._names.find(speaker) is None:
            kind = "narration"
        elif speech["extension"] == "voice_over":
            kind = "thought"
        manner = [p.strip() for p in re.split(r"[，,、]", str(speech["parenthetical"])) if p.strip()]
        return Line(
            type=kind,
            speaker="" if kind == "narration" else self._names.find(speaker) or speaker,
            emotion=manner[0][:40] if manner else "",
            notes=[note[:100] for note in manner[1:5]],
            text=str(speech["text"])[:500],
        )

    def _narrate(self) -> list[list[Line]]:
        return [
            self._tell_event(),
            [Line(type="narration", text=self._fill(self._pick(self._book.scenery, self._book.plain.scenery)))],
        ]

    def _write_alone(self) -> list[list[Line]]:
        """A thought or two, now and then after a narrator."""
        words = self._pick(self._book.alone[self._part], self._book.plain.alone[self._part])
        general = own = Phrase(words, self._book.emotions[self._part])
        if self._topic and (of_topic := self._of_topic(self._topic.alone)):
            own = Phrase(of_topic, self._topic.emotions)
        person = self._people[0]
        forms: tuple[tuple[tuple[LineType, Phrase], ...], ...] = (
            (("thought", own),),
            (("thought", own), ("monologue", general)),
            (("monologue", own),),
            (("thought", general), ("monologue", own)),
        )
        form = forms[self._turn % len(forms)]
        opening = self._tell_event() if len(form) == 1 else []
        return [opening, *([self._line(kind, person, phrase, person)] for kind, phrase in form)]

    def _write_together(self) -> list[list[Line]]:
        """Exchanges whose lines answer each other: one of what the scene is about, one of how far the story has
        come."""
        a, b = self._people[0], self._people[1]
        moods = self._book.emotions[self._part]
        words = self._pick(self._book.talk[self._part], self._book.plain.talk[self._part])
        general = [Phrase(t, moods) for t in words]
        of_topic = self._of_topic(self._topic.talk) if self._topic else None
        own = [Phrase(t, self._topic.emotions) for t in of_topic or ()] if self._topic else []
        form = self._turn % 3
        exchanges = [own or general] if form == 0 else [own, general]
        if form == 2:
            a, b = b, a
        groups = [self._tell_event() if form == 0 else []]
        for number, exchange in enumerate(e for e in exchanges if e):
            # whoever was asked first asks back
            first, second = (a, b) if number == 0 else (b, a)
            pairs = [(first, second) if index % 2 == 0 else (second, first) for index in range(len(exchange))]
            groups.append(
                [
                    self._line("dialogue", who, phrase, other)
                    for (who, other), phrase in zip(pairs, exchange, strict=True)
                ]
            )
        if len(self._people) > 2:
            third = Phrase(self._pick(self._book.third, self._book.plain.third), moods)
            groups.append([self._line("dialogue", self._people[2], third, a)])
        return groups

    def _tell_event(self) -> list[Line]:
        if not self._slots["event"]:
            return []
        return [Line(type="narration", text=self._fill(self._pick(self._book.telling, self._book.plain.telling)))]

    def _line(self, kind: LineType, speaker: str, phrase: Phrase, other: str) -> Line:
        notes = [self._rng.choice(self._book.notes)] if self._rng.randrange(NOTE_IN) == 0 else []
        text = self._fill(phrase.text, other)
        return Line(type=kind, speaker=speaker, emotion=self._rng.choice(phrase.emotions), notes=notes, text=text)

    def _fill(self, text: str, other: str = "") -> str:
        return upper_first(text.format(a=other, b=self._address(other), **self._slots))[:500]

    def _address(self, name: str) -> str:
        bare = re.sub(r"^(?:the|an?)\s+", "", name, flags=re.IGNORECASE) or name
        return self._book.called.get(name, upper_first(bare))

    def _pick(self, pool: Sequence[T], plain: Sequence[T] = ()) -> T:
        """The phrase whose turn it is; one with an empty slot gives way to one that no neighbour takes. `plain` are
        those of any story, for a pool that has few others."""
        pool = self._told(pool, plain)
        size = len(pool)
        ranked: list[T] = [
            pool[(self._turn + step) % size] for step in (0, *range(size // 2, size), *range(1, size // 2))
        ]
        if self._slots["prop"] and self._turn % 2 == 0:
            ranked.sort(key=lambda phrase: "{prop}" not in _words(phrase))
        return next((p for p in ranked if self._fits(_words(p))), ranked[0])

    def _told(self, pool: Sequence[T], plain: Sequence[T]) -> Sequence[T]:
        """Of the phrases, those that take no weather, thing or stranger for granted; all where every one does."""
        if self._sample:
            return pool
        known = [*pool, *plain]
        return self._neutral(known) or [p for p in known if is_neutral(_words(p))] or pool

    def _neutral(self, pool: Sequence[T]) -> list[T]:
        return [p for p in pool if is_neutral(_words(p), human=self._human)]

    def _of_topic(self, pool: Sequence[T]) -> T | None:
        """A phrase of what the scene is about; None where neighbours have had all that take nothing for granted."""
        if self._sample:
            return self._pick(pool)
        neutral = self._neutral([p for p in pool if self._fits(_words(p))])
        return next(iter(neutral[self._turn % max(len(neutral), APART) :]), None)

    def _fits(self, words: str) -> bool:
        return all(value or f"{{{slot}}}" not in words for slot, value in self._slots.items())

    def _prop(self, facts: JsonObject) -> str:
        """A thing of the story's own that this scene names; nothing else may be in anybody's hand."""
        text = f"{self._summary} {self._beat}"
        props = (str(p) for p in facts.get("props") or [])
        return next(
            (
                p
                for p in props
                if 0 < len(p) <= 24
                and contains(text, p)
                and p not in self._people
                and places.archetype_of(p, self._language, sample=self._sample) is None
            ),
            "",
        )

    def _event(self) -> str:
        """What happens, as the brief says it, short enough to be said; empty when it cannot be."""
        first = re.split(r"[。！？]|(?<=[a-z\"”])\. ", self._summary, maxsplit=1)[0]
        for text in (self._beat, first):
            event = clip_to_clauses(text, self._book.event_chars)
            quoted = event and event.casefold() in self._summary.casefold() and not event.endswith("…")
            # “Sitting down at last” is no sentence
            whole = self._language == "zh" or (event.count(" ") >= 3 and not re.match(r"\w+ing\b", event))
            if quoted and (whole or self._names.find_people(event)) and len(event) >= 4:
                return upper_first(event)
        return ""


def _words(phrase: object) -> str:
    return phrase if isinstance(phrase, str) else " ".join(map(str, phrase))  # type: ignore[call-overload]


def _fit_time(groups: list[list[Line]], max_seconds: float) -> list[Line]:
    """Of lines that belong together, as many groups as the time allows; a narrator comes last to be let in.

    When none fits: the shortest line alone, cut if need be.
    """
    chosen: set[int] = set()
    for number in sorted(range(len(groups)), key=lambda n: groups[n][0].type == "narration"):
        lines = _lay_out(groups, chosen | {number})
        if len(lines) <= MOST_LINES and _seconds(lines) <= max_seconds * SHARE:
            chosen.add(number)
    if chosen:
        return _lay_out(groups, chosen)
    return [
        _cut_line(min((line for group in groups for line in group), key=lambda line: _seconds([line])), max_seconds)
    ]


def _cut_line(line: Line, max_seconds: float) -> Line:
    """The line without its last words, until it can be said in the time."""
    while _seconds([line]) > max_seconds * SHARE and len(line.text) > 1:
        line = line.model_copy(update={"text": _drop_last_words(line.text)})
    return line


def _fit_in_order(lines: Sequence[Line], max_seconds: float) -> list[Line]:
    """As many of the lines as the time allows, none twice; the first one in any case, cut if need be."""
    kept: list[Line] = []
    for line in lines:
        new = fold(line.text) not in {fold(k.text) for k in kept}
        if new and len(kept) < MOST_LINES and _seconds([*kept, line]) <= max_seconds:
            kept.append(line)
    return kept or [_cut_line(lines[0], max_seconds)]


def _lay_out(groups: list[list[Line]], chosen: set[int]) -> list[Line]:
    """The lines of these groups in order, none of them twice."""
    by_text = {fold(line.text): line for n in sorted(chosen, reverse=True) for line in reversed(groups[n])}
    return [line for n in sorted(chosen) for line in groups[n] if by_text[fold(line.text)] is line]


def _drop_last_words(text: str) -> str:
    """Without its last words; what is one word loses its last letters."""
    cut = text.rstrip().rfind(" ")
    rest = text[:cut] if cut > 0 else text[: len(text) * 3 // 4]
    return rest.rstrip("，,。.；;：:、？?！! ") or text[:1]


def _seconds(lines: Sequence[Line]) -> float:
    return dialogue_s([line.model_dump() for line in lines])
