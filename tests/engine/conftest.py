"""Two ways to run the engine: in this process, one job at a time; or as real worker processes to be killed."""

from __future__ import annotations

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
from tests.conftest import Valkey, until
from tests.scripted_provider import ScriptedProvider
from workbench.bootstrap import open_workbench, worker_engine
from workbench.cli.parts import environment
from workbench.facade import Workbench
from workbench.jobs.maintenance import WorkerEngine
from workbench.settings import Settings

ROOT = Path(__file__).parents[2]


class Engine:
    """A workbench and a worker's engine in this process. Messages wait in `mail` until a test delivers them."""

    def __init__(self, settings: Settings, **parts: Any) -> None:
        self.mail: deque[int] = deque()
        self.epoch = "first"
        self.worker: WorkerEngine = worker_engine(settings, send=self.mail.extend, epoch_of=lambda: self.epoch, **parts)
        self.wb: Workbench = open_workbench(settings, send=self.mail.extend)
        self.worker._say_alive()

    def deliver(self) -> int:
        """Run every job whose message waits; returns how many messages there were."""
        count = 0
        while self.mail:
            self.worker.run(self.mail.popleft())
            count += 1
        return count

    def finish(self, job_id: int, timeout: float = 20) -> dict[str, Any]:
        """Deliver and maintain until this job has ended."""

        def ended() -> bool:
            self.deliver()
            self.worker.maintain()
            return self.wb.job(job_id)["state"] in ("succeeded", "partial", "failed", "cancelled")

        until(ended, timeout, f"the end of job {job_id}")
        return self.wb.job(job_id)

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
def provider() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


@pytest.fixture
def project(engine: Engine) -> int:
    return engine.wb.create_project({"title": "The Salt Lighthouse", "language": "en", "summary": "A lamp goes out.", "style": {"preset": "ink_wash"}})


def use(wb: Workbench, provider: ScriptedProvider, name: str = "scripted") -> str:
    """A profile that talks to the scripted provider."""
    wb.add_profile(name, "openai", base_url=provider.url, text_model="scripted-1", key="sk-canary0123456789abcdef")
    return name


class Workers:
    """Real worker processes of one home."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.processes: list[subprocess.Popen[bytes]] = []
        self._log = (settings.home / "workers.log").open("ab")

    def start(self, **env: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.worker_process", "--threads", str(self.settings.threads)],
            cwd=ROOT, env={**environment(self.settings), "PYTHONPATH": str(ROOT), **env}, stdout=self._log, stderr=self._log,
        )
        self.processes.append(process)
        return process

    def log(self) -> str:
        return (self.settings.home / "workers.log").read_text(errors="replace")

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self._log.close()


@pytest.fixture
def workers(settings: Settings, valkey: Valkey) -> Iterator[Workers]:
    settings.home.mkdir(parents=True, exist_ok=True)
    made = Workers(settings)
    yield made
    made.stop()


@pytest.fixture
def wb(settings: Settings, valkey: Valkey) -> Iterator[Workbench]:
    """A workbench that talks to the real Valkey."""
    made = open_workbench(settings)
    yield made
    made.close()


def in_background(work: Any) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def now_ms() -> int:
    return round(time.time() * 1000)


__all__ = ["Engine", "Workers", "in_background", "now_ms", "os", "until", "use"]
