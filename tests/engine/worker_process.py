"""`python -m tests.engine.worker_process`: the product's worker, with the test workflows in its registry."""

from __future__ import annotations

import sys

import tests.engine.jobs_for_tests  # noqa: F401  registers the test workflows
from workbench.cli import main

if __name__ == "__main__":
    main(["worker", *sys.argv[1:]])
