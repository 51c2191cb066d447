"""The adapter through the real SDK against a real server: every outcome, and never more than one request a call."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
import traceback
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from tests.conftest import until
from tests.providers.conftest import KEY, SCHEMA, Ask, refused_wording
from tests.scripted_provider import ScriptedProvider
from workbench.errors import ProviderError
from workbench.providers import answers
from workbench.providers.base import ImageRequest, Message, TextRequest, Usage
from workbench.providers.openai_compatible import OpenAICompatible


def error(status: int, code: str | None = None, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"status": status, "body": {"error": {"message": message, "code": code, **more}}}


# Each row: what the service does → the kind that docs/providers.md names.
TABLE: list[tuple[str, dict[str, Any], str]] = [
    ("401", error(401, "invalid_api_key"), "auth"),
    (
        "google key in a 400",
        {
            "status": 400,
            "body": [
                {
                    "error": {
                        "code": 400,
                        "message": "API key not valid",
                        "status": "INVALID_ARGUMENT",
                        "details": [{"reason": "API_KEY_INVALID"}],
                    }
                }
            ],
        },
        "auth",
    ),
    ("ark key", error(401, "AuthenticationError"), "auth"),
    ("403", error(403), "permission"),
    ("ark access", error(403, "AccessDenied"), "permission"),
    ("ark operation", error(403, "OperationDenied.PermissionDenied"), "permission"),
    (
        "google region",
        {"status": 400, "body": {"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": "location"}}},
        "permission",
    ),
    ("404", error(404), "not_found_model"),
    (
        "404 page",
        {"status": 404, "body": "<html><title>Not Found</title></html>", "content_type": "text/html"},
        "not_found_model",
    ),
    ("model code", error(400, "model_not_found"), "not_found_model"),
    ("ark closed endpoint", error(400, "InvalidEndpoint.ClosedEndpoint"), "not_found_model"),
    ("ark model id", error(404, "InvalidEndpointOrModel.NotFound"), "not_found_model"),
    ("ark not open", error(400, "ModelNotOpen"), "not_found_model"),
    ("deepseek model", error(400, "invalid_request_error", "Model Not Exist"), "not_found_model"),
    ("400", error(400, "invalid_request_error", "temperature is out of range", param="temperature"), "bad_request"),
    ("422", {"status": 422, "body": {"detail": [{"loc": ["body"], "msg": "wrong"}]}}, "bad_request"),
    ("context code", error(400, "context_length_exceeded"), "context_length"),
    ("context llama.cpp", error(400, None, "too long", type="exceed_context_size_error"), "context_length"),
    ("context wording", error(400, None, "This model's maximum context length is 8192 tokens"), "context_length"),
    (
        "context kimi",
        error(400, "invalid_request_error", "Your request exceeded model token limit: 8192"),
        "context_length",
    ),
    ("filter code", error(400, "content_policy_violation"), "content_filter"),
    ("filter moderation", error(400, "moderation_blocked"), "content_filter"),
    ("filter ark", error(400, "InputTextSensitiveContentDetected.PolicyViolation"), "content_filter"),
    ("filter deepseek", error(400, "invalid_request_error", "Content Exists Risk"), "content_filter"),
    ("filter finish", {"finish_reason": "content_filter"}, "content_filter"),
    ("refusal", {"refusal": "I cannot help with that"}, "content_filter"),
    ("429", error(429, "rate_limit_exceeded"), "rate_limit"),
    ("429 without words", {"status": 429, "body": ""}, "rate_limit"),
    ("429 ark", error(429, "RateLimitExceeded.EndpointRPMExceeded"), "rate_limit"),
    ("402", error(402, None, "Insufficient Balance"), "quota_exhausted"),
    ("429 quota", error(429, "insufficient_quota", type="insufficient_quota"), "quota_exhausted"),
    ("429 kimi quota", error(429, None, type="exceeded_current_quota_error"), "quota_exhausted"),
    ("403 kimi quota", error(403, None, type="exceeded_current_quota_error"), "quota_exhausted"),
    ("403 ark overdue", error(403, "AccountOverdueError"), "quota_exhausted"),
    ("403 ark service overdue", error(403, "OperationDenied.ServiceOverdue"), "quota_exhausted"),
    ("429 ark quota", error(429, "QuotaExceeded"), "quota_exhausted"),
    *[(str(status), {"status": status, "body": "upstream"}, "overloaded") for status in (500, 502, 503, 504, 529)],
    ("overloaded code", error(400, "server_is_overloaded"), "overloaded"),
    ("429 kimi overloaded", error(429, None, type="engine_overloaded_error"), "overloaded"),
    ("deadline", {"hang": True}, "timeout"),
    ("deadline while dripping", {"drip_ms": 200}, "timeout"),
    ("deadline while dripping one body", {"drip_ms": 20, "ignore_stream": True}, "timeout"),
    ("reset", {"reset": True}, "network"),
    ("half a stream", {"half": True}, "network"),
    ("half a stream, closed properly", {"half": "clean", "no_done": True}, "network"),
    ("half a body", {"half": True, "ignore_stream": True}, "network"),
    ("html with 200", {"html": True}, "malformed_output"),
    ("text with 200", {"status": 200, "body": "hello"}, "malformed_output"),
    ("json with 200", {"status": 200, "body": {"hello": 1}}, "malformed_output"),
    ("garbage in the stream", {"garbage": True}, "malformed_output"),
    (
        "cut inside grammar JSON",
        error(500, None, "The model output does not match the expected peg-native format"),
        "truncated_output",
    ),
    ("error event, overloaded", {"error_event": {"message": "x", "type": "server_error"}}, "overloaded"),
    ("error event, rate", {"error_event": {"message": "x", "code": "rate_limit_exceeded"}}, "rate_limit"),
    ("error event with a status", {"error_event": {"message": "x", "code": 429}}, "rate_limit"),
    ("error event, nameless", {"error_event": {"message": "status 429 in my prompt"}}, "unknown"),
    (
        "error in a 200 body",
        {"status": 200, "body": {"error": {"message": "x", "code": "insufficient_quota"}}},
        "quota_exhausted",
    ),
    ("redirect", {"status": 302, "headers": {"Location": "http://127.0.0.1:1/elsewhere"}}, "unknown"),
    ("teapot that quotes the prompt", error(418, None, "you wrote: HTTP 429 rate limit"), "unknown"),
    ("conflict", error(409), "unknown"),
]


@pytest.mark.parametrize(("fault", "kind"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_failure_has_its_kind_and_costs_one_request(
    fault: dict[str, Any], kind: str, scripted: ScriptedProvider, ask: Ask
) -> None:
    scripted.script(default=fault)

    with pytest.raises(ProviderError) as raised:
        ask(call_params={"timeout_s": (1.5 if "hang" in fault else 0.3) if kind == "timeout" else 5})

    assert raised.value.kind == kind
    until(scripted.calls)
    assert len(scripted.calls()) == 1
    assert KEY not in str(raised.value)
    assert raised.value.sent
    assert not raised.value.mode_unsupported
    assert KEY not in "".join(traceback.format_exception(raised.value))


def test_a_failure_carries_status_and_request_id(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"status": 503, "headers": {"x-request-id": "req-77"}})

    with pytest.raises(ProviderError) as raised:
        ask()

    assert (raised.value.http_status, raised.value.request_id, raised.value.retryable) == (503, "req-77", True)


def test_what_came_before_a_break_is_kept(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"half": True, "text": "Once upon a time"})

    with pytest.raises(ProviderError) as raised:
        ask()

    assert raised.value.raw == "Once upo"
    assert raised.value.request_id == "req-1"


@pytest.mark.parametrize(
    ("headers", "expected_ms"),
    [
        ({"Retry-After": "2"}, 2000),
        ({"Retry-After": "0.25"}, 250),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1500),
        ({"Retry-After": "7200"}, 7_200_000),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360_000),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "6m0s"}, None),
        ({}, None),
    ],
)
def test_the_wait_a_service_asks_for_is_read_not_slept(
    headers: dict[str, str], expected_ms: int | None, scripted: ScriptedProvider, ask: Ask, slept: list[float]
) -> None:
    scripted.script(default={"status": 429, "headers": headers})

    with pytest.raises(ProviderError) as raised:
        ask()

    assert raised.value.retry_after_ms == expected_ms
    assert sum(slept) < 1


def test_a_retry_after_date_is_read(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"status": 429, "headers": {"Retry-After": formatdate(time.time() + 30, usegmt=True)}})

    with pytest.raises(ProviderError) as raised:
        ask()

    assert raised.value.retry_after_ms is not None
    assert 25_000 <= raised.value.retry_after_ms <= 30_000


# -- answers -----------------------------------------------------------------------------------------------------------


def test_a_streamed_answer_arrives_in_pieces_with_usage_and_first_token_time(
    scripted: ScriptedProvider, ask: Ask
) -> None:
    scripted.script(default={"text": "Once upon a time", "first_token_ms": 60, "drip_ms": 10})
    pieces: list[str] = []

    reply = ask(on_delta=pieces.append)

    assert reply.text == "".join(pieces) == "Once upon a time"
    assert len(pieces) > 2
    assert reply.finish_reason == "stop"
    assert reply.ttft_ms is not None
    assert reply.ttft_ms >= 55
    assert reply.usage.input
    assert reply.usage.output
    assert reply.request_id == "req-1"


def test_the_ledgers_call_id_travels_along(scripted: ScriptedProvider, ask: Ask) -> None:
    ask(call_id="call-42")

    assert scripted.calls()[0]["call_id"] == "call-42"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, Usage(10, None, 5, None)),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 3},
            },
            Usage(10, 4, 5, 3),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 6, "prompt_cache_miss_tokens": 4},
            Usage(10, 6, 5, None),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 7}, Usage(10, 7, 5, None)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": None}, Usage(10, None, 5, None)),
        ({"prompt_tokens": -1, "completion_tokens": "5"}, Usage()),
    ],
)
@pytest.mark.parametrize(
    "shape", [{}, {"ignore_stream": True}, {"choice_usage": True}], ids=["stream", "whole", "in the choice"]
)
def test_usage_is_read_in_every_dialect(
    usage: dict[str, Any], expected: Usage, shape: dict[str, Any], scripted: ScriptedProvider, ask: Ask
) -> None:
    scripted.script(default={"usage": usage, **shape})

    assert ask().usage == expected


@pytest.mark.parametrize("shape", [{}, {"ignore_stream": True}])
def test_no_usage_is_unknown_not_zero(shape: dict[str, Any], scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"no_usage": True, **shape})

    assert ask().usage == Usage()


@pytest.mark.parametrize("shape", [{}, {"ignore_stream": True}])
@pytest.mark.parametrize(
    ("fault", "text", "finish"),
    [
        ({"finish_reason": "length", "text": '{"a": '}, '{"a": ', "length"),
        ({"empty": True}, "", "stop"),
        ({"blank": True}, "  \n", "stop"),
        ({"no_choices": True}, "", "other"),
        ({"finish_reason": "tool_calls", "text": ""}, "", "other"),
        ({"no_done": True, "text": "ok"}, "ok", "stop"),
        ({"text": "nul\x00 here"}, "nul here", "stop"),
        ({"text": "中文 😀"}, "中文 😀", "stop"),
    ],
)
def test_odd_but_complete_answers_are_handed_on(
    fault: dict[str, Any], text: str, finish: str, shape: dict[str, Any], scripted: ScriptedProvider, ask: Ask
) -> None:
    scripted.script(default={**fault, **shape})

    reply = ask()

    assert (reply.text, reply.finish_reason) == (text, finish)


@pytest.mark.parametrize("choice", [None, "x", {}, {"message": "x"}, {"message": {"content": 5}, "finish_reason": 7}])
def test_a_senseless_choice_is_an_empty_answer_not_a_crash(choice: Any, scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(
        default={"status": 200, "body": {"choices": [choice], "usage": "none"}, "content_type": "application/json"}
    )

    assert (ask().text, ask().usage) == ("", Usage())


def test_an_emoji_cut_in_halves_arrives_whole(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"pieces": ["a\ud83d", "\ude00b"]})
    pieces: list[str] = []

    reply = ask(on_delta=pieces.append)

    assert reply.text == "".join(pieces) == "a😀b"


def test_a_paid_answer_survives_a_connection_that_lingers(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"text": "done", "linger_ms": 5000, "no_done": True})

    reply = ask(call_params={"timeout_s": 0.5})

    assert (reply.text, reply.finish_reason) == ("done", "stop")


def test_a_complete_answer_waits_for_no_service_that_never_ends_it(
    scripted: ScriptedProvider, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "SILENCE_S", 0.1)
    scripted.script(default={"text": "done", "linger_ms": 300_000, "no_done": True})
    began = time.monotonic()

    reply = ask(call_params={"timeout_s": 250})

    assert (reply.text, reply.finish_reason) == ("done", "stop")
    assert time.monotonic() - began < 100


# -- what is sent ------------------------------------------------------------------------------------------------------


def test_json_schema_mode_sends_a_strict_schema(scripted: ScriptedProvider, ask: Ask) -> None:
    reply = ask(mode="json_schema", schema=SCHEMA)

    sent = scripted.calls()[0]["request"]["response_format"]["json_schema"]
    assert sent["name"] == "out_put"
    assert sent["strict"] is True
    assert sent["schema"]["required"] == ["title", "order"]
    assert sent["schema"]["additionalProperties"] is False
    assert json.loads(reply.text)["order"] == 1


@pytest.mark.parametrize(("mode", "expected"), [("json_object", {"type": "json_object"}), ("plain", None)])
def test_weaker_modes_send_less(mode: str, expected: Any, scripted: ScriptedProvider, ask: Ask) -> None:
    ask("Answer in json", mode=mode, schema=SCHEMA)

    assert scripted.calls()[0]["request"].get("response_format") == expected


def test_a_refused_mode_is_told_apart_from_a_bad_request(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"reject_modes": ["json_schema", "json_object"]})

    with pytest.raises(ProviderError) as raised:
        ask(mode="json_schema", schema=SCHEMA)

    assert raised.value.mode_unsupported
    assert raised.value.kind == "bad_request"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_only_a_bad_request_steps_a_mode_down(status: int, scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default=error(status, None, "response_format json_schema is unavailable now"))

    with pytest.raises(ProviderError) as raised:
        ask(mode="json_schema", schema=SCHEMA)

    assert not raised.value.mode_unsupported


@pytest.mark.parametrize(
    "message",
    [
        "This response_format type is unavailable now",
        "'json_schema' is not supported",
        "Structured outputs are not supported",
        'Unknown name "responseSchema"',
    ],
)
def test_services_refuse_modes_in_many_words(message: str, scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default=error(400, "invalid_request_error", message))

    with pytest.raises(ProviderError) as raised:
        ask(mode="json_schema", schema=SCHEMA)

    assert raised.value.mode_unsupported


def test_params_of_the_call_win_over_the_profiles_and_unknown_ones_stay_home(
    scripted: ScriptedProvider, ask: Ask
) -> None:
    ask(params={"temperature": 0.2, "max_tokens": 100, "prices": {}}, call_params={"temperature": 0.9, "top_p": None})

    sent = scripted.calls()[0]["request"]
    assert set(sent) == {"model", "messages", "temperature", "max_tokens", "stream", "stream_options"}
    assert (sent["temperature"], sent["max_tokens"]) == (0.9, 100)


def test_openai_itself_gets_the_new_name_of_the_token_cap(make: Callable[..., OpenAICompatible]) -> None:
    provider = make(base_url="https://api.openai.com/v1", params={"max_tokens": 100})

    body = provider._body(TextRequest("m", (Message("user", "x"),), "c"))

    assert body["max_completion_tokens"] == 100
    assert "max_tokens" not in body


@pytest.mark.parametrize("refused", ["stream_options", "stream", "max_tokens"])
def test_a_refused_detail_is_left_out_of_the_next_call(refused: str, scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"reject": [refused]})
    params = {"max_tokens": 50}

    with refused_wording() as raised:
        ask(params=params)
    reply = ask(params=params)

    assert raised.value.retryable
    assert reply.text == "A short answer."
    assert len(scripted.calls()) == 2
    assert refused not in scripted.calls()[1]["request"]


def test_a_refused_value_of_the_token_cap_is_a_bad_request(scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default=error(400, None, "max_tokens must be at most 4096", param="max_tokens"))

    for _ in range(2):
        with pytest.raises(ProviderError) as raised:
            ask(params={"max_tokens": 50_000})
        assert not raised.value.adapted
        assert not raised.value.retryable


#: how OpenAI refuses what its reasoning models decide for themselves
UNSUPPORTED = {
    "name": ("unsupported_parameter", "Unsupported parameter: '{}' is not supported with this model."),
    "value": (
        "unsupported_value",
        "Unsupported value: '{}' does not support 0.2 with this model. Only the default (1) value is supported.",
    ),
}


@pytest.mark.parametrize("how", UNSUPPORTED)
@pytest.mark.parametrize("refused", ["temperature", "top_p"])
def test_a_reasoning_model_is_asked_without_sampling_after_its_first_refusal(
    how: str, refused: str, scripted: ScriptedProvider, ask: Ask
) -> None:
    code, message = UNSUPPORTED[how]
    scripted.script(nth={"1": error(400, code, message.format(refused), param=refused)})
    params = {"temperature": 0.2, "top_p": 0.9, "presence_penalty": 1, "frequency_penalty": 1, "seed": 7}

    with refused_wording():
        ask(params=params)
    ask(params=params)

    assert set(scripted.calls()[1]["request"]) == {"model", "messages", "seed", "stream", "stream_options"}


def test_a_refused_penalty_takes_no_temperature_with_it(scripted: ScriptedProvider, ask: Ask) -> None:
    code, message = UNSUPPORTED["name"]
    scripted.script(nth={"1": error(400, code, message.format("presence_penalty"), param="presence_penalty")})
    params = {"temperature": 0.2, "presence_penalty": 1}

    with refused_wording():
        ask(params=params)
    ask(params=params)

    asked = scripted.calls()[1]["request"]
    assert (asked["temperature"], "presence_penalty" in asked) == (0.2, False)


def test_a_reasoning_model_behind_a_relay_gets_the_new_name_of_the_token_cap(
    scripted: ScriptedProvider, ask: Ask
) -> None:
    said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    scripted.script(nth={"1": error(400, "unsupported_parameter", said, param="max_tokens")})

    with refused_wording():
        ask(params={"max_tokens": 50})
    ask(params={"max_tokens": 50})

    assert scripted.calls()[1]["request"]["max_completion_tokens"] == 50


@pytest.mark.parametrize(
    ("param", "message"),
    [
        ("temperature", "temperature is out of range"),
        ("temperature", "Unsupported value: 'temperature' does not support 3 with this model."),
        ("reasoning_effort", "Unsupported value: 'reasoning_effort' does not support 'minimal' with this model."),
        ("", "The model doubao-seed-1-6 does not know this: unsupported"),
    ],
)
def test_a_value_that_people_chose_is_theirs_to_change(
    param: str, message: str, scripted: ScriptedProvider, ask: Ask
) -> None:
    scripted.script(default=error(400, None, message, param=param))

    with pytest.raises(ProviderError) as raised:
        ask(params={"temperature": 3, "reasoning_effort": "minimal", "seed": 7})

    assert not raised.value.adapted
    assert (raised.value.kind, raised.value.retryable) == ("bad_request", False)


@pytest.mark.parametrize("refused", ["max_tokens", "temperature", "stream_options", "stream"])
def test_calls_refused_at_the_same_time_all_adapt(
    refused: str, scripted: ScriptedProvider, make: Callable[..., OpenAICompatible]
) -> None:
    scripted.script(default={"reject": [refused], "delay_ms": 50})

    async def both() -> list[Any]:
        provider = make(params={"max_tokens": 50, "temperature": 1})
        requests = [TextRequest("m", (Message("user", "x"),), f"call-{n}") for n in range(3)]
        found = await asyncio.gather(*(provider.text(r, lambda _: None) for r in requests), return_exceptions=True)
        again = await provider.text(requests[0], lambda _: None)
        await provider.aclose()
        return [*found, again.text]

    *refusals, text = asyncio.run(both())
    assert [r.adapted for r in refusals] == [True] * 3
    assert text == "A short answer."


def test_nothing_from_the_environment_reaches_the_service(
    monkeypatch: pytest.MonkeyPatch, scripted: ScriptedProvider, ask: Ask
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "OPENAI_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "from-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", "X-Leak: from-the-environment\nAuthorization: Bearer from-the-environment"
    )
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    ask()

    headers = scripted.calls()[0]["headers"]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert "from-the-environment" not in json.dumps(headers)


def test_a_service_without_key_gets_none_of_anybody(
    monkeypatch: pytest.MonkeyPatch, scripted: ScriptedProvider, ask: Ask
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "from-the-environment")

    ask(key=None)

    assert scripted.calls()[0]["headers"]["authorization"] == "Bearer no-key"


# -- keys, limits, cancelling ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [f"{KEY}\n", f"Bearer {KEY}", f" {KEY[:9]} \n{KEY[9:]} "])
def test_a_key_pasted_badly_still_works(key: str, scripted: ScriptedProvider, ask: Ask) -> None:
    ask(key=key)

    assert scripted.calls()[0]["headers"]["authorization"] == f"Bearer {KEY}"


def test_a_key_that_no_header_may_have_is_an_auth_failure_without_a_request(
    scripted: ScriptedProvider, ask: Ask
) -> None:
    with pytest.raises(ProviderError) as raised:
        ask(key="sk-ключ-0123456789")

    assert (raised.value.kind, raised.value.sent, raised.value.retryable) == ("auth", False, False)
    assert scripted.calls() == []


def test_a_key_echoed_by_the_service_is_shown_nowhere(
    caplog: pytest.LogCaptureFixture, scripted: ScriptedProvider, ask: Ask
) -> None:
    caplog.set_level(logging.DEBUG)
    scripted.script(default={"echo_key": True})

    with pytest.raises(ProviderError) as raised:
        ask()

    assert KEY not in f"{raised.value} {raised.value.text} {raised.value.text.params} {vars(raised.value)}"
    assert KEY not in caplog.text


def test_nobody_listening_is_a_network_failure_that_sent_nothing(ask: Ask) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]

    with pytest.raises(ProviderError) as raised:
        ask(base_url=f"http://127.0.0.1:{port}/v1")

    assert (raised.value.kind, raised.value.sent, raised.value.retryable) == ("network", False, True)


def test_a_base_url_without_scheme_is_not_worth_a_retry(ask: Ask) -> None:
    with pytest.raises(ProviderError) as raised:
        ask(base_url="ftp://127.0.0.1/v1")

    assert (raised.value.kind, raised.value.sent, raised.value.retryable) == ("network", False, False)


@pytest.mark.parametrize(
    "fault", [{}, {"ignore_stream": True}, {"status": 500, "body": "x" * 100_000}], ids=["stream", "whole", "error"]
)
def test_an_answer_beyond_the_byte_cap_is_dropped(fault: dict[str, Any], scripted: ScriptedProvider, ask: Ask) -> None:
    scripted.script(default={"text": "x" * 100_000, **fault})

    with pytest.raises(ProviderError) as raised:
        ask(most_bytes=20_000)

    assert raised.value.kind == "malformed_output"


@pytest.mark.parametrize(
    "fault",
    [{"hang": True}, {"drip_ms": 300}, {"drip_ms": 50, "ignore_stream": True}],
    ids=["waiting", "streaming", "reading"],
)
def test_cancelling_closes_the_connection_at_once(
    fault: dict[str, Any], scripted: ScriptedProvider, make: Callable[..., OpenAICompatible]
) -> None:
    scripted.script(default=fault)

    async def cancelled() -> bool:
        provider = make()
        task = asyncio.create_task(provider.text(TextRequest("m", (Message("user", "x"),), "c"), lambda _: None))
        await wait_until(lambda: bool(scripted.calls()))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # Before aclose: closing the client would close the connection anyway.
        await wait_until(lambda: scripted.calls()[0]["disconnected"])
        closed = bool(scripted.calls()[0]["disconnected"])
        await provider.aclose()
        return closed

    assert asyncio.run(cancelled())


async def wait_until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


def test_one_provider_serves_many_calls_at_once(
    scripted: ScriptedProvider, make: Callable[..., OpenAICompatible]
) -> None:
    async def many() -> list[str]:
        provider = make()
        requests = [TextRequest("m", (Message("user", f"{n}"),), f"call-{n}") for n in range(24)]
        replies = await asyncio.gather(*(provider.text(r, lambda _: None) for r in requests))
        await provider.aclose()
        return [r.text for r in replies]

    assert asyncio.run(many()) == ["A short answer."] * 24
    assert sorted(c["call_id"] for c in scripted.calls()) == sorted(f"call-{n}" for n in range(24))
    assert all(c["outcome"] == "ok" for c in scripted.calls())


def test_providers_work_in_many_threads_each_with_its_own_loop(scripted: ScriptedProvider, ask: Ask) -> None:
    threads = [threading.Thread(target=lambda: [ask() for _ in range(3)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert [c["outcome"] for c in scripted.calls()] == ["ok"] * 24


def test_closing_twice_or_unused_is_fine(make: Callable[..., OpenAICompatible]) -> None:
    async def closed() -> None:
        provider = make()
        await provider.aclose()
        await provider.aclose()

    asyncio.run(closed())


@pytest.mark.parametrize(("trust_env", "kind"), [(True, None), (False, "network")])
def test_a_proxy_of_the_environment_is_for_those_who_ask_for_it(
    trust_env: bool, kind: str | None, scripted: ScriptedProvider, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", scripted.root)
    monkeypatch.setenv("NO_PROXY", "")
    nowhere = "http://models.invalid/v1"

    if kind is None:
        assert ask(base_url=nowhere, trust_env=trust_env).text
    else:
        with pytest.raises(ProviderError) as raised:
            ask(base_url=nowhere, trust_env=trust_env)
        assert (raised.value.kind, raised.value.sent) == (kind, False)

    assert [c["path"] for c in scripted.calls()] == [f"{nowhere}/chat/completions"] * (kind is None)


def test_calls_of_one_provider_share_a_connection(
    make: Callable[..., OpenAICompatible], scripted: ScriptedProvider
) -> None:
    async def several() -> None:
        provider = make()
        for number in range(3):
            await provider.text(TextRequest("m-1", (Message("user", "x"),), f"call-{number}"), lambda _: None)
        await provider.images(ImageRequest("dall-e-3", "x", (64, 36), 1, "call-4"))
        await provider.aclose()

    asyncio.run(several())

    assert (len(scripted.calls()), len({c["peer"] for c in scripted.calls()})) == (4, 1)
