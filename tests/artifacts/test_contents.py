"""What the contents of each artifact kind must look like."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from workbench.artifacts import kinds
from workbench.artifacts.models import CoreExpression, EpisodeOutline, EpisodePlan, SceneAnchor
from workbench.artifacts.storyboard import Dialogue, SoundDesign
from workbench.artifacts.versions import hash_of

ANCHOR: dict[str, Any] = {
    "scene": {"zh": "海" * 60, "en": "sea"},
    "location": {"type": "室外", "name": "码头", "details": "木栈伸进海里"},
    "lighting": {"type": "自然光", "direction": "左", "colour": "金", "intensity": "弱"},
    "atmosphere": {"mood": "静", "weather": "晴", "time": "晨"},
    "anchors": {"zh": ["一", "二", "三", "四"], "en": ["one", "two", "three", "four"]},
    "avoid": {"zh": "人物", "en": "people"},
}
EXPRESSION: dict[str, Any] = {
    "theme": "t",
    "emotional_arc": ["a", "b", "c", "d"],
    "core_conflict": "c",
    "payoff": ["p"],
    "visual_motifs": ["m"],
    "ending_beat": "e",
}


def outline(order: int) -> EpisodeOutline:
    return EpisodeOutline(order=order, title="门", logline="老人在雪夜听见敲门声", scene_scope="灯塔里只有一盏灯")


def line(text: str, speaker: str = "王生", kind: str = "dialogue") -> dict[str, Any]:
    return {"type": kind, "speaker": speaker, "text": text}


def cue(kind: str = "sfx", start: float = 0, end: float = 1, **more: Any) -> dict[str, Any]:
    return {"type": kind, "description": "门响", "from_s": start, "to_s": end, **more}


def test_the_examples_that_are_spoilt_below_are_valid() -> None:
    assert SceneAnchor.model_validate(ANCHOR)
    assert CoreExpression.model_validate(EXPRESSION)
    assert EpisodePlan(episode_count=2, episodes=[outline(1), outline(2)])
    assert Dialogue.model_validate({"lines": [line("走吧。")]})
    assert SoundDesign.model_validate({"master_mood": "静", "cues": [cue()]})


@pytest.mark.parametrize("orders", [[1, 3], [2, 1], [1, 1], [0, 1]])
def test_a_plan_with_other_orders_than_one_to_n_has_no_valid_shape(orders: list[int]) -> None:
    with pytest.raises(ValidationError):
        EpisodePlan(episode_count=2, episodes=[outline(o) for o in orders])


@pytest.mark.parametrize("field", ["payoff", "visual_motifs"])
def test_a_core_expression_without_payoff_or_motif_has_no_valid_shape(field: str) -> None:
    with pytest.raises(ValidationError):
        CoreExpression.model_validate({**EXPRESSION, field: []})


@pytest.mark.parametrize("count", [3, 13])
def test_fewer_than_four_or_more_than_twelve_anchors_have_no_valid_shape(count: int) -> None:
    with pytest.raises(ValidationError):
        SceneAnchor.model_validate({**ANCHOR, "anchors": {**ANCHOR["anchors"], "zh": ["物"] * count}})


@pytest.mark.parametrize("length", [59, 121])
def test_the_chinese_description_has_sixty_to_a_hundred_and_twenty_characters(length: int) -> None:
    with pytest.raises(ValidationError):
        SceneAnchor.model_validate({**ANCHOR, "scene": {"zh": "海" * length, "en": "sea"}})


@pytest.mark.parametrize(
    "content",
    [
        {"lines": []},
        {"silent": True, "reason": "静", "lines": [line("走吧。")]},
        {"lines": [line(f"第{n}句") for n in range(7)]},
        {"lines": [line("走吧。", "")]},
        {"lines": [line("夜深。", "王生", "narration")]},
        {"lines": [line("走吧。", kind="shout")]},
        {"lines": [line(" ")]},
    ],
)
def test_what_is_no_dialogue_has_not_its_shape(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Dialogue.model_validate(content)


@pytest.mark.parametrize(
    "content",
    [
        {"master_mood": "静", "cues": []},
        {"master_mood": "", "cues": [cue()]},
        {"master_mood": "静", "cues": [cue("noise")]},
        {"master_mood": "静", "cues": [cue(start=2, end=2)]},
        {"master_mood": "静", "cues": [cue(intensity="loud")]},
        {"master_mood": "静", "cues": [cue(id=1)]},
    ],
)
def test_what_is_no_sound_design_has_not_its_shape(content: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SoundDesign.model_validate(content)


@pytest.mark.parametrize("kind", ["character", "world_element"])
def test_what_was_saved_before_the_new_fields_keeps_its_hash(kind: str) -> None:
    old: dict[str, Any] = {"name": "Mara", "description": "a keeper"}
    old |= {"aliases": []} if kind == "character" else {}
    assert hash_of(kinds.validate(kinds.find(kind), old)) == hash_of(old)


def test_every_field_of_a_character_is_kept_and_counts() -> None:
    given = {"name": "Mara", "appearance": "oilskin", "personality": "dry", "background": "born by the sea"}
    saved = kinds.validate(kinds.find("character"), given)
    assert {name: saved[name] for name in given} == given
    assert hash_of(saved) != hash_of(kinds.validate(kinds.find("character"), {**given, "personality": "warm"}))


@pytest.mark.parametrize(
    ("field", "limit"), [("description", 2_000), ("appearance", 8_000), ("personality", 8_000), ("background", 12_000)]
)
def test_a_field_of_a_character_has_its_limit(field: str, limit: int) -> None:
    model = kinds.find("character").model
    assert model.model_validate({"name": "M", field: "x" * limit})
    with pytest.raises(ValueError, match=field):
        model.model_validate({"name": "M", field: "x" * (limit + 1)})
