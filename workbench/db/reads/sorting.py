"""A page of jobs sorted by what a column means.

Of a long history only what the page needs is read: states, workflows and projects one after the other, each newest
first; times and progress from indexes of the jobs that have ended, beside the few that are at work.

A page begins after the place where another one ended: what its last job is sorted by, and its id. So a job that comes
or ends meanwhile moves no other to another page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack, cast

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, case, func, literal, or_, select

from workbench.db.connection import Ids, among
from workbench.db.reads import ended, job_lists
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import URGENCY, JobFilters, JobSort
from workbench.db.schema import ACTIVE, TERMINAL, ended_job, job, job_child, model_call, node


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: what its last job is sorted by, and its id. `at`: the time up to which those at work have
    waited and run, the same on all pages (epoch ms)."""

    key: tuple[Any, ...]
    id: int
    at: int


#: what a job is sorted by, and its id
Sorted = list[tuple[tuple[Any, ...], int]]


def list_sorted(
    conn: Connection,
    sort: JobSort,
    *,
    descending: bool,
    after: Place | None,
    limit: int,
    kinds: Sequence[str],
    yuan_for_dollar: float,
    **filters: Unpack[JobFilters],
) -> list[Place]:
    """Some of all that match, by what a column means: states by urgency, workflows as in `kinds`, places by project,
    episode and scene, times and costs as numbers, a parent's cost with its children's. What has none comes last."""
    at = reads.clock(conn) if after is None else after.at
    match sort:
        case "state":
            states = URGENCY[::-1] if descending else URGENCY
            found = _one_after_the_other(conn, "state", states, filters, after, limit)
        case "job":
            names = _order_kinds(conn, kinds, descending, None if after is None else after.key[0])
            found = _one_after_the_other(conn, "kind", names, filters, after, limit)
        case "wait":
            waited = func.coalesce(job.c.started_at, job.c.finished_at) - job.c.created_at
            waiting = func.coalesce(job.c.started_at, at) - job.c.created_at
            found = _by_index(conn, waited, waiting, filters, after, limit, descending)
        case "run":
            ran, running = job.c.finished_at - job.c.started_at, at - job.c.started_at
            found = _by_index(conn, ran, running, filters, after, limit, descending)
        case "progress":
            found = _by_index(conn, job.c.progress, job.c.progress, filters, after, limit, descending)
        case "story":
            found = _by_story(conn, filters, after, limit, descending)
        case "cost":
            place = None if after is None or after.key[0] is None else (after.key[0], after.id)
            found = _by_cost(conn, filters, after, ended.CostOrder(descending, limit, yuan_for_dollar, place))
        case "id":
            query = job_lists.restrict(conn, select(job.c.id), filters)
            if after is not None:
                query = query.where(job.c.id < after.id if descending else job.c.id > after.id)
            order = job.c.id.desc() if descending else job.c.id
            found = [((), i) for i in conn.scalars(query.order_by(order).limit(limit))]
    return [Place(key, i, at) for key, i in found]


def list_kinds(conn: Connection) -> set[str]:
    """Every kind that a job has, from one look into their index for each."""
    following = select(func.min(job.c.kind).label("kind")).cte("kinds", recursive=True)
    later = select(func.min(job.c.kind)).where(job.c.kind > following.c.kind).scalar_subquery()
    following = following.union_all(select(later).where(following.c.kind.isnot(None)))
    return {kind for kind in conn.scalars(select(following.c.kind)) if kind is not None}


def _order_kinds(conn: Connection, kinds: Sequence[str], descending: bool, also: str | None) -> list[str]:
    """Every kind that a job has, or had at the last page: first those in their order, then the others by name."""
    known = list_kinds(conn)
    known |= {also} if also is not None else set()
    ordered = [k for k in dict.fromkeys(kinds) if k in known] + sorted(known - set(kinds))
    return ordered[::-1] if descending else ordered


def _one_after_the_other(
    conn: Connection, column: str, values: Sequence[str], filters: JobFilters, after: Place | None, limit: int
) -> Sorted:
    """Groups of jobs in their order, each group newest first."""
    found: Sorted = []
    begin = values.index(after.key[0]) if after is not None else 0
    for value in values[begin:]:
        both = _narrow(filters, {column: value})
        if both is None or len(found) >= limit:
            continue
        query = job_lists.restrict(conn, select(job.c.id), both)
        if after is not None and value == after.key[0]:
            query = query.where(job.c.id < after.id)
        query = query.order_by(job.c.id.desc()).limit(limit - len(found))
        found += [((value,), i) for i in conn.scalars(query)]
    return found


