"""How old somebody is by the words: a number, a decade, “a boy of ten”, 十七八岁; "" for what is not told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from workbench.sketch.reading.words import either

Age = Literal["", "child", "young", "adult", "old"]


_NUMBERS = {
    w: n
    for n, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_NUMBERS |= {
    w: 10 * n
    for n, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2)
}


_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"


WORD_NUMBER = rf"(?:(?:{_TENS})(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?|{'|'.join(_NUMBERS)})"


_AGE_EN = (
    re.compile(
        rf"(?<![\w-])(\d{{1,3}}|{WORD_NUMBER})(?:[- ]years?[- ]old|-year-old| years? of age|\s*yo\b)", re.IGNORECASE
    ),
    re.compile(
        rf"\b(?:aged|age|turned|turning|nearly|almost|about|around|barely|just) (\d{{1,3}}|"
        rf"{WORD_NUMBER})(?![\w-]| [a-z]+s\b)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"^\s*(?:a |the )?(?:man |woman |boy |girl )?(?:nearly |almost |about |barely |over |under |"
        rf"just )?(\d{{1,3}}|{WORD_NUMBER})(?![\w-])\s*(?:$|or so|and )",
        re.IGNORECASE,
    ),
)


_OF_AGE_EN = re.compile(
    rf"\b(?:man|woman|boy|girl|lad|lass|child|youth|lady|person|gentleman) of (?:about |some |"
    rf"nearly )?(\d{{1,3}}|{WORD_NUMBER})(?![\w-])",
    re.IGNORECASE,
)


#: “a nurse of fifty-three”, not “a mother of three”
_OF_YEARS_EN = re.compile(
    rf"(?<!mother)(?<!father)(?<!parent)(?<!owner)(?<!captain)(?<!head) of (?:about |some |"
    rf"nearly )?(\d{{2,3}}|{WORD_NUMBER})"
    r"(?=$|\s+with\b|\s+in\b|\s+and\b|,)",
    re.IGNORECASE,
)


_DECADE_EN = re.compile(
    r"\b(?:early|mid|late|in (?:her|his|their))[\s-]*(?:her|his|their)?\s*(teens|twenties|thirties|"
    r"forties|fifties|sixties|seventies|eighties|nineties|\d0s)\b",
    re.IGNORECASE,
)


_DECADES = {
    "teens": 16,
    "twenties": 25,
    "thirties": 35,
    "forties": 45,
    "fifties": 55,
    "sixties": 65,
    "seventies": 75,
    "eighties": 85,
    "nineties": 95,
}


_DIGITS_ZH = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}


_AGE_ZH = re.compile(
    r"([零〇一二两三四五六七八九十百千\d]{1,6})[多余来]?(?:岁|周岁)|年[过近约逾](\S{1,3}?)(?:旬|十)|(?:年方|芳龄|年仅|年约)([零一二两三四五六七八九十\d]{1,4})"
)


_CHILD = either(
    r"孩(?!子气|子王|子的(?:父|母|爸|妈))|幼(?!稚|儿园老师|师)|婴儿|童(?!话|年|心|颜)|娃|小学生|小丫头|小家伙",
    r"child|boy|girl|kid|toddler|baby|infant|schoolboy|schoolgirl|little one|urchin|orphan (?:boy|girl)|"
    r"pupil|lad|lass|tot",
)


_YOUNG = either(
    r"少年|少女|年轻|青年|小伙|姑娘|初中生|高中生|大学生|中学生|学徒|豆蔻",
    r"teenager?|teen|adolescent|young|youth|youthful|student|apprentice|young (?:man|woman|lady)",
)


_OLD = either(
    r"老(?:人|翁|妇|汉|头|者|太|奶|爷|婆婆|伯|叟|妪|道|僧|渔|船|船长|猎人|仆|妈妈|工人|匠|先生|兵)|年迈|年老|苍老|古稀|花甲|耄耋|白须|白发苍苍|爷爷|奶奶|外公|外婆|"
    r"祖父|祖母|姥姥|姥爷|老态|[翁叟妪]",
    r"old (?:man|woman|lady|gentleman|fisherman|sailor|keeper|soldier|wizard|witch|monk|king|queen|widow|"
    r"widower|nurse|farmer|priest|captain|master|beggar|servant|couple|teacher|gardener)|"
    r"elderly|grandfather|grandmother|grandpa|grandma|granny|aged|ancient|white-haired|pensioner|retired|"
    r"crone|old and|very old|old, |senior|octogenarian|nonagenarian",
)


def age_of_parts(parts: Sequence[str]) -> Age:
    for part in parts:
        years = _years(part)
        if years is not None:
            return "child" if years < 16 else "young" if years < 20 else "old" if years >= 60 else "adult"
    text = " , ".join(p for p in parts)
    if _OLD.search(text) or any(p.strip().lower() in ("old", "very old") for p in parts):
        return "old"
    if _CHILD.search(
        re.sub(
            r"(?:schoolboy|boyish|girlish|girlfriend|boyfriend|childless|childlike|like a child)",
            " ",
            text,
            flags=re.IGNORECASE,
        )
    ) and not re.search(r"没有孩子|孩子们?的", text):
        return "child"
    return "young" if _YOUNG.search(text) else ""


def age_of_name(name: str) -> Age:
    text = name.strip()
    if _OLD.search(text) or re.match(r"(?:the )?old\s+\w", text, re.IGNORECASE):
        return "old"
    return "child" if _CHILD.search(text) and not re.search(r"\b[A-Z]\w+ (?:Child|Kidd?|Boyd?)\b", text) else ""


def _years(part: str) -> int | None:
    for pattern in (*_AGE_EN, _OF_AGE_EN, _OF_YEARS_EN):
        if match := pattern.search(part):
            return _number_en(match.group(1))
    if match := _DECADE_EN.search(part):
        word = match.group(1).lower()
        return _DECADES.get(word) or int(re.sub(r"\D", "", word) or 30)
    if match := _AGE_ZH.search(part):
        if match.group(2):
            return _number_zh(match.group(2)) * 10
        return _number_zh(match.group(1) or match.group(3))
    return None


def _number_en(word: str) -> int:
    return int(word) if word.isdigit() else sum(_NUMBERS[p] for p in re.split(r"[- ]", word.lower()) if p in _NUMBERS)


def _number_zh(word: str) -> int:
    """二十七 → 27; 十八九 → 18; 一千 → 1000."""
    if word.isdigit():
        return int(word)
    total = digit = 0
    for character in word:
        if character in _DIGITS_ZH:
            # 十八九: the second digit is only “or nine”
            digit = digit if digit and total else _DIGITS_ZH[character]
        elif character in "十百千":
            total, digit = total + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[character], 0
    return total + digit
