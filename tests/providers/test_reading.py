from __future__ import annotations

import json
import time
from typing import Any

import pytest
from pydantic import BaseModel, Field

from workbench.artifacts.models import EpisodePlan
from workbench.errors import OutputError
from workbench.providers.reading import read_json, read_model


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('\ufeff{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Sure! Here it is:\n```json\n{"a": 1}\n```\nEnjoy.', {"a": 1}),
        ('<think>{"a": 0}</think>\n{"a": 1}', {"a": 1}),
        ('{"a": [1, 2,], }', {"a": [1, 2]}),
        ('{"a": "x,]"}', {"a": "x,]"}),
        ('{"a": "line\nbreak\tand tab"}', {"a": "line\nbreak\tand tab"}),
        ("{“a”: “curly”}", {"a": "curly"}),
        ('{"a": "he said “no”"}', {"a": "he said “no”"}),
        ('As [1] says, see [the plan]: {"a": {"b": "}"}} and more {"c": 2}', {"a": {"b": "}"}}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "half \\ud83d, nul \\u0000."}', {"a": "half �, nul ."}),
    ],
)
def test_answers_are_read_as_leniently_as_is_safe(answer: str, value: Any) -> None:
    assert read_json(answer, "object") == value


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ("", "empty_output", "empty"),
        (" \n\t", "empty_output", "empty"),
        ("```json\n```", "empty_output", "empty"),
        ("I would rather not.", "malformed_output", "No JSON found"),
        ('{"episodes": [{"order": 1}, {"order":', "truncated_output", "8000"),
        ('{"episodes": [{"order": 1}, {"order": 2}', "truncated_output", "cut off"),
        ('{"a": "unfinished', "truncated_output", "cut off"),
        ('```json\n{"a": {"b": 1}, "c', "truncated_output", "cut off"),
        ('{"a": [1, 2}', "malformed_output", "brackets"),
        ("[1, 2]", "malformed_output", "an array; expected an object"),
        ('"text"', "malformed_output", "a string"),
        ("42", "malformed_output", "a number"),
        ('{"a": 1 "b": 2}', "malformed_output", "delimiter"),
        ('{"a": NaN}', "malformed_output", "NaN"),
    ],
)
def test_each_way_of_being_unreadable_has_its_own_words(answer: str, kind: str, says: str) -> None:
    with pytest.raises(OutputError) as raised:
        read_json(answer, "object")

    assert raised.value.kind == kind
    assert says in str(raised.value)
    assert raised.value.raw == answer


def test_a_syntax_error_shows_90_characters_around_it() -> None:
    answer = '{"long": "' + "x" * 300 + '" "b": "' + "y" * 300 + '"}'

    with pytest.raises(OutputError) as raised:
        read_json(answer)

    before, after = str(raised.value).split("near: ")[1].split("⟨here⟩")
    assert before == "…" + answer[312 - 90 : 312]
    assert after == answer[312 : 312 + 90] + "…"


@pytest.mark.parametrize(
    "answer", ["[" * 100_000, '{"a":' * 20_000, "{[" * 50_000, '[1] {x} "' * 20_000, '{"a": ' + "9" * 10_000 + "}"]
)
def test_hostile_answers_are_refused_quickly(answer: str) -> None:
    began = time.thread_time()

    with pytest.raises(OutputError):
        read_json(answer, "object")

    # of this thread's computing, whatever else the machine does
    assert time.thread_time() - began < 2


class Line(BaseModel):
    name: str = Field(min_length=2)
    order: int = Field(ge=1)


class Page(BaseModel):
    lines: list[Line]


def test_a_wrong_shape_names_every_field_and_what_stood_there() -> None:
    with pytest.raises(OutputError) as raised:
        read_model('{"lines": [{"name": "x", "order": 1}, {"order": "first"}]}', Page)

    assert raised.value.kind == "malformed_output"
    assert [i.path for i in raised.value.issues] == ["lines.0.name", "lines.1.name", "lines.1.order"]
    assert "first" in str(raised.value.issues[2])


def test_a_model_wide_check_becomes_an_issue_too() -> None:
    outline = {"order": 1, "title": "t", "logline": "l", "scene_scope": "s"}

    with pytest.raises(OutputError) as raised:
        read_model(json.dumps({"episode_count": 2, "episodes": [outline]}), EpisodePlan)

    assert "episode_count is 2" in str(raised.value.issues[0])


