"""Which ready rows go to Redis, and in what order. A pass may run anywhere at any time; several at once are harmless."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from workbench import crash
from workbench.db.connection import Database
from workbench.db.writes import dispatch
from workbench.errors import Unavailable

log = logging.getLogger(__name__)

Send = Callable[[Sequence[int]], None]

#: rows on their way or running, per live worker thread and queue: enough to keep threads busy, few enough for fairness
WINDOW_PER_THREAD = 2
#: rows that a pass ranks beyond the window, for threads that go from one short job to the next without a message
LISTED = 64
#: an older list is not used, so that a new priority or project counts soon
LISTED_FOR_S = 0.25


class Dispatcher:
    """Marks ready rows and sends their ids. `send` comes from bootstrap, so that this is tested without Dramatiq."""

    def __init__(self, database: Database, send: Send) -> None:
        self._database = database
        self._send = send
        self._busy = threading.Lock()
        self._again = False
        self._listing = threading.Lock()
        self._listed: dict[str, deque[int]] = {}
        self._listed_until = 0.0
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
            queues = dispatch.ready_queues(conn)
            room = WINDOW_PER_THREAD * dispatch.live_threads(conn) if queues else 0
            if not room:
                return 0
            on_the_way = dispatch.in_flight(conn)
            free = {queue: max(0, room - on_the_way.get(queue, 0)) for queue in queues}
            # a half-empty window is refilled in one go: passes stay rare under load
            wanted = [queue for queue in queues if free[queue] >= room / 4 or not self._has_list(queue)]
            ranked = {queue: dispatch.ready(conn, queue, free[queue] + LISTED) for queue in wanted}
        picked = [job_id for queue, ids in ranked.items() for job_id in ids[: free[queue]]]
        self._list({queue: ids[free[queue] :] for queue, ids in ranked.items()})
        if not picked:
            return 0
        with self._database.write() as conn:
            marked = dispatch.mark_dispatched(conn, picked)
        crash.point("dispatch_marked")
        if marked:
            self._deliver(marked)
        crash.point("dispatch_sent")
        return len(marked)

    def successor(self, queue: str) -> int | None:
        """The next ready job of a queue, for a thread that is free at this moment; None: a pass is due."""
        with self._listing:
            waiting = self._listed.get(queue)
            return waiting.popleft() if waiting and time.monotonic() < self._listed_until else None

    def _has_list(self, queue: str) -> bool:
        with self._listing:
            return bool(self._listed.get(queue)) and time.monotonic() < self._listed_until

    def _list(self, waiting: dict[str, list[int]]) -> None:
        if waiting:
            with self._listing:
                self._listed = {queue: deque(ids) for queue, ids in waiting.items()}
                self._listed_until = time.monotonic() + LISTED_FOR_S

    def _deliver(self, ids: list[int]) -> None:
        try:
            self._send(ids)
            self.unreachable = None
        except Unavailable as error:
            # the rows stay queued and marked; the sweeper sends them when Redis is back
            self.unreachable = str(error)
            log.info("jobs wait for Redis: %s", error)
            with self._database.write() as conn:
                dispatch.unmark_dispatched(conn, ids)
