"""A job's steps: begun before anything is paid, memoised when done, and polled while a provider works on them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from workbench.db.connection import db_now_ms
from workbench.db.schema import job, model_call, step
from workbench.i18n import Text
from workbench.json_types import Json, JsonObject

_find_step = select(
    step.c.state, step.c.input_hash, step.c.output, step.c.claim, step.c.provider_task_id, step.c.updated_at
).where(step.c.job_id == bindparam("job_id"), step.c.name == bindparam("name"))
_new_step = insert(step).values(
    job_id=bindparam("b_job_id"),
    name=bindparam("b_name"),
    position=bindparam("b_position"),
    state=bindparam("b_state"),
    input_hash=bindparam("b_hash"),
    claim=bindparam("b_claim"),
    created_at=db_now_ms(),
    updated_at=db_now_ms(),
)
_refused_child = _new_step.values(child_item=bindparam("b_item"), output=bindparam("b_output"))
#: what a parent noted of its refused children stands after its steps
_AFTER_STEPS = 1000
_set_step = update(step).where(step.c.job_id == bindparam("b_job_id"), step.c.name == bindparam("b_name"))
_begin_again = _set_step.values(
    state=bindparam("b_state"),
    input_hash=bindparam("b_hash"),
    claim=bindparam("b_claim"),
    output=None,
    reused_from=None,
    provider_task_id=None,
    poll_at=None,
    position=bindparam("b_position"),
    updated_at=db_now_ms(),
)
_step_done = _set_step.values(state="done", output=bindparam("b_output"), updated_at=db_now_ms())
_no_losses = update(job).where(job.c.id == bindparam("b_job_id"), job.c.losses > 0).values(losses=0)


@dataclass(frozen=True, slots=True)
class StepState:
    """A step as the claim that resumes it finds it. `claim`: the one that began it."""

    state: str
    input_hash: str
    output: Json
    claim: int | None
    provider_task_id: str | None
    updated_at: int


def find_step(conn: Connection, job_id: int, name: str) -> StepState | None:
    row = conn.execute(_find_step, {"job_id": job_id, "name": name}).one_or_none()
    return None if row is None else StepState(*row)


def begin_step(
    conn: Connection,
    job_id: int,
    name: str,
    position: int,
    input_hash: str,
    claim: int,
    *,
    again: bool,
    state: str = "sent",
) -> None:
    """Commit a step as `sent` before anything is paid."""
    values = {
        "b_job_id": job_id,
        "b_name": name,
        "b_position": position,
        "b_state": state,
        "b_hash": input_hash,
        "b_claim": claim,
    }
    conn.execute(_begin_again if again else _new_step, values)


def add_refused_child(
    conn: Connection, job_id: int, item: str, position: int, claim: int, error_kind: str, error: Text
) -> None:
    """Note a child that could not be started: a step that ends at once, listed after those that did something."""
    conn.execute(
        _refused_child,
        {
            "b_job_id": job_id,
            "b_name": f"refused {item}",
            "b_position": _AFTER_STEPS + position,
            "b_state": "refused_child",
            "b_hash": "",
            "b_claim": claim,
            "b_item": item,
            "b_output": {"error_kind": error_kind, "error": str(error), "error_i18n": error.to_json()},
        },
    )


def list_refused_children(conn: Connection, job_id: int) -> dict[str, dict[str, Any]]:
    """Item → {"error_kind", "error", "error_i18n"} of the children that a parent could not start."""
    query = select(step.c.child_item, step.c.output).where(step.c.job_id == job_id, step.c.child_item.isnot(None))
    return {item: output for item, output in conn.execute(query)}


def finish_step(conn: Connection, job_id: int, name: str, output: Any) -> None:
    """Memoise a step's output; the count of lost workers starts again."""
    conn.execute(_step_done, {"b_job_id": job_id, "b_name": name, "b_output": output})
    conn.execute(_no_losses, {"b_job_id": job_id})


def set_step(conn: Connection, job_id: int, name: str, **values: Any) -> None:
    conn.execute(
        update(step).where(step.c.job_id == job_id, step.c.name == name).values(updated_at=db_now_ms(), **values)
    )


def mark_submitted(conn: Connection, job_id: int, name: str, task_id: str, poll_after_ms: int) -> None:
    """The provider has the task: from here on only polls, never a second create."""
    set_step(conn, job_id, name, state="submitted", provider_task_id=task_id, poll_at=db_now_ms() + poll_after_ms)


def _lock_job(conn: Connection, job_id: int) -> None:
    """Before any of its steps and calls, as every worker locks them: in another order two may wait for each other."""
    conn.execute(select(job.c.id).where(job.c.id == job_id).with_for_update(key_share=True))


_close_open = (
    update(step)
    .where(step.c.job_id == bindparam("b_job_id"), step.c.state == "sent")
    .values(state="lost", updated_at=db_now_ms())
)


def close_open(conn: Connection, job_id: int) -> None:
    """A job ends: of the calls that are still under way nobody waits for the answer. One that comes is kept all the
    same."""
    conn.execute(_close_open, {"b_job_id": job_id})


def lock_if_uncertain(conn: Connection, job_id: int, name: str, claim: int | None) -> bool:
    """Lock the job and the step; False when what became of its call under this claim is known, or decided, by now."""
    _lock_job(conn, job_id)
    query = select(step.c.name).where(
        step.c.job_id == job_id,
        step.c.name == name,
        step.c.claim == claim,
        step.c.state.in_(("sent", "maybe_charged", "lost")),
    )
    return conn.execute(query.with_for_update()).scalar_one_or_none() is not None


