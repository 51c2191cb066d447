"""Drafts a motion prompt from the nine shots: what each person does between the first and the last picture of a third.

Both languages say the same; a thing keeps its name in the story's language alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from workbench.artifacts.storyboard import Changes, MotionBeat, MotionPrompt, ShortMotion
from workbench.sketch.writing.story import language_of

Pair = tuple[str, str]
T = TypeVar("T", bound=str | Pair | tuple[Pair, ...])

# fmt: off
#: from any stance to another: Chinese, English; {a}: somebody of the scene
TO_STANCE: dict[str, Pair] = {
    "standing": ("{a}站起身", "{a} gets up"), "walking": ("{a}迈开步子", "{a} walks on"), "running": ("{a}跑了起来", "{a} breaks into a run"),
    "sitting": ("{a}坐下来", "{a} sits down"), "kneeling": ("{a}跪下身", "{a} sinks to the knees"), "crouching": ("{a}蹲下身", "{a} crouches down"),
    "leaning": ("{a}倚到一旁", "{a} leans to one side"), "lying": ("{a}躺倒", "{a} lies down"),
}
#: where the way matters
BETWEEN: dict[tuple[str, str], Pair] = {
    ("walking", "standing"): ("{a}停下脚步", "{a} comes to a stop"), ("running", "standing"): ("{a}猛地停住", "{a} stops short"),
    ("leaning", "standing"): ("{a}直起身来", "{a} straightens up"), ("running", "walking"): ("{a}放慢脚步", "{a} slows to a walk"),
    ("walking", "running"): ("{a}越走越快，跑了起来", "{a} goes faster and breaks into a run"),
}
TO_FACING: dict[str, Pair] = {
    "camera": ("转过脸来", "turns to face us"), "away": ("背过身去", "turns away"), "left": ("转向左边", "turns to the left"), "right": ("转向右边", "turns to the right"),
}
TAKES: Pair = ("拿起手边的东西", "takes up something at hand")
LETS_GO: Pair = ("放下手里的东西", "lets go of what was held")
NAMED: Pair = ("拿起{thing}", "takes up {thing}")
#: for each third, when nothing else moves
STAYS: tuple[tuple[Pair, ...], ...] = (
    (("{a}站定，衣角轻动", "{a} holds still, a sleeve stirring"), ("{a}抬起头，看向光来的方向", "{a} looks up toward the light"), ("{a}深吸一口气", "{a} draws a deep breath")),
    (("{a}停住，手收紧", "{a} stops, the hand tightening"), ("{a}侧过脸，目光躲开", "{a} turns the face aside, eyes away"), ("{a}的呼吸变重，肩头起伏", "{a} breathes harder, shoulders rising and falling")),
    (("{a}抬眼，定住不动", "{a} raises the eyes and stays so"), ("{a}低下头，手松开", "{a} lowers the head, the hand opening"), ("{a}转过肩，回望一眼", "{a} looks back once over the shoulder")),
)
EMPTY: tuple[tuple[Pair, ...], ...] = (
    (("光影在墙上移动", "light moves along the wall"), ("尘埃在光里浮起", "dust rises in the light"), ("光暗下去", "the light goes down")),
    (("风掠过，帘角扬起", "wind passes and lifts an edge of cloth"), ("影子拉长", "the shadows grow long"), ("一切归于静止", "everything comes to rest")),
    (("薄雾移进画面", "thin mist drifts in"), ("一片叶子落下", "one leaf comes down"), ("雾散开，轮廓变清", "the mist parts and outlines grow clear")),
)
CAMERAS: tuple[Pair, ...] = (
    ("镜头缓推", "slow push in"), ("镜头微微横移", "slight track to the side"), ("镜头静止", "the camera stays"), ("镜头缓缓上升", "slow crane up"), ("镜头缓缓拉远", "slow pull back"),
)
AIRS: tuple[Pair, ...] = (
    ("光线微微变暗", "the light dims a little"), ("尘埃浮动", "dust drifts"), ("风吹动衣角与帘幕", "wind moves cloth and curtains"), ("影子移过地面", "a shadow crosses the floor"),
)
CONSTRAINTS: dict[str, tuple[str, ...]] = {
    "zh": ("人物样貌、服装与道具不变", "布景与光源方向不变", "不出现别的人物与文字"),
    "en": ("looks, clothes and props stay the same", "set and direction of light stay the same", "nobody else comes in, no lettering"),
}
# fmt: on
#: leaves room in forty characters for a movement and the camera
MAX_NAME = 14


def motion(facts: dict[str, Any], rng: Random, unsaid: Sequence[str] = ()) -> MotionPrompt:
    """One movement for each third of the clip, from its first shot to its last; names in `unsaid` are not written."""
    own = 0 if language_of(facts) == "zh" else 1
    camera, air = rng.choice(_fitting(CAMERAS, unsaid)), rng.choice(_fitting(AIRS, unsaid))
    people = [str(p["name"]) for p in facts.get("cast") or []]
    moves = _moves(facts, people, own, rng, unsaid) if people else list(rng.choice(_fitting(EMPTY, unsaid)))
    turn = moves[1]
    return MotionPrompt(
        seconds=facts["seconds"],
        short=ShortMotion(zh=f"{turn[0]}，{camera[0]}"[:40], en=_upper(f"{turn[1]}, {camera[1]}")[:160]),
        beats=[
            MotionBeat(from_s=start, to_s=end, zh=zh[:120], en=_upper(en)[:300])
            for (start, end), (zh, en) in zip(facts["windows"], moves, strict=True)
        ],
        changes=Changes(
            subject=[_upper(m[own])[:200] for m in moves[:2]] if people else [],
            camera=[_upper(camera[own])],
            environment=[_upper(air[own])],
        ),
        constraints=list(_fitting(CONSTRAINTS["en" if own else "zh"], unsaid)),
    )


def _moves(facts: dict[str, Any], people: Sequence[str], own: int, rng: Random, unsaid: Sequence[str]) -> list[Pair]:
    """A movement for each third; another person leads where there are several, and no two thirds are told alike."""
    shots = facts.get("shots") or []
    made: list[Pair] = []
    told: list[Pair] = []
    for third in range(3):
        first, last = _subjects(shots, third * 3), _subjects(shots, third * 3 + 2)
        there = [n for n in last if n in people] or list(people)
        # a name so long that it leaves no room for the movement waits for another third
        name = sorted(there[third % len(there) :] + there, key=lambda n: len(n) > MAX_NAME)[0]
        move = _move(first.get(name), last.get(name), own)
        if move is None or move in told or _says(move, unsaid):
            move = rng.choice(_fitting(STAYS[third], unsaid))
        told.append(move)
        made.append((move[0].replace("{a}", _short(name)), move[1].replace("{a}", name[:160])))
    return made


def _move(before: dict[str, Any] | None, after: dict[str, Any] | None, own: int) -> Pair | None:
    """What somebody does between two pictures: stance, then facing, then hands, two of them at most."""
    if before is None or after is None:
        return None
    was, now = before["pose"], after["pose"]
    body = BETWEEN.get((was, now)) or TO_STANCE[now] if was != now else None
    then = [TO_FACING[after["orientation"]]] if before["orientation"] != after["orientation"] else []
    hands = [_hand(before["hands"][side], after["hands"][side], own) for side in ("right", "left")]
    then += [hand for hand in hands if hand is not None]
    if body is None and not then:
        return None
    if body is None:
        body, then = (f"{{a}}{then[0][0]}", f"{{a}} {then[0][1]}"), then[1:]
    return (f"{body[0]}，{then[0][0]}", f"{body[1]} and {then[0][1]}") if then else body


def _hand(before: str, after: str, own: int) -> Pair | None:
    if before == after:
        return None
    if not after:
        return LETS_GO
    if len(after) > 12 * (own + 1):
        return TAKES
    named = NAMED[own].replace("{thing}", after)
    return (named, TAKES[1]) if own == 0 else (TAKES[0], named)


def _subjects(shots: Sequence[dict[str, Any]], index: int) -> dict[str, dict[str, Any]]:
    return {s["name"]: s for s in shots[index]["subjects"]} if index < len(shots) else {}


def _fitting(pool: Sequence[T], unsaid: Sequence[str]) -> Sequence[T]:
    """The phrases that name nobody in `unsaid`; all when every one does."""
    return [p for p in pool if not _says(p, unsaid)] or pool


def _says(phrase: str | Sequence[Any], unsaid: Sequence[str]) -> bool:
    if not isinstance(phrase, str):
        return any(_says(part, unsaid) for part in phrase)
    # a name has its capital letter, and so has whatever begins a sentence
    return any(n.strip() and n.strip() in said for n in unsaid for said in (phrase, _upper(phrase)))


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
