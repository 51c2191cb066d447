"""Write a made-up history into this installation's database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Literal

from sqlalchemy import func, select

from workbench.db.batches import write_in_batches
from workbench.db.connection import Database, db_now_ms
from workbench.db.schema import job
from workbench.db.writes import filing, rollups
from workbench.db.writes import history as writes
from workbench.history.stretch import CALL_PREFIX, Places, write_stretch

DAY_MS = 86_400_000
#: jobs of a stretch, and how many stretches differ from each other
SIZE, KINDS = 5_000, 4
#: before the end of a stretch: what is asked for last has time to end
SLACK_MS = 600_000
#: how long the words of calls are kept
TEXT_DAYS = 14

Phase = Literal["written", "filed", "rolled up"]
#: hears how much of a phase is done
Report = Callable[[Phase, int], None]


def count_jobs(database: Database) -> int:
    """Jobs that are there, made up or not."""
    with database.read() as conn:
        return conn.execute(select(func.count()).select_from(job)).scalar_one()


def seed(database: Database, places: Places, jobs: int, days: int, number: int, report: Report, *, alone: bool) -> None:
    """Add so many jobs over the last `days`; `report` hears again and again how many jobs are written, how many of them
    are filed, and how many calls, jobs and versions are rolled up. The same `number` gives the same history.
    `alone`: nobody else is at work there yet."""
    stretches = -(-jobs // SIZE)
    length = days * DAY_MS // stretches
    with database.read() as conn:
        now: int = conn.execute(select(db_now_ms())).scalar_one()
    begin = now - days * DAY_MS
    originals: list[tuple[int, int]] = []
    for n in range(stretches):
        size = min(SIZE, jobs - n * SIZE)
        at = begin + n * length
        with database.write() as conn:
            first = writes.reserve(conn, size)
            prefix = f"h{first:010d}-"
            assert len(prefix) == len(CALL_PREFIX)
            if n < KINDS or size < SIZE:
                rows = write_stretch(size, length - min(length // 50, SLACK_MS), places, number + n)
                writes.add_stretch(conn, {t: r for t, r in asdict(rows).items()}, first - 1, at, prefix)
                originals.append((first, at))
            else:
                begun, original_at = originals[n % KINDS]
                texts_from = now - TEXT_DAYS * DAY_MS
                writes.copy_stretch(conn, begun, begun + SIZE - 1, first - begun, at - original_at, prefix, texts_from)
        report("written", n * SIZE + size)
    write_in_batches(database, filing.file_ended, most=SIZE, report=partial(report, "filed"), alone=alone)
    write_in_batches(database, rollups.fold, most=rollups.LARGE_BATCH, report=partial(report, "rolled up"), alone=alone)
