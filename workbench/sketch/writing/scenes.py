"""Drafts a scene list: the episode's beats as scenes of their own, with the way there and the way back between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from workbench.artifacts.models import SceneList, SceneOutline
from workbench.sketch.writing import places
from workbench.sketch.writing.book import Stage
from workbench.sketch.writing.places import Place
from workbench.sketch.writing.sentences import core, zh_clauses
from workbench.sketch.writing.staging import Beat, beats_of, moment
from workbench.sketch.writing.story import Story, read
from workbench.sketch.writing.writing import Moment, Pen, closeness, fitting, most_distinct, shuffled

#: a beat longer than this is shown by its beginning, so that the scene stays one glance long
BEAT_ZH, BEAT_EN = 76, 190
#: above this a scene would repeat another
TOO_CLOSE = 0.55


@dataclass(frozen=True)
class Slot:
    """One scene to write: the beat it tells (`beats`), or the beat it leads to or comes from."""

    beats: tuple[Beat, ...]
    part: str  # "event", "lead_in" or "aftermath"


def scene_list(facts: dict[str, Any], rng: Random) -> SceneList:
    """Exactly `count` scenes, no two alike, nor like the previous episode's."""
    story = read(facts)
    beats = clauses_of(story, beats_of(story, facts["episode"]), int(facts["count"]))
    slots = laid_out(beats, int(facts["count"]))
    known = list(dict.fromkeys(b.place for b in beats))
    room = _Room(story, known, rng, list(facts.get("earlier_scenes") or []))
    return SceneList(scenes=[room.scene(order, slot) for order, slot in enumerate(slots, start=1)])


