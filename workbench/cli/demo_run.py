"""The story of `reelwright demo`: one project's way to its storyboard, found again where it was broken off."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.cli import briefs, console, job_output, waiting
from workbench.db.rows.jobs import Job, SubmittedJob
from workbench.db.rows.story import TreeNode
from workbench.errors import JobError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

if TYPE_CHECKING:
    from rich.progress import Progress

    from workbench.api.client import Workbench
    from workbench.story.briefs import BriefFile

TERMINAL = ("succeeded", "partial", "failed", "cancelled")
#: a look at a batch with all its jobs takes up to 20 ms of computing, which the worker needs more
POLL_S = 0.25
#: and the worker's machine may be busy, or the job large: for so many times as long as a look took, nobody looks
REST_PER_LOOK = 8
PLAN = "run_plan"
#: node and artifact kinds of people and of what the world has
ELEMENTS = ("character", "world", "world_element")
SUMMARIZE = "summarize_source"
#: what makes a storyboard with its frames; the rest of the workflows add to it
MAIN = frozenset((
    "generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_anchor",
    "generate_keyframe_prompt", "generate_motion_prompt", "generate_keyframe_images", "generate_dialogue",
    "generate_sound_design", "estimate_duration",
))  # fmt: skip


class DemoRun:
    """One project's way from its brief to the storyboard of its first episode, with a bar for each kind of job.

    Started again after it was killed, it goes on with the same project: what is done is not done twice. Another cast,
    brief or profile is another story, with a project of its own; what a person has edited meanwhile is planned again.
    """

    #: who its projects and jobs belong to; that is how a killed one is found again
    USER = "demo"
    #: the kind of job with which it is done
    LAST = PLAN

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench
        self.jobs: list[Job] = []
        self.project_id = 0
        self.episodes: list[TreeNode] = []
        self.scenes: list[TreeNode] = []
        self.frames = 0
        self._replanned = False
        self._started = time.monotonic()

    def make(self, brief: JsonObject, profile: str | None) -> bool:
        """Whether every job succeeded; says which did not and why."""
        self.project_id = self._find_unfinished(brief, profile) or self.workbench.create_project(
            brief, profile=profile, user=self.USER
        )
        briefs.say_remarks(self.workbench.artifact(self.project_id, "brief"))
        try:
            if self._lacks_summary():
                with self._progress() as bars:
                    self._stage(bars, SUMMARIZE, self.project_id, self._summarize)
                briefs.say_remarks(self.workbench.artifact(self.project_id, "brief"))
            with self._progress() as bars:
                self._run_stages(bars)
        except JobError as error:
            console.complain(error)
            return False
        self.episodes = self._nodes("episode", self.project_id)
        self.scenes = self._nodes("scene", self.episodes[0].id)
        self.frames = sum(self._frames(scene.id) for scene in self.scenes)
        return True

    def _run_stages(self, bars: Progress) -> None:
        """The jobs of the demo, one after the other. Raises JobError."""
        self._stage(bars, "plan_episodes", self.project_id, self._plan)
        first = self._nodes("episode", self.project_id)[0].id
        self._stage(bars, PLAN, first, lambda: self._run_main(first))

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self._started

    def summary(self, succeeded: bool) -> JsonObject:
        shown = ("id", "kind", "node_id", "title", "state", "error_kind", "error")
        return {
            "project_id": self.project_id,
            "succeeded": succeeded,
            "episodes": len(self.episodes),
            "scenes": len(self.scenes),
            "frames": self.frames,
            "seconds": round(self.seconds, 2),
            "jobs": [{name: getattr(job, name) for name in shown} for job in self.jobs],
        }

    def describe(self) -> Text:
        return Text(
            N_(
                "{episodes} episodes planned, the first made with {scenes} scenes and {frames} frames: {jobs} "
                "jobs in {seconds} s. See it: reelwright up"
            ),
            episodes=len(self.episodes),
            scenes=len(self.scenes),
            frames=self.frames,
            jobs=len(self.jobs),
            seconds=round(self.seconds, 1),
        )

    def _find_unfinished(self, brief: JsonObject, profile: str | None) -> int | None:
        """The newest project that a demo of this brief, with its cast and world, began and did not finish."""
        from workbench.story.briefs import parse

        wanted = parse(brief)
        profile_id = None if profile is None else self.workbench.profiles.id_of(profile)
        for project in self.workbench.projects.list_names():
            if project.created_by != self.USER or (profile is not None and project.profile_id != profile_id):
                continue
            first = self.workbench.artifact(project.id, "brief", 1)
            if first is not None and first.content == wanted.brief() and self._began_with(project.id, wanted):
                done = [j for j in self._jobs_of(project.id, self.LAST) if j.state == "succeeded"]
                return None if done else int(project.id)
        return None

    def _began_with(self, project_id: int, wanted: BriefFile) -> bool:
        """Whether the project began with just this source, these people and places, whatever was edited since."""
        source = self.workbench.artifact(project_id, "source", 1) if wanted.source else None
        if wanted.source and (source is None or source.content["text"] != wanted.source):
            return False
        for kind, elements in (("character", wanted.characters), ("world_element", wanted.world)):
            nodes = self.workbench.projects.list_contents(project_id, kind, archived=True)
            first = [self.workbench.artifact(node.node_id, kind, 1) for node in sorted(nodes, key=lambda n: n.node_id)]
            given = [a.content for a in first if a is not None and a.created_by == self.USER]
            if given != [e.model_dump(mode="json") for e in elements]:
                return False
        return True

    def _is_stale(self, node_id: int, kind: str) -> bool:
        """Whether what is there was made from something else than is there now, people who came or went included."""
        nodes = self.workbench.projects.tree(self.project_id).nodes
        if any(a.kind == kind and a.stale for n in nodes if n.id == node_id for a in n.artifacts):
            return True
        plan = self.workbench.artifact(node_id, kind) if kind == "episode_plan" else None
        told = {i["node_id"] for i in plan.inputs if i["kind"] in ELEMENTS} if plan else set()
        return plan is not None and told != {n.id for n in nodes if n.kind in ELEMENTS}

    def _lacks_summary(self) -> bool:
        """Whether the brief is still to be made from a text, or was begun to be."""
        from workbench.story.guards import summary_issues

        brief = self.workbench.artifact(self.project_id, "brief")
        empty = brief is not None and bool(summary_issues(str(brief.content["summary"])))
        has_source = self.workbench.artifact(self.project_id, "source") is not None
        return has_source and (empty or bool(self._jobs_of(self.project_id, SUMMARIZE)))

    def _summarize(self) -> SubmittedJob:
        return self.workbench.submit(SUMMARIZE, self.project_id, user=self.USER)

    def _plan(self) -> SubmittedJob:
        # nobody is there to look at another plan before it archives the first one's episodes
        again = self.workbench.artifact(self.project_id, "episode_plan") is not None
        params = {"review": False} if again else {}
        return self.workbench.submit("plan_episodes", self.project_id, params, user=self.USER)

    def _run_main(self, node_id: int) -> SubmittedJob:
        others = [m.name for m in self.workbench.plans.list_makers() if m.name not in MAIN]
        return self.workbench.plans.run(
            node_id, grow=True, leave_out=others, review=not self._replanned, user=self.USER
        )

    def _stage(self, bars: Progress, kind: str, node_id: int, submit: Callable[[], Job]) -> None:
        """Run one job with its children to the end, or the one that is there already; raises JobError naming what
        failed."""
        there = [j for j in self._jobs_of(self.project_id, kind) if j.node_id == node_id]
        job = there[0] if there else submit()
        writes = self.workbench.workflows.get(kind).writes
        if job.state == "succeeded" and writes is not None and self._is_stale(node_id, writes):
            job, self._replanned = submit(), True
        elif job.state in ("failed", "partial", "cancelled"):
            # a retry takes over what is finished, and that was made from what has changed since
            job = submit() if self._replanned else self.workbench.jobs.retry(job.id, user=self.USER)
        ended = self._follow(bars, job.id)
        self.jobs += ended
        if ended[0].state != "succeeded":
            failed = [job for job in ended[1:] if job.state != "succeeded"] or ended[:1]
            raise JobError(Text("{reason}", reason="; ".join(job_output.explain_failure(job) for job in failed)))

    def _follow(self, bars: Progress, job_id: int) -> list[Job]:
        """The job and its children when it has ended; a bar per kind of job meanwhile."""
        watch = waiting.WorkerWatch(self.workbench, job_id)
        bar_of: JsonObject = {}
        while True:
            began = time.monotonic()
            parent = self.workbench.jobs.get(job_id)
            children = self._list_family(job_id)
            kinds: dict[str, list[int]] = {}
            for row in [*children, *([] if self._starts_others(parent.kind) else [parent])]:
                kinds.setdefault(row.kind, []).append(100 if row.state in TERMINAL else int(row.progress))
            for kind, shares in kinds.items():
                if kind not in bar_of:
                    bar_of[kind] = bars.add_task("")
                label = self._label(kind, len(shares))
                bars.update(bar_of[kind], total=100 * len(shares), completed=sum(shares), description=label)
            if parent.state in TERMINAL:
                return [parent, *children]
            watch.check()
            time.sleep(max(POLL_S, REST_PER_LOOK * (time.monotonic() - began)))

    def _list_family(self, job_id: int) -> list[Job]:
        """The jobs that a job started, and those that these started: what makes something, not who waits for it."""
        family: list[Job] = []
        for child in self.workbench.jobs.list_children(job_id):
            family += self._list_family(child.id) if self._starts_others(child.kind) else [child]
        return family

    def _starts_others(self, kind: str) -> bool:
        return self.workbench.workflows.get(kind).batch

    def _label(self, kind: str, count: int) -> str:
        from rich.markup import escape

        title = escape(console.localize(self.workbench.workflows.get(kind).title))
        return title if count == 1 else f"{title} × {count}"

    def _jobs_of(self, project_id: int, kind: str) -> list[Job]:
        return self.workbench.jobs.list(project=project_id, kind=kind)

    def _nodes(self, kind: str, parent_id: int) -> list[TreeNode]:
        nodes = self.workbench.projects.tree(self.project_id).nodes
        return [n for n in nodes if n.kind == kind and n.parent_id == parent_id]

    def _frames(self, scene_id: int) -> int:
        images = self.workbench.artifact(scene_id, "keyframe_images")
        return len(images.content["frames"]) if images else 0

    @staticmethod
    def _progress() -> Progress:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        return Progress(*columns, console=Console(file=sys.stderr))
