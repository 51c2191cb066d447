"""What has come in of a text answer so far, whatever the service's words for it; `take_whole` and `_take_event` know
those."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.providers import faults, thinking, wire
from workbench.providers.base import OnDelta, TextReply, Usage
from workbench.providers.counting import Tally
from workbench.providers.events import Event, read_events, sniff
from workbench.security.redact import redactor

#: how long a service may take to end a stream that it has called done
_DRAIN_S = 0.5
#: how long a complete answer waits for its usage, and for the stream to end
SILENCE_S = 15.0
#: complete, and nobody said why it ended
UNSAID = "unsaid"
#: how services say that an answer is complete, or cut off; docs/providers.md#how-an-answer-ends
FINISHES = {
    **dict.fromkeys(("stop", "eos", "eos_token", "completed", "complete", "end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(("normal", "endoftext", "stop_token"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "model_length", "max_output_tokens", "max_completion_tokens"), "length"),
    **dict.fromkeys(("model_context_window_exceeded", "token_limit", "max_output"), "length"),
    **dict.fromkeys(("tool_calls", "tool_call", "function_call", "tool_use", "steered", "max_messages"), "other"),
    UNSAID: "other",
}
#: said of an answer that goes on
NO_FINISH = ("", "null", "none")
WITHHELD = frozenset(
    (
        *("content_filter", "content_filtered", "sensitive", "safety", "repetition_filter", "refusal", "recitation"),
        *("prohibited_content", "blocklist", "spii", "guardrail_intervened"),
    )
)
#: what went wrong where an answer ends for another reason; everything else is unknown
FAILURES = {
    **dict.fromkeys(("error", "insufficient_system_resource", "network_error", "failed"), "overloaded"),
    **dict.fromkeys(("abort", "aborted", "cancelled", "interrupted"), "overloaded"),
    "rate_limit": "rate_limit",
    **dict.fromkeys(("malformed_function_call", "malformed_response"), "malformed_output"),
    **dict.fromkeys(("timeout", "time_limit"), "timeout"),
    "language": "content_filter",
}
#: where a body means to say that something failed; mere words may be a place in a queue
_EXPLICIT = frozenset(
    ("error", "errors", "Error", "base_resp", "code", "error_code", "errcode", "status_code", "Code", "success")
)


class ServiceRefused(Exception):
    """A refusal with a good status: a whole body, an event, a choice. What it means, the provider knows."""

    def __init__(self, status: int | None, body: Any) -> None:
        super().__init__("refused")
        self.status = status
        self.body = body


@dataclass
class Answer:
    """What has come in so far. `finish`: the model said it was done, whatever happens to the connection afterwards.

    `thoughts`: what it thought in a field of its own. `off`: how thinking is switched off, in the profile's settings.
    """

    model: str
    off: str = ""
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ttft_ms: int | None = None
    finish: str | None = None
    refusal: str = ""
    events: int = 0
    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    started: float = field(default_factory=time.monotonic)
    #: text came in after it: the word says nothing of when the answer ends
    _premature: bool = False

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def usage(self) -> Usage:
        return self.tally.usage(spoke=bool(self.text.strip() or self.thoughts))

    @property
    def finished(self) -> bool:
        known = (self.finish or "").lower() in FINISHES.keys() | WITHHELD
        return known and not self._premature

    def reply(self) -> TextReply:
        """The finished answer, without its thoughts. Raises ProviderError when it is none: withheld, broken off by the
        service, or thought and never said."""
        finish = (self.finish or UNSAID).strip().lower()
        if finish in WITHHELD or (self.refusal and not self.text.strip()):
            raise self._withhold()
        spoken = thinking.split(self.text)
        if finish not in FINISHES:
            raise self._fail(str(self.finish))
        if (self.thoughts or spoken.thought or self._only_counted_thoughts()) and not spoken.answer.strip():
            raise self._thought_alone(cut_off=FINISHES[finish] == "length")
        text = storable(spoken.answer)
        return TextReply(text, self.usage, self.model, FINISHES[finish], self.request_id, self.ttft_ms)

    def _only_counted_thoughts(self) -> bool:
        """Whether next to all tokens went into thoughts that nobody showed."""
        return (self.usage.reasoning or 0) > 0.9 * (self.usage.output or math.inf)

    def _withhold(self) -> ProviderError:
        message = redactor.text(storable(self.refusal or self.text))[: faults.LONGEST_MESSAGE]
        return self._error(
            "content_filter",
            Text(N_("The model refused: {message}"), message=message)
            if self.refusal
            else faults.describe_filter(faults.ANSWER, message or str(self.finish)),
        )

    def _fail(self, finish: str) -> ProviderError:
        return self._error(*read_failure(finish))

    def _thought_alone(self, *, cut_off: bool) -> ProviderError:
        off = Text(N_("Switch thinking off in the profile's settings: {setting}"), setting=self.off)
        if cut_off:
            message = N_("Thinking took all {tokens} tokens, and no answer came. Raise the output limit, or: {off}")
            return self._error("truncated_output", Text(message, tokens=self.usage.output or "?", off=off))
        return self._error("empty_output", Text(N_("The model only thought, and gave no answer. {off}"), off=off))

    def _error(self, kind: str, text: Text) -> ProviderError:
        return ProviderError(
            kind,
            text,
            http_status=200,
            request_id=self.request_id,
            raw=storable(self.text or "".join(self.thoughts)) or None,
            usage=self.usage if self.usage != Usage() else None,
        )

    def _end_stream(self, *, done: bool) -> None:
        """`done`: the stream was closed with [DONE], so it is complete even if no reason was given.

        Raises ProviderError network when it ended before the model said it was done.
        """
        self._premature = False  # it ended well, whatever was said in between
        if self.finish is None and done and self.events:
            self.finish = UNSAID
        if self.finish is None:
            ended = Text(N_("The stream ended before the answer was complete."))
            raise ProviderError("network", ended, http_status=200)

    def _first_token(self) -> None:
        if self.ttft_ms is None:
            self.ttft_ms = round((time.monotonic() - self.started) * 1000)


@dataclass
class ReadAnswer(Answer, ABC):
    """An answer that is read from its bytes."""

    #: what stood between the events, or in one that is none
    _odd: Any = None
    #: when the end was told in an event of its own, by the loop's clock: no more than the usage can follow
    _settled_at: float | None = None

    async def take(self, body: AsyncIterator[bytes], on_delta: OnDelta) -> None:
        """Read an answer to its end, streamed or whole as its first bytes show. Raises ProviderError."""
        streamed, pieces = await sniff(body)
        try:
            if streamed:
                await self._take_stream(read_events(pieces), on_delta)
                await _drain(pieces)
                return
            whole = wire.decode(b"".join([piece async for piece in pieces]))
        except UnicodeDecodeError as error:
            raise wire.not_utf8(error, self.headers) from None
        lines = split_lines(whole)
        if lines:
            await self._take_stream(lines, on_delta)
            return
        self.take_whole(whole)
        shown = thinking.split(self.text).answer
        if shown:
            on_delta(storable(shown))

    @abstractmethod
    def take_whole(self, body: str) -> None:
        """Read an answer that came in one piece. Raises ProviderError for anything that is none."""

    @abstractmethod
    def _take_event(self, event: JsonObject, joiner: Joiner) -> None:
        """Read one event of a stream."""

    @abstractmethod
    def _foreign(self, begins: str) -> ProviderError:
        """What was answered is nothing in this API's words; `begins` may be empty."""

    async def _take_stream(self, stream: AsyncIterator[Event], on_delta: OnDelta) -> None:
        joiner = Joiner(on_delta)
        done = False
        async for event in self._until_silent(stream):
            if event.done:
                done = True
                break
            value = event.value[0] if isinstance(event.value, list) and event.value else event.value
            if isinstance(value, dict):
                self._take_object(value, event.name, joiner)
            elif isinstance(value, str):
                self._odd = check_words(value, event.name)
        joiner.end()
        self._end_stream(done=done)

    async def _until_silent(self, stream: AsyncIterator[Event]) -> AsyncIterator[Event]:
        """The events of a stream; an answer that is complete waits only so long for a service to end it, however often
        that shows that it lives."""
        while True:
            try:
                async with asyncio.timeout_at(self._settled_at and self._settled_at + SILENCE_S):
                    event = await anext(stream)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if self._settled_at is None:
                    raise
                return
            yield event

    def _take_object(self, value: JsonObject, name: str, joiner: Joiner) -> None:
        if states_failure(value, name):
            self._take_usage(value)
            raise ServiceRefused(None, value)
        before = len(self.pieces), self.finish
        self._take_event(value, joiner)
        if before[1] is not None and len(self.pieces) > before[0]:
            self._premature = True
        if not self.finished or len(self.pieces) > before[0]:
            self._settled_at = None
        elif self._settled_at is None:
            self._settled_at = asyncio.get_running_loop().time()
        if self._knows(value):
            self.events += 1
            self._odd = None  # it went on: what stood in between was a sign of life
        elif faults.find_refusal(value) is not None:
            self._odd = value

    def _take_usage(self, value: JsonObject) -> None:
        self.tally.add(value.get("usage"))

    @abstractmethod
    def _knows(self, event: JsonObject) -> bool:
        """Whether an event is one of this API's."""

    def _end_stream(self, *, done: bool) -> None:
        if self.finish is None:
            if self._odd:
                raise ServiceRefused(None, self._odd)
            if not self.events:
                raise self._foreign("")
        super()._end_stream(done=done)

    def _read(self, body: str, known: frozenset[str]) -> JsonObject:
        """The JSON object of a whole answer, which has one of the `known` fields. Raises ProviderError otherwise, in
        the service's own words where it has any."""
        try:
            answer = parse_json(body)
        except ValueError:
            answer = None
        if isinstance(answer, list) and len(answer) == 1:
            answer = answer[0]
        if isinstance(answer, dict):
            answer = unwrap(answer, known)
            self._take_usage(answer)
            if faults.find_refusal(answer) is not None:
                raise ServiceRefused(200, answer)
        elif answer is None:
            refuse_words(body)
        if not isinstance(answer, dict) or not (known & answer.keys()):
            raise self._foreign(redactor.text(faults.read_refusal(body[:20_000]).message)[:200])
        return answer


