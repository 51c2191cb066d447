"""One paid call: its row in the ledger, the request, what it costs, and how it ends.

Text steps, media steps and profile checks call a service through `ModelCall` alone. The row is committed as `sent`
before the request; what came of it is one commit with what follows from it (docs/adr/0005). `admit` says when it may
begin.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from workbench import crash
from workbench.db.connection import Database
from workbench.db.writes import ledger
from workbench.errors import DatabaseUnavailable, JobError, LostClaim, ProviderError, ReelwrightError
from workbench.json_types import Json
from workbench.profiles.routing import BoundProvider, Capability, RateLimit, reserve
from workbench.providers.base import ImageReply, Mode, TextReply, Usage
from workbench.security.redact import redactor
from workbench.usage import money
from workbench.usage.prices import NOT_SENT, UNKNOWN, Cost

log = logging.getLogger(__name__)

Reply = TypeVar("Reply")
#: what a restarting or overloaded database raises; never the job's fault
DATABASE_AWAY = (OperationalError, InterfaceError, DatabaseUnavailable)
#: a fail-over takes a minute, a full disk until somebody has cleared it; a paid answer is worth ten minutes of a thread
WAITS_S = (0.2, 1.0, 3.0, *(2.0,) * 300)


class CallOwner(Protocol):
    """On whose behalf calls are made: a claim of a job, or a profile check, which has no ids."""

    @property
    def database(self) -> Database: ...
    @property
    def limit(self) -> RateLimit: ...
    @property
    def job_id(self) -> int | None: ...
    @property
    def claim(self) -> int | None: ...
    @property
    def project_id(self) -> int | None: ...
    @property
    def workflow(self) -> str | None: ...

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that holds only while the claim is the owner's. Raises LostClaim."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpec:
    """What is called. `price` gives the cost of a usage; `tokens` were reserved from the limit per minute.

    `taken_at`: monotonic time at or after which the tokens were reserved; None: when the call is opened.
    """

    call_id: str
    capability: Capability
    model: str
    purpose: str
    price: Callable[[Usage], Cost]
    tokens: int
    taken_at: float | None = None
    expected: Cost = UNKNOWN
    step: str | None = None
    input_hash: str | None = None
    mode: Mode | None = None
    prompt: Json = None
    prompt_version: str | None = None
    prompt_name: str | None = None
    template: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """What an answered call comes to. `error`: why its answer cannot be used; it is paid all the same.

    `expected`: of a task that is still running, the cost to keep reserved, at today's prices.
    """

    model: str
    usage: Usage
    cost: Cost
    valid: bool = True
    error: JobError | None = None
    images: int | None = None
    video_seconds: float | None = None
    request_id: str | None = None
    finish_reason: str | None = None
    ttft_ms: int | None = None
    raw_output: str | None = None
    expected: Cost | None = None


def nothing_more(conn: Connection) -> None:
    """Nothing follows from this call."""


class ModelCall:
    """A call that is recorded in the ledger. `result`: its answer, if that has to be judged before it is settled."""

    def __init__(self, owner: CallOwner, bound: BoundProvider, spec: CallSpec, row: int) -> None:
        self.row = row
        self.call_id = spec.call_id
        self.latency_ms = 0
        self.result: CallResult | None = None
        #: somebody has begun to write how it ended
        self.settling = False
        self._owner = owner
        self._bound = bound
        self._spec = spec
        self._taken_at = time.monotonic() if spec.taken_at is None else spec.taken_at

    @classmethod
    def open(cls, owner: CallOwner, bound: BoundProvider, spec: CallSpec) -> ModelCall:
        """Write a call before it is sent. Raises LostClaim, or NoRoom when others took its slot or the budget's
        rest."""
        call = ledger.NewCall(
            call_id=spec.call_id,
            purpose=spec.purpose,
            capability=spec.capability,
            provider=bound.profile.provider,
            model=spec.model,
            profile_id=bound.profile.id,
            fallback_from=bound.fallback_from,
            job_id=owner.job_id,
            claim=owner.claim,
            step=spec.step,
            input_hash=spec.input_hash,
            project_id=owner.project_id,
            workflow=owner.workflow,
            mode=spec.mode,
            prompt=spec.prompt,
            prompt_version=spec.prompt_version,
            prompt_name=spec.prompt_name,
            template=spec.template,
            currency=spec.expected.currency,
            price_source=spec.expected.source,
            price=spec.expected.price,
            expected_micros=spec.expected.cost_micros or None,
        )
        with owner.write() as conn:
            reserve(conn, bound, owner.project_id)
            row = ledger.open_call(conn, call)
        crash.point("call_opened")
        return cls(owner, bound, spec, row)

    async def send(self, request: Callable[[], Awaitable[Reply]]) -> Reply:
        """What the service answered, without any key in it. A failure is in the ledger before it goes on."""
        started = time.monotonic()
        try:
            reply = await request()
        except BaseException as error:
            self.latency_ms = _milliseconds_since(started)
            self._settle_failure(error)
            raise
        self.latency_ms = _milliseconds_since(started)
        crash.point("call_answered")
        if isinstance(reply, TextReply):
            self._correct_rate_limit(reply.usage)
            # a service may repeat the key, and what it says is stored
            return replace(reply, text=redactor.exact(reply.text), model=redactor.exact(reply.model))
        if isinstance(reply, ImageReply):
            self._correct_rate_limit(reply.usage)
            return replace(reply, model=redactor.exact(reply.model))
        return reply

    def settle(
        self,
        result: CallResult,
        also: Callable[[Connection], None] = nothing_more,
        *,
        adopt: Callable[[Connection], bool] = lambda conn: False,
    ) -> None:
        """What came of the call, and what follows from it, in one commit.

        Raises LostClaim when the claim is lost by now. The call is then written as `late`, paid and counted, and
        nothing follows – unless `adopt` finds a use for it and writes both, and says True.
        """
        self.settling = True

        def commit(again: bool) -> None:
            with self._owner.write() as conn:
                if not (again and ledger.has_outcome(conn, self.row, "ok")):
                    self.record(conn, result, "ok")
                    also(conn)

        def commit_late(again: bool) -> None:
            with self._owner.database.write() as conn:
                if not (again and ledger.has_outcome(conn, self.row, "late")) and not adopt(conn):
                    self.record(conn, result, "late")

        try:
            write_with_retry(commit)
            crash.point("call_settled")
        except LostClaim:
            write_with_retry(commit_late)
            raise

    def settle_useless(self, result: CallResult, error: BaseException) -> None:
        """A paid call that came to nothing, because of an error after its answer; counted whoever owns the job now."""
        self.settling = True
        text, kind = str(error), "internal"
        if isinstance(error, ReelwrightError):
            kind = error.kind
        elif isinstance(error, asyncio.CancelledError):
            kind = "cancelled"
        reason = JobError(text, kind=kind, retryable=False)

        def commit(again: bool) -> None:
            with self._owner.database.write() as conn:
                if not (again and ledger.has_outcome(conn, self.row, "error")):
                    self.record(conn, replace(result, valid=False, error=reason), "error")

        write_with_retry(commit)

    def settle_unjudged(self) -> None:
        """An answer that is paid for and that nobody could judge: it counts like any other, whoever owns the job."""
        assert self.result is not None
        result = replace(self.result, valid=False)

        def commit(again: bool) -> None:
            with self._owner.database.write() as conn:
                if not (again and ledger.has_outcome(conn, self.row, "ok")):
                    self.record(conn, result, "ok")

        write_with_retry(commit)

    def record(self, conn: Connection, result: CallResult, outcome: str) -> None:
        """Write how the call ended and add it to its job, in the caller's transaction."""
        cost = result.cost
        reserved = result.expected
        ledger.settle_call(
            conn,
            self.row,
            ledger.Settlement(
                outcome=outcome,
                model=redactor.exact(result.model),
                latency_ms=self.latency_ms,
                ttft_ms=result.ttft_ms,
                valid=result.valid,
                error_kind=result.error.kind if result.error is not None else None,
                error=redactor.text(str(result.error)) if result.error is not None else None,
                http_status=result.error.http_status if isinstance(result.error, ProviderError) else None,
                request_id=result.request_id,
                images=result.images,
                video_seconds=None if result.video_seconds is None else round(result.video_seconds),
                cost_micros=cost.cost_micros if reserved is None else None,
                currency=(reserved or cost).currency,
                price_source=(reserved or cost).source,
                price=(reserved or cost).price,
                expected_micros=None if reserved is None else reserved.cost_micros or None,
                finish_reason=result.finish_reason,
                raw_output=result.raw_output,
                **result.usage.as_columns(),
            ),
        )
        self._count(conn, result.usage, cost)

    def _settle_failure(self, error: BaseException) -> None:
        """A call that failed may have been billed, so it is counted whoever owns the job now."""
        self.settling = True
        kind, text = "internal", repr(error)
        answer: ProviderError | None = None
        if isinstance(error, asyncio.CancelledError):
            kind, text = "cancelled", ""
        elif isinstance(error, ProviderError):
            kind, text, answer = error.kind, str(error), error
        usage = (answer.usage if answer is not None else None) or Usage()
        cost = self._spec.price(usage) if answer is not None else UNKNOWN
        if answer is not None and not answer.sent and cost == UNKNOWN:
            cost = NOT_SENT
        self._correct_rate_limit(usage)
        ended = ledger.Settlement(
            outcome="error",
            model=self._spec.model,
            latency_ms=self.latency_ms,
            error_kind=kind,
            error=redactor.text(text) or None,
            http_status=answer.http_status if answer is not None else None,
            request_id=answer.request_id if answer is not None else None,
            raw_output=redactor.exact(answer.raw) if answer is not None and answer.raw else None,
            **usage.as_columns(),
            **cost.as_columns(),
        )

        def commit(again: bool) -> None:
            with self._owner.database.write() as conn:
                if again and ledger.has_outcome(conn, self.row, "error"):
                    return
                ledger.settle_call(conn, self.row, ended)
                if usage != Usage():
                    self._count(conn, usage, cost)

        write_with_retry(commit)

    def _count(self, conn: Connection, usage: Usage, cost: Cost) -> None:
        if self._owner.job_id is not None:
            money.add_to_job(
                conn,
                self._owner.job_id,
                input_tokens=usage.input,
                output_tokens=usage.output,
                cost_micros=cost.cost_micros,
                currency=cost.currency,
            )

    def _correct_rate_limit(self, usage: Usage) -> None:
        """Tell the limiter how many tokens the call really used."""
        if usage.input is not None:
            used, seconds = usage.input + (usage.output or 0), time.monotonic() - self._taken_at
            self._owner.limit.settle(self._bound.profile, self._spec.tokens, used, seconds)


def write_with_retry(write: Callable[[bool], None]) -> None:
    """Write what came of a call, also while the database restarts or breaks a deadlock; else it would be paid again.

    `write(again)`: `again` is true on a retry; the earlier try may have been committed before the connection broke.
    """
    for number, wait_s in enumerate(WAITS_S):
        try:
            return write(number > 0)
        except DATABASE_AWAY as error:
            log.warning("what came of a call is written again: %s", str(error).splitlines()[0])
            time.sleep(wait_s)
    return write(True)


def _milliseconds_since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
