"""Dialogue as text and back, without loss; every line that is none is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.artifacts.storyboard import Dialogue, Line
from workbench.errors import InvalidInput, Issue
from workbench.story.script import parse, to_text

words = st.text(
    st.characters(exclude_categories=("Cs",)) | st.sampled_from("\\|]:：[\n\r\u2028 王生a"), min_size=1, max_size=20
).map(str.strip).filter(bool)  # fmt: skip
lines = st.builds(
    lambda kind, speaker, emotion, notes, text: Line(
        type=kind, speaker="" if kind == "narration" else speaker, emotion=emotion, notes=notes, text=text
    ),
    st.sampled_from(["dialogue", "monologue", "narration", "thought"]),
    words,
    st.just("") | words,
    st.lists(words, max_size=3),
    words,
)
dialogues = st.lists(lines, min_size=1, max_size=6).map(lambda ls: Dialogue(lines=ls)) | st.builds(
    lambda reason: Dialogue(silent=True, reason=reason), st.just("") | words
)


@given(dialogues, st.sampled_from(["zh", "en"]))
def test_text_and_back_is_the_same_dialogue(made: Dialogue, language: str) -> None:
    assert parse(to_text(made, language)) == made


def test_it_reads_as_a_script() -> None:
    made = Dialogue(
        lines=[
            Line(type="dialogue", speaker="王生", emotion="愤怒", notes=["压低声音"], text="你别过来。"),
            Line(type="narration", text="灯灭了。"),
        ]
    )
    assert to_text(made, "zh") == "[对白|愤怒|压低声音] 王生：你别过来。\n[旁白] 灯灭了。"
    assert to_text(made, "en").splitlines()[0] == "[dialogue|愤怒|压低声音] 王生: 你别过来。"


def test_labels_of_both_languages_and_both_colons_are_read_and_a_bare_line_is_dialogue() -> None:
    made = parse("[Thought] Della: If only.\n[心理|犹豫] 王生: 走还是不走。\nJim：Where are you?")
    assert [(line.type, line.speaker) for line in made.lines] == [
        ("thought", "Della"),
        ("thought", "王生"),
        ("dialogue", "Jim"),
    ]


@pytest.mark.parametrize(
    ("text", "number", "says"),
    [
        ("[dialogue] Jim: yes\njust words", "line 2", "no speaker"),
        ("[shout] Jim: yes", "line 1", "no type"),
        ("[narration]", "line 1", "at least 1 character"),
        ("[dialogue Jim: yes", "line 1", "closing bracket"),
        ("[] Jim: yes", "line 1", "no type"),
        ("Jim:", "line 1", "at least 1 character"),
        ("[silent] one\n\n[静场] two", "line 3", "silent once"),
        ("[silent|sad] hush", "line 1", "neither emotion nor notes"),
        ("[silent] " + "x" * 301, "line 1", "301"),
        ("[dialogue|a|1|2|3|4|5] Jim: yes", "line 1", "at most 4"),
    ],
)
def test_a_line_that_is_none_is_named_and_never_skipped(text: str, number: str, says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(text)
    (issue,) = refused.value.issues
    assert issue.path == number
    assert says in str(issue)


@pytest.mark.parametrize("text", ["", "  \n ", "[silent] hush\nJim: yes", "\n".join(["Jim: yes"] * 7)])
def test_what_is_no_dialogue_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse(text)


@given(st.text(st.sampled_from("[]|\\:： \n\u2028n静场对白silentdialogue王生a。"), max_size=80) | st.text(max_size=80))
def test_whatever_is_typed_each_line_is_read_or_named(text: str) -> None:
    written = [n for n, raw in enumerate(text.splitlines(), start=1) if raw.strip()]
    made, issues = outcome(text)
    assert (made is None) == bool(issues)
    assert {i.path for i in issues} <= {"", *(f"line {n}" for n in written)}
    if made is not None:
        assert len(made.lines) + made.silent == len(written)
        assert parse(to_text(made, "zh")) == made


def outcome(text: str) -> tuple[Dialogue | None, list[Issue]]:
    try:
        return parse(text), []
    except InvalidInput as refused:
        return None, refused.issues
