"""What every model provider offers: one small protocol per capability, the same requests and replies for all.

A provider makes exactly one request to its service per call and never retries: retry, repair and stepping down
a structured-output mode belong to the engine, which writes each request into the ledger first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Mode = Literal["json_schema", "json_object", "plain"]
#: strongest first; a provider's `modes` is a tail or subset of it
MODES: tuple[Mode, ...] = ("json_schema", "json_object", "plain")


@dataclass(frozen=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True)
class Usage:
    """Tokens as the service reported them. None = not reported, which is not zero.

    `cached` is a part of `input`, `reasoning` a part of `output` (providers.md §3).
    """

    input: int | None = None
    cached: int | None = None
    output: int | None = None
    reasoning: int | None = None


@dataclass(frozen=True)
class TextRequest:
    """One text call. `schema` is a JSON Schema (the engine also embeds it in the prompt below json_schema).

    `call_id` is the ledger's unique id of this call; providers send it along where the wire format has room.
    `draft` writes the answer offline; only the sketch provider calls it.
    """

    model: str
    messages: tuple[Message, ...]
    call_id: str
    schema: dict[str, Any] | None = None
    schema_name: str = "output"
    mode: Mode = "plain"
    params: dict[str, Any] = field(default_factory=dict)
    draft: Callable[[], str] | None = None


@dataclass(frozen=True)
class TextReply:
    """`finish_reason`: stop | length | content_filter | other. `ttft_ms`: first token, None when not streamed."""

    text: str
    usage: Usage
    model: str
    finish_reason: str = "stop"
    request_id: str | None = None
    ttft_ms: int | None = None


@dataclass(frozen=True)
class TaskState:
    """A long provider task: queued and running go on; succeeded carries `output`."""

    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "expired"]
    output: dict[str, Any] | None = None
    error: str | None = None
    poll_after_ms: int = 10_000


OnDelta = Callable[[str], None]


class TextProvider(Protocol):
    """Answers text requests. `name` is what profiles call it; `modes` the structured modes worth trying, strongest first."""

    name: str
    modes: tuple[Mode, ...]

    async def text(self, request: TextRequest, on_delta: OnDelta) -> TextReply:
        """Make one request. Raises ProviderError with the exact kind; calls `on_delta` with each piece of streamed text."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


class TaskProvider(Protocol):
    """Runs long tasks (video): created once, then polled by whoever is alive."""

    async def submit(self, request: dict[str, Any]) -> str:
        """Create the task; returns the provider's task id."""
        ...

    async def poll(self, task_id: str) -> TaskState: ...

    async def cancel(self, task_id: str) -> None:
        """Cancel where the service can; silently nothing where it cannot."""
        ...


@dataclass(frozen=True)
class Profile:
    """Which service, which models, which key. `id` None is the built-in sketch. The key is plain here and only here."""

    id: int | None
    name: str
    provider: str
    base_url: str | None = None
    text_model: str = ""
    image_model: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    key: str | None = field(default=None, repr=False)
    concurrency: int | None = None
    modes: dict[str, Mode] = field(default_factory=dict)


SKETCH = Profile(id=None, name="sketch", provider="sketch", text_model="sketch-1")
