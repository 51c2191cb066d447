"""Which ready rows go to Redis, and in what order. A pass may run anywhere at any time; several at once are harmless."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from workbench.db.connection import Database
from workbench.db.writes import jobs as writes
from workbench.errors import Unavailable
from workbench.jobs import crash

log = logging.getLogger(__name__)

Send = Callable[[Sequence[int]], None]

#: rows on their way or running, per live worker thread and queue: enough to keep threads busy, few enough for fairness
WINDOW_PER_THREAD = 2


class Dispatcher:
    """Marks ready rows and sends their ids. `send` comes from bootstrap, so that this is tested without Dramatiq."""

    def __init__(self, database: Database, send: Send) -> None:
        self._database = database
        self._send = send
        self._busy = threading.Lock()
        self._again = False
        self.unreachable: str | None = None

    def kick(self) -> None:
        """Run a pass now; if one runs already in this process it goes round once more instead."""
        self._again = True
        while self._again and self._busy.acquire(blocking=False):
            try:
                self._again = False
                self.run_pass()
            finally:
                self._busy.release()

    def run_pass(self) -> int:
        """Send what is ready and fits the window; returns how many."""
        with self._database.read() as conn:
            if not writes.ready_queues(conn):
                return 0
            room = WINDOW_PER_THREAD * writes.live_threads(conn)
            on_the_way = writes.in_flight(conn)
            # a half-empty window is refilled in one go: passes stay rare under load
            picked = (
                [
                    job_id
                    for queue in writes.ready_queues(conn)
                    if on_the_way.get(queue, 0) <= room * 3 // 4
                    for job_id in writes.ready(conn, queue, room - on_the_way.get(queue, 0))
                ]
                if room
                else []
            )
        if not picked:
            return 0
        with self._database.write() as conn:
            marked = writes.mark_dispatched(conn, picked)
        crash.point("dispatch_marked")
        if marked:
            self._deliver(marked)
        crash.point("dispatch_sent")
        return len(marked)

    def _deliver(self, ids: list[int]) -> None:
        try:
            self._send(ids)
            self.unreachable = None
        except Unavailable as error:
            # the rows stay queued and marked; the sweeper sends them when Redis is back
            self.unreachable = str(error)
            log.warning("jobs wait for Redis: %s", error)
            with self._database.write() as conn:
                writes.unmark_dispatched(conn, ids)
