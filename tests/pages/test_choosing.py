"""The creator unticks what a plan need not run, and ticks what is else started by hand alone."""

from __future__ import annotations

from typing import Any

from tests.pages.conftest import House
from workbench.db.rows.jobs import Job


def plan_of(house: House) -> Job:
    return next(job for job in house.wb.jobs.list() if job.kind == "run_plan")


def dialog(house: House, project: int, node: int, key: str) -> Any:
    at = house.page("studio", project=project, node=node)
    at.button(key=key).click().run()
    return at


def test_what_is_unticked_is_not_run_and_what_is_ticked_is(house: House) -> None:
    project, (episode, *_) = house.planned()
    at = dialog(house, project, episode.id, "run_below")
    boxes = {box.key.rpartition("_missing_")[2]: box for box in at.checkbox if str(box.key).startswith("choose_")}
    assert set(boxes) == {"generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script"}
    assert all(box.value for box in boxes.values())

    boxes["generate_scene_script"].uncheck().run()
    at.button(key=f"launch_plan_dialog_{episode.id}_missing").click().run()
    job = house.end(plan_of(house).id)
    assert job.state == "succeeded"
    assert {name for name, _ in job.params["jobs"]} == set(boxes) - {"generate_scene_script"}
    assert house.wb.artifact(episode.id, "scene_script") is None


def test_workflows_that_are_started_by_hand_wait_for_a_tick(house: House) -> None:
    project, _ = house.planned()
    offered = {w.name for w in house.wb.plans.list_by_hand()}
    assert {"build_narrative_causal_chain", "generate_emotion_arc", "generate_character_sheet"} <= offered
    assert not offered & {j.workflow for j in house.wb.plans.build(project).jobs}

    at = dialog(house, project, project, "run_below")
    box = at.checkbox(key=f"choose_dialog_{project}_missing_generate_emotion_arc")
    assert not box.value
    for other in [b for b in at.checkbox if str(b.key).startswith("choose_") and b.value]:
        at.checkbox(key=other.key).uncheck()
    box.check().run()
    at.button(key=f"launch_plan_dialog_{project}_missing").click().run()
    job = house.end(plan_of(house).id)
    assert job.params["jobs"] == [["generate_emotion_arc", project]]
    assert house.wb.artifact(project, "emotion_arc") is not None


def test_one_click_ticks_all_of_them_and_another_none(house: House) -> None:
    project, _ = house.planned()
    at = dialog(house, project, project, "run_below")

    def ticked() -> set[bool]:
        return {bool(box.value) for box in at.checkbox if str(box.key).startswith("choose_")}

    assert ticked() == {True, False}
    at.button(key=f"choose_all_dialog_{project}_missing").click().run()
    assert ticked() == {True}
    at.button(key=f"choose_none_dialog_{project}_missing").click().run()
    assert ticked() == {False}
    assert not [b for b in at.button if str(b.key).startswith("launch_plan_dialog")]


def test_where_only_what_waits_for_a_tick_is_left_the_ticks_are_open(house: House) -> None:
    project, (first, *rest) = house.planned()
    for other in (first, *rest):
        house.wb.projects.archive(other.id)
    at = dialog(house, project, project, "run_below")
    assert any("Tick what else to make" in m.value for m in at.markdown)
    [opened] = [e for e in at.expander if e.label.startswith("What to run")]
    assert opened.proto.expanded


def test_a_plan_of_every_workflow_makes_each_and_keeps_their_order(house: House) -> None:
    project, (_, *rest) = house.planned()
    for other in rest:
        house.wb.projects.archive(other.id)
    every = [
        w.name for w in house.wb.plans.list_by_hand() if w.name not in ("summarize_source", "generate_scene_video")
    ]
    plan = house.wb.plans.build(project, include=every)
    assert {j.workflow for j in plan.jobs if j.node.kind == "project"} >= {
        "build_narrative_causal_chain", "generate_emotion_arc", "generate_character_relationships",
    }  # fmt: skip
    assert {j.node.kind for j in plan.jobs if j.workflow == "generate_character_sheet"} == {"character"}
    at = {(j.workflow, j.node.id): n for n, j in enumerate(plan.jobs)}
    assert all(i < n for n, j in enumerate(plan.jobs) for i in j.after)
    assert at["build_narrative_causal_chain", project] < at["generate_emotion_arc", project]


def test_update_what_is_stale_takes_in_what_was_made_by_hand(house: House) -> None:
    project, _ = house.planned()
    assert house.run("generate_emotion_arc", project).state == "succeeded"
    brief = house.wb.artifact(project, "brief")
    assert brief is not None
    summary = brief.content["summary"] + " And then it snowed."
    house.wb.artifacts.save(project, "brief", {**brief.content, "summary": summary}, brief.version)

    at = dialog(house, project, project, "update_stale")
    assert at.checkbox(key=f"choose_dialog_{project}_stale_generate_emotion_arc").value
    at.button(key=f"launch_plan_dialog_{project}_stale").click().run()
    assert {name for name, _ in house.end(plan_of(house).id).params["jobs"]} == {
        "plan_episodes",
        "generate_emotion_arc",
    }
    tree = {a.kind: a.stale for a in house.wb.projects.tree(project).nodes[0].artifacts}
    assert not tree["emotion_arc"]
