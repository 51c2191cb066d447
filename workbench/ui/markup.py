"""Story text inside Markdown and HTML: shown as it was written, never as markup."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeVar

from workbench.security.redact import redactor

K = TypeVar("K")

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-!|~$:=&])")
#: a number and a full stop begin a list
_LISTED = re.compile(r"^(\d+)\.")
#: Streamlit looks for addresses, icons and arrows in the text that is left once escapes are undone. Between these
#: letters stands a coloured nothing, so that it never sees one of them whole.
_APART = re.compile(r"(?<=:)(?=//|material/|streamlit:)|(?<=@)|(?<=www)(?=\.)|(?<=[-<>=!~])(?=[-<>=!~])", re.IGNORECASE)
_NOTHING = ":gray[]"


def plain(text: object) -> str:
    """Foreign text for Markdown, shown letter for letter: no picture, link, formula, icon or bold comes of it.

    A line break becomes a space. Whoever puts words of a brief, a model, a service or a person on a page uses this,
    `paragraphs` for several lines, `code` for code; `tools/foreign_text.py` finds who does not.
    """
    words = " ".join(_printable(text).split())
    apart = _NOTHING.join(_SPECIAL.sub(r"\\\1", part) for part in _APART.split(words))
    return _LISTED.sub(r"\1\\.", apart)


def paragraphs(text: object) -> str:
    """The same with its line breaks."""
    return "  \n".join(plain(line) for line in _printable(text).splitlines())


def code(text: object) -> str:
    """The same as code, whatever backticks there are in it."""
    words = " ".join(_printable(text).split())
    fence = "`" * (max((len(run) for run in re.findall(r"`+", words)), default=0) + 1)
    return f"{fence} {words} {fence}" if len(fence) > 1 else f"`{words}`" if words else ""


def _printable(text: object) -> str:
    """Without live keys, and without halves of characters, which cannot be sent to a page."""
    return redactor.mask(str(text)).encode("utf-8", "replace").decode("utf-8")


def hide_keys(value: Any) -> Any:
    """Text or JSON-like values for code, tables and files: as they are, without live keys."""
    return redactor.value(value, redactor.mask)


def tell_apart(names: Mapping[K, str]) -> dict[K, str]:
    """The words of choices in a list, each its own: Streamlit knows a choice by its words, and of two stories with one
    title would take the wrong one. What is not unique gets its key behind it."""
    shown = {key: str(hide_keys(name)) for key, name in names.items()}
    counts = Counter(shown.values())
    return {key: f"{name} (#{key})" if counts[name] > 1 else name for key, name in shown.items()}


def in_chart(text: object) -> str:
    """Text for Plotly, which takes tags in labels for bold and links."""
    return html.escape(_printable(text), quote=False)


def safe(text: object) -> str:
    """Text for HTML; line breaks stay visible."""
    return html.escape(_printable(text)).replace("\n", "<br>")


_KEY = re.compile(r'"\w+"\s*:\s*')
_SYNTAX = re.compile(r'[{}\[\]"]+')


def readable(streamed: str) -> str:
    """Half-written JSON as the words in it; a reader of the preview wants the story, not its wire format."""
    if not _KEY.search(streamed):
        return streamed  # prose, not JSON
    words = _SYNTAX.sub("", _KEY.sub("· ", streamed.replace('\\"', "”").replace("\\n", " ")))
    return " ".join(re.sub(r"\s*,?\s*·\s*", " · ", words).strip(" ·").split())


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis when something was cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
