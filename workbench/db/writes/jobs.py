"""State changes of jobs. Each is one compare-and-set statement, or a few in the caller's transaction.

A worker's writes go through `fence`: they hold only while the job still has the claim that the worker took.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, and_, bindparam, case, exists, func, insert, literal, select, update

from workbench.db.connection import now_ms
from workbench.db.schema import ACTIVE, attempt, gate, job, job_child, job_event, step, webhook
from workbench.db.writes import ledger
from workbench.db.writes.installation import gates, upsert
from workbench.errors import LostClaim
from workbench.i18n import N_, Text


def insert_job(conn: Connection, values: dict[str, Any], delay_ms: int = 0) -> int | None:
    """Insert a queued job; None when its submit_key or its exclusive_key is taken."""
    row = upsert(conn, job).values(
        state="queued",
        claim=0,
        failures=0,
        losses=0,
        progress=0,
        created_at=now_ms(),
        available_at=now_ms() + delay_ms if delay_ms else now_ms(),
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
        created_at=now_ms(),
        available_at=now_ms() + bindparam("b_delay_ms"),
    )
    .returning(job.c.id, sort_by_parameter_order=True)
)


def insert_jobs(conn: Connection, rows: list[tuple[dict[str, Any], int]]) -> list[int]:
    """Insert queued jobs (values, delay in ms) that have neither a submit_key nor an exclusive_key; ids in this order."""
    if not rows:
        return []
    return list(conn.execute(_new_jobs, [{**values, "b_delay_ms": delay_ms} for values, delay_ms in rows]).scalars())


def adopt_submit_key(conn: Connection, job_id: int, key: str) -> None:
    """Give a job that has none the key of an equal request."""
    conn.execute(update(job).where(job.c.id == job_id, job.c.submit_key.is_(None)).values(submit_key=key))


_CANCELLED = Text(N_("Cancelled"))


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
    priority: int
    created_by: str | None

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
        "lease_until": now_ms() + bindparam("lease_ms"),
        "started_at": func.coalesce(job.c.started_at, now_ms()),
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
        job.c.available_at <= now_ms(),
        job.c.cancel_at.is_(None),
    )
    .values(CLAIMED.values)
    .returning(*CLAIMED.columns)
)
#: most installations pause and limit nothing: one statement then looks at both tables
_claim_ungated = _claim.where(~exists(select(literal(1)).select_from(gate)))
_new_attempt = insert(attempt).values(
    job_id=bindparam("job_id"), claim=bindparam("number"), worker=bindparam("me"), started_at=now_ms()
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
    """Hold the job's row; raises LostClaim unless it is still running under this claim. True: a cancel was asked for."""
    query = _fence if conn.dialect.name == "sqlite" else _fence_locked
    row = conn.execute(query, {"job_id": job_id, "number": number}).one_or_none()
    if row is None:
        raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=job_id))
    return row.cancel_at is not None


_end_attempt = (
    update(attempt)
    .where(
        attempt.c.job_id == bindparam("b_job_id"), attempt.c.claim == bindparam("b_claim"), attempt.c.ended_at.is_(None)
    )
    .values(
        ended_at=now_ms(),
        outcome=bindparam("b_outcome"),
        error_kind=bindparam("b_kind"),
        error=bindparam("b_error"),
        traceback=bindparam("b_traceback"),
    )
)


def end_attempt(
    conn: Connection,
    job_id: int,
    number: int,
    outcome: str,
    *,
    kind: str | None = None,
    error: str | None = None,
    traceback: str | None = None,
) -> None:
    """End a claim's attempt. Calls that it left open are lost: they give back their place and what budgets hold for them."""
    if outcome != "ok":
        ledger.lose_calls(conn, job_id, number)
    conn.execute(
        _end_attempt,
        {
            "b_job_id": job_id,
            "b_claim": number,
            "b_outcome": outcome,
            "b_kind": kind,
            "b_error": error,
            "b_traceback": traceback,
        },
    )


