"""Story text inside Markdown and HTML: shown as it was written, never as markup."""

from __future__ import annotations

import html
import re

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:=&])")


def plain(text: object) -> str:
    """Text that Markdown shows letter for letter. A line break becomes a space."""
    return _SPECIAL.sub(r"\\\1", " ".join(str(text).split()))


def safe(text: object) -> str:
    """Text for HTML; line breaks stay visible."""
    return html.escape(str(text)).replace("\n", "<br>")


def shortened(text: str, limit: int) -> str:
    """At most `limit` characters, with an ellipsis when something was cut."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"
