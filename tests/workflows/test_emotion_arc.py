"""The emotion arc on the real engine: every episode has its point, no other has, and beats are those of the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, nodes, run
from tests.workflows.test_causal_chain import asked, built, project, steps
from workbench.artifacts.drama import EmotionArc
from workbench.db.rows.jobs import Job
from workbench.errors import GuardUnmet
from workbench.workflows.planning import generate_emotion_arc as arc

Start = Callable[..., Engine]
KIND, WORKFLOW = "emotion_arc", "generate_emotion_arc"


def planned(engine: Engine, name: str = SAMPLES[0], episodes: int = 3) -> int:
    story = project(engine, name)
    assert run(engine, "plan_episodes", story, {"target_episode_count": episodes}).state == "succeeded"
    return story


def drawn(engine: Engine, story: int) -> tuple[Job, list[dict[str, Any]]]:
    job = run(engine, WORKFLOW, story)
    assert job.state == "succeeded", job.error
    head = engine.wb.artifact(story, KIND)
    assert head is not None
    return job, list(head.content["points"])


@pytest.mark.parametrize("name", SAMPLES)
def test_every_episode_has_its_point_and_more_where_it_has_scenes(start: Start, name: str) -> None:
    engine = start()
    story = planned(engine, name)
    first = nodes(engine, story, "episode")[0].id
    for workflow in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert run(engine, workflow, first).state == "succeeded"

    _, points = drawn(engine, story)

    assert {p["episode_order"] for p in points} == {1, 2, 3}
    assert [p["scene_order"] for p in points if p["episode_order"] == 1] == [1, 9, 12]
    assert [p["scene_order"] for p in points if p["episode_order"] > 1] == [None, None]
    assert not engine.wb.artifacts.list_stale_reasons(story, KIND)


def test_without_episodes_there_is_nothing_to_draw(start: Start) -> None:
    engine = start()
    with pytest.raises(GuardUnmet, match="Plan the episodes first"):
        run(engine, WORKFLOW, project(engine))


def test_a_long_series_is_drawn_in_parts_that_see_where_the_curve_is(start: Start) -> None:
    engine = start()
    story = planned(engine, episodes=25)

    job, points = drawn(engine, story)

    assert steps(engine, job) == ["arc-1", "arc-2", "arc-3"]
    assert [p["episode_order"] for p in points] == list(range(1, 26))
    assert "最近的点" in asked(engine)[-1]


SPOILT: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda m: m.update(points=m["points"][:-1]), "no point for episode 3"),
    (lambda m: m["points"].append({**m["points"][-1], "episode_order": 4}), "no episode 4"),
    (lambda m: m["points"].reverse(), "does not come after"),
    (lambda m: m["points"].append(dict(m["points"][-1])), "does not come after"),
    (lambda m: m["points"][0].update(scene_order=2), "episode 1 has no scene 2"),
    (lambda m: m["points"][0].update(beat_name="没有的节拍"), "has no beat"),
    (lambda m: m["points"][0].update(label="calm before it breaks"), "must be Chinese"),
    (lambda m: m.update(points=[]), "at least 1 item"),
    (lambda m: m["points"][1].update(tension=11), "less than or equal to 10"),
]


@pytest.mark.parametrize(("spoil", "said"), SPOILT)
def test_a_curve_that_does_not_fit_its_episodes_is_repaired_with_the_issue(
    start: Start, spoil: Callable[[dict[str, Any]], Any], said: str
) -> None:
    def change(made: dict[str, Any]) -> None:
        spoil(made)

    engine = start(lambda made: None, change)
    story = planned(engine)

    _, points = drawn(engine, story)

    assert said in asked(engine)[-1]
    assert len(points) == 3


def test_a_beat_is_named_as_the_chain_has_it_and_a_new_plan_makes_the_arc_stale(start: Start) -> None:
    engine = start(*[lambda made: None] * 8, lambda made: made["points"][0].update(beat_name=name.upper() + " "))
    story = project(engine, SAMPLES[2])
    name = built(engine, story)["beats"]["acts"][0]["beats"][1]["name"]
    assert run(engine, "plan_episodes", story, {"target_episode_count": 3}).state == "succeeded"

    _, points = drawn(engine, story)

    assert points[0]["beat_name"] == name
    assert run(engine, "plan_episodes", story, {"target_episode_count": 4}).state == "succeeded"
    assert engine.wb.artifacts.list_stale_reasons(story, KIND)


def test_an_update_draws_the_arc_after_the_scenes_that_it_tells_of(start: Start) -> None:
    engine = start()
    story = planned(engine, episodes=1)
    first = nodes(engine, story, "episode")[0].id
    for workflow in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert run(engine, workflow, first).state == "succeeded"
    drawn(engine, story)
    core = engine.wb.artifact(first, "core_expression")
    assert core is not None
    engine.wb.artifacts.save(first, "core_expression", {**core.content, "theme": "Whoever lies is seen."}, core.version)

    update = engine.wb.plans.build(story, "stale", include=[WORKFLOW])

    assert [(j.workflow, j.state, j.after) for j in update.jobs] == [
        ("generate_episode_scene_list", "stale", ()),
        (WORKFLOW, "downstream", (0,)),
    ]
    assert engine.finish(engine.wb.plans.run(story, "stale", include=[WORKFLOW]).id, timeout=60).state == "succeeded"
    assert engine.wb.plans.build(story, "stale", include=[WORKFLOW]).jobs == []


@pytest.mark.parametrize(("tensions", "flat"), [((5, 5, 5, 5), True), ((5, 5, 5, 6), False), ((5, 5, 5), False)])
def test_a_curve_rises_or_falls_somewhere(tensions: tuple[int, ...], flat: bool) -> None:
    points = [{"episode_order": n, "tension": t, "valence": 0, "label": "a"} for n, t in enumerate(tensions, start=1)]

    assert bool(arc.find_flatness(EmotionArc.model_validate({"points": points}))) is flat
