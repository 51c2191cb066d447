"""Lengths of lines, scenes and episodes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.story import timing

DIALOGUE: dict[str, Any] = {"silent": False, "lines": [{"text": "你别过来。"}, {"text": "Where are you going?"}]}


def test_chinese_counts_by_characters_and_english_by_words() -> None:
    assert timing.units("你别过来, Jim's here") == (4, 2)
    assert timing.reading_s("一二三四五六七八九十一二三") == pytest.approx(2.0)
    assert timing.reading_s("one two three four five") == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("the café's naïve déjà vu", (0, 5)),
        ("a well-known man", (0, 3)),
        ("Доброе утро", (0, 2)),
        ("さようなら", (5, 0)),
        ("안녕", (2, 0)),
        ("𠮷", (1, 0)),
        ("……！？ — 🙂", (0, 0)),
    ],
)
def test_whatever_is_spoken_takes_time(text: str, counted: tuple[int, int]) -> None:
    assert timing.units(text) == counted


seconds_of = st.builds(
    lambda texts, silences, motion, name: timing.estimate(
        dialogue={"lines": [{"text": t} for t in texts]},
        motion={
            "short": {"zh": motion, "en": motion},
            "beats": [],
            "changes": {"subject": [], "camera": [], "environment": []},
        },
        shots=None,
        sound={"cues": [{"type": "silence"}] * silences},
        language="zh",
        transition=name,
    ).model_dump(),
    st.lists(st.text(max_size=60), max_size=6),
    st.integers(0, 8),
    st.text(max_size=300),
    st.sampled_from(sorted(timing.TRANSITION_S)),
)


@given(st.lists(seconds_of | st.none(), max_size=30))
def test_what_is_shown_adds_up_to_a_tenth_in_a_scene_and_in_an_episode(durations: list[Any]) -> None:
    def shown(seconds: float) -> Decimal:
        return Decimal(f"{seconds:.1f}")

    known = [d for d in durations if d is not None]
    for made in known:
        assert sum(shown(p) for p in made["parts"].values()) == shown(made["seconds"])
        assert all(f"{p:.1f}" == f"{p:g}" or p == int(p) for p in made["parts"].values())
    summed = timing.sum_durations(durations)
    assert shown(summed.seconds) == sum((shown(d["seconds"]) for d in known), Decimal(0))
    assert shown(summed.seconds) == sum(shown(p) for p in summed.parts.values())
    assert (summed.scenes, summed.missing) == (len(known), len(durations) - len(known))


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
    assert abs(made.parts.transition - seconds) <= 0.051
    # 0.15 is 0.2 on the bar, so that what is shown adds up
    assert made.seconds == round(2.8 + made.parts.transition + 0.6, 1)


def test_an_episode_is_the_sum_of_its_scenes_parts() -> None:
    one = timing.estimate(dialogue=DIALOGUE, motion=None, shots=None, sound=None, language="en").model_dump()
    made = timing.sum_durations([one, None, one])
    assert made.scenes == 2
    assert made.missing == 1
    assert made.seconds == pytest.approx(2 * one["seconds"], abs=0.02)
    assert made.seconds == pytest.approx(sum(made.parts.values()), abs=0.02)
