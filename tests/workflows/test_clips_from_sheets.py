"""Clips go by reference sheets where no first frame says all: what each service gets, and that none gets both."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from tests.conftest import until
from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.scripted_gemini import ScriptedGemini
from tests.scripted_provider import ScriptedProvider
from tests.workflows.frames import MOTION, quick_drawing
from tests.workflows.test_frames_from_sheets import KEY, Told, draw, sheets_of_two
from workbench.db.connection import db_now_ms
from workbench.db.schema import step
from workbench.settings import Settings


@pytest.fixture
def told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A scene with its motion and two frames, and sheets of Mara and the pier."""
    quick_drawing(monkeypatch)
    engine = Engine(settings)
    made = Told(engine)
    made.wb.artifacts.save(made.scene, "motion_prompt", MOTION, None)
    draw(made, "KF0", "KF8")
    sheets_of_two(made)
    yield made
    engine.close()


def film(told: Told, wire: str, url: str, model: str, params: dict[str, Any]) -> dict[str, Any]:
    """The clip that a profile's real provider films; its polls come without a pause."""
    private = {"allow_private_media": True}
    told.wb.profiles.add("film", wire, base_url=url, video_model=model, key=KEY, params=private)
    job = told.wb.submit("generate_scene_video", told.scene, params, profile="film")

    def ended() -> bool:
        told.engine.deliver()
        with told.wb.database.write() as conn:
            conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))
        told.engine.worker.maintain()
        return told.wb.jobs.get(job.id).state in ("succeeded", "failed")

    until(ended, 30, "the end of the clip")
    done = told.wb.jobs.get(job.id)
    assert done.state == "succeeded", done.error
    head = told.wb.artifact(told.scene, "scene_video")
    assert head is not None
    clip: dict[str, Any] = head.content["clips"][-1]
    return {
        **clip,
        "warnings": [str(e.message) for e in told.wb.jobs.get_detail(job.id).events if e.level == "warning"],
    }


WORDS = {"first_frame": "none", "seconds": 5}


@pytest.mark.parametrize(
    ("model", "params", "roles", "names"),
    [
        ("doubao-seedance-2-0", WORDS, ["reference_image", "reference_image"], ["Mara", "The pier"]),
        ("doubao-seedance-1-0-lite-i2v-250428", WORDS, ["reference_image", "reference_image"], ["Mara", "The pier"]),
        ("doubao-seedance-1-5-pro-251215", WORDS, [], []),
        ("doubao-seedance-2-0", {"seconds": 5}, ["first_frame"], []),
        ("doubao-seedance-2-0", {"seconds": 5, "last_frame": "KF8"}, ["first_frame", "last_frame"], []),
        ("doubao-seedance-1-0-pro-fast-251015", {"seconds": 5, "last_frame": "KF8"}, ["first_frame"], []),
        (
            "doubao-seedance-1-0-lite-i2v-250428",
            {"seconds": 5, "last_frame": "KF8"},
            ["first_frame", "last_frame"],
            [],
        ),
        ("doubao-seedance-1-0-lite-t2v-250428", {"seconds": 5, "last_frame": "KF8"}, [], []),
        ("doubao-seedance-1-0-lite-t2v-250428", WORDS, [], []),
    ],
)
def test_seedance_gets_frames_or_sheets_and_never_both(
    told: Told, model: str, params: dict[str, Any], roles: list[str], names: list[str]
) -> None:
    with ScriptedProvider() as server:
        clip = film(told, "ark", server.ark_url, model, params)
        [create] = [c for c in server.calls() if c["kind"] == "create"]
    text, *pictures = create["request"]["content"]
    assert [p["role"] for p in pictures] == roles
    assert [r["name"] for r in clip.get("references", [])] == names
    assert ("picture 2 is the reference sheet of The pier" in text["text"]) == bool(names)
    # without a frame the words say how they look, whatever the model takes
    assert ("Mara: grey oilskins" in text["text"]) == ("first_frame" not in roles)
    # a frame that was wished for and does not go along is said
    wished = (params is not WORDS) + ("last_frame" in params)
    assert len({*clip["warnings"]}) == wished - len([r for r in roles if r != "reference_image"])


