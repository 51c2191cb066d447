"""What happens to jobs, as it happens: one look a second at the database serves everybody who watches in a process.

What is active now is held against the look before; what has ended since comes from the times of ends. So a job is told
of once for each change that a look can see, and its end always, however short it was.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Collection, Iterable

from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.rows.jobs import JobEvent, WatchedJob
from workbench.db.schema import TERMINAL

log = logging.getLogger(__name__)

EVERY_S = 1.0
#: a commit may come so long after the time of the end that it writes
LATE_MS = 30_000
#: a reader who is so far behind is told of no more progress, of ends still
FULL = 10_000
ENDS = {"succeeded": "completed", "partial": "completed", "failed": "failed", "cancelled": "cancelled"}

_Look = tuple[str, int, str | None, str | None, int]


class Subscription:
    """What one watcher asked for, and what there is to tell it. `ids` empty: any job, of `project` when given."""

    def __init__(self, ids: Collection[int], project: int | None, since: int) -> None:
        self.ids = frozenset(ids)
        self.events: queue.SimpleQueue[JobEvent] = queue.SimpleQueue()
        self._project = project
        self._since = since
        self._known: dict[int, _Look] = {}
        #: those that have been told of for the last time
        self.ended: set[int] = set()

    def _wants(self, job: WatchedJob) -> bool:
        if self.ids:
            return job.id in self.ids
        return self._project is None or job.project_id == self._project

    def open_ids(self) -> list[int]:
        """Those that were active at the last look."""
        return list(self._known)

    def take(self, rows: Iterable[WatchedJob]) -> None:
        """Tell of what has changed since the look before."""
        for job in rows:
            if self._wants(job) and job.id not in self.ended:
                self._compare(job)

    def _compare(self, job: WatchedJob) -> None:
        before = self._known.get(job.id)
        if job.state in TERMINAL:
            if before is None and not self.ids and (job.finished_at or 0) < self._since:
                return
            self._known.pop(job.id, None)
            self.ended.add(job.id)
            self._tell(ENDS[job.state], job)
            return
        now = (job.state, job.progress, job.message, job.waiting_for, job.claim)
        if now == before:
            return
        self._known[job.id] = now
        if job.state != "running":
            self._tell(job.state, job)
        elif before is None or before[0] != "running" or before[4] != job.claim:
            self._tell("started", job)
        elif self.events.qsize() < FULL:
            self._tell("progress", job)

    def _tell(self, name: str, job: WatchedJob) -> None:
        at = job.finished_at if job.state in TERMINAL and job.finished_at is not None else job.seen_at
        self.events.put(
            JobEvent(
                name, at, job.id, job.kind, job.title, job.state, job.progress, job.message, job.waiting_for,
                job.project_id, job.node_id, job.parent_id, job.error_kind, job.error,
            )
        )  # fmt: skip


class Watcher:
    """Looks once a second for all subscriptions of this process, while there are any."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()

    def subscribe(self, ids: Collection[int], project: int | None) -> Subscription:
        with self._database.read() as conn:
            made = Subscription(ids, project, reads.clock(conn))
        with self._lock:
            self._subscriptions.add(made)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
        self._wake.set()
        return made

    def unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)
        self._wake.set()

    def _run(self) -> None:
        looked_at = time.monotonic()
        while True:
            with self._lock:
                subscriptions = list(self._subscriptions)
                if not subscriptions:
                    self._thread = None
                    return
            began = time.monotonic()
            try:
                self._look(subscriptions, LATE_MS + round(1000 * (began - looked_at)))
                looked_at = began
            except Exception as error:
                # the database may be restarting; the next look tells what was missed
                log.warning("watch: %s", error)
            self._wait(began + EVERY_S)

    def _wait(self, until: float) -> None:
        """Until the next look is due, or nobody watches any more."""
        while (left := until - time.monotonic()) > 0:
            self._wake.wait(left)
            self._wake.clear()
            with self._lock:
                if not self._subscriptions:
                    return

    def _look(self, subscriptions: Collection[Subscription], window_ms: int) -> None:
        ids = sorted({i for one in subscriptions for i in one.ids if i not in one.ended})
        with self._database.read() as conn:
            rows = reads.list_watched(conn, window_ms, ids)
            seen = {row.id for row in rows}
            gone = {i for one in subscriptions for i in one.open_ids()} - seen
            if gone:
                # ended longer ago than anybody looked
                rows += reads.list_watched(conn, 0, sorted(gone))
        for one in subscriptions:
            one.take(rows)
