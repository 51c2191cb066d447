"""Plans through the real engine: one parent, its jobs in order, nothing made twice, all of it or none."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from tests.workflows.frames import quick_drawing
from workbench import samples
from workbench.db.writes import story as story_writes
from workbench.errors import GuardUnmet, NotFound


@pytest.fixture
def planned(start: Callable[..., Engine]) -> tuple[Engine, int]:
    engine = start()
    project = engine.wb.create_project(samples.load("painted-skin.zh"))
    assert run(engine, "plan_episodes", project).state == "succeeded"
    return engine, project


def anchors(engine: Engine, project: int) -> list[dict[str, Any]]:
    return [n for n in nodes(engine, project, "scene") if any(a.kind == "scene_anchor" for a in n.artifacts)]


def test_a_plan_says_its_jobs_in_order_with_their_price_and_what_comes_later(planned: tuple[Engine, int]) -> None:
    engine, project = planned
    episode = nodes(engine, project, "episode")[0].id
    made = engine.wb.plans.build(episode)
    chain = ["generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script"]
    assert [j.workflow for j in made.jobs] == chain
    assert [j.after for j in made.jobs] == [(), (0,), (0, 1)]
    less = engine.wb.plans.build(episode, leave_out=["generate_scene_script", "generate_dialogue"])
    assert [j.workflow for j in less.jobs] == chain[:2]
    assert less.later == made.later * 6 // 7
    assert made.free
    assert made.cost == {"USD": 0}
    assert made.tokens is not None
    assert made.tokens > 0
    assert made.later > 0
    assert made.unmet == []


def test_one_parent_runs_the_jobs_in_order_and_goes_on_into_new_scenes(
    planned: tuple[Engine, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    quick_drawing(monkeypatch)
    engine, project = planned
    episode = nodes(engine, project, "episode")[0].id
    parent = engine.finish(engine.wb.plans.run(episode, grow=True).id, timeout=120)
    assert parent.state == "succeeded", parent
    scenes = nodes(engine, project, "scene")
    assert len(anchors(engine, project)) == len(scenes) >= 6
    assert engine.wb.plans.build(episode).jobs == []
    children = engine.wb.jobs.get_detail(parent.id).children
    assert len({(c.kind, c.node_id) for c in children}) == len(children)
    assert parent.progress == 100
    # each anchor was begun after the one before it had ended
    made = [c for c in children if c.kind == "generate_scene_anchor"]
    position = {s.id: s.position for s in scenes}
    made.sort(key=lambda c: position[c.node_id])
    assert all(before.finished_at <= after.started_at for before, after in itertools.pairwise(made))


def test_a_plan_that_cannot_start_is_refused_with_what_is_missing_and_starts_nothing(
    start: Callable[..., Engine],
) -> None:
    engine = start()
    project = engine.wb.create_project({"title": "Short", "summary": "Too short.", "style": {"preset": "anime"}})
    assert any("98" in str(i) or "90" in str(i) for i in engine.wb.plans.build(project).unmet)
    with pytest.raises(GuardUnmet):
        engine.wb.plans.run(project)
    assert engine.wb.jobs.list() == []


def test_what_is_stale_is_made_again_and_what_is_fresh_is_left_alone(planned: tuple[Engine, int]) -> None:
    engine, project = planned
    episode = nodes(engine, project, "episode")[0].id
    run(engine, "generate_episode_core_expression", episode)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6})
    for one in nodes(engine, project, "scene"):
        assert run(engine, "generate_scene_anchor", one.id).state == "succeeded"
    scene = nodes(engine, project, "scene")[-1]
    listed = engine.wb.artifact(episode, "scene_list")
    assert listed is not None
    listed.content["scenes"][-1]["summary"] += "灯灭了。"
    engine.wb.artifacts.save(episode, "scene_list", listed.content, listed.version)
    update = engine.wb.plans.build(episode, "stale")
    assert [(j.workflow, j.node.id, j.state) for j in update.jobs] == [("generate_scene_anchor", scene.id, "stale")]
    parent = engine.finish(engine.wb.plans.run(episode, "stale").id, timeout=60)
    assert parent.state == "succeeded"
    assert [c.node_id for c in engine.wb.jobs.get_detail(parent.id).children] == [scene.id]
    assert engine.wb.plans.build(episode, "stale").jobs == []


def test_cancelling_the_parent_stops_its_jobs(planned: tuple[Engine, int]) -> None:
    engine, project = planned
    episode = nodes(engine, project, "episode")[0].id
    parent = engine.wb.plans.run(episode).id
    engine.wb.jobs.cancel(parent)
    assert engine.wb.jobs.get(parent).state == "cancelled"
    assert all(c.state == "cancelled" for c in engine.wb.jobs.get_detail(parent).children)


def test_a_run_that_found_everything_there_says_nothing_of_the_price(planned: tuple[Engine, int]) -> None:
    engine, project = planned
    episode = nodes(engine, project, "episode")[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        run(engine, kind, episode)
    scene = nodes(engine, project, "scene")[0].id
    for kind in (
        "generate_scene_anchor",
        "generate_keyframe_prompt",
        "generate_keyframe_images",
        "generate_keyframe_images",
    ):
        run(engine, kind, scene)
    again = engine.wb.plans.estimate(scene)
    assert again["generate_keyframe_images"].cost_micros == 0
    assert again["estimate_duration"].cost_micros == 0
    assert engine.wb.plans.build(scene).free


def test_pictures_and_clips_are_reckoned_at_the_prices_of_whoever_makes_them(planned: tuple[Engine, int]) -> None:
    engine, project = planned
    wb = engine.wb
    by_piece = {"prices": {"*": {"currency": "CNY", "image": 0.2, "video_second": 1.5}}}
    by_token = {"prices": {"*": {"currency": "CNY", "input": 2, "output": 8}}}
    wb.profiles.add("draws", "ark", image_model="i", video_model="v", key="not-a-real-key", params=by_piece)
    wb.profiles.add(
        "writes", "openai", text_model="m", key="not-a-real-key", image_profile="draws", video_profile="draws",
        params=by_token,
    )  # fmt: skip
    wb.profiles.add("alone", "openai", text_model="m", image_model="i", key="not-a-real-key", params=by_token)
    found = wb.plans.estimate(project, "writes")
    assert (found["generate_keyframe_images"].cost_micros, found["generate_keyframe_images"].currency) == (
        1_800_000,
        "CNY",
    )
    assert found["generate_scene_video"].cost_micros == 7_500_000
    assert found["generate_dialogue"].cost_micros == (4_000 * 2 + 700 * 8)
    assert wb.plans.estimate(project, "alone")["generate_keyframe_images"].cost_micros is None


def test_a_parent_says_how_many_failed_and_how_many_never_began(planned: tuple[Engine, int]) -> None:
    engine, project = planned
    episode = nodes(engine, project, "episode")[0].id
    engine.provider.changes[:] = [lambda made: "no core at all"] * 4  # type: ignore[attr-defined]
    parent = engine.finish(engine.wb.plans.run(episode, grow=True).id, timeout=120)
    assert parent.state == "failed"
    assert str(parent.error).startswith("1 of 3 parts failed, 2 never began; the first: ")


def test_seven_of_nine_frames_are_not_all(planned: tuple[Engine, int], monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)
    engine, project = planned
    wb = engine.wb
    episode = nodes(engine, project, "episode")[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        run(engine, kind, episode)
    scene = nodes(engine, project, "scene")[0].id
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
        run(engine, kind, scene)
    keys = [f"KF{n}" for n in range(7)]
    assert run(engine, "generate_keyframe_images", scene, {"keys": keys}).state == "succeeded"

    def state() -> str:
        return next(c.state for c in wb.workflows.list_cells(scene) if c.workflow.name == "generate_keyframe_images")

    def complete() -> set[bool]:
        shown = [*wb.projects.tree(project).nodes, *wb.projects.outline(project, scene).nodes]
        return {a.complete for n in shown for a in n.artifacts if n.id == scene and a.kind == "keyframe_images"}

    assert state() == "partial"
    assert complete() == {False}
    assert run(engine, "generate_keyframe_images", scene).state == "succeeded"
    assert state() == "fresh"
    assert complete() == {True}


@pytest.mark.parametrize("kind", ["project", "episode", "scene"])
def test_of_what_is_archived_no_plan_is_made(planned: tuple[Engine, int], kind: str) -> None:
    engine, project = planned
    episodes = nodes(engine, project, "episode")
    run(engine, "generate_episode_core_expression", episodes[0].id)
    assert run(engine, "generate_episode_scene_list", episodes[0].id).state == "succeeded"
    node = project if kind == "project" else nodes(engine, project, kind)[0].id
    with engine.wb.database.write() as conn:
        # as a re-plan archives what it leaves out
        story_writes.set_archived(conn, node, True)
    with pytest.raises(NotFound, match="archived"):
        engine.wb.plans.build(node)
