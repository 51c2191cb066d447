"""Does a long storyboard hold together? Each check with an answer that holds and one that does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from workbench.artifacts.panels import (
    Exit,
    GroupAnswer,
    Panel,
    PanelGroup,
    PlannedGroup,
    StoryboardBible,
    StoryboardState,
    grid_prompt,
    panel_hash,
    prefix_of,
)
from workbench.errors import Issue
from workbench.story import panel_checks
from workbench.story.continuity import Cast
from workbench.story.panel_checks import GroupFrame

CAST = Cast(["Mei", "Old Tom"], [{"name": "Mei", "aliases": ["the girl"]}, {"name": "Old Tom", "aliases": ["Tom"]}])
BIBLE = StoryboardBible(
    premise="A letter arrives.", setting_lock="The pier, dusk.", props_list=["the letter", "lamp"],
    must_happen_beats=["Mei reads the letter"],
)  # fmt: skip
Change = Callable[[dict[str, Any]], Any]


def state(*names: str, **props: str) -> dict[str, Any]:
    """Who is there, and what is there by who holds it."""
    hands = {n: [p for p, holder in props.items() if holder == n] for n in names}
    return {
        "characters": [
            {
                "name": n, "location": "pier", "stance": "standing", "facing": "left", "emotion": "calm",
                "hands": {"left": hands[n][0] if hands[n] else "", "right": ""},
            }
            for n in names
        ],
        "props": [{"name": p, "state": "whole", "holder": holder} for p, holder in props.items()],
    }  # fmt: skip


BEFORE = state("Mei", "Old Tom", letter="Mei", lamp="")


def answer(**changed: Any) -> dict[str, Any]:
    camera = {"size": "MS", "angle": "low", "lens": "wide", "motion": "static"}
    panels = [{"index": n, "en": f"Mei waits, panel {n}.", "camera": camera, "people": ["Mei"]} for n in range(1, 10)]
    return {"summary": "They wait.", "panels": panels, "end": json.loads(json.dumps(BEFORE)), "exits": [], **changed}


def frame(mode: Any = "B", gone: dict[str, str] | None = None) -> GroupFrame:
    planned = PlannedGroup.model_validate(
        {"group": "KF1", "first_shot": 10, "last_shot": 18, "goal": "wait", "start": BEFORE, "end": BEFORE}
    )
    return GroupFrame(planned, BIBLE, CAST, mode, StoryboardState.model_validate(BEFORE), gone or {})


def issues(change: Change | None = None, **about: Any) -> list[str]:
    made = answer()
    if change is not None:
        change(made)
    return [str(i) for i in panel_checks.group_issues(GroupAnswer.model_validate(made), frame(**about))]


def in_brackets(made: dict[str, Any]) -> None:
    for panel in made["panels"]:
        panel.update(en=f"[MS, low] {panel['en']}", camera=None)


def test_a_group_that_goes_on_from_the_one_before_has_no_issues_in_either_mode() -> None:
    assert issues() == []
    assert issues(in_brackets, mode="A") == []


def by_alias(made: dict[str, Any]) -> None:
    made["panels"][0]["people"] = ["the girl", "Tom"]
    made["end"]["characters"][0]["name"] = "the girl"
    made["end"]["props"][0]["holder"] = "Mei"


def used_up(made: dict[str, Any]) -> None:
    made["end"] = state("Mei", "Old Tom", lamp="")
    made["exits"] = [{"name": "The Letter", "way": "consumed", "panel": 4}]


def leaves(made: dict[str, Any]) -> None:
    made["end"] = state("Mei", letter="Mei", lamp="")
    made["exits"] = [{"name": "Tom", "way": "left", "panel": 3}]


@pytest.mark.parametrize("change", [by_alias, used_up, leaves])
def test_aliases_and_explicit_exits_are_no_break(change: Change) -> None:
    assert issues(change) == []


def twice(made: dict[str, Any]) -> None:
    made["panels"][3]["index"] = 3


def alike(made: dict[str, Any]) -> None:
    made["panels"][5]["en"] = made["panels"][0]["en"].upper() + " "


def chinese(made: dict[str, Any]) -> None:
    made["panels"][2]["en"] = "Mei 在码头等着。"


def no_camera(made: dict[str, Any]) -> None:
    made["panels"][2]["camera"] = None


def bracket_in_b(made: dict[str, Any]) -> None:
    made["panels"][2]["en"] = "[MS] Mei looks up."


def stranger(made: dict[str, Any]) -> None:
    made["panels"][8]["people"] = ["The Captain"]


def two_holders(made: dict[str, Any]) -> None:
    made["end"]["characters"][1]["hands"]["right"] = "the letter"


def absent_holder(made: dict[str, Any]) -> None:
    made["end"]["props"][1]["holder"] = "The Captain"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (twice, "panels must be numbered 1..9"),
        (alike, "panels.5: “MEI WAITS"),
        (chinese, "panels.2.en: is not English: “在码头等着”"),
        (no_camera, "panels.2.camera: camera mode B"),
        (bracket_in_b, "leave [MS] out"),
        (stranger, "panels.8.people: The Captain is not in this scene's cast"),
        (two_holders, "“the letter” is in the hand of Old Tom, but its holder is Mei"),
        (absent_holder, "end.props.1.holder: The Captain holds it, but is not there"),
    ],
)
def test_what_is_wrong_with_its_form_is_named(change: Change, named: str) -> None:
    assert any(named in issue for issue in issues(change))
    # the form alone: nothing broke off
    assert panel_checks.continuity_issues(GroupAnswer.model_validate(_changed(change)), frame()) == []


def _changed(change: Change) -> dict[str, Any]:
    made = answer()
    change(made)
    return made


def somebody_vanishes(made: dict[str, Any]) -> None:
    made["end"] = state("Mei", letter="Mei", lamp="")


def something_vanishes(made: dict[str, Any]) -> None:
    made["end"] = state("Mei", "Old Tom", lamp="")


def leaves_and_stays(made: dict[str, Any]) -> None:
    made["exits"] = [{"name": "Old Tom", "way": "left", "panel": 2}]


def seen_after(made: dict[str, Any]) -> None:
    leaves(made)
    made["panels"][7]["people"] = ["Tom"]


def leaves_twice(made: dict[str, Any]) -> None:
    leaves(made)
    made["exits"].append({"name": "Old Tom", "way": "left", "panel": 5})


def never_there(made: dict[str, Any]) -> None:
    made["exits"] = [{"name": "a boat", "way": "left", "panel": 2}]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (somebody_vanishes, "Old Tom was there when the group began"),
        (something_vanishes, "letter was there when the group began"),
        (leaves_and_stays, "Old Tom has left, and cannot be in the end state"),
        (seen_after, "panels.7.people: Tom leaves in panel 3"),
        (leaves_twice, "exits.1: “Old Tom” stands here twice"),
        (never_there, "a boat was never there"),
    ],
)
def test_what_breaks_off_from_the_group_before_is_named(change: Change, named: str) -> None:
    found = panel_checks.continuity_issues(GroupAnswer.model_validate(_changed(change)), frame())
    assert any(named in str(issue) for issue in found)


def test_who_has_left_in_an_earlier_group_does_not_come_back() -> None:
    gone = panel_checks.gone_after(
        [Exit(name="Tom", way="left", panel=2), Exit(name="The letter", way="consumed", panel=9)], CAST
    )
    found = issues(gone=gone)
    assert "end: Tom has left in an earlier group" in found
    assert "end: The letter has left in an earlier group" in found


def said(number: int, words: str) -> Change:
    return lambda made: made["panels"][number - 1].update(en=words, people=[])


def gone(*exits: tuple[str, Any, int]) -> dict[str, str]:
    return panel_checks.gone_after([Exit(name=n, way=way, panel=panel) for n, way, panel in exits], CAST)


def without(name: str, made: dict[str, Any]) -> None:
    """Somebody or something is not there at the end."""
    for part in ("characters", "props"):
        made["end"][part] = [entry for entry in made["end"][part] if entry["name"] != name]
    for character in made["end"]["characters"]:
        character["hands"] = {side: "" if held == name else held for side, held in character["hands"].items()}


def test_who_and_what_has_left_is_not_brought_back_by_the_words_of_a_panel() -> None:
    away = gone(("Tom", "left", 2), ("The letter", "consumed", 9))

    def change(made: dict[str, Any]) -> None:
        without("Old Tom", made)
        without("letter", made)
        said(5, "Old Tom reads the letter by the door.")(made)

    found = [i for i in issues(change, gone=away) if i.startswith("panels")]
    assert found == [
        "panels.4.en: Tom has left in an earlier group",
        "panels.4.en: The letter has left in an earlier group",
    ]


@pytest.mark.parametrize("words", ["Tom's comb lies in the ash of the letter.", "Mei speaks of Tom and the letter."])
def test_who_and_what_has_left_may_be_told_of(words: str) -> None:
    away = gone(("Tom", "left", 2), ("The letter", "consumed", 9))
    found = issues(said(5, words), gone=away)
    assert [i for i in found if i.startswith("panels")] == []


def test_what_is_used_up_in_a_group_is_not_seen_in_a_later_panel_of_it() -> None:
    def change(made: dict[str, Any]) -> None:
        without("letter", made)
        made["exits"] = [{"name": "letter", "way": "consumed", "panel": 2}]
        said(2, "Mei burns the letter.")(made)
        said(7, "Mei reads the letter aloud.")(made)

    assert issues(change) == ["panels.6.en: letter leaves in panel 2"]


@pytest.mark.parametrize("stays", ["at the end", "among the exits", "nowhere"])
def test_whoever_comes_in_is_there_at_the_end_or_leaves_by_name(stays: str) -> None:
    def change(made: dict[str, Any]) -> None:
        for number in (5, 6):
            made["panels"][number]["people"] = ["Mei", "Tom"]
        if stays != "at the end":
            without("Old Tom", made)
        if stays == "among the exits":
            made["exits"] = [{"name": "Tom", "way": "left", "panel": 7}]

    made = answer()
    change(made)
    alone = state("Mei", letter="Mei", lamp="")
    planned = PlannedGroup.model_validate(
        {"group": "KF1", "first_shot": 10, "last_shot": 18, "goal": "wait", "start": alone, "end": alone}
    )
    opening = GroupFrame(planned, BIBLE, CAST, "B", StoryboardState.model_validate(alone))
    found = [str(i) for i in panel_checks.group_issues(GroupAnswer.model_validate(made), opening)]
    named = "end: Tom is there in panel 6: keep it in the end state, or name it among the exits"
    assert found == ([named] if stays == "nowhere" else [])


def test_mode_a_wants_the_camera_in_brackets_and_no_fields() -> None:
    assert any("begin with the camera in brackets" in i for i in issues(mode="A"))

    def both(made: dict[str, Any]) -> None:
        in_brackets(made)
        made["panels"][0]["camera"] = answer()["panels"][0]["camera"]

    assert issues(both, mode="A") == [
        "panels.0.camera: camera mode A: the camera stands in the sentence; leave this out"
    ]


def english(path: str, text: str) -> list[Issue]:
    return panel_checks.english_issues(path, text, ["阿梅"])


@pytest.mark.parametrize(
    ("given", "sent", "check", "named"),
    [
        ([(1, "[MS] 她等着。"), (2, "[CU] 信。")], {1: "[MS] She waits.", 2: "[CU] The letter."}, "zh", []),
        ([(2, "[MS] 阿梅 waits.")], {2: "[MS] 阿梅等着。"}, "en", []),
        ([(1, "她等着。")], {1: "[MS] She waits."}, "zh", ["panels.0: must begin with [MS] as it stands"]),
        ([(1, "[Old] O'Brien等着。")], {1: "She waits."}, "zh", []),
        ([(1, "[中景] 她等着。")], {1: "[MS] She waits."}, "zh", ["panels.0: must begin with [MS]"]),
        ([(1, "[MS] 她等着。")], {1: "She waits."}, "zh", ["panels.0: has a camera in brackets"]),
        # a bracket that is no camera, since that has fields of its own
        ([(1, "[Flashback] 她等着。")], {1: "(B) [Flashback] She waits."}, "zh", []),
        ([(1, "[闪回] 她等着。")], {1: "(B) [Flashback] She waits."}, "zh", []),
        ([(1, "她等着。")], {1: "(B) [Flashback] She waits."}, "zh", []),
        ([(1, "[Flashback] She waits.")], {1: "(B) [闪回] 她等着。"}, "en", []),
        ([(1, "[闪回] She waits.")], {1: "(B) [闪回] 她等着。"}, "en", ["panels.0: is not English: “闪回”"]),
        ([(1, "她等着。")], {1: "She waits.", 2: "On."}, "zh", ["panels: must be numbered 1, 2, got 1"]),
        ([(1, "她。"), (1, "她。")], {1: "She.", 2: "On."}, "zh", ["panels: must be numbered 1, 2, got 1, 1"]),
        ([(1, "她。"), (3, "走。")], {1: "She."}, "zh", ["panels: must be numbered 1, got 1, 3"]),
        ([], {4: "She."}, "zh", ["panels: must be numbered 4, got —"]),
        ([(1, "[MS] She waits.")], {1: "[MS] She waits."}, "zh", ["panels.0: is not Chinese"]),
        ([(1, "She waits at the window. 了")], {1: "She waits."}, "zh", ["panels.0: is not Chinese"]),
        ([(1, "O'Brien 和 [Old] O'Brien")], {1: "O'Brien and the old one"}, "zh", []),
        ([(1, "招牌写着“closed for the season”。")], {1: "The sign says “closed for the season”."}, "zh", []),
        ([(4, "She 等着 there.")], {4: "她等着。"}, "en", ["panels.0: is not English: “等着”"]),
    ],
)
def test_a_translation_brings_back_what_was_sent(
    given: list[tuple[int, str]], sent: dict[int, str], check: str, named: list[str]
) -> None:
    names = ["[Old] O'Brien"]
    language = (lambda path, text: panel_checks.chinese_issues(path, text, names)) if check == "zh" else english
    # of mode B there is none
    brackets = {index: prefix_of(text) for index, text in sent.items()}
    texts = {index: text.removeprefix("(B) ") for index, text in sent.items()}
    found = [str(i) for i in panel_checks.translation_issues(given, texts, brackets, names, language)]
    assert len(found) == len(named)
    assert all(one in issue for one, issue in zip(named, found, strict=True))


def test_one_chinese_sentence_tells_two_panels_only_where_their_english_is_one() -> None:
    given = [(1, "[MS] 她走。"), (2, "[CU] 她走。")]

    assert panel_checks.alike_issues(given, {}, {1: "[MS] She walks.", 2: "[CU] she walks."}) == []
    (issue,) = panel_checks.alike_issues(given, {}, {1: "[MS] She walks.", 2: "[CU] She stands."})
    assert issue.path == "panels.1"


def test_a_picture_prompt_follows_its_panels_and_an_edit_shows() -> None:
    made = GroupAnswer.model_validate(answer())
    panels = [Panel(**p.model_dump(), made_as=panel_hash(p)) for p in made.panels]
    group = PanelGroup(group="KF1", summary="s", panels=panels, end=made.end, opening="Style: ink")
    assert group.image_prompt == grid_prompt("Style: ink", panels)
    assert "1. [MS, low, wide, static] Mei waits, panel 1." in group.image_prompt
    changed = group.model_dump()
    changed["panels"][0]["en"] = "Mei runs."
    edited = PanelGroup.model_validate(changed)
    assert [p.edited for p in edited.panels] == [True] + [False] * 8
    assert "Mei runs." in edited.image_prompt
    assert "Mei waits, panel 1." not in edited.image_prompt
