"""What counting ended jobs, indexing their words and rolling them up costs: the engine with it and without, in
turns."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.contenders import WARM_UP, reelwright_worker
from benchmarks.report import Line, median
from benchmarks.scale import Scale
from benchmarks.stores import DATABASES, Stores
from benchmarks.worker import WITHOUT_FILING

THREADS = 4
AT_LEAST = 0.95


def measure(stores: Stores, scale: Scale) -> list[Line]:
    jobs = 2 * scale.jobs
    section = f"No-op jobs counted, indexed and rolled up as they end, {jobs:,} jobs, median of {scale.rounds} pairs"
    lines = []
    for database in DATABASES:
        pairs = [(_rate(stores, database, jobs, scale), _rate_without(stores, database, jobs, scale))
                 for _ in range(scale.rounds)]  # fmt: skip
        lines.append(Line(section, f"{database}: with", median([with_ for with_, _ in pairs]), "jobs/s"))
        lines.append(Line(section, f"{database}: without", median([without for _, without in pairs]), "jobs/s"))
        share = median([with_ / without for with_, without in pairs])
        lines.append(Line(section, f"{database}: with ÷ without", share, "×", AT_LEAST))
    return lines


def _rate(stores: Stores, database: str, jobs: int, scale: Scale) -> float:
    with reelwright_worker(stores, database, THREADS) as (ours, _):
        ours.batch(min(WARM_UP, scale.jobs))
        _, ended_s = ours.batch(jobs)
        return jobs / ended_s


def _rate_without(stores: Stores, database: str, jobs: int, scale: Scale) -> float:
    with _environment(WITHOUT_FILING):
        return _rate(stores, database, jobs, scale)


@contextmanager
def _environment(name: str) -> Iterator[None]:
    os.environ[name] = "1"
    try:
        yield
    finally:
        del os.environ[name]
