"""The long storyboard's bible and plan: what a model gets wrong is sent back by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, Change, run
from tests.workflows.storyboard.scenes import content, ready, service
from workbench.errors import GuardUnmet

Start = Callable[..., Engine]
BIBLE, PLAN = "generate_storyboard_scene_bible", "generate_storyboard_plan"


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_offline_bible_and_plan_hold_for_each_sample(start: Start, sample: str) -> None:
    engine = start()
    scene = ready(engine, sample)
    for kind in (BIBLE, PLAN):
        job = run(engine, kind, scene)
        assert job.state == "succeeded", job.error
    bible, plan = content(engine, scene, "storyboard_bible"), content(engine, scene, "storyboard_plan")
    groups = plan["groups"]
    assert [(g["first_shot"], g["last_shot"]) for g in groups] == [(9 * n + 1, 9 * n + 9) for n in range(9)]
    assert {b for g in groups for b in g["beats"]} == set(range(1, len(bible["must_happen_beats"]) + 1))
    assert all(after["start"] == before["end"] for before, after in pairwise(groups))
    assert len({g["goal"] for g in groups}) == 9


def rename(made: dict[str, Any]) -> None:
    made["characters"][0]["name"] = "Nobody Known"


def drop_somebody(made: dict[str, Any]) -> None:
    made["characters"].pop()


def tell_looks(made: dict[str, Any]) -> None:
    made["characters"][0]["identity"] = "A wife with brown hair that falls below her knees"


def no_beat(made: dict[str, Any]) -> None:
    made["must_happen_beats"] = []


def thing_twice(made: dict[str, Any]) -> None:
    made["props_list"] = ["the watch", "Watch"]


def beat_twice(made: dict[str, Any]) -> None:
    made["must_happen_beats"] = ["She leaves", "she leaves "]


def hint_of_looks(made: dict[str, Any]) -> str:
    return "Here is the bible:\n```json\n" + json.dumps({**made, "looks": "tall"}) + "\n```"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (rename, "Nobody Known is not in this scene's cast"),
        (drop_somebody, "these people of the scene are missing: Jim"),
        (tell_looks, "tells how somebody looks"),
        (no_beat, "must_happen_beats"),
        (thing_twice, "stands here twice"),
        (beat_twice, "must_happen_beats.1"),
        (hint_of_looks, "looks: Extra inputs"),
    ],
)
def test_a_bad_bible_is_repaired_with_its_issues_named(start: Start, change: Change, named: str) -> None:
    engine = start()
    scene = ready(engine)
    della = next(
        n for n in engine.wb.projects.tree(engine.wb.projects.get_node(scene).project_id).nodes if n.title == "Della"
    )
    head = engine.wb.artifact(della.id, "character")
    assert head is not None
    looks = {**head.content, "appearance": "Slight, brown hair that falls below her knees, an old brown jacket"}
    engine.wb.artifacts.save(della.id, "character", looks, head.version)
    since = len(service(engine).requests)
    service(engine).changes = [change]
    job = run(engine, BIBLE, scene)
    assert job.state == "succeeded", job.error
    assert named in service(engine).requests[since + 1].messages[-1].content
    assert len(service(engine).requests) == since + 2


def beat_nowhere(made: dict[str, Any]) -> None:
    for group in made["groups"]:
        group["beats"] = [b for b in group["beats"] if b != 1]


def unknown_beat(made: dict[str, Any]) -> None:
    made["groups"][4]["beats"].append(18)


def wrong_range(made: dict[str, Any]) -> None:
    made["groups"][3]["last_shot"] = 35


def eight_groups(made: dict[str, Any]) -> None:
    made["groups"].pop()


def stranger(made: dict[str, Any]) -> None:
    made["groups"][8]["end"]["characters"][0]["name"] = "Madame Sofronie"


def jump(made: dict[str, Any]) -> None:
    made["groups"][5]["start"]["characters"][0]["stance"] = "lying"


def vanish(made: dict[str, Any]) -> None:
    made["groups"][2]["start"]["characters"].pop()


def unknown_thing(made: dict[str, Any]) -> None:
    made["groups"][8]["end"]["props"].append({"name": "a sword", "state": "drawn", "holder": ""})


def held_by_nobody(made: dict[str, Any]) -> None:
    made["groups"][8]["end"]["characters"][0]["hands"]["left"] = "a sword"


def same_goal(made: dict[str, Any]) -> None:
    made["groups"][1]["goal"] = made["groups"][0]["goal"].upper()


def wrong_stance(made: dict[str, Any]) -> None:
    made["groups"][0]["start"]["characters"][0]["stance"] = "flying"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (beat_nowhere, "beat 1 "),
        (unknown_beat, "groups.4.beats: there is no beat 18"),
        (wrong_range, "KF3 holds shots 28–36"),
        (eight_groups, "groups"),
        (stranger, "groups.8.end.characters: Madame Sofronie"),
        (jump, ".stance: jumps"),
        (vanish, "groups.2.start.characters: must begin with what the group before ended with"),
        (unknown_thing, "“a sword” is none of the bible's things"),
        (held_by_nobody, "“a sword” is in a hand"),
        (same_goal, "groups.1: “"),
        (wrong_stance, "groups.0.start.characters.0.stance"),
    ],
)
def test_a_bad_plan_is_repaired_with_its_issues_named(start: Start, change: Change, named: str) -> None:
    engine = start()
    scene = ready(engine)
    run(engine, BIBLE, scene)
    since = len(service(engine).requests)
    service(engine).changes = [change]
    job = run(engine, PLAN, scene)
    assert job.state == "succeeded", job.error
    assert named in service(engine).requests[since + 1].messages[-1].content


def test_a_plan_needs_its_bible_and_an_empty_scene_gets_one_without_people(start: Start) -> None:
    engine = start()
    scene = ready(engine)
    with pytest.raises(GuardUnmet, match="storyboard bible"):
        engine.wb.submit(PLAN, scene)
    node = engine.wb.projects.get_node(scene)
    assert node.parent_id is not None
    listed = engine.wb.artifact(node.parent_id, "scene_list")
    assert listed is not None
    scenes = [{**s, "cast": [] if s["order"] == node.position else s["cast"]} for s in listed.content["scenes"]]
    engine.wb.artifacts.save(node.parent_id, "scene_list", {"scenes": scenes}, listed.version)
    for kind in (BIBLE, PLAN):
        assert run(engine, kind, scene).state == "succeeded"
    assert content(engine, scene, "storyboard_bible")["characters"] == []


def test_a_plan_that_stays_wrong_ends_cleanly_with_its_last_answer(start: Start) -> None:
    engine = start()
    scene = ready(engine)
    run(engine, BIBLE, scene)
    since = len(service(engine).requests)
    numbers = iter(range(9))

    def another_stranger(made: dict[str, Any]) -> None:
        made["groups"][8]["end"]["characters"][0]["name"] = f"Guest {next(numbers)}"

    service(engine).changes = [another_stranger] * 9
    job = run(engine, PLAN, scene)
    assert (job.state, job.error_kind) == ("failed", "invalid_output")
    assert len(service(engine).requests) == since + 4
    assert engine.wb.artifact(scene, "storyboard_plan") is None
