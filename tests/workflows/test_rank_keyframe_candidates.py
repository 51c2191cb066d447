"""The best of n: what is missing is drawn, each picture is looked at once, paid and counted; the pick is a person's."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from tests.engine.conftest import Engine
from tests.workflows.conftest import run
from tests.workflows.frames import Painter, edit_shot, quick_drawing, scene_of
from tests.workflows.test_frames_from_sheets import CROPPED, LIKE_DELLA, Told, describe
from tests.workflows.test_keyframe_images import frames
from workbench.artifacts.storyboard import SeenPerson, Sight
from workbench.db.schema import model_call
from workbench.errors import ProviderError
from workbench.i18n import Text
from workbench.providers.base import PICTURE_TOKENS, Message, OnDelta, Profile, TextReply, TextRequest, Usage
from workbench.providers.params import takes_pictures
from workbench.settings import Settings
from workbench.workflows.image import rank_keyframe_candidates as best

KIND = "rank_keyframe_candidates"
RIGHT: dict[str, Any] = {
    "people": [{"name": "Mara", "there": True, "right": True}], "strangers": 0, "hands": 2, "wrong_hands": 0,
    "framing_right": True, "text": "", "remark": "clear",
}  # fmt: skip


class Judge(Painter):
    """Looks at pictures for money: answers as told, in the order of the calls, then that all is right."""

    modes = ("json_schema",)

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[TextRequest] = []
        self.answers: list[dict[str, Any] | str | ProviderError] = []

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        self.looked.append(request)
        answer = self.answers.pop(0) if self.answers else RIGHT
        if isinstance(answer, ProviderError):
            raise answer
        said = answer if isinstance(answer, str) else json.dumps(answer)
        return TextReply(said, Usage(900, None, 60), "eyes-1")


@pytest.fixture(autouse=True)
def small_drawings(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)
    # one after the other, so that the answers are those of the pictures in their order
    monkeypatch.setattr(best, "AT_ONCE", 1)


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def studio(settings: Settings, judge: Judge) -> Iterator[Engine]:
    made = Engine(settings, make_provider=lambda profile: judge)
    yield made
    made.close()


def ranked(engine: Engine, scene: int) -> dict[str, list[dict[str, Any]]]:
    head = engine.wb.artifact(scene, "frame_ranking")
    return {f["key"]: f["candidates"] for f in head.content["frames"]} if head else {}


def test_the_missing_candidates_are_drawn_and_each_is_looked_at_once(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    run(studio, "generate_keyframe_images", scene, {"keys": ["KF2"]})
    judge.answers = [
        {**RIGHT, "strangers": 1, "text": "SHUTTERSTOCK"},
        {**RIGHT, "wrong_hands": 1, "framing_right": False},
        RIGHT,
    ]
    done = run(studio, KIND, scene, {"keys": ["KF2"], "candidates": 3})
    assert done.state == "succeeded"
    candidates = [c["media"] for c in frames(studio, scene)["KF2"]["candidates"]]
    assert len(candidates) == len(judge.requests) == 3
    assert list(frames(studio, scene)) == ["KF2"]
    assert [(c["media"], c["score"]) for c in ranked(studio, scene)["KF2"]] == [
        (candidates[2], 100),
        (candidates[1], 76),
        (candidates[0], 75),
    ]
    # each call had the picture itself, as a JPEG, and is in the ledger with its tokens
    for request, media in zip(judge.looked, candidates, strict=True):
        [shown] = request.messages[-1].pictures
        with Image.open(io.BytesIO(shown)) as image, Image.open(studio.wb.media.path(media)) as kept:
            assert (image.format, image.size) == ("JPEG", kept.size)
            assert image.convert("RGB").getpixel((9, 9)) == pytest.approx(kept.convert("RGB").getpixel((9, 9)), abs=4)
    calls = studio.wb.jobs.get_detail(done.id).model_calls
    assert [(c.capability, c.input_tokens, c.outcome) for c in calls] == [("text", 900, "ok")] * 3
    assert [c.prompt[-1]["pictures"] for c in calls] == [[media] for media in candidates]
    # it ranks and chooses none
    assert frames(studio, scene)["KF2"]["chosen"] == candidates[2]
    first = studio.wb.artifact(scene, "keyframe_images")
    assert first is not None
    picked = {**first.content["frames"][0], "chosen": candidates[0]}
    studio.wb.artifacts.save(scene, "keyframe_images", {**first.content, "frames": [picked]}, first.version)
    judge.looked.clear()
    run(studio, KIND, scene, {"keys": ["KF2"], "candidates": 3})
    assert frames(studio, scene)["KF2"]["chosen"] == candidates[0]
    assert judge.looked == []


def test_a_further_candidate_alone_is_paid_and_a_changed_shot_is_looked_at_anew(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene, {"keys": ["KF0", "KF1"], "candidates": 1})
    assert len(judge.looked) == 2
    run(studio, KIND, scene, {"keys": ["KF0"], "candidates": 2})
    assert len(judge.looked) == 3
    edit_shot(studio, scene, 1, "Another", "another one")
    assert [r.part for r in studio.wb.artifacts.list_stale_reasons(scene, "frame_ranking")] == ["shot:1"]
    run(studio, KIND, scene, {"candidates": 1, "keys": ["KF1"]})
    assert len(judge.looked) == 3
    assert [r.part for r in studio.wb.artifacts.list_stale_reasons(scene, "frame_ranking")] == ["shot:1"]
    run(studio, KIND, scene, {"candidates": 1, "keys": ["KF0"]})
    assert len(judge.looked) == 4
    assert {key: len(found) for key, found in ranked(studio, scene).items()} == {"KF0": 1, "KF1": 1}
    assert studio.wb.artifacts.list_stale_reasons(scene, "frame_ranking") == []


def test_an_answer_about_other_people_is_repaired_with_the_issue_named(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    stranger = {**RIGHT, "people": [{"name": "Bob", "there": False, "right": True}], "wrong_hands": 3}
    judge.answers = [stranger, RIGHT]
    assert run(studio, KIND, scene, {"keys": ["KF0"], "candidates": 1}).state == "succeeded"
    told = judge.looked[1].messages[-1].content
    for issue in ("in this order: Mara", "cannot look right", "more than the hands"):
        assert issue in told
    # the picture is shown again with the repair
    assert [len(m.pictures) for m in judge.looked[1].messages] == [0, 1, 0, 0]
    judge.answers = ["I cannot see any image."] * 4
    failed = run(studio, KIND, scene, {"keys": ["KF1"], "candidates": 1})
    assert (failed.state, failed.error_kind) == ("failed", "malformed_output")
    assert list(ranked(studio, scene)) == ["KF0"]


def test_people_are_held_against_the_look_that_they_wear_in_the_shot(studio: Engine, judge: Judge) -> None:
    told = Told(studio)
    describe(told, "Mara", appearance=LIKE_DELLA)
    run(studio, KIND, told.scene, {"keys": ["KF3", "KF4"], "candidates": 1})
    assert len(judge.looked) == 2
    # a look that comes later is another thing to hold a picture against
    told.add_sheet("Mara", {"name": "usual"}, dict(CROPPED))
    judge.looked.clear()
    run(studio, KIND, told.scene, {"keys": ["KF3", "KF4"], "candidates": 1})
    [again] = judge.looked
    said = again.messages[-1].content
    assert "slight, quick and warm; in this scene, whatever else is told of them: hair cropped short" in said
    assert "below the knee" not in said

    # what is worn is an input, and what others wear is none
    assert studio.wb.artifacts.list_stale_reasons(told.scene, "frame_ranking") == []
    told.add_sheet("Mara", {"name": "usual"}, {**CROPPED, "words": "hair cropped short, a red coat"})
    [reason] = studio.wb.artifacts.list_stale_reasons(told.scene, "frame_ranking")
    assert (reason.kind, reason.only_for) == ("character_sheet", ["frame:KF4"])
    judge.looked.clear()
    run(studio, KIND, told.scene, {"keys": ["KF3", "KF4"], "candidates": 1})
    assert ["a red coat" in r.messages[-1].content for r in judge.looked] == [True]
    assert studio.wb.artifacts.list_stale_reasons(told.scene, "frame_ranking") == []


def test_what_was_ranked_before_looks_were_told_is_looked_at_anew_where_one_is_worn(
    studio: Engine, judge: Judge
) -> None:
    told = Told(studio)
    describe(told, "Mara", appearance=LIKE_DELLA)
    told.add_sheet("Mara", {"name": "usual"}, dict(CROPPED))
    run(studio, KIND, told.scene, {"keys": ["KF3", "KF4"], "candidates": 1})
    head = studio.wb.artifact(told.scene, "frame_ranking")
    assert head is not None
    for frame in head.content["frames"]:
        for candidate in frame["candidates"]:
            del candidate["asked"]
    studio.wb.artifacts.save(told.scene, "frame_ranking", head.content, head.version)
    judge.looked.clear()
    run(studio, KIND, told.scene, {"keys": ["KF3", "KF4"], "candidates": 1})
    assert ["a green coat" in r.messages[-1].content for r in judge.looked] == [True]


def refused(kind: str = "content_filter", **more: Any) -> ProviderError:
    return ProviderError(kind, Text("the service said {kind}", kind=kind), http_status=400, **more)


def test_a_picture_that_is_refused_leaves_the_others_ranked_and_is_asked_for_alone(
    studio: Engine, judge: Judge
) -> None:
    scene = scene_of(studio)
    for _ in range(2):
        run(studio, "generate_keyframe_images", scene, {"keys": ["KF0", "KF1"], "new_candidate": True})
    first, second = ([c["media"] for c in frames(studio, scene)[key]["candidates"]] for key in ("KF0", "KF1"))
    judge.answers = [RIGHT, refused(), {**RIGHT, "strangers": 1}, RIGHT]
    done = run(studio, KIND, scene, {"keys": ["KF0", "KF1"], "candidates": 2})
    assert (done.state, done.error_kind, len(judge.looked)) == ("partial", "child_failed", 4)
    assert [(f["item"], f["error_kind"]) for f in done.result["failed"]] == [("KF0 (2)", "content_filter")]
    assert "the service said content_filter" in done.result["failed"][0]["error"]
    assert done.result["succeeded"] == ["KF0 (1)", "KF1 (1)", "KF1 (2)"]
    saved = {key: [c["media"] for c in found] for key, found in ranked(studio, scene).items()}
    assert saved == {"KF0": [first[0]], "KF1": [second[1], second[0]]}

    # refused for good: nothing is lost of what is there
    judge.answers = [refused()]
    again = studio.finish(studio.wb.jobs.retry(done.id).id)
    assert (again.state, again.error_kind, len(judge.looked)) == ("failed", "content_filter", 5)
    assert "KF0 (2): the service said content_filter" in again.error
    assert {key: len(found) for key, found in ranked(studio, scene).items()} == {"KF0": 1, "KF1": 2}

    at_last = studio.finish(studio.wb.jobs.retry(again.id).id)
    assert (at_last.state, len(judge.looked)) == ("succeeded", 6)
    assert {key: len(found) for key, found in ranked(studio, scene).items()} == {"KF0": 2, "KF1": 2}


def test_a_frame_none_of_whose_pictures_is_judged_stays_as_it_was_and_stale(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene, {"keys": ["KF0", "KF1"], "candidates": 1})
    before = ranked(studio, scene)
    edit_shot(studio, scene, 1, "Another", "another one")
    edit_shot(studio, scene, 2, "Another still", "another one still")
    judge.answers = [refused(), {**RIGHT, "strangers": 1}]
    assert run(studio, KIND, scene, {"keys": ["KF0", "KF1"], "candidates": 1}).state == "partial"
    assert ranked(studio, scene)["KF0"] == before["KF0"]
    assert ranked(studio, scene)["KF1"][0]["score"] < 100
    assert [r.part for r in studio.wb.artifacts.list_stale_reasons(scene, "frame_ranking")] == ["shot:1"]


def test_what_every_look_would_meet_stops_further_ones_and_keeps_what_was_seen(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    judge.answers = [RIGHT, refused("quota_exhausted")]
    done = run(studio, KIND, scene, {"keys": ["KF0", "KF1", "KF2", "KF3"], "candidates": 1})
    assert (done.state, len(judge.looked)) == ("partial", 2)
    assert {f["error_kind"] for f in done.result["failed"]} == {"quota_exhausted"}
    assert list(ranked(studio, scene)) == ["KF0"]


def test_a_look_that_fails_in_passing_is_taken_again_and_none_is_paid_twice(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    judge.answers = [RIGHT, refused("rate_limit", retry_after_ms=5)]
    done = run(studio, KIND, scene, {"keys": ["KF0", "KF1", "KF2"], "candidates": 1})
    assert (done.state, done.failures, len(judge.looked)) == ("succeeded", 1, 4)
    assert list(ranked(studio, scene)) == ["KF0", "KF1", "KF2"]


def test_a_model_that_takes_no_pictures_says_so_before_anything_is_paid(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    studio.wb.profiles.add("blind", "openai", base_url="http://127.0.0.1:9/v1", text_model="deepseek-chat")
    job = studio.wb.submit(KIND, scene, {"keys": ["KF0"], "candidates": 2}, profile="blind")
    failed = studio.finish(job.id, timeout=60)
    assert (failed.state, failed.error_kind) == ("failed", "bad_request")
    assert "takes no pictures" in str(failed.error)
    assert (judge.looked, judge.requests) == ([], [])


def test_the_sketch_answers_in_the_storys_language(start: Callable[..., Engine]) -> None:
    engine = start()
    scene = scene_of(engine)
    assert run(engine, KIND, scene, {"keys": ["KF0"], "candidates": 2}).state == "succeeded"
    [first, second] = ranked(engine, scene)["KF0"]
    assert (first["score"], second["score"]) == (100, 100)
    assert "looks at no picture" in first["sight"]["remark"]


@pytest.mark.parametrize(
    ("model", "said", "takes"),
    [
        ("gpt-5.2", None, True), ("openai/gpt-4o-mini", None, True), ("gemini-3-pro", None, True),
        ("qwen3-vl-plus", None, True), ("Qwen/Qwen2.5-VL-72B-Instruct", None, True), ("glm-4.6v", None, True),
        ("doubao-seed-1-8-251228", None, True), ("deepseek-chat", None, False), ("glm-4.6", None, False),
        ("qwen3-max", None, False), ("ep-20260101-abc", None, False), ("ep-20260101-abc", "yes", True),
        ("gpt-4o", "no", False),
    ],
)  # fmt: skip
def test_which_text_models_take_pictures(model: str, said: str | None, takes: bool) -> None:
    params = {} if said is None else {"image_input": said}
    assert takes_pictures(Profile(1, "p", "openai", text_model=model, params=params)) is takes


def test_the_score_falls_with_each_thing_that_is_wrong_and_ends_at_nothing() -> None:
    def of(**wrong: Any) -> int:
        return best.score(Sight.model_validate({**RIGHT, **wrong}))

    gone = SeenPerson(name="Mara", there=False, right=False).model_dump()
    steps = [of(), of(text="x"), of(wrong_hands=1), of(framing_right=False), of(strangers=1), of(people=[gone])]
    assert steps == sorted(steps, reverse=True)
    assert of(people=[gone] * 8, strangers=9) == 0


def test_pictures_are_sent_as_data_after_the_words() -> None:
    message = Message("user", "look", (b"\xff\xd8\xff",))
    assert message.picture_links == ["data:image/jpeg;base64,/9j/"]


def test_pictures_are_looked_at_again_in_other_words_frame_by_frame(studio: Engine, judge: Judge) -> None:
    scene = scene_of(studio)
    run(studio, KIND, scene, {"keys": ["KF0", "KF1"], "candidates": 2})
    prompt = studio.wb.prompts.get("image/rank_keyframe_candidates", "en")
    studio.wb.prompts.save(prompt.name, "en", "Look closely.", prompt.shipped["user"], base_version=0)
    stale = [r.only_for for r in studio.wb.artifacts.list_stale_reasons(scene, "frame_ranking")]
    assert stale == [["frame:KF0", "frame:KF1"]]
    judge.looked.clear()
    run(studio, KIND, scene, {"keys": ["KF0"], "candidates": 2})
    assert [r.messages[0].content for r in judge.looked] == ["Look closely."] * 2
    assert [r.only_for for r in studio.wb.artifacts.list_stale_reasons(scene, "frame_ranking")] == [["frame:KF1"]]
    run(studio, KIND, scene, {"keys": ["KF0", "KF1"], "candidates": 2})
    assert len(judge.looked) == 4
    assert studio.wb.artifacts.list_stale_reasons(scene, "frame_ranking") == []


def test_a_trial_is_priced_with_the_pictures_that_are_shown(studio: Engine, judge: Judge) -> None:
    name = "image/rank_keyframe_candidates"
    run(studio, KIND, scene_of(studio), {"keys": ["KF0"], "candidates": 2})
    ids = [c.id for c in studio.wb.trials.list_calls(name, "en")]
    words = studio.wb.prompts.get(name, "en").shipped

    def price(system: str) -> int:
        return studio.wb.trials.price(name, "en", system, words["user"], ids).tokens

    # nothing is reused by another model: 900 tokens in and 60 out for each of two pictures, on both sides
    judge.looked.clear()
    took = studio.finish(studio.wb.trials.start(name, "en", f"{words['system']} Look.", words["user"], ids).id)
    assert took.result is not None
    used = sum(side["input_tokens"] + side["output_tokens"] for side in took.result["sides"].values())
    assert price(f"{words['system']} Look.") >= used > 2 * 2 * 900
    assert price(f"{words['system']} {'Look. ' * 400}") >= price(words["system"]) + 2 * 500
    with studio.wb.database.write() as conn:
        # where a service does not count
        conn.execute(update(model_call).values(input_tokens=None))
    assert price(words["system"]) > 2 * 2 * PICTURE_TOKENS
