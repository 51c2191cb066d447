"""Stale = what was used of some input's head differs now. Pure: callers bring the heads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workbench.artifacts import kinds
from workbench.artifacts.versions import hash_of, part_of, pick
from workbench.db.rows.story import HeadState, Input, LoadedHead


@dataclass(frozen=True)
class ChangedInput:
    """An input that differs now, and the head that it differs from."""

    made_from: Input
    head: HeadState

    @property
    def part(self) -> str | None:
        return self.made_from.get("part")

    def touches(self, part: str) -> bool:
        """Whether a part of what was made (``frame:KF3``) used this input."""
        only_for = self.made_from.get("only_for")
        return only_for is None or part in only_for


Heads = Mapping[tuple[int, str], HeadState]


def find_changed_inputs(inputs: Iterable[Input], heads: Heads) -> list[ChangedInput]:
    """The inputs of which what was used differs now.

    An input by fields whose source has changed needs a LoadedHead (see `list_to_load`); without one it counts as
    changed.
    """
    with_heads = ((made_from, heads.get((made_from["node_id"], made_from["kind"]))) for made_from in inputs)
    return [
        ChangedInput(made_from, head)
        for made_from, head in with_heads
        if head is not None and _differs(made_from, head)
    ]


def list_to_load(inputs: Iterable[Input], heads: Heads) -> set[int]:
    """The ids of the heads whose content tells whether these inputs have changed: few, since most hashes are equal."""
    ids = set()
    for made_from in inputs:
        head = heads.get((made_from["node_id"], made_from["kind"]))
        if head is not None and made_from.get("fields") and _hash_now(made_from, head) != made_from["content_hash"]:
            ids.add(head.id)
    return ids


def refresh_inputs(inputs: Iterable[Input], heads: Heads) -> list[Input]:
    """The same inputs in the versions of now; what is gone stays as it was read."""
    refreshed: list[Input] = []
    for made_from in inputs:
        head = heads.get((made_from["node_id"], made_from["kind"]))
        hash_now = None if head is None else _hash_now(made_from, head)
        if head is None or hash_now is None:
            refreshed.append(made_from)
            continue
        version: Input = {**made_from, "artifact_id": head.id, "version": head.version, "content_hash": hash_now}
        if isinstance(head, LoadedHead) and made_from.get("fields"):
            version["fields_hash"] = _hash_fields(made_from, head)
        refreshed.append(version)
    return refreshed


def is_same_source(a: Input, b: Input, written: str) -> bool:
    """Whether both read one place, and a part of what was made (``frame:KF3``) used `a`."""
    only_for = a.get("only_for")
    same = (a["node_id"], a["kind"], a.get("part")) == (b["node_id"], b["kind"], b.get("part"))
    return same and (only_for is None or written in only_for)


def equals(a: Input, b: Input) -> bool:
    """Whether two inputs from one source used the same content of it."""
    if a["content_hash"] == b["content_hash"]:
        return True
    fields = a.get("fields")
    return fields is not None and fields == b.get("fields") and a.get("fields_hash") == b.get("fields_hash")


def _differs(made_from: Input, head: HeadState) -> bool:
    hash_now = _hash_now(made_from, head)
    if hash_now == made_from["content_hash"]:
        return False
    if hash_now is None or not made_from.get("fields") or not isinstance(head, LoadedHead):
        return True
    return _hash_fields(made_from, head) != made_from.get("fields_hash")


def _hash_fields(made_from: Input, head: LoadedHead) -> str:
    kind = kinds.find(head.kind)
    return hash_of(pick(part_of(kind, head.content, made_from.get("part")), made_from.get("fields") or (), kind))


def _hash_now(made_from: Input, head: HeadState) -> str | None:
    """Of the part that was read, or of the whole; None when the part is gone."""
    part = made_from.get("part")
    return (head.part_hashes or {}).get(part) if part else head.content_hash
