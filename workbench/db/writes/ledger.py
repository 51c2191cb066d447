"""The ledger of model calls. A call is written before it is sent and never deleted by the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
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

from workbench.db.connection import Ids, among, db_now_ms
from workbench.db.schema import job, model_call, profile, step
from workbench.db.writes import filing, installation
from workbench.json_types import Json, JsonObject

_of_step = and_(model_call.c.job_id == bindparam("b_job_id"), model_call.c.step == bindparam("b_name"))
_counted_in = select(job.c.currency).where(job.c.id == bindparam("b_job_id")).scalar_subquery()
_in_another_currency = select(literal(1)).where(
    _of_step, model_call.c.cost_micros.isnot(None), model_call.c.currency != func.coalesce(_counted_in, "")
)
_price_step = (
    update(step)
    .where(step.c.job_id == bindparam("b_job_id"), step.c.name == bindparam("b_name"), ~_in_another_currency.exists())
    .values(cost_micros=select(func.sum(model_call.c.cost_micros)).where(_of_step).scalar_subquery())
)


def price_step(conn: Connection, job_id: int, name: str) -> bool:
    """Write what a step's calls cost. False when one costs something in a currency that its job does not count in (see
    usage.money)."""
    return conn.execute(_price_step, {"b_job_id": job_id, "b_name": name}).rowcount > 0


def list_costs(conn: Connection, job_id: int, name: str) -> list[tuple[int, str | None]]:
    """What each call of a step cost, as far as it is known, oldest first: micros and their currency."""
    known = (
        select(model_call.c.cost_micros, model_call.c.currency)
        .where(_of_step, model_call.c.cost_micros.isnot(None))
        .order_by(model_call.c.id)
    )
    return [(row.cost_micros, row.currency) for row in conn.execute(known, {"b_job_id": job_id, "b_name": name})]


def set_step_cost(conn: Connection, job_id: int, name: str, cost_micros: int) -> None:
    """Write what a step cost, in its job's currency."""
    conn.execute(update(step).where(step.c.job_id == job_id, step.c.name == name).values(cost_micros=cost_micros))


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
    prompt_name: str | None = None
    template: Json = None
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


_with_outcome = select(model_call.c.id).where(
    model_call.c.id == bindparam("id"), model_call.c.outcome == bindparam("outcome")
)


def has_outcome(conn: Connection, call_row: int, outcome: str) -> bool:
    """Whether this is what has been written of how a call ended."""
    return conn.execute(_with_outcome, {"id": call_row, "outcome": outcome}).scalar_one_or_none() is not None


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


_filed_owner = (
    select(job.c.id)
    .join(model_call, model_call.c.job_id == job.c.id)
    .where(model_call.c.id == bindparam("id"), job.c.filed.is_(True))
)


def settle_call(conn: Connection, call_row: int, ended: Settlement) -> None:
    """Write how a call ended, whoever owns the job now: a paid answer is counted even if it came too late. A job that
    was filed without it is filed anew."""
    filing.unfile(conn, conn.scalars(_filed_owner, {"id": call_row}).all())
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


def was_opened(conn: Connection, job_id: int, name: str, claim: int | None) -> bool:
    """Whether a claim has opened a call of this step; before that nothing is sent."""
    query = select(model_call.c.id).where(
        model_call.c.job_id == job_id, model_call.c.step == name, model_call.c.claim == claim
    )
    return conn.execute(query.limit(1)).first() is not None


def list_paid_answers(conn: Connection, job_id: int, name: str, input_hash: str) -> list[str]:
    """Raw answers of this step that were paid already, oldest first: a resumed repair goes on from them."""
    rows = conn.execute(_paid_answers, {"job_id": job_id, "step": name, "input_hash": input_hash}).all()
    return [r.raw_output for r in rows if r.raw_output]


def list_raw_answers(conn: Connection, job_id: int, name: str) -> list[str]:
    """Every raw answer a step ever got, newest first."""
    query = (
        select(model_call.c.raw_output)
        .where(model_call.c.job_id == job_id, model_call.c.step == name, model_call.c.raw_output.isnot(None))
        .order_by(model_call.c.id.desc())
    )
    return [raw for (raw,) in conn.execute(query) if raw]


#: calls whose texts are forgotten in one transaction
FORGOTTEN_AT_ONCE = 500
#: the longest that an answer comes after its call was opened
_LATEST_MS = 4 * 24 * 3_600_000
_PRUNED_UNTIL = "calls.texts_forgotten_until"
_old_texts = (
    select(model_call.c.id, model_call.c.job_id, model_call.c.started_at)
    .where(
        model_call.c.started_at >= bindparam("since"),
        model_call.c.started_at < db_now_ms() - bindparam("older_than_ms"),
        or_(model_call.c.raw_output.isnot(None), model_call.c.prompt.isnot(None)),
    )
    .order_by(model_call.c.started_at)
    .limit(FORGOTTEN_AT_ONCE)
)


def prune_raw(conn: Connection, older_than_ms: int) -> int:
    """Forget prompts and raw answers of the oldest calls that have some, `FORGOTTEN_AT_ONCE` at most, and that jobs
    are found by them; tokens and cost stay. Returns how many."""
    since = max(0, int(installation.get_meta(conn, _PRUNED_UNTIL) or 0) - _LATEST_MS)
    rows = conn.execute(_old_texts, {"since": since, "older_than_ms": older_than_ms}).all()
    if rows:
        forget_texts(conn, [row.id for row in rows], [row.job_id for row in rows if row.job_id is not None])
        installation.set_meta(conn, _PRUNED_UNTIL, str(rows[-1].started_at))
    return len(rows)


_no_texts = (
    update(model_call)
    .where(among(model_call.c.id, bindparam("ids", type_=Ids())))
    .values(raw_output=None, prompt=None, template=None)
)


def forget_texts(conn: Connection, call_rows: Sequence[int], job_ids: Sequence[int]) -> None:
    """Forget what these calls of these jobs said; whoever is filed is filed anew."""
    filing.unfile(conn, sorted(set(job_ids)))
    conn.execute(_no_texts, {"ids": [*call_rows]})


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


def has_abandoned_calls(conn: Connection) -> bool:
    return conn.execute(select(literal(1)).where(_abandoned).limit(1)).scalar_one_or_none() is not None


def close_abandoned_calls(conn: Connection) -> int:
    """Close, as lost, the calls of profile checks that were killed: no claim's end does. Returns how many."""
    return conn.execute(_lost.where(_abandoned)).rowcount
