"""How a character looks: colours by the place in the cast, build and hair by the name and by what is told of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.json_types import JsonObject
from workbench.sketch.drawing.colour import RGB, digest, mix, rgb, times

Garment = Literal["robe", "dress", "coat", "suit"]
Hair = Literal["short", "bun", "long", "braid", "topknot", "bald", "bob", "wild"]

#: half the head's width and height, in metres
HEAD = (0.118, 0.142)
#: coat, what goes with it
COATS: tuple[tuple[RGB, RGB], ...] = tuple(
    (rgb(a), rgb(b))
    for a, b in (
        ("#D0763C", "#5B4A4A"), ("#2F8A8C", "#E3D6BE"), ("#8A4F9E", "#3C3A55"), ("#DDAA3C", "#6A4B35"),
        ("#3F5FB5", "#D9D4C8"),
        ("#7BA05B", "#4B4F42"), ("#BC3F4B", "#2F3042"), ("#7FB2D6", "#F0E7D6"), ("#D98AA0", "#6B4A63"),
        ("#2F7A55", "#E4D9BE"),
    )
)  # fmt: skip
_SKINS = tuple(rgb(c) for c in ("#F2CBA8", "#E9B98F", "#F6D6B8", "#D9A679", "#EBC3A0"))
_HAIRS = {"zh": ("#2A2328", "#3A2A28", "#1F2130"), "en": ("#3B2A22", "#6A4228", "#2A2328", "#A8733A", "#7C3B2A")}
_WHITE = rgb("#E9E6E0")


def _is(chinese: str, english: str) -> re.Pattern[str]:
    return re.compile(rf"{chinese}|\b(?:{english})\b", re.IGNORECASE)


_CHILD = _is(
    "孩|少年|少女|十[一二三四]岁|[五六七八九]岁|幼|孙女|孙子",
    "child|boy|girl|kid|(?:six|seven|eight|nine|ten|eleven|twelve|thirteen)(?:-year-old| years| year old)?",
)
_OLD = _is(
    "老|[六七八九]十多?岁|白须|白发|爷|奶奶|翁|叟|婆",
    "old man|old woman|elderly|grandfather|grandmother|aged|white-haired|sixty|seventy|eighty|ninety",
)
_BEARD = _is("须|胡子|髯|胡茬|道士|老翁|叟", "beard|bearded|whiskers|moustache|mustache|stubble")
_WOMAN = _is(
    "女|妻|妇|姑娘|母|娘|她|妾|姐|妹|氏",
    "woman|women|girl|lady|wife|mother|she|her|madame|mrs|miss|sister|daughter|queen|aunt|grandmother",
)
_MAN = _is(
    "男|夫|父|兄|弟|他|书生|先生|汉|公", "man|boy|mr|husband|father|he|his|him|brother|son|king|uncle|grandfather|sir"
)
_LONG = _is("长发|披发|散发", "long hair|hair below|hair falls|loose hair")
_BRAID = _is("辫", "braid|braids|plait|pigtails")
_BALD = _is("秃|光头|和尚|僧", "bald|shaved head|monk")
_WILD = _is("蓬头|乱发|疯", "unkempt|wild hair|tousled|dishevelled")
_STOUT = _is("胖|壮|魁梧|圆", "large|stout|fat|heavy|burly|broad|big")
_HAT = _is("斗笠|帽|冠", "hat|cap|hood|bonnet")
_SKIN_GREEN = _is("青面", "green-faced|green face")


@dataclass(frozen=True)
class Look:
    coat: RGB
    under: RGB
    skin: RGB
    hair: RGB
    garment: Garment
    style: Hair
    height: float
    width: float
    beard: bool
    old: bool
    hat: bool

    @property
    def deep(self) -> RGB:
        """The coat's shaded side."""
        return times(self.coat, (0.74, 0.72, 0.8))

    @property
    def blush(self) -> RGB:
        return mix(self.skin, (214, 96, 88), 0.4)

    @property
    def shade(self) -> RGB:
        """Skin turned away from the light."""
        return times(self.skin, (0.86, 0.78, 0.76))


