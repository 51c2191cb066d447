"""Lengths of lines, scenes and episodes."""

from __future__ import annotations

import pytest

from workbench.story import timing

DIALOGUE = {"silent": False, "lines": [{"text": "你别过来。"}, {"text": "Where are you going?"}]}


def test_chinese_counts_by_characters_and_english_by_words() -> None:
    assert timing.units("你别过来, Jim's here") == (4, 2)
    assert timing.reading_s("一二三四五六七八九十一二三") == pytest.approx(2.0)
    assert timing.reading_s("one two three four five") == pytest.approx(2.0)


def test_a_dialogue_takes_its_pauses_and_its_words() -> None:
    assert timing.dialogue_s(DIALOGUE["lines"]) == pytest.approx(2 * 0.4 + 4 / 6.5 + 4 / 2.5)


def test_what_is_missing_is_named_and_lowers_the_confidence() -> None:
    made = timing.estimate(dialogue=None, motion=None, shots=None, sound=None, language="zh")
    assert made.missing == ["dialogue", "motion_prompt", "keyframe_prompt", "sound_design"]
    assert made.confidence == "low"
    assert made.parts.model_dump() == {"dialogue": 0.0, "action": 2.8, "transition": 0.2, "pause": 0.6}
    assert made.seconds == pytest.approx(3.6)


def test_silence_lengthens_the_pause_up_to_two_seconds() -> None:
    cues = [{"type": "silence"}] * 20
    parts = [
        timing.estimate(dialogue=None, motion=None, shots=None, sound={"cues": cues[:n]}, language="en").parts.pause
        for n in (0, 1, 20)
    ]
    assert parts == [0.4, 0.7, 2.0]


def test_the_json_around_a_text_adds_nothing() -> None:
    motion = {
        "short": {"zh": "走", "en": "walks"},
        "beats": [{"from_s": 0, "to_s": 2, "zh": "停", "en": "stops"}] * 3,
        "changes": {"subject": [], "camera": [], "environment": []},
    }
    made = timing.estimate(dialogue=None, motion=motion, shots=None, sound=None, language="zh")
    assert made.parts.action == pytest.approx(2.8 + 4 / 110, abs=0.05)


@pytest.mark.parametrize(("name", "seconds"), list(timing.TRANSITION_S.items()))
def test_every_transition_has_its_length(name: timing.Transition, seconds: float) -> None:
    made = timing.estimate(dialogue=None, motion=None, shots=None, sound=None, language="zh", transition=name)
    assert made.parts.transition == seconds


def test_an_episode_is_the_sum_of_its_scenes_parts() -> None:
    one = timing.estimate(dialogue=DIALOGUE, motion=None, shots=None, sound=None, language="en").model_dump()
    made = timing.of_episode([one, None, one])
    assert made["scenes"] == 2
    assert made["missing"] == 1
    assert made["seconds"] == pytest.approx(2 * one["seconds"], abs=0.02)
    assert made["seconds"] == pytest.approx(sum(made["parts"].values()), abs=0.02)
