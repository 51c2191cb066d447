"""The one actor. The engine claims, runs, finishes and reschedules; nothing may escape to Dramatiq."""

from __future__ import annotations

import logging

import dramatiq

from actors.lifecycle import engine
from workbench.broker.sender import ACTOR, QUEUE

log = logging.getLogger(__name__)


@dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE)
def run_job(job_id: int) -> None:
    """Run one job to its next rest; a message for a job that somebody else has is answered by doing nothing."""
    try:
        engine().run(job_id)
    except Exception:
        # Only the engine's own bookkeeping can fail here (the database is away). The job's row is as it was, and
        # the sweeper of whichever process is well takes it from there.
        log.exception("job %s: the engine could not write what happened; the job will be picked up again", job_id)
