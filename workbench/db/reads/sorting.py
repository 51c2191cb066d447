"""A page of jobs sorted by what a column means.

Of a long history only what the page needs is read: states, workflows and projects one after the other, each newest
first; times and progress from indexes of the jobs that have ended, beside the few that are at work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Unpack, cast

from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, literal, select

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.reads import ended
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import URGENCY, Job, JobFilters, JobSort
from workbench.db.schema import ACTIVE, TERMINAL, job, job_child, model_call, node


def list_sorted(
    conn: Connection,
    sort: JobSort,
    *,
    descending: bool,
    offset: int,
    limit: int,
    kinds: Sequence[str],
    yuan_for_dollar: float,
    **filters: Unpack[JobFilters],
) -> list[Job]:
    """A page of all that match, by what a column means: states by urgency, workflows as in `kinds`, places by project,
    episode and scene, times and costs as numbers, a parent's cost with its children's. What has none comes last."""
    page = slice(offset, offset + limit)
    match sort:
        case "state":
            states = URGENCY[::-1] if descending else URGENCY
            ids = _one_after_the_other(conn, [{"state": s} for s in states], filters, page)
        case "job":
            ids = _one_after_the_other(
                conn, [{"kind": k} for k in _order_kinds(conn, kinds, descending)], filters, page
            )
        case "wait":
            ended = func.coalesce(job.c.started_at, job.c.finished_at) - job.c.created_at
            active = func.coalesce(job.c.started_at, db_now_ms()) - job.c.created_at
            ids = _by_index(conn, ended, active, filters, page, descending)
        case "run":
            ended, active = job.c.finished_at - job.c.started_at, db_now_ms() - job.c.started_at
            ids = _by_index(conn, ended, active, filters, page, descending)
        case "progress":
            ids = _by_index(conn, job.c.progress, job.c.progress, filters, page, descending)
        case "story":
            ids = _by_story(conn, filters, page, descending)
        case "cost":
            ids = _by_cost(conn, filters, page, descending, yuan_for_dollar)
        case "id":
            query = reads.searching(conn, select(job.c.id), filters)
            order = job.c.id.desc() if descending else job.c.id
            ids = list(conn.scalars(query.order_by(order).offset(offset).limit(limit)))
    return reads.find_many(conn, ids)


def _order_kinds(conn: Connection, kinds: Sequence[str], descending: bool) -> list[str]:
    """Every kind that a job has: first those in their order, then the others by name."""
    following = select(func.min(job.c.kind).label("kind")).cte("kinds", recursive=True)
    later = select(func.min(job.c.kind)).where(job.c.kind > following.c.kind).scalar_subquery()
    following = following.union_all(select(later).where(following.c.kind.isnot(None)))
    known = {kind for kind in conn.scalars(select(following.c.kind)) if kind is not None}
    ordered = [k for k in dict.fromkeys(kinds) if k in known] + sorted(known - set(kinds))
    return ordered[::-1] if descending else ordered


def _one_after_the_other(
    conn: Connection, groups: Iterable[dict[str, Any]], filters: JobFilters, page: slice
) -> list[int]:
    """A page of groups of jobs in their order, each group newest first."""
    ids: list[int] = []
    skip, missing = page.start, page.stop - page.start
    for group in groups:
        both = _narrow(filters, group)
        if both is None or not missing:
            continue
        if skip:
            count = reads.count_exactly(conn, **both)
            if count <= skip:
                skip -= count
                continue
        query = reads.searching(conn, select(job.c.id), both).order_by(job.c.id.desc()).offset(skip).limit(missing)
        found = list(conn.scalars(query))
        ids, skip, missing = [*ids, *found], 0, missing - len(found)
    return ids


def _narrow(filters: JobFilters, group: dict[str, Any]) -> JobFilters | None:
    """The filters within a group; None: they leave none of it."""
    for name, value in group.items():
        given = cast("dict[str, Any]", filters).get(name)
        if given and value not in (given if isinstance(given, list) else [given]):
            return None
    return cast("JobFilters", {**filters, **group})


def _by_index(
    conn: Connection,
    ended: ColumnElement[Any],
    active: ColumnElement[Any],
    filters: JobFilters,
    page: slice,
    descending: bool,
) -> list[int]:
    """Sorted by a value that ended jobs have an index of, and that is reckoned for those at work."""
    values: list[tuple[Any, int]] = []
    nothing: list[int] = []
    for key, states in ((ended, TERMINAL), (active, ACTIVE)):
        query = reads.searching(conn, select(key.label("value"), job.c.id), filters).where(job.c.state.in_(states))
        by_key = key.desc() if descending else key.asc()
        known = query.where(key.isnot(None)).order_by(by_key, job.c.id.desc()).limit(page.stop)
        values += [(value, i) for value, i in conn.execute(known)]
        if len(values) < page.stop:
            without = query.where(key.is_(None)).order_by(job.c.id.desc()).limit(page.stop)
            nothing += [i for _, i in conn.execute(without)]
    values.sort(key=lambda pair: pair[1], reverse=True)
    values.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(i for _, i in values), *sorted(nothing, reverse=True)][page]


def _by_story(conn: Connection, filters: JobFilters, page: slice, descending: bool) -> list[int]:
    """By project, episode and scene; a project's jobs are sorted among themselves. Those of none come last."""
    projects = select(node.c.id).where(node.c.kind == "project")
    order = [func.lower(node.c.title), node.c.id]
    ordered = conn.scalars(projects.order_by(*(key.desc() if descending else key for key in order)))
    ids: list[int] = []
    skip, missing = page.start, page.stop - page.start
    for project_id in ordered:
        both = _narrow(filters, {"project": project_id})
        if both is None or not missing:
            continue
        count = reads.count_exactly(conn, **both)
        if count <= skip:
            skip -= count
            continue
        found = list(conn.scalars(_within_project(conn, both, descending).offset(skip).limit(missing)))
        ids, skip, missing = [*ids, *found], 0, missing - len(found)
    if missing and filters.get("project") is None:
        query = reads.searching(conn, select(job.c.id), filters).where(job.c.project_id.is_(None))
        ids += conn.scalars(query.order_by(job.c.id.desc()).offset(skip).limit(missing))
    return ids


