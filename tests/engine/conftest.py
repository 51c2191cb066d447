"""Two ways to run the engine: in this process, one job at a time; or as real worker processes to be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tests.engine.jobs_for_tests  # noqa: F401  registers the test workflows
from tests.conftest import PATIENCE, Valkey, until
from tests.forked import Forked
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.bootstrap import worker_engine
from workbench.cli.supervisor import environment
from workbench.db.rows.jobs import Job
from workbench.jobs import dispatch, runner
from workbench.jobs.worker import WorkerEngine
from workbench.settings import Settings

ROOT = Path(__file__).parents[2]


class Engine:
    """A workbench and a worker's engine in this process. Messages wait in `mail` until a test delivers them."""

    def __init__(self, settings: Settings, **parts: Any) -> None:
        self.mail: deque[int] = deque()
        self.epoch = "first"
        self.worker: WorkerEngine = worker_engine(settings, send=self.mail.extend, epoch_of=lambda: self.epoch, **parts)
        self.wb: Workbench = Workbench.open(settings, send=self.mail.extend)
        self.worker._report_alive()

    def deliver(self) -> int:
        """Run every job whose message waits; returns how many messages there were."""
        count = 0
        while self.mail:
            self.worker.run(self.mail.popleft())
            count += 1
        return count

    def finish(self, job_id: int, timeout: float = PATIENCE) -> Job:
        """Deliver and maintain until this job has ended."""

        def ended() -> Job | None:
            self.deliver()
            self.worker.maintain()
            job = self.wb.jobs.get(job_id)
            return job if job.state in ("succeeded", "partial", "failed", "cancelled") else None

        found: Job = until(ended, timeout, f"the end of job {job_id}")
        return found

    def close(self) -> None:
        self.worker.runner.stop()
        self.wb.close()
        self.worker._database.close()


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = Engine(settings)
    yield made
    made.close()


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine no run counts as long, and a thread that carries does not run out of its time."""
    for pace in ("CARRY_FOR_S", "SHARED_FOR_S", "SHORT_S"):
        monkeypatch.setattr(runner, pace, 60.0)
    monkeypatch.setattr(dispatch, "LISTED_FOR_S", 60.0)


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def project(engine: Engine) -> int:
    return engine.wb.create_project(
        {
            "title": "The Salt Lighthouse",
            "language": "en",
            "summary": "A lamp goes out.",
            "style": {"preset": "ink_wash"},
        }
    )


def use(wb: Workbench, provider: ScriptedProvider, name: str = "scripted") -> str:
    """A profile that talks to the scripted provider."""
    wb.profiles.add(name, "openai", base_url=provider.url, text_model="scripted-1", key="sk-canary0123456789abcdef")
    return name


class Nursery:
    """Forks worker processes that need not import anything any more; one for the whole session."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.worker_process"],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        #: a request and its answer belong together; two threads at once would lose one another's
        self._asking = threading.Lock()

    def fork(self, env: dict[str, str], log: Path, **task: Any) -> Forked:
        """A worker, or with a `task` a process that does just this: see `worker_process.TASKS`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._asking:
            self._process.stdin.write(json.dumps({"env": env, "log": str(log), "task": task}) + "\n")
            self._process.stdin.flush()
            return Forked(int(self._process.stdout.readline()))

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.stop()


class Workers:
    """Real worker processes of one home."""

    def __init__(self, settings: Settings, nursery: Nursery) -> None:
        self.settings = settings
        self.all: list[Forked] = []
        self.nursery = nursery
        self._log = settings.home / "workers.log"

    def start(self, **env: str) -> Forked:
        threads = {"REELWRIGHT_THREADS": str(self.settings.threads)}
        worker = self.nursery.fork({**environment(self.settings), **threads, **env}, self._log)
        self.all.append(worker)
        return worker

    def alive(self) -> list[Forked]:
        return [w for w in self.all if w.is_alive()]

    def log(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def stop(self) -> None:
        for worker in self.alive():
            worker.kill()


@pytest.fixture
def workers(settings: Settings, valkey: Valkey, nursery: Nursery) -> Iterator[Workers]:
    settings.home.mkdir(parents=True, exist_ok=True)
    made = Workers(settings, nursery)
    yield made
    made.stop()


@pytest.fixture
def wb(settings: Settings, valkey: Valkey) -> Iterator[Workbench]:
    """A workbench that talks to the real Valkey."""
    made = Workbench.open(settings)
    yield made
    made.close()


def in_background(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def clock_ms() -> int:
    return round(time.time() * 1000)


__all__ = ["Engine", "Workers", "clock_ms", "in_background", "os", "until", "use"]
