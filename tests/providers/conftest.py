from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.scripted_provider import ScriptedProvider
from workbench.errors import ProviderError
from workbench.providers import lessons
from workbench.providers.base import Message, Profile, TextReply, TextRequest
from workbench.providers.openai_compatible import OpenAICompatible

KEY = "sk-canary-0123456789abcdef"
SCHEMA = {
    "type": "object",
    "properties": {"title": {"type": "string", "maxLength": 20}, "order": {"type": "integer", "minimum": 1}},
    "required": ["title"],
}

Ask = Callable[..., TextReply]


@contextmanager
def refused_wording() -> Iterator[pytest.ExceptionInfo[ProviderError]]:
    """The service refuses a detail of the wording, and the provider has learned to leave it out."""
    with pytest.raises(ProviderError) as raised:
        yield raised
    assert raised.value.adapted


@pytest.fixture(scope="session")
def server() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as running:
        yield running


@pytest.fixture
def scripted(server: ScriptedProvider) -> ScriptedProvider:
    """A scripted provider that answers well and has forgotten earlier calls; so has the provider under test."""
    server.reset()
    lessons.lessons.clear()
    return server


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were slept, or would have been: whatever asks for more than a moment goes on at once."""
    seconds: list[float] = []
    real, real_async = time.sleep, asyncio.sleep

    async def sleep_async(delay: float, *rest: Any) -> Any:
        seconds.append(delay)
        return await real_async(min(delay, 0.01), *rest)

    def sleep(delay: float) -> None:
        seconds.append(delay)
        real(min(delay, 0.01))

    monkeypatch.setattr(asyncio, "sleep", sleep_async)
    monkeypatch.setattr(time, "sleep", sleep)
    return seconds


@pytest.fixture
def make(scripted: ScriptedProvider) -> Callable[..., OpenAICompatible]:
    def made(
        *, params: dict[str, Any] | None = None, base_url: str = "", key: str | None = KEY, **more: Any
    ) -> OpenAICompatible:
        profile = Profile(
            1, "mine", "openai", base_url=base_url or scripted.url, text_model="m-1", key=key, params=params or {}
        )
        return OpenAICompatible(profile, **more)

    return made


@pytest.fixture
def ask(make: Callable[..., OpenAICompatible]) -> Ask:
    """Ask once, in a loop of its own, with `mode`, `schema`, call `params` and anything `make` takes."""

    def asked(
        prompt: str = "Hello",
        *,
        mode: str = "plain",
        schema: dict[str, Any] | None = None,
        call_params: dict[str, Any] | None = None,
        call_id: str = "call-1",
        on_delta: Callable[[str], None] = lambda _: None,
        **more: Any,
    ) -> TextReply:
        request = TextRequest("m-1", (Message("user", prompt),), call_id, schema, "out put", mode, call_params or {})  # type: ignore[arg-type]

        async def once() -> TextReply:
            provider = make(**more)
            try:
                return await provider.text(request, on_delta)
            finally:
                await provider.aclose()

        return asyncio.run(once())

    return asked
