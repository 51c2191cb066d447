"""Traditional Chinese: a story written in it stays in it, whatever its model or the offline drafts answer.

OpenCC converts; what the story has itself – names, whole clauses – comes back as it was written, since some characters
are one in simplified Chinese and two in traditional (后/後, 里/裡, 范/範). Taiwan's forms stand for the others.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from workbench.json_types import Json

if TYPE_CHECKING:
    from opencc import OpenCC

M = TypeVar("M", bound=BaseModel)

#: characters of GB 2312 that are traditional all the same, and of Big5 that are simplified
_TRADITIONAL_TOO, _SIMPLIFIED_TOO = "後夥麽", "愿与离夸气筑网体赶惊复么触圣听丰万优价宁庄异怀怜扰极构洁胜机柜"
_HAN = re.compile(r"[㐀-鿿豈-﫿]")
_CLAUSE = re.compile(r"[，。！？；：、,.!?;:\s“”‘’「」『』（）()《》…—]+")
#: a shorter clause may be any words
_LEAST_CLAUSE = 3


def is_traditional(text: str) -> bool:
    """Is a text in traditional Chinese? By the characters that only one of the two has; one that has none is not."""
    if not _HAN.search(text):
        return False
    traditional, simplified = _one_sided()
    return sum(c in traditional for c in text) > sum(c in simplified for c in text)


def simplify(value: Json) -> Json:
    """The same value with every text of it in simplified Chinese, keys as they are."""
    if isinstance(value, str):
        return _convert("t2s", value)
    if isinstance(value, list | tuple):
        return [simplify(item) for item in value]
    return {key: simplify(item) for key, item in value.items()} if isinstance(value, dict) else value


def read_simplified(value: Json) -> Json:
    """A value as it is, or simplified where it is in traditional Chinese."""
    return simplify(value) if is_traditional("".join(iterate_texts(value))) else value


class Traditional:
    """Brings answers into the traditional Chinese of a story: `texts` are what it has itself, `names` its people's."""

    def __init__(self, texts: Iterable[str], names: Iterable[str]) -> None:
        own = {name for name in names if _HAN.search(name)}
        own |= {c for text in texts for c in _CLAUSE.split(text) if len(c) >= _LEAST_CLAUSE and _HAN.search(c)}
        ways: dict[str, str] = {}
        for words in sorted(own):
            ways.setdefault(_convert("t2s", words), words)
        # what is written as the story has it stays so, too
        ways |= {words: words for words in own}
        listed = sorted(ways, key=lambda words: (-len(words), words))
        self._ways = ways
        self._own = re.compile("|".join(map(re.escape, listed))) if listed else None

    def convert(self, text: str) -> str:
        """A text in traditional Chinese; one that is in it already stays as it is."""
        if not _has_simplified(text) and is_traditional(text):
            return text
        pieces, at = [], 0
        for match in self._own.finditer(text) if self._own else ():
            pieces += [_convert("s2tw", text[at : match.start()]), self._ways[match.group()]]
            at = match.end()
        return "".join([*pieces, _convert("s2tw", text[at:])])

    def convert_all(self, value: Json) -> Json:
        """The same for every text of a JSON value."""
        if isinstance(value, str):
            return self.convert(value)
        if isinstance(value, list):
            return [self.convert_all(item) for item in value]
        return {key: self.convert_all(item) for key, item in value.items()} if isinstance(value, dict) else value

    def keep(self, answer: M) -> M:
        """An answer in traditional Chinese; where nothing of it is simplified, 后 and 里 are meant and stay."""
        content = answer.model_dump(mode="json")
        if not any(map(_has_simplified, iterate_texts(content))):
            return answer
        return type(answer).model_validate(self.convert_all(content))


def iterate_texts(value: Json) -> Iterator[str]:
    """Every text of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for item in value.values() if isinstance(value, dict) else value:
            yield from iterate_texts(item)


def _has_simplified(text: str) -> bool:
    return bool(_HAN.search(text)) and any(c in _one_sided()[1] for c in text)


@functools.cache
def _one_sided() -> tuple[frozenset[str], frozenset[str]]:
    """Characters that only traditional, and only simplified Chinese has: those that change on the way to the other one
    and that its own character set (Big5, GB 2312) lacks."""
    letters = [chr(n) for n in range(0x3400, 0xA000)]
    both = "\n".join(letters)
    simpler, fuller = (_convert(way, both).split("\n") for way in ("t2s", "s2t"))
    traditional = {a for a, b in zip(letters, simpler, strict=True) if a != b and not _has(a, "gb2312")}
    simplified = {
        a for a, b in zip(letters, fuller, strict=True) if a != b and _has(a, "gb2312") and not _has(a, "big5")
    }
    return frozenset(traditional) | set(_TRADITIONAL_TOO), frozenset(simplified) | set(_SIMPLIFIED_TOO)


def _has(letter: str, charset: str) -> bool:
    try:
        return bool(letter.encode(charset))
    except UnicodeEncodeError:
        return False


def _convert(way: str, text: str) -> str:
    return _converter(way).convert(text) if _HAN.search(text) else text


@functools.cache
def _converter(way: str) -> OpenCC:
    from opencc import OpenCC

    return OpenCC(way)
