"""What goes wrong in a campaign: processes, Redis, the database, its clock and the disk. Each does it for real."""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import redis
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from tests.conftest import until
from workbench.db.schema import attempt, job, step, worker

if TYPE_CHECKING:
    from tests.chaos.campaign import Installation
    from tests.forked import Forked

HOUR_MS = 3_600_000
#: longer than a lease of the campaign, so that a frozen worker loses what it holds
FROZEN_S = 3.0
#: how long a fault lasts: part of what is injected, nothing waits for anything by it
READ_ONLY_S = 1.0
DISK_FULL_S = 1.5
#: so small a disk is full at once, and holds what so many jobs a megabyte make: it must not be full for good
JOBS_A_MEGABYTE = 50
#: to lock everything, while others lock what they need
TRIES = 20


def kill_worker(place: Installation, chance: random.Random) -> bool:
    """SIGKILL a worker and start another. A job that has been lost often already is spared: the campaign may not spend
    what the engine grants to jobs that kill their workers."""
    victim = _victim(place, chance)
    if victim is None:
        return False
    victim.kill()
    victim.gone()
    place.start_worker()
    return True


def freeze_worker(place: Installation, chance: random.Random) -> bool:
    """SIGSTOP a worker for longer than its leases, then let it go on: it finds that its jobs are others' by now."""
    victim = _victim(place, chance)
    if victim is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim.pid, signal.SIGSTOP)
        time.sleep(FROZEN_S)
        os.kill(victim.pid, signal.SIGCONT)
    return True


def freeze_lock_holder(place: Installation, chance: random.Random) -> bool:
    """A process that holds the lock of SQLite's writers, or a row lock on PostgreSQL, is stopped, and killed later."""
    take = (
        "import fcntl,sys\nf=open(sys.argv[1],'ab')\nfcntl.flock(f,fcntl.LOCK_EX)\n"
        if place.is_sqlite
        else "import psycopg,sys\nc=psycopg.connect(sys.argv[1])\n"
        "c.execute('SELECT id FROM job ORDER BY id DESC LIMIT 5 FOR UPDATE')\n"
    )
    # until it is killed, which alone ends it
    code = f"{take}print('held',flush=True)\nimport signal\nwhile True: signal.pause()"
    target = f"{place.sqlite_file}.lock" if place.is_sqlite else place.plain_url
    holder = subprocess.Popen([place.python, "-c", code, target], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGSTOP)
        time.sleep(FROZEN_S)
    finally:
        holder.kill()
        holder.wait()
    return True


def kill_redis(place: Installation, chance: random.Random) -> bool:
    place.valkey.kill()
    time.sleep(chance.uniform(0.0, 1.0))
    place.valkey.start()
    return True


def empty_redis(place: Installation, chance: random.Random) -> bool:
    client = redis.Redis.from_url(place.settings.broker_url)
    try:
        client.flushall()
    finally:
        client.close()
    return True


def cut_backends(place: Installation, chance: random.Random) -> bool:
    """Terminate every PostgreSQL backend of this database, in whatever each is doing."""
    with psycopg.connect(place.plain_url, autocommit=True) as conn:
        place.counts["backends cut"] += len(
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL"
            ).fetchall()
        )
    return True


def refuse_writes(place: Installation, chance: random.Random) -> bool:
    """A read-only window: PostgreSQL refuses with SQLSTATE 25006, as during a failover; SQLite's file is locked."""
    if place.is_sqlite:
        conn = sqlite3.connect(place.sqlite_file, isolation_level=None, timeout=30)
        try:
            conn.execute("BEGIN IMMEDIATE")
            time.sleep(READ_ONLY_S)
            conn.execute("ROLLBACK")
        finally:
            conn.close()
        return True
    name = place.database_name
    with psycopg.connect(place.plain_url, autocommit=True) as conn:
        # other installations of the server go on writing: the setting is the database's own
        conn.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            time.sleep(READ_ONLY_S)
        finally:
            conn.execute("SET default_transaction_read_only = off")
            conn.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
            conn.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    return True


def step_clock_back(place: Installation, chance: random.Random) -> bool:
    """The clock goes back an hour: seen from now, everything that was written lies an hour ahead."""
    return _move_times(place, HOUR_MS)


def step_clock_forward(place: Installation, chance: random.Random) -> bool:
    """The clock goes on an hour: all leases are over, all that was to wait is due."""
    return _move_times(place, -HOUR_MS)


