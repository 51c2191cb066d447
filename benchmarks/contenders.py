"""Who is measured: raw Dramatiq, procrastinate and the product's engine, behind the same questions."""

from __future__ import annotations

import contextlib
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import procrastinate
from sqlalchemy import func, select

from benchmarks import plain_dramatiq, plain_procrastinate
from benchmarks.stores import Stores
from workbench.api.client import Workbench
from workbench.bootstrap import Backend, open_database
from workbench.broker.sender import make_sender
from workbench.db.schema import TERMINAL, job
from workbench.db.writes.installation import get_meta
from workbench.jobs.dispatch import Dispatcher
from workbench.jobs.submit import Request
from workbench.settings import Settings

#: a ready worker has imported everything, but its first jobs still fill caches
WARM_UP = 400
IDLE_S = 1.3
#: what has not come by then is given up; a busy machine may take its time
TIMEOUT_S = 300


class Contender(Protocol):
    """A running worker and a way to give it work."""

    def batch(self, jobs: int) -> tuple[float, float]:
        """Seconds to hand over that many no-op jobs, and until the last of them had ended."""
        ...

    def one(self) -> float:
        """Milliseconds from a job being safely handed over to its first line, on an idle worker."""
        ...


class Peer(ABC):
    """Another queue's worker process, which says on stdout when it is ready, when a job began and when a batch was
    done."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._sent = 0
        self._line("ready")

    def batch(self, jobs: int) -> tuple[float, float]:
        self._sent += jobs
        started = time.time_ns()
        self._hand_over(jobs)
        handed_over = time.time_ns()
        return (handed_over - started) / 1e9, (self._line("done") - started) / 1e9

    def one(self) -> float:
        self._sent += 1
        started = time.time_ns()
        self._hand_over_stamped()
        return (self._line("began") - started) / 1e6

    @abstractmethod
    def _hand_over(self, jobs: int) -> None: ...

    @abstractmethod
    def _hand_over_stamped(self) -> None: ...

    def _line(self, word: str) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(word):
                return int(line.split()[1])
        raise RuntimeError(f"the worker ended with {self._process.wait()}")


class PlainDramatiq(Peer):
    """One Dramatiq worker process on Redis, no database, nothing survives its death but unacknowledged messages."""

    def __init__(self, process: subprocess.Popen[str], broker_url: str) -> None:
        self._actor = plain_dramatiq.make_actor(broker_url)
        super().__init__(process)

    def _hand_over(self, jobs: int) -> None:
        for _ in range(jobs):
            self._actor.send(self._sent, False)

    def _hand_over_stamped(self) -> None:
        self._actor.send(0, True)


class PlainProcrastinate(Peer):
    """One procrastinate worker process on PostgreSQL; a batch is deferred in one statement, as its manual advises."""

    def __init__(self, process: subprocess.Popen[str], app: procrastinate.App) -> None:
        self._task = app.tasks[plain_procrastinate.TASK]
        super().__init__(process)

    def _hand_over(self, jobs: int) -> None:
        self._task.batch_defer(*[{"last": self._sent} for _ in range(jobs)])

    def _hand_over_stamped(self) -> None:
        self._task.defer(last=0, stamp=True)


class StampedDispatcher(Dispatcher):
    """Remembers when the facade had committed and began to dispatch."""

    committed_ns = 0

    def deliver(self, ids: Sequence[int]) -> None:
        self.committed_ns = time.time_ns()
        super().deliver(ids)


class Reelwright:
    """One worker process of the product, and the facade that pages and commands use."""

    def __init__(self, settings: Settings) -> None:
        database = open_database(settings)
        backend = Backend(database, settings)
        self.dispatcher = StampedDispatcher(database, make_sender(settings, backend.identify))
        backend.dispatcher = self.dispatcher
        self.wb = Workbench(backend)

    def wait_for_worker(self, timeout: float = TIMEOUT_S) -> None:
        deadline = time.monotonic() + timeout
        while not self.wb.queues.count_live_workers():
            if time.monotonic() > deadline:
                raise RuntimeError("the worker did not start")
            time.sleep(0.005)

    def wait_for_first_sweep(self, timeout: float = TIMEOUT_S) -> None:
        """It looks at Redis for the first time and sends what is on the way again, which is no part of steady work."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self.wb.database.read() as conn:
                if get_meta(conn, "redis_epoch") is not None:
                    return
            time.sleep(0.05)
        raise RuntimeError("the worker does not sweep")

    def batch(self, jobs: int) -> tuple[float, float]:
        started = time.time_ns()
        ids = [r.id for r in self.wb.jobs.submit_many([Request("bench_nothing") for _ in range(jobs)])]
        handed_over = time.time_ns()
        rows = self.ended(ids[0], ids[-1])
        # by the same clock: the database runs on this machine
        return (handed_over - started) / 1e9, max(r.finished_at for r in rows) / 1e3 - started / 1e9

    def one(self) -> float:
        [row] = self.wb.jobs.submit_many([Request("bench_nothing", params={"stamp": True})])
        committed = self.dispatcher.committed_ns
        done = self.wb.wait(row.id, timeout=TIMEOUT_S)
        return float(done.result["began_ns"] - committed) / 1e6

    def ended(self, first: int, last: int) -> list[Any]:
        """The rows of a batch, all ended; looks seldom enough not to be in the way."""
        open_ones = select(func.count()).where(job.c.id.between(first, last), job.c.state.not_in(TERMINAL))
        rows = select(job.c.id, job.c.state, job.c.started_at, job.c.finished_at, job.c.cancel_at)
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            with self.wb.database.read() as conn:
                if not conn.execute(open_ones).scalar_one():
                    return list(conn.execute(rows.where(job.c.id.between(first, last))))
            time.sleep(0.05)
        raise RuntimeError(f"the batch did not end in {TIMEOUT_S} s: {self.wb.jobs.count_by_state()}")


@contextlib.contextmanager
def dramatiq_worker(stores: Stores, threads: int, *, tuned: bool) -> Iterator[PlainDramatiq]:
    stores.empty_valkey()
    env = plain_dramatiq.TUNED if tuned else {}
    process = stores.start("-m", "benchmarks.plain_dramatiq", stores.broker_url, str(threads), env=env)
    yield PlainDramatiq(process, stores.broker_url)
    stores.stop(process)


@contextlib.contextmanager
def procrastinate_worker(stores: Stores, threads: int) -> Iterator[PlainProcrastinate]:
    url = stores.fresh_database()
    with plain_procrastinate.make_app(procrastinate.SyncPsycopgConnector(conninfo=url)).open() as app:
        app.schema_manager.apply_schema()
        process = stores.start("-m", "benchmarks.plain_procrastinate", url, str(threads))
        yield PlainProcrastinate(process, app)
        stores.stop(process)


@contextlib.contextmanager
def reelwright_worker(
    stores: Stores, database: str, threads: int
) -> Iterator[tuple[Reelwright, subprocess.Popen[str]]]:
    """A facade and one live worker process of a fresh installation."""
    settings = stores.settings(database, threads)
    ours = Reelwright(settings)
    process = stores.start("-m", "benchmarks.worker", "--threads", str(threads), settings=settings)
    ours.wait_for_worker()
    ours.wait_for_first_sweep()
    yield ours, process
    stores.stop(process)
    ours.wb.close()
