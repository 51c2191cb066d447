"""No-op jobs, one worker process with 4 threads each: Dramatiq, procrastinate and the engine in turns on the same
servers."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.contenders import (
    IDLE_S,
    WARM_UP,
    Contender,
    Reelwright,
    dramatiq_worker,
    procrastinate_worker,
    reelwright_worker,
)
from benchmarks.report import Line, median, percentile
from benchmarks.scale import Scale
from benchmarks.stores import Stores

THREADS = 4
NAMES = {
    "stock": "Dramatiq, stock",
    "tuned": "Dramatiq, worker_timeout=20, prefetch 100",
    "procrastinate": "procrastinate (PostgreSQL), concurrency 4",
    "sqlite": "Reelwright on SQLite, synchronous=FULL",
    "postgresql": "Reelwright on PostgreSQL",
}
RATIOS = {"sqlite": "SQLite ÷ tuned Dramatiq", "postgresql": "PostgreSQL ÷ procrastinate"}
OURS = ("sqlite", "postgresql")
SQLITE_OF_TUNED = 0.45
POSTGRESQL_OF_PROCRASTINATE = 1.1
HANDED_OVER_BY = {"sqlite": "submit_many", "postgresql": "submit_many", "procrastinate": "batch_defer"}
SUBMITS_PER_S = 500


@dataclass
class Figures:
    handed_over: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    starts_ms: list[float] = field(default_factory=list)


def measure(stores: Stores, scale: Scale) -> list[Line]:
    figures = {name: Figures() for name in NAMES}
    for _ in range(scale.rounds):
        for name, seen in figures.items():
            with _running(stores, name) as contender:
                contender.batch(min(WARM_UP, scale.jobs))
                handed_over, ended = contender.batch(scale.jobs)
                seen.handed_over.append(handed_over)
                seen.ended.append(ended)
                for _ in range(scale.idle_starts):
                    time.sleep(IDLE_S)
                    seen.starts_ms.append(contender.one())
    return [*_throughput(figures, scale), *_batches(figures, scale), *_starts(figures)]


def submits(stores: Stores, scale: Scale) -> list[Line]:
    """`wb.submit` called again and again by one client: without a worker that shares disk and processor, and beside
    one."""
    section = f"Single submits, {scale.submits} one after the other, each committed before it returns"
    lines = [
        Line(
            section, "commits of one row, this disk, synchronous=FULL", _disk_commits_per_s(stores, scale.commits), "/s"
        )
    ]
    for database in OURS:
        alone = Reelwright(stores.settings(database, THREADS))
        target = SUBMITS_PER_S if database == "sqlite" else None
        lines.append(Line(section, f"on {database}", _submits_per_s(alone, scale.submits), "/s", target))
        alone.wb.close()
        with reelwright_worker(stores, database, THREADS) as (ours, _):
            rate = _submits_per_s(ours, scale.submits)
        lines.append(Line(section, f"on {database}, beside a worker that runs them", rate, "/s"))
    return lines


def _disk_commits_per_s(stores: Stores, count: int) -> float:
    """What no single submit can pass: one write to disk each."""
    with contextlib.closing(sqlite3.connect(stores.home / "disk.db", isolation_level=None)) as conn:
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            conn.execute(f"PRAGMA {pragma}")
        conn.execute("CREATE TABLE row (number)")
        began = time.monotonic()
        for number in range(count):
            conn.execute("INSERT INTO row VALUES (?)", (number,))
        return count / (time.monotonic() - began)


def _submits_per_s(ours: Reelwright, count: int) -> float:
    for _ in range(min(20, count)):
        ours.wb.submit("bench_nothing")
    began = time.monotonic()
    for _ in range(count):
        ours.wb.submit("bench_nothing")
    return count / (time.monotonic() - began)


@contextlib.contextmanager
def _running(stores: Stores, name: str) -> Iterator[Contender]:
    if name in ("stock", "tuned"):
        with dramatiq_worker(stores, THREADS, tuned=name == "tuned") as plain:
            yield plain
    elif name == "procrastinate":
        with procrastinate_worker(stores, THREADS) as plain_procrastinate:
            yield plain_procrastinate
    else:
        with reelwright_worker(stores, name, THREADS) as (ours, _):
            yield ours


def _throughput(figures: dict[str, Figures], scale: Scale) -> list[Line]:
    section = (
        f"No-op jobs end to end, one process with {THREADS} threads, {scale.jobs:,} jobs, median of {scale.rounds}"
    )
    rates = {name: scale.jobs / median(seen.ended) for name, seen in figures.items()}
    lines = [Line(section, NAMES[name], rate, "jobs/s") for name, rate in rates.items()]
    for name, peer, target in (
        ("sqlite", "tuned", SQLITE_OF_TUNED),
        ("postgresql", "procrastinate", POSTGRESQL_OF_PROCRASTINATE),
    ):
        lines.append(Line(section, RATIOS[name], rates[name] / rates[peer], "×", target))
    return lines


def _batches(figures: dict[str, Figures], scale: Scale) -> list[Line]:
    section = f"Handing over 1,000 jobs, from the same batches of {scale.jobs:,}"
    lines = []
    for name, seen in figures.items():
        ours = name in OURS
        how = HANDED_OVER_BY.get(name, "send")
        seconds = median(seen.handed_over) * 1000 / scale.jobs
        lines.append(Line(section, f"{NAMES[name]}: {how}", seconds, "s", at_most=1.0 if ours else None))
    return lines


def _starts(figures: dict[str, Figures]) -> list[Line]:
    count = len(next(iter(figures.values())).starts_ms)
    section = (
        f"Start after {IDLE_S} s idle, {count} jobs: row committed (peers: before sending) to the job's first line"
    )
    lines = []
    for name, seen in figures.items():
        ours = name in OURS
        lines.append(
            Line(section, f"{NAMES[name]} p50", percentile(seen.starts_ms, 0.5), "ms", at_most=10 if ours else None)
        )
        lines.append(
            Line(section, f"{NAMES[name]} p95", percentile(seen.starts_ms, 0.95), "ms", at_most=25 if ours else None)
        )
    return lines
