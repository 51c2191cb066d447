"""Run one job: claim → coroutine → fenced finish, and what a failure leads to (docs/engine.md)."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from typing import Any

from pydantic import BaseModel

from workbench import crash
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.connection import Database
from workbench.db.reads import story as story_reads
from workbench.db.writes import jobs as writes
from workbench.db.writes import ledger
from workbench.errors import KINDS, GuardUnmet, LostClaim, ProgrammingError
from workbench.i18n import N_, Text
from workbench.jobs.context import BatchResult, Context, PartialArtifact
from workbench.jobs.declared import Workflows
from workbench.jobs.dispatch import Dispatcher
from workbench.jobs.failures import Failure, describe
from workbench.jobs.session import ClaimSession
from workbench.media import MediaStore
from workbench.profiles.model_call import DATABASE_AWAY, WAITS_S
from workbench.profiles.routing import BoundProviders, MakeProvider, ProfileOf, RateLimit, Suspend
from workbench.settings import Settings
from workbench.story import guards
from workbench.story.facts import Inputs, NodeView

log = logging.getLogger(__name__)

#: a longer hint reschedules the job that far and no further
MAX_RETRY_AFTER_MS = 6 * 3_600_000
#: how long a thread may go from one short job to the next before it looks for messages again
CARRY_FOR_S = 0.1


class Runner:
    """Runs jobs on the caller's threads; `stop` and `renew` come from the worker's other threads."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        workflows: Workflows,
        dispatcher: Dispatcher,
        worker: str,
        profile_of: ProfileOf,
        make_provider: MakeProvider,
        media: MediaStore,
        limit: RateLimit,
    ) -> None:
        self.database = database
        self._media = media
        self.worker = worker
        self._settings = settings
        self._workflows = workflows
        self._dispatcher = dispatcher
        self._profile_of = profile_of
        self._make_provider = make_provider
        self._limit = limit
        self._lock = threading.Lock()
        self._live: dict[tuple[int, int], tuple[ClaimSession, asyncio.AbstractEventLoop, asyncio.Task[Any]]] = {}
        self._threads = threading.local()
        self._stopping = False
        #: claims in the hands of this process, until what became of them is written; only these are renewed
        self._held: set[tuple[int, int]] = set()
        self.lease_ms = round(settings.lease_seconds * 1000)

    @property
    def busy(self) -> int:
        """How many claims are in the hands of this process."""
        return len(self._held)

    def run(self, job_id: int) -> None:
        """Run a job if it is to be had; returns when its claim has ended, whatever came of it. Never raises."""
        if self._stopping:
            return
        try:
            with self.database.write() as conn:
                claim = writes.claim(conn, job_id, self.worker, self.lease_ms)
            if claim is not None:
                self._run_on(claim)
            # also when it was not to be had: a full limit may leave room for another
            self._dispatcher.kick()
        except LostClaim as lost:
            log.info("%s", lost)
        except Exception:
            # the row's lease runs out and the sweeper takes it from here
            log.exception("job %s: its worker could not write what happened", job_id)

    def _run_on(self, claim: writes.Claim) -> None:
        """Run a claim, and the ready jobs that its end, while it is young, could claim in the same transaction."""
        carry_until = time.monotonic() + CARRY_FOR_S
        following: writes.Claim | None = claim
        while following is not None:
            crash.point("claimed")
            key = (following.job_id, following.number)
            self._held.add(key)
            try:
                following = self._run_claimed(following, carry_until)
            finally:
                # written or not: a lease that nobody renews runs out, and the sweeper takes the job from here
                self._held.discard(key)

    def _run_claimed(self, claim: writes.Claim, carry_until: float) -> writes.Claim | None:
        session: ClaimSession | None = None
        try:
            session = self._prepare(claim)
            context, result = self._loop().run(self._execute(session))
            return self._succeeded(claim, context, result, carry_until)
        except LostClaim:
            raise
        except Suspend as suspend:
            self._wait(claim, suspend)
        except asyncio.CancelledError:
            self._stopped(claim, session.stopping if session else None)
        except DATABASE_AWAY as error:
            self._database_away(claim, error)
        except Exception as error:
            self._failed(claim, describe(error, claim.row["kind"]), session)
        return None

    def _prepare(self, claim: writes.Claim) -> ClaimSession:
        declared = self._workflows.find(claim.row["kind"])
        return ClaimSession(
            database=self.database,
            workflows=self._workflows,
            declared=declared,
            row=claim.row,
            job_id=claim.job_id,
            claim=claim.number,
            providers=BoundProviders(self._profile_of(claim.row["profile_id"]), self._profile_of, self._make_provider),
            media=self._media,
            limit=self._limit,
        )

    async def _execute(self, session: ClaimSession) -> tuple[Context, Any]:
        """The workflow's coroutine under its deadline, reachable for cancellation from other threads."""
        task = asyncio.current_task()
        assert task is not None
        key = (session.job_id, session.claim)
        with self._lock:
            self._live[key] = (session, asyncio.get_running_loop(), task)
            if self._stopping:
                # claimed a moment before the stop, which therefore has not seen it
                session.stopping = "interrupted"
        try:
            if session.stopping is not None:
                raise asyncio.CancelledError
            context = self._context(session)
            async with asyncio.timeout(session.declared.deadline_s):
                return context, await session.declared.run(context, context.params)
        finally:
            with self._lock:
                self._live.pop(key, None)
            await _end_all_but(task)
            await session.aclose()

    def _context(self, session: ClaimSession) -> Context:
        row, declared = session.row, session.declared
        params = self._workflows.parse(declared, row["params"])
        inputs = Inputs()
        if declared.queue == "video":
            # what was filmed once is not filmed again because the story went on meanwhile
            with self.database.read() as conn:
                inputs = Inputs(story_reads.find_versions(conn, ledger.versions_of_clip(conn, session.job_id)))
        node = NodeView.load(self.database, row["node_id"], inputs) if row["node_id"] is not None else None
        if node is not None:
            # guards look with their own eyes: what they read is no input of the artifact
            unmet = guards.unmet(declared, NodeView.load(self.database, node.id), params)
            if unmet:
                raise GuardUnmet(unmet)
        return Context(session, node, inputs, params)

    def _loop(self) -> asyncio.Runner:
        runner = getattr(self._threads, "runner", None)
        if runner is None:
            runner = self._threads.runner = asyncio.Runner()
        return runner

    # --- how a claim ends ---------------------------------------------------------------------------------

    def _succeeded(
        self, claim: writes.Claim, context: Context, result: Any, carry_until: float = 0.0
    ) -> writes.Claim | None:
        """Save and end; returns the claim on a successor, taken by the same commit, when there is one to carry."""
        declared = self._workflows.find(claim.row["kind"])
        crash.point("before_finish")
        with self.database.write() as conn:
            writes.fence(conn, claim.job_id, claim.number)
            state, kept = "succeeded", None
            if isinstance(result, PartialArtifact) and declared.writes is not None:
                kept = self._save(conn, claim, context, declared.writes, result.content)
                kept |= {"succeeded": result.succeeded, "failed": result.failed}
                state = "partial" if result.failed else "succeeded"
            elif declared.writes is not None:
                kept = self._save(conn, claim, context, declared.writes, result)
            elif isinstance(result, BatchResult):
                kept = result.as_json()
                state = "partial" if result.failed else "succeeded"
            elif isinstance(result, BaseModel):
                kept = result.model_dump(mode="json")
            else:
                kept = result
            ending = self._words(state, kept)
            writes.end_attempt(conn, claim.job_id, claim.number, "ok")
            has_parents = writes.end(conn, claim.job_id, state, result=kept, **ending)
            following = None
            # a parent may be ready now, and in its turn before others: that is for a dispatch pass to say
            if not has_parents and not self._stopping and time.monotonic() < carry_until:
                following = self._follow(conn, claim)
        crash.point("finished")
        return following

    def _follow(self, conn: Any, claim: writes.Claim) -> writes.Claim | None:
        job_id = self._dispatcher.successor(claim.row["queue"])
        return writes.claim_undispatched(conn, job_id, self.worker, self.lease_ms) if job_id is not None else None

    def _words(self, state: str, kept: Any) -> dict[str, Any]:
        if state == "succeeded":
            return {"message": Text(N_("Done"))}
        failed = kept["failed"]
        said = Text(N_("{failed} of {all} parts failed"), failed=len(failed), all=len(failed) + len(kept["succeeded"]))
        return {
            "message": said,
            "kind": "child_failed",
            "error": said,
            "fingerprint": f"partial:{failed[0]['error_kind']}",
        }

    def _save(self, conn: Any, claim: writes.Claim, context: Context, kind_name: str, result: Any) -> dict[str, Any]:
        if not isinstance(result, BaseModel):
            raise ProgrammingError(Text("The workflow must return the content of {kind}.", kind=kind_name))
        kind = kinds.find(kind_name)
        content = kinds.validate(kind, result.model_dump(mode="json"))
        saved = add_version(
            conn,
            context.node.id,
            kind,
            content,
            source="ai",
            user=claim.row["created_by"] or "local",
            job_id=claim.job_id,
            inputs=context.inputs,
            warnings=[w.to_json() for w in context.warnings],
            prompt_version=context.prompt_version,
            model=context.model,
        )
        return {
            "artifact_id": saved.id,
            "kind": kind.name,
            "version": saved.version,
            "content_hash": saved.content_hash,
        }

    def _failed(self, claim: writes.Claim, failure: Failure, session: ClaimSession | None = None) -> None:
        row = claim.row
        tries = row["failures"] + 1
        again = failure.retryable and tries < row["max_attempts"]
        if session is not None:
            session.record_unjudged_calls()
        log.warning("job %s attempt %s failed: %s: %s", claim.job_id, tries, failure.kind, failure.text)
        crash.point("failed_before_put_back")
        with self.database.write() as conn:
            if writes.fence(conn, claim.job_id, claim.number):
                self._end_cancelled(conn, claim)
                return
            writes.end_attempt(
                conn,
                claim.job_id,
                claim.number,
                "error",
                kind=failure.kind,
                error=str(failure.text),
                traceback=failure.traceback,
            )
            writes.add_event(conn, claim.job_id, failure.text, claim=claim.number, level="error")
            if again:
                wait_ms = self._back_off(tries, failure.retry_after_ms)
                said = Text(
                    N_("Will retry {tried}/{attempts} in {seconds} s: {why}"),
                    tried=tries,
                    attempts=row["max_attempts"],
                    seconds=-(-wait_ms // 1000),
                    why=Text(KINDS.get(failure.kind, KINDS["unknown"]).title),
                )
                writes.put_back(conn, claim.job_id, delay_ms=wait_ms, message=said, failed=True)
                writes.add_event(conn, claim.job_id, said, claim=claim.number)
            else:
                writes.end(
                    conn,
                    claim.job_id,
                    "failed",
                    kind=failure.kind,
                    error=failure.text,
                    fingerprint=failure.fingerprint,
                    result=failure.detail,
                )

    def _back_off(self, tries: int, retry_after_ms: int | None) -> int:
        """Exponential with jitter, never earlier than the service asked for."""
        base: int = min(self._settings.retry_base_ms * 2 ** (tries - 1), self._settings.retry_max_ms)
        wait = round(base * random.uniform(0.8, 1.2))
        return max(wait, min(retry_after_ms or 0, MAX_RETRY_AFTER_MS))

    def _wait(self, claim: writes.Claim, suspend: Suspend) -> None:
        waiting_for = suspend.waiting_for
        said = suspend.message or {
            "children": Text(N_("Waits for its parts")),
            "provider": Text(N_("Waits for the provider")),
            "decision": Text(N_("Possibly charged: send it again, or give up?")),
        }.get(waiting_for)
        with self.database.write() as conn:
            if writes.fence(conn, claim.job_id, claim.number):
                self._end_cancelled(conn, claim)
                return
            writes.end_attempt(conn, claim.job_id, claim.number, "waiting")
            resume_ms = None if suspend.resume_in_s is None else round(suspend.resume_in_s * 1000)
            writes.put_waiting(conn, claim.job_id, waiting_for, said, resume_ms, asks=suspend.asks)
            if waiting_for == "children":
                # the last child may have ended before we began to wait
                writes.wake_parent(conn, claim.job_id)
            elif waiting_for in ("provider", "decision"):
                writes.resume_if_settled(conn, claim.job_id, waiting_for)
        crash.point("children_waiting")

    def _stopped(self, claim: writes.Claim, reason: str | None) -> None:
        """The task was cancelled from outside: by the user, by a shutdown, or because the lease was lost."""
        if reason == "lost":
            raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=claim.job_id))
        with self.database.write() as conn:
            if writes.fence(conn, claim.job_id, claim.number) or reason == "cancel":
                self._end_cancelled(conn, claim)
            else:
                self._put_back(conn, claim, Text(N_("Interrupted by a shutdown; goes on with the next worker")))

    def _end_cancelled(self, conn: Any, claim: writes.Claim) -> None:
        writes.end_attempt(conn, claim.job_id, claim.number, "cancelled", kind="cancelled")
        writes.end(conn, claim.job_id, "cancelled", kind="cancelled", error=Text(N_("Cancelled")))

    def _put_back(self, conn: Any, claim: writes.Claim, said: Text, delay_ms: int = 0) -> None:
        writes.end_attempt(conn, claim.job_id, claim.number, "interrupted")
        writes.add_event(conn, claim.job_id, said, claim=claim.number, level="warning")
        writes.put_back(conn, claim.job_id, delay_ms=delay_ms, message=said, failed=False)

    def _database_away(self, claim: writes.Claim, error: Exception) -> None:
        """The database restarted or broke a deadlock: no fault of the job, which goes back as soon as that can be written."""
        log.warning("job %s: the database failed: %s", claim.job_id, str(error).splitlines()[0])
        said = Text(N_("The database was away; goes on when it is back"))
        for wait_s in (0.0, *WAITS_S):
            time.sleep(wait_s)
            try:
                with self.database.write() as conn:
                    cancelled = writes.fence(conn, claim.job_id, claim.number)
                    if cancelled:
                        self._end_cancelled(conn, claim)
                    else:
                        self._put_back(conn, claim, said, delay_ms=self._settings.retry_base_ms)
                return
            except DATABASE_AWAY:
                continue
        # nothing could be written: the lease runs out, and the sweeper takes the job from here

    # --- called by the worker's other threads -----------------------------------------------------------------

    def heartbeat(self) -> None:
        """Renew the leases of what runs here; stop what was cancelled and what is no longer ours."""
        with self._lock:
            live = dict(self._live)
        ours = set(self._held)
        if not ours:
            return
        with self.database.write() as conn:
            held = writes.renew_leases(conn, self.worker, self.lease_ms, ours)
        for key, (session, loop, task) in live.items():
            if key not in held:
                self._stop_one(session, loop, task, "lost")
            elif held[key]:
                self._stop_one(session, loop, task, "cancel")

    def stop(self) -> None:
        """Take nothing new; cancel what runs, so that it goes back to the queue."""
        self._stopping = True
        with self._lock:
            live = list(self._live.values())
        for session, loop, task in live:
            self._stop_one(session, loop, task, "interrupted")

    def _stop_one(
        self, session: ClaimSession, loop: asyncio.AbstractEventLoop, task: asyncio.Task[Any], reason: str
    ) -> None:
        if session.stopping is None:
            session.stopping = reason
            try:
                loop.call_soon_threadsafe(task.cancel)
            except RuntimeError:
                log.debug("job %s ended by itself meanwhile", session.job_id)


async def _end_all_but(task: asyncio.Task[Any]) -> None:
    """Nothing that a workflow began goes on after its run, into another job's time on this loop."""
    left = asyncio.all_tasks() - {task}
    for other in left:
        other.cancel()
    if left:
        await asyncio.wait(left)
