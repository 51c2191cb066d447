"""The Responses API through the real SDK against a real server; what it shares with chat is in test_error_table.py."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.providers.conftest import SCHEMA, Ask, refused_wording
from tests.providers.test_openai_compatible import error
from tests.scripted_provider import ScriptedProvider
from workbench.errors import ProviderError
from workbench.providers import answers
from workbench.providers.base import TextReply, Usage

#: the same answer whole and streamed
SHAPES = pytest.mark.parametrize("shape", [{}, {"ignore_stream": True}], ids=["stream", "whole"])


@pytest.fixture
def respond(ask: Ask) -> Callable[..., TextReply]:
    """Ask by the Responses API."""

    def responded(prompt: str = "Hello", *, params: dict[str, Any] | None = None, **more: Any) -> TextReply:
        return ask(prompt, params={"api": "responses", **(params or {})}, **more)

    return responded


def sent(scripted: ScriptedProvider) -> dict[str, Any]:
    [call] = scripted.calls()
    return dict(call["request"])


# -- answers -----------------------------------------------------------------------------------------------------------


def test_a_streamed_answer_arrives_in_pieces_with_usage_and_first_token_time(
    scripted: ScriptedProvider, respond: Ask
) -> None:
    scripted.script(default={"text": "Once upon a time", "first_token_ms": 60, "drip_ms": 10})
    pieces: list[str] = []

    reply = respond(on_delta=pieces.append)

    assert reply.text == "".join(pieces) == "Once upon a time"
    assert len(pieces) > 2
    assert (reply.finish_reason, reply.model, reply.request_id) == ("stop", "m-1", "req-1")
    assert reply.ttft_ms is not None
    assert reply.ttft_ms >= 55
    assert reply.usage == Usage(input=1, output=4)
    assert [(c["kind"], c["path"], c["call_id"]) for c in scripted.calls()] == [
        ("responses", "/v1/responses", "call-1")
    ]


@SHAPES
def test_thoughts_are_no_part_of_the_answer(shape: dict[str, Any], scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"text": "ok", "reasoning": "Let me think", "drip_ms": 0, **shape})
    pieces: list[str] = []

    reply = respond(on_delta=pieces.append)

    assert reply.text == "".join(pieces) == "ok"


def test_thoughts_are_the_first_tokens(
    scripted: ScriptedProvider, respond: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The text is held back until a first token was counted."""
    counted = tmp_path / "counted"
    first_token = answers.Answer._first_token

    def count(answer: answers.Answer) -> None:
        first_token(answer)
        counted.touch()

    monkeypatch.setattr(answers.Answer, "_first_token", count)
    scripted.script(default={"text": "ok", "reasoning": "Let me think", "hold": str(counted)})

    reply = respond()

    assert (reply.text, reply.ttft_ms is not None) == ("ok", True)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}, Usage(10, None, 5, None)),
        (
            {
                "input_tokens": 10,
                "output_tokens": 5,
                "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 1},
                "output_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(10, 4, 5, 3),
        ),
        ({"input_tokens": 10, "output_tokens": 5, "input_tokens_details": None}, Usage(10, None, 5, None)),
        ({"input_tokens": -1, "output_tokens": "5"}, Usage()),
        ({"prompt_tokens": 10, "completion_tokens": 5}, Usage()),
    ],
)
@SHAPES
def test_usage_is_read(
    usage: dict[str, Any], expected: Usage, shape: dict[str, Any], scripted: ScriptedProvider, respond: Ask
) -> None:
    scripted.script(default={"usage": usage, **shape})

    assert respond().usage == expected


@SHAPES
def test_no_usage_is_unknown_not_zero(shape: dict[str, Any], scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"no_usage": True, **shape})

    assert respond().usage == Usage()


