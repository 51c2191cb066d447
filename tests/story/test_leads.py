"""Whom the protagonist field of a brief means, as people write it."""

from __future__ import annotations

import pytest

from workbench.story.leads import find_leads, find_unlisted_leads
from workbench.story.names import NameIndex


@pytest.mark.parametrize(
    ("protagonist", "summary", "library", "unlisted"),
    [
        ("Mara", "", [], ["Mara"]),
        ("mara", "", [], ["mara"]),
        ("Mara, keeper of the last lighthouse", "", [], ["Mara"]),
        ("Protagonist: Mara Quinn is a detective", "", [], ["Mara Quinn"]),
        ("Dr. Watson, a doctor", "", [], ["Dr. Watson"]),
        ("J. R. Hobbes, a spy", "", [], ["J. R. Hobbes"]),
        ("Captain Ahab hunts the whale", "", [], ["Captain Ahab"]),
        ("An old man named Santiago", "", [], ["Santiago"]),
        ("A fisherman Lin Mo", "", [], ["Lin Mo"]),
        ("a lonely robot", "", [], ["lonely robot"]),
        ("The lonely robot who counts stars", "", [], ["lonely robot"]),
        ("A woman in her thirties returning to the town of her childhood", "", [], ["woman"]),
        ("The story follows Mara Quinn as she crosses the desert to find her brother", "", [], ["Mara Quinn"]),
        ("Li Wei (李伟), 30", "", [], ["Li Wei"]),
        ("Мария, врач", "", [], ["Мария"]),
        ("花子", "", [], ["花子"]),
        ("Mara and Fen", "", [], ["Mara", "Fen"]),
        ("Mara and Fen", "", ["Mara"], ["Fen"]),
        ("A boy and his dog", "", [], ["boy", "dog"]),
        ("玛拉和芬恩", "", [], ["玛拉", "芬恩"]),
        ("Fen's sister", "", ["Fen"], ["Fen's sister"]),
        ("the wife of Jim", "", ["Jim"], ["wife of Jim"]),
        ("愚公的孙女小禾", "小禾从小听着铁镐声长大", ["愚公"], ["小禾"]),
        ("少年林风", "林风走来", [], ["林风"]),
        ("林小满今年十六岁", "林小满离家", [], ["林小满"]),
        ("一只名叫阿黄的狗", "", [], ["阿黄"]),
        ("一个住在海边的孤独老人", "", [], ["孤独老人"]),
        ("主角：小雨", "", [], ["小雨"]),
        # several, however they are listed
        ("Two sisters: Ana and Eva", "", [], ["Ana", "Eva"]),
        ("Tom, Dick and Harry", "", ["Dick"], ["Tom", "Harry"]),
        ("张三、李四、王五", "", [], ["张三", "李四", "王五"]),
        ("女主林晚，男主：顾沉，总裁", "", [], ["林晚", "顾沉"]),
        ("1. Mara, keeper\n2. Fen", "", [], ["Mara", "Fen"]),
        ("Мария и Иван", "", [], ["Мария", "Иван"]),
        # what says that there is none, or not yet
        ("n/a", "", [], []),
        ("待定", "", [], []),
        ("— ?", "", [], []),
        # whoever has a sheet is no second person
        ("陳氏", "", ["陈氏"], []),
        ("Peyton", "", ["Peyton Farquhar"], []),
        ("Mara, whom Fen follows", "", ["Mara"], []),
        ("愚公的孙女小禾", "", ["小禾", "愚公"], []),
        ("", "", [], []),
        ("  ", "", ["Mara"], []),
    ],
)
def test_a_protagonist_without_a_sheet_is_somebody(
    protagonist: str, summary: str, library: list[str], unlisted: list[str]
) -> None:
    brief = {"title": "T", "summary": summary, "protagonist": protagonist}
    found = find_unlisted_leads(brief, [{"name": name} for name in library])
    assert [character["name"] for character in found] == unlisted
    assert all(character["description"] == " ".join(protagonist.split()) for character in found)


@pytest.mark.parametrize(
    ("protagonist", "leads"),
    [
        ("愚公的孙女小禾", ["小禾"]), ("Fen’s sister Mara", ["Mara"]), ("Peyton", ["Peyton Farquhar"]),
        ("the mother of Fen", []), ("Mara & Fen", ["Mara", "Fen"]),
    ],
)  # fmt: skip
def test_the_leads_are_those_whom_the_field_is_about(protagonist: str, leads: list[str]) -> None:
    library = NameIndex({"name": n} for n in ("小禾", "愚公", "Mara", "Fen", "Peyton Farquhar"))
    assert find_leads(protagonist, library) == leads
