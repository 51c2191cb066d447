"""Frames through the real engine: candidates are added, what is drawn is not paid again, what failed is named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import events, run
from tests.workflows.frames import BRIEF, Painter, edit_shot, quick_drawing, scene_of, shot
from workbench.artifacts.storyboard import FRAMINGS
from workbench.errors import GuardUnmet, InvalidInput, ProviderError
from workbench.i18n import Text
from workbench.settings import Settings
from workbench.workflows.image.frame_prompt import WORDS, frame_prompt

KIND = "generate_keyframe_images"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def studio(settings: Settings, painter: Painter) -> Iterator[Engine]:
    """An engine whose pictures come from a paid service."""
    made = Engine(settings, make_provider=lambda profile: painter)
    yield made
    made.close()


def frames(engine: Engine, scene: int) -> dict[str, dict[str, Any]]:
    head = engine.wb.artifact(scene, "keyframe_images")
    return {f["key"]: f for f in head.content["frames"]} if head else {}


def choose(engine: Engine, scene: int, key: str, media: str) -> None:
    """Pick a picture of a frame by hand."""
    head = engine.wb.artifact(scene, "keyframe_images")
    assert head is not None
    chosen = [{**f, "chosen": media} if f["key"] == key else f for f in head.content["frames"]]
    engine.wb.artifacts.save(scene, "keyframe_images", {**head.content, "frames": chosen}, head.version)


def stale_parts(engine: Engine, scene: int) -> list[str | None]:
    return [r.part for r in engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")]


def failure(kind: str, status: int | None = None, **more: Any) -> ProviderError:
    return ProviderError(kind, Text("the service said {kind}", kind=kind), http_status=status, **more)


def test_nine_frames_are_drawn_and_kept(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine)
    done = run(engine, KIND, scene)
    assert done.state == "succeeded"
    made = frames(engine, scene)
    assert list(made) == [f"KF{n}" for n in range(9)]
    for frame in made.values():
        [candidate] = frame["candidates"]
        assert frame["chosen"] == candidate["media"]
        assert engine.wb.media.path(candidate["media"]).exists()
        assert engine.wb.media.path(candidate["media"], thumbnail=True).exists()
        assert (candidate["width"], candidate["height"], candidate["model"]) == (96, 54, "sketch-1")
    assert len({f["chosen"] for f in made.values()}) == 9
    head = engine.wb.artifact(scene, "keyframe_images")
    assert (head["content"]["aspect_ratio"], head["model"]) == ("16:9", "sketch-1")  # type: ignore[index]
    assert engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images") == []


def test_the_job_shows_its_frames_while_it_runs_and_counts_them(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine)
    shown = engine.wb.jobs.get_detail(run(engine, KIND, scene).id)
    assert [s.name for s in shown.steps] == [f"KF{n}" for n in range(9)]
    assert [s.position for s in shown.steps] == list(range(1, 10))
    assert shown.steps[3].output["images"] == frames(engine, scene)["KF3"]["candidates"]
    said = [str(e.message) for e in shown.events]
    assert "Drawing shot 7 — Moment 7 on the pier" in said
    calls = shown.model_calls
    assert [(c.capability, c.images, c.cost_micros, c.outcome) for c in calls] == [("image", 1, 0, "ok")] * 9


def test_no_bytes_and_no_links_are_in_any_row(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine)
    shown = engine.wb.jobs.get_detail(run(engine, KIND, scene).id)
    told = json.dumps([shown, engine.wb.artifact(scene, "keyframe_images")], default=str)
    assert "base64" not in told
    assert "http:" not in told
    assert "https:" not in told
    assert "iVBOR" not in told
    assert "UklGR" not in told


def test_editing_one_shot_makes_its_frame_alone_stale_and_draws_it_alone(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    before = frames(studio, scene)
    edit_shot(studio, scene, 4, "The lamp falls", "the lamp in mid air")
    assert stale_parts(studio, scene) == ["shot:4"]
    painter.requests.clear()
    assert run(studio, KIND, scene).state == "succeeded"
    assert len(painter.requests) == 1
    after = frames(studio, scene)
    assert len(after["KF3"]["candidates"]) == 2
    assert after["KF3"]["candidates"][0] == before["KF3"]["candidates"][0]
    assert after["KF3"]["chosen"] == after["KF3"]["candidates"][1]["media"]
    assert {k: f for k, f in after.items() if k != "KF3"} == {k: f for k, f in before.items() if k != "KF3"}
    assert stale_parts(studio, scene) == []


def test_running_it_again_with_nothing_changed_pays_nothing(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    before = frames(studio, scene)
    painter.requests.clear()
    assert run(studio, KIND, scene).state == "succeeded"
    assert painter.requests == []
    assert frames(studio, scene) == before


def test_a_new_candidate_has_another_seed_and_is_chosen(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    for count in (2, 3):
        run(studio, KIND, scene, {"keys": ["KF2"], "new_candidate": True})
        frame = frames(studio, scene)["KF2"]
        assert len(frame["candidates"]) == count
        assert frame["chosen"] == frame["candidates"][-1]["media"]
    assert len({r.seed for r in painter.requests if "holds up lamp 3" in r.prompt}) == 3
    assert painter.drawn(1) == 1
    assert stale_parts(studio, scene) == []


def test_a_persons_choice_stays_when_nothing_changed_under_it(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    run(studio, KIND, scene, {"keys": ["KF2"], "new_candidate": True})
    head = studio.wb.artifact(scene, "keyframe_images")
    assert head is not None
    picked = head.content["frames"][2]["candidates"][0]["media"]
    head.content["frames"][2]["chosen"] = picked
    studio.wb.artifacts.save(scene, "keyframe_images", head.content, head.version)
    edit_shot(studio, scene, 9, "The end", "a closed door")
    run(studio, KIND, scene)
    assert frames(studio, scene)["KF2"]["chosen"] == picked
    assert len(frames(studio, scene)["KF8"]["candidates"]) == 2


def test_an_edit_that_is_taken_back_shows_the_old_picture_again_for_nothing(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    old = frames(studio, scene)["KF0"]["chosen"]
    edit_shot(studio, scene, 1, "Another", "another picture")
    run(studio, KIND, scene)
    assert frames(studio, scene)["KF0"]["chosen"] != old
    edit_shot(studio, scene, 1, shot(1)["caption"], shot(1)["composition"])
    painter.requests.clear()
    run(studio, KIND, scene)
    assert painter.requests == []
    assert frames(studio, scene)["KF0"]["chosen"] == old


def test_drawing_some_frames_leaves_what_else_is_stale_stale(studio: Engine) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    edit_shot(studio, scene, 2, "Two", "two anew")
    edit_shot(studio, scene, 5, "Five", "five anew")
    run(studio, KIND, scene, {"keys": ["KF1"]})
    assert len(frames(studio, scene)["KF1"]["candidates"]) == 2
    assert len(frames(studio, scene)["KF4"]["candidates"]) == 1
    assert stale_parts(studio, scene) == ["shot:5"]


def test_what_failed_is_named_with_its_reason_and_drawn_by_a_retry(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    painter.failures = {
        "holds up lamp 4": [failure("content_filter", 400)],
        "holds up lamp 6": [b"<html>not a picture</html>"],
    }
    done = run(studio, KIND, scene)
    assert (done.state, done.error_kind) == ("partial", "child_failed")
    assert [(f["item"], f["error_kind"]) for f in done.result["failed"]] == [
        ("KF3", "content_filter"),
        ("KF5", "malformed_output"),
    ]
    assert "the service said content_filter" in done.result["failed"][0]["error"]
    assert "no PNG, JPEG or WebP" in done.result["failed"][1]["error"]
    assert len(done.result["succeeded"]) == 7
    assert len(painter.requests) == 9
    assert sorted(frames(studio, scene)) == ["KF0", "KF1", "KF2", "KF4", "KF6", "KF7", "KF8"]

    again = studio.finish(studio.wb.jobs.retry(done.id).id)
    assert again.state == "succeeded"
    assert len(painter.requests) == 11
    assert len(frames(studio, scene)) == 9


def test_a_retry_of_new_candidates_draws_only_what_failed_and_leaves_a_choice_alone(
    studio: Engine, painter: Painter
) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    painter.failures = {"holds up lamp 4": [failure("content_filter", 400)]}
    done = run(studio, KIND, scene, {"new_candidate": True})
    assert (done.state, len(painter.requests)) == ("partial", 18)
    first, second = (c["media"] for c in frames(studio, scene)["KF0"]["candidates"])
    choose(studio, scene, "KF0", first)

    again = studio.finish(studio.wb.jobs.retry(done.id).id)
    assert (again.state, len(painter.requests)) == ("succeeded", 19)
    assert {key: len(f["candidates"]) for key, f in frames(studio, scene).items()} == {f"KF{n}": 2 for n in range(9)}
    assert [c["media"] for c in frames(studio, scene)["KF0"]["candidates"]] == [first, second]
    assert frames(studio, scene)["KF0"]["chosen"] == first
    # a third round is a round of its own
    run(studio, KIND, scene, {"new_candidate": True, "keys": ["KF0"]})
    assert (len(painter.requests), len(frames(studio, scene)["KF0"]["candidates"])) == (20, 3)


def test_a_frame_that_could_not_be_drawn_anew_keeps_its_picture_and_stays_stale(
    studio: Engine, painter: Painter
) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    before = frames(studio, scene)
    edit_shot(studio, scene, 4, "Four", "four anew")
    edit_shot(studio, scene, 5, "Five", "five anew")
    painter.failures = {"four anew": [failure("content_filter", 400)]}
    assert run(studio, KIND, scene).state == "partial"
    assert frames(studio, scene)["KF3"] == before["KF3"]
    assert len(frames(studio, scene)["KF4"]["candidates"]) == 2
    assert stale_parts(studio, scene) == ["shot:4"]


def test_without_a_single_picture_the_job_has_failed_with_every_reason(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    painter.failures = {f"holds up lamp {n}": [failure("content_filter", 400)] for n in range(1, 9)} | {
        "holds up lamp 9": [failure("bad_request", 400)]
    }
    done = run(studio, KIND, scene)
    assert (done.state, done.error_kind) == ("failed", "content_filter")
    assert "KF0, KF1, KF2, KF3, KF4, KF5, KF6, KF7: the service said content_filter" in done.error
    assert "KF8: the service said bad_request" in done.error
    assert frames(studio, scene) == {}


@pytest.mark.parametrize(
    ("kind", "status"), [("auth", 401), ("permission", 403), ("quota_exhausted", 429), ("not_found_model", 404)]
)
def test_what_every_frame_would_meet_stops_further_calls(
    studio: Engine, painter: Painter, kind: str, status: int
) -> None:
    scene = scene_of(studio)
    painter.failures = {"holds up lamp": [failure(kind, status) for _ in range(9)]}
    done = run(studio, KIND, scene)
    assert (done.state, done.error_kind) == ("failed", kind)
    assert len(painter.requests) <= 4


def test_a_quota_that_runs_out_midway_leaves_what_was_drawn(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    painter.failures = {f"holds up lamp {n}": [failure("quota_exhausted", 429)] for n in (5, 6, 7, 8, 9)}
    done = run(studio, KIND, scene)
    assert done.state == "partial"
    assert {f["error_kind"] for f in done.result["failed"]} == {"quota_exhausted"}
    assert sorted(frames(studio, scene)) == ["KF0", "KF1", "KF2", "KF3"]


def test_a_passing_failure_is_tried_again_and_nothing_drawn_is_paid_twice(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    painter.failures = {
        "holds up lamp 2": [failure("rate_limit", 429, retry_after_ms=5)],
        "holds up lamp 8": [failure("content_filter", 400)],
    }
    done = run(studio, KIND, scene)
    assert done.state == "partial"
    assert [f["item"] for f in done.result["failed"]] == ["KF7"]
    assert done.failures == 1
    assert [painter.drawn(n) for n in range(1, 10)] == [1, 2, 1, 1, 1, 1, 1, 1, 1]


def test_a_failure_that_does_not_pass_is_named_at_the_last_attempt(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    painter.failures = {"holds up lamp 2": [failure("rate_limit", 429) for _ in range(5)]}
    done = run(studio, KIND, scene)
    assert done.state == "partial"
    assert [(f["item"], f["error_kind"]) for f in done.result["failed"]] == [("KF1", "rate_limit")]
    assert painter.drawn(2) == 2


def test_an_empty_answer_is_asked_for_once_more_and_both_are_counted(studio: Engine, painter: Painter) -> None:
    scene = scene_of(studio)
    painter.failures = {"holds up lamp 2": [failure("empty_output", 200)]}
    done = run(studio, KIND, scene)
    assert done.state == "succeeded"
    calls = [c for c in studio.wb.jobs.get_detail(done.id).model_calls if c.step == "KF1"]
    assert [(c.outcome, c.error_kind, c.purpose) for c in calls] == [
        ("error", "empty_output", "generate"),
        ("ok", None, "retry"),
    ]


def test_another_model_draws_what_is_stale_and_a_new_candidate_where_that_is_asked_for(
    studio: Engine, painter: Painter
) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene)
    project = studio.wb.projects.get_node(scene).project_id
    studio.wb.profiles.add("mine", "sketch", image_model="sketch-2")
    studio.wb.projects.set_profile(project, "mine")
    before, calls = frames(studio, scene), len(painter.requests)
    run(studio, KIND, scene)
    assert (frames(studio, scene), len(painter.requests)) == (before, calls)
    edit_shot(studio, scene, 5, "Enter Fen", "Fen stands in the door, lamp 5 behind him.")
    run(studio, KIND, scene)
    assert len(painter.requests) == calls + 1
    after = frames(studio, scene)
    assert {key for key in after if after[key] != before[key]} == {"KF4"}
    run(studio, KIND, scene, {"keys": ["KF3"], "new_candidate": True})
    assert len(painter.requests) == calls + 2
    # the same pixels: one candidate, now by the model that drew it last
    assert [c["model"] for c in frames(studio, scene)["KF3"]["candidates"]] == ["sketch-2"]


def test_the_story_with_another_ratio_is_drawn_in_it(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine, {**BRIEF, "aspect_ratio": "9:16"})
    run(engine, KIND, scene)
    made = frames(engine, scene)["KF0"]["candidates"][0]
    assert (made["width"], made["height"]) == (54, 96)
    assert engine.wb.artifact(scene, "keyframe_images")["content"]["aspect_ratio"] == "9:16"  # type: ignore[index]


def test_two_homes_draw_the_same_story_alike(tmp_path: Any, start: Callable[..., Engine]) -> None:
    first = start()
    other = Settings.load(home=tmp_path / "b", database_url=f"sqlite:///{tmp_path / 'b' / 'b.db'}")
    second = Engine(other)
    try:
        # row ids differ, the story does not
        second.wb.create_project({**BRIEF, "title": "Another"})
        scenes = scene_of(first), scene_of(second)
        for engine, scene in zip((first, second), scenes, strict=True):
            run(engine, KIND, scene)
        assert frames(first, scenes[0]) == frames(second, scenes[1])
    finally:
        second.close()


def test_without_a_plan_of_shots_it_cannot_start(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine)
    with engine.wb.database.write() as conn:
        from workbench.db.writes import story

        node = engine.wb.projects.get_node(scene)
        bare = story.add_node(
            conn, "scene", "Bare", parent_id=node.parent_id, project_id=node.project_id, position=2, user="local"
        )
    with pytest.raises(GuardUnmet):
        engine.wb.submit(KIND, bare)
    with pytest.raises(InvalidInput, match="keys"):
        engine.wb.submit(KIND, scene, {"keys": ["KF9"]})


ANCHOR = {
    "scene": {"zh": "雨夜的木栈桥", "en": "A wooden pier in night rain"},
    "lighting": {"type": "lamp", "direction": "left", "colour": "amber", "intensity": "weak"},
    "atmosphere": {"mood": "tense", "weather": "rain", "time": "night"},
    "anchors": {"zh": ["盘了三圈的缆绳"], "en": ["a rope coiled thrice"]},
    "avoid": {"zh": "汽车", "en": "cars"},
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_prompt_tells_style_set_and_shot_in_the_storys_language(language: str) -> None:
    said = frame_prompt(shot(3), ANCHOR, "ink wash", "16:9", language)
    zh = language == "zh"
    for part in (
        "ink wash",
        ANCHOR["scene"][language],  # type: ignore[index]
        WORDS["framing"][FRAMINGS[2]][0 if zh else 1],
        "holds up lamp 3",
        "the dark water",
        "16:9",
        ANCHOR["avoid"][language],  # type: ignore[index]
        "文字" if zh else "lettering",
    ):
        assert part in said
    assert ("Style:" in said) is not zh
    assert said == frame_prompt(shot(3), ANCHOR, "ink wash", "16:9", language)
    assert said != frame_prompt(shot(4), ANCHOR, "ink wash", "16:9", language)


def test_a_shot_without_people_says_so() -> None:
    empty = {**shot(1), "subjects": []}
    said = frame_prompt(empty, {}, "", "1:1", "en")
    assert "Nobody is in the picture." in said
    assert "a wet pier at night" in said
    assert "Style" not in said


def test_every_code_of_a_shot_has_words_in_both_languages() -> None:
    from typing import get_args

    from workbench.artifacts import storyboard

    for name, codes in (
        ("framing", storyboard.Framing),
        ("angle", storyboard.Angle),
        ("position", storyboard.Position),
        ("facing", storyboard.Facing),
        ("pose", storyboard.Stance),
        ("expression", storyboard.Expression),
    ):
        assert tuple(WORDS[name]) == get_args(codes)
        assert all(zh != en and zh and en for zh, en in WORDS[name].values())


def test_the_timeline_counts_the_frames(start: Callable[..., Engine]) -> None:
    engine = start()
    done = run(engine, KIND, scene_of(engine))
    assert any("9 of 9 frames drawn" in e for e in events(engine, done))
