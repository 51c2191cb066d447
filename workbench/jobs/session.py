"""One claim of one job in this process: who we are, what has been answered, and how it is written."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from workbench import crash
from workbench.db.connection import Database
from workbench.db.writes import jobs as writes
from workbench.db.writes import ledger
from workbench.db.writes import profiles as profile_writes
from workbench.errors import DatabaseUnavailable, LostClaim, OutputError, ProgrammingError, ProviderError
from workbench.i18n import N_, Text
from workbench.jobs.declared import Declared, Workflows
from workbench.media import MediaStore
from workbench.profiles.routing import Capability, RateLimit, Service, Services, Unlimited, admit, take_place
from workbench.profiles.routing import Suspend as Suspend
from workbench.providers.base import Mode, Profile, TextReply, Usage
from workbench.security.redact import redactor
from workbench.usage import money
from workbench.usage.prices import UNKNOWN, Cost, cost_of, now_ms

log = logging.getLogger(__name__)

T = TypeVar("T")
Price = Callable[[Usage], Cost]
#: what a restarting or overloaded database raises; never the job's fault
DATABASE_AWAY = (OperationalError, InterfaceError, DatabaseUnavailable)
WAITS_S = (0.2, 1.0, 3.0)
PREVIEW_EVERY_S = 1.0
PREVIEW_CHARS = 1200


@dataclass
class Running:
    """One claim of one job in this process: who we are, and how to write what happens."""

    database: Database
    workflows: Workflows
    declared: Declared
    row: dict[str, Any]
    job_id: int
    claim: int
    services: Services
    media: MediaStore
    limit: RateLimit = field(default_factory=Unlimited)
    no_usage: Usage = field(default_factory=Usage)
    _answers: dict[int, tuple[float, TextReply, Cost]] = field(default_factory=dict)
    _committing: list[int] = field(default_factory=list)
    #: step names of this run, for all kinds of steps
    step_names: list[str] = field(default_factory=list)
    _preview: str = ""
    _preview_at: float = 0.0
    stopping: str | None = None

    @property
    def profile(self) -> Profile:
        """The job's own profile, whoever answers."""
        return self.services.profile

    def service(self, capability: Capability) -> Service:
        """Who is asked; no new paid call starts once the job is being stopped."""
        if self.stopping is not None:
            raise asyncio.CancelledError
        if self.row["answers_from"] is not None:
            raise OutputError(
                "empty_output", Text(N_("A re-parse calls no model, and no stored answer fits this step."))
            )
        return self.services.of(capability)

    async def admit(self, service: Service, tokens: int) -> None:
        """Return when a paid call may begin. Raises Suspend when the job has to wait for it."""
        await admit(self.database, self.limit, service, self.row["project_id"], tokens)
        if self.stopping is not None:
            raise asyncio.CancelledError

    def counted(self, profile: Profile, taken: int, usage: Usage | None, since: float) -> None:
        """What a call counts in its service's minute, now that it is known; `since`: the monotonic time before `admit`."""
        if usage is not None and usage.input is not None:
            self.limit.settle(profile, taken, usage.input + (usage.output or 0), time.monotonic() - since)

    def fall_back(self, capability: Capability, service: Service, error: ProviderError) -> bool:
        """Another service answers from here on, where the profile names one for such a failure; said on the timeline."""
        if self.stopping is not None or service is not self.services.of(capability):
            return service is not self.services.of(capability)
        other = self.services.step_aside(capability, error)
        if other is None:
            return False
        said = Text(
            N_("{profile} cannot answer ({kind}); {other} is asked instead"),
            profile=service.profile.name,
            kind=error.kind,
            other=other.profile.name,
        )
        with self.database.write() as conn:
            writes.fence(conn, self.job_id, self.claim)
            writes.add_event(conn, self.job_id, said, claim=self.claim, level="warning")
        return True

    async def aclose(self) -> None:
        await self.services.aclose()

    def new_step(self, name: str) -> None:
        """Note the next step of this run; raises ProgrammingError for a name used twice."""
        if name in self.step_names:
            raise ProgrammingError(Text("The step name “{name}” is used twice in one run.", name=name))
        self.step_names.append(name)

    def modes(self, service: Service, *, structured: bool) -> Sequence[Mode]:
        """Structured-output modes to try, strongest first, from the one that worked for this model before."""
        if not structured:
            return ("plain",)
        offered: Sequence[Mode] = service.provider.modes
        known = service.profile.modes.get(service.profile.text_model)
        return offered[offered.index(known) :] if known in offered else offered

    def remember_mode(self, profile: Profile, mode: Mode) -> None:
        if profile.id is not None:
            with self.database.write() as conn:
                profile_writes.remember_mode(conn, profile.id, profile.text_model, mode)
        profile.modes[profile.text_model] = mode

    def redact(self, text: str) -> str:
        return redactor.text(text)

    def preview(self, piece: str) -> None:
        """Keep the tail of the streamed text on the job's row, at most once a second."""
        self._preview = redactor.exact(self._preview + piece)[-PREVIEW_CHARS:]
        if time.monotonic() - self._preview_at >= PREVIEW_EVERY_S:
            self._preview_at = time.monotonic()
            try:
                with self.database.write() as conn:
                    writes.set_preview(conn, self.job_id, self.claim, redactor.whole(self._preview))
            except LostClaim:
                raise
            except Exception as error:
                # a preview is not worth a paid stream
                log.warning("job %s: preview not written: %s", self.job_id, error)

    def open_call(
        self,
        service: Service,
        name: str,
        input_hash: str,
        *,
        capability: Capability,
        model: str,
        expected: Cost,
        **values: Any,
    ) -> int:
        """Write a call of a step before it is sent; returns its row. Raises LostClaim, or Held when there is no place for it."""
        with self.database.write() as conn:
            writes.fence(conn, self.job_id, self.claim)
            take_place(conn, service, self.row["project_id"])
            row = ledger.open_call(
                conn,
                {
                    "job_id": self.job_id,
                    "claim": self.claim,
                    "step": name,
                    "input_hash": input_hash,
                    "project_id": self.row["project_id"],
                    "workflow": self.row["kind"],
                    "profile_id": service.profile.id,
                    "fallback_from": service.instead_of,
                    "provider": service.profile.provider,
                    "model": model,
                    "capability": capability,
                    **expected.as_expected(),
                    **values,
                },
            )
        crash.point("call_opened")
        return row

    async def called(
        self, call_row: int, model: str, call: Callable[[], Awaitable[T]], price: Price = lambda seen: UNKNOWN
    ) -> tuple[T, float]:
        """(what the service answered, seconds). A failure is in the ledger before it goes on."""
        started = time.monotonic()
        try:
            return await call(), time.monotonic() - started
        except asyncio.CancelledError:
            self.close_call(call_row, started, model, outcome="error", error_kind="cancelled")
            raise
        except ProviderError as error:
            self.close_call(
                call_row,
                started,
                model,
                outcome="error",
                error_kind=error.kind,
                error=self.redact(str(error)),
                http_status=error.http_status,
                request_id=error.request_id,
                usage=error.usage,
                cost=price(error.usage or self.no_usage),
                raw_output=error.raw and redactor.exact(error.raw),
            )
            raise
        except Exception as error:
            said = self.redact(repr(error))
            self.close_call(call_row, started, model, outcome="error", error_kind="internal", error=said)
            raise

    def insist(self, write: Callable[[bool], None]) -> None:
        """Write what came of a call, also while the database restarts or breaks a deadlock: unwritten it is paid again.

        `write` is told whether it was tried before, and may have gone through just before the connection broke.
        """
        for number, wait_s in enumerate(WAITS_S):
            try:
                return write(number > 0)
            except DATABASE_AWAY as error:
                log.warning("job %s: what came of a call is written again: %s", self.job_id, str(error).splitlines()[0])
                time.sleep(wait_s)
        return write(True)

    def answered(self, call_row: int, seconds: float, reply: TextReply, profile: Profile) -> None:
        """Hold an answer until it is judged: outcome and step are one commit."""
        self._preview = ""
        cost = cost_of(profile, reply.model, reply.usage, now_ms())
        self._answers[call_row] = (seconds, reply, cost)

    def commit_call(self, conn: Connection, call_row: int, *, valid: bool, outcome: str = "ok") -> None:
        seconds, reply, cost = self._answers[call_row]
        self._committing.append(call_row)
        ledger.close_call(
            conn,
            call_row,
            outcome=outcome,
            valid=valid,
            latency_ms=round(seconds * 1000),
            ttft_ms=reply.ttft_ms,
            model=reply.model,
            request_id=reply.request_id,
            finish_reason=reply.finish_reason,
            raw_output=reply.text,
            **reply.usage.as_columns(),
            **cost.as_columns(),
        )
        money.count(
            conn,
            self.job_id,
            input_tokens=reply.usage.input,
            output_tokens=reply.usage.output,
            cost_micros=cost.cost_micros,
            currency=cost.currency,
        )

    def keep_answers(self) -> None:
        """Write answers that were paid and never judged (a check that raised): they count like any other."""
        for call_row in [c for c in self._answers if c not in self._committing]:
            with self.database.write() as conn:
                self.commit_call(conn, call_row, valid=False)

    def close_call(
        self,
        call_row: int,
        started: float,
        model: str,
        *,
        usage: Usage | None = None,
        cost: Cost = UNKNOWN,
        **values: Any,
    ) -> None:
        """Write a call that failed. It may have been billed, so it is counted whoever owns the job now."""
        seen = usage or self.no_usage
        with self.database.write() as conn:
            ledger.close_call(
                conn,
                call_row,
                latency_ms=round((time.monotonic() - started) * 1000),
                model=model,
                **seen.as_columns(),
                **cost.as_columns(),
                **values,
            )
            if usage is not None:
                money.count(
                    conn,
                    self.job_id,
                    input_tokens=seen.input,
                    output_tokens=seen.output,
                    cost_micros=cost.cost_micros,
                    currency=cost.currency,
                )
