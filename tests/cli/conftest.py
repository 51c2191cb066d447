"""The command line as its users have it: real processes, exit codes, stdout and stderr."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import drawings
from tests.commands import SERVER
from tests.conftest import until
from tests.forked import Forked

ROOT = Path(__file__).parents[2]
#: generous: the machine may be busy with other tests
CEILING_S = 240


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Reelwright:
    """`reelwright` on a home of its own, with a space and Chinese characters in its path."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = drawings.spawned(os.environ)
        self.env |= {"REELWRIGHT_HOME": str(home), "LANG": "C.UTF-8", "COLUMNS": "200"}
        for name in ("LC_ALL", "LC_MESSAGES", "SSH_CONNECTION"):
            self.env.pop(name, None)
        self.started: list[subprocess.Popen[str]] = []
        self.begun: list[Forked] = []

    def __call__(self, *arguments: str, **env: str) -> Ran:
        done = SERVER.run(arguments, {**self.env, **env}, self.home.parent, CEILING_S * 6)
        assert "Traceback" not in done.err, done.err
        return Ran(*done)

    def begin(self, *arguments: str, **env: str) -> Forked:
        """A command that is killed before its end, forked like those that run to it."""
        begun = Forked(SERVER.start(arguments, {**self.env, **env}, self.home.parent, CEILING_S * 6))
        self.begun.append(begun)
        return begun

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        return self.start_python("-m", "workbench.cli", *arguments, **env)

    def start_python(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**self.env, **env},
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=(self.home.parent / "stderr").open("a"),
            text=True,
            # a test run started in a shell's background inherits an ignored Ctrl-C
            preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        self.started.append(process)
        return process

    def up(self, *arguments: str, **env: str) -> tuple[subprocess.Popen[str], str]:
        """Everything started; returns the process and the page's address."""
        process = self.start("up", "--no-browser", "--port", str(free_port()), *arguments, **env)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, (line, self.stderr())
        return process, "http://" + line.split("http://")[1].strip()

    def stderr(self) -> str:
        return (self.home.parent / "stderr").read_text()

    def close(self) -> None:
        for command in self.begun:
            command.kill()
        for process in self.started:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(CEILING_S)
            process.kill()
            if process.stdout is not None:
                process.stdout.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def family(pid: int) -> list[psutil.Process]:
    """Every process that a process started, directly or not."""
    return psutil.Process(pid).children(recursive=True)


def named(processes: list[psutil.Process], word: str) -> list[psutil.Process]:
    """Those whose command line names `word`, the guards around them left out."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            line = process.cmdline()
            if any(word in part for part in line) and not any(part.endswith("guard.py") for part in line):
                found.append(process)
    return found


def all_gone(processes: list[psutil.Process]) -> Callable[[], bool]:
    def gone() -> bool:
        return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)

    return gone


def waits_for_worker(process: subprocess.Popen[str], count: int = 1) -> list[psutil.Process]:
    found: list[psutil.Process] = until(
        lambda: w if len(w := named(family(process.pid), "workbench.cli")) == count else None,
        CEILING_S,
        "a running worker",
    )
    return found


@pytest.fixture
def reelwright(tmp_path: Path) -> Iterator[Reelwright]:
    made = Reelwright(tmp_path / "片 场")
    yield made
    made.close()
