"""OpenAI's chat completions in text calls: how a request is worded and what its answer holds. No request is made here.

See docs/providers.md; most other services speak the same, each with its own slips.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers import faults
from workbench.providers.answers import Answer, Joiner, count, mapping
from workbench.providers.base import TextRequest, Usage
from workbench.providers.openai_responses import describe_schema

#: sent as they are when given
_PASSED_ON = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "reasoning_effort", "seed", "stop")


def body(request: TextRequest, params: Mapping[str, Any], token_cap: str) -> JsonObject:
    """The request in the API's words; streaming is the caller's. `token_cap`: the service's name for the output
    limit."""
    fields: JsonObject = {
        "model": request.model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
        **{name: params[name] for name in _PASSED_ON if params.get(name) is not None},
        **_response_format(request),
    }
    if params.get("max_tokens") is not None:
        fields[token_cap] = params["max_tokens"]
    if params.get("extra_body"):
        fields["extra_body"] = dict(params["extra_body"])
    return fields


def _response_format(request: TextRequest) -> JsonObject:
    if request.schema is None or request.mode == "plain":
        return {}
    if request.mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    described = describe_schema(request.schema, request.schema_name)
    return {"response_format": {"type": "json_schema", "json_schema": described}}


_WHOLE = frozenset({"choices", "error"})


@dataclass
class ChatAnswer(Answer):
    """An answer of chat completions: the first choice alone counts."""

    def take_whole(self, body: str) -> None:
        answer = self._read(body, _WHOLE)
        if answer.get("error") and not answer.get("choices"):
            raise faults.fault(200, answer, self.headers)
        self.model = str(answer.get("model") or self.model)
        self._take_usage(read_usage(answer.get("usage")))
        choice = _first(answer.get("choices"))
        message = mapping(choice.get("message"))
        self._add(message.get("content"))
        self.refusal += str(message.get("refusal") or "")
        self._take_usage(read_usage(choice.get("usage")))
        self.finish = str(choice.get("finish_reason") or "other")

    def _take_event(self, event: JsonObject, joiner: Joiner) -> None:
        self.model = str(event.get("model") or self.model)
        self._take_usage(read_usage(event.get("usage")))
        choice = _first(event.get("choices"))
        delta = mapping(choice.get("delta"))
        piece = delta.get("content")
        # A reasoning model's thoughts are its first tokens, too, though they are no part of the answer.
        if piece or delta.get("reasoning_content") or delta.get("reasoning") or delta.get("refusal"):
            self._first_token()
        if piece:
            self._add(piece)
            joiner.add(str(piece))
        self.refusal += str(delta.get("refusal") or "")
        self._take_usage(read_usage(choice.get("usage")))
        if choice.get("finish_reason"):
            self.finish = str(choice["finish_reason"])

    def _add(self, content: Any) -> None:
        if isinstance(content, str):
            self.pieces.append(content)
        elif isinstance(content, list):  # some services answer in parts, as requests may be asked
            self.pieces += [str(part.get("text") or "") for part in content if isinstance(part, dict)]

    def _foreign(self, begins: str) -> ProviderError:
        message = (
            Text(
                N_(
                    "The service answered with something else than a chat completion. Check the base URL. It "
                    "begins: {start}"
                ),
                start=begins,
            )
            if begins
            else Text(N_("The service answered, but not with a chat completion. Check the base URL."))
        )
        return ProviderError("malformed_output", message, http_status=200)


def _first(choices: Any) -> JsonObject:
    return mapping(choices[0]) if isinstance(choices, list) and choices else {}


def read_usage(found: Any) -> Usage:
    """Token counts as reported; anything missing or senseless stays None."""
    reported = mapping(found)
    details = mapping(reported.get("prompt_tokens_details"))
    cached = (details.get("cached_tokens"), reported.get("prompt_cache_hit_tokens"), reported.get("cached_tokens"))
    return Usage(
        input=count(reported.get("prompt_tokens")),
        cached=next((c for c in map(count, cached) if c is not None), None),
        output=count(reported.get("completion_tokens")),
        reasoning=count(mapping(reported.get("completion_tokens_details")).get("reasoning_tokens")),
    )
