"""Steps and the ledger of model calls. A call is written before it is sent and never deleted by the engine."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    ScalarSelect,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from workbench.db.connection import db_now_ms
from workbench.db.schema import job, model_call, profile, step
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
_cost_of_step = (
    select(func.sum(model_call.c.cost_micros))
    .where(model_call.c.job_id == bindparam("b_job_id"), model_call.c.step == bindparam("b_name"))
    .scalar_subquery()
)
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
    conn: Connection, job_id: int, item: str, position: int, claim: int, error_kind: str, error: str
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
            "b_output": {"error_kind": error_kind, "error": error},
        },
    )


def refused_children(conn: Connection, job_id: int) -> dict[str, dict[str, Any]]:
    """Item → {"error_kind", "error"} of the children that a parent could not start."""
    query = select(step.c.child_item, step.c.output).where(step.c.job_id == job_id, step.c.child_item.isnot(None))
    return {item: output for item, output in conn.execute(query)}


def finish_step(conn: Connection, job_id: int, name: str, output: Any) -> None:
    """Memoise a step's output; the count of lost workers starts again."""
    conn.execute(_step_done, {"b_job_id": job_id, "b_name": name, "b_output": output})
    conn.execute(_no_losses, {"b_job_id": job_id})


def price_step(conn: Connection, job_id: int, name: str) -> None:
    conn.execute(
        update(step).where(step.c.job_id == job_id, step.c.name == name).values(cost_micros=_cost_of_step),
        {"b_job_id": job_id, "b_name": name},
    )


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


def lock_if_uncertain(conn: Connection, job_id: int, name: str, claim: int | None) -> bool:
    """Lock the job and the step; False when what became of its call under this claim is known, or decided, by now."""
    _lock_job(conn, job_id)
    query = select(step.c.name).where(
        step.c.job_id == job_id,
        step.c.name == name,
        step.c.claim == claim,
        step.c.state.in_(("sent", "maybe_charged")),
    )
    return conn.execute(query.with_for_update()).scalar_one_or_none() is not None


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


def versions_of_clip(conn: Connection, job_id: int) -> list[int]:
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


def due_polls(conn: Connection, limit: int = 20) -> list[DuePoll]:
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


_open_calls = select(func.count()).where(
    model_call.c.profile_id == bindparam("profile_id"), model_call.c.outcome == "sent"
)


def open_calls(conn: Connection, profile_id: int | None) -> int:
    """A profile's calls under way, in all workers."""
    return int(conn.execute(_open_calls, {"profile_id": profile_id}).scalar_one())


def lock_slots(conn: Connection, profile_id: int | None, most: int) -> bool:
    """Whether the profile has a slot left for a call opened in this transaction; others that ask meanwhile wait for
    it."""
    # not FOR UPDATE, which would also stop every new job of this profile
    conn.execute(select(profile.c.id).where(profile.c.id == profile_id).with_for_update(key_share=True))
    return open_calls(conn, profile_id) < most


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCall:
    """A call that is about to be sent: the columns that are written then. `job_id` None: a profile check.

    `expected_micros`: what it will probably cost, reserved until it is settled. `fallback_from`: the profile that was
    asked first.
    """

    call_id: str
    purpose: str
    capability: str
    provider: str
    model: str
    profile_id: int | None
    fallback_from: int | None = None
    job_id: int | None = None
    claim: int | None = None
    step: str | None = None
    input_hash: str | None = None
    project_id: int | None = None
    workflow: str | None = None
    mode: str | None = None
    prompt: Json = None
    prompt_version: str | None = None
    currency: str | None = None
    price_source: str | None = None
    price: JsonObject | None = None
    expected_micros: int | None = None


_OPENED = tuple(column.name for column in fields(NewCall))
_open_call = (
    insert(model_call)
    .values(outcome="sent", started_at=db_now_ms(), **{name: bindparam(f"b_{name}") for name in _OPENED})
    .returning(model_call.c.id)
)


