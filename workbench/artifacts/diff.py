"""What changed between two contents, field by field, with the words that went and came."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from workbench.json_types import Json

_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    """One field: `path` like ``episodes.3.title``; was or now is None when the field is new or gone."""

    path: str
    was: str | None
    now: str | None


def flatten(content: Json, path: str = "") -> dict[str, str]:
    """Leaf path → text. List items are numbered from 1, as people count."""
    if isinstance(content, dict):
        leaves: dict[str, str] = {}
        for key, value in content.items():
            leaves |= flatten(value, f"{path}.{key}" if path else key)
        return leaves
    if isinstance(content, list):
        leaves = {}
        for number, value in enumerate(content, start=1):
            leaves |= flatten(value, f"{path}.{number}" if path else str(number))
        return leaves
    return {} if content is None else {path: str(content)}


def changes(was: Json, now: Json) -> list[Change]:
    """Every field that differs, in the order of the new content, then what is gone."""
    before, after = flatten(was), flatten(now)
    changed = [Change(p, before.get(p), text) for p, text in after.items() if before.get(p) != text]
    return changed + [Change(p, text, None) for p, text in before.items() if p not in after]


def words(was: str, now: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """(removed side, added side): pieces of text with True where they differ. CJK is compared by character."""
    a, b = _WORD.findall(was), _WORD.findall(now)
    left: list[tuple[str, bool]] = []
    right: list[tuple[str, bool]] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if i2 > i1:
            left.append(("".join(a[i1:i2]), tag != "equal"))
        if j2 > j1:
            right.append(("".join(b[j1:j2]), tag != "equal"))
    return left, right
