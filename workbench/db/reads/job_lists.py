"""Jobs behind filters: pages, counts, ids. Each page is a keyset page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, literal_column, or_, select, true

from workbench.db import search
from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.reads import ended, filing
from workbench.db.rows.jobs import MOST_COUNTED, Job, JobFilters
from workbench.db.rows.record import columns, fetch
from workbench.db.schema import ACTIVE, TERMINAL, job, job_child, model_call

#: jobs of which the newest of many are asked for together
PAGE = 100
#: of so many jobs at most the index of their times is read for their first and last id
MOST_BOUNDED = 50_000

_job = columns(Job, job)


def _list_textless(conn: Connection, filters: JobFilters, lowest: int | None = None) -> list[ColumnElement[bool]]:
    """As `list_conditions`, but for a search of text."""
    if unknown := filters.keys() - JobFilters.__annotations__.keys():
        raise TypeError(f"no such filter of jobs: {', '.join(sorted(unknown))}")
    conditions: list[ColumnElement[bool]] = []
    if (few := filing.list_possible(conn, dict(filters))) is not None:
        # nobody goes through all jobs to find none
        conditions.append(among(job.c.id, literal(few, type_=Ids())))
    if state := filters.get("state"):
        several = [state] if isinstance(state, str) else [*state]
        # equal to one: an index of jobs in a state is known by that
        conditions.append(job.c.state == several[0] if len(several) == 1 else job.c.state.in_(several))
    if kind := filters.get("kind"):
        conditions.append(job.c.kind == kind)
    if (project := filters.get("project")) is not None:
        conditions.append(job.c.project_id == project)
    if (node_id := filters.get("node_id")) is not None:
        conditions.append(job.c.node_id == node_id)
    if error_kind := filters.get("error_kind"):
        conditions.append(job.c.error_kind == error_kind)
    since, until = filters.get("since"), filters.get("until")
    if since is not None or until is not None:
        conditions += _created(conn, since, until)
    if (profile := filters.get("profile")) is not None:
        conditions.append(job.c.profile_id == profile if profile else job.c.profile_id.is_(None))
    if (run_over := filters.get("run_over")) is not None:
        ran = and_(job.c.state.in_(TERMINAL), job.c.finished_at - job.c.started_at > run_over)
        conditions.append(or_(ran, and_(job.c.state.in_(ACTIVE), db_now_ms() - job.c.started_at > run_over)))
        if not ended.is_behind(conn):
            conditions.append(ended.may_have_run(conn, run_over))
    if cost_over := filters.get("cost_over"):
        behind = ended.is_behind(conn)
        conditions.append(_cost_more(cost_over) if behind else ended.cost_more(conn, cost_over, lowest))
    if model := filters.get("model"):
        # an alias: what asks may be about calls itself
        called = model_call.alias("called")
        if lowest is None:
            conditions.append(exists().where(called.c.model == model, called.c.job_id == job.c.id))
        else:
            conditions.append(
                job.c.id.in_(select(called.c.job_id).where(called.c.model == model, called.c.job_id >= lowest))
            )
    return conditions


def _created(conn: Connection, since: int | None, until: int | None) -> list[ColumnElement[bool]]:
    """Created within a time. A time in which many were must not be found by its index: all of them would be put into
    the order of a page that has fifty."""
    within = _is_within(job.c.created_at, since, until)
    if not _are_more(conn, within, ended.FEW):
        return within
    return _is_within(job.c.created_at + literal_column("0"), since, until)


def _is_within(at: ColumnElement[Any], since: int | None, until: int | None) -> list[ColumnElement[bool]]:
    return [*([at >= since] if since is not None else []), *([at < until] if until is not None else [])]


def _find_ends(conn: Connection, since: int | None, until: int | None) -> tuple[int, int] | None:
    """The first and last id of the jobs created within a time, so that no page goes on past them; None: of very few, or
    of too many. An imported job has a new id and an old time: nothing but their ids says where they begin and end."""
    if since is None and until is None:
        return None
    within = _is_within(job.c.created_at, since, until)
    if not _are_more(conn, within, ended.FEW) or _are_more(conn, within, MOST_BOUNDED):
        return None
    # as they stand in that index: PostgreSQL would go through the jobs from their first on
    number = job.c.id + literal_column("0")
    first, last = conn.execute(select(func.min(number), func.max(number)).where(*within)).one()
    return first, last


def _find_ends_of_page(
    conn: Connection, before: int | None, after: int | None, limit: int, filters: JobFilters
) -> tuple[int, int] | None:
    """The same for a page of a time in which very many were, where the jobs it begins with are not of that time."""
    since, until = filters.get("since"), filters.get("until")
    if since is None and until is None:
        return None
    within = _is_within(job.c.created_at, since, until)
    if not _are_more(conn, within, MOST_BOUNDED):
        return None
    number = job.c.id + literal_column("0")
    if after is not None:
        following, beyond = select(job.c.created_at).where(job.c.id > after).order_by(job.c.id), number > after
    else:
        newest = select(job.c.created_at).order_by(job.c.id.desc())
        following = newest if before is None else newest.where(job.c.id < before)
        beyond = true() if before is None else number < before
    nearest = following.limit(2 * limit).subquery()
    of_that_time = select(func.count()).where(*_is_within(nearest.c.created_at, since, until))
    if conn.execute(of_that_time).scalar_one() >= limit:
        return None
    first, last = conn.execute(select(func.min(number), func.max(number)).where(*within, beyond)).one()
    return (1, 0) if first is None else (first, last)


def _are_more(conn: Connection, within: Sequence[ColumnElement[bool]], most: int) -> bool:
    return conn.execute(select(literal(1)).where(*within).offset(most).limit(1)).first() is not None


def list_conditions(conn: Connection, filters: JobFilters, lowest: int | None = None) -> list[ColumnElement[bool]]:
    """What a job that matches is; `lowest`: most jobs from this id on are asked of, and none below."""
    conditions = _list_textless(conn, filters, lowest)
    needle = search.needle_of(filters.get("text"))
    return [*conditions, filing.says(conn, needle, lowest or 0)] if needle else conditions


def restrict(conn: Connection, query: Select[Any], filters: JobFilters, lowest: int | None = None) -> Select[Any]:
    """A query over jobs, for those that match (see `list_conditions`)."""
    return query.where(*list_conditions(conn, filters, lowest))


def _cost_more(amounts: Mapping[str, int]) -> ColumnElement[bool]:
    """As `ended.cost_more`, from the calls of every family."""
    above = select(job.c.id.label("root"), job.c.id.label("job_id")).cte(recursive=True)
    above = above.union(
        select(above.c.root, job_child.c.child_id).join(job_child, job_child.c.parent_id == above.c.job_id)
    )
    spent = func.sum(model_call.c.cost_micros)
    more = or_(*(and_(model_call.c.currency == name, spent > micros) for name, micros in amounts.items()))
    families = select(above.c.root).join(model_call, model_call.c.job_id == above.c.job_id)
    return job.c.id.in_(families.group_by(above.c.root, model_call.c.currency).having(more))


def list_jobs(
    conn: Connection,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
    **filters: Unpack[JobFilters],
) -> list[Job]:
    """Newest first. `before`/`after`: a job id, for the next older or newer page."""
    found: list[Job] = []
    ends = _find_ends_of_page(conn, before, after, limit, filters)
    for part, key in _page_parts(conn, _job, filters):
        if ends is not None:
            part = part.where(key.between(*ends))
        if after is not None:
            part = part.where(key > after).order_by(key)
        else:
            part = part.order_by(key.desc()) if before is None else part.where(key < before).order_by(key.desc())
        found += fetch(conn, Job, part.limit(limit))
    newest = sorted({row.id: row for row in found}.items(), reverse=True)
    return [row for _, row in (newest[-limit:] if after is not None else newest[:limit])]


def _page_parts(
    conn: Connection, wanted: Sequence[ColumnElement[Any]], filters: JobFilters
) -> list[tuple[Select[Any], ColumnElement[int]]]:
    """A list in parts, each with the id by which it is read from an index in order: a page stops after its rows,
    however many match."""
    needle = search.needle_of(filters.get("text"))
    state = filters.get("state")
    if not needle and state and not isinstance(state, str) and len(state) > 1:
        # each for itself, and not as one of several as well: PostgreSQL would take it for ever rarer
        return [part for one in dict.fromkeys(state) for part in _page_parts(conn, wanted, {**filters, "state": one})]
    query = select(*wanted).where(*_list_textless(conn, filters))
    if (ends := _find_ends(conn, filters.get("since"), filters.get("until"))) is not None:
        query = query.where(job.c.id.between(*ends))
    if needle:
        words = search.stream(conn, needle)
        if words is not None:
            rowid = search.trigrams.c.rowid
            filed: tuple[Select[Any], ColumnElement[int]] = (
                query.join(search.trigrams, rowid == job.c.id).where(words),
                rowid,
            )
        elif search.is_common(conn, needle):
            filed = (query.where(search.says(job.c.id, needle)), job.c.id)
        else:
            return [(query.where(filing.says(conn, needle)), job.c.id)]
        return [filed, *((query.where(job.c.id.in_(ids)), job.c.id) for ids in filing.unfiled_saying(conn, needle))]
    return [(query, job.c.id)]


def count_matching(conn: Connection, **filters: Unpack[JobFilters]) -> int:
    """How many jobs the same filters of `list_jobs` match; as in `count_states`."""
    return sum(count_states(conn, **filters).values())


def count_states(conn: Connection, **filters: Unpack[JobFilters]) -> dict[str, int]:
    """State → how many jobs the same filters match in it.

    By the counts of filed jobs where these filters have some, and the few others. Of those that are searched by text
    the newest MOST_COUNTED are counted: a sum of so many says “or more”.
    """
    if search.needle_of(filters.get("text")):
        newest: dict[int, str] = {}
        for part, key in _page_parts(conn, (job.c.id, job.c.state), filters):
            newest.update(_list_newest(conn, part, key, MOST_COUNTED))
        return dict(Counter(newest[i] for i in sorted(newest, reverse=True)[:MOST_COUNTED]))
    counted = select(job.c.state, func.count()).group_by(job.c.state).where(*_list_textless(conn, filters))
    filed = filing.count_filed(conn, dict(filters))
    if filed is not None:
        counts, one_by_one = Counter(filed), filing.list_unfiled(conn)
    elif ended.can_count(conn, filters):
        one_by_one = ended.list_unsettled(conn, costs=bool(filters.get("cost_over")))
        counts = ended.count_states(conn, filters, one_by_one)
    else:
        return {state: count for state, count in conn.execute(counted)}
    for state, count in conn.execute(counted.where(among(job.c.id, literal(one_by_one, type_=Ids())))):
        counts[state] += count
    return {state: count for state, count in counts.items() if count}


def _list_newest(conn: Connection, query: Select[Any], key: ColumnElement[int], most: int) -> dict[int, str]:
    """Id → state of the newest that match, asked for as pages are: of so many at once PostgreSQL would put all that
    match in order, and read every job for that."""
    found: dict[int, str] = {}
    while len(found) < most:
        older = query.where(key < min(found)) if found else query
        page = conn.execute(older.order_by(key.desc()).limit(PAGE)).all()
        found |= {row[0]: row[1] for row in page}
        if len(page) < PAGE:
            break
    return found


def count_exactly(conn: Connection, **filters: Unpack[JobFilters]) -> int:
    """How many match, however many: as `count_matching`, but for a search of text."""
    if not search.needle_of(filters.get("text")):
        return count_matching(conn, **filters)
    return int(conn.execute(restrict(conn, select(func.count()).select_from(job), filters)).scalar_one())


def ids_matching(conn: Connection, **filters: Unpack[JobFilters]) -> list[int]:
    """The ids of all jobs that the same filters match, oldest first."""
    others: JobFilters = {**filters, "model": None}
    parts = [part for part, _ in _page_parts(conn, (job.c.id,), others)]
    if model := filters.get("model"):
        # all of them are wanted: from the model's calls to their jobs, not the other way round
        of_model = job.c.id.in_(select(model_call.c.job_id).where(model_call.c.model == model))
        parts = [part.where(of_model) for part in parts]
    return sorted({i for part in parts for i in conn.scalars(part)})
