"""Drafts a motion prompt from the nine shots: what each person does between the first and the last picture of a third.

Both languages say the same; a thing keeps its name in the story's language alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from workbench.artifacts.storyboard import Changes, MotionBeat, MotionPrompt, ShortMotion, Stance
from workbench.json_types import JsonObject
from workbench.sketch import books
from workbench.sketch.books import Pair, Texts
from workbench.sketch.reading.assumptions import is_neutral
from workbench.sketch.reading.beings import PERSON
from workbench.sketch.reading.people import read_cast
from workbench.sketch.reading.samples import is_sample
from workbench.sketch.writing.sentences import upper_first
from workbench.sketch.writing.story import language_of, whole_of

T = TypeVar("T", str, Pair, tuple[Pair, Pair, Pair])
#: leaves room in forty characters for a movement and the camera
MAX_NAME = 14


def write_motion(facts: JsonObject, rng: Random, unsaid: Sequence[str] = ()) -> MotionPrompt:
    """One movement for each third of the clip, from its first shot to its last; names in `unsaid` are not written."""
    language = language_of(facts)
    book = books.motions()
    camera = rng.choice(_without(book.cameras, unsaid))
    sample = is_sample(facts)
    air = rng.choice(_without(book.airs if sample else book.plain.airs, unsaid))
    people = [str(p["name"]) for p in facts.get("cast") or []]
    empty = book.empty if sample else book.plain.empty
    moves = _moves(facts, people, language, rng, unsaid) if people else list(rng.choice(_without(empty, unsaid)))
    constraints: Texts = book.constraints["zh" if language == "zh" else "en"]
    turn = moves[1]
    return MotionPrompt(
        seconds=facts["seconds"],
        short=ShortMotion(zh=f"{turn.zh}，{camera.zh}"[:40], en=upper_first(f"{turn.en}, {camera.en}")[:160]),
        beats=[
            MotionBeat(from_s=start, to_s=end, zh=move.zh[:120], en=upper_first(move.en)[:300])
            for (start, end), move in zip(facts["windows"], moves, strict=True)
        ],
        changes=Changes(
            subject=[upper_first(move.of(language))[:200] for move in moves[:2]] if people else [],
            camera=[upper_first(camera.of(language))],
            environment=[upper_first(air.of(language))],
        ),
        constraints=list(_without(constraints, unsaid)),
    )


def _moves(facts: JsonObject, people: Sequence[str], language: str, rng: Random, unsaid: Sequence[str]) -> list[Pair]:
    """A movement for each third; another person leads where there are several, and no two thirds are told alike."""
    shots = facts.get("shots") or []
    filled: list[Pair] = []
    chosen: list[Pair] = []
    beings = {} if is_sample(facts) else {n: p.being for n, p in read_cast(facts, whole_of(facts)).items()}
    for third, usual in enumerate(books.motions().stays):
        first, last = _subjects(shots, third * 3), _subjects(shots, third * 3 + 2)
        there = [n for n in last if n in people] or list(people)
        # a name so long that it leaves no room for the movement waits for another third
        name = sorted(there[third % len(there) :] + there, key=lambda n: len(n) > MAX_NAME)[0]
        human = beings.get(name, PERSON) is PERSON
        stays = usual if is_sample(facts) else _stays(third, human=human)
        move = _move(first.get(name), last.get(name), language)
        if move is None or move in chosen or _says(move, unsaid):
            move = rng.choice(_without(stays, unsaid))
        chosen.append(move)
        filled.append(Pair(move.zh.replace("{a}", _shorten(name)), move.en.replace("{a}", name[:160])))
    return filled


def _stays(third: int, *, human: bool) -> tuple[Pair, ...]:
    """What somebody may do who goes nowhere: nothing that cloth, light or weather would have to be there for."""
    book = books.motions()
    told = [p for p in book.stays[third] if is_neutral(p.zh, human=human) and is_neutral(p.en, human=human)]
    return (*told, *book.plain.stays[third])


def _move(before: JsonObject | None, after: JsonObject | None, language: str) -> Pair | None:
    """What somebody does between two pictures: stance, then facing, then hands, two of them at most."""
    if before is None or after is None:
        return None
    book = books.motions()
    body = _change_of_stance(before["pose"], after["pose"])
    then = [book.to_facing[after["orientation"]]] if before["orientation"] != after["orientation"] else []
    hands = [_hand(before["hands"][side], after["hands"][side], language) for side in ("right", "left")]
    then += [hand for hand in hands if hand is not None]
    if body is None and not then:
        return None
    if body is None:
        body, then = Pair(f"{{a}}{then[0].zh}", f"{{a}} {then[0].en}"), then[1:]
    return Pair(f"{body.zh}，{then[0].zh}", f"{body.en} and {then[0].en}") if then else body


def _change_of_stance(was: Stance, now: Stance) -> Pair | None:
    if was == now:
        return None
    book = books.motions()
    way = next((w for w in book.between if (w.was, w.now) == (was, now)), None)
    return Pair(way.zh, way.en) if way else book.to_stance[now]


def _hand(before: str, after: str, language: str) -> Pair | None:
    if before == after:
        return None
    book = books.motions()
    if not after:
        return book.lets_go
    if len(after) > (12 if language == "zh" else 24):
        return book.takes
    text = book.named.of(language).replace("{thing}", after)
    return Pair(text, book.takes.en) if language == "zh" else Pair(book.takes.zh, text)


def _subjects(shots: Sequence[JsonObject], index: int) -> dict[str, JsonObject]:
    return {s["name"]: s for s in shots[index]["subjects"]} if index < len(shots) else {}


def _without(pool: Sequence[T], unsaid: Sequence[str]) -> Sequence[T]:
    """The phrases that name nobody in `unsaid`; all when every one does."""
    return [p for p in pool if not _says(p, unsaid)] or pool


def _says(phrase: str | Sequence[Any], unsaid: Sequence[str]) -> bool:
    if not isinstance(phrase, str):
        return any(_says(part, unsaid) for part in phrase)
    # a name has its capital letter, and so has whatever begins a sentence
    return any(n.strip() and n.strip() in text for n in unsaid for text in (phrase, upper_first(phrase)))


def _shorten(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
