"""Drafts a scene list: the episode's beats as scenes of their own, with the way there and the way back between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from workbench.artifacts.models import SceneList, SceneOutline
from workbench.json_types import JsonObject
from workbench.sketch.books import Stage
from workbench.sketch.writing import places
from workbench.sketch.writing.pen import Moment, Pen, closeness, fits_moment, select_fitting, shuffle, write_apart
from workbench.sketch.writing.places import Place
from workbench.sketch.writing.sentences import extract_core, split_zh_clauses
from workbench.sketch.writing.staging import Beat, moment_at, read_beats
from workbench.sketch.writing.story import Story, read_story
from workbench.sketch.writing.titles import trim_open_end

#: a beat longer than this is shown by its beginning, so that the scene stays one glance long
BEAT_ZH, BEAT_EN = 76, 190
#: above this a scene would repeat another
TOO_CLOSE = 0.55


@dataclass(frozen=True)
class Slot:
    """One scene to write: the beat it tells (`beats`), or the beat it leads to or comes from."""

    beats: tuple[Beat, ...]
    part: str  # "event", "lead_in" or "aftermath"


def write_scene_list(facts: JsonObject, rng: Random) -> SceneList:
    """Exactly `count` scenes, no two alike, nor like the previous episode's."""
    story = read_story(facts)
    beats = split_at_clauses(story, read_beats(story, facts["episode"]), int(facts["count"]))
    slots = lay_out(beats, int(facts["count"]))
    known = list(dict.fromkeys(b.place for b in beats))
    writer = _SceneWriter(story, known, rng, list(facts.get("earlier_scenes") or []))
    return SceneList(scenes=[writer.write(order, slot) for order, slot in enumerate(slots, start=1)])


def lay_out(beats: Sequence[Beat], count: int) -> list[Slot]:
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


def split_at_clauses(story: Story, beats: list[Beat], count: int) -> list[Beat]:
    """Beats cut at their clauses while the scenes suffice: what the brief tells is better than any phrase.

    Chinese alone: its clauses stand without a subject of their own.
    """
    if story.language != "zh":
        return beats
    split: list[Beat] = []
    for number, beat in enumerate(beats):
        pieces = split_zh_clauses(beat.text, [c.name for c in story.people]) if beat.happens else [beat.text]
        room = count * 3 // 4 - len(split) - (len(beats) - number - 1)
        if len(pieces) == 1 or len(pieces) > room:
            split.append(beat)
            continue
        split += _cut_beat(story, beat, pieces)
    return split


def _cut_beat(story: Story, beat: Beat, pieces: Sequence[str]) -> list[Beat]:
    """The beat's clauses, each with those whom it names; who has died in one is gone from the next."""
    names = [c.name for c in story.people]
    cut: list[Beat] = []
    gone = beat.gone
    for text in pieces:
        named = () if story.sample else story.find_people(text)
        people = tuple(n for n in beat.people if n in named) or tuple(n for n in beat.people if n not in gone)
        short = extract_core(text, "zh", names)
        cut.append(replace(beat, text=text, short=short, people=beat.people if story.sample else people, gone=gone))
        if not story.sample:
            gone = (*gone, *(n for n in beat.dies if n in named))
    return cut