def test_a_right_answer_becomes_the_model() -> None:
    assert read_model('Here: {"lines": [{"name": "Hai", "order": 1}]}', Page) == Page(lines=[Line(name="Hai", order=1)])


FINAL, DRAFT = '{"lines": [{"name": "Hai", "order": 1}]}', '{"lines": [{"name": "Draft", "order": 9}]}'
INNER = '{"name": "Hai", "order": 1}'


@pytest.mark.parametrize(
    "answer",
    [
        # thoughts, however they are marked off
        f"<think>{DRAFT}</think>{FINAL}",
        f"{DRAFT}\n</think>\n{FINAL}",
        f"<think>a</think>{DRAFT}<think>no</think>{FINAL}",
        f"Let me see.\n<think>{DRAFT}</think>\n```json\n{FINAL}\n```",
        f"[THINK]{DRAFT}[/THINK]{FINAL}",
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final<|message|>{FINAL}",
        f"<think>{DRAFT}</think><answer>{FINAL}</answer>",
        # a draft first
        f"Draft: {DRAFT}\nThat has a slip. Final: {FINAL}",
        f"```json\n{DRAFT}\n```\nBetter:\n```json\n{FINAL}\n```\nDone.",
        f"{DRAFT}\n{FINAL}",
        f'{{"lines": "to do"}} is the skeleton, this the answer: {FINAL}. See {{"a": 1}} and [1].',
        # what models write in place of JSON
        '{"lines": [{"name": "Hai", /* her */ "order": 1}]} // done',
        '# the lines\n{"lines": [{"name": "Hai", "order": 1}]}',
        "{'lines': [{'name': 'Hai', 'order': 1}]}",
        "{lines: [{name: 'Hai', order: 1,},],}",
        "{'lines': [{'name': 'Hai', 'order': 1, 'note': None, 'ok': True}]}",
        '{"lines"：[{"name"："Hai"，"order"：1}]}',
        "{“lines”: [{“name”: “Hai”, “order”: 1}]}",
        # boxes
        json.dumps(FINAL),
        json.dumps(json.dumps(FINAL)),
        f"[{FINAL}]",
        f'{{"name": "answer", "arguments": {FINAL}}}',
        f'{{"name": "answer", "arguments": {json.dumps(FINAL)}}}',
        f'{{"type": "function", "function": {{"name": "answer", "parameters": {FINAL}}}}}',
        f'<tool_call>\n{{"name": "answer", "arguments": {FINAL}}}\n</tool_call>',
        f'{{"tool_calls": [{{"id": "1", "function": {{"name": "answer", "arguments": {json.dumps(FINAL)}}}}}]}}',
        f'{{"output": {FINAL}}}',
        f'{{"Page": {FINAL}}}',
        f'{{"tool_uses": [{{"recipient_name": "functions.answer", "parameters": {FINAL}}}]}}',
        f'{{"role": "assistant", "content": null, "function_call": {{"name": "x", "arguments": {json.dumps(FINAL)}}}}}',
        f'{{"choices": [{{"index": 0, "message": {{"role": "assistant", "content": {json.dumps(FINAL)}}}}}]}}',
        f'{{"method": "tools/call", "params": {{"name": "answer", "arguments": {FINAL}}}}}',
        f'{{"type": "object", "properties": {FINAL}, "required": ["lines"]}}',
        # gpt-oss where it is asked for JSON
        f"<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>"
        f"{FINAL}<|return|>",
        # escaped once more than it should be
        FINAL.replace('"', '\\"'),
        f"Here it is: {FINAL.replace(chr(34), chr(92) + chr(34))}",
        '"' + FINAL.replace('"', '\\"').replace("{", "{\\n"),
        FINAL.replace('"', "&quot;"),
        # signs of other languages
        "{‘lines’: [{‘name’: ‘Hai’, ‘order’: 1}]}",
        '\u200b{"lines":\u200b [{"name": "Hai", "order": +1}]}\u2060',
        '{"lines": [{"name": "Hai"、"order": 1}]}',
        '{"lines": [{"name": """Hai""", "order": 1.}]}',
        "{u'lines': [{u'name': u'Hai', u'order': 1, u'note': undefined, u'ok': TRUE}]}",
        '{"lines": [{"name": "\\x48ai", "order": 1}]}',
        # the shape alone is no answer
        f'{FINAL}\nAs you asked: {{"lines": ["..."]}}',
        f'In the shape {{"lines": [{{"name": "<name>"}}]}}: {FINAL}. The rest as in {{"lines": ...}}.',
    ],
)
def test_what_is_meant_without_doubt_is_read(answer: str) -> None:
    assert read_model(answer, Page) == Page(lines=[Line(name="Hai", order=1)])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        # no draft stands in for an answer that was cut off
        (f'Draft: {DRAFT}\nFinal: {{"lines": [{{"name": "Hai", ', "truncated_output"),
        (f"<think>{DRAFT}</think>{FINAL[:-2]}", "truncated_output"),
        (f"<think>{DRAFT}", "empty_output"),
        ("{'lines': [{'name': 'Hai', 'order': 1}", "truncated_output"),
        (f'{{"name": "answer", "arguments": {json.dumps(FINAL[:-9])}}}', "truncated_output"),
        (json.dumps(FINAL)[:-9], "truncated_output"),
        # nor for one that is damaged
        (f'{DRAFT}\nFinal: {{"lines": [{{"name": "Hai" "order": 1}}]}}', "malformed_output"),
        (f'{DRAFT}\nFinal: {{"lines": [{{"name": "Hai"]}}}}', "malformed_output"),
        ('{"lines": [{"name": "Hai", "order": 1}] /* and', "truncated_output"),
        # one way or another
        ("{'lines': [{'name': 'he said 'Hai' aloud', 'order': 1}]}", "malformed_output"),
        ('{"lines": [{"name": "Hai" "order": 1}]}', "malformed_output"),
        ('{"lines": [{"name": Hai, "order": 1}]}', "malformed_output"),
        ('{"lines": [{"name": "Hai", "order": undefined}]}', "malformed_output"),
        (f"[{FINAL}, {FINAL}]", "malformed_output"),
        (f'{{"a": {FINAL}, "b": {FINAL}}}', "malformed_output"),
        ('{"lines": [{"name": "H\\d", "order": 1}]}', "malformed_output"),
    ],
)
def test_nothing_is_guessed(answer: str, kind: str) -> None:
    with pytest.raises(OutputError) as raised:
        read_model(answer, Page)

    assert raised.value.kind == kind


