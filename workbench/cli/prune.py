"""`reelwright prune`: remove whole old jobs."""

from __future__ import annotations

import click

from workbench.cli import client, console
from workbench.i18n import N_, Text


@click.command()
@click.option("--keep-days", type=click.IntRange(0), help="Keep what ended within so many days.")
@click.option(
    "--keep-last", type=click.IntRange(0), help="Keep so many of the newest that succeeded, and as many that did not."
)
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.option(
    "--vacuum/--no-vacuum",
    default=None,
    help="Give the room back to the disk; nobody else writes meanwhile. Without either: when no worker runs.",
)
@console.json_option
def command(keep_days: int | None, keep_last: int | None, dry_run: bool, vacuum: bool | None, as_json: bool) -> None:
    """Remove ended jobs with their attempts, steps, events, prompts and answers. With both options a job goes when
    neither keeps it; without any, what Settings say is kept. Versions, tokens and costs stay."""
    with client.open_workbench() as wb:
        removed = wb.settings.prune(keep_days=keep_days, keep_last=keep_last, dry_run=dry_run)
        idle = not any(worker.is_live for worker in wb.queues.list_workers())
        freed = None
        if not dry_run and (vacuum or (vacuum is None and removed.jobs and idle)):
            freed = wb.settings.vacuum()
    if as_json:
        told = {"jobs": removed.jobs, "rows": removed.rows, "texts": removed.texts, "freed_bytes": freed}
        console.emit({**told, "dry_run": dry_run})
        return
    sentence = (
        N_("{n} jobs would go, and what {calls} calls said.")
        if dry_run
        else N_("{n} jobs are gone, and what {calls} calls said.")
    )
    console.say(Text(sentence, n=removed.jobs, calls=removed.texts))
    if freed is not None:
        console.say(Text(N_("{size} MB are given back to the disk."), size=round(freed / 1_000_000, 1)))
