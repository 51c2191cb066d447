"""What was paid and not used, by its causes (`wasted.py` beside this file): sums by the third of a UTC day, the day and
eight days, with the calls of the begun ones at both ends, and corrected by the calls that may have become something
else lately.

These are several statements: ask them in a `snapshot`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, literal, or_, select, union_all

from workbench.db.connection import Ids, among
from workbench.db.reads import wasted
from workbench.db.reads.usage import GROUPS, dimensions, follows, started_at
from workbench.db.rollup_tables import waste_sum, wasted_call
from workbench.db.rollups import DAY_MS, HOUR_MS, THIRD_MS, Range, cover, local_midnight
from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.usage import CallFilters
from workbench.db.rows.waste import DayWaste, KeyWaste, Waste
from workbench.db.schema import model_call
from workbench.db.waste import ALWAYS, EIGHT_DAYS, FACETS, NONE, SUMS, THIRD, pick

#: begun thirds of a day that are asked for in one statement; SQLite takes no condition of a thousand
MOST_SPLIT = 200
#: of more the whole stretch is gone through
MOST_TIMES = 1_000

_ids = bindparam("ids", type_=Ids())
_c = wasted_call.c
_kept_rows = select(wasted_call).where(among(_c.call_id, _ids), _c.cause.isnot(None))

Sums = dict[tuple[Any, ...], list[int]]
#: dimension → what a call must have there; a list is any of it
Given = Mapping[str, Any]


def _conditions(given: Given) -> list[ColumnElement[bool]]:
    """Of the narrow rows."""
    return [_c[n].in_(value) if isinstance(value, list) else _c[n] == value for n, value in given.items()]


def _pick(given: Given, wanted: Collection[str], hours: int) -> str | None:
    """The facet to ask; None when none tells all this apart, and for lists of places, whose narrow rows an index
    finds. An id of 0 is nobody's, and in the sums that of calls with none."""
    if any(isinstance(value, list) or value == 0 for value in given.values()):
        return None
    return pick({*given, *wanted}, hours)


def _corrections(conn: Connection, given: Given) -> list[tuple[int, Any]]:
    """(sign, call): what the sums and the narrow rows hold and is no more, and what they do not hold yet."""
    calls = wasted.list_in_question(conn)
    if not calls:
        return []
    rows: list[tuple[int, Any]] = [(-1, row) for row in conn.execute(_kept_rows, {"ids": calls})]
    rows += [(1, call) for call in wasted.look(conn, calls)]
    return [(sign, row) for sign, row in rows if _holds(row, given)]


def _holds(row: Any, given: Given) -> bool:
    return all(
        getattr(row, name) in value if isinstance(value, list) else getattr(row, name) == value
        for name, value in given.items()
    )


def _add(sums: Sums, rows: Iterable[Any], size: int) -> None:
    for row in rows:
        own = sums[tuple(value or None for value in row[:size])]
        for place, value in enumerate(row[size:]):
            own[place] += int(value or 0)


