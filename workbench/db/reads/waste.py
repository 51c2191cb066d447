"""What was paid and not used, by its causes (`wasted.py` beside this file): sums by the UTC day, or by the third of it,
with the calls of the begun days at both ends, and corrected by the calls that may have become something else lately.

These are several statements: ask them in a `snapshot`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, case, func, or_, select

from workbench.db.connection import Ids, among
from workbench.db.reads import wasted
from workbench.db.reads.usage import GROUPS, dimensions, follows, started_at
from workbench.db.rollup_tables import waste_sum, wasted_call
from workbench.db.rollups import DAY_MS, THIRD_MS, call_dimensions
from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.usage import CallFilters
from workbench.db.rows.waste import DayWaste, KeyWaste, Waste
from workbench.db.schema import job, model_call
from workbench.db.waste import FACETS, NONE, SUMS

#: begun thirds of a day that are asked for in one statement; SQLite takes no condition of a thousand
MOST_SPLIT = 200

_ids = bindparam("ids", type_=Ids())
_c = wasted_call.c
_row_sums = (func.count(), func.sum(_c.cost_micros), func.sum(_c.unpriced))
_kept_rows = select(wasted_call).where(among(_c.call_id, _ids), _c.cause.isnot(None))

Sums = dict[tuple[Any, ...], list[int]]


#: what a narrow row holds of its call; the rest stands in the call, or in its job
_NARROW = ("project_id", "workflow", "model")
_of_call = call_dimensions(model_call.c, job.c)
_WITH_CALLS = wasted_call.join(model_call, model_call.c.id == _c.call_id).outerjoin(
    job, job.c.id == model_call.c.job_id
)


@dataclass(frozen=True)
class _Given:
    """What is asked for: of the narrow rows, and of their calls. A list is any of it."""

    narrow: Mapping[str, Any]
    calls: Mapping[str, Any]

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        return [*_matching(dict(_c), self.narrow), *_matching(_of_call, self.calls)]

    @property
    def source(self) -> Any:
        return _WITH_CALLS if self.calls else wasted_call


def _read_filters(conn: Connection, filters: CallFilters) -> _Given:
    asked = dimensions(conn, filters)
    return _Given(
        {n: v for n, v in asked.items() if n in _NARROW}, {n: v for n, v in asked.items() if n not in _NARROW}
    )


def _matching(columns: Mapping[str, Any], given: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [columns[n].in_(value) if isinstance(value, list) else columns[n] == value for n, value in given.items()]


def _corrections(conn: Connection, given: _Given) -> list[tuple[int, Any]]:
    """(sign, call): what the sums and the narrow rows hold and is no more, and what they do not hold yet."""
    calls = wasted.list_in_question(conn)
    if calls and given.calls:
        of_calls = select(model_call.c.id).select_from(model_call.outerjoin(job, job.c.id == model_call.c.job_id))
        of_calls = of_calls.where(among(model_call.c.id, _ids), *_matching(_of_call, given.calls))
        calls = [*conn.scalars(of_calls, {"ids": calls})]
    if not calls:
        return []
    rows: list[tuple[int, Any]] = [(-1, row) for row in conn.execute(_kept_rows, {"ids": calls})]
    rows += [(1, call) for call in wasted.look(conn, calls)]
    return [(sign, row) for sign, row in rows if _holds(row, given.narrow)]


def _holds(row: Any, given: Mapping[str, Any]) -> bool:
    return all(
        getattr(row, name) in value if isinstance(value, list) else getattr(row, name) == value
        for name, value in given.items()
    )


def _add(sums: Sums, rows: Iterable[Any], size: int) -> None:
    for row in rows:
        own = sums[tuple(value or None for value in row[:size])]
        for place, value in enumerate(row[size:]):
            own[place] += int(value or 0)


def _of_facet(facet: str, first: int, last: int, given: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """Rows of a facet from a time on, to before another; in the order of the primary key."""
    c = waste_sum.c
    _, shown = FACETS[facet]
    own = {name: given.get(name, none) for name, none in NONE.items() if name in given or name not in shown}
    return [c.facet == facet, *(c[n] == value for n, value in own.items()), c["at"] >= first, c["at"] < last]


def _between(since: int, until: int) -> ColumnElement[bool]:
    return and_(_c.started_at >= since, _c.started_at < until)


def sum_waste(conn: Connection, since: int, until: int, filters: CallFilters) -> list[Waste]:
    """By cause, workflow and currency."""
    sums = _sum_causes(conn, "workflow", since, until, _read_filters(conn, filters))
    rows = [Waste(cause, workflow, currency, *own) for (cause, workflow, currency), own in sums.items() if any(own)]
    return sorted(rows, key=lambda row: (row.cause, row.workflow or "", row.currency or ""))


def sum_by(conn: Connection, group: str, since: int, until: int, filters: CallFilters) -> list[KeyWaste]:
    """By one of `usage.GROUPS` – model, workflow, project, node, profile, user – with cause and currency."""
    sums = _sum_causes(conn, GROUPS[group], since, until, _read_filters(conn, filters))
    return [KeyWaste(key, cause, currency, *own) for (cause, key, currency), own in sums.items() if any(own)]


def _sum_causes(conn: Connection, group: str, since: int, until: int, given: _Given) -> Sums:
    """(cause, what stands in the column that it is grouped by, currency) → `SUMS`."""
    narrow = group in _NARROW
    facet = _pick("cause", {*given.narrow, group} - {"workflow"}) if narrow and not given.calls else None
    if any(isinstance(value, list) for value in given.narrow.values()):
        facet = None
    first, last = -(-since // DAY_MS) * DAY_MS, until // DAY_MS * DAY_MS
    sums: Sums = defaultdict(lambda: [0] * len(SUMS))
    ends = _between(since, until)
    if facet is not None and first < last:
        c = waste_sum.c
        groups = (c.cause, c[group], c.currency)
        query = select(*groups, *(func.sum(c[name]) for name in SUMS)).group_by(*groups)
        _add(sums, conn.execute(query.where(*_of_facet(facet, first, last, given.narrow))), 3)
        ends = or_(_between(since, first), _between(last, until))
    key = (_c[group] if narrow else _of_call[group]).label("key")
    source = given.source if narrow else _WITH_CALLS
    query = select(_c.cause, key, _c.currency, *_row_sums).select_from(source).where(ends, _c.cause.isnot(None))
    _add(sums, conn.execute(query.where(*given.conditions).group_by(_c.cause, "key", _c.currency)), 3)
    changed = [(sign, call) for sign, call in _corrections(conn, given) if since <= call.started_at < until]
    keys = {} if narrow else _find_keys(conn, group, [call.call_id for _, call in changed])
    for sign, call in changed:
        # a call that went is in none of the rows with calls
        if narrow or call.call_id in keys:
            own = getattr(call, group) if narrow else keys[call.call_id]
            _add(sums, [(call.cause, own, call.currency, sign, sign * call.cost_micros, sign * call.unpriced)], 3)
    return sums


def _find_keys(conn: Connection, group: str, call_ids: Sequence[int]) -> dict[int, Any]:
    query = select(model_call.c.id, _of_call[group])
    query = query.select_from(model_call.outerjoin(job, job.c.id == model_call.c.job_id))
    return {i: key for i, key in conn.execute(query.where(among(model_call.c.id, _ids)), {"ids": [*call_ids]})}


def _pick(facet: str, given: set[str]) -> str | None:
    """The facet that tells this dimension apart, too; None when there are several."""
    if not given:
        return facet
    if len(given) > 1:
        return None
    [name] = given
    name = name.removesuffix("_id")
    return name if facet == "all" else f"{facet}_{name}"


def sum_by_day(
    conn: Connection, since: int, until: int, filters: CallFilters, offsets: Sequence[tuple[int, int]]
) -> list[DayWaste]:
    """The same by day and currency, oldest first. `offsets`: (from, offset from UTC), ms, of the zone; a day is
    midnight there, by a clock that stands on UTC."""
    given = _read_filters(conn, filters)
    split_up = any(isinstance(value, list) for value in given.narrow.values())
    facet = None if given.calls or split_up else _pick("all", {*given.narrow})
    newest_first = sorted(offsets, reverse=True)

    def day_of(at: int) -> int:
        local = at + next((ms for begin, ms in newest_first if at >= begin), newest_first[-1][1])
        return local - local % DAY_MS

    sums: Sums = defaultdict(lambda: [0, 0])
    if facet is None:
        split = [(since, until)]
    else:
        split = _add_thirds(
            conn, sums, _of_facet(facet, since - THIRD_MS + 1, until, given.narrow), since, until, day_of
        )
    offset = case(*((_c.started_at >= at, ms) for at, ms in newest_first), else_=newest_first[-1][1])
    local = _c.started_at + offset
    day = (local - local % DAY_MS).label("day")
    for begin in range(0, len(split), MOST_SPLIT):
        times = or_(*(_between(*times) for times in split[begin : begin + MOST_SPLIT]))
        query = select(day, _c.currency, func.count(), func.sum(_c.cost_micros)).select_from(given.source)
        query = query.where(times, _c.cause.isnot(None))
        # by its name: PostgreSQL does not see that two expressions with parameters are one
        query = query.where(*given.conditions).group_by("day", _c.currency)
        _add(sums, conn.execute(query), 2)
    for sign, call in _corrections(conn, given):
        if since <= call.started_at < until:
            _add(sums, [(day_of(call.started_at), call.currency, sign, sign * call.cost_micros)], 2)
    ordered = sorted((key for key, own in sums.items() if any(own)), key=lambda key: (key[0], key[1] or ""))
    return [DayWaste(int(day), currency, *sums[day, currency]) for day, currency in ordered]


def _add_thirds(
    conn: Connection,
    sums: Sums,
    conditions: Sequence[ColumnElement[bool]],
    since: int,
    until: int,
    day_of: Callable[[int], int],
) -> list[tuple[int, int]]:
    """Add the thirds that are wholly of one day; returns what there is of the others, from and to."""
    c = waste_sum.c
    query = select(c["at"], c.currency, func.sum(c.calls), func.sum(c.cost_micros))
    split: set[int] = set()
    for at, *row in conn.execute(query.where(*conditions).group_by(c["at"], c.currency)):
        day, last = day_of(at), at + THIRD_MS - 1
        if since <= at and last < until and day == day_of(last):
            _add(sums, [(day, *row)], 2)
        else:
            split.add(at)
    return [(max(since, at), min(until, at + THIRD_MS)) for at in sorted(split)]


def list_wasted(
    conn: Connection, cause: str, since: int, until: int, filters: CallFilters, limit: int, before: int | None = None
) -> list[CallSummary]:
    """The calls behind such a sum, newest first; `before`: those that come after this one in that order."""
    given = _read_filters(conn, filters)
    changed = _corrections(conn, given)
    gone = {call.call_id for sign, call in changed if sign < 0}
    query = select(_c.call_id, _c.started_at).select_from(given.source)
    query = query.where(_c.cause == cause, _between(since, until))
    added = [(call.started_at, call.call_id) for sign, call in changed
             if sign > 0 and call.cause == cause and since <= call.started_at < until]  # fmt: skip
    if before is not None:
        at = started_at(conn, before)
        query = query.where(_c.started_at <= at, follows(_c.started_at, _c.call_id, at, before))
        added = [key for key in added if key < (at, before)]
    query = query.where(*given.conditions).order_by(_c.started_at.desc(), _c.call_id.desc())
    # one more for each that is to be left out
    found = [(at, i) for i, at in conn.execute(query.limit(limit + len(gone))) if i not in gone] + added
    newest = [i for _, i in sorted(found, reverse=True)[:limit]]
    query = select(*columns(CallSummary, model_call)).where(among(model_call.c.id, _ids))
    return fetch(
        conn, CallSummary, query.order_by(model_call.c.started_at.desc(), model_call.c.id.desc()), {"ids": newest}
    )
