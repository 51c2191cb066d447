"""Questions about the story tree and its artifacts."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Select, and_, bindparam, exists, func, literal, or_, select

from workbench.db.connection import Ids, among
from workbench.db.rows.record import columns, fetch, fetch_one, without_collection
from workbench.db.rows.story import (
    Artifact,
    ArtifactVersion,
    ElementArtifact,
    HeadState,
    KeptHead,
    Layout,
    Node,
    NodeContent,
    Place,
    SceneEntry,
    VersionEntry,
    VersionOrigin,
)
from workbench.db.schema import HEADS_MOVED, artifact, artifact_head, layout, meta, node, prompt_override
from workbench.json_types import Json

_node = columns(Node, node)
_artifact = columns(Artifact, artifact)
_head_state = columns(HeadState, artifact)
_node_by_id = select(*_node).where(node.c.id == bindparam("id"))
_children = (
    select(*_node)
    .where(node.c.parent_id == bindparam("parent_id"), node.c.kind == bindparam("kind"))
    .order_by(node.c.position, node.c.id)
)
_above = node.alias("above")
_numbers = (
    select(node.c.id, node.c.kind, node.c.position, _above.c.position.label("above"))
    .outerjoin(_above, _above.c.id == node.c.parent_id)
    .where(among(node.c.id, bindparam("ids", type_=Ids())))
)
_head = (
    select(*_artifact, artifact_head.c.pinned)
    .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
    .where(artifact_head.c.node_id == bindparam("node_id"), artifact_head.c.kind == bindparam("kind"))
)


def find_node(conn: Connection, node_id: int) -> Node | None:
    return fetch_one(conn, Node, _node_by_id, {"id": node_id})


def children(conn: Connection, parent_id: int, kind: str, *, archived: bool = False) -> list[Node]:
    """Child nodes by position; archived ones only when asked."""
    nodes = fetch(conn, Node, _children, {"parent_id": parent_id, "kind": kind})
    return nodes if archived else [child for child in nodes if child.archived_at is None]


def nodes_of(conn: Connection, project_id: int, *, archived: bool = False) -> list[Node]:
    """All nodes of a project, the project first, then by parent and position."""
    query = select(*_node).where(node.c.project_id == project_id).order_by(node.c.parent_id, node.c.position, node.c.id)
    nodes = fetch(conn, Node, query if archived else query.where(node.c.archived_at.is_(None)))
    nodes.sort(key=lambda found: found.parent_id is not None)
    return nodes


def outline(conn: Connection, project_id: int) -> list[Node]:
    """The live nodes of a project, parents first; scenes of an archived episode are left out."""
    rank = {"project": 0, "character": 1, "world": 2, "episode": 3, "scene": 4}
    nodes = [found for found in nodes_of(conn, project_id) if found.kind in rank]
    live = {found.id for found in nodes}
    nodes = [found for found in nodes if found.parent_id is None or found.parent_id in live]
    return sorted(nodes, key=lambda found: (rank[found.kind], found.parent_id or 0, found.position))


def parents_of(conn: Connection, node_ids: Collection[int]) -> dict[int, int | None]:
    """Node id → the node above it."""
    query = select(node.c.id, node.c.parent_id).where(among(node.c.id, bindparam("ids", type_=Ids())))
    return {node_id: parent for node_id, parent in conn.execute(query, {"ids": sorted(node_ids)})}


def scene_counts(conn: Connection, project_id: int) -> dict[int, int]:
    """Episode id → how many live scenes it has."""
    query = (
        select(node.c.parent_id, func.count())
        .where(node.c.project_id == project_id, node.c.kind == "scene", node.c.archived_at.is_(None))
        .group_by(node.c.parent_id)
    )
    return {parent: count for parent, count in conn.execute(query)}


def list_projects(conn: Connection, *, archived: bool = False) -> list[Node]:
    """Newest first."""
    query = select(*_node).where(node.c.kind == "project").order_by(node.c.id.desc())
    return fetch(conn, Node, query if archived else query.where(node.c.archived_at.is_(None)))


def find_head(conn: Connection, node_id: int, kind: str) -> ArtifactVersion | None:
    """The newest or pinned version."""
    return fetch_one(conn, ArtifactVersion, _head, {"node_id": node_id, "kind": kind})


def find_versions(conn: Connection, ids: Collection[int]) -> list[Artifact]:
    """These versions, heads or not."""
    return fetch(conn, Artifact, select(*_artifact).where(artifact.c.id.in_(ids))) if ids else []


def heads_of(conn: Connection, project_id: int) -> dict[tuple[int, str], HeadState]:
    """Every head of a project by (node id, kind): what staleness and the tree need."""
    query = (
        select(*_head_state)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .join(node, node.c.id == artifact.c.node_id)
        .where(node.c.project_id == project_id)
    )
    with without_collection():
        return {(head.node_id, head.kind): head for head in fetch(conn, HeadState, query)}


def head_times(conn: Connection, node_ids: Collection[int]) -> dict[tuple[int, str], int]:
    """(node id, kind) → when the head was made, epoch ms."""
    query = (
        select(artifact.c.node_id, artifact.c.kind, artifact.c.created_at)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(among(artifact_head.c.node_id, bindparam("ids", type_=Ids())))
    )
    return {(node_id, kind): at for node_id, kind, at in conn.execute(query, {"ids": sorted(node_ids)})}


_head_places = select(artifact_head.c.node_id, artifact_head.c.kind, artifact_head.c.artifact_id).where(
    among(artifact_head.c.node_id, bindparam("ids", type_=Ids()))
)
_states_by_id = select(*_head_state).where(among(artifact.c.id, bindparam("ids", type_=Ids())))


def heads_for(conn: Connection, node_ids: Collection[int]) -> dict[tuple[int, str], HeadState]:
    """The same for some nodes."""
    places = conn.execute(_head_places, {"ids": sorted(node_ids)}).all()
    states = _find_states(conn, [artifact_id for _, _, artifact_id in places])
    return {(node_id, kind): states[artifact_id] for node_id, kind, artifact_id in places}


#: so many versions are kept in memory, about 10 kB each
MOST_KNOWN = 4_000
_known: WeakKeyDictionary[Engine, dict[int, HeadState]] = WeakKeyDictionary()


def _find_states(conn: Connection, ids: Iterable[int]) -> dict[int, HeadState]:
    """Artifact id → what it was made from. A version never changes: it is read, and its JSON decoded, once.

    Not inside a write transaction, which may be undone: another version would get the id.
    """
    if conn.get_execution_options().get("writes"):
        return {state.id: state for state in fetch(conn, HeadState, _states_by_id, {"ids": sorted(ids)})}
    known = _known.setdefault(conn.engine, {})
    states = {i: state for i in ids if (state := known.get(i)) is not None}
    if missing := sorted(set(ids) - states.keys()):
        read = {state.id: state for state in fetch(conn, HeadState, _states_by_id, {"ids": missing})}
        if len(known) + len(read) > MOST_KNOWN:
            known.clear()
        if len(read) <= MOST_KNOWN:
            known.update(read)
        states |= read
    return states


_last_artifacts = select(artifact.c.id).order_by(artifact.c.id.desc()).limit(32).subquery()
_tree_version = select(
    # of several: on PostgreSQL a smaller id may be committed later
    select(func.sum(_last_artifacts.c.id)).scalar_subquery(),
    select(meta.c.value).where(meta.c.key == HEADS_MOVED).scalar_subquery(),
    select(func.max(prompt_override.c.id)).scalar_subquery(),
    func.count(),
    func.sum(node.c.id * node.c.position),
    func.sum(node.c.archived_at),
).where(node.c.project_id == bindparam("id"))


def tree_version(conn: Connection, project_id: int) -> str:
    """Another text as soon as anything in a project's tree is another: nodes, heads, what makes them stale.

    Costs the same whatever has been made; what is made in another project changes it, too.
    """
    return str(tuple(conn.execute(_tree_version, {"id": project_id}).one()))


def find_contents(conn: Connection, ids: Collection[int]) -> dict[int, Json]:
    """Artifact id → content."""
    if not ids:
        return {}
    query = select(artifact.c.id, artifact.c.content).where(among(artifact.c.id, bindparam("ids", type_=Ids())))
    return {artifact_id: content for artifact_id, content in conn.execute(query, {"ids": sorted(ids)})}


_manual = artifact.alias("manual")
#: a person wrote this version, or took back one that a person had written
_by_hand = or_(
    artifact.c.source == "manual",
    and_(
        artifact.c.source == "restore",
        exists(
            select(literal(1)).where(
                _manual.c.node_id == artifact.c.node_id,
                _manual.c.kind == artifact.c.kind,
                _manual.c.source == "manual",
                _manual.c.content_hash == artifact.c.content_hash,
            )
        ),
    ),
)
_kept_heads = (
    select(artifact.c.node_id, artifact.c.kind, artifact.c.version, _by_hand.label("by_hand"), artifact_head.c.pinned)
    .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
    .where(
        among(artifact_head.c.node_id, bindparam("ids", type_=Ids())), or_(_by_hand, artifact_head.c.pinned.is_(True))
    )
)


def kept_heads(conn: Connection, node_ids: Collection[int]) -> dict[tuple[int, str], KeptHead]:
    """(node id, kind) → the heads that a person wrote, edited or pinned."""
    found = fetch(conn, KeptHead, _kept_heads, {"ids": sorted(node_ids)})
    return {(head.node_id, head.kind): head for head in found}


def list_origins(conn: Connection, node_id: int) -> list[VersionOrigin]:
    """Where each version of what a node has comes from, newest first."""
    query = (
        select(artifact.c.kind, artifact.c.version, artifact.c.source, _by_hand.label("by_hand"))
        .where(artifact.c.node_id == node_id)
        .order_by(artifact.c.version.desc())
    )
    return fetch(conn, VersionOrigin, query)


def find_by_hand(conn: Connection, node_id: int, kind: str, until: int) -> Artifact | None:
    """What a person had written when a job was asked for (epoch ms), see `find_head_of_then`; None when a model wrote
    that."""
    row = conn.execute(_of_then(node_id, kind, until).add_columns(_by_hand.label("by_hand"))).one_or_none()
    return Artifact(*row[:-1]) if row is not None and row.by_hand else None


def find_head_of_then(conn: Connection, node_id: int, kind: str, until: int) -> Artifact | None:
    """The head of a moment, epoch ms: the one of today if it was there by then, else the newest version of that time.
    When something was pinned is not known."""
    return fetch_one(conn, Artifact, _of_then(node_id, kind, until))


def _of_then(node_id: int, kind: str, until: int) -> Select[Any]:
    is_head = artifact.c.id == select(artifact_head.c.artifact_id).where(
        artifact_head.c.node_id == node_id, artifact_head.c.kind == kind
    ).scalar_subquery()  # fmt: skip
    there = (artifact.c.node_id == node_id, artifact.c.kind == kind, artifact.c.created_at <= until)
    return select(*_artifact).where(*there).order_by(is_head.desc(), artifact.c.version.desc()).limit(1)


def find_last_made(conn: Connection, node_id: int, kind: str, before: int) -> Artifact | None:
    """The newest version before this one that a model wrote."""
    query = (
        select(*_artifact)
        .where(
            artifact.c.node_id == node_id,
            artifact.c.kind == kind,
            artifact.c.source == "ai",
            artifact.c.version < before,
        )
        .order_by(artifact.c.version.desc())
        .limit(1)
    )
    return fetch_one(conn, Artifact, query)


def find_newest_made(conn: Connection, node_id: int, kind: str) -> Artifact | None:
    """The newest version that a model wrote, whether it is the head or not."""
    query = select(*_artifact).where(artifact.c.node_id == node_id, artifact.c.kind == kind, artifact.c.source == "ai")
    return fetch_one(conn, Artifact, query.order_by(artifact.c.version.desc()).limit(1))


def find_made(conn: Connection, node_id: int, kind: str, job_id: int, content_hash: str) -> Artifact | None:
    """The version with this content that a job has made."""
    query = select(*_artifact).where(
        artifact.c.node_id == node_id,
        artifact.c.kind == kind,
        artifact.c.job_id == job_id,
        artifact.c.content_hash == content_hash,
    )
    return fetch_one(conn, Artifact, query.order_by(artifact.c.version).limit(1))


def find_version(conn: Connection, node_id: int, kind: str, number: int) -> ArtifactVersion | None:
    query = (
        select(*_artifact, func.coalesce(artifact_head.c.pinned, False).label("pinned"))
        .outerjoin(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(artifact.c.node_id == node_id, artifact.c.kind == kind, artifact.c.version == number)
    )
    return fetch_one(conn, ArtifactVersion, query)


_version_entries = select(
    *columns(VersionEntry, artifact),
    artifact_head.c.artifact_id.isnot(None).label("is_head"),
    func.coalesce(artifact_head.c.pinned, False).label("pinned"),
).outerjoin(artifact_head, artifact_head.c.artifact_id == artifact.c.id)


def list_versions(conn: Connection, node_id: int, kind: str) -> list[VersionEntry]:
    """All versions, newest first; `is_head` and `pinned` tell which one counts."""
    query = _version_entries.where(artifact.c.node_id == node_id, artifact.c.kind == kind)
    return fetch(conn, VersionEntry, query.order_by(artifact.c.version.desc()))


def list_version_entries(conn: Connection, ids: Collection[int]) -> list[VersionEntry]:
    """These versions, without their content."""
    if not ids:
        return []
    query = _version_entries.where(among(artifact.c.id, bindparam("ids", type_=Ids()))).order_by(artifact.c.id)
    return fetch(conn, VersionEntry, query, {"ids": sorted(ids)})


def list_layouts(conn: Connection, node_id: int, kind: str) -> list[Layout]:
    """Of the versions of what a node has of one kind that were the head once, newest first."""
    query = (
        select(artifact.c.id, artifact.c.version, artifact.c.content_hash, layout.c.nodes)
        .join(layout, layout.c.artifact_id == artifact.c.id)
        .where(artifact.c.node_id == node_id, artifact.c.kind == kind)
        .order_by(artifact.c.version.desc())
    )
    return fetch(conn, Layout, query)


def find_layouts(conn: Connection, ids: Collection[int]) -> dict[int, list[int | None]]:
    """Artifact id → the nodes of its entries; versions of which none are kept are left out."""
    query = select(layout.c.artifact_id, layout.c.nodes).where(
        among(layout.c.artifact_id, bindparam("ids", type_=Ids()))
    )
    return {artifact_id: nodes for artifact_id, nodes in conn.execute(query, {"ids": sorted(ids)})}


def count_heads(conn: Connection, node_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Node id → kind → how many artifacts it and the live nodes below it have; nodes without any are left out."""
    below = node.alias("below")
    ids = {"ids": sorted(node_ids)}
    wanted = bindparam("ids", type_=Ids())
    own = select(node.c.id.label("at"), node.c.id.label("of")).where(among(node.c.id, wanted))
    under = select(below.c.parent_id, below.c.id).where(among(below.c.parent_id, wanted), below.c.archived_at.is_(None))
    places = own.union_all(under).subquery()
    query = (
        select(places.c.at, artifact_head.c.kind, func.count())
        .join(artifact_head, artifact_head.c.node_id == places.c.of)
        .group_by(places.c.at, artifact_head.c.kind)
    )
    counted: dict[int, dict[str, int]] = {}
    for at, kind, count in conn.execute(query, ids):
        counted.setdefault(at, {})[kind] = count
    return counted


