"""Shots and motion on the real engine: what a model gets wrong is sent back by name, and nothing is paid for twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import Change, Editing, nodes, run
from workbench import samples
from workbench.errors import GuardUnmet, ProviderError
from workbench.i18n import Text
from workbench.providers.base import TextReply

Start = Callable[..., Engine]
SAMPLE = "gift-of-the-magi.en"


def listed(engine: Engine, **changed: Any) -> tuple[int, int, list[dict[str, Any]]]:
    """(project, first episode, its scenes), planned as far as its scene list."""
    project = engine.wb.create_project({**samples.load(SAMPLE), **changed})
    run(engine, "plan_episodes", project)
    episode = nodes(engine, project, "episode")[0].id
    run(engine, "generate_episode_core_expression", episode)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6})
    return project, episode, sorted(nodes(engine, project, "scene"), key=lambda n: n["position"])


def staged(engine: Engine, *, shots: bool = False) -> int:
    """A scene of two people with its anchor, and with its shots where asked for."""
    _project, episode, scenes = listed(engine)
    outlines = content(engine, episode, "scene_list")["scenes"]
    scene: int = next(s["id"] for s in scenes if len(outlines[s["position"] - 1]["cast"]) == 2)
    run(engine, "generate_scene_anchor", scene)
    if shots:
        run(engine, "generate_keyframe_prompt", scene)
    return scene


def content(engine: Engine, node: int, kind: str) -> dict[str, Any]:
    head = engine.wb.artifact(node, kind)
    assert head is not None, kind
    made: dict[str, Any] = head.content
    return made


def service(engine: Engine) -> Editing:
    found: Editing = engine.provider  # type: ignore[attr-defined]
    return found


def asked_for(engine: Engine, since: int = 0) -> Counter[str]:
    """How many requests there were for each kind of answer."""
    return Counter(r.schema_name for r in service(engine).requests[since:])


def only(*wanted: str, change: Change) -> Change:
    """Change only answers that have all these fields."""
    return lambda made: change(made) if all(key in made for key in wanted) else None


def overloaded(_made: dict[str, Any]) -> None:
    raise ProviderError("overloaded", Text("busy"), http_status=503)


# --- one beat --------------------------------------------------------------------------------------------------


def another_lens(made: dict[str, Any]) -> None:
    made["camera"]["lens"] = "a fisheye"


def stands_elsewhere(made: dict[str, Any]) -> None:
    taken = made["start"]["subjects"][0]["position"]
    made["start"]["subjects"][0]["position"] = "far_left" if taken != "far_left" else "far_right"


def wrong_face(made: dict[str, Any]) -> None:
    made["mid"]["subjects"][0]["expression"] = "smug"


def no_end(made: dict[str, Any]) -> None:
    del made["end"]


def thirteen_anchors(made: dict[str, Any]) -> None:
    made["mid"]["anchors"] = [f"thing {n}" for n in range(13)]


def another_shape(made: dict[str, Any]) -> None:
    made["camera"]["aspect"] = "1:1"


def still_life(made: dict[str, Any]) -> None:
    made["mid"] = json.loads(json.dumps(made["start"]))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (another_lens, "camera.lens: jumps"),
        (stands_elsewhere, ".position: jumps"),
        (wrong_face, "mid.subjects.0.expression"),
        (no_end, "end: Field required"),
        (thirteen_anchors, "mid.anchors"),
        (another_shape, "camera.aspect: is 1:1"),
        (still_life, "start→mid: too little changes (0 of at least 3)"),
    ],
)
def test_a_bad_beat_is_repaired_alone_with_its_issues_named(start: Start, change: Change, named: str) -> None:
    engine = start()
    scene = staged(engine)
    since = len(service(engine).requests)
    # plan and first beat as they are
    service(engine).changes = [lambda _made: None, lambda _made: None, change]
    job = run(engine, "generate_keyframe_prompt", scene)
    assert job.state == "succeeded", job.error
    assert asked_for(engine, since) == {"ActionPlan": 1, "KeyframeGroup": 4}
    repair = service(engine).requests[since + 3]
    assert named in repair.messages[-1].content
    assert json.loads(repair.messages[-2].content)["camera"]
    assert content(engine, scene, "keyframe_prompt")["made_by"] == "beats"


def test_a_beat_that_stays_wrong_ends_after_three_repairs_in_the_direct_plan(start: Start) -> None:
    engine = start()
    scene = staged(engine)
    since = len(service(engine).requests)
    lenses = iter(range(99))

    def ever_another_lens(made: dict[str, Any]) -> None:
        made["camera"]["lens"] = f"lens {next(lenses)}"

    service(engine).changes = [only("camera", "mid", change=ever_another_lens)] * 40
    job = run(engine, "generate_keyframe_prompt", scene)
    assert job.state == "succeeded", job.error
    assert asked_for(engine, since) == {"ActionPlan": 1, "KeyframeGroup": 5, "DirectPlan": 1}
    head = engine.wb.artifact(scene, "keyframe_prompt")
    assert head is not None
    assert head.content["made_by"] == "direct"
    assert "beats could not be made valid" in str(head.warnings[0])


def test_a_shape_that_stays_wrong_leads_to_the_direct_plan_too(start: Start) -> None:
    engine = start()
    scene = staged(engine)
    since = len(service(engine).requests)
    service(engine).changes = [only("beats", change=lambda made: {"beats": made["beats"][:1]})] * 40
    assert run(engine, "generate_keyframe_prompt", scene).state == "succeeded"
    assert asked_for(engine, since) == {"ActionPlan": 2, "DirectPlan": 1}
    assert content(engine, scene, "keyframe_prompt")["made_by"] == "direct"


def test_after_a_failure_the_fallback_goes_on_and_the_beats_are_not_paid_again(start: Start) -> None:
    engine = start()
    scene = staged(engine)
    since = len(service(engine).requests)

    def wrong_aspect(made: dict[str, Any]) -> None:
        made["camera"]["aspect"] = "1:1"

    keep: list[Change] = [lambda _made: None] * 2
    service(engine).changes = [*keep, wrong_aspect, wrong_aspect, overloaded]
    job = run(engine, "generate_keyframe_prompt", scene)
    assert (job.state, job.failures) == ("succeeded", 1)
    # the second run reads the stored plan, the first beat and both answers to the second
    assert asked_for(engine, since) == {"ActionPlan": 1, "KeyframeGroup": 3, "DirectPlan": 2}
    assert content(engine, scene, "keyframe_prompt")["made_by"] == "direct"


def test_a_service_that_fails_in_the_middle_goes_on_with_the_beat_that_is_missing(start: Start) -> None:
    engine = start()
    scene = staged(engine)
    since = len(service(engine).requests)
    service(engine).changes = [lambda _made: None, lambda _made: None, overloaded]
    job = run(engine, "generate_keyframe_prompt", scene)
    assert (job.state, job.failures) == ("succeeded", 1)
    assert asked_for(engine, since) == {"ActionPlan": 1, "KeyframeGroup": 4}
    assert content(engine, scene, "keyframe_prompt")["made_by"] == "beats"


def test_an_answer_cut_off_is_no_reason_for_the_fallback(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = start()
    scene = staged(engine)
    since = len(service(engine).requests)
    whole = Editing.text

    async def cut_off(self: Editing, *args: Any) -> TextReply:
        return replace(await whole(self, *args), finish_reason="length")

    monkeypatch.setattr(Editing, "text", cut_off)
    job = run(engine, "generate_keyframe_prompt", scene)
    assert (job.state, job.error_kind) == ("failed", "truncated_output")
    assert asked_for(engine, since)["DirectPlan"] == 0
    assert engine.wb.artifact(scene, "keyframe_prompt") is None


# --- who and where ---------------------------------------------------------------------------------------------


def test_an_alias_is_saved_as_the_character(start: Start) -> None:
    engine = start()
    brief = samples.load(SAMPLE)
    people = [{**c, "aliases": ["Mrs Young"] if c["name"] == "Della" else []} for c in brief["characters"]]
    _project, episode, scenes = listed(engine, characters=people)
    outlines = content(engine, episode, "scene_list")["scenes"]
    scene = next(s["id"] for s in scenes if "Della" in outlines[s["position"] - 1]["cast"])
    run(engine, "generate_scene_anchor", scene)

    def renamed(made: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(json.dumps(made).replace('"name": "Della"', '"name": "mrs  young"'))
        return told

    service(engine).changes = [renamed] * 4
    job = run(engine, "generate_keyframe_prompt", scene)
    assert job.state == "succeeded", job.error
    made = content(engine, scene, "keyframe_prompt")
    assert "Della" in {s["name"] for shot in made["shots"] for s in shot["subjects"]}
    assert "Della" in {s["name"] for beat in made["beats"] for s in beat["end"]}
    assert "mrs  young" not in json.dumps(made)


def test_a_shot_says_how_those_in_it_look(start: Start) -> None:
    engine = start()
    brief = samples.load(SAMPLE)
    told = {"description": "a wife", "appearance": "brown hair\nto her knees, an old brown jacket"}
    people = [{**c, **told} if c["name"] == "Della" else c for c in brief["characters"]]
    _project, episode, scenes = listed(engine, characters=people)
    outlines = content(engine, episode, "scene_list")["scenes"]
    scene = next(s["id"] for s in scenes if "Della" in outlines[s["position"] - 1]["cast"])
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
        run(engine, kind, scene)
    for shot in content(engine, scene, "keyframe_prompt")["shots"]:
        there = "Della" in [s["name"] for s in shot["subjects"]]
        assert ("Della: brown hair to her knees, an old brown jacket" in shot["visual"]["character"]) is there


def test_a_scene_without_people_is_planned_and_moves(start: Start) -> None:
    engine = start()
    _project, _episode, scenes = listed(engine, characters=[], protagonist="")
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt"):
        job = run(engine, kind, scenes[0]["id"])
        assert job.state == "succeeded", job.error
    made = content(engine, scenes[0]["id"], "keyframe_prompt")
    assert made["made_by"] == "beats"
    assert not any(shot["subjects"] for shot in made["shots"])
    assert content(engine, scenes[0]["id"], "motion_prompt")["changes"]["subject"] == []


@pytest.mark.parametrize("aspect", ["9:16", "21:9"])
def test_every_shot_has_the_shape_of_the_brief(start: Start, aspect: str) -> None:
    engine = start()
    _project, _episode, scenes = listed(engine, aspect_ratio=aspect)
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
        run(engine, kind, scenes[0]["id"])
    shots = content(engine, scenes[0]["id"], "keyframe_prompt")["shots"]
    assert {s["camera"]["aspect"] for s in shots} == {aspect}
    assert [s["camera"]["angle"] for s in shots] == ["eye_level"] * 7 + ["low", "high"]
    assert [s["moment"] for s in shots] == ["start", "mid", "end"] * 3


def test_shots_need_an_anchor_and_motion_needs_both(start: Start) -> None:
    engine = start()
    _project, _episode, scenes = listed(engine)
    with pytest.raises(GuardUnmet) as missing:
        engine.wb.submit("generate_keyframe_prompt", scenes[0]["id"])
    assert [i.path for i in missing.value.unmet] == ["scene_anchor"]
    with pytest.raises(GuardUnmet) as both:
        engine.wb.submit("generate_motion_prompt", scenes[0]["id"])
    assert [i.path for i in both.value.unmet] == ["scene_anchor", "keyframe_prompt"]


# --- motion ----------------------------------------------------------------------------------------------------


def uneven(made: dict[str, Any]) -> None:
    made["beats"][0]["to_s"] = made["beats"][1]["from_s"] = 3


def other_length(made: dict[str, Any]) -> None:
    made["seconds"] = 9


def four_windows(made: dict[str, Any]) -> None:
    made["beats"].append({"from_s": 6, "to_s": 8, "zh": "停", "en": "stop"})


def no_english(made: dict[str, Any]) -> None:
    del made["beats"][1]["en"]


def english_twice(made: dict[str, Any]) -> None:
    made["short"]["zh"] = "she turns"


def nothing_changes(made: dict[str, Any]) -> None:
    made["changes"] = {"subject": [], "camera": [], "environment": []}


def too_long(made: dict[str, Any]) -> None:
    made["short"]["zh"] = "动" * 41


def somebody_else(made: dict[str, Any]) -> None:
    made["changes"]["environment"] = ["Madame Sofronie walks past"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (uneven, "beats.0: runs 0–3 s; this third runs 0–2 s"),
        (other_length, "seconds: is 9.0; the clip has 6.0 s"),
        (four_windows, "beats: List should have at most 3 items"),
        (no_english, "beats.1.en: Field required"),
        (english_twice, "short.zh: must be Chinese"),
        (nothing_changes, "changes: nothing changes"),
        (too_long, "short.zh: String should have at most 40 characters"),
        (somebody_else, "changes.environment.0: Madame Sofronie is not in this scene's cast; only: Della, Jim"),
    ],
)
def test_a_bad_motion_prompt_is_repaired_with_its_issues_named(start: Start, change: Change, named: str) -> None:
    engine = start()
    scene = staged(engine, shots=True)
    since = len(service(engine).requests)
    service(engine).changes = [change]
    job = run(engine, "generate_motion_prompt", scene)
    assert job.state == "succeeded", job.error
    assert asked_for(engine, since) == {"MotionPrompt": 2}
    assert named in service(engine).requests[-1].messages[-1].content
    assert content(engine, scene, "motion_prompt")["seconds"] == 6


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda made: (
            f"Of course! Here it is:\n\n```json\n{json.dumps(made, ensure_ascii=False, indent=2)}\n```\nAnything else?"
        ),
        lambda made: json.dumps(made, ensure_ascii=False).replace("]", ",]"),
        lambda made: f"{json.dumps(made, ensure_ascii=False)} (all windows are thirds)",
    ],
    ids=["prose and fences", "trailing commas", "a remark behind"],
)
def test_a_motion_prompt_among_other_things_is_read_without_another_call(start: Start, wrapped: Change) -> None:
    engine = start()
    scene = staged(engine, shots=True)
    since = len(service(engine).requests)
    service(engine).changes = [wrapped]
    assert run(engine, "generate_motion_prompt", scene).state == "succeeded"
    assert asked_for(engine, since) == {"MotionPrompt": 1}


@pytest.mark.parametrize(
    ("change", "kind", "calls"),
    [
        (four_windows, "malformed_output", 2),
        (nothing_changes, "invalid_output", 2),
        (lambda _made: "I would rather not.", "malformed_output", 2),
    ],
)
def test_a_motion_prompt_that_stays_wrong_fails_and_leaves_the_old_one(
    start: Start, change: Change, kind: str, calls: int
) -> None:
    engine = start()
    scene = staged(engine, shots=True)
    assert run(engine, "generate_motion_prompt", scene).state == "succeeded"
    before = engine.wb.artifact(scene, "motion_prompt")
    since = len(service(engine).requests)
    service(engine).changes = [change] * 20
    job = run(engine, "generate_motion_prompt", scene, {"seconds": 4})
    assert (job.state, job.error_kind) == ("failed", kind)
    assert asked_for(engine, since) == {"MotionPrompt": calls}
    assert engine.wb.artifact(scene, "motion_prompt") == before


@pytest.mark.parametrize("seconds", [2, 5, 7.5, 12])
def test_the_windows_are_thirds_of_any_length(start: Start, seconds: float) -> None:
    engine = start()
    scene = staged(engine, shots=True)
    job = run(engine, "generate_motion_prompt", scene, {"seconds": seconds})
    assert job.state == "succeeded", job.error
    beats = content(engine, scene, "motion_prompt")["beats"]
    assert [b["from_s"] for b in beats] == [0, round(seconds / 3, 2), round(seconds * 2 / 3, 2)]
    assert beats[-1]["to_s"] == seconds


def test_motion_sees_the_shots_at_both_cuts_and_no_other_of_the_neighbours(start: Start) -> None:
    engine = start()
    _project, _episode, scenes = listed(engine)
    for scene in scenes[:3]:
        for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
            run(engine, kind, scene["id"])
    shots = [content(engine, s["id"], "keyframe_prompt")["shots"] for s in scenes[:3]]
    assert run(engine, "generate_motion_prompt", scenes[1]["id"]).state == "succeeded"
    said = service(engine).requests[-1].messages[-1].content
    assert json.dumps(shots[0][8]["caption"])[1:-1] in said
    assert json.dumps(shots[2][0]["caption"])[1:-1] in said
    head = engine.wb.artifact(scenes[1]["id"], "motion_prompt")
    assert head is not None
    read = {(i["node_id"], i["part"]) for i in head.inputs if i["kind"] == "keyframe_prompt"}
    assert read == {(scenes[0]["id"], "shot:9"), (scenes[1]["id"], None), (scenes[2]["id"], "shot:1")}


def test_a_middle_shot_edited_by_hand_leaves_the_neighbours_motion_fresh(start: Start) -> None:
    engine = start()
    _project, _episode, scenes = listed(engine)
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt", "generate_dialogue"):
        for scene in scenes[:3]:
            run(engine, kind, scene["id"])
    edited = scenes[1]["id"]
    head = engine.wb.artifact(edited, "keyframe_prompt")
    assert head is not None
    head.content["shots"][3]["caption"] = "A hand on the latch"
    engine.wb.artifacts.save(edited, "keyframe_prompt", head.content, head.version)
    assert engine.wb.artifacts.list_stale_reasons(edited, "motion_prompt") != []
    assert engine.wb.artifacts.list_stale_reasons(edited, "dialogue") != []
    for neighbour in (scenes[0]["id"], scenes[2]["id"]):
        assert engine.wb.artifacts.list_stale_reasons(neighbour, "motion_prompt") == []
        assert engine.wb.artifacts.list_stale_reasons(neighbour, "dialogue") == []
