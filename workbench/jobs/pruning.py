"""Removing whole old jobs, a batch a transaction, so that nobody else waits long."""

from __future__ import annotations

from collections.abc import Callable

from workbench.db.batches import write_in_batches
from workbench.db.connection import Database
from workbench.db.writes import prune as writes
from workbench.db.writes import rollups
from workbench.db.writes.prune import NOTHING, Keep, Removed


def prune(
    database: Database,
    keep: Keep,
    *,
    dry_run: bool = False,
    batch: int = writes.BATCH,
    should_stop: Callable[[], bool] = lambda: False,
) -> Removed:
    """Remove the ended jobs that need not be kept, the oldest first. `dry_run`: only count what would go.

    What they count for is rolled up first; those that another process is rolling up just then stay until the next time.
    """
    removed = NOTHING
    # what two jobs share goes with the first of them
    counted: set[int] = set()
    after: int | None = 0
    if not dry_run:
        write_in_batches(database, rollups.fold, most=rollups.LARGE_BATCH, should_stop=should_stop)
    while after is not None and not should_stop():
        with database.read() as conn:
            ids, after_this = writes.list_removable(conn, keep, after, batch, rolled_up=not dry_run)
            if dry_run:
                removed += writes.count_belongings(conn, ids, counted)
                counted.update(ids)
        if ids and not dry_run:
            with database.write() as conn:
                # what has changed since is looked at again
                ids, _ = writes.list_removable(conn, keep, after, batch)
                removed += writes.remove(conn, ids)
        after = after_this
    return removed