def find_artifact(conn: Connection, artifact_id: int) -> Artifact | None:
    return fetch_one(conn, Artifact, select(*_artifact).where(artifact.c.id == artifact_id))


def list_places(conn: Connection, node_ids: list[int]) -> dict[int, Place]:
    """Node id → where in its story it is; unknown ids are left out."""
    above = node.alias("above")
    query = (
        select(node.c.id, node.c.kind, node.c.position, node.c.title, above.c.position)
        .outerjoin(above, and_(above.c.id == node.c.parent_id, above.c.kind == "episode"))
        .where(node.c.id.in_(node_ids))
    )
    return {place.id: place for place in fetch(conn, Place, query)}


def list_numbers(conn: Connection, node_ids: Collection[int]) -> dict[int, str]:
    """Episode or scene → where it stands: ``2``, or ``2.3``."""
    return {row.id: _number(row) for row in (conn.execute(_numbers, {"ids": sorted(node_ids)}) if node_ids else ())}


def _number(row: Any) -> str:
    return f"{row.above}.{row.position}" if row.kind == "scene" else str(row.position)


def list_live_numbers(conn: Connection, node_ids: Collection[int]) -> dict[int, str]:
    """The same of those that are not archived, by themselves or with their episode."""
    live = _numbers.where(
        node.c.archived_at.is_(None), _above.c.archived_at.is_(None), node.c.kind.in_(("episode", "scene"))
    )
    rows = conn.execute(live, {"ids": sorted(node_ids)}) if node_ids else ()
    return {row.id: _number(row) for row in rows}