@pytest.mark.parametrize(
    ("model", "params", "ends"),
    [
        ("doubao-seedance-2-0", {}, "KF1"),
        ("doubao-seedance-1-5-pro-251215", {}, "KF1"),
        ("doubao-seedance-2-0", {"last_frame": "KF8"}, "KF8"),
        ("doubao-seedance-2-0", {"to_next": False}, None),
        # none comes after the last one
        ("doubao-seedance-2-0", {"first_frame": "KF8"}, None),
        # one that takes none, and one of which nobody knows: none goes along unasked, and nothing is warned of
        ("doubao-seedance-1-0-pro-fast-251015", {}, None),
        ("ep-20261130", {}, None),
    ],
)
def test_a_clip_ends_at_the_next_shots_frame_where_the_service_takes_it(
    told: Told, model: str, params: dict[str, Any], ends: str | None
) -> None:
    draw(told, "KF1")
    with ScriptedProvider() as server:
        clip = film(told, "ark", server.ark_url, model, {"seconds": 5, **params})
        [create] = [c for c in server.calls() if c["kind"] == "create"]
    roles = [p["role"] for p in create["request"]["content"][1:]]
    assert roles == ["first_frame", *(["last_frame"] if ends else [])]
    chosen = {f["key"]: f["chosen"] for f in told.wb.artifact(told.scene, "keyframe_images").content["frames"]}  # type: ignore[union-attr]
    assert clip.get("last_frame") == (chosen[ends] if ends else None)
    assert clip["first_frame"] == chosen[params.get("first_frame", "KF0")]
    assert clip["warnings"] == []


@pytest.mark.parametrize(
    ("model", "params", "count"),
    [
        ("veo-3.1-generate-preview", WORDS, 2),
        ("veo-3.0-generate-001", WORDS, 0),
        ("veo-3.1-generate-preview", {"seconds": 5}, 0),
        ("veo-3.0-generate-001", {"seconds": 5, "last_frame": "KF8"}, 0),
    ],
)
def test_veo_gets_sheets_as_assets_of_a_clip_of_eight_seconds(
    told: Told, model: str, params: dict[str, Any], count: int
) -> None:
    with ScriptedGemini() as server:
        server.script({"file": tiny_mp4(seconds=6), "polls": 1})
        clip = film(told, "gemini", server.url, model, params)
        [create] = [c for c in server.calls if c["path"].endswith(":predictLongRunning")]
    [instance] = create["body"]["instances"]
    assets = instance.get("referenceImages", [])
    assert [a["referenceType"] for a in assets] == ["asset"] * count
    assert all(base64.b64decode(a["image"]["bytesBase64Encoded"])[:2] == b"\xff\xd8" for a in assets)
    assert ("image" in instance) == (params is not WORDS)
    assert "lastFrame" not in instance
    assert create["body"]["parameters"]["durationSeconds"] == (8 if count else 6)
    assert len(clip.get("references", [])) == count


@pytest.mark.parametrize(
    ("model", "ends", "seconds"), [("veo-3.1-generate-preview", True, 8), ("veo-3.0-generate-001", False, 6)]
)
def test_veo_films_from_frame_to_frame_in_eight_seconds(told: Told, model: str, ends: bool, seconds: int) -> None:
    draw(told, "KF1")
    with ScriptedGemini() as server:
        server.script({"file": tiny_mp4(seconds=6), "polls": 1})
        film(told, "gemini", server.url, model, {"seconds": 5})
        [create] = [c for c in server.calls if c["path"].endswith(":predictLongRunning")]
    assert ("lastFrame" in create["body"]["instances"][0]) == ends
    assert create["body"]["parameters"]["durationSeconds"] == seconds
