"""Panels of the long storyboard, written offline: each is found again in the other language."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from workbench.artifacts.panels import GROUP_KEYS, StoryboardBible, prefix_of
from workbench.sketch import Interpreter, set_pairs, write_bible, write_group, write_plan
from workbench.story import panel_checks
from workbench.story.continuity import Cast
from workbench.story.panel_checks import GroupFrame

ANCHOR = {
    "anchors": {
        "zh": ["临窗的旧木案，右角缺了一小块", "直抵梁下的书架", "半卷的竹帘", "一方石砚"],
        "en": ["an old desk by the window, its right corner chipped", "shelves up to the beams",
               "a half-rolled bamboo blind", "a stone inkwell"],
    }
}  # fmt: skip


def facts(*cast: str, language: str = "en", anchor: dict[str, Any] | None = ANCHOR) -> dict[str, Any]:
    return {
        "title": "The Salt Lighthouse", "story_language": language, "genre": "", "style": "ink", "mood": "",
        "scene": {"order": 3, "summary": "Mei finds the letter. She hides it. Old Tom comes in.", "location": "study"},
        "cast": [{"name": n, "aliases": [], "description": f"{n}, of the pier"} for n in cast],
        "props": ["the letter"], "position": "turn", "anchor": {}, "set": anchor,
    }  # fmt: skip


@pytest.mark.parametrize("cast", [(), ("Mei",), ("Mei", "Old Tom", "阿梅")])
@pytest.mark.parametrize("mode", ["A", "B"])
@pytest.mark.parametrize("anchor", [ANCHOR, None])
def test_all_81_panels_pass_their_checks_and_come_back_from_chinese_as_they_were(
    cast: tuple[str, ...], mode: Any, anchor: dict[str, Any] | None
) -> None:
    known = facts(*cast, anchor=anchor)
    bible = write_bible(known)
    people = Cast(cast, [{"name": n} for n in cast])
    assert panel_checks.bible_issues(bible, people, {}) == []
    plan = write_plan({**known, "bible": bible.model_dump()}, Random(5))
    assert panel_checks.plan_issues(plan, bible, people) == []
    interpreter = Interpreter(cast, set_pairs(anchor))
    before = plan.groups[0].start
    for key, planned in zip(GROUP_KEYS, plan.groups, strict=True):
        asked = {**known, "planned": planned.model_dump(), "before": before.model_dump(), "camera_mode": mode}
        group = write_group(asked)
        frame = GroupFrame(planned, bible, people, mode, before)
        assert panel_checks.group_issues(group, frame) == [], key
        before = group.end
        for panel in group.panels:
            chinese = interpreter.to_chinese(panel.en)
            assert "画面照英文所写" not in chinese
            assert prefix_of(chinese) == prefix_of(panel.en)
            bare = chinese.removeprefix(prefix_of(panel.en))
            assert panel_checks.chinese_issues("", bare, [*cast, *bible.props_list]) == []
            assert interpreter.to_english(chinese, panel.en).casefold() == panel.en.casefold()


def test_an_edit_in_known_words_is_translated_and_any_other_keeps_the_panel_and_says_so() -> None:
    interpreter = Interpreter(["Mei"], set_pairs(ANCHOR))
    before = "Mei stands before a half-rolled bamboo blind."
    chinese = interpreter.to_chinese(before)
    assert chinese == "Mei在半卷的竹帘前面站着。"
    assert interpreter.to_english("Mei在一方石砚前面坐着。", before) == "Mei sits before a stone inkwell."
    other = interpreter.to_english("[MS] Mei把信烧了。", f"[MS] {before}")
    assert other == "[MS] Mei stands before a half-rolled bamboo blind, as rewritten in Chinese."
    assert interpreter.to_english("[MS] 又改了。", other) == other
    assert interpreter.to_chinese("[MS] She burns it.") == "[MS] 画面照英文所写：“She burns it.”"


def test_a_bible_tells_no_looks() -> None:
    known = {**facts("Mei"), "looks": {"Mei": "Mei, of the pier, tall"}}
    bible: StoryboardBible = write_bible(known)
    assert bible.characters[0].identity == "one of this scene's people"
    assert bible.setting_lock == "study"
    assert bible.premise.startswith("Mei finds the letter")