def open_call(conn: Connection, call: NewCall) -> int:
    """Write a call as `sent`; returns its row's id."""
    return int(conn.execute(_open_call, {f"b_{name}": getattr(call, name) for name in _OPENED}).scalar_one())


_answered = select(model_call.c.id).where(model_call.c.id == bindparam("id"), model_call.c.outcome == "ok")


def is_answered(conn: Connection, call_row: int) -> bool:
    """Whether a call's answer has been written down."""
    return conn.execute(_answered, {"id": call_row}).scalar_one_or_none() is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How a call ended: the columns that are written then. None: not known, which is not zero.

    `outcome`: ok, error or late. `expected_micros`: what stays reserved for a task that goes on.
    """

    outcome: str
    model: str
    latency_ms: int
    ttft_ms: int | None = None
    valid: bool | None = None
    error_kind: str | None = None
    error: str | None = None
    http_status: int | None = None
    request_id: str | None = None
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    image_input_tokens: int | None = None
    image_output_tokens: int | None = None
    images: int | None = None
    video_seconds: int | None = None
    cost_micros: int | None = None
    currency: str | None = None
    price_source: str | None = None
    price: JsonObject | None = None
    expected_micros: int | None = None
    finish_reason: str | None = None
    raw_output: str | None = None


_SETTLED = tuple(column.name for column in fields(Settlement))
_settle_call = (
    update(model_call)
    .where(model_call.c.id == bindparam("b_id"))
    .values(ended_at=db_now_ms(), **{name: bindparam(f"b_{name}") for name in _SETTLED})
)


def settle_call(conn: Connection, call_row: int, ended: Settlement) -> None:
    """Write how a call ended, whoever owns the job now: a paid answer is counted even if it came too late."""
    conn.execute(_settle_call, {"b_id": call_row, **{f"b_{name}": getattr(ended, name) for name in _SETTLED}})


def mark_late(conn: Connection, call_row: int, latency_ms: int) -> None:
    """The answer to a call that was given up, and is settled by now, has come: what it costs stays as it is."""
    conn.execute(update(model_call).where(model_call.c.id == call_row).values(outcome="late", latency_ms=latency_ms))


def _plus(column: Any, name: str) -> Any:
    given = bindparam(f"b_{name}", type_=column.type)
    # NULL + NULL stays unknown; a known part is kept when the other is unknown
    return case((given.is_(None), column), else_=func.coalesce(column, 0) + given)


_count_on_job = (
    update(job)
    .where(
        job.c.id == bindparam("b_job_id"),
        or_(
            bindparam("b_currency", type_=job.c.currency.type).is_(None),
            job.c.currency.is_(None),
            job.c.currency == bindparam("b_currency", type_=job.c.currency.type),
        ),
    )
    .values(
        input_tokens=_plus(job.c.input_tokens, "input"),
        output_tokens=_plus(job.c.output_tokens, "output"),
        cost_micros=_plus(job.c.cost_micros, "cost"),
        currency=func.coalesce(bindparam("b_currency", type_=job.c.currency.type), job.c.currency),
    )
)


def _newest_of(job_id: int, name: str) -> ColumnElement[bool]:
    """The call that created a step's task."""
    newest = select(func.max(model_call.c.id)).where(
        model_call.c.job_id == job_id, model_call.c.step == name, model_call.c.capability == "video"
    )
    return model_call.c.id == newest.scalar_subquery()


def price_task(conn: Connection, job_id: int, name: str, **values: Any) -> None:
    """Write what a long task cost on the call that created it; nothing is reserved for it any more."""
    conn.execute(update(model_call).where(_newest_of(job_id, name)).values(expected_micros=None, **values))
    price_step(conn, job_id, name)


def reserve_for_task(conn: Connection, job_id: int, name: str, expected_micros: int | None) -> None:
    """A task that was found again goes on: reserve what it will probably cost, at the price it was ordered at."""
    conn.execute(update(model_call).where(_newest_of(job_id, name)).values(expected_micros=expected_micros or None))


