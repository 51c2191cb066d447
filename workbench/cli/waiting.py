"""Waiting for jobs without waiting for ever."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from workbench.cli import console
from workbench.errors import Unavailable
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.api.client import Workbench
    from workbench.db.rows.jobs import Job

#: how long a waiting command lets every worker be gone (one may be restarting) before it gives up
NO_WORKER_S = 30.0


class WorkerWatch:
    """Notices that every worker has been gone for a while, so that nobody waits for ever, and says when what is waited
    for is paused."""

    def __init__(self, workbench: Workbench, job_id: int) -> None:
        self._workbench = workbench
        self._job_id = job_id
        self._said: str | None = None
        self._last_alive = self._checked_at = time.monotonic()

    def check(self) -> None:
        """Raises Unavailable; looks at most once a second."""
        now = time.monotonic()
        if now - self._checked_at < 1.0:
            return
        self._checked_at = now
        self._tell_pause()
        if self._workbench.queues.count_live_workers():
            self._last_alive = now
        elif now - self._last_alive > NO_WORKER_S:
            raise Unavailable(
                Text(N_("No worker has been alive for {seconds} s; the jobs stay queued."), seconds=int(NO_WORKER_S))
            )

    def _tell_pause(self) -> None:
        """Once for each pause: only somebody else can end it."""
        paused = self._workbench.jobs.find_pause(self._job_id)
        what = None if paused is None else str(paused.params["what"])
        if paused is not None and what != self._said:
            console.say(paused)
        self._said = what


def wait_for_end(wb: Workbench, job_id: int) -> Job:
    """Raises Unavailable when every worker stays gone."""
    watch = WorkerWatch(wb, job_id)
    while True:
        with contextlib.suppress(TimeoutError):
            job: Job = wb.wait(job_id, timeout=1.0)
            return job
        watch.check()
