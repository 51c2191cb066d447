"""`python -m benchmarks.worker`: the product's own worker, with the measured jobs in its registry."""

from __future__ import annotations

import sys

import benchmarks.workflows  # noqa: F401  registers the measured jobs
from workbench.cli import main

if __name__ == "__main__":
    main(["worker", *sys.argv[1:]])
