"""`reelwright jobs bulk` and `undo`: one act on any number of jobs, as a job of its own with an outcome for each."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import click

from workbench.cli import client, console, job_output, waiting
from workbench.db.rows.jobs import BulkItem, JobFilters, SubmittedJob
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.api.client import Workbench

Name = Literal["cancel", "retry", "priority"]
COLUMNS = ("job_id", "state", "outcome", "new_id", "reason")
PAGE = 1_000
#: in the order of a job's life
STATES = ("queued", "running", "waiting", "succeeded", "partial", "failed", "cancelled")
KIND = "act_on_jobs"


def filter_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The filters of jobs as options; the command gets them as one argument `asked`."""
    options = (
        click.option("--state", type=click.Choice(STATES), multiple=True, help="May be given several times."),
        click.option("--kind", help="A workflow's name."),
        click.option("--project", type=int, help="A project's id."),
        click.option("--node", type=int, help="A node's id."),
        click.option("--model", help="That called this model."),
        click.option("--profile", help="That ran with this model profile."),
        click.option("--error", help="A kind of failure, such as auth."),
        click.option("--text", help="Part of the title, the params, the error, a prompt or an answer."),
    )

    @functools.wraps(command)
    def gather(*args: Any, **values: Any) -> Any:
        names = ("state", "kind", "project", "node", "model", "profile", "error", "text")
        return command(*args, asked={name: values.pop(name) for name in names}, **values)

    for option in reversed(options):
        gather = option(gather)
    return gather


def filters_of(wb: Workbench, asked: dict[str, Any]) -> JobFilters:
    """The filters that were given. Raises NotFound for an unknown profile."""
    profile = asked["profile"]
    return {
        "state": [*asked["state"]] or None,
        "kind": asked["kind"],
        "project": asked["project"],
        "node_id": asked["node"],
        "model": asked["model"],
        "profile": None if profile is None else wb.profiles.id_of(profile) or 0,
        "error_kind": asked["error"],
        "text": asked["text"],
    }


@click.command("bulk")
@click.argument("act", type=click.Choice(("cancel", "retry", "priority")))
@click.argument("job_ids", type=int, nargs=-1)
@filter_options
@click.option("--priority", type=int, help="Of the act priority: higher runs first.")
@click.option("--replace-newer", is_flag=True, help="Retry also where a person has saved a version since.")
@click.option("--dry-run", is_flag=True, help="Say what would be done with each job, and do nothing.")
@console.json_option
def command(
    act: Name,
    job_ids: tuple[int, ...],
    asked: dict[str, Any],
    priority: int | None,
    replace_newer: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Cancel, retry or set the priority of any number of jobs, by id or by filter, and say what came of each. Jobs that
    come later match no filter. `reelwright jobs undo` takes it back. Exit 1 when some were refused, 2 when nothing was
    done."""
    if bool(job_ids) == any(asked.values()):
        raise click.UsageError(console.localize(N_("Give jobs or filters, one of the two.")))
    if (act == "priority") is (priority is None):
        raise click.UsageError(console.localize(N_("Give --priority with the act priority, and with no other.")))
    with client.open_reading() if dry_run else client.open_workbench() as wb:
        chosen: dict[str, Any] = {"job_ids": job_ids} if job_ids else {"filters": filters_of(wb, asked)}
        if dry_run:
            _show_plan(wb, act, chosen, replace_newer, as_json)
            return
        job = wb.jobs.act_on_many(act, priority=priority or 0, replace_newer=replace_newer, **chosen)
        _tell(wb, job, as_json)


@click.command("undo")
@click.argument("bulk_id", type=int)
@console.json_option
def undo(bulk_id: int, as_json: bool) -> None:
    """Undo what a bulk act did: retry what it cancelled, cancel what it retried, give priorities back."""
    with client.open_workbench() as wb:
        _tell(wb, wb.jobs.undo_bulk(bulk_id), as_json)


def _show_plan(wb: Workbench, act: Name, chosen: dict[str, Any], replace_newer: bool, as_json: bool) -> None:
    jobs = wb.jobs
    ids = [*chosen["job_ids"]] if "job_ids" in chosen else jobs.list_ids(**chosen["filters"])
    if act == "retry":
        plan = jobs.plan_retry(ids, replace_newer=replace_newer)
    else:
        plan = (jobs.plan_cancel if act == "cancel" else jobs.plan_priorities)(ids)
    # as for the act itself: one on many is not one of them
    job_output.show_plan([one for one in plan if "job_ids" in chosen or one.kind != KIND], as_json)


def _tell(wb: Workbench, job: SubmittedJob, as_json: bool) -> None:
    """Wait for a bulk job; its number on stderr, then what came of each job."""
    console.say(Text(N_("Job {id} does it."), id=job.id))
    ended = waiting.wait_for_end(wb, job.id)
    items = [*_items(wb, job.id)]
    if as_json:
        console.emit(items)
    else:
        console.table(items, COLUMNS)
    if ended.state != "succeeded":
        console.say(job_output.explain_failure(ended))
        sys.exit(1)
    outcomes = {item.outcome for item in items}
    if outcomes <= {"skipped", "refused"}:
        sys.exit(2)
    if "refused" in outcomes:
        sys.exit(1)


def _items(wb: Workbench, bulk_id: int) -> Iterator[BulkItem]:
    below: int | None = None
    while piece := wb.jobs.list_bulk_items(bulk_id, below=below, limit=PAGE):
        yield from piece
        below = piece[-1].job_id
