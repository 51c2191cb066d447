"""When two names mean the same person or thing."""

from __future__ import annotations


def fold(name: str) -> str:
    """A name without the differences nobody means: case and spaces."""
    return "".join(name.casefold().split())