#: whether anybody wants to be told: one look at an empty table where there are no webhooks
anybody_listens = exists(select(literal(1)).where(webhook.c.enabled.is_(True)))
#: children are told of by the job that a person started
_untold_end = and_(job.c.parent_id.is_(None), anybody_listens)
_has_parents = exists(select(literal(1)).where(job_child.c.child_id == bindparam("b_job_id")))
#: what the end of a job that did all it had to writes
SUCCESS = {
    "state": "succeeded",
    "result": bindparam("b_result", type_=job.c.result.type),
    "progress": 100,
    "message": bindparam("b_message"),
    "message_i18n": bindparam("b_i18n", type_=job.c.message_i18n.type),
    "preview": None,
    "lease_until": None,
    "finished_at": now_ms(),
    "untold": _untold_end,
}
_succeed = (
    update(job)
    .where(job.c.id == bindparam("b_job_id"))
    .values(
        SUCCESS
        | {
            "state": bindparam("b_state"),
            "error_kind": bindparam("b_kind"),
            "error": bindparam("b_error"),
            "error_i18n": bindparam("b_error_i18n"),
            "error_fingerprint": bindparam("b_fingerprint"),
        }
    )
    .returning(_has_parents)
)


def end(
    conn: Connection,
    job_id: int,
    state: str,
    *,
    result: Any = None,
    message: Text | None = None,
    kind: str | None = None,
    error: Text | None = None,
    fingerprint: str | None = None,
) -> bool:
    """Bring a fenced (or locked) job to a terminal state, and tell the parents that wait for it. True: there are some."""
    values = {
        "b_job_id": job_id,
        "b_state": state,
        "b_result": result,
        "b_message": message and str(message),
        "b_i18n": message and message.to_json(),
        "b_kind": kind,
        "b_error": error and str(error),
        "b_error_i18n": error and error.to_json(),
        "b_fingerprint": fingerprint,
    }
    statement = _succeed if state in ("succeeded", "partial") else _fail
    has_parents = bool(conn.execute(statement, values).scalar_one_or_none())
    if has_parents:
        child_ended(conn, job_id)
    return has_parents


_fail = (
    update(job)
    .where(job.c.id == bindparam("b_job_id"))
    .values(
        state=bindparam("b_state"),
        lease_until=None,
        finished_at=now_ms(),
        preview=None,
        waiting_for=None,
        result=bindparam("b_result"),
        error_kind=bindparam("b_kind"),
        error=bindparam("b_error"),
        error_i18n=bindparam("b_error_i18n"),
        error_fingerprint=bindparam("b_fingerprint"),
        message=bindparam("b_message"),
        message_i18n=bindparam("b_i18n"),
        untold=_untold_end,
    )
    .returning(_has_parents)
)

#: newest first: whoever locks several jobs locks them in falling order of their ids
_parents = (
    select(job_child.c.parent_id)
    .where(job_child.c.child_id == bindparam("child_id"))
    .distinct()
    .order_by(job_child.c.parent_id.desc())
)


def child_ended(conn: Connection, child_id: int) -> None:
    """Wake parents whose children have all ended; move the progress of the others."""
    for (parent_id,) in conn.execute(_parents, {"child_id": child_id}).all():
        wake_parent(conn, parent_id)


_child_state = job.alias("child")
_family = job_child.alias("family")
live_child = exists(
    select(1)
    .select_from(_family.join(_child_state, _child_state.c.id == _family.c.child_id))
    .where(_family.c.parent_id == job.c.id, _child_state.c.state.in_(ACTIVE))
)
_wake = (
    update(job)
    .where(job.c.id == bindparam("b_parent"), job.c.state == "waiting", job.c.waiting_for == "children", ~live_child)
    .values(state="queued", waiting_for=None, available_at=now_ms(), dispatched_at=None)
)
_mean = (
    select(
        func.sum(case((_child_state.c.state.in_(ACTIVE), _child_state.c.progress), else_=100))
        * 1.0
        / case((job.c.parts > func.count(), job.c.parts), else_=func.count())
    )
    .select_from(_family.join(_child_state, _child_state.c.id == _family.c.child_id))
    .where(_family.c.parent_id == bindparam("b_parent"))
    .correlate(job)
    .scalar_subquery()
)
_move = (
    update(job)
    .where(job.c.id == bindparam("b_parent"), job.c.state == "waiting", job.c.waiting_for == "children")
    .values(
        progress=case(
            (func.round(_mean) > 99, 99), (func.round(_mean) < job.c.progress, job.c.progress), else_=func.round(_mean)
        )
    )
)


