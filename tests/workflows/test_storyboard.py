"""From scene to storyboard on the real engine: every sample to its end, bad answers repaired or refused, edits
staling no more than they must."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import drawings
from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, Editing, nodes, run
from workbench import samples
from workbench.artifacts.storyboard import ActionPlan, Dialogue, KeyframePrompt, MotionPrompt, SoundDesign
from workbench.story import continuity, timing
from workbench.story.continuity import Cast
from workbench.workflows.dialogue import generate_dialogue as dialogue
from workbench.workflows.dialogue import generate_sound_design as sound
from workbench.workflows.scene import generate_motion_prompt as motion

Start = Callable[..., Engine]
SCENE_KINDS = {
    "scene_anchor", "keyframe_prompt", "keyframe_images", "motion_prompt", "dialogue", "sound_design", "duration",
}  # fmt: skip


def listed(engine: Engine, name: str, scenes: int = 6) -> tuple[int, int, list[dict[str, Any]]]:
    """(project, first episode, its scenes) of a sample, planned as far as its scene list."""
    project = engine.wb.create_project(samples.load(name))
    run(engine, "plan_episodes", project)
    episode = nodes(engine, project, "episode")[0].id
    run(engine, "generate_episode_core_expression", episode)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": scenes})
    return project, episode, sorted(nodes(engine, project, "scene"), key=lambda n: n["position"])


def content(engine: Engine, node: int, kind: str) -> dict[str, Any]:
    head = engine.wb.artifact(node, kind)
    assert head is not None, kind
    made: dict[str, Any] = head.content
    return made


def cast_of(engine: Engine, project: int, episode: int, scene: dict[str, Any]) -> Cast:
    outline = content(engine, episode, "scene_list")["scenes"][scene["position"] - 1]
    library = [content(engine, n.id, "character") for n in nodes(engine, project, "character")]
    return Cast(outline["cast"], library)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_scene_of_an_episode_gets_its_storyboard_and_every_check_holds_on_what_was_saved(
    start: Start, name: str
) -> None:
    engine = start()
    project, episode, scenes = listed(engine, name)
    job = engine.finish(engine.wb.submit("refine_scene_all_batch", project).id, timeout=300)
    assert job.state == "succeeded", job.error
    language = samples.load(name)["language"]
    for scene in scenes:
        cast = cast_of(engine, project, episode, scene)
        anchors = content(engine, scene["id"], "scene_anchor")["anchors"][language]
        plan = KeyframePrompt.model_validate(content(engine, scene["id"], "keyframe_prompt"))
        assert plan.made_by == "beats"
        assert continuity.plan_issues(ActionPlan(beats=plan.beats), cast) == []
        for number, shot in enumerate(plan.shots):
            assert continuity.frame_issues(f"shots.{number}", shot, cast, anchors) == []
        moved = MotionPrompt.model_validate(content(engine, scene["id"], "motion_prompt"))
        assert motion.window_issues(moved, 6.0) + motion.change_issues(moved) == []
        assert motion.language_issues(moved, cast.names) == []
        said = Dialogue.model_validate(content(engine, scene["id"], "dialogue"))
        assert dialogue.speaker_issues(said, cast) + dialogue.find_repetitions(said) == []
        assert dialogue.length_issues(said, 15) == []
        heard = SoundDesign.model_validate(content(engine, scene["id"], "sound_design"))
        before = timing.estimate(
            dialogue=said.model_dump(),
            motion=moved.model_dump(),
            shots=plan.model_dump(),
            sound=None,
            language=language,
        )
        assert sound.timing_issues(heard, before.seconds) + sound.silence_issues(heard) == []
        assert content(engine, scene["id"], "duration")["confidence"] == "medium"
        assert len(content(engine, scene["id"], "keyframe_images")["frames"]) == 9
    tree = engine.wb.projects.tree(project)
    for scene in [n for n in tree.nodes if n.kind == "scene"]:
        assert {a["kind"] for a in scene["artifacts"]} == SCENE_KINDS
        assert not any(a["stale"] for a in scene["artifacts"])


def test_the_same_brief_gives_the_same_storyboard_and_a_second_run_pays_for_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hashes = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        # each draws for itself
        folder.mkdir()
        monkeypatch.setenv(drawings.FOLDER, str(folder))
        engine = start()
        project, _episode, scenes = listed(engine, "gift-of-the-magi.en")
        job = engine.finish(engine.wb.submit("refine_scene_all", scenes[0]["id"]).id, timeout=120)
        assert job.state == "succeeded", job.error
        hashes.append(
            {
                (n.kind, n.position, a.kind): a.content_hash
                for n in engine.wb.projects.tree(project).nodes
                for a in n.artifacts
            }
        )
        engine.close()
        # nine frames, each drawn and encoded
        assert len(list(folder.iterdir())) == 2 * 9
    assert hashes[0] == hashes[1]


def test_a_scene_made_again_keeps_what_is_fresh(start: Start) -> None:
    engine = start()
    _project, _episode, scenes = listed(engine, "gift-of-the-magi.en")
    engine.finish(engine.wb.submit("refine_scene_all", scenes[0]["id"]).id, timeout=120)
    again = engine.finish(engine.wb.submit("refine_scene_all", scenes[0]["id"]).id, timeout=120)
    assert again.state == "succeeded"
    assert engine.wb.jobs.list_children(again.id) == []
    assert {s["reason"] for s in again.result["skipped"]} == {"fresh"}
    assert len(again.result["skipped"]) == 7


def test_a_part_that_fails_stops_what_needs_it_and_names_it_and_the_rest_goes_on(start: Start) -> None:
    engine = start()
    _project, _episode, scenes = listed(engine, "gift-of-the-magi.en")
    scene = scenes[0]["id"]
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
        assert run(engine, kind, scene).state == "succeeded"

    def broken(made: dict[str, Any]) -> dict[str, Any] | None:
        # only the motion prompt has windows
        return {**made, "beats": []} if "constraints" in made else None

    engine.provider.changes = [broken] * 40  # type: ignore[attr-defined]
    job = engine.finish(engine.wb.submit("refine_scene_all", scene).id, timeout=120)
    assert job.state == "partial"
    failed = {f["job_id"] and engine.wb.jobs.get(f["job_id"]).kind: f["error_kind"] for f in job.result["failed"]}
    assert failed == {"generate_motion_prompt": "malformed_output", None: "child_failed"}
    assert engine.wb.artifact(scene, "motion_prompt") is None
    assert engine.wb.artifact(scene, "dialogue") is None
    assert len(content(engine, scene, "keyframe_images")["frames"]) == 9


# --- bad answers -----------------------------------------------------------------------------------------------


def planned_scene(engine: Engine) -> dict[str, Any]:
    """A scene of two people, with its anchor."""
    _project, episode, scenes = listed(engine, "gift-of-the-magi.en")
    outlines = content(engine, episode, "scene_list")["scenes"]
    scene = next(s for s in scenes if len(outlines[s["position"] - 1]["cast"]) > 1)
    run(engine, "generate_scene_anchor", scene["id"])
    return scene


def provider(engine: Engine) -> Editing:
    found: Editing = engine.provider  # type: ignore[attr-defined]
    return found


def stranger(made: dict[str, Any]) -> None:
    made["beats"][0]["start"][0]["name"] = "Mr Nobody"


def jump(made: dict[str, Any]) -> None:
    before = made["beats"][0]["end"][0]["facing"]
    made["beats"][1]["start"][0]["facing"] = "away" if before != "away" else "left"


def two_beats(made: dict[str, Any]) -> None:
    made["beats"].pop()


def wrong_enum(made: dict[str, Any]) -> None:
    made["beats"][0]["start"][0]["stance"] = "hovering"


def no_summary(made: dict[str, Any]) -> None:
    del made["beats"][2]["summary"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (stranger, "Mr Nobody"),
        (jump, "jumps"),
        (two_beats, "beats"),
        (wrong_enum, "stance"),
        (no_summary, "beats.2.summary"),
    ],
)
def test_a_bad_plan_is_repaired_with_its_issues_named(start: Start, change: Any, named: str) -> None:
    engine = start()
    scene = planned_scene(engine)
    provider(engine).changes = [change]
    asked_before = len(provider(engine).requests)
    job = run(engine, "generate_keyframe_prompt", scene["id"])
    assert job.state == "succeeded", job.error
    repair = provider(engine).requests[asked_before + 1]
    assert named in repair.messages[-1].content
    assert content(engine, scene["id"], "keyframe_prompt")["made_by"] == "beats"
    assert len(provider(engine).requests) - asked_before == 5


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda made: f"Here is the plan you asked for:\n```json\n{json.dumps(made)}\n```\nI hope it helps.",
        lambda made: json.dumps(made)[:-1] + ",}",
        lambda made: "\ufeff" + json.dumps(made, indent=2),
    ],
    ids=["prose and fences", "trailing comma", "byte order mark"],
)
def test_json_among_other_things_is_read_without_another_call(start: Start, wrapped: Any) -> None:
    engine = start()
    scene = planned_scene(engine)
    provider(engine).changes = [wrapped]
    asked_before = len(provider(engine).requests)
    assert run(engine, "generate_keyframe_prompt", scene["id"]).state == "succeeded"
    assert len(provider(engine).requests) - asked_before == 4


def still_jumping(made: dict[str, Any]) -> None:
    """A different beat each time, so that no repair is given up early."""
    for beat in made.get("beats", [])[1:]:
        for state in beat["start"]:
            state["facing"] = {"away": "left", "left": "away"}.get(state["facing"], "away")


def test_beats_that_stay_invalid_lead_to_a_direct_plan_that_says_so(start: Start) -> None:
    engine = start()
    scene = planned_scene(engine)
    provider(engine).changes = [still_jumping] * 4
    job = run(engine, "generate_keyframe_prompt", scene["id"])
    assert job.state == "succeeded", job.error
    head = engine.wb.artifact(scene["id"], "keyframe_prompt")
    assert head is not None
    assert head.content["made_by"] == "direct"
    assert head.content["beats"] == []
    assert len(head.content["shots"]) == 9
    assert len(head.warnings) == 1
    steps = [s.name for s in engine.wb.jobs.get_detail(job.id).steps]
    assert "direct" in steps


def test_when_the_direct_plan_is_invalid_too_nothing_is_saved(start: Start) -> None:
    engine = start()
    scene = planned_scene(engine)

    def unknown_anchor(made: dict[str, Any]) -> None:
        still_jumping(made)
        for number, frame in enumerate(made.get("frames", [])):
            frame["anchors"] = [f"a piano that is not there {number}"]

    provider(engine).changes = [unknown_anchor] * 20
    job = run(engine, "generate_keyframe_prompt", scene["id"])
    assert (job.state, job.error_kind) == ("failed", "invalid_output")
    assert engine.wb.artifact(scene["id"], "keyframe_prompt") is None


def test_a_provider_that_fails_is_no_reason_for_the_paid_fallback(start: Start) -> None:
    engine = start()
    scene = planned_scene(engine)

    def refused(made: dict[str, Any]) -> str:
        return "   "

    provider(engine).changes = [refused] * 20
    job = run(engine, "generate_keyframe_prompt", scene["id"])
    assert (job.state, job.error_kind) == ("failed", "empty_output")
    assert "direct" not in [s.name for s in engine.wb.jobs.get_detail(job.id).steps]


def test_an_unknown_speaker_is_repaired_and_one_who_stays_unknown_is_refused(start: Start) -> None:
    engine = start()
    scene = planned_scene(engine)
    for kind in ("generate_keyframe_prompt", "generate_motion_prompt"):
        run(engine, kind, scene["id"])
    spoken = {
        "silent": False,
        "reason": "",
        "lines": [{"type": "dialogue", "speaker": "Mr Nobody", "text": "I am not here."}],
    }
    provider(engine).changes = [lambda _made: copy.deepcopy(spoken)]
    before = len(provider(engine).requests)
    assert run(engine, "generate_dialogue", scene["id"]).state == "succeeded"
    assert "Mr Nobody" in provider(engine).requests[before + 1].messages[-1].content
    head = engine.wb.artifact(scene["id"], "dialogue")
    assert head is not None
    provider(engine).changes = [lambda _made: copy.deepcopy(spoken)] * 5
    job = run(engine, "generate_dialogue", scene["id"])
    assert (job.state, job.error_kind) == ("failed", "invalid_output")
    assert engine.wb.artifact(scene["id"], "dialogue")["version"] == head["version"]  # type: ignore[index]


def test_a_silent_scene_is_an_answer_of_its_own(start: Start) -> None:
    engine = start()
    scene = planned_scene(engine)
    for kind in ("generate_keyframe_prompt", "generate_motion_prompt"):
        run(engine, kind, scene["id"])
    provider(engine).changes = [lambda _made: {"silent": True, "reason": "She only counts.", "lines": []}]
    assert run(engine, "generate_dialogue", scene["id"]).state == "succeeded"
    assert content(engine, scene["id"], "dialogue") == {"silent": True, "reason": "She only counts.", "lines": []}
    assert run(engine, "estimate_duration", scene["id"]).state == "succeeded"
    assert content(engine, scene["id"], "duration")["parts"]["dialogue"] == 0


def test_cues_beyond_the_scene_are_refused(start: Start) -> None:
    engine = start()
    scene = planned_scene(engine)
    run(engine, "generate_keyframe_prompt", scene["id"])

    def late(made: dict[str, Any]) -> None:
        made["cues"][0]["to_s"] = 500

    provider(engine).changes = [late]
    before = len(provider(engine).requests)
    assert run(engine, "generate_sound_design", scene["id"]).state == "succeeded"
    assert "500" in provider(engine).requests[before + 1].messages[-1].content


# --- what an edit makes stale ----------------------------------------------------------------------------------


def test_an_edited_shot_stales_its_own_frame_and_what_reads_the_plan_and_nothing_of_the_neighbours(
    start: Start,
) -> None:
    engine = start()
    project, _episode, scenes = listed(engine, "gift-of-the-magi.en")
    job = engine.finish(engine.wb.submit("refine_scene_all_batch", project).id, timeout=300)
    assert job.state == "succeeded", job.error
    scene = scenes[2]["id"]
    head = engine.wb.artifact(scene, "keyframe_prompt")
    assert head is not None
    head.content["shots"][3]["caption"] = "A hand at the window, and nobody behind it"
    engine.wb.artifacts.save(scene, "keyframe_prompt", head.content, head.version)
    stale = {
        (n.position, a.kind)
        for n in engine.wb.projects.tree(project).nodes
        for a in n.artifacts
        if a.stale and n.kind == "scene"
    }
    assert stale == {(3, k) for k in ("keyframe_images", "motion_prompt", "dialogue", "sound_design", "duration")}
    assert {r.part for r in engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")} == {"shot:4"}
    drawn = content(engine, scene, "keyframe_images")
    again = run(engine, "generate_keyframe_images", scene)
    assert [s.name for s in engine.wb.jobs.get_detail(again.id).steps] == ["KF3"]
    redrawn = content(engine, scene, "keyframe_images")
    changed = [a["key"] for a, b in zip(redrawn["frames"], drawn["frames"], strict=True) if a["chosen"] != b["chosen"]]
    assert changed == ["KF3"]
    assert len(redrawn["frames"][3]["candidates"]) == 2


def test_the_last_shot_of_a_scene_matters_to_the_next_ones_motion(start: Start) -> None:
    engine = start()
    project, _episode, scenes = listed(engine, "gift-of-the-magi.en")
    engine.finish(engine.wb.submit("refine_scene_all_batch", project, {"images": False}).id, timeout=300)
    head = engine.wb.artifact(scenes[0]["id"], "keyframe_prompt")
    assert head is not None
    head.content["shots"][8]["caption"] = "An empty chair"
    engine.wb.artifacts.save(scenes[0]["id"], "keyframe_prompt", head.content, head.version)
    assert [r.part for r in engine.wb.artifacts.list_stale_reasons(scenes[1]["id"], "motion_prompt")] == ["shot:9"]
    assert engine.wb.artifacts.list_stale_reasons(scenes[2]["id"], "motion_prompt") == []
