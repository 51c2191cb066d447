"""The two conductors on the real engine: one parent, children in their order, no slot held, resumed where they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine, until
from tests.workflows.conftest import SAMPLES, nodes, run
from tests.workflows.frames import quick_drawing
from tests.workflows.rules import find_broken
from workbench import samples
from workbench.errors import AlreadyActive, NotAllowed
from workbench.workflows.agents.run_workflow_supervisor import STEPS

Start = Callable[..., Engine]
AGENT, TASK, SUPERVISOR = "run_episode_creation_agent", "run_episode_creation_scene_task", "run_workflow_supervisor"
PARAMS = {"images": False, "scene_count_hint": 6}


@pytest.fixture
def planned(start: Start, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> tuple[Engine, int, int]:
    """A planned story, of the sample that a test names: engine, project, first episode."""
    quick_drawing(monkeypatch)
    engine = start()
    project = engine.wb.create_project(samples.load(getattr(request, "param", "gift-of-the-magi.en")))
    assert run(engine, "plan_episodes", project).state == "succeeded"
    return engine, project, nodes(engine, project, "episode")[0].id


def family(engine: Engine, job_id: int) -> list[Any]:
    """The jobs below a parent, those of its parents among them too."""
    children = engine.wb.jobs.get_detail(job_id).children
    return [c for child in children for c in (child, *family(engine, child.id))]


@pytest.mark.parametrize("planned", SAMPLES, indirect=True)
def test_the_agent_makes_an_episode_and_a_second_time_nothing(planned: tuple[Engine, int, int]) -> None:
    engine, project, episode = planned
    outline = engine.wb.plans.outline(AGENT, episode, PARAMS)
    assert engine.wb.usage.forecast_errors(since=0) == []
    assert [j.workflow for j in outline.jobs] == [
        "generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script",
    ]  # fmt: skip
    assert [j.state for j in outline.jobs] == ["missing"] * 3
    assert outline.later == 6 * 6
    job = engine.finish(engine.wb.submit(AGENT, episode, PARAMS).id, timeout=120)
    assert job.state == "succeeded", job.error
    below = family(engine, job.id)
    counts = Counter(c.kind for c in below)
    assert counts[TASK] == 6
    assert counts["generate_dialogue"] == counts["generate_sound_design"] == counts["estimate_duration"] == 6
    made = len(below) - counts[TASK]
    assert made == len(outline.jobs) + outline.later == outline.forecast(grow=True).jobs
    # its forecast is kept, and held against what it came to, in scenes' tasks too
    outcome = engine.wb.plans.compare(job.id)
    assert outcome is not None
    expected = outline.forecast(grow=True)
    assert (outcome.expected.jobs, outcome.expected.tokens, outcome.expected.cost) == (
        expected.jobs, expected.tokens, expected.cost,
    )  # fmt: skip
    assert outcome.done == made
    assert outcome.tokens == sum((c.input_tokens or 0) + (c.output_tokens or 0) for c in below)
    assert find_broken(engine.wb, project) == []
    assert "repair" not in {c.purpose for own in below for c in engine.wb.jobs.get_detail(own.id).model_calls}
    errors = {e.workflow: e.runs for e in engine.wb.usage.forecast_errors(since=0)}
    assert errors == {kind: n for kind, n in counts.items() if kind != TASK}
    assert engine.wb.plans.price(AGENT, [episode], PARAMS).jobs == 0  # type: ignore[union-attr]
    # shots are made when all anchors of the scenes before them are there, tasks when all shots are
    ended = max(c.finished_at for c in below if c.kind == "generate_keyframe_prompt")
    assert all(c.started_at >= ended for c in below if c.kind == TASK)
    script = min(c.finished_at for c in below if c.kind == "generate_scene_script")
    assert all(c.started_at >= script for c in below if c.kind == "generate_scene_anchor")

    again = engine.finish(engine.wb.submit(AGENT, episode, PARAMS).id, timeout=120)
    assert again.state == "succeeded"
    assert [c.kind for c in family(engine, again.id)] == [TASK] * 6
    assert len(nodes(engine, project, "scene")) == 6


def test_one_scene_that_fails_stops_no_other_and_a_retry_makes_only_that(planned: tuple[Engine, int, int]) -> None:
    engine, _, episode = planned
    provider: Any = engine.provider  # type: ignore[attr-defined]
    spoiled: list[str] = []

    async def text(request: Any, on_delta: Any, real: Any = provider.text) -> Any:
        told = request.messages[-1].content + request.messages[1].content
        if "one to six lines" in told and (not spoiled or any(s in told for s in spoiled)):
            scene = told.partition('"summary": "')[2].partition('"')[0]
            spoiled.append(scene)
            provider.changes.append(lambda made: "nothing that is JSON")
        return await real(request, on_delta)

    provider.text = text
    job = engine.finish(engine.wb.submit(AGENT, episode, PARAMS).id, timeout=120)
    assert job.state == "partial", job.error
    states = Counter((c.kind, c.state) for c in family(engine, job.id))
    assert states[TASK, "partial"] == 1
    assert states[TASK, "succeeded"] == 5
    assert states["generate_dialogue", "failed"] == 1
    del provider.text
    before = len(provider.requests)
    retried = engine.finish(engine.wb.jobs.retry(job.id).id, timeout=120)
    assert retried.state == "succeeded", retried.error
    # dialogue and the sound that waited for it
    assert len(provider.requests) - before == 2


def test_a_parent_holds_no_slot_and_the_scenes_run_side_by_side(planned: tuple[Engine, int, int]) -> None:
    engine, _, episode = planned
    job = engine.finish(engine.wb.submit(AGENT, episode, PARAMS).id, timeout=120)
    attempts = engine.wb.jobs.get_detail(job.id).attempts
    assert {a.outcome for a in attempts[:-1]} == {"waiting"}
    tasks = [c for c in engine.wb.jobs.get_detail(job.id).children if c.kind == TASK]
    # all were there before the first of them had ended
    assert max(t.created_at for t in map(engine.wb.jobs.get, (t.id for t in tasks))) <= min(
        t.finished_at for t in tasks if t.finished_at
    )


def test_a_conductor_stops_after_its_step_and_goes_on_when_retried(planned: tuple[Engine, int, int]) -> None:
    engine, _, episode = planned
    wb = engine.wb
    job = wb.submit(AGENT, episode, PARAMS)
    engine.worker.run(job.id)
    [first] = wb.jobs.get_detail(job.id).children
    assert first.kind == "generate_episode_core_expression"
    assert wb.jobs.stop_after_step(job.id) == [job.id]
    assert wb.jobs.stop_after_step(first.id) == []
    ended = engine.finish(job.id, timeout=120)
    assert ended.state == "partial"
    assert [c.kind for c in wb.jobs.get_detail(job.id).children] == ["generate_episode_core_expression"]
    left = {f["error"] for f in ended.result["failed"]}
    assert left == {"Not started: stopped after the step before, as asked"}
    assert wb.jobs.stop_after_step(job.id) == []
    retried = engine.finish(wb.jobs.retry(job.id).id, timeout=120)
    assert retried.state == "succeeded", retried.error
    kinds = Counter(c.kind for c in family(engine, retried.id))
    assert len(wb.jobs.list(kind="generate_episode_core_expression")) == 1
    assert kinds[TASK] == 6


def test_a_conductor_that_is_told_to_stop_in_its_last_step_tells_what_came_of_it(
    planned: tuple[Engine, int, int],
) -> None:
    engine, _, episode = planned
    wb = engine.wb
    job = wb.submit(AGENT, episode, PARAMS)

    def tasks() -> list[Any]:
        return [c for c in wb.jobs.get_detail(job.id).children if c.kind == TASK]

    def begun() -> bool:
        for queued in wb.jobs.list(state="queued"):
            if not tasks():
                engine.worker.run(queued.id)
        engine.worker.maintain()
        return bool(tasks())

    until(begun, 120, "the scenes' tasks")
    assert wb.jobs.stop_after_step(job.id) == [job.id]
    ended = engine.finish(job.id, timeout=120)
    # what was asked of the parent was asked of the tasks, too
    assert {t.state for t in tasks()} == {"failed"}
    assert [(f["job_id"], f["state"]) for f in ended.result["failed"]] == [(t.id, "failed") for t in tasks()]


def test_a_batch_that_goes_one_by_one_stops_after_the_one_at_work(planned: tuple[Engine, int, int]) -> None:
    engine, project, _ = planned
    wb = engine.wb
    batch = wb.submit("generate_episode_core_expression_batch", project, {})
    engine.worker.run(batch.id)
    assert len(wb.jobs.get_detail(batch.id).children) == 1
    assert wb.jobs.stop_after_step(batch.id) == [batch.id]
    ended = engine.finish(batch.id, timeout=120)
    assert (ended.state, len(ended.result["succeeded"])) == ("partial", 1)
    assert {f["error"] for f in ended.result["failed"]} == {"Not started: stopped after the step before, as asked"}
    assert len(wb.jobs.list(kind="generate_episode_core_expression")) == 1
    retried = engine.finish(wb.jobs.retry(batch.id).id, timeout=120)
    assert retried.state == "succeeded", retried.error
    made = wb.jobs.list(kind="generate_episode_core_expression")
    assert len(made) == len(nodes(engine, project, "episode"))


def test_a_scene_task_is_never_started_alone(planned: tuple[Engine, int, int]) -> None:
    engine, project, episode = planned
    run(engine, "generate_scene_list", project, {"scene_count_hint": 6})
    scene = nodes(engine, project, "scene")[0].id
    with pytest.raises(NotAllowed, match="part of other jobs"):
        engine.wb.submit(TASK, scene, {})
    assert episode


def test_two_agents_on_one_episode_are_one(planned: tuple[Engine, int, int]) -> None:
    engine, _, episode = planned
    first = engine.wb.submit(AGENT, episode, PARAMS)
    assert engine.wb.submit(AGENT, episode, PARAMS).id == first.id
    with pytest.raises(AlreadyActive):
        engine.wb.submit(AGENT, episode, {**PARAMS, "scene_count_hint": 7})
    assert engine.finish(first.id, timeout=120).state == "succeeded"


def test_a_budget_that_is_used_up_stops_the_agent_and_more_lets_it_go_on(planned: tuple[Engine, int, int]) -> None:
    engine, project, episode = planned
    wb = engine.wb
    engine.provider.free = False  # type: ignore[attr-defined]
    price = {"prices": {"*": {"currency": "USD", "input": 100, "output": 100}}}
    wb.profiles.add("paid", "openai", text_model="m", key="not-a-real-key", params=price)
    wb.budgets.set(100_000, currency="USD", project_id=project)
    job = wb.submit(AGENT, episode, PARAMS, profile="paid")

    def waits() -> bool:
        engine.deliver()
        engine.worker.maintain()
        return any(c.waiting_for == "budget" for c in family(engine, job.id))

    until(waits, 120, "a child that waits for the budget")
    assert wb.jobs.get(job.id).state == "waiting"
    wb.budgets.set(1_000_000_000, currency="USD", project_id=project)
    ended = engine.finish(job.id, timeout=120)
    assert ended.state == "succeeded", ended.error


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_supervisor_makes_what_holds_the_story_together_and_names_what_cannot_begin(
    start: Start, sample: str
) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load(sample))
    outline = engine.wb.plans.outline(SUPERVISOR, project)
    assert outline.jobs[0].workflow == "build_narrative_causal_chain"
    assert {j.workflow for j in outline.jobs} == set(STEPS)
    # without episodes there is no arc; the rest is made
    job = run(engine, SUPERVISOR, project)
    assert job.state == "partial", job.error
    assert [f["error_kind"] for f in job.result["failed"]] == ["guard_unmet"]
    assert "Plan the episodes first" in job.result["failed"][0]["error"]
    assert run(engine, "plan_episodes", project).state == "succeeded"
    again = run(engine, SUPERVISOR, project)
    assert again.state == "succeeded", again.error
    assert [c.kind for c in engine.wb.jobs.get_detail(again.id).children] == ["generate_emotion_arc"]
    assert {s["reason"] for s in again.result["skipped"]} == {"fresh"}
    assert find_broken(engine.wb, project) == []