def _move_times(place: Installation, by_ms: int) -> bool:
    """In place of the system's clock, which no test may touch, every stored time that the engine compares is moved."""
    columns = {
        job: ("available_at", "lease_until", "dispatched_at", "created_at", "started_at"),
        step: ("poll_at", "updated_at"),
        attempt: ("started_at",),
        worker: ("seen_at", "started_at"),
    }

    def move() -> None:
        with place.wb.database.write() as conn:
            if not place.is_sqlite:
                # newest first, as everybody locks who locks several jobs
                conn.execute(select(job.c.id).order_by(job.c.id.desc()).with_for_update())
            for table, names in columns.items():
                values = {name: table.c[name] + by_ms for name in names if name in table.c}
                query = update(table).values(values)
                if table is job:
                    query = query.where(job.c.state.in_(("queued", "running", "waiting")))
                conn.execute(query)

    for number in itertools.count(1):
        try:
            move()
            break
        except OperationalError as error:
            # who locks everything meets somebody who holds one thing and wants another, and may be the one to give way
            if number == TRIES or not isinstance(error.orig, psycopg.errors.DeadlockDetected):
                raise
    return True


def fill_disk(place: Installation, chance: random.Random) -> bool:
    """No room for media for a while. Needs a disk of its own, which only some may mount."""
    assert place.small_disk is not None
    filler = place.small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(b"\0" * 65_536)
    time.sleep(DISK_FULL_S)
    filler.unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def mount_small_disk(folder: Path, jobs: int) -> Iterator[Path | None]:
    """A disk under `folder` with room for what so many jobs make; None where mounting is not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={1 + jobs // JOBS_A_MEGABYTE}m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


KILLED = "worker killed (SIGKILL)"
#: so many kills, then something else
OTHERS_AFTER = 2
Injection = Callable[["Installation", random.Random], bool]
#: besides kills, which are counted: what, and how often beside the others
OTHERS: dict[str, tuple[Injection, int]] = {
    "worker frozen (SIGSTOP)": (freeze_worker, 1),
    "lock holder frozen": (freeze_lock_holder, 1),
    "Redis killed": (kill_redis, 1),
    "Redis emptied": (empty_redis, 1),
    "all backends cut": (cut_backends, 2),
    "read-only window": (refuse_writes, 1),
    "clock back 1 h": (step_clock_back, 1),
    "clock on 1 h": (step_clock_forward, 1),
    "disk full": (fill_disk, 1),
}


def _victim(place: Installation, chance: random.Random) -> Forked | None:
    alive = place.workers.alive()
    spared = place.pids_with_jobs_near_the_limit()
    candidates = [w for w in alive if w.pid not in spared]
    return chance.choice(candidates) if candidates else None


class Injector(threading.Thread):
    """Injects until it is stopped: a kill whenever some jobs have ended since the last, something else in between.

    Its pace is the work's, not the clock's, so that a slow machine has as many ends between two kills as a fast one.
    """

    def __init__(self, place: Installation, kills: int, ends_between: float, seed: int, others: bool) -> None:
        super().__init__(daemon=True)
        self.place, self.kills, self._ends_between = place, kills, ends_between
        self._others = others
        self._chance = random.Random(seed)
        self._ended = threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._inject()
        except BaseException as error:
            self.error = error

    def _inject(self) -> None:
        counts: Counter[str] = self.place.counts
        deck: list[str] = []
        goal = 0.0
        while counts[KILLED] < self.kills and not self._ended.is_set():
            goal += self._ends_between
            self._wait_for_ends(goal)
            counts[KILLED] += kill_worker(self.place, self._chance)
            if self._others and counts[KILLED] % OTHERS_AFTER == 0:
                # as cards are dealt: nothing comes again before everything has had its turn
                deck = deck or self._shuffled()
                name = deck.pop()
                counts[name] += OTHERS[name][0](self.place, self._chance)

    def _shuffled(self) -> list[str]:
        deck = [name for name, (_, copies) in OTHERS.items() for _ in range(copies) if self.place.can(name)]
        self._chance.shuffle(deck)
        return deck

    def _wait_for_ends(self, goal: float) -> None:
        until(lambda: self._ended.is_set() or self.place.count_ended() >= goal, 600, "ends between two kills")

    def stop(self) -> None:
        self._ended.set()
        self.join(120)
