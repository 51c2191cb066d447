"""Run one command so that it cannot outlive the process that wanted it. Standard library only.

    python -I -S guard.py FD GRACE COMMAND…

FD is the read end of a pipe whose write end only the supervisor holds: the kernel closes it however the supervisor
dies, SIGKILL included. On EOF the command's whole session gets SIGTERM, and SIGKILL three seconds later. SIGTERM to
the guard is passed on, with GRACE seconds before SIGKILL. The guard ends with the command's exit code.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

EOF_GRACE_S = 3.0


def main() -> int:
    pipe, grace_s, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    terminated: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: terminated.append(number))
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    # Ctrl-C in a terminal reaches the whole foreground group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(command, start_new_session=True, preexec_fn=_before_exec)
    try:
        return _watch(child, pipe, wake_read, grace_s, terminated)
    finally:
        # Whatever the command itself started and left behind.
        _signal_session(child, signal.SIGKILL)


def _watch(child: subprocess.Popen[bytes], pipe: int, wake: int, grace_s: float, terminated: list[int]) -> int:
    waiting_for = [pipe, wake]
    kill_at: float | None = None
    while child.poll() is None:
        timeout = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready, _, _ = select.select(waiting_for, [], [], timeout)
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if pipe in ready and not os.read(pipe, 1):
            waiting_for.remove(pipe)
            kill_at = min(kill_at or float("inf"), time.monotonic() + EOF_GRACE_S)
            _signal_session(child, signal.SIGTERM)
        if terminated:
            terminated.clear()
            if kill_at is None:
                kill_at = time.monotonic() + grace_s
            # To the command alone: it decides in which order its own children end.
            child.send_signal(signal.SIGTERM)
        if kill_at is not None and time.monotonic() >= kill_at:
            _signal_session(child, signal.SIGKILL)
            child.wait()
    code = child.returncode
    return code if code >= 0 else 128 - code


def _signal_session(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _before_exec() -> None:
    """In the child: default signals, and on Linux an end of its own should even the guard be killed."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    sys.exit(main())
