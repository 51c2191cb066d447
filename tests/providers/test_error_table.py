"""What every service shares, whatever it is asked for: each way to fail has one kind, costs one request, and nothing
else leaves the machine.

The rows are those of docs/providers.md. A provider joins by a line in SERVICES.
"""

from __future__ import annotations

import asyncio
import functools
import re
import threading
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import httpx2
import psutil
import pytest

from tests.conftest import until
from tests.providers.conftest import KEY, SCHEMA
from tests.providers.test_openai_compatible import error
from tests.scripted_provider import ScriptedProvider
from workbench.errors import KINDS, ProviderError
from workbench.i18n import translate
from workbench.providers import registry
from workbench.providers.base import ImageRequest, Message, Profile, TextRequest, VideoRequest
from workbench.settings import Settings


@dataclass(frozen=True)
class Service:
    """One way to ask for something. `path`: where the scripted server answers like it; `call`: what is asked for."""

    name: str
    provider: str
    path: str
    params: dict[str, Any] = field(default_factory=dict)
    call: str = "text"
    model: str = "m-1"

    @property
    def before(self) -> int:
        """How many requests go well before the one that fails."""
        return 1 if self.call == "poll" else 0


SERVICES = [
    Service("chat", "openai", "/v1"),
    Service("responses", "openai", "/v1", {"api": "responses"}),
    Service("ark", "ark", "/api/v3"),
    Service("ark chat", "ark", "/api/v3", {"api": "chat"}),
]
TEXTS = SERVICES[:4]
SERVICES += [
    Service("pictures", "openai", "/v1", call="picture", model="dall-e-3"),
    Service("edits", "openai", "/v1", call="edit", model="gpt-image-1"),
    Service("seedream", "ark", "/api/v3", call="picture", model="doubao-seedream-4-5-251128"),
    Service("seedance create", "ark", "/api/v3", call="create", model="doubao-seedance-1-0-pro-250528"),
    Service("seedance poll", "ark", "/api/v3", call="poll", model="doubao-seedance-1-0-pro-250528"),
]
WHOLE = {"ignore_stream": True}

