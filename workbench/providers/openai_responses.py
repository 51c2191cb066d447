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
from workbench.providers.answers import Answer, Joiner, count, mapping
from workbench.providers.base import TextRequest, Usage
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


_WHOLE = frozenset({"output", "error", "status"})


@dataclass
class ResponseAnswer(Answer):
    """An answer of the Responses API. Reasoning items come before the message; only the message's output_text
    counts."""

    def take_whole(self, body: str) -> None:
        answer = self._read(body, _WHOLE)
        if not ({"output", "error"} & answer.keys()):
            raise self._foreign("")
        self._take_response(answer, http_status=200)
        self.finish = self.finish or "other"

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
            case "response.completed" | "response.incomplete" | "response.failed":
                self._take_response(mapping(event.get("response")), kind.removeprefix("response."))
            case "error":
                raise faults.fault(None, event, self.headers)
            case _ if kind.startswith("response.reasoning"):
                # Thoughts are the model's first tokens, too, though they are no part of the answer.
                self._first_token()

    def _take_response(self, found: JsonObject, status: str = "", http_status: int | None = None) -> None:
        """Read a whole response object, the last event's or the answer itself. Raises ProviderError when it failed."""
        self.model = str(found.get("model") or self.model)
        self._take_usage(read_usage(found.get("usage")))
        status = str(found.get("status") or status)
        if status == "failed" or (found.get("error") and not found.get("output")):
            raise faults.fault(http_status, {"error": found.get("error") or {}}, self.headers)
        parts = list(_parts(found.get("output")))
        texts = [str(p.get("text") or "") for p in parts if p.get("type") == "output_text"]
        # What was streamed is told again here, complete; relays that leave it out lose nothing.
        self.pieces = texts if any(texts) else self.pieces
        self.refusal = "".join(str(p.get("refusal") or "") for p in parts if p.get("type") == "refusal") or self.refusal
        reason = mapping(found.get("incomplete_details")).get("reason")
        self.finish = str(reason or "other") if status == "incomplete" else status or "completed"

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


def read_usage(found: Any) -> Usage:
    """Token counts as reported; anything missing or senseless stays None."""
    reported = mapping(found)
    return Usage(
        input=count(reported.get("input_tokens")),
        cached=count(mapping(reported.get("input_tokens_details")).get("cached_tokens")),
        output=count(reported.get("output_tokens")),
        reasoning=count(mapping(reported.get("output_tokens_details")).get("reasoning_tokens")),
    )
