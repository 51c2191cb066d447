"""State changes of the story tree and its artifacts. Callers own the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import Connection, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from workbench.db.connection import db_now_ms
from workbench.db.rows.prompts import PartPrompt
from workbench.db.rows.story import Input
from workbench.db.schema import HEADS_MOVED, artifact, artifact_head, artifact_prompt, layout, node
from workbench.db.writes.installation import set_meta


def upsert(conn: Connection, table: Any) -> Any:
    """INSERT with ON CONFLICT for the connection's dialect."""
    return (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(table)


def add_node(
    conn: Connection,
    kind: str,
    title: str,
    *,
    parent_id: int | None = None,
    project_id: int | None = None,
    position: int = 0,
    user: str = "local",
) -> int:
    """Add a node; a project (no parent) is its own project."""
    row = insert(node).values(
        kind=kind,
        title=title,
        parent_id=parent_id,
        project_id=project_id,
        position=position,
        created_by=user,
        created_at=db_now_ms(),
    )
    node_id: int = conn.execute(row.returning(node.c.id)).scalar_one()
    if project_id is None:
        conn.execute(update(node).where(node.c.id == node_id).values(project_id=node_id))
    return node_id


def set_node(conn: Connection, node_id: int, **values: Any) -> None:
    conn.execute(update(node).where(node.c.id == node_id).values(**values))


def set_archived(conn: Connection, node_id: int, archived: bool) -> None:
    conn.execute(update(node).where(node.c.id == node_id).values(archived_at=db_now_ms() if archived else None))


def lock_node(conn: Connection, node_id: int) -> None:
    """Take the node's row: the lock that puts the writers of one node in order on PostgreSQL."""
    conn.execute(select(node.c.id).where(node.c.id == node_id).with_for_update(key_share=True))


#: whether a new version becomes the head: always, or unless one is pinned, or only where there is none
Lead = Literal["follow", "unless_pinned", "never"]


def add_version(conn: Connection, node_id: int, kind: str, *, lead: Lead, **values: Any) -> int:
    """Append a version and return its id; `values`: the other columns. A pin stays with the head."""
    lock_node(conn, node_id)
    last = conn.execute(
        select(func.max(artifact.c.version)).where(artifact.c.node_id == node_id, artifact.c.kind == kind)
    ).scalar_one_or_none()
    row = insert(artifact).values(node_id=node_id, kind=kind, version=(last or 0) + 1, created_at=db_now_ms(), **values)
    artifact_id: int = conn.execute(row.returning(artifact.c.id)).scalar_one()
    point = upsert(conn, artifact_head).values(node_id=node_id, kind=kind, artifact_id=artifact_id, pinned=False)
    key = ["node_id", "kind"]
    if lead == "never":
        conn.execute(point.on_conflict_do_nothing(index_elements=key))
    else:
        where = artifact_head.c.pinned.is_(False) if lead == "unless_pinned" else None
        conn.execute(point.on_conflict_do_update(index_elements=key, set_={"artifact_id": artifact_id}, where=where))
    return artifact_id


def add_prompts(conn: Connection, artifact_id: int, used: Sequence[PartPrompt]) -> None:
    """What a version, or each part of it, was made with."""
    if used:
        conn.execute(insert(artifact_prompt), [{"artifact_id": artifact_id, **prompt.as_json()} for prompt in used])


def copy_prompts(conn: Connection, from_artifact: int, to_artifact: int) -> None:
    """A version that is taken back was made with the prompts of then."""
    own = [c for c in artifact_prompt.c if c.name != "artifact_id"]
    rows = select(literal(to_artifact), *own).where(artifact_prompt.c.artifact_id == from_artifact)
    conn.execute(insert(artifact_prompt).from_select(["artifact_id", *(c.name for c in own)], rows))


def set_inputs(conn: Connection, artifact_id: int, inputs: Sequence[Input]) -> None:
    """Name what a version was made from, in the transaction that adds it: one of them may be the version itself."""
    conn.execute(update(artifact).where(artifact.c.id == artifact_id).values(inputs=list(inputs)))


def point_head(conn: Connection, node_id: int, kind: str, artifact_id: int, *, pinned: bool) -> None:
    conn.execute(
        update(artifact_head)
        .where(artifact_head.c.node_id == node_id, artifact_head.c.kind == kind)
        .values(artifact_id=artifact_id, pinned=pinned)
    )
    # no version was added by which those who watch the tree would know
    set_meta(conn, HEADS_MOVED, uuid.uuid4().hex[:12])


def set_layout(conn: Connection, artifact_id: int, nodes: Sequence[int | None]) -> None:
    """Keep which nodes a version's entries are of; of a plan, the last time that it was the head counts."""
    row = upsert(conn, layout).values(artifact_id=artifact_id, nodes=[*nodes])
    conn.execute(row.on_conflict_do_update(index_elements=["artifact_id"], set_={"nodes": [*nodes]}))


def copy_layout(conn: Connection, from_artifact: int, to_artifact: int) -> None:
    """The entries of another version with the same content are of the same nodes."""
    own = select(literal(to_artifact), layout.c.nodes).where(layout.c.artifact_id == from_artifact)
    conn.execute(insert(layout).from_select(["artifact_id", "nodes"], own))
