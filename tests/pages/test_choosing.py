"""A plan covers every workflow; the creator unticks what it need not run."""

from __future__ import annotations

from typing import Any

from tests.pages.conftest import House
from tests.story_nodes import set_archived
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
    boxes = {box.key.rpartition("_missing_")[2]: box for box in at.checkbox if str(box.key).startswith("choose_dialog")}
    assert set(boxes) == {"generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script"}
    assert all(box.value for box in boxes.values())

    boxes["generate_scene_script"].uncheck().run()
    at.button(key=f"launch_plan_dialog_{episode.id}_missing").click().run()
    job = house.end(plan_of(house).id)
    assert job.state == "succeeded"
    assert {name for name, _ in job.params["jobs"]} == set(boxes) - {"generate_scene_script"}
    assert house.wb.artifact(episode.id, "scene_script") is None


def test_every_workflow_comes_ticked_with_its_price_beside_the_button(house: House) -> None:
    project, _ = house.planned()
    offered = {w.name for w in house.wb.plans.list_by_hand()}
    assert {"build_narrative_causal_chain", "generate_emotion_arc", "generate_character_sheet"} <= offered
    whole = house.wb.plans.build(project, include=sorted(offered))
    assert not {j.workflow for j in whole.jobs} & {"plan_episodes", "summarize_source"}  # one is fresh, one has no use

    at = dialog(house, project, project, "run_below")
    for where in ("dialog", "card"):
        boxes = {b.key.rpartition("_missing_")[2]: b for b in at.checkbox if str(b.key).startswith(f"choose_{where}")}
        assert set(boxes) == {j.workflow for j in whole.jobs}
        assert all(box.value for box in boxes.values())
        label = at.button(key=f"launch_plan_{where}_{project}_missing").label
        assert label == f"Launch {len(whole.jobs)} jobs, free"

    for name in set(boxes) - {"generate_emotion_arc"}:
        at.checkbox(key=f"choose_dialog_{project}_missing_{name}").uncheck()
    at.run()
    assert at.button(key=f"launch_plan_dialog_{project}_missing").label == "Launch 1 job, free"
    at.button(key=f"launch_plan_dialog_{project}_missing").click().run()
    job = house.end(plan_of(house).id)
    assert job.params["jobs"] == [["generate_emotion_arc", project]]
    assert house.wb.artifact(project, "emotion_arc") is not None


def test_what_comes_with_new_scenes_is_ticked_too_and_goes_on_into_them(house: House) -> None:
    project, (episode, *_) = house.planned()
    at = dialog(house, project, episode.id, "run_below")
    clips = f"choose_dialog_{episode.id}_missing_generate_scene_video"
    assert clips not in {b.key for b in at.checkbox}
    at.checkbox(key=f"plan_grow_dialog_{episode.id}").check().run()
    assert at.checkbox(key=clips).value
    assert "≈ 12" in at.checkbox(key=clips).label

    at.checkbox(key=clips).uncheck().run()
    at.button(key=f"launch_plan_dialog_{episode.id}_missing").click().run()
    params = plan_of(house).params
    assert {"generate_storyboard_group", "rank_keyframe_candidates"} <= set(params["include"])
    assert "generate_scene_video" not in params["include"]


def test_what_the_projects_profile_names_no_model_for_comes_unticked(house: House) -> None:
    house.wb.profiles.add("Text alone", "openai", base_url="http://127.0.0.1:9/v1", text_model="m", key="k" * 20)
    project, _ = house.planned()
    house.wb.projects.set_profile(project, "Text alone")
    at = dialog(house, project, project, "run_below")
    ticks = {b.key.rpartition("_missing_")[2]: b.value for b in at.checkbox if str(b.key).startswith("choose_dialog")}
    assert {name for name, ticked in ticks.items() if not ticked} == {"generate_character_sheet"}
    at.button(key=f"choose_all_dialog_{project}_missing").click().run()
    assert not at.checkbox(key=f"choose_dialog_{project}_missing_generate_character_sheet").value


def test_one_click_leaves_what_leads_to_frames_another_ticks_all_and_another_none(house: House) -> None:
    project, _ = house.planned()
    at = dialog(house, project, project, "run_below")

    def ticked() -> set[bool]:
        return {bool(box.value) for box in at.checkbox if str(box.key).startswith("choose_dialog")}

    at.button(key=f"choose_frames_dialog_{project}_missing").click().run()
    assert ticked() == {True, False}
    beside = {w.name for w in house.wb.plans.list_by_hand()}
    for box in [b for b in at.checkbox if str(b.key).startswith("choose_dialog")]:
        assert box.value is (str(box.key).rpartition("_missing_")[2] not in beside)
    at.button(key=f"choose_all_dialog_{project}_missing").click().run()
    assert ticked() == {True}
    at.button(key=f"choose_none_dialog_{project}_missing").click().run()
    assert ticked() == {False}
    assert not [b for b in at.button if str(b.key).startswith("launch_plan_dialog")]


def test_where_nothing_is_ticked_the_ticks_are_open(house: House) -> None:
    project, _ = house.planned()
    at = dialog(house, project, project, "run_below")
    at.button(key=f"choose_none_dialog_{project}_missing").click().run()
    assert any("Nothing is ticked." in m.value for m in at.markdown)
    opened = [e.proto.expanded for e in at.expander if e.label.startswith("What to run: 0 of ")]
    assert opened == [True]


def test_a_plan_of_every_workflow_makes_each_and_keeps_their_order(house: House) -> None:
    project, (_, *rest) = house.planned()
    for other in rest:
        set_archived(house.wb, other.id, True)
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