def laid_out(beats: Sequence[Beat], count: int) -> list[Slot]:
    """`count` slots: each beat at its place in the arc, approach before it and aftermath behind it."""
    total = len(beats)
    if total >= count:
        return [Slot(tuple(beats[i * total // count : (i + 1) * total // count]), "event") for i in range(count)]
    at = [(2 * i + 1) * count // (2 * total) for i in range(total)]
    slots: list[Slot] = []
    for index in range(count):
        if index in at:
            slots.append(Slot((beats[at.index(index)],), "event"))
            continue
        before = max((i for i, spot in enumerate(at) if spot < index), default=None)
        after = min((i for i, spot in enumerate(at) if spot > index), default=None)
        # What follows an event is aftermath; before anything has happened there is only the way there.
        open_before = before is None or not any(b.happens for b in beats[: before + 1])
        if after is not None and (open_before or before is None or at[after] - index <= index - at[before]):
            slots.append(Slot((beats[after],), "lead_in"))
        else:
            assert before is not None
            slots.append(Slot((beats[before],), "aftermath"))
    return slots


def clauses_of(story: Story, beats: list[Beat], count: int) -> list[Beat]:
    """Beats cut at their clauses while the scenes suffice: what the brief tells is better than any phrase.

    Chinese alone: its clauses stand without a subject of their own.
    """
    if story.language != "zh":
        return beats
    made: list[Beat] = []
    for number, beat in enumerate(beats):
        pieces = zh_clauses(beat.text, [c.name for c in story.people]) if beat.happens else [beat.text]
        room = count * 3 // 4 - len(made) - (len(beats) - number - 1)
        if len(pieces) == 1 or len(pieces) > room:
            made.append(beat)
            continue
        made += [replace(beat, text=p, short=core(p, "zh", [c.name for c in story.people])) for p in pieces]
    return made


class _Room:
    """Writes scenes one after the other and remembers what was told, so that nothing is told twice."""

    def __init__(self, story: Story, known: list[Place], rng: Random, earlier: list[str]) -> None:
        self._story = story
        self._pen = Pen(story.book, rng)
        self._told = earlier
        self._beats: set[str] = set()
        self._stages = {
            "lead_in": shuffled(story.book.lead_in, rng),
            "aftermath": shuffled(story.book.aftermath, rng),
        }
        self._known = known
        self._stagings: set[str] = set()
        self._written = 0

    def scene(self, order: int, slot: Slot) -> SceneOutline:
        told = self._event(slot) if slot.part == "event" else None
        summary, beat, place = (*told, slot.beats[0].place) if told else self._support(slot)
        self._told.append(summary)
        self._beats.add(beat)
        cast = self._story.named(summary) or tuple(
            p for p in slot.beats[0].people if p in {c.name for c in self._story.people}
        )
        return SceneOutline(order=order, summary=summary, location=place.name[:200], cast=list(cast)[:30], beat=beat)

    def _event(self, slot: Slot) -> tuple[str, str] | None:
        """The beat itself and how it feels in the room; None when it was told before in the same words."""
        pen, first = self._pen, slot.beats[0]
        limit = (BEAT_EN if self._story.book.space else BEAT_ZH) // min(len(slot.beats), 2)
        texts = [_shortened(pen.sentence(b.text), limit) for b in slot.beats[:2]]

        about = moment(self._story, first, pen.rng, swap=0)
        fresh = [s for s in fitting(pen.book.stagings, about, pen.book.indoors) if s not in self._stagings]

        def written() -> tuple[str, str]:
            staging = pen.rng.choice(fresh or pen.book.stagings)
            return staging, pen.joined(*texts, pen.fill(staging, about))

        (staging, summary), worst = most_distinct(written, lambda made: made[1], self._told)
        self._stagings.add(staging)
        beat = _shortened(pen.sentence(first.short), 60)
        return (summary, beat) if worst < TOO_CLOSE and beat not in self._beats else None

    def _support(self, slot: Slot) -> tuple[str, str, Place]:
        """The first stage left of this part, then of the other, that is unlike all told; else one put together."""
        self._written += 1
        best: tuple[float, str, Stage, list[Stage], Place] | None = None
        for part in (slot.part, "lead_in", "aftermath"):
            for stage in self._stages.get(part, []):
                place = self._where(slot, stage)
                about = moment(self._story, slot.beats[0], self._pen.rng, place)
                if not _fits(stage, about):
                    continue
                summary = self._pen.closed(self._pen.fill(stage.summary, about))
                worst = max((closeness(summary, t) for t in self._told), default=0.0)
                if best is None or worst < best[0]:
                    best = (worst, summary, stage, self._stages[part], place)
                if worst < 0.4:
                    break
            if best is not None and best[0] < TOO_CLOSE:
                best[3].remove(best[2])
                return best[1], best[2].beat, best[4]
        return self._composed(slot)

    def _composed(self, slot: Slot) -> tuple[str, str, Place]:
        """Two phrases side by side, once the stages are used up (24 scenes after 24 others)."""
        pen, book, first = self._pen, self._story.book, slot.beats[0]

        def written() -> str:
            about = moment(self._story, first, pen.rng)
            pool = pen.rng.choice((book.openings, book.attempts, book.turns, book.closings))
            return pen.joined(pen.phrase(pool, about), pen.phrase(book.stagings, about))

        summary, _ = most_distinct(written, str, self._told)
        title = beat = _shortened(summary.rstrip(book.stop), 60)
        number = 2
        while beat in self._beats:
            beat, number = book.numbered.format(title=title, number=number), number + 1
        return summary, beat, first.place

    def _where(self, slot: Slot, stage: Stage) -> Place:
        """The beat's own place, now and then another of the story's; indoors or out as the stage's words want it."""
        home = slot.beats[0].place
        others = [p for p in self._known if p.name != home.name]
        start = self._written % 3 == 0 and bool(others)
        listed = [*others[self._written // 3 % len(others) :], home, *others] if start else [home, *others]
        listed += places.near(home, self._story.language)
        return next((p for p in listed if not stage.where or places.is_inside(p) == (stage.where == "inside")), home)


def _fits(stage: Stage, about: Moment) -> bool:
    return bool(about.b) or "{b}" not in stage.summary


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    cut = max(text.rfind(mark, limit // 2, limit) for mark in ("，", ", ", "；", "; ", " "))
    return text[: cut if cut > 0 else limit - 1].rstrip("，,；; ") + ("" if cut > 0 else "…")
