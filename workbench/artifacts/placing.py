"""Where the episodes and scenes stand by now that a sheet or the relationships name: a person types ``2.3``, and the
layout of the version keeps which scene that is. Callers own the transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.declared import Kind, Stretch
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, Node
from workbench.json_types import JsonObject

V = TypeVar("V", bound=Artifact)
#: what tells in which order the nodes of a kind stand
_PLANS = {"episode": "episode_plan", "scene": "scene_list"}


def tell_today(conn: Connection, version: V) -> V:
    """The version with the numbers that its episodes and scenes have by now; as it is where it names none, or was saved
    before it was kept which these are."""
    return tell_all_today(conn, [version])[0]


def tell_all_today(conn: Connection, versions: Iterable[V]) -> list[V]:
    """The same of several versions."""
    versions = list(versions)
    layouts = find_named(conn, [(version.id, version.kind) for version in versions])
    trees: dict[int, _Tree] = {}

    def tell(version: V) -> V:
        if version.id not in layouts:
            return version
        project = _find_project(conn, version.node_id)
        if project not in trees:
            trees[project] = _Tree(conn, project, {node_id for own in layouts.values() for node_id in own})
        return _tell(version, layouts[version.id], trees[project])

    return [tell(version) for version in versions]


def find_moved(conn: Connection, ids: Iterable[int]) -> dict[int, JsonObject]:
    """Artifact id → its content as it is told today, of those that name what has another number by now."""
    wanted = set(ids)
    versions = reads.find_versions(conn, reads.find_layouts(conn, wanted).keys()) if wanted else []
    told = zip(versions, tell_all_today(conn, versions), strict=True)
    return {now.id: now.content for was, now in told if now.content != was.content}


def find_named(conn: Connection, versions: Iterable[tuple[int, str]]) -> dict[int, list[int | None]]:
    """Artifact id → the nodes that it names, of these (id, kind)."""
    named = [own for own, kind in versions if kinds.find(kind).places is not None]
    return reads.find_layouts(conn, named) if named else {}


def lay_out_places(
    conn: Connection, node_id: int, kind: Kind, content: JsonObject, before: Artifact | None
) -> list[int | None]:
    """The nodes at both ends of every stretch that a content names, as they stand now; None: none stands there. An end
    that a person has left as it was stays that of an archived node."""
    assert kind.places is not None
    stretches = kind.places.find(content)
    if not stretches:
        return []
    tree = _Tree(conn, _find_project(conn, node_id))
    archived = {} if before is None else _find_archived(conn, kind, before, tree)
    laid_out: list[int | None] = []
    for stretch in stretches:
        gone = archived.get(stretch, (None, None))
        laid_out += [gone[0] or tree.find_node(stretch.first), gone[1] or tree.find_node(stretch.last)]
    return laid_out


def _find_archived(
    conn: Connection, kind: Kind, before: Artifact, tree: _Tree
) -> dict[Stretch, tuple[int | None, int | None]]:
    """A stretch as it is told today → the nodes of its ends that are archived."""
    assert kind.places is not None
    nodes = reads.find_layouts(conn, [before.id]).get(before.id, [])
    found: dict[Stretch, tuple[int | None, int | None]] = {}
    for stretch, ends in _pair(kind.places.find(before.content), nodes):
        first, last = (None if end in tree.places else end for end in ends)
        found[tree.move(stretch, *ends) or stretch] = (first, last)
    return found


def _tell(version: V, nodes: Sequence[int | None], tree: _Tree) -> V:
    places = kinds.find(version.kind).places
    assert places is not None
    was = places.find(version.content)
    now = [tree.move(stretch, *ends) for stretch, ends in _pair(was, nodes)]
    return version if now == was else replace(version, content=places.put(version.content, now))


def _find_project(conn: Connection, node_id: int) -> int:
    own = reads.find_node(conn, node_id)
    assert own is not None
    return own.project_id


def _pair(
    stretches: Sequence[Stretch], nodes: Sequence[int | None]
) -> list[tuple[Stretch, tuple[int | None, int | None]]]:
    """Each stretch with the nodes of its ends; an archive may bring a layout of fewer."""
    padded = [*nodes, *[None] * (2 * len(stretches))]
    return [(stretch, (padded[2 * n], padded[2 * n + 1])) for n, stretch in enumerate(stretches)]


@dataclass(frozen=True)
class _Standing:
    """Where an end stands. `at` None: it is archived; `before`, `after`: what of its neighbours stands nearest, None:
    nothing on that side."""

    at: str | None
    before: str | None = None
    after: str | None = None


class _Tree:
    """The episodes and scenes of a story. `named`: those that are asked for first; the others are read when they are
    needed, since a long story has thousands."""

    def __init__(self, conn: Connection, project_id: int, named: Collection[int | None] = ()) -> None:
        self._conn, self._project_id = conn, project_id
        self._near = reads.list_live_numbers(conn, {node_id for node_id in named if node_id is not None})

    @cached_property
    def places(self) -> dict[int, str]:
        """Live node → ``2`` or ``2.3``."""
        live = {node.id: node for node in reads.outline(self._conn, self._project_id) if node.kind in _PLANS}
        places: dict[int, str] = {}
        for node in live.values():
            above = live.get(node.parent_id or 0)
            places[node.id] = str(node.position) if above is None else f"{above.position}.{node.position}"
        return places

    @cached_property
    def _nodes(self) -> dict[str, int]:
        return {place: node_id for node_id, place in self.places.items()}

    def find_node(self, place: str) -> int | None:
        """The scene at a place, or its episode where that has no such scene yet."""
        episode, *below = place.split(".")
        return self._nodes.get(".".join([episode, *below[:1]])) or self._nodes.get(episode)

    def move(self, stretch: Stretch, first: int | None, last: int | None) -> Stretch | None:
        """The stretch from and to where its ends stand now; None: nothing of it is left. `first`, `last`: their
        nodes."""
        starts, ends = self._find(first, stretch.first), self._find(last, stretch.last)
        low, high = starts.at or starts.after, ends.before if ends.at is None else ends.at
        if low is None or high is None:
            return None
        moved = stretch._replace(first=low, last=high)
        if not moved.is_turned:
            return moved
        # ends that have changed places have the same between them
        return stretch._replace(first=high, last=low) if starts.at and ends.at else None

    def _find(self, node_id: int | None, typed: str) -> _Standing:
        if node_id is None:
            return _Standing(typed)
        place = self._near.get(node_id) or self.places.get(node_id)
        if place is not None:
            return _Standing(".".join([place, *typed.split(".")[place.count(".") + 1 :]]))
        node = reads.find_node(self._conn, node_id)
        if node is None or node.kind not in _PLANS:
            return _Standing(typed)
        return self._find_neighbours(node)

    def _find_neighbours(self, node: Node) -> _Standing:
        """What stands where an archived node stood, by the newest plan that had it."""
        parent = node.parent_id or 0
        layouts = reads.list_layouts(self._conn, parent, _PLANS[node.kind])
        row = next((found.nodes for found in layouts if node.id in found.nodes), None)
        if row is None:
            row = [child.id for child in reads.children(self._conn, parent, node.kind, archived=True)]
        at = row.index(node.id)
        before = next((self.places[i] for i in reversed(row[:at]) if i in self.places), None)
        after = next((self.places[i] for i in row[at + 1 :] if i in self.places), None)
        if node.kind == "episode" or (before is not None and after is not None):
            return _Standing(None, before, after)
        beyond = self._find_beyond(parent)
        return _Standing(None, before or beyond.before, after or beyond.after)

    def _find_beyond(self, episode: int) -> _Standing:
        """The episodes before and after one."""
        if episode not in self.places:
            node = reads.find_node(self._conn, episode)
            assert node is not None
            return self._find_neighbours(node)
        number = int(self.places[episode])
        numbers = sorted(int(place) for place in self.places.values() if "." not in place)
        before = next((str(n) for n in reversed(numbers) if n < number), None)
        return _Standing(None, before, next((str(n) for n in numbers if n > number), None))