def _of_facet(facet: str, hours: int, stretch: Range, given: Given) -> list[ColumnElement[bool]]:
    c, (begin, end) = waste_sum.c, stretch
    span, first = hours * HOUR_MS, (*FACETS[facet][0], *ALWAYS)[0]
    times = range(-(-begin // span) * span, end, span)
    own = dict(given)
    within: ColumnElement[bool] = and_(c["at"] >= begin, c["at"] < end)
    if given and len(times) <= MOST_TIMES:
        # each time for itself, by the key: PostgreSQL would go through the rows of all times
        within = among(c["at"], literal([*times], type_=Ids()))
    if first in given and len(times) <= MOST_TIMES:
        # what matches stands together in the key, behind what the facet does not tell apart
        own |= {name: none for name, none in takewhile(lambda column: column[0] != first, NONE.items())}
    return [c.facet == facet, c.hours == hours, within, *(c[name] == value for name, value in own.items())]


def _between(since: int, until: int) -> ColumnElement[bool]:
    return and_(_c.started_at >= since, _c.started_at < until)


def sum_waste(conn: Connection, since: int, until: int, filters: CallFilters) -> list[Waste]:
    """By cause, workflow and currency."""
    sums = _sum_causes(conn, "workflow", since, until, dimensions(conn, filters))
    rows = [Waste(cause, workflow, currency, *own) for (cause, workflow, currency), own in sums.items() if any(own)]
    return sorted(rows, key=lambda row: (row.cause, row.workflow or "", row.currency or ""))


def sum_by(conn: Connection, group: str, since: int, until: int, filters: CallFilters) -> list[KeyWaste]:
    """By one of `usage.GROUPS` – model, workflow, project, node, profile, user – with cause and currency."""
    sums = _sum_causes(conn, GROUPS[group], since, until, dimensions(conn, filters))
    return [KeyWaste(key, cause, currency, *own) for (cause, key, currency), own in sums.items() if any(own)]


def _sum_causes(conn: Connection, group: str, since: int, until: int, given: Given) -> Sums:
    """(cause, what stands in the column that it is grouped by, currency) → `SUMS`."""
    sums: Sums = defaultdict(lambda: [0] * len(SUMS))
    if parts := _list_parts(group, since, until, given):
        found = [*union_all(*parts).subquery().c]
        groups, added = found[:3], found[3:]
        _add(sums, conn.execute(select(*groups, *map(func.sum, added)).group_by(*groups)), 3)
    for sign, call in _corrections(conn, given):
        if since <= call.started_at < until:
            own = (call.cause, getattr(call, group), call.currency)
            _add(sums, [(*own, sign, sign * call.cost_micros, sign * call.unpriced)], 3)
    return sums


def _list_parts(group: str, since: int, until: int, given: Given) -> list[Select[Any]]:
    """The rows to be summed up: of the sums, and of the calls in what these do not cover."""
    facet = _pick(given, {group}, EIGHT_DAYS)
    c, parts, rest = waste_sum.c, list[Select[Any]](), [(since, until)]
    if facet is not None:
        covered, rest = cover(FACETS[facet][1], since, until)
        query = select(c.cause, c[group].label("key"), c.currency, *(c[name] for name in SUMS))
        parts += [query.where(*_of_facet(facet, hours, stretch, given)) for hours, stretch in covered]
    if rest:
        of_calls = select(_c.cause, _c[group], _c.currency, literal(1), _c.cost_micros, _c.unpriced)
        times = or_(*(_between(*stretch) for stretch in rest))
        parts.append(of_calls.where(times, _c.cause.isnot(None), *_conditions(given)))
    return parts


def sum_by_day(
    conn: Connection, since: int, until: int, filters: CallFilters, offsets: Sequence[tuple[int, int]]
) -> list[DayWaste]:
    """The same by day and currency, oldest first. `offsets`: (from, offset from UTC), ms, of the zone; a day is
    midnight there, by a clock that stands on UTC."""
    given = dimensions(conn, filters)
    facet = _pick(given, (), THIRD)
    newest_first = sorted(offsets, reverse=True)

    def day_of(at: int) -> int:
        local = at + next((ms for begin, ms in newest_first if at >= begin), newest_first[-1][1])
        return local - local % DAY_MS

    sums: Sums = defaultdict(lambda: [0, 0])
    if facet is None:
        split = [(since, until)]
    else:
        stretch = (since - THIRD_MS + 1, until)
        split = _add_thirds(conn, sums, _of_facet(facet, THIRD, stretch, given), since, until, day_of)
    day = local_midnight(_c.started_at, offsets).label("day")
    for begin in range(0, len(split), MOST_SPLIT):
        times = or_(*(_between(*times) for times in split[begin : begin + MOST_SPLIT]))
        query = select(day, _c.currency, func.count(), func.sum(_c.cost_micros))
        query = query.where(times, _c.cause.isnot(None))
        # by its name: PostgreSQL does not see that two expressions with parameters are one
        query = query.where(*_conditions(given)).group_by("day", _c.currency)
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
    given = dimensions(conn, filters)
    changed = _corrections(conn, given)
    gone = {call.call_id for sign, call in changed if sign < 0}
    query = select(_c.call_id, _c.started_at).where(_c.cause == cause, _between(since, until))
    added = [(call.started_at, call.call_id) for sign, call in changed
             if sign > 0 and call.cause == cause and since <= call.started_at < until]  # fmt: skip
    if before is not None:
        at = started_at(conn, before)
        query = query.where(_c.started_at <= at, follows(_c.started_at, _c.call_id, at, before))
        added = [key for key in added if key < (at, before)]
    query = query.where(*_conditions(given)).order_by(_c.started_at.desc(), _c.call_id.desc())
    # one more for each that is to be left out
    found = [(at, i) for i, at in conn.execute(query.limit(limit + len(gone))) if i not in gone] + added
    newest = [i for _, i in sorted(found, reverse=True)[:limit]]
    query = select(*columns(CallSummary, model_call)).where(among(model_call.c.id, _ids))
    return fetch(
        conn, CallSummary, query.order_by(model_call.c.started_at.desc(), model_call.c.id.desc()), {"ids": newest}
    )
