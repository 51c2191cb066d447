"""What the board sums up over the jobs that match its filters: by spans of time that end now."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, case, func, literal, null, select, union_all

from workbench.db.reads.jobs import restrict
from workbench.db.reads.usage import unpriced
from workbench.db.rows.jobs import JobFilters
from workbench.db.rows.usage import JobSuccess, SpanCost
from workbench.db.schema import FAILED, job, model_call


def _has(filters: JobFilters) -> bool:
    return any(value is not None for value in filters.values())


def _within(conn: Connection, filters: JobFilters, at: ColumnElement[Any], begin: int, end: int) -> CTE:
    """The jobs of a span of time that match. First the span, which an index gives: a planner that begins with a filter,
    such as a workflow, reads all of its history."""
    if not _has(filters):
        # an index of the time holds all that is asked
        every = select(job.c.id, job.c.state, job.c.created_at, at.label("at"))
        return every.where(at >= begin, at < end).cte("matching")
    span = select(job.c.id, at.label("at")).where(at >= begin, at < end).cte("span").prefix_with("MATERIALIZED")
    rows = select(job.c.id, job.c.state, job.c.created_at, span.c.at).join(span, span.c.id == job.c.id)
    return restrict(conn, rows, filters).cte("matching")


def list_ended(conn: Connection, filters: JobFilters, *, begin: int, span_ms: int, spans: int) -> list[JobSuccess]:
    """Jobs that ended and how many of them succeeded, for each of so many spans from `begin` (epoch ms) on."""
    ended = _within(conn, filters, job.c.finished_at, begin, begin + spans * span_ms)
    span = ((ended.c.at - begin) // span_ms).label("span")
    done = func.sum(case((ended.c.state.in_(("succeeded", *FAILED)), 1), else_=0))
    good = func.sum(case((ended.c.state == "succeeded", 1), else_=0))
    sums = {int(n): (int(d), int(s)) for n, d, s in conn.execute(select(span, done, good).group_by(span))}
    return [JobSuccess(begin + n * span_ms, *sums.get(n, (0, 0))) for n in range(spans)]


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


def list_costs(conn: Connection, filters: JobFilters, *, begin: int, span_ms: int, spans: int) -> list[SpanCost]:
    """What the calls of matching jobs cost, by the span in which they began and by currency; calls of no job, such as
    profile checks, count where there is no filter. What came with an imported project is left out: another home has
    paid it."""
    span = ((model_call.c.started_at - begin) // span_ms).label("span")
    within = (model_call.c.started_at >= begin, model_call.c.started_at < begin + spans * span_ms)
    if not _has(filters):
        return _sum_all(conn, span, *within)
    # told apart by an index of these few: the index of the time, which holds the rest, has no room for it
    imported = model_call.alias("imported")
    few = select(imported.c.id).where(imported.c.imported_at.isnot(None))
    by = (span, model_call.c.currency, model_call.c.job_id)
    cost = model_call.c.cost_micros
    # what cost something is in that index, too; the others alone are looked up
    priced = select(*by, func.sum(cost).label("micros"), literal(0).label("unknown")).where(cost.isnot(None))
    unknown = select(*by, null().label("micros"), func.count().label("unknown")).where(cost.is_(None), unpriced)
    parts = (
        part.where(*within, model_call.c.id.notin_(few)).group_by("span", model_call.c.currency, model_call.c.job_id)
        for part in (priced, unknown)
    )
    made = union_all(*parts).cte("calls").prefix_with("MATERIALIZED")
    # Job by job, which the offset says to PostgreSQL: it would read all jobs to find those of some thousand calls.
    its_job = select(literal(1)).where(job.c.id == made.c.job_id).correlate(made)
    matching = restrict(conn, its_job, filters).offset(0).exists()
    sums = (func.sum(made.c.micros), func.sum(made.c.unknown))
    query = select(made.c.span, made.c.currency, *sums).where(matching)
    rows = conn.execute(query.group_by(made.c.span, made.c.currency))
    return [SpanCost(int(n), currency, None if m is None else int(m), int(u)) for n, currency, m, u in rows]


def _sum_all(conn: Connection, span: Any, *within: ColumnElement[bool]) -> list[SpanCost]:
    """Of all calls: what they cost stands in the index of their time, and only those of no known price, and those that
    were imported, are looked up."""
    currency, cost = model_call.c.currency, model_call.c.cost_micros
    priced = select(span, currency, func.count(cost), func.sum(cost)).where(*within, cost.isnot(None))
    unknown = select(span, currency, func.count()).where(*within, cost.is_(None), unpriced)
    costs: dict[tuple[int, str | None], list[int]] = defaultdict(lambda: [0, 0, 0])
    elsewhere = model_call.c.imported_at.isnot(None)
    for sign, conditions in ((1, ()), (-1, (elsewhere,))):
        for n, of, count, micros in conn.execute(priced.where(*conditions).group_by("span", currency)):
            known = costs[int(n), of]
            known[0] += sign * int(count)
            known[1] += sign * int(micros)
    for n, of, count in conn.execute(unknown.where(~elsewhere).group_by("span", currency)):
        costs[int(n), of][2] += int(count)
    return [
        SpanCost(n, of, micros if count else None, unpriced_calls)
        for (n, of), (count, micros, unpriced_calls) in costs.items()
        if count or unpriced_calls
    ]
