"""What the board sums up over the jobs that match its filters, by the hours of a stretch of time.

Without a filter, and behind those that rollups tell apart by the hour, from the rollups; else from the rows, of as many
jobs as the stretch has, and from the narrow rows that pruned ones have left, which say neither what a job said nor what
it cost.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
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

from workbench.db.connection import Ids, among, db_now_ms, packed_ids, unindexed
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


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which jobs are summed up: those that match filters. `ids`: of them all that ended from a moment on, or are at
    work, packed; None without a filter."""

    filters: JobFilters
    ids: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether an index of times holds all that is asked."""
        return _given(self.filters).keys() <= _NARROW


def _one_of(job_id: ColumnElement[int], ids: str | list[int]) -> ColumnElement[bool]:
    """By the index of a time, which has the id."""
    return among(unindexed(job_id), literal(ids, type_=Ids()))


def choose(conn: Connection, filters: JobFilters, begin: int) -> Chosen:
    """The jobs that match of those that ended from `begin` on or are at work, asked once for all that is summed up."""
    if not _given(filters):
        return Chosen(filters)
    # First the stretch, whose index holds what most filters ask: a planner that begins with another filter, such as a
    # model, reads all of its history.
    whens = (job.c.finished_at >= begin, job.c.state.in_(ACTIVE))
    found = union_all(*(select(job.c.id).where(when, *_hold(job.c, filters)) for when in whens)).cte("found")
    if Chosen(filters).is_narrow:
        return Chosen(filters, conn.execute(select(packed_ids(found.c.id))).scalar_one())
    found = found.prefix_with("MATERIALIZED")
    others = cast("JobFilters", {name: value for name, value in _given(filters).items() if name not in _NARROW})
    # of all that ever said a word only those of the stretch are looked at
    lowest = conn.execute(select(func.min(found.c.id))).scalar()
    query = select(packed_ids(job.c.id)).join(found, found.c.id == job.c.id)
    return Chosen(filters, conn.execute(restrict(conn, query, others, lowest or 0)).scalar_one())


def _within(chosen: Chosen, at: Column[Any], begin: int, end: int) -> CTE:
    """The chosen jobs of a span of time."""
    rows = select(job.c.id, job.c.state, job.c.created_at, at.label("at")).where(at >= begin, at < end)
    if chosen.ids is not None:
        rows = rows.where(*(_hold(job.c, chosen.filters) if chosen.is_narrow else [_one_of(job.c.id, chosen.ids)]))
    if _given(chosen.filters).keys() & _OF_JOBS:
        return rows.cte("matching")
    return union_all(rows, _within_pruned(chosen.filters, at, begin, end)).cte("matching")


def _within_pruned(filters: JobFilters, at: Column[Any], begin: int, end: int) -> Select[Any]:
    c = pruned_job.c
    own = c[at.name]
    rows = select(c.job_id, c.state, c.created_at, own.label("at")).where(own >= begin, own < end)
    # whatever began from then on ended later: those are found by their ends
    return _restrict_pruned(rows.where(c.finished_at >= begin), filters)


def list_ends(conn: Connection, chosen: Chosen, begin: int, split: int, end: int) -> Halves[HourEnds]:
    """How jobs ended, by the hours of a stretch in which some did, before the split and after it: the first and the
    last of each may be begun hours."""
    given = _given(chosen.filters)
    counts: Halves[Any] = [], []
    if given.keys() <= _ROLLED.keys():
        asked = {_ROLLED[name]: value for name, value in given.items()}
        for half, ends in zip(counts, ((begin, split), (split, end)), strict=True):
            sums = rollups.sum_jobs(conn, ("state",), ("jobs",), rollups.stretch(*ends, hourly=True), asked)
            half.extend((at, state, jobs) for (at, state), (jobs,) in sums.items())
    else:
        ended = _within(chosen, job.c.finished_at, begin, end)
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


def list_waits(conn: Connection, chosen: Chosen, *, begin: int, span_ms: int, spans: int) -> list[int | None]:
    """The p95 (nearest rank) of how long jobs waited before their first claim, ms, by the span in which they began;
    None for a span in which none did."""
    began = _within(chosen, job.c.started_at, begin, begin + spans * span_ms)
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


def list_costs(conn: Connection, chosen: Chosen, begin: int, split: int, end: int) -> Halves[HourCost]:
    """What the calls of matching jobs cost, by the hours of a stretch in which they began, before the split and after
    it, and by currency; calls of no job, such as profile checks, count where there is no filter. What came with an
    imported project is left out: another home has paid it."""
    if chosen.ids is None:
        return _sum_all(conn, begin, split), _sum_all(conn, split, end)
    by = (_is_late(model_call.c.started_at, split), _hour.label("hour"), model_call.c.currency)
    # what cost something is in the index of the time, too; the others alone are looked up
    priced = select(*by, func.sum(_micros).label("micros"), literal(0).label("unknown")).where(_micros.isnot(None))
    unknown = select(*by, null().label("micros"), func.count().label("unknown")).where(_micros.is_(None), unpriced)
    parts = [
        part.where(calls).group_by("late", "hour", model_call.c.currency)
        for calls in _list_own_calls(conn, chosen.ids, begin, end)
        for part in (priced, unknown)
    ]
    costs: tuple[dict[Any, Any], dict[Any, Any]] = {}, {}
    for half, *key, micros, unpriced_calls in (
        *conn.execute(union_all(*parts)),
        *_sum_pruned(conn, chosen.filters, begin, split, end),
    ):
        at, currency = int(key[0]), key[1]
        before, unknown_before = costs[half].get((at, currency), (None, 0))
        known = before if micros is None else int(micros) + (before or 0)
        costs[half][at, currency] = known, int(unpriced_calls) + unknown_before
    earlier, later = ([HourCost(*key, *sums) for key, sums in half.items()] for half in costs)
    return earlier, later


def _list_own_calls(conn: Connection, ids: str, begin: int, end: int) -> list[ColumnElement[bool]]:
    """Of the calls of these jobs in a stretch, without the imported ones: conditions, each for some of the jobs."""
    within = and_(model_call.c.started_at >= begin, model_call.c.started_at < end)
    own = and_(within, _one_of(model_call.c.job_id, ids))
    elsewhere = select(model_call.c.job_id).where(within, model_call.c.imported_at.isnot(None))
    imported = sorted({job_id for job_id in conn.scalars(elsewhere) if job_id is not None})
    if not imported:
        return [own]
    # the index of the time has no room for what tells these few apart
    mixed = _one_of(model_call.c.job_id, imported)
    return [and_(own, ~mixed), and_(own, mixed, model_call.c.imported_at.is_(None))]


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
