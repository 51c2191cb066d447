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

#: of a story that is planned and drawn: what else it can have, each on a node of its scope
WHOLE: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("project", "build_narrative_causal_chain", {}),
    ("project", "expand_story_characters", {}),
    ("project", "generate_character_relationships", {}),
    ("project", "generate_emotion_arc", {}),
    ("character", "generate_character_sheet", {"candidates": 1}),
    ("world", "generate_place_sheet", {"candidates": 1}),
    ("episode", "generate_scene_script", {}),
    # a version that is newer than the pinned one
    ("scene", "generate_scene_anchor", {}),
    ("scene", "generate_motion_prompt", {}),
    ("scene", "generate_dialogue", {}),
    ("scene", "generate_sound_design", {}),
    ("scene", "generate_storyboard_scene_bible", {}),
    ("scene", "generate_storyboard_plan", {}),
    ("scene", "generate_storyboard_groups", {}),
    ("scene", "translate_storyboard_panels", {}),
    ("scene", "back_translate_storyboard_panels", {}),
    ("scene", "generate_keyframe_images", {"keys": ["KF0"], "new_candidate": True}),
    ("scene", "rank_keyframe_candidates", {}),
    ("scene", "generate_scene_video", {}),
    ("scene", "estimate_duration", {}),
)
SOURCE = "She counted it three times: one dollar and eighty-seven cents, and the next day would be Christmas. " * 30


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

    def make_story(self, name: str = "gift-of-the-magi.en", *, drawn: bool = True, **more: Any) -> int:
        """A sample with a plan, an episode's scenes and one scene planned, and drawn; its brief edited by hand, and a
        prompt written anew. `more`: fields of the brief."""
        project = self.wb.create_project({**samples.load(name), **more})
        self.rewrite_prompt(project, name.rpartition(".")[2], "Say it in short sentences.")
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

    def rewrite_prompt(self, project: int, language: str, sentence: str) -> None:
        """One more version of a prompt in somebody's own words."""
        name = "scene/generate_scene_anchor"
        text = self.wb.prompts.get(name, language, project)
        system = f"{text.counting['system']}\n{sentence}"
        self.wb.prompts.save(
            name, language, system, text.counting["user"], project_id=project, base_version=text.newest_version
        )

    def make_whole_story(self) -> int:
        """The same with all that a story can have: each kind of artifact, and one version pinned over a newer one."""
        project = self.make_story(source=SOURCE)
        self.rewrite_prompt(project, "en", "Name every colour.")
        places = {"project": project} | {kind: self.nodes(project, kind)[0] for kind in ("character", "world")}
        places |= {kind: self.nodes(project, kind)[0] for kind in ("episode", "scene")}
        for scope, kind, params in WHOLE:
            assert self.run(kind, places[scope], params) == "succeeded", kind
        self.wb.artifacts.pin(places["scene"], "scene_anchor", 1)
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
