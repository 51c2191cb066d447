"""How jobs and attempts end."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, func, literal, select, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import ACTIVE, attempt, job, job_child, webhook
from workbench.db.writes import failures, ledger, steps
from workbench.db.writes.families import child_ended, family_of
from workbench.db.writes.timeline import add_event
from workbench.i18n import N_, Text

CANCELLED = Text(N_("Cancelled"))


_end_attempt = (
    update(attempt)
    .where(
        attempt.c.job_id == bindparam("b_job_id"), attempt.c.claim == bindparam("b_claim"), attempt.c.ended_at.is_(None)
    )
    .values(
        ended_at=db_now_ms(),
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
    """End a claim's attempt. Calls that it left open are lost: they give back their place and what budgets hold for
    them."""
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
webhook_wanted = exists(select(literal(1)).where(webhook.c.enabled.is_(True)))
#: children are told of by the job that a person started
_webhook_pending = and_(job.c.parent_id.is_(None), webhook_wanted)
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
    "finished_at": db_now_ms(),
    "untold": _webhook_pending,
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
    whole: bool = False,
) -> bool:
    """Bring a fenced (or locked) job to a terminal state, and tell the parents that wait for it. True: there are
    some.

    `whole`: any run of its kind does all of its node's work, and makes good what failed of it before.
    """
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
    if state != "succeeded":
        steps.close_open(conn, job_id)
    has_parents = bool(conn.execute(statement, values).scalar_one_or_none())
    if has_parents:
        child_ended(conn, job_id)
    if state == "succeeded":
        failures.mark_repaired(conn, [job_id], whole=whole)
    elif fingerprint is not None:
        failures.add(conn, job_id, fingerprint)
    return has_parents


_fail = (
    update(job)
    .where(job.c.id == bindparam("b_job_id"))
    .values(
        state=bindparam("b_state"),
        lease_until=None,
        finished_at=db_now_ms(),
        preview=None,
        waiting_for=None,
        result=bindparam("b_result"),
        error_kind=bindparam("b_kind"),
        error=bindparam("b_error"),
        error_i18n=bindparam("b_error_i18n"),
        error_fingerprint=bindparam("b_fingerprint"),
        message=bindparam("b_message"),
        message_i18n=bindparam("b_i18n"),
        untold=_webhook_pending,
    )
    .returning(_has_parents)
)


def cancel(conn: Connection, job_id: int, user: str = "local") -> str | None:
    """Cancel one job and the jobs it started. Returns the state it had, None when it had ended already."""
    family = family_of(conn, job_id)
    rows = conn.execute(
        select(job.c.id, job.c.state)
        .where(job.c.id.in_(family))
        .order_by(job.c.id.desc())
        .with_for_update(key_share=True)
    ).all()
    if conn.dialect.name != "sqlite" and len(family) > 1:
        # another parent may have adopted one of them while this waited for its row
        family = family_of(conn, job_id)
        rows = [r for r in rows if r.id in family]
    had = {r.id: r.state for r in rows}
    if had.get(job_id) not in ACTIVE:
        return None
    for one, state in had.items():
        if state == "running":
            conn.execute(update(job).where(job.c.id == one, job.c.cancel_at.is_(None)).values(cancel_at=db_now_ms()))
        elif state in ACTIVE:
            _cancel_idle(conn, one)
    add_event(conn, job_id, Text(N_("{user} cancelled it"), user=user), level="audit")
    return str(had[job_id])


def _cancel_idle(conn: Connection, job_id: int) -> None:
    steps.close_open(conn, job_id)
    conn.execute(
        update(job)
        .where(job.c.id == job_id, job.c.state.in_(("queued", "waiting")))
        .values(
            state="cancelled",
            waiting_for=None,
            finished_at=db_now_ms(),
            cancel_at=func.coalesce(job.c.cancel_at, db_now_ms()),
            lease_until=None,
            error_kind="cancelled",
            message=str(CANCELLED),
            message_i18n=CANCELLED.to_json(),
            preview=None,
            untold=_webhook_pending,
        )
    )
    child_ended(conn, job_id)