def count_on_job(
    conn: Connection,
    job_id: int,
    *,
    input_tokens: int | None,
    output_tokens: int | None,
    cost_micros: int | None,
    currency: str | None,
) -> bool:
    """Add a call to its job's counters; unknown is not zero. False when the job counts in another currency (see
    usage.money)."""
    values = {
        "b_job_id": job_id,
        "b_input": input_tokens,
        "b_output": output_tokens,
        "b_cost": cost_micros,
        "b_currency": currency if cost_micros is not None else None,
    }
    return conn.execute(_count_on_job, values).rowcount > 0


def currency_of(conn: Connection, job_id: int) -> str | None:
    """The currency that a job's cost is counted in; None: none yet."""
    return conn.execute(select(job.c.currency).where(job.c.id == job_id)).scalar_one_or_none()


_paid_answers = (
    select(model_call.c.raw_output, model_call.c.finish_reason)
    .where(
        model_call.c.job_id == bindparam("job_id"),
        model_call.c.step == bindparam("step"),
        model_call.c.input_hash == bindparam("input_hash"),
        model_call.c.outcome == "ok",
    )
    .order_by(model_call.c.id)
)


def paid_answers(conn: Connection, job_id: int, name: str, input_hash: str) -> list[str]:
    """Raw answers of this step that were paid already, oldest first: a resumed repair goes on from them."""
    rows = conn.execute(_paid_answers, {"job_id": job_id, "step": name, "input_hash": input_hash}).all()
    return [r.raw_output for r in rows if r.raw_output]


def stored_answers(conn: Connection, job_id: int, name: str) -> list[str]:
    """Every raw answer a step ever got, newest first."""
    query = (
        select(model_call.c.raw_output)
        .where(model_call.c.job_id == job_id, model_call.c.step == name, model_call.c.raw_output.isnot(None))
        .order_by(model_call.c.id.desc())
    )
    return [raw for (raw,) in conn.execute(query) if raw]


def prune_raw(conn: Connection, older_than_ms: int) -> int:
    """Forget prompts and raw answers of old calls; tokens and cost stay."""
    return conn.execute(
        update(model_call)
        .where(
            model_call.c.started_at < db_now_ms() - older_than_ms,
            or_(model_call.c.raw_output.isnot(None), model_call.c.prompt.isnot(None)),
        )
        .values(raw_output=None, prompt=None)
    ).rowcount


_lost = update(model_call).values(outcome="lost", ended_at=db_now_ms(), expected_micros=None)
_lose_calls = _lost.where(
    model_call.c.job_id == bindparam("b_job_id"),
    model_call.c.claim == bindparam("b_claim"),
    model_call.c.outcome == "sent",
)


def lose_calls(conn: Connection, job_id: int, claim: int) -> None:
    """Calls that a claim left open when it ended: their slots, and what is reserved for them, are free again."""
    conn.execute(_lose_calls, {"b_job_id": job_id, "b_claim": claim})


#: a profile check's call belongs to no job, and is never under way so long
ABANDONED_MS = 3_600_000
_abandoned = and_(
    model_call.c.outcome == literal_column("'sent'"),
    model_call.c.job_id.is_(None),
    model_call.c.started_at < db_now_ms() - ABANDONED_MS,
)


def abandoned_calls_exist(conn: Connection) -> bool:
    return conn.execute(select(literal(1)).where(_abandoned).limit(1)).scalar_one_or_none() is not None


def close_abandoned_calls(conn: Connection) -> int:
    """Close, as lost, the calls of profile checks that were killed: no claim's end does. Returns how many."""
    return conn.execute(_lost.where(_abandoned)).rowcount


def copy_done_steps(conn: Connection, source: int, target: int, before_position: int | None = None) -> int:
    """Give a replay the steps that its original finished (those before a position), marked as reused."""
    query = select(step).where(step.c.job_id == source, step.c.state == "done")
    if before_position is not None:
        query = query.where(step.c.position < before_position)
    rows = [
        {**dict(r), "job_id": target, "reused_from": source, "cost_micros": None, "claim": None}
        for r in conn.execute(query).mappings()
    ]
    if rows:
        conn.execute(insert(step), rows)
    return len(rows)
