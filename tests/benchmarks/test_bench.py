"""`make bench` runs to its end and prints every line. Its figures are for people: no test fails on a busy machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from benchmarks import __main__ as command
from benchmarks.__main__ import SECTIONS
from benchmarks.report import Line, percentile
from benchmarks.scale import QUICK
from benchmarks.stores import Stores, running_stores
from tests import drawings
from tests.engine.conftest import Nursery
from tests.forked import Forked
from workbench.cli.supervisor import environment
from workbench.settings import Settings

#: what each target is printed as, by section
WITH_A_TARGET = {
    "no-op": {
        "SQLite ÷ tuned Dramatiq",
        "PostgreSQL ÷ procrastinate",
        "Reelwright on SQLite, synchronous=FULL: submit_many",
        "Reelwright on PostgreSQL: submit_many",
        "Reelwright on SQLite, synchronous=FULL p50",
        "Reelwright on SQLite, synchronous=FULL p95",
        "Reelwright on PostgreSQL p50",
        "Reelwright on PostgreSQL p95",
    },
    "submits": {"on sqlite"},
    "filing": {"sqlite: with ÷ without", "postgresql: with ÷ without"},
    "waiting": {f"{threads} threads on {database}" for threads in (8, 64) for database in ("sqlite", "postgresql")},
    "idle": {"on sqlite", "on postgresql"},
    "start-up": {
        "worker ready (its row is there)",
        "reelwright jobs list --json",
        "reelwright projects list --json",
        "first page, imports and first run of app.py",
    },
    "page": {
        "server CPU of a tick that finds nothing new",
        "server CPU of what is drawn because a job changed",
        "first visit in a new session, request to the last message, median of 5",
        "server CPU of a tick in the Studio",
    },
    "browser": {
        "first content, nothing in the browser's cache",
        "first content of a later visit",
        "a frame opens",
        "a plan opens",
        "a job is launched and its cell says so",
        "another node, all of its cells drawn",
        "another scene, all of its cells drawn",
        "from a scene to its episode",
        "from a scene to the whole story",
    },
    "services": {
        "our provider over the bare SDK p50",
        "÷ two rounds of the slowest picture",
        "most calls in any minute at the service",
        "share of the limit that was used",
    },
    "stopping": {
        "cancel p95, 4 jobs, sqlite",
        "cancel p95, 4 jobs, postgresql",
        "SIGTERM to exit, slowest of 1, sqlite",
        "SIGTERM to exit, slowest of 1, postgresql",
    },
}


def test_every_section_is_held_to_its_targets() -> None:
    assert list(WITH_A_TARGET) == list(SECTIONS)


#: how sections start the benchmarks' worker and the product's
WORKERS = (("-m", "benchmarks.worker"), ("-m", "workbench.cli", "worker"))


class ForkedWorker:
    """A worker that was forked, to be ended like one that was started."""

    stdout = None

    def __init__(self, worker: Forked) -> None:
        self._worker = worker
        self.pid, self.kill, self.terminate = worker.pid, worker.kill, worker.terminate

    def poll(self) -> int | None:
        return None if self._worker.is_alive() else 0

    def wait(self, timeout: float = 60) -> int:
        self._worker.gone(timeout)
        return 0


class ForkingStores(Stores):
    """Forks its workers from a process that has imported everything: importing is most of what a quick run would do.
    Whoever measures a start asks for a process of its own."""

    nursery: Nursery | None = None

    def start(
        self, *command: str, settings: Settings | None = None, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        options = next((command[len(w) :] for w in WORKERS if command[: len(w)] == w), ())
        if not options or settings is None:
            return super().start(*command, settings=settings, env=env)
        self.nursery = self.nursery or Nursery()
        around = {**environment(settings), **(env or {})}
        process: Any = ForkedWorker(self.nursery.fork(around, self.folder / "workers.log", measure=list(options)))
        self._children.append(process)
        return process  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    """As `make bench` has them: one for all sections. It takes the developer's settings out of the environment."""
    with mock.patch.dict(os.environ, drawings.spawned(os.environ)), running_stores(ForkingStores) as opened:
        yield opened
        assert isinstance(opened, ForkingStores)
        if opened.nursery is not None:
            opened.nursery.stop()


@pytest.mark.parametrize("section", WITH_A_TARGET)
def test_a_quick_run_measures_everything_that_has_a_target(stores: Stores, section: str) -> None:
    lines = SECTIONS[section](stores, QUICK)
    assert {line.what for line in lines if line.met is not None} == WITH_A_TARGET[section]
    # stock and tuned: throughput, handing over, idle start at p50 and p95
    assert sum(line.what.startswith("Dramatiq") for line in lines) == (8 if section == "no-op" else 0)
    assert all(line.value >= 0 for line in lines)


def test_a_quick_run_of_one_section_prints_its_lines_as_json(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command itself, called here: a process of its own would start servers of its own."""
    monkeypatch.setattr(command, "running_stores", lambda: contextlib.nullcontext(stores))
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--quick", "--json", "--only", "idle"])
    assert command.main() == 0
    lines = json.loads(capsys.readouterr().out)
    assert {line["what"] for line in lines if line["met"] is not None} == WITH_A_TARGET["idle"]
    assert all(line["value"] >= 0 for line in lines)


@pytest.mark.parametrize(
    ("line", "met"),
    [
        (Line("s", "rate", 0.6, "×", at_least=0.6), True),
        (Line("s", "rate", 0.59, "×", at_least=0.6), False),
        (Line("s", "time", 10.0, "ms", at_most=10.0), True),
        (Line("s", "time", 10.1, "ms", at_most=10.0), False),
        (Line("s", "seen", 5.0, "ms"), None),
    ],
)
def test_a_line_says_whether_its_target_is_met(line: Line, met: bool | None) -> None:
    assert line.met is met
    assert ("MISSED" in line.as_row()) is (met is False)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([5.0, 1.0, 3.0], 0.5) == 3.0
    assert percentile([float(n) for n in range(1, 25)], 0.95) == 23.0
