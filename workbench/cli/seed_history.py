"""`reelwright seed-history`: a made-up history, for trying the pages and for benchmarks."""

from __future__ import annotations

import time

import click

from workbench.cli import client, console
from workbench.history.seed import Phase
from workbench.i18n import N_, Text

_SAY_EVERY_S = 5.0


@click.command()
@click.option("--jobs", type=click.IntRange(1), default=1_000_000, show_default=True, help="How many jobs.")
@click.option("--days", type=click.IntRange(1), default=180, show_default=True, help="Over how many days.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another number gives another history.")
@click.option("--beside-real", is_flag=True, help="Also in a home that has jobs already.")
@console.json_option
def command(jobs: int, days: int, seed: int, beside_real: bool, as_json: bool) -> None:
    """Write ended jobs with their calls, prices, retries and failures into this home, in projects and with profiles of
    their own. Nothing is sent anywhere. Use a home made for it: REELWRIGHT_HOME."""
    began = said = time.monotonic()
    told = {
        "written": N_("{n} of {all} jobs"),
        "filed": N_("{n} of {all} jobs can be found by their words"),
        "rolled up": N_("{n} jobs and calls are summed up"),
    }

    def report(phase: Phase, done: int) -> None:
        nonlocal said
        if time.monotonic() - said >= _SAY_EVERY_S:
            said = time.monotonic()
            console.say(Text(told[phase], n=done, all=jobs))

    with client.open_workbench() as wb:
        projects = wb.history.seed(jobs, days=days, seed_number=seed, beside_real=beside_real, report=report)
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        console.emit({"jobs": jobs, "projects": projects, "seconds": seconds})
        return
    console.say(Text(N_("{n} jobs are there, after {seconds} s."), n=jobs, seconds=seconds))
