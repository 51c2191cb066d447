"""Interface text: English in the code, other languages in gettext catalogues under ``locale/``.

The English sentence is the key. Text that is stored or raised before the reader's language is known
travels as `Text`, a string that remembers its key and values, so that any page can say it again.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

LANGUAGES = ("zh", "en")
LOCALE_DIR = Path(__file__).parent / "locale"
#: of a sentence that is filled in: some are stored, and come from other homes
MOST_CHARS = 200_000
#: a name alone: `str.format` would let a sentence ask for a value's attributes, or for any width
FIELD = re.compile(r"\{([A-Za-z_]\w*)\}")


class Text(str):
    """An English sentence that can still be said in another language.

    `msgid` is the catalogue key with ``{name}`` fields, `params` their values (str, int, float or Text).
    """

    msgid: str
    params: dict[str, Any]

    def __new__(cls, msgid: str, /, **params: Any) -> Text:
        made = super().__new__(cls, fill_in(msgid, params) if params else msgid)
        made.msgid = msgid
        made.params = params
        return made

    def to_json(self) -> dict[str, Any]:
        """As stored beside the English text in `*_i18n` columns."""
        params = {k: v.to_json() if isinstance(v, Text) else v for k, v in self.params.items()}
        return {"msgid": self.msgid, "params": params}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Text:
        params = {
            k: cls.from_json(v) if isinstance(v, dict) and "msgid" in v else v
            for k, v in stored.get("params", {}).items()
        }
        return cls(stored["msgid"], **params)


def fill_in(sentence: str, values: Mapping[str, Any]) -> str:
    """The sentence with its values in the place of their names, cut at MOST_CHARS; other braces stay as they are.

    Raises KeyError for a field without a value.
    """
    pieces, length = [], 0
    # text and names by turns
    for number, piece in enumerate(FIELD.split(sentence)):
        pieces.append(str(values[piece]) if number % 2 else piece)
        length += len(pieces[-1])
        if length > MOST_CHARS:
            break
    return "".join(pieces)[:MOST_CHARS]


def join(texts: Iterable[str], between: str, *, name: str = "text") -> Text:
    """Several as one, each of which can still be said in another language. `name`: what its fields are called by."""
    params = {f"{name}_{number}": text for number, text in enumerate(texts)}
    return Text(between.join(f"{{{name}}}" for name in params), **params)


def N_(msgid: str) -> str:
    """Mark a string for the catalogue without translating it now."""
    return msgid


@functools.cache
def catalogue(language: str) -> dict[str, str]:
    """Key → translation for one language; English is the key itself, so its catalogue is empty."""
    if language == "en":
        return {}
    texts: dict[str, str] = {}
    # Reelwright's own come last: what another package says differently changes none of them
    for folder in (*_folders, LOCALE_DIR):
        texts |= _read_catalogue(folder / language / "LC_MESSAGES" / "reelwright.po", language)
    return texts


def _read_catalogue(path: Path, language: str) -> dict[str, str]:
    if not path.exists():
        return {}
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        entries = read_po(file, locale=language)
    return {str(m.id): str(m.string) for m in entries if m.id and m.string}


#: where other packages keep their catalogues
_folders: list[Path] = []


def add_folder(folder: Path) -> None:
    """Where another package keeps its catalogues: ``zh/LC_MESSAGES/reelwright.po`` there. Raises where one
    cannot be read."""
    if folder not in _folders and folder.is_dir():
        for language in LANGUAGES:
            _read_catalogue(folder / language / "LC_MESSAGES" / "reelwright.po", language)
        _folders.append(folder)
        catalogue.cache_clear()


def translate(text: str, language: str, /, **params: Any) -> str:
    """Say `text` in `language`; unknown keys stay English. A `Text` brings its own values.

    A sentence's fields are its translators' to name: none of them can clash with a parameter here.
    """
    if isinstance(text, Text):
        known = catalogue(language)
        values = {k: translate(v, language) if isinstance(v, Text) else v for k, v in text.params.items()}
        said = known.get(text.msgid, text.msgid)
        return fill_in(said, values) if values else said
    said = catalogue(language).get(text, text)
    return fill_in(said, params) if params else said


def terminal_language() -> Literal["zh", "en"]:
    """REELWRIGHT_LANG, else the terminal's language; English when it is neither of ours."""
    for name in ("REELWRIGHT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"
