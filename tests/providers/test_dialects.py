"""Every row of every file in workbench/providers/dialects, in the scripted server's mouth: where it says a refusal
matters to nobody."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.providers.conftest import KEY, SCHEMA
from tests.scripted_provider import ScriptedProvider
from workbench.errors import KINDS, ProviderError
from workbench.providers import catalogue, dialects
from workbench.providers.base import Message, Mode, Profile, TextReply, TextRequest
from workbench.providers.dialects import Dialect
from workbench.providers.endpoints import ENDPOINTS, Endpoint, normalise_base_url
from workbench.providers.faults import duration_s, fault, find_refusal, kind_of, read_refusal
from workbench.providers.lessons import SAMPLING, Lessons, learn, lessons
from workbench.providers.openai_compatible import OpenAICompatible

BY_DIALECT = pytest.mark.parametrize("dialect", dialects.load(), ids=lambda d: d.name)
MODEL = "m-1"
PARAMS = {
    "temperature": 0.3, "top_p": 0.9, "presence_penalty": 0.1, "frequency_penalty": 0.1, "seed": 7,
    "max_tokens": 90_000, "reasoning_effort": "low", "timeout_s": 5,
}  # fmt: skip

Place = Callable[[int, Any], dict[str, Any]]


def as_status(status: int, body: Any) -> dict[str, Any]:
    return {"status": status, "body": body if isinstance(body, str) else json.dumps(body)}


def wrapped(status: int, body: Any) -> dict[str, Any]:
    raw = body if isinstance(body, str) else json.dumps(body)
    return as_status(
        status if status >= 400 else 502,
        {"error": {"message": "Provider returned error", "code": status, "metadata": {"raw": raw}}},
    )


def quoted(status: int, body: Any) -> dict[str, Any]:
    """A JSON string within a message."""
    raw = body if isinstance(body, str) else json.dumps(body)
    return as_status(status if status >= 400 else 500, {"error": {"message": raw, "type": "upstream_error"}})


def as_body(status: int, body: Any) -> dict[str, Any]:
    return {"status": 200, "body": body if isinstance(body, str) else json.dumps(body)}


def streamed(*events: Any) -> dict[str, Any]:
    lines = "".join(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n" for event in events)
    return {"status": 200, "content_type": "text/event-stream", "body": lines + "data: [DONE]\n\n"}


def first_event(status: int, body: Any) -> dict[str, Any]:
    return streamed(body)


def amid_a_stream(status: int, body: Any) -> dict[str, Any]:
    return streamed({"choices": [{"index": 0, "delta": {"content": "Once upon"}, "finish_reason": None}]}, body)


def in_a_choice(status: int, body: Any) -> dict[str, Any]:
    error = body.get("error") if isinstance(body, dict) else None
    choice = {"index": 0, "finish_reason": "error", "message": {"content": ""}}
    return as_body(200, {"choices": [choice | {"error": error if isinstance(error, dict | str) else body}]})


#: with a status of its own; with 200
PLACES: dict[str, Place] = {"status": as_status, "a relay's metadata": wrapped, "a relay's message": quoted}
FINE_PLACES: dict[str, Place] = {
    "body": as_body, "first event": first_event, "amid a stream": amid_a_stream, "choice": in_a_choice,
}  # fmt: skip


def places_of(status: int, body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """A refusal wherever it may arrive. Plain words are none in an answer's place."""
    for name, place in PLACES.items():
        if name != "status" or status != 200:
            yield name, place(status, body)
    for name, place in FINE_PLACES.items() if isinstance(body, (dict, list)) else ():
        yield name, place(status, body)


