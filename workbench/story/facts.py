"""What a workflow or a guard may know of the story: a read-only look that remembers which versions were read."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.versions import hash_of
from workbench.db.connection import Database
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, Input, Node
from workbench.errors import NotFound
from workbench.i18n import Text
from workbench.json_types import Json, JsonObject

#: the context block of a prompt holds at most this many characters
MAX_CHARACTERS = 30


class Inputs:
    """The artifact versions that were read, once each, in the order of reading.

    `then`: the only versions to read, whatever is newest by now, since something was paid for that was made from them.
    """

    def __init__(self, then: Iterable[Artifact] = ()) -> None:
        self._seen: dict[tuple[int, str, str | None], Input] = {}
        self._then = {(row.node_id, row.kind): row for row in then}

    def head(self, conn: Connection, node_id: int, kind: str) -> Artifact | None:
        """The version to read; None when there is none, or was none then."""
        return self._then.get((node_id, kind)) if self._then else reads.find_head(conn, node_id, kind)

    def record(self, head: Artifact, part: str | None, content: Json) -> None:
        key = (head.node_id, head.kind, part)
        self._seen.setdefault(
            key,
            {
                "node_id": head.node_id,
                "kind": head.kind,
                "part": part,
                "artifact_id": head.id,
                "version": head.version,
                "content_hash": hash_of(content) if part else head.content_hash,
            },
        )

    def keep(self, made_from: Input) -> None:
        """Count an input in the version that was read earlier, whatever was read since."""
        self._seen[(made_from["node_id"], made_from["kind"], made_from.get("part"))] = made_from

    def as_list(self) -> list[Input]:
        return list(self._seen.values())


class NodeView:
    """One node of the story tree, seen from a workflow. Every artifact it hands out becomes an input of what is
    written."""

    def __init__(self, database: Database, row: Node, inputs: Inputs | None = None) -> None:
        self._database = database
        self._row = row
        self._inputs = inputs or Inputs()
        self.id: int = row.id
        self.kind: str = row.kind
        self.title: str = row.title
        self.position: int = row.position
        self.project_id: int = row.project_id

    @classmethod
    def load(cls, database: Database, node_id: int, inputs: Inputs | None = None) -> NodeView:
        with database.read() as conn:
            row = reads.find_node(conn, node_id)
        if row is None:
            raise NotFound(Text("There is no node {node_id}.", node_id=node_id))
        return cls(database, row, inputs)

    @property
    def inputs(self) -> list[Input]:
        return self._inputs.as_list()

    @property
    def project(self) -> NodeView:
        return self if self.kind == "project" else self._other(self.project_id)

    @property
    def parent(self) -> NodeView | None:
        return None if self._row.parent_id is None else self._other(self._row.parent_id)

    @property
    def previous(self) -> NodeView | None:
        return self._sibling(-1)

    @property
    def next(self) -> NodeView | None:
        return self._sibling(+1)

    @property
    def brief(self) -> JsonObject:
        """The project's brief; an empty dict when there is none."""
        return self.project.artifact("brief") or {}

    def children(self) -> list[NodeView]:
        """Live episodes of a project, live scenes of an episode, by position."""
        below = {"project": "episode", "episode": "scene"}.get(self.kind)
        if below is None:
            return []
        with self._database.read() as conn:
            rows = reads.children(conn, self.id, below)
        return [NodeView(self._database, r, self._inputs) for r in rows]

    def artifact(self, kind: str, part: str | None = None) -> JsonObject | None:
        """Head content of this node, or one part of it (see artifacts.kinds); None when there is none."""
        with self._database.read() as conn:
            head = self._inputs.head(conn, self.id, kind)
        if head is None:
            return None
        content: JsonObject | None = head.content
        if part is not None:
            parts = kinds.find(kind).parts
            content = None if parts is None else parts(head.content).get(part)
            if content is None:
                return None
        self._inputs.record(head, part, content)
        return content

    def characters(self) -> list[JsonObject]:
        """The cast library in story order: at most the 30 most recently edited characters."""
        return self._elements("character")

    def world(self) -> list[JsonObject]:
        return self._elements("world")

    def _elements(self, kind: str) -> list[JsonObject]:
        with self._database.read() as conn:
            rows = reads.list_elements(conn, self.project_id, kind, MAX_CHARACTERS)
        rows.sort(key=lambda r: (r.position, r.node_id))
        for row in rows:
            self._inputs.record(row, None, row.content)
        return [row.content for row in rows]

    def _sibling(self, step: int) -> NodeView | None:
        parent = self.parent
        if parent is None:
            return None
        same = [n for n in parent.children() if (n.position - self.position) * step > 0]
        return min(same, key=lambda n: abs(n.position - self.position), default=None)

    def at(self, node_id: int) -> NodeView:
        """Another node, seen on its own: what is read there is no input of this one's artifact."""
        return NodeView.load(self._database, node_id)

    def _other(self, node_id: int) -> NodeView:
        return NodeView.load(self._database, node_id, self._inputs)
