"""A worker process: its job threads and the loops beside them (heartbeat, maintenance, poller, webhooks)."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Protocol

from workbench import preferences
from workbench.db.connection import Database
from workbench.db.reads.filing import has_many_unfiled, has_unfiled, was_filed_in_english
from workbench.db.writes import alerts, dispatch, filing, installation, ledger, rollups, sweep
from workbench.db.writes.prune import Keep
from workbench.jobs import bulk, pruning
from workbench.jobs.dispatch import Dispatcher
from workbench.jobs.maintenance import Sweeper
from workbench.jobs.poller import Poller
from workbench.jobs.runner import Runner
from workbench.settings import Settings

log = logging.getLogger(__name__)

VERSION = version("reelwright")
PRUNE_EVERY_S = 3600
DAY_MS = 86_400_000
#: the longest that a round of maintenance files ended jobs
FILE_FOR_S = 0.5
#: how often what has ended is rolled up; and while every thread is at work
ROLL_UP_S, ROLL_UP_BUSY_S = 5.0, 20.0
#: how long a round of the heartbeat may take beyond a wait for the database
STUCK_S = 45.0
#: how long a worker that fell silent is shown as missing; when its process is known to have ended, and when not
SILENT_MS = 5_000
DEAD_SHOWN_MS = 60_000


def _exists(pid: int) -> bool:
    """Whether this machine has such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class WebhookSender(Protocol):
    """What tells others of jobs and budgets."""

    def run_once(self) -> int: ...

    def prune(self) -> None: ...


