from __future__ import annotations

import pytest

from workbench.story.similarity import bigrams, near_duplicates, similarity


def test_equal_texts_are_one_and_texts_without_a_common_pair_are_nought() -> None:
    assert similarity("王生把她藏在书斋", "王生把她藏在书斋") == 1
    assert similarity("王生把她藏在书斋", "乞丐吐痰") == 0


def test_case_spaces_and_punctuation_do_not_count() -> None:
    assert similarity("Della counts, again!", "della COUNTS again") == 1


def test_an_empty_text_is_like_nothing_not_even_itself() -> None:
    assert similarity("", "") == 0
    assert similarity("……", "！") == 0


def test_a_single_character_can_be_compared() -> None:
    assert similarity("灯", "灯") == 1


def test_pairs_are_counted_so_that_repeating_a_text_is_not_the_same_text() -> None:
    assert bigrams("abab") == {"ab": 2, "ba": 1}
    assert similarity("abab", "ab") == pytest.approx(1 / 3)


def test_near_duplicates_are_found_worst_first_with_their_positions() -> None:
    texts = ["愚公带着一家人挖山", "智叟摇着扇子笑他", "愚公带着一家人去挖山", "愚公带着一家人挖山"]

    pairs = near_duplicates(texts)

    assert [(p.first, p.second) for p in pairs] == [(0, 3), (0, 2), (2, 3)]
    assert pairs[0].similarity == 1


def test_texts_just_below_the_limit_are_left_alone() -> None:
    assert near_duplicates(["abcdefgh", "abcdexyz"]) == []


def test_against_earlier_texts_only_pairs_across_count() -> None:
    pairs = near_duplicates(["同样的一场戏", "同样的一场戏"], earlier=["别的事", "同样的一场戏"])

    assert [(p.first, p.second) for p in pairs] == [(1, 0), (1, 1)]
