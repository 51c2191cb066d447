"""The short way from a brief to scenes: one episode is planned where there is none, and what is there is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, nodes, run
from workbench import samples
from workbench.errors import GuardUnmet, InvalidInput

Start = Callable[..., Engine]
KIND = "generate_scene_list"


@pytest.mark.parametrize("name", SAMPLES)
def test_a_brief_becomes_one_episode_with_its_scenes(start: Start, name: str) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load(name))
    guess = engine.wb.plans.price(KIND, [project])
    assert guess is not None
    job = run(engine, KIND, project)
    assert job.state == "succeeded", job.error
    children = engine.wb.jobs.get_detail(job.id).children
    assert [c.kind for c in children] == [
        "plan_episodes", "generate_episode_core_expression", "generate_episode_scene_list",
    ]  # fmt: skip
    assert guess.jobs == len(children)
    [episode] = nodes(engine, project, "episode")
    scenes = nodes(engine, project, "scene")
    assert len(scenes) == 10
    listed = engine.wb.artifact(episode.id, "scene_list")
    assert listed is not None
    assert [s["order"] for s in listed.content["scenes"]] == list(range(1, 11))
    # what is fresh is kept, until it is asked for again; the other count is another job of the same
    again = run(engine, KIND, project)
    assert again.state == "succeeded"
    assert engine.wb.jobs.get_detail(again.id).children == []
    assert engine.wb.plans.price(KIND, [project]).jobs == 0  # type: ignore[union-attr]
    more = run(engine, KIND, project, {"scene_count_hint": 12, "force": True})
    assert more.state == "succeeded", more.error
    assert len(nodes(engine, project, "episode")) == 1


def test_of_several_episodes_it_is_the_first_and_writing_by_hand_stays(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))
    run(engine, "plan_episodes", project)
    first, *others = sorted(nodes(engine, project, "episode"), key=lambda n: n.position)
    assert others
    assert run(engine, KIND, project, {"scene_count_hint": 6}).state == "succeeded"
    assert {n.parent_id for n in nodes(engine, project, "scene")} == {first.id}
    assert len(nodes(engine, project, "episode")) == len(others) + 1
    head = engine.wb.artifact(first.id, "scene_list")
    assert head is not None
    head.content["scenes"][0]["summary"] = "Della winds the clock and waits."
    engine.wb.artifacts.save(first.id, "scene_list", head.content, head.version)
    job = run(engine, KIND, project, {"scene_count_hint": 6, "force": True})
    assert {s["reason"] for s in job.result["skipped"]} == {"by_hand"}
    kept = engine.wb.artifact(first.id, "scene_list")
    assert kept is not None
    assert kept.content["scenes"][0]["summary"] == "Della winds the clock and waits."


def test_a_brief_that_cannot_be_planned_and_a_count_out_of_range_are_refused(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project({"title": "Short", "summary": "Too short.", "style": {"preset": "anime"}})
    with pytest.raises(GuardUnmet):
        engine.wb.submit(KIND, project, {})
    for count in (5, 25):
        with pytest.raises(InvalidInput):
            engine.wb.submit(KIND, project, {"scene_count_hint": count})


def test_a_core_expression_that_fails_ends_it_partial_and_a_retry_goes_on(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))
    engine.provider.changes[:] = [lambda made: None, *[lambda made: "no core at all"] * 4]  # type: ignore[attr-defined]
    job = run(engine, KIND, project)
    assert job.state == "partial", job.error
    assert [f["state"] for f in job.result["failed"]] == ["failed", "not_started"]
    engine.provider.changes.clear()  # type: ignore[attr-defined]
    retried = engine.finish(engine.wb.jobs.retry(job.id).id, timeout=60)
    assert retried.state == "succeeded", retried.error
    assert len(nodes(engine, project, "episode")) == 1
    assert len(nodes(engine, project, "scene")) == 10
