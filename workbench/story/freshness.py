"""Is what a node has still fresh, and what is below it? Also: which children a resumed batch has started already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.numbering import find_laid_out
from workbench.artifacts.placing import find_moved
from workbench.artifacts.staleness import Sources, find_changed_inputs, list_to_load
from workbench.db.reads import jobs as job_reads
from workbench.db.reads import story as reads
from workbench.db.rows.jobs import ChildState
from workbench.db.rows.story import ArtifactVersion, HeadState, KeptHead, LoadedHead, Node
from workbench.json_types import Json
from workbench.story.facts import NodeView
from workbench.story.plan import Key, State
from workbench.story.prompt_changes import Changed, find_changed


class Writer(Protocol):
    """A workflow that writes an artifact (see workflows.registry.Workflow)."""

    @property
    def writes(self) -> str | None: ...
    @property
    def adds(self) -> bool: ...


def is_fresh(node: NodeView, kind: str) -> bool:
    """The node has a version of this kind and nothing it was made from has changed since."""
    with node._database.read() as conn:
        return is_head_fresh(conn, node.id, kind)


def is_head_fresh(conn: Connection, node_id: int, kind: str) -> bool:
    """The same in the caller's transaction."""
    head = reads.find_head(conn, node_id, kind)
    if head is None or not complete(head) or find_changed_inputs(head.inputs, source_heads(conn, [head])):
        return False
    node = reads.find_node(conn, node_id)
    return node is None or (node_id, kind) not in find_changed(conn, node.project_id, [node_id])


def find_stale_parts(node: NodeView, kind: str) -> set[str]:
    """The parts of what the node has of a kind that were made from something that has changed since."""
    with node._database.read() as conn:
        head = reads.find_head(conn, node.id, kind)
        if head is None:
            return set()
        return _stale_parts(head, source_heads(conn, [head]), find_changed(conn, node.project_id, [node.id]))


def find_parts_to_make(node: NodeView, kind: str) -> set[str]:
    """The same, with those that are made from them and so will be stale."""
    with node._database.read() as conn:
        head = reads.find_head(conn, node.id, kind)
        if head is None:
            return set()
        return _parts_to_make(head, source_heads(conn, [head]), find_changed(conn, node.project_id, [node.id]))


def _stale_parts(head: HeadState | ArtifactVersion, sources: Sources, prompted: Changed) -> set[str]:
    changed = [*find_changed_inputs(head.inputs, sources), *prompted.get((head.node_id, head.kind), ())]
    return {part for part in head.part_hashes or {} if any(c.touches(part) for c in changed)}


def _parts_to_make(head: HeadState | ArtifactVersion, sources: Sources, prompted: Changed) -> set[str]:
    own = [i for i in head.inputs if (i["node_id"], i["kind"]) == (head.node_id, head.kind)]
    there = head.part_hashes or {}
    parts = with_siblings(there, _stale_parts(head, sources, prompted))
    while more := {p for i in own if i.get("part") in parts for p in i.get("only_for", ())} - parts:
        parts |= with_siblings(there, more)
    return parts


def with_siblings(there: Iterable[str], parts: Collection[str]) -> set[str]:
    """Parts with those of all there are that are made together with them: ``text:KF3`` and ``state:KF3`` with
    ``group:KF3``."""
    keys = {part.partition(":")[2] for part in parts}
    return {*parts, *(part for part in there if part.partition(":")[2] in keys - {""})}


def count_parts_to_make(conn: Connection, project_id: int, keys: Collection[Key]) -> dict[Key, int]:
    """Of the heads (kind, node id) that are there: how many parts an update makes anew, those that are missing, and
    those that are made from such parts, among them. Those of which no part is stale or missing are left out."""
    heads = reads.heads_for(conn, {node_id for _, node_id in keys})
    asked = {(kind, node_id): heads[node_id, kind] for kind, node_id in keys if (node_id, kind) in heads}
    sources = source_heads(conn, asked.values())
    prompted = find_changed(conn, project_id, sorted({node_id for _, node_id in asked})) if asked else {}

    def count(head: HeadState) -> int:
        there = head.part_hashes or {}
        whole = max(len(there), kinds.find(head.kind).expected_parts or 0)
        return len(_parts_to_make(head, sources, prompted)) + whole - len(there)

    return {key: parts for key, head in asked.items() if (parts := count(head))}


def list_named_children(node: NodeView, job_id: int) -> set[str]:
    """The names under which this job has started children of its own (see Context.children)."""
    return {c.item.partition(":")[0] for c in _children(node, job_id) if c.batch is None}


def complete(head: HeadState | ArtifactVersion) -> bool:
    """Has the artifact every part that its kind should have? Nine frames of which two failed are not complete. One that
    was saved before its kind had parts is."""
    expected = kinds.find(head.kind).expected_parts
    return expected is None or head.part_hashes is None or len(head.part_hashes) >= expected


@dataclass(frozen=True)
class Standing:
    """How the artifacts of some nodes stand. `heads`: by (node id, kind)."""

    heads: Mapping[tuple[int, str], HeadState]
    is_stale: Callable[[HeadState], bool]

    def state_of(self, node_id: int, kind: str) -> State:
        """Whether an artifact is missing, begun, stale or fresh."""
        head = self.heads.get((node_id, kind))
        if head is None:
            return "missing"
        if not complete(head):
            return "begun"
        return "stale" if self.is_stale(head) else "fresh"

    def made_from(self, node_id: int, kind: str) -> list[Key]:
        """(kind, node id) of what an artifact was made from; nothing where it is missing."""
        head = self.heads.get((node_id, kind))
        return [] if head is None else list(dict.fromkeys((i["kind"], i["node_id"]) for i in head.inputs))


