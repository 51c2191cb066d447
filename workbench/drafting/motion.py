"""Drafts a motion prompt: from the first shot to the last, in both languages, within the limits of a clip."""

from __future__ import annotations

from random import Random
from typing import Any

from workbench.artifacts.storyboard import Changes, MotionBeat, MotionPrompt, ShortMotion
from workbench.drafting.story import language_of

# fmt: off
#: Chinese, English; {a}: somebody of the scene
OPENS = (
    ("{a}站定，衣角轻动", "{a} holds still, a sleeve stirring"),
    ("{a}抬起头，看向光来的方向", "{a} looks up toward the light"),
    ("{a}向前迈出一步", "{a} takes one step forward"),
    ("{a}缓缓转过身", "{a} turns around"),
)
TURNS = (
    ("{a}停住，手收紧", "{a} stops, the hand tightening"),
    ("{a}伸手去碰眼前的东西，又缩回", "{a} reaches out and draws the hand back"),
    ("{a}侧过脸，目光躲开", "{a} turns the face aside, eyes away"),
    ("{a}的呼吸变重，肩头起伏", "{a} breathes harder, shoulders rising and falling"),
)
CLOSES = (
    ("{a}抬眼，定住不动", "{a} raises the eyes and stays so"),
    ("{a}退到暗处，只剩轮廓", "{a} steps back into the dark, only an outline left"),
    ("{a}低下头，手松开", "{a} lowers the head, the hand opening"),
    ("{a}走出画面，影子还在", "{a} leaves the frame, the shadow still there"),
)
EMPTY = (
    (("光影在墙上移动", "light moves across the wall"), ("尘埃在光里浮起", "dust rises in the light"), ("光暗下去", "the light goes down")),
    (("风掠过，帘角扬起", "wind passes and lifts an edge of cloth"), ("影子拉长", "the shadows grow long"), ("一切归于静止", "everything comes to rest")),
)
CAMERAS = (
    ("镜头缓推", "slow push in"), ("镜头微微横移", "slight track to the side"), ("镜头静止", "the camera stays"), ("镜头缓缓上升", "slow crane up"),
)
AIRS = (("光线微微变暗", "the light dims a little"), ("尘埃浮动", "dust drifts"), ("风吹动衣角与帘幕", "wind moves cloth and curtains"), ("影子移过地面", "a shadow crosses the floor"))
CONSTRAINTS = {
    "zh": ("人物样貌、服装与道具不变", "布景与光源方向不变", "不出现新的人物与文字"),
    "en": ("looks, clothes and props stay the same", "set and direction of light stay the same", "no new people and no lettering"),
}
# fmt: on


def motion(facts: dict[str, Any], rng: Random) -> MotionPrompt:
    """One movement for each third of the clip, by the people that the shots show there."""
    own = 0 if language_of(facts) == "zh" else 1
    people = [str(p["name"]) for p in facts.get("cast") or []]
    camera, air = rng.choice(CAMERAS), rng.choice(AIRS)
    if people:
        told = [
            (zh.format(a=_short(name)), en.format(a=name))
            for (zh, en), name in zip(
                (rng.choice(OPENS), rng.choice(TURNS), rng.choice(CLOSES)), _each_third(facts, people), strict=True
            )
        ]
    else:
        told = list(rng.choice(EMPTY))
    windows = facts["windows"]
    return MotionPrompt(
        seconds=facts["seconds"],
        short=ShortMotion(zh=f"{told[1][0]}，{camera[0]}"[:40], en=f"{told[1][1]}, {camera[1]}"[:160]),
        beats=[
            MotionBeat(from_s=start, to_s=end, zh=zh[:120], en=_upper(en)[:300])
            for (start, end), (zh, en) in zip(windows, told, strict=True)
        ],
        changes=Changes(
            subject=[_upper(t[own]) if own else t[own] for t in told[:2]] if people else [],
            camera=[camera[own]],
            environment=[air[own]],
        ),
        constraints=list(CONSTRAINTS["en" if own else "zh"]),
    )


def _each_third(facts: dict[str, Any], people: list[str]) -> list[str]:
    """Who leads each third of the shots; whoever is seen first in it."""
    shots = facts.get("shots") or []
    leads = []
    for third in range(3):
        seen = [s.split(":")[0] for shot in shots[third * 3 : third * 3 + 3] for s in shot["subjects"]]
        leads.append(
            next((p for p in seen[third % max(len(seen), 1) :] + seen if p in people), people[third % len(people)])
        )
    return leads


def _short(name: str) -> str:
    """A name that leaves room in forty characters."""
    return name if len(name) <= 16 else name[:15] + "…"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
