"""The language of a brief: as it names it, else by its own words."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.story import briefs
from workbench.story.languages import Recognized, read_name, recognize

STYLE = {"preset": "anime"}


@pytest.mark.parametrize(
    ("text", "recognized"),
    [
        ("On Christmas Eve Della counts her savings again.", Recognized("en")),
        ("太原书生王生清晨遇见女子", Recognized("zh")),
        ("太原書生王生清晨遇見女子", Recognized("zh")),
        ("Mara and 李明 walk into the bar", Recognized("en")),
        ("李明和Peyton走进New York的酒吧", Recognized("zh")),
        ("一天 Dr. Smith 在 lab 里 found 一个 alien, it said hello", Recognized("en")),
        ("東京の夜、彼女は歩いている", Recognized("en", "Japanese")),
        ("서울의 밤에 그는 걷는다", Recognized("en", "Korean")),
        ("Москва, ночь. Он идёт.", Recognized("en", "Cyrillic script")),
        ("La petite fille et le loup sont dans la forêt avec les chasseurs", Recognized("en", "French")),
        ("El hombre de la casa que canta en la noche con su hijo", Recognized("en", "Spanish")),
        ("Der Mann und die Frau gehen in den Wald, das Kind ist nicht da", Recognized("en", "German")),
        ("Mulan", Recognized("en")),
        ("Il était une fois une petite fille, et elle", Recognized("en", "French")),
        ("Ｄｅｌｌａ ｃｏｕｎｔｓ ｔｈｅ ｓａｖｉｎｇｓ", Recognized("en")),
        (
            "Ona idzie przez ciemny las, gdzie mieszka stary wilk, który nie lubi gości ani dzieci",
            Recognized("en", "another language"),
        ),
        ("Della and 李明", Recognized("en")),
        ("李明和Peyton在New York的Central Park遇见Della，把Golden Gate的地图给Della Rosa", Recognized("zh")),
        ("La la la, la la, sings Mara", Recognized("en")),
        ("JIM AND 李明 WALK INTO THE BAR", Recognized("en")),
        ("Miguel de la Cruz y su hijo van por el camino de la sierra", Recognized("en", "Spanish")),
        ("1984 — ?!", None),
        ("", None),
    ],
)
def test_a_text_is_recognized_by_its_scripts_and_frequent_words(text: str, recognized: Recognized | None) -> None:
    assert recognize(text) == recognized


@pytest.mark.parametrize(
    "named",
    [
        "zh",
        "ZH",
        "zh-CN",
        "zh_TW",
        "zh-Hant-HK",
        "Chinese",
        "中文（繁體）",
        "简体中文",
        "漢語",
        "ｚｈ",
        "繁體",
        "Mandarin Chinese",
        "台語",
    ],
)
def test_chinese_has_many_names(named: str) -> None:
    assert read_name(named) == "zh"
    assert briefs.parse({"title": "T", "summary": "a plain summary", "language": named}).language == "zh"


@pytest.mark.parametrize(
    "named", ["en", "EN", "en-US", "en_GB", "English", "British English", "英文", "English (US)", "ＥＮ"]
)
def test_english_has_several(named: str) -> None:
    assert briefs.parse({"title": "题", "summary": "一个故事", "language": named}).language == "en"


@pytest.mark.parametrize("named", ["fr", "French", "no", False, 7])
def test_any_other_is_none_of_them(named: object) -> None:
    assert read_name(named) is None


@pytest.mark.parametrize(
    ("brief", "language", "remark"),
    [
        ({"summary": "Della counts her savings again."}, "en", "recognized as English"),
        ({"summary": "王生清晨遇见女子。", "language": ""}, "zh", "recognized as Chinese"),
        ({"summary": "王生清晨遇见女子。", "language": None}, "zh", "recognized as Chinese"),
        ({"title": "1984", "characters": [{"name": "温斯顿", "description": "职员"}]}, "zh", "recognized as Chinese"),
        ({"summary": "Der Mann und die Frau gehen in den Wald."}, "en", "reads as German"),
        ({"title": "1984", "summary": "2 + 2 = 5"}, "zh", "no words that tell one"),
        ({"summary": "", "source": "Della counts her savings."}, "en", "recognized as English"),
        ({"summary": "Della counts.", "language": "en"}, "en", None),
    ],
)  # fmt: skip
def test_a_brief_without_a_language_gets_its_own_and_says_so(
    brief: dict[str, Any], language: str, remark: str | None
) -> None:
    parsed = briefs.parse({"title": "T", "style": STYLE, **brief})
    assert parsed.language == language
    assert [remark in str(r) for r in parsed.remarks if remark] == ([True] if remark else [])
    assert "language" in parsed.brief()