def json_of(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def kinds_in(dialect: Dialect) -> Iterator[tuple[str, int, Any]]:
    yield from ((r.kind, r.status, json_of(r.body)) for r in (*dialect.refusals, *dialect.wrappers))


async def ask(provider: OpenAICompatible, *, mode: Mode = "plain", **params: Any) -> TextReply:
    schema = None if mode == "plain" else SCHEMA
    request = TextRequest(MODEL, (Message("user", "Hello, json"),), "call-1", schema, "out", mode, params)
    return await provider.text(request, lambda _: None)


def provider_of(scripted: ScriptedProvider, dialect: Dialect | None = None, **params: Any) -> OpenAICompatible:
    """A provider that asks the scripted server; with `dialect` it takes it for that service."""
    profile = Profile(1, "mine", "openai", base_url=scripted.url, text_model=MODEL, key=KEY, params=params)
    made = OpenAICompatible(profile)
    if dialect is not None:
        made._endpoint = Endpoint(dialect.title, (), "", dialect=dialect)
    return made


async def refused(provider: OpenAICompatible, **more: Any) -> ProviderError:
    lessons.clear()
    with pytest.raises(ProviderError) as raised:
        await ask(provider, **more)
    return raised.value


@BY_DIALECT
def test_a_refusal_is_of_its_kind_wherever_it_arrives(dialect: Dialect, scripted: ScriptedProvider) -> None:
    wrong = []

    async def run() -> None:
        provider = provider_of(scripted, dialect, timeout_s=60)
        for kind, status, body in kinds_in(dialect):
            for name, given in places_of(status, body):
                scripted.script(default=given)
                made = await refused(provider)
                if (made.kind, made.retryable) != (kind, KINDS[kind].retryable):
                    wrong.append((name, kind, made.kind, str(made)[:160]))
        await provider.aclose()

    asyncio.run(run())
    assert wrong == []


@BY_DIALECT
def test_anybody_may_pass_a_refusal_on(dialect: Dialect) -> None:
    """At a host that is not theirs; a bare number is its own service's alone, or its models'."""
    for row in dialect.refusals:
        if row.words is None and all(code.isdecimal() for code in row.codes) and not row.weak:
            continue
        for place in PLACES.values():
            given = place(row.status, json_of(row.body))
            assert fault(given["status"], given["body"], {}).kind == row.kind


@pytest.mark.parametrize(
    ("code", "model", "kind"),
    [
        ("1113", "zai-org/GLM-4.6", "quota_exhausted"),
        ("1113", "gpt-5", "unknown"),
        ("1000", "mistral-large", "unknown"),
        ("1301", "m-1", "unknown"),
    ],
)
def test_a_number_is_a_code_of_its_own_service_alone(code: str, model: str, kind: str) -> None:
    assert fault(409, {"error": {"message": "no", "code": code}}, {}, model=model).kind == kind


@BY_DIALECT
def test_a_refused_schema_steps_a_mode_down(dialect: Dialect, scripted: ScriptedProvider) -> None:
    wrong = []

    async def run() -> None:
        provider = provider_of(scripted, timeout_s=60)
        for row in dialect.schemas:
            for name, given in places_of(row.status, json_of(row.body)):
                scripted.script(default=given)
                made = await refused(provider, mode="json_schema")
                if (made.kind, made.mode_unsupported) != ("bad_request", True):
                    wrong.append((name, made.kind, str(made)[:160]))
        await provider.aclose()

    asyncio.run(run())
    assert wrong == []


@BY_DIALECT
def test_a_refused_parameter_is_left_out_of_the_next_request(dialect: Dialect, scripted: ScriptedProvider) -> None:
    wrong = []

    async def run() -> None:
        provider = provider_of(scripted, **PARAMS)
        for row in dialect.parameters:
            for name, given in places_of(row.status, json_of(row.body)):
                scripted.reset()
                scripted.script(nth={"1": given})
                made = await refused(provider)
                await ask(provider)
                first, second = (call["request"] for call in scripted.calls())
                changed = {k for k in first if k not in second} | {k for k in second if first.get(k) != second[k]}
                if not made.adapted or (row.names or next(iter(row.sends))) not in changed:
                    wrong.append((name, row.names, made.adapted, sorted(changed), str(made)[:160]))
        await provider.aclose()

    asyncio.run(run())
    assert wrong == []


@BY_DIALECT
def test_a_wait_in_words_is_kept_to(dialect: Dialect) -> None:
    for row in dialect.waits:
        assert fault(429, row.body, {}).retry_after_ms == -(-row.seconds * 1000 // 1)


@BY_DIALECT
def test_what_is_no_service_says_to_check_the_base_url(dialect: Dialect) -> None:
    for row in dialect.no_service:
        assert "Check the base URL" in str(fault(row.status, row.body, {}))


@BY_DIALECT
def test_each_fact_has_its_source(dialect: Dialect) -> None:
    rows = [
        *dialect.addresses, *dialect.refusals, *dialect.wrappers, *dialect.no_service, *dialect.parameters,
        *dialect.schemas, *dialect.waits, *dialect.usages, *dialect.limits,
    ]  # fmt: skip
    assert rows
    for row in rows:
        assert re.match(r"https://[\w.-]+/", row.source)
    for row in (*dialect.refusals, *dialect.schemas, *dialect.parameters):
        assert row.body
        assert row.words is not None or getattr(row, "codes", ())


def test_no_two_services_mean_different_things_by_one_code() -> None:
    meant: dict[str, set[str]] = {}
    for row in (r for d in dialects.load() for r in d.refusals if r.words is None and not r.weak):
        for code in row.codes:
            meant.setdefault(code, set()).add(row.kind)

    assert {code: kinds for code, kinds in meant.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda e: e.title)
def test_a_bare_host_becomes_what_its_service_serves(endpoint: Any) -> None:
    for host in (h for h in endpoint.hosts if "*" not in h and h not in ("::1", "0.0.0.0")):
        path = (
            endpoint.base_url.partition("://")[2].partition("/")[1]
            + endpoint.base_url.partition("://")[2].partition("/")[2]
        )
        scheme = "http" if endpoint.local else "https"
        assert normalise_base_url(host) == f"{scheme}://{host}{path}"
        assert normalise_base_url(f"https://{host}/chat/completions") == f"https://{host}{path}"


def test_the_catalogue_in_the_page_of_models_is_up_to_date() -> None:
    assert catalogue.main(["--check"]) == 0


def test_a_file_that_is_no_dialect_is_named() -> None:
    with pytest.raises(ValueError, match=r"providers/dialects/mine.toml: .*kind_of"):
        dialects.read_dialect("mine", 'title = "x"\n[[refusal]]\nkind_of = "auth"')
    with pytest.raises(ValueError, match=r"providers/dialects/mine.toml: unknown: refusals; known: title, "):
        dialects.read_dialect("mine", 'title = "x"\n[[refusals]]\nkind = "auth"')
    with pytest.raises(ValueError, match=r"providers/dialects/mine\.toml"):
        dialects.read_dialect("mine", "title = ")


# -- further refusals, which no row was written for --------------------------------------------------------------------

FURTHER: list[tuple[int | None, Any, str]] = [
    (403, {"error": {"message": "Your credit balance is too low to access this API."}}, "quota_exhausted"),
    (200, {"code": 402, "msg": "账户余额不足，请充值后再试"}, "quota_exhausted"),
    (429, {"error_code": 18, "error_msg": "Open api qps request limit reached"}, "rate_limit"),
    (200, {"error": "model is loading"}, "overloaded"),
    (200, {"error": "Model Qwen/Qwen3 is currently loading", "estimated_time": 20.0}, "overloaded"),
    (200, {"header": {"code": 11200, "message": "auth failed: invalid api key", "sid": "x"}}, "auth"),
    (None, {"code": 20012, "message": "Model does not exist.", "data": None}, "not_found_model"),
    (500, {"error": {"message": "maximum context length is 8192 tokens.", "type": "server_error"}}, "context_length"),
    (400, {"error": {"message": "{'error': {'message': 'Insufficient Balance', 'code': 'x'}}"}}, "quota_exhausted"),
    (503, {"errors": {"message": "Too many requests"}, "request_id": "1"}, "rate_limit"),
    (429, {"detail": "Rate limit exceeded"}, "rate_limit"),
    (413, "<html><head><title>413 Request Entity Too Large</title></head></html>", "context_length"),
    (405, "<html><head><title>405 Not Allowed</title></head></html>", "not_found_model"),
    (424, {"error": {"message": "upstream dependency failed"}}, "overloaded"),
    (499, "", "timeout"),
    (525, "<html><head><title>SSL handshake failed</title></head></html>", "overloaded"),
    (530, "error code: 1033", "overloaded"),
    (502, {"error": {"metadata": {"raw": {"error": {"code": "insufficient_quota"}}}}}, "quota_exhausted"),
    (200, {"error": {"code": 40001, "message": "the moon is in the wrong house"}}, "unknown"),
    (418, {"error": {"message": "you wrote: HTTP 429 rate limit, insufficient balance"}}, "unknown"),
    (400, {"Response": {"Error": {"Code": "InvalidParameter", "Message": "top_p wrong"}}}, "bad_request"),
    # no row was written for these either
    (
        400,
        {"error": {"message": "Input length 131393 exceeds the maximum allowed input length of 131040."}},
        "context_length",
    ),
    (
        400,
        {"error": {"message": "the sum of prompt length (4000) and max_tokens (200) should not exceed max_num_tokens"}},
        "context_length",
    ),
    (400, {"error": {"message": "Invalid argument: input token limit is 202752, you sent 300000"}}, "context_length"),
    (422, {"error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097."}, "context_length"),
    (
        400,
        {"error": {"message": "<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]"}},
        "bad_request",
    ),
    (
        412,
        {"error": {"message": "Account x is suspended, possibly due to reaching the monthly spending limit"}},
        "quota_exhausted",
    ),
    (
        403,
        {"error": {"message": "Key limit exceeded (total limit). Manage it using settings/keys", "code": 403}},
        "quota_exhausted",
    ),
    (
        403,
        {"error": {"message": "This API method requires billing to be enabled.", "status": "PERMISSION_DENIED"}},
        "quota_exhausted",
    ),
    (429, {"error": {"message": "Rate limit exceeded: free-models-per-min. ", "code": 429}}, "rate_limit"),
    (429, {"message": "Too many tokens, please wait before trying again."}, "rate_limit"),
    (403, {"error": {"message": "Method doesn't allow unregistered callers.", "status": "PERMISSION_DENIED"}}, "auth"),
    (200, {"code": 1001, "message": "Authorization header is missing"}, "auth"),
    (403, {"error": {"message": "User location is not supported.", "status": "PERMISSION_DENIED"}}, "permission"),
    (
        410,
        {"error": {"message": "The model `claude-2` was retired", "type": "invalid_request_error"}},
        "not_found_model",
    ),
    (400, {"error": "No models loaded. Please load a model in the developer page."}, "not_found_model"),
    (200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}, "not_found_model"),
    (200, {"code": 50001, "msg": "当前服务集群负载较高，请稍后重试。"}, "overloaded"),
    (200, {"header": {"code": 10013, "message": "input content audit failed"}}, "content_filter"),
    (400, {"error": {"message": "PROHIBITED_CONTENT: request blocked by Gemini API"}}, "content_filter"),
    (
        400,
        {"error": {"message": "bad response status code 503 (request id: 2)", "code": "bad_response_status_code"}},
        "overloaded",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind"), FURTHER)
def test_further_refusals_are_read_by_the_same_rules(status: int | None, body: Any, kind: str) -> None:
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    assert kind_of(status, read_refusal(text)) == kind
    assert fault(status, text, {}).kind == kind


def test_an_unknown_refusal_shows_the_services_own_words_code_and_status() -> None:
    said = str(fault(409, {"error": {"message": "the moon is in the wrong house", "code": "moon_phase"}}, {}))

    assert said == "The service answered 409: the moon is in the wrong house (moon_phase)"
    assert "moon_phase" in str(fault(200, {"code": "moon_phase", "msg": "wrong house"}, {}))


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": {"content": "x"}}], "base_resp": {"status_code": 0, "status_msg": "success"}},
        {"choices": [{"message": {"content": "x"}}], "error": None, "code": 0, "msg": "ok"},
        {"data": [{"b64_json": "x"}], "code": 0, "message": "success"},
        {"choices": [], "usage": {"total_tokens": 1}},
        {"id": "cgt-1"},
        {"id": "1", "status": "succeeded", "error": None},
        {"hello": 1},
        [],
        None,
    ],
)
def test_an_answer_is_no_refusal(body: Any) -> None:
    assert find_refusal(body) is None


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "x"}},
        {"error": "x"},
        {"choices": [{"delta": {}}], "error": {"message": "x"}},
        {"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}},
        {"code": 500, "msg": "x", "data": None},
        {"object": "error", "message": "x"},
        {"detail": "x"},
        [{"error": {"message": "x"}}],
        {"success": False, "message": "x"},
        {"errors": [{"message": "x"}]},
        {"status_code": 400, "message": "x"},
    ],
)
def test_a_refusal_is_found_in_whatever_shape_it_comes(body: Any) -> None:
    found = find_refusal(body)
    assert found is not None
    assert found.message in ("x", "insufficient balance")


