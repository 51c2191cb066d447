"""The structured test through the real engine: it reports what came, and fails for nothing that an answer can be."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.scripted_provider import ScriptedProvider
from workbench import json_schema
from workbench.errors import InvalidInput
from workbench.settings import Settings
from workbench.sketch import write_example

SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": 20}, "order": {"type": "integer", "minimum": 1}},
    "required": ["title", "order"],
    "additionalProperties": False,
}
GOOD = '{"title": "A", "order": 1}'
ASKED = {"messages": [{"content": "A title, please."}], "format": "json_schema", "response_schema": SCHEMA}


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as running:
        yield running


@pytest.fixture
def engine(settings: Settings, service: ScriptedProvider) -> Iterator[Engine]:
    service.reset()
    opened = Engine(settings)
    opened.wb.profiles.add("real", "openai", base_url=service.url, text_model="m-1", key="sk-not-real-0123456789")
    yield opened
    opened.close()


def ask(engine: Engine, params: dict[str, Any] = ASKED, profile: str = "real") -> dict[str, Any]:
    job = engine.finish(engine.wb.submit("llm_structured_test", None, params, profile=profile).id, timeout=60)
    assert job.state == "succeeded", job.error
    found: dict[str, Any] = job.result
    return found


def test_the_report_has_the_tokens_that_the_service_counted(engine: Engine, service: ScriptedProvider) -> None:
    service.script(default={"text": GOOD, "usage": {"prompt_tokens": 120, "completion_tokens": 30}})
    assert ask(engine)["tokens"] == {"input": 120, "output": 30}
    service.script(default={"text": GOOD, "no_usage": True})
    assert ask(engine, {**ASKED, "temperature": 0.5})["tokens"] == {"input": None, "output": None}, "unknown is not 0"


def test_every_kind_of_answer_is_reported_and_none_fails_the_job(engine: Engine, service: ScriptedProvider) -> None:
    #: answer → strictly JSON, fits, JSON to the lenient reader, fits then
    rows: dict[str, tuple[bool, bool | None, bool, bool | None]] = {
        GOOD: (True, True, True, True),
        '{"title": "A", "order": 0, "more": 1}': (True, False, True, False),
        "[1, 2]": (True, False, True, False),
        f"Here you are:\n```json\n{GOOD}\n```": (False, None, True, True),
        '{"title": "A", "order": 1,}': (False, None, True, True),
        "{'title': 'A', 'order': 1}": (False, None, True, True),
        '{"title": "A", "ord': (False, None, False, None),
        "I cannot do that.": (False, None, False, None),
        "": (False, None, False, None),
        '{"title": "A", "title": "B", "order": 1}': (False, None, True, True),
        '{"title": NaN, "order": 1}': (False, None, False, None),
    }
    for text, wanted in rows.items():
        service.reset()
        service.script(default={"text": text})
        found = ask(engine)
        recovered = found["recovered"]
        read = (found["json"]["ok"], found["schema"]["ok"], recovered["json"]["ok"], recovered["schema"]["ok"])
        assert read == wanted, text
        assert (found["content"], found["mode"], found["asked_for"]) == (text, "json_schema", "json_schema"), text
        assert found["json"]["ok"] or found["json"]["error"], text
    # one answer, one call: nothing is repaired, nor asked again
    assert len(service.calls()) == 1


def test_errors_are_all_named_with_their_places(engine: Engine, service: ScriptedProvider) -> None:
    service.script(default={"text": json.dumps({"title": "x" * 30, "order": "1", "more": True})})
    found = ask(engine)["schema"]
    assert not found["ok"]
    assert [e["path"] for e in found["errors"]] == ["", "order", "title"]


def test_the_request_says_what_was_asked_for(engine: Engine, service: ScriptedProvider) -> None:
    given = {
        "temperature": 0.5, "top_p": 0.9, "max_tokens": 77, "presence_penalty": 1, "frequency_penalty": -1,
        "reasoning_effort": "low",
    }  # fmt: skip
    ask(engine, {**ASKED, "schema_name": "one-title", **given})
    sent = service.calls()[-1]["request"]
    described = sent["response_format"]["json_schema"]
    assert (described["name"], described["strict"]) == ("one-title", True)
    assert {name: sent.get(name) for name in given} == given
    ask(engine, {**ASKED, "strict": False})
    described = service.calls()[-1]["request"]["response_format"]["json_schema"]
    assert (described["strict"], described["schema"]) == (False, SCHEMA)
    ask(engine, {"messages": ASKED["messages"]})
    assert service.calls()[-1]["request"]["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"content": " "}]}, "messages.0.content"),
        ({"response_schema": None}, ""),
        ({"response_schema": {}}, ""),
        ({"response_schema": {"type": "objekt"}}, ""),
        ({"response_schema": {"properties": {"a": 3}}}, ""),
        ({"schema_name": "two words"}, "schema_name"),
        ({"schema_name": "x" * 65}, "schema_name"),
        ({"temperature": 2.1}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"presence_penalty": -3}, "presence_penalty"),
        ({"reasoning_effort": "much"}, "reasoning_effort"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_field(engine: Engine, params: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        engine.wb.submit("llm_structured_test", None, {**ASKED, **params})
    assert [i.path for i in refused.value.issues] == [named]


def test_the_sketch_answers_any_schema_with_an_example(engine: Engine) -> None:
    found = ask(engine, profile="sketch")
    assert (found["json"]["ok"], found["schema"]["ok"]) == (True, True)
    schemas: list[dict[str, Any]] = [
        {"type": "object"},
        {"type": "array", "items": {"type": "integer", "minimum": 4}, "minItems": 3, "uniqueItems": True},
        {"type": "object", "properties": {"n": {"type": "number", "exclusiveMinimum": 0, "maximum": 1}}},
        {"anyOf": [{"type": "null"}, {"type": "string", "minLength": 30, "maxLength": 31}]},
        {"$defs": {"a": {"enum": ["x", "y"]}}, "type": "object", "properties": {"k": {"$ref": "#/$defs/a"}}},
        {"allOf": [{"properties": {"a": {"type": "boolean"}}, "required": ["a"]}, {"required": ["b"]}]},
        {"$defs": {"t": {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/t"}}},
            "required": ["below"]}}, "$ref": "#/$defs/t"},
        {"prefixItems": [{"const": 1}, {"type": "string", "format": "date"}], "type": "array"},
        {"type": ["null", "integer"], "multipleOf": 7, "minimum": 8},
    ]  # fmt: skip
    for schema in schemas:
        made = json.loads(write_example(schema))
        assert json_schema.check(made, schema) == json_schema.Findings(), (schema, made)


def test_a_schema_is_never_a_way_out_nor_a_trap() -> None:
    # nothing is fetched, no pattern takes for ever, and what cannot be applied is named
    assert json_schema.check({}, {"$ref": "http://127.0.0.1:9/other.json"}).fault
    assert json_schema.check({}, {"$ref": "file:///etc/hostname"}).fault
    assert json_schema.check({}, {"$ref": "#"}).fault
    assert json_schema.check("a", {"pattern": "(?=a)"}).fault
    begun = time.monotonic()
    assert json_schema.check("a" * 50_000 + "!", {"pattern": "^(a+)+$"}).issues
    assert time.monotonic() - begun < 30
    names = {"patternProperties": {"^x": {"type": "integer"}}}
    assert [i.path for i in json_schema.check({"x1": "no", "y": "yes"}, names).issues] == ["x1"]
