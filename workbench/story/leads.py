"""Whom a brief's protagonist field means: people of the library, or somebody who has no sheet yet.

The field is written freely: “Mara”, “愚公的孙女小禾”, “a lonely robot”, “Captain Ahab, who hunts the whale”.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from workbench.artifacts.models import Character
from workbench.json_types import Json, JsonObject
from workbench.story.names import NameIndex

#: a longer text is a description, not a name
MOST_CHARS, MOST_CHARS_ZH, MOST_WORDS = 40, 8, 6

_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_LABEL = re.compile(
    r"^(?:[男女第一二]*主角|[男女]主(?!人[^公翁]|持|播|任|管|义|義)|主人公|主人翁|姓名|名字|"
    r"(?:protagonist|hero|heroine|lead|name)s?)\s*(?:[:：]|\bis\b|(?<=主)|(?<=男主角)|(?<=女主角))\s*",
    re.IGNORECASE,
)
#: “女主林晚，男主顾沉”
_NEXT_LABEL = re.compile(r"[，,;；、]\s*(?=[男女](?:主角|主(?!人|持|播|任|管|义|義)))")
#: a line of a list
_BULLET = re.compile(r"^\s*(?:[-*•·–—]|\(?\d{1,2}[.)、:：])\s*")
_NOBODY = re.compile(
    r"[\W_]*(?:(?:none|n/?a|tbd|tba|unknown|nil|null)|无|無|没有|沒有|暂无|暫無|待定|未定|不详|不詳)?[\W_]*",
    re.IGNORECASE,
)
#: “two sisters: Ana and Eva”
_GROUP = re.compile(
    r"^(?:the\s+)?(?:two|three|four|five|twins?|brothers|sisters|friends|a couple|both|[两兩二三四五双雙]|一[对對])"
    r"[^:：,，]*[:：,，]\s*",
    re.IGNORECASE,
)
#: the end of the first clause; a full stop behind “Dr” or an initial is none
_CLAUSE = re.compile(
    r"[,，、;；:：。!！?？\n(（\[【《“\"]|\s[-–—]+\s|——|"
    r"(?<!\b[A-Z])(?<!\bMr)(?<!\bMs)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bJr)(?<!\bSr)(?<!\bProf)(?<!\bCapt)\.(?=\s|$)"
)
_AND = re.compile(r"\s+(?:and|et|und|y|и|&|\+)\s+|\s*[&＆/、]\s*|和|与|與|以及")
_NAMED_EN = re.compile(r"\b(?:named|called)\s+((?:[A-Z][\w'’.-]*)(?:\s+[A-Z][\w'’.-]*)*)")
_NAMED_ZH = re.compile(r"(?:名叫|名为|名為|名唤|名喚|叫做|叫作|唤作|喚作|叫)([^\s，。、；：,.;:（(的]{1,8})")
_CAPITAL = r"[^\W\d_a-z][\w'’.-]*"
_PROPER = re.compile(
    rf"{_CAPITAL}(?:\s+(?:(?:van|von|de|der|den|del|della|di|da|du|la|le|bin|ibn|al|of the|of)\s+)*{_CAPITAL})*"
)
_PREDICATE = re.compile(r"\s+(?:who|whose|whom|that|which|is|was|are|were|has|had|wants?|must|lives?|works?)\b")
_ADJUNCT = re.compile(r"\s+(?:in|from|with|on|at|of|by|without|\w+ing)\b")
_DETERMINER = re.compile(r"^(?:an?|the|one|my|our|his|her|their|some)\s+", re.IGNORECASE)
_ONE_ZH = re.compile(r"^(?:一|某|那|这|這)(?:个|個|位|名|只|隻|条|條|头|頭|匹|群|对|對)")
_IS_ZH = re.compile(r"是|今年|住在|生于|生於|现年|現年")


def find_leads(protagonist: str, library: NameIndex) -> list[str]:
    """The own names of those of the library whom the field means, in its order: in “Fen's sister” that is not Fen."""
    owned = re.compile(r"^\s*(?:的|['’]s\b|之)")
    leads = []
    for mention in library.mentions(protagonist):
        whose = owned.match(protagonist[mention.end :]) or re.search(r"\b(?:of|to)\s+$", protagonist[: mention.start])
        if not whose:
            leads.append(mention.name)
    return list(dict.fromkeys(leads))


