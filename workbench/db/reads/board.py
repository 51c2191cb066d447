"""What the board sums up over the jobs that match its filters, by the hours of a stretch of time.

Without a filter, and behind those that rollups tell apart by the hour, from the rollups; else from the rows, of as many
jobs as the stretch has, and from the narrow rows that pruned ones have left, which say neither what a job said nor what
it cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    CompoundSelect,
    Connection,
    Row,
    Select,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from workbench.db.connection import db_now_ms, unindexed
from workbench.db.reads import rollups
from workbench.db.reads.job_lists import restrict
from workbench.db.reads.usage import unpriced
from workbench.db.rollup_tables import pruned_job
from workbench.db.rollups import DAY_MS, HOUR_MS
from workbench.db.rows.jobs import JobFilters
from workbench.db.rows.usage import HourCost, HourEnds, OfKept
from workbench.db.schema import ACTIVE, FAILED, TERMINAL, job, model_call

T = TypeVar("T")
#: of a stretch of time: before a split and after it
Halves: TypeAlias = tuple[list[T], list[T]]
#: filters of jobs → dimensions of ended jobs that rollups tell apart by the hour
_ROLLED = {"state": "state", "kind": "kind", "project": "project_id"}
#: filters of jobs → what the calls of a pruned job say of it; of others, what only the job said
_OF_CALLS = {"kind": "workflow", "project": "project_id", "node_id": "node_id"}
_OF_JOBS = {"text", "cost_over"}
#: filters of jobs whose values stand in the index of their ends, and in what is left of pruned ones
_NARROW = {"state", "kind", "project", "profile", "error_kind", "since", "until", "run_over"}
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
    """A query over pruned jobs, for those that match, as far as they say so; as `job_lists.restrict`."""
    given = _given(filters)
    query = query.where(*_hold(pruned_job.c, filters))
    if "node_id" in given:
        query = query.where(pruned_job.c.node_id == given["node_id"])
    return query.where(rollups.names_model(pruned_job.c.models, given["model"])) if given.get("model") else query


def _hold(c: ReadOnlyColumnCollection[str, Column[Any]], filters: JobFilters) -> list[ColumnElement[bool]]:
    """That the filters `_NARROW` hold for a job, or a pruned one: no index is looked through but that of the time."""
    given = _given(filters)
    same = {"kind": c.kind, "project": c.project_id, "error_kind": c.error_kind}
    held = [unindexed(column) == given[name] for name, column in same.items() if name in given]
    if state := given.get("state"):
        held.append(unindexed(c.state).in_([state] if isinstance(state, str) else [*state]))
    if "profile" in given:
        held.append(
            unindexed(c.profile_id) == given["profile"] if given["profile"] else unindexed(c.profile_id).is_(None)
        )
    if "since" in given:
        held.append(unindexed(c.created_at) >= given["since"])
    if "until" in given:
        held.append(unindexed(c.created_at) < given["until"])
    if "run_over" in given:
        # one that is at work has not ended
        held.append(func.coalesce(c.finished_at, db_now_ms()) - c.started_at > given["run_over"])
    return held


def widen(conn: Connection, filters: JobFilters, begin: int) -> JobFilters:
    """The filters without `since` where every job that ended from `begin` on, or is at work, was created after it, and
    without `until` where every job was created before it."""
    since, until = filters.get("since"), filters.get("until")
    if until is not None:
        gone = select(literal(1)).where(pruned_job.c.finished_at >= until, pruned_job.c.created_at >= until)
        later = (select(literal(1)).where(job.c.created_at >= until), gone)
        if all(conn.execute(query.limit(1)).first() is None for query in later):
            filters = {**filters, "until": None}
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
    """The jobs of a span of time that match."""
    rows = select(job.c.id, job.c.state, job.c.created_at, at.label("at")).where(at >= begin, at < end)
    kept = _restrict(conn, [rows], filters)
    if _given(filters).keys() & _OF_JOBS:
        return kept.cte("matching")
    return union_all(kept, _within_pruned(filters, at, begin, end)).cte("matching")


def _restrict(
    conn: Connection, stretches: Sequence[Select[Any]], filters: JobFilters
) -> Select[Any] | CompoundSelect[Any]:
    """Of the jobs of stretches of time those that match. First the stretch, whose index holds what most filters ask: a
    planner that begins with one, such as a workflow, reads all of its history."""
    first, *more = (stretch.where(*_hold(job.c, filters)) for stretch in stretches)
    span = union_all(first, *more) if more else first
    others = cast("JobFilters", {name: value for name, value in _given(filters).items() if name not in _NARROW})
    if not others:
        return span
    found = span.cte("span").prefix_with("MATERIALIZED")
    its_job = select(literal(1)).where(job.c.id == found.c.id).correlate(found)
    # of all that ever said a word only those of the stretch are looked at
    lowest = conn.execute(select(func.min(found.c.id))).scalar() if "text" in others else None
    return select(*found.c).where(restrict(conn, its_job, others, lowest or 0).exists())


def _within_pruned(filters: JobFilters, at: Column[Any], begin: int, end: int) -> Select[Any]:
    c = pruned_job.c
    own = c[at.name]
    rows = select(c.job_id, c.state, c.created_at, own.label("at")).where(own >= begin, own < end)
    # whatever began from then on ended later: those are found by their ends
    return _restrict_pruned(rows.where(c.finished_at >= begin), filters)


def list_ends(conn: Connection, filters: JobFilters, begin: int, split: int, end: int) -> Halves[HourEnds]:
    """How jobs ended, by the hours of a stretch in which some did, before the split and after it: the first and the
    last of each may be begun hours."""
    given = _given(filters)
    counts: Halves[Any] = [], []
    if given.keys() <= _ROLLED.keys():
        asked = {_ROLLED[name]: value for name, value in given.items()}
        for half, ends in zip(counts, ((begin, split), (split, end)), strict=True):
            sums = rollups.sum_jobs(conn, ("state",), ("jobs",), rollups.stretch(*ends, hourly=True), asked)
            half.extend((at, state, jobs) for (at, state), (jobs,) in sums.items())
    else:
        ended = _within(conn, filters, job.c.finished_at, begin, end)
        hour, late = (ended.c.at - ended.c.at % HOUR_MS).label("hour"), _is_late(ended.c.at, split)
        query = select(late, hour, ended.c.state, func.count()).group_by(late, hour, ended.c.state)
        for half, at, state, jobs in conn.execute(query):
            counts[half].append((int(at), state, int(jobs)))
    return _by_hour(counts[0]), _by_hour(counts[1])


def _is_late(at: ColumnElement[int], split: int) -> ColumnElement[int]:
    """0: before the split, 1: after it."""
    return case((at >= split, 1), else_=0).label("late")


def _by_hour(counts: Iterable[tuple[int, str, int]]) -> list[HourEnds]:
    """Of (hour, state, jobs)."""
    hours: dict[int, dict[str, int]] = defaultdict(dict)
    for at, state, jobs in counts:
        hours[at][state] = jobs
    return [
        HourEnds(at, sum(of.get(state, 0) for state in ("succeeded", *FAILED)), of.get("succeeded", 0))
        for at, of in sorted(hours.items())
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


def list_costs(conn: Connection, filters: JobFilters, begin: int, split: int, end: int) -> Halves[HourCost]:
    """What the calls of matching jobs cost, by the hours of a stretch in which they began, before the split and after
    it, and by currency; calls of no job, such as profile checks, count where there is no filter. What came with an
    imported project is left out: another home has paid it."""
    if not _given(filters):
        return _sum_all(conn, begin, split), _sum_all(conn, split, end)
    # told apart by an index of these few: the index of the time, which holds the rest, has no room for it
    imported = model_call.alias("imported")
    few = select(imported.c.id).where(imported.c.imported_at.isnot(None))
    # whose calls may have begun in the stretch
    stretches = (job.c.finished_at >= begin, job.c.state.in_(ACTIVE))
    jobs = _restrict(conn, [select(job.c.id).where(stretch) for stretch in stretches], filters)
    matching = jobs.cte("matching").prefix_with("MATERIALIZED")
    within = (model_call.c.started_at >= begin, model_call.c.started_at < end)
    calls = (*within, unindexed(model_call.c.job_id).in_(select(matching.c.id)), model_call.c.id.notin_(few))
    by = (_is_late(model_call.c.started_at, split), _hour.label("hour"), model_call.c.currency)
    # what cost something is in the index of the time, too; the others alone are looked up
    priced = select(*by, func.sum(_micros).label("micros"), literal(0).label("unknown")).where(_micros.isnot(None))
    unknown = select(*by, null().label("micros"), func.count().label("unknown")).where(_micros.is_(None), unpriced)
    parts = (part.where(*calls).group_by("late", "hour", model_call.c.currency) for part in (priced, unknown))
    costs: tuple[dict[Any, Any], dict[Any, Any]] = {}, {}
    for half, *key, micros, unpriced_calls in (
        *conn.execute(union_all(*parts)),
        *_sum_pruned(conn, filters, begin, split, end),
    ):
        at, currency = int(key[0]), key[1]
        before, unknown_before = costs[half].get((at, currency), (None, 0))
        known = before if micros is None else int(micros) + (before or 0)
        costs[half][at, currency] = known, int(unpriced_calls) + unknown_before
    earlier, later = ([HourCost(*key, *sums) for key, sums in half.items()] for half in costs)
    return earlier, later


def _sum_pruned(conn: Connection, filters: JobFilters, begin: int, split: int, end: int) -> Sequence[Row[Any]]:
    """The same of calls whose job was pruned, where they say themselves what is asked of it."""
    given = _given(filters)
    if not given.keys() <= _OF_CALLS.keys():
        return []
    # by the index of the time, in which those of no job are told apart
    own = (unindexed(model_call.c[_OF_CALLS[name]]) == value for name, value in given.items())
    jobless = (unindexed(model_call.c.job_id).is_(None), unindexed(model_call.c.imported_at).is_(None))
    sums = (func.sum(_micros), func.count().filter(unpriced))
    query = select(_is_late(model_call.c.started_at, split), _hour.label("hour"), model_call.c.currency, *sums)
    within = (model_call.c.started_at >= begin, model_call.c.started_at < end)
    query = query.where(*within, *jobless, *own, or_(_micros.isnot(None), unpriced))
    return conn.execute(query.group_by("late", "hour", model_call.c.currency)).all()


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
