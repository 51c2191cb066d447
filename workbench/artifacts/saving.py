"""Saving a version and making the story tree say what its head says. Callers own the transaction."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from workbench.artifacts.declared import Kind
from workbench.artifacts.numbering import lay_out_edit
from workbench.artifacts.part_inputs import has_own, name_own
from workbench.artifacts.placing import lay_out_places
from workbench.artifacts.replan import Existing, Replan, match
from workbench.artifacts.versions import hash_of, part_hashes
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, Input, Layout, Node
from workbench.db.writes import story as writes
from workbench.json_types import Json, JsonObject

#: what a person does to a version: it is seen at once, whatever was pinned
BY_HAND = ("manual", "restore")


def add_version(
    conn: Connection,
    node_id: int,
    kind: Kind,
    content: JsonObject,
    *,
    source: str,
    user: str = "local",
    job_id: int | None = None,
    inputs: list[Input] | None = None,
    warnings: list[Json] | None = None,
    prompt_version: str | None = None,
    model: str | None = None,
    as_head: bool = True,
) -> Artifact:
    """Append a version, make it the head unless one is pinned, and re-plan the child nodes it names.

    A person's own save is the head also where one was pinned, and pinned in its place. `as_head` False: another version
    stays the head.
    """
    before = _head_to_leave(conn, node_id, kind)
    artifact_id = writes.add_version(
        conn,
        node_id,
        kind.name,
        content=content,
        content_hash=hash_of(content),
        part_hashes=part_hashes(kind, content),
        source=source,
        job_id=job_id,
        inputs=inputs or [],
        warnings=warnings or None,
        prompt_version=prompt_version,
        model=model,
        created_by=user,
        lead="follow" if source in BY_HAND else "unless_pinned" if as_head else "never",
    )
    if kind.places is not None and source != "restore":
        if any(laid_out := lay_out_places(conn, node_id, kind, content, before)):
            writes.set_layout(conn, artifact_id, laid_out)
    elif source == "manual" and kind.numbered_by is not None:
        writes.set_layout(conn, artifact_id, lay_out_edit(conn, node_id, kind, content, before))
    _follow_head(conn, node_id, kind, before, user)
    stored = reads.find_artifact(conn, artifact_id)
    assert stored is not None
    if inputs and has_own(inputs):
        named = name_own(inputs, artifact_id, stored.version)
        writes.set_inputs(conn, artifact_id, named)
        return replace(stored, inputs=named)
    return stored


def point_head(
    conn: Connection, node_id: int, kind: Kind, artifact_id: int, *, pinned: bool, user: str = "local"
) -> None:
    before = _head_to_leave(conn, node_id, kind)
    writes.point_head(conn, node_id, kind.name, artifact_id, pinned=pinned)
    _follow_head(conn, node_id, kind, before, user)


def _head_to_leave(conn: Connection, node_id: int, kind: Kind) -> Artifact | None:
    """Of kinds that say which nodes they are of: others need not be read."""
    says_nodes = kind.children or kind.numbered_by or kind.places
    return reads.find_head(conn, node_id, kind.name) if says_nodes else None


def _follow_head(conn: Connection, node_id: int, kind: Kind, before: Artifact | None, user: str) -> None:
    """Make the tree follow: the node's own title, and the child nodes that the head names."""
    head = reads.find_head(conn, node_id, kind.name)
    if head is None:
        return
    named_by = {"brief": "title", "character": "name", "world_element": "name"}.get(kind.name)
    if named_by:
        writes.set_node(conn, node_id, title=head.content[named_by])
    if kind.children is not None:
        _replan(conn, node_id, kind, head, before, user)


def plan_children(
    conn: Connection, node_id: int, kind: Kind, content: JsonObject, before: Artifact | None
) -> tuple[Replan, list[Node]]:
    """What making a content the head does to the child nodes, and those there are, archived ones too.

    `before`: the head that the tree follows now; None: there is none.
    """
    assert kind.children is not None
    assert kind.child_kind is not None
    nodes = reads.children(conn, node_id, kind.child_kind, archived=True)
    layouts = reads.list_layouts(conn, node_id, kind.name)
    events = _events(conn, kind, nodes, layouts, before)
    known = [Existing(n.id, n.position, n.title, n.archived_at is not None, events.get(n.id, "")) for n in nodes]
    wanted = kind.children(content)
    own = hash_of(content)
    same = next((found.nodes for found in layouts if found.content_hash == own), [])
    laid_out = dict(zip((c.position for c in wanted), same, strict=False))
    return match(known, wanted, laid_out), nodes


def _events(
    conn: Connection, kind: Kind, nodes: list[Node], layouts: list[Layout], before: Artifact | None
) -> dict[int, str]:
    """Node id → what happens in it, by the newest version that it was laid out by."""
    assert kind.children is not None
    events: dict[int, str] = {}
    if before is not None:
        # also of stories from before layouts were kept
        entries = {(c.position, c.title): c.events for c in kind.children(before.content)}
        live = [n for n in nodes if n.archived_at is None]
        events = {n.id: entries[(n.position, n.title)] for n in live if (n.position, n.title) in entries}
    for found in layouts:
        if not {n.id for n in nodes} - events.keys():
            break
        if events.keys() >= set(found.nodes):
            continue
        content = reads.find_contents(conn, [found.artifact_id])[found.artifact_id]
        entries_of = zip(found.nodes, kind.children(content), strict=False)
        for child_id, child in entries_of:
            events.setdefault(child_id, child.events)
    return events


def _replan(conn: Connection, node_id: int, kind: Kind, head: Artifact, before: Artifact | None, user: str) -> None:
    parent = reads.find_node(conn, node_id)
    assert parent is not None
    assert kind.child_kind is not None
    plan, _ = plan_children(conn, node_id, kind, head.content, before)
    by_position = {child.position: child_id for child_id, child in plan.keep.items()}
    for child_id, child in plan.keep.items():
        writes.set_node(conn, child_id, position=child.position, title=child.title, archived_at=None)
    for child_id in plan.archive:
        writes.set_archived(conn, child_id, True)
    for child in plan.create:
        by_position[child.position] = writes.add_node(
            conn,
            kind.child_kind,
            child.title,
            parent_id=node_id,
            project_id=parent.project_id,
            position=child.position,
            user=user,
        )
    writes.set_layout(conn, head.id, [by_position[position] for position in sorted(by_position)])
