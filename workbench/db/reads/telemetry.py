"""Questions of spans and metrics: what has ended since, and how full the queues are."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, null, or_, select

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.rollups import is_sent
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.telemetry import EndedAttempt, EndedCall, EndedJob, EndedStep
from workbench.db.schema import ACTIVE, TERMINAL, attempt, job, model_call, step, worker


def list_ended_jobs(conn: Connection, after: tuple[int, int], until: int, limit: int) -> list[EndedJob]:
    """Those that ended behind `after` (finished_at, id) and not later than `until`, in this order."""
    at, job_id = after
    query = select(*columns(EndedJob, job)).where(
        job.c.state.in_(TERMINAL),
        job.c.finished_at >= at,
        or_(job.c.finished_at > at, job.c.id > job_id),
        job.c.finished_at <= until,
    )
    return fetch(conn, EndedJob, query.order_by(job.c.finished_at, job.c.id).limit(limit))


def list_attempts(conn: Connection, job_ids: Sequence[int]) -> list[EndedAttempt]:
    query = select(*columns(EndedAttempt, attempt)).where(among(attempt.c.job_id, bindparam("ids", type_=Ids())))
    return fetch(conn, EndedAttempt, query.order_by(attempt.c.job_id, attempt.c.claim), {"ids": [*job_ids]})


def list_steps(conn: Connection, job_ids: Sequence[int]) -> list[EndedStep]:
    query = select(*columns(EndedStep, step)).where(among(step.c.job_id, bindparam("ids", type_=Ids())))
    return fetch(conn, EndedStep, query.order_by(step.c.job_id, step.c.position), {"ids": [*job_ids]})


def list_calls(conn: Connection, job_ids: Sequence[int], since: int, until: int, content: bool) -> list[EndedCall]:
    """The calls of these jobs, and those of no job (a profile was tried) that ended meanwhile; none that never reached
    its service. `content`: with what was said."""
    wanted = [c if content or c.name not in ("prompt", "raw_output") else null().label(c.name)
              for c in columns(EndedCall, model_call)]  # fmt: skip
    sent = select(*wanted).where(is_sent(model_call.c))
    of_jobs = sent.where(among(model_call.c.job_id, bindparam("ids", type_=Ids())))
    tried = sent.where(model_call.c.job_id.is_(None), model_call.c.ended_at > since, model_call.c.ended_at <= until)
    return fetch(conn, EndedCall, of_jobs, {"ids": [*job_ids]}) + fetch(conn, EndedCall, tried)


def find_root(conn: Connection, job_id: int) -> int:
    """The job at the top of a job's parents."""
    above = select(job.c.id, job.c.parent_id).where(job.c.id == job_id).cte("above", recursive=True)
    above = above.union(select(job.c.id, job.c.parent_id).join(above, job.c.id == above.c.parent_id))
    return int(conn.execute(select(above.c.id).where(above.c.parent_id.is_(None))).scalar_one_or_none() or job_id)


def count_active(conn: Connection) -> dict[tuple[str, str], int]:
    """(queue, state) → jobs."""
    query = select(job.c.queue, job.c.state, func.count()).where(job.c.state.in_(ACTIVE))
    return {(queue, state): n for queue, state, n in conn.execute(query.group_by(job.c.queue, job.c.state))}


def count_workers(conn: Connection) -> tuple[int, int, int]:
    """How many there are, their threads, and how many of these are busy."""
    query = select(
        func.count(), func.coalesce(func.sum(worker.c.threads), 0), func.coalesce(func.sum(worker.c.busy), 0)
    )
    n, threads, busy = conn.execute(query).one()
    return int(n), int(threads), int(busy)


def now(conn: Connection) -> int:
    return int(conn.execute(select(db_now_ms())).scalar_one())
