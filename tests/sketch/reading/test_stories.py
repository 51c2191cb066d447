"""The era of a whole story, and who is dead in it."""

from __future__ import annotations

import pytest

from workbench.sketch.reading.assumptions import is_neutral
from workbench.sketch.reading.deaths import find_deaths, find_returns
from workbench.sketch.reading.eras import read_era


@pytest.mark.parametrize(
    ("facts", "era"),
    [
        ({"summary": "A lonely keeper finds a letter in a bottle."}, ""),
        ({"style": {"preset": "cyberpunk", "prompt": ""}, "summary": "Ann runs."}, "future"),
        ({"genre": "science fiction", "summary": "A knight of the old order returns."}, "future"),
        ({"style": "1905 New York, gaslight", "summary": "Ann waits."}, "west"),
        ({"genre": "都市", "summary": "深夜她在公寓里接到电话。"}, "modern"),
        ({"genre": "武侠", "summary": "剑客走进客栈。"}, "east"),
        ({"title": "骑士", "summary": "中世纪的城堡里，骑士等着马车。"}, "west"),
        ({"summary": "In 1984 a phone rings in a motel."}, "modern"),
        ({"summary": "In 2093 the colony on Mars loses its air."}, "future"),
        ({"style": "Persian miniature", "summary": "A merchant in a turban sails for Basra."}, "past"),
        ({"style": "ukiyo-e", "summary": "Ann waits for the ferry."}, "east"),
        ({"style": "woodcuts", "summary": "Ann waits for the ferry."}, "west"),
        ({"summary": "She wins 1500 dollars and walks 1200 miles."}, ""),
    ],
)
def test_a_story_has_one_era_by_its_style_and_text(facts: dict[str, object], era: str) -> None:
    assert read_era(facts) == era  # type: ignore[arg-type]


NAMES = [("Anna",), ("Old Ned", "Ned"), ("王生",), ("小梅",)]


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("Old Ned drowns in the harbour", ["Old Ned"]),
        ("Anna buries Ned behind the church", ["Old Ned"]),
        ("After Anna's funeral nobody speaks", ["Anna"]),
        ("The wolf kills Anna", ["Anna"]),
        ("The boy throws Ned into the burning stove", ["Old Ned"]),
        ("The boy throws Ned into the river", []),
        ("The skull burns Ned to ashes", ["Old Ned"]),
        ("The soup burns Ned", []),
        ("王生去世了", ["王生"]),
        ("小梅在雪里冻死了", ["小梅"]),
        ("他杀死了王生", ["王生"]),
        ("Anna nearly drowns", []),
        ("Anna thinks that Ned is dead", []),
        ("Anna is dead tired", []),
        ("王生差点死在河里", []),
        ("小梅怕死", []),
        ("Anna loves Ned to death", []),
    ],
)
def test_who_dies_is_told_and_who_nearly_does_is_not(text: str, dead: list[str]) -> None:
    assert list(find_deaths(text, NAMES)) == dead


def test_who_comes_back_is_alive_again() -> None:
    assert find_returns("王生醒来，只记得做了一场梦", NAMES) == ("王生",)
    assert find_returns("Anna walks home", NAMES) == ()


@pytest.mark.parametrize(
    ("phrase", "neutral", "of_any_being"),
    [
        ("{a} stays quite still.", True, True),
        ("{a} wipes both palms before daring to touch anything.", True, False),
        ("While it rains, {a} leaves a light burning for someone", False, False),
        ("A neighbour hesitates over a tiny favour", False, False),
        ("{a}把门带上，没有再回头看{place}", False, False),
        ("{a}的手伸到一半，停住", True, False),
        ("{a}继续往前", True, True),
    ],
)
def test_a_phrase_is_neutral_when_it_takes_nothing_for_granted(phrase: str, neutral: bool, of_any_being: bool) -> None:
    assert is_neutral(phrase) == neutral
    assert is_neutral(phrase, human=False) == of_any_being