class _SceneWriter:
    """Writes scenes one after the other and remembers what was told, so that nothing is told twice."""

    def __init__(self, story: Story, known: list[Place], rng: Random, earlier: list[str]) -> None:
        self._story = story
        self._pen = Pen(story.book, rng)
        self._told = earlier
        self._beats: set[str] = set()
        self._stages = {
            "lead_in": shuffle(story.book.lead_in, rng),
            "aftermath": shuffle(story.book.aftermath, rng),
        }
        self._known = known
        self._stagings: set[str] = set()
        self._written = 0

    def write(self, order: int, slot: Slot) -> SceneOutline:
        event = self._write_event(slot) if slot.part == "event" else None
        summary, beat, place = (*event, slot.beats[0].place) if event else self._write_support(slot)
        self._told.append(summary)
        self._beats.add(beat)
        first = slot.beats[0]
        gone = (*first.gone, *first.dies) if slot.part == "aftermath" else first.gone
        told = [p for b in slot.beats[:2] for p in b.people] if event and not self._story.sample else []
        cast = tuple(
            p
            for p in dict.fromkeys(told) or self._story.find_people(summary) or first.people
            if p in {c.name for c in self._story.people} and p not in gone
        ) or tuple(p for p in first.people if p in {c.name for c in self._story.people} and p not in gone)
        return SceneOutline(order=order, summary=summary, location=place.name[:200], cast=list(cast)[:30], beat=beat)

    def _write_event(self, slot: Slot) -> tuple[str, str] | None:
        """The beat itself and how it feels in the room; None when it was told before in the same words."""
        pen, first = self._pen, slot.beats[0]
        limit = (BEAT_EN if self._story.book.space else BEAT_ZH) // min(len(slot.beats), 2)
        texts = [_shorten(pen.capitalise(b.text), limit) for b in slot.beats[:2]]

        about = moment_at(self._story, first, pen.rng, swap=0, after=bool(first.dies))
        fresh = [s for s in select_fitting(pen.book.stagings, about, pen.book.indoors) if s not in self._stagings]

        def write() -> tuple[str, str]:
            staging = pen.rng.choice(fresh or pen.book.stagings)
            return staging, pen.join(*texts, pen.fill(staging, about))

        (staging, summary), worst = write_apart(write, lambda scene: scene[1], self._told)
        self._stagings.add(staging)
        beat = _shorten(pen.capitalise(first.short), 60)
        if not self._story.sample and self._story.book.space:
            beat = trim_open_end(beat)
        return (summary, beat) if worst < TOO_CLOSE and beat not in self._beats else None

    def _write_support(self, slot: Slot) -> tuple[str, str, Place]:
        """The first stage left of this part, then of the other, that is unlike all told; else one put together."""
        self._written += 1
        best: tuple[float, str, Stage, list[Stage], Place] | None = None
        for part in (slot.part, "lead_in", "aftermath"):
            for stage in self._stages.get(part, []):
                place = self._where(slot, stage)
                after = slot.part == "aftermath"
                about = moment_at(self._story, slot.beats[0], self._pen.rng, place, after=after)
                if not self._fits(stage, about, place):
                    continue
                summary = self._pen.close(self._pen.fill(stage.summary, about))
                worst = max((closeness(summary, t) for t in self._told), default=0.0)
                if best is None or worst < best[0]:
                    best = (worst, summary, stage, self._stages[part], place)
                if worst < 0.4:
                    break
            if best is not None and best[0] < TOO_CLOSE:
                best[3].remove(best[2])
                return best[1], best[2].beat, best[4]
        return self._compose(slot)

    def _compose(self, slot: Slot) -> tuple[str, str, Place]:
        """Two phrases side by side, once the stages are used up (24 scenes after 24 others)."""
        pen, book, first = self._pen, self._story.book, slot.beats[0]

        def write() -> str:
            about = moment_at(self._story, first, pen.rng, after=slot.part == "aftermath")
            pool = pen.rng.choice((book.openings, book.attempts, book.turns, book.closings))
            return pen.join(pen.pick(pool, about), pen.pick(book.stagings, about))

        summary, _ = write_apart(write, str, self._told)
        title = beat = _shorten(summary.rstrip(book.stop), 60)
        number = 2
        while beat in self._beats:
            beat, number = book.numbered.format(title=title, number=number), number + 1
        return summary, beat, first.place

    def _fits(self, stage: Stage, about: Moment, place: Place) -> bool:
        """Whether its words have all they speak of: somebody else, a thing, a door or a road."""
        if self._story.sample:
            return bool(about.b) or "{b}" not in stage.summary
        where = "inside" if places.is_inside(place) else "outside"
        return fits_moment(stage.summary, about) and (
            not stage.where or (places.is_told(place) and stage.where == where)
        )

    def _where(self, slot: Slot, stage: Stage) -> Place:
        """The beat's own place, now and then another of the story's; indoors or out as the stage's words want it."""
        home = slot.beats[0].place
        if not self._story.sample:
            return home
        others = [p for p in self._known if p.name != home.name]
        start = self._written % 3 == 0 and bool(others)
        listed = [*others[self._written // 3 % len(others) :], home, *others] if start else [home, *others]
        listed += places.places_near(home, self._story.language)
        return next((p for p in listed if not stage.where or places.is_inside(p) == (stage.where == "inside")), home)


def _shorten(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    cut = max(text.rfind(mark, limit // 2, limit) for mark in ("，", ", ", "；", "; ", " "))
    return text[: cut if cut > 0 else limit - 1].rstrip("，,；; ") + ("" if cut > 0 else "…")
