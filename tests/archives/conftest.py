"""A home with a story of which one scene is drawn, its versions, failures and costs; and others to read it into."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import samples
from workbench.api.client import Workbench
from workbench.bootstrap import worker_engine
from workbench.settings import Settings


class Home:
    """A workbench and the engine that runs its jobs."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.wb = Workbench.open(settings, send=lambda ids: None)
        self.engine = worker_engine(settings, send=lambda ids: None, epoch_of=lambda: "one")

    def run(self, kind: str, node: int | None, params: dict[str, Any] | None = None) -> str:
        """Submit a job and run it to its end, here; its state."""
        return self.end(self.wb.submit(kind, node, params or {}).id)

    def end(self, job_id: int) -> str:
        """Run a job and what it waits for to its end; its state."""
        while self.wb.jobs.get(job_id).state in ("queued", "running", "waiting"):
            for job in self.wb.jobs.list(state="queued"):
                self.engine.run(job.id)
            self.engine.maintain()
        return self.wb.jobs.get(job_id).state

    def close(self) -> None:
        self.wb.close()
        self.engine._database.close()

    def make_story(self, name: str = "gift-of-the-magi.en", *, drawn: bool = True) -> int:
        """A sample with a plan, an episode's scenes and one scene planned, and drawn; its brief edited by hand."""
        project = self.wb.create_project(samples.load(name))
        assert self.run("plan_episodes", project) == "succeeded"
        episode = self.nodes(project, "episode")[0]
        for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
            assert self.run(kind, episode) == "succeeded"
        scene = self.nodes(project, "scene")[0]
        kinds = ["generate_scene_anchor", "generate_keyframe_prompt", "generate_keyframe_images"]
        for kind in kinds if drawn else kinds[:2]:
            assert self.run(kind, scene) == "succeeded"
        brief = self.wb.artifact(project, "brief")
        assert brief is not None
        self.wb.artifacts.save(project, "brief", {**brief.content, "genre": "Comedy"}, brief.version)
        return project

    def nodes(self, project: int, kind: str) -> list[int]:
        return [n.id for n in self.wb.projects.tree(project).nodes if n.kind == kind]


_numbers = itertools.count(1)


@pytest.fixture
def make_home(tmp_path: Path, sqlite_template: Path) -> Iterator[Callable[[], Home]]:
    """Empty homes on SQLite."""
    homes: list[Home] = []

    def make() -> Home:
        folder = tmp_path / f"höme {next(_numbers)}"
        folder.mkdir()
        shutil.copyfile(sqlite_template, folder / "reelwright.db")
        homes.append(Home(Settings.load(home=folder)))
        return homes[-1]

    yield make
    for home in homes:
        home.close()


@pytest.fixture(scope="package")
def archive(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """The story, exported."""
    folder = tmp_path_factory.mktemp("export")
    shutil.copyfile(sqlite_template, folder / "reelwright.db")
    home = Home(Settings.load(home=folder))
    project = home.make_story()
    home.wb.projects.export(project, folder / "story.zip")
    home.close()
    return folder / "story.zip"
