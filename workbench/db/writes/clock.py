"""Times that lie further ahead than anything puts them: the clock was put back since they were written.

All times are the database's. Back an hour, a lease of half a minute would last an hour, and so would a back-off.
"""

from __future__ import annotations

from sqlalchemy import Connection, and_, case, func, literal, or_, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import ACTIVE, job, step, webhook_delivery, worker

#: clocks are set by less all the time, and statements take a while
SLACK_MS = 2_000
#: of jobs of which it is not known: the longest wait there is
_LONGEST_MS = 6 * 3_600_000
#: no task is asked for later than this, nor fetched for longer
POLL_MS = 900_000
#: the longest pause between two tries of a delivery
DELIVERY_MS = 10 * 3_600_000
#: more active jobs than this are not looked through at every round
MANY = 2_000

_due_at = case((job.c.state == "running", job.c.lease_until), else_=job.c.available_at)
_allowed_until = db_now_ms() + func.coalesce(job.c.ahead_ms, _LONGEST_MS)
_job_ahead = and_(job.c.state.in_(ACTIVE), _due_at > _allowed_until + SLACK_MS)
_dispatch_ahead = and_(job.c.state == "queued", job.c.dispatched_at > db_now_ms() + SLACK_MS)
_poll_ahead = and_(step.c.state == "submitted", step.c.poll_at > db_now_ms() + POLL_MS + SLACK_MS)
_delivery_ahead = and_(
    webhook_delivery.c.state == "pending",
    webhook_delivery.c.next_at > db_now_ms() + case((webhook_delivery.c.tries == 0, 0), else_=DELIVERY_MS) + SLACK_MS,
)
_worker_ahead = worker.c.seen_at > db_now_ms() + SLACK_MS

_one = literal(1)
_many_active = select(_one).select_from(job).where(job.c.state.in_(ACTIVE)).limit(1).offset(MANY)
_any_job_ahead = select(_one).select_from(job).where(or_(_job_ahead, _dispatch_ahead), job.c.state.in_(ACTIVE)).limit(1)
_any_other_ahead = select(
    or_(
        select(_one).where(_poll_ahead).exists(),
        select(_one).where(_delivery_ahead).exists(),
        select(_one).where(_worker_ahead).exists(),
    )
)
_mend = (
    update(job)
    .where(_job_ahead)
    .values(
        available_at=case((job.c.state == "running", job.c.available_at), else_=_allowed_until),
        lease_until=case((job.c.state == "running", _allowed_until), else_=job.c.lease_until),
    )
)
_mend_others = (
    update(job).where(_dispatch_ahead).values(dispatched_at=None),
    update(step).where(_poll_ahead).values(poll_at=db_now_ms()),
    update(webhook_delivery).where(_delivery_ahead).values(next_at=db_now_ms()),
    update(worker).where(_worker_ahead).values(seen_at=db_now_ms()),
)


def has_many_active_jobs(conn: Connection) -> bool:
    return conn.execute(_many_active).scalar_one_or_none() is not None


def lies_ahead(conn: Connection) -> bool:
    """Whether anything is due, leased, sent or seen later than it may be. Reads every active job."""
    return conn.execute(_any_job_ahead).scalar_one_or_none() is not None or bool(
        conn.execute(_any_other_ahead).scalar_one()
    )


def pull_back(conn: Connection) -> int:
    """Bring all such times to the latest that may be; a job that waits longer waits for its own time anew."""
    mended = conn.execute(_mend).rowcount
    return mended + sum(conn.execute(statement).rowcount for statement in _mend_others)
