"""Claims and ends of several short jobs, in one transaction each: what a commit costs is shared by all of them.

Every member keeps its own claim, attempt and fence; only the statements are common. See docs/adr/0022.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, delete, exists, insert, literal, select, update

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.schema import attempt, gate, job, job_child
from workbench.db.writes import failures
from workbench.db.writes.claims import CLAIMED, Claim, claim_of, lock_all
from workbench.db.writes.end import SUCCESS
from workbench.db.writes.families import wake_parent
from workbench.i18n import Text

_ids = bindparam("b_ids", type_=Ids())


class Success(NamedTuple):
    """A job that did all it had to; `result` is JSON or None."""

    claim: Claim
    result: Any


_claim_all = (
    update(job)
    .where(
        among(job.c.id, _ids),
        job.c.state == "queued",
        job.c.dispatched_at.is_(None),
        job.c.available_at <= db_now_ms(),
        job.c.cancel_at.is_(None),
        # what has killed a worker may do so again: it takes no others with it, and none of them with another
        job.c.losses == 0,
        ~exists(select(literal(1)).select_from(gate)),
    )
    .values(CLAIMED.values)
    .returning(*CLAIMED.columns)
)
_new_attempts = insert(attempt).from_select(
    ["job_id", "claim", "worker", "started_at"],
    select(job.c.id, job.c.claim, bindparam("b_me", type_=attempt.c.worker.type), db_now_ms()).where(
        among(job.c.id, _ids)
    ),
)


def claim_all(conn: Connection, ids: Sequence[int], me: str, lease_ms: int) -> list[Claim]:
    """Take those of these ready jobs that no message is on the way for, in this order.

    None that has changed meanwhile or that somebody else holds; none at all while anything is paused or limited.
    """
    free = lock_all(conn, ids, wait=False)
    rows = conn.execute(_claim_all, {"b_ids": free, "me": me, "lease_ms": lease_ms}).all() if free else []
    taken = {row.id: claim_of(row) for row in rows}
    if taken:
        conn.execute(_new_attempts, {"b_ids": list(taken), "b_me": me})
    return [taken[i] for i in ids if i in taken]


_still_running = select(job.c.id, job.c.claim).where(among(job.c.id, _ids), job.c.state == "running")
#: newest first, as everybody locks who locks several jobs
_still_running_locked = _still_running.order_by(job.c.id.desc()).with_for_update(key_share=True)


def _fence_all(conn: Connection, claims: Sequence[Claim]) -> list[Claim]:
    """Lock these jobs' rows; those that are still running under these claims."""
    query = _still_running if conn.dialect.name == "sqlite" else _still_running_locked
    current = {(job_id, number) for job_id, number in conn.execute(query, {"b_ids": [c.job_id for c in claims]})}
    return [c for c in claims if (c.job_id, c.number) in current]


_own_attempt = and_(
    among(attempt.c.job_id, _ids),
    attempt.c.claim == select(job.c.claim).where(job.c.id == attempt.c.job_id).scalar_subquery(),
)
_end_attempts = (
    update(attempt).where(_own_attempt, attempt.c.ended_at.is_(None)).values(ended_at=db_now_ms(), outcome="ok")
)
_succeed_all = update(job).where(among(job.c.id, _ids)).values(SUCCESS)
_succeed_each = update(job).where(job.c.id == bindparam("b_job_id")).values(SUCCESS)
#: of all children at once, newest first: one child after the other would lock their parents in no order
_parents = (
    select(job_child.c.parent_id)
    .where(among(job_child.c.child_id, _ids))
    .distinct()
    .order_by(job_child.c.parent_id.desc())
)


def succeed_all(conn: Connection, successes: Sequence[Success], message: Text) -> tuple[list[Claim], bool]:
    """End jobs, each under its fence. (claims that were lost, and so left alone; whether a parent may be ready now)."""
    held = _fence_all(conn, [s.claim for s in successes])
    numbers = {c.job_id for c in held}
    said = {"b_message": str(message), "b_i18n": message.to_json()}
    plain = [s.claim.job_id for s in successes if s.claim.job_id in numbers and s.result is None]
    rich = [s for s in successes if s.claim.job_id in numbers and s.result is not None]
    if held:
        conn.execute(_end_attempts, {"b_ids": list(numbers)})
    if plain:
        conn.execute(_succeed_all, {"b_ids": plain, "b_result": None, **said})
    if rich:
        conn.execute(_succeed_each, [{"b_job_id": s.claim.job_id, "b_result": s.result, **said} for s in rich])
    parents = conn.execute(_parents, {"b_ids": list(numbers)}).scalars().all() if held else []
    for parent_id in parents:
        wake_parent(conn, parent_id)
    if held:
        failures.mark_repaired(conn, numbers)
    return [s.claim for s in successes if s.claim.job_id not in numbers], bool(parents)


_forget_attempts = delete(attempt).where(_own_attempt)
_give_back = (
    update(job)
    .where(among(job.c.id, _ids))
    .values(
        state="queued",
        dispatched_at=None,
        lease_until=None,
        started_at=select(attempt.c.started_at)
        .where(attempt.c.job_id == job.c.id)
        .order_by(attempt.c.claim)
        .limit(1)
        .scalar_subquery(),
    )
)


def give_back(conn: Connection, claims: Sequence[Claim]) -> None:
    """Queue jobs again that were claimed and not begun: as if nobody had taken them, but for the number of their
    claim."""
    ids = {"b_ids": [c.job_id for c in _fence_all(conn, claims)]}
    if ids["b_ids"]:
        conn.execute(_forget_attempts, ids)
        conn.execute(_give_back, ids)
