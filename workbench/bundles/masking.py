"""The words of a story in other letters: the same word is the same everywhere, so names still match and lengths hold.

What the product itself says stays: names of fields, and the values that a schema allows. So an answer keeps its shape
and its faults, and no word of the story can be read, in whatever script and however short.
"""

from __future__ import annotations

import functools
import hashlib
import random
import re
import secrets
import unicodedata
from collections.abc import Collection
from typing import Any

from workbench.i18n import Text

#: blocks whose letters are put in the place of one another: Han with what is rare and what lies beyond the first plane,
#: kana, Hangul
_BLOCKS = (
    (0x4E00, 0x9FA5), (0x9FA6, 0x9FFF), (0x3400, 0x4DBF), (0xF900, 0xFA6D), (0x20000, 0x2A6DF), (0x2A700, 0x2B739),
    (0x2B740, 0x2B81D), (0x2B820, 0x2CEA1), (0x2CEB0, 0x2EBE0), (0x2EBF0, 0x2EE5D), (0x2F800, 0x2FA1D),
    (0x30000, 0x3134A), (0x31350, 0x323AF), (0x3041, 0x3096), (0x30A1, 0x30FA), (0xAC00, 0xD7A3),
)  # fmt: skip
_WIDE = "".join(f"{chr(first)}-{chr(last)}" for first, last in _BLOCKS)
#: what repeats or lengthens the letter before it says nothing by itself
_SIGNS = "\u3005\u3007\u3031-\u3035\u303b\u309d\u309e\u30fc-\u30fe"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: once all words so short are taken
_MORE_LETTERS = "".join(
    c for c in map(chr, range(0xE0, 0x250)) if c.islower() and len(c.upper()) == 1 and c.upper().lower() == c
)
_TRIES = 500
_KEPT = frozenset(("true", "false", "null"))
#: a letter as JSON may write it, beyond the first plane as two, also in JSON within JSON; and any other escape
_ESCAPE = re.compile(
    r"(?P<slashes>\\+)u(?:(?P<high>d[89ab][0-9a-f]{2})(?P=slashes)u(?P<low>d[c-f][0-9a-f]{2})|(?P<code>[0-9a-f]{4}))"
    r"|\\+[\"/bfnrt]|\\.",
    re.DOTALL | re.IGNORECASE,
)


@functools.cache
def _marks() -> str:
    """What belongs to the letter before it, such as vowel signs, as a class of a pattern; not what chooses among the
    looks of a picture or a Han letter."""
    codes = [
        code
        for code in range(0x300, 0x1F000)
        if unicodedata.category(chr(code)).startswith("M") and not 0xFE00 <= code <= 0xFE0F
    ]
    return "".join(map(re.escape, map(chr, codes)))


class Mask:
    """`vocabulary`: what the product says itself, word for word. Each mask has letters of its own."""

    def __init__(self, vocabulary: Collection[str]) -> None:
        self._secret = secrets.token_bytes(16)
        self._known: dict[str, str] = {}
        self._taken: set[str] = set()
        self._kept = {w.lower() for phrase in vocabulary for w in re.findall(r"[^\W\d_]+", phrase)} | _KEPT
        wide = sorted((p for p in vocabulary if re.search(r"[\u3040-\uffef]", p)), key=len, reverse=True)
        phrases = "|".join(map(re.escape, wide))
        letter = rf"(?![{_WIDE}{_SIGNS}])[^\W\d_]"
        pieces = [f"(?P<kept>{phrases})"] if phrases else []
        pieces += [r"(?P<hash>(?<![0-9A-Za-z])[0-9a-f]{12,64}(?![0-9A-Za-z]))", f"(?P<wide>[{_WIDE}])"]
        self._pieces = re.compile("|".join([*pieces, rf"(?P<word>{letter}(?:{letter}|[{_marks()}])*)"]))
        self._others: dict[int, dict[int, int]] = {}

    def _others_of(self, first: int, last: int) -> dict[int, int]:
        """The letters of a block by the one that each stands for, which is never the same."""
        if first not in self._others:
            codes = list(range(first, last + 1))
            random.Random(self._secret + first.to_bytes(4, "big")).shuffle(codes)
            self._others[first] = dict(zip(codes, [*codes[1:], codes[0]], strict=True))
        return self._others[first]

    def text(self, text: str) -> str:
        if "\\" not in text:
            return self._pieces.sub(self._replace, text)
        # letters in JSON's escapes are parts of words, too: they are read first, and written as they were
        plain, written = _read_escapes(text)
        masked = self._pieces.sub(self._replace, plain)
        return "".join(
            old if new == was else _escape(new, old) if old.startswith("\\") else new
            for was, new, old in zip(plain, masked, written, strict=True)
        )

    def value(self, value: Any) -> Any:
        """Every text in a JSON value; of the names of its fields those that are no names of a program's."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            if isinstance(value.get("msgid"), str):
                return self.message(value)[0]
            return {self._name(n): item if n == "kind" else self.value(item) for n, item in value.items()}
        return value

    def _name(self, name: str) -> str:
        return name if _FIELD.fullmatch(name) else self.text(name)

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
        return self._word(said) if kind == "word" else said

    def _wide(self, letter: str) -> str:
        code = ord(letter)
        first, last = next(block for block in _BLOCKS if block[0] <= code <= block[1])
        return chr(self._others_of(first, last)[code])

    def _word(self, word: str) -> str:
        plain = word.lower()
        if plain in self._kept:
            return word
        if plain not in self._known:
            self._known[plain] = self._find_other(plain)
        other = self._known[plain]
        return "".join(b.upper() if a.isupper() else b for a, b in zip(word, other, strict=False))

    def _find_other(self, plain: str) -> str:
        """A word as long that stands for none other, nor for what the product says, as long as there is one."""
        for tries in range(2 * _TRIES):
            letters = _LETTERS if tries < _TRIES else _LETTERS + _MORE_LETTERS
            digest = hashlib.blake2b(f"{plain}/{tries}".encode(), key=self._secret, digest_size=32).digest()
            other = "".join(letters[digest[n % 32] % len(letters)] for n in range(len(plain)))
            if other != plain and other not in self._taken and other not in self._kept:
                break
        self._taken.add(other)
        return other


def _read_escapes(text: str) -> tuple[str, list[str]]:
    """A text with JSON's escapes read, and how each letter of that was written. An escape that stands for no letter is
    one blank."""
    plain: list[str] = []
    written: list[str] = []
    end = 0
    for found in _ESCAPE.finditer(text):
        between = text[end : found.start()]
        plain += between
        written += between
        end = found.end()
        written.append(found.group())
        if found["high"]:
            plain.append(chr(0x10000 + ((int(found["high"], 16) - 0xD800) << 10) + int(found["low"], 16) - 0xDC00))
        else:
            plain.append(chr(int(found["code"], 16)) if found["code"] else " ")
    return "".join([*plain, *text[end:]]), [*written, *text[end:]]


def _escape(letter: str, before: str) -> str:
    """A letter as the one before it was written."""
    begin = before[: before.index("u") + 1]
    code = ord(letter)
    if code < 0x10000:
        return f"{begin}{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"{begin}{0xD800 + high:04x}{begin}{0xDC00 + low:04x}"


#: a name that a program gives a field
_FIELD = re.compile(r"[a-z_][a-z0-9_]*")
