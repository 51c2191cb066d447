"""What pages ask about usage, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from workbench.api.client import Workbench
from workbench.db.schema import job
from workbench.jobs.submit import Request
from workbench.settings import Settings

HOUR_MS = 3_600_000


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def start_jobs(wb: Workbench, waits: list[int], at: int) -> None:
    """Jobs that all started at one moment, after these waits (ms)."""
    messages = {"messages": [{"role": "user", "content": "Hello"}]}
    jobs = wb.jobs.submit_many([Request("llm_chat", params=messages) for _ in waits])
    with wb.database.write() as conn:
        for submitted, wait in zip(jobs, waits, strict=True):
            times = {"created_at": at - wait, "started_at": at}
            conn.execute(update(job).where(job.c.id == submitted.id).values(**times))


def test_the_p95_of_waits_is_the_nearest_rank_of_the_jobs_that_started_in_each_span(wb: Workbench) -> None:
    since = 500 * HOUR_MS
    start_jobs(wb, [7], since)
    start_jobs(wb, list(range(100, 0, -1)), since + 2 * HOUR_MS - 1)
    start_jobs(wb, [999], since - 1)
    start_jobs(wb, [999], since + 3 * HOUR_MS)

    assert wb.usage.queue_waits(since=since, span_ms=HOUR_MS, spans=3) == [7, 95, None]
