"""The guard: whatever becomes of a supervisor, its command ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.conftest import all_gone, family
from tests.conftest import until
from workbench import log_file
from workbench.cli import guard
from workbench.log_file import LogFile

# Only being killed ends it.
STUBBORN = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('deaf', flush=True)
while True:
    signal.pause()
"""
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

    def run(*command: str, grace: float = 30, log: Path | None = None, stderr: int | None = None) -> Any:
        logged = [] if log is None else ["--log", str(log)]
        options = [str(lifeline[0]), str(grace), *logged]
        guarded = [sys.executable, "-I", "-S", str(Path(guard.__file__)), *options, *command]
        process = subprocess.Popen(
            guarded, pass_fds=[lifeline[0]], stdout=subprocess.PIPE, stderr=stderr, encoding="utf-8"
        )
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
    assert start("sh", "-c", "exit 7").wait(120) == 7
    assert start("sh", "-c", "kill -9 $$").wait(120) == 128 + signal.SIGKILL


def test_sigterm_is_passed_on(start: Start) -> None:
    process = start("sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done")
    read(process)

    process.terminate()

    assert process.wait(180) == 5


def test_a_command_deaf_to_sigterm_is_killed_after_its_grace(start: Start) -> None:
    process = start(sys.executable, "-c", STUBBORN, grace=0.3)
    read(process)

    process.terminate()

    assert process.wait(180) == 128 + signal.SIGKILL


def test_the_end_of_the_supervisor_ends_even_a_deaf_command_and_its_children(start: Start, lifeline: list[int]) -> None:
    process = start("sh", "-c", f'{sys.executable} -c "{STUBBORN}" & exec {sys.executable} -c "{STUBBORN}"')
    read(process), read(process)
    below = family(process.pid)
    assert len(below) == 2
    began = time.monotonic()

    os.close(lifeline.pop())
    process.wait(180)

    until(all_gone(below), 20)
    assert time.monotonic() - began < guard.EOF_GRACE_S + 5


@pytest.mark.skipif(sys.platform != "linux", reason="no PR_SET_PDEATHSIG; there the pipe ends it, tested above")
def test_on_linux_the_command_ends_even_when_the_guard_itself_is_killed(start: Start) -> None:
    process = start("sh", "-c", "echo ready; exec sleep 600")
    read(process)
    below: list[psutil.Process] = family(process.pid)

    process.kill()

    until(all_gone(below), 20)


PRINTS = """
import os, sys
print("told on stdout", flush=True)
os.write(2, "\\x1b[31mred\\x1b[0m \\x07bell \\x1b]0;title\\x07and \\u5b57\\x9b2J\\n".encode())
os.write(2, b"half a line, then dead")
os.kill(os.getpid(), 9)
"""


def test_what_a_command_prints_is_kept_up_to_its_last_words_without_what_could_steer_a_terminal(
    start: Start, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "web.log"
    process = start(sys.executable, "-c", PRINTS, log=log, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=180)
    assert process.returncode == 128 + signal.SIGKILL
    lines = log.read_text("utf-8").splitlines()
    texts = [line.split(" ", 1)[1] for line in lines]
    assert re.fullmatch(r"started as process \d+", texts[0])
    assert sorted(texts[1:-1]) == ["half a line, then dead", "red bell and 字2J", "told on stdout"]
    assert texts[-1] == f"{texts[0].removeprefix('started as ')} ended with exit code 137"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z .*", line) for line in lines)
    # a supervisor's own stdout belongs to its results
    assert out == ""
    assert err == "red bell and 字2J\nhalf a line, then dead\n"
    assert [oct(p.stat().st_mode & 0o777) for p in (log.parent, log)] == ["0o700", "0o600"]


def test_a_terminal_that_stands_still_holds_up_nobody(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "worker.log"
    much = "import sys\nfor n in range(4000): print('x' * 100, n, file=sys.stderr)"
    process = start(sys.executable, "-c", much, log=log, stderr=subprocess.PIPE)
    # nobody reads the pipe, which holds far less
    assert process.wait(180) == 0
    assert log.read_text().splitlines()[-2].endswith(" 3999")


def test_a_log_is_rotated_and_the_oldest_goes_also_when_several_write_it(tmp_path: Path) -> None:
    path = tmp_path / "worker.log"
    writers = [LogFile(str(path), limit=2_000, kept=2) for _ in range(2)]
    for n in range(200):
        writers[n % 2].write(f"line {n} {'x' * 40}")
    files = [tmp_path / name for name in ("worker.log.2", "worker.log.1", "worker.log")]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size <= 2_100 for file in files)
    numbers = [int(line.split()[2]) for file in files for line in file.read_text().splitlines()]
    assert numbers == list(range(numbers[0], 200))
    endless = LogFile(str(tmp_path / "endless.log"))
    for _ in range(10):
        endless.feed(b"y" * 10_000)
    assert max(map(len, (tmp_path / "endless.log").read_text().splitlines())) <= log_file.LONGEST_LINE + 25


def test_a_log_that_cannot_be_written_stops_nothing(start: Start, tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file, where a folder should be")
    process = start("sh", "-c", "echo told >&2; exit 3", log=tmp_path / "logs" / "web.log", stderr=subprocess.PIPE)
    _, err = process.communicate(timeout=180)
    assert (process.returncode, err) == (3, "told\n")


@pytest.mark.parametrize("ignored", [True, False])
def test_a_closed_terminal_stops_what_was_started_without_nohup(ignored: bool) -> None:
    code = (
        "import os, signal, sys\n"
        "from workbench.cli.up import stop_on_signals\n"
        # as a terminal or nohup hands it on, whichever of them started the tests
        "signal.signal(signal.SIGHUP, signal.SIG_IGN if sys.argv[1] == 'True' else signal.SIG_DFL)\n"
        "stop = stop_on_signals()\n"
        "os.kill(os.getpid(), signal.SIGHUP)\n"
        "print(stop.is_set())\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "print(stop.is_set())\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(ignored)], capture_output=True, text=True, timeout=180)
    assert ran.stdout.split() == [str(not ignored), "True"]
