"""Drafts a scene's dialogue: what its people would say of what the scene is about, in the time there is."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from workbench.artifacts.storyboard import Dialogue, Line, LineType
from workbench.drafting import lines_en, lines_zh
from workbench.drafting.poses import clause, poses_for, short
from workbench.drafting.story import digest, language_of, names
from workbench.story.timing import dialogue_s

T = TypeVar("T")
#: drafted lines stay well inside the time, so that a reader's own words still fit
SHARE = 0.9
#: one scene in so many without an event is silent
SILENT_IN = 7


def dialogue(facts: dict[str, Any], rng: Random) -> Dialogue:
    """Two to five lines around the scene's beat; alone somebody thinks aloud, an empty set has a narrator."""
    zh = language_of(facts) == "zh"
    book = lines_zh if zh else lines_en
    people = [str(p["name"]) for p in facts.get("cast") or []]
    scene = facts["scene"]
    slots = {
        "place": short(str(scene.get("location") or facts["anchor"].get("location") or "")),
        "thing": _thing(facts, people),
        "event": clause(str(scene.get("beat") or scene.get("summary") or ""), 26 if zh else 60),
    }
    if people and digest(scene.get("summary"), scene.get("order")) % SILENT_IN == 0:
        return Dialogue(silent=True, reason=rng.choice(book.SILENCES).format(a=people[0], **slots)[:300])
    mood = str(facts.get("position") or "opening")
    order = int(scene.get("order") or 1) + digest(facts.get("title")) % 7
    if not people:
        lines = [Line(type="narration", text=_filled(rng.choice(book.NARRATION), slots))]
    elif len(people) == 1:
        lines = _alone(people[0], mood, order, slots, book, rng)
    else:
        lines = _together(people[0], people[1], mood, order, slots, book, rng)
    return Dialogue(lines=_fitting(lines, float(facts["max_seconds"])))


def _alone(a: str, mood: str, order: int, slots: dict[str, str], book: Any, rng: Random) -> list[Line]:
    kinds: list[LineType] = ["thought", "monologue"]
    texts = _in_turn(book.ALONE[mood], order, 2)
    lines = [
        Line(
            type=kind, speaker=a, emotion=rng.choice(book.EMOTIONS[mood]), text=_filled(text, {**slots, "a": a, "b": a})
        )
        for kind, text in zip(kinds, texts, strict=True)
    ]
    return [Line(type="narration", text=_filled(rng.choice(book.NARRATION), slots)), *lines]


def _together(a: str, b: str, mood: str, order: int, slots: dict[str, str], book: Any, rng: Random) -> list[Line]:
    """An exchange: each line answers the one before, because they were written as one."""
    first, second = _in_turn(book.EXCHANGES[mood], order, 2)
    said = [*first, *second]
    lines = []
    for number, text in enumerate(said):
        speaker, other = (a, b) if number % 2 == 0 else (b, a)
        notes = [rng.choice(book.NOTES)] if rng.random() < 0.35 else []
        filled = _filled(text, {**slots, "a": speaker, "b": other})
        lines.append(
            Line(type="dialogue", speaker=speaker, emotion=rng.choice(book.EMOTIONS[mood]), notes=notes, text=filled)
        )
    return lines


def _filled(text: str, slots: dict[str, str]) -> str:
    made = text.format(**slots)
    return (made[:1].upper() + made[1:])[:500]


def _thing(facts: dict[str, Any], people: list[str]) -> str:
    """Something of the story that the scene names, else something of the set."""
    told = f"{facts['scene'].get('summary') or ''}{facts['scene'].get('beat') or ''}"
    own = [p for p in facts.get("props") or [] if p and names(told, p) and p not in people and len(p) <= 24]
    common = poses_for(language_of(facts)).props
    return str(own[0]) if own else common[digest(told) % len(common)]


def _in_turn(pool: Sequence[T], order: int, count: int) -> list[T]:
    """Entries that the scenes around this one do not take."""
    return [pool[(order * count + i) % len(pool)] for i in range(count)]


def _fitting(lines: list[Line], max_seconds: float) -> list[Line]:
    """As many lines from the start as the time allows, no two the same; at least one, cut if need be."""
    kept: list[Line] = []
    for line in lines:
        if any(line.text == k.text for k in kept):
            continue
        if dialogue_s([k.model_dump() for k in [*kept, line]]) > max_seconds * SHARE:
            break
        kept.append(line)
    if kept:
        return kept
    text = lines[0].text
    while len(text) > 1 and dialogue_s([{"text": text}]) > max_seconds * SHARE:
        text = text[: len(text) * 3 // 4].rstrip("，,。. ")
    return [lines[0].model_copy(update={"text": text})]
