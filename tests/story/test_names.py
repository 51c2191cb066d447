"""Who is meant by a name and whom a text names, in the scripts and habits of real stories."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.story.continuity import Cast
from workbench.story.names import NameIndex, contains, fold
from workbench.workflows import briefing


def index(*names: str | dict[str, Any]) -> NameIndex:
    return NameIndex({"name": n} if isinstance(n, str) else n for n in names)


MARA = {"name": "Mara", "aliases": ["the Keeper"]}


@pytest.mark.parametrize(
    ("cast", "text", "named"),
    [
        # the longest name wins, whatever the order of the cast
        (["Li", "Li Ming"], "Li Ming walks home.", ["Li Ming"]),
        (["Li Ming", "Li"], "Li meets Li Ming.", ["Li", "Li Ming"]),
        (["王", "王五"], "王五走进来", ["王五"]),
        (["王五", "王"], "王和王五走进来", ["王", "王五"]),
        (["李明", "李明月"], "李明月笑了", ["李明月"]),
        (["王"], "国王和王子在王宫里", []),
        (["Ann"], "Ann is planning; Annabel is not.", ["Ann"]),
        (["Anna"], "Anna-Maria came", []),
        (["アン"], "アンナは走る", []),
        (["Мария"], "Марияна ушла", []),
        # Latin beside Chinese, half and full width, either apostrophe, composed or not
        (["Peyton"], "他看见Peyton走进房间", ["Peyton"]),
        (["Peyton"], "Ｐｅｙｔｏｎ走进房间", ["Peyton"]),
        (["Li Ming"], "Ｌｉ　Ｍｉｎｇ来了", ["Li Ming"]),
        (["Ｌｉ"], "Li来了", ["Ｌｉ"]),
        (["O'Brien"], "O’Brien waits", ["O'Brien"]),
        (["José"], "José's hat", ["José"]),
        (["让·瓦尔让"], "让・瓦尔让不在", ["让·瓦尔让"]),
        (["민수"], "민수가 간다", ["민수"]),
        # a part means its person, a title stands before or behind it
        (["Peyton Farquhar"], "Peyton closed his eyes.", ["Peyton Farquhar"]),
        (["Peyton Farquhar"], "Mr. Farquhar’s wife", ["Peyton Farquhar"]),
        (["让·瓦尔让"], "瓦尔让跑了", ["让·瓦尔让"]),
        (["林晓月"], "晓月走来", ["林晓月"]),
        (["欧阳娜娜"], "娜娜走来", ["欧阳娜娜"]),
        (["王建国"], "王先生带着狗", ["王建国"]),
        (["MARA QUINN"], "Mara laughs.", ["MARA QUINN"]),
        # what may be two is nobody
        (["James Young", "Della Young"], "Young waits.", []),
        (["王建国", "王小明"], "王先生来了", []),
        (["Li", "Li Ming", "Ming Zhao"], "Ming waits.", []),
        # a name that is a word, and a word that is a name
        (["Will"], "she will wait", []),
        (["Will"], "Will she wait?", []),
        (["Will"], "Then Will waits.", ["Will"]),
        (["Rose"], "ROSE enters with a rose", ["Rose"]),
        (["Rose"], "a rose", []),
        (["Jon Snow"], "Snow fell. The cold snow lay.", []),
        (["Jon Snow"], "At last Snow came.", ["Jon Snow"]),
        (["The Night Watchman"], "Night fell; the night watchman slept", ["The Night Watchman"]),
        (["Old Tom"], "An old man calls Tom.", ["Old Tom"]),
        (["Stephen King"], "At last Mr. King came.", ["Stephen King"]),
        (["Stephen King"], "Then the King came. King of all.", []),
        (["Al Capone"], "Then Al laughs.", ["Al Capone"]),
        (["Rosa della Rovere"], "della Rovere", ["Rosa della Rovere"]),
        (
            ["Peyton Farquhar", "Mrs. Farquhar"],
            "Farquhar falls. Mrs. Farquhar waits",
            ["Peyton Farquhar", "Mrs. Farquhar"],
        ),
        (["Mrs. Dalloway"], "Dalloway buys flowers", ["Mrs. Dalloway"]),
        (["Łukasz", "Søren"], "Lukasz and Soren", ["Łukasz", "Søren"]),
        # a name is no place
        (["Rose"], "Night at the Rose Tavern in Rose Street", []),
        (["Jack London"], "Fog in London, from London to the sea", []),
        (["Jack London"], "At last London writes", ["Jack London"]),
        (["Florence"], "Rain in Florence", []),
        (["Florence"], "in Florence's room", ["Florence"]),
        (["中山"], "中山公园里", []),
        (["江"], "江边的人看着江里", []),
        (["江"], "江走来", ["江"]),
        (["Eve"], "On Christmas Eve Eve waits; New Year's Eve", ["Eve"]),
        (["Mother", "王老师"], "Her mother; Mother says", ["Mother"]),
        (["小雨"], "天下着小雨", []),
        (["小雨"], "小雨推开门", ["小雨"]),
        (["石狮子"], "狮子走来", []),
        (["花木兰"], "木兰从军", ["花木兰"]),
        # a name of one character, and the words that have it
        (["王", "王五"], "王五看着王。只有王知道", ["王五", "王"]),
        (["安"], "她看着安静的湖，很不安", []),
        (["明月", "李明月"], "明月当空", ["明月"]),
        (["李明月"], "明月当空", []),
        # roles are named in small letters, and by other articles
        (["The Fisherman"], "the fisherman casts", ["The Fisherman"]),
        (["Wolf", "Grandmother"], "the wolf eats her grandmother", ["Wolf", "Grandmother"]),
        ([MARA], "A keeper's lamp", ["Mara"]),
        (["Della"], "della sells her hair", ["Della"]),
        (["小女孩"], "小女孩划亮火柴", ["小女孩"]),
        (["Nobody"], "", []),
        ([""], "text", []),
    ],
)
def test_a_text_names_whom_its_words_mean(cast: list[Any], text: str, named: list[str]) -> None:
    assert index(*cast).find_people(text) == named


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Peyton", "Peyton Farquhar"), ("Mr. Farquhar", "Peyton Farquhar"), ("peyton  farquhar", "Peyton Farquhar"),
        ("ＬｉＭｉｎｇ", "Li Ming"), ("Li Ming (young)", "Li Ming"), ("李明（青年）", "李明"), ("李先生", "李明"),
        ("the Keeper", "Mara"), ("Keeper", "Mara"), ("Captain Mara", "Mara"), ("Nobody", None), ("", None),
    ],
)  # fmt: skip
def test_a_name_means_its_person_however_it_is_written(written: str, meant: str | None) -> None:
    library = index("Peyton Farquhar", "Li Ming", "李明", MARA)
    assert library.find(written) == meant
    assert briefing.unknown_names([written], [{"name": n} for n in ("Peyton Farquhar", "Li Ming", "李明")]) == (
        [] if meant not in (None, "Mara") else [written]
    )


def test_own_names_come_before_aliases_and_aliases_before_parts() -> None:
    library = index({"name": "Li Ming", "aliases": ["Captain"]}, {"name": "Captain"}, {"name": "Ming Fen"})
    assert (library.find("captain"), library.find("Li")) == ("Captain", "Li Ming")
    assert library.find("Ming") is None
    both = index({"name": "A", "aliases": ["the boy"]}, {"name": "B", "aliases": ["the boy"]})
    assert both.find("the boy") is None


def test_a_name_is_no_place_but_a_place_may_have_a_name_in_it() -> None:
    church = index("Church", "林")
    assert church.mask("Church walks to the church").split() == ["walks", "to", "the", "church"]
    assert church.mask("林走了，在林中").strip() == "走了，在林中"
    farquhar = index("Peyton Farquhar")
    assert "Farquhar" in farquhar.mask("At Farquhar's plantation Farquhar waits", keep=["Farquhar's plantation"])


def test_whose_somebody_is_is_not_there_themselves() -> None:
    people = index("Fen", "李铁", "李小满", "Della", "王老师")
    assert people.find_present("Fen's little brother runs to Fen’s boat with Della") == ["Fen", "Della"]
    assert people.find_present("Fen's old neighbour waits") == []
    assert people.find_present("李铁的女儿李小满躲在门后") == ["李小满"]
    assert people.find_present("李铁母亲和李铁的狗") == ["李铁"]
    assert people.find_present("王老师来了") == ["王老师"]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Della's comb lies in the snow.", []),
        ("Della’s long brown hair falls.", ["Della"]),
        ("Jim's hand on the sill, Della's shadow behind it", ["Jim", "Della"]),
        ("Jim's standing there; Lars's at the door", ["Jim", "Lars"]),
        ("Lars' boat and Lars' face", ["Lars"]),
        ("Jim's coat swings", []),
        ("Jim's coat swings as Jim turns", ["Jim"]),
        ("Jim's brother waits", []),
        ("Jim站着，朝着起了斑的镜子。", ["Jim"]),
        ("Della的梳子掉在雪里。", []),
        ("镜子里是Della的脸。", ["Della"]),
    ],
)
def test_who_is_seen_is_more_than_the_owner_of_a_thing(text: str, seen: list[str]) -> None:
    people = NameIndex([{"name": name} for name in ("Della", "Jim", "Lars")])
    assert people.find_seen(text) == seen


def test_full_and_half_width_blanks_dots_and_invisible_signs_make_no_other_name() -> None:
    for other in ("ｌｉ ｍｉｎｇ", "LI  MING", "Li·Ming", "Li\u200b Ming", "LiMing\u3000"):
        assert fold(other) == fold("Li Ming")
    assert fold("O’Brien") == fold("O'Brien")
    assert fold("李明") != fold("李鸣")


def test_a_thing_is_in_a_text_as_a_word_of_its_own() -> None:
    assert contains("他拿起Watch走了", "watch")
    assert not contains("the watchman", "watch")
    assert contains("the Lamp", "the lamp")
    assert not contains("anything", "  ")


def test_a_scenes_cast_is_known_by_parts_of_its_names() -> None:
    library = [{"name": "Peyton Farquhar"}, {"name": "Della Young"}, {"name": "James Young"}]
    cast = Cast(["Peyton", "Della"], library)
    assert cast.names == ["Peyton Farquhar", "Della Young"]
    # only one Young is in this scene
    assert (cast.of("Young"), cast.of("Farquhar"), cast.of("James")) == ("Della Young", "Peyton Farquhar", None)
    assert Cast(["A", "a", "\u200b"]).names == ["A", "\u200b"]
