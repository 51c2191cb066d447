"""New jobs: one at a time or a batch."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, insert, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import ACTIVE, job
from workbench.db.writes.installation import upsert


def insert_job(conn: Connection, values: dict[str, Any], delay_ms: int = 0) -> int | None:
    """Insert a queued job; None when its submit_key or its exclusive_key is taken."""
    row = upsert(conn, job).values(
        state="queued",
        claim=0,
        failures=0,
        losses=0,
        progress=0,
        created_at=db_now_ms(),
        available_at=db_now_ms() + delay_ms if delay_ms else db_now_ms(),
        ahead_ms=delay_ms,
        **values,
    )
    return conn.execute(row.on_conflict_do_nothing().returning(job.c.id)).scalar_one_or_none()


_new_jobs = (
    insert(job)
    .values(
        state="queued",
        claim=0,
        failures=0,
        losses=0,
        progress=0,
        created_at=db_now_ms(),
        available_at=db_now_ms() + bindparam("b_delay_ms"),
        ahead_ms=bindparam("b_delay_ms"),
    )
    .returning(job.c.id, sort_by_parameter_order=True)
)


def insert_jobs(conn: Connection, rows: list[tuple[dict[str, Any], int]]) -> list[int]:
    """Insert queued jobs (values, delay in ms) that have neither a submit_key nor an exclusive_key; ids in this
    order."""
    if not rows:
        return []
    return list(conn.execute(_new_jobs, [{**values, "b_delay_ms": delay_ms} for values, delay_ms in rows]).scalars())


def adopt_submit_key(conn: Connection, job_id: int, key: str) -> None:
    """Give a job that has none the key of an equal request."""
    conn.execute(update(job).where(job.c.id == job_id, job.c.submit_key.is_(None)).values(submit_key=key))


def release_from_parent(conn: Connection, job_id: int) -> bool:
    """A person has asked for a parent's child as well: from here on it is nobody's child, though its parents go on
    waiting for it. False when it was no child."""
    child = update(job).where(job.c.id == job_id, job.c.parent_id.isnot(None), job.c.state.in_(ACTIVE))
    return conn.execute(child.values(parent_id=None)).rowcount > 0
