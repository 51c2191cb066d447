"""Groups of panels on the real engine: each goes on from the one before, and nothing a person wrote is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, run
from tests.workflows.storyboard.scenes import content, edit, planned, service, stale
from workbench.artifacts.panels import GROUP_KEYS
from workbench.db.schema import artifact
from workbench.errors import GuardUnmet
from workbench.usage import estimates

Start = Callable[..., Engine]
GROUP, GROUPS = "generate_storyboard_group", "generate_storyboard_groups"
KIND = "storyboard_groups"
TRANSLATION = "translate_storyboard_panels"


@pytest.mark.parametrize("sample", SAMPLES)
def test_one_job_writes_81_panels_from_nine_calls_and_each_group_ends_where_the_next_begins(
    start: Start, sample: str
) -> None:
    engine = start()
    scene = planned(engine, sample)
    since = len(service(engine).requests)
    job = run(engine, GROUP, scene)
    assert job.state == "succeeded", job.error
    assert len(service(engine).requests) == since + 9
    groups = content(engine, scene, KIND)["groups"]
    assert [g["group"] for g in groups] == list(GROUP_KEYS)
    assert sum(len(g["panels"]) for g in groups) == 81
    assert all(p["en"] in g["image_prompt"] for g in groups for p in g["panels"])
    assert "Style: " in groups[0]["image_prompt"]
    asked = [r.messages[-1].content for r in service(engine).requests[since:]]
    assert all(json.dumps(g["summary"], ensure_ascii=False) in asked[-1] for g in groups[:-1])
    assert stale(engine, scene) == set()
    # nothing has changed: nothing is asked for again
    assert run(engine, GROUP, scene).state == "succeeded"
    assert len(service(engine).requests) == since + 9


@pytest.mark.parametrize("sample", SAMPLES)
def test_all_groups_run_as_chained_jobs_of_their_own_and_hold_no_worker(start: Start, sample: str) -> None:
    engine = start()
    scene = planned(engine, sample)
    job = run(engine, GROUPS, scene, {"camera_mode": "A"})
    assert job.state == "succeeded", job.error
    children = engine.wb.jobs.list_children(job.id)
    assert [c.params["group_id"] for c in children] == list(GROUP_KEYS)
    assert all(a.finished_at <= b.started_at for a, b in pairwise(children))
    groups = content(engine, scene, KIND)["groups"]
    assert all(p["en"].startswith("[") and p["camera"] is None for g in groups for p in g["panels"])
    again = run(engine, GROUPS, scene, {"camera_mode": "A"})
    assert again.state == "succeeded"
    assert [s["reason"] for s in again.result["skipped"]] == ["fresh"] * 9


def test_all_groups_stop_after_the_one_at_work(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    parent = engine.wb.submit(GROUPS, scene)
    engine.worker.run(parent.id)
    assert engine.wb.jobs.stop_after_step(parent.id) == [parent.id]
    job = engine.finish(parent.id)
    assert (job.state, len(job.result["succeeded"]), len(job.result["failed"])) == ("partial", 1, 8)
    assert {f["error"] for f in job.result["failed"]} == {"Not started: stopped after the step before, as asked"}
    assert [g["group"] for g in content(engine, scene, KIND)["groups"]] == ["KF0"]


def modes(engine: Engine, scene: int) -> str:
    groups = content(engine, scene, KIND)["groups"]
    return "".join("A" if all(p["camera"] is None for p in g["panels"]) else "B" for g in groups)


def test_groups_tell_the_camera_as_their_plan_does_and_keep_to_it(start: Start) -> None:
    engine = start()
    scene = planned(engine, camera_mode="A")
    assert content(engine, scene, "storyboard_plan")["camera_mode"] == "A"
    run(engine, GROUP, scene)
    assert modes(engine, scene) == "A" * 9
    # what is made anew later stays as it is
    edit(engine, scene, lambda plan: plan["groups"][8].update(goal="Della hides the watch."), "storyboard_plan")
    run(engine, GROUPS, scene)
    assert modes(engine, scene) == "A" * 9
    assert stale(engine, scene) == set()
    # a plan that tells it otherwise makes them stale, and they follow it
    edit(engine, scene, lambda plan: plan.update(camera_mode="B"), "storyboard_plan")
    assert stale(engine, scene) == set(GROUP_KEYS)
    run(engine, GROUPS, scene)
    assert modes(engine, scene) == "B" * 9
    assert stale(engine, scene) == set()


def test_a_group_that_was_asked_for_in_a_mode_of_its_own_stays_in_it(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene, {"camera_mode": "A"})
    edit(engine, scene, lambda plan: plan["groups"][8].update(goal="Della hides the watch."), "storyboard_plan")
    since = len(service(engine).requests)
    run(engine, GROUP, scene)
    assert modes(engine, scene) == "A" * 9
    assert len(service(engine).requests) == since + 1
    # asked for as fields of their own
    run(engine, GROUPS, scene, {"camera_mode": "B"})
    assert modes(engine, scene) == "B" * 9


def test_a_plan_of_before_it_told_the_mode_has_groups_with_fields(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    head = engine.wb.artifact(scene, "storyboard_plan")
    assert head is not None
    before = {name: value for name, value in head.content.items() if name != "camera_mode"}
    with engine.wb.database.write() as conn:
        conn.execute(update(artifact).where(artifact.c.id == head.id).values(content=before))
    run(engine, GROUP, scene, {"group_id": "KF0"})
    assert modes(engine, scene) == "B"


def test_a_group_made_anew_makes_the_later_ones_stale_and_leaves_the_earlier_ones(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene)
    before = content(engine, scene, KIND)["groups"]
    edit(engine, scene, lambda plan: plan["groups"][3].update(goal="Della hides the watch."), "storyboard_plan")
    assert stale(engine, scene) == {"KF3"}
    assert run(engine, GROUP, scene, {"group_id": "KF3"}).state == "succeeded"
    assert stale(engine, scene) == set(GROUP_KEYS[4:])
    since = len(service(engine).requests)
    job = run(engine, GROUP, scene)
    assert job.state == "succeeded"
    # groups whose plan entry and beginning are unchanged are kept, and cost nothing
    assert len(service(engine).requests) == since + 5
    after = content(engine, scene, KIND)["groups"]
    assert after[:3] == before[:3]
    assert after[3]["summary"] == "Della hides the watch."
    assert stale(engine, scene) == set()


def test_one_run_makes_anew_what_goes_on_from_a_group_that_it_makes_anew(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene)
    edit(engine, scene, lambda plan: plan["groups"][3].update(goal="Della hides the watch."), "storyboard_plan")
    since = len(service(engine).requests)
    job = run(engine, GROUP, scene)
    assert job.state == "succeeded", job.error
    assert job.result["succeeded"] == [*GROUP_KEYS[3:], *GROUP_KEYS[:3]], "made, then kept"
    assert len(service(engine).requests) == since + 6
    assert stale(engine, scene) == set()


def test_an_update_costs_the_groups_that_it_makes_anew(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimates, "measure", lambda *_: {})
    engine = start()
    scene = planned(engine)

    def price(workflow: str) -> int:
        forecast = engine.wb.plans.price(workflow, [scene])
        assert forecast is not None
        assert forecast.tokens is not None
        return forecast.tokens

    def planned_price(workflow: str) -> int | None:
        [item] = [
            job for job in engine.wb.plans.build(scene, "stale", include=[GROUP]).jobs if job.workflow == workflow
        ]
        return item.tokens

    whole = price(GROUP)
    run(engine, GROUP, scene)
    edit(engine, scene, lambda plan: plan["groups"][6].update(goal="Della hides the watch."), "storyboard_plan")
    # those that go on from it, too
    assert [price(GROUP), price(GROUPS), planned_price(GROUP)] == pytest.approx([whole / 3] * 3, abs=9)

    whole = price(TRANSLATION)
    run(engine, TRANSLATION, scene)
    assert price(TRANSLATION) == whole, "nothing is stale: nobody knows what a run would make"
    edit(engine, scene, lambda content: content["groups"][4]["panels"][0].update(en="The door is shut."))
    assert price(TRANSLATION) == pytest.approx(whole / 9, abs=9)


def test_a_new_plan_keeps_the_groups_whose_entry_is_unchanged(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene)
    # the same plan again is the same entries
    run(engine, "generate_storyboard_plan", scene)
    assert stale(engine, scene) == set()
    edit(engine, scene, lambda plan: plan["groups"][8].update(goal="She sits down."), "storyboard_plan")
    assert stale(engine, scene) == {"KF8"}
    since = len(service(engine).requests)
    run(engine, GROUPS, scene)
    assert len(service(engine).requests) == since + 1


def test_a_group_needs_those_before_it(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    with pytest.raises(GuardUnmet, match="KF0, KF1"):
        engine.wb.submit(GROUP, scene, {"group_id": "KF2"})
    assert run(engine, GROUP, scene, {"group_id": "KF0"}).state == "succeeded"
    assert [g["group"] for g in content(engine, scene, KIND)["groups"]] == ["KF0"]


def test_a_break_of_continuity_reaches_its_own_repair_and_a_fault_of_form_does_not(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    since = len(service(engine).requests)

    def vanish(made: dict[str, Any]) -> None:
        made["end"]["characters"].pop()

    def repeat(made: dict[str, Any]) -> None:
        made["panels"][1]["en"] = made["panels"][0]["en"]

    service(engine).changes = [vanish, lambda made: None, repeat]
    assert run(engine, GROUP, scene, {"group_id": "KF0"}).state == "succeeded"
    repair = service(engine).requests[since + 1].messages[-1].content
    assert "was there when the group began" in repair
    assert "breaks of continuity" in repair
    assert "how this group begins" in repair
    assert run(engine, GROUP, scene, {"group_id": "KF1"}).state == "succeeded"
    repair = service(engine).requests[since + 3].messages[-1].content
    assert "stands here twice" in repair
    assert "breaks of continuity" not in repair


def test_who_leaves_and_what_is_used_up_stays_away_in_every_later_group(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene, {"group_id": "KF0"})

    def leave(groups: dict[str, Any]) -> None:
        first = groups["groups"][0]
        gone = first["end"]["characters"].pop()["name"]
        first["end"]["props"] = [{**p, "holder": ""} for p in first["end"]["props"]]
        for character in first["end"]["characters"]:
            character["hands"] = {"left": "", "right": ""}
        first["exits"] = [{"name": gone, "way": "left", "panel": 9}]

    edit(engine, scene, leave)
    gone = content(engine, scene, KIND)["groups"][0]["exits"][0]["name"]
    since = len(service(engine).requests)

    def come_back(made: dict[str, Any]) -> None:
        made["panels"][4]["people"] = [gone]

    service(engine).changes = [come_back]
    assert run(engine, GROUP, scene, {"group_id": "KF1"}).state == "succeeded"
    assert f"{gone} has left in an earlier group" in service(engine).requests[since + 1].messages[-1].content
    group = content(engine, scene, KIND)["groups"][1]
    assert gone not in {c["name"] for c in group["end"]["characters"]}


def test_the_sketch_shows_no_thing_of_the_set_that_is_used_up(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene, {"group_id": "KF0"})
    things = ["the red lantern", *content(engine, scene, "scene_anchor")["anchors"]["en"][1:]]
    edit(engine, scene, lambda made: made["anchors"].update(en=things), "scene_anchor")
    used_up = {"name": "red lantern", "way": "consumed", "panel": 9}
    edit(engine, scene, lambda made: made["groups"][0].update(exits=[used_up]))
    since = len(service(engine).requests)

    assert run(engine, GROUP, scene).state == "succeeded"

    # none was sent back
    assert len(service(engine).requests) == since + 8
    later = content(engine, scene, KIND)["groups"][1:]
    assert not any("lantern" in panel["en"] for group in later for panel in group["panels"])


def test_what_cannot_be_made_ends_the_run_there_and_the_groups_before_it_stay(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    numbers = iter(range(99))

    def break_third(made: dict[str, Any]) -> None:
        for panel in made["panels"]:
            panel["people"] = [f"Guest {next(numbers)}"]

    service(engine).changes = [lambda made: None, lambda made: None, *[break_third] * 4]
    since = len(service(engine).requests)
    job = run(engine, GROUP, scene)
    assert job.state == "partial"
    # two groups, then one and its three repairs; nothing behind it was paid for
    assert len(service(engine).requests) == since + 6
    assert job.result["succeeded"] == ["KF0", "KF1"]
    assert [f["item"] for f in job.result["failed"]] == list(GROUP_KEYS[2:])
    assert "Guest" in job.result["failed"][0]["error"]
    assert [g["group"] for g in content(engine, scene, KIND)["groups"]] == ["KF0", "KF1"]
    [act] = engine.wb.jobs.retry_many([job.id])
    service(engine).changes = []
    done = engine.finish(act.new_id, timeout=60)
    assert done.state == "succeeded", done.error
    assert len(service(engine).requests) == since + 6 + 7


def test_an_edited_group_is_kept_until_it_is_asked_for_by_name(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene)
    edit(engine, scene, lambda made: made["groups"][4]["panels"][0].update(en="Della laughs aloud."))
    assert "Della laughs aloud." in content(engine, scene, KIND)["groups"][4]["image_prompt"]
    # a sentence alone changes nothing for the groups behind it
    assert stale(engine, scene) == set()
    edit(engine, scene, lambda plan: plan["groups"][4].update(goal="She laughs."), "storyboard_plan")
    since = len(service(engine).requests)
    run(engine, GROUP, scene)
    assert len(service(engine).requests) == since
    assert stale(engine, scene) == {"KF4"}
    run(engine, GROUPS, scene, {"rewrite": True})
    assert "edited by hand" in service(engine).requests[since].messages[-1].content
    assert "Della laughs aloud." not in content(engine, scene, KIND)["groups"][4]["image_prompt"]


def test_an_edited_groups_bracket_that_is_no_camera_may_stay_when_it_is_written_anew(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene, {"group_id": "KF0"})
    edit(engine, scene, lambda made: made["groups"][0]["panels"][0].update(en="[Flashback] Della laughs aloud."))

    def begin(words: str) -> Callable[[dict[str, Any]], None]:
        return lambda made: made["panels"][0].update(en=f"{words} Della laughs aloud.")

    since = len(service(engine).requests)
    service(engine).changes = [begin("[MS, low]"), begin("[Flashback]")]
    assert run(engine, GROUP, scene, {"group_id": "KF0", "rewrite": True}).state == "succeeded"
    assert len(service(engine).requests) == since + 2
    assert "leave [MS, low] out" in service(engine).requests[-1].messages[-1].content
    assert content(engine, scene, KIND)["groups"][0]["panels"][0]["en"].startswith("[Flashback]")


def test_an_edit_in_one_group_leaves_the_staleness_of_the_others(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene)
    edit(engine, scene, lambda plan: plan["groups"][6].update(goal="They wait."), "storyboard_plan")
    edit(engine, scene, lambda made: made["groups"][1]["panels"][2].update(en="A moth at the lamp."))
    assert stale(engine, scene) == {"KF6"}
    edit(engine, scene, lambda made: made["groups"][1].update(summary="A moth."))
    assert stale(engine, scene) == set(GROUP_KEYS[2:])


def test_what_a_person_edits_while_groups_are_made_stays(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    run(engine, GROUP, scene)
    edit(engine, scene, lambda plan: [g.update(goal=f"{g['goal']} Slowly.") for g in plan["groups"]], "storyboard_plan")

    def meanwhile(made: dict[str, Any]) -> None:
        for number, text in ((0, "Dust in the light."), (2, "A moth.")):
            edit(engine, scene, lambda groups, n=number, t=text: groups["groups"][n]["panels"][0].update(en=t))

    service(engine).changes = [meanwhile]
    job = run(engine, GROUP, scene, {"group_id": "KF2"})
    assert job.state == "succeeded", job.error
    groups = content(engine, scene, KIND)["groups"]
    assert [groups[n]["panels"][0]["en"] for n in (0, 2)] == ["Dust in the light.", "A moth."]
    head = engine.wb.artifact(scene, KIND)
    assert head is not None
    assert [w["params"] for w in head.warnings or []] == [{"key": "KF2"}]
