"""Texts in the wrong language, and such as stand there twice: what is nonsense, and what may be meant."""

from __future__ import annotations

import pytest

from workbench.story import text_checks

NAMES = ["Della", "Old Tom", "王生", "the gold watch"]


def is_in(text: str, language: str, *, label: bool = False) -> bool:
    return text_checks.language_issues("text", text, language, NAMES, label=label) == []


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("她走到窗前。", "zh"),
        ("Old Tom转身", "zh"),
        ("他打开 MacBook，进入 Adobe Photoshop 界面", "zh"),
        ("墙上挂着 Leonardo da Vinci 的画", "zh"),
        ("招牌上写着“closed for the season”", "zh"),
        ("wifi断了", "zh"),
        ("Della打开她的 food truck", "zh"),
        ("The gold watch在桌上", "zh"),
        ("She walks to the window.", "en"),
        ("王生 turns", "en"),
        ("A lantern with “同福客栈” on it", "en"),
        ("Zoë waits", "en"),
    ],
)
def test_names_and_quoted_words_are_in_any_language(text: str, language: str) -> None:
    assert is_in(text, language)


@pytest.mark.parametrize(
    ("text", "language", "message"),
    [
        ("She walks to the window.", "zh", "must be Chinese"),
        ("She walks to the window. 了", "zh", "must be Chinese"),
        ("Della turns her head 了", "zh", "must be Chinese"),
        ("“She walks to the window.”", "zh", "must be Chinese"),
        ("她走到窗前。", "en", "must be English"),
        ("她走到窗前 OK", "en", "must be English"),
        ("王生", "zh", "must be Chinese"),
        ("王生", "en", "must be English"),
        ("1887", "en", "must be English"),
    ],
)
def test_a_sentence_is_in_its_language(text: str, language: str, message: str) -> None:
    (issue,) = text_checks.language_issues("text", text, language, NAMES)
    assert str(issue) == f"text: {message}"


@pytest.mark.parametrize("text", ["Steinway", "王生", "1887", "iPhone", "OK", "“exit”"])
def test_a_name_or_a_number_is_enough_for_a_label(text: str) -> None:
    assert is_in(text, "zh", label=True)


@pytest.mark.parametrize(("text", "language"), [("window", "zh"), ("a worn couch", "zh"), ("旧沙发", "en")])
def test_a_word_of_the_other_language_is_no_label(text: str, language: str) -> None:
    assert not is_in(text, language, label=True)


def test_what_stands_twice_is_named_each_time_it_comes_back() -> None:
    texts = text_checks.number("motifs", ["A comb", "a watch", "a comb", "a  COMB"])

    assert [i.path for i in text_checks.repeat_issues(texts)] == ["motifs.2", "motifs.3"]


def test_only_what_is_said_right_before_is_a_standstill() -> None:
    assert text_checks.standstill_issues(text_checks.number("arc", ["calm", "fear", "calm", "relief"])) == []
    assert [i.path for i in text_checks.standstill_issues(text_checks.number("arc", ["calm"] * 3))] == [
        "arc.1",
        "arc.2",
    ]
