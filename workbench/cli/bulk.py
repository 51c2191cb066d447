"""`reelwright jobs bulk` and `undo`: one act on any number of jobs, as a job of its own with an outcome for each."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import click

from workbench.cli import briefs, client, console, job_output, waiting
from workbench.db.rows.jobs import BulkItem, JobFilters, SubmittedJob
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

if TYPE_CHECKING:
    from workbench.api.client import Workbench

Name = Literal["cancel", "retry", "reparse", "priority"]
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
@click.argument("act", type=click.Choice(("cancel", "retry", "reparse", "priority")))
@click.argument("job_ids", type=int, nargs=-1)
@filter_options
@click.option("--group", help="What nothing has made good of this group of failures, of --project alone if given.")
@click.option("--priority", type=int, help="Of the act priority: higher runs first.")
@click.option("--params", type=briefs.JsonParam(), help="Of a retry: fields laid over each job's own params, as JSON.")
@click.option("--with-profile", help="Of a retry: another model profile.")
@click.option("--with-model", help="Of a retry: another text model.")
@click.option("--max-tokens", type=int, help="Of a retry: the longest answer.")
@click.option("--temperature", type=float, help="Of a retry: the temperature.")
@click.option("--prompt", metavar="KEY=ID", multiple=True, help="Of a retry: a version of a prompt, 0 for the shipped.")
@click.option("--from-step", help="Of a retry: reuse only the steps before this one.")
@click.option("--replace-newer", is_flag=True, help="Retry also where a person has saved a version since.")
@click.option("--dry-run", is_flag=True, help="Say what would be done with each job, and do nothing.")
@console.json_option
def command(
    act: Name,
    job_ids: tuple[int, ...],
    asked: dict[str, Any],
    group: str | None,
    priority: int | None,
    replace_newer: bool,
    dry_run: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Cancel, retry, set the priority of any number of jobs, or read their stored answers again for free (reparse), by
    id, by filter or by group of failures, and say what came of each. Jobs that come later match no filter. `reelwright
    jobs undo` takes it back. Exit 1 when some were refused, 2 when nothing was done."""
    others = {name: value for name, value in asked.items() if value and (group is None or name != "project")}
    if sum((bool(job_ids), bool(others), group is not None)) != 1:
        raise click.UsageError(console.localize(N_("Give jobs, filters or a group of failures: one of the three.")))
    if (act == "priority") is (priority is None):
        raise click.UsageError(console.localize(N_("Give --priority with the act priority, and with no other.")))
    changes = _changes(**settings)
    if changes and act != "retry":
        raise click.UsageError(console.localize(N_("Other settings are for a retry alone.")))
    with client.open_reading() if dry_run else client.open_workbench() as wb:
        chosen: dict[str, Any] = {"filters": filters_of(wb, asked)}
        if group is not None:
            chosen = {"group": {"fingerprint": group, "project": asked["project"]}}
        elif job_ids:
            chosen = {"job_ids": job_ids}
        if dry_run:
            _show_plan(wb, act, chosen, {"replace_newer": replace_newer, **changes}, as_json)
            return
        job = wb.jobs.act_on_many(act, priority=priority or 0, replace_newer=replace_newer, **chosen, **changes)
        _tell(wb, job, as_json)


def _changes(
    params: JsonObject | None,
    with_profile: str | None,
    with_model: str | None,
    max_tokens: int | None,
    temperature: float | None,
    prompt: tuple[str, ...],
    from_step: str | None,
) -> dict[str, Any]:
    """The settings of a retry that were given."""
    prompts = dict(one.partition("=")[::2] for one in prompt)
    if any(not number.isdecimal() for number in prompts.values()):
        raise click.UsageError(console.localize(N_("Say --prompt as KEY=ID, such as planning/plan_episodes.en=0.")))
    asked = {"max_tokens": max_tokens, "temperature": temperature}
    overrides = {
        "text_model": with_model,
        "params": {name: value for name, value in asked.items() if value is not None},
        "prompts": {key: int(number) for key, number in prompts.items()},
    }
    overrides = {name: value for name, value in overrides.items() if value}
    given = {"params": params, "profile": with_profile, "overrides": overrides or None, "from_step": from_step}
    return {name: value for name, value in given.items() if value is not None}


@click.command("undo")
@click.argument("bulk_id", type=int)
@console.json_option
def undo(bulk_id: int, as_json: bool) -> None:
    """Undo what a bulk act did: retry what it cancelled, cancel what it retried, give priorities back."""
    with client.open_workbench() as wb:
        _tell(wb, wb.jobs.undo_bulk(bulk_id), as_json)


def _show_plan(wb: Workbench, act: Name, chosen: dict[str, Any], how: dict[str, Any], as_json: bool) -> None:
    jobs = wb.jobs
    if "group" in chosen:
        ids = [job_id for job_id, repair in jobs.list_group(**chosen["group"]) if repair is None]
    else:
        ids = [*chosen["job_ids"]] if "job_ids" in chosen else jobs.list_ids(**chosen["filters"])
    if act == "retry":
        plan = jobs.plan_retry(ids, **how)
    elif act == "reparse":
        plan = jobs.plan_reparse(ids)
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
