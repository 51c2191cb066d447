"""What maintenance puts right: lost workers, waits that are over, orphans, old history."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, literal, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import ACTIVE, attempt, job, job_child, job_event, step
from workbench.db.writes.claims import lock_all
from workbench.db.writes.end import end, end_attempt, webhook_wanted
from workbench.db.writes.families import live_child
from workbench.db.writes.timeline import add_event
from workbench.db.writes.waits import put_back
from workbench.fingerprints import fingerprint
from workbench.i18n import Text

_limited = and_(job.c.state == "waiting", job.c.waiting_for == "rate_limit", job.c.available_at <= db_now_ms())
_next_limited = (
    select(job.c.id)
    .where(_limited)
    .order_by(job.c.available_at, job.c.id)
    .limit(bindparam("most"))
    # in this order, not in that of their ids: so without waiting for any
    .with_for_update(key_share=True, skip_locked=True)
)
_resume_due = (
    update(job)
    .where(job.c.id.in_(_next_limited.scalar_subquery()), job.c.state == "waiting")
    .values(state="queued", waiting_for=None, dispatched_at=None)
)


def resume_due(conn: Connection, most: int) -> int:
    """Jobs whose rate limit may have room again → queued, those that waited longest first."""
    return conn.execute(_resume_due, {"most": most}).rowcount


def has_limited_due(conn: Connection) -> bool:
    return conn.execute(select(job.c.id).where(_limited).limit(1)).scalar_one_or_none() is not None


def list_waiting_for_budget(conn: Connection) -> list[Any]:
    """(id, project id, message) of each."""
    query = select(job.c.id, job.c.project_id, job.c.message)
    query = query.where(job.c.state == "waiting", job.c.waiting_for == "budget")
    return list(conn.execute(query.order_by(job.c.priority.desc(), job.c.id)).all())


def update_wait_message(conn: Connection, job_id: int, waiting_for: str, said: Text, *, asks: bool) -> None:
    """What a waiting job waits for is another now. `asks`: it goes on only when somebody does something."""
    values: dict[str, Any] = {"message": str(said), "message_i18n": said.to_json()}
    if asks:
        values["untold"] = webhook_wanted
    still = update(job).where(job.c.id == job_id, job.c.state == "waiting", job.c.waiting_for == waiting_for)
    conn.execute(still.values(**values))


_cancelled_but_idle = select(job.c.id).where(job.c.state.in_(("queued", "waiting")), job.c.cancel_at.isnot(None))
_parent = job.alias("parent")


_adopter = job.alias("adopter")
_orphans = (
    select(job.c.id)
    .join(_parent, _parent.c.id == job.c.parent_id)
    .where(
        job.c.state.in_(ACTIVE),
        job.c.cancel_at.is_(None),
        _parent.c.state.in_(("failed", "cancelled")),
        ~exists(
            select(literal(1))
            .select_from(job_child.join(_adopter, _adopter.c.id == job_child.c.parent_id))
            .where(job_child.c.child_id == job.c.id, _adopter.c.state.in_(ACTIVE))
        ),
    )
)


def to_cancel(conn: Connection) -> list[int]:
    """Jobs nobody will run to an end: cancelled while they were put back, or left behind by a parent that failed."""
    return [i for query in (_cancelled_but_idle, _orphans) for (i,) in conn.execute(query)]


_expired = select(job.c.id, job.c.claim, job.c.losses, job.c.cancel_at, job.c.worker).where(
    job.c.state == "running", job.c.lease_until < db_now_ms()
)


_busy_workers = (
    select(job.c.worker).where(job.c.state == "running", job.c.lease_until >= db_now_ms(), job.c.worker.isnot(None))
).distinct()


def list_busy_workers(conn: Connection) -> list[str]:
    """The names of the workers with a lease that still holds."""
    return list(conn.execute(_busy_workers).scalars())


def end_leases(conn: Connection, name: str) -> None:
    """The leases of a worker whose process has ended run out now."""
    mine = select(job.c.id).where(job.c.worker == name, job.c.state == "running")
    ids = lock_all(conn, conn.execute(mine).scalars(), wait=True)
    still = update(job).where(job.c.id.in_(ids), job.c.worker == name, job.c.state == "running")
    conn.execute(still.values(lease_until=db_now_ms() - 1))


def list_expired_claims(conn: Connection) -> list[Any]:
    return list(conn.execute(_expired).all())


def recover_lost_job(conn: Connection, job_id: int, number: int, max_losses: int) -> str | None:
    """A running job whose lease ran out → queued, failed (worker_lost) or cancelled; None if it changed meanwhile."""
    row = conn.execute(
        select(job.c.losses, job.c.cancel_at, job.c.worker, job.c.kind)
        .where(job.c.id == job_id, job.c.claim == number, job.c.state == "running", job.c.lease_until < db_now_ms())
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    end_attempt(conn, job_id, number, "lost", kind="worker_lost", error=f"worker {row.worker} stopped answering")
    if row.cancel_at is not None:
        end(conn, job_id, "cancelled", kind="cancelled", error=Text("Cancelled"))
        return "cancelled"
    lost = Text("Worker {worker} stopped answering", worker=row.worker or "?")
    conn.execute(update(job).where(job.c.id == job_id).values(losses=job.c.losses + 1))
    if row.losses + 1 > max_losses:
        end(
            conn,
            job_id,
            "failed",
            kind="worker_lost",
            error=Text("{times} workers were lost while running this job", times=row.losses + 1),
            fingerprint=fingerprint("worker_lost", row.kind),
        )
        return "failed"
    add_event(conn, job_id, lost, claim=number, level="warning")
    put_back(conn, job_id, delay_ms=0, message=lost, failed=False)
    return "queued"


_orphaned_parents = select(job.c.id).where(job.c.state == "waiting", job.c.waiting_for == "children", ~live_child)


def parents_to_wake(conn: Connection) -> list[int]:
    return [i for (i,) in conn.execute(_orphaned_parents)]


def prune_history(conn: Connection, older_than_ms: int) -> None:
    """Forget events, steps and tracebacks of jobs that ended long ago; the jobs, their artifacts and cost stay."""
    old = select(job.c.id).where(job.c.finished_at < db_now_ms() - older_than_ms)
    for table in (job_event, step):
        conn.execute(delete(table).where(table.c.job_id.in_(old)))
    conn.execute(
        update(attempt).where(attempt.c.job_id.in_(old), attempt.c.traceback.isnot(None)).values(traceback=None)
    )