#: what the service does → kind, and the HTTP status that came with it
TABLE: list[tuple[str, dict[str, Any], str, int | None]] = [
    ("401", error(401, "invalid_api_key"), "auth", 401),
    ("401 without words", {"status": 401, "body": ""}, "auth", 401),
    ("401 ark", error(401, "AuthenticationError"), "auth", 401),
    ("402", error(402, None, "Insufficient Balance"), "quota_exhausted", 402),
    ("quota as 429", error(429, "insufficient_quota", type="insufficient_quota"), "quota_exhausted", 429),
    ("quota as 403, ark", error(403, "AccountOverdueError"), "quota_exhausted", 403),
    ("own cap as 429, ark", error(429, "SetLimitExceeded"), "quota_exhausted", 429),
    ("arrears as 400, qwen", error(400, "Arrearage", "Access denied, make sure …"), "quota_exhausted", 400),
    ("free tier as 403, qwen", error(403, "AllocationQuota.FreeTierOnly"), "quota_exhausted", 403),
    ("403", error(403), "permission", 403),
    ("403 ark", error(403, "AccessDenied"), "permission", 403),
    ("404", error(404, "model_not_found"), "not_found_model", 404),
    ("404 page", {"status": 404, "body": "<h1>Not Found</h1>", "content_type": "text/html"}, "not_found_model", 404),
    ("404 ark", error(404, "InvalidEndpointOrModel.NotFound"), "not_found_model", 404),
    ("not open, ark", error(400, "ModelNotOpen"), "not_found_model", 400),
    ("408", {"status": 408, "body": "slow"}, "timeout", 408),
    ("409", error(409), "unknown", 409),
    ("400", error(400, "invalid_request_error", "top_p is out of range", param="top_p"), "bad_request", 400),
    ("422", {"status": 422, "body": {"detail": [{"loc": ["body"], "msg": "wrong"}]}}, "bad_request", 422),
    ("context too long", error(400, "context_length_exceeded"), "context_length", 400),
    ("context too long, in words", error(400, None, "maximum context length is 8192"), "context_length", 400),
    ("429", error(429, "rate_limit_exceeded"), "rate_limit", 429),
    ("429 without words", {"status": 429, "body": ""}, "rate_limit", 429),
    ("429 ark", error(429, "RateLimitExceeded.EndpointRPMExceeded"), "rate_limit", 429),
    *[(f"{status}", {"status": status, "body": "upstream"}, "overloaded", status) for status in (500, 502, 503, 529)],
    ("filter, the question", error(400, "content_policy_violation"), "content_filter", 400),
    ("filter, the question, ark", error(400, "InputTextSensitiveContentDetected"), "content_filter", 400),
    ("filter, qwen", error(400, "data_inspection_failed", "may contain …"), "content_filter", 400),
    ("filter, the answer", {"finish_reason": "content_filter"}, "content_filter", 200),
    ("filter, the whole answer", {"finish_reason": "content_filter", **WHOLE}, "content_filter", 200),
    ("refusal", {"refusal": "I cannot help with that"}, "content_filter", 200),
    ("refusal, whole", {"refusal": "I cannot help with that", **WHOLE}, "content_filter", 200),
    ("reset", {"reset": True}, "network", None),
    ("half a stream", {"half": True}, "network", None),
    ("half a stream, closed properly", {"half": "clean"}, "network", 200),
    ("half a body", {"half": True, **WHOLE}, "network", None),
    ("never answers", {"hang": True}, "timeout", None),
    ("slow drip", {"drip_ms": 200}, "timeout", None),
    ("slow drip, whole", {"drip_ms": 80, **WHOLE}, "timeout", None),
    ("web page", {"html": True}, "malformed_output", 200),
    ("text", {"body": "hello", "content_type": "text/plain"}, "malformed_output", 200),
    ("no JSON", {"body": '{"half": ', "content_type": "application/json"}, "malformed_output", 200),
    ("a list", {"body": "[1, 2]", "content_type": "application/json"}, "malformed_output", 200),
    ("other JSON", {"body": {"hello": 1}}, "malformed_output", 200),
    ("garbage in the stream", {"garbage": True}, "malformed_output", None),
    ("nothing in the stream", {"body": "", "content_type": "text/event-stream"}, "malformed_output", 200),
    ("error in the stream", {"error_event": {"message": "x", "code": "rate_limit_exceeded"}}, "rate_limit", None),
    ("error in a 200", {"body": {"error": {"message": "x", "code": "insufficient_quota"}}}, "quota_exhausted", 200),
    *[
        (
            f"redirect {status}",
            {"status": status, "body": "", "headers": {"Location": "http://169.254.169.254/latest/meta-data/"}},
            "unknown",
            status,
        )
        for status in (301, 302, 303, 307, 308)
    ],
    ("teapot that quotes the prompt", error(418, None, "you wrote: HTTP 429 rate limit"), "unknown", 418),
]
BY_SERVICE = pytest.mark.parametrize("service", SERVICES, ids=lambda s: s.name)
BY_TEXT_SERVICE = pytest.mark.parametrize("service", TEXTS, ids=lambda s: s.name)
#: faults that only a text, or only a stream has
OF_TEXTS = frozenset(("finish_reason", "refusal", "garbage", "error_event"))
CASES = [
    pytest.param(service, fault, kind, status, id=f"{name}-{service.name}")
    for name, fault, kind, status in TABLE
    for service in SERVICES
    if service in TEXTS
    or not (OF_TEXTS & fault.keys() or "stream" in name or ("drip_ms" in fault and "ignore_stream" not in fault))
]


@pytest.fixture
def outgoing(monkeypatch: pytest.MonkeyPatch) -> list[httpx2.URL]:
    """Every request that leaves any client of this process."""
    seen: list[httpx2.URL] = []
    handle = httpx2.AsyncHTTPTransport.handle_async_request

    async def watched(transport: Any, request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url)
        return await handle(transport, request)

    monkeypatch.setattr(httpx2.AsyncHTTPTransport, "handle_async_request", watched)
    return seen