@SHAPES
@pytest.mark.parametrize(
    ("fault", "text", "finish"),
    [
        ({"finish_reason": "length", "text": '{"a": '}, '{"a": ', "length"),
        # as Ark says it
        ({"finish_reason": "max_tokens", "text": "x"}, "x", "length"),
        ({"finish_reason": "steered", "text": "x"}, "x", "other"),
        ({"empty": True}, "", "stop"),
        ({"blank": True}, "  \n", "stop"),
        ({"no_output": True, "empty": True}, "", "stop"),
        ({"text": "nul\x00 here"}, "nul here", "stop"),
        ({"text": "中文 😀", "reasoning": "嗯"}, "中文 😀", "stop"),
    ],
)
def test_odd_but_complete_answers_are_handed_on(
    fault: dict[str, Any], text: str, finish: str, shape: dict[str, Any], scripted: ScriptedProvider, respond: Ask
) -> None:
    scripted.script(default={**fault, **shape})

    reply = respond()

    assert (reply.text, reply.finish_reason) == (text, finish)


def test_a_last_event_that_repeats_nothing_loses_nothing(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"text": "Once upon a time", "no_output": True})

    reply = respond()

    assert (reply.text, reply.finish_reason, reply.usage.output) == ("Once upon a time", "stop", 4)


def test_an_emoji_cut_in_halves_arrives_whole(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"pieces": ["a\ud83d", "\ude00b"]})
    pieces: list[str] = []

    reply = respond(on_delta=pieces.append)

    assert reply.text == "".join(pieces) == "a😀b"


def test_a_paid_answer_survives_a_connection_that_lingers(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"text": "done", "linger_ms": 5000})

    reply = respond(call_params={"timeout_s": 0.5})

    assert (reply.text, reply.finish_reason) == ("done", "stop")


@pytest.mark.parametrize(
    "output",
    [
        "x",
        [None],
        [{"type": "message"}],
        [{"type": "message", "content": "x"}],
        [{"type": "message", "content": [5, {"type": "output_text"}]}],
        [{"type": "reasoning", "content": [{"type": "output_text", "text": "no answer"}]}],
        [{"type": "function_call", "arguments": "{}"}],
    ],
)
def test_senseless_items_are_an_empty_answer_not_a_crash(output: Any, scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"status": 200, "body": {"output": output, "usage": "none"}})

    reply = respond()

    assert (reply.text, reply.usage, reply.finish_reason) == ("", Usage(), "stop")


def test_several_messages_are_one_answer(scripted: ScriptedProvider, respond: Ask) -> None:
    part = {"type": "output_text", "text": "one "}
    message = {"type": "message", "content": [part, {**part, "text": "two"}]}
    scripted.script(default={"body": {"status": "completed", "output": [message, message]}})

    assert respond().text == "one twoone two"


# -- failing -----------------------------------------------------------------------------------------------------------


@SHAPES
@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        ({"code": "server_error", "message": "x"}, "overloaded"),
        ({"code": "rate_limit_exceeded", "message": "x"}, "rate_limit"),
        ({"code": "insufficient_quota", "message": "x"}, "quota_exhausted"),
        ({"code": "context_length_exceeded", "message": "x"}, "context_length"),
        ({"code": "invalid_prompt", "message": "flagged"}, "content_filter"),
        ({"code": "OutputTextSensitiveContentDetected", "message": "x"}, "content_filter"),
        ({"code": "vector_store_timeout", "message": "you wrote 429"}, "unknown"),
    ],
)
def test_a_response_that_failed_has_the_kind_of_its_error(
    failure: dict[str, Any], kind: str, shape: dict[str, Any], scripted: ScriptedProvider, respond: Ask
) -> None:
    scripted.script(default={"failed": failure, "text": "Once upon", **shape})

    with pytest.raises(ProviderError) as raised:
        respond()

    assert raised.value.kind == kind
    assert raised.value.usage == Usage(input=1, output=2)
    assert raised.value.request_id == "req-1"
    assert raised.value.raw == (None if shape else "Once upon")
    assert len(scripted.calls()) == 1


