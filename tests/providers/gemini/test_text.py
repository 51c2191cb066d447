"""Gemini's answers in text against a scripted server that speaks its wire format: pieces, usage, modes, relays."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.providers.conftest import KEY
from tests.providers.gemini.asking import CALLS, SCHEMA, ask, draw, png, run
from tests.scripted_gemini import USAGE, ScriptedGemini
from workbench.errors import ProviderError
from workbench.providers.base import (
    Usage,
)
from workbench.providers.gemini import Gemini


def test_a_streamed_answer_arrives_in_pieces_with_usage_and_first_token_time(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    pieces: list[str] = []
    reply = ask(gemini(temperature=0.5, max_tokens=64, stop="END", thinking_budget=0), pieces)
    assert ("".join(pieces), reply.text, len(pieces) > 1) == ("ready to go", "ready to go", True)
    assert (reply.finish_reason, reply.request_id) == ("stop", "resp-1")
    assert reply.ttft_ms is not None
    assert reply.usage == Usage(input=12, cached=None, output=8, reasoning=3)
    [call] = server.calls
    assert call["path"] == "/v1beta/models/gemini-x:streamGenerateContent"
    assert call["headers"]["x-goog-api-key"] == KEY
    assert call["headers"]["x-client-request-id"] == "call-1"
    body = call["body"]
    assert body["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    assert [c["role"] for c in body["contents"]] == ["user", "model", "user"]
    assert body["generationConfig"] == {
        "temperature": 0.5, "maxOutputTokens": 64, "stopSequences": ["END"], "thinkingConfig": {"thinking_budget": 0},
    }  # fmt: skip


def test_an_answer_in_one_piece(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    pieces: list[str] = []
    reply = ask(gemini(stream=False), pieces)
    assert reply.text == "ready"
    assert server.calls[0]["path"].endswith(":generateContent")
    assert (pieces, reply.ttft_ms) == (["ready"], None)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("json_schema", {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}),
        ("json_object", {"responseMimeType": "application/json"}),
        ("plain", {}),
    ],
)
def test_each_mode_sends_what_it_says(
    mode: Any, expected: Any, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    ask(gemini(), schema=SCHEMA, mode=mode)
    assert server.calls[0]["body"].get("generationConfig", {}) == expected


@pytest.mark.parametrize(
    "named", ["response_json_schema", "responseSchema", "response_mime_type json with structured output"]
)
def test_a_refused_mode_is_told_apart(named: str, server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script(
        {
            "status": 400,
            "body": {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": f"{named} is not supported"}},
        }
    )
    with pytest.raises(ProviderError) as refused:
        ask(gemini(), schema=SCHEMA, mode="json_schema")
    assert (refused.value.kind, refused.value.mode_unsupported) == ("bad_request", True)
    with pytest.raises(ProviderError) as plain:
        ask(gemini())
    assert not plain.value.mode_unsupported


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({**USAGE, "cachedContentTokenCount": 4, "toolUsePromptTokenCount": 2}, Usage(14, 4, 8, 3)),
        ({"promptTokenCount": 3, "candidatesTokenCount": 1}, Usage(3, None, 1, None)),
        ({"promptTokenCount": 3}, Usage(3, None, None, None)),
        ({}, Usage()),
    ],
)
def test_usage_in_every_shape(
    usage: Any, expected: Usage, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"usage": usage, "text": "ok"})
    assert ask(gemini()).usage == expected


def test_a_cut_off_answer_says_so(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"finish": "MAX_TOKENS"})
    assert ask(gemini()).finish_reason == "length"


def test_an_empty_answer_is_empty_not_broken(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"text": "", "candidates": []})
    assert ask(gemini(stream=False)).text == ""


@pytest.mark.parametrize("finish", ["SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY"])
def test_a_withheld_answer_names_its_reason_and_is_counted(
    finish: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"finish": finish, "text": ""})
    with pytest.raises(ProviderError) as refused:
        ask(gemini())
    assert refused.value.kind == "content_filter"
    assert str(refused.value) == f"The content filter stopped the answer: {finish}"
    assert refused.value.usage == Usage(12, None, 8, 3)


@pytest.mark.parametrize("finish", ["STOP", "SAFETY"])
def test_a_key_told_as_the_requests_id_is_hidden(
    finish: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"finish": finish, "response_id": f"of-{KEY}", "text": "" if finish == "SAFETY" else "ready"})
    try:
        told = ask(gemini()).request_id
    except ProviderError as refused:
        told = refused.request_id
    assert told is not None
    assert KEY not in told


def test_a_blocked_prompt_is_a_content_filter(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"text": "", "candidates": [], "feedback": {"blockReason": "SAFETY"}})
    for provider in (gemini(), gemini(stream=False)):
        with pytest.raises(ProviderError) as refused:
            ask(provider)
        assert refused.value.kind == "content_filter"
        assert str(refused.value) == "The content filter stopped the prompt: SAFETY"


@pytest.mark.parametrize(
    ("finish", "kind"),
    [
        ("OTHER", "unknown"),
        ("LANGUAGE", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "malformed_output"),
        ("MALFORMED_RESPONSE", "malformed_output"),
        ("FINISH_REASON_UNSPECIFIED", "unknown"),
        ("A_REASON_OF_NEXT_YEAR", "unknown"),
    ],
)
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_was_broken_off_is_no_success(
    finish: str, kind: str, stream: bool, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"finish": finish, "text": "half of it"})
    with pytest.raises(ProviderError, match=finish) as failed:
        ask(gemini(stream=stream))
    assert (failed.value.kind, failed.value.usage) == (kind, Usage(12, None, 8, 3))


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_was_only_thought_says_how_to_switch_thinking_off(
    stream: bool, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    thought = {"content": {"parts": [{"text": "It is 42.", "thought": True}]}, "finishReason": "STOP"}
    server.script({"candidates": [thought]})
    with pytest.raises(ProviderError, match="thinking_budget") as failed:
        ask(gemini(stream=stream))
    assert (failed.value.kind, failed.value.retryable) == ("empty_output", False)


def sse(*events: Any) -> bytes:
    return b"".join(e if isinstance(e, bytes) else f"data: {json.dumps(e)}\n\n".encode() for e in events)


def said(text: str, finish: str | None = None) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": text}]}, **({"finishReason": finish} if finish else {})}]}


#: how relays send what Google sends otherwise
ODD = {
    "retry and pings": (sse(b"retry: 3000\n\n", said("Hel"), b"data:\n\n", b": ping\n\n", said("lo", "STOP")), {}),
    "labelled as JSON": (sse(said("Hel"), said("lo", "STOP")), {"Content-Type": "application/json"}),
    "whole, labelled as a stream": (json.dumps(said("Hello", "STOP")).encode(), {"Content-Type": "text/event-stream"}),
    "a list of chunks": (json.dumps([said("Hel"), said("lo", "STOP")], indent=1).encode(), {}),
    "a list of one": (json.dumps([said("Hello", "STOP")]).encode(), {}),
    "a byte order mark": (b"\xef\xbb\xbf" + sse(said("Hello", "STOP")), {}),
    "gzip": (gzip.compress(sse(said("Hello", "STOP"))), {"Content-Encoding": "gzip"}),
    "[DONE] at the end": (sse(said("Hello", "STOP"), b"data: [DONE]\n\n"), {}),
    "thoughts in the text": (sse(said("<think>a</think>Hello", "STOP")), {}),
    "event: ping": (sse(b"event: ping\ndata: {}\n\n", said("Hello", "STOP")), {}),
    "data: [PING]": (sse(b"data: [PING]\n\n", said("Hello", "STOP")), {}),
    "no blank after data:": (sse(said("Hello", "STOP")).replace(b"data: ", b"data:"), {}),
    "[DONE] and no reason": (sse(said("Hello"), b"data: [DONE]\n\n"), {}),
    "JSON on lines of its own": (b"\n".join(json.dumps(c).encode() for c in (said("Hel"), said("lo", "STOP"))), {}),
    "a reason in small letters": (sse(said("Hello", "stop")), {}),
    "a reason in each chunk": (sse(said("Hel", "STOP"), said("lo", "STOP")), {}),
    "names in snake case": (sse({"candidates": [{"content": {"parts": ["Hello"]}, "finish_reason": "STOP"}]}), {}),
    "a content that is a string": (sse({"candidates": [{"content": "Hello", "finishReason": "STOP"}]}), {}),
    "one part outside of a list": (
        sse({"candidates": [{"content": {"parts": {"text": "Hello"}}, "finishReason": "STOP"}]}), {},
    ),
    "a signature that is no base64": (
        sse({"candidates": [{"content": {"parts": [{"text": "Hello", "thoughtSignature": "skip_it!"}]},
                             "finishReason": "STOP"}]}), {},
    ),
    "odd fields that nobody reads": (
        sse({"modelVersion": 3, "createTime": {}, "candidates": [
            {**said("Hello", "STOP")["candidates"][0], "safetyRatings": "none", "index": "first"}]}), {},
    ),
    "within a relay's wrapper": (sse({"response": said("Hello", "STOP")}), {}),
    "another candidate before the first": (
        sse({"candidates": [{"index": 1, "content": {"parts": ["X"]}},
                            {"index": 0, "content": {"parts": ["Hello"]}, "finishReason": "STOP"}]}), {},
    ),
    "a thought that says so in words": (
        sse({"candidates": [{"content": {"parts": [{"text": "Hm", "thought": "true"}, {"text": "Hello"}]},
                             "finishReason": "STOP"}]}), {},
    ),
    "a count that is none": (sse({**said("Hello", "STOP"), "usageMetadata": {"promptTokenCount": "many"}}), {}),
}  # fmt: skip


@pytest.mark.parametrize(("body", "headers"), ODD.values(), ids=ODD.keys())
def test_an_answer_of_a_relay_is_read_as_it_is_meant(
    body: bytes, headers: dict[str, str], server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"body": body, "headers": headers})
    assert ask(gemini()).text == "Hello"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"status": 429, "body": {"error": {"code": "upstream_busy", "message": "busy here"}}}, "busy here"),
        ({"status": 500, "body": {"error": {"code": None, "message": "no luck"}}}, "no luck"),
        ({"status": 400, "body": {"code": "E-17", "msg": "no such thing"}}, "no such thing"),
        ({"body": {"error": {"code": "insufficient_user_quota", "message": "no money"}}}, "no money"),
        ({"body": "model is loading"}, "model is loading"),
    ],
)
@pytest.mark.parametrize("call", ["stream", "whole", "picture", "create", "poll"])
def test_a_relays_error_is_told_in_its_own_words(
    fault: dict[str, Any], says: str, call: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script(fault)
    with pytest.raises(ProviderError, match=says):
        run(gemini(), CALLS[call])


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"error": {"code": "do_request_failed", "message": "gone away"}}, "overloaded"),
        ({"error": {"code": None, "message": "gone away"}}, "unknown"),
        ({"error": "gone away"}, "unknown"),
        ({"id": 7, "error": {"code": 429, "message": "gone away"}}, "rate_limit"),
        ({"error": {"code": "503", "message": "gone away"}}, "overloaded"),
        ([{"error": {"code": 503, "message": "gone away", "status": "UNAVAILABLE"}}], "overloaded"),
        (b"event: error\ndata: gone away\n\n", "unknown"),
        ({"error": {"code": 402, "message": "gone away"}, "usageMetadata": USAGE}, "quota_exhausted"),
    ],
)
def test_a_relays_error_inside_a_stream_is_told_in_its_own_words(
    event: Any, kind: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"body": sse({**said("Hel"), "usageMetadata": USAGE}, event)})
    pieces: list[str] = []
    with pytest.raises(ProviderError, match="gone away") as failed:
        ask(gemini(), pieces)
    assert (failed.value.kind, failed.value.raw, pieces) == (kind, "Hel", ["Hel"])
    assert failed.value.usage == Usage(12, None, 8, 3)


def test_an_error_after_a_good_reason_is_no_success(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"body": sse(said("Half", "STOP"), {"error": {"code": "busy", "message": "gone away"}})})
    with pytest.raises(ProviderError, match="gone away"):
        ask(gemini())


def test_a_streamed_answer_in_gbk_is_refused_with_that_reason(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    body = sse(said("x", "STOP")).replace(b'"x"', '"灯塔在海边"'.encode("gbk"))
    for provider in (gemini(), gemini(stream=False)):
        server.script({"body": body, "headers": {"Content-Type": "text/event-stream"}})
        with pytest.raises(ProviderError, match="GBK") as failed:
            ask(provider)
        assert failed.value.kind == "malformed_output"
    server.script({"status": 400, "body": "没有这个模型".encode("gbk")})
    with pytest.raises(ProviderError, match="没有这个模型"):
        ask(gemini())


def test_why_an_answer_was_broken_off_is_told(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    broken = {**said("Half", "OTHER"), "usageMetadata": USAGE}
    broken["candidates"][0]["finishMessage"] = "the lamp went out"
    for provider in (gemini(), gemini(stream=False)):
        server.script({"body": sse(broken)})
        with pytest.raises(ProviderError, match="OTHER: the lamp went out") as failed:
            ask(provider)
        assert (failed.value.kind, failed.value.raw, failed.value.usage) == ("unknown", "Half", Usage(12, None, 8, 3))


def test_a_stream_that_ends_early_is_half_an_answer_also_where_none_was_asked_for(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"body": sse(said("Half of it"))})
    for provider in (gemini(), gemini(stream=False)):
        with pytest.raises(ProviderError) as failed:
            ask(provider)
        assert failed.value.kind == "network"


def test_what_a_function_nobody_offered_is_given_is_the_answer(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    call = {"functionCall": {"name": "answer", "args": {"name": "Hai"}}}
    server.script({"candidates": [{"content": {"parts": [call]}, "finishReason": "STOP"}]})
    assert ask(gemini(stream=False)).text == '{"name": "Hai"}'


def test_halves_of_an_emoji_come_together(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"body": sse(said("\ud83d"), said("\ude00!", "STOP"))})
    pieces: list[str] = []
    assert (ask(gemini(), pieces).text, "".join(pieces)) == ("😀!", "😀!")


def test_an_answer_that_could_go_on_is_not_asked_for_again_behind_our_back(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    part = {"content": {"parts": [{"text": "Once"}]}, "finishReason": "CONTINUATION", "continuationToken": "YWI="}
    server.script({"candidates": [part]})
    for provider in (gemini(), gemini(stream=False)):
        with pytest.raises(ProviderError, match="CONTINUATION"):
            ask(provider)
    assert len(server.calls) == 2


def test_chunks_in_place_of_a_picture_are_put_together(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    inline = {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(png()).decode()}}
    chunk = {"candidates": [{"content": {"parts": [inline]}}], "usageMetadata": USAGE}
    server.script({"body": sse(said("Here: "), chunk, said("", "STOP"))})
    reply = draw(gemini())
    assert ([m.data for m in reply.images], reply.usage.input) == ([png()], 12)


def test_a_damaged_picture_says_so(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    part = {"inlineData": {"mimeType": "image/png", "data": "@@@@"}}
    server.script({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]})
    [made] = draw(gemini()).images
    assert made.error is not None
    assert made.error.kind == "malformed_output"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"promptTokenCount": 0, "candidatesTokenCount": 0, "totalTokenCount": 0}, Usage()),
        ({"promptTokenCount": 20, "candidatesTokenCount": 4, "totalTokenCount": 90}, Usage(20, None, 70, None)),
        ({"promptTokenCount": 12.0, "candidatesTokenCount": 5.0}, Usage(12, None, 5, None)),
        ({"promptTokenCount": 12, "thoughtsTokenCount": 5}, Usage(12, None, 5, 5)),
    ],
)
def test_tokens_are_the_truth_or_unknown(
    usage: Any, expected: Usage, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"usage": usage, "text": "ok"})
    assert ask(gemini()).usage == expected
