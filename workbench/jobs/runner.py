"""Run one job: claim → coroutine → fenced finish, and what a failure leads to (docs/engine.md)."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from workbench import crash
from workbench.db.connection import Database
from workbench.db.reads import story as story_reads
from workbench.db.writes import claims, dispatch, groups, steps
from workbench.db.writes.groups import Success
from workbench.errors import GuardUnmet, LostClaim, MediaUnavailable
from workbench.jobs import overrides
from workbench.jobs.children import BatchResult
from workbench.jobs.context import Context, PartialArtifact
from workbench.jobs.declared import Workflows
from workbench.jobs.dispatch import Dispatcher
from workbench.jobs.endings import DONE, Endings, as_json
from workbench.jobs.failures import describe
from workbench.jobs.group import Group, Paces, SharedEnds
from workbench.jobs.reparse import plan_within
from workbench.jobs.session import ClaimSession
from workbench.jobs.trials import rehearse
from workbench.media import MediaStore
from workbench.profiles.model_call import DATABASE_AWAY
from workbench.profiles.routing import BoundProviders, MakeProvider, ProfileOf, RateLimit
from workbench.settings import Settings
from workbench.story import guards
from workbench.story.facts import Inputs, NodeView
from workbench.suspend import Suspend

log = logging.getLogger(__name__)

#: once a run takes longer, the claims of its group that have not begun are given back, and its ends written
SHORT_S = 0.05
#: the same for all runs of a group together, when its jobs are slower than expected
SHARED_FOR_S = 0.1
#: the same for a run that blocks its event loop; the heartbeat checks
STUCK_S = 1.0
#: how long a thread may go from one short job to the next before it looks for messages again
CARRY_FOR_S = 0.1


class Runner:
    """Runs jobs on the caller's threads; `stop` and `heartbeat` come from the worker's other threads."""

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
        self._running: dict[tuple[int, int], tuple[ClaimSession, asyncio.AbstractEventLoop, asyncio.Task[Any]]] = {}
        self._threads = threading.local()
        self._stopping = False
        #: it was asked to take nothing new
        self.drained = False
        self._groups: set[Group] = set()
        self._paces = Paces()
        self._shared_ends = SharedEnds(self._write_ends)
        #: claims in the hands of this process, until what became of them is written; only these are renewed
        self._claim_keys: set[tuple[int, int]] = set()
        self.endings = Endings(database, settings, workflows)
        self.lease_ms = round(settings.lease_seconds * 1000)

    @property
    def busy(self) -> int:
        """How many threads run jobs; each may hold several claims."""
        return len(self._groups)

    def run(self, job_id: int) -> None:
        """Run a job if it can be claimed; returns when its claim has ended, whatever came of it. Never raises."""
        if self._stopping:
            return
        if self.drained:
            self._hand_back(job_id)
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

    def _hand_back(self, job_id: int) -> None:
        """A message came that another worker should have."""
        try:
            with self.database.write() as conn:
                dispatch.unmark_dispatched(conn, [job_id])
        except Exception as error:
            # it is sent again as one that was lost
            log.warning("job %s could not be handed back: %s", job_id, error)

    def _run_on(self, claim: claims.Claim) -> None:
        """Run a claim, and while it is young the ready jobs that the commits of ends can claim with them."""
        group = Group(claim.queue, time.monotonic() + CARRY_FOR_S)
        self._add_claims(group, [claim])
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
                        self._claim_keys.discard(following.key)
                if self._stopping or (group.waiting and time.monotonic() > group.shared_since + SHARED_FOR_S):
                    self._release(group)
                elif not group.waiting:
                    self._settle(group)
        finally:
            self._groups.discard(group)
            # written or not: a lease that nobody renews runs out, and the sweeper takes the jobs from here
            self._claim_keys.difference_update(c.key for c in group.all())

    def _add_claims(self, group: Group, claims: list[claims.Claim]) -> None:
        self._claim_keys.update(c.key for c in claims)
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
                group.add_ended(Success(claim, as_json(result)))
                crash.point("before_finish")
                if took >= SHORT_S:
                    # slow: claim no more jobs without a message, because queued messages need this thread
                    group.may_go_on = False
            else:
                self._end_alone(claim, context, result, group)
            return
        except LostClaim:
            raise
        except Suspend as suspend:
            self.endings.wait(claim, suspend)
        except asyncio.CancelledError:
            self.endings.stop(claim, session.stopping if session else None)
        except (*DATABASE_AWAY, MediaUnavailable) as error:
            self.endings.put_back_later(claim, error)
        except Exception as error:
            self.endings.fail(claim, describe(error, claim.kind, claim.profile_id), session)
        # this may change which job should run next; let a dispatch pass decide
        group.may_go_on = False

    def _end_alone(self, claim: claims.Claim, context: Context, result: Any, group: Group) -> None:
        """End a claim in a commit of its own, which also claims what comes next unless others of the group wait."""
        has_parents, following = self.endings.succeed(
            claim, context, result, lambda conn: [] if group.waiting else self._claim_next(conn, group)
        )
        self._add_claims(group, following)
        group.may_go_on = bool(group.waiting) and not has_parents

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
            if group.may_go_on:
                self._add_claims(group, self._write_ends(ended, group))
            else:
                self._shared_ends.add(ended)
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
            self._claim_keys.difference_update(c.key for c in (*unbegun, *(s.claim for s in ended)))
        for claim in lost:
            log.info("job %s is no longer this worker's", claim.job_id)
        return following

    def _write_each(self, error: Exception, ended: list[Success], unbegun: Sequence[claims.Claim]) -> None:
        """The common transaction failed: each job by itself, whatever becomes of the others."""
        away = isinstance(error, DATABASE_AWAY)
        for claim, success in [*((c, None) for c in unbegun), *((s.claim, s) for s in ended)]:
            try:
                if success is None or away:
                    self.endings.put_back_later(claim, error)
                elif len(ended) > 1:
                    self._write_ends([success])
                else:
                    self.endings.fail(claim, describe(error, claim.kind, claim.profile_id))
            except LostClaim as lost:
                log.info("%s", lost)
            except Exception:
                log.exception("job %s: its worker could not write what happened", claim.job_id)

    def _claim_next(self, conn: Connection, group: Group) -> list[claims.Claim]:
        """Ready jobs behind those that ended just now, in this transaction."""
        # a parent may be ready now and come before others; let a dispatch pass decide
        if self._stopping or self.drained or not group.may_go_on or time.monotonic() >= group.carry_until:
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
            providers=BoundProviders(
                overrides.apply(self._profile_of(claim.profile_id), claim.overrides),
                self._profile_of,
                self._make_provider,
            ),
            media=self._media,
            limit=self._limit,
            rehearse=rehearse,
            read_again=plan_within,
        )

    async def _execute(self, session: ClaimSession) -> tuple[Context, Any]:
        """The workflow's coroutine under its deadline, reachable for cancellation from other threads."""
        task = asyncio.current_task()
        assert task is not None
        key = (session.job_id, session.claim)
        with self._lock:
            self._running[key] = (session, asyncio.get_running_loop(), task)
            if self._stopping:
                # claimed a moment before the stop, which therefore has not seen it
                session.stopping = "interrupted"
        try:
            if session.stopping is not None:
                raise asyncio.CancelledError
            context = self._context(session)
            async with asyncio.timeout(session.declared.deadline_s) as session.deadline:
                return context, await session.declared.run(context, context.params)
        finally:
            with self._lock:
                self._running.pop(key, None)
            await _cancel_other_tasks(task)
            await session.aclose()

    def _context(self, session: ClaimSession) -> Context:
        job, declared = session.job, session.declared
        params = self._workflows.parse(declared, job.params)
        inputs = Inputs()
        if declared.queue == "video":
            # a clip that was made is not made again just because the story has changed since
            with self.database.read() as conn:
                inputs = Inputs(story_reads.find_versions(conn, steps.list_clip_versions(conn, session.job_id)))
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

    # --- called by the worker's other threads -----------------------------------------------------------------

    def heartbeat(self) -> None:
        """Renew the leases of what runs here; stop what was cancelled and what is no longer ours."""
        with self._lock:
            live = dict(self._running)
        ours = set(self._claim_keys)
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
            self._claim_keys.discard(claim.key)
            if claim.key in cancelled:
                try:
                    self.endings.stop(claim, "cancel")
                except LostClaim as error:
                    log.info("%s", error)
        if group.is_shared() and time.monotonic() > group.began_at + STUCK_S:
            self._release(group)

    def stop(self) -> None:
        """Take nothing new; cancel what runs, so that it goes back to the queue."""
        self._stopping = True
        with self._lock:
            live = list(self._running.values())
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
