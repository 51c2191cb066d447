"""What a person wrote, edited or pinned: plans leave it, a model is given it to keep to, and no job takes its place
unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import Editing, nodes, run
from workbench import samples
from workbench.db.rows.story import Artifact

Start = Callable[..., Engine]
CORE = "generate_episode_core_expression"


def told(engine: Engine, episodes: int = 2) -> tuple[int, list[int]]:
    """(project, its episodes), each with its core expression."""
    project = engine.wb.create_project({**samples.load("gift-of-the-magi.en"), "episodes": episodes})
    run(engine, "plan_episodes", project)
    found = [n.id for n in sorted(nodes(engine, project, "episode"), key=lambda n: n.position)]
    for episode in found:
        assert run(engine, CORE, episode).state == "succeeded"
    return project, found


def head(engine: Engine, node: int, kind: str = "core_expression") -> Artifact:
    found = engine.wb.artifact(node, kind)
    assert found is not None
    return found


def edit(engine: Engine, node: int, kind: str = "core_expression", **changed: Any) -> Artifact:
    now = head(engine, node, kind)
    return engine.wb.artifacts.save(node, kind, {**now.content, **changed}, now.version)


def asked(engine: Engine) -> list[str]:
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    return [r.messages[-1].content for r in provider.requests]


def skipped(engine: Engine, job: int) -> dict[tuple[str, int], str]:
    result = engine.wb.jobs.get(job).result or {}
    return {(s.get("kind", CORE), s["node_id"]): s["reason"] for s in result["skipped"]}


def test_a_plan_lists_apart_what_was_written_by_hand_and_leaves_it(start: Start) -> None:
    engine = start()
    wb = engine.wb
    project, (first, second) = told(engine)
    edit(engine, first, theme="My own words")
    edit(engine, project, "brief", genre="comedy")
    for mode in ("stale", "missing"):
        plan = wb.plans.build(project, mode)  # type: ignore[arg-type]
        assert (CORE, first) not in {(j.workflow, j.node.id) for j in plan.jobs}
        assert (CORE, second) in {(j.workflow, j.node.id) for j in plan.jobs}
        assert [(k.key, k.version, k.pinned, k.job.state) for k in plan.kept] == [((CORE, first), 2, False, "stale")]

    parent = engine.finish(wb.plans.run(project, "stale").id, timeout=120)
    assert parent.state == "succeeded"
    assert head(engine, first).content["theme"] == "My own words"
    assert head(engine, first).version == 2
    assert head(engine, second).version == 2


def test_what_is_ticked_is_made_anew_with_the_version_by_hand_to_keep_to(start: Start) -> None:
    engine = start()
    wb = engine.wb
    project, (first, _second) = told(engine)
    edit(engine, first, theme="My own words")
    edit(engine, project, "brief", genre="comedy")
    plan = wb.plans.build(project, "stale", rewrite=[(CORE, first)])
    assert (CORE, first) in {(j.workflow, j.node.id) for j in plan.jobs}
    assert plan.kept == []

    before = len(asked(engine))
    parent = engine.finish(wb.plans.run(project, "stale", rewrite=[(CORE, first)]).id, timeout=120)
    assert parent.state == "succeeded"
    told_by_hand = [text for text in asked(engine)[before:] if "edited by hand" in text]
    assert len(told_by_hand) == 1
    assert "My own words" in told_by_hand[0]
    made = head(engine, first)
    assert (made.version, made.source) == (3, "ai")
    assert made.content["theme"] == "My own words"  # the sketch keeps to all of it
    assert wb.artifacts.list_stale_reasons(first, "core_expression") == []
    assert "Keeps to version 2, edited by hand" in str(wb.jobs.get_detail(int(made.job_id or 0)).events)
    old = wb.artifact(first, "core_expression", 2)
    assert old is not None
    assert old.source == "manual"


def test_a_plan_in_the_language_of_the_story_says_to_keep_to_it(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load("painted-skin.zh"))
    run(engine, "plan_episodes", project)
    edit(engine, project, "episode_plan", reasoning_brief="我自己的想法")
    run(engine, "plan_episodes", project)
    assert "我自己的想法" in asked(engine)[-1]
    assert "创作者亲手写成" in asked(engine)[-1]


@pytest.mark.parametrize("kind", ["refine_scene_all", "refine_scene_all_batch"])
@pytest.mark.parametrize("force", [False, True])
def test_a_whole_scene_leaves_what_was_written_by_hand(start: Start, kind: str, force: bool) -> None:
    engine = start()
    project, (episode, _) = told(engine)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6})
    scene = sorted(nodes(engine, project, "scene"), key=lambda n: n.position)[0].id
    run(engine, "generate_scene_anchor", scene)
    anchor = head(engine, scene, "scene_anchor")
    edit(engine, scene, "scene_anchor", avoid={**anchor.content["avoid"], "en": "No cats."})
    edit(engine, project, "brief", genre="comedy")

    node, params = (scene, {}) if kind == "refine_scene_all" else (project, {"scene_ids": [scene]})
    params = {**params, "images": False, "force": force}
    job = run(engine, kind, node, params)
    assert job.state == "succeeded", job.error
    assert head(engine, scene, "scene_anchor").version == 2
    assert skipped(engine, job.id)["generate_scene_anchor", scene] == "by_hand"

    job = run(engine, kind, node, {**params, "rewrite": True})
    assert head(engine, scene, "scene_anchor").version == 3
    assert "No cats." in next(text for text in reversed(asked(engine)) if "edited by hand" in text)


def test_a_batch_of_core_expressions_leaves_what_was_written_by_hand(start: Start) -> None:
    engine = start()
    project, (first, second) = told(engine)
    edit(engine, first, theme="My own words")
    kind = "generate_episode_core_expression_batch"
    prices = [engine.wb.plans.price(kind, [project], {"force": True, "rewrite": rewrite}) for rewrite in (False, True)]
    assert [p and p.jobs for p in prices] == [1, 2]
    job = run(engine, kind, project, {"force": True})
    assert [c["node_id"] for c in job.result["succeeded"]] == [second]
    assert skipped(engine, job.id) == {(CORE, first): "by_hand"}
    job = run(engine, kind, project, {"force": True, "rewrite": True})
    assert [c["node_id"] for c in job.result["succeeded"]] == [first, second]
    assert head(engine, first).version == 3


def test_what_was_taken_back_by_hand_counts_as_written_by_hand(start: Start) -> None:
    engine = start()
    wb = engine.wb
    project, (first, second) = told(engine)
    edit(engine, first, theme="My own words")
    run(engine, CORE, first)
    wb.artifacts.restore(first, "core_expression", 2)
    edit(engine, second, theme="Other words")
    wb.artifacts.restore(second, "core_expression", 1)  # what a model wrote
    edit(engine, project, "brief", genre="comedy")
    plan = wb.plans.build(project, "stale")
    assert [k.key for k in plan.kept] == [(CORE, first)]
    assert (CORE, second) in {(j.workflow, j.node.id) for j in plan.jobs}


def test_what_is_pinned_stays_and_no_plan_pays_for_a_version_that_nobody_sees(start: Start) -> None:
    engine = start()
    wb = engine.wb
    project, (first, _second) = told(engine)
    wb.artifacts.pin(first, "core_expression", 1)
    edit(engine, project, "brief", genre="comedy")
    for rewrite in ([], [(CORE, first)]):
        plan = wb.plans.build(project, "stale", rewrite)
        assert [(k.key, k.pinned) for k in plan.kept] == [((CORE, first), True)]
    parent = engine.finish(wb.plans.run(project, "stale", rewrite=[(CORE, first)]).id, timeout=120)
    assert parent.state == "succeeded"
    assert len(wb.artifacts.list_versions(first, "core_expression")) == 1


def test_a_person_s_own_save_is_seen_also_where_a_version_was_pinned(start: Start) -> None:
    engine = start()
    wb = engine.wb
    _project, (first, _second) = told(engine)
    wb.artifacts.pin(first, "core_expression", 1)
    job = run(engine, CORE, first)
    assert head(engine, first).version == 1
    assert "Version 2 is not shown: version 1 is pinned" in str(wb.jobs.get_detail(job.id).events)
    # an editor that was opened on the version that is shown is no conflict, though a newer one is there
    edit(engine, first, theme="My own words")
    assert (head(engine, first).version, wb.artifact(first, "core_expression").pinned) == (3, True)  # type: ignore[union-attr]
    run(engine, CORE, first)
    assert head(engine, first).version == 3
    wb.artifacts.restore(first, "core_expression", 1)
    assert head(engine, first).version == 5


def test_a_job_does_not_take_the_place_of_what_was_saved_while_it_was_at_work(start: Start) -> None:
    engine = start()
    wb = engine.wb
    _project, (first, _second) = told(engine)
    job = wb.submit(CORE, first)
    edit(engine, first, theme="My own words")
    done = engine.finish(job.id, timeout=60)
    assert done.state == "succeeded"
    assert (head(engine, first).version, head(engine, first).content["theme"]) == (2, "My own words")
    assert done.result["version"] == 3
    assert "stands beside version 2" in str(wb.jobs.get_detail(job.id).events)

    # the next one was asked for by somebody who knew of it
    edit(engine, first, theme="My newest words")
    assert head(engine, first).version == 4
    run(engine, CORE, first)
    assert head(engine, first).version == 5
    assert "My newest words" in asked(engine)[-1]


def test_a_picture_that_was_picked_does_not_keep_the_others_from_being_drawn(start: Start) -> None:
    engine = start()
    wb = engine.wb
    project, (episode, _) = told(engine)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6})
    scene = sorted(nodes(engine, project, "scene"), key=lambda n: n.position)[0].id
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_keyframe_images"):
        run(engine, kind, scene)
    images = head(engine, scene, "keyframe_images")
    wb.artifacts.save(scene, "keyframe_images", images.content, images.version)
    edit(engine, project, "brief", style={"preset": "comic", "prompt": "bold lines"})
    plan = wb.plans.build(scene, "stale")
    assert "generate_keyframe_images" in [j.workflow for j in plan.jobs]
    assert plan.kept == []
