"""Drafts a sound design: the air of the set, the weather, what hands and feet do, music by mood, and a silence at the turn."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from workbench.artifacts.storyboard import CueType, Intensity, SoundCue, SoundDesign
from workbench.drafting.poses import short
from workbench.drafting.story import digest, language_of

# fmt: off
#: what is heard where; the first whose words are in the set's texts
AIRS = (
    (re.compile(r"雨|rain", re.I), ("雨声，近处有檐水滴落", "rain, with drops from the eaves close by")),
    (re.compile(r"雪|snow", re.I), ("雪地的闷静，远处一声犬吠", "the hush of snow, one dog far off")),
    (re.compile(r"风|wind|storm", re.I), ("风穿过缝隙，忽紧忽松", "wind through the gaps, now tight, now slack")),
    (re.compile(r"夜|深|night|midnight", re.I), ("夜里的虫鸣，隔着一层墙", "night insects beyond a wall")),
    (re.compile(r"集市|街|市|market|street|square", re.I), ("远处的人声与车轮", "voices and wheels at a distance")),
    (re.compile(r"山|林|forest|mountain|hill", re.I), ("林间的鸟声和空旷的回响", "birds among trees and an open echo")),
    (re.compile(r"河|江|湖|海|river|lake|sea|shore", re.I), ("水拍岸的声音，缓慢而均匀", "water on the shore, slow and even")),
)
ROOM = ("屋里的底噪，木头偶尔轻响", "room tone, wood ticking now and then")
FOLEY = (("脚步踩在地上，停住", "steps on the floor, then a halt"), ("衣料擦过的窸窣", "the rustle of cloth"), ("手指碰到{thing}", "fingers on {thing}"), ("一件东西被放下", "something is set down"))
SFX = (("门轴轻响", "a hinge creaks"), ("{thing}发出一声轻响", "a small sound from {thing}"), ("远处钟声一下", "one stroke of a far bell"), ("火苗噼啪", "a flame crackles"))
MUSIC = {
    "opening": ("单件拨弦，疏落的动机", "a single plucked string, a sparse motif"), "development": ("低音持续，节奏渐密", "a low drone, the pulse closing up"),
    "turn": ("不协和的弦乐，压得很低", "dissonant strings, held down"), "resolution": ("暖的长音，慢慢散开", "a warm long tone that opens out"),
}
MOODS = {"opening": ("平静里带着期待", "calm, with expectation"), "development": ("收紧", "tightening"), "turn": ("悬着，不安", "suspended, uneasy"), "resolution": ("松开，回暖", "released, warm again")}
STILL = ("全部静默，只留呼吸", "everything stops but the breath")
LEAST_S = 0.4
# fmt: on


def sound_design(facts: dict[str, Any], rng: Random) -> SoundDesign:
    """Air under all of it, one or two small sounds, music where it carries, silence at a turn."""
    own = 0 if language_of(facts) == "zh" else 1
    seconds = float(facts["seconds"])
    mood = str(facts.get("position") or "opening")
    place = facts["anchor"]
    thing = short(place["anchors"][digest(facts["scene"].get("summary")) % len(place["anchors"])])
    air = next(
        (
            said
            for words, said in AIRS
            if words.search(f"{place['weather']}{place['time']}{place['location']}{place['set']}")
        ),
        ROOM,
    )

    def cue(kind: CueType, text: str, start: float, end: float, intensity: Intensity, loop: bool = False) -> SoundCue:
        # to a tenth downwards, so that nothing ends after the scene
        first = int(start * seconds * 10) / 10
        last = max(int(end * seconds * 10) / 10, first + LEAST_S)
        return SoundCue(
            type=kind, description=text.format(thing=thing), from_s=first, to_s=min(last, seconds), intensity=intensity,
            mood=MOODS.get(mood, MOODS["opening"])[own], loopable=loop,
        )  # fmt: skip

    start = rng.choice((0.08, 0.15, 0.22))
    cues = [
        cue("ambience", air[own], 0, 1, "subtle", loop=True),
        cue("foley", rng.choice(FOLEY)[own], start, start + 0.2, "normal"),
    ]
    if mood == "turn":
        cues.append(cue("silence", STILL[own], 0.62, 0.74, "normal"))
        cues.append(cue("sfx", rng.choice(SFX)[own], 0.76, 0.86, "prominent"))
    else:
        cues.append(cue("sfx", rng.choice(SFX)[own], 0.5, 0.62, "normal"))
    if mood != "turn" or rng.random() < 0.5:
        music = MUSIC.get(mood, MUSIC["opening"])
        cues.append(cue("bgm", music[own], 0.3 if mood != "turn" else 0, 1 if mood != "turn" else 0.6, "subtle"))
    return SoundDesign(
        master_mood=MOODS.get(mood, MOODS["opening"])[own], cues=sorted(cues, key=lambda c: (c.from_s, c.type))
    )
