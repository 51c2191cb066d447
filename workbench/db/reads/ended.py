"""Lists and counts of long histories by what jobs cost and how long they ran: from the narrow rows of ended jobs
(`schema.ended_job`), beside the few that are at work or not rolled up yet.

Which these few are is asked first. A job of theirs never counts by its narrow row, so it does not matter when it is
rolled up meanwhile.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    union,
    union_all,
)

from workbench.db.connection import Ids, among, unindexed
from workbench.db.measures import Measure, bucket_of, end_of
from workbench.db.reads import families, rollups
from workbench.db.rollup_tables import job_tail
from workbench.db.rollups import DAY_MS, USAGE_TAIL
from workbench.db.schema import ACTIVE, ended_count, ended_job, job, model_call

#: micros of yuan and of dollars; None where nothing is known
Cost = tuple[int | None, int | None]

#: jobs that are put in order one by one, rather than found by walking through all of them
FEW = 5_000
_ALL = 2**62
#: filters of jobs whose values stand in the narrow rows
_NARROW = {"state", "kind", "project", "profile", "error_kind", "since", "until", "run_over", "cost_over"}
#: the amounts that a narrow row holds
_AMOUNTS: Mapping[str, ColumnElement[Any]] = {"CNY": ended_job.c.cny_micros, "USD": ended_job.c.usd_micros}

#: a job's own narrow row, within whatever asks about such rows itself
_own = ended_job.alias("own")

_ids = bindparam("ids", type_=Ids())


_dollars = model_call.c.currency == "USD"
#: (job, micros of yuan, micros of dollars) of jobs that called somebody
_costs = (
    select(
        model_call.c.job_id,
        func.sum(case((_dollars, None), else_=model_call.c.cost_micros)),
        func.sum(case((_dollars, model_call.c.cost_micros))),
    )
    .where(among(model_call.c.job_id, _ids))
    .group_by(model_call.c.job_id)
)
_settling = (select(job.c.id).where(job.c.state.in_(ACTIVE)), select(job_tail.c.job_id))
_at_work = union(*_settling)
_paying = select(model_call.c.job_id).select_from(USAGE_TAIL).where(model_call.c.job_id.isnot(None)).distinct()


def is_behind(conn: Connection) -> bool:
    """Whether a long history is still to be rolled up: the wide rows are quicker than so many one by one."""
    return rollups.is_behind(conn)


def list_unsettled(conn: Connection, *, costs: bool) -> list[int]:
    """The jobs that do not count by their narrow rows; `costs`: neither do those whose family's calls are changing."""
    unsettled = {*conn.scalars(_at_work)}
    if costs:
        unsettled |= families.list_above(conn, conn.scalars(_paying))
    return sorted(unsettled)


def sum_costs(conn: Connection, ids: Collection[int]) -> dict[int, Cost]:
    """Job → what its family has cost up to now; those that called nobody are left out."""
    below = families.list_families(conn, ids)
    known = {i: (cny, usd) for i, cny, usd in conn.execute(_costs, {"ids": sorted(set().union(*below.values()))})}
    costs = {}
    for root, family in below.items():
        if own := [known[i] for i in family if i in known]:
            costs[root] = (_sum([cny for cny, _ in own]), _sum([usd for _, usd in own]))
    return costs


def _sum(amounts: Iterable[Any]) -> int | None:
    known = [int(micros) for micros in amounts if micros is not None]
    return sum(known) if known else None


def exceeds(cost: Cost, amounts: Mapping[str, int]) -> bool:
    return any(
        micros is not None and name in amounts and micros > amounts[name]
        for name, micros in zip(_AMOUNTS, cost, strict=True)
    )


def _exceeding(
    amounts: Mapping[str, int], columns: Mapping[str, ColumnElement[Any]] = _AMOUNTS
) -> list[ColumnElement[bool]]:
    """A condition for each index of amounts."""
    return [column > amounts[name] for name, column in columns.items() if name in amounts]


def cost_more(conn: Connection, amounts: Mapping[str, int], lowest: int | None = None) -> ColumnElement[bool]:
    """Of jobs that cost more than an amount (currency → micros), with their children and theirs; `lowest`: most jobs
    from this id on are asked of, and none below."""
    unsettled = list_unsettled(conn, costs=True)
    over = [i for i, cost in sum_costs(conn, unsettled).items() if exceeds(cost, amounts)]
    known: set[int] = set()
    for condition in _exceeding(amounts):
        if _are_many(conn, condition):
            own = _own.c
            if lowest is not None:
                # of those from an id on, not of all that ever cost so much
                more = or_(*_exceeding(amounts, {"CNY": unindexed(own.cny_micros), "USD": unindexed(own.usd_micros)}))
                settled = select(own.job_id).where(own.job_id >= lowest, more, ~_one_of(unsettled, own.job_id))
                # one list of ids, not one or the other: a planner would ask job by job
                return job.c.id.in_(union_all(settled, select(job.c.id).where(_one_of(over))))
            # whoever goes through the jobs finds a page of them soon
            more = or_(*_exceeding(amounts, {"CNY": own.cny_micros, "USD": own.usd_micros}))
            exists = select(literal(1)).where(own.job_id == job.c.id, more).exists()
            return or_(and_(exists, ~_one_of(unsettled)), _one_of(over))
        known.update(conn.scalars(select(ended_job.c.job_id).where(condition)))
    return _one_of(known - {*unsettled} | {*over})


