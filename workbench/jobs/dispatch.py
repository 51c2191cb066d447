"""Which ready rows go to Redis, and in what order. A pass may run anywhere at any time; several at once are
harmless."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from workbench import crash
from workbench.db.connection import Database
from workbench.db.writes import dispatch

log = logging.getLogger(__name__)

Send = Callable[[Sequence[int]], None]

#: rows on their way or running, per live worker thread and queue: enough to keep threads busy, few enough for fairness
WINDOW_PER_THREAD = 2
#: rows that a pass ranks beyond the window, for threads that go from one short job to the next without a message
LISTED = 512
#: threads that share a list: each takes no more of it at once than one of so many parts
SHARES = 4
#: how often a window that is nearly full is looked at
RANK_EVERY_S = 0.02
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
        self._listed: dict[str, deque[tuple[int, str]]] = {}
        #: queues with more ready rows than are listed
        self._longer: set[str] = set()
        self._listed_until = 0.0
        self._ranked_at = -1.0
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
            picked = self._pick(conn)
        if not picked:
            return 0
        with self._database.write() as conn:
            marked = dispatch.mark_dispatched(conn, picked)
        self.deliver(marked)
        return len(marked)

    def mark(self, conn: Connection) -> list[int] | None:
        """A pass in the transaction of whoever has just queued jobs; `deliver` what it returns once that is committed.

        None: so many jobs are ready that ranking them would keep other writers waiting; `kick` then.
        """
        if dispatch.more_are_ready(conn, LISTED):
            return None
        picked = self._pick(conn)
        return dispatch.mark_dispatched(conn, picked) if picked else []

    def deliver(self, ids: Sequence[int]) -> None:
        """Send marked rows. What cannot be sent is unmarked, and sent when Redis is back."""
        if not ids:
            return
        crash.point("dispatch_marked")
        try:
            self._send(ids)
            self.unreachable = None
        except Exception as error:
            # whatever is wrong with the way to the workers: the jobs are stored, and nobody is told otherwise
            self.unreachable = str(error)
            log.info("jobs wait for Redis: %s", error)
            with self._database.write() as conn:
                dispatch.unmark_dispatched(conn, list(ids))
        crash.point("dispatch_sent")

    def successors(self, queue: str, most: Callable[[str], int]) -> list[int]:
        """The next ready jobs of a queue, for a thread that is free at this moment; empty: a pass is due.

        `most` says of a kind how many may be taken at once. A job of a kind that is not known to be short comes alone,
        and of the last ready jobs nobody takes more than a share, since other threads wait for them as well.
        """
        with self._listing:
            waiting = self._listed.get(queue)
            if not waiting or time.monotonic() >= self._listed_until:
                return []
            share = len(waiting) if queue in self._longer else max(1, len(waiting) // SHARES)
            ids = [waiting[0][0]]
            room = min(share, most(waiting.popleft()[1]))
            while len(ids) < room and waiting and (room := min(room, most(waiting[0][1]))) > len(ids):
                ids.append(waiting.popleft()[0])
            return ids

    def _pick(self, conn: Connection) -> list[int]:
        """The rows to send now; those behind them are listed for threads that go on without a message."""
        room = WINDOW_PER_THREAD * dispatch.live_threads(conn)
        queues = dispatch.ready_queues(conn) if room else []
        if not queues:
            return []
        on_the_way = dispatch.in_flight(conn)
        free = {queue: max(0, room - on_the_way.get(queue, 0)) for queue in queues}
        # A window with room is refilled in one go. While it is nearly full every thread is busy, with messages waiting
        # for it: ranking all that is ready at each job's end would then be in the way.
        rested = time.monotonic() >= self._ranked_at + RANK_EVERY_S
        wanted = [queue for queue in queues if free[queue] >= room / 4 or (rested and not self.has_list(queue))]
        if wanted:
            self._ranked_at = time.monotonic()
        ranked = {queue: dispatch.ready(conn, queue, free[queue] + LISTED) for queue in wanted}
        self._list(
            {queue: rows[free[queue] :] for queue, rows in ranked.items()},
            longer={queue for queue, rows in ranked.items() if len(rows) == free[queue] + LISTED},
        )
        return [job_id for queue, rows in ranked.items() for job_id, _ in rows[: free[queue]]]

    def has_list(self, queue: str) -> bool:
        """Whether `successors` has an answer."""
        with self._listing:
            return bool(self._listed.get(queue)) and time.monotonic() < self._listed_until

    def _list(self, waiting: dict[str, list[tuple[int, str]]], longer: set[str]) -> None:
        if waiting:
            with self._listing:
                self._listed = {queue: deque(rows) for queue, rows in waiting.items()}
                self._longer = longer
                self._listed_until = time.monotonic() + LISTED_FOR_S