def test_a_withheld_answer_keeps_its_usage(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"finish_reason": "content_filter", "text": "Once", "reasoning": "hm"})

    with pytest.raises(ProviderError) as raised:
        respond()

    assert (raised.value.kind, raised.value.usage, raised.value.http_status) == (
        "content_filter",
        Usage(1, None, 1),
        200,
    )


def test_a_refusal_is_told(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"refusal": "I cannot help with that", "pieces": ["I cannot", " help with that"]})

    with pytest.raises(ProviderError) as raised:
        respond()

    assert (raised.value.kind, str(raised.value)) == ("content_filter", "The model refused: I cannot help with that")


def test_what_came_before_a_break_is_kept(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"half": True, "text": "Once upon a time"})

    with pytest.raises(ProviderError) as raised:
        respond()

    assert (raised.value.kind, raised.value.raw, raised.value.request_id) == ("network", "Once upo", "req-1")


def test_a_chat_completion_is_no_response(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"body": {"choices": [{"message": {"content": "hi"}}]}})

    with pytest.raises(ProviderError) as raised:
        respond()

    assert (raised.value.kind, raised.value.http_status) == ("malformed_output", 200)


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_the_request_is_worded_in_the_apis_own_names(scripted: ScriptedProvider, respond: Ask) -> None:
    respond(
        params={
            "temperature": 0.2,
            "top_p": 0.9,
            "max_tokens": 100,
            "reasoning_effort": "low",
            # the API has none of these
            "seed": 7,
            "stop": ["x"],
            "presence_penalty": 1,
            "prices": {},
        },
        call_params={"temperature": 0.5},
    )

    assert sent(scripted) == {
        "model": "m-1",
        "input": [{"role": "user", "content": "Hello"}],
        "store": False,
        "stream": True,
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 100,
        "reasoning": {"effort": "low"},
    }


def test_json_schema_mode_sends_a_strict_schema(scripted: ScriptedProvider, respond: Ask) -> None:
    reply = respond(mode="json_schema", schema=SCHEMA)

    wanted = sent(scripted)["text"]["format"]
    assert (wanted["type"], wanted["name"], wanted["strict"]) == ("json_schema", "out_put", True)
    assert wanted["schema"]["required"] == ["title", "order"]
    assert scripted.calls()[0]["mode"] == "json_schema"
    assert json.loads(reply.text)["order"] == 1


@pytest.mark.parametrize(("mode", "expected"), [("json_object", {"format": {"type": "json_object"}}), ("plain", None)])
def test_weaker_modes_send_less(mode: str, expected: Any, scripted: ScriptedProvider, respond: Ask) -> None:
    respond("Answer in json", mode=mode, schema=SCHEMA)

    assert sent(scripted).get("text") == expected


@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
def test_a_refused_mode_is_told_apart_from_a_bad_request(mode: str, scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"reject_modes": ["json_schema", "json_object"]})

    with pytest.raises(ProviderError) as raised:
        respond(mode=mode, schema=SCHEMA)

    assert raised.value.mode_unsupported
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize("refused", ["stream", "store", "temperature"])
def test_a_refused_detail_is_left_out_of_the_next_call(refused: str, scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"reject": [refused]})

    with refused_wording() as raised:
        respond(params={"temperature": 1})
    reply = respond(params={"temperature": 1})

    assert raised.value.retryable
    assert reply.text == "A short answer."
    assert refused not in scripted.calls()[1]["request"]
    assert len(scripted.calls()) == 2


def test_a_refused_effort_is_for_people_to_change(scripted: ScriptedProvider, respond: Ask) -> None:
    said = "Unsupported value: 'minimal' is not supported with the 'm-1' model."
    scripted.script(default=error(400, "unsupported_value", said, param="reasoning.effort"))

    with pytest.raises(ProviderError) as raised:
        respond(params={"reasoning_effort": "minimal"})

    assert (raised.value.kind, raised.value.retryable) == ("bad_request", False)


def test_a_silence_longer_than_the_profile_allows_is_a_timeout(scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"hang": True})
    began = time.monotonic()

    with pytest.raises(ProviderError) as raised:
        respond(params={"read_s": 0.2})

    assert (raised.value.kind, raised.value.sent) == ("timeout", True)
    # without it the client would wait for minutes
    assert time.monotonic() - began < 100


