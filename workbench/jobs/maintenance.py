"""Healing what crashed: lost workers, lost messages, an emptied Redis, parents that nobody woke."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.writes import clock, dispatch, end, families, installation, ledger, sweep, waits
from workbench.errors import Unavailable
from workbench.jobs import processes
from workbench.settings import Settings
from workbench.usage import budgets

log = logging.getLogger(__name__)

#: the name of this life of the data in Redis; raises Unavailable
EpochOf = Callable[[], str]
PRUNE_EVERY_S = 3600
DAY_MS = 86_400_000
#: jobs that waited for a limit or a budget and are tried again in one round: most of a crowd would only wait again
RESUMED_AT_ONCE = 32
#: how often many active jobs are looked through for times that lie too far ahead
LOOK_AHEAD_EVERY_S = 15.0


class LostWorkers:
    """Whether leases that ran out mean that workers are lost.

    When the clock was put forward, when writes had to wait, or when this process itself was stopped, leases of healthy
    workers have run out as well: they first get the time to renew them. Not for longer than a lease, once writes come
    through at all.
    """

    #: heartbeats that a healthy worker needs at most
    HEARTBEATS = 3
    #: no pause between two rounds is shorter than this and yet a sign of anything
    PAUSE_S = 5.0

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._lease_s = settings.lease_seconds
        self._patience_s = self.HEARTBEATS * settings.heartbeat_seconds
        self._looked_at: float | None = None
        self._clock_ms = 0
        self._doubted_at = float("-inf")
        self._waits_since: float | None = None
        self._last_wait = float("-inf")

    def are_certain(self, clock_ms: int) -> bool:
        """`clock_ms`: the database's now, read after the leases were."""
        now = time.monotonic()
        if self._looked_at is not None:
            passed_s = now - self._looked_at
            jumped_s = (clock_ms - self._clock_ms) / 1000 - passed_s
            if jumped_s > self._lease_s / 3 or passed_s > max(self._lease_s / 2, self.PAUSE_S):
                self._doubted_at = now
        self._looked_at, self._clock_ms = now, clock_ms
        self._last_wait = self._database.waited_long_at
        if now - max(self._doubted_at, self._last_wait) >= self._patience_s:
            self._waits_since = None
            return True
        self._waits_since = max(self._waits_since or now, self._database.gave_up_at)
        return now - self._waits_since >= self._lease_s

    def have_waited(self) -> bool:
        """Whether a write has had to wait long since they were certain."""
        return self._database.waited_long_at != self._last_wait


class Sweeper:
    """Heals what crashed: lost workers, lost messages, an emptied Redis, parents that nobody woke. Idempotent."""

    def __init__(self, database: Database, settings: Settings, epoch_of: EpochOf) -> None:
        self._database = database
        self._settings = settings
        self._epoch_of = epoch_of
        self._lost_workers = LostWorkers(database, settings)
        self._looked_ahead_at = float("-inf")

    def sweep(self, *, idle: bool) -> None:
        """One round. `idle`: this worker has a free thread, so a message unclaimed for long is lost, not waiting."""
        self._pull_back_times()
        self._recover_lost_jobs()
        self._close_abandoned_calls()
        self._settle_cancelled()
        self._wake_parents()
        self._resume_limited()
        self._resume_within_budget()
        self._detect_emptied_redis()
        if idle:
            self._clear_lost_dispatches()

    def _pull_back_times(self) -> None:
        with self._database.read() as conn:
            now = time.monotonic()
            if now - self._looked_ahead_at < LOOK_AHEAD_EVERY_S and clock.has_many_active_jobs(conn):
                return
            self._looked_ahead_at = now
            if not clock.lies_ahead(conn):
                return
        with self._database.write() as conn:
            log.warning("the clock was put back: %s times lay too far ahead", clock.pull_back(conn))

    def _recover_lost_jobs(self) -> None:
        self._end_leases_of_dead_processes()
        with self._database.read() as conn:
            rows = sweep.list_expired_claims(conn)
            clock_ms = reads.clock(conn)
        if not self._lost_workers.are_certain(clock_ms):
            return
        for row in rows:
            with self._database.write() as conn:
                if self._lost_workers.have_waited():
                    return
                became = sweep.recover_lost_job(conn, row.id, row.claim, self._settings.max_losses)
            if became:
                log.warning("job %s: worker %s lost, now %s", row.id, row.worker, became)

    def _end_leases_of_dead_processes(self) -> None:
        """A worker that was killed on this machine leaves its jobs to the next at once, not when its leases run out."""
        with self._database.read() as conn:
            busy = sweep.list_busy_workers(conn)
        for worker in filter(processes.is_gone, busy):
            with self._database.write() as conn:
                sweep.end_leases(conn, worker)

    def _close_abandoned_calls(self) -> None:
        """Somebody who tried a service was killed meanwhile."""
        with self._database.read() as conn:
            if not ledger.has_abandoned_calls(conn):
                return
        with self._database.write() as conn:
            log.warning("%s calls of profile checks are taken for lost", ledger.close_abandoned_calls(conn))

    def _settle_cancelled(self) -> None:
        with self._database.read() as conn:
            left = sweep.to_cancel(conn)
        for job_id in left:
            with self._database.write() as conn:
                end.cancel(conn, job_id, user="Reelwright")

    def _wake_parents(self) -> None:
        with self._database.read() as conn:
            waiting = sweep.parents_to_wake(conn)
        for parent in waiting:
            with self._database.write() as conn:
                families.wake_parent(conn, parent)

    def _resume_limited(self) -> None:
        with self._database.read() as conn:
            due = sweep.has_limited_due(conn)
        if due:
            with self._database.write() as conn:
                sweep.resume_due(conn, RESUMED_AT_ONCE)

    def _resume_within_budget(self) -> None:
        """A budget was raised, a month has begun, or calls under way cost less than was held ready for them.

        They may have cost as much, or more: then nothing goes on by itself, and the job says so.
        """
        with self._database.read() as conn:
            waiting = sweep.list_waiting_for_budget(conn)
            full = {p: budgets.find_exhausted(conn, p) for p in {w.project_id for w in waiting}}
        for row in [w for w in waiting if full[w.project_id] is None][:RESUMED_AT_ONCE]:
            with self._database.write() as conn:
                waits.resume(conn, row.id, "budget")
        said = {p: (state.describe(), state.used_up) for p, state in full.items() if state is not None}
        changed = [w for w in waiting if w.project_id in said and w.message != str(said[w.project_id][0])]
        for row in changed[:RESUMED_AT_ONCE]:
            with self._database.write() as conn:
                text, asks = said[row.project_id]
                sweep.update_wait_message(conn, row.id, "budget", text, asks=asks)

    def _detect_emptied_redis(self) -> None:
        with self._database.read() as conn:
            known = installation.get_meta(conn, "redis_epoch")
        try:
            epoch = self._epoch_of()
        except Unavailable as error:
            log.debug("Redis cannot be asked for its epoch: %s", error)
            return
        if epoch != known:
            with self._database.write() as conn:
                lost = dispatch.clear_all_dispatches(conn)
                installation.set_meta(conn, "redis_epoch", epoch)
            if lost:
                log.warning("Redis was emptied; %s messages are sent again", lost)

    def _clear_lost_dispatches(self) -> None:
        lost_ms = round(self._settings.dispatch_lost_seconds * 1000)
        with self._database.read() as conn:
            if not dispatch.has_lost_dispatches(conn, lost_ms):
                return
        with self._database.write() as conn:
            dispatch.clear_lost_dispatches(conn, lost_ms)
