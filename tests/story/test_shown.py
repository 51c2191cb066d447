"""Whom and what a sentence shows: who is only told of is not there, and nobody is taken to be who may not be."""

from __future__ import annotations

import pytest

from workbench.story import shown
from workbench.story.names import NameIndex

PEOPLE = NameIndex([{"name": "Jim", "aliases": []}, {"name": "王生", "aliases": []}, {"name": "Della", "aliases": []}])


@pytest.mark.parametrize(
    "words",
    [
        "{} reads by the door.", "Della hands a comb to {}.", "She stands in front of {}.", "A close-up of {}.",
        "{}'s hand rests on the sill.", "{}’s shadow falls on the wall.", "As {} turns, the door opens.",
        "For the last time {} turns.", "[MS, eye level] {} waits.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Jim", "王生"])
def test_who_is_to_be_seen_is_shown(words: str, name: str) -> None:
    assert name in shown.find_people(words.format(name), PEOPLE)


@pytest.mark.parametrize(
    "words",
    [
        "{}'s comb lies there.", "{}’s brother sits there.", "Della speaks of {}.", "She thinks of old {}.",
        "Della talks about Della and {}.", "She waits for {} at the window.", "She remembers {}.",
        "A portrait of {} hangs there.", "The chair where {} sat is empty.", "A letter from {} lies there.",
        "She whispers: “{}, come home.”", "Without {} the room is bare.", "{} is gone.", "A watch left by {}.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["Jim", "王生"])
def test_who_is_only_told_of_is_not_shown(words: str, name: str) -> None:
    assert name not in shown.find_people(words.format(name), PEOPLE)


@pytest.mark.parametrize(
    "words",
    [
        "Jim reads {} by the door.", "She reads {} aloud.", "A close-up of {}.", "{} lies on the table.",
        "She has burned {}.", "Smoke, and {} burns.", "She holds {} to the light.",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("name", "said"), [("the letter", "the letter"), ("letter", "The burned Letter"), ("信", "信")]
)
def test_a_thing_that_is_to_be_seen_is_shown(words: str, name: str, said: str) -> None:
    assert shown.shows_thing(words.format(said), name)


@pytest.mark.parametrize(
    "words",
    [
        "The ash of {} drifts.", "{}'s ash glows.", "She weeps for {}.", "{} is gone.", "Where {} lay there is dust.",
        "She says: “Read {}.”", "She remembers {}.",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["the letter", "信"])
def test_a_thing_that_is_only_told_of_is_not_shown(words: str, name: str) -> None:
    assert not shown.shows_thing(words.format(name), name)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("The letter opener lies there.", "the letter"), ("The letter box stands open.", "the letter"),
        ("Della writes a letter by the lamp.", "the letter"), ("Letters lie there.", "the letter"),
        ("信封 lies there.", "信"),
    ],
)  # fmt: skip
def test_what_only_has_the_name_in_its_own_is_another_thing(words: str, name: str) -> None:
    assert not shown.shows_thing(words, name, ["the letter box", "信封"])
