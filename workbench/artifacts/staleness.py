"""Stale = what was used of some input's head differs now. Pure: callers bring the heads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from workbench.artifacts import kinds
from workbench.artifacts.declared import Kind
from workbench.artifacts.numbering import LaidOut, number_of
from workbench.artifacts.versions import hash_of, part_of, pick
from workbench.db.rows.story import HeadState, Input, LoadedHead
from workbench.json_types import Json

#: fields of an entry that tell where it stands
NUMBERS = ("order",)


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


class Sources(dict[tuple[int, str], HeadState]):
    """The heads that tell what is stale, and `places`: where the episodes (``2``) and scenes (``2.3``) stand by now
    whose entries and looks were used. `laid_out`: artifact id → whose its entries are, see `numbering`; `moved`:
    artifacts that name places by other numbers now, see `placing`."""

    def __init__(
        self, heads: Heads, places: Mapping[int, str], laid_out: Mapping[int, LaidOut], moved: Collection[int] = ()
    ) -> None:
        super().__init__(heads)
        self.places = places
        self.laid_out = laid_out
        self.moved = moved

    def replace(self, heads: Heads) -> Sources:
        """The same with other heads in the place of some."""
        return Sources({**self, **heads}, self.places, self.laid_out, self.moved)

    def find_number(self, made_from: Input, of_node: int, place: str) -> int | None:
        """The number of a node's entry in the head of an input; None: it has none."""
        head, position = self.get((made_from["node_id"], made_from["kind"])), int(place.rpartition(".")[2])
        laid_out = None if head is None else self.laid_out.get(head.id)
        return position if laid_out is None else number_of(of_node, position, laid_out)


def follow(made_from: Input, heads: Heads) -> Input:
    """An input as it would be read now: an entry has its number of now, a look is seen where its node stands."""
    of_node = made_from.get("of_node")
    if of_node is None or not isinstance(heads, Sources) or of_node not in heads.places:
        return made_from
    place, part, fields = heads.places[of_node], made_from.get("part"), made_from.get("fields")
    # the entry of a node that has none any more is no part of the head
    moved_part = part and f"{part.partition(':')[0]}:{heads.find_number(made_from, of_node, place) or 0}"
    moved_fields = fields and [_move_view(field, place) for field in fields]
    if (moved_part, moved_fields) == (part, fields):
        return made_from
    moved: Input = {**made_from, "part": moved_part}
    if moved_fields is not None:
        moved["fields"] = moved_fields
    return moved


def _has_moved(made_from: Input, head: HeadState, heads: Heads) -> bool:
    """Whether a view of the head may show something else although its content is the same: it names other places."""
    is_seen = any("@" in field for field in made_from.get("fields") or ())
    return is_seen and isinstance(heads, Sources) and head.id in heads.moved


def _move_view(field: str, place: str) -> str:
    view, at, then = field.partition("@")
    if not at:
        return field
    own = then.split(".")[place.count(".") + 1 :]
    return f"{view}@{'.'.join([place, *own])}"


def hash_used(made_from: Input, content: Json, kind: Kind) -> str:
    """Of what an input uses of a content, without the number that it has there."""
    fields = made_from.get("fields")
    told = content if fields is None else pick(content, fields, kind)
    if isinstance(told, dict):
        told = {name.partition("@")[0]: value for name, value in told.items() if name not in NUMBERS}
    return hash_of(told)


def find_changed_inputs(inputs: Iterable[Input], heads: Heads) -> list[ChangedInput]:
    """The inputs of which what was used differs now.

    An input by fields whose source has changed needs a LoadedHead (see `list_to_load`); without one it counts as
    changed.
    """
    with_heads = ((made_from, heads.get((made_from["node_id"], made_from["kind"]))) for made_from in inputs)
    return [
        ChangedInput(made_from, head)
        for made_from, head in with_heads
        if head is not None
        and _differs(made_from, head, follow(made_from, heads), has_moved=_has_moved(made_from, head, heads))
    ]


def list_to_load(inputs: Iterable[Input], heads: Heads) -> set[int]:
    """The ids of the heads whose content tells whether these inputs have changed: few, since most hashes are equal."""
    ids = set()
    for made_from in inputs:
        head = heads.get((made_from["node_id"], made_from["kind"]))
        if head is None:
            continue
        now = follow(made_from, heads)
        is_told_apart = made_from.get("fields") or "used_hash" in made_from
        is_elsewhere = now is not made_from or _has_moved(made_from, head, heads)
        if is_elsewhere or (is_told_apart and _hash_now(now, head) != made_from["content_hash"]):
            ids.add(head.id)
    return ids


def refresh_inputs(inputs: Iterable[Input], heads: Heads) -> list[Input]:
    """The same inputs in the versions of now; what is gone stays as it was read."""
    refreshed: list[Input] = []
    for made_from in inputs:
        head = heads.get((made_from["node_id"], made_from["kind"]))
        now = follow(made_from, heads)
        hash_now = None if head is None else _hash_now(now, head)
        if head is None or hash_now is None:
            refreshed.append(made_from)
            continue
        version: Input = {**now, "artifact_id": head.id, "version": head.version, "content_hash": hash_now}
        if isinstance(head, LoadedHead):
            if made_from.get("fields"):
                version["fields_hash"] = _hash_fields(now, head)
            if "used_hash" in made_from:
                kind = kinds.find(head.kind)
                version["used_hash"] = hash_used(now, part_of(kind, head.content, now.get("part")), kind)
        refreshed.append(version)
    return refreshed


def is_same_source(a: Input, b: Input, written: str) -> bool:
    """Whether both read one place, and a part of what was made (``frame:KF3``) used `a`."""
    only_for = a.get("only_for")
    whose = "of_node" if "of_node" in a and "of_node" in b else "part"
    same = (a["node_id"], a["kind"], a.get(whose)) == (b["node_id"], b["kind"], b.get(whose))
    return same and (only_for is None or written in only_for)


def equals(a: Input, b: Input) -> bool:
    """Whether two inputs from one source used the same content of it."""
    if "used_hash" in a and "used_hash" in b:
        return a["used_hash"] == b["used_hash"]
    if a["content_hash"] == b["content_hash"]:
        return True
    fields = a.get("fields")
    return fields is not None and fields == b.get("fields") and a.get("fields_hash") == b.get("fields_hash")


def _differs(made_from: Input, head: HeadState, now: Input, *, has_moved: bool) -> bool:
    """`now`: the same where it stands now; `has_moved`: an equal hash tells nothing."""
    fields, hash_now = made_from.get("fields"), _hash_now(now, head)
    if fields == [] or (now is made_from and not has_moved and hash_now == made_from["content_hash"]):
        return False
    if hash_now is None or not isinstance(head, LoadedHead):
        return True
    kind = kinds.find(head.kind)
    if now is not made_from:
        return hash_used(now, part_of(kind, head.content, now.get("part")), kind) != made_from.get("used_hash")
    return not fields or _hash_fields(made_from, head) != made_from.get("fields_hash")


def _hash_fields(made_from: Input, head: LoadedHead) -> str:
    kind = kinds.find(head.kind)
    return hash_of(pick(part_of(kind, head.content, made_from.get("part")), made_from.get("fields") or (), kind))


def _hash_now(made_from: Input, head: HeadState) -> str | None:
    """Of the part that was read, or of the whole; None when the part is gone."""
    part = made_from.get("part")
    return (head.part_hashes or {}).get(part) if part else head.content_hash
