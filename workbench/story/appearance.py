"""How somebody looks where they wear a look: of what is told of them in general, that alone which still holds.

A look tells hair, clothes and what is carried; face, age and build stay. Told side by side, two heads of hair are two
claims, and a model believes either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from workbench.story import hanzi

#: what a clause may be about that a look tells otherwise; Chinese is read in simplified characters
_ABOUT = {
    "hair": (
        r"hair(?:s|ed|style|cut)?(?!-)|curls?|curly|locks|tresses|ringlets|braid(?:s|ed)?|plait(?:s|ed)?|ponytails?|"
        r"pigtails?|bun|chignon|topknot|bob|bobbed|fringe|bangs|dreadlocks|cornrows|mohawk|wig|cropped|crew cut|"
        r"bald(?:ing)?|shaven|blond|blonde|brunette|redhead(?:ed)?",
        r"头发|发型|发髻|[长短黑白金银棕红灰卷直乌散乱秀披]发(?![现亮光出生觉])|假发|辫|髻|鬓|马尾|刘海|丸子头|寸头|"
        r"平头|光头|秃|齐耳|齐肩|青丝",
    ),
    "beard": (
        r"beard(?:s|ed|less)?|moustached?|mustached?|whiskers|stubble|goatee|sideburns|clean-shaven",
        r"胡子|胡须|胡茬|须髯|髯|络腮|面白无须",
    ),
    "clothes": (
        r"clothes|clothing|clothed|dressed|clad|garb|outfit|rags|coats?|overcoat|greatcoat|raincoat|jackets?|cloak|cape|"
        r"shawl|scarf|dress|dresses|gown|skirts?|frock|robes?|kimono|hanfu|qipao|cheongsam|sari|toga|tunic|habit|"
        r"cassock|suit|uniform|tuxedo|shirts?|t-shirt|blouse|sweater|jumper|hoodie|vest|waistcoat|trousers|pants|"
        r"jeans|shorts|breeches|overalls|apron|oilskins?|armou?r|furs|nightgown|pyjamas|pajamas|hat|cap|hood|hooded|"
        r"bonnet|helmet|beret|turban|headscarf|veil|boots?|shoes?|sandals|slippers|stockings|socks|gloves?|mittens|"
        r"belt|tie|barefoot|bare feet",
        r"衣|袍|衫|裙|裤|袄|褂|披风|斗篷|外套|夹克|马甲|西装|西服|制服|军装|校服|工装|铠甲|盔|帽|斗笠|头巾|靴|鞋|袜|手套|围巾|领带|"
        r"腰带|赤脚|光脚|赤足|打扮|装束",
    ),
}
_PATTERNS = {
    about: re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE) for about, (english, chinese) in _ABOUT.items()
}
#: where one clause ends and another begins; _JOINT: behind “穿青布长衫的” in “穿青布长衫的书生”
_JOINT = "\0"
_CUT = re.compile(
    rf"([，。；、,.;\n{_JOINT}]+|\b(?:wearing|dressed in|clad in|with)\b|\bin(?= an? | his | her | their ))",
    re.IGNORECASE,
)
_OF_WHOM = re.compile(r"[穿着戴披梳扎留][^，。；、,.;的]{1,12}的(?=[^，。；、,.;\s])")
#: a clause with one of these says who somebody is besides
_WHO = re.compile(
    r"\b(?:man|woman|girl|boy|lady|gentleman|child|person|youth|teenager)\b|[男女](?![装式])|少年|老人|孩子|青年|妇|翁",
    re.IGNORECASE,
)
#: what goes before the words of a look: from here on they count, whatever was told
HOLDS = {"zh": "本场造型以此为准：", "en": "in this scene, whatever else is told of them: "}


def tell_look(description: str, words: str, language: str) -> str:
    """How somebody looks who wears a look: what still holds of their description, then the look's words, which go
    before it."""
    if not description or not words:
        return description or words
    return f"{description}{'；' if language == 'zh' else '; '}{HOLDS['zh' if language == 'zh' else 'en']}{words}"


def keep_what_stays(description: str, words: str | None) -> str:
    """The clauses of a description that tell nothing of which a look's words tell, too: hair beside hair. None: nothing
    of hair, beard and clothes at all."""
    told = [pattern for pattern in _PATTERNS.values() if words is None or _tells(words, [pattern])]
    jointed = _OF_WHOM.sub(lambda m: m[0] + _JOINT * _tells(m[0], _PATTERNS.values()), description)
    first, *rest = _CUT.split(jointed)
    clauses = [("", first), *zip(rest[::2], rest[1::2], strict=True)]
    kept = [(mark, text) for mark, text in clauses if text.strip() and (_WHO.search(text) or not _tells(text, told))]
    whole = "".join(mark + text if number else text for number, (mark, text) in enumerate(kept))
    return whole.replace(_JOINT, "").strip(" ，。；、,.;\n")


def _tells(text: str, of: Iterable[re.Pattern[str]]) -> bool:
    simplified = str(hanzi.simplify(text))
    return any(pattern.search(simplified) for pattern in of)