# -- as relays send it -------------------------------------------------------------------------------------------------


def events(*told: tuple[str, dict[str, Any]], typed: bool = True) -> bytes:
    return b"".join(
        f"event: {kind}\ndata: {json.dumps({**({'type': kind} if typed else {}), **more})}\n\n".encode()
        for kind, more in told
    )


def item(text: str = "Hello", **more: Any) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}], **more}


DELTA = ("response.output_text.delta", {"delta": "Hello"})
ENDED: tuple[str, dict[str, Any]] = ("response.completed", {"response": {"status": "completed"}})
#: what comes over the wire → the text it means
ODD: dict[str, tuple[Any, str]] = {
    "events typed by their names alone": (events(DELTA, ENDED, typed=False), "Hello"),
    "text told at its end alone": (events(("response.output_text.done", {"text": "Hello"}), ENDED), "Hello"),
    "text told twice": (events(DELTA, ("response.output_text.done", {"text": "Hello"}), ENDED), "Hello"),
    "items told one by one": (events(("response.output_item.done", {"item": item()}), ENDED), "Hello"),
    "output_text alone": ({"status": "completed", "output_text": "Hello", "output": []}, "Hello"),
    "parts of type text": ({"output": [{"type": "message", "content": [{"type": "text", "text": "Hello"}]}]}, "Hello"),
    "a message without a type": ({"output": [{"content": [{"type": "output_text", "text": "Hello"}]}]}, "Hello"),
    "a word on the way": (
        {"output": [item("Let me see.", phase="commentary"), item(phase="final_answer")]},
        "Hello",
    ),
    "the call of a tool nobody offered": (
        {"output": [{"type": "function_call", "name": "answer", "arguments": '{"a": 1}'}]},
        '{"a": 1}',
    ),
    "within a relay's data": ({"code": 0, "data": {"status": "completed", "output": [item()]}}, "Hello"),
    "a thought in the text": ({"output": [item("<think>Hm</think>Hello")]}, "Hello"),
}


@pytest.mark.parametrize(("body", "text"), ODD.values(), ids=ODD.keys())
def test_an_answer_is_read_as_it_is_meant(body: Any, text: str, scripted: ScriptedProvider, respond: Ask) -> None:
    scripted.script(default={"status": 200, "body": body})

    assert respond().text == text


#: what comes over the wire → its kind, and a word that the reader must see
BROKEN: dict[str, tuple[Any, str, str]] = {
    "failed without a reason": (
        events(DELTA, ("response.failed", {"response": {"status": "failed"}})),
        "overloaded",
        "failed",
    ),
    "incomplete without a reason": (
        events(DELTA, ("response.incomplete", {"response": {"status": "incomplete"}})),
        "unknown",
        "incomplete",
    ),
    "a message that is incomplete": (
        {"status": "completed", "output": [item(status="incomplete")]},
        "unknown",
        "incomplete",
    ),
    "still in progress": ({"status": "in_progress", "output": [item()]}, "unknown", "in_progress"),
    "an error beside an answer": (
        {"status": "completed", "output": [item()], "error": {"message": "boom"}},
        "unknown",
        "boom",
    ),
    "an event of the name": (events(DELTA, ("error", {"error": {"message": "boom"}})), "unknown", "boom"),
    "thoughts in words": ({"output": [{"type": "reasoning", "summary": "It is 42."}]}, "empty_output", "only thought"),
}


@pytest.mark.parametrize(("body", "kind", "says"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_answer_is_a_failure_in_the_services_words(
    body: Any, kind: str, says: str, scripted: ScriptedProvider, respond: Ask
) -> None:
    scripted.script(default={"status": 200, "body": body})

    with pytest.raises(ProviderError) as raised:
        respond()

    assert (raised.value.kind, says in str(raised.value)) == (kind, True), str(raised.value)
