"""The checks of dialogue and sound as pure functions, each with an answer that fails it."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.artifacts.storyboard import Dialogue, SoundDesign
from workbench.story.continuity import Cast
from workbench.workflows.dialogue import generate_dialogue as dialogue
from workbench.workflows.dialogue import generate_sound_design as sound

LIBRARY = [{"name": "王生", "aliases": ["王公子"]}, {"name": "陈氏", "aliases": []}]
TWO, ONE, NOBODY = Cast(["王生", "陈氏"], LIBRARY), Cast(["王生"], LIBRARY), Cast([], LIBRARY)


def line(text: str, speaker: str = "王生", kind: str = "dialogue") -> dict[str, Any]:
    return {"type": kind, "speaker": speaker, "text": text}


def said(*lines: dict[str, Any]) -> Dialogue:
    return Dialogue.model_validate({"lines": list(lines)})


def cue(kind: str = "sfx", start: float = 0, end: float = 1, **more: Any) -> dict[str, Any]:
    return {"type": kind, "description": "门响", "from_s": start, "to_s": end, **more}


def heard(*cues: dict[str, Any]) -> SoundDesign:
    return SoundDesign.model_validate({"master_mood": "静", "cues": list(cues)})


def paths(issues: list[Any]) -> list[str]:
    return [issue.path for issue in issues]


@pytest.mark.parametrize(
    ("made", "cast", "expected"),
    [
        (said(line("走吧。"), line("好。", "陈氏")), TWO, []),
        (said(line("走吧。", "王公子")), TWO, []),
        (said(line("走吧。", " 王 生 ")), TWO, []),
        (said(line("走吧。"), line("谁？", "道士")), TWO, ["lines.1.speaker"]),
        (said(line("走吧。")), ONE, ["lines.0.type"]),
        (
            said(line("走吧。", kind="monologue"), line("真的？", kind="thought"), line("夜深。", "", "narration")),
            ONE,
            [],
        ),
        (said(line("走吧。", kind="monologue")), NOBODY, ["lines.0.speaker"]),
        (said(line("夜深了。", "", "narration")), NOBODY, []),
    ],
)
def test_only_the_people_of_the_scene_speak(made: Dialogue, cast: Cast, expected: list[str]) -> None:
    assert paths(dialogue.speaker_issues(made, cast)) == expected


def test_an_alias_is_saved_under_the_librarys_name() -> None:
    made = dialogue.use_own_names(said(line("走吧。", "王公子"), line("夜深。", "", "narration")), TWO)
    assert [one.speaker for one in made.lines] == ["王生", ""]


def test_no_line_is_said_twice() -> None:
    assert paths(dialogue.find_repetitions(said(line("走 吧。"), line("好。"), line("走吧。", "陈氏")))) == [
        "lines.2.text"
    ]
    assert dialogue.find_repetitions(said(line("走吧。"), line("走吧！"))) == []


@pytest.mark.parametrize(
    ("text", "seconds", "fits"),
    [("一" * 13, 2.5, True), ("一" * 14, 2.5, False), ("one two three four five", 2.5, True), ("one " * 6, 2.5, False)],
)
def test_all_lines_can_be_read_in_the_time_there_is(text: str, seconds: float, fits: bool) -> None:
    issues = dialogue.length_issues(said(line(text)), seconds)
    assert (issues == []) is fits
    if not fits:
        assert f"{seconds:g}" in str(issues[0])


def test_a_silent_scene_says_why() -> None:
    assert paths(dialogue.silence_issues(Dialogue(silent=True))) == ["reason"]
    assert dialogue.silence_issues(Dialogue(silent=True, reason="话已经说完")) == []


@pytest.mark.parametrize(
    ("text", "language", "fits"),
    [
        ("Where are you going tonight?", "zh", False),
        ("你要去哪里，Della？", "zh", True),
        ("你要去哪里？", "en", False),
        ("Where is 书斋 tonight, my dear?", "en", True),
        ("……", "zh", True),
        ("Madame Sofronie!", "zh", True),
    ],
)
def test_lines_are_in_the_storys_language(text: str, language: str, fits: bool) -> None:
    assert (dialogue.language_issues(said(line(text)), language) == []) is fits


def test_every_cue_lies_inside_the_scene() -> None:
    made = heard(cue(end=8.04), cue(start=2, end=8.2), cue(start=9, end=10))
    assert paths(sound.timing_issues(made, 8.0)) == ["cues.1.to_s", "cues.2.to_s"]


@pytest.mark.parametrize(
    ("cues", "expected"),
    [
        ([cue("silence", 0, 5)], ["cues"]),
        ([cue(), cue("silence", 3, 4), cue("silence", 3.5, 5)], ["cues.2"]),
        ([cue("bgm", 0, 5, intensity="dominant"), cue("silence", 3, 4)], ["cues.1"]),
        ([cue("silence", 3, 4), cue("sfx", 3.5, 5, intensity="prominent")], ["cues.1"]),
        ([cue("ambience", 0, 9, intensity="subtle"), cue("silence", 3, 4)], []),
        ([cue("sfx", 0, 3, intensity="dominant"), cue("silence", 3, 4), cue("silence", 4, 5)], []),
    ],
)
def test_a_silence_is_silent(cues: list[dict[str, Any]], expected: list[str]) -> None:
    assert paths(sound.silence_issues(heard(*cues))) == expected


def test_the_same_sound_twice_at_once_is_one_sound() -> None:
    assert paths(sound.find_repetitions(heard(cue(), cue(start=0.5, description="门 响", end=2)))) == ["cues.1"]
    assert sound.find_repetitions(heard(cue(), cue(start=1, end=2))) == []
    assert sound.find_repetitions(heard(cue(), cue("foley"))) == []


def test_nobody_is_heard_where_nobody_speaks() -> None:
    made = heard(cue(), cue("voice_over", 1, 2))
    silent = Dialogue(silent=True, reason="静").model_dump()
    assert paths(sound.voice_issues(made, silent)) == ["cues.1.type"]
    assert sound.voice_issues(made, said(line("走吧。")).model_dump()) == []
    assert sound.voice_issues(made, None) == []


def test_sounds_are_told_in_the_storys_language() -> None:
    made = heard(
        cue(description="雨打在窗上"), cue(description="rain against the window"), cue(description="Della的脚步")
    )

    assert paths(sound.language_issues(made, "zh", ["Della"])) == ["cues.1.description"]
