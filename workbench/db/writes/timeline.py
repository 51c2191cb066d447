"""What a job says of itself while it runs: progress, events, the preview."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, case, insert, update

from workbench.db.connection import db_now_ms
from workbench.db.schema import job, job_event
from workbench.errors import LostClaim
from workbench.i18n import Text

_progress = (
    update(job)
    .where(job.c.id == bindparam("b_job_id"), job.c.claim == bindparam("b_claim"), job.c.state == "running")
    # a run that begins again from the top is no further back than it was
    .values(
        progress=case((job.c.progress > bindparam("b_progress"), job.c.progress), else_=bindparam("b_progress")),
        message=bindparam("b_message"),
        message_i18n=bindparam("b_i18n"),
    )
    .returning(job.c.progress)
)
_event = insert(job_event).values(
    job_id=bindparam("b_job_id"),
    claim=bindparam("b_claim"),
    at=db_now_ms(),
    level=bindparam("b_level"),
    progress=bindparam("b_progress"),
    message=bindparam("b_message"),
    i18n=bindparam("b_i18n"),
)


def report(conn: Connection, job_id: int, number: int, progress: int, message: Text) -> None:
    """Progress of a running job, which never goes back, fenced by its own WHERE; raises LostClaim."""
    values = {
        "b_job_id": job_id,
        "b_claim": number,
        "b_progress": progress,
        "b_message": str(message),
        "b_i18n": message.to_json(),
    }
    reached = conn.execute(_progress, values).scalar_one_or_none()
    if reached is None:
        raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=job_id))
    conn.execute(_event, {**values, "b_progress": reached, "b_level": "info"})


def add_event(
    conn: Connection,
    job_id: int,
    message: Text,
    *,
    claim: int | None = None,
    level: str = "info",
    progress: int | None = None,
) -> None:
    conn.execute(
        _event,
        {
            "b_job_id": job_id,
            "b_claim": claim,
            "b_level": level,
            "b_progress": progress,
            "b_message": str(message),
            "b_i18n": message.to_json(),
        },
    )


_preview = (
    update(job)
    .where(job.c.id == bindparam("b_job_id"), job.c.claim == bindparam("b_claim"), job.c.state == "running")
    .values(preview=bindparam("b_preview"))
)


def set_preview(conn: Connection, job_id: int, number: int, preview: str) -> None:
    if conn.execute(_preview, {"b_job_id": job_id, "b_claim": number, "b_preview": preview}).rowcount == 0:
        raise LostClaim(Text("Job {job_id} is no longer this worker's.", job_id=job_id))
