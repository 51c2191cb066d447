"""Whether a worker's process is gone for certain: then nobody need wait for its leases to run out.

Its name says where it ran: a machine since its last start, and there a space of process numbers. Containers may share
the one and the host's name, and still number their processes differently.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import socket
import uuid
from pathlib import Path

_PLACE_CHARS = 6


def worker_name() -> str:
    """Unique per process, readable on a dashboard."""
    return f"{socket.gethostname()}-{os.getpid()}-{_place()}{uuid.uuid4().hex[:4]}"


def is_gone(worker: str) -> bool:
    """Whether the process of the worker of this name ran here and has ended; False where that cannot be known."""
    place = _place()
    rest = worker.rpartition("-")[0].rpartition("-")[2]
    if not place or not rest.isdecimal() or not worker.startswith(f"{socket.gethostname()}-{rest}-{place}"):
        return False
    pid = int(rest)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return _is_zombie(pid)


@functools.cache
def _place() -> str:
    """This machine since its last start and its space of process numbers; empty where the kernel does not tell."""
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return hashlib.sha256(f"{boot} {os.readlink('/proc/self/ns/pid')}".encode()).hexdigest()[:_PLACE_CHARS]
    return ""


def _is_zombie(pid: int) -> bool:
    """It has ended, and nobody has asked how: the first process of a container seldom does."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    return False