def _within_project(conn: Connection, filters: JobFilters, descending: bool) -> Select[Any]:
    at, above = node.alias("at"), node.alias("above")
    query = reads.searching(conn, select(job.c.id), filters)
    query = query.outerjoin(at, at.c.id == job.c.node_id).outerjoin(above, above.c.id == at.c.parent_id)
    is_scene = at.c.kind == "scene"
    episode = case((is_scene, above.c.position), (at.c.kind == "episode", at.c.position), else_=0)
    keys = [episode, case((is_scene, at.c.position), else_=0)]
    return query.order_by(*(key.desc() if descending else key for key in keys), job.c.id.desc())


def _by_cost(conn: Connection, filters: JobFilters, page: slice, descending: bool, yuan_for_dollar: float) -> list[int]:
    if ended.is_behind(conn):
        spent = _spent(conn, filters, yuan_for_dollar)
        query = reads.searching(conn, select(job.c.id), filters).outerjoin(spent, spent.c.root == job.c.id)
        by_cost = spent.c.cost.desc() if descending else spent.c.cost.asc()
        # None before or after everything, as the database likes it: so it is told
        query = query.order_by(spent.c.cost.is_(None), by_cost, job.c.id.desc())
        return list(conn.scalars(query.offset(page.start).limit(page.stop - page.start)))

    unsettled = ended.list_unsettled(conn, costs=True)
    values: dict[int, ended.Cost] = {}
    some = reads.searching(conn, select(job.c.id), filters).order_by(job.c.id.desc()).limit(ended.FEW + 1)
    few = list(conn.scalars(some))
    if len(few) <= ended.FEW:
        settled = set(few) - set(unsettled)
        values = ended.list_costs(conn, settled) | ended.sum_costs(conn, set(few) - settled)
        nothing = sorted(set(few) - {i for i, cost in values.items() if cost != (None, None)}, reverse=True)
    else:
        own = reads.searching(conn, select(job.c.id), filters).where(among(job.c.id, literal(unsettled, type_=Ids())))
        live = list(conn.scalars(own))
        values = ended.sum_costs(conn, live)
        for query in ended.by_cost(descending, page.stop, unsettled):
            matching = reads.searching(conn, query, filters)
            values |= {i: (cny, usd) for i, cny, usd in conn.execute(matching)}
        nothing = []
        if len(values) < page.stop:
            unknown = reads.searching(conn, select(job.c.id), filters).where(ended.costs_nothing_known(unsettled))
            free = [i for i in live if values.get(i, (None, None)) == (None, None)]
            nothing = [*conn.scalars(unknown.order_by(job.c.id.desc()).limit(page.stop)), *free]
    known = [(_in_yuan(cost, yuan_for_dollar), i) for i, cost in values.items() if cost != (None, None)]
    known.sort(key=lambda pair: pair[1], reverse=True)
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(i for _, i in known), *sorted(nothing, reverse=True)][page]


def _in_yuan(cost: ended.Cost, yuan_for_dollar: float) -> float:
    return (cost[0] or 0) + (cost[1] or 0) * yuan_for_dollar


def _spent(conn: Connection, filters: JobFilters, yuan_for_dollar: float) -> Subquery:
    """What each job that matches cost together with its children and theirs, in yuan; None where nothing is known."""
    given = reads.searching(conn, select(job.c.id.label("root"), job.c.id.label("job_id")), filters)
    family = given.cte("family", recursive=True)
    family = family.union(
        select(family.c.root, job_child.c.child_id).join(job_child, job_child.c.parent_id == family.c.job_id)
    )
    yuan = case((model_call.c.currency == "USD", model_call.c.cost_micros * yuan_for_dollar),
                else_=model_call.c.cost_micros)  # fmt: skip
    calls = select(family.c.root, func.sum(yuan).label("cost")).join(model_call, model_call.c.job_id == family.c.job_id)
    return calls.group_by(family.c.root).subquery("spent")