def mark_uncertain(conn: Connection, job_id: int, claim: int) -> int:
    """Ask about every picture that an earlier claim sent and nobody knows the end of, so that a person is asked once.

    Returns how many of the job's steps wait for that decision now.
    """
    # a text is simply sent again, and a clip's task may be found where the service lists its tasks
    settled_otherwise = exists(
        select(literal(1)).where(
            model_call.c.job_id == job_id,
            model_call.c.step == step.c.name,
            model_call.c.capability.in_(("text", "video")),
        )
    )
    conn.execute(
        update(step)
        .where(step.c.job_id == job_id, step.c.state == "sent", step.c.claim < claim, ~settled_otherwise)
        .values(state="maybe_charged", updated_at=db_now_ms())
    )
    asked = select(func.count()).select_from(step).where(step.c.job_id == job_id, step.c.state == "maybe_charged")
    return int(conn.execute(asked).scalar_one())


def lock_if_submitted(conn: Connection, job_id: int, name: str, task_id: str) -> bool:
    """Lock the job and the step; False when somebody else settled it, or it is another task by now."""
    _lock_job(conn, job_id)
    query = select(step.c.name).where(
        step.c.job_id == job_id, step.c.name == name, step.c.state == "submitted", step.c.provider_task_id == task_id
    )
    return conn.execute(query.with_for_update()).scalar_one_or_none() is not None


def _of_creating_call(column: ColumnElement[Any]) -> ScalarSelect[Any]:
    """Of the call that created a step's task: a job may leave its videos to another profile, and profiles change."""
    return (
        select(column)
        .where(
            model_call.c.job_id == step.c.job_id, model_call.c.step == step.c.name, model_call.c.capability == "video"
        )
        .order_by(model_call.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def is_known_task(conn: Connection, task_id: str) -> bool:
    """Whether a service's task belongs to a step already."""
    return conn.execute(select(step.c.job_id).where(step.c.provider_task_id == task_id).limit(1)).first() is not None


def list_clip_versions(conn: Connection, job_id: int) -> list[int]:
    """The artifact versions that a job's clip, under way or done, was asked for with; empty when there is none."""
    query = (
        select(model_call.c.prompt)
        .join(step, (step.c.job_id == model_call.c.job_id) & (step.c.name == model_call.c.step))
        .where(
            model_call.c.job_id == job_id,
            model_call.c.capability == "video",
            model_call.c.input_hash == step.c.input_hash,
            step.c.state.in_(("sent", "submitted", "done", "maybe_charged")),
        )
        .order_by(model_call.c.id.desc())
        .limit(1)
    )
    prompt = conn.execute(query).scalar_one_or_none()
    return list((prompt or {}).get("versions", ()))


@dataclass(frozen=True, slots=True)
class DuePoll:
    """A long task that it is time to ask for. `profile_id`, `model`, `price`: of the call that created it."""

    job_id: int
    name: str
    provider_task_id: str
    poll_at: int
    created_at: int
    job_state: str
    profile_id: int | None
    model: str | None
    price: JsonObject | None


def list_due_polls(conn: Connection, limit: int = 20) -> list[DuePoll]:
    """The tasks that are due, those that waited longest first."""
    query = (
        select(
            step.c.job_id,
            step.c.name,
            step.c.provider_task_id,
            step.c.poll_at,
            step.c.created_at,
            job.c.state,
            *(
                _of_creating_call(column)
                for column in (model_call.c.profile_id, model_call.c.model, model_call.c.price)
            ),
        )
        .join(job, job.c.id == step.c.job_id)
        .where(step.c.state == "submitted", step.c.poll_at <= db_now_ms())
        .order_by(step.c.poll_at)
        .limit(limit)
    )
    return [DuePoll(*row) for row in conn.execute(query)]


def take_poll(conn: Connection, due: DuePoll, again_after_ms: int) -> bool:
    """Compare-and-set on poll_at: of several processes that saw it due, one polls."""
    done = conn.execute(
        update(step)
        .where(
            step.c.job_id == due.job_id,
            step.c.name == due.name,
            step.c.state == "submitted",
            step.c.poll_at == due.poll_at,
        )
        .values(poll_at=db_now_ms() + again_after_ms)
    )
    return done.rowcount > 0


def copy_done_steps(
    conn: Connection, source: int, target: int, before_position: int | None = None, prefixes: Collection[str] = ()
) -> int:
    """Give a job the steps that an earlier one finished (those before a position; those whose names begin so), marked
    as reused. What it has begun itself stays. Returns how many."""
    own = select(step.c.name).where(step.c.job_id == target)
    query = select(step).where(step.c.job_id == source, step.c.state == "done", step.c.name.not_in(own))
    if before_position is not None:
        query = query.where(step.c.position < before_position)
    if prefixes:
        query = query.where(or_(*(step.c.name.startswith(prefix, autoescape=True) for prefix in prefixes)))
    rows = [
        {**dict(r), "job_id": target, "reused_from": source, "cost_micros": None, "claim": None}
        for r in conn.execute(query).mappings()
    ]
    if rows:
        conn.execute(insert(step), rows)
    return len(rows)
