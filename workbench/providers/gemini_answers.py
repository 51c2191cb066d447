"""What Gemini answers: text in chunks, its tokens, and why something was withheld. No request is made here.

Sources: docs/providers.md and https://ai.google.dev/api/generate-content.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.plain_text import storable
from workbench.providers import faults, thinking
from workbench.providers.answers import UNSAID, Answer, Joiner
from workbench.providers.base import OnDelta, TextReply, Usage
from workbench.providers.counting import Tally, count
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from google.genai import types

WITHHELD = ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_", "LANGUAGE")


@dataclass
class TextAnswer(Answer):
    """An answer of generateContent: the first candidate alone counts."""

    blocked: str = ""
    image_tokens: tuple[int | None, int | None] = (None, None)

    @property
    def usage(self) -> Usage:
        image_input, image_output = self.image_tokens
        return replace(super().usage, image_input=image_input, image_output=image_output)

    def reply(self) -> TextReply:
        """The finished answer. Raises ProviderError content_filter when it was withheld."""
        if self.blocked:
            raise withheld(name_blocked_part(self.blocked), self.blocked, self.usage, self.request_id)
        if str(self.finish or "").startswith(WITHHELD):
            raise withheld(faults.ANSWER, str(self.finish), self.usage, self.request_id)
        return super().reply()

    def take_whole(self, answer: types.GenerateContentResponse, on_delta: OnDelta) -> None:
        """Read an answer that came in one piece."""
        self._take_chunk(answer)
        self.finish = self.finish or UNSAID
        shown = thinking.split(self.text).answer
        if shown:
            on_delta(storable(shown))

    def take_chunk(self, chunk: types.GenerateContentResponse, joiner: Joiner) -> None:
        """Read one piece of a stream, and show what it says."""
        before, ended = len(self.pieces), self.finish is not None
        self._take_chunk(chunk)
        if self.pieces[before:] or self.thoughts:
            # a model's thoughts are its first tokens, too, though they are no part of the answer
            self._first_token()
        if ended and self.pieces[before:]:
            self._premature = True
        for piece in self.pieces[before:]:
            joiner.add(piece)

    def end_stream(self) -> None:
        """Raises ProviderError network when the stream ended before the model said it was done."""
        if self.finish is None and not self.pieces:
            self.finish = UNSAID  # nothing was said, and nothing is missing
        self._end_stream(done=False)

    def _take_chunk(self, chunk: types.GenerateContentResponse) -> None:
        self.request_id = request_id_of(chunk) or self.request_id
        if chunk.usage_metadata is not None:
            add_usage(self.tally, chunk.usage_metadata)
            self.image_tokens = count_image_tokens(chunk.usage_metadata)
        self.blocked = block_reason_of(chunk) or self.blocked
        for candidate in (chunk.candidates or ())[:1]:
            for part in parts_of(candidate):
                if part.text:
                    (self.thoughts if part.thought else self.pieces).append(part.text)
            if candidate.finish_reason:
                self.finish = finish_of(candidate)


def parts_of(candidate: types.Candidate) -> Iterator[types.Part]:
    yield from (candidate.content.parts if candidate.content else None) or ()


def finish_of(candidate: types.Candidate) -> str:
    return _enum_name(candidate.finish_reason) if candidate.finish_reason else ""


def block_reason_of(answer: types.GenerateContentResponse) -> str:
    """Why the prompt was refused, empty when it was not."""
    feedback = answer.prompt_feedback
    return _enum_name(feedback.block_reason) if feedback is not None and feedback.block_reason else ""


def usage_of(answer: types.GenerateContentResponse, *, spoke: bool) -> Usage:
    """Tokens of a whole answer."""
    metadata = answer.usage_metadata
    if metadata is None:
        return Usage()
    tally = Tally()
    add_usage(tally, metadata)
    image_input, image_output = count_image_tokens(metadata)
    return replace(tally.usage(spoke=spoke), image_input=image_input, image_output=image_output)


def add_usage(tally: Tally, metadata: types.GenerateContentResponseUsageMetadata) -> None:
    """Thoughts are outside the candidates' count and billed as output."""
    prompt, tools = count(metadata.prompt_token_count), count(metadata.tool_use_prompt_token_count)
    candidates, thoughts = count(metadata.candidates_token_count), count(metadata.thoughts_token_count)
    tally.set("input", None if prompt is None else prompt + (tools or 0))
    tally.set("cached", count(metadata.cached_content_token_count))
    tally.set("output", None if candidates is None and thoughts is None else (candidates or 0) + (thoughts or 0))
    tally.set("reasoning", thoughts)
    tally.set("total", count(metadata.total_token_count))


def count_image_tokens(metadata: types.GenerateContentResponseUsageMetadata) -> tuple[int | None, int | None]:
    """(of the prompt, of the answer)"""
    return _sum_images(metadata.prompt_tokens_details), _sum_images(metadata.candidates_tokens_details)


def _sum_images(details: list[types.ModalityTokenCount] | None) -> int | None:
    counts = [count(d.token_count) for d in details or () if d.modality and _enum_name(d.modality) == "IMAGE"]
    return sum(c or 0 for c in counts) if counts else None


def request_id_of(answer: types.GenerateContentResponse) -> str | None:
    """The service's own id of the request, for its support."""
    return redactor.text(answer.response_id)[:200] if answer.response_id else None


def _enum_name(value: Any) -> str:
    """An enumeration's own word, also one that the SDK does not know."""
    return str(getattr(value, "value", value)).upper()


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
