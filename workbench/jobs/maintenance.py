"""A worker's two loops: the heartbeat (leases, cancels) and maintenance (sweep, poll, dispatch), once a second each."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from typing import Protocol

from workbench import preferences
from workbench.db.connection import Database
from workbench.db.writes import dispatch, end, families, installation, ledger, sweep, waits
from workbench.errors import Unavailable
from workbench.jobs.dispatch import Dispatcher
from workbench.jobs.poller import Poller
from workbench.jobs.runner import Runner
from workbench.settings import Settings
from workbench.usage import budgets

log = logging.getLogger(__name__)

#: the name of this life of the data in Redis; raises Unavailable
EpochOf = Callable[[], str]
PRUNE_EVERY_S = 3600
DAY_MS = 86_400_000
#: jobs that waited for a limit or a budget and are tried again in one round: most of a crowd would only wait again
RESUMED_AT_ONCE = 32


def worker_name() -> str:
    """Unique per process, readable on a dashboard."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:4]}"


class Sweeper:
    """Heals what crashed: lost workers, lost messages, an emptied Redis, parents that nobody woke. Idempotent."""

    def __init__(self, database: Database, settings: Settings, epoch_of: EpochOf) -> None:
        self._database = database
        self._settings = settings
        self._epoch_of = epoch_of

    def sweep(self, *, idle: bool) -> None:
        """One round. `idle`: this worker has a free thread, so a message unclaimed for long is lost, not waiting."""
        self._recover_lost_jobs()
        self._close_abandoned_calls()
        self._settle_cancelled()
        self._wake_parents()
        self._resume_limited()
        self._resume_within_budget()
        self._detect_emptied_redis()
        if idle:
            self._clear_lost_dispatches()

    def _recover_lost_jobs(self) -> None:
        with self._database.read() as conn:
            rows = sweep.list_expired_claims(conn)
        for row in rows:
            with self._database.write() as conn:
                became = sweep.recover_lost_job(conn, row.id, row.claim, self._settings.max_losses)
            if became:
                log.warning("job %s: worker %s lost, now %s", row.id, row.worker, became)

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


class WebhookSender(Protocol):
    """What tells others of jobs and budgets."""

    def run_once(self) -> int: ...

    def prune(self) -> None: ...


class WorkerEngine:
    """What a worker process runs beside its job threads. `start` and `stop` are called once each."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        runner: Runner,
        sweeper: Sweeper,
        poller: Poller,
        dispatcher: Dispatcher,
        webhook_sender: WebhookSender,
    ) -> None:
        self.runner = runner
        self._database = database
        self._settings = settings
        self._sweeper = sweeper
        self._poller = poller
        self._dispatcher = dispatcher
        self._webhooks = webhook_sender
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._prune_at = time.monotonic()

    def run(self, job_id: int) -> None:
        """Run one job on the calling thread."""
        self.runner.run(job_id)

    def start(self) -> None:
        self._report_alive()
        loops: dict[str, tuple[float, Callable[[], object]]] = {
            "heartbeat": (self._settings.heartbeat_seconds, self.runner.heartbeat),
            "maintenance": (self._settings.sweep_seconds, self.run_maintenance),
            # a slow provider, or receiver, must not keep the worker from saying that it lives
            "poller": (self._settings.sweep_seconds, self._poller.run_once),
            "webhooks": (self._settings.sweep_seconds, self._webhooks.run_once),
        }
        self._threads = [
            threading.Thread(target=self._every, args=loop, name=name, daemon=True) for name, loop in loops.items()
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Take nothing new, put running jobs back, leave the list of workers."""
        self.runner.stop()
        deadline = time.monotonic() + 5
        while self.runner.busy and time.monotonic() < deadline:
            time.sleep(0.02)
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=2)
        try:
            with self._database.write() as conn:
                installation.remove_worker(conn, self.runner.worker)
        except Exception as error:
            log.warning("could not sign off: %s", error)

    def _every(self, seconds: float, work: Callable[[], object]) -> None:
        while not self._ended.wait(seconds):
            try:
                work()
            except Exception as error:
                # the database may be restarting; the next round tries again
                log.warning("%s: %s", threading.current_thread().name, error, exc_info=log.isEnabledFor(logging.DEBUG))

    def maintain(self) -> None:
        """One round of everything, for those who have no threads running."""
        self.run_maintenance()
        self._poller.run_once()
        self._webhooks.run_once()
        self._dispatcher.kick()

    def run_maintenance(self) -> None:
        """One round of maintenance; what fails in one part keeps none of the others from its turn."""
        parts: tuple[Callable[[], object], ...] = (
            self._report_alive,
            lambda: self._sweeper.sweep(idle=self.runner.busy < self._settings.threads),
            self._dispatcher.kick,
            self._prune_when_due,
        )
        for part in parts:
            try:
                part()
            except Exception as error:
                # the database may be restarting; the next round tries again
                log.warning("maintenance: %s", error, exc_info=log.isEnabledFor(logging.DEBUG))

    def _prune_when_due(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY_S
            self._prune()

    def _report_alive(self) -> None:
        with self._database.write() as conn:
            installation.record_worker(
                conn, self.runner.worker, socket.gethostname(), os.getpid(), self._settings.threads, self.runner.busy
            )

    def _prune(self) -> None:
        with self._database.write() as conn:
            installation.delete_dead_workers(conn)
            kept = preferences.retention(conn, self._settings)
            ledger.prune_raw(conn, kept.raw_io_days * DAY_MS)
            if kept.job_keep_days is not None:
                sweep.prune_history(conn, kept.job_keep_days * DAY_MS)
        self._webhooks.prune()
