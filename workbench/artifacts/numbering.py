"""Whose the entries of a script or an arc are: it keeps the numbers of the plan that it was made from, wherever its
scenes or episodes stand by now. Callers own the transaction."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.declared import Child, Kind
from workbench.artifacts.replan import Existing, match
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, HeadState, VersionEntry
from workbench.json_types import Json, JsonObject

Version = Artifact | HeadState | VersionEntry
#: the nodes of the entries 1, 2, 3 …; None, or beyond the last: that entry was made for no node
LaidOut = Sequence[int | None]


def number_of(node_id: int, position: int, laid_out: LaidOut) -> int | None:
    """The number of a node's own entry; None: it has none. What was made for no node is told of whoever stands there
    and has no other."""
    if node_id in laid_out:
        return laid_out.index(node_id) + 1
    is_free = position > len(laid_out) or laid_out[position - 1] is None
    return position if is_free else None


def find_laid_out(conn: Connection, versions: Iterable[Version]) -> dict[int, LaidOut]:
    """Artifact id → the nodes of its entries, of versions whose kind has the numbers of a plan: those of the version
    itself where a person wrote it, else those of the plan that it was made from."""
    sources = {version.id: _list_sources(version) for version in versions if version.kind in _list_numbered()}
    known = reads.find_layouts(conn, {i for ids in sources.values() for i in ids}) if sources else {}
    return {own: next((known[i] for i in ids if i in known), ()) for own, ids in sources.items()}


@functools.cache
def _list_numbered() -> dict[str, str]:
    """Kind → the plan whose numbers it has."""
    return {name: kind.numbered_by for name, kind in kinds.all_kinds().items() if kind.numbered_by is not None}


def _list_sources(version: Version) -> list[int]:
    plan = (version.node_id, _list_numbered()[version.kind])
    return [version.id, *(i["artifact_id"] for i in version.inputs if (i["node_id"], i["kind"]) == plan)]


def lay_out_edit(
    conn: Connection, node_id: int, kind: Kind, content: JsonObject, before: Artifact | None
) -> list[int | None]:
    """The nodes of the entries as a person has written them. An entry that was there stays whose it was, under another
    number too; a new one is that of the node that stands there now and has no other."""
    assert kind.numbered_by is not None
    below = kinds.find(kind.numbered_by).child_kind
    assert below is not None
    standing = {node.position: node.id for node in reads.children(conn, node_id, below)}
    entries = _texts_of(kind, content)
    nodes: dict[int, int] = {}
    if before is not None:
        laid_out = find_laid_out(conn, [before])[before.id]
        owners = {number: node for number, node in enumerate(laid_out, start=1) if node is not None}
        was = _find_former_numbers(_texts_of(kind, before.content), entries)
        nodes = {number: owners[old] for number, old in was.items() if old in owners}
    free = {position: node for position, node in standing.items() if node not in nodes.values()}
    return [nodes.get(number, free.get(number)) for number in range(1, max(entries, default=0) + 1)]


def _find_former_numbers(before: Mapping[int, str], now: Mapping[int, str]) -> dict[int, int]:
    """The number of an entry → the one that it had. One that tells something else was written anew where it stands, as
    long as anything else is left."""
    known = [Existing(number, number, text, archived=False, events=text) for number, text in before.items()]
    plan = match(known, [Child(number, text, text) for number, text in now.items()])
    numbers = {child.position: number for number, child in plan.keep.items()}
    if numbers:
        numbers |= {child.position: child.position for child in plan.create if child.position in plan.archive}
    return numbers


def _texts_of(kind: Kind, content: JsonObject) -> dict[int, str]:
    """The number of an entry → its words."""
    parts = {} if kind.parts is None else kind.parts(content)
    return {int(part.partition(":")[2]): " ".join(_words_of(entry)) for part, entry in parts.items()}


def _words_of(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [word for item in inner for word in _words_of(item)]
