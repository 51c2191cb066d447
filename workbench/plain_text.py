"""Text as others can take it: a database, a terminal, a spreadsheet. What comes from outside may hold anything."""

from __future__ import annotations

import math
import re
from urllib.parse import parse_qsl, unquote

from workbench.json_types import Json

#: what moves a terminal's cursor, rings its bell or turns the direction of a line; line ends and tabs stay
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_ESCAPED = re.compile(r"[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NUMBER = re.compile(r"[0-9]{1,18}")
_PARTS = re.compile(r"[@/:?#]")
#: what a spreadsheet takes for the beginning of a formula, also behind blanks
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@|%\uff1d\uff0b\uff0d\uff20]")


def storable(text: str) -> str:
    """`text` that every database and file takes: surrogate halves joined or replaced, NUL dropped."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def storable_json(value: Json) -> Json:
    """The same for everything in a JSON value, keys included; a number that JSON has no words for becomes None."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {storable(key) if isinstance(key, str) else key: storable_json(v) for key, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [storable_json(v) for v in value]
    return value


def printable(text: str) -> str:
    """`text` that can do nothing to a terminal but be read there."""
    return _CONTROLS.sub("�", storable(text)) if not text.isprintable() else text


def printable_json(text: str) -> str:
    """A JSON text in which such characters stand as escapes: its values stay what they are."""
    return text if text.isascii() and "\x7f" not in text else _ESCAPED.sub(lambda at: f"\\u{ord(at[0]):04x}", text)


def without_password(url: str) -> str:
    """An address as it may be shown: nothing of what stands before its last “@”, where passwords are, with whatever
    characters, nor of its query, where they may be as well."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    place, mark, _ = rest.rpartition("@")[2].partition("?")
    return f"{scheme}{separator}{'***@' if '@' in rest else ''}{place}{'?***' if mark else ''}"


def passwords_of(url: str) -> list[str]:
    """What may be a password in an address, and its pieces: whoever reads one with an “@” or a “/” in it in another way
    tells a piece of it as the name of a host or a database."""
    _, _, rest = url.partition("://")
    typed = rest.rpartition("@")[0].partition(":")[2]
    asked = [value for name, value in parse_qsl(rest.rpartition("?")[2]) if "pass" in name.lower()]
    return [piece for secret in (typed, *asked) if secret for piece in (secret, unquote(secret), *_PARTS.split(secret))]


def cell(value: object) -> object:
    """`value` as a spreadsheet shows it: text that would be run as a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) else value


def whole_number(text: str) -> int | None:
    """The number of zero or more that a piece of an address says; None for anything else, and for more than any row
    has as its id."""
    return int(text) if _NUMBER.fullmatch(text) else None
