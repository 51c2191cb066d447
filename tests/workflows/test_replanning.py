"""A model's new plan that would archive what is made waits to be looked at; through the real engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from workbench import samples

CORE = "generate_episode_core_expression"
PLAN = "plan_episodes"


def tell_another_story(answer: dict[str, Any]) -> None:
    """The last episode becomes another one, the others stay."""
    answer["episodes"][-1] |= {
        "title": "Under the ice", "logline": "Divers search for a sunken bell below the frozen lake",
        "beats": ["The hole in the ice", "The rope tears"], "scene_scope": "A lake in winter",
    }  # fmt: skip


def test_a_new_plan_waits_when_it_would_archive_work_and_the_archived_come_back(
    start: Callable[..., Engine],
) -> None:
    engine = start(lambda a: None, lambda a: None, tell_another_story, tell_another_story)
    wb = engine.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    assert run(engine, PLAN, project).result.get("held") is None
    last = nodes(engine, project, "episode")[-1].id
    assert run(engine, CORE, last).state == "succeeded"

    job = run(engine, PLAN, project)
    assert (job.state, job.result["version"], job.result["held"]) == ("succeeded", 2, True)
    assert wb.artifact(project, "episode_plan").version == 1
    assert last in {n.id for n in nodes(engine, project, "episode")}
    assert any("would archive" in e.message for e in wb.jobs.get_detail(job.id).events)
    seen = wb.artifacts.preview(project, "episode_plan", version=2)
    assert [n.node_id for n in seen.archive] == [last]

    wb.artifacts.pin(project, "episode_plan", None)
    titles = [n.title for n in nodes(engine, project, "episode")]
    assert titles[-1] == "Under the ice"
    undo = wb.artifacts.last_replan(project, "episode_plan")
    assert [n.node_id for n in undo.archived] == [last]
    wb.artifacts.restore(project, "episode_plan", undo.version)
    assert nodes(engine, project, "episode")[-1].id == last
    assert wb.artifact(last, "core_expression") is not None

    # who does not want to look gets it at once
    assert run(engine, PLAN, project, {"review": False}).result.get("held") is None
    assert last not in {n.id for n in nodes(engine, project, "episode")}


def test_what_hangs_on_a_waiting_plan_is_not_begun_and_says_so(start: Callable[..., Engine]) -> None:
    engine = start(lambda a: None, lambda a: None, tell_another_story)
    wb = engine.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    run(engine, PLAN, project)
    last = nodes(engine, project, "episode")[-1].id
    run(engine, CORE, last)
    brief = wb.artifact(project, "brief")
    wb.artifacts.save(project, "brief", {**brief.content, "genre": "Ghost story"}, brief.version)
    parent = engine.finish(wb.plans.run(project, "stale", grow=True).id)
    assert parent.state == "partial"
    assert [i["node_id"] for i in parent.result["succeeded"]] == [project]
    (left,) = parent.result["failed"]
    assert (left["node_id"], left["state"]) == (last, "not_started")
    assert "Episode plan” waits to be taken over" in left["error"]
    assert wb.artifact(last, "core_expression").version == 1


def test_who_does_not_want_to_look_has_a_plan_run_through(start: Callable[..., Engine]) -> None:
    engine = start(lambda a: None, lambda a: None, tell_another_story)
    wb = engine.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    run(engine, PLAN, project)
    last = nodes(engine, project, "episode")[-1].id
    run(engine, CORE, last)
    brief = wb.artifact(project, "brief")
    wb.artifacts.save(project, "brief", {**brief.content, "genre": "Ghost story"}, brief.version)
    parent = engine.finish(wb.plans.run(project, "stale", review=False).id)
    assert parent.state == "succeeded", parent.result
    assert nodes(engine, project, "episode")[-1].title == "Under the ice"
    assert last not in {n.id for n in nodes(engine, project, "episode")}
