"""Sums and histograms over any stretch of time: the rollups, with what they do not hold yet, in one statement.

Whole hours (and, where nothing is told apart by time, whole UTC days and eight of them) come from the rollups; the
begun hours at both ends from the rows themselves, by the index on their time, and from the narrow rows that pruned jobs
have left. One statement, because PostgreSQL's reads see each statement at its own moment, and a round of folding may
come between two.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    LargeBinary,
    Select,
    Table,
    and_,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from workbench import periods
from workbench.db import histograms
from workbench.db.connection import Ids, among, unindexed
from workbench.db.histograms import Histogram
from workbench.db.rollup_tables import (
    JOB_SUMS,
    USAGE_SUMS,
    job_hour,
    job_tail,
    job_undo,
    pruned_job,
    usage_hour,
    usage_tail,
    usage_undo,
)
from workbench.db.rollups import (
    CALLS_AND_JOBS,
    DAY_MS,
    HOUR_MS,
    JOB_ALWAYS,
    JOB_FACETS,
    JOB_TAIL,
    LONGEST_MS,
    MODEL_FACETS,
    SPANS,
    THIRD_MS,
    USAGE_ALWAYS,
    USAGE_FACETS,
    USAGE_TAIL,
    Facet,
    call_dimensions,
    cover,
    job_sums,
    latency_of,
    local_midnight,
    pick,
    usage_sums,
)
from workbench.db.schema import TERMINAL, job, model_call
from workbench.errors import InvalidInput
from workbench.i18n import N_, Text

#: of calls or jobs; a worker at work lets it grow to a few thousand
LONG_TAIL = 20_000
#: rows that are read, of jobs and of pruned ones, or of calls, where no sum tells apart what is asked for
MOST_READ = 10_000
#: hours in which a day begins that are asked for one by one; SQLite takes no condition of a thousand
MOST_SPLIT = 400
#: where the longest span begins, so that nothing is left over at the end
_FOREVER = (1 << 61) // LONGEST_MS * LONGEST_MS

#: days of another zone are told apart from 2000 to 2100
_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000

_MANY_JOBS = N_("So many ended jobs are not told apart by all of these. Take a filter away, or choose less time.")
_MANY_CALLS = N_("So many calls are told apart by all of these in one project alone. Choose a project, or less time.")
Filters = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` to before `until`, epoch ms, and what it is told apart by: days of `zone`, hours, or no time."""

    since: int
    until: int
    zone: str | None = None
    hourly: bool = False

    #: what the rollup that is asked holds: whole hours, or whole UTC days; 0: nothing
    unit: int = HOUR_MS

    @property
    def by_time(self) -> bool:
        return self.hourly or self.zone is not None

    @property
    def first(self) -> int:
        """The beginning of the first whole hour, or day."""
        return -(-self.since // self.unit) * self.unit if self.unit else self.until

    @property
    def last(self) -> int:
        """The end of the last whole hour, or day; before `first` when there is none."""
        return self.until // self.unit * self.unit if self.unit else self.since

    def list_split(self, span_ms: int) -> list[int]:
        """The spans, such as hours or thirds of a UTC day, within which a day begins there."""
        if self.zone is None or self.zone == "UTC":
            return []
        zone, spans = ZoneInfo(self.zone), []
        since, until = max(self.since, _EARLIEST_MS), min(self.until, _LATEST_MS)
        day = datetime.fromtimestamp(since / 1000, zone).date()
        while (ms := round(datetime.combine(day, time.min, zone).timestamp() * 1000)) < until:
            if ms % span_ms and ms >= since:
                spans.append(ms - ms % span_ms)
            day += timedelta(days=1)
        return spans

    def list_split_hours(self) -> list[int]:
        """The whole hours in which a day begins, where the zone is half an hour or a quarter off."""
        return [hour for hour in self.list_split(HOUR_MS) if self.first <= hour < self.last]


@dataclass(frozen=True, slots=True)
class _Source:
    """One of the places that rows come from: its dimensions and sums by name, and its time."""

    dimensions: Mapping[str, ColumnElement[Any]]
    sums: Mapping[str, ColumnElement[Any]]
    times: Mapping[str, ColumnElement[Any]]
    at: ColumnElement[Any]
    base: Select[Any]
    conditions: tuple[ColumnElement[bool], ...]
    sign: ColumnElement[Any]
    #: by which an index finds its rows, beside the time
    indexed: tuple[str, ...] = ()


def _sum_each(values: Mapping[str, ColumnElement[Any]], sign: Any = None) -> dict[str, ColumnElement[Any]]:
    # as whole numbers: PostgreSQL's sums are decimals, which take Python longer to read than the sum took to make
    sums = {name: func.sum(value if sign is None else sign * value) for name, value in values.items()}
    return {name: cast(total, BigInteger).label(name) for name, total in sums.items()}


def _usage_source(c: Any, base: Any, jobs: Any | None, sign: int, *conditions: ColumnElement[bool]) -> _Source:
    return _Source(
        call_dimensions(c, jobs),
        _sum_each(usage_sums(c), literal(sign)),
        {"latency": latency_of(c), "ttft": c.ttft_ms},
        c.started_at,
        select().select_from(base),
        conditions,
        literal(sign),
    )


def _job_source(c: Any, base: Any, model: str | None, sign: Any, *conditions: ColumnElement[bool]) -> _Source:
    """`model`: the one that is asked for, which stands on no job."""
    dimensions = {name: c[name] for name in ("project_id", "node_id", "kind", "queue", "profile_id", "created_by")}
    dimensions |= {"error_kind": c.error_kind, "state": c.state, "model": literal(model)}
    return _Source(
        dimensions,
        _sum_each(job_sums(c), sign),
        {"wait": c.started_at - c.created_at, "run": c.finished_at - c.started_at},
        c.finished_at,
        select().select_from(base),
        conditions,
        sign,
    )


@dataclass(frozen=True, slots=True)
class _Kind:
    """Calls, or ended jobs: where their rollup, their tail and their rows are, and what pruned ones have left."""

    table: Table
    facets: Mapping[str, Facet]
    always: tuple[str, ...]
    sums: Mapping[str, ColumnElement[Any]]
    tail: tuple[_Source, ...]
    rows: _Source
    pruned: tuple[_Source, ...] = ()


# Put together once: to write these statements takes longer than to run them.
@functools.cache
def _usage() -> _Kind:
    tail = USAGE_TAIL.outerjoin(job, job.c.id == model_call.c.job_id)
    return _Kind(
        usage_hour,
        USAGE_FACETS,
        USAGE_ALWAYS,
        _sum_each({name: usage_hour.c[name] for name in USAGE_SUMS}),
        (
            _usage_source(model_call.c, tail, job.c, 1),
            _usage_source(usage_undo.c, usage_undo, None, -1),
        ),
        replace(
            _usage_source(model_call.c, CALLS_AND_JOBS, job.c, 1),
            indexed=("project_id", "model", "workflow", "profile_id"),
        ),
    )


def names_model(models: ColumnElement[Any], model: str) -> ColumnElement[bool]:
    """`models`: a line each, as in `pruned_job`."""
    lines = literal("\n") + func.coalesce(models, "") + literal("\n")
    return lines.contains(f"\n{model}\n", autoescape=True)


@functools.lru_cache(64)
def _jobs(model: str | None) -> _Kind:
    called: tuple[ColumnElement[bool], ...] = ()
    if model is not None:
        called = (select(literal(1)).where(model_call.c.job_id == job.c.id, model_call.c.model == model).exists(),)

    def noted(models: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
        return () if model is None else (names_model(models, model),)

    return _Kind(
        job_hour,
        JOB_FACETS if model is None else MODEL_FACETS,
        JOB_ALWAYS,
        _sum_each({name: job_hour.c[name] for name in JOB_SUMS}),
        (
            _job_source(job.c, JOB_TAIL, model, literal(1), *called),
            _job_source(job_undo.c, job_undo, model, job_undo.c.sign, *noted(job_undo.c.models)),
        ),
        replace(_job_source(job.c, job, model, literal(1), job.c.state.in_(TERMINAL), *called), indexed=("node_id",)),
        (_job_source(pruned_job.c, pruned_job, model, literal(1), *noted(pruned_job.c.models)),),
    )


def _matching(columns: Mapping[str, ColumnElement[Any]], filters: Filters) -> list[ColumnElement[bool]]:
    return [
        columns[name].in_(value) if isinstance(value, list | tuple | set | frozenset) else columns[name] == value
        for name, value in filters.items()
        if value is not None
    ]


def _among_few(source: _Source, filters: Filters) -> list[ColumnElement[bool]]:
    """The same of the tail, or of begun hours: these are found first, not a model's rows of all times."""
    return _matching({name: unindexed(column) for name, column in source.dimensions.items()}, filters)


def _of_rollup(
    kind: _Kind, facets: Mapping[int, str], stretch: Stretch, filters: Filters, split: Sequence[int]
) -> list[Any]:
    """`facets`: the one that is asked for each span."""
    c = kind.table.c
    filtered = _matching(dict(c), filters)

    def within(hours: int, *when: ColumnElement[bool]) -> list[ColumnElement[bool]]:
        others = [c["at"].notin_(split)] if split else []
        return [c.facet == facets[hours], *filtered, c.hours == hours, *when, *others]

    if stretch.hourly:
        return [within(1, c["at"] >= stretch.first, c["at"] < stretch.last)]
    if stretch.zone is None or stretch.zone == "UTC":
        # what is not told apart by time is put together from the longest spans
        longest = SPANS[-1] if stretch.zone is None else DAY_MS // HOUR_MS
        spans = [hours for hours in SPANS[::-1] if hours <= longest and hours in facets]
        covered, _ = cover(spans, stretch.first, stretch.last)
        return [within(hours, c["at"] >= since, c["at"] < until) for hours, (since, until) in covered]
    begin, end = -(-stretch.first // THIRD_MS) * THIRD_MS, stretch.last // THIRD_MS * THIRD_MS
    thirds = [third for third in stretch.list_split(THIRD_MS) if begin <= third < end]
    if begin >= end:
        begin = end = stretch.last
    ranges = [(stretch.first, begin), (end, stretch.last)]
    parts = [within(1, c["at"] >= since, c["at"] < until) for since, until in ranges if since < until]
    if begin < end:
        whole = within(THIRD_MS // HOUR_MS, c["at"] >= begin, c["at"] < end)
        parts.append([*whole, c["at"].notin_(thirds)] if thirds else whole)
    if thirds:
        # hour by hour, so that each is found by the index
        hours = [third + n * HOUR_MS for third in thirds for n in range(8)]
        parts.append(within(1, among(c["at"], literal(hours, type_=Ids()))))
    return parts


def _outside(source: _Source, stretch: Stretch, split: Sequence[int]) -> list[ColumnElement[bool]]:
    """What no whole hour of the stretch holds, a condition for each range of an index."""
    at = source.at
    if stretch.first >= stretch.last:
        return [and_(at >= stretch.since, at < stretch.until)] if stretch.since < stretch.until else []
    ends = [
        and_(at >= since, at < until)
        for since, until in ((stretch.since, stretch.first), (stretch.last, stretch.until))
        if since < until
    ]
    hours = [and_(at >= hour, at < hour + HOUR_MS) for hour in split]
    return [*ends, *([or_(*hours)] if hours else [])]


def _inside(source: _Source, stretch: Stretch, split: Sequence[int]) -> list[ColumnElement[bool]]:
    at = source.at
    conditions = [at >= stretch.first, at < stretch.last]
    if split:
        conditions.append((at - at % HOUR_MS).notin_(split))
    return conditions


def _parts(
    conn: Connection, kind: _Kind, groups: Collection[str], stretch: Stretch, filters: Filters
) -> tuple[list[tuple[Any, list[Any]]], list[tuple[_Source, list[ColumnElement[bool]]]]]:
    """Conditions on the rollup, and on each of the sources of rows. Raises InvalidInput."""
    wanted = {*groups, *(name for name, value in filters.items() if value is not None)}
    if kind.table is job_hour and "model" in groups and filters.get("model") is None:
        raise KeyError("model")
    try:
        facets = pick(kind.facets, kind.always, wanted)
    except KeyError:
        return [], _read_rows(conn, kind, replace(stretch, unit=0), filters)
    shortest = min(facets)
    if shortest > SPANS[0]:
        by_utc = stretch.zone is None or stretch.zone == "UTC"
        stretch = replace(stretch, unit=shortest * HOUR_MS if by_utc else 0)
    stretch = _clip(conn, kind, stretch)
    split = stretch.list_split_hours()
    if len(split) > MOST_SPLIT:
        stretch, split = replace(stretch, unit=0), []
    rolled: list[tuple[Any, list[Any]]] = []
    rows: list[tuple[_Source, list[ColumnElement[bool]]]] = []
    if _is_unfinished(conn, kind):
        # the rows themselves are quicker than so long a tail; what pruned jobs count for stands in the rollup
        if kind.table is job_hour:
            given = _of_rollup(kind, facets, stretch, filters, split)
            rolled = [(kind.table, [*conditions, job_hour.c.pruned]) for conditions in given]
            kept = kind.tail[1]
            rows.append(
                (
                    kept,
                    [
                        *kept.conditions,
                        job_undo.c.sign > 0,
                        *_matching(kept.dimensions, filters),
                        *_inside(kept, stretch, split),
                    ],
                )
            )
        rows += _read_outside(kind.pruned, stretch, filters, split)
        return rolled, [*rows, *_read_all(kind.rows, replace(stretch, unit=0), filters)]
    if stretch.first < stretch.last:
        rolled = [(kind.table, given) for given in _of_rollup(kind, facets, stretch, filters, split)]
        rows = [
            (source, [*source.conditions, *_among_few(source, filters), *_inside(source, stretch, split)])
            for source in kind.tail
        ]
    return rolled, [*rows, *_read_outside((kind.rows, *kind.pruned), stretch, filters, split)]


def _read_outside(
    sources: Iterable[_Source], stretch: Stretch, filters: Filters, split: Sequence[int]
) -> list[tuple[_Source, list[ColumnElement[bool]]]]:
    return [
        (source, [*source.conditions, *_among_few(source, filters), range_])
        for source in sources
        for range_ in _outside(source, stretch, split)
    ]


def _read_all(source: _Source, stretch: Stretch, filters: Filters) -> list[tuple[_Source, list[ColumnElement[bool]]]]:
    own = [*source.conditions, *_matching(source.dimensions, filters)]
    return [(source, [*own, range_]) for range_ in _outside(source, stretch, ())]


def _read_rows(
    conn: Connection, kind: _Kind, stretch: Stretch, filters: Filters
) -> list[tuple[_Source, list[ColumnElement[bool]]]]:
    """What no facet tells apart, from the rows, where an index finds few of them; calls of a project however many there
    are. Raises InvalidInput."""
    rows = []
    for source in (kind.rows, *kind.pruned):
        found_by = _find_index(conn, source, stretch, filters)
        if found_by is not None:
            others = {name: value for name, value in filters.items() if name not in found_by}
            few = [*_matching(source.dimensions, found_by), *_among_few(source, others)]
            rows += [(source, [*source.conditions, *few, range_]) for range_ in _outside(source, stretch, ())]
        elif kind.table is job_hour:
            raise InvalidInput(Text(_MANY_JOBS))
        elif filters.get("project_id") is None:
            raise InvalidInput(Text(_MANY_CALLS))
        else:
            rows += _read_all(source, stretch, filters)
    return rows


def _find_index(conn: Connection, source: _Source, stretch: Stretch, filters: Filters) -> Filters | None:
    """The filter, or none, by which an index on it and the time finds few rows; None: there is no such index."""
    for found_by in (*({name: filters[name]} for name in source.indexed if filters.get(name) is not None), {}):
        own = _matching(source.dimensions, found_by)
        many = (
            source.base.add_columns(literal(1)).where(*own, range_).offset(MOST_READ).limit(1)
            for range_ in _outside(source, stretch, ())
        )
        if not any(conn.execute(query).first() for query in many):
            return found_by
    return None


def _clip(conn: Connection, kind: _Kind, stretch: Stretch) -> Stretch:
    """Where days are told apart: no longer than there is something, so that nobody counts through centuries."""
    if stretch.zone is None or stretch.zone == "UTC" or stretch.until - stretch.since < 400 * DAY_MS:
        return stretch
    c = kind.table.c
    moments = [
        # each by itself: SQLite looks either up in an index, and goes through all of it for both
        *(conn.scalar(select(end(own.at))) for own in (kind.rows, *kind.pruned) for end in (func.min, func.max)),
        *conn.execute(select(func.min(c["at"]), func.max(c["at"])).where(c.facet == "all", c.hours == 24)).one(),
    ]
    known = [int(moment) for moment in moments if moment is not None]
    if not known:
        return stretch
    since, until = min(known) // DAY_MS * DAY_MS, (max(known) // DAY_MS + 2) * DAY_MS
    return replace(stretch, since=max(stretch.since, since), until=max(min(stretch.until, until), stretch.since))


def _is_unfinished(conn: Connection, kind: _Kind) -> bool:
    """Whether a long history is still to be rolled up, as after a migration."""
    tail = job_tail if kind.table is job_hour else usage_tail
    return conn.execute(select(literal(1)).select_from(tail).offset(LONG_TAIL).limit(1)).first() is not None


def is_behind(conn: Connection) -> bool:
    """Whether a long history of calls or jobs is still to be rolled up."""
    return _is_unfinished(conn, _usage()) or _is_unfinished(conn, _jobs(None))


def _begin(at: Any, stretch: Stretch) -> Any:
    """What a moment is told apart by: the beginning of its hour, or its day, as `local_midnight` tells it."""
    if not stretch.by_time:
        return null().label("at")
    if stretch.hourly or stretch.zone is None:
        return (at - at % HOUR_MS).label("at")
    # whole days, so that whoever asks again is told at once
    since, until = max(stretch.since, _EARLIEST_MS), min(stretch.until, _LATEST_MS)
    whole = since // DAY_MS * DAY_MS, -(-until // DAY_MS) * DAY_MS
    return local_midnight(at, periods.list_offsets(*whole, ZoneInfo(stretch.zone))).label("at")


def _sum(
    conn: Connection, kind: _Kind, groups: Sequence[str], names: Sequence[str], stretch: Stretch, filters: Filters
) -> dict[tuple[Any, ...], list[int]]:
    rolled, rows = _parts(conn, kind, groups, stretch, filters)
    queries: list[Select[Any]] = []
    for table, conditions in rolled:
        at = _begin(table.c["at"], stretch)
        grouped = [*([at] if stretch.by_time else []), *(table.c[g] for g in groups)]
        sums = [kind.sums[n] for n in names]
        query: Select[Any] = select(at, *(table.c[g] for g in groups), func.count().label("rows"), *sums)
        query = query.where(*conditions)
        queries.append(query.group_by(*grouped) if grouped else query)
    for source, conditions in rows:
        at = _begin(source.at, stretch)
        own = [source.dimensions[g].label(g) for g in groups]
        grouped = [*([at] if stretch.by_time else []), *own]
        sums = [source.sums[n] for n in names]
        query = source.base.add_columns(at, *own, func.count().label("rows"), *sums).where(*conditions)
        queries.append(query.group_by(*grouped) if grouped else query)
    together: dict[tuple[Any, ...], list[int]] = {}
    size = len(groups)
    days: dict[int, int] = {}
    for row in conn.execute(union_all(*queries)).all() if queries else ():
        if not row[1 + size]:
            continue
        key = (_day(days, row[0], stretch), *row[1 : 1 + size])
        sums_of_row = [int(value or 0) for value in row[2 + size :]]
        before = together.get(key)
        together[key] = sums_of_row if before is None else [a + b for a, b in zip(before, sums_of_row, strict=True)]
    return {key: sums for key, sums in together.items() if any(sums)}


def _day(days: dict[int, int], at: int | None, stretch: Stretch) -> int | None:
    if stretch.hourly or at is None or stretch.zone is None:
        return at
    day = days.get(at)
    if day is None:
        day = days[at] = periods.start_of(periods.day_of(int(at), UTC), ZoneInfo(stretch.zone))
    return day


def _merge(
    conn: Connection, kind: _Kind, groups: Sequence[str], names: Sequence[str], stretch: Stretch, filters: Filters
) -> list[dict[tuple[Any, ...], Histogram]]:
    rolled, rows = _parts(conn, kind, groups, stretch, filters)
    queries: list[Select[Any]] = []
    for table, conditions in rolled:
        at = _begin(table.c["at"], stretch)
        packed = [table.c[name] for name in names]
        blank = [literal(None, table.c["at"].type).label(f"{name}_ms") for name in names]
        sign = literal(None, table.c.hours.type).label("sign")
        query = select(at, *(table.c[g] for g in groups), *packed, *blank, sign)
        queries.append(query.where(*conditions, or_(*(own.isnot(None) for own in packed))))
    for source, conditions in rows:
        at = _begin(source.at, stretch)
        times = [source.times[name] for name in names]
        own = [source.dimensions[g].label(g) for g in groups]
        empty = [cast(null(), LargeBinary).label(name) for name in names]
        labelled = [ms.label(f"{name}_ms") for name, ms in zip(names, times, strict=True)]
        query = source.base.add_columns(at, *own, *empty, *labelled, source.sign.label("sign"))
        queries.append(query.where(*conditions, or_(*(ms.isnot(None) for ms in times))))
    size, count = len(groups), len(names)
    packs: list[dict[tuple[Any, ...], list[bytes]]] = [{} for _ in names]
    merged: list[dict[tuple[Any, ...], Histogram]] = [{} for _ in names]
    days: dict[int, int] = {}
    for row in conn.execute(union_all(*queries)).all() if queries else ():
        key = (_day(days, row[0], stretch), *row[1 : 1 + size])
        blobs, moments, sign_of_row = row[1 + size : 1 + size + count], row[1 + size + count : -1], row[-1]
        for place, (blob, ms) in enumerate(zip(blobs, moments, strict=True)):
            if blob is not None:
                packs[place].setdefault(key, []).append(blob)
            elif ms is not None:
                histogram = merged[place].setdefault(key, {})
                bucket = histograms.bucket_of(int(ms))
                histogram[bucket] = histogram.get(bucket, 0) + int(sign_of_row)
    for into, by_key in zip(merged, packs, strict=True):
        for key, packed_of in by_key.items():
            histograms.add(into.setdefault(key, {}), packed_of)
    return merged


def sum_usage(
    conn: Connection, groups: Sequence[str], names: Sequence[str], stretch: Stretch, filters: Filters
) -> dict[tuple[Any, ...], list[int]]:
    """(day, hour or None, the groups …) → sums in the order of their names (`USAGE_SUMS`). What is all zero is left
    out. Groups and filters: `rollups.USAGE_DIMENSIONS`; a list is any of it."""
    return _sum(conn, _usage(), groups, names, stretch, filters)


def merge_usage(
    conn: Connection, groups: Sequence[str], stretch: Stretch, filters: Filters
) -> list[dict[tuple[Any, ...], Histogram]]:
    """(day or None, the groups …) → histogram, ms: of the latency, and of the time to the first token."""
    return _merge(conn, _usage(), groups, ("latency", "ttft"), stretch, filters)


def sum_jobs(
    conn: Connection, groups: Sequence[str], names: Sequence[str], stretch: Stretch, filters: Filters
) -> dict[tuple[Any, ...], list[int]]:
    """The same of ended jobs, by when they ended (`JOB_SUMS`); groups and filters: `rollups.JOB_DIMENSIONS`.
    With a model: jobs that have called it."""
    return _sum(conn, _jobs(filters.get("model")), groups, names, stretch, filters)


def merge_jobs(
    conn: Connection, groups: Sequence[str], stretch: Stretch, filters: Filters
) -> list[dict[tuple[Any, ...], Histogram]]:
    """(day or None, the groups …) → histogram, ms: of how long ended jobs waited, and of how long they ran."""
    return _merge(conn, _jobs(filters.get("model")), groups, ("wait", "run"), stretch, filters)


def has_pruned(conn: Connection, kinds: Sequence[str], since: int, until: int | None, project: int | None) -> bool:
    """Whether jobs of these kinds that ended in the UTC days of a stretch of time were pruned, by whatever release."""
    own = {"kind": [*kinds], "project_id": project}
    end, c, kept = _FOREVER if until is None else until, job_hour.c, job_undo.c
    by_day = [c.facet == ("kind" if project is None else "project"), c.hours == DAY_MS // HOUR_MS, c.pruned]
    parts = (
        select(literal(1)).where(*by_day, *_matching(dict(c), own), c["at"] >= since - since % DAY_MS, c["at"] < end),
        select(literal(1)).where(kept.sign > 0, *_matching(dict(kept), own), kept.finished_at.between(since, end)),
    )
    return any(conn.execute(part.limit(1)).first() is not None for part in parts)


def stretch(since: int, until: int | None, zone: str | None = None, *, hourly: bool = False) -> Stretch:
    """`until` None: without an end."""
    return Stretch(since, _FOREVER if until is None else until, zone, hourly)