@pytest.mark.parametrize("echo", ["'{}'", "you wrote: {}", "“{}…”"])
def test_what_a_refusal_quotes_of_the_prompt_is_not_the_services_word(echo: str) -> None:
    prompt = "He said: insufficient balance.\nToo many requests, and the API key is invalid."
    quoted = echo.format(" ".join(prompt.split())[: 60 if "…" in echo else None])
    body = {"error": {"message": f"messages[0] has a wrong form: {quoted}"}}

    assert fault(400, body, {}, asked=prompt).kind == "bad_request"


@pytest.mark.parametrize("status", ["429", "RESOURCE_EXHAUSTED", None, 4.5, True])
def test_a_status_of_any_type_is_no_fault_of_ours(status: Any) -> None:
    assert fault(status, {"error": {"message": "Too many requests"}}, {}).kind == "rate_limit"


@pytest.mark.parametrize(
    ("said", "ms"),
    [
        ("Please try again in 2.5s.", 2_500),
        ("Please try again in 6m0s.", 360_000),
        ("please try again after 1 seconds", 1_000),
        ("Please retry after 26 seconds.", 26_000),
        ("Rate limit reached. Try again in 1 minute", 60_000),
        ("请求过于频繁，请 5 秒后再试", 5_000),
        ("try again in 20ms", 20),
        ("请 1 分 30 秒后重试", 90_000),
        ("quota will reset after 2h15m", 8_100_000),
        ("Please try again in 2 days.", 172_800_000),
        ("Please try again later", None),
        ("Try again at 14:00", None),
        ("try again in a while", None),
    ],
)
def test_a_wait_is_read_from_the_words_of_a_refusal(said: str, ms: int | None) -> None:
    assert fault(429, {"error": {"message": said}}, {}).retry_after_ms == ms


