"""What was spent on each project, episode or scene, or by each workflow, model, profile or user."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Literal, Unpack

from sqlalchemy import Connection, literal, select

from workbench.db.connection import Ids, among
from workbench.db.reads import usage as reads
from workbench.db.rows.usage import CallFilters, GroupSpending, Spending
from workbench.db.schema import node, profile

By = Literal["project", "episode", "scene", "workflow", "model", "profile", "user"]
PLACES = ("episode", "scene")


def group(conn: Connection, by: By, *, since: int, **filters: Unpack[CallFilters]) -> list[GroupSpending]:
    """The dearest in one currency or another first. What an episode's scenes took counts for it; what was made for a
    project as a whole has no episode."""
    spent = reads.spending_by(conn, "node" if by in PLACES else by, since=since, **filters)
    if by in PLACES:
        nodes = _find_nodes(conn, [key for key, _ in spent if key is not None])
        together: dict[int | None, list[Spending]] = defaultdict(list)
        for key, own in spent:
            together[_climb(nodes, key, by)].append(own)
        spent = [(key, _add(rows)) for key, rows in together.items()]
    elif by == "project":
        nodes = _find_nodes(conn, [key for key, _ in spent if key is not None])
    else:
        nodes = {}
    names = _name_profiles(conn) if by == "profile" else {}
    rows = []
    for key, own in spent:
        title, project = names.get(key), None
        if key in nodes:
            _, _, project_id, title = nodes[key]
            project = nodes[project_id][3] if project_id in nodes and project_id != key else None
        rows.append(GroupSpending(key, title, project, own))
    return sorted(rows, key=lambda row: (-max(row.spent.cost.values(), default=0), -(row.spent.tokens or 0)))


#: kind, parent, project, title
_Node = tuple[str, int | None, int | None, str]


def _find_nodes(conn: Connection, ids: Collection[int]) -> dict[int, _Node]:
    """These nodes, and all that they are below of."""
    nodes: dict[int, _Node] = {}
    wanted = {*ids}
    while wanted:
        query = select(node.c.id, node.c.kind, node.c.parent_id, node.c.project_id, node.c.title)
        for node_id, *rest in conn.execute(query.where(among(node.c.id, literal(sorted(wanted), type_=Ids())))):
            nodes[node_id] = tuple(rest)
        above = {parent for n in wanted if n in nodes for parent in nodes[n][1:3] if parent is not None}
        wanted = above - nodes.keys()
    return nodes


def _climb(nodes: dict[int, _Node], key: int | None, kind: str) -> int | None:
    while key is not None and key in nodes:
        if nodes[key][0] == kind:
            return key
        key = nodes[key][1]
    return None


def _add(rows: Iterable[Spending]) -> Spending:
    cost: dict[str, int] = {}
    tokens: int | None = None
    calls = unpriced = 0
    for row in rows:
        calls, unpriced = calls + row.calls, unpriced + row.unpriced
        tokens = tokens if row.tokens is None else (tokens or 0) + row.tokens
        for currency, micros in row.cost.items():
            cost[currency] = cost.get(currency, 0) + micros
    return Spending(calls, tokens, cost, unpriced)


def _name_profiles(conn: Connection) -> dict[int, str]:
    return {profile_id: name for profile_id, name in conn.execute(select(profile.c.id, profile.c.name))}
