"""Every failure of Gemini by its kind, and what a cancelled or hostile call costs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import until
from tests.providers.conftest import KEY
from tests.providers.gemini.asking import CALLS, ask, png, run
from tests.providers.test_error_table import MEGABYTE, memory, packed_gigabyte
from tests.scripted_gemini import ScriptedGemini
from workbench.errors import KINDS, ProviderError
from workbench.providers.base import (
    Message,
    TextRequest,
)
from workbench.providers.gemini import Gemini


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


#: a whole answer has no end of its own
CASES = [(n, c) for n in FAILURES for c in CALLS if c == "stream" or n not in ("no end", "nothing")]


@pytest.mark.parametrize(("name", "call"), CASES)
def test_each_failure_has_its_kind_and_costs_one_request(
    name: str, call: str, server: ScriptedGemini, gemini: Callable[..., Gemini]
) -> None:
    fault, kind = FAILURES[name]
    server.script(fault)
    with pytest.raises(ProviderError) as failed:
        run(gemini(timeout_s=1.5 if kind == "timeout" and "status" not in fault else 60), CALLS[call])
    assert failed.value.kind == kind, str(failed.value)
    # whoever gives up waiting may do so before the server has looked
    until(lambda: server.calls)
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