@pytest.mark.parametrize(
    ("said", "seconds"), [("7s", 7), ("6m0s", 360), ("1h2m", 3720), ("20ms", 0.02), ("soon", None), ("7", None)]
)
def test_durations(said: str, seconds: float | None) -> None:
    assert duration_s(said) == seconds


@pytest.mark.parametrize(
    ("status", "said", "refused"),
    [
        (400, 'Grammar error: Unimplemented keys: ["uniqueItems"]', True),
        (400, "The provided JSON schema is not supported by guidance", True),
        (400, "output_config.format.schema: For 'array' type, property 'maxItems' is not supported", True),
        (400, "compiled grammar is too large", True),
        (400, "response_format.type参数非法", True),
        (400, 'Either "json_schema" or "grammar" can be specified, but not both', True),
        (500, "This response_format type is unavailable now (request id: 2)", True),
        (502, "response_format is not supported", True),
        (501, "structured output is not implemented", True),
        (503, "json_schema service temporarily unavailable", False),
        (500, "The server had an error", False),
        (429, "response_format rate limited", False),
        (400, "invalid temperature", False),
    ],
)
def test_a_refused_schema_is_told_from_a_service_that_is_down(status: int, said: str, refused: bool) -> None:
    assert fault(status, {"error": {"message": said}}, {}, structured=True).mode_unsupported is refused


