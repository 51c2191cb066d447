"""The sample stories as a menu offers them."""

from __future__ import annotations

from workbench import samples
from workbench.ui.markup import plain


def titles() -> dict[str, str]:
    """Name of a shipped sample → what the menu says."""
    briefs = {name: samples.load(name) for name in samples.names()}
    return {name: plain(f"{brief['title']} · {brief.get('genre', '')}".rstrip(" ·")) for name, brief in briefs.items()}


def first(language: str) -> str:
    """The sample that a newcomer sees first, in the reader's language."""
    return samples.FIRST.get(language, samples.names()[0])
