"""What a workflow or a guard may know of the story: a read-only look that remembers which versions were read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.numbering import find_laid_out, number_of
from workbench.artifacts.placing import tell_today
from workbench.artifacts.sheets import look_at
from workbench.artifacts.staleness import hash_used
from workbench.artifacts.versions import hash_of, part_of, pick
from workbench.db.connection import Database
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, ElementArtifact, Input, Node
from workbench.errors import NotFound
from workbench.i18n import Text
from workbench.json_types import Json, JsonObject
from workbench.story.leads import find_leads, find_unlisted_leads
from workbench.story.names import NameIndex, fold, names_of

#: a prompt tells so many characters, and so many world elements, in full
MOST_ELEMENTS = 30


#: the fields to read, by name or by what a content holds
Fields = Sequence[str] | Callable[[JsonObject], Sequence[str]]


@dataclass
class _Reading:
    """What was read of one version. `fields`, `only_for` None: all of it, for all of what is made. `of_node`: whose
    entry, or look, it is; `seeded_by`: see `Input`."""

    head: Artifact
    part: str | None
    content: Json
    fields: set[str] | None
    only_for: set[str] | None
    of_node: int | None
    seeded_by: tuple[Json, ...] | None

    def as_input(self) -> Input:
        head = self.head
        made_from: Input = {
            "node_id": head.node_id,
            "kind": head.kind,
            "part": self.part,
            "artifact_id": head.id,
            "version": head.version,
            "content_hash": hash_of(self.content) if self.part else head.content_hash,
        }
        if self.fields is not None:
            made_from["fields"] = sorted(self.fields)
            made_from["fields_hash"] = hash_of(pick(self.content, made_from["fields"], kinds.find(head.kind)))
        if self.only_for is not None:
            made_from["only_for"] = sorted(self.only_for)
        if self.of_node is not None:
            made_from["of_node"] = self.of_node
            made_from["used_hash"] = hash_used(made_from, self.content, kinds.find(head.kind))
        if self.seeded_by is not None:
            made_from["seeded_by"] = [*self.seeded_by]
        return made_from


class Inputs:
    """The artifact versions that were read, once each, in the order of reading.

    `then`: the only versions to read, whatever is newest by now, since something was paid for that was made from them.
    `until`: where those are not asked, the story is read as it was at that moment (epoch ms).
    """

    def __init__(self, then: Iterable[Artifact] = (), until: int | None = None) -> None:
        self._read: dict[tuple[int, str, str | None, int, str | None, tuple[str, ...]], _Reading] = {}
        self._kept: dict[tuple[int, str, str | None, tuple[str, ...] | None], Input] = {}
        self._then = {(row.node_id, row.kind): row for row in then}
        #: the part of what is made that is being read for; what is read while it is None is read for all of it
        self.made_for: str | None = None
        self._by_part = False
        self._until = until

    @contextmanager
    def reading_for(self, part: str) -> Iterator[None]:
        """Inside, whatever is read is read for this part of what is made. Once this was used, what is read outside is
        no input."""
        before, self.made_for, self._by_part = self.made_for, part, True
        try:
            yield
        finally:
            self.made_for = before

    def head(self, conn: Connection, node_id: int, kind: str) -> Artifact | None:
        """The version to read; None when there is none, or was none then."""
        return self._then.get((node_id, kind)) if self._then else self.find_head(conn, node_id, kind)

    def find_head(self, conn: Connection, node_id: int, kind: str) -> Artifact | None:
        """The version that counts, or counted then, whatever is to be read."""
        if self._until is None:
            return reads.find_head(conn, node_id, kind)
        return reads.find_head_of_then(conn, node_id, kind, self._until)

    def list_elements(self, conn: Connection, project_id: int, kind: str) -> list[ElementArtifact]:
        """The library's characters or world elements, as they are or were then."""
        return reads.list_elements(conn, project_id, kind, self._until)

    def aside(self) -> Inputs:
        """For what is read at the same time, and is no input."""
        return Inputs(until=self._until)

    def record(
        self,
        head: Artifact,
        part: str | None,
        content: Json,
        fields: Iterable[str] | None = None,
        only_for: str | None = None,
        of_node: int | None = None,
        seeded_by: tuple[Json, ...] | None = None,
    ) -> None:
        """Count what was read of a version: these fields of it, or all; for one part of what is made, or all.
        `of_node`: the episode or scene that it is told of; `seeded_by`: see `Input`."""
        only_for = only_for or self.made_for
        # a view at one place counts for what is made there alone
        views = tuple(sorted(f for f in fields or () if "@" in f))
        key = (head.node_id, head.kind, part, head.id, self.made_for, views)
        used, parts = None if fields is None else set(fields), None if only_for is None else {only_for}
        known = self._read.get(key)
        if known is None:
            self._read[key] = _Reading(head, part, content, used, parts, of_node, seeded_by)
            return
        known.fields = None if known.fields is None or used is None else known.fields | used
        known.only_for = None if known.only_for is None or parts is None else known.only_for | parts

    def keep(self, made_from: Input) -> None:
        """Count an input in the version that was read earlier, whatever was read since for the same parts."""
        only_for = made_from.get("only_for")
        key = (made_from["node_id"], made_from["kind"], made_from.get("part"))
        self._kept[*key, None if only_for is None else tuple(only_for)] = made_from

    def forget_kept(self) -> None:
        """Count nothing any more in the version of earlier."""
        self._kept.clear()

    def as_list(self) -> list[Input]:
        kept = {(node_id, kind, part) for node_id, kind, part, only_for in self._kept if only_for is None}
        read = [
            r.as_input()
            for (*key, _, made_for, _), r in self._read.items()
            if tuple(key) not in kept and (made_for is not None or not self._by_part)
        ]
        return [*self._kept.values(), *read]


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
        """The project's brief; an empty dict when there is none. See `read_brief`."""
        return self.project.artifact("brief") or {}

    def read_brief(self, *fields: str) -> JsonObject:
        """These fields of the project's brief: only they can make stale what is written."""
        return self.project.artifact("brief", fields=fields) or {}

    def children(self) -> list[NodeView]:
        """Live episodes of a project, live scenes of an episode, by position."""
        below = {"project": "episode", "episode": "scene"}.get(self.kind)
        if below is None:
            return []
        with self._database.read() as conn:
            rows = reads.children(conn, self.id, below)
        return [NodeView(self._database, r, self._inputs) for r in rows]

    def artifact(
        self,
        kind: str,
        part: str | None = None,
        *,
        fields: Fields | None = None,
        only_for: str | None = None,
    ) -> JsonObject | None:
        """Head content of this node, or one part of it (see artifacts.kinds); None when there is none.

        `fields`: hand out these alone (``title``, ``location.name``), and be stale only when they change. `only_for`:
        the part of what is written (``frame:KF3``) that it is read for.
        """
        with self._database.read() as conn:
            head = self._inputs.head(conn, self.id, kind)
            head = None if head is None else tell_today(conn, head)
        if head is None:
            return None
        content = part_of(kinds.find(kind), head.content, part)
        if content is None:
            return None
        return self._hand_out(head, part, content, fields, only_for)

    def entry(self, kind: str, *, fields: Fields | None = None, only_for: str | None = None) -> JsonObject | None:
        """What an artifact of the node above tells of this episode or scene, wherever in its order that stands; None
        when it tells nothing of it, or there is none. See `artifact`."""
        found = self._find_entry(kind)
        return None if found is None else self._hand_out(*found, fields, only_for, self.id)

    def find_number(self, kind: str) -> int | None:
        """The number under which an artifact of the node above would tell of this episode or scene, which is no input;
        None when it tells nothing of it, or there is none."""
        with self._database.read() as conn:
            head = self._find_head_above(conn, kind)
            return None if head is None else self._number_in(conn, head)

    def _find_entry(self, kind: str) -> tuple[Artifact, str, JsonObject] | None:
        """(the version, the part, what it holds)"""
        with self._database.read() as conn:
            head = self._find_head_above(conn, kind)
            if head is None:
                return None
            part = f"{self.kind}:{self._number_in(conn, head)}"
        content = part_of(kinds.find(kind), head.content, part)
        return None if content is None else (head, part, content)

    def _find_head_above(self, conn: Connection, kind: str) -> Artifact | None:
        above = self._row.parent_id
        return None if above is None else self._inputs.head(conn, above, kind)

    def _number_in(self, conn: Connection, head: Artifact) -> int | None:
        laid_out = find_laid_out(conn, [head]).get(head.id)
        return self.position if laid_out is None else number_of(self.id, self.position, laid_out)

    def note_seeds(self, seeded_by: tuple[Json, ...], only_for: str) -> None:
        """Count what the seeds of a frame are made of with the scene's entry, of which nothing is used for them."""
        found = self._find_entry("scene_list")
        if found is not None:
            self._inputs.record(*found, (), only_for, self.id, seeded_by)

    def note_without(self, kind: str, part: str, field: str, only_for: str) -> None:
        """Count the newest version of a part in which a field held nothing: what is made follows nothing that it holds
        by now."""
        known = kinds.find(kind)
        with self._database.read() as conn:
            version = self._inputs.head(conn, self.id, kind)
            while version is not None:
                content = part_of(known, version.content, part)
                if content is not None and pick(content, (field,), known)[field] is None:
                    self._inputs.record(version, part, content, (field,), only_for)
                    return
                version = reads.find_last_made(conn, self.id, kind, version.version)

    def _hand_out(
        self,
        head: Artifact,
        part: str | None,
        content: JsonObject,
        fields: Fields | None,
        only_for: str | None,
        of_node: int | None = None,
    ) -> JsonObject:
        """What may be used of a content, and no more than is recorded."""
        wanted = fields(content) if callable(fields) else fields
        self._inputs.record(head, part, content, wanted, only_for, of_node)
        return content if wanted is None else pick(content, wanted, kinds.find(head.kind))

    def made_from(self, kind: str) -> list[Input]:
        """What the head of this node was made from; that is no input itself."""
        with self._database.read() as conn:
            head = self._inputs.head(conn, self.id, kind)
        return [] if head is None else head.inputs

    def characters(
        self,
        fields: Fields | None = None,
        *,
        names: Iterable[str] | None = None,
        only_for: str | None = None,
        most: int | None = MOST_ELEMENTS,
    ) -> list[JsonObject]:
        """The cast in story order; behind the library those whom the brief's protagonist field means and it lacks.

        `names`: only those whom one of these means; the others are no input. `most`: of a larger cast the leads and
        the first, None: all. `fields`, `only_for`: see `artifact`.
        """
        with self._database.read() as conn:
            rows = self._inputs.list_elements(conn, self.project_id, "character")
            brief = self._inputs.head(conn, self.project_id, "brief")
        unlisted = find_unlisted_leads(brief.content, [r.content for r in rows]) if brief else []
        everybody = NameIndex([*(r.content for r in rows), *unlisted])
        if names is not None:
            names = list(names)
            folded, own = {fold(name) for name in names}, {everybody.find(name) for name in names}
            rows = [r for r in rows if r.content["name"] in own or folded & {fold(n) for n in names_of(r.content)}]
            unlisted = [c for c in unlisted if c["name"] in own]
        elif most is not None and len(rows) + len(unlisted) > most:
            leads = find_leads(str(brief.content.get("protagonist") or ""), everybody) if brief else []
            rows = _choose(rows, leads, most - len(unlisted))
        if unlisted and brief is not None:
            self._inputs.record(brief, None, brief.content, ("protagonist",), only_for)
        cast = [self._hand_out(row, None, row.content, fields, only_for) for row in rows]
        return cast + [_pick_fields(character, fields) for character in unlisted]

    def sheets(self, kind: str, names: Iterable[str], shot: int, *, only_for: str | None = None) -> list[JsonObject]:
        """What the reference sheets of those whom these names mean have in a shot of this scene, in the order of the
        names: {"name", "look", "usual", "words", "chosen"}. `only_for`: see `artifact`."""
        worn: dict[int, JsonObject] = {}
        episode = self.parent
        if episode is None:
            return []
        place = f"{episode.position}.{self.position}.{shot}"
        with self._database.read() as conn:
            rows = self._inputs.list_elements(conn, self.project_id, kinds.find(kind).node_kind)
            library = NameIndex(row.content for row in rows)
            for name in names:
                own = library.find(name) or name
                row = next((r for r in rows if fold(str(r.content["name"])) == fold(own)), None)
                head = None if row is None or row.node_id in worn else self._inputs.head(conn, row.node_id, kind)
                if head is None:
                    continue
                head = tell_today(conn, head)
                field = f"look@{place}"
                view = self._hand_out(head, None, head.content, (field,), only_for, self.id)[field]
                look = look_at(head.content, place)
                if view is not None and look is not None:
                    usual = not look["spans"]
                    worn[head.node_id] = {"name": str(name), "look": look["name"], "usual": usual, **view}
        return list(worn.values())

    def world(self, fields: Fields | None = None, *, most: int | None = MOST_ELEMENTS) -> list[JsonObject]:
        """The world's elements in story order; `most`: the first so many, None: all."""
        with self._database.read() as conn:
            rows = self._inputs.list_elements(conn, self.project_id, "world")
        return [self._hand_out(row, None, row.content, fields, None) for row in rows[:most]]

    def _sibling(self, step: int) -> NodeView | None:
        parent = self.parent
        if parent is None:
            return None
        same = [n for n in parent.children() if (n.position - self.position) * step > 0]
        return min(same, key=lambda n: abs(n.position - self.position), default=None)

    def at(self, node_id: int) -> NodeView:
        """Another node, seen on its own: what is read there is no input of this one's artifact."""
        return NodeView.load(self._database, node_id, self._inputs.aside())

    def _other(self, node_id: int) -> NodeView:
        return NodeView.load(self._database, node_id, self._inputs)


def _pick_fields(content: JsonObject, fields: Fields | None) -> JsonObject:
    wanted = fields(content) if callable(fields) else fields
    return content if wanted is None else pick(content, wanted)


def _choose(rows: list[ElementArtifact], leads: Sequence[str], most: int) -> list[ElementArtifact]:
    """At most so many, in story order: the leads, then the first."""
    ranked = sorted(range(len(rows)), key=lambda n: (rows[n].content["name"] not in leads, n))
    return [rows[n] for n in sorted(ranked[: max(most, 0)])]
