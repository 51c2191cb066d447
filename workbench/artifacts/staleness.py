"""Stale = some input's head has another content hash now. Pure: callers bring the heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workbench.db.rows.story import HeadState, Input


@dataclass(frozen=True)
class ChangedInput:
    """An input that differs now, and the head that it differs from."""

    made_from: Input
    head: HeadState

    @property
    def part(self) -> str | None:
        return self.made_from.get("part")


def changed_inputs(inputs: Iterable[Input], heads: Mapping[tuple[int, str], HeadState]) -> list[ChangedInput]:
    """The inputs whose head, or the part of it that was read, differs now."""
    changed = []
    for made_from in inputs:
        head = heads.get((made_from["node_id"], made_from["kind"]))
        if head is None:
            continue
        part = made_from.get("part")
        now = (head.part_hashes or {}).get(part) if part else head.content_hash
        if now != made_from["content_hash"]:
            changed.append(ChangedInput(made_from, head))
    return changed
