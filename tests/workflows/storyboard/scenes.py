"""A scene that is ready for its long storyboard, and short ways to run and read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.engine.conftest import Engine
from tests.workflows.conftest import Editing, nodes, run
from workbench import samples
from workbench.artifacts.panels import GROUP_KEYS

SAMPLE = "gift-of-the-magi.en"


def ready(engine: Engine, sample: str = SAMPLE, people: int = 2, **changed: Any) -> int:
    """A scene with its anchor, with so many people in it where the sample has such a scene."""
    project = engine.wb.create_project({**samples.load(sample), **changed})
    run(engine, "plan_episodes", project)
    episode = nodes(engine, project, "episode")[0].id
    run(engine, "generate_episode_core_expression", episode)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6})
    outlines = content(engine, episode, "scene_list")["scenes"]
    scenes = sorted(nodes(engine, project, "scene"), key=lambda n: n.position)
    scene = next((s for s in scenes if len(outlines[s.position - 1]["cast"]) == people), scenes[0])
    run(engine, "generate_scene_anchor", scene.id)
    return scene.id


def content(engine: Engine, node: int, kind: str) -> dict[str, Any]:
    head = engine.wb.artifact(node, kind)
    assert head is not None, kind
    made: dict[str, Any] = head.content
    return made


def service(engine: Engine) -> Editing:
    found: Editing = engine.provider  # type: ignore[attr-defined]
    return found


def planned(engine: Engine, sample: str = SAMPLE, *, camera_mode: str = "B", **changed: Any) -> int:
    """The same scene with its storyboard bible and plan."""
    scene = ready(engine, sample, **changed)
    assert run(engine, "generate_storyboard_scene_bible", scene).state == "succeeded"
    assert run(engine, "generate_storyboard_plan", scene, {"camera_mode": camera_mode}).state == "succeeded"
    return scene


def stale(engine: Engine, scene: int, kind: str = "storyboard_groups") -> set[str]:
    """The groups that have something that changed under them."""
    reasons = engine.wb.artifacts.list_stale_reasons(scene, kind)
    return {k for k in GROUP_KEYS if any(r.touches(f"group:{k}") for r in reasons)}


def edit(engine: Engine, scene: int, change: Callable[[dict[str, Any]], Any], kind: str = "storyboard_groups") -> None:
    head = engine.wb.artifact(scene, kind)
    assert head is not None
    made = json.loads(json.dumps(head.content))
    change(made)
    engine.wb.artifacts.save(scene, kind, made, head.version)
