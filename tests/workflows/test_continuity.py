"""Does a frame follow from the one before? Each check with an answer that holds and one that does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from workbench.artifacts.storyboard import ActionPlan, KeyframeGroup, MotionPrompt
from workbench.errors import Issue
from workbench.story import continuity
from workbench.story.continuity import Cast
from workbench.workflows.scene import generate_keyframe_prompt as keyframes
from workbench.workflows.scene import generate_motion_prompt as motion

CAST = Cast(["Mei", "Old Tom"], [{"name": "Mei", "aliases": ["the girl"]}, {"name": "Old Tom", "aliases": ["Tom"]}])
NOBODY = Cast([])
ANCHORS = ["a wet pier", "a lamp on a pole", "an upturned boat"]
Change = Callable[[dict[str, Any]], Any]


def state(name: str = "Mei", **more: Any) -> dict[str, Any]:
    held = {"left": "", "right": "a letter"}
    return {"name": name, "location": "by the boat", "stance": "standing", "facing": "left", "hands": held, **more}


def plan() -> dict[str, Any]:
    """Three beats; between start and end Mei sits down, then rises, then leaves."""
    stances = ["standing", "sitting", "standing", "walking"]
    kept = {"background": "the pier", "camera": "near side", "screen_direction": "to the right", "axis": "pier"}
    return {
        "beats": [
            {
                "id": f"b{n}",
                "summary": f"Beat {n}",
                "intent": "establish",
                "start": [state(stance=stances[n]), state("Old Tom")],
                "mid": [state(stance="crouching"), state("Old Tom")],
                "end": [state(stance=stances[n + 1]), state("Old Tom")],
                "continuity": kept,
            }
            for n in range(3)
        ]
    }


def subject(name: str = "Mei", **more: Any) -> dict[str, Any]:
    seen = {"position": "left", "orientation": "left", "pose": "standing", "action": "holds a letter"}
    face = {"expression": "neutral", "gaze": "at the sea", "hands": {"left": "", "right": "a letter"}}
    return {"name": name, **seen, **face, **more}


def frame(*subjects: dict[str, Any], composition: str = "thirds") -> dict[str, Any]:
    return {
        "caption": "Mei on the pier",
        "anchors": ANCHORS[:2],
        "subjects": list(subjects),
        "composition": composition,
        "bubble_space": "upper left",
    }


def group() -> dict[str, Any]:
    """Mei stands, crouches, sits."""
    return {
        "camera": {"angle": "eye_level", "lens": "35 mm", "aspect": "16:9"},
        "start": frame(subject()),
        "mid": frame(subject(pose="crouching", action="crouches low", gaze="at the planks", expression="afraid")),
        "end": frame(subject(pose="sitting", action="sits on the edge", gaze="at the lamp", expression="sad")),
        "avoid": ["sunlight"],
    }


def plan_issues(made: dict[str, Any], cast: Cast = CAST) -> list[Issue]:
    return continuity.plan_issues(ActionPlan.model_validate(made), cast)


def group_issues(made: dict[str, Any], before: dict[str, Any] | None = None, cast: Cast = CAST) -> list[Issue]:
    planned = ActionPlan.model_validate(plan()).beats[0]
    earlier = KeyframeGroup.model_validate(before) if before else None
    start, end = (planned.start, planned.end) if cast else ([], [])
    return continuity.group_issues(KeyframeGroup.model_validate(made), start, end, cast, ANCHORS, "16:9", earlier)


def said(issues: list[Issue]) -> list[str]:
    return [str(i) for i in issues]


# --- the action plan -------------------------------------------------------------------------------------------


def test_a_plan_whose_beats_join_has_no_issue() -> None:
    assert plan_issues(plan()) == []


@pytest.mark.parametrize("count", [2, 4])
def test_a_plan_of_other_than_three_beats_has_no_valid_shape(count: int) -> None:
    beats = (plan()["beats"] * 2)[:count]

    with pytest.raises(ValueError, match="beats"):
        ActionPlan.model_validate({"beats": beats})


@pytest.mark.parametrize(
    ("part", "value", "was", "now"),
    [
        ("location", "under the lamp", "by the boat", "under the lamp"),
        ("stance", "kneeling", "sitting", "kneeling"),
        ("facing", "away", "left", "away"),
        ("hands", {"left": "a rope", "right": "a letter"}, "— / a letter", "a rope / a letter"),
    ],
)
def test_a_beat_begins_as_the_one_before_ended(part: str, value: Any, was: str, now: str) -> None:
    made = plan()
    made["beats"][1]["start"][0][part] = value

    assert said(plan_issues(made)) == [
        f"beats.1.start.Mei.{part}: jumps: the beat before ends with {was}, this begins with {now}"
    ]


def test_people_neither_vanish_nor_appear_between_two_beats() -> None:
    made = plan()
    made["beats"][2]["start"] = made["beats"][2]["start"][:1]
    made["beats"][2]["start"][0]["name"] = "the girl"
    (issue,) = plan_issues(made)

    assert issue.path == "beats.2.start"
    assert issue.message.params == {"gone": "Old Tom", "new": "—"}


def test_an_alias_is_the_same_person_and_case_and_spaces_do_not_matter() -> None:
    made = plan()
    made["beats"][1]["start"][0] |= {"name": "The Girl", "location": " By the  boat"}
    made["beats"][1]["start"][1]["name"] = "Tom"

    assert plan_issues(made) == []
    assert [s.name for s in continuity.use_own_names(ActionPlan.model_validate(made).beats[1].start, CAST)] == ["Mei",
        "Old Tom"]  # fmt: skip


def test_ids_are_unique() -> None:
    made = plan()
    made["beats"][2]["id"] = "b0"

    assert said(plan_issues(made)) == ["beats: the id “b0” is used twice"]


@pytest.mark.parametrize(
    ("people", "named"),
    [
        ([state("Mr Nobody")], "Mr Nobody is not in this scene's cast; only: Mei, Old Tom"),
        ([state(), state("the girl")], "somebody is named twice"),
        ([], "nobody is there; show at least one of: Mei, Old Tom"),
    ],
)
def test_a_beat_shows_the_scenes_people_each_once(people: list[dict[str, Any]], named: str) -> None:
    made = plan()
    made["beats"][0]["mid"] = people

    assert said(plan_issues(made)) == [f"beats.0.mid: {named}"]


def test_only_a_scene_without_a_cast_is_empty() -> None:
    made = plan()
    for beat in made["beats"]:
        beat |= {"start": [], "mid": [], "end": []}

    assert plan_issues(made, NOBODY) == []
    assert len(plan_issues(made, CAST)) == 9
    assert "only: —" in str(plan_issues(plan(), NOBODY)[0])


# --- the frames of a beat --------------------------------------------------------------------------------------


def test_frames_that_follow_from_one_another_have_no_issue() -> None:
    assert group_issues(group()) == []


def wrong_aspect(made: dict[str, Any]) -> None:
    made["camera"]["aspect"] = "9:16"


def stranger(made: dict[str, Any]) -> None:
    made["mid"]["subjects"].append(subject("Mr Nobody"))


def twice(made: dict[str, Any]) -> None:
    made["mid"]["subjects"].append(subject("THE GIRL"))


def nobody(made: dict[str, Any]) -> None:
    made["end"]["subjects"] = []


def invented_anchor(made: dict[str, Any]) -> None:
    for moment in ("start", "mid", "end"):
        made[moment]["anchors"] = ["a wet pier", "A lamp on a pole"]


def other_anchors(made: dict[str, Any]) -> None:
    made["mid"]["anchors"] = ANCHORS[1:]


def other_order(made: dict[str, Any]) -> None:
    made["end"]["anchors"] = [ANCHORS[1], ANCHORS[0]]


def course_of_events(made: dict[str, Any]) -> None:
    made["mid"]["subjects"][0]["action"] = "stands up and then walks off"


def too_alike(made: dict[str, Any]) -> None:
    made["mid"]["subjects"][0] = subject(gaze="at the lamp", expression="sad")


def other_stance(made: dict[str, Any]) -> None:
    made["start"]["subjects"][0]["pose"] = "lying"


def other_hands(made: dict[str, Any]) -> None:
    made["start"]["subjects"][0]["hands"]["right"] = "a knife"


def other_end(made: dict[str, Any]) -> None:
    made["end"]["subjects"][0]["orientation"] = "camera"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (wrong_aspect, "camera.aspect: is 9:16; the story's aspect ratio is 16:9"),
        (stranger, "mid.subjects: Mr Nobody is not in this scene's cast; only: Mei, Old Tom"),
        (twice, "mid.subjects: somebody is named twice"),
        (nobody, "end.subjects: nobody is there; show at least one of: Mei, Old Tom"),
        (
            invented_anchor,
            "start.anchors: A lamp on a pole is none of the scene's anchors; copy them word for word: a wet "
            "pier; a lamp on a pole; an upturned boat",
        ),
        (other_anchors, "anchors: the three frames must name the same anchors in the same order"),
        (other_order, "anchors: the three frames must name the same anchors in the same order"),
        (course_of_events, "mid.subjects.0.action: “then” tells a course of events; describe one frozen moment"),
        (
            too_alike,
            "start→mid: too little changes (2 of at least 3): change position, pose, action, expression, gaze or hands",
        ),
        (other_stance, "start.subjects.0.pose: is lying; the plan has standing here"),
        (other_hands, "start.subjects.0.hands: is — / a knife; the plan has — / a letter here"),
        (other_end, "end.subjects.0.orientation: is camera; the plan has left here"),
    ],
)
def test_what_breaks_a_beat_is_named_where_it_is(change: Change, named: str) -> None:
    made = group()
    change(made)

    assert named in said(group_issues(made))


def test_a_frame_shows_nobody_whom_the_plan_does_not_have_there() -> None:
    made, planned = group(), ActionPlan.model_validate(plan()).beats[0]
    made["start"]["subjects"].append(subject("Tom"))
    found = continuity.group_issues(
        KeyframeGroup.model_validate(made), planned.start[:1], planned.end, CAST, ANCHORS, "16:9", None
    )

    assert said(found) == ["start.subjects: the plan does not have Tom here; only: Mei"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("她慢慢站起", "慢慢"),
        ("然后转身", "然后"),
        ("灯光逐渐暗下", "逐渐"),
        ("Slowly raises the lamp", "Slowly"),
        ("begins to run", "begins"),
        ("keeps turning the page", "keeps turning"),
        ("becomes pale", "becomes"),
        ("holds the lamp over the thenar of the hand", None),
        ("一手举灯，一手扶栏", None),
        ("strengthens the grip", None),
    ],
)
def test_a_course_of_events_is_told_from_one_moment(text: str, word: str | None) -> None:
    assert continuity.process_word(text) == word


@pytest.mark.parametrize(
    ("changed", "score"),
    [
        ({}, 0),
        ({"position": "right"}, 1),
        ({"position": "right", "orientation": "away", "pose": "lying"}, 3),
        ({"action": "waves", "expression": "sad", "gaze": "down"}, 3),
        ({"hands": {"left": "a rope", "right": ""}}, 2),
        ({"action": " Holds a  LETTER"}, 0),
    ],
)
def test_each_changed_field_counts_once(changed: dict[str, Any], score: int) -> None:
    made = KeyframeGroup.model_validate({**group(), "mid": frame(subject("the girl", **changed))})

    assert continuity.difference(made.start, made.mid, CAST) == score


def test_whoever_comes_or_goes_counts_twice() -> None:
    made = KeyframeGroup.model_validate({**group(), "mid": frame(subject("Old Tom"))})

    assert continuity.difference(made.start, made.mid, CAST) == 4


def test_an_empty_scene_changes_by_its_composition() -> None:
    made = {**group(), "start": frame(), "mid": frame(composition="a diagonal"),
        "end": frame(composition="symmetrical")}  # fmt: skip
    assert group_issues(made, cast=NOBODY) == []

    made["mid"]["composition"] = " Thirds"
    (issue,) = group_issues(made, cast=NOBODY)
    assert str(issue) == "start→mid: the two frames show the same picture; change the composition"


# --- from one beat to the next ---------------------------------------------------------------------------------


def after() -> dict[str, Any]:
    """A group that begins exactly where `before` ended."""
    return {**group(), "end": frame(subject(pose="sitting", action="sits still", gaze="down", expression="happy"))}


def before() -> dict[str, Any]:
    made = group()
    return {**made, "start": made["end"], "end": made["start"]}


def moved(part: str, value: Any) -> Change:
    def change(made: dict[str, Any]) -> None:
        made["start"]["subjects"][0][part] = value

    return change


def another_lens(made: dict[str, Any]) -> None:
    made["camera"]["lens"] = "85 mm"


def another_angle(made: dict[str, Any]) -> None:
    made["camera"]["angle"] = "low"


def new_anchors(made: dict[str, Any]) -> None:
    for moment in ("start", "mid", "end"):
        made[moment]["anchors"] = ANCHORS[1:]


def newcomer(made: dict[str, Any]) -> None:
    made["start"]["subjects"].append(subject("Old Tom"))


def test_a_beat_that_begins_where_the_one_before_ended_has_no_issue() -> None:
    assert group_issues(after(), before()) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (another_lens, "camera.lens: jumps: the beat before ends with 35 mm, this begins with 85 mm"),
        (another_angle, "camera.angle: jumps: the beat before ends with eye_level, this begins with low"),
        (
            new_anchors,
            "start.anchors: jumps: the beat before ends with a wet pier; a lamp on a pole, this begins with a "
            "lamp on a pole; an upturned boat",
        ),
        (
            moved("position", "far_right"),
            "start.subjects.Mei.position: jumps: the beat before ends with left, this begins with far_right",
        ),
        (
            moved("orientation", "away"),
            "start.subjects.Mei.orientation: jumps: the beat before ends with left, this begins with away",
        ),
        (
            moved("pose", "running"),
            "start.subjects.Mei.pose: jumps: the beat before ends with standing, this begins with running",
        ),
        (
            moved("hands", {"left": "", "right": ""}),
            "start.subjects.Mei.hands: jumps: the beat before ends with — / a letter, this begins with — / —",
        ),
        (
            newcomer,
            "start.subjects: must begin with the people the beat before ended with; missing: —; not there "
            "before: Old Tom",
        ),
    ],
)
def test_nothing_jumps_between_two_beats(change: Change, named: str) -> None:
    made = after()
    change(made)

    assert named in said(group_issues(made, before()))


def test_face_gaze_and_action_may_change_at_a_cut() -> None:
    made = after()
    made["start"]["subjects"][0] |= {"expression": "angry", "gaze": "at Tom", "action": "points at the sea"}

    assert group_issues(made, before()) == []


def captioned(*captions: str) -> keyframes.KeyframeGroup:
    made = group()
    for moment, caption in zip(("start", "mid", "end"), captions, strict=True):
        made[moment]["caption"] = caption
    return keyframes.KeyframeGroup.model_validate(made)


def test_the_next_picture_has_a_caption_of_its_own_in_the_storys_language() -> None:
    assert keyframes.group_text_issues(captioned("Mei waits", "Mei looks up", "Mei waits"), "en") == []
    assert keyframes.group_text_issues(captioned("阿梅 waits", "A look", "阿梅"), "en", ["阿梅"]) == []
    same = captioned("Mei waits", "Mei waits", "Mei  waits")
    assert [i.path for i in keyframes.group_text_issues(same, "en")] == ["mid.caption", "end.caption"]
    chinese = captioned("Mei waits", "她站在窗边", "Mei sits")
    assert said(keyframes.group_text_issues(chinese, "en")) == ["mid.caption: must be English"]


def test_three_beats_are_told_in_the_storys_language() -> None:
    made = ActionPlan.model_validate(plan())
    assert keyframes.plan_text_issues(made, "en") == []
    made.beats[1].summary, made.beats[2].intent = "她转过身", "她走了"
    assert [i.path for i in keyframes.plan_text_issues(made, "en")] == ["beats.1.summary", "beats.2.intent"]


# --- the direct way --------------------------------------------------------------------------------------------


def nine(*subjects: dict[str, Any]) -> dict[str, Any]:
    return {"frames": [frame(*(dict(s) for s in subjects), composition=f"{n}") for n in range(9)]}


def test_nine_direct_frames_are_held_to_people_anchors_and_moments() -> None:
    good = keyframes.DirectPlan.model_validate(nine(subject()))
    assert keyframes.direct_issues(good, CAST, ANCHORS) == []

    # nine frames with one caption
    assert len(keyframes.direct_text_issues(good, "en")) == 8

    bad = nine(subject())
    bad["frames"][3]["subjects"] = [subject("Mr Nobody")]
    bad["frames"][5]["anchors"] = ["a piano"]
    bad["frames"][6]["subjects"][0]["action"] = "gradually sits down"
    bad["frames"][8]["composition"] = "7"
    found = keyframes.direct_issues(keyframes.DirectPlan.model_validate(bad), CAST, ANCHORS)
    assert [i.path for i in found] == ["frames.3.subjects", "frames.5.anchors", "frames.6.subjects.0.action",
        "frames.8"]  # fmt: skip


@pytest.mark.parametrize("count", [8, 10])
def test_a_direct_plan_has_nine_frames(count: int) -> None:
    with pytest.raises(ValueError, match="frames"):
        keyframes.DirectPlan.model_validate({"frames": (nine(subject())["frames"] * 2)[:count]})


# --- motion ----------------------------------------------------------------------------------------------------


def moving(**more: Any) -> MotionPrompt:
    return MotionPrompt.model_validate(
        {
            "seconds": 6,
            "short": {"zh": "她转过身", "en": "She turns"},
            "beats": [
                {"from_s": 0, "to_s": 2, "zh": "她站定", "en": "She stands"},
                {"from_s": 2, "to_s": 4, "zh": "她转过身", "en": "She turns"},
                {"from_s": 4, "to_s": 6, "zh": "她走开", "en": "She leaves"},
            ],
            "changes": {"subject": ["She turns"], "camera": [], "environment": []},
            "constraints": ["the pier stays"],
            **more,
        }
    )


def test_three_windows_are_the_thirds_of_the_clip() -> None:
    assert motion.thirds(6) == [(0, 2), (2, 4), (4, 6)]
    assert motion.thirds(5) == [(0, 1.67), (1.67, 3.33), (3.33, 5)]
    assert motion.window_issues(moving(), 6) == []
    assert said(motion.window_issues(moving(seconds=5), 5)) == [
        "beats.0: runs 0–2 s; this third runs 0–1.67 s",
        "beats.1: runs 2–4 s; this third runs 1.67–3.33 s",
        "beats.2: runs 4–6 s; this third runs 3.33–5 s",
    ]
    assert [i.path for i in motion.window_issues(moving(seconds=7), 6)] == ["seconds"]


def test_something_must_change_and_no_window_says_what_another_says() -> None:
    assert motion.change_issues(moving()) == []
    nothing = moving(changes={"subject": [], "camera": [], "environment": []})
    assert [i.path for i in motion.change_issues(nothing)] == ["changes"]
    again = moving().model_dump()
    again["beats"][2]["zh"] = "她站定"
    assert [i.path for i in motion.change_issues(MotionPrompt.model_validate(again))] == ["beats"]


@pytest.mark.parametrize("part", ["subject", "camera", "environment"])
def test_at_most_two_changes_of_a_kind(part: str) -> None:
    with pytest.raises(ValueError, match=part):
        moving(changes={part: ["a", "b", "c"]})


def test_forty_chinese_characters_are_short_and_one_more_is_not() -> None:
    moving(short={"zh": "动" * 40, "en": "She turns"})
    with pytest.raises(ValueError, match="short"):
        moving(short={"zh": "动" * 41, "en": "She turns"})


@pytest.mark.parametrize("side", ["zh", "en"])
def test_two_windows_may_not_say_the_same_in_either_language(side: str) -> None:
    assert motion.change_issues(moving()) == []
    made = moving()
    for beat in made.beats:
        setattr(beat, side, getattr(made.beats[0], side))
    assert said(motion.change_issues(made)) == ["beats: two windows say the same; each must say what moves in it"]


def test_each_text_is_in_its_language_and_names_may_stay() -> None:
    assert motion.language_issues(moving()) == []
    mixed = moving(short={"zh": "She turns", "en": "她转过身"})
    assert said(motion.language_issues(mixed)) == ["short.zh: must be Chinese", "short.en: must be English"]
    named = moving(short={"zh": "Old Tom转身", "en": "欧阳明月 turns"})
    assert motion.language_issues(named, ["欧阳明月", "Old Tom"]) == []
    only_a_name = moving(short={"zh": "王生", "en": "欧阳明月"})
    assert [i.path for i in motion.language_issues(only_a_name, ["欧阳明月", "王生"])] == ["short.zh", "short.en"]


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"short": {"zh": "Jim转身", "en": "He turns"}}, "short.zh"),
        ({"changes": {"subject": [], "camera": ["the camera finds Jim"], "environment": []}}, "changes.camera.0"),
        ({"constraints": ["nothing else moves", "Jim stays"]}, "constraints.1"),
    ],
)
def test_nobody_is_named_who_is_not_in_the_scene(changed: dict[str, Any], path: str) -> None:
    found = motion.stranger_issues(moving(**changed), ["Jim", "James"], ["Mei"])

    assert said(found) == [f"{path}: Jim is not in this scene's cast; only: Mei"]


def test_a_strangers_name_inside_that_of_somebody_there_is_no_stranger() -> None:
    made = moving(short={"zh": "Jim Young转身", "en": "Jim Young turns"})

    assert motion.stranger_issues(made, ["Jim"], ["Jim Young"]) == []
    assert motion.stranger_issues(made, ["Jim"], ["Della"]) != []
