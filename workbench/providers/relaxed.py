"""JSON as models write it where they slip: with comments, single or curly quotes, Python's words, bare keys, commas too
many, line breaks in strings, full-width signs.

Only what can be meant in one way is read. Nothing is closed, completed or left out: what is cut off stays cut off, and
a missing comma a mistake. That is why no library for repairing JSON stands here: ADR 0032.
"""

from __future__ import annotations

import re

from workbench.json_types import Json

#: deeper than any answer, and far from Python's own limit
DEEPEST = 100

_GAP = re.compile(r"(?:[\s\u3000\u200b-\u200d\u2060\ufeff]+|//[^\n]*|#[^\n]*|/\*.*?\*/)*", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![\w.])")
_WORD = re.compile(r"[A-Za-z_$\u4e00-\u9fff][\w$-]*")
#: in any letters: TRUE, None
_WORDS: dict[str, Json] = {"true": True, "false": False, "null": None, "none": None, "undefined": None}
#: each kind of quotes with what stands between; an apostrophe within a word ends nothing
_STRINGS = {
    '"': re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.|(?<=\w)'(?=\w))*+)'", re.DOTALL),
    "‘": re.compile(r"‘((?:[^‘’]|(?<=\w)’(?=\w))*)’"),
    **dict.fromkeys("“”„", re.compile(r"[“”„]([^“”„]*)[“”]")),
}
#: Python's long strings
_LONG = re.compile(r'"""((?:[^"\\]|\\.|"(?!""))*+)"""', re.DOTALL)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r\n|.)", re.DOTALL)
#: a line that goes on; Markdown's escapes, which mean the sign itself
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": "", "\r\n": ""}
_ESCAPES |= {sign: sign for sign in "\\`*_{}[]()#+-.!|~<>$%&@:;,=?^/\"'"}


#: a text of Python 2
_PREFIXED = re.compile(r"""[uU]["']""")


class NotRelaxed(ValueError):
    """What stands at `position` can be read in no way, or in several."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(problem)
        self.position = position


def read_at(text: str, position: int) -> tuple[Json, int]:
    """The value that begins at `position`, and where it ends. Raises NotRelaxed."""
    return _value(text, _skip(text, position), 0)


def read(text: str) -> Json:
    """The one value that a text is. Raises NotRelaxed."""
    value, end = read_at(text, 0)
    end = _skip(text, end)
    if end != len(text):
        raise NotRelaxed("something follows", end)
    return value


def _skip(text: str, position: int) -> int:
    gap = _GAP.match(text, position)
    return gap.end() if gap is not None else position


def _value(text: str, at: int, depth: int) -> tuple[Json, int]:
    char = text[at : at + 1]
    if depth > DEEPEST:
        raise NotRelaxed("nested too deeply", at)
    if char in ("{", "｛"):
        return _object(text, at + 1, depth)
    if char in ("[", "［"):
        return _array(text, at + 1, depth)
    if char in _STRINGS or _PREFIXED.match(text, at):
        return _string(text, at)
    if (number := _NUMBER.match(text, at)) is not None:
        digits = number.group()
        if len(digits) > 400:
            raise NotRelaxed("a number too long", at)
        return (int(digits) if digits.lstrip("+-").isdecimal() else float(digits)), number.end()
    word = _WORD.match(text, at)
    if word is not None and word.group().lower() in _WORDS:
        return _WORDS[word.group().lower()], word.end()
    raise NotRelaxed("no value", at)


def _object(text: str, at: int, depth: int) -> tuple[Json, int]:
    members: dict[str, Json] = {}
    at = _skip(text, at)
    while text[at : at + 1] not in ("}", "｝"):
        name, at = _name(text, at)
        at = _skip(text, at)
        if text[at : at + 1] not in (":", "："):
            raise NotRelaxed("no colon", at)
        members[name], at = _value(text, _skip(text, at + 1), depth + 1)
        at = _next(text, at, ("}", "｝"))
    return members, at + 1


def _array(text: str, at: int, depth: int) -> tuple[Json, int]:
    items: list[Json] = []
    at = _skip(text, at)
    while text[at : at + 1] not in ("]", "］"):
        item, at = _value(text, at, depth + 1)
        items.append(item)
        at = _next(text, at, ("]", "］"))
    return items, at + 1


def _next(text: str, at: int, closers: tuple[str, str]) -> int:
    """Where the next member begins, or the bracket that closes them all."""
    at = _skip(text, at)
    if text[at : at + 1] in closers:
        return at
    if text[at : at + 1] not in (",", "，", "、"):
        raise NotRelaxed("no comma", at)
    return _skip(text, at + 1)


def _name(text: str, at: int) -> tuple[str, int]:
    if text[at : at + 1] in _STRINGS or _PREFIXED.match(text, at):
        return _string(text, at)
    word = _WORD.match(text, at)
    if word is None:
        raise NotRelaxed("no name", at)
    return word.group(), word.end()


def _string(text: str, at: int) -> tuple[str, int]:
    at += text[at] in "uU"
    quoted = (_LONG if text.startswith('"""', at) else _STRINGS[text[at]]).match(text, at)
    if quoted is None:
        raise NotRelaxed("a string that never ends", at)
    return unescape(quoted.group(1), at), quoted.end()


def unescape(text: str, at: int = 0) -> str:
    """What stands in a string, without its escapes. Raises NotRelaxed for one that is none."""
    return _ESCAPE.sub(lambda escape: _unescape(escape, at), text)


def _unescape(escape: re.Match[str], at: int) -> str:
    code = escape.group(1)
    if len(code) in (3, 5):
        return chr(int(code[1:], 16))
    if code not in _ESCAPES:
        raise NotRelaxed("an escape that is none", at)
    return _ESCAPES[code]
