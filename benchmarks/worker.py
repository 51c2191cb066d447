"""`python -m benchmarks.worker`: the product's own worker, with the measured jobs in its registry."""

from __future__ import annotations

import os
import sys

import benchmarks.workflows  # noqa: F401  registers the measured jobs
from workbench.cli import main
from workbench.jobs.worker import WorkerEngine

#: what jobs cost without their being counted and indexed
WITHOUT_FILING = "BENCHMARK_WITHOUT_FILING"

if __name__ == "__main__":
    if os.environ.get(WITHOUT_FILING):
        WorkerEngine.file_ended = lambda self: None  # type: ignore[method-assign]
    main(["worker", *sys.argv[1:]])
