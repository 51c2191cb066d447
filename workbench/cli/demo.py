"""`reelwright demo`: the main job in the terminal, from a brief to the first episode's scenes. Ends by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from workbench import samples
from workbench.cli import console, door, parts
from workbench.errors import JobError
from workbench.i18n import N_, Text
from workbench.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress

    from workbench.facade import Workbench

TERMINAL = ("succeeded", "partial", "failed", "cancelled")
POLL_S = 0.1


@click.command()
@click.option(
    "--brief", type=click.Path(path_type=Path), help="Your own brief, JSON or YAML.  [default: a sample story]"
)
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the sample and of what is said here.")
@click.option("--profile", help="The model service.  [default: sketch, which works offline]")
@console.json_option
def command(brief: Path | None, lang: str | None, profile: str | None, as_json: bool) -> int:
    """Plan a story's episodes and make its first one; starts what it needs and stops it again."""
    if lang is not None:
        os.environ["REELWRIGHT_LANG"] = lang
    # A failing job is told below; the worker's log would only break the bars.
    quiet = {} if "REELWRIGHT_LOG_LEVEL" in os.environ else {"log_level": "error"}
    settings = Settings.load(**quiet)
    content = samples.load(samples.FIRST[console.language()]) if brief is None else door.read_brief(brief)
    signal.signal(signal.SIGTERM, _as_interrupt)
    with _parts(settings), door.workbench() as wb:
        made = Making(wb, settings.threads)
        succeeded = made.episode_one(content, profile)
        summary = made.summary(succeeded)
    if as_json:
        console.emit(summary)
    elif succeeded:
        click.echo(console.said(made.said()))
    return 0 if succeeded else 1


def _as_interrupt(number: int, frame: Any) -> None:
    # The default would leave ending the parts to their guards.
    raise KeyboardInterrupt


@contextlib.contextmanager
def _parts(settings: Settings) -> Iterator[None]:
    """The home's own parts when somebody already runs them, else parts for as long as this takes."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(parts.running_parts(settings, workers=1))
        except parts.AlreadyRunning:
            console.say(N_("Using what already runs for this home"))
        yield


class Making:
    """One project's way from brief to anchors, a stage after the other, with a bar for each job."""

    def __init__(self, workbench: Workbench, threads: int) -> None:
        self.workbench = workbench
        self.jobs: list[dict[str, Any]] = []
        self.project_id = 0
        self.episodes: list[dict[str, Any]] = []
        self.scenes: list[dict[str, Any]] = []
        self._threads = threads
        self._started = time.monotonic()

    def episode_one(self, brief: dict[str, Any], profile: str | None) -> bool:
        """Whether every job succeeded; says which did not and why."""
        self.project_id = self.workbench.create_project(brief, profile=profile)
        try:
            with self._progress() as bars:
                self._stage(bars, "plan_episodes", [self.project_id])
                self.episodes = self._nodes("episode", self.project_id)
                first = self.episodes[0]["id"]
                self._stage(bars, "generate_episode_core_expression", [first])
                self._stage(bars, "generate_episode_scene_list", [first])
                self.scenes = self._nodes("scene", first)
                self._stage(bars, "generate_scene_anchor", [scene["id"] for scene in self.scenes])
        except JobError as error:
            console.complain(error)
            return False
        return True

    def summary(self, succeeded: bool) -> dict[str, Any]:
        shown = ("id", "kind", "node_id", "title", "state", "error_kind", "error")
        return {
            "project_id": self.project_id,
            "succeeded": succeeded,
            "episodes": len(self.episodes),
            "scenes": len(self.scenes),
            "seconds": round(time.monotonic() - self._started, 2),
            "jobs": [{name: job[name] for name in shown} for job in self.jobs],
        }

    def said(self) -> Text:
        return Text(
            N_(
                "{episodes} episodes planned, the first made with {scenes} scenes: {jobs} jobs in {seconds} s. See it: reelwright up"
            ),
            episodes=len(self.episodes),
            scenes=len(self.scenes),
            jobs=len(self.jobs),
            seconds=round(time.monotonic() - self._started, 1),
        )

    def _stage(self, bars: Progress, kind: str, nodes: list[int]) -> None:
        """Run one kind on some nodes to the end; raises JobError naming what did not succeed."""
        from workbench.jobs.submit import Request

        bar_of = {}
        for job in self.workbench.submit_many([Request(kind, node) for node in nodes]):
            bar_of[job["id"]] = bars.add_task(self._label(job), total=100)
        ended = self._follow(bars, bar_of)
        self.jobs += ended
        failed = [job for job in ended if job["state"] != "succeeded"]
        if failed:
            raise JobError(Text("{reason}", reason="; ".join(door.why_failed(job) for job in failed)))

    def _follow(self, bars: Progress, bar_of: dict[int, Any]) -> list[dict[str, Any]]:
        watch = door.WorkerWatch(self.workbench)
        while True:
            rows = [self.workbench.job(job_id) for job_id in bar_of]
            for row in rows:
                done = 100 if row["state"] in TERMINAL else row["progress"]
                bars.update(bar_of[row["id"]], completed=done, description=self._label(row))
            if all(row["state"] in TERMINAL for row in rows):
                return rows
            watch.check()
            time.sleep(POLL_S)

    def _label(self, job: dict[str, Any]) -> str:
        from rich.markup import escape

        title = self.workbench.workflow(job["kind"]).title
        node = self.workbench.node(job["node_id"])
        where = f" · {node['title'][:32]}" if node["kind"] != "project" else ""
        return escape(f"{console.said(title)}{where}")

    def _nodes(self, kind: str, parent_id: int) -> list[dict[str, Any]]:
        nodes = self.workbench.tree(self.project_id)["nodes"]
        return [n for n in nodes if n["kind"] == kind and n["parent_id"] == parent_id]

    @staticmethod
    def _progress() -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        return Progress(*columns, console=Console(file=sys.stderr))
