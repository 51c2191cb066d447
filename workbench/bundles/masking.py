"""The words of a story in other letters: the same word is the same everywhere, so names still match and lengths hold.

What the product itself says stays: names of fields, and the values that a schema allows. So an answer keeps its shape
and its faults, and no sentence of the story can be read.
"""

from __future__ import annotations

import hashlib
import random
import re
import secrets
from collections.abc import Collection
from typing import Any

from workbench.i18n import Text

_HAN = (0x4E00, 0x9FA5)
#: blocks whose letters are put in the place of one another
_BLOCKS = (_HAN, (0x3041, 0x3096), (0x30A1, 0x30FA), (0xAC00, 0xD7A3))
_WIDE = r"\u3041-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_KEPT = frozenset(("true", "false", "null"))
#: shorter words say nothing, and there are few of them
_SHORTEST = 3


class Mask:
    """`vocabulary`: what the product says itself, word for word. Each mask has letters of its own."""

    def __init__(self, vocabulary: Collection[str]) -> None:
        self._secret = secrets.token_bytes(16)
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()
        self._kept = {w.lower() for phrase in vocabulary for w in re.findall(r"[^\W\d_]+", phrase)} | _KEPT
        wide = sorted((p for p in vocabulary if re.search(r"[\u3040-\uffef]", p)), key=len, reverse=True)
        phrases = "|".join(map(re.escape, wide))
        pieces = [f"(?P<kept>{phrases})"] if phrases else []
        pieces += [r"(?P<hash>(?<![0-9A-Za-z])[0-9a-f]{12,64}(?![0-9A-Za-z]))"]
        pieces += [r"(?P<code>\\u[0-9a-fA-F]{4})", r"(?P<escape>\\.)", f"(?P<wide>[{_WIDE}])"]
        self._pieces = re.compile("|".join([*pieces, rf"(?P<word>(?:(?![{_WIDE}])[^\W\d_])+)"]))
        self._shuffled = [self._shuffle(*block) for block in _BLOCKS]

    def _shuffle(self, first: int, last: int) -> list[int]:
        codes = list(range(first, last + 1))
        random.Random(self._secret + first.to_bytes(4, "big")).shuffle(codes)
        return codes

    def text(self, text: str) -> str:
        return self._pieces.sub(self._replace, text)

    def value(self, value: Any) -> Any:
        """Every text in a JSON value, but not the names of its fields."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {name: item if name in _IDS else self.value(item) for name, item in value.items()}
        return value

    def message(self, stored: Any) -> tuple[Any, str | None]:
        """A stored sentence: what it says of its own stays, what it was filled in with does not."""
        if not isinstance(stored, dict):
            return None, None
        filled = {name: self._parameter(value) for name, value in stored.get("params", {}).items()}
        masked = stored | {"params": filled} if "params" in stored else stored
        return masked, str(Text.from_json(masked))

    def _parameter(self, value: Any) -> Any:
        if isinstance(value, dict) and "msgid" in value:
            return self.message(value)[0]
        return self.value(value)

    def _replace(self, found: re.Match[str]) -> str:
        kind, said = found.lastgroup, found.group()
        if kind == "wide":
            return self._wide(said)
        if kind == "code":
            return f"\\u{ord(self._wide(chr(int(said[2:], 16)))):04x}"
        return self._word(said) if kind == "word" else said

    def _wide(self, letter: str) -> str:
        code = ord(letter)
        for (first, last), shuffled in zip(_BLOCKS, self._shuffled, strict=True):
            if first <= code <= last:
                return chr(shuffled[code - first])
        return letter

    def _word(self, word: str) -> str:
        plain = word.lower()
        if len(plain) < _SHORTEST or plain in self._kept:
            return word
        other = self._known.get(plain)
        tries = 0
        while other is None or other == plain or (other in self._taken and self._known.get(plain) != other):
            digest = hashlib.blake2b(f"{plain}/{tries}".encode(), key=self._secret, digest_size=32).digest()
            other = "".join(_LETTERS[digest[n % 32] % 26] for n in range(len(plain)))
            tries += 1
        self._known[plain] = other
        self._taken.add(other)
        return "".join(b.upper() if a.isupper() else b for a, b in zip(word, other, strict=False))


#: what names rows and media, and no words
_IDS = frozenset(("id", "character_id", "media", "sha256", "scene_id", "episode_id", "node_id", "job_id", "kind"))
