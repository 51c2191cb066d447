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


Heads = Mapping[tuple[int, str], HeadState]


def find_changed_inputs(inputs: Iterable[Input], heads: Heads) -> list[ChangedInput]:
    """The inputs whose head, or the part of it that was read, differs now."""
    with_heads = ((made_from, heads.get((made_from["node_id"], made_from["kind"]))) for made_from in inputs)
    return [
        ChangedInput(made_from, head)
        for made_from, head in with_heads
        if head is not None and _hash_now(made_from, head) != made_from["content_hash"]
    ]


def refresh_inputs(inputs: Iterable[Input], heads: Heads) -> list[Input]:
    """The same inputs in the versions of now; what is gone stays as it was read."""
    refreshed: list[Input] = []
    for made_from in inputs:
        head = heads.get((made_from["node_id"], made_from["kind"]))
        hash_now = None if head is None else _hash_now(made_from, head)
        if head is None or hash_now is None:
            refreshed.append(made_from)
        else:
            version: Input = {**made_from, "artifact_id": head.id, "version": head.version, "content_hash": hash_now}
            refreshed.append(version)
    return refreshed


def _hash_now(made_from: Input, head: HeadState) -> str | None:
    """Of the part that was read, or of the whole; None when the part is gone."""
    part = made_from.get("part")
    return (head.part_hashes or {}).get(part) if part else head.content_hash
