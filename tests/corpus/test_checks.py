"""The checker finds each kind of contradiction, and none where the story leaves something open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.corpus import checks
from tests.corpus.checks import Placed, compare, fault_of_title, name_people, tell_moments
from tests.corpus.making import Made, Scene, read_frame
from tests.corpus.stories import Moment, Person, Story
from workbench.sketch.drawing.caption import STAND_IN

PEOPLE = (
    Person("Li", sex="f"),
    Person("Li Ming", sex="m", age="adult", beard=False),
    Person("Rex", kind="animal", mute=True),
    Person("王五", sex="m"),
)
NIGHT = Moment(
    "Li Ming waits alone on the hospital roof at midnight, in the snow.",
    place=frozenset({"roof"}), inside=False, time=frozenset({"night"}), weather=frozenset({"snow"}),
    people=("Li Ming",),
)  # fmt: skip
DEATH = Moment("Then Li falls from the bridge and is dead at once.", people=("Li",), dies=("Li",))
AFTER = Moment("Li Ming buys bread in the market square.", people=("Li Ming",))
STORY = Story(
    "trial", "written for this test", "Trial", "en", "drama", "today", "custom", (NIGHT, DEATH, AFTER),
    {p.name: p for p in PEOPLE}, {p.name: "" for p in PEOPLE}, era=frozenset({"modern"}),
)  # fmt: skip
STYLE = {"prompt": "a modern apartment block"}


def shot(order: int = 1, *subjects: dict[str, Any], caption: str = "Snow") -> dict[str, Any]:
    return {
        "order": order,
        "caption": caption,
        "framing": "LS",
        "subjects": list(subjects),
        "visual": {},
        "anchors": [],
    }


def subject(name: str, action: str = "waits", **held: str) -> dict[str, Any]:
    hands = {"left": "", "right": "", **held}
    return {"name": name, "pose": "standing", "orientation": "camera", "expression": "neutral", "action": action,
        "gaze": "away", "hands": hands}  # fmt: skip


def scene(
    *shots: dict[str, Any], moment: Moment = NIGHT, location: str = "the roof", kind: str = "exterior, rooftop",
    time: str = "midnight", weather: str = "snow", cast: tuple[str, ...] = ("Li Ming",), cues: tuple[str, ...] = (),
    cue: str = "ambience", lines: tuple[str, ...] = (), things: tuple[str, ...] = (),
) -> Scene:  # fmt: skip
    outline = {"order": 1, "summary": moment.text, "location": location, "cast": list(cast), "beat": "beat"}
    anchor = {
        "scene": {"zh": "", "en": ""}, "location": {"type": kind, "name": location, "details": ""}, "lighting": {},
        "atmosphere": {"time": time, "weather": weather, "mood": ""}, "anchors": {"zh": [], "en": list(things)},
    }  # fmt: skip
    shots = shots or (shot(1, subject("Li Ming")),)
    frames = [read_frame(s, anchor, list(STORY.people), STYLE, "16:9", "en", 1) for s in shots]
    dialogue = {"lines": [{"speaker": name, "text": "Yes."} for name in lines]}
    sound = {"cues": [{"type": cue, "description": text} for text in cues]}
    return Scene(outline, anchor, list(shots), {}, dialogue, sound, frames)


def found(made: Scene, moment: Moment | None = NIGHT, story: Story = STORY) -> set[str]:
    """The kinds of contradiction in one scene, without what each drawing of a person claims."""
    placed = Placed(made, () if moment is None else (moment,), 0)
    looked = [c for look in checks._OF_A_SCENE if look is not checks.check_people for c in look(story, placed)]
    return {kind for kind, _, _ in looked}


def test_a_scene_that_holds_to_its_moment_contradicts_nothing() -> None:
    assert found(scene()) == set()


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("time", scene(time="early morning")),
        ("weather", scene(weather="clear, light wind")),
        ("weather", scene(cues=("rain beating on the roof",))),
        ("place", scene(location="the front room", kind="exterior, street")),
        ("inside", scene(kind="interior, kitchen")),
        ("sound", scene(cues=("surf coming in layer by layer, gulls far out",))),
        ("period", scene(things=("a brass oil lamp",))),
        ("names", scene(cast=("Li", "Li Ming"))),
        ("names", scene(cast=("Li Ming", "Nobody Known"))),
        ("lost", scene(cast=())),
        ("lines", scene(lines=("Rex",))),
        ("hands", scene(shot(1, subject("Rex", left="a letter")))),
        ("hands", scene(shot(1, subject("Rex", "stands with both hands down")))),
        ("hands", scene(shot(1, subject("Li Ming", right="the roof")))),
        ("hands", scene(shot(1, subject("Li Ming", right="Rex")))),
        ("steps", scene(cast=("Rex",), cue="foley", cues=("footsteps on paving stones",))),
    ],
)
def test_each_kind_of_contradiction_is_found(kind: str, made: Scene) -> None:
    assert kind in found(made)


def test_a_caption_that_lacks_letters_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "replace_missing", lambda text: text.replace("ꙮ", STAND_IN))

    assert found(scene(shot(1, subject("Li Ming"), caption="Li Ming reads ꙮ"))) == {"caption"}


def test_a_word_of_another_season_is_found() -> None:
    summer = replace(NIGHT, never=frozenset({"snow"}), weather=frozenset())

    assert found(scene(weather="clear", things=("snow on the sill",)), summer) == {"things"}
    assert found(scene(weather="snow"), summer) == {"things"}
    assert found(scene(weather="clear"), summer) == set()


def test_what_the_story_leaves_open_is_no_contradiction() -> None:
    open_moment = Moment(NIGHT.text)

    assert found(scene(time="dawn", weather="fog", location="the moor", cast=("Li",)), open_moment) == set()


def test_a_place_of_which_nothing_is_told_is_open() -> None:
    plain = scene(location="the place", kind="exterior")

    assert "place" not in found(plain)
    assert "place" in found(scene(location="the harbour", kind="exterior"))


def test_whoever_was_there_lately_may_stay_where_a_sentence_names_nobody() -> None:
    silent = Moment("Snow slides from the roof.", people=())
    alone = scene(cast=("Li",), moment=silent)

    assert [c[2] for c in checks.check_names(STORY, Placed(alone, (silent,), 1, frozenset({"Li Ming"})))] == [
        "Li is there, nobody in the story"
    ]
    assert list(checks.check_names(STORY, Placed(alone, (silent,), 1, frozenset({"Li"})))) == []


def test_somebody_in_a_story_without_people_is_found() -> None:
    empty = Moment("Every window of the house is dark, and rain runs down the stairs.", people=())
    story = replace(STORY, moments=(empty,), people={}, descriptions={})
    told = scene(shot(), moment=empty, cast=())
    haunted = replace(told, outline={**told.outline, "summary": f"{empty.text} Only breathing is left."})

    def kinds(one: Scene) -> list[str]:
        plan = {"logline": "", "beats": [], "scene_scope": ""}
        return [c[0] for c in checks.check_nobody(Made(story, [], plan, {}, [one]))]

    assert kinds(told) == []
    assert kinds(haunted) == ["nobody"]


def test_a_scene_on_the_way_is_held_to_what_holds_for_the_whole_story() -> None:
    always = replace(STORY, time=frozenset({"night"}), kinds=frozenset({"roof"}))

    assert found(scene(), None, always) == set()
    assert found(scene(time="noon"), None, always) == {"time"}
    assert found(scene(kind="exterior, forest"), None, always) == {"place"}


def test_the_dead_are_found_in_later_scenes_and_not_in_their_own() -> None:
    dying = Placed(scene(moment=DEATH, cast=("Li",)), (DEATH,), 1)
    later = Placed(scene(moment=AFTER, cast=("Li", "Li Ming")), (AFTER,), 2)
    after = Placed(scene(shot(1, subject("Li")), moment=AFTER), (), 1)

    assert [c[0] for c in checks.check_dead(STORY, [dying])] == []
    assert [c[2] for c in checks.check_dead(STORY, [dying, later, after])] == ["Li has died"] * 2


def test_somebody_who_is_drawn_in_two_ways_is_found() -> None:
    plain, told = shot(1, subject("Li Ming")), shot(2, subject("Li Ming"))
    told["visual"] = {"character": "Li Ming: an old man with a beard"}

    assert [c[0] for c in checks.check_changing(STORY, [Placed(scene(plain, told), (NIGHT,), 0)])] == ["changing"]
    assert list(checks.check_changing(STORY, [Placed(scene(plain, plain), (NIGHT,), 0)])) == []


@pytest.mark.parametrize(
    ("person", "told", "kinds"),
    [
        (Person("Ada", sex="f", age="old"), "an old woman", set()),
        (Person("Ada", sex="f", age="old"), "a man with a beard", {"sex", "age"}),
        (Person("Ada", age="child"), "an old woman", {"age"}),
        (Person("Ada", sex="m", beard=True, hair="bald"), "a bald man with a beard", set()),
        (Person("Ada", sex="m", beard=True, hair="bald"), "a man", {"beard", "hair"}),
        (Person("Ada", beard=False), "a man with a beard", {"beard"}),
        (Person("Ada", kind="machine"), "a woman", {"species"}),
        (Person("Ada", hair="white"), "an old woman", set()),
        (Person("Ada", hat=True), "a man in a hat", set()),
        (Person("Ada", hat=True), "a man", {"hat"}),
    ],
)
def test_a_drawing_is_compared_with_what_is_true_of_somebody(person: Person, told: str, kinds: set[str]) -> None:
    drawn = shot(1, subject("Ada"))
    drawn["visual"] = {"character": f"Ada: {told}"}
    [figure] = read_frame(drawn, {}, ["Ada"], {"prompt": "victorian"}, "16:9", "en", 1).people

    assert {kind for kind, _ in compare(person, figure.look)} == kinds


@pytest.mark.parametrize(
    ("title", "fault"),
    [
        ("Jumps at the Rope of", "ends on “of”"),
        ("The Cake of the", "ends on “the”"),
        ("的公寓里", "begins in the middle of a phrase"),
        ("五从后门跳上车", "cuts the name 王五"),
        ("他想起了“旧日的歌", "has “ without ”"),
        ("夜里的", "ends in the middle of a phrase"),
    ],
)
def test_a_title_that_is_no_whole_phrase_is_found(title: str, fault: str) -> None:
    story = replace(STORY, moments=(Moment("王五从后门跳上车。"),))

    assert list(fault_of_title(title, story)) == [fault]


@pytest.mark.parametrize(
    "title", ["What Is Real", "The Cat Comes In From the Cold", "末班电车", "王五从后门跳上车", "“Never”"]
)
def test_a_whole_phrase_is_a_title(title: str) -> None:
    assert list(fault_of_title(title, STORY)) == []


def test_the_longest_name_is_the_one_that_is_meant() -> None:
    assert name_people(STORY, "Li Ming wins; 王五 claps") == {"Li Ming", "王五"}
    assert name_people(STORY, "Li and Li Ming share it") == {"Li", "Li Ming"}
    assert name_people(STORY, "Lisbon") == set()


def test_a_scene_tells_the_moment_whose_clause_it_repeats() -> None:
    assert tell_moments(STORY, "Lights out. LI MING waits  alone on the hospital roof at midnight") == [0]
    assert tell_moments(STORY, "Nothing of it") == []


def test_a_clause_is_known_by_what_follows_its_pronoun() -> None:
    story = replace(
        STORY, moments=(Moment("Li waits. He throws the gold into the yard."), Moment("王五来了，他把金子扔到院里。"))
    )

    assert tell_moments(story, "Li Ming throws the gold into the yard.") == [0]
    assert tell_moments(replace(story, language="zh"), "王五把金子扔到院里。") == [1]
