"""Who runs a job: claims, their fence, their leases, and the locks on rows of jobs.

A worker's writes go through `fence`: they hold only while the job still has the claim that the worker took.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, bindparam, exists, func, insert, literal, select, update

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.reads.families import list_families
from workbench.db.schema import ACTIVE, attempt, gate, job
from workbench.db.writes.installation import gates
from workbench.errors import LostClaim
from workbench.i18n import Text


class Claim(NamedTuple):
    """A job as its worker got it. `number` is the fencing token."""

    job_id: int
    number: int
    kind: str
    queue: str
    title: str
    project_id: int | None
    node_id: int | None
    profile_id: int | None
    params: dict[str, Any]
    failures: int
    max_attempts: int
    parent_id: int | None
    replay_of: int | None
    answers_from: int | None
    reused_from: int | None
    priority: int
    created_by: str | None
    #: what this run is asked with beside its profile (jobs.overrides)
    overrides: dict[str, Any] | None

    @property
    def key(self) -> tuple[int, int]:
        """What names this claim among all claims of all jobs."""
        return self.job_id, self.number


class _Claimed(NamedTuple):
    """What taking a job writes, and what it answers: the fields of a Claim in their order."""

    values: dict[str, Any]
    columns: tuple[Column[Any], ...]


CLAIMED = _Claimed(
    {
        "state": "running",
        "claim": job.c.claim + 1,
        "worker": bindparam("me"),
        "lease_until": db_now_ms() + bindparam("lease_ms"),
        "ahead_ms": bindparam("lease_ms"),
        "started_at": func.coalesce(job.c.started_at, db_now_ms()),
        "waiting_for": None,
    },
    (job.c.id, job.c.claim, *(job.c[name] for name in Claim._fields[2:])),
)
#: the row that a claim's statement returns
claim_of = Claim._make
_claim = (
    update(job)
    .where(
        job.c.id == bindparam("job_id"),
        job.c.state == "queued",
        job.c.available_at <= db_now_ms(),
        job.c.cancel_at.is_(None),
    )
    .values(CLAIMED.values)
    .returning(*CLAIMED.columns)
)
#: most installations pause and limit nothing: one statement then looks at both tables
_claim_ungated = _claim.where(~exists(select(literal(1)).select_from(gate)))
_new_attempt = insert(attempt).values(
    job_id=bindparam("job_id"), claim=bindparam("number"), worker=bindparam("me"), started_at=db_now_ms()
)


def claim(conn: Connection, job_id: int, me: str, lease_ms: int) -> Claim | None:
    """Take a queued job; None if it cannot be taken (a duplicate message, too early, paused, its limit full)."""
    mine = {"job_id": job_id, "me": me, "lease_ms": lease_ms}
    row = conn.execute(_claim_ungated, mine).one_or_none()
    if row is None and _gates_exist_and_are_open(conn, job_id):
        row = conn.execute(_claim, mine).one_or_none()
    if row is None:
        return None
    conn.execute(_new_attempt, {"job_id": job_id, "number": row.claim, "me": me})
    return claim_of(row)


def gate_keys(row: dict[str, Any]) -> list[str]:
    """The gates that a job has to pass. The sketch has no profile, and a job without a node no project."""
    keys = [f"{name}:{row[name]}" for name in ("queue", "kind")]
    return keys + [f"{name}:{row[c]}" for name, c in (("project", "project_id"), ("profile", "profile_id")) if row[c]]


def _gates_exist_and_are_open(conn: Connection, job_id: int) -> bool:
    found = {r.key: r for r in gates(conn)}
    if not found:
        return False
    row = conn.execute(select(job).where(job.c.id == job_id)).mappings().one_or_none()
    if row is None:
        return False
    mine = [found[k] for k in gate_keys(dict(row)) if k in found]
    if mine and conn.dialect.name != "sqlite":
        # two claims that count at once would both find room
        conn.execute(
            select(gate.c.key).where(gate.c.key.in_([g.key for g in mine])).order_by(gate.c.key).with_for_update()
        )
    for one in mine:
        if one.paused or (one.max_running is not None and running_under(conn, one.key) >= one.max_running):
            conn.execute(update(job).where(job.c.id == job_id, job.c.state == "queued").values(dispatched_at=None))
            return False
    return True


def running_under(conn: Connection, key: str) -> int:
    """How many running jobs count against a gate."""
    name, value = key.split(":", 1)
    column = {"queue": job.c.queue, "kind": job.c.kind, "project": job.c.project_id, "profile": job.c.profile_id}[name]
    wanted: Any = value if name in ("queue", "kind") else int(value)
    query = select(func.count()).select_from(job).where(job.c.state == "running", column == wanted)
    return int(conn.execute(query).scalar_one())


_fence = select(job.c.cancel_at, literal(1).label("held")).where(
    job.c.id == bindparam("job_id"), job.c.claim == bindparam("number"), job.c.state == "running"
)
#: not FOR UPDATE, which would also stop every foreign key check against the job
_fence_locked = _fence.with_for_update(key_share=True, of=job)


def fence(conn: Connection, job_id: int, number: int) -> bool:
    """Hold the job's row; raises LostClaim unless it is still running under this claim. True: a cancel was asked
    for."""
    query = _fence if conn.dialect.name == "sqlite" else _fence_locked
    row = conn.execute(query, {"job_id": job_id, "number": number}).one_or_none()
    if row is None:
        raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=job_id))
    return row.cancel_at is not None


_these = select(job.c.id).where(job.c.id.in_(bindparam("ids", expanding=True))).order_by(job.c.id.desc())
_held = {wait: _these.with_for_update(key_share=True, skip_locked=not wait) for wait in (True, False)}


def lock_all(conn: Connection, ids: Iterable[int], *, wait: bool) -> list[int]:
    """Hold these jobs, newest first as a cancel does; those that somebody else holds are waited for, or left out.

    A statement of its own: as part of the UPDATE it made PostgreSQL read the whole table. On SQLite the one writer
    holds all.
    """
    if conn.dialect.name == "sqlite":
        return list(ids)
    return list(conn.execute(_held[wait], {"ids": list(ids)}).scalars())


def renew_leases(conn: Connection, me: str, lease_ms: int, held: set[tuple[int, int]]) -> dict[tuple[int, int], bool]:
    """Renew the leases a worker holds; (job, claim) → whether a cancel was asked for."""
    ours = lock_all(conn, {job_id for job_id, _ in held}, wait=True)
    rows = conn.execute(
        update(job)
        .where(job.c.id.in_(ours), job.c.worker == me, job.c.state == "running")
        .values(lease_until=db_now_ms() + lease_ms)
        .returning(job.c.id, job.c.claim, job.c.cancel_at)
    ).all()
    return {(r.id, r.claim): r.cancel_at is not None for r in rows}


def set_priority(conn: Connection, ids: list[int], priority: int) -> int:
    """Of these jobs that are active, and of what is active below them: of a parent it is its parts that wait. Returns
    how many of these jobs there were."""
    families = list_families(conn, ids)
    ours = lock_all(conn, set[int]().union(*families.values()), wait=True)
    mine = among(job.c.id, literal(sorted(ours), type_=Ids()))
    changed = update(job).where(mine, job.c.state.in_(ACTIVE)).values(priority=priority).returning(job.c.id)
    return len({*conn.scalars(changed)} & {*ids})
