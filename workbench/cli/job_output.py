"""How commands print jobs."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.cli import console
from workbench.db.rows.jobs import Job
from workbench.i18n import translate

COLUMNS = ("id", "kind", "title", "state", "progress", "message", "error_kind")


def show_jobs(jobs: Iterable[Job], as_json: bool) -> None:
    rows = list(jobs)
    if as_json:
        console.emit(rows)
    else:
        console.table([{**row.as_json(), "message": message_of(row)} for row in rows], COLUMNS)


def show_job(job: Job, as_json: bool) -> None:
    if as_json:
        console.emit(job)
    else:
        show_jobs([job], as_json=False)


def message_of(job: Job) -> str:
    """A job's message, or its error, in the reader's language."""
    return console.localize_column(job, "error") or console.localize_column(job, "message") or ""


def explain_failure(job: Job) -> str:
    """What happened and what to do, in one line."""
    from workbench.errors import KINDS

    kind = KINDS.get(job.error_kind or "")
    remedy = f" → {translate(kind.remedy, console.language())}" if kind else ""
    return f"{job.title or job.kind} ({job.id}, {job.state}): {message_of(job)}{remedy}"