@pytest.fixture
def fail(scripted: ScriptedProvider, outgoing: list[httpx2.URL]) -> Callable[..., ProviderError]:
    """Ask once, in vain; exactly one request was made, to this server."""

    def failed(service: Service, fault: dict[str, Any], *, timeout_s: float = 5, mode: str = "plain") -> ProviderError:
        scripted.script(default={"polls": {"*": fault}} if service.call == "poll" else fault)
        with pytest.raises(ProviderError) as raised:
            asyncio.run(ask(scripted, service, timeout_s, mode))
        until(lambda: len(scripted.calls()) > service.before)
        assert len(scripted.calls()) == service.before + 1
        assert {(u.host, u.port) for u in outgoing} == {("127.0.0.1", scripted.port)}
        assert len(outgoing) == service.before + 1
        return raised.value

    return failed


def _patience(fault: dict[str, Any]) -> float:
    """Seconds: what never answers may be waited for until a busy server has looked, what drips would come to an end."""
    return 1.5 if "hang" in fault else 0.4


async def ask(scripted: ScriptedProvider, service: Service, timeout_s: float, mode: str) -> Any:
    url, model = f"{scripted.root}{service.path}", service.model
    params = {**service.params, "timeout_s": timeout_s}
    profile = Profile(1, "mine", service.provider, base_url=url, text_model=model, key=KEY, params=params)
    provider: Any = registry.make(profile, Settings())
    try:
        match service.call:
            case "text":
                schema = None if mode == "plain" else SCHEMA
                request = TextRequest(model, (Message("user", "Hello, json"),), "call-1", schema, "out", mode)  # type: ignore[arg-type]
                return await provider.text(request, lambda _: None)
            case "picture" | "edit":
                given = (b"RIFF....WEBP",) if service.call == "edit" else ()
                return await provider.images(ImageRequest(model, "a lamp", (960, 540), 7, "call-1", given))
            case _:
                task = await provider.submit(VideoRequest(model, "a lamp swings", 5, (960, 540), 7, "call-1"))
                return await provider.poll(task) if service.call == "poll" else task
    finally:
        await provider.aclose()


@pytest.mark.parametrize(("service", "fault", "kind", "status"), CASES)
def test_each_failure_has_its_kind_and_costs_one_request(
    service: Service, fault: dict[str, Any], kind: str, status: int | None, fail: Callable[..., ProviderError]
) -> None:
    made = fail(service, fault, timeout_s=_patience(fault) if kind == "timeout" and status is None else 60)

    assert (made.kind, made.http_status) == (kind, status)
    # what is no word of the service says nothing of a clip that is paid for
    passing = service.call == "poll" and kind in ("malformed_output", "unknown")
    assert made.retryable == (KINDS[kind].retryable or passing)
    assert made.sent
    assert not made.mode_unsupported
    assert KEY not in "".join(traceback.format_exception(made))


@BY_SERVICE
def test_a_redirect_is_named_not_followed(service: Service, fail: Callable[..., ProviderError]) -> None:
    made = fail(service, {"status": 307, "body": "", "headers": {"Location": "http://169.254.169.254/"}})

    assert "http://169.254.169.254/" in str(made)


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (error(400, "InputTextSensitiveContentDetected", "x"), "the prompt"),
        (error(400, "InputImageSensitiveContentDetected.PolicyViolation", "x"), "a picture of the request"),
        (error(400, "OutputTextSensitiveContentDetected", "x"), "the answer"),
        (error(400, "OutputImageSensitiveContentDetected", "x"), "the picture that was made"),
        (error(400, "OutputVideoSensitiveContentDetected", "x"), "the clip that was made"),
        (error(400, "content_filter", "x", param="prompt"), "the prompt"),
        (error(400, "content_policy_violation", "Your prompt may contain text that is not allowed"), "the prompt"),
        (error(400, "data_inspection_failed", "Input data may contain inappropriate content."), "the prompt"),
        (error(400, "data_inspection_failed", "Output data may contain inappropriate content."), "the answer"),
        (error(400, None, "Content Exists Risk"), "the prompt"),
        (error(400, "moderation_blocked", "rejected by the safety system"), "the request"),
    ],
)
def test_a_content_filter_names_the_part_it_stopped(
    fault: dict[str, Any], part: str, fail: Callable[..., ProviderError]
) -> None:
    made = fail(TEXTS[0], fault)

    assert str(made) == f"The content filter stopped {part}: {fault['body']['error']['message']}"
    assert translate(made.text, "zh").startswith("内容审核拦下了" + translate(part, "zh") + "：")
    assert translate(part, "zh") != part


