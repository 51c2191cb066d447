"""Which language a story is written in: as its brief names it, else by its own words.

Stories are planned in Chinese or English, the languages of the prompts. A story in another one is planned in English,
and that is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from workbench.artifacts.models import Language
from workbench.i18n import N_, Text
from workbench.json_types import Json, JsonObject

#: a Chinese word has about so many characters
HAN_PER_WORD = 1.6
#: so many words, or Chinese characters, of title and summary tell the language; below it everything is looked at
ENOUGH = 4
#: characters of a source text
SOURCE_LOOKED_AT = 4_000

_HAN = re.compile(r"[㐀-鿿豈-﫿\U00020000-\U0003ffff]")
_WORD = re.compile(r"[^\W\d_㐀-鿿豈-﫿]+(?:['’][^\W\d_]+)*")
_CHINESE = re.compile(
    r"(?:zh|cmn|yue|wuu|nan|lzh|cn|chs|cht)(?:[-_].*)?|(?:(?:simplified|traditional|mandarin|cantonese)\s+)?chinese.*|"
    r"mandarin|cantonese|putonghua|zhongwen|[简簡繁正][体體]字?|[简簡繁正]?[体體]?中文.*|中[国國][话話语語]|中|"
    r"[汉漢华華][语語文]|普通[话話]|[国國台臺粤粵][语語]|白[话話]文?|文言文?",
    re.IGNORECASE,
)
_ENGLISH = re.compile(r"(?:en|eng)(?:[-_].*)?|(?:\w+\s+)?english.*|英[文语語].*", re.IGNORECASE)
#: scripts that neither language is written in, by their Unicode blocks
_SCRIPTS = {
    N_("Japanese"): r"[ぁ-ヿㇰ-ㇿ]",
    N_("Korean"): r"[ᄀ-ᇿ가-힣]",
    N_("Cyrillic script"): r"[Ѐ-ԯ]",
    N_("Greek"): r"[Ͱ-Ͽἀ-῿]",
    N_("Arabic script"): r"[؀-ۿݐ-ݿࢠ-ࣿﭐ-ﷻﹰ-ﻼ]",
    N_("Hebrew"): r"[֐-׿]",
    N_("an Indian script"): r"[ऀ-ൿ]",
    N_("Thai"): r"[฀-๿]",
}
#: words that stand in nearly every sentence
_FREQUENT = {
    "": "the and of to in is was her his with that for on who she he they it an by from at when but has have not",
    N_("French"): "le la les des et une est dans que qui pour avec sur elle il du au ses son sa pas ne aux ce",
    N_("Spanish"): "el la los las de del y que en un una con por su se para es como pero al lo sus no más",
    N_("German"): "der die das und ist ein eine nicht mit von zu den dem des im sie er es auf auch als für aus sich",
    N_("Portuguese"): "o a os as de do da dos das e que em um uma com por seu sua se para não na no ao mais",
    N_("Italian"): "il lo la gli le di del della e che in un una con per suo sua si non è nel al dei delle",
    N_("Dutch"): "de het een en van in is dat met voor op zijn haar niet te die aan hij zij om naar uit",
}
#: beside fewer of these, nothing can be told
_LEAST_FREQUENT = 3
#: so many words are not English without a frequent one among them
_SURELY_ENGLISH = 12
#: a capital at the head of a sentence; a longer word may be a name
_SHORT = 3


@dataclass(frozen=True)
class Recognized:
    """The language to plan a story in; `other`: the name of the one it is really in, empty when that is the same."""

    language: Language
    other: str = ""


def read_name(named: object) -> Language | None:
    """“zh-TW”, “Chinese”, “英文” as this house calls it; None for any other."""
    text = unicodedata.normalize("NFKC", str(named)).strip()
    return "zh" if _CHINESE.fullmatch(text) else "en" if _ENGLISH.fullmatch(text) else None


def recognize(text: str) -> Recognized | None:
    """The language of a text by its scripts and most frequent words; None when it has neither letters nor words."""
    text = unicodedata.normalize("NFKC", text)
    han, words = len(_HAN.findall(text)), _WORD.findall(text)
    letters = sum(c.isalpha() for c in text)
    for script, block in _SCRIPTS.items():
        # a few foreign names are no foreign story; kana stand between the characters of any Japanese sentence
        if len(re.findall(block, text)) > letters * (0.2 if script == "Japanese" else 0.5):
            return Recognized("en", script)
    if not han and not words:
        return None
    # a capital is a name's as often as not, and names tell little: “Della” is no Italian
    shouted = all(w == w.upper() for w in words)
    plain = [w.casefold() for w in words if shouted or w == w.lower()]
    small = plain + [w.casefold() for w in words if not shouted and w != w.lower() and len(w) <= _SHORT]
    if han / HAN_PER_WORD >= (len(plain) + len(words)) / 2:
        return Recognized("zh")
    counts = {name: [w for w in small if w in set(frequent.split())] for name, frequent in _FREQUENT.items()}
    most = max(counts, key=lambda name: (len(counts[name]), not name))
    told = len(counts[most]) >= _LEAST_FREQUENT and len(set(counts[most])) > 1 and len(counts[most]) > len(counts[""])
    unknown = len(plain) >= _SURELY_ENGLISH and not counts[""]
    return Recognized("en", most if told else N_("another language") if unknown else "")


def complete(brief: Mapping[str, Json]) -> tuple[JsonObject, Text | None]:
    """A brief with its language under the house's name, and what to say where the brief does not name it."""
    named = brief.get("language")
    if named is not None and str(named).strip():
        return {**brief, "language": read_name(named) or named}, None
    recognized = recognize(words_of(brief))
    if recognized is None:
        message = N_("The brief names no language and has no words that tell one: it is planned in Chinese.")
        return {**brief, "language": "zh"}, Text(message)
    if recognized.other:
        other = Text(recognized.other)
        message = N_(
            "The brief names no language and reads as {other}: it is planned in English. Change it in the brief."
        )
        return {**brief, "language": recognized.language}, Text(message, other=other)
    message = (
        N_("The brief names no language: recognized as Chinese. Change it in the brief if that is wrong.")
        if recognized.language == "zh"
        else N_("The brief names no language: recognized as English. Change it in the brief if that is wrong.")
    )
    return {**brief, "language": recognized.language}, Text(message)


def words_of(brief: Mapping[str, Json]) -> str:
    """Title and summary, or how the source begins; everything that is told where those are hardly more than a name."""
    main = f"{brief.get('title') or ''}\n{brief.get('summary') or str(brief.get('source') or '')[:SOURCE_LOOKED_AT]}"
    if len(_HAN.findall(main)) >= ENOUGH or len(_WORD.findall(main)) >= ENOUGH:
        return main
    fields = [main, str(brief.get("protagonist") or ""), str(brief.get("genre") or "")]
    for element in [*_list(brief.get("characters")), *_list(brief.get("world"))]:
        fields += [str(v) for v in element.values()] if isinstance(element, Mapping) else [str(element)]
    return "\n".join(fields)


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