def load_subtree(node: NodeView) -> tuple[list[Node], Standing]:
    """The live story nodes from a node downwards, and how their artifacts stand."""
    with node._database.read() as conn:
        row = reads.find_node(conn, node.id)
        nodes = list_nodes_below(conn, row) if row is not None else []
        return nodes, read_standing(conn, nodes)


def list_nodes_below(conn: Connection, node: Node) -> list[Node]:
    """The live story nodes from a node downwards, parents first; only what the plan needs is loaded."""
    below = {"project": "episode", "episode": "scene"}.get(node.kind)
    if below is None:
        return [node]
    if node.kind == "episode":
        return [node, *reads.children(conn, node.id, below)]
    return reads.outline(conn, node.id)


def read_standing(conn: Connection, nodes: Sequence[Node]) -> Standing:
    """How the artifacts of these nodes stand."""
    whole_project = any(n.kind == "project" for n in nodes)
    heads = reads.heads_of(conn, nodes[0].project_id) if whole_project else reads.heads_for(conn, [n.id for n in nodes])
    sources = load_changed(conn, heads.values(), heads) if whole_project else source_heads(conn, heads.values())
    prompted = find_changed(conn, nodes[0].project_id, None if whole_project else [n.id for n in nodes])

    def is_stale(head: HeadState) -> bool:
        return (head.node_id, head.kind) in prompted or bool(find_changed_inputs(head.inputs, sources))

    return Standing(heads, is_stale)


def list_kept(node: NodeView, nodes: Sequence[Node | NodeView], makers: Iterable[Writer]) -> dict[Key, KeptHead]:
    """What `find_kept` finds on these nodes."""
    with node._database.read() as conn:
        return find_kept(conn, [n.id for n in nodes], makers)


def find_kept(conn: Connection, node_ids: Sequence[int], makers: Iterable[Writer]) -> dict[Key, KeptHead]:
    """(kind, node id) → the heads that a person wrote, edited or pinned, and that a run of these would replace.

    Pictures and clips are added beside those that a person has picked: only a pin holds them.
    """
    added = {m.writes for m in makers if m.adds}
    heads = reads.kept_heads(conn, node_ids)
    return {(kind, node): head for (node, kind), head in heads.items() if head.pinned or kind not in added}


def source_heads(conn: Connection, heads: Iterable[HeadState | ArtifactVersion]) -> Sources:
    """The heads of everything that these were made from, with the content of those that have changed."""
    heads = list(heads)
    nodes = sorted({made_from["node_id"] for head in heads for made_from in head.inputs})
    return load_changed(conn, heads, reads.heads_for(conn, nodes)) if nodes else Sources({}, {}, {})


def load_changed(
    conn: Connection, heads: Iterable[HeadState | ArtifactVersion], sources: Mapping[tuple[int, str], HeadState]
) -> Sources:
    """The same sources, with the content of those whose fields tell whether `heads` are stale, where the nodes stand
    whose entries were used, and which entries these are."""
    heads = list(heads)
    told = [made_from for head in heads for made_from in head.inputs if "of_node" in made_from]
    places = reads.list_numbers(conn, {made_from["of_node"] for made_from in told})
    tellers = {(made_from["node_id"], made_from["kind"]) for made_from in told} & sources.keys()
    told_by = [sources[key] for key in sorted(tellers)]
    moved = find_moved(conn, [head.id for head in told_by if kinds.find(head.kind).places is not None])
    placed = Sources(sources, places, find_laid_out(conn, told_by), moved.keys())
    wanted: set[int] = set()
    for head in heads:
        wanted |= list_to_load(head.inputs, placed)
    contents = {**reads.find_contents(conn, wanted - moved.keys()), **{i: moved[i] for i in wanted & moved.keys()}}
    return placed.replace({key: _with_content(source, contents) for key, source in placed.items()})


def _with_content(head: HeadState, contents: Mapping[int, Json]) -> HeadState:
    if head.id not in contents:
        return head
    return LoadedHead(
        head.id, head.node_id, head.kind, head.version, head.content_hash, head.part_hashes, head.inputs,
        contents[head.id],
    )  # fmt: skip


def first_batch(node: NodeView, job_id: int) -> dict[int, int]:
    """Place in the batch → node id, for the children that this job has already started."""
    first = [c for c in _children(node, job_id) if c.batch == 1]
    return {c.batch_position: c.node_id for c in first if c.batch_position is not None and c.node_id is not None}


def plan_children(node: NodeView, job_id: int) -> list[tuple[str, int]]:
    """(workflow, node id) of the children that this job has started as parts of a plan, in their order."""
    return [(c.kind, c.node_id) for c in _children(node, job_id) if c.batch is None and c.node_id is not None]


def find_held(node: NodeView, job_ids: Sequence[int]) -> set[int]:
    """Those of the jobs whose plan waits to be taken over, since it would archive what is made."""
    if not job_ids:
        return set()
    with node._database.read() as conn:
        return job_reads.find_held(conn, job_ids)


def _children(node: NodeView, job_id: int) -> list[ChildState]:
    with node._database.read() as conn:
        return job_reads.children_states(conn, job_id)


def keep_batch_order(started: dict[int, int], wanted: Sequence[int]) -> list[int]:
    """Nodes of a batch: what was started keeps its place, what is still wanted fills the others in order.

    A batch runs again from the top after each child; a child that has made its episode fresh must not drop
    out of the list, or every later one would move up and be paid for again.
    """
    rest = [n for n in wanted if n not in started.values()]
    listed: list[int] = []
    for place in range(max(started, default=-1) + 1):
        if place in started:
            listed.append(started[place])
        elif rest:
            listed.append(rest.pop(0))
    return listed + rest