def find_unlisted_leads(brief: Mapping[str, Json], characters: Sequence[Mapping[str, Json]]) -> list[JsonObject]:
    """Characters for those whom the brief's protagonist field means and the library does not have."""
    written = str(brief.get("protagonist") or "")
    text = " ".join(written.split())
    library = NameIndex(characters)
    if _NOBODY.fullmatch(text) or library.find(text) is not None:
        return []
    story = f"{brief.get('title') or ''}\n{brief.get('summary') or ''}"
    unlisted = []
    for part in (p for entry in _entries(written) for p in _split(entry, library)):
        if not part or find_leads(part, library):
            continue
        name = _read_name(part, story)
        if name and library.find(name) is None:
            character = Character(name=name, description=text)
            unlisted.append(character.model_dump(mode="json"))
            library = NameIndex([*characters, *unlisted])
    return unlisted


def _entries(text: str) -> list[str]:
    """Each bullet of a list, each lead behind a label of its own; else the whole text."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(map(_BULLET.match, lines)):
        return [" ".join(_BULLET.sub("", line).split()) for line in lines]
    return _NEXT_LABEL.split(" ".join(text.split()))


def _split(text: str, library: NameIndex) -> list[str]:
    """“Mara and Fen” is two, “a boy and his dog” as well; what is told behind the names is not."""
    text = _LABEL.sub("", text)
    names = [p.strip(" .。") for p in re.split(r"\s*(?:,\s*(?:and\s+)?|、)\s*|" + _AND.pattern, _GROUP.sub("", text))]
    if len(names) > 1 and _AND.search(text) and all(_is_name(name) for name in names):
        return names
    head = text[: match.start()] if (match := _CLAUSE.search(text)) and match.start() else text
    parts = [p.strip() for p in _AND.split(head)]
    if len(parts) == 2 and all(len(p) <= MOST_CHARS and p for p in parts):
        return parts
    # somebody of the library anywhere in the text is whom it means
    return [] if find_leads(text, library) else [text]


def _is_name(text: str) -> bool:
    return bool(_PROPER.fullmatch(text) if not _HAN.search(text) else re.fullmatch(r"[㐀-鿿·]{2,4}", text))


def _read_name(text: str, story: str) -> str:
    """The name in a description of somebody, or what they are called by it; empty when it tells neither."""
    named = _NAMED_ZH.search(text) if _HAN.search(text) else _NAMED_EN.search(text)
    if named is not None:
        return named[1].strip(" .")
    head = text[: match.start()].strip() if (match := _CLAUSE.search(text)) and match.start() else text.strip()
    name = _read_chinese(head, story) if _HAN.search(head) else _read_spaced(head, story)
    return name if len(name) <= MOST_CHARS else ""


def _read_spaced(head: str, story: str) -> str:
    bare = _DETERMINER.sub("", head)
    proper = [m.group().strip(" .") for m in _PROPER.finditer(bare) if not _is_owner(bare, m)]
    told = [p for p in proper if p in story]
    if told:
        return max(told, key=len)
    if proper and (bare == head or proper[0] == bare or not bare.startswith(proper[0])):
        return proper[0] if bare.startswith(proper[0]) else proper[-1]
    described = _PREDICATE.split(bare, maxsplit=1)[0].strip(" .")
    if len(described.split()) > MOST_WORDS:
        described = _ADJUNCT.split(described, maxsplit=1)[0]
    return described if len(described.split()) <= MOST_WORDS else ""


def _is_owner(text: str, match: re.Match[str]) -> bool:
    """“Fen's sister”, “the wife of Jim”: neither is Fen or Jim."""
    owner = match.group().endswith(("'s", "’s")) and text[match.end() :].strip()
    return bool(owner) or re.search(r"\b(?:of|to)\s+$", text[: match.start()]) is not None


def _read_chinese(head: str, story: str) -> str:
    bare = _ONE_ZH.sub("", head)
    # “少年林风” and “林小满十六岁”: the story itself tells where the name begins and ends
    for size in range(min(len(bare), 4), 1, -1):
        for part in (bare[-size:], bare[:size]):
            if part in story and (part == bare or not part.endswith("的")):
                return part
    bare = _IS_ZH.split(bare, maxsplit=1)[0].strip() or bare
    if len(bare) > MOST_CHARS_ZH:
        bare = bare.rsplit("的", 1)[-1]
    return bare if 0 < len(bare) <= MOST_CHARS_ZH else ""
