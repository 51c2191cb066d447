"""When two names mean the same person or thing."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.json_types import Json


def names_of(element: Mapping[str, Json]) -> list[str]:
    """A character's own name and its aliases."""
    return [str(element["name"]), *(str(alias) for alias in element.get("aliases") or [])]


def fold(name: str) -> str:
    """A name without the differences nobody means: case and spaces."""
    return "".join(name.casefold().split())
