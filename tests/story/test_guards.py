from __future__ import annotations

from typing import get_args

import pytest

from workbench.artifacts.models import Preset
from workbench.story.freshness import keep_batch_order
from workbench.story.guards import plannable_brief, style_issues, summary_issues
from workbench.story.styles import style_text


@pytest.mark.parametrize(("length", "missing"), [(0, 100), (1, 99), (99, 1)])
def test_a_short_summary_says_how_many_characters_are_missing(length: int, missing: int) -> None:
    (issue,) = summary_issues("字" * length)

    assert issue.path == "summary"
    assert issue.message.params == {"have": length, "need": 100, "missing": missing}
    assert f"Write {missing} more" in str(issue.message)


@pytest.mark.parametrize("length", [100, 101, 2000])
def test_a_summary_of_a_hundred_characters_is_enough(length: int) -> None:
    assert summary_issues("x" * length) == []


def test_spaces_around_the_summary_do_not_count() -> None:
    (issue,) = summary_issues("  " + "x" * 99 + " \n" * 50)

    assert issue.message.params["missing"] == 1


@pytest.mark.parametrize(
    "style", [None, {}, {"preset": "custom", "prompt": ""}, {"preset": "custom", "prompt": "  \n"}]
)
def test_a_style_without_text_and_preset_is_missing(style: dict[str, str] | None) -> None:
    (issue,) = style_issues(style)

    assert issue.path == "style.prompt"


def test_all_that_is_missing_is_named_at_once() -> None:
    assert [i.path for i in plannable_brief({})] == ["summary", "style.prompt"]
    assert plannable_brief({"summary": "x" * 100, "style": {"prompt": "ink"}}) == []


def test_what_a_batch_has_begun_keeps_its_place_when_it_runs_again() -> None:
    assert keep_batch_order({}, [7, 8, 9]) == [7, 8, 9]
    # 7 has been written meanwhile and is fresh, so it is no longer wanted
    assert keep_batch_order({0: 7}, [8, 9]) == [7, 8, 9]
    # 7 was refused and has no child of its own: it keeps the first place
    assert keep_batch_order({1: 8}, [7, 9]) == [7, 8, 9]
    assert keep_batch_order({0: 7, 1: 8, 2: 9}, []) == [7, 8, 9]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_preset_brings_a_text_of_its_own(language: str) -> None:
    for preset in get_args(Preset):
        text = style_text({"preset": preset, "prompt": ""}, language)
        assert bool(text) == (preset != "custom")
        assert style_text({"preset": preset, "prompt": " my own "}, language) == "my own"
