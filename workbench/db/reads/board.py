"""What the board sums up over the jobs that match its filters: by spans of time that end now."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Select, case, func, select

from workbench.db.reads.jobs import restrict
from workbench.db.reads.usage import unpriced
from workbench.db.rows.jobs import JobFilters
from workbench.db.rows.usage import JobSuccess, SpanCost
from workbench.db.schema import TERMINAL, job, model_call


def list_ended(conn: Connection, filters: JobFilters, *, begin: int, span_ms: int, spans: int) -> list[JobSuccess]:
    """Jobs that ended and how many of them succeeded, for each of so many spans from `begin` (epoch ms) on."""
    span = ((job.c.finished_at - begin) // span_ms).label("span")
    done = func.sum(case((job.c.state != "cancelled", 1), else_=0))
    good = func.sum(case((job.c.state == "succeeded", 1), else_=0))
    query = select(span, done, good).where(
        job.c.state.in_(TERMINAL), job.c.finished_at >= begin, job.c.finished_at < begin + spans * span_ms
    )
    sums = {int(n): (int(d), int(s)) for n, d, s in conn.execute(restrict(conn, query, filters).group_by(span))}
    return [JobSuccess(begin + n * span_ms, *sums.get(n, (0, 0))) for n in range(spans)]


def list_waits(conn: Connection, filters: JobFilters, *, begin: int, span_ms: int, spans: int) -> list[int | None]:
    """The p95 (nearest rank) of how long jobs waited before their first claim, ms, by the span in which they began;
    None for a span in which none did."""
    span = ((job.c.started_at - begin) // span_ms).label("span")
    wait = (job.c.started_at - job.c.created_at).label("wait")
    ranked = restrict(
        conn,
        select(
            span,
            wait,
            func.row_number().over(partition_by=span, order_by=wait).label("rank"),
            func.count().over(partition_by=span).label("size"),
        ).where(job.c.started_at >= begin, job.c.started_at < begin + spans * span_ms),
        filters,
    ).subquery()
    query = select(ranked.c.span, func.min(ranked.c.wait)).where(ranked.c.rank >= 0.95 * ranked.c.size)
    waits = {int(number): int(p95) for number, p95 in conn.execute(query.group_by(ranked.c.span))}
    return [waits.get(number) for number in range(spans)]


def list_costs(conn: Connection, filters: JobFilters, *, begin: int, span_ms: int, spans: int) -> list[SpanCost]:
    """What the calls of matching jobs cost, by the span in which they began and by currency; calls of no job, such as
    profile checks, count where there is no filter."""
    span = ((model_call.c.started_at - begin) // span_ms).label("span")
    query: Select[Any] = select(
        span,
        model_call.c.currency,
        func.sum(model_call.c.cost_micros),
        func.sum(case((unpriced, 1), else_=0)),
    ).where(model_call.c.started_at >= begin, model_call.c.started_at < begin + spans * span_ms)
    if any(value is not None for value in filters.values()):
        query = restrict(conn, query.join(job, job.c.id == model_call.c.job_id), filters)
    rows = conn.execute(query.group_by(span, model_call.c.currency))
    return [SpanCost(int(n), currency, None if m is None else int(m), int(u)) for n, currency, m, u in rows]
