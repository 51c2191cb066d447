"""Runs a story through the product, offline: the plan, then each scene with its set, shots, frames, lines and sound."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from PIL import Image

from tests.corpus.stories import Story
from tests.engine.conftest import Engine
from workbench import sketch
from workbench.errors import GuardUnmet
from workbench.settings import Settings
from workbench.sketch.drawing import frame, scenery
from workbench.sketch.drawing.figures import Figure
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Stage

#: with fewer scenes an episode has no ways there and back
SCENES = 8
#: a plan this long takes titles from the book and from every event
MANY = 9


@dataclass(frozen=True)
class Frame:
    """A shot and what its picture shows, drawn from `arguments` and `options`."""

    shot: dict[str, Any]
    where: Setting
    people: list[Figure]
    arguments: tuple[Any, ...]
    options: dict[str, Any]

    def draw(self) -> bytes:
        return frame.draw_frame(*self.arguments, **self.options)


@dataclass(frozen=True)
class Scene:
    """One scene: its entry in the scene list, and the contents of what was made for it."""

    outline: dict[str, Any]
    anchor: dict[str, Any]
    shots: list[dict[str, Any]]
    motion: dict[str, Any]
    dialogue: dict[str, Any]
    sound: dict[str, Any]
    frames: list[Frame]


@dataclass(frozen=True)
class Made:
    story: Story
    #: episodes of a plan of many, of which only the texts are looked at
    outlines: list[dict[str, Any]]
    episode: dict[str, Any]
    core: dict[str, Any]
    scenes: list[Scene]


class NotMade(Exception):
    """A job of the story failed."""


@contextmanager
def open_engine(home: Path) -> Iterator[Engine]:
    """What runs the jobs, for as many stories as one likes. `home` is an empty folder."""
    engine = Engine(Settings.load(home=home, database_url=f"sqlite:///{home / 'corpus.db'}", retry_base_ms=10))
    try:
        yield engine
    finally:
        engine.close()


def make(story: Story, engine: Engine) -> Made:
    """All of the story's first and only episode; NotMade when one of its jobs fails."""
    return _Maker(engine, story).make()


class _Maker:
    def __init__(self, engine: Engine, story: Story) -> None:
        self._engine, self._wb, self._story = engine, engine.wb, story

    def make(self) -> Made:
        project = self._wb.create_project(self._story.brief())
        outlines = self._run("plan_episodes", project, "episode_plan", target_episode_count=MANY)["episodes"]
        [episode] = self._run("plan_episodes", project, "episode_plan", target_episode_count=1)["episodes"]
        node = self._nodes(project, "episode")[0]
        core = self._run("generate_episode_core_expression", node, "core_expression")
        listed = self._run("generate_episode_scene_list", node, "scene_list", scene_count_hint=SCENES)["scenes"]
        nodes = self._nodes(project, "scene")
        scenes = [self._scene(entry, scene) for entry, scene in zip(listed, nodes, strict=True)]
        return Made(self._story, outlines, episode, core, scenes)

    def _scene(self, outline: dict[str, Any], node: int) -> Scene:
        anchor = self._run("generate_scene_anchor", node, "scene_anchor")
        shots = self._run("generate_keyframe_prompt", node, "keyframe_prompt")["shots"]
        motion = self._run("generate_motion_prompt", node, "motion_prompt")
        dialogue = self._run("generate_dialogue", node, "dialogue")
        sound = self._run("generate_sound_design", node, "sound_design")
        with _read_frames() as read:
            self._run("generate_keyframe_images", node, "keyframe_images")
        drawn = {frame.shot["order"]: frame for frame in read}
        # what is drawn is read in simplified characters, the shot keeps the story's own
        frames = [replace(drawn[shot["order"]], shot=shot) for shot in shots]
        return Scene(outline, anchor, shots, motion, dialogue, sound, frames)

    def _run(self, workflow: str, node: int, kind: str, **params: Any) -> dict[str, Any]:
        """The content that a job makes; NotMade with its reason when it fails."""
        try:
            submitted = self._wb.submit(workflow, node, params)
        except GuardUnmet as unmet:
            raise NotMade(f"{workflow}: {unmet}") from unmet
        job = self._engine.finish(submitted.id, timeout=120)
        if job.state != "succeeded":
            raise NotMade(f"{workflow}: {job.error}")
        return self._wb.artifact(node, kind).content

    def _nodes(self, project: int, kind: str) -> list[int]:
        nodes = [n for n in self._wb.projects.tree(project).nodes if n.kind == kind and not n.archived]
        return [n.id for n in sorted(nodes, key=lambda n: n.position)]


def read_frame(*arguments: Any, **options: Any) -> Frame:
    """What `draw_frame` puts on the stage for these arguments, without the time that drawing it takes."""
    where: list[Setting] = []

    def furnish(setting: Setting) -> Stage:
        where.append(setting)
        return scenery.furnish(setting)

    def stop(shot: dict[str, Any], people: list[Figure], *more: Any) -> NoReturn:
        raise _Staged(people)

    with patch.object(frame, "furnish", furnish), patch.object(frame, "frame_shot", stop):
        try:
            frame.draw_frame(*arguments, **options)
        except _Staged as staged:
            return Frame(arguments[0], where[0], staged.people, arguments, options)
    raise AssertionError("a frame is drawn without a stage")


class _Staged(Exception):
    """A frame's people are on the stage."""

    def __init__(self, people: list[Figure]) -> None:
        self.people = people


@contextmanager
def _read_frames() -> Iterator[list[Frame]]:
    """Frames as they are asked for: what each shows is read, and a small picture stands in for the drawing."""
    frames: list[Frame] = []
    lock = threading.Lock()

    def stand_in(*arguments: Any, **options: Any) -> bytes:
        with lock:
            frames.append(read_frame(*arguments, **options))
            return _png(len(frames))

    with patch.object(sketch, "draw_frame", stand_in):
        yield frames


def _png(number: int) -> bytes:
    """A picture unlike those of other numbers."""
    buffer = io.BytesIO()
    Image.new("L", (8, 8), number).save(buffer, format="PNG")
    return buffer.getvalue()
