"""Back to the queue, and waits: for children, a provider, a decision, a limit, a budget."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, exists, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import job, step
from workbench.db.writes.end import webhook_wanted
from workbench.i18n import Text


def put_back(conn: Connection, job_id: int, *, delay_ms: int, message: Text | None, failed: bool) -> None:
    """running → queued: a retry (counts a failure) or a polite interruption (does not)."""
    conn.execute(
        update(job)
        .where(job.c.id == job_id)
        .values(
            state="queued",
            available_at=db_now_ms() + delay_ms,
            ahead_ms=delay_ms,
            dispatched_at=None,
            lease_until=None,
            preview=None,
            failures=job.c.failures + (1 if failed else 0),
            message=message and str(message),
            message_i18n=message and message.to_json(),
        )
    )


def put_waiting(
    conn: Connection,
    job_id: int,
    waiting_for: str,
    message: Text | None = None,
    resume_ms: int | None = None,
    *,
    asks: bool = False,
) -> None:
    """`resume_ms`: `resume_due` queues it again after so long. `asks`: it goes on only when somebody does something."""
    values: dict[str, Any] = {"state": "waiting", "waiting_for": waiting_for, "lease_until": None, "preview": None}
    if resume_ms is not None:
        values |= {"available_at": db_now_ms() + resume_ms, "ahead_ms": resume_ms}
    if message is not None:
        values |= {"message": str(message), "message_i18n": message.to_json()}
    if asks:
        values["untold"] = webhook_wanted
    conn.execute(update(job).where(job.c.id == job_id).values(**values))


def lock_waiting(conn: Connection, job_id: int, waiting_for: str) -> bool:
    """Hold a waiting job's row; False when it does not wait for this (any more)."""
    query = select(job.c.id).where(job.c.id == job_id, job.c.state == "waiting", job.c.waiting_for == waiting_for)
    return conn.execute(query.with_for_update(key_share=True)).scalar_one_or_none() is not None


#: what a job waits for → the state of the steps that keep it waiting
_OPEN_STEPS = {"provider": "submitted", "decision": "maybe_charged"}


def resume_if_settled(conn: Connection, job_id: int, waiting_for: str) -> None:
    """What was settled before its job began to wait wakes it at once: a task that ended, a call that did come
    through."""
    still = exists(select(1).where(step.c.job_id == job.c.id, step.c.state == _OPEN_STEPS[waiting_for]))
    conn.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state == "waiting", job.c.waiting_for == waiting_for, ~still)
        .values(state="queued", waiting_for=None, available_at=db_now_ms(), ahead_ms=0, dispatched_at=None)
    )


def resume(conn: Connection, job_id: int, waiting_for: str) -> bool:
    """waiting → queued, when what it waited for has come."""
    done = conn.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state == "waiting", job.c.waiting_for == waiting_for)
        .values(state="queued", waiting_for=None, available_at=db_now_ms(), ahead_ms=0, dispatched_at=None)
    )
    return done.rowcount > 0
