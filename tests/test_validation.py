"""What pydantic found, in the reader's language; as a plain string in pydantic's own words, which models go by."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core._pydantic_core import list_all_errors

from tests.test_plain_text import has_chinese
from workbench.artifacts import kinds
from workbench.artifacts.models import Brief, EpisodePlan
from workbench.artifacts.storyboard import Line
from workbench.errors import InvalidInput
from workbench.i18n import Text, translate
from workbench.validation import issues_of, message_of
from workbench.workflows import registry
from workbench.workflows.agents import llm_chat


@pytest.mark.parametrize("listed", list_all_errors(), ids=lambda e: e["type"])
def test_every_error_that_pydantic_knows_is_said_in_both_languages(listed: Any) -> None:
    words = listed["message_template_python"]
    detail: Any = {
        "type": listed["type"],
        "loc": ("a",),
        "msg": words,
        "input": "x",
        "ctx": listed.get("example_context"),
    }
    text = message_of(detail)
    assert str(text) == words
    assert has_chinese(translate(text, "zh"))
    assert not has_chinese(translate(text, "en"))
    assert "Input should" not in translate(text, "en")


@pytest.mark.parametrize(
    ("model", "value", "en"),
    [
        (Brief, {}, "This is needed."),
        (Brief, {"title": " "}, "This is needed."),
        (Brief, {"title": "a", "episodes": 0}, "Must be 1 or more."),
        (Brief, {"title": "a", "episodes": "many"}, "Must be a whole number."),
        (Brief, {"title": "a", "language": "fr"}, "Must be one of 'zh', 'en'."),
        (Brief, {"title": "a", "style": [1]}, "Must be an object."),
        (Brief, {"title": "a", "genre": "x" * 121}, "At most 120 characters; 1 too many."),
        (Brief, {"title": "a", "mood": "x"}, "There is no such field here."),
        (EpisodePlan, {"episode_count": 1, "episodes": []}, "At least 1 entries are needed."),
        (
            EpisodePlan,
            {"episode_count": 2, "episodes": [{"order": 1, "title": "a", "logline": "b", "scene_scope": "c"}]},
            "episode_count is 2 but there are 1 episodes",
        ),
        (Line, {"type": "dialogue", "text": "a"}, "a narration has no speaker, every other line has one"),
        (llm_chat.ChatMessage, {"content": " "}, "a message must not be blank"),
    ],
)
def test_a_wrong_field_is_said_in_the_readers_language(model: Any, value: Any, en: str) -> None:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(value)
    (issue,) = issues_of(caught.value)
    assert translate(issue.message, "en") == en
    assert has_chinese(translate(issue.message, "zh"))
    assert str(issue.message) == caught.value.errors()[0]["msg"]


def test_a_refusal_is_said_in_chinese_wherever_it_was_raised() -> None:
    for call in (
        lambda: kinds.validate(kinds.find("brief"), {"title": "a", "episodes": "many"}),
        lambda: registry.parse_params(registry.Registry().find("plan_episodes"), {"target_episode_count": "many"}),
    ):
        with pytest.raises(InvalidInput) as refused:
            call()
        assert "必须是整数" in translate(refused.value.text, "zh")
        assert "必须是整数" in translate(Text.from_json(refused.value.text.to_json()), "zh")


def test_such_a_text_can_be_copied() -> None:
    with pytest.raises(ValidationError) as caught:
        Brief.model_validate({})
    (issue,) = issues_of(caught.value)
    for copied in (copy.deepcopy(issue.message), pickle.loads(pickle.dumps(issue.message))):
        assert translate(copied, "en") == "This is needed."
