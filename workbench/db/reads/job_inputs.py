"""Which versions of the story jobs were made from."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, func, select, tuple_

from workbench.db.schema import artifact, node

#: node id, kind
Place = tuple[int, str]


def find_used(conn: Connection, job_id: int) -> dict[Place, list[int]] | None:
    """Place → the versions that the last version of a job was made from; None when it has made none."""
    query = select(artifact.c.inputs).where(artifact.c.job_id == job_id).order_by(artifact.c.id.desc()).limit(1)
    inputs = conn.execute(query).scalar_one_or_none()
    if inputs is None:
        return None
    used: dict[Place, set[int]] = {}
    for one in inputs:
        used.setdefault((one["node_id"], one["kind"]), set()).add(one["version"])
    return {place: sorted(versions) for place, versions in used.items()}


def find_newest_at(conn: Connection, places: Collection[Place], at: int) -> dict[Place, list[int]]:
    """Place → the newest version of that time."""
    if not places:
        return {}
    query = select(artifact.c.node_id, artifact.c.kind, func.max(artifact.c.version)).where(
        tuple_(artifact.c.node_id, artifact.c.kind).in_(sorted(places)), artifact.c.created_at <= at
    )
    rows = conn.execute(query.group_by(artifact.c.node_id, artifact.c.kind))
    return {(node_id, kind): [version] for node_id, kind, version in rows}


def list_places(conn: Connection, node_id: int, kinds: Collection[str]) -> list[Place]:
    """Where a node and those above it have something of these kinds."""
    above = select(node.c.id, node.c.parent_id).where(node.c.id == node_id).cte("above", recursive=True)
    above = above.union(select(node.c.id, node.c.parent_id).join(above, node.c.id == above.c.parent_id))
    query = select(artifact.c.node_id, artifact.c.kind).join(above, above.c.id == artifact.c.node_id)
    return [(at, kind) for at, kind in conn.execute(query.where(artifact.c.kind.in_(kinds)).distinct())]


def find_titles(conn: Connection, node_ids: Collection[int]) -> dict[int, str]:
    query = select(node.c.id, node.c.title).where(node.c.id.in_(node_ids))
    return {node_id: title for node_id, title in conn.execute(query)}