@pytest.mark.parametrize("shape", [{}, WHOLE], ids=["streamed", "whole"])
@pytest.mark.parametrize("service", TEXTS, ids=lambda s: s.name)
def test_an_answer_that_was_withheld_is_named_and_counted(
    service: Service, shape: dict[str, Any], fail: Callable[..., ProviderError]
) -> None:
    made = fail(service, {"finish_reason": "content_filter", "text": "half of", **shape})

    assert str(made) == "The content filter stopped the answer: half of"
    assert made.usage is not None
    assert made.usage.output


@BY_SERVICE
@pytest.mark.parametrize(
    ("headers", "expected_ms"),
    [
        ({}, None),
        ({"Retry-After": "2"}, 2000),
        ({"Retry-After": "7200"}, 7_200_000),
        ({"Retry-After": "soon"}, None),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1500),
    ],
)
def test_the_wait_a_service_asks_for_is_read_not_slept(
    service: Service,
    headers: dict[str, str],
    expected_ms: int | None,
    fail: Callable[..., ProviderError],
    slept: list[float],
) -> None:
    made = fail(service, {"status": 429, "headers": headers})

    assert made.retry_after_ms == expected_ms
    assert sum(slept) < 1


@BY_SERVICE
def test_a_wait_may_be_told_as_a_date(service: Service, fail: Callable[..., ProviderError]) -> None:
    until = formatdate(time.time() + 30, usegmt=True)

    made = fail(service, {"status": 503, "headers": {"Retry-After": until}})

    assert made.retry_after_ms is not None
    assert 25_000 <= made.retry_after_ms <= 30_000


@BY_TEXT_SERVICE
@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
def test_a_refused_mode_is_told_apart(service: Service, mode: str, fail: Callable[..., ProviderError]) -> None:
    made = fail(service, {"reject_modes": [mode]}, mode=mode)

    assert (made.kind, made.mode_unsupported) == ("bad_request", True)


@BY_TEXT_SERVICE
@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_only_a_bad_request_steps_a_mode_down(
    service: Service, status: int, fail: Callable[..., ProviderError]
) -> None:
    fault = error(status, None, "text.format / response_format json_schema is unavailable now")

    assert not fail(service, fault, mode="json_schema").mode_unsupported


MEGABYTE = 1024 * 1024


class Watch:
    """The process's memory beyond what it had at first, at its highest."""

    highest = 0


@contextmanager
def memory() -> Iterator[Watch]:
    process, over, watch = psutil.Process(), threading.Event(), Watch()
    before = process.memory_info().rss

    def look() -> None:
        while not over.wait(0.002):
            watch.highest = max(watch.highest, process.memory_info().rss - before)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield watch
    finally:
        over.set()
        looking.join()


@functools.cache
def packed_gigabyte() -> bytes:
    """A gigabyte in one megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    piece = b"x" * MEGABYTE
    return b"".join([packer.compress(b'{"x": "'), *(packer.compress(piece) for _ in range(1024)), packer.flush()])


@BY_SERVICE
def test_a_gigabyte_is_dropped_where_the_cap_is(
    service: Service,
    fail: Callable[..., ProviderError],
    scripted: ScriptedProvider,
    outgoing: list[httpx2.URL],
) -> None:
    packed = {"body": packed_gigabyte(), "content_type": "application/json", "headers": {"Content-Encoding": "gzip"}}
    faults = {
        "endless, as it is asked for": {"huge_mb": 1024},
        "endless, in one piece": {"huge_mb": 1024, **WHOLE},
        "endless error": {"huge_mb": 1024, "status": 500},
        "packed": packed,
        "packed error": {**packed, "status": 500},
    }
    asyncio.run(ask(scripted, service, 5, "plain"))  # what is loaded once is loaded now
    told = {}
    for name, fault in faults.items():
        scripted.reset()
        outgoing.clear()
        with memory() as watch:
            made = fail(service, fault, timeout_s=30)
        assert watch.highest < 50 * MEGABYTE, name
        told[name] = (made.kind, re.findall(r"\d\d|gzip", str(made)))

    most = "36" if service.call in ("picture", "edit") else "16"
    assert told == dict(
        zip(faults, [("malformed_output", [most])] * 3 + [("malformed_output", ["gzip"])] * 2, strict=True)
    )
