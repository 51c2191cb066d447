"""`reelwright jobs`: list, show, watch, cancel, retry, replay; `bulk` and `undo` are in `bulk`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from workbench.cli import briefs, bulk, client, console, job_output, waiting
from workbench.db.rows.jobs import JobDetail
from workbench.db.rows.record import Record
from workbench.db.rows.usage import Spending
from workbench.errors import NotFound
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject


@click.group()
def command() -> None:
    """List, show, watch, cancel, retry and replay jobs, one or many."""


command.add_command(bulk.command)
command.add_command(bulk.undo)


@command.command("list")
@bulk.filter_options
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--before", type=int, help="Only jobs older than this id: the next page.")
@console.json_option
def list_(asked: dict[str, Any], limit: int, before: int | None, as_json: bool) -> None:
    """List jobs, newest first."""
    with client.open_reading() as wb:
        found = wb.jobs.list(**bulk.filters_of(wb, asked), limit=limit, before=before)
    job_output.show_jobs(found, as_json)


@command.command()
@click.argument("job_id", type=int)
@console.json_option
def show(job_id: int, as_json: bool) -> None:
    """Show a job with its attempts, steps, events and model calls."""
    with client.open_reading() as wb:
        found = wb.jobs.get_detail(job_id, events=None)
        reason = wb.jobs.explain_queued([job_id]).get(job_id)
    if as_json:
        console.emit(found if reason is None else {**found.as_json(), "queued_because": str(reason)})
        return
    _print(found)
    if reason is not None:
        console.say(reason)


@command.command()
@click.argument("job_ids", type=int, nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@console.json_option
def cancel(job_ids: tuple[int, ...], dry_run: bool, as_json: bool) -> None:
    """Cancel jobs and their children; ended ones are left as they are."""
    with client.open_workbench() as wb:
        # all known, or none is touched
        acts = wb.jobs.plan_cancel(job_ids) if dry_run else wb.jobs.cancel_many(job_ids)
        if dry_run:
            job_output.show_plan(acts, as_json)
            return
        job_output.show_acts(acts, [wb.jobs.get(act.job_id) for act in acts], as_json)


@command.command()
@click.argument("job_ids", type=int, nargs=-1, required=True)
@console.json_option
def stop(job_ids: tuple[int, ...], as_json: bool) -> None:
    """Let what parents have started come to its end, and start nothing more; a retry goes on from there."""
    with client.open_workbench() as wb:
        stopped = wb.jobs.stop_after_step(job_ids)
        if as_json:
            console.emit({"stopping": stopped, "left": [i for i in job_ids if i not in stopped]})
            return
        for job_id in job_ids:
            text = (
                N_("Job {job_id} stops after this step") if job_id in stopped else N_("Job {job_id} starts no others")
            )
            console.say(Text(text, job_id=job_id))


@command.command()
@click.argument("job_ids", type=int, nargs=-1, required=True)
@click.option("--profile", help="Another model service.")
@click.option("--replace-newer", is_flag=True, help="Also where a person has saved a version since.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and what it costs, and do nothing.")
@console.json_option
def retry(job_ids: tuple[int, ...], profile: str | None, replace_newer: bool, dry_run: bool, as_json: bool) -> None:
    """Run failed jobs again; finished steps are reused and not paid again. A refusal stops no other: exit 1 when some
    were refused, 2 when nothing was retried."""
    with client.open_workbench() as wb:
        if dry_run:
            plan = wb.jobs.plan_retry(job_ids, profile=profile, replace_newer=replace_newer)
            job_output.show_plan(plan, as_json)
            return
        acts = wb.jobs.retry_many(job_ids, profile=profile, replace_newer=replace_newer)
        job_output.show_acts(acts, [wb.jobs.get(act.new_id or act.job_id) for act in acts], as_json)
    outcomes = {act.outcome for act in acts}
    if "retried" not in outcomes:
        sys.exit(2)
    if "refused" in outcomes:
        sys.exit(1)


@command.command()
@click.argument("job_id", type=int)
@click.option("--params", type=briefs.JsonParam(), help="Edited params as a JSON object.")
@click.option("--from-step", help="Reuse the steps before this one.")
@click.option("--profile", help="Another model service.")
@click.option("--replace-newer", is_flag=True, help="Also where a person has saved a version since.")
@console.json_option
def replay(
    job_id: int,
    params: JsonObject | None,
    from_step: str | None,
    profile: str | None,
    replace_newer: bool,
    as_json: bool,
) -> None:
    """Run an ended job anew as a new job."""
    with client.open_workbench() as wb:
        if from_step is not None:
            known = [step.name for step in wb.jobs.get_detail(job_id).steps]
            if from_step not in known:
                raise NotFound(
                    Text(
                        N_("Job {job_id} has no step {step}. Its steps: {known}"),
                        job_id=job_id,
                        step=from_step,
                        known=", ".join(known) or "—",
                    )
                )
        job = wb.jobs.replay(job_id, params, from_step=from_step, profile=profile, replace_newer=replace_newer)
    job_output.show_job(job, as_json)


@command.command()
@click.argument("job_ids", type=int, nargs=-1)
@click.option("--project", type=int, help="A project's id: whatever happens in it.")
@click.option("--timeout", type=click.FloatRange(min=0), help="Give up after so many seconds.")
def watch(job_ids: tuple[int, ...], project: int | None, timeout: float | None) -> None:
    """Print what happens to jobs as it happens, a line of JSON each: queued, started, progress, waiting, completed,
    failed, cancelled. With jobs given it ends with the last of them: exit 1 unless all succeeded."""
    if job_ids and project is not None:
        raise click.UsageError(console.localize(N_("Give jobs or a project, not both.")))
    with client.open_reading() as wb:
        watches = [waiting.WorkerWatch(wb, job_id) for job_id in job_ids[:1]]

        def check() -> None:
            for each in watches:
                each.check()

        ends: dict[int, str] = {}
        try:
            for event in wb.jobs.watch(*job_ids, project=project, timeout=timeout, on_idle=check):
                console.emit_line(event)
                ends[event.job_id] = event.state
        except TimeoutError:
            console.say(Text(N_("Still open after {seconds} s."), seconds=f"{timeout:g}"))
            sys.exit(1)
    if any(ends.get(job_id) != "succeeded" for job_id in job_ids):
        sys.exit(1)


def _print(detail: JobDetail) -> None:
    job_output.show_jobs([detail.job], as_json=False)
    events = [{**event.as_json(), "at": _local_time(event.at)} for event in detail.events]
    tables: dict[str, tuple[Sequence[Record | JsonObject], Sequence[str]]] = {
        "asked with, beside its profile": (_list_overrides(detail.overrides or {}), ("setting", "value")),
        "attempts": (detail.attempts, ("claim", "worker", "outcome", "error_kind", "error")),
        "steps": (detail.steps, ("name", "state", "cost_micros")),
        "model calls": (
            detail.model_calls,
            ("id", "step", "purpose", "model", "outcome", "latency_ms", "input_tokens", "output_tokens"),
        ),
        "events": (events, ("at", "level", "progress", "message")),
        "children": (detail.children, ("id", "kind", "title", "state", "progress")),
        "cost, with that of children": (_list_cost(detail.spending), ("calls", "tokens", "cost", "unpriced")),
    }
    for title, (rows, columns) in tables.items():
        if rows:
            console.print_plain(f"\n{title}")
            console.table(rows, columns)


def _list_overrides(overrides: JsonObject) -> list[JsonObject]:
    rows = []
    for name, value in overrides.items():
        inner = value.items() if isinstance(value, dict) else [("", value)]
        rows += [{"setting": f"{name}.{key}".rstrip("."), "value": one} for key, one in inner]
    return rows


def _list_cost(spending: Spending) -> list[JsonObject]:
    """One row; none before the first call."""
    if not spending.calls:
        return []
    known = [f"{micros / 1_000_000:,.6f} {currency}" for currency, micros in sorted(spending.cost.items())]
    return [spending.as_json() | {"cost": " + ".join(known) or None}]


def _local_time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000).astimezone().strftime("%Y-%m-%d %H:%M:%S")
