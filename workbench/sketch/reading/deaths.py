"""Who dies in a text, and who comes back. What is only feared, nearly so or said of the past kills nobody."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

_NOT_DEAD = re.compile(
    r"(?:nearly|almost|would rather|wants? to|wishes to|afraid to|fears? to|pretends? to|refuses to|not|"
    r"never|n't|about to|could|might|may|will|would|thinks? that|believes? that)\s+(?:\S+\s+)?(?:dies?|"
    r"died|drowns?|be (?:killed|hanged|dead)|killed|kill|is dead)|"
    r"dead (?:tired|end|line|of night|serious|calm|letters?|certain)|deadline|dying to|die laughing|to die for|"
    r"差[一]?点[^，。]{0,4}死|险些[^，。]{0,4}死|几乎[^，。]{0,4}死|没有?死|不死|未死|怕死|假死|装死|想死|该死|生死|死心|死死|不会死|死里逃生|死寂|死胡同|死党|"
    r"拼死|誓死|死守|至死|死神|找死|累死|吓死|气死|笑死|冻死的|宁死|死而复生|以为[^，。]{0,6}死",
    re.IGNORECASE,
)
_DIES_EN = (
    r"(?:is found dead|is found (?:murdered|drowned|lifeless)|is struck dead|dies|died|is dead|lies dead|"
    r"falls dead|drops dead|drowns|drowned|perishes|perished|passes away|"
    r"passed away|succumbs|starves to death|freezes to death|bleeds to death|is killed|was killed|"
    r"is murdered|was murdered|"
    r"is executed|is hanged|is beheaded|is buried|was buried|is shot dead|is slain|is devoured|is eaten|"
    r"breathes (?:his|her|its) last|takes (?:his|her|its) own life|hangs (?:himself|herself)|"
    r"kills (?:himself|herself)|"
    r"falls to (?:his|her|its) death|burns to death|is crushed to death|does not survive|never wakes again)"
)
_KILLS_EN = (
    r"(?:kills|killed|murders|murdered|slays|slew|strangles|poisons|beheads|executes|buries|buried|mourns|"
    r"drowns|shoots dead|stabs to death|devours|eats up)"
)
_AFTER_EN = r"['’]s? (?:death|funeral|grave|corpse|dead body|tomb|burial|ashes|murder)"
_DIES_ZH = (
    r"[^，。；、]{0,6}?(?:死(?:去|了|在|于|后)?|去世|病逝|逝世|牺牲|被杀|身亡|咽了?气|断了?气|遇害|自尽|自杀|溺亡|战死|"
    r"离世|过世|殉|丧命|毙命|惨死|病死|被处死|离开了?人世)"
)
_KILLS_ZH = r"(?:杀死|杀了|杀害|害死|埋葬|安葬|刺死|毒死|打死|烧死|处死|枪杀|吃掉|吃了|射死|勒死|收殓)了?"
_ALIVE = re.compile(
    r"comes? back to life|returns? from the dead|wakes?|awakes?|is alive|still alive|survives?|ghost|"
    r"spirit|resurrect\w*|revives?|reborn|lives again|not dead|was only|复活|醒来|苏醒|"
    r"还活着|活了?过来|鬼魂|魂魄|亡魂|归来|没有死|未死|重生|转世",
    re.IGNORECASE,
)


def find_deaths(text: str, names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Who of these dies in the text, by their own names; each is given under all names that are used."""
    every = sorted({n for own in names for n in _calls(own)}, key=len, reverse=True)
    # 兰溪生死在床上: a name's last sign is no half of 生死
    marks = {name: f"⟦{number}⟧" for number, name in enumerate(every)}
    plain = text
    for name, mark in marks.items():
        flags = re.IGNORECASE if name[:1].islower() else 0
        plain = re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", mark, plain, flags=flags)
    plain = _NOT_DEAD.sub("▮", plain)
    return tuple(own[0] for own in names if any(_dies(plain, marks[name]) for name in _calls(own)))


def _calls(own: tuple[str, ...]) -> list[str]:
    """A person's names and the parts of the first: “Victor” of “Victor Frankenstein”."""
    parts = [
        p for p in own[0].split() if len(p) > 2 and p[:1].isupper() and p not in ("Old", "The", "Mrs", "Miss", "Dr.")
    ]
    return [n for n in dict.fromkeys([*own, *(parts if len(own[0].split()) > 1 else [])]) if n.strip()]


def find_returns(text: str, names: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """Who of these is told of as alive, or as a ghost that acts."""
    if not _ALIVE.search(text):
        return ()
    return tuple(own[0] for own in names if any(name in text for name in own if name.strip()))


def _dies(text: str, sign: str) -> bool:
    return any(pattern.search(text) for pattern in _patterns(sign))


@functools.cache
def _patterns(sign: str) -> tuple[re.Pattern[str], ...]:
    """How it is told that this one dies; no other name may stand between."""
    sign = re.escape(sign)
    between = r"(?:[^.;⟦]{0,60}?(?:,|\band|\bor|\bwas \w+ (?:in|by|on) [^.;⟦]{0,30}? and)\s+)?"
    return tuple(
        re.compile(pattern, re.IGNORECASE)
        for pattern in (
            rf"{sign}{_DIES_ZH}",
            rf"{_KILLS_ZH}{sign}",
            rf"{sign}[^。；⟦]{{0,10}}被[^，。；]{{0,5}}?[^差险快要没不未生怕]死",
            rf"把{sign}[^，。；]{{0,6}}(?:杀|埋葬|安葬|害死|吃掉)",
            rf"{sign}(?:,[^,.;]{{0,40}},)?\s+{between}(?:\w+ly\s+|suddenly\s+|then\s+|soon\s+)?{_DIES_EN}\b",
            rf"\b(?:lies|lay|hangs|sits|floats)\s+{sign}(?:,[^,.;]{{0,40}})?,\s+(?:dead|lifeless|murdered)\b",
            rf"\b{_KILLS_EN}\s+(?:\w+\s+)?{sign}(?!['’]s)",
            rf"{sign}{_AFTER_EN}\b",
            rf"\b(?:burns?|burned|burnt)\s+{sign}\s+(?:to (?:ashes|death|cinders)|alive|at the stake)\b",
            rf"\b(?:throws|threw|casts|flings|tosses|hurls)\s+{sign}\s+(?:in|into|on|onto)\s+(?:\w+\s+){{0,2}}"
            r"(?:fire|flames|stove|furnace|oven|pyre|blaze)\b",
            rf"\b(?:death|funeral|murder|burial|body|corpse) of {sign}",
        )
    )
