"""No-op jobs, one worker process with 4 threads each: raw Dramatiq and the engine, in turns on the same Valkey."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.contenders import IDLE_S, WARM_UP, Contender, dramatiq_worker, reelwright_worker
from benchmarks.report import Line, median, percentile
from benchmarks.scale import Scale
from benchmarks.stores import Stores

THREADS = 4
NAMES = {
    "stock": "Dramatiq, stock",
    "tuned": "Dramatiq, worker_timeout=20, prefetch 100",
    "sqlite": "Reelwright on SQLite, synchronous=FULL",
    "postgresql": "Reelwright on PostgreSQL",
}
#: procrastinate is not installed here: its share of stock Dramatiq was measured side by side (performance.md)
PROCRASTINATE_OF_STOCK = 569 / 1037
SQLITE_OF_STOCK = 0.6
POSTGRESQL_OF_PROCRASTINATE = 0.8


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


@contextlib.contextmanager
def _running(stores: Stores, name: str) -> Iterator[Contender]:
    if name in ("stock", "tuned"):
        with dramatiq_worker(stores, THREADS, tuned=name == "tuned") as plain:
            yield plain
    else:
        with reelwright_worker(stores, name, THREADS) as (ours, _):
            yield ours


def _throughput(figures: dict[str, Figures], scale: Scale) -> list[Line]:
    section = (
        f"No-op jobs end to end, one process with {THREADS} threads, {scale.jobs:,} jobs, median of {scale.rounds}"
    )
    rates = {name: scale.jobs / median(seen.ended) for name, seen in figures.items()}
    lines = [Line(section, NAMES[name], rate, "jobs/s") for name, rate in rates.items()]
    procrastinate = rates["stock"] * PROCRASTINATE_OF_STOCK
    lines.append(
        Line(
            section,
            "procrastinate (PostgreSQL), reckoned",
            procrastinate,
            "jobs/s",
            note="569/1037 of stock, see performance.md",
        )
    )
    lines.append(
        Line(
            section, "SQLite ÷ stock Dramatiq", rates["sqlite"] / rates["stock"], "×", SQLITE_OF_STOCK, note="goal 1.0"
        )
    )
    lines.append(
        Line(
            section,
            "PostgreSQL ÷ procrastinate",
            rates["postgresql"] / procrastinate,
            "×",
            POSTGRESQL_OF_PROCRASTINATE,
            note="goal 1.0",
        )
    )
    return lines


def _batches(figures: dict[str, Figures], scale: Scale) -> list[Line]:
    section = f"Handing over 1,000 jobs, from the same batches of {scale.jobs:,}"
    lines = []
    for name, seen in figures.items():
        ours = name in ("sqlite", "postgresql")
        how = "submit_many" if ours else "send"
        seconds = median(seen.handed_over) * 1000 / scale.jobs
        lines.append(Line(section, f"{NAMES[name]}: {how}", seconds, "s", at_most=1.0 if ours else None))
    return lines


def _starts(figures: dict[str, Figures]) -> list[Line]:
    count = len(next(iter(figures.values())).starts_ms)
    section = (
        f"Start after {IDLE_S} s idle, {count} jobs: row committed (Dramatiq: before send) to the job's first line"
    )
    lines = []
    for name, seen in figures.items():
        ours = name in ("sqlite", "postgresql")
        lines.append(
            Line(section, f"{NAMES[name]} p50", percentile(seen.starts_ms, 0.5), "ms", at_most=10 if ours else None)
        )
        lines.append(
            Line(section, f"{NAMES[name]} p95", percentile(seen.starts_ms, 0.95), "ms", at_most=25 if ours else None)
        )
    return lines
