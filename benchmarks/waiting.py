"""What users really run: jobs that wait for a provider. How many at once, how fast they stop, what idling costs."""

from __future__ import annotations

import subprocess
import time

from sqlalchemy import func, select

from benchmarks.contenders import TIMEOUT_S, Reelwright, reelwright_worker
from benchmarks.cpu import cpu_of
from benchmarks.report import Line, percentile
from benchmarks.scale import Scale
from benchmarks.stores import DATABASES, Stores
from workbench.db.schema import job
from workbench.jobs.submit import Request

THREADS = 8
#: threads → jobs that wait 1 s to be done a second
THROUGHPUT = {THREADS: 7.5, 64: 60.0}
LONG_S = 600.0


def throughput(stores: Stores, scale: Scale) -> list[Line]:
    """Jobs that wait 1 s, from the first start to the last end."""
    lines = []
    for threads, target in THROUGHPUT.items():
        count = threads * scale.waiting_rounds
        section = f"Latency-bound: {count} jobs that wait 1 s, one process with {threads} threads"
        for database in DATABASES:
            with reelwright_worker(stores, database, threads) as (ours, _):
                ids = [r.id for r in ours.wb.jobs.submit_many([Request("bench_wait") for _ in range(count)])]
                rows = ours.ended(ids[0], ids[-1])
            seconds = (max(r.finished_at for r in rows) - min(r.started_at for r in rows)) / 1000
            lines.append(Line(section, f"{threads} threads on {database}", count / seconds, "jobs/s", at_least=target))
    return lines


def idle(stores: Stores, scale: Scale) -> list[Line]:
    """The CPU of a worker with nothing to do, its heartbeat, sweeper and consumer running."""
    lines = []
    for database in DATABASES:
        with reelwright_worker(stores, database, THREADS) as (_, process):
            time.sleep(min(2.0, scale.idle_s))
            cpu = cpu_of(process.pid, lambda: time.sleep(scale.idle_s))
        section = f"Idle worker, {THREADS} threads, {scale.idle_s:g} s"
        lines.append(Line(section, f"on {database}", 100 * cpu.used / cpu.wall, "% core", at_most=3.0))
    return lines


def stopping(stores: Stores, scale: Scale) -> list[Line]:
    lines: list[Line] = []
    exits: dict[str, list[float]] = {}
    for database in DATABASES:
        with reelwright_worker(stores, database, THREADS) as (ours, process):
            took = _cancel_times(ours, scale.cancels)
            exits[database] = [_exit_time(ours, process)]
        section = f"Stopping jobs that wait, {THREADS} threads"
        lines.append(Line(section, f"cancel p50, {scale.cancels} jobs, {database}", percentile(took, 0.5), "s"))
        lines.append(
            Line(section, f"cancel p95, {scale.cancels} jobs, {database}", percentile(took, 0.95), "s", at_most=3.0)
        )
    for database in DATABASES:
        for _ in range(scale.terminations - 1):
            with reelwright_worker(stores, database, THREADS) as (ours, process):
                exits[database].append(_exit_time(ours, process))
        lines.append(
            Line(
                section,
                f"SIGTERM to exit, slowest of {scale.terminations}, {database}",
                max(exits[database]),
                "s",
                at_most=10.0,
                note="all jobs back in the queue",
            )
        )
    return lines


def _cancel_times(ours: Reelwright, count: int) -> list[float]:
    """Seconds from the committed cancel to the job's end, by the database's clock; one after the other."""
    took: list[float] = []
    while len(took) < count:
        batch = min(THREADS, count - len(took))
        ids = [r.id for r in ours.wb.jobs.submit_many([Request("bench_wait", params={"seconds": LONG_S})] * batch)]
        _until_running(ours, batch)
        for job_id in ids:
            # out of step with the heartbeat, as people are
            time.sleep(0.13)
            ours.wb.jobs.cancel(job_id)
        took += [(r.finished_at - r.cancel_at) / 1000 for r in ours.ended(ids[0], ids[-1])]
    return took


def _exit_time(ours: Reelwright, process: subprocess.Popen[str]) -> float:
    ours.wb.jobs.submit_many([Request("bench_wait", params={"seconds": LONG_S})] * THREADS)
    _until_running(ours, THREADS)
    began = time.monotonic()
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        return 60.0
    took = time.monotonic() - began
    if ours.wb.jobs.count_by_state()["queued"] != THREADS:
        raise RuntimeError(f"the worker did not put its jobs back: {ours.wb.jobs.count_by_state()}")
    return took


def _until_running(ours: Reelwright, count: int) -> None:
    running = select(func.count()).where(job.c.state == "running")
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        with ours.wb.database.read() as conn:
            if conn.execute(running).scalar_one() == count:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{count} jobs did not start: {ours.wb.jobs.count_by_state()}")
