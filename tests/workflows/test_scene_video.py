"""A scene as a clip, through the real engine: begun from the chosen frame, kept beside the others, nothing filmed
twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from tests.conftest import until
from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.providers.conftest import KEY
from tests.scripted_gemini import ScriptedGemini
from tests.scripted_provider import ScriptedProvider
from tests.workflows.conftest import run
from tests.workflows.frames import BRIEF, MOTION, scene_of
from workbench.db.connection import db_now_ms
from workbench.db.rows.jobs import ModelCall
from workbench.db.schema import step
from workbench.errors import GuardUnmet
from workbench.settings import Settings
from workbench.workflows.video.clip_prompt import clip_prompt

KIND = "generate_scene_video"


@pytest.fixture
def scene(start: Callable[..., Engine]) -> tuple[Engine, int]:
    """A scene with its motion and its nine frames."""
    engine = start()
    node = scene_of(engine)
    engine.wb.artifacts.save(node, "motion_prompt", MOTION, None)
    assert run(engine, "generate_keyframe_images", node).state == "succeeded"
    return engine, node


def video(engine: Engine, node: int) -> dict[str, Any]:
    head = engine.wb.artifact(node, "scene_video")
    assert head is not None
    content: dict[str, Any] = head.content
    return content


def test_a_clip_begins_with_the_chosen_frame_and_lasts_as_long_as_the_scene(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    parts = {"dialogue": 1.5, "action": 2.0, "transition": 0, "pause": 0.4}
    engine.wb.artifacts.save(node, "duration", {"seconds": 3.9, "parts": parts, "confidence": "medium"}, None)

    done = run(engine, KIND, node)

    assert done.state == "succeeded", done.error
    made = video(engine, node)
    [clip] = made["clips"]
    frames = engine.wb.artifact(node, "keyframe_images")["content"]["frames"]  # type: ignore[index]
    assert clip["first_frame"] == frames[0]["chosen"]
    assert clip["seconds"] == pytest.approx(4.0, abs=0.1)
    assert engine.wb.media.path(made["chosen"]).read_bytes()[4:8] == b"ftyp"
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert (call.capability, call.outcome, call.cost_micros) == ("video", "ok", 0)


def test_what_did_not_change_is_not_filmed_again_unless_asked(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    run(engine, KIND, node, {"seconds": 2})
    again = run(engine, KIND, node, {"seconds": 2})
    assert engine.wb.jobs.get_detail(again.id).model_calls == []
    assert len(video(engine, node)["clips"]) == 1

    run(engine, KIND, node, {"seconds": 2, "new_clip": True})

    clips = video(engine, node)["clips"]
    assert len({c["media"] for c in clips}) == 2
    assert video(engine, node)["chosen"] == clips[-1]["media"]


def test_only_its_own_frame_makes_a_clip_stale(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    run(engine, KIND, node, {"seconds": 2})
    run(engine, "generate_keyframe_images", node, {"keys": ["KF5"], "new_candidate": True})
    assert engine.wb.artifacts.list_stale_reasons(node, "scene_video") == []

    run(engine, "generate_keyframe_images", node, {"keys": ["KF0"], "new_candidate": True})

    assert [r.part for r in engine.wb.artifacts.list_stale_reasons(node, "scene_video")] == ["frame:KF0"]


def test_what_is_missing_first_is_named(start: Callable[..., Engine]) -> None:
    engine = start()
    node = scene_of(engine)
    with pytest.raises(GuardUnmet) as refused:
        engine.wb.submit(KIND, node, {"first_frame": "none", "last_frame": "KF8"})
    assert {i.path for i in refused.value.unmet} == {"motion_prompt", "keyframe_images", "first_frame"}


def test_without_a_frame_the_sketch_says_that_it_cannot(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    done = run(engine, KIND, node, {"first_frame": "none"})
    assert (done.state, done.error_kind) == ("failed", "bad_request")
    assert engine.wb.artifact(node, "scene_video") is None


def test_a_plan_films_nothing_that_nobody_asked_for(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    assert KIND not in {job.workflow for job in engine.wb.plans.build(node).jobs}
    assert KIND in engine.wb.plans.estimate(node)


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
    engine.wb.artifacts.save(node, "motion_prompt", MOTION, None)
    run(engine, "generate_keyframe_images", node)
    assert run(engine, KIND, node, {"seconds": 2}).state == "succeeded"
    [clip] = video(engine, node)["clips"]
    assert clip["height"] > clip["width"]


def filmed(settings: Settings, node: int, profile: str) -> tuple[Engine, list[ModelCall]]:
    """The scene filmed by a profile's real provider; its polls come without a pause."""
    engine = Engine(settings)
    job_id = engine.wb.submit(KIND, node, {"seconds": 5}, profile=profile).id

    def ended() -> bool:
        engine.deliver()
        with engine.wb.database.write() as conn:
            conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))
        engine.worker.maintain()
        return engine.wb.jobs.get(job_id).state in ("succeeded", "failed")

    until(ended, 30, "the end of the clip")
    done = engine.wb.jobs.get(job_id)
    assert done.state == "succeeded", done.error
    return engine, engine.wb.jobs.get_detail(job_id).model_calls