def _narrow(filters: JobFilters, group: dict[str, Any]) -> JobFilters | None:
    """The filters within a group; None: they leave none of it."""
    for name, value in group.items():
        given = cast("dict[str, Any]", filters).get(name)
        if given and value not in (given if isinstance(given, list) else [given]):
            return None
    return cast("JobFilters", {**filters, **group})


def _by_index(
    conn: Connection,
    of_ended: ColumnElement[Any],
    of_active: ColumnElement[Any],
    filters: JobFilters,
    after: Place | None,
    limit: int,
    descending: bool,
) -> Sorted:
    """Sorted by a value that ended jobs have an index of, and that is reckoned for those at work."""
    values: list[tuple[Any, int]] = []
    nothing: list[int] = []
    for key, states in ((of_ended, TERMINAL), (of_active, ACTIVE)):
        query = job_lists.restrict(conn, select(key.label("value"), job.c.id), filters).where(job.c.state.in_(states))
        by_key = key.desc() if descending else key.asc()
        for part in _beyond(key, after, descending):
            known = query.where(*part).order_by(by_key, job.c.id.desc()).limit(limit)
            values += [(int(value), i) for value, i in conn.execute(known)]
        if len(values) < limit:
            without = query.where(key.is_(None), *_older(after)).order_by(job.c.id.desc()).limit(limit)
            nothing += [i for _, i in conn.execute(without)]
    return _merge(values, nothing, descending, limit)


def _beyond(key: ColumnElement[Any], after: Place | None, descending: bool) -> list[list[ColumnElement[bool]]]:
    """Of what has a value, what comes after a place: a condition for each range of an index."""
    if after is None:
        return [[key.isnot(None)]]
    value = after.key[0]
    if value is None:
        return []
    return [[key == value, job.c.id < after.id], [key < value if descending else key > value]]


def _older(after: Place | None) -> list[ColumnElement[bool]]:
    """Of what has no value, what comes after a place."""
    return [job.c.id < after.id] if after is not None and after.key[0] is None else []


def _merge(values: list[tuple[Any, int]], nothing: list[int], descending: bool, limit: int) -> Sorted:
    values.sort(key=lambda pair: pair[1], reverse=True)
    values.sort(key=lambda pair: pair[0], reverse=descending)
    known: Sorted = [((value,), i) for value, i in values]
    return [*known, *(((None,), i) for i in sorted(nothing, reverse=True))][:limit]


def _by_story(conn: Connection, filters: JobFilters, after: Place | None, limit: int, descending: bool) -> Sorted:
    """By project, episode and scene; a project's jobs are sorted among themselves. Those of none come last."""
    projects = select(node.c.id).where(node.c.kind == "project")
    order = [func.lower(node.c.title), node.c.id]
    ordered = list(conn.scalars(projects.order_by(*(key.desc() if descending else key for key in order))))
    found: Sorted = []
    if after is not None:
        ordered = ordered[ordered.index(after.key[0]) :] if after.key[0] in ordered else []
    for project_id in ordered:
        both = _narrow(filters, {"project": project_id})
        if both is None or len(found) >= limit:
            continue
        within = after if after is not None and after.key[0] == project_id else None
        query = _within_project(conn, both, within, descending).limit(limit - len(found))
        found += [((project_id, episode, scene), i) for i, episode, scene in conn.execute(query)]
    if len(found) < limit and filters.get("project") is None:
        query = job_lists.restrict(conn, select(job.c.id), filters).where(job.c.project_id.is_(None), *_older(after))
        rest = conn.scalars(query.order_by(job.c.id.desc()).limit(limit - len(found)))
        found += [((None, 0, 0), i) for i in rest]
    return found


def _within_project(conn: Connection, filters: JobFilters, after: Place | None, descending: bool) -> Select[Any]:
    at, above = node.alias("at"), node.alias("above")
    is_scene = at.c.kind == "scene"
    episode: ColumnElement[Any] = case((is_scene, above.c.position), (at.c.kind == "episode", at.c.position), else_=0)
    scene: ColumnElement[Any] = case((is_scene, at.c.position), else_=0)
    query = job_lists.restrict(conn, select(job.c.id, episode, scene), filters)
    query = query.outerjoin(at, at.c.id == job.c.node_id).outerjoin(above, above.c.id == at.c.parent_id)
    if after is not None:
        _, of_episode, of_scene = after.key
        later = [key < v if descending else key > v for key, v in ((episode, of_episode), (scene, of_scene))]
        same = and_(scene == of_scene, job.c.id < after.id)
        query = query.where(or_(later[0], and_(episode == of_episode, or_(later[1], same))))
    return query.order_by(*(key.desc() if descending else key for key in (episode, scene)), job.c.id.desc())


