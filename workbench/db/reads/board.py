"""What the board sums up over the jobs that match its filters, by the hours of a stretch of time.

Without a filter, and behind those that rollups tell apart by the hour, from the rollups; else from the rows, of as many
jobs as the stretch has, and from the narrow rows that pruned ones have left, which say neither what a job said nor what
it cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import CTE, Column, Connection, Row, Select, and_, func, literal, null, or_, select, union_all

from workbench.db.connection import unindexed
from workbench.db.reads import rollups
from workbench.db.reads.jobs import restrict
from workbench.db.reads.usage import unpriced
from workbench.db.rollup_tables import pruned_job
from workbench.db.rollups import DAY_MS, HOUR_MS
from workbench.db.rows.jobs import JobFilters
from workbench.db.rows.usage import HourCost, HourEnds, OfKept
from workbench.db.schema import ACTIVE, FAILED, TERMINAL, job, model_call

#: filters of jobs → dimensions of ended jobs that rollups tell apart by the hour
_ROLLED = {"state": "state", "kind": "kind", "project": "project_id"}
#: filters of jobs → what the calls of a pruned job say of it; of others, what only the job said
_OF_CALLS = {"kind": "workflow", "project": "project_id", "node_id": "node_id"}
_OF_JOBS = {"text", "cost_over"}
#: as their indexes have them, ms
_WAIT = func.coalesce(job.c.started_at, job.c.finished_at) - job.c.created_at
_RUN = job.c.finished_at - job.c.started_at


def _given(filters: JobFilters) -> dict[str, Any]:
    """What is no filter, such as an empty word, left out."""
    return {name: value for name, value in filters.items() if value not in (None, "", [], {})}


def find_of_kept(conn: Connection, filters: JobFilters, begin: int) -> OfKept:
    """What is summed up without the jobs that ended from `begin` on and were pruned, where there are any."""
    given = _given(filters).keys()
    if given <= _OF_CALLS.keys():
        return "nothing"
    pruned = _restrict_pruned(select(literal(1)).where(pruned_job.c.finished_at >= begin), filters)
    if conn.execute(pruned.limit(1)).first() is None:
        return "nothing"
    return "everything" if given & _OF_JOBS else "costs"


def _restrict_pruned(query: Select[Any], filters: JobFilters) -> Select[Any]:
    """A query over pruned jobs, for those that match, as far as they say so; as `jobs.restrict`."""
    c, given = pruned_job.c, _given(filters)
    same = {"kind": c.kind, "project": c.project_id, "node_id": c.node_id, "error_kind": c.error_kind}
    query = query.where(*(column == given[name] for name, column in same.items() if name in given))
    if state := given.get("state"):
        query = query.where(c.state.in_([state] if isinstance(state, str) else [*state]))
    if "profile" in given:
        query = query.where(c.profile_id == given["profile"] if given["profile"] else c.profile_id.is_(None))
    if "since" in given:
        query = query.where(c.created_at >= given["since"])
    if "until" in given:
        query = query.where(c.created_at < given["until"])
    if "run_over" in given:
        query = query.where(c.finished_at - c.started_at > given["run_over"])
    return query.where(rollups.names_model(c.models, given["model"])) if given.get("model") else query


def widen(conn: Connection, filters: JobFilters, begin: int) -> JobFilters:
    """The filters without `since` where every job that ended from `begin` on, or is at work, was created after it."""
    since = filters.get("since")
    if since is None or begin - since < DAY_MS:
        return filters
    older = select(literal(1)).where(unindexed(job.c.created_at) < since).limit(1)
    # a job of before waited, or ran, for half of the time between at least: an index each finds those few
    ended = job.c.state.in_(TERMINAL)
    ways = [and_(ended, took > (begin - since) // 2, unindexed(job.c.finished_at) >= begin) for took in (_WAIT, _RUN)]
    for way in (job.c.state.in_(ACTIVE), *ways):
        if conn.execute(older.where(way)).first() is not None:
            return filters
    pruned = select(literal(1)).where(pruned_job.c.finished_at >= begin, pruned_job.c.created_at < since)
    if conn.execute(pruned.limit(1)).first() is not None:
        return filters
    return {**filters, "since": None}


def _within(conn: Connection, filters: JobFilters, at: Column[Any], begin: int, end: int) -> CTE:
    """The jobs of a span of time that match. First the span, which an index gives: a planner that begins with a filter,
    such as a workflow, reads all of its history."""
    if not _given(filters):
        # an index of the time holds all that is asked
        every = select(job.c.id, job.c.state, job.c.created_at, at.label("at"))
        kept = every.where(at >= begin, at < end)
        return union_all(kept, _within_pruned(filters, at, begin, end)).cte("matching")
    span = select(job.c.id, at.label("at")).where(at >= begin, at < end).cte("span").prefix_with("MATERIALIZED")
    rows = select(job.c.id, job.c.state, job.c.created_at, span.c.at).join(span, span.c.id == job.c.id)
    kept = restrict(conn, rows, filters)
    if _given(filters).keys() & _OF_JOBS:
        return kept.cte("matching")
    return union_all(kept, _within_pruned(filters, at, begin, end)).cte("matching")


def _within_pruned(filters: JobFilters, at: Column[Any], begin: int, end: int) -> Select[Any]:
    c = pruned_job.c
    own = c[at.name]
    rows = select(c.job_id, c.state, c.created_at, own.label("at")).where(own >= begin, own < end)
    # whatever began from then on ended later: those are found by their ends
    return _restrict_pruned(rows.where(c.finished_at >= begin), filters)


def list_ends(conn: Connection, filters: JobFilters, begin: int, end: int) -> list[HourEnds]:
    """How jobs ended, by the hours of a stretch in which some did: the first and the last may be begun hours."""
    given = _given(filters)
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    if given.keys() <= _ROLLED.keys():
        asked = {_ROLLED[name]: value for name, value in given.items()}
        stretch = rollups.stretch(begin, end, hourly=True)
        for (at, state), (jobs,) in rollups.sum_jobs(conn, ("state",), ("jobs",), stretch, asked).items():
            counts[at][state] = jobs
    else:
        ended = _within(conn, filters, job.c.finished_at, begin, end)
        hour = (ended.c.at - ended.c.at % HOUR_MS).label("hour")
        for at, state, jobs in conn.execute(select(hour, ended.c.state, func.count()).group_by(hour, ended.c.state)):
            counts[int(at)][state] = int(jobs)
    return [
        HourEnds(at, sum(of.get(state, 0) for state in ("succeeded", *FAILED)), of.get("succeeded", 0))
        for at, of in sorted(counts.items())
    ]


def list_waits(conn: Connection, filters: JobFilters, *, begin: int, span_ms: int, spans: int) -> list[int | None]:
    """The p95 (nearest rank) of how long jobs waited before their first claim, ms, by the span in which they began;
    None for a span in which none did."""
    began = _within(conn, filters, job.c.started_at, begin, begin + spans * span_ms)
    span = ((began.c.at - begin) // span_ms).label("span")
    wait = (began.c.at - began.c.created_at).label("wait")
    ranked = select(
        span,
        wait,
        func.row_number().over(partition_by=span, order_by=wait).label("rank"),
        func.count().over(partition_by=span).label("size"),
    ).subquery()
    query = select(ranked.c.span, func.min(ranked.c.wait)).where(ranked.c.rank >= 0.95 * ranked.c.size)
    waits = {int(number): int(p95) for number, p95 in conn.execute(query.group_by(ranked.c.span))}
    return [waits.get(number) for number in range(spans)]


def list_costs(conn: Connection, filters: JobFilters, begin: int, end: int) -> list[HourCost]:
    """What the calls of matching jobs cost, by the hours of a stretch in which they began and by currency; calls of no
    job, such as profile checks, count where there is no filter. What came with an imported project is left out: another
    home has paid it."""
    if not _given(filters):
        return _sum_all(conn, begin, end)
    within = (model_call.c.started_at >= begin, model_call.c.started_at < end)
    # told apart by an index of these few: the index of the time, which holds the rest, has no room for it
    imported = model_call.alias("imported")
    few = select(imported.c.id).where(imported.c.imported_at.isnot(None))
    by = (_hour.label("hour"), model_call.c.currency, model_call.c.job_id)
    cost = model_call.c.cost_micros
    # what cost something is in that index, too; the others alone are looked up
    priced = select(*by, func.sum(cost).label("micros"), literal(0).label("unknown")).where(cost.isnot(None))
    unknown = select(*by, null().label("micros"), func.count().label("unknown")).where(cost.is_(None), unpriced)
    parts = (
        part.where(*within, model_call.c.id.notin_(few)).group_by("hour", model_call.c.currency, model_call.c.job_id)
        for part in (priced, unknown)
    )
    made = union_all(*parts).cte("calls").prefix_with("MATERIALIZED")
    # Job by job, which the offset says to PostgreSQL: it would read all jobs to find those of some thousand calls.
    its_job = select(literal(1)).where(job.c.id == made.c.job_id).correlate(made)
    matching = restrict(conn, its_job, filters).offset(0).exists()
    sums = (func.sum(made.c.micros), func.sum(made.c.unknown))
    query = select(made.c.hour, made.c.currency, *sums).where(matching)
    rows = conn.execute(query.group_by(made.c.hour, made.c.currency)).all()
    costs: dict[tuple[int, str | None], tuple[int | None, int]] = {}
    for at, currency, micros, unknown in (*rows, *_sum_pruned(conn, filters, begin, end)):
        before, unknown_before = costs.get((int(at), currency), (None, 0))
        known = before if micros is None else int(micros) + (before or 0)
        costs[int(at), currency] = known, int(unknown) + unknown_before
    return [HourCost(*key, *sums) for key, sums in costs.items()]


def _sum_pruned(conn: Connection, filters: JobFilters, begin: int, end: int) -> Sequence[Row[Any]]:
    """The same of calls whose job was pruned, where they say themselves what is asked of it."""
    given = _given(filters)
    if not given.keys() <= _OF_CALLS.keys():
        return []
    # by the index of the time, in which those of no job are told apart
    own = (unindexed(model_call.c[_OF_CALLS[name]]) == value for name, value in given.items())
    jobless = (unindexed(model_call.c.job_id).is_(None), unindexed(model_call.c.imported_at).is_(None))
    sums = (func.sum(_micros), func.count().filter(unpriced))
    query = select(_hour.label("hour"), model_call.c.currency, *sums).group_by("hour", model_call.c.currency)
    within = (model_call.c.started_at >= begin, model_call.c.started_at < end)
    return conn.execute(query.where(*within, *jobless, *own, or_(_micros.isnot(None), unpriced))).all()


_hour = model_call.c.started_at - model_call.c.started_at % HOUR_MS
_SUMS = ("priced", "cost_micros", "unpriced")


def _sum_all(conn: Connection, begin: int, end: int) -> list[HourCost]:
    """Of all calls, without the imported ones, which an index tells apart."""
    stretch = rollups.stretch(begin, end, hourly=True)
    costs = rollups.sum_usage(conn, ("currency",), _SUMS, stretch, {})
    within = and_(model_call.c.started_at >= begin, model_call.c.started_at < end)
    for at, currency, *elsewhere in conn.execute(_elsewhere.where(within)):
        known = costs.get((int(at), currency), [0, 0, 0])
        costs[int(at), currency] = [own - int(theirs) for own, theirs in zip(known, elsewhere, strict=True)]
    return [
        HourCost(at, currency, micros if priced else None, unknown)
        for (at, currency), (priced, micros, unknown) in sorted(costs.items(), key=lambda item: item[0][0])
        if priced or unknown
    ]


_micros = model_call.c.cost_micros
_elsewhere: Select[Any] = (
    select(
        _hour.label("hour"), model_call.c.currency, func.count(_micros), func.coalesce(func.sum(_micros), 0),
        func.count().filter(unpriced),
    )
    .where(model_call.c.imported_at.isnot(None))
    .group_by("hour", model_call.c.currency)
)  # fmt: skip