def scenes_with(conn: Connection, project_id: int, kind: str, *, episode: int | None = None) -> list[SceneEntry]:
    """The live scenes that have this kind of artifact, in story order."""
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
    return fetch(conn, SceneEntry, query if episode is None else query.where(above.c.id == episode))


def heads_with_content(conn: Connection, node_ids: list[int], kinds: list[str]) -> dict[tuple[int, str], Artifact]:
    """Heads of some kinds on some nodes by (node id, kind), with their content."""
    query = (
        select(*_artifact)
        .join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        .where(artifact_head.c.node_id.in_(node_ids), artifact_head.c.kind.in_(kinds))
    )
    return {(head.node_id, head.kind): head for head in fetch(conn, Artifact, query)}


def list_head_ids(conn: Connection, project_id: int, kinds: Collection[str]) -> dict[tuple[int, str], int]:
    """(node id, kind) → the id of the head, of some kinds in a project, without anything of it."""
    query = (
        select(artifact_head.c.node_id, artifact_head.c.kind, artifact_head.c.artifact_id)
        .join(node, node.c.id == artifact_head.c.node_id)
        .where(node.c.project_id == project_id, artifact_head.c.kind.in_(kinds))
    )
    return {(row.node_id, row.kind): row.artifact_id for row in conn.execute(query)}


