"""Questions about what plans were expected to take."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from workbench.db.rows.forecasts import WHOLE, ForecastRun, StoredForecast
from workbench.db.rows.record import columns, fetch, fetch_one
from workbench.db.schema import forecast, job, job_child

#: so many of the newest runs say how good forecasts are
MOST_RUNS = 20_000


def find_whole(conn: Connection, job_id: int) -> StoredForecast | None:
    """What a plan was expected to take; None for any other job, and for plans of before this was kept."""
    query = select(*columns(StoredForecast, forecast)).where(forecast.c.job_id == job_id, forecast.c.workflow == WHOLE)
    return fetch_one(conn, StoredForecast, query)


def sum_tokens(conn: Connection, job_id: int) -> int | None:
    """What a plan's jobs have used so far; None while none has told."""
    query = (
        select(func.sum(job.c.input_tokens), func.sum(job.c.output_tokens))
        .join(job_child, job_child.c.child_id == job.c.id)
        .where(job_child.c.parent_id == job_id)
    )
    read, written = conn.execute(query).one()
    return None if read is None and written is None else int(read or 0) + int(written or 0)


def list_runs(
    conn: Connection,
    *,
    since: int,
    until: int | None = None,
    project: int | None = None,
    workflow: str | None = None,
    model: str | None = None,
) -> list[ForecastRun]:
    """The succeeded jobs of plans that ended in a time, each with what was expected of it; newest first."""
    query = (
        select(
            forecast.c.workflow,
            forecast.c.model,
            forecast.c.tokens,
            forecast.c.ms,
            forecast.c.cost,
            forecast.c.unpriced,
            job.c.input_tokens,
            job.c.output_tokens,
            job.c.cost_micros,
            job.c.currency,
            (job.c.finished_at - job.c.started_at).label("took"),
        )
        .join(job_child, job_child.c.parent_id == forecast.c.job_id)
        .join(job, job.c.id == job_child.c.child_id)
        .where(job.c.kind == forecast.c.workflow, job.c.state == "succeeded", job.c.finished_at >= since)
        .order_by(job.c.id.desc())
        .limit(MOST_RUNS)
    )
    if until is not None:
        query = query.where(job.c.finished_at < until)
    if project is not None:
        query = query.where(job.c.project_id == project)
    if workflow:
        query = query.where(forecast.c.workflow == workflow)
    if model:
        query = query.where(forecast.c.model == model)
    return fetch(conn, ForecastRun, query)
