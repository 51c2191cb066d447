"""Who is only spoken of, sought, thought of or gone: named in a text, and not there.

“Says that Herbert is dead” has no Herbert, “Mr McGregor's garden” no Mr McGregor, 想念戴安道 no 戴安道.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

from workbench.sketch.reading.places import kind_of_name

_SAYS = (
    r"says|said|tells|told|claims|knows|hears|heard|believes|announces|reports|writes|explains|learns|remembers|"
    r"thinks|fears|hopes|swears|reads|insists|confesses|whispers|dreams|answers|promises|declares|warns|guesses"
)
#: what somebody does with one who is elsewhere
_APART_EN = (
    r"(?:look|search|long|yearn|hunt|grieve|pray|wait)(?:s|es|ed|ing)? for|in search of|"
    r"(?:remember|recall|miss|mourn|seek|forget|imagine)(?:s|es|ed|ing)?|"
    r"(?:dream|think|speak|talk|tell|hear|read|know|sing)(?:s|ing)? (?:of|about)|"
    r"(?:writes?|letters?|postcards?|a message|telegrams?) (?:to|from)|without|instead of|news of|"
    r"(?:portraits?|pictures?|photographs?|photos?|statues?|graves?|tombs?|names?|memory|story|songs?|eggs?|nests?|"
    r"tracks|footprints|letters?|absence) of|(?:kept|saved|reserved|left|meant) for"
)
_GONE_EN = (
    r"(?:has|have|had) (?:\w+ )?(?:flown|gone|left|fled|vanished|disappeared|departed|sailed|moved|run away)|"
    r"is (?:nowhere|missing|absent|not there|far away|long gone)|(?:never|no longer) (?:comes|came|returns?|returned|"
    r"appears?)|(?:does not|did not|doesn't) (?:come|return|appear)"
)
_BELONGINGS_EN = r"graves?|tombs?|portraits?|photos?|photographs?|pictures?|letters?|names?|eggs?|nests?|memory|absence"
_APART_ZH = (
    r"(?:寻找|找寻|四处找|去找|(?:命|要|让|派|叫|求)[^，。；]{0,10}?找到?|想念|思念|怀念|想起|记起|记得|提起|提到|说起|说到|谈起|谈到|"
    r"打听|听说|梦见|祭奠|忘记|忘了|没有?说出|不提|等不到|写信给|寄给|的?信里说)"
)
_GONE_ZH = (
    r"(?:就|却|也|从此)?(?:再也?|一直)?(?:没有?|不曾|未曾|不)(?:再)?(?:来过?|出现|回来|露面)|"
    r"(?:已经?|早已|早就)(?:走|离开|飞走|逃走|不在|搬走|失踪)"
)
_BELONGINGS_ZH = r"的?(?:家?门[前外口]|坟|墓|画像|照片|名字|遗物|故居|旧居)|的(?:信|家|屋|院子?|花园|园子|店|宅)"
_REPORTED_ZH = re.compile(
    r"(?:告诉[^，。；：]{1,8}[，：]|[说道问答]：|(?<![小传听])说(?!出|完|服|好|话|明|笑|道|着|罢|起|到|给))"
)


def find_absent(text: str, spots: Sequence[tuple[str, int, int]]) -> set[str]:
    """Who of those whom a text names is not there. `spots`: (own name, start, end) of each mention."""
    there = {name for name, start, end in spots if not _is_absent(text, start, end)}
    return {name for name, _, _ in spots} - there


def _is_absent(text: str, start: int, end: int) -> bool:
    before, after = text[:start], text[end:]
    if re.search(r"[一-鿿]", text):
        return (
            _apart_zh().search(before) is not None
            or re.match(rf"(?:{_GONE_ZH}|{_BELONGINGS_ZH})", after) is not None
            or (before.endswith("给") and re.match(r"留[的着]|准备的|买的", after) is not None)
            or _is_reported(before)
        )
    owner = re.search(r"((?:[\w-]+\s+){0,2}[\w-]+) of (?:the |old )?$", before)
    if owner is not None and kind_of_name(owner.group(1), "en"):
        return True
    if _apart_en().search(before) or re.match(rf"\s+(?:{_GONE_EN})\b", after, re.IGNORECASE):
        return True
    owned = re.match(r"['’]s?\s+((?:[\w-]+\s+){0,2}?[\w-]+)", after)
    return owned is not None and (
        re.search(rf"\b(?:{_BELONGINGS_EN})$", owned.group(1), re.IGNORECASE) is not None
        or any(kind_of_name(" ".join(owned.group(1).split()[:n]), "en") for n in (1, 2, 3))
    )


def _is_reported(before: str) -> bool:
    """Whether what follows is in somebody's words."""
    match = _REPORTED_ZH.search(before)
    return match is not None and not re.search(r"[。；]", before[match.end() :])


@functools.cache
def _apart_en() -> re.Pattern[str]:
    """What stands before a name that is not there; of a said clause up to three words may stand between."""
    return re.compile(
        rf"\b(?:(?:{_APART_EN})\s+(?:the |her |his |their |old |dear |poor |\w+ (?:of|and) )?|"
        rf"(?:{_SAYS})\s+(?:[\w']+\s+){{0,2}}?that\s+(?:[\w']+\s+){{0,3}})$",
        re.IGNORECASE,
    )


@functools.cache
def _apart_zh() -> re.Pattern[str]:
    return re.compile(rf"{_APART_ZH}(?:[^，。；]{{1,6}}的)?$")