def coat_of(name: str, cast: Sequence[str]) -> tuple[RGB, RGB]:
    """The character's own colours: nobody of the first ten shares a coat, whatever the story."""
    place = list(cast).index(name) if name in cast else len(cast) + digest(name) % len(COATS)
    first = digest(*cast[:1]) if cast else 0
    return COATS[(place * 3 + first) % len(COATS)]


def look(name: str, cast: Sequence[str], description: str, era: str, language: str) -> Look:
    """`description` is what the shot says of this person's looks."""
    coat, under = coat_of(name, cast)
    number = digest("look", name)
    spoken = "zh" if language == "zh" else "en"
    text = f"{name} {description}"
    child, old = bool(_CHILD.search(text)), bool(_OLD.search(text))
    if old:
        child = False
    woman = _gender(text, number)
    hair = _WHITE if old else rgb(_HAIRS[spoken][number // 7 % len(_HAIRS[spoken])])
    skin = _SKINS[number // 11 % len(_SKINS)]
    return Look(
        coat=coat,
        under=under,
        skin=mix(skin, rgb("#7FA88C"), 0.6) if _SKIN_GREEN.search(description.split("真身")[0]) else skin,
        hair=hair,
        garment=_garment(woman, era, number),
        style=_hair(text, woman, child, era, number),
        height=(0.74 if child else 0.95 if old or woman else 1.0) + (number // 13 % 5 - 2) * 0.012,
        width=1.16 if _STOUT.search(description) else 0.95 + (number // 17 % 4) * 0.035,
        beard=not woman and not child and bool(_BEARD.search(text)),
        old=old,
        hat=bool(_HAT.search(description)),
    )


def describe_looks(name: str, shot: JsonObject) -> str:
    """What the shot's words on looks say of one of its people; all of them when nobody is named."""
    text = str((shot.get("visual") or {}).get("character") or "")
    names = [str(s.get("name")) for s in shot.get("subjects") or []]
    at = {n: m.end(1) for n in names if (m := re.search(rf"(?:^|[;；。.]\s*)({re.escape(n)})\s*[:：]", text))}
    start = at.get(name, text.find(name) + len(name) if name in text else None)
    if start is None:
        return text if len(names) == 1 else ""
    heads = [rf"(?:(?<![A-Za-z ])|(?<=[;；] )){re.escape(n)}[:：]" for n in names if n != name]
    others = [re.search(head, text[start:]) for head in heads]
    after = [m.start() for m in others if m]
    return text[start : start + min(after, default=len(text))]


def _gender(text: str, number: int) -> bool:
    """Whether to draw a woman: by what is said first, else by the name's number."""
    woman, man = _WOMAN.search(text), _MAN.search(text)
    if woman and man:
        return woman.start() <= man.start()
    return bool(woman) or (man is None and number % 2 == 0)


def _garment(woman: bool, era: str, number: int) -> Garment:
    if era == "east":
        return "robe"
    if era == "west":
        return "dress" if woman else "coat"
    return ("coat", "suit", "dress")[number % 3] if woman else ("coat", "suit")[number % 2]


def _hair(text: str, woman: bool, child: bool, era: str, number: int) -> Hair:
    styles: tuple[tuple[re.Pattern[str], Hair], ...] = (
        (_BALD, "bald"),
        (_WILD, "wild"),
        (_BRAID, "braid"),
        (_LONG, "long"),
    )
    for words, style in styles:
        if words.search(text):
            return style
    if woman:
        return (
            ("braid" if child else ("bun", "long", "bun")[number % 3])
            if era == "east"
            else ("long", "bun", "bob", "braid")[number % 4]
        )
    return "topknot" if era == "east" else "short"
