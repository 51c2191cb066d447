"""OpenAI's Responses API in text calls: how a request is worded and what its answer holds. No request is made here.

Sources: docs/providers.md; the openai SDK's types/responses. Volcengine Ark speaks the same, with fields of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers import faults
from workbench.providers.answers import UNSAID, Joiner, ReadAnswer, ServiceRefused
from workbench.providers.base import TextRequest
from workbench.providers.counting import RESPONSES, mapping
from workbench.providers.schemas import strict_schema

#: sent as they are when given; the API has no penalties, no seed and no stop
_PASSED_ON = ("temperature", "top_p")


def body(request: TextRequest, params: Mapping[str, Any]) -> JsonObject:
    """The request in the API's words; streaming is the caller's."""
    fields: JsonObject = {
        "model": request.model,
        "input": [{"role": m.role, "content": m.content} for m in request.messages],
        # Unless told so, the service keeps each answer for weeks; we never ask for one again.
        "store": False,
        **{name: params[name] for name in _PASSED_ON if params.get(name) is not None},
        **_text_format(request),
    }
    if params.get("max_tokens") is not None:
        fields["max_output_tokens"] = params["max_tokens"]
    if params.get("reasoning_effort"):
        fields["reasoning"] = {"effort": params["reasoning_effort"]}
    if params.get("extra_body"):
        fields["extra_body"] = dict(params["extra_body"])
    return fields


def _text_format(request: TextRequest) -> JsonObject:
    if request.schema is None or request.mode == "plain":
        return {}
    if request.mode == "json_object":
        return {"text": {"format": {"type": "json_object"}}}
    return {"text": {"format": {"type": "json_schema", **describe_schema(request.schema, request.schema_name)}}}


def describe_schema(schema: JsonObject, name: str) -> JsonObject:
    """A schema as both APIs want it: named, in its strict form where it has one."""
    strict = strict_schema(schema)
    short = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "output"
    return {"name": short, "schema": strict or schema, "strict": strict is not None}


_WHOLE = frozenset({"output", "status"})


@dataclass
class ResponseAnswer(ReadAnswer):
    """An answer of the Responses API. Reasoning items come before the message; only the message's output_text
    counts."""

    names = RESPONSES

    def take_whole(self, body: str) -> None:
        answer = self._read(body, _WHOLE)
        if "output" not in answer and answer.get("status") != "failed":
            raise self._foreign("")
        self._take_response(answer, http_status=200)
        self.finish = self.finish or UNSAID

    def _take_event(self, event: JsonObject, joiner: Joiner) -> None:
        kind = str(event.get("type") or "")
        delta = event.get("delta")
        match kind:
            case "response.output_text.delta" if isinstance(delta, str):
                self._first_token()
                self.pieces.append(delta)
                joiner.add(delta)
            case "response.refusal.delta" if isinstance(delta, str):
                self._first_token()
                self.refusal += delta
            case "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled":
                self._take_response(mapping(event.get("response")), kind.removeprefix("response."))
            case "error":
                raise ServiceRefused(None, event)
            case _ if kind.startswith("response.reasoning"):
                # Thoughts are the model's first tokens, too, though they are no part of the answer.
                self._first_token()
                if isinstance(delta, str) and delta.strip():
                    self.thoughts.append(delta)

    def _take_response(self, found: JsonObject, status: str = "", http_status: int | None = None) -> None:
        """Read a whole response object, the last event's or the answer itself. Raises ProviderError when it failed."""
        self.model = str(found.get("model") or self.model)
        self._take_usage(found)
        status = str(found.get("status") or status)
        if status == "failed" or faults.find_refusal(found) is not None:
            raise ServiceRefused(http_status, {"error": found.get("error") or {}})
        parts = list(_parts(found.get("output")))
        texts = [str(p.get("text") or "") for p in parts if p.get("type") == "output_text"]
        # What was streamed is told again here, complete; relays that leave it out lose nothing.
        self.pieces = texts if any(texts) else self.pieces
        self.thoughts = self.thoughts or [t for t in _thoughts(found.get("output")) if t.strip()]
        self.refusal = "".join(str(p.get("refusal") or "") for p in parts if p.get("type") == "refusal") or self.refusal
        reason = mapping(found.get("incomplete_details")).get("reason")
        self.finish = str(reason or UNSAID) if status == "incomplete" else status or "completed"

    def _knows(self, event: JsonObject) -> bool:
        return str(event.get("type") or "").startswith("response.")

    def _foreign(self, begins: str) -> ProviderError:
        message = (
            Text(
                N_("The service answered with something else than a response. Check the base URL. It begins: {start}"),
                start=begins,
            )
            if begins
            else Text(N_("The service answered, but not in the words of the Responses API. Check the base URL."))
        )
        return ProviderError("malformed_output", message, http_status=200)


def _parts(output: Any) -> Iterator[JsonObject]:
    """The content of the messages among the items."""
    for item in output if isinstance(output, list) else ():
        if isinstance(item, dict) and item.get("type") == "message" and isinstance(item.get("content"), list):
            yield from (part for part in item["content"] if isinstance(part, dict))


def _thoughts(output: Any) -> Iterator[str]:
    """What the reasoning among the items says, in full or in summary."""
    for item in output if isinstance(output, list) else ():
        if isinstance(item, dict) and item.get("type") == "reasoning":
            for parts in (item.get("summary"), item.get("content")):
                listed = parts if isinstance(parts, list) else ()
                yield from (str(part.get("text") or "") for part in listed if isinstance(part, dict))