def expect_parts(conn: Connection, job_id: int, claim: int, parts: int) -> None:
    """How many children a parent will have in all. Raises LostClaim."""
    fence(conn, job_id, claim)
    conn.execute(update(job).where(job.c.id == job_id).values(parts=parts))


def wake_parent(conn: Connection, parent_id: int) -> bool:
    """Queue a waiting parent again when none of its children is active. True when it was woken."""
    if conn.dialect.name != "sqlite":
        # of two last children that end at once, the second must see the first: so one after the other
        conn.execute(select(job.c.id).where(job.c.id == parent_id).with_for_update(key_share=True))
    woken = conn.execute(_wake, {"b_parent": parent_id}).rowcount > 0
    if not woken:
        conn.execute(_move, {"b_parent": parent_id})
    return woken


def put_back(conn: Connection, job_id: int, *, delay_ms: int, message: Text | None, failed: bool) -> None:
    """running → queued: a retry (counts a failure) or a polite interruption (does not)."""
    conn.execute(
        update(job)
        .where(job.c.id == job_id)
        .values(
            state="queued",
            available_at=now_ms() + delay_ms,
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
        values["available_at"] = now_ms() + resume_ms
    if message is not None:
        values |= {"message": str(message), "message_i18n": message.to_json()}
    if asks:
        values["untold"] = anybody_listens
    conn.execute(update(job).where(job.c.id == job_id).values(**values))


def hold_waiting(conn: Connection, job_id: int, waiting_for: str) -> bool:
    """Hold a waiting job's row; False when it does not wait for this (any more)."""
    query = select(job.c.id).where(job.c.id == job_id, job.c.state == "waiting", job.c.waiting_for == waiting_for)
    return conn.execute(query.with_for_update(key_share=True)).scalar_one_or_none() is not None


#: what a job waits for → the state of the steps that keep it waiting
_OPEN_STEPS = {"provider": "submitted", "decision": "maybe_charged"}


def resume_if_settled(conn: Connection, job_id: int, waiting_for: str) -> None:
    """What was settled before its job began to wait wakes it at once: a task that ended, a call that did come through."""
    still = exists(select(1).where(step.c.job_id == job.c.id, step.c.state == _OPEN_STEPS[waiting_for]))
    conn.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state == "waiting", job.c.waiting_for == waiting_for, ~still)
        .values(state="queued", waiting_for=None, available_at=now_ms(), dispatched_at=None)
    )


def resume(conn: Connection, job_id: int, waiting_for: str) -> bool:
    """waiting → queued, when what it waited for has come."""
    done = conn.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state == "waiting", job.c.waiting_for == waiting_for)
        .values(state="queued", waiting_for=None, available_at=now_ms(), dispatched_at=None)
    )
    return done.rowcount > 0


_progress = (
    update(job)
    .where(job.c.id == bindparam("b_job_id"), job.c.claim == bindparam("b_claim"), job.c.state == "running")
    .values(progress=bindparam("b_progress"), message=bindparam("b_message"), message_i18n=bindparam("b_i18n"))
)
_event = insert(job_event).values(
    job_id=bindparam("b_job_id"),
    claim=bindparam("b_claim"),
    at=now_ms(),
    level=bindparam("b_level"),
    progress=bindparam("b_progress"),
    message=bindparam("b_message"),
    i18n=bindparam("b_i18n"),
)


def report(conn: Connection, job_id: int, number: int, progress: int, message: Text) -> None:
    """Progress of a running job, fenced by its own WHERE; raises LostClaim."""
    values = {
        "b_job_id": job_id,
        "b_claim": number,
        "b_progress": progress,
        "b_message": str(message),
        "b_i18n": message.to_json(),
    }
    if conn.execute(_progress, values).rowcount == 0:
        raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=job_id))
    conn.execute(_event, {**values, "b_level": "info"})


def add_event(
    conn: Connection,
    job_id: int,
    message: Text,
    *,
    claim: int | None = None,
    level: str = "info",
    progress: int | None = None,
) -> None:
    conn.execute(
        _event,
        {
            "b_job_id": job_id,
            "b_claim": claim,
            "b_level": level,
            "b_progress": progress,
            "b_message": str(message),
            "b_i18n": message.to_json(),
        },
    )


