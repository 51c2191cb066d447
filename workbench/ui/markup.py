"""Story text inside Markdown and HTML: shown as it was written, never as markup."""

from __future__ import annotations

import html
import re
from typing import Any

from workbench.security.redact import redactor

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:=&])")


def plain(text: object) -> str:
    """Text that Markdown shows letter for letter. A line break becomes a space."""
    return _SPECIAL.sub(r"\\\1", " ".join(redactor.mask(str(text)).split()))


def hide_keys(value: Any) -> Any:
    """Text or JSON-like values for code, tables and files: as they are, without live keys."""
    return redactor.value(value, redactor.mask)


def safe(text: object) -> str:
    """Text for HTML; line breaks stay visible."""
    return html.escape(redactor.mask(str(text))).replace("\n", "<br>")


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
