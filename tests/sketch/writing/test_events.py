"""Who is in each event of a brief, where and when, beside what its sentence names."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.sketch.writing.places import is_inside
from workbench.sketch.writing.sentences import split_events, split_zh_clauses
from workbench.sketch.writing.staging import read_beats
from workbench.sketch.writing.story import Story, read_story, story_hours

SCREENPLAY = """\
INT. DINER - NIGHT

Mr. Lowe, in a trench coat, slides a photograph across the counter to Vera.

VERA
I know this face.

EXT. ROOFTOP - DAWN

Vera looks down at the harbour. Fog comes in.
"""
SCREENPLAY_ZH = (
    "第一场 外景 渔港码头 夜\n阿海解开缆绳，回头看岸上的灯。\n"
    "2、内景 医院走廊 晨\n周玉兰坐在长椅上。\n周玉兰：他回来了吗？"
)


def story(summary: str, *people: tuple[str, str], language: str = "en", **more: Any) -> Story:
    characters = [{"name": name, "description": description} for name, description in people]
    return read_story({"title": "T", "genre": "drama", "summary": summary, "characters": characters,
        "language": language, **more})  # fmt: skip


WEAVERS = (("Illari", "A girl of fifteen"), ("Mama Sisa", "An old woman"), ("Tupac", "A boy"))
TOYS = (("the tin soldier", "A toy"), ("the goblin", "A toy"), ("Paul", "A boy of five"))


@pytest.mark.parametrize(
    ("summary", "people", "there"),
    [
        # whoever is named before a pronoun in its own sentence is meant by it
        ("Illari stands at the gorge. Mama Sisa ties a rope of her own hair.", WEAVERS, {"Mama Sisa"}),
        ("Illari runs. The boy Tupac shows his map.", WEAVERS, {"Tupac"}),
        # but nobody is the object of what they do themselves
        ("Illari runs. Mama Sisa gives her the cords.", WEAVERS, {"Mama Sisa", "Illari"}),
        ("Illari runs. Mama Sisa looks at her.", WEAVERS, {"Mama Sisa", "Illari"}),
        ("Tupac sleeps. Illari runs. Mama Sisa takes the bread with her.", WEAVERS, {"Mama Sisa"}),
        # the one whom the story is about is meant before others
        ("Paul sets the tin soldier on the sill. A draught throws him into the street.", TOYS, {"the tin soldier"}),
        ("The goblin warns the tin soldier. A fish swallows him.", TOYS, {"the tin soldier"}),
        ("Illari runs. Mama Sisa and Tupac come, and he pushes her.", WEAVERS, {"Mama Sisa", "Tupac"}),
        ("Illari runs. Tupac weeps, and hand in hand they go home.", WEAVERS, {"Illari", "Tupac"}),
        (
            "Illari runs with Tupac. Mama Sisa sees that they are tired, and Tupac sleeps.",
            WEAVERS,
            {"Mama Sisa", "Tupac"},
        ),
        # “his niece” tells whose she is, not where he is
        ("Tupac reads the will. Mama Sisa, his aunt, gets the mill.", WEAVERS, {"Mama Sisa"}),
        ("外婆在厨房。", (("外婆", "七十岁"), ("阿妹", "女孩")), {"外婆"}),
    ],
)
def test_a_pronoun_means_whom_its_sentence_names_or_whom_the_story_is_about(
    summary: str, people: tuple[tuple[str, str], ...], there: set[str]
) -> None:
    language = "zh" if "。" in summary else "en"

    assert set(story(summary, *people, language=language).events[-1].people) == there


@pytest.mark.parametrize(
    ("last", "there"),
    [
        ("外婆张顺娣蒸年糕，火光映着她的白发。", {"张顺娣"}),
        ("外婆张顺娣把灯递给她。", {"张顺娣", "阿妹"}),
        ("外婆张顺娣想念阿妹。", {"张顺娣"}),
        ("外婆张顺娣独自坐着，她煮面是为了有人敲门。", {"张顺娣"}),
    ],
)
def test_a_chinese_pronoun_as_well(last: str, there: set[str]) -> None:
    read = story(f"阿妹贴春联。{last}", ("阿妹", "十岁的女孩"), ("张顺娣", "阿妹的外婆"), language="zh")

    assert set(read.events[-1].people) == there


def test_where_a_sentence_names_nobody_only_those_stay_who_were_at_that_place() -> None:
    read = story(
        "Snow lies on the harbour. Ann mends the net in the shed. The lamp goes out. In the church the bells ring.",
        ("Ann", "A woman"), ("Ben", "A man"),
    )  # fmt: skip
    episode = {"beats": [e.text for e in read.events], "logline": "", "main_characters": ["Ann", "Ben"]}

    assert [b.people for b in read_beats(read, episode)] == [(), ("Ann",), ("Ann",), ()]


def test_a_screenplay_in_a_summary_is_cut_at_its_sluglines() -> None:
    read = story(SCREENPLAY, ("Vera", "A woman"), ("Lowe", "A man"))

    assert [e.text.split(":")[0] for e in read.events] == [
        "INT. DINER - NIGHT", "VERA", "EXT. ROOFTOP - DAWN", "Fog comes in",
    ]  # fmt: skip
    assert [(e.place.name, e.hours.time) for e in read.events] == [
        ("the diner", "night"), ("the diner", "night"), ("the rooftop", "dawn"), ("the rooftop", ""),
    ]  # fmt: skip


def test_a_chinese_screenplay_as_well() -> None:
    read = story(SCREENPLAY_ZH, ("阿海", "男"), ("周玉兰", "女"), language="zh")

    assert [(e.place.name, e.hours.time, e.people) for e in read.events] == [
        ("渔港码头", "night", ("阿海",)), ("医院走廊", "dawn", ("周玉兰",)), ("医院走廊", "", ("周玉兰",)),
    ]  # fmt: skip


def test_a_full_stop_behind_a_title_or_an_initial_ends_no_sentence() -> None:
    assert split_events("Mr. White meets Dr. No at St. Ives. J. R. Ewing laughs.", "en", []) == [
        "Mr. White meets Dr. No at St. Ives", "J. R. Ewing laughs",
    ]  # fmt: skip


def test_a_clause_that_only_says_when_and_where_is_no_scene_of_its_own() -> None:
    text = "秋天的傍晚，鲁镇的酒店里，小伙计在柜台后温酒"

    assert split_zh_clauses(text, ["小伙计"]) == [text]
    assert split_zh_clauses("清晨雾中，码头，小伙计登船", ["小伙计"]) == ["清晨雾中，码头，小伙计登船"]
    told = ["白天，报馆里，小伙计交了稿子", "清晨雾中，码头，小伙计登船"]
    assert split_events("。".join(told), "zh", ["小伙计"]) == told
    assert split_zh_clauses("阿宝走进屋里，母亲放下筷子", ["阿宝", "母亲"]) == ["阿宝走进屋里", "母亲放下筷子"]


def test_a_scene_that_tells_one_clause_has_the_hour_of_the_whole_sentence() -> None:
    summary = "正午，唐僧行到白虎岭，他把马拴在树下，独自坐着。"
    monk = {"name": "唐僧", "description": "和尚"}
    whole = {"title": "T", "genre": "drama", "language": "zh", "summary": summary, "characters": [monk]}

    hours = story_hours(whole, "唐僧把马拴在树下。唐僧深吸一口气。")

    assert hours is not None
    assert hours.time == "noon"


@pytest.mark.parametrize(
    ("summary", "place", "inside"),
    [
        ("Ann reads in the study. Ann walks out into the snow.", "the open air", False),
        ("Ann reads in the study. Under the blazing sun of July her team wins.", "the open air", False),
        ("Ann reads in the study. Ann and Ben share one umbrella in the evening rain.", "the open air", False),
        ("Ann waits in the street. She climbs the stairs for a trunk.", "a room", True),
        ("Ann waits in the street. At dinner she shows a ring.", "a room", True),
        ("Ann waits in the street. In the evening Ben puts Ann to bed.", "a room", True),
        ("A tin cup is set on the table. Ann waits.", "a room", True),
        # a table may stand in a garden, too, and what fits the place leaves it
        ("Ann waits in the garden. She sets the cake on the table.", "the garden", False),
        ("Ann reads in the study. She climbs the stairs.", "the study", True),
    ],
)
def test_words_of_the_open_air_and_of_rooms_tell_where_no_place_is_named(
    summary: str, place: str, inside: bool
) -> None:
    event = story(summary, ("Ann", "A woman"), ("Ben", "A man")).events[-1]

    assert (event.place.name, is_inside(event.place)) == (place, inside)


@pytest.mark.parametrize(
    ("summary", "language", "place"),
    [
        ("Ann cooks in the kitchen. Bob walks through the forest. Ann waits for him.", "en", "the kitchen"),
        ("Ann reads in the library. Bob lies on the lawn. By the fire Ann falls asleep.", "en", "the library"),
        ("阿兰在厨房里烧水。小石在雪地里砍柴。阿兰数着剩下的米。", "zh", "厨房"),
        # who moves comes to where the story is; who is out of doors already stays there
        ("Ann cooks in the kitchen. Bob walks through the forest. Ann runs after him.", "en", "the forest"),
        ("Ann reads in the library. Ann and Bob lie on the lawn. Ann falls asleep.", "en", "the lawn"),
        ("阿兰在厨房里烧水。小石在雪地里砍柴。阿兰赶来送饭。", "zh", "雪地"),
        # of whom nobody tells that they are elsewhere
        ("Ann sings in the hall. Forty people dance in the square. Ann stands in front of them.", "en", "the square"),
        ("Ann sings in the hall. Bob dances in the square. Ann shares his umbrella in the rain.", "en", "the square"),
    ],
)
def test_a_story_turns_back_to_who_stayed_within(summary: str, language: str, place: str) -> None:
    people = [("阿兰", "女"), ("小石", "男孩")] if language == "zh" else [("Ann", "A woman"), ("Bob", "A man")]
    assert story(summary, *people, language=language).events[-1].place.name == place


def test_where_somebody_is_months_later_is_not_told() -> None:
    read = story("Ann waits on the glacier. Ben comes. Three months later Ann eats a tomato.", ("Ann", ""), ("Ben", ""))

    assert [e.place.name for e in read.events] == ["the glacier", "the glacier", "the place"]


def test_who_is_thrown_into_the_fire_is_dead() -> None:
    read = story("Paul throws the goblin into the stove. The tin soldier falls. Paul throws him into the fire.", *TOYS)

    assert [e.dies for e in read.events] == [("the goblin",), (), ("the tin soldier",)]
