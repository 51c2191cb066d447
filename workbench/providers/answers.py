"""What has come in of a text answer so far, whatever the service's words for it; `take_whole` and `_take_event` know
those."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.providers import faults
from workbench.providers.base import OnDelta, TextReply, Usage
from workbench.security.redact import redactor

FINISHES = {
    "stop": "stop",
    "eos": "stop",
    "completed": "stop",
    **dict.fromkeys(("length", "max_tokens", "model_length", "max_output_tokens"), "length"),
}
#: more tokens or pictures no call has; the ledger's columns hold no more
MOST_COUNT = 2**31 - 1
WITHHELD = frozenset({"content_filter", "sensitive", "safety", "repetition_filter"})


@dataclass
class Answer(ABC):
    """What has come in so far. `finish`: the model said it was done, whatever happens to the connection afterwards."""

    model: str
    usage: Usage = field(default_factory=Usage)
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ttft_ms: int | None = None
    finish: str | None = None
    refusal: str = ""
    events: int = 0
    pieces: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def finished(self) -> bool:
        return self.finish is not None

    def reply(self) -> TextReply:
        """The finished answer. Raises ProviderError content_filter when the service withheld it."""
        text = storable(self.text)
        if self.finish in WITHHELD or (self.refusal and not text.strip()):
            message = redactor.text(storable(self.refusal or text))[: faults.LONGEST_MESSAGE]
            raise ProviderError(
                "content_filter",
                Text(N_("The model refused: {message}"), message=message)
                if self.refusal
                else faults.describe_filter(faults.ANSWER, message or str(self.finish)),
                http_status=200,
                request_id=self.request_id,
                raw=text or None,
                usage=self.usage if self.usage != Usage() else None,
            )
        finish = FINISHES.get(self.finish or "", "other")
        return TextReply(text, self.usage, self.model, finish, self.request_id, self.ttft_ms)

    # -- coming in -----------------------------------------------------------------------------------------------------

    @abstractmethod
    def take_whole(self, body: str) -> None:
        """Read an answer that came in one piece. Raises ProviderError for anything that is none."""

    @abstractmethod
    def _take_event(self, event: JsonObject, joiner: Joiner) -> None:
        """Read one event of a stream."""

    @abstractmethod
    def _foreign(self, begins: str) -> ProviderError:
        """What was answered is nothing in this API's words; `begins` may be empty."""

    async def take_stream(self, stream: AsyncIterator[Any], on_delta: OnDelta) -> None:
        """Read a stream to its end."""
        joiner = Joiner(on_delta)
        async for event in stream:
            if isinstance(event, dict):
                self.events += 1
                self._take_event(event, joiner)
        joiner.end()

    def end_stream(self, *, done: bool) -> None:
        """`done`: the stream was closed with [DONE], so it is complete even if no reason was given.

        Raises ProviderError network when it ended before the model said it was done.
        """
        if self.finished:
            return
        if done and self.events:
            self.finish = "other"
            return
        if not self.events:
            raise self._foreign("")
        raise ProviderError("network", Text(N_("The stream ended before the answer was complete.")), http_status=200)

    def _read(self, body: str, known: frozenset[str]) -> JsonObject:
        """The JSON object of a whole answer, which has one of the `known` fields. Raises ProviderError otherwise."""
        try:
            answer = parse_json(body)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or not (known & answer.keys()):
            raise self._foreign(redactor.text(faults.read_refusal(body[:20_000]).message)[:200])
        return answer

    def _first_token(self) -> None:
        if self.ttft_ms is None:
            self.ttft_ms = round((time.monotonic() - self.started) * 1000)

    def _take_usage(self, usage: Usage) -> None:
        """The last usage wins; empty ones say nothing."""
        if usage != Usage():
            self.usage = usage


class Joiner:
    """Passes streamed pieces on as whole characters: services may cut an emoji between its two halves."""

    def __init__(self, on_delta: OnDelta) -> None:
        self._on_delta = on_delta
        self._held = ""

    def add(self, piece: str) -> None:
        piece, self._held = self._held + piece, ""
        if "\ud800" <= piece[-1:] <= "\udbff":
            piece, self._held = piece[:-1], piece[-1]
        if piece:
            self._on_delta(storable(piece))

    def end(self) -> None:
        if self._held:
            self._on_delta(storable(self._held))


def mapping(found: Any) -> JsonObject:
    """The object that should be there, an empty one otherwise."""
    return found if isinstance(found, dict) else {}


def count(value: Any) -> int | None:
    """A count as reported; anything senseless is None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_COUNT else None
