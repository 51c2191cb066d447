"""`reelwright submit`: ask for one job, and wait for it if wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from workbench.cli import briefs, client, console, job_output, waiting
from workbench.db.rows.jobs import Job
from workbench.errors import NotAllowed
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.api.client import Workbench


@click.command()
@click.argument("kind")
@click.option("--node", "node_id", type=int, help="The node of the story tree.")
@click.option("--params", type=briefs.JsonParam(), default="{}", help="The workflow's params as a JSON object.")
@click.option("--submit-key", help="The same key gives the same job.")
@click.option("--profile", help="A model service other than the project's.")
@click.option("--priority", type=int, default=0, show_default=True, help="Higher runs first.")
@click.option("--wait", "waits", is_flag=True, help="Wait for its end; exit 1 if it did not succeed.")
@console.json_option
def command(
    kind: str,
    node_id: int | None,
    params: dict[str, Any],
    submit_key: str | None,
    profile: str | None,
    priority: int,
    waits: bool,
    as_json: bool,
) -> int:
    """Ask for one job of a KIND (see `workflows list`)."""
    with client.open_workbench() as wb:
        if waits and not wb.queues.count_live_workers():
            raise NotAllowed(Text(N_("No worker runs, so waiting would never end. Start one: reelwright up")))
        job: Job
        job = submitted = wb.submit(kind, node_id, params, submit_key=submit_key, profile=profile, priority=priority)
        problem = submitted.dispatch_problem
        if problem:
            console.say(
                Text(N_("{problem} The job is queued and safe; it starts when Redis is back."), problem=problem)
            )
        elif not wb.queues.count_live_workers():
            console.say(N_("No worker runs, so the job stays queued. Start one: reelwright up"))
        if waits:
            job = waiting.wait_for_end(wb, job.id)
            _say_warnings(wb, job)
    job_output.show_job(job, as_json)
    if not waits or job.state == "succeeded":
        return 0
    console.say(job_output.explain_failure(job))
    return 1


def _say_warnings(wb: Workbench, job: Job) -> None:
    """On stderr: what a job noted on what it wrote, such as what a summary leaves out."""
    writes = wb.workflows.get(job.kind).writes
    if job.state == "succeeded" and writes is not None and job.node_id is not None:
        briefs.say_remarks(wb.artifact(job.node_id, writes))
