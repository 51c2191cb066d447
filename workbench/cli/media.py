"""`reelwright media`: the pictures and clips that are kept."""

from __future__ import annotations

import click

from workbench.cli import client, console
from workbench.i18n import N_, Text


@click.group()
def command() -> None:
    """Look after pictures and clips."""


@command.command()
@click.option("--dry-run", is_flag=True, help="Say what would go; remove nothing.")
@click.option(
    "--grace-hours",
    type=click.FloatRange(1),
    default=24,
    show_default=True,
    help="Leave what is younger; jobs may be about to refer to it.",
)
@console.json_option
def gc(dry_run: bool, grace_hours: float, as_json: bool) -> None:
    """Remove what no version and no job refers to any more."""
    with client.open_workbench() as wb:
        swept = wb.media.sweep(grace_s=grace_hours * 3600, dry_run=dry_run)
    if as_json:
        console.emit(vars(swept) | {"removed": list(swept.removed), "dry_run": dry_run})
        return
    sentence = N_("{n} of {all} would go, {size} MB.") if dry_run else N_("{n} of {all} are gone, {size} MB.")
    console.say(Text(sentence, n=len(swept.removed), all=swept.media, size=round(swept.bytes / 1_000_000, 1)))
