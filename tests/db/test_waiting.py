"""Nobody waits for ever: whoever holds the database may be stopped, and is named."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tests.conftest import until
from workbench.cli.supervisor import environment
from workbench.db.connection import Database
from workbench.db.file_lock import FileLock, Holder, LockTimeout, find_holder
from workbench.db.schema import meta
from workbench.errors import DatabaseBusy
from workbench.settings import Settings

#: far longer than a free database needs, far shorter than the tests may take
WAIT_S = 0.6

# Only being killed ends it.
HOLD = """
import os, signal, sys
from sqlalchemy import insert, update
from workbench.db.connection import Database
from workbench.db.schema import meta
database = Database(sys.argv[1])
with database.write() as conn:
    conn.execute(update(meta).where(meta.c.key == "held").values(value=str(os.getpid())))
    print(os.getpid(), flush=True)
    while True:
        signal.pause()
"""


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    made = Database(settings.database_url, wait_s=WAIT_S)
    with made.write() as conn:
        conn.execute(insert(meta).values(key="held", value="nobody"))
    yield made
    made.close()


@contextlib.contextmanager
def stopped_holder(code: str, argument: str) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of a write, stopped there."""
    process = subprocess.Popen(
        [sys.executable, "-c", code, argument], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert process.stdout is not None
    assert int(process.stdout.readline()) == process.pid
    process.send_signal(signal.SIGSTOP)
    until(lambda: _state(process.pid) == "T", what="the stop")
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def write(database: Database) -> None:
    with database.write() as conn:
        conn.execute(update(meta).where(meta.c.key == "held").values(value="me"))


def test_a_stopped_writer_is_named_and_once_it_is_gone_all_goes_on(database: Database, settings: Settings) -> None:
    with stopped_holder(HOLD, settings.database_url) as holder:
        began = time.monotonic()
        doors: list[Callable[[], Any]] = [
            lambda: write(database),
            lambda: database.write_together(lambda conn: conn.execute(update(meta).values(value="x"))),
        ]
        for door in doors:
            with pytest.raises(DatabaseBusy) as busy:
                door()
            assert str(holder.pid) in str(busy.value)
            assert abs(time.time() * 1000 - (busy.value.since_ms or 0)) < 120_000
        assert time.monotonic() - began < 60
        with database.read() as conn:
            assert conn.execute(select(meta.c.value).where(meta.c.key == "held")).scalar_one() == "nobody"
        holder.kill()
        holder.wait()
        until(lambda: not _raises_busy(database), what="a write")
    with database.read() as conn:
        assert conn.execute(select(meta.c.value).where(meta.c.key == "held")).scalar_one() == "me"


def _raises_busy(database: Database) -> bool:
    try:
        write(database)
    except DatabaseBusy:
        return True
    return False


def test_doctor_names_it_and_comes_to_its_end(database: Database, settings: Settings) -> None:
    with stopped_holder(HOLD, settings.database_url) as holder:
        ran = subprocess.run(
            [sys.executable, "-m", "workbench.cli", "doctor", "--json"],
            env={**os.environ, **environment(settings)}, capture_output=True, text=True, timeout=100,
        )  # fmt: skip
    [found] = [part for part in json.loads(ran.stdout) if part["part"] == "database"]
    # PostgreSQL lets others write other rows meanwhile
    assert found["ok"] is not database.is_sqlite
    assert not database.is_sqlite or str(holder.pid) in found["problem"]


def test_a_program_that_writes_past_our_lock_is_named_too(database: Database) -> None:
    if not database.is_sqlite:
        return
    with sqlite3.connect(str(database.url.database), isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy) as busy:
            write(database)
        other.execute("ROLLBACK")
    assert busy.value.pid == os.getpid()
    write(database)


def test_writers_of_one_process_that_is_stuck_are_told_so(database: Database) -> None:
    if not database.is_sqlite:
        return
    in_it, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with database.write():
            in_it.set()
            may_end.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    in_it.wait(60)
    with pytest.raises(DatabaseBusy, match=str(os.getpid())):
        write(database)
    may_end.set()
    thread.join(60)
    write(database)


def test_when_all_connections_are_in_use_it_says_so(settings: Settings) -> None:
    database = Database(settings.database_url, pool_size=1, wait_s=0.2)
    if database.is_sqlite:
        return
    with database.read(), pytest.raises(DatabaseBusy, match="connections"), database.read():
        pass
    database.close()


@pytest.fixture
def locks(tmp_path: Path) -> tuple[FileLock, FileLock]:
    """Two processes' locks on one file."""
    return FileLock(str(tmp_path / "x.lock")), FileLock(str(tmp_path / "x.lock"))


def test_who_gave_up_waiting_does_not_keep_the_lock_when_it_comes(locks: tuple[FileLock, FileLock]) -> None:
    first, second = locks
    first.acquire(5)
    for _ in range(3):
        with pytest.raises(LockTimeout):
            second.acquire(0.05)
    first.release()
    # the kernel gives it to the one who gave up, who hands it back
    first.acquire(20)
    first.release()
    second.acquire(20)
    with pytest.raises(LockTimeout):
        first.acquire(0.05)
    second.release()


def test_each_waits_its_turn_and_none_is_in_it_beside_another(locks: tuple[FileLock, FileLock]) -> None:
    inside, most, rounds = [0], [0], 40

    def work(lock: FileLock) -> None:
        for _ in range(rounds):
            lock.acquire(60)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            inside[0] -= 1
            lock.release()

    threads = [threading.Thread(target=work, args=(lock,)) for lock in locks * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert not any(thread.is_alive() for thread in threads)
    assert most == [1]


def test_nobody_holds_what_is_free(tmp_path: Path) -> None:
    path = str(tmp_path / "x.db")
    assert find_holder(path) is None
    lock = FileLock(f"{path}.lock")
    lock.acquire(1)
    held = find_holder(path)
    lock.release()
    assert held is not None
    assert held == Holder(os.getpid(), held.since_ms)
    assert held.since_ms
    assert find_holder(path) is None, "what a former holder wrote down says nothing"
