"""What services really send, byte for byte: each row is taken from a public report of one that did.

All rows go through one server and the adapter that a profile gets. The rows' sources are in docs/providers.md.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.providers.conftest import SCHEMA, Ask
from tests.scripted_provider import ScriptedProvider
from workbench.errors import ProviderError
from workbench.providers.base import TextReply, Usage

STREAM, JSON = "text/event-stream", "application/json"
DETAILS = "completion_tokens_details"


def chunk(content: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"content": content} if content is not None else {}
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def sse(*events: Any, done: bool = True) -> bytes:
    frames = [e if isinstance(e, str) else f"data: {json.dumps(e, ensure_ascii=False)}\n\n" for e in events]
    return "".join([*frames, "data: [DONE]\n\n" if done else ""]).encode()


def whole(content: Any = "ready", finish: Any = "stop", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more.pop("message", {})}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish, **more.pop("choice", {})}], **more}


def raw(body: Any, kind: str = JSON, **headers: str) -> dict[str, Any]:
    sent = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return {"status": 200, "body": sent, "content_type": kind, "headers": headers}


HELLO = sse(chunk("Hel"), chunk("lo 你好"), chunk(finish="stop"))
WHOLE = json.dumps(whole("Hello 你好"), ensure_ascii=False).encode()

#: what comes over the wire → the text it means
READ: dict[str, tuple[dict[str, Any], str]] = {
    "retry before data": (raw(b"retry: 3000\n\n" + HELLO, STREAM), "Hello 你好"),
    "bare data": (raw(b"data:\n\n" + HELLO, STREAM), "Hello 你好"),
    "data without a colon": (raw(b"data\n\n" + HELLO, STREAM), "Hello 你好"),
    "an id alone": (raw(b"id: 7\n\n" + HELLO, STREAM), "Hello 你好"),
    "event: ping": (raw(b'event: ping\ndata: {"type": "ping"}\n\n' + HELLO, STREAM), "Hello 你好"),
    "event: ping without data": (raw(b"event: ping\n\n" + HELLO, STREAM), "Hello 你好"),
    "[PING] in the middle": (raw(sse(chunk("Hel"), "data: [PING]\n\n", chunk("lo", "stop")), STREAM), "Hello"),
    "keep-alive in words": (raw(sse(chunk("Hel"), "data: keep-alive\n\n", chunk("lo", "stop")), STREAM), "Hello"),
    "data: null": (raw(sse("data: null\n\n", chunk("Hello", "stop")), STREAM), "Hello"),
    "comments": (raw(b": OPENROUTER PROCESSING\n\n: ping\n\n" + HELLO, STREAM), "Hello 你好"),
    "no space after the colon": (raw(HELLO.replace(b"data: ", b"data:"), STREAM), "Hello 你好"),
    "CR LF": (raw(HELLO.replace(b"\n", b"\r\n"), STREAM), "Hello 你好"),
    "CR alone": (raw(HELLO.replace(b"\n", b"\r"), STREAM), "Hello 你好"),
    "no blank lines": (raw(HELLO.replace(b"\n\n", b"\n"), STREAM), "Hello 你好"),
    "no line at the end": (raw(HELLO.rstrip(b"\n"), STREAM), "Hello 你好"),
    "no [DONE]": (raw(sse(chunk("Hello"), chunk(finish="stop"), done=False), STREAM), "Hello"),
    "no reason, but [DONE]": (raw(sse(chunk("Hello")), STREAM), "Hello"),
    "a byte order mark": (raw(b"\xef\xbb\xbf" + HELLO, STREAM), "Hello 你好"),
    "JSON over several lines": (
        raw(b"data: " + json.dumps(whole("Hello"), indent=1).encode() + b"\n\n", STREAM),
        "Hello",
    ),
    "a stream labelled as JSON": (raw(HELLO, JSON), "Hello 你好"),
    "a stream labelled as HTML": (raw(HELLO, "text/html; charset=utf-8"), "Hello 你好"),
    "a stream labelled as plain": (raw(HELLO, "text/plain"), "Hello 你好"),
    "a stream labelled as bytes": (raw(HELLO, "application/octet-stream"), "Hello 你好"),
    "JSON labelled as a stream": (raw(WHOLE, STREAM), "Hello 你好"),
    "JSON labelled as plain": (raw(WHOLE, "text/plain"), "Hello 你好"),
    "JSON not labelled": (raw(WHOLE, ""), "Hello 你好"),
    "JSON labelled as HTML": (raw(WHOLE, "text/html"), "Hello 你好"),
    "JSON in Latin-1, as it says": (raw(WHOLE, "application/json; charset=iso-8859-1"), "Hello 你好"),
    "JSON after a byte order mark": (raw(b"\xef\xbb\xbf" + WHOLE), "Hello 你好"),
    "JSON after blanks that kept the line alive": (raw(b"\n\n  \n" + WHOLE), "Hello 你好"),
    "JSON in a list of one": (raw(b"[" + WHOLE + b"]"), "Hello 你好"),
    "an object on each line": (
        raw(b"\n".join(json.dumps(c).encode() for c in (chunk("Hel"), chunk("lo", "stop"))), "application/x-ndjson"),
        "Hello",
    ),
    "gzip": (raw(gzip.compress(HELLO), STREAM, **{"Content-Encoding": "gzip"}), "Hello 你好"),
    "x-gzip, whole": (raw(gzip.compress(WHOLE), JSON, **{"Content-Encoding": "x-gzip"}), "Hello 你好"),
    "deflate": (raw(zlib.compress(WHOLE), JSON, **{"Content-Encoding": "deflate"}), "Hello 你好"),
    "gzip that nobody declared": (raw(gzip.compress(WHOLE)), "Hello 你好"),
    "gzip in members": (
        raw(gzip.compress(HELLO[:60]) + gzip.compress(HELLO[60:]), STREAM, **{"Content-Encoding": "gzip"}),
        "Hello 你好",
    ),
    "deflate without its header": (
        raw(zlib.compress(WHOLE, wbits=-15), JSON, **{"Content-Encoding": "deflate"}),
        "Hello 你好",
    ),
    "[DONE] in quotes": (raw(sse(chunk("Hello"), 'data: "[DONE]"\n\n', done=False), STREAM), "Hello"),
    "event: done": (raw(sse(chunk("Hello"), "event: done\ndata: {}\n\n", done=False), STREAM), "Hello"),
    "a sign of life in words of its own": (
        raw(sse(chunk("Hel"), "data: [WAITING FOR GPU]\n\n", chunk("lo")), STREAM),
        "Hello",
    ),
    "one chunk with a message": (raw(sse(whole("Hello")), STREAM), "Hello"),
    "the whole message once more at the end": (
        raw(sse(chunk("Hel"), chunk("lo"), chunk(finish="stop"), whole("Hello", object="chat.completion")), STREAM),
        "Hello",
    ),
    "a delta of null at the end": (
        raw(sse(chunk("Hello"), {"choices": [{"delta": None, "finish_reason": "stop"}]}), STREAM),
        "Hello",
    ),
    "the reason along with the last piece": (raw(sse(chunk("Hel"), chunk("lo", "stop")), STREAM), "Hello"),
    "a reason with every piece": (raw(sse(chunk("Hel", "stop"), chunk("lo", "stop")), STREAM), "Hello"),
    "null in words": (raw(sse(chunk("Hel", "null"), chunk("lo", "stop")), STREAM), "Hello"),
    "parts": (
        raw(whole([{"type": "reasoning", "text": "Hm"}, {"type": "text", "text": "Hello"}])),
        "Hello",
    ),
    "parts of Mistral's, streamed": (
        raw(
            sse(
                chunk([{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]),
                chunk([{"type": "text", "text": "Hello"}], "stop"),
            ),
            STREAM,
        ),
        "Hello",
    ),
    "parts that are strings": (raw(whole(["Hel", "lo"])), "Hello"),
    "one part outside of a list": (raw(whole({"type": "text", "text": "Hello"})), "Hello"),
    "a part whose text is an object": (raw(whole([{"type": "text", "text": {"value": "Hello"}}])), "Hello"),
    "a choice outside of a list": (
        raw({"choices": {"message": {"content": "Hello"}, "finish_reason": "stop"}}),
        "Hello",
    ),
    "another choice before the first": (
        raw(sse({"choices": [{"index": 1, "delta": {"content": "X"}}, *chunk("Hello", "stop")["choices"]]}), STREAM),
        "Hello",
    ),
    "within a relay's data": (raw({"code": 0, "message": "ok", "data": whole("Hello")}), "Hello"),
    "within DashScope's output": (raw(sse({"output": whole("Hello")}), STREAM), "Hello"),
    "text of an older API": (raw({"choices": [{"text": "Hello", "finish_reason": "stop"}]}), "Hello"),
    "the call of a tool nobody offered": (
        raw(
            whole(
                None,
                "tool_calls",
                message={"tool_calls": [{"function": {"name": "json_tool_call", "arguments": '{"a": 1}'}}]},
            )
        ),
        '{"a": 1}',
    ),
    "the call of a tool, streamed": (
        raw(
            sse(
                *(
                    {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}}]}
                    for piece in ('{"a"', ": 1}")
                ),
                chunk(finish="tool_calls"),
            ),
            STREAM,
        ),
        '{"a": 1}',
    ),
    "an error that is none": (
        raw(whole("Hello", error={"code": 0, "message": ""}, base_resp={"status_code": 0})),
        "Hello",
    ),
    **{
        f"end: {end}": (raw(whole("Hello", end)), "Hello")
        for end in ("end_turn", "STOP", "eos_token", "COMPLETE", "normal", "stop ", {"type": "stop"}, None)
    },
    **{
        f"thoughts: {text[:14]}": (raw(whole(text)), "Hello")
        for text in (
            "<think>Hm</think>Hello",
            "Hm, well.\n</think>\n\nHello",
            "<think>a</think><think>b</think>\nHello",
            "<think>a <think>b</think> c</think>Hello",
            "<Thought>a</Thought> Hello",
            "[THINK]a[/THINK]Hello",
            "◁think▷a◁/think▷Hello",
            "<seed:think>a</seed:think>Hello",
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>Hello<|return|>",
            "<think>a</think><answer>Hello</answer>",
            "Here is my thought process: a\nHere is my response: Hello",
            "Here are my reasoning steps:\na\n[BEGIN FINAL RESPONSE]\nHello\n[END FINAL RESPONSE]",
            "Thinking...\nHm\n...done thinking.\n\nHello",
            "analysisHm, well.assistantfinalHello",
            '<details type="reasoning" done="true">\n<summary>Thought</summary>\n> a\n</details>\nHello',
            "&lt;think&gt;a&lt;/think&gt;Hello",
            "<longcat_think>a</longcat_think>Hello",
            "<|thought_begin|>a<|thought_end|>Hello",
            "<思考>a</思考>Hello",
            "<think />\nHello",
            "<think>he typed `</think>` and left</think>Hello",
            "<think>a</think><answer>Hello",
            "<|channel|>commentary<|message|>Hello<|end|>",
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>commentary to=f <|constrain|>json"
            "<|message|>Hello<|call|>",
            "<|im_start|>assistant\nHello<|im_end|>",
            "[gMASK]<sop>Hello<|user|>",
            "Hello<｜end▁of▁sentence｜>",
            "<|channel|>final <|constrain|>json<|message|>Hello<|return|>",
        )
    },
    "text before a thought": (raw(whole("Sure.\n<think>a</think>\nHello")), "Sure.\n\nHello"),
    **{
        f"no thought: {text[:14]}": (raw(whole(text)), text)
        for text in (
            "The `<think>` tag begins a thought.",
            "A model writes <think> first.",
            "It ends with </think> and goes on.",
            '{"line": "he typed </think> and left"}',
            "```html\n<think>\n</think>\n```\nis markup.",
            "  indented  ",
            "She sat down.\nThinking...\nHe left.",
            "Here are my reasoning steps: first, the lamp.",
            "analysis of a finalHello",
            "<monologue>To be, or not to be</monologue>",
        )
    },
}


@pytest.mark.parametrize(("fault", "text"), READ.values(), ids=READ.keys())
def test_an_answer_is_read_as_it_is_meant(
    fault: dict[str, Any], text: str, scripted: ScriptedProvider, ask: Ask
) -> None:
    scripted.script(default=fault)
    shown: list[str] = []

    reply = ask(on_delta=shown.append)

    assert reply.text == text
    assert reply.finish_reason in ("stop", "other")


@pytest.mark.parametrize("name", [n for n in READ if n not in ("gzip", "CR alone")])
def test_an_answer_that_comes_byte_by_byte_is_the_same(name: str, scripted: ScriptedProvider, ask: Ask) -> None:
    fault, text = READ[name]
    scripted.script(default={**fault, "split": 3})

    assert ask().text == text


@pytest.mark.parametrize(
    "text",
    [
        "<think>secret</think>Hello",
        "<think>\nsecret\n\n</think>\n\nHello",
        "[THINK]secret[/THINK]Hello",
        "&lt;think&gt;secret&lt;/think&gt;Hello",
        "Thinking...\nsecret\n...done thinking.\n\nHello",
        '<think>secret "</think>" secret</think>Hello',
        "<|channel|>analysis<|message|>secret<|end|><|start|>assistant<|channel|>final<|message|>Hello",
    ],
)
def test_the_live_preview_shows_no_thought(text: str, scripted: ScriptedProvider, ask: Ask) -> None:
    for pieces in (list(text), [text]):
        scripted.script(default={"pieces": pieces})
        shown: list[str] = []

        ask(on_delta=shown.append)

        assert "".join(shown) == "Hello"


# -- ends --------------------------------------------------------------------------------------------------------------

BUSY = {"message": "Provider disconnected", "code": "server_error"}
#: what comes → its kind, and a word that the reader must see
FAILED: dict[str, tuple[dict[str, Any], str, str]] = {
    "error": (raw(whole("Half of it", "error")), "overloaded", "error"),
    "no resources": (raw(whole("Half", "insufficient_system_resource")), "overloaded", "insufficient_system_resource"),
    "no resources, streamed": (
        raw(sse(chunk("Half"), chunk(finish="insufficient_system_resource")), STREAM),
        "overloaded",
        "insufficient_system_resource",
    ),
    "network_error": (raw(sse(chunk("Half"), chunk(finish="network_error")), STREAM), "overloaded", "network_error"),
    "abort": (raw(whole("Half", "abort")), "overloaded", "abort"),
    "nobody has heard of it": (raw(sse(chunk("Half"), chunk(finish="moon_phase")), STREAM), "unknown", "moon_phase"),
    "an error in a choice": (
        raw(whole("Half", "error", choice={"error": BUSY})),
        "overloaded",
        "Provider disconnected",
    ),
    "an error in a streamed choice": (
        raw(
            sse(chunk("Half"), {"choices": [{"delta": {"content": ""}, "finish_reason": "error", "error": BUSY}]}),
            STREAM,
        ),
        "overloaded",
        "Provider disconnected",
    ),
    "an error beside choices": (
        raw(sse(chunk("Half"), chunk("", "error", error=BUSY)), STREAM),
        "overloaded",
        "Provider disconnected",
    ),
    "an error after a reason of error": (
        raw(sse(chunk("Half"), chunk(finish="error"), {"error": BUSY}), STREAM),
        "overloaded",
        "Provider disconnected",
    ),
    "an error after a good reason": (
        raw(sse(chunk("Half"), chunk(finish="stop"), {"error": BUSY}), STREAM),
        "overloaded",
        "Provider disconnected",
    ),
    "an event of the name": (
        raw(sse(chunk("Half"), f"event: error\ndata: {json.dumps(BUSY)}\n\n"), STREAM),
        "overloaded",
        "Provider disconnected",
    ),
    "an event of the name, in words": (
        raw(sse(chunk("Half"), "event: error\ndata: upstream gone away\n\n"), STREAM),
        "unknown",
        "upstream gone away",
    ),
    "words where the stream should go on": (
        raw(sse(chunk("Half"), "data: upstream gone away\n\n", done=False), STREAM),
        "unknown",
        "upstream gone away",
    ),
    "words, then [DONE]": (
        raw(sse(chunk("Half"), "data: error: upstream reset\n\n"), STREAM),
        "unknown",
        "upstream reset",
    ),
    "words in brackets": (
        raw(sse(chunk("Half"), "data: [ERROR] upstream reset\n\n", done=False), STREAM),
        "unknown",
        "upstream reset",
    ),
    "an error in a delta": (
        raw(sse(chunk("Half"), {"choices": [{"delta": {"error": BUSY}}]}), STREAM),
        "overloaded",
        "Provider disconnected",
    ),
    "an error in a message": (raw(whole("", message={"error": BUSY})), "overloaded", "Provider disconnected"),
    "a number for a reason": (raw(whole("Half", 7)), "unknown", "7"),
    "a limit of time": (raw(whole("Half", "time_limit")), "timeout", "time_limit"),
    "words alone": (raw(b"Internal Server Error", "text/plain"), "overloaded", "Internal Server Error"),
    "words alone, of their own": (raw("灯火已灭".encode(), "text/plain"), "malformed_output", "an error: 灯火已灭"),
    "a page": (raw(b"<!doctype html><title>Sign in</title>", "text/html"), "malformed_output", "Sign in"),
    "first in a stream": (raw(sse({"error": BUSY}), STREAM), "overloaded", "Provider disconnected"),
    "JSON where a stream should be": (raw({"error": BUSY}, STREAM), "overloaded", "Provider disconnected"),
    "JSON after a sign of life": (
        raw(b": ping\n\n" + json.dumps({"error": BUSY}).encode(), STREAM),
        "overloaded",
        "Provider disconnected",
    ),
    "a reason with every piece, then cut off": (
        {**raw(sse(chunk("Hel", "stop"), chunk("lo", "stop"), done=False), STREAM), "cut": True},
        "network",
        "",
    ),
    "no resources, in Responses' words": (
        {**raw({"status": "cancelled", "output": []}), "api": "responses"},
        "overloaded",
        "cancelled",
    ),
    "GBK, as it says": (
        raw(json.dumps(whole("你好，世界"), ensure_ascii=False).encode("gbk"), "application/json; charset=gbk"),
        "malformed_output",
        "GBK",
    ),
    "GBK, unsaid": (raw(json.dumps(whole("你好，世界"), ensure_ascii=False).encode("gbk")), "malformed_output", "GBK"),
    "GBK, streamed": (raw(HELLO.decode().encode("gbk"), STREAM), "malformed_output", "GBK"),
    "UTF-16": (raw(json.dumps(whole("你好")).encode("utf-16")), "malformed_output", "UTF-16"),
    "Big5": (
        raw(json.dumps(whole("你好，世界"), ensure_ascii=False).encode("big5")),
        "malformed_output",
        "Big5",
    ),
    "UTF-16 without its mark": (raw(json.dumps(whole("Hi")).encode("utf-16-le")), "malformed_output", "UTF-16"),
    "gzip that was cut off": (
        raw(gzip.compress(WHOLE)[:-12], JSON, **{"Content-Encoding": "gzip"}),
        "network",
        "cut off",
    ),
    "gzip that is none": (raw(WHOLE, JSON, **{"Content-Encoding": "gzip"}), "malformed_output", "gzip"),
    "another compression": (raw(WHOLE, JSON, **{"Content-Encoding": "br"}), "malformed_output", "br"),
    "half an event at the end": (raw(sse(chunk("Hel"), 'data: {"choices": [{"del', done=False), STREAM), "network", ""),
    "half a character at the end": (raw(HELLO[: HELLO.index("好".encode()) + 1], STREAM), "network", ""),
    "nothing but pings": (raw(b": ping\n\n: ping\n\n", STREAM), "malformed_output", ""),
    "thoughts alone": (raw(whole("", message={"reasoning_content": "It is 42."})), "empty_output", "only thought"),
    "thoughts alone, streamed": (
        raw(sse({"choices": [{"delta": {"reasoning": "It is 42."}}]}, chunk("", "stop")), STREAM),
        "empty_output",
        "enable_thinking",
    ),
    "thoughts alone, in the text": (raw(whole("<think>It is 42.</think>")), "empty_output", "only thought"),
    "a thought that never ends": (raw(whole("<think>It is 42.")), "empty_output", "only thought"),
    "thoughts in an object": (
        raw(whole("", message={"reasoning": {"content": "It is 42."}})),
        "empty_output",
        "only thought",
    ),
    "thoughts in blocks": (
        raw(whole("", message={"thinking_blocks": [{"type": "thinking", "thinking": "It is 42."}]})),
        "empty_output",
        "only thought",
    ),
    "thoughts that are only counted": (
        raw(whole("", usage={"prompt_tokens": 3, "completion_tokens": 64, DETAILS: {"reasoning_tokens": 64}})),
        "empty_output",
        "only thought",
    ),
    "thoughts that are only counted, up to the limit": (
        raw(
            whole("", "length", usage={"prompt_tokens": 3, "completion_tokens": 64, DETAILS: {"reasoning_tokens": 64}})
        ),
        "truncated_output",
        "64",
    ),
    "thoughts up to the limit": (
        raw(
            whole(
                "",
                "length",
                message={"reasoning_content": "It is"},
                usage={"prompt_tokens": 3, "completion_tokens": 64},
            )
        ),
        "truncated_output",
        "64",
    ),
}


@pytest.mark.parametrize(("fault", "kind", "says"), FAILED.values(), ids=FAILED.keys())
def test_what_is_no_answer_is_a_failure_in_the_services_words(
    fault: dict[str, Any], kind: str, says: str, scripted: ScriptedProvider, ask: Ask
) -> None:
    scripted.script(default=fault)

    with pytest.raises(ProviderError) as raised:
        ask(params={"api": fault.get("api", "chat")})

    assert (raised.value.kind, says in str(raised.value)) == (kind, True), str(raised.value)
    assert len(scripted.calls()) == 1
    assert "�" not in str(raised.value)


def test_a_failure_keeps_what_was_used_and_what_was_said(scripted: ScriptedProvider, ask: Ask) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    for fault in (
        raw(whole("Half of it", "error", usage=usage)),
        raw(sse(chunk("Half of it"), {"error": BUSY, "usage": usage}), STREAM),
        raw(sse(chunk("Half of it"), chunk(finish="abort"), {"choices": [], "usage": usage}), STREAM),
    ):
        scripted.script(default=fault)
        with pytest.raises(ProviderError) as raised:
            ask()
        assert (raised.value.usage, raised.value.raw) == (Usage(input=10, output=5), "Half of it")


def test_an_error_page_in_gbk_is_shown_in_its_own_words(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"status": 500, "body": '{"error": {"message": "服务器繁忙"}}'.encode("gbk")})

    with pytest.raises(ProviderError, match="服务器繁忙"):
        ask()


# -- counting ----------------------------------------------------------------------------------------------------------

#: the usage of each event → what it comes to
COUNTED: dict[str, tuple[list[dict[str, Any]], Usage]] = {
    "reasoning outside, xAI": (
        [{"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, DETAILS: {"reasoning_tokens": 94}}],
        Usage(32, None, 103, 94),
    ),
    "reasoning outside, Gemini in OpenAI's words": (
        [{"prompt_tokens": 20, "completion_tokens": 424, "total_tokens": 1016}],
        Usage(20, None, 996, None),
    ),
    "reasoning alone, and zero for the rest": (
        [{"prompt_tokens": 21, "completion_tokens": 0, "total_tokens": 81, DETAILS: {"reasoning_tokens": 60}}],
        Usage(21, None, 60, 60),
    ),
    "reasoning inside": (
        [{"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 30, DETAILS: {"reasoning_tokens": 15}}],
        Usage(10, None, 20, 15),
    ),
    "zeros that are no count": ([{"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}], Usage()),
    "a zero for the answer": ([{"prompt_tokens": 12, "completion_tokens": 0}], Usage(12, None, None, None)),
    "zeros first and last": (
        [
            {"total_tokens": 0},
            {"prompt_tokens": 12, "completion_tokens": 5},
            {"prompt_tokens": 0, "completion_tokens": 0},
        ],
        Usage(12, None, 5, None),
    ),
    "growing": ([{"prompt_tokens": 12, "completion_tokens": n} for n in (1, 2, 7)], Usage(12, None, 7, None)),
    "in different chunks": ([{"prompt_tokens": 12}, {"completion_tokens": 5}], Usage(12, None, 5, None)),
    "floats": ([{"prompt_tokens": 12.0, "completion_tokens": 5.0}], Usage(12, None, 5, None)),
    "other names": ([{"input_tokens": 12, "output_tokens": 5}], Usage(12, None, 5, None)),
    "both names, one of them zero": (
        [{"prompt_tokens": 0, "completion_tokens": 0, "input_tokens": 12, "output_tokens": 5}],
        Usage(12, None, 5, None),
    ),
    "Anthropic's cache": (
        [{"input_tokens": 12, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 8}, {"output_tokens": 5}],
        Usage(120, 100, 5, None),
    ),
    "Anthropic's cache, written alone": (
        [{"input_tokens": 12, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 8, "output_tokens": 5}],
        Usage(20, 0, 5, None),
    ),
    "a cache that can be no part of the input": (
        [{"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 90}],
        Usage(100, 90, 5, None),
    ),
    "a cache outside of the input": (
        [
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 105,
                "prompt_tokens_details": {"cached_tokens": 90},
            }
        ],
        Usage(100, 90, 5, None),
    ),
    "true zeros": (
        [
            {
                "prompt_tokens": 12,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 0},
                DETAILS: {"reasoning_tokens": 0},
            }
        ],
        Usage(12, 0, 5, 0),
    ),
    "senseless": ([{"prompt_tokens": "12", "completion_tokens": True, "total_tokens": -1}], Usage()),
    "endless": ([{"prompt_tokens": 1e300, "completion_tokens": 5}], Usage(None, None, 5, None)),
}


@pytest.mark.parametrize(("reported", "usage"), COUNTED.values(), ids=COUNTED.keys())
def test_tokens_are_the_truth_or_unknown(
    reported: list[dict[str, Any]], usage: Usage, scripted: ScriptedProvider, ask: Ask
) -> None:
    events = [chunk("Hello"), *({"choices": [], "usage": u} for u in reported), chunk(finish="stop")]
    scripted.script(default=raw(sse(*events), STREAM))
    assert ask().usage == usage
    if len(reported) == 1:
        scripted.script(default=raw(whole("Hello", usage=reported[0])))
        assert ask().usage == usage


def test_groq_counts_in_a_field_of_its_own(scripted: ScriptedProvider, ask: Ask) -> None:
    last = chunk(finish="stop", x_groq={"usage": {"prompt_tokens": 12, "completion_tokens": 5}})
    scripted.script(default=raw(sse(chunk("Hello"), last), STREAM))

    assert ask().usage == Usage(12, None, 5, None)


def test_an_empty_answer_may_have_taken_nothing(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default=raw(whole("", usage={"prompt_tokens": 12, "completion_tokens": 0})))

    assert ask().usage == Usage(12, None, 0, None)


def test_a_structured_answer_needs_no_mode_to_be_without_thoughts(
    scripted: ScriptedProvider, ask: Callable[..., TextReply]
) -> None:
    scripted.script(default={"text": '<think>{"title": "draft"}</think>\n{"title": "final"}'})

    assert ask(mode="json_object", schema=SCHEMA).text == '{"title": "final"}'
