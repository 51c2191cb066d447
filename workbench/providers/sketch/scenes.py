"""Drafts a scene list: the episode's beats as scenes of their own, with the way there and the way back between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from workbench.artifacts.models import SceneList, SceneOutline
from workbench.providers.sketch import places
from workbench.providers.sketch.book import Stage
from workbench.providers.sketch.places import Place
from workbench.providers.sketch.staging import Beat, beats_of, moment
from workbench.providers.sketch.story import Story, read
from workbench.providers.sketch.writing import Moment, Pen, closeness, most_distinct, shuffled

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
    slots = laid_out(beats_of(story, facts["episode"]), int(facts["count"]))
    room = _Room(story, rng, list(facts.get("earlier_scenes") or []))
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
        if before is None or (after is not None and at[after] - index <= index - at[before]):
            assert after is not None
            slots.append(Slot((beats[after],), "lead_in"))
        else:
            slots.append(Slot((beats[before],), "aftermath"))
    return slots


class _Room:
    """Writes scenes one after the other and remembers what was told, so that nothing is told twice."""

    def __init__(self, story: Story, rng: Random, earlier: list[str]) -> None:
        self._story = story
        self._pen = Pen(story.book, rng)
        self._told = earlier
        self._beats: set[str] = set()
        self._stages = {
            "lead_in": shuffled(story.book.lead_in, rng),
            "aftermath": shuffled(story.book.aftermath, rng),
        }
        self._written = 0

    def scene(self, order: int, slot: Slot) -> SceneOutline:
        made = self._event(slot) if slot.part == "event" else None
        place = slot.beats[0].place
        if made is None:
            place = self._where(slot)
            made = self._support(slot, place)
        summary, beat = made
        self._told.append(summary)
        self._beats.add(beat)
        cast = self._story.named(summary) or tuple(p for p in slot.beats[0].people if p in {c.name for c in self._story.people})
        return SceneOutline(order=order, summary=summary, location=place.name[:200], cast=list(cast)[:30], beat=beat)

    def _event(self, slot: Slot) -> tuple[str, str] | None:
        """The beat itself and how it feels in the room; None when it was told before in the same words."""
        pen, first = self._pen, slot.beats[0]
        limit = (BEAT_EN if self._story.book.space else BEAT_ZH) // min(len(slot.beats), 2)
        texts = [_shortened(pen.sentence(b.text), limit) for b in slot.beats[:2]]

        def written() -> str:
            return pen.joined(*texts, pen.phrase(pen.book.stagings, moment(self._story, first, pen.rng)))

        summary, worst = most_distinct(written, str, self._told)
        beat = _shortened(pen.sentence(first.short), 60)
        return (summary, beat) if worst < TOO_CLOSE and beat not in self._beats else None

    def _support(self, slot: Slot, place: Place) -> tuple[str, str]:
        """The most distinct stage that is left of this part, then of the other."""
        other = "aftermath" if slot.part == "lead_in" else "lead_in"
        best: tuple[float, str, Stage, list[Stage]] | None = None
        for part in (slot.part, other):
            for stage in self._stages[part]:
                about = moment(self._story, slot.beats[0], self._pen.rng, place)
                if not _fits(stage, about):
                    continue
                summary = self._pen.closed(self._pen.fill(stage.summary, about))
                worst = max((closeness(summary, t) for t in self._told), default=0.0)
                if best is None or worst < best[0]:
                    best = (worst, summary, stage, self._stages[part])
                if worst < 0.4:
                    break
            if best is not None and best[0] < TOO_CLOSE:
                break
        assert best is not None  # each part has more stages than an episode has scenes
        best[3].remove(best[2])
        return best[1], best[2].beat

    def _where(self, slot: Slot) -> Place:
        """Mostly the beat's own place; every third supporting scene happens next to it."""
        self._written += 1
        home = slot.beats[0].place
        near = places.near(home, self._story.language)
        return near[self._written // 3 % len(near)] if near and self._written % 3 == 0 else home


def _fits(stage: Stage, about: Moment) -> bool:
    return bool(about.b) or "{b}" not in stage.summary


def _shortened(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    cut = max(text.rfind(mark, limit // 2, limit) for mark in ("，", ", ", "；", "; ", " "))
    return text[: cut if cut > 0 else limit - 1].rstrip("，,；; ") + ("" if cut > 0 else "…")
