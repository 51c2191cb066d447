"""What Gemini answers: text in chunks, its tokens, and why something was withheld. No request is made here.

Sources: docs/providers.md and https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.plain_text import storable
from workbench.providers import faults
from workbench.providers.answers import count
from workbench.providers.base import OnDelta, TextReply, Usage
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from google.genai import types

_FINISH = {"STOP": "stop", "MAX_TOKENS": "length"}
WITHHELD = ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_")


class TextAnswer:
    """What has come in of a text answer so far."""

    def __init__(self, model: str) -> None:
        self.model = model
        self.usage = Usage()
        self.pieces: list[str] = []
        self.finish: str | None = None
        self.blocked = ""
        self.request_id: str | None = None
        self.ttft_ms: int | None = None
        self.chunks = 0
        self._started = time.monotonic()

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    def take(self, chunk: types.GenerateContentResponse, on_delta: OnDelta, *, streamed: bool) -> None:
        self.chunks += 1
        self.request_id = self.request_id or request_id_of(chunk)
        usage = usage_of(chunk.usage_metadata)
        if usage != Usage():
            self.usage = usage  # every chunk has it; the last one counts
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self.blocked = enum_name(chunk.prompt_feedback.block_reason)
        for candidate in (chunk.candidates or ())[:1]:
            if candidate.finish_reason:
                self.finish = enum_name(candidate.finish_reason)
            for part in (candidate.content.parts if candidate.content else None) or ():
                if part.text and streamed and self.ttft_ms is None:
                    # a model's thoughts are its first tokens, too, though they are no part of the answer
                    self.ttft_ms = round((time.monotonic() - self._started) * 1000)
                if part.text and not part.thought:
                    self.pieces.append(part.text)
                    on_delta(storable(part.text))

    def reply(self) -> TextReply:
        """The finished answer. Raises ProviderError content_filter when it was withheld, network when it is half of
        one."""
        if not self.chunks:
            raise not_gemini("")
        if self.blocked or (self.finish or "").startswith(WITHHELD):
            part = name_blocked_part(self.blocked) if self.blocked else faults.ANSWER
            raise withheld(part, self.blocked or self.finish or "", self.usage, self.request_id)
        if self.finish is None and self.pieces:
            raise ProviderError(
                "network", Text(N_("The stream ended before the answer was complete.")), http_status=200
            )
        if self.finish is None and self.usage == Usage():
            raise not_gemini("")
        finish = _FINISH.get(self.finish or "STOP", "other")
        return TextReply(storable(self.text), self.usage, self.model, finish, self.request_id, self.ttft_ms)


def usage_of(metadata: Any) -> Usage:
    """Tokens of one answer. Thoughts are outside the candidates' count and billed as output."""
    if metadata is None:
        return Usage()
    prompt, tools = count(metadata.prompt_token_count), count(metadata.tool_use_prompt_token_count)
    candidates, thoughts = count(metadata.candidates_token_count), count(metadata.thoughts_token_count)
    return Usage(
        input=None if prompt is None else prompt + (tools or 0),
        cached=count(metadata.cached_content_token_count),
        output=None if candidates is None and thoughts is None else (candidates or 0) + (thoughts or 0),
        reasoning=thoughts,
        image_input=_count_image_tokens(metadata.prompt_tokens_details),
        image_output=_count_image_tokens(metadata.candidates_tokens_details),
    )


def request_id_of(answered: types.GenerateContentResponse) -> str | None:
    """The service's own id of the request, for its support."""
    return redactor.text(answered.response_id)[:200] if answered.response_id else None


def _count_image_tokens(details: Any) -> int | None:
    counts = [
        count(d.token_count) for d in details or () if d.modality is not None and enum_name(d.modality) == "IMAGE"
    ]
    return sum(c or 0 for c in counts) if counts else None


def name_blocked_part(reason: str) -> str:
    """What of a request is blocked for this reason."""
    return faults.GIVEN if reason == "IMAGE_SAFETY" else faults.PROMPT


def withheld(part: str, reason: str, usage: Usage, request_id: str | None) -> ProviderError:
    return ProviderError(
        "content_filter",
        faults.describe_filter(part, reason),
        http_status=200,
        request_id=request_id,
        usage=usage if usage != Usage() else None,
    )


def not_gemini(begins: str) -> ProviderError:
    return ProviderError(
        "malformed_output",
        Text(
            N_("The service answered with something else than a completion. Check the base URL. It begins: {start}"),
            start=begins,
        ),
        http_status=200,
    )


def enum_name(value: Any) -> str:
    """An enumeration's own word, also one that the SDK does not know."""
    return str(getattr(value, "value", value)).upper()
