"""What a new episode plan or scene list would do to the tree, and what the last one did, to undo it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.saving import plan_children
from workbench.db.reads import story as reads
from workbench.db.rows.record import Record
from workbench.db.rows.story import Node
from workbench.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class Replanned(Record):
    """An episode or a scene that a plan touches. `node_id` None: it would be new. `was`: its title now, where the plan
    calls it otherwise. `artifacts`: kind → how many there are on it and below it."""

    node_id: int | None
    kind: str
    position: int
    title: str
    was: str | None
    artifacts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Replanning(Record):
    """What becomes of the nodes below when a version becomes the head. `back`: archived ones that come back."""

    keep: list[Replanned]
    create: list[Replanned]
    archive: list[Replanned]
    back: list[Replanned]

    @property
    def hides_work(self) -> bool:
        """Something that was made would be archived."""
        return any(n.artifacts for n in self.archive)


@dataclass(frozen=True, slots=True)
class LastReplan(Record):
    """What the head did when it came: what it archived, and the version that brings that back."""

    version: int
    archived: list[Replanned]


def preview(conn: Connection, node_id: int, kind_name: str, content: JsonObject) -> Replanning:
    """What making a content the head of a node would do; nothing for kinds that name no nodes."""
    kind = kinds.find(kind_name)
    if kind.children is None or kind.child_kind is None:
        return Replanning([], [], [], [])
    plan, nodes = plan_children(conn, node_id, kind, content, reads.find_head(conn, node_id, kind_name))
    made = reads.count_heads(conn, [n.id for n in nodes])
    by_id = {n.id: n for n in nodes}
    keep: list[Replanned] = []
    back: list[Replanned] = []
    for child_id, child in sorted(plan.keep.items(), key=lambda item: item[1].position):
        node = by_id[child_id]
        was = node.title if node.title != child.title else None
        own = Replanned(node.id, node.kind, child.position, child.title, was, made.get(node.id, {}))
        (keep if node.archived_at is None else back).append(own)
    create = [Replanned(None, kind.child_kind, c.position, c.title, None, {}) for c in plan.create]
    return Replanning(keep, create, [_as_it_is(by_id[i], made) for i in plan.archive], back)


def find_last(conn: Connection, node_id: int, kind_name: str) -> LastReplan | None:
    """What the head archived that is still so; None where there is nothing of it to bring back."""
    kind = kinds.find(kind_name)
    head = reads.find_head(conn, node_id, kind_name) if kind.child_kind else None
    if head is None or kind.child_kind is None:
        return None
    layouts = reads.list_layouts(conn, node_id, kind_name)
    own = next((found.nodes for found in layouts if found.artifact_id == head.id), None)
    before = next((found for found in layouts if found.version < head.version), None)
    if own is None or before is None:
        return None
    gone = [n for n in reads.children(conn, node_id, kind.child_kind, archived=True) if n.archived_at is not None]
    gone = [n for n in gone if n.id in before.nodes and n.id not in own]
    made = reads.count_heads(conn, [n.id for n in gone])
    return LastReplan(before.version, [_as_it_is(n, made) for n in gone]) if gone else None


def _as_it_is(node: Node, made: dict[int, dict[str, int]]) -> Replanned:
    return Replanned(node.id, node.kind, node.position, node.title, None, made.get(node.id, {}))