class Telemetry(Protocol):
    """What sends spans and metrics of what has ended."""

    def run_once(self) -> int: ...

    def stop(self) -> None: ...


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
        identify: Callable[[], str],
        telemetry: Telemetry | None = None,
    ) -> None:
        """`identify` gives the name of the installation that this worker belongs to."""
        self.identify = identify
        self.runner = runner
        self._database = database
        self._settings = settings
        self._sweeper = sweeper
        self._poller = poller
        self._dispatcher = dispatcher
        self._webhooks = webhook_sender
        self._telemetry = telemetry
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []
        self._prune_at = time.monotonic()
        self._beat_at = time.monotonic()
        self._roll_up_at = float("-inf")

    def run(self, job_id: int) -> None:
        """Run one job on the calling thread."""
        self.runner.run(job_id)

    def start(self) -> None:
        self._report_alive()
        loops: dict[str, tuple[float, Callable[[], object]]] = {
            "heartbeat": (self._settings.heartbeat_seconds, self._beat),
            "maintenance": (self._settings.sweep_seconds, self.run_maintenance),
            # a slow provider, or receiver, must not keep the worker from saying that it lives
            "poller": (self._settings.sweep_seconds, self._poller.run_once),
            # what a person does with many jobs does not wait until one of them has ended
            "bulk": (self._settings.sweep_seconds, self._run_bulk),
            "webhooks": (self._settings.sweep_seconds, self._webhooks.run_once),
        }
        if self._telemetry is not None:
            loops["telemetry"] = self._settings.sweep_seconds, self._telemetry.run_once
        self._threads = [
            threading.Thread(target=self._every, args=loop, name=name, daemon=True) for name, loop in loops.items()
        ]
        for thread in self._threads:
            thread.start()

    def _run_bulk(self) -> None:
        with self._database.read() as conn:
            waiting = dispatch.list_due(conn, bulk.KIND)
        for job_id in waiting:
            self.runner.run(job_id)

    def _beat(self) -> None:
        try:
            self.runner.heartbeat()
        finally:
            self._beat_at = time.monotonic()

    def is_beating(self) -> bool:
        """Whether the heartbeat goes on, be it only to find the database away."""
        return time.monotonic() - self._beat_at < self._settings.lock_wait_seconds + STUCK_S

    def stop(self) -> None:
        """Take nothing new, put running jobs back, leave the list of workers."""
        self.runner.stop()
        deadline = time.monotonic() + 5
        while self.runner.busy and time.monotonic() < deadline:
            time.sleep(0.02)
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=2)
        if self._telemetry is not None:
            # what a collector does not take at once is lost: no worker stays for it
            ending = threading.Thread(target=self._telemetry.stop, name="telemetry ends", daemon=True)
            ending.start()
            ending.join(timeout=2)
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
            lambda: self._sweeper.sweep(idle=not self.runner.drained and self.runner.busy < self._settings.threads),
            self._dispatcher.kick,
            self.file_ended,
            self.roll_up,
            self._prune_when_due,
        )
        for part in parts:
            try:
                part()
            except Exception as error:
                # the database may be restarting; the next round tries again
                log.warning("maintenance: %s", error, exc_info=log.isEnabledFor(logging.DEBUG))

    def file_ended(self) -> None:
        """Count what has ended and index its words, a while at a time: the rest comes with the next round. Jobs come
        first: while every thread is busy it waits until there is much of it, and of what is filed anew a batch a round
        is enough."""
        until = time.monotonic() + FILE_FOR_S
        with self._database.read() as conn:
            busy = self.runner.busy >= self._settings.threads
            left = has_many_unfiled(conn) if busy else has_unfiled(conn)
            again = was_filed_in_english(conn)
        while (left or again) and time.monotonic() < until and not self._ended.is_set():
            with self._database.write() as conn:
                if left:
                    left = filing.file_ended(conn) == filing.BATCH
                    continue
                again = filing.unfile_english(conn) > 0 and not busy
            with self._database.write() as conn:
                filing.file_ended(conn)

    def roll_up(self) -> None:
        """Add what has ended to the rollups, a while at a time: a few seconds' calls and jobs at once cost little."""
        now = time.monotonic()
        if now < self._roll_up_at:
            return
        busy = self.runner.busy >= self._settings.threads
        self._roll_up_at = now + (ROLL_UP_BUSY_S if busy else ROLL_UP_S)
        while time.monotonic() < now + FILE_FOR_S and not self._ended.is_set():
            with self._database.read() as conn:
                if not rollups.is_due(conn):
                    return
            with self._database.write() as conn:
                if rollups.fold(conn) < rollups.BATCH:
                    return
        if not busy:
            # a long history: the next round goes on
            self._roll_up_at = now

    def _prune_when_due(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_EVERY_S
            self._prune()

    def _report_alive(self) -> None:
        host = socket.gethostname()
        with self._database.write() as conn:
            installation.record_worker(
                conn, self.runner.worker, host, os.getpid(), self._settings.threads, self.runner.busy, VERSION
            )
            self.runner.drained = installation.is_drained(conn, self.runner.worker)
            for name, pid in installation.list_silent_workers(conn, host, SILENT_MS):
                if not _exists(pid):
                    installation.remove_worker(conn, name)
                    alerts.note_gone(conn, name)
            # by then their jobs are others'
            silent_ms = max(DEAD_SHOWN_MS, round(2000 * self._settings.lease_seconds))
            for name in installation.delete_dead_workers(conn, silent_ms):
                alerts.note_gone(conn, name)

    def _prune(self) -> None:
        with self._database.write() as conn:
            kept = preferences.retention(conn, self._settings)
            if kept.job_keep_days is not None:
                sweep.prune_history(conn, kept.job_keep_days * DAY_MS)
        left = True
        while left and not self._ended.is_set():
            with self._database.write() as conn:
                left = ledger.prune_raw(conn, kept.raw_io_days * DAY_MS) == ledger.FORGOTTEN_AT_ONCE
        keep = Keep(kept.prune_days, kept.prune_last)
        if keep != Keep():
            removed = pruning.prune(self._database, keep, should_stop=self._ended.is_set)
            if removed.jobs:
                log.info("removed %s old jobs", removed.jobs)
        self._webhooks.prune()
