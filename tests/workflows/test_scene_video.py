"""A scene as a clip, through the real engine: begun from the chosen frame, kept beside the others, nothing filmed twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import run
from tests.workflows.frames import BRIEF, MOTION, scene_of
from workbench.errors import GuardUnmet
from workbench.workflows.video.clip_prompt import clip_prompt

KIND = "generate_scene_video"


@pytest.fixture
def scene(start: Callable[..., Engine]) -> tuple[Engine, int]:
    """A scene with its motion and its nine frames."""
    engine = start()
    node = scene_of(engine)
    engine.wb.save(node, "motion_prompt", MOTION, None)
    assert run(engine, "generate_keyframe_images", node)["state"] == "succeeded"
    return engine, node


def video(engine: Engine, node: int) -> dict[str, Any]:
    head = engine.wb.artifact(node, "scene_video")
    assert head is not None
    content: dict[str, Any] = head["content"]
    return content


def test_a_clip_begins_with_the_chosen_frame_and_lasts_as_long_as_the_scene(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    parts = {"dialogue": 1.5, "action": 2.0, "transition": 0, "pause": 0.4}
    engine.wb.save(node, "duration", {"seconds": 3.9, "parts": parts, "confidence": "medium"}, None)

    done = run(engine, KIND, node)

    assert done["state"] == "succeeded", done["error"]
    made = video(engine, node)
    [clip] = made["clips"]
    frames = engine.wb.artifact(node, "keyframe_images")["content"]["frames"]  # type: ignore[index]
    assert clip["first_frame"] == frames[0]["chosen"]
    assert clip["seconds"] == pytest.approx(4.0, abs=0.1)
    assert engine.wb.media_path(made["chosen"]).read_bytes()[4:8] == b"ftyp"
    [call] = engine.wb.show(done["id"])["model_calls"]
    assert (call["capability"], call["outcome"], call["cost_micros"]) == ("video", "ok", 0)


def test_what_did_not_change_is_not_filmed_again_unless_asked(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    run(engine, KIND, node, {"seconds": 2})
    again = run(engine, KIND, node, {"seconds": 2})
    assert engine.wb.show(again["id"])["model_calls"] == []
    assert len(video(engine, node)["clips"]) == 1

    run(engine, KIND, node, {"seconds": 2, "new_clip": True})

    clips = video(engine, node)["clips"]
    assert len({c["media"] for c in clips}) == 2
    assert video(engine, node)["chosen"] == clips[-1]["media"]


def test_only_its_own_frame_makes_a_clip_stale(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    run(engine, KIND, node, {"seconds": 2})
    run(engine, "generate_keyframe_images", node, {"keys": ["KF5"], "new_candidate": True})
    assert engine.wb.stale_reasons(node, "scene_video") == []

    run(engine, "generate_keyframe_images", node, {"keys": ["KF0"], "new_candidate": True})

    assert [r.part for r in engine.wb.stale_reasons(node, "scene_video")] == ["frame:KF0"]


def test_what_is_missing_first_is_named(start: Callable[..., Engine]) -> None:
    engine = start()
    node = scene_of(engine)
    with pytest.raises(GuardUnmet) as refused:
        engine.wb.submit(KIND, node, {"first_frame": "none", "last_frame": "KF8"})
    assert {i.path for i in refused.value.unmet} == {"motion_prompt", "keyframe_images", "first_frame"}


def test_without_a_frame_the_sketch_says_that_it_cannot(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    done = run(engine, KIND, node, {"first_frame": "none"})
    assert (done["state"], done["error_kind"]) == ("failed", "bad_request")
    assert engine.wb.artifact(node, "scene_video") is None


def test_a_plan_films_nothing_that_nobody_asked_for(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    assert KIND not in {job.workflow for job in engine.wb.plan(node).jobs}
    assert KIND in engine.wb.estimates(node)


@pytest.mark.parametrize(
    ("language", "motion", "camera"), [("en", "2–4 s third 1", "Camera: slow"), ("zh", "2–4 s 第1段", "镜头运动：slow")]
)
def test_the_prompt_tells_what_moves_and_when(language: str, motion: str, camera: str) -> None:
    told = clip_prompt(MOTION, {}, "ink", 6, language, from_frame=True)
    assert motion in told
    assert camera in told
    stretched = clip_prompt(MOTION, {"scene": {"zh": "码头", "en": "a pier"}}, "ink", 12, language, from_frame=False)
    assert "4–8 s" in stretched
    assert ("码头" if language == "zh" else "a pier") in stretched


def test_a_chinese_story_is_filmed_too(start: Callable[..., Engine]) -> None:
    engine = start()
    node = scene_of(engine, {**BRIEF, "language": "zh", "aspect_ratio": "9:16"})
    engine.wb.save(node, "motion_prompt", MOTION, None)
    run(engine, "generate_keyframe_images", node)
    assert run(engine, KIND, node, {"seconds": 2})["state"] == "succeeded"
    [clip] = video(engine, node)["clips"]
    assert clip["height"] > clip["width"]
