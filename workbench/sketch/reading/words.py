"""Patterns of Chinese and English words, and texts without what they are not to be read for."""

from __future__ import annotations

import re
from collections.abc import Iterable


def either(chinese: str, english: str) -> re.Pattern[str]:
    """A pattern of Chinese words anywhere and English ones as whole words, in any case."""
    whole = rf"(?<![A-Za-z])(?:{english})(?![A-Za-z])"
    return re.compile(rf"{chinese}|{whole}" if chinese else whole, re.IGNORECASE)


def blank_out(text: str, names: Iterable[str]) -> str:
    """The text with each of these names replaced by a mark that is no word, longest first."""
    for name in sorted({n.strip() for n in names if n.strip()}, key=len, reverse=True):
        if len(name) > 1 or name.isascii():
            edge = r"(?<![A-Za-z])", r"(?![A-Za-z])"
            pattern = rf"{edge[0]}{re.escape(name)}{edge[1]}" if name.isascii() else re.escape(name)
            text = re.sub(pattern, "▮", text)
    return text
