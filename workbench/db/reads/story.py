"""Questions about the story tree and its artifacts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, func, select

from workbench.db.schema import artifact, artifact_head, node

_version_columns = [c for c in artifact.c if c.name != "content"]


def _rows(conn: Connection, query: Select[Any], **params: Any) -> list[dict[str, Any]]:
    return [dict(r) for r in conn.execute(query, params).mappings()]


_node = select(node).where(node.c.id == bindparam("id"))
_children = (
    select(node)
    .where(node.c.parent_id == bindparam("parent_id"), node.c.kind == bindparam("kind"))
    .order_by(node.c.position, node.c.id)
)
_head = (
    select(artifact, artifact_head.c.pinned)
    .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
    .where(artifact_head.c.node_id == bindparam("node_id"), artifact_head.c.kind == bindparam("kind"))
)


def find_node(conn: Connection, node_id: int) -> dict[str, Any] | None:
    row = conn.execute(_node, {"id": node_id}).mappings().one_or_none()
    return None if row is None else dict(row)


def children(conn: Connection, parent_id: int, kind: str, *, archived: bool = False) -> list[dict[str, Any]]:
    """Child nodes by position; archived ones only when asked."""
    rows = _rows(conn, _children, parent_id=parent_id, kind=kind)
    return rows if archived else [r for r in rows if r["archived_at"] is None]


def nodes_of(conn: Connection, project_id: int, *, archived: bool = False) -> list[dict[str, Any]]:
    """All nodes of a project, the project first, then by parent and position."""
    query = select(node).where(node.c.project_id == project_id).order_by(node.c.parent_id, node.c.position, node.c.id)
    rows = _rows(conn, query if archived else query.where(node.c.archived_at.is_(None)))
    rows.sort(key=lambda r: r["parent_id"] is not None)
    return rows


def outline(conn: Connection, project_id: int) -> list[dict[str, Any]]:
    """The live project, episodes and scenes, parents first; scenes of an archived episode are left out."""
    rows = [r for r in nodes_of(conn, project_id) if r["kind"] in ("project", "episode", "scene")]
    live = {r["id"] for r in rows}
    rank = {"project": 0, "episode": 1, "scene": 2}
    rows = [r for r in rows if r["parent_id"] is None or r["parent_id"] in live]
    return sorted(rows, key=lambda r: (rank[r["kind"]], r["parent_id"] or 0, r["position"]))


def scene_counts(conn: Connection, project_id: int) -> dict[int, int]:
    """Episode id → how many live scenes it has."""
    query = (
        select(node.c.parent_id, func.count())
        .where(node.c.project_id == project_id, node.c.kind == "scene", node.c.archived_at.is_(None))
        .group_by(node.c.parent_id)
    )
    return {parent: count for parent, count in conn.execute(query)}


def projects(conn: Connection, *, archived: bool = False) -> list[dict[str, Any]]:
    query = select(node).where(node.c.kind == "project").order_by(node.c.id.desc())
    return _rows(conn, query if archived else query.where(node.c.archived_at.is_(None)))


def head(conn: Connection, node_id: int, kind: str) -> dict[str, Any] | None:
    """The newest or pinned version, with its content and `pinned`."""
    row = conn.execute(_head, {"node_id": node_id, "kind": kind}).mappings().one_or_none()
    return None if row is None else dict(row)


def by_ids(conn: Connection, ids: Collection[int]) -> list[dict[str, Any]]:
    """These versions, heads or not, with their content."""
    return _rows(conn, select(artifact).where(artifact.c.id.in_(ids))) if ids else []


#: what staleness needs of a head, and no more: projects have tens of thousands
_staleness_columns = [
    artifact.c[n] for n in ("id", "node_id", "kind", "version", "content_hash", "part_hashes", "inputs")
]


def heads_of(conn: Connection, project_id: int) -> dict[tuple[int, str], dict[str, Any]]:
    """Every head of a project by (node id, kind), without content: what staleness and the tree need."""
    query = (
        select(*_staleness_columns)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .join(node, node.c.id == artifact.c.node_id)
        .where(node.c.project_id == project_id)
    )
    return {(r["node_id"], r["kind"]): r for r in _rows(conn, query)}


def heads_for(conn: Connection, node_ids: list[int]) -> dict[tuple[int, str], dict[str, Any]]:
    """Heads of some nodes by (node id, kind), without content."""
    query = (
        select(*_version_columns, artifact_head.c.pinned)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(artifact_head.c.node_id.in_(node_ids))
    )
    return {(r["node_id"], r["kind"]): r for r in _rows(conn, query)}


def version(conn: Connection, node_id: int, kind: str, number: int) -> dict[str, Any] | None:
    query = (
        select(artifact, func.coalesce(artifact_head.c.pinned, False).label("pinned"))
        .outerjoin(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(artifact.c.node_id == node_id, artifact.c.kind == kind, artifact.c.version == number)
    )
    rows = _rows(conn, query)
    return rows[0] if rows else None


def versions(conn: Connection, node_id: int, kind: str) -> list[dict[str, Any]]:
    """All versions, newest first, without content; `is_head` and `pinned` tell which one counts."""
    query = (
        select(
            *_version_columns,
            artifact_head.c.artifact_id.isnot(None).label("is_head"),
            func.coalesce(artifact_head.c.pinned, False).label("pinned"),
        )
        .outerjoin(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(artifact.c.node_id == node_id, artifact.c.kind == kind)
        .order_by(artifact.c.version.desc())
    )
    return _rows(conn, query)


def artifact_by_id(conn: Connection, artifact_id: int) -> dict[str, Any] | None:
    rows = _rows(conn, select(artifact).where(artifact.c.id == artifact_id))
    return rows[0] if rows else None


def scenes_with(conn: Connection, project_id: int, kind: str, *, episode: int | None = None) -> list[dict[str, Any]]:
    """The live scenes that have this kind of artifact, in story order: id, title, position, episode (its node), number."""
    above = node.alias("episode")
    query = (
        select(
            node.c.id,
            node.c.kind,
            node.c.title,
            node.c.position,
            above.c.id.label("episode"),
            above.c.position.label("number"),
        )
        .join(above, above.c.id == node.c.parent_id)
        .join(artifact_head, and_(artifact_head.c.node_id == node.c.id, artifact_head.c.kind == kind))
        .where(
            node.c.project_id == project_id,
            node.c.kind == "scene",
            node.c.archived_at.is_(None),
            above.c.archived_at.is_(None),
        )
        .order_by(above.c.position, above.c.id, node.c.position, node.c.id)
    )
    return _rows(conn, query if episode is None else query.where(above.c.id == episode))


def heads_with_content(
    conn: Connection, node_ids: list[int], kinds: list[str]
) -> dict[tuple[int, str], dict[str, Any]]:
    """Heads of some kinds on some nodes by (node id, kind), with their content."""
    query = (
        select(artifact)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(artifact_head.c.node_id.in_(node_ids), artifact_head.c.kind.in_(kinds))
    )
    return {(r["node_id"], r["kind"]): r for r in _rows(conn, query)}


def contents(conn: Connection, project_id: int, kind: str, *, archived: bool = False) -> list[dict[str, Any]]:
    """The heads of one kind in a project with their content, each with its node's position, title and archived_at."""
    query = (
        select(
            artifact.c.node_id, artifact.c.version, artifact.c.content, artifact.c.created_at, node.c.position,
            node.c.title, node.c.archived_at,
        )
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .join(node, node.c.id == artifact_head.c.node_id)
        .where(node.c.project_id == project_id, artifact_head.c.kind == kind)
        .order_by(node.c.position, node.c.id)
    )  # fmt: skip
    return _rows(conn, query if archived else query.where(node.c.archived_at.is_(None)))


def story_elements(conn: Connection, project_id: int, kind: str, limit: int) -> list[dict[str, Any]]:
    """Head artifacts of live characters or world elements, the most recently edited first."""
    query = (
        select(artifact, node.c.position)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .join(node, node.c.id == artifact.c.node_id)
        .where(
            and_(
                node.c.parent_id == project_id,
                node.c.kind == kind,
                node.c.archived_at.is_(None),
                artifact.c.kind == {"character": "character", "world": "world_element"}[kind],
            )
        )
        .order_by(artifact.c.created_at.desc(), node.c.position)
        .limit(limit)
    )
    return _rows(conn, query)