def test_seedance_films_a_scene_from_its_chosen_frame(scene: tuple[Engine, int], settings: Settings) -> None:
    drawn, node = scene
    with ScriptedProvider() as server:
        params = {"prices": {"*": {"currency": "CNY", "video_tokens": 15}}, "allow_private_media": True}
        drawn.wb.profiles.add("ark", "ark", base_url=server.ark_url, video_model="seedance", key=KEY, params=params)
        engine, [call] = filmed(settings, node, "ark")
        [create] = [c for c in server.calls() if c["kind"] == "create"]
    frame = next(c for c in create["request"]["content"] if c["type"] == "image_url")
    assert frame["role"] == "first_frame"
    assert create["request"]["duration"] == 5
    clip = video(engine, node)["clips"][-1]
    chosen = engine.wb.artifact(node, "keyframe_images")["content"]["frames"][0]["chosen"]  # type: ignore[index]
    assert clip["first_frame"] == chosen
    assert call.cost_micros == round(15 * call.output_tokens)
    engine.close()


def test_veo_films_a_scene_from_its_chosen_frame(scene: tuple[Engine, int], settings: Settings) -> None:
    drawn, node = scene
    with ScriptedGemini() as server:
        server.script({"file": tiny_mp4(seconds=6), "polls": 1})
        prices = {"prices": {"*": {"currency": "USD", "video_second": 0.4}}}
        drawn.wb.profiles.add("gemini", "gemini", base_url=server.url, video_model="veo", key=KEY, params=prices)
        engine, [call] = filmed(settings, node, "gemini")
        create = next(c for c in server.calls if c["path"].endswith(":predictLongRunning"))
    assert create["body"]["instances"][0]["image"]["bytesBase64Encoded"]
    assert create["body"]["parameters"]["durationSeconds"] == 6  # the next length that Veo films
    assert (call.cost_micros, call.currency) == (2_400_000, "USD")
    assert len(video(engine, node)["clips"]) == 1
    engine.close()


def test_a_retry_keeps_the_clip_that_was_filmed_although_another_was_made_since(
    scene: tuple[Engine, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, node = scene
    run(engine, KIND, node)
    with monkeypatch.context() as patch:
        # filmed, and not saved
        patch.setattr("workbench.jobs.endings._save", lambda *_: 1 / 0)
        lost = run(engine, KIND, node, {"new_clip": True})
    assert lost.state == "failed"
    run(engine, KIND, node, {"new_clip": True})
    assert len(video(engine, node)["clips"]) == 2

    again = engine.finish(engine.wb.jobs.retry(lost.id).id)
    assert again.state == "succeeded"
    assert engine.wb.jobs.get_detail(again.id).model_calls == []


def chosen_of(engine: Engine, node: int) -> tuple[str | None, int]:
    """The chosen clip, and how many there are."""
    made = video(engine, node)
    return made["chosen"], len(made["clips"])


def test_no_run_puts_a_clip_in_the_place_of_ones_own(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    assert run(engine, KIND, node, {"seconds": 2}).state == "succeeded"
    mine = engine.wb.media.add_clip(tiny_mp4(seconds=4.0)).sha256
    engine.wb.artifacts.place_clip(node, mine, "take 3.mp4")
    assert chosen_of(engine, node) == (mine, 2)

    # what it was made from has changed: nothing is filmed, and paid, to stand in its place
    motion = engine.wb.artifact(node, "motion_prompt")
    assert motion is not None
    engine.wb.artifacts.save(node, "motion_prompt", {**motion.content, "constraints": ["the lamp burns"]}, 1)
    assert engine.wb.artifacts.list_stale_reasons(node, "scene_video")
    assert run(engine, KIND, node, {"seconds": 2}).state == "succeeded"
    assert chosen_of(engine, node) == (mine, 2)
    assert not engine.wb.artifacts.list_stale_reasons(node, "scene_video")
    # who asks for another one gets it beside it
    assert run(engine, KIND, node, {"seconds": 2, "new_clip": True}).state == "succeeded"
    assert chosen_of(engine, node) == (mine, 3)
    for number in range(25):
        other = engine.wb.media.add_clip(tiny_mp4(seconds=1.0 + number / 10)).sha256
        engine.wb.artifacts.place_clip(node, other, f"{number}.mp4", "KF4")
    assert chosen_of(engine, node) == (mine, 24)


def test_a_clip_of_a_shot_shows_the_scene_once_it_is_picked_and_then_stays(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    wave = engine.wb.media.add_clip(tiny_mp4(seconds=4.0)).sha256
    engine.wb.artifacts.place_clip(node, wave, "wave.mp4", "KF4")
    assert chosen_of(engine, node) == (None, 1)
    assert run(engine, KIND, node, {"seconds": 2}).state == "succeeded"
    filmed, count = chosen_of(engine, node)
    assert (filmed not in (None, wave), count) == (True, 2)
    head = engine.wb.artifact(node, "scene_video")
    assert head is not None
    engine.wb.artifacts.save(node, "scene_video", {**head.content, "chosen": wave}, head.version)
    assert run(engine, KIND, node, {"seconds": 2}).state == "succeeded"
    assert run(engine, KIND, node, {"seconds": 2, "new_clip": True}).state == "succeeded"
    assert chosen_of(engine, node) == (wave, 3)


def test_a_clip_that_was_chosen_stays_chosen_where_nothing_has_changed(scene: tuple[Engine, int]) -> None:
    engine, node = scene
    for new in (False, True):
        assert run(engine, KIND, node, {"seconds": 2, "new_clip": new}).state == "succeeded"
    head = engine.wb.artifact(node, "scene_video")
    assert head is not None
    older = head.content["clips"][0]["media"]
    engine.wb.artifacts.save(node, "scene_video", {**head.content, "chosen": older}, head.version)
    assert run(engine, KIND, node, {"seconds": 2}).state == "succeeded"
    assert chosen_of(engine, node) == (older, 2)
