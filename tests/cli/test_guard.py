"""The guard: whatever becomes of a supervisor, its command ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.cli.conftest import all_gone, family
from tests.conftest import until
from workbench.cli import guard

# Sleeps far longer than any test: only being killed ends it, and no test waits for its end.
STUBBORN = (
    "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def lifeline() -> Iterator[list[int]]:
    """A pipe; a test that closes the write end takes it out of the list."""
    ends = list(os.pipe())
    yield ends
    for end in ends:
        os.close(end)


@pytest.fixture
def start(lifeline: list[int]) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*command: str, grace: float = 30) -> subprocess.Popen[str]:
        guarded = [sys.executable, "-I", "-S", str(Path(guard.__file__)), str(lifeline[0]), str(grace), *command]
        process = subprocess.Popen(guarded, pass_fds=[lifeline[0]], stdout=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_it_ends_with_the_commands_own_exit_code(start: Start) -> None:
    assert start("sh", "-c", "exit 7").wait(20) == 7
    assert start("sh", "-c", "kill -9 $$").wait(20) == 128 + signal.SIGKILL


def test_sigterm_is_passed_on(start: Start) -> None:
    process = start("sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    read(process)

    process.terminate()

    assert process.wait(20) == 5


def test_a_command_deaf_to_sigterm_is_killed_after_its_grace(start: Start) -> None:
    process = start(sys.executable, "-c", STUBBORN, grace=0.3)
    read(process)

    process.terminate()

    assert process.wait(20) == 128 + signal.SIGKILL


def test_the_end_of_the_supervisor_ends_even_a_deaf_command_and_its_children(start: Start, lifeline: list[int]) -> None:
    process = start("sh", "-c", f'{sys.executable} -c "{STUBBORN}" & exec {sys.executable} -c "{STUBBORN}"')
    read(process), read(process)
    below = family(process.pid)
    assert len(below) == 2
    began = time.monotonic()

    os.close(lifeline.pop())
    process.wait(20)

    until(all_gone(below), 20)
    assert time.monotonic() - began < guard.EOF_GRACE_S + 5


# Elsewhere the kernel has no such signal; there the pipe's end (tested above) ends the command.
@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
def test_on_linux_the_command_ends_even_when_the_guard_itself_is_killed(start: Start) -> None:
    process = start("sh", "-c", "echo ready; exec sleep 600")
    read(process)
    below: list[psutil.Process] = family(process.pid)

    process.kill()

    until(all_gone(below), 20)