def may_have_run(conn: Connection, run_over: int) -> ColumnElement[bool]:
    """Of jobs among which all are that ran longer: those few, or all when there are many."""
    is_over = ended_job.c.run_ms > run_over
    if _are_many(conn, is_over):
        return true()
    long = select(ended_job.c.job_id).where(is_over)
    return _one_of({*conn.scalars(long), *list_unsettled(conn, costs=False)})


def _are_many(conn: Connection, is_over: Any) -> bool:
    """Whether more than FEW narrow rows have so large a value: in the order of its index, which PostgreSQL would leave
    for all rows once it plans for any value."""
    largest = select(literal(1)).where(is_over).order_by(is_over.left.desc())
    return conn.execute(largest.offset(FEW).limit(1)).first() is not None


def _one_of(ids: Iterable[int], column: ColumnElement[int] = job.c.id) -> ColumnElement[bool]:
    return among(column, literal(sorted(ids), type_=Ids()))


def can_count(conn: Connection, filters: Mapping[str, Any]) -> bool:
    """Whether the narrow rows tell how many match."""
    given = {name for name, value in filters.items() if value not in (None, "")}
    return given <= _NARROW and not is_behind(conn)


def narrow(filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """The same filters as those of jobs, of narrow rows."""
    c = ended_job.c
    conditions: list[ColumnElement[bool]] = []
    if state := filters.get("state"):
        conditions.append(c.state.in_([state] if isinstance(state, str) else state))
    if kind := filters.get("kind"):
        conditions.append(c.kind == kind)
    if (project := filters.get("project")) is not None:
        conditions.append(c.project_id == project)
    if (profile := filters.get("profile")) is not None:
        conditions.append(c.profile_id == profile if profile else c.profile_id.is_(None))
    if error_kind := filters.get("error_kind"):
        conditions.append(c.error_kind == error_kind)
    if (since := filters.get("since")) is not None:
        conditions.append(c.created_at >= since)
    if (until := filters.get("until")) is not None:
        conditions.append(c.created_at < until)
    if (run_over := filters.get("run_over")) is not None:
        conditions.append(c.run_ms > run_over)
    return conditions


def count_states(conn: Connection, filters: Mapping[str, Any], unsettled: Collection[int]) -> Counter[str]:
    """State → how many narrow rows match, without those of unsettled jobs. Ask only what `can_count`."""
    # each range of an index of its own; what is over both amounts counts in the first
    parts: list[list[ColumnElement[bool]]] = [[]]
    if amounts := filters.get("cost_over"):
        first, *second = _exceeding(amounts) or [literal(False)]
        parts = [[first], *([condition, not_(func.coalesce(first, False))] for condition in second)]
    matching = [_by_state(*narrow(filters), *part) for part in parts]
    counts: Counter[str] = Counter()
    # one statement: PostgreSQL's reads see each at its own moment
    for state, jobs in conn.execute(union_all(*(_count_by_measure(filters) or matching))):
        counts[state] += int(jobs or 0)
    for query in matching:
        stale = query.where(among(ended_job.c.job_id, literal([*unsettled], type_=Ids())))
        counts.subtract({state: int(n) for state, n in conn.execute(stale)})
    return counts


def _by_state(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(ended_job.c.state, func.count().label("jobs")).where(*conditions).group_by(ended_job.c.state)


def _count_by_measure(filters: Mapping[str, Any]) -> list[Select[Any]]:
    """(state, jobs) of buckets and of the narrow rows of those that match in part; none where more than one measure, or
    something else, is asked for."""
    given = {name: value for name, value in filters.items() if value not in (None, "")}
    names = given.keys() - {"state"}
    if names and names <= {"since", "until"}:
        parts = _count_days(given.get("since"), given.get("until"))
    elif names == {"run_over"}:
        parts = _count_over("run", ended_job.c.run_ms, given["run_over"])
    elif names == {"cost_over"}:
        over = {name: column for name, column in _AMOUNTS.items() if name in given["cost_over"]}
        parts = []
        for name, column in over.items():
            parts += _count_over("cny" if name == "CNY" else "usd", column, given["cost_over"][name])
        if len(over) > 1:
            # what is over both was counted twice
            twice = _by_state(*_exceeding(given["cost_over"], over)).with_only_columns(
                ended_job.c.state, (-func.count()).label("jobs")
            )
            parts.append(twice)
    else:
        return []
    if state := given.get("state"):
        states = [state] if isinstance(state, str) else state
        parts = [part.where(part.selected_columns.state.in_(states)) for part in parts]
    return parts


def _count_over(measure: Measure, column: ColumnElement[Any], value: int) -> list[Select[Any]]:
    bucket = bucket_of(measure, value)
    return [_sum_buckets(measure, ended_count.c.bucket > bucket), _by_state(column > value, column <= end_of(bucket))]


def _count_days(since: int | None, until: int | None) -> list[Select[Any]]:
    first = None if since is None else -(-since // DAY_MS)
    last = None if until is None else until // DAY_MS
    created, bucket = ended_job.c.created_at, ended_count.c.bucket
    if first is not None and last is not None and first >= last:
        return [_by_state(created >= since, created < until)]
    whole = [*([bucket >= first] if first is not None else []), *([bucket < last] if last is not None else [])]
    parts = [_sum_buckets("day", *whole)]
    if first is not None:
        parts.append(_by_state(created >= since, created < first * DAY_MS))
    if last is not None:
        parts.append(_by_state(created >= last * DAY_MS, created < until))
    return parts


def _sum_buckets(measure: Measure, *conditions: ColumnElement[bool]) -> Select[Any]:
    c = ended_count.c
    return select(c.state, func.sum(c.jobs).label("jobs")).where(c.measure == measure, *conditions).group_by(c.state)


#: what a job that matches is; nothing: all do
Conditions = Sequence[ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class CostOrder:
    """A page of jobs by their cost in yuan: `limit` of those that come after a job of this cost (micros) and id."""

    descending: bool
    limit: int
    yuan_for_dollar: float
    after: tuple[float, int] | None


def by_cost(matching: Conditions, order: CostOrder, unsettled: Collection[int]) -> list[Select[Any]]:
    """(job, micros of yuan, micros of dollars) of settled jobs that match, so many of each that the first by cost are
    among them: those in yuan, those in dollars and those in both, each in order."""
    c = ended_job.c
    # the narrow row first: a sum on its side, or SQLite would go through all jobs and look each up
    both = ended_job.join(job, job.c.id == c.job_id + literal_column("0")) if matching else ended_job
    settled = select(c.job_id, c.cny_micros, c.usd_micros).select_from(both)
    settled = settled.where(*matching, ~among(c.job_id, literal([*unsettled], type_=Ids())))
    orders = []
    for own, other, rate in ((c.cny_micros, c.usd_micros, 1.0), (c.usd_micros, c.cny_micros, order.yuan_for_dollar)):
        by_amount = own.desc() if order.descending else own.asc()
        for part in _after(own, rate, order):
            priced = settled.where(own.isnot(None), other.is_(None), *part)
            orders.append(priced.order_by(by_amount, c.job_id.desc()).limit(order.limit))
    return [*orders, _by_both(matching, order, unsettled)]


def _by_both(matching: Conditions, order: CostOrder, unsettled: Collection[int]) -> Select[Any]:
    c = ended_job.c
    paid = select(c.job_id, c.cny_micros, c.usd_micros).where(c.cny_micros.isnot(None), c.usd_micros.isnot(None))
    # all of them, in the order of the index that holds just these: SQLite would go through whatever paid in dollars
    both = paid.order_by(c.job_id).limit(_ALL).cte("both").prefix_with("MATERIALIZED")
    query = select(*both.c).where(~among(both.c.job_id, literal([*unsettled], type_=Ids())))
    if matching:
        # job by job, which the offset says to PostgreSQL: it would read all of them to find these few
        its_job = select(literal(1)).where(job.c.id == both.c.job_id, *matching).correlate(both).offset(0)
        query = query.where(its_job.exists())
    yuan: ColumnElement[float] = both.c.cny_micros + both.c.usd_micros * literal(order.yuan_for_dollar, Float())
    if order.after is not None:
        value, job_id = order.after
        later = yuan < value if order.descending else yuan > value
        query = query.where(or_(later, and_(yuan == value, both.c.job_id < job_id)))
    return query.order_by(yuan.desc() if order.descending else yuan, both.c.job_id.desc()).limit(order.limit)


def _after(own: ColumnElement[Any], rate: float, order: CostOrder) -> list[list[ColumnElement[bool]]]:
    """What an order begins after, by an amount that counts `rate` in yuan: a range of its index each."""
    if order.after is None:
        return [[]]
    value, job_id = order.after
    # the largest amount that is not more; what it is in yuan is rounded
    amount = math.floor(value / rate) + 1
    while amount * rate > value:
        amount -= 1
    equal = amount * rate == value
    beyond = own > amount if not order.descending else own < amount if equal else own <= amount
    return [*([[own == amount, ended_job.c.job_id < job_id]] if equal else []), [beyond]]


def costs_nothing_known(unsettled: Collection[int]) -> ColumnElement[bool]:
    """Of settled jobs whose families have no call of a known price."""
    c = _own.c
    known = select(literal(1)).where(c.job_id == job.c.id, or_(c.cny_micros.isnot(None), c.usd_micros.isnot(None)))
    return and_(~known.exists(), ~_one_of(unsettled))
