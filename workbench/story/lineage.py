"""Where an artifact comes from, up to the brief, and what has been made from it, down to the frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from workbench.artifacts.staleness import find_changed_inputs
from workbench.db.reads import story as reads
from workbench.db.rows.record import Record
from workbench.db.rows.story import ArtifactVersion, HeadState, Input, Node, Place, VersionEntry
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.story.freshness import complete, load_changed
from workbench.story.prompt_changes import find_changed

#: (node id, kind)
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Relative(Record):
    """An artifact in a lineage. `version`: the one that it was made from, or that was made from it; `head`: the one
    that counts now, of which `stale` and `complete` tell. `distance`: 0 the artifact itself, −1 what it was made from,
    1 what was made from it, and so on."""

    node_id: int
    kind: str
    place: Place
    version: int
    head: int
    distance: int
    stale: bool
    complete: bool
    source: str
    model: str | None
    job_id: int | None
    created_at: int

    @property
    def key(self) -> Key:
        return (self.node_id, self.kind)

    @property
    def state(self) -> Literal["stale", "partial", "fresh"]:
        """The word for it, as the tree has it."""
        return "stale" if self.stale else "fresh" if self.complete else "partial"


@dataclass(frozen=True, slots=True)
class Lineage(Record):
    """An artifact with all above and below it, the nearest first; `truncated`: more was made from it than is listed."""

    of: Relative
    above: list[Relative]
    below: list[Relative]
    truncated: bool


#: the most that is listed as made from something; a brief has everything below it
MOST = 5000


def trace(conn: Connection, node_id: int, kind: str) -> Lineage:
    """The lineage of what a node has of one kind. Raises NotFound."""
    node, head = reads.find_node(conn, node_id), reads.find_head(conn, node_id, kind)
    if node is None or head is None:
        raise NotFound(Text(N_("There is no {kind} here yet."), kind=kind))
    above = _list_above(conn, head)
    below = _list_below(conn, node, (node_id, kind))
    kept = dict(list(below.items())[:MOST])
    return _describe(conn, node.project_id, head, above, kept, truncated=len(below) > len(kept))


def _list_above(conn: Connection, head: ArtifactVersion) -> dict[int, int]:
    """Artifact id → how far above, of the very versions that were used."""
    distances: dict[int, int] = {}
    seen: set[Key] = {(head.node_id, head.kind)}
    layer: list[list[Input]] = [head.inputs]
    distance = 0
    while layer:
        distance -= 1
        wanted = {}
        for made_from in (i for inputs in layer for i in inputs):
            key = (made_from["node_id"], made_from["kind"])
            if key not in seen:
                wanted[made_from["artifact_id"]] = key
        seen |= set(wanted.values())
        versions = reads.list_version_entries(conn, list(wanted))
        distances |= {v.id: distance for v in versions}
        layer = [v.inputs for v in versions]
    return distances


def _list_below(conn: Connection, node: Node, key: Key) -> dict[Key, int]:
    """(node id, kind) → how far below, of the heads that were made from it, whichever version of it they used."""
    heads = _heads_around(conn, node)
    readers: dict[Key, list[Key]] = {}
    for own, head in heads.items():
        for made_from in head.inputs:
            readers.setdefault((made_from["node_id"], made_from["kind"]), []).append(own)
    return spread(key, lambda at: readers.get(at, ()))


def spread(start: Key, next_to: Callable[[Key], Iterable[Key]]) -> dict[Key, int]:
    """Everything that can be reached, each with the fewest steps to it; without the start."""
    distances = {start: 0}
    layer = [start]
    while layer:
        reached = [key for at in layer for key in next_to(at) if key not in distances]
        distances |= dict.fromkeys(reached, distances[layer[0]] + 1)
        layer = list(dict.fromkeys(reached))
    del distances[start]
    return distances


def _heads_around(conn: Connection, node: Node) -> Mapping[Key, HeadState]:
    """The live heads among which something made from a node's artifact can be: of its episode when the node is a scene,
    else of the whole project."""
    nodes = reads.nodes_of(conn, node.project_id)
    if node.kind == "scene":
        nodes = [n for n in nodes if n.parent_id == node.parent_id or n.id == node.parent_id]
        return reads.heads_for(conn, [n.id for n in nodes])
    live = {n.id for n in nodes}
    hidden = {n.id for n in nodes if n.parent_id is not None and n.parent_id not in live}
    return {k: h for k, h in reads.heads_of(conn, node.project_id).items() if k[0] in live - hidden}


def _describe(
    conn: Connection,
    project_id: int,
    head: ArtifactVersion,
    above: Mapping[int, int],
    below: Mapping[Key, int],
    *,
    truncated: bool,
) -> Lineage:
    used = reads.list_version_entries(conn, list(above))
    nodes = sorted({head.node_id, *(v.node_id for v in used), *(n for n, _ in below)})
    heads = reads.heads_for(conn, nodes)
    made = reads.list_version_entries(conn, [heads[k].id for k in below if k in heads])
    own = reads.list_version_entries(conn, [head.id])
    places = reads.list_places(conn, nodes)
    sources = load_changed(conn, heads.values(), _sources(conn, heads))
    prompted = find_changed(conn, project_id, nodes)

    def relative(entry: VersionEntry, distance: int) -> Relative:
        now = heads[(entry.node_id, entry.kind)]
        stale = (entry.node_id, entry.kind) in prompted or bool(find_changed_inputs(now.inputs, sources))
        return Relative(
            entry.node_id, entry.kind, places[entry.node_id], entry.version, now.version, distance, stale,
            complete(now), entry.source, entry.model, entry.job_id, entry.created_at,
        )  # fmt: skip

    return Lineage(
        relative(own[0], 0),
        _sort([relative(v, above[v.id]) for v in used]),
        _sort([relative(v, below[(v.node_id, v.kind)]) for v in made]),
        truncated,
    )


def _sources(conn: Connection, heads: Mapping[Key, HeadState]) -> dict[Key, HeadState]:
    missing = {i["node_id"] for h in heads.values() for i in h.inputs} - {node for node, _ in heads}
    return {**heads, **(reads.heads_for(conn, sorted(missing)) if missing else {})}


def _sort(relatives: Sequence[Relative]) -> list[Relative]:
    return sorted(relatives, key=lambda r: (abs(r.distance), r.kind, r.place.episode or 0, r.place.position, r.node_id))
