"""The story's language on pages: what a brief did not name is said and can be changed, and the form hears of another
one."""

from __future__ import annotations

import pytest

from tests.pages.conftest import House, said

CHINESE = "太原书生王生清晨在路上遇见独自赶路的女子，把她藏在书斋，瞒着妻子陈氏。"


@pytest.mark.parametrize(("lang", "words"), [("en", "recognized as Chinese"), ("zh", "判断为中文")])
def test_the_studio_says_which_language_was_recognized(house: House, lang: str, words: str) -> None:
    project = house.wb.create_project({"title": "画皮", "summary": CHINESE})
    assert words in said(house.page("studio", lang, project=project, node=project))


def test_the_form_says_that_its_words_are_in_another_language_and_changes_it(house: House) -> None:
    at = house.page("projects", "en", new=1)
    at.text_area(key="wizard.summary").set_value(CHINESE).run()
    assert "reads as Chinese" in said(at)
    at.button(key="wizard_language").click().run()
    assert not at.exception
    assert "reads as Chinese" not in said(at)
    assert at.selectbox(key="wizard.language").value == "zh"


def test_the_form_hears_it_of_a_source_too(house: House) -> None:
    at = house.page("projects", "en", new=1)
    at.text_area(key="wizard.source").set_value(CHINESE * 4).run()
    assert "reads as Chinese" in said(at)
    at.button(key="wizard_language").click().run()
    assert at.selectbox(key="wizard.language").value == "zh"
