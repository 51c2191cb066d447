"""Paid steps whose outcome can be uncertain: images and long tasks (video). Never a silent second charge.

A video's task id is committed, then the job waits; `Poller` (in maintenance) finishes the step and queues the job again.
On resume a bare `sent` becomes `maybe_charged`, and the job waits for a person to decide.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from workbench.artifacts.versions import hash_of
from workbench.db.connection import Database
from workbench.db.writes import jobs as writes
from workbench.db.writes import ledger
from workbench.errors import JobError, LostClaim, ProviderError
from workbench.i18n import N_, Text
from workbench.jobs import crash
from workbench.providers.base import Profile, TaskState

if TYPE_CHECKING:
    from workbench.jobs.context import Running

log = logging.getLogger(__name__)
FIRST_POLL_MS = 3_000


class Tasks:
    """The uncertain steps of one claim of one job."""

    def __init__(self, running: Running) -> None:
        self._run = running

    async def video(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        from workbench.jobs.context import Suspend

        done = self._begin(name, request)
        if done is not None:
            return done

        def created(conn: Connection, task_id: str) -> None:
            ledger.submitted(conn, self._run.job_id, name, task_id, FIRST_POLL_MS)

        await self._paid(name, request, "video", lambda provider: provider.submit(request), created)
        crash.point("task_submitted")
        raise Suspend("provider")

    async def images(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        done = self._begin(name, request)
        if done is not None:
            return done

        def drawn(conn: Connection, output: dict[str, Any]) -> None:
            ledger.finish_step(conn, self._run.job_id, name, output)

        output: dict[str, Any] = await self._paid(name, request, "image", lambda p: p.images(request), drawn)
        crash.point("step_done")
        return output

    def _begin(self, name: str, request: dict[str, Any]) -> dict[str, Any] | None:
        """The memoised output, or None with the step standing as `sent`; suspends while the outcome is open."""
        from workbench.jobs.context import Suspend

        run = self._run
        run.new_step(name)
        input_hash = hash_of(request)
        with run.database.write() as conn:
            writes.fence(conn, run.job_id, run.claim)
            there = ledger.find_step(conn, run.job_id, name)
            same = there is not None and there["input_hash"] == input_hash
            if there is not None and same and there["state"] == "done":
                output: dict[str, Any] = there["output"]
                return output
            if there is not None and same and there["state"] == "failed":
                raise JobError(Text("{message}", message=there["output"]["failed"]), kind=there["output"]["kind"])
            if there is not None and same and there["state"] == "submitted":
                raise Suspend("provider")
            if there is not None and there["state"] in ("sent", "maybe_charged"):
                ledger.set_step(conn, run.job_id, name, state="maybe_charged")
                uncertain = True
            else:
                uncertain = False
                ledger.begin_step(
                    conn, run.job_id, name, len(run.step_names), input_hash, run.claim, again=there is not None
                )
        if uncertain:
            raise Suspend("decision")
        crash.point("step_sent")
        return None

    async def _paid(
        self,
        name: str,
        request: dict[str, Any],
        capability: str,
        call: Callable[[Any], Any],
        keep: Callable[[Connection, Any], None],
    ) -> Any:
        """One paid call in the ledger, kept in the commit that closes it.

        A refusal that certainly cost nothing clears the step for another try; anything else leaves it `sent`.
        """
        run = self._run
        provider = run.provider()
        row = self._open(name, request, capability)
        started = time.monotonic()
        try:
            answer = await call(provider)
        except asyncio.CancelledError:
            run.close_call(row, started, outcome="error", error_kind="cancelled")
            raise
        except Exception as error:
            self._close_failed(name, row, started, error)
            raise
        crash.point("task_created")
        seconds = time.monotonic() - started
        try:
            with run.database.write() as conn:
                writes.fence(conn, run.job_id, run.claim)
                self._close(conn, row, seconds, request, "ok")
                keep(conn, answer)
        except LostClaim:
            with run.database.write() as conn:
                self._close(conn, row, seconds, request, "late")
            raise
        return answer

    def _open(self, name: str, request: dict[str, Any], capability: str) -> int:
        run = self._run
        with run.database.write() as conn:
            writes.fence(conn, run.job_id, run.claim)
            return ledger.open_call(
                conn,
                {
                    "call_id": uuid.uuid4().hex,
                    "job_id": run.job_id,
                    "claim": run.claim,
                    "step": name,
                    "purpose": "generate",
                    "project_id": run.row["project_id"],
                    "workflow": run.row["kind"],
                    "profile_id": run.profile.id,
                    "provider": run.profile.provider,
                    "model": self._model(request),
                    "capability": capability,
                    "prompt": request,
                },
            )

    def _model(self, request: dict[str, Any]) -> str:
        return str(request.get("model") or self._run.profile.image_model or "")

    def _close(self, conn: Connection, row: int, seconds: float, request: dict[str, Any], outcome: str) -> None:
        ledger.close_call(
            conn, row, outcome=outcome, valid=True, latency_ms=round(seconds * 1000), model=self._model(request)
        )

    def _close_failed(self, name: str, row: int, started: float, error: Exception) -> None:
        run = self._run
        known = error if isinstance(error, ProviderError) else None
        run.close_call(
            row,
            started,
            outcome="error",
            error_kind=known.kind if known else "internal",
            error=run.redact(str(error)),
            http_status=known.http_status if known else None,
            request_id=known.request_id if known else None,
        )
        # a 5xx may come from a gateway while the service behind it went on to draw, and to bill
        refused = known is not None and (not known.sent or 400 <= (known.http_status or 0) < 500)
        if refused:
            with run.database.write() as conn:
                writes.fence(conn, run.job_id, run.claim)
                ledger.set_step(conn, run.job_id, name, state="refused")


class Poller:
    """Asks providers about submitted tasks. Any process may take over: rows are taken by compare-and-set on poll_at."""

    #: how long a poll may take before another process asks as well
    HOLD_MS = 10_000

    def __init__(
        self, database: Database, profile_of: Callable[[int | None], Profile], make_provider: Callable[[Profile], Any]
    ) -> None:
        self._database = database
        self._profile_of = profile_of
        self._make_provider = make_provider

    def run_once(self) -> int:
        """Poll what is due; returns how many steps were looked at."""
        with self._database.read() as conn:
            due = ledger.due_polls(conn)
        taken = []
        for row in due:
            with self._database.write() as conn:
                if ledger.take_poll(conn, row, self.HOLD_MS):
                    taken.append(row)
        if taken:
            asyncio.run(self._poll_all(taken))
        return len(taken)

    async def _poll_all(self, rows: list[dict[str, Any]]) -> None:
        await asyncio.gather(*(self._poll(row) for row in rows))

    async def _poll(self, row: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self.HOLD_MS / 1000):
                state = await self._ask(row)
        except ProviderError as error:
            if error.retryable:
                return
            # the service will say the same for ever: the task is not there, or not ours
            state = TaskState("failed", error=str(error))
        except Exception:
            # a failed poll says nothing of the task: ask again later
            log.warning("polling task %s of job %s failed", row["provider_task_id"], row["job_id"], exc_info=True)
            return
        crash.point("poll_answered")
        self._settle(row, state)

    async def _ask(self, row: dict[str, Any]) -> TaskState:
        provider = self._make_provider(self._profile_of(row["profile_id"]))
        try:
            if row["job_state"] in ("cancelled", "failed"):
                await provider.cancel(row["provider_task_id"])
                return TaskState("cancelled")
            answer: TaskState = await provider.poll(row["provider_task_id"])
            return answer
        finally:
            await provider.aclose()

    def _settle(self, row: dict[str, Any], state: TaskState) -> None:
        job_id, name, task_id = row["job_id"], row["name"], row["provider_task_id"]
        with self._database.write() as conn:
            if not ledger.still_submitted(conn, job_id, name, task_id):
                return
            if state.state in ("queued", "running"):
                ledger.submitted(conn, job_id, name, task_id, state.poll_after_ms)
                return
            if state.state == "succeeded":
                ledger.finish_step(conn, job_id, name, state.output or {})
            else:
                kind = "cancelled" if state.state == "cancelled" else "unknown"
                said = state.error or Text(N_("The provider ended the task as {state}."), state=state.state)
                ledger.set_step(conn, job_id, name, state="failed", output={"failed": str(said), "kind": kind})
            writes.resume(conn, job_id, "provider")
