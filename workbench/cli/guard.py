"""Run one command so that it cannot outlive the process that wanted it. Standard library only.

    python -I -S guard.py FD GRACE [--log FILE] COMMAND…

FD is the read end of a pipe whose write end only the supervisor holds: the kernel closes it however the supervisor
dies, SIGKILL included. On EOF the command's whole session gets SIGTERM, and SIGKILL three seconds later. SIGTERM to
the guard is passed on, with GRACE seconds before SIGKILL; SIGUSR1 to the guard is SIGKILL to the session. The guard
ends with the command's exit code.

With --log everything that the command prints goes to a file that is rotated, a line with its time each; what it prints
on stderr is also passed on. It is the guard that writes: its command's last words are kept however it ends, and a
supervisor or a terminal that stands still holds nobody up.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workbench.log_file import LogFile

EOF_GRACE_S = 3.0
#: as much as a pipe takes at once when it takes anything (PIPE_BUF)
_ECHO_BYTES = 512
#: more than a pipe holds; something that outlived the command could print for ever
_LAST_READS = 32


class Output:
    """What a command prints on one stream: into its log, and, `aloud`, on the guard's own stderr."""

    def __init__(self, log: LogFile, *, aloud: bool) -> None:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        self.log = log
        self._aloud = aloud

    def pump(self) -> bool:
        """Pass on some of what there is; False when there is no more, now or for good."""
        try:
            output = os.read(self.read_end, 65_536)
        except BlockingIOError:
            return False
        self._pass_on(self.log.feed(output))
        return bool(output)

    def finish(self) -> None:
        """Pass on what the command left in its pipe, and close the log."""
        for _ in range(_LAST_READS):
            if not self.pump():
                break
        self._pass_on(self.log.close())

    def _pass_on(self, lines: list[str]) -> None:
        if self._aloud and lines:
            _echo("".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


def _open_log(path: str) -> LogFile:
    # by its place: a guard starts without the packages, and sooner
    spec = importlib.util.spec_from_file_location("log_file", Path(__file__).parents[1] / "log_file.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    log: LogFile = module.LogFile(path)
    return log


def _echo(output: bytes) -> None:
    """On stderr, as far as it takes it now: a stopped terminal must not stop the command."""
    with contextlib.suppress(OSError):
        while output and select.select([], [2], [], 0)[1]:
            output = output[os.write(2, output[:_ECHO_BYTES]) :]


def main() -> int:
    pipe, grace_s, command = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    path = None
    if command[0] == "--log":
        path, command = command[1], command[2:]
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_read, False)
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    terminated: list[int] = []
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda number, frame: terminated.append(number))
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    # Ctrl-C in a terminal reaches the whole foreground group; the supervisor decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # a log for each stream: half a line of one never mixes with the other's
    outputs = [] if path is None else [Output(_open_log(path), aloud=aloud) for aloud in (False, True)]
    out, err = (o.write_end for o in outputs) if outputs else (None, None)
    child = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True, preexec_fn=_before_exec)
    for output in outputs:
        os.close(output.write_end)
    try:
        # a part that prints nothing has a log that says so
        _note(outputs, f"started as process {child.pid}")
        code = _watch(child, pipe, wake_read, grace_s, terminated, outputs)
    finally:
        # Whatever the command itself started and left behind.
        _signal_session(child, signal.SIGKILL)
        for output in outputs:
            output.finish()
    _note(outputs, f"process {child.pid} ended with exit code {code}")
    return code


def _note(outputs: list[Output], line: str) -> None:
    for output in outputs[:1]:
        output.log.write(line)


def _watch(
    child: subprocess.Popen[bytes],
    pipe: int,
    wake: int,
    grace_s: float,
    terminated: list[int],
    outputs: list[Output],
) -> int:
    waiting_for = [pipe, wake, *(output.read_end for output in outputs)]
    kill_at: float | None = None
    while child.poll() is None:
        timeout = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready, _, _ = select.select(waiting_for, [], [], timeout)
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        for output in outputs:
            # ready and empty: the stream has ended
            if output.read_end in ready and not output.pump():
                waiting_for.remove(output.read_end)
        if pipe in ready and not os.read(pipe, 1):
            waiting_for.remove(pipe)
            kill_at = min(kill_at or float("inf"), time.monotonic() + EOF_GRACE_S)
            _signal_session(child, signal.SIGTERM)
        if terminated:
            if signal.SIGUSR1 in terminated:
                kill_at = time.monotonic()
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