@pytest.mark.parametrize(
    ("said", "left_out"),
    [
        ("do not support parameter: seed", {"seed"}),
        ("property 'reasoning_effort' is unsupported", {"reasoning_effort"}),
        ("presence_penalty and frequency_penalty cannot both be set", {"frequency_penalty"}),
        ("`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled", set(SAMPLING)),
        ("不支持参数 temperature", set(SAMPLING)),
        ("temperature: Input should be less than or equal to 2", set()),
        ("seed-oss is overloaded by unexpected requests", set()),
    ],
)
def test_a_parameter_is_left_out_where_it_is_refused_whatever_its_value(said: str, left_out: set[str]) -> None:
    known = Lessons()
    assert learn(known, read_refusal({"error": {"message": said}}), PARAMS) is bool(left_out)
    assert known.left_out == left_out


def test_two_exclusive_parameters_leave_the_first(scripted: ScriptedProvider) -> None:
    words = "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    scripted.script(nth={"1": as_status(400, {"error": {"message": words, "type": "invalid_request_error"}})})

    async def run() -> None:
        provider = provider_of(scripted, temperature=0.2, top_p=0.5)
        assert (await refused(provider)).adapted
        await ask(provider)
        await provider.aclose()

    asyncio.run(run())
    asked = scripted.calls()[1]["request"]
    assert (asked.get("temperature"), "top_p" in asked) == (0.2, False)
