"""Run one job: claim → coroutine → fenced finish, and what a failure leads to (docs/engine.md)."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from workbench import crash
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.connection import Database
from workbench.db.reads import story as story_reads
from workbench.db.writes import claims, end, families, groups, ledger, timeline, waits
from workbench.db.writes.groups import Success
from workbench.errors import KINDS, GuardUnmet, LostClaim, ProgrammingError
from workbench.i18n import N_, Text
from workbench.jobs.back_off import back_off_ms
from workbench.jobs.context import BatchResult, Context, PartialArtifact
from workbench.jobs.declared import Workflows
from workbench.jobs.dispatch import Dispatcher
from workbench.jobs.failures import Failure, describe
from workbench.jobs.group import Group, Paces
from workbench.jobs.session import ClaimSession
from workbench.media import MediaStore
from workbench.profiles.model_call import DATABASE_AWAY, WAITS_S
from workbench.profiles.routing import BoundProviders, MakeProvider, ProfileOf, RateLimit, Suspend
from workbench.settings import Settings
from workbench.story import guards
from workbench.story.facts import Inputs, NodeView

log = logging.getLogger(__name__)

#: once a run takes longer, the claims of its group that have not begun are given back, and its ends written
SHORT_S = 0.05
#: the same for all runs of a group together, when its jobs are slower than expected
SHARED_FOR_S = 0.1
#: the same for a run that blocks its event loop; the heartbeat checks
STUCK_S = 1.0
DONE = Text(N_("Done"))
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
        self._groups: set[Group] = set()
        self._paces = Paces()
        #: claims in the hands of this process, until what became of them is written; only these are renewed
        self._held: set[tuple[int, int]] = set()
        self.lease_ms = round(settings.lease_seconds * 1000)

    @property
    def busy(self) -> int:
        """How many threads run jobs; each may hold several claims."""
        return len(self._groups)

    def run(self, job_id: int) -> None:
        """Run a job if it can be claimed; returns when its claim has ended, whatever came of it. Never raises."""
        if self._stopping:
            return
        try:
            claim = self.database.write_together(lambda conn: claims.claim(conn, job_id, self.worker, self.lease_ms))
            if claim is not None:
                self._run_on(claim)
            # also when it could not be claimed: a full limit may leave room for another
            self._dispatcher.kick()
        except LostClaim as lost:
            log.info("%s", lost)
        except Exception:
            # the row's lease runs out and the sweeper takes it from here
            log.exception("job %s: its worker could not write what happened", job_id)

    def _run_on(self, claim: claims.Claim) -> None:
        """Run a claim, and while it is young the ready jobs that the commits of ends can claim with them."""
        group = Group(claim.queue, time.monotonic() + CARRY_FOR_S)
        self._hold(group, [claim])
        self._groups.add(group)
        try:
            while (following := group.begin()) is not None:
                crash.point("claimed")
                try:
                    self._run_claimed(following, group)
                except LostClaim as lost:
                    log.info("%s", lost)
                except Exception:
                    # its row's lease runs out and the sweeper takes it from here; the others of the group go on
                    log.exception("job %s: its worker could not write what happened", following.job_id)
                finally:
                    if not group.is_pending(following):
                        self._held.discard(following.key)
                if self._stopping or (group.waiting and time.monotonic() > group.shared_since + SHARED_FOR_S):
                    self._release(group)
                elif not group.waiting:
                    self._settle(group)
        finally:
            self._groups.discard(group)
            # written or not: a lease that nobody renews runs out, and the sweeper takes the jobs from here
            self._held.difference_update(c.key for c in group.all())

    def _hold(self, group: Group, claims: list[claims.Claim]) -> None:
        self._held.update(c.key for c in claims)
        group.add(claims)

    def _run_claimed(self, claim: claims.Claim, group: Group) -> None:
        session: ClaimSession | None = None
        began = time.monotonic()
        try:
            session = self._prepare(claim)
            context, result = self._run_coroutine(session, group)
            took = time.monotonic() - began
            self._paces.note(claim.kind, took)
            if self._is_plain(session, result):
                group.add_ended(Success(claim, _as_json(result)))
                crash.point("before_finish")
                if took >= SHORT_S:
                    # slow: claim no more jobs without a message, because queued messages need this thread
                    group.may_go_on = False
            else:
                self._succeeded(claim, context, result, group)
            return
        except LostClaim:
            raise
        except Suspend as suspend:
            self._wait(claim, suspend)
        except asyncio.CancelledError:
            self._stopped(claim, session.stopping if session else None)
        except DATABASE_AWAY as error:
            self._database_away(claim, error)
        except Exception as error:
            self._failed(claim, describe(error, claim.kind), session)
        # this may change which job should run next; let a dispatch pass decide
        group.may_go_on = False

    def _is_plain(self, session: ClaimSession, result: Any) -> bool:
        """No step has run and there is nothing to save, so losing this claim would cost only the time spent."""
        return (
            not session.step_names
            and session.declared.writes is None
            and not isinstance(result, PartialArtifact | BatchResult)
        )

    def _run_coroutine(self, session: ClaimSession, group: Group) -> tuple[Context, Any]:
        runner = self._loop()
        # claims and ends may wait for a short job, not for a long one
        watch = runner.get_loop().call_later(SHORT_S, self._release, group) if group.is_shared() else None
        try:
            return runner.run(self._execute(session))
        finally:
            if watch is not None:
                watch.cancel()

    # --- several short jobs at a time, ADR 22 ------------------------------------------------------------------

    def _settle(self, group: Group) -> None:
        """Write the ends that wait, and claim what comes next, in one transaction."""
        ended = group.take_ended()
        if ended or group.may_go_on:
            if len(ended) > 1:
                crash.point("group_ends")
            if group.carries and group.may_go_on and not self._dispatcher.has_list(group.queue):
                self._dispatcher.kick()
            self._hold(group, self._write_ends(ended, group))
            crash.point("finished")

    def _write_ends(
        self, ended: list[Success], group: Group | None = None, unbegun: Sequence[claims.Claim] = ()
    ) -> list[claims.Claim]:
        """End jobs and give others back; returns the claims that follow in a group.

        A failure in one job does not affect the others.
        """

        def write(conn: Connection) -> tuple[list[claims.Claim], list[claims.Claim]]:
            if ended and unbegun:
                # all in one order, as the heartbeat locks them that renews their leases at the same time
                claims.lock_all(conn, [c.job_id for c in (*unbegun, *(s.claim for s in ended))], wait=True)
            lost, has_parents = groups.succeed_all(conn, ended, DONE) if ended else ([], False)
            if unbegun:
                groups.give_back(conn, unbegun)
            return lost, [] if has_parents or group is None else self._claim_next(conn, group)

        try:
            lost, following = self.database.write_together(write)
        except Exception as error:
            self._write_each(error, ended, unbegun)
            return []
        finally:
            self._held.difference_update(c.key for c in (*unbegun, *(s.claim for s in ended)))
        for claim in lost:
            log.info("job %s is no longer this worker's", claim.job_id)
        return following

    def _write_each(self, error: Exception, ended: list[Success], unbegun: Sequence[claims.Claim]) -> None:
        """The common transaction failed: each job by itself, whatever becomes of the others."""
        away = isinstance(error, DATABASE_AWAY)
        for claim, success in [*((c, None) for c in unbegun), *((s.claim, s) for s in ended)]:
            try:
                if success is None or away:
                    self._database_away(claim, error)
                elif len(ended) > 1:
                    self._write_ends([success])
                else:
                    self._failed(claim, describe(error, claim.kind))
            except LostClaim as lost:
                log.info("%s", lost)
            except Exception:
                log.exception("job %s: its worker could not write what happened", claim.job_id)

    def _claim_next(self, conn: Connection, group: Group) -> list[claims.Claim]:
        """Ready jobs behind those that ended just now, in this transaction."""
        # a parent may be ready now and come before others; let a dispatch pass decide
        if self._stopping or not group.may_go_on or time.monotonic() >= group.carry_until:
            return []
        ids = self._dispatcher.successors(group.queue, self._paces.at_once)
        return groups.claim_all(conn, ids, self.worker, self.lease_ms) if ids else []

    def _release(self, group: Group) -> None:
        """Write the ends that wait and give back what has not begun: the thread stops, or is busy with a long job."""
        waiting, ended = group.take_waiting(), group.take_ended()
        if waiting or ended:
            self._write_ends(ended, unbegun=waiting)
        if waiting:
            self._dispatcher.kick()

    def _prepare(self, claim: claims.Claim) -> ClaimSession:
        declared = self._workflows.find(claim.kind)
        return ClaimSession(
            database=self.database,
            workflows=self._workflows,
            declared=declared,
            job=claim,
            job_id=claim.job_id,
            claim=claim.number,
            providers=BoundProviders(self._profile_of(claim.profile_id), self._profile_of, self._make_provider),
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
            await _cancel_other_tasks(task)
            await session.aclose()

    def _context(self, session: ClaimSession) -> Context:
        job, declared = session.job, session.declared
        params = self._workflows.parse(declared, job.params)
        inputs = Inputs()
        if declared.queue == "video":
            # a clip that was made is not made again just because the story has changed since
            with self.database.read() as conn:
                inputs = Inputs(story_reads.find_versions(conn, ledger.versions_of_clip(conn, session.job_id)))
        node = NodeView.load(self.database, job.node_id, inputs) if job.node_id is not None else None
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

    def _succeeded(self, claim: claims.Claim, context: Context, result: Any, group: Group | None = None) -> None:
        """Save and end, and in the same commit claim what comes next in the group."""
        declared = self._workflows.find(claim.kind)
        crash.point("before_finish")
        with self.database.write() as conn:
            claims.fence(conn, claim.job_id, claim.number)
            state, result_json = "succeeded", None
            if isinstance(result, PartialArtifact) and declared.writes is not None:
                result_json = self._save(conn, claim, context, declared.writes, result.content)
                result_json |= {"succeeded": result.succeeded, "failed": result.failed}
                state = "partial" if result.failed else "succeeded"
            elif declared.writes is not None:
                result_json = self._save(conn, claim, context, declared.writes, result)
            elif isinstance(result, BatchResult):
                result_json = result.as_json()
                state = "partial" if result.failed else "succeeded"
            else:
                result_json = _as_json(result)
            ending = self._end_values(state, result_json)
            end.end_attempt(conn, claim.job_id, claim.number, "ok")
            has_parents = end.end(conn, claim.job_id, state, result=result_json, **ending)
            following = [] if has_parents or group is None or group.waiting else self._claim_next(conn, group)
        crash.point("finished")
        if group is not None:
            self._hold(group, following)
            group.may_go_on = bool(group.waiting) and not has_parents

    def _end_values(self, state: str, result_json: Any) -> dict[str, Any]:
        if state == "succeeded":
            return {"message": DONE}
        failed = result_json["failed"]
        message = Text(
            N_("{failed} of {all} parts failed"), failed=len(failed), all=len(failed) + len(result_json["succeeded"])
        )
        return {
            "message": message,
            "kind": "child_failed",
            "error": message,
            "fingerprint": f"partial:{failed[0]['error_kind']}",
        }

    def _save(self, conn: Any, claim: claims.Claim, context: Context, kind_name: str, result: Any) -> dict[str, Any]:
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
            user=claim.created_by or "local",
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

    def _failed(self, claim: claims.Claim, failure: Failure, session: ClaimSession | None = None) -> None:
        tries = claim.failures + 1
        again = failure.retryable and tries < claim.max_attempts
        if session is not None:
            session.record_unjudged_calls()
        log.warning("job %s attempt %s failed: %s: %s", claim.job_id, tries, failure.kind, failure.text)
        crash.point("failed_before_put_back")
        with self.database.write() as conn:
            if claims.fence(conn, claim.job_id, claim.number):
                self._end_cancelled(conn, claim)
                return
            end.end_attempt(
                conn,
                claim.job_id,
                claim.number,
                "error",
                kind=failure.kind,
                error=str(failure.text),
                traceback=failure.traceback,
            )
            timeline.add_event(conn, claim.job_id, failure.text, claim=claim.number, level="error")
            if again:
                wait_ms = back_off_ms(self._settings, tries, failure.retry_after_ms)
                message = Text(
                    N_("Will retry {tried}/{attempts} in {seconds} s: {why}"),
                    tried=tries,
                    attempts=claim.max_attempts,
                    seconds=-(-wait_ms // 1000),
                    why=Text(KINDS.get(failure.kind, KINDS["unknown"]).title),
                )
                waits.put_back(conn, claim.job_id, delay_ms=wait_ms, message=message, failed=True)
                timeline.add_event(conn, claim.job_id, message, claim=claim.number)
            else:
                end.end(
                    conn,
                    claim.job_id,
                    "failed",
                    kind=failure.kind,
                    error=failure.text,
                    fingerprint=failure.fingerprint,
                    result=failure.detail,
                )

    def _wait(self, claim: claims.Claim, suspend: Suspend) -> None:
        waiting_for = suspend.waiting_for
        message = suspend.message or {
            "children": Text(N_("Waits for its parts")),
            "provider": Text(N_("Waits for the provider")),
            "decision": Text(N_("Possibly charged: send it again, or give up?")),
        }.get(waiting_for)
        with self.database.write() as conn:
            if claims.fence(conn, claim.job_id, claim.number):
                self._end_cancelled(conn, claim)
                return
            end.end_attempt(conn, claim.job_id, claim.number, "waiting")
            resume_ms = None if suspend.resume_in_s is None else round(suspend.resume_in_s * 1000)
            waits.put_waiting(conn, claim.job_id, waiting_for, message, resume_ms, asks=suspend.asks)
            if waiting_for == "children":
                # the last child may have ended before we began to wait
                families.wake_parent(conn, claim.job_id)
            elif waiting_for in ("provider", "decision"):
                waits.resume_if_settled(conn, claim.job_id, waiting_for)
        crash.point("put_waiting")

    def _stopped(self, claim: claims.Claim, reason: str | None) -> None:
        """The task was cancelled from outside: by the user, by a shutdown, or because the lease was lost."""
        if reason == "lost":
            raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=claim.job_id))
        with self.database.write() as conn:
            if claims.fence(conn, claim.job_id, claim.number) or reason == "cancel":
                self._end_cancelled(conn, claim)
            else:
                self._put_back(conn, claim, Text(N_("Interrupted by a shutdown; goes on with the next worker")))

    def _end_cancelled(self, conn: Any, claim: claims.Claim) -> None:
        end.end_attempt(conn, claim.job_id, claim.number, "cancelled", kind="cancelled")
        end.end(conn, claim.job_id, "cancelled", kind="cancelled", error=Text(N_("Cancelled")))

    def _put_back(self, conn: Any, claim: claims.Claim, message: Text, delay_ms: int = 0) -> None:
        end.end_attempt(conn, claim.job_id, claim.number, "interrupted")
        timeline.add_event(conn, claim.job_id, message, claim=claim.number, level="warning")
        waits.put_back(conn, claim.job_id, delay_ms=delay_ms, message=message, failed=False)

    def _database_away(self, claim: claims.Claim, error: Exception) -> None:
        """The database restarted or broke a deadlock: no fault of the job, which goes back as soon as that can be
        written."""
        log.warning("job %s: the database failed: %s", claim.job_id, str(error).splitlines()[0])
        message = Text(N_("The database was away; goes on when it is back"))
        for wait_s in (0.0, *WAITS_S):
            time.sleep(wait_s)
            try:
                with self.database.write() as conn:
                    cancelled = claims.fence(conn, claim.job_id, claim.number)
                    if cancelled:
                        self._end_cancelled(conn, claim)
                    else:
                        self._put_back(conn, claim, message, delay_ms=self._settings.retry_base_ms)
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
            held = claims.renew_leases(conn, self.worker, self.lease_ms, ours)
        for key, (session, loop, task) in live.items():
            if key not in held:
                self._stop_one(session, loop, task, "lost")
            elif held[key]:
                self._stop_one(session, loop, task, "cancel")
        for group in list(self._groups):
            self._check_group(group, lost=ours - held.keys(), cancelled={key for key, cancel in held.items() if cancel})

    def _check_group(self, group: Group, lost: set[tuple[int, int]], cancelled: set[tuple[int, int]]) -> None:
        """Drop jobs that are lost or cancelled before they begin; release the group if its running job blocks the
        loop."""
        for claim in group.withdraw(lost | cancelled):
            self._held.discard(claim.key)
            if claim.key in cancelled:
                try:
                    self._stopped(claim, "cancel")
                except LostClaim as error:
                    log.info("%s", error)
        if group.is_shared() and time.monotonic() > group.began_at + STUCK_S:
            self._release(group)

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


async def _cancel_other_tasks(task: asyncio.Task[Any]) -> None:
    """Nothing that a workflow began goes on after its run, into another job's time on this loop."""
    left = asyncio.all_tasks() - {task}
    for other in left:
        other.cancel()
    if left:
        await asyncio.wait(left)


def _as_json(result: Any) -> Any:
    return result.model_dump(mode="json") if isinstance(result, BaseModel) else result
