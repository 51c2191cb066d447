"""One lock for all threads of all processes of this machine, with an end to waiting and a name for its holder.

The kernel frees a `flock` however its holder dies, but gives no way to wait for a while: a thread of its own waits for
the kernel, and whoever wants the lock waits for that thread. A holder that is stopped or hangs keeps the lock, so it
writes down who it is.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

#: most holders are done by then; the thread that waits for the kernel would cost more
_SOON_S = 0.004
_LOOK_EVERY_S = 0.0005
#: how long the thread that waits for the kernel stays when nobody needs it
_IDLE_S = 30.0
#: the byte that SQLite locks for a write in the shared-memory file beside a database (its walformat documentation)
_SQLITE_WRITE_BYTE = 120


class LockTimeout(Exception):
    """The lock was not free in time."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock. `since_ms`: epoch ms, None when only the kernel knows of it."""

    pid: int
    since_ms: int | None = None


class FileLock:
    """A lock on a file of this process; not to be carried over a fork. One thread holds it at a time."""

    def __init__(self, path: str) -> None:
        self.pid = os.getpid()
        # closed with this object
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b", buffering=0)
        self._turn = threading.Lock()
        #: guards the three below
        self._state = threading.Lock()
        self._granted: threading.Event | None = None
        self._asks_kernel = False
        self._requests: queue.SimpleQueue[None] | None = None

    def acquire(self, timeout_s: float) -> None:
        """Raises LockTimeout."""
        deadline = time.monotonic() + timeout_s
        if not self._turn.acquire(timeout=timeout_s):
            raise LockTimeout
        try:
            if not self._take_soon(deadline):
                self._wait_for_kernel(deadline)
        except BaseException:
            self._turn.release()
            raise
        os.pwrite(self._file.fileno(), b"%-10d %-15d\n" % (self.pid, time.time_ns() // 1_000_000), 0)

    def release(self) -> None:
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._turn.release()

    def _take_soon(self, deadline: float) -> bool:
        """Whether the lock was free, or became so in a moment."""
        soon = min(deadline, time.monotonic() + _SOON_S)
        while True:
            with self._state:
                if self._asks_kernel:
                    # it may get the lock at any moment, and this thread would take it for its own
                    return False
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return True
            if time.monotonic() >= soon:
                return False
            time.sleep(_LOOK_EVERY_S)

    def _wait_for_kernel(self, deadline: float) -> None:
        granted = threading.Event()
        with self._state:
            self._granted = granted
            if not self._asks_kernel:
                self._asks_kernel = True
                self._ask()
        if granted.wait(max(0.0, deadline - time.monotonic())):
            return
        with self._state:
            if granted.is_set():
                return
            self._granted = None
        raise LockTimeout

    def _ask(self) -> None:
        if self._requests is None:
            self._requests = queue.SimpleQueue()
            threading.Thread(target=self._serve, args=(self._requests,), name="file lock", daemon=True).start()
        self._requests.put(None)

    def _serve(self, requests: queue.SimpleQueue[None]) -> None:
        while True:
            try:
                requests.get(timeout=_IDLE_S)
            except queue.Empty:
                with self._state:
                    if self._asks_kernel:
                        continue
                    self._requests = None
                return
            fcntl.flock(self._file, fcntl.LOCK_EX)
            with self._state:
                self._asks_kernel = False
                if self._granted is None:
                    # whoever asked has given up
                    fcntl.flock(self._file, fcntl.LOCK_UN)
                else:
                    self._granted.set()
                    self._granted = None


def find_holder(database: str) -> Holder | None:
    """Who writes to a SQLite database now, through our lock or past it; None: nobody, or nobody that can be named."""
    own = _kernel_holder(f"{database}.lock", "FLOCK")
    noted = _noted(f"{database}.lock")
    if own is not None:
        return noted if noted is not None and noted.pid == own else Holder(own)
    if sys.platform != "linux":
        return noted if noted is not None and _is_locked(f"{database}.lock") else None
    foreign = _kernel_holder(f"{database}-shm", "POSIX", _SQLITE_WRITE_BYTE)
    return None if foreign is None else Holder(foreign)


def _noted(path: str) -> Holder | None:
    try:
        pid, since_ms = Path(path).read_bytes()[:64].split()
        return Holder(int(pid), int(since_ms))
    except (OSError, ValueError):
        return None


def _is_locked(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _kernel_holder(path: str, kind: str, byte: int | None = None) -> int | None:
    """The process that holds a write lock on a file, as Linux lists them in /proc/locks."""
    try:
        inode = os.stat(path).st_ino
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        # 1: FLOCK  ADVISORY  WRITE 4711 08:02:131 0 EOF; whoever waits has “->” behind the number
        fields = line.split()
        if len(fields) < 8 or fields[1] != kind or fields[3] != "WRITE":
            continue
        end = float("inf") if fields[7] == "EOF" else int(fields[7])
        if (
            fields[5].rpartition(":")[2] == str(inode)
            and int(fields[4]) > 0
            and (byte is None or int(fields[6]) <= byte <= end)
        ):
            return int(fields[4])
    return None
