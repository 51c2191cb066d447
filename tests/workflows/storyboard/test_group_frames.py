"""Frames drawn from a group of the long storyboard instead of the nine-shot plan."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from tests.workflows.frames import Painter, quick_drawing
from tests.workflows.storyboard.scenes import content, edit, planned, service
from workbench.artifacts import kinds
from workbench.artifacts.panels import PanelCamera
from workbench.artifacts.saving import add_version
from workbench.errors import GuardUnmet
from workbench.settings import Settings
from workbench.story.board import BoardPanel
from workbench.story.frame_shots import make_shot

Start = Callable[..., Engine]
IMAGES = "generate_keyframe_images"
#: two of the nine, since drawing takes its time
KEYS = {"keys": ["KF3", "KF4"]}


def shown(engine: Engine, scene: int) -> dict[str, str]:
    """The chosen picture of each frame."""
    return {f["key"]: f["chosen"] for f in content(engine, scene, "keyframe_images")["frames"]}


@pytest.mark.parametrize("sample", ["painted-skin.zh", "gift-of-the-magi.en"])
def test_a_groups_nine_panels_become_candidates_beside_those_of_the_shots(start: Start, sample: str) -> None:
    engine = start()
    scene = planned(engine, sample)
    run(engine, "generate_keyframe_prompt", scene)
    with pytest.raises(GuardUnmet, match="KF1 has no panels yet"):
        engine.wb.submit(IMAGES, scene, {"source": "KF1"})
    run(engine, "generate_storyboard_group", scene)
    run(engine, "translate_storyboard_panels", scene)
    run(engine, IMAGES, scene, KEYS)
    of_shots = shown(engine, scene)
    job = run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert job.state == "succeeded", job.error
    of_panels = shown(engine, scene)
    assert all(of_panels[key] != of_shots[key] for key in of_shots)
    frames = content(engine, scene, "keyframe_images")["frames"]
    assert [len(f["candidates"]) for f in frames] == [2] * 2
    # nothing has changed: nothing is drawn again, and the panels stay
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert shown(engine, scene) == of_panels
    # an edited panel leads to a picture of its own, and to no other
    change = "zh" if sample.endswith("zh") else "en"
    kind = "storyboard_translation" if change == "zh" else "storyboard_groups"
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update({change: "雪落下来。" if change == "zh"
                                                                            else "Snow falls."}), kind)  # fmt: skip
    assert engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert [k for k, v in shown(engine, scene).items() if v != of_panels[k]] == ["KF4"]
    # back to the shots
    run(engine, IMAGES, scene, {**KEYS, "source": "plan"})
    assert shown(engine, scene) == of_shots


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)


def mixed(engine: Engine, people: list[str]) -> tuple[int, list[dict[str, Any]]]:
    """A scene whose fifth frame is drawn from its second group and whose fourth is drawn from the nine shots; a
    panel shows `people`. Returns the scene and its nine shots."""
    scene = planned(engine, "gift-of-the-magi.en")
    run(engine, "generate_keyframe_prompt", scene)
    run(engine, "generate_storyboard_group", scene)

    def change(made: dict[str, Any]) -> None:
        panel = made["groups"][1]["panels"][4]
        camera = panel.get("camera")
        words = "A comb lies in the snow."
        panel["en"] = words if camera is not None else f"[ECU, high angle] {words}"
        if camera is not None:
            camera |= {"size": "CU", "angle": "birds_eye", "lens": "macro"}
        panel["people"] = people

    edit(engine, scene, change)
    run(engine, IMAGES, scene, KEYS)
    run(engine, IMAGES, scene, {"keys": ["KF4"], "source": "KF1"})
    return scene, content(engine, scene, "keyframe_prompt")["shots"]


def test_a_frame_is_told_by_what_its_picture_was_drawn_from(start: Start, quick: None) -> None:
    engine = start()
    scene, shots = mixed(engine, [])
    known = engine.wb.artifacts.list_shots([scene])[scene]
    assert known.shown[3]["caption"] == shots[3]["caption"]
    assert (known.source("KF3"), known.source("KF4")) == (None, "KF1")
    assert known.shown[4]["caption"] == "A comb lies in the snow."
    # each candidate tells of its own; the older one is of the nine shots
    older = content(engine, scene, "keyframe_images")["frames"][1]["candidates"][0]["media"]
    assert known.find("KF4", older)["caption"] == shots[4]["caption"]

    # picked again, it is what the frame shows
    head = engine.wb.artifact(scene, "keyframe_images")
    assert head is not None
    made = head.content
    made["frames"][1]["chosen"] = older
    engine.wb.artifacts.save(scene, "keyframe_images", made, head.version)
    known = engine.wb.artifacts.list_shots([scene])[scene]
    assert [s["caption"] for s in known.shown] == [s["caption"] for s in shots]


def test_pictures_of_before_they_named_their_source_are_told_by_what_they_were_made_from(
    start: Start, quick: None
) -> None:
    engine = start()
    scene, _ = mixed(engine, [])
    head = engine.wb.artifact(scene, "keyframe_images")
    assert head is not None
    made = head.content
    for frame in made["frames"]:
        for candidate in frame["candidates"]:
            candidate.pop("source", None)
    engine.wb.artifacts.save(scene, "keyframe_images", made, head.version)
    known = engine.wb.artifacts.list_shots([scene])[scene]
    assert (known.source("KF3"), known.source("KF4")) == (None, "KF1")
    assert known.shown[4]["caption"] == "A comb lies in the snow."


def test_a_hand_off_tells_each_frame_by_what_it_was_drawn_from(start: Start, quick: None) -> None:
    engine = start()
    scene, shots = mixed(engine, [])
    told = engine.wb.handoffs.make(scene, "csv").data.decode("utf-8-sig")
    rows = [row for row in csv.DictReader(io.StringIO(told)) if row["Shot"]]
    assert [rows[n]["Caption"] for n in (3, 4, 5)] == [shots[3]["caption"], "A comb lies in the snow.",
                                                       shots[5]["caption"]]  # fmt: skip
    assert rows[4]["Angle"] == "High"
    assert rows[4]["Cast"] == ""


def test_likeness_is_measured_of_those_whom_the_picture_was_to_show(start: Start, quick: None) -> None:
    engine = start()
    scene, shots = mixed(engine, [])
    everybody = {c["name"]: c["id"] for c in characters(engine, scene)}
    there = [str(s["name"]) for s in shots[4]["subjects"]]
    for name in there:
        frames = engine.wb.likeness.board(everybody[name]).frames
        # the panel shows nobody, whatever the nine-shot plan says of its place
        assert [f.key for f in frames if f.key == "KF4"] == []
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(people=[there[0]]))
    [frame] = [f for f in engine.wb.likeness.board(everybody[there[0]]).frames if f.key == "KF4"]
    assert frame.caption == "A comb lies in the snow."


def test_a_further_candidate_and_a_ranking_go_by_the_source_of_the_frame(start: Start, quick: None) -> None:
    engine = start()
    scene, _ = mixed(engine, [])
    job = run(engine, "rank_keyframe_candidates", scene, {"keys": ["KF4"], "candidates": 3})
    assert job.state == "succeeded", job.error
    candidates = content(engine, scene, "keyframe_images")["frames"][1]["candidates"]
    assert [c.get("source") for c in candidates] == [None, "KF1", "KF1"]
    asked = [str(r.messages) for r in service(engine).requests[-3:]]
    # they are looked at side by side
    assert sorted("A comb lies in the snow." in text for text in asked) == [False, True, True]
    assert not engine.wb.artifacts.list_stale_reasons(scene, "frame_ranking")
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(people=["Della"]))
    assert engine.wb.artifacts.list_stale_reasons(scene, "frame_ranking")


def in_frame(engine: Engine, scene: int) -> list[str]:
    """Whom the fifth frame shows, as pages, drift and rankings read it."""
    shot = engine.wb.artifacts.list_shots([scene])[scene].find("KF4")
    return [str(s["name"]) for s in shot["subjects"]]


def reword(engine: Engine, scene: int, **fields: Any) -> None:
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(fields))


def test_whoever_an_edited_panel_names_is_in_its_picture(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)
    painter = Painter()
    engine = Engine(settings, make_provider=lambda profile: painter)
    scene, _ = mixed(engine, [])

    def draw() -> str:
        painter.requests.clear()
        run(engine, IMAGES, scene, {"keys": ["KF4"], "source": "KF1"})
        return painter.requests[0].prompt

    reword(engine, scene, en="Della's comb lies in deep snow.")
    assert "Nobody is in the picture" in draw()
    reword(engine, scene, en="Jim stands, turned toward a mirror.")
    assert "People: Jim, centre" in draw()
    assert in_frame(engine, scene) == ["Jim"]
    # whom the text names no more stays, and whom both name is there once
    reword(engine, scene, people=["Della", "Jim"])
    assert in_frame(engine, scene) == ["Della", "Jim"]
    reword(engine, scene, en="A mirror, blind with age.")
    assert in_frame(engine, scene) == ["Della", "Jim"]
    # of what only a model wrote its own people count
    reword(engine, scene, people=[])
    assert in_frame(engine, scene) == []
    engine.close()


def test_whoever_an_edited_chinese_panel_names_is_in_its_picture(start: Start, quick: None) -> None:
    engine = start()
    scene, _ = mixed(engine, [])
    run(engine, "translate_storyboard_panels", scene)
    there = "Jim站着，朝着起了斑的镜子。"
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(zh=there), "storyboard_translation")
    # until it is in English the English counts
    assert in_frame(engine, scene) == []
    # a person's own English is put into Chinese again by request alone
    service(engine).changes = [lambda made: made["panels"][0].update(en="Jim stands before a mirror.")]
    assert run(engine, "back_translate_storyboard_panels", scene, {"group_id": "KF1"}).state == "succeeded"
    assert in_frame(engine, scene) == ["Jim"]
    handed = csv.DictReader(io.StringIO(engine.wb.handoffs.make(scene, "csv").data.decode("utf-8-sig")))
    assert {r["Panel"]: r["Cast"] for r in handed}["14"] == "Jim"


def test_in_a_chinese_story_the_edited_chinese_says_who_is_there(start: Start, quick: None) -> None:
    engine = start()
    scene = planned(engine, "painted-skin.zh")
    run(engine, "generate_keyframe_prompt", scene)
    run(engine, "generate_storyboard_group", scene)
    run(engine, "translate_storyboard_panels", scene)
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(people=[]))
    edit(
        engine,
        scene,
        lambda made: made["groups"][1]["panels"][4].update(zh="王生的剑落在雪里。"),
        "storyboard_translation",
    )
    run(engine, IMAGES, scene, {"keys": ["KF4"], "source": "KF1"})
    assert in_frame(engine, scene) == []
    edit(
        engine, scene, lambda made: made["groups"][1]["panels"][4].update(zh="王生站在雪里。"), "storyboard_translation"
    )
    assert in_frame(engine, scene) == ["王生"]


def sources(engine: Engine, scene: int) -> list[str | None]:
    """What the chosen picture of each frame was drawn from."""
    frames = content(engine, scene, "keyframe_images")["frames"]
    return [c.get("source") for f in frames for c in f["candidates"] if c["media"] == f["chosen"]]


def test_frames_are_drawn_again_from_what_each_was_drawn_from(start: Start, quick: None) -> None:
    engine = start()
    scene, _ = mixed(engine, [])
    before = shown(engine, scene)
    run(engine, IMAGES, scene, KEYS)
    assert shown(engine, scene) == before
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(en="[ECU] A comb lies in deep snow."))
    edit(engine, scene, lambda made: made["shots"][3].update(composition="A lamp is lit."), "keyframe_prompt")
    run(engine, IMAGES, scene, KEYS)
    after = shown(engine, scene)
    assert (sources(engine, scene), {k for k in after if after[k] != before[k]}) == ([None, "KF1"], {"KF3", "KF4"})
    assert not engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")
    # one more of the same, and of another source where that is asked for
    run(engine, IMAGES, scene, {**KEYS, "new_candidate": True})
    assert sources(engine, scene) == [None, "KF1"]
    run(engine, IMAGES, scene, {**KEYS, "source": "plan"})
    assert sources(engine, scene) == [None, None]


def test_an_update_of_what_is_stale_keeps_to_the_group_of_a_frame(start: Start, quick: None) -> None:
    engine = start()
    scene, _ = mixed(engine, [])
    # the other seven; these two stay
    run(engine, IMAGES, scene)
    assert sources(engine, scene) == [None] * 4 + ["KF1"] + [None] * 4
    before = shown(engine, scene)
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(en="[ECU] A comb lies in deep snow."))
    update = [w.name for w in engine.wb.plans.list_makers() if w.name != IMAGES]
    parent = engine.finish(engine.wb.plans.run(scene, "stale", leave_out=update).id, timeout=120)
    assert parent.state == "succeeded", parent.error
    assert sources(engine, scene) == [None] * 4 + ["KF1"] + [None] * 4
    assert [key for key, media in shown(engine, scene).items() if media != before[key]] == ["KF4"]
    assert not engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")


def reset_scene(engine: Engine, scene: int) -> None:
    """An edit that changes every panel, and what every frame is drawn of."""
    edit(
        engine,
        scene,
        lambda made: made["anchors"].update(en=["a red lantern", *made["anchors"]["en"][1:]]),
        "scene_anchor",
    )


def lock_setting(engine: Engine, scene: int) -> None:
    """An edit that changes every panel, and of the frames those that show one."""
    edit(
        engine, scene, lambda made: made.update(setting_lock=made["setting_lock"] + " Snow falls."), "storyboard_bible"
    )


@pytest.mark.parametrize("change", [reset_scene, lock_setting])
@pytest.mark.parametrize("of_panel", [True, False], ids=["of a panel", "of the nine shots"])
def test_an_update_draws_a_frame_once_and_after_the_panel_that_it_shows(
    start: Start, quick: None, change: Callable[[Engine, int], None], of_panel: bool
) -> None:
    engine = start()
    scene = planned(engine, "gift-of-the-magi.en")
    run(engine, "generate_keyframe_prompt", scene)
    run(engine, "generate_storyboard_group", scene)
    run(engine, IMAGES, scene)
    if of_panel:
        run(engine, IMAGES, scene, {"keys": ["KF4"], "source": "KF1"})
    change(engine, scene)
    by_hand = [w.name for w in engine.wb.plans.list_by_hand()]

    jobs = engine.wb.plans.build(scene, "stale", include=by_hand).jobs
    waits = [{jobs[n].workflow for n in job.after} for job in jobs if job.workflow == IMAGES]
    parent = engine.finish(engine.wb.plans.run(scene, "stale", include=by_hand).id, timeout=120)

    assert parent.state == "succeeded", parent.error
    assert [("generate_storyboard_group" in names) for names in waits] in ([of_panel], [])
    assert bool(waits) == (of_panel or change is reset_scene)
    assert engine.wb.plans.build(scene, "stale", include=by_hand).jobs == []


def test_a_frame_whose_group_is_gone_is_drawn_from_the_nine_shots(start: Start, quick: None) -> None:
    engine = start()
    scene, _ = mixed(engine, [])
    edit(engine, scene, lambda made: made["groups"].pop(1))
    run(engine, IMAGES, scene, KEYS)
    assert sources(engine, scene) == [None, None]


def test_an_own_picture_stands_for_what_its_frame_showed(start: Start, quick: None) -> None:
    engine = start()
    scene, shots = mixed(engine, [])
    media = engine.wb.media.add_picture(png("navy"))
    engine.wb.artifacts.place_pictures(scene, {"KF3": (media.sha256, "a.png"), "KF4": (media.sha256, "b.png")})
    known = engine.wb.artifacts.list_shots([scene])[scene]
    assert known.shown[3]["caption"] == shots[3]["caption"]
    assert known.shown[4]["caption"] == "A comb lies in the snow."
    assert not engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update(people=["Della"]))
    [reason] = engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")
    assert reason.touches("frame:KF4")
    assert not reason.touches("frame:KF3")


def touched(engine: Engine, scene: int, kind: str = "keyframe_images") -> set[str]:
    """The frames that have something that changed under them."""
    reasons = engine.wb.artifacts.list_stale_reasons(scene, kind)
    return {key for key in ("KF3", "KF4") if any(r.touches(f"frame:{key}") for r in reasons)}


def put(kind: str, number: int, **fields: Any) -> Callable[[Engine, int], None]:
    """An edit of a panel of the second group."""
    return lambda engine, scene: edit(
        engine, scene, lambda made: made["groups"][1]["panels"][number - 1].update(fields), kind
    )


def move(name: str) -> Callable[[Engine, int], None]:
    """An edit of how somebody is at the end of the second group."""

    def change(made: dict[str, Any]) -> None:
        [state] = [c for c in made["groups"][1]["end"]["characters"] if c["name"] == name]
        state["stance"] = "kneeling"

    return lambda engine, scene: edit(engine, scene, change)


OF_GROUP: dict[str, tuple[Callable[[Engine, int], None], dict[str, set[str]]]] = {
    "another panel's English": (put("storyboard_groups", 6, en="A door stands open."), {}),
    "another panel's Chinese": (put("storyboard_translation", 6, zh="门开着。"), {}),
    "another panel's people": (put("storyboard_groups", 1, people=[]), {}),
    "its own English": (put("storyboard_groups", 5, en="Snow lies on the sill."), {"zh": {"KF4"}, "en": {"KF4"}}),
    "its own Chinese": (put("storyboard_translation", 5, zh="窗台上有雪。"), {"zh": {"KF4"}, "en": {"KF4"}}),
    "the summary": (lambda e, s: edit(e, s, lambda made: made["groups"][1].update(summary="Nothing.")), {}),
}  # fmt: skip


@pytest.mark.parametrize("sample", ["painted-skin.zh", "gift-of-the-magi.en"])
def test_a_frame_is_stale_for_its_own_panel_alone(start: Start, quick: None, sample: str) -> None:
    engine = start()
    scene = planned(engine, sample)
    run(engine, "generate_keyframe_prompt", scene)
    run(engine, "generate_storyboard_group", scene)
    run(engine, "translate_storyboard_panels", scene)
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert touched(engine, scene) == set()
    for what, (change, expected) in OF_GROUP.items():
        change(engine, scene)
        assert touched(engine, scene) == expected.get(sample[-2:], set()), what
        if expected:
            [reason] = engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")
            assert reason.part == "group:KF1"
            assert reason.changes[0].now in ("Snow lies on the sill.", "窗台上有雪。")
            drawn = shown(engine, scene)
            run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
            assert {key for key, media in shown(engine, scene).items() if media != drawn[key]} <= {"KF4"}
            assert touched(engine, scene) == set()


def test_a_frame_that_is_drawn_before_its_edited_chinese_is_in_english_stays_stale_until_it_follows(
    start: Start, quick: None
) -> None:
    engine = start()
    scene = planned(engine, "gift-of-the-magi.en")
    run(engine, "generate_keyframe_prompt", scene)
    run(engine, "generate_storyboard_group", scene)
    run(engine, "translate_storyboard_panels", scene)
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    put("storyboard_translation", 5, zh="窗台上有雪。")(engine, scene)
    for keys in (KEYS, {**KEYS, "new_candidate": True}):
        run(engine, IMAGES, scene, keys)
        [reason] = engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")
        assert (touched(engine, scene), reason.changes[0].now) == ({"KF4"}, "窗台上有雪。")
    # the English that it still shows is that of before: nothing was drawn anew but what was asked for
    assert [len(f["candidates"]) for f in content(engine, scene, "keyframe_images")["frames"]] == [2, 2]

    service(engine).changes = [lambda made: made["panels"][0].update(en="Snow lies on the sill.")]
    assert run(engine, "back_translate_storyboard_panels", scene).state == "succeeded"
    assert touched(engine, scene) == {"KF4"}
    drawn = shown(engine, scene)
    run(engine, IMAGES, scene, KEYS)
    assert [key for key, media in shown(engine, scene).items() if media != drawn[key]] == ["KF4"]
    assert touched(engine, scene) == set()
    # English that a person has written since follows the edit, too
    put("storyboard_translation", 4, zh="门开着。")(engine, scene)
    put("storyboard_groups", 4, en="A door stands open.")(engine, scene)
    run(engine, IMAGES, scene, KEYS)
    assert touched(engine, scene) == set()


def test_a_frame_is_stale_when_those_whom_it_shows_stand_otherwise(start: Start, quick: None) -> None:
    engine = start()
    scene, _ = mixed(engine, ["Della"])
    reword(engine, scene, en="Jim stands at the door, Della beside him.")
    edit(engine, scene, lambda made: made["groups"][1]["panels"][3].update(people=["Della"]))
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    names = {c["name"] for c in content(engine, scene, "storyboard_groups")["groups"][1]["end"]["characters"]}
    assert {"Della", "Jim"} <= names
    move("Jim")(engine, scene)
    assert touched(engine, scene) == {"KF4"}
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert touched(engine, scene) == set()
    move("Della")(engine, scene)
    assert touched(engine, scene) == {"KF3", "KF4"}


def test_what_was_made_of_a_whole_group_stays_so(start: Start, quick: None) -> None:
    """Frames of before their inputs named the panel."""
    engine = start()
    scene, _ = mixed(engine, [])
    head = engine.wb.artifact(scene, "keyframe_images")
    assert head is not None
    older = [
        {name: value for name, value in one.items() if name not in ("fields", "fields_hash")}
        if one["kind"] == "storyboard_groups" else one
        for one in head.inputs
    ]  # fmt: skip
    with engine.wb.database.write() as conn:
        add_version(
            conn, scene, kinds.find("keyframe_images"), head.content, source="import", user="local", inputs=older
        )
    assert touched(engine, scene) == set()
    before = shown(engine, scene)
    put("storyboard_groups", 6, en="A door stands open.")(engine, scene)
    assert touched(engine, scene) == {"KF4"}
    run(engine, IMAGES, scene, KEYS)
    assert (touched(engine, scene), shown(engine, scene)) == (set(), before)
    put("storyboard_groups", 7, en="A door is shut.")(engine, scene)
    assert touched(engine, scene) == set()


def test_an_own_picture_and_a_ranking_are_stale_for_their_panel_alone(start: Start, quick: None) -> None:
    engine = start()
    scene, _ = mixed(engine, ["Della"])
    run(engine, "rank_keyframe_candidates", scene, {"keys": ["KF4"], "candidates": 1})
    media = engine.wb.media.add_picture(png("navy"))
    engine.wb.artifacts.place_pictures(scene, {"KF4": (media.sha256, "b.png")})
    both = ("keyframe_images", "frame_ranking")
    put("storyboard_groups", 6, en="A door stands open.")(engine, scene)
    assert [touched(engine, scene, kind) for kind in both] == [set(), set()]
    put("storyboard_groups", 5, en="Snow lies on the sill.")(engine, scene)
    assert [touched(engine, scene, kind) for kind in both] == [{"KF4"}, {"KF4"}]


def characters(engine: Engine, scene: int) -> list[dict[str, Any]]:
    project = engine.wb.projects.get_node(scene).project_id
    return [{"name": n.title, "id": n.id} for n in nodes(engine, project, "character")]


def png(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (64, 36), colour).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    ("en", "camera", "expected"),
    [
        ("A lamp.", {"size": "INS", "angle": "worms_eye", "lens": "macro", "motion": "static"},
         ("ECU", "low", "macro")),
        ("A lamp.", {"size": "TWO", "angle": "birds_eye", "lens": "ultra_wide", "motion": "arc"},
         ("MS", "high", "ultra wide")),
        ("[ELS, low angle] A lamp.", None, ("ELS", "low", "")),
        ("[a shot from nowhere] A lamp.", None, ("MS", "eye_level", "")),
    ],
)  # fmt: skip
def test_any_camera_is_a_framing_that_can_be_drawn(en: str, camera: dict[str, Any] | None, expected: Any) -> None:
    panel = BoardPanel(3, 12, en, "", None if camera is None else PanelCamera.model_validate(camera), ("Mei",))
    shot = make_shot(panel, {}, "a pier", [], "16:9", "en")
    assert (shot["framing"], shot["camera"]["angle"], shot["camera"]["lens"]) == expected
    assert shot["caption"] == "A lamp."
    assert shot["subjects"][0]["name"] == "Mei"
