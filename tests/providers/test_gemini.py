"""Gemini against a scripted server that speaks its wire format: answers, usage, modes, clips, and every failure by
its kind."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import update

from tests.conftest import until
from tests.engine.conftest import Engine
from tests.media.clips import tiny_mp4
from tests.providers.conftest import KEY
from tests.providers.test_error_table import MEGABYTE, memory, packed_gigabyte
from tests.scripted_gemini import USAGE, ScriptedGemini
from workbench.db.connection import db_now_ms
from workbench.db.schema import step
from workbench.errors import KINDS, MediaRefused, ProviderError
from workbench.i18n import Text, translate
from workbench.jobs.poller import Poller
from workbench.media import download
from workbench.providers.base import (
    ImageReply,
    ImageRequest,
    Message,
    Profile,
    TaskState,
    TextReply,
    TextRequest,
    Usage,
    VideoRequest,
)
from workbench.providers.gemini import Gemini
from workbench.providers.gemini_media import nearest_length, nearest_ratio
from workbench.settings import Settings

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}


@pytest.fixture
def server() -> Iterator[ScriptedGemini]:
    with ScriptedGemini() as made:
        yield made


@pytest.fixture
def gemini(server: ScriptedGemini) -> Callable[..., Gemini]:
    def make(
        key: str | None = KEY, base_url: str | None = None, most_bytes: int | None = None, **params: Any
    ) -> Gemini:
        profile = Profile(
            id=1,
            name="mine",
            provider="gemini",
            base_url=base_url or server.url,
            text_model="gemini-x",
            params=params,
            key=key,
        )
        return Gemini(profile, **({} if most_bytes is None else {"most_bytes": most_bytes}))

    return make


def run(provider: Gemini, call: Callable[[Gemini], Any]) -> Any:
    async def once() -> Any:
        try:
            return await call(provider)
        finally:
            await provider.aclose()

    return asyncio.run(once())


def ask(provider: Gemini, *pieces: list[str], **fields: Any) -> TextReply:
    seen: list[str] = pieces[0] if pieces else []
    messages = (
        Message("system", "Be brief."),
        Message("user", "Tell."),
        Message("assistant", "Once."),
        Message("user", "On."),
    )
    request = TextRequest("gemini-x", fields.pop("messages", messages), "call-1", **fields)
    reply: TextReply = run(provider, lambda p: p.text(request, seen.append))
    return reply


def draw(provider: Gemini, **fields: Any) -> ImageReply:
    request = ImageRequest("gemini-image", "a lighthouse", fields.pop("size", (1280, 720)), 1, "call-2", **fields)
    reply: ImageReply = run(provider, lambda p: p.images(request))
    return reply


def png() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (16, 9), "teal").save(made, format="PNG")
    return made.getvalue()


# -- text --------------------------------------------------------------------------------------------------------------


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


# -- failures ----------------------------------------------------------------------------------------------------------


def error(code: int, status: str, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"status": code, "body": {"error": {"code": code, "status": status, "message": message, **more}}}


INFO = "type.googleapis.com/google.rpc."
FAILURES: dict[str, tuple[dict[str, Any], str]] = {
    "401": (error(401, "UNAUTHENTICATED"), "auth"),
    "bad key": (error(400, "INVALID_ARGUMENT", "API key not valid.",
        details=[{"@type": f"{INFO}ErrorInfo", "reason": "API_KEY_INVALID"}]), "auth"),
    "402": (error(402, "PAYMENT_REQUIRED"), "quota_exhausted"),
    "403": (error(403, "PERMISSION_DENIED"), "permission"),
    "region": (error(400, "FAILED_PRECONDITION", "User location is not supported for the API use."), "permission"),
    "404": (error(404, "NOT_FOUND", "models/x is not found"), "not_found_model"),
    "408": (error(408, "TIMEOUT"), "timeout"),
    "409": (error(409, "ABORTED"), "unknown"),
    "400": (error(400, "INVALID_ARGUMENT", "temperature must be at most 2"), "bad_request"),
    "422": (error(422, "INVALID_ARGUMENT"), "bad_request"),
    "too long": (error(400, "INVALID_ARGUMENT",
        "The input token count (9) exceeds the maximum number of tokens allowed (8)."), "context_length"),
    "429": (error(429, "RESOURCE_EXHAUSTED"), "rate_limit"),
    "500": (error(500, "INTERNAL"), "overloaded"),
    "502": (error(502, "BAD_GATEWAY"), "overloaded"),
    "503": (error(503, "UNAVAILABLE"), "overloaded"),
    "529": (error(529, "OVERLOADED"), "overloaded"),
    "html": ({"html": True}, "malformed_output"),
    "not json": ({"body": b"not json at all", "status": 200}, "malformed_output"),
    "reset": ({"reset": True}, "network"),
    "half": ({"half": True, "text": "ready to go on"}, "network"),
    "no end": ({"no_end": True}, "network"),
    "nothing": ({"empty_stream": True}, "malformed_output"),
    "hang": ({"hang": True}, "timeout"),
    "drip": ({"drip_ms": 400, "text": "word " * 20}, "timeout"),
    "redirect": ({"status": 302, "body": b"", "headers": {"Location": "http://169.254.169.254/latest/meta-data"}},
        "unknown"),
}  # fmt: skip


#: everything that is asked of the service, each with one request
CALLS: dict[str, Callable[[Gemini], Any]] = {
    "stream": lambda p: p.text(TextRequest("gemini-x", (Message("user", "Tell."),), "call-1"), lambda _: None),
    "whole": lambda p: p.text(
        TextRequest("gemini-x", (Message("user", "Tell."),), "call-1", params={"stream": False}), lambda _: None
    ),
    "picture": lambda p: p.images(ImageRequest("gemini-image", "a lighthouse", (1280, 720), 1, "call-2")),
    "create": lambda p: p.submit(film()),
    "poll": lambda p: p.poll("models/veo/operations/op-1"),
}
#: a whole answer has no end of its own
CASES = [(n, c) for n in FAILURES for c in CALLS if c == "stream" or n not in ("no end", "nothing")]


@pytest.mark.parametrize(("name", "call"), CASES)
def test_each_failure_has_its_kind_and_costs_one_request(
    name: str, call: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    fault, kind = FAILURES[name]
    server.script(fault)
    with pytest.raises(ProviderError) as failed:
        run(gemini(timeout_s=0.5 if kind == "timeout" and "status" not in fault else 5), CALLS[call])
    assert failed.value.kind == kind, str(failed.value)
    assert len(server.calls) == 1
    # what is no word of the service says nothing of a clip that is paid for
    passing = call == "poll" and kind in ("malformed_output", "unknown")
    assert failed.value.retryable == (KINDS[kind].retryable or passing)
    assert KEY not in f"{failed.value!r} {failed.value} {failed.value.__context__!r} {failed.value.raw}"
    if isinstance(fault.get("status"), int) and fault["status"] >= 400:
        assert failed.value.http_status == fault["status"]


@pytest.mark.parametrize("call", CALLS)
def test_a_gigabyte_is_dropped_where_the_cap_is(
    call: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"images": [png()]})
    run(gemini(), CALLS[call])  # what is loaded once is loaded now
    packed = {"body": packed_gigabyte(), "headers": {"Content-Encoding": "gzip"}}
    faults = ({"huge_mb": 1024}, {"huge_mb": 1024, "huge_status": 500}, packed, {**packed, "status": 500})
    for fault in faults:
        server.script(fault)
        with memory() as watch, pytest.raises(ProviderError) as failed:
            run(gemini(), CALLS[call])
        assert failed.value.kind == "malformed_output"
        assert ("gzip" if "body" in fault else "36" if call == "picture" else "16") in str(failed.value)
        assert watch.highest < 50 * MEGABYTE
    assert len(server.calls) == 1 + len(faults)


@pytest.mark.parametrize("call", CALLS)
def test_a_profiles_limit_of_silence_holds(call: str, server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"hang": True})
    with pytest.raises(ProviderError, match="ReadTimeout") as failed:
        run(gemini(read_s=0.2, timeout_s=30), CALLS[call])
    assert (failed.value.kind, failed.value.sent) == ("timeout", True)


def test_the_wait_a_service_asks_for_is_read(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script(error(429, "RESOURCE_EXHAUSTED", details=[{"@type": f"{INFO}RetryInfo", "retryDelay": "7s"}]))
    with pytest.raises(ProviderError) as failed:
        ask(gemini())
    assert failed.value.retry_after_ms == 7_000
    server.script({**error(429, "RESOURCE_EXHAUSTED"), "headers": {"Retry-After": "3"}})
    with pytest.raises(ProviderError) as failed:
        ask(gemini())
    assert failed.value.retry_after_ms == 3_000


def test_nobody_listening_sent_nothing(gemini: Callable[..., Gemini]) -> None:
    with pytest.raises(ProviderError) as failed:
        ask(gemini(base_url="http://127.0.0.1:9"))
    assert (failed.value.kind, failed.value.sent) == ("network", False)


def test_nothing_of_the_environment_reaches_the_service(
    server: ScriptedGemini, gemini: Callable[..., Gemini], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "GOOGLE_API_KEY": "from-elsewhere", "GEMINI_API_KEY": "from-elsewhere", "GOOGLE_GENAI_USE_VERTEXAI": "true",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9", "GOOGLE_GENAI_API_VERSION": "v9", "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    ask(gemini())
    assert server.calls[0]["path"].startswith("/v1beta/models/")
    assert "from-elsewhere" not in str(server.calls)


def test_a_cancelled_call_ends_at_once(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"hang": True})

    async def cancelled() -> None:
        provider = gemini()
        task = asyncio.ensure_future(provider.text(TextRequest("m", (Message("user", "x"),), "c"), lambda piece: None))
        await asyncio.to_thread(until, lambda: server.calls)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await provider.aclose()

    asyncio.run(asyncio.wait_for(cancelled(), 10))


# -- pictures ----------------------------------------------------------------------------------------------------------


def test_a_picture_comes_with_its_tokens_and_references_go_along(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    image = png()
    usage = {**USAGE, "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 5}]}
    server.script({"images": [image], "usage": usage})
    reply = draw(gemini(), size=(720, 1280), references=(image,))
    assert ([m.data for m in reply.images], reply.count, reply.usage.image_output) == ([image], 1, 5)
    body = server.calls[0]["body"]
    assert body["generationConfig"] == {"responseModalities": ["TEXT", "IMAGE"], "imageConfig": {"aspectRatio": "9:16"}}
    assert [list(p) for p in body["contents"][0]["parts"]] == [["inlineData"], ["text"]]


def test_a_profiles_picture_size_goes_along(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"images": [png()]})
    draw(gemini(), params={"image_size": "2K"})
    asked = server.calls[0]["body"]["generationConfig"]["imageConfig"]
    assert asked == {"aspectRatio": "16:9", "imageSize": "2K"}


@pytest.mark.parametrize(("finish", "kind"), [("IMAGE_SAFETY", "content_filter"), ("NO_IMAGE", None), ("STOP", None)])
def test_no_picture(finish: str, kind: str | None, server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"finish": finish})
    if kind is None:
        assert draw(gemini()).images == ()
    else:
        with pytest.raises(ProviderError) as refused:
            draw(gemini())
        assert refused.value.kind == kind


def test_a_profile_without_a_picture_model_sends_nothing(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    with pytest.raises(ProviderError):
        run(gemini(), lambda p: p.images(ImageRequest("", "x", (1, 1), 1, "c")))
    assert server.calls == []


def test_a_picture_model_that_answers_with_text_shows_it(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    server.script({"text": "I cannot draw that.", "finish": "STOP"})
    [made] = draw(gemini()).generated
    assert made.error is not None
    assert (made.error.kind, "I cannot draw that." in str(made.error)) == ("malformed_output", True)


@pytest.mark.parametrize(("finish", "kind"), [("OTHER", "unknown"), ("LANGUAGE", "content_filter")])
def test_a_picture_that_was_broken_off_is_not_asked_for_again(
    finish: str, kind: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"finish": finish, "text": ""})
    with pytest.raises(ProviderError, match=finish) as failed:
        draw(gemini())
    assert (failed.value.kind, failed.value.usage) == (kind, Usage(12, None, 8, 3))


def test_a_picture_in_base64_for_urls_is_whole(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    part = {"inline_data": {"mime_type": "image/png", "data": base64.urlsafe_b64encode(png()).decode().rstrip("=")}}
    server.script({"candidates": [{"content": {"parts": [part]}, "finishReason": "STOP"}]})
    assert [m.data for m in draw(gemini()).images] == [png()]


# -- clips -------------------------------------------------------------------------------------------------------------


def film(**fields: Any) -> VideoRequest:
    return VideoRequest(
        "veo", "waves", fields.pop("seconds", 5), fields.pop("size", (1280, 720)), 7, "call-3", **fields
    )


def poll(provider: Gemini, times: int = 1) -> list[TaskState]:
    async def polled(p: Gemini) -> list[TaskState]:
        return [await p.poll("models/veo/operations/op-1") for _ in range(times)]

    found: list[TaskState] = run(provider, polled)
    return found


def fetched(state: TaskState, deadline_s: float = 30) -> tuple[bytes | None, str | None]:
    assert state.clip is not None
    assert state.clip.fetch is not None
    return asyncio.run(download.fetch_from_provider(state.clip.fetch, most_bytes=64 * MEGABYTE, deadline_s=deadline_s))


def test_a_clip_is_created_once_with_its_frames_and_length(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    name = run(
        gemini(resolution="720p"),
        lambda p: p.submit(film(first_frame=png(), last_frame=png(), params={"resolution": "720p"})),
    )
    assert name == "models/veo/operations/op-1"
    [call] = server.calls
    assert call["path"] == "/v1beta/models/veo:predictLongRunning"
    [instance] = call["body"]["instances"]
    assert (instance["prompt"], instance["image"]["mimeType"], "lastFrame" in instance) == ("waves", "image/png", True)
    parameters = call["body"]["parameters"]
    assert (parameters["durationSeconds"], parameters["aspectRatio"], parameters["resolution"]) == (6, "16:9", "720p")


def test_a_clip_is_polled_to_its_end_and_fetched_with_the_key(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"polls": 2})
    states = poll(gemini(poll_ms=50), 3)
    assert [s.state for s in states] == ["running", "running", "succeeded"]
    assert states[0].poll_after_ms == 50
    assert len(server.calls) == 3  # a clip may take longer than a poll: it is fetched after it
    assert fetched(states[2]) == (b"clip", None)
    assert server.calls[-1]["headers"]["x-goog-api-key"] == KEY


@pytest.mark.parametrize(
    ("fault", "passing", "said"),
    [
        ({"file_status": 404}, False, "404"),
        ({"file_status": 403}, False, "403"),
        ({"file_status": 503}, True, "503"),
        ({"file_status": 429}, True, "429"),
        ({"reset": True}, True, "RemoteProtocolError"),
        ({"hang": True}, True, "within 0.3 s"),
        ({"huge_mb": 1024}, False, "larger than 64 MB"),
        ({"status": 200, "body": b"x", "headers": {"Content-Encoding": "gzip"}}, True, "Packed"),
    ],
)
def test_a_clip_that_cannot_be_fetched_says_whether_it_may_be_later(
    fault: dict[str, Any], passing: bool, said: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    [state] = poll(gemini())
    server.script(fault)
    with memory() as watch, pytest.raises(MediaRefused, match=said) as refused:
        fetched(state, deadline_s=0.3 if "hang" in fault else 30)
    assert (refused.value.kind, refused.value.passing) == ("media_download", passing)
    assert watch.highest < 50 * MEGABYTE
    assert KEY not in "".join(traceback.format_exception(refused.value))


def test_a_link_on_another_host_is_handed_on_without_the_key(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    with ScriptedGemini() as other:
        server.script({"uri": f"{other.url}/files/clip.mp4"})
        [state] = poll(gemini())
        assert state.clip is not None
        assert state.clip.url == f"{other.url}/files/clip.mp4"
        server.script(
            {"file_status": 302, "file": b"", "file_headers": {"Location": f"{other.url}/files/signed.mp4?sig=1"}}
        )
        [state] = poll(gemini())
        assert fetched(state) == (None, f"{other.url}/files/signed.mp4?sig=1")
        assert other.calls == []


def test_googles_link_behind_a_relay_is_asked_of_the_relay(
    server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"uri": "https://generativelanguage.googleapis.com/files/abc:download?alt=media"})
    [state] = poll(gemini())
    assert fetched(state) == (b"clip", None)
    assert (server.calls[-1]["path"], server.calls[-1]["query"]) == ("/files/abc:download", {"alt": ["media"]})
    assert server.calls[-1]["headers"]["x-goog-api-key"] == KEY


def test_googles_link_behind_a_relay_with_a_path_keeps_the_path(gemini: Callable[..., Gemini]) -> None:
    provider = gemini(base_url="https://relay.example/gemini/")
    link = "https://generativelanguage.googleapis.com/v1beta/files/abc:download?alt=media"
    assert provider._route(link) == "https://relay.example/gemini/v1beta/files/abc:download?alt=media"
    assert provider._route("https://storage.example/clip.mp4?sig=1") == "https://storage.example/clip.mp4?sig=1"
    assert gemini(base_url="https://generativelanguage.googleapis.com")._route(link) == link


def test_a_clip_inside_the_answer_is_its_bytes(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    clip = {"bytesBase64Encoded": base64.b64encode(b"clip").decode()}
    for samples in ({"generatedSamples": [{"video": clip}]}, {"videos": [clip]}):
        server.script({"operation": {"response": samples}})
        [state] = poll(gemini())
        assert state.clip is not None
        assert state.clip.data == b"clip"


@pytest.mark.parametrize(
    ("ended", "kind"),
    [
        ({"error": {"code": 8, "message": "quota", "status": "RESOURCE_EXHAUSTED"}}, "rate_limit"),
        ({"error": {"code": 3, "message": "blocked for safety"}}, "content_filter"),
        (
            {
                "response": {
                    "generateVideoResponse": {"raiMediaFilteredReasons": ["a celebrity"], "raiMediaFilteredCount": 1}
                }
            },
            "content_filter",
        ),
        ({"response": {"generateVideoResponse": {}}}, "empty_output"),
    ],
)
def test_a_clip_that_failed_says_why(
    ended: Any, kind: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"operation": ended})
    [state] = poll(gemini())
    assert (state.state, state.error_kind) == ("failed", kind)
    assert state.error


@pytest.mark.parametrize(("code", "retryable"), [(503, True), (429, True), (404, False)])
def test_a_poll_that_fails_says_whether_to_ask_again(
    code: int, retryable: bool, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    server.script({"status": code})
    with pytest.raises(ProviderError) as failed:
        poll(gemini())
    assert failed.value.retryable is retryable


def test_a_last_frame_needs_a_first(server: ScriptedGemini, gemini: Callable[..., Gemini]) -> None:
    with pytest.raises(ProviderError) as refused:
        run(gemini(), lambda p: p.submit(film(last_frame=png())))
    assert (refused.value.kind, refused.value.sent, server.calls) == ("bad_request", False, [])


@pytest.mark.parametrize(("seconds", "filmed"), [(2, 4), (4, 4), (4.5, 6), (8, 8), (12, 8)])
def test_the_nearest_length_that_can_be_filmed(seconds: float, filmed: int) -> None:
    assert nearest_length(seconds) == filmed


def test_the_nearest_shape() -> None:
    assert [nearest_ratio(s, ("1:1", "16:9", "9:16")) for s in ((1280, 720), (720, 1280), (100, 90))] == [
        "16:9",
        "9:16",
        "1:1",
    ]


# -- through the engine ------------------------------------------------------------------------------------------------


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    made = Engine(settings)
    yield made
    made.close()


def test_a_clip_that_comes_slower_than_a_poll_is_made_once_and_kept(
    server: ScriptedGemini, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Poller, "POLL_DEADLINE_MS", 400)
    server.script({"file": tiny_mp4(seconds=4), "file_delay_ms": 900})
    engine.wb.profiles.add(
        "veo", "gemini", base_url=server.url, key=KEY, text_model="gemini-x", video_model="veo", params={"poll_ms": 10}
    )
    job_id = engine.wb.submit("test_video", profile="veo").id
    engine.deliver()
    with engine.wb.database.write() as conn:
        conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))

    done = engine.finish(job_id)

    assert (done.state, done.result["seconds"]) == ("succeeded", 4.0)
    assert [c["path"].rpartition("/")[2] for c in server.calls] == ["veo:predictLongRunning", "op-1", "clip.mp4"]


def test_a_page_in_place_of_a_poll_loses_no_clip(server: ScriptedGemini, engine: Engine) -> None:
    engine.wb.profiles.add("veo", "gemini", base_url=server.url, key=KEY, text_model="gemini-x", video_model="veo")
    job_id = engine.wb.submit("test_video", profile="veo").id
    engine.deliver()
    for script in ({"html": True}, {"file": tiny_mp4(seconds=4)}):
        server.script(script)
        with engine.wb.database.write() as conn:
            conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))
        engine.worker.maintain()

    assert engine.finish(job_id).state == "succeeded"


def test_why_a_clip_was_withheld_is_told_in_chinese_too(server: ScriptedGemini, engine: Engine) -> None:
    server.script({"operation": {"response": {"raiMediaFilteredReasons": ["a celebrity"]}}})
    engine.wb.profiles.add("veo", "gemini", base_url=server.url, key=KEY, text_model="gemini-x", video_model="veo")
    job_id = engine.wb.submit("test_video", profile="veo").id
    engine.deliver()
    with engine.wb.database.write() as conn:
        conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))

    done = engine.finish(job_id)

    assert (done.state, done.error_kind) == ("failed", "content_filter")
    assert translate(Text.from_json(done.error_i18n), "zh") == "内容审核拦下了生成的视频：a celebrity"
