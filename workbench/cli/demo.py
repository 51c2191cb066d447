"""`reelwright demo`: the main job in the terminal, from a brief to the first episode's storyboard. Ends by itself."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from workbench import samples
from workbench.cli import briefs, client, console, supervisor
from workbench.cli.demo_full import FullRun
from workbench.cli.demo_run import DemoRun
from workbench.i18n import N_
from workbench.settings import Settings


@click.command()
@click.option(
    "--brief",
    type=click.Path(path_type=Path),
    help="Your own brief, JSON or YAML, a screenplay or a text.  [default: a sample story]",
)
@click.option("--full", is_flag=True, help="Run every workflow there is on the first episode.")
@click.option(
    "--scenes", type=click.IntRange(6, 24), default=12, show_default=True, help="With --full: scenes of that episode."
)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the sample and of what is said here.")
@click.option("--profile", help="The model service.  [default: sketch, which works offline]")
@briefs.language_option
@console.json_option
def command(
    brief: Path | None, full: bool, scenes: int, lang: str | None, profile: str | None, story_language: str | None,
    as_json: bool,
) -> int:  # fmt: skip
    """Plan a story's episodes and make the first one's storyboard; starts what it needs and stops it again."""
    if lang is not None:
        os.environ["REELWRIGHT_LANG"] = lang
    # A failing job is told below; the worker's log would only break the bars.
    quiet = {} if "REELWRIGHT_LOG_LEVEL" in os.environ else {"log_level": "error"}
    settings = Settings.load(**quiet)
    content = samples.load(samples.FIRST[console.language()]) if brief is None else briefs.read_brief(brief)
    content = briefs.in_language(content, story_language)
    signal.signal(signal.SIGTERM, _as_interrupt)
    with _run_missing_processes(settings), client.open_workbench() as wb:
        run = FullRun(wb, scenes) if full else DemoRun(wb)
        succeeded = run.make(content, profile)
        summary = run.summary(succeeded)
    if as_json:
        console.emit(summary)
    elif succeeded:
        console.print_plain(console.localize(run.describe()))
    return 0 if succeeded else 1


def _as_interrupt(number: int, frame: Any) -> None:
    # The default would leave ending the parts to their guards.
    raise KeyboardInterrupt


@contextlib.contextmanager
def _run_missing_processes(settings: Settings) -> Iterator[None]:
    """The home's own parts when somebody already runs them, else parts for as long as this takes."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(supervisor.run_processes(settings, workers=1))
        except supervisor.AlreadyRunning:
            console.say(N_("Using what already runs for this home"))
        yield