def _by_cost(conn: Connection, filters: JobFilters, after: Place | None, order: ended.CostOrder) -> Sorted:
    if ended.is_behind(conn):
        return _by_sums(conn, filters, after, order)
    unsettled = ended.list_unsettled(conn, costs=True)
    values: dict[int, ended.Cost] = {}
    matching = job_lists.list_conditions(conn, filters)
    all_matching = select(job.c.id).where(*matching).order_by(job.c.id.desc())
    are_few = conn.execute(all_matching.offset(ended.FEW).limit(1)).first() is None
    if are_few:
        c, both = ended_job.c, job.outerjoin(ended_job, ended_job.c.job_id == job.c.id)
        costs = select(job.c.id, c.cny_micros, c.usd_micros).select_from(both).where(*matching)
        values = {i: (cny, usd) for i, cny, usd in conn.execute(costs).all()}
        live = [*values]
        stale = values.keys() & set(unsettled)
        values |= dict.fromkeys(stale, (None, None)) | ended.sum_costs(conn, stale)
    else:
        own = select(job.c.id).where(among(job.c.id, literal(unsettled, type_=Ids())), *matching)
        live = [*conn.scalars(own)]
        values = ended.sum_costs(conn, live)
        if after is None or after.key[0] is not None:
            for query in ended.by_cost(matching, order, unsettled):
                values |= {i: (cny, usd) for i, cny, usd in conn.execute(query)}
    nothing = [i for i in live if values.get(i, (None, None)) == (None, None)]
    known = [(_in_yuan(cost, order.yuan_for_dollar), i) for i, cost in values.items() if cost != (None, None)]
    if order.after is not None:
        known = [pair for pair in known if _is_after(pair, order.after, order.descending)]
    elif after is not None:
        known, nothing = [], [i for i in nothing if i < after.id]
    if len(known) < order.limit and not are_few:
        unknown = select(job.c.id).where(ended.costs_nothing_known(unsettled), *matching)
        nothing += conn.scalars(unknown.where(*_older(after)).order_by(job.c.id.desc()).limit(order.limit))
    return _merge(known, nothing, order.descending, order.limit)


def _is_after(pair: tuple[float, int], place: tuple[float, int], descending: bool) -> bool:
    if pair[0] == place[0]:
        return pair[1] < place[1]
    return pair[0] < place[0] if descending else pair[0] > place[0]


def _by_sums(conn: Connection, filters: JobFilters, after: Place | None, order: ended.CostOrder) -> Sorted:
    """By cost, from the calls of every family."""
    spent = _spent(conn, filters, order.yuan_for_dollar)
    by_cost = spent.c.cost.desc() if order.descending else spent.c.cost
    query = job_lists.restrict(conn, select(spent.c.cost, job.c.id), filters).outerjoin(spent, spent.c.root == job.c.id)
    values = [
        (float(value), i)
        for part in _beyond(spent.c.cost, after, order.descending)
        for value, i in conn.execute(query.where(*part).order_by(by_cost, job.c.id.desc()).limit(order.limit))
    ]
    nothing: list[int] = []
    if len(values) < order.limit:
        without = query.where(spent.c.cost.is_(None), *_older(after)).order_by(job.c.id.desc()).limit(order.limit)
        nothing = [i for _, i in conn.execute(without)]
    return _merge(values, nothing, order.descending, order.limit)


def _in_yuan(cost: ended.Cost, yuan_for_dollar: float) -> float:
    return (cost[0] or 0) + (cost[1] or 0) * yuan_for_dollar


def _spent(conn: Connection, filters: JobFilters, yuan_for_dollar: float) -> Subquery:
    """What each job that matches cost together with its children and theirs, in yuan; None where nothing is known."""
    given = job_lists.restrict(conn, select(job.c.id.label("root"), job.c.id.label("job_id")), filters)
    family = given.cte("family", recursive=True)
    family = family.union(
        select(family.c.root, job_child.c.child_id).join(job_child, job_child.c.parent_id == family.c.job_id)
    )
    yuan = case((model_call.c.currency == "USD", model_call.c.cost_micros * yuan_for_dollar),
                else_=model_call.c.cost_micros)  # fmt: skip
    calls = select(family.c.root, func.sum(yuan).label("cost")).join(model_call, model_call.c.job_id == family.c.job_id)
    return calls.group_by(family.c.root).subquery("spent")