def test_escapes_of_markdown_mean_the_sign() -> None:
    line = read_model('{"lines": [{"name": "a\\_b \\*c\\* 50\\%", "order": 1}]}', Page).lines[0]
    assert line.name == "a_b *c* 50%"


def test_a_bracket_in_a_last_remark_cuts_nothing_off() -> None:
    assert read_model(f'{FINAL}\nNote: {{"a remark", [1', Page).lines[0].name == "Hai"


def test_the_nearest_answer_names_what_is_wrong() -> None:
    with pytest.raises(OutputError) as raised:
        read_model('Draft {"lines": []} but better: {"lines": [{"name": "x", "order": 1}]}', Chapter)

    assert [i.path for i in raised.value.issues] == ["lines.0.name"]


class Chapter(BaseModel):
    lines: list[Line] = Field(min_length=1)


@pytest.mark.parametrize(
    "answer",
    [
        "{'a':" * 50_000,
        "{'a': \"" + '\\"' * 200_000,
        "/*" * 200_000 + "{",
        "{“" * 100_000,
        "<think>" * 100_000,
        "x<think>" * 50_000,
        "`<think>` " * 50_000,
        "x</think>" * 50_000,
        "<think></think>" * 50_000,
        '{\\"' * 100_000,
        "{&quot;" * 100_000,
        '{"a": """' + 'x"' * 200_000,
        "{‘" * 100_000,
        '{"content": ' * 50_000,
    ],
)
def test_hostile_answers_in_relaxed_words_are_refused_quickly(answer: str) -> None:
    began = time.thread_time()

    with pytest.raises(OutputError):
        read_model(answer, Page)

    assert time.thread_time() - began < 2
