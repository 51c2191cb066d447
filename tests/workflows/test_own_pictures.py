"""Pictures and clips that a person puts in the place of a shot: chosen, theirs, and never replaced unasked."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.workflows.conftest import run
from tests.workflows.frames import Painter, edit_shot, quick_drawing, scene_of
from tests.workflows.test_keyframe_images import frames, stale_parts
from workbench.errors import InvalidInput, NotAllowed, NotFound
from workbench.settings import Settings

KIND, FILM = "generate_keyframe_images", "generate_scene_video"


@pytest.fixture(autouse=True)
def small_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def studio(settings: Settings, painter: Painter) -> Iterator[Engine]:
    made = Engine(settings, make_provider=lambda profile: painter)
    yield made
    made.close()


def own(engine: Engine, colour: str = "teal") -> str:
    made = io.BytesIO()
    Image.new("RGB", (80, 45), colour).save(made, "PNG")
    return engine.wb.media.add_picture(made.getvalue()).sha256


def test_an_own_picture_takes_the_place_of_a_shot_and_keeps_it(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    drawn = frames(studio, scene)["KF3"]["chosen"]
    mine = own(studio)
    placed = studio.wb.artifacts.place_pictures(scene, {"KF3": (mine, "  mara\n at the window.png ")})
    frame = frames(studio, scene)["KF3"]
    assert (placed.source, frame["chosen"]) == ("manual", mine)
    assert [(c["media"], c.get("origin")) for c in frame["candidates"]] == [(drawn, None), (mine, "own")]
    assert (frame["candidates"][1]["model"], frame["candidates"][1]["width"]) == ("mara at the window.png", 80)
    assert stale_parts(studio, scene) == []

    # a changed shot says so; a run, also one that is to draw everything anew, draws the others and leaves it
    edit_shot(studio, scene, 4, "The lamp falls", "the lamp in mid air")
    edit_shot(studio, scene, 5, "The lamp lies", "the lamp on the floor")
    assert sorted(map(str, stale_parts(studio, scene))) == ["shot:4", "shot:5"]
    painter.requests.clear()
    run(studio, KIND, scene)
    assert len(painter.requests) == 1
    run(studio, KIND, scene, {"new_candidate": True})
    assert len(painter.requests) == 9
    assert frames(studio, scene)["KF3"] == frame
    # only who asks for this very frame gets another candidate, beside it
    run(studio, KIND, scene, {"keys": ["KF3"], "new_candidate": True})
    frame = frames(studio, scene)["KF3"]
    assert (frame["chosen"], len(frame["candidates"])) == (mine, 3)


def test_own_pictures_come_before_anything_is_drawn_and_the_rest_is_drawn_around_them(
    studio: Engine, painter: Painter
) -> None:
    scene = scene_of(studio)
    first, last = own(studio, "red"), own(studio, "blue")
    studio.wb.artifacts.place_pictures(scene, {"KF8": (last, "b.png"), "KF0": (first, "a.png")})
    made = frames(studio, scene)
    assert {key: f["chosen"] for key, f in made.items()} == {"KF0": first, "KF8": last}
    edit_shot(studio, scene, 2, "Two", "two anew")
    assert stale_parts(studio, scene) == []
    edit_shot(studio, scene, 9, "Nine", "nine anew")
    assert stale_parts(studio, scene) == ["shot:9"]
    assert run(studio, KIND, scene).state == "succeeded"
    assert len(painter.requests) == 7
    made = frames(studio, scene)
    assert (len(made), made["KF0"]["chosen"], made["KF8"]["chosen"]) == (9, first, last)


def test_twenty_four_further_candidates_do_not_push_an_own_picture_out(studio: Engine) -> None:
    scene = scene_of(studio)
    mine = own(studio)
    studio.wb.artifacts.place_pictures(scene, {"KF0": (mine, "a.png")})
    for number in range(25):
        studio.wb.artifacts.place_pictures(scene, {"KF1": (own(studio, f"#{number:02x}0000"), f"{number}.png")})
    assert len(frames(studio, scene)["KF1"]["candidates"]) == 24
    for _ in range(2):
        run(studio, KIND, scene, {"keys": ["KF0"], "new_candidate": True})
    assert frames(studio, scene)["KF0"]["chosen"] == mine


def test_a_clip_of_ones_own_is_the_scenes_or_a_shots(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine)
    whole, one = (engine.wb.media.add_clip(tiny_mp4(seconds=n)).sha256 for n in (4.0, 2.0))
    engine.wb.artifacts.place_clip(scene, whole, "take 3.mp4")
    engine.wb.artifacts.place_clip(scene, one, "wave.mp4", "KF4")
    head = engine.wb.artifact(scene, "scene_video")
    assert head is not None
    assert head.content["chosen"] == whole
    assert [(c["media"], c.get("shot"), c["origin"], c["seconds"]) for c in head.content["clips"]] == [
        (whole, None, "own", 4.0),
        (one, "KF4", "own", 2.0),
    ]


def test_a_shots_clip_is_the_scenes_only_once_somebody_picks_it(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine)
    wave, whole = (engine.wb.media.add_clip(tiny_mp4(seconds=n)).sha256 for n in (2.0, 4.0))
    place = engine.wb.artifacts.place_clip

    def chosen() -> str | None:
        head = engine.wb.artifact(scene, "scene_video")
        assert head is not None
        shown: str | None = head.content["chosen"]
        return shown

    def state() -> list[str]:
        return [job.state for job in engine.wb.plans.build(scene, include=[FILM]).jobs if job.workflow == FILM]

    assert state() == ["missing"]
    place(scene, wave, "wave.mp4", "KF4")
    # the scene is still to be filmed
    assert (chosen(), state()) == (None, ["missing"])
    place(scene, whole, "take 3.mp4")
    assert (chosen(), state()) == (whole, [])
    # what was the scene's so far is a shot's now
    place(scene, whole, "take 3.mp4", "KF0")
    assert (chosen(), state()) == (None, ["missing"])
    head = engine.wb.artifact(scene, "scene_video")
    assert head is not None
    engine.wb.artifacts.save(scene, "scene_video", {**head.content, "chosen": wave}, head.version)
    assert (chosen(), state()) == (wave, [])


@pytest.mark.parametrize(
    ("pictures", "error"),
    [({}, InvalidInput), ({"KF9": ("clip", "x")}, InvalidInput), ({"KF0": ("clip", "x")}, NotFound),
     ({"KF0": ("a" * 64, "x")}, NotFound)],
)  # fmt: skip
def test_what_is_no_shot_and_no_picture_is_refused(
    start: Callable[..., Engine], pictures: dict[str, tuple[str, str]], error: type[Exception]
) -> None:
    engine = start()
    scene = scene_of(engine)
    clip = engine.wb.media.add_clip(tiny_mp4()).sha256
    given = {key: (clip if sha == "clip" else sha, name) for key, (sha, name) in pictures.items()}
    with pytest.raises(error):
        engine.wb.artifacts.place_pictures(scene, given)
    assert engine.wb.artifact(scene, "keyframe_images") is None


def test_a_scene_without_shots_says_what_comes_first(start: Callable[..., Engine]) -> None:
    engine = start()
    project = engine.wb.create_project({"title": "T"})
    with pytest.raises(NotAllowed, match="put in the place of a scene's shots"):
        engine.wb.artifacts.place_pictures(project, {"KF0": (own(engine), "a.png")})
