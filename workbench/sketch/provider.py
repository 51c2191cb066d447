"""The offline provider: it calls the workflow's own `draft` and `draw`, and hands out what they make. Nothing leaves
the machine.

It is deterministic. Settings.simulate adds latency and failures, so that dashboards and retries can be tried out.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.errors import InvalidInput, Issue, ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers.base import (
    MODES,
    SKETCH_MODEL,
    GeneratedMedia,
    ImageProvider,
    ImageReply,
    ImageRequest,
    Mode,
    OnDelta,
    Profile,
    TaskState,
    TextProvider,
    TextReply,
    TextRequest,
    Usage,
    VideoProvider,
    VideoRequest,
    estimate_tokens,
)
from workbench.providers.references import ReferenceLimits

if TYPE_CHECKING:
    from workbench.settings import Settings

MODEL = SKETCH_MODEL
#: a draft is streamed in about this many pieces
PIECES = 24


@dataclass(frozen=True)
class Simulation:
    """What REELWRIGHT_SIMULATE asks for. `latency_ms` per call; `failure_rate` 0–1 of calls fail in some way."""

    latency_ms: float = 0
    failure_rate: float = 0

    @classmethod
    def parse(cls, text: str) -> Simulation:
        """Read ``latency_ms=800,failure_rate=0.2``; raises InvalidInput naming what is unknown or out of range."""
        values: dict[str, float] = {}
        for pair in filter(None, (p.strip() for p in text.split(","))):
            name, _, number = (part.strip() for part in pair.partition("="))
            try:
                values[name] = float(number)
            except ValueError:
                raise _bad(pair) from None
        known = {"latency_ms": 600_000.0, "failure_rate": 1.0}
        for name, value in values.items():
            if name not in known or not 0 <= value <= known[name]:
                raise _bad(f"{name}={value:g}")
        return cls(**values)


def _bad(pair: str) -> InvalidInput:
    message = Text(
        N_("REELWRIGHT_SIMULATE: {pair} is not understood. Allowed: latency_ms=0…600000 and failure_rate=0…1."),
        pair=pair,
    )
    return InvalidInput(message, [Issue("simulate", message)])


def make(profile: Profile, settings: Settings) -> Sketch:
    """The provider for a profile; the profile's own name does not matter here."""
    return Sketch(Simulation.parse(settings.simulate))


class Sketch(TextProvider, ImageProvider, VideoProvider):
    """A provider of everything without a service behind it."""

    name = "sketch"
    free = True
    modes: tuple[Mode, ...] = MODES

    def __init__(self, simulation: Simulation | None = None) -> None:
        self._simulation = simulation or Simulation()

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        """Stream the workflow's own draft. Raises ProviderError when the workflow has none, or as simulated."""
        if request.draft is None:
            raise ProviderError(
                "bad_request", Text(N_("This workflow cannot be drafted offline. Choose a model profile.")), sent=False
            )
        started = time.monotonic()
        failure = simulate_failure(request, self._simulation.failure_rate)
        if failure is not None and failure.kind != "malformed_output":
            await asyncio.sleep(self._simulation.latency_ms / 2000)
            raise failure
        text = request.draft()
        ttft_ms = await self._stream(text, on_delta, started)
        usage = Usage(
            input=sum(estimate_tokens(m.content) for m in request.messages),
            cached=0,
            output=estimate_tokens(text),
            reasoning=0,
        )
        if failure is not None:
            failure.raw, failure.usage = text[: len(text) // 2], usage
            raise failure
        return TextReply(text, usage, MODEL, request_id=f"sketch-{request.call_id[:12]}", ttft_ms=ttft_ms)

    async def _stream(self, text: str, on_delta: OnDelta, started: float) -> int:
        """Hand the text over piece by piece; returns the milliseconds until the first. Each pause can be cancelled."""
        first_ms = 0
        size = max(1, -(-len(text) // PIECES))
        starts = range(0, len(text), size)
        for at in starts:
            await asyncio.sleep(self._simulation.latency_ms / 1000 / len(starts))
            if at == 0:
                first_ms = round((time.monotonic() - started) * 1000)
            on_delta(text[at : at + size])
        return first_ms

    async def images(self, request: ImageRequest) -> ImageReply:
        """The workflow's own drawing. Raises ProviderError when it has none, or as simulated."""
        data = await self._draw(request)
        return ImageReply(
            (GeneratedMedia(data),), Usage(0, 0, 0, 0), MODEL, count=1, request_id=f"sketch-{request.call_id[:12]}"
        )

    def picture_references(self, model: str, params: JsonObject) -> ReferenceLimits:
        """As many as a workflow brings: it draws from them itself."""
        return ReferenceLimits(most=16)

    async def submit(self, request: VideoRequest) -> GeneratedMedia:
        """The workflow's own clip, at once. Raises ProviderError when it has none, or as simulated."""
        return GeneratedMedia(await self._draw(request))

    async def poll(self, task_id: str) -> TaskState:
        """There is never a task to ask about."""
        return TaskState("expired")

    async def cancel(self, task_id: str) -> None:
        """Nothing to cancel."""

    async def _draw(self, request: ImageRequest | VideoRequest) -> bytes:
        if request.draw is None:
            raise ProviderError(
                "bad_request", Text(N_("This workflow cannot be drawn offline. Choose a model profile.")), sent=False
            )
        failure = simulate_failure(request, self._simulation.failure_rate)
        await asyncio.sleep(self._simulation.latency_ms / (2000 if failure else 1000))
        if failure is not None:
            raise failure
        # Drawing is work for the processor: other jobs' calls on this loop go on meanwhile, and a cancel is heard.
        return await asyncio.to_thread(request.draw)


def simulate_failure(request: TextRequest | ImageRequest | VideoRequest, rate: float) -> ProviderError | None:
    """The failure that this call gets, or None. It depends on the call's id alone, so a retry has a new chance."""
    number = int.from_bytes(hashlib.sha256(request.call_id.encode()).digest()[:8], "big")
    if number % 1_000_000 >= rate * 1_000_000:
        return None
    failures = (
        ProviderError("overloaded", Text(N_("Simulated: the service is overloaded.")), http_status=503),
        ProviderError("rate_limit", Text(N_("Simulated: too many requests.")), http_status=429, retry_after_ms=1500),
        ProviderError("timeout", Text(N_("Simulated: no answer in time."))),
        ProviderError("network", Text(N_("Simulated: the connection broke.")), sent=False),
        ProviderError("malformed_output", Text(N_("Simulated: the answer broke off in the middle.")), http_status=200),
        ProviderError("content_filter", Text(N_("Simulated: the content filter refused the prompt.")), http_status=400),
    )
    return failures[number // 1_000_000 % len(failures)]