#: where relays put another service's whole answer
_WRAPPERS = ("data", "output", "result", "response")


def unwrap(event: JsonObject, known: frozenset[str]) -> JsonObject:
    """An answer or event without what a relay has put around it; `known`: its own fields, one of which it has."""
    if known & event.keys():
        return event
    inner = next((w for w in map(event.get, _WRAPPERS) if isinstance(w, dict) and known & w.keys()), {})
    return {**event, **inner}


def refuse_words(body: str) -> None:
    """Raise what a few words in place of an answer mean, such as “model is loading”; a page, or half of something, is
    left to the caller."""
    words = body.strip()
    if not 0 < len(words) <= faults.LONGEST_MESSAGE or not words[0].isalpha() or re.search(r"[<{]|^null$", words):
        return
    fault = faults.fault(200, words, {})
    if fault.kind != "unknown":
        raise ServiceRefused(200, words)
    raise ProviderError("malformed_output", fault.text, http_status=200)


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read what follows [DONE], so that the connection may serve the next call, but wait for no service long."""
    with contextlib.suppress(TimeoutError, httpx2.TransportError):
        async with asyncio.timeout(_DRAIN_S):
            async for _ in pieces:
                pass


def states_failure(event: JsonObject, name: str) -> bool:
    """Whether an event of a stream says outright that something failed."""
    return name == "error" or (bool(_EXPLICIT & event.keys()) and faults.find_refusal(event) is not None)


#: the beginning of an object or a list, and no word in brackets
_HALF = re.compile(r"""\{|\[\s*(?:["{\[\d]|$)""")


def check_words(words: str, name: str) -> str:
    """Words in place of an event, which may say why the stream ends. Raises ProviderError for half an event,
    ServiceRefused where they are an error by their event's name."""
    if _HALF.match(words):
        shown = redactor.text(storable(words))[:200]
        raise ProviderError(
            "malformed_output", Text(N_("The service's answer cannot be read: {problem}"), problem=shown)
        )
    if name == "error":
        raise ServiceRefused(None, words)
    return words


def read_failure(finish: str, explanation: str = "") -> tuple[str, Text]:
    """What went wrong where an answer ended for a reason that is no good one: its kind, and the service's words."""
    said = finish.strip().lower()
    kind = faults.kind_of(None, faults.Refusal(explanation or said, (said,)))
    reason = f"{finish}: {explanation}" if explanation else finish
    return FAILURES.get(said, "unknown") if kind == "unknown" else kind, Text(
        N_("The service broke the answer off: {reason}"),
        reason=redactor.text(storable(reason))[: faults.LONGEST_MESSAGE],
    )


def split_lines(body: str) -> AsyncIterator[Event] | None:
    """The events of a body that has one JSON object on each line; None for any other."""
    lines = body.strip().splitlines()
    if len(lines) < 2 or not all(line[:1] == "{" and line.rstrip()[-1:] == "}" for line in lines if line.strip()):
        return None
    try:
        values = [parse_json(line) for line in lines if line.strip()]
    except ValueError:
        return None

    async def each() -> AsyncIterator[Event]:
        for value in values:
            yield Event(value)

    return each()


class Joiner:
    """Passes streamed pieces on as whole characters, and without thoughts: services may cut an emoji between its two
    halves."""

    def __init__(self, on_delta: OnDelta) -> None:
        self._on_delta = on_delta
        self._held = ""
        self._filter = thinking.Filter()

    def add(self, piece: str) -> None:
        piece, self._held = self._held + self._filter.add(piece), ""
        if "\ud800" <= piece[-1:] <= "\udbff":
            piece, self._held = piece[:-1], piece[-1]
        if piece:
            self._on_delta(storable(piece))

    def end(self) -> None:
        rest = self._held + self._filter.end()
        if rest:
            self._on_delta(storable(rest))
