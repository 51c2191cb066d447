"""What was spent on each project, episode or scene, or by each workflow, model, profile or user."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Literal, TypeVar, Unpack

from sqlalchemy import Connection, literal, select

from workbench.db.connection import Ids, among
from workbench.db.reads import usage as reads
from workbench.db.reads import waste
from workbench.db.rows.usage import CallFilters, GroupSpending, Spending
from workbench.db.rows.waste import GroupWaste, KeyWaste
from workbench.db.schema import node, profile

By = Literal["project", "episode", "scene", "workflow", "model", "profile", "user"]
PLACES = ("episode", "scene")
T = TypeVar("T")


def group(conn: Connection, by: By, *, since: int, **filters: Unpack[CallFilters]) -> list[GroupSpending]:
    """The dearest in one currency or another first. What an episode's scenes took counts for it; what was made for a
    project as a whole has no episode."""
    spent = reads.spending_by(conn, "node" if by in PLACES else by, since=since, **filters)
    rows = [GroupSpending(*named, _add(own)) for named, own in _name(conn, by, spent)]
    return sorted(rows, key=lambda row: (-max(row.spent.cost.values(), default=0), -(row.spent.tokens or 0)))


def group_waste(conn: Connection, by: By, since: int, until: int, filters: CallFilters) -> list[GroupWaste]:
    """The same of what was paid and not used."""
    found = waste.sum_by(conn, "node" if by in PLACES else by, since, until, filters)
    rows = [_sum_waste(named, own) for named, own in _name(conn, by, [(row.key, row) for row in found])]
    return sorted(rows, key=lambda row: (-max(row.cost.values(), default=0), -row.calls))


def _sum_waste(named: _Named, rows: Sequence[KeyWaste]) -> GroupWaste:
    cost, by_cause = Counter[str](), Counter[str]()
    for row in rows:
        by_cause[row.cause] += row.cost_micros
        if row.currency:
            cost[row.currency] += row.cost_micros
    causes = [cause for cause, _ in by_cause.most_common()]
    return GroupWaste(*named, sum(r.calls for r in rows), dict(cost), sum(r.unpriced for r in rows), causes)


#: key, title, title of its project
_Named = tuple[int | str | None, str | None, str | None]


def _name(conn: Connection, by: By, found: Iterable[tuple[Any, T]]) -> list[tuple[_Named, list[T]]]:
    """What was found, by key, with titles; episodes and scenes have what is below them."""
    rows = list(found)
    wanted = [key for key, _ in rows if key is not None] if by in PLACES or by == "project" else []
    nodes = _find_nodes(conn, wanted)
    together: dict[Any, list[T]] = defaultdict(list)
    for key, own in rows:
        together[_climb(nodes, key, by) if by in PLACES else key].append(own)
    names = _name_profiles(conn) if by == "profile" else {}
    named: list[tuple[_Named, list[T]]] = []
    for key, parts in together.items():
        title, project = names.get(key), None
        if key in nodes:
            _, _, project_id, title = nodes[key]
            project = nodes[project_id][3] if project_id in nodes and project_id != key else None
        named.append(((key, title, project), parts))
    return named


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