def list_contents(conn: Connection, project_id: int, kind: str, *, archived: bool = False) -> list[NodeContent]:
    """The heads of one kind in a project with their content, by position."""
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
    return fetch(conn, NodeContent, query if archived else query.where(node.c.archived_at.is_(None)))


def list_elements(conn: Connection, project_id: int, kind: str, until: int | None = None) -> list[ElementArtifact]:
    """Head artifacts of live characters or world elements, in story order; `until`: of those of a moment, epoch ms."""
    written = {"character": "character", "world": "world_element"}[kind]
    query = select(*_artifact, node.c.position).join(node, node.c.id == artifact.c.node_id)
    query = query.where(node.c.parent_id == project_id, node.c.kind == kind, artifact.c.kind == written)
    if until is None:
        query = query.join(artifact_head, artifact_head.c.artifact_id == artifact.c.id)
        query = query.where(node.c.archived_at.is_(None))
    else:
        version = artifact.alias("version")
        newest = select(func.max(version.c.id)).where(
            version.c.node_id == node.c.id, version.c.kind == written, version.c.created_at <= until
        )
        query = query.where(
            or_(node.c.archived_at.is_(None), node.c.archived_at > until), artifact.c.id == newest.scalar_subquery()
        )
    return fetch(conn, ElementArtifact, query.order_by(node.c.position, node.c.id))
