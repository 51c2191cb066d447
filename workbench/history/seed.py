"""Write a made-up history into this installation's database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from sqlalchemy import func, select

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


def count_jobs(database: Database) -> int:
    """Jobs that are there, made up or not."""
    with database.read() as conn:
        return conn.execute(select(func.count()).select_from(job)).scalar_one()


def seed(database: Database, places: Places, jobs: int, days: int, number: int, report: Callable[[int], None]) -> None:
    """Add so many jobs over the last `days`; `report` hears after each stretch how many there are. The same `number`
    gives the same history."""
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
        report(n * SIZE + size)
    while True:
        with database.write() as conn:
            if not filing.file_ended(conn, SIZE):
                break
    while True:
        with database.write() as conn:
            if not rollups.fold(conn, rollups.LARGE_BATCH):
                return
