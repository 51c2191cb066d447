"""A nursery of real worker processes: it imports everything once, then forks a worker for each line it reads.

Workers that are killed twice a second would otherwise spend their lives importing. Each line is JSON: the worker's
whole environment and its log file; the answer is its process id. A worker is the product's own `reelwright worker`,
with the
test workflows added.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import dramatiq  # noqa: F401
import openai  # noqa: F401  what a worker would import at its first call
import psycopg  # noqa: F401
import redis  # noqa: F401

import tests.engine.jobs_for_tests  # noqa: F401  registers the test workflows
import workbench.bootstrap
import workbench.broker.consumer
import workbench.cli.worker
import workbench.providers.openai_compatible
import workbench.workflows.registry
from tests import drawings
from workbench.api.client import Workbench
from workbench.bootstrap import worker_engine
from workbench.cli import main
from workbench.settings import Settings


def run_job(run: int) -> None:
    """Run one job, then ask for its tasks for ever."""
    engine = worker_engine(Settings.load(), send=lambda ids: None, epoch_of=lambda: "first")
    engine.run(run)
    while True:
        engine._poller.run_once()
        time.sleep(0.02)


def check_profile(check: str, image: bool) -> None:
    """Check one profile."""
    Workbench.open(Settings.load(), send=lambda ids: None).profiles.check(check, image=image)


def measure(measure: list[str]) -> None:
    """Be a worker of the benchmarks, with these options."""
    from benchmarks.worker import work

    work(measure)


#: by the name of their first argument
TASKS: dict[str, Callable[..., Any]] = {"run": run_job, "check": check_profile, "measure": measure}

if __name__ == "__main__":
    drawings.share()
    workbench.workflows.registry.Registry().all()
    # what was imported stays: a worker that looks for garbage in it would copy every page of it
    gc.freeze()
    # the kernel reaps workers, so that a killed one is gone at once
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            asked = json.loads(line)
            log = os.open(asked["log"], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
            os.close(0)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.environ.clear()
            os.environ.update(asked["env"])
            task = asked["task"]
            if task:
                TASKS[next(iter(task))](**task)
            else:
                main(["worker"])
            os._exit(0)
        print(pid, flush=True)
