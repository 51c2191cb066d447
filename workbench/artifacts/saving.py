"""Saving a version and making the story tree say what its head says. Callers own the transaction."""

from __future__ import annotations

from sqlalchemy import Connection

from workbench.artifacts.declared import Kind
from workbench.artifacts.replan import Existing, match
from workbench.artifacts.versions import hash_of, part_hashes
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, Input
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
    follow_head(conn, node_id, kind, user)
    stored = reads.find_artifact(conn, artifact_id)
    assert stored is not None
    return stored


def point_head(
    conn: Connection, node_id: int, kind: Kind, artifact_id: int, *, pinned: bool, user: str = "local"
) -> None:
    writes.point_head(conn, node_id, kind.name, artifact_id, pinned=pinned)
    follow_head(conn, node_id, kind, user)


def follow_head(conn: Connection, node_id: int, kind: Kind, user: str) -> None:
    """Make the tree follow: the node's own title, and the child nodes that the head names."""
    head = reads.find_head(conn, node_id, kind.name)
    if head is None:
        return
    named_by = {"brief": "title", "character": "name", "world_element": "name"}.get(kind.name)
    if named_by:
        writes.set_node(conn, node_id, title=head.content[named_by])
    if kind.children is not None:
        _replan(conn, node_id, kind, head.content, user)


def _replan(conn: Connection, node_id: int, kind: Kind, content: JsonObject, user: str) -> None:
    assert kind.children is not None
    assert kind.child_kind is not None
    parent = reads.find_node(conn, node_id)
    assert parent is not None
    existing = reads.children(conn, node_id, kind.child_kind, archived=True)
    plan = match(
        [Existing(r.id, r.position, r.title, r.archived_at is not None) for r in existing],
        kind.children(content),
    )
    for child_id, child in plan.keep.items():
        writes.set_node(conn, child_id, position=child.position, title=child.title, archived_at=None)
    for child_id in plan.archive:
        writes.set_archived(conn, child_id, True)
    for child in plan.create:
        writes.add_node(
            conn,
            kind.child_kind,
            child.title,
            parent_id=node_id,
            project_id=parent.project_id,
            position=child.position,
            user=user,
        )