_preview = (
    update(job)
    .where(job.c.id == bindparam("b_job_id"), job.c.claim == bindparam("b_claim"), job.c.state == "running")
    .values(preview=bindparam("b_preview"))
)


def set_preview(conn: Connection, job_id: int, number: int, preview: str) -> None:
    if conn.execute(_preview, {"b_job_id": job_id, "b_claim": number, "b_preview": preview}).rowcount == 0:
        raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=job_id))


_these = select(job.c.id).where(job.c.id.in_(bindparam("ids", expanding=True))).order_by(job.c.id.desc())
_held = {wait: _these.with_for_update(key_share=True, skip_locked=not wait) for wait in (True, False)}


def hold_all(conn: Connection, ids: Iterable[int], *, wait: bool) -> list[int]:
    """Hold these jobs, newest first as a cancel does; those that somebody else holds are waited for, or left out.

    A statement of its own: as part of the UPDATE it made PostgreSQL read the whole table. On SQLite the one writer holds all.
    """
    if conn.dialect.name == "sqlite":
        return list(ids)
    return list(conn.execute(_held[wait], {"ids": list(ids)}).scalars())


def renew_leases(conn: Connection, me: str, lease_ms: int, held: set[tuple[int, int]]) -> dict[tuple[int, int], bool]:
    """Renew the leases a worker holds; (job, claim) → whether a cancel was asked for."""
    ours = hold_all(conn, {job_id for job_id, _ in held}, wait=True)
    rows = conn.execute(
        update(job)
        .where(job.c.id.in_(ours), job.c.worker == me, job.c.state == "running")
        .values(lease_until=now_ms() + lease_ms)
        .returning(job.c.id, job.c.claim, job.c.cancel_at)
    ).all()
    return {(r.id, r.claim): r.cancel_at is not None for r in rows}


def _family_of(conn: Connection, job_id: int) -> list[int]:
    """A job and every active job it started, directly or not."""
    found, open_ids = [job_id], [job_id]
    while open_ids:
        rows = conn.execute(select(job.c.id).where(job.c.parent_id.in_(open_ids), job.c.state.in_(ACTIVE))).all()
        open_ids = [i for (i,) in rows]
        found += open_ids
    return found


def cancel(conn: Connection, job_id: int, user: str = "local") -> str | None:
    """Cancel one job and the jobs it started. Returns the state it had, None when it had ended already."""
    rows = conn.execute(
        select(job.c.id, job.c.state)
        .where(job.c.id.in_(_family_of(conn, job_id)))
        .order_by(job.c.id.desc())
        .with_for_update(key_share=True)
    ).all()
    had = {r.id: r.state for r in rows}
    if had.get(job_id) not in ACTIVE:
        return None
    for one, state in had.items():
        if state == "running":
            conn.execute(update(job).where(job.c.id == one, job.c.cancel_at.is_(None)).values(cancel_at=now_ms()))
        elif state in ACTIVE:
            _cancel_idle(conn, one)
    add_event(conn, job_id, Text(N_("{user} cancelled it"), user=user), level="audit")
    return str(had[job_id])


def _cancel_idle(conn: Connection, job_id: int) -> None:
    conn.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state.in_(("queued", "waiting")))
        .values(
            state="cancelled",
            waiting_for=None,
            finished_at=now_ms(),
            cancel_at=func.coalesce(job.c.cancel_at, now_ms()),
            lease_until=None,
            error_kind="cancelled",
            message=str(_CANCELLED),
            message_i18n=_CANCELLED.to_json(),
            preview=None,
            untold=_untold_end,
        )
    )
    child_ended(conn, job_id)


def set_priority(conn: Connection, ids: list[int], priority: int) -> int:
    return conn.execute(
        update(job).where(job.c.id.in_(ids), job.c.state.in_(ACTIVE)).values(priority=priority)
    ).rowcount


@dataclass(frozen=True)
class ChildLink:
    """A job that a parent waits for. `batch`: which of its batches, and where in it; None: known by kind and node alone."""

    child_id: int
    position: int
    item: str
    batch: int | None
    batch_position: int | None


_new_children = insert(job_child)


def add_children(conn: Connection, parent_id: int, links: Sequence[ChildLink]) -> None:
    if links:
        conn.execute(_new_children, [{"parent_id": parent_id, **asdict(link)} for link in links])
