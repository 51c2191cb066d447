"""Long work on the database in short transactions, so that others write in between."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection

from workbench.db.connection import Database

#: seconds that a transaction may last about; and in SQLite beside others, since all that write wait for its end
_TURN_S, _SHORT_TURN_S = 5.0, 1.0
#: most seconds after it in which the database is left to others: who waits looks again every few hundredths
_REST_S = 0.1


def write_in_batches(
    database: Database,
    act: Callable[[Connection, int], int],
    *,
    most: int,
    first: int = 500,
    report: Callable[[int], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    alone: bool = False,
) -> int:
    """Repeat `act(connection, how many at most)`, each time in a transaction of its own, until it says 0; returns the
    sum of what it said. Batches grow and shrink with the time that they take. `report` hears the sum so far.
    `alone`: nobody else is at work there yet."""
    size, done = min(first, most), 0
    turn_s = _SHORT_TURN_S if database.engine.dialect.name == "sqlite" and not alone else _TURN_S
    while True:
        began = time.monotonic()
        with database.write() as conn:
            count = act(conn, size)
        if not count:
            break
        done += count
        if report:
            report(done)
        if should_stop and should_stop():
            break
        took = max(time.monotonic() - began, 0.001)
        # a batch that happened to be small says little about a large one
        size = max(1, min(most, round(size * max(0.5, min(2.0, turn_s / took)))))
        time.sleep(min(took, _REST_S))
    return done
