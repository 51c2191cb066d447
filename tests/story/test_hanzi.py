"""Traditional Chinese: recognised, read by the offline books, and kept in what is answered."""

from __future__ import annotations

import pytest

from workbench.artifacts.models import SceneOutline
from workbench.story.continuity import process_word
from workbench.story.hanzi import Traditional, is_traditional, read_simplified, simplify
from workbench.story.script import parse


@pytest.mark.parametrize(
    ("text", "traditional"),
    [
        ("太原書生王生清晨在路上遇見獨自趕路的女子", True), ("太原书生王生清晨在路上遇见独自赶路的女子", False),
        ("小雨", False), ("王后在屋里", False), ("The old 書店", True), ("", False),
        ("臺灣的小店", True), ("麵包", True), ("香港嘅茶餐廳，佢哋喺度食嘢", True), ("着火的綫", True),
        ("於是乾坤著名", False),
    ],
)  # fmt: skip
def test_a_text_tells_whether_it_is_traditional(text: str, traditional: bool) -> None:
    assert is_traditional(text) is traditional


def test_an_answer_in_simplified_chinese_comes_back_as_the_story_is_written() -> None:
    own = Traditional(["陳后走進范家的後院，聽見裏面的聲音。"], ["陳后", "范冰", "葉里"])
    scene = SceneOutline(
        order=1, summary="陈后走进范家的后院，范冰和叶里说话。", location="范家的后院", cast=["陈后", "范冰", "叶里"],
        beat="后来听见声音",
    )  # fmt: skip
    kept = own.keep(scene)
    assert kept.cast == ["陳后", "范冰", "葉里"]
    assert kept.summary == "陳后走進范家的後院，范冰和葉里說話。"
    assert kept.beat == "後來聽見聲音"
    # what is in traditional Chinese already is as it was meant
    meant = scene.model_copy(
        update={"summary": "陳后說：「太后在裏面。」", "location": "庭院", "cast": ["陳后"], "beat": "太后"}
    )
    assert own.keep(meant) is meant
    assert Traditional([], []).convert("plain English") == "plain English"


def test_books_read_it_simplified_and_simplified_chinese_stays_as_it_is() -> None:
    assert simplify({"name": "書店", "n": [1, "門外"]}) == {"name": "书店", "n": [1, "门外"]}
    same = {"a": ["王后在屋里"]}
    assert read_simplified(same) is same
    assert read_simplified(["門外的書生", "王后"]) == ["门外的书生", "王后"]


def test_its_words_for_a_course_of_events_and_for_lines_are_known() -> None:
    assert process_word("他漸漸走遠") == "漸漸"
    assert parse("[對白|憤怒] 王生：你別過來。").lines[0].type == "dialogue"
    assert parse("[靜場] 她只看著").silent
