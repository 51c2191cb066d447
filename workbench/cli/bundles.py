"""`reelwright bundles`: make, show, run."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from workbench.cli import client, console
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text


@click.group()
def command() -> None:
    """A job as a file that can be run again anywhere, offline: a failure as a test."""


@command.command()
@click.argument("job_id", type=int)
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--without-story", is_flag=True, help="Every word of the story in other letters, and no picture.")
@console.json_option
def make(job_id: int, file: Path | None, without_story: bool, as_json: bool) -> None:
    """Write the bundle of an ended job: params, steps, prompts, answers, story; no keys."""
    with client.open_workbench() as wb:
        bundle = wb.jobs.bundle(job_id, with_story=not without_story)
    path = file or Path(bundle.name)
    try:
        path.write_bytes(bundle.data)
    except OSError as error:
        problem = Text(N_("{path} cannot be written: {reason}"), path=str(path), reason=error.strerror or str(error))
        raise InvalidInput(problem, [Issue("file", problem)]) from None
    if bundle.forgotten:
        console.say(
            Text(N_("{n} answers are no longer kept: where one is asked for, the run ends."), n=bundle.forgotten)
        )
    console.emit(bundle.as_json() | {"path": str(path)}) if as_json else console.print_plain(path)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@console.json_option
def show(file: Path, as_json: bool) -> None:
    """Say what a bundle holds: its job, how it ended, and what it ran on."""
    from workbench import bundles

    told = bundles.describe(file)
    if as_json:
        console.emit(told)
        return
    console.table([told["job"]], ("id", "kind", "state", "error_kind", "error"))
    ran_on = told["environment"]
    console.print_plain(f"Reelwright {told['reelwright']}, Python {ran_on['python']}, {told['exported_at']}")


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--expect", default="same", show_default=True,
    help="same: it ends as it did; or a state or a kind of error, such as succeeded or malformed_output.",
)  # fmt: skip
@console.json_option
def run(file: Path, expect: str, as_json: bool) -> None:
    """Run the job of a bundle again with today's code, offline: stored answers stand for every service. Exit 0 when it
    ends as expected, else 1."""
    from workbench import bundles

    rerun = bundles.run(file)
    holds = rerun.is_same if expect == "same" else expect in (rerun.now.state, rerun.now.error_kind)
    if as_json:
        console.emit(rerun.as_json() | {"expected": expect, "holds": holds})
    else:
        rows = [{"run": name, **vars(ending)} for name, ending in (("recorded", rerun.was), ("now", rerun.now))]
        console.table(rows, ("run", "state", "error_kind", "error"))
        if rerun.unanswered or rerun.unused:
            console.say(
                Text(
                    N_("Today's code asks otherwise: {n} calls without a stored answer, {m} answers not asked for."),
                    n=rerun.unanswered,
                    m=rerun.unused,
                )
            )
    if not holds:
        sys.exit(1)
