"""OpenAI's Responses API in text calls: how a request is worded and what its answer holds. No request is made here.

Sources: docs/providers.md; the openai SDK's types/responses. Volcengine Ark speaks the same, with fields of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers import faults
from workbench.providers.answers import UNSAID, Joiner, ReadAnswer, ServiceRefused
from workbench.providers.base import Message, TextRequest
from workbench.providers.counting import RESPONSES, Tally, mapping
from workbench.providers.schemas import strict_schema

#: sent as they are when given; the API has no penalties, no seed and no stop
_PASSED_ON = ("temperature", "top_p")


def body(request: TextRequest, params: Mapping[str, Any]) -> JsonObject:
    """The request in the API's words; streaming is the caller's."""
    fields: JsonObject = {
        "model": request.model,
        "input": [{"role": m.role, "content": _content(m)} for m in request.messages],
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


def _content(message: Message) -> str | list[JsonObject]:
    if not message.pictures:
        return message.content
    links = [{"type": "input_image", "image_url": link} for link in message.picture_links]
    return [{"type": "input_text", "text": message.content}, *links]


def _text_format(request: TextRequest) -> JsonObject:
    if request.schema is None or request.mode == "plain":
        return {}
    if request.mode == "json_object":
        return {"text": {"format": {"type": "json_object"}}}
    described = describe_schema(request.schema, request.schema_name, request.strict)
    return {"text": {"format": {"type": "json_schema", **described}}}


def describe_schema(schema: JsonObject, name: str, hold: bool = True) -> JsonObject:
    """A schema as both APIs want it: named, in its strict form where it has one. `hold`: whether strict is wanted."""
    strict = strict_schema(schema) if hold else None
    short = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:64] or "output"
    return {"name": short, "schema": strict or schema, "strict": strict is not None}


_WHOLE = frozenset({"output", "output_text", "status"})


@dataclass
class ResponseAnswer(ReadAnswer):
    """An answer of the Responses API. Reasoning items come before the message; only the message's output_text
    counts."""

    tally: Tally = field(default_factory=lambda: Tally(RESPONSES))
    #: what was told item by item
    _items: list[Any] = field(default_factory=list)

    def take_whole(self, body: str) -> None:
        answer = self._read(body, _WHOLE)
        if not answer.keys() & {"output", "output_text"} and answer.get("status") != "failed":
            raise self._foreign("")
        self._take_response(answer, http_status=200)
        self.finish = self.finish or UNSAID

    def _take_object(self, value: JsonObject, name: str, joiner: Joiner) -> None:
        # some relays say of what kind an event is in its name alone
        super()._take_object({"type": name, **value} if name.startswith("response.") else value, name, joiner)

    def _take_event(self, event: JsonObject, joiner: Joiner) -> None:
        kind = str(event.get("type") or "")
        delta = event.get("delta")
        match kind:
            case "response.output_text.delta" if isinstance(delta, str):
                self._first_token()
                self.pieces.append(delta)
                joiner.add(delta)
            case "response.output_text.done" if not self.pieces and isinstance(event.get("text"), str):
                self._first_token()
                self.pieces.append(event["text"])
                joiner.add(event["text"])
            case "response.output_item.done":
                self._items.append(event.get("item"))
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
        if faults.find_refusal(found) is not None:
            raise ServiceRefused(http_status, {"error": found.get("error") or {}})
        output = found.get("output") or self._items
        parts = list(_parts(output))
        texts = [str(p.get("text") or "") for p in parts if p.get("type") != "refusal"]
        texts = texts if any(texts) else [str(found.get("output_text") or "")]
        # What was streamed is told again here, complete; relays that leave it out lose nothing.
        self.pieces = texts if any(texts) else self.pieces or list(_arguments(output))
        self.thoughts = self.thoughts or [t for t in _thoughts(output) if t.strip()]
        self.refusal = "".join(str(p.get("refusal") or "") for p in parts if p.get("type") == "refusal") or self.refusal
        reason = mapping(found.get("incomplete_details")).get("reason")
        cut_off = status == "incomplete" or any(_is_incomplete(item) for item in _items(output))
        self.finish = str(reason or "incomplete") if cut_off else status or "completed"

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


def _items(output: Any) -> Iterator[JsonObject]:
    yield from (item for item in (output if isinstance(output, list) else ()) if isinstance(item, dict))


def _parts(output: Any) -> Iterator[JsonObject]:
    """The content of the messages among the items; of the final ones, where some say that they are no more than a
    word on the way."""
    messages = [i for i in _items(output) if i.get("type") == "message" or ("type" not in i and "content" in i)]
    final = [m for m in messages if m.get("phase") == "final_answer"]
    for message in final or messages:
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and "reasoning" not in str(part.get("type")):
                yield part


def _arguments(output: Any) -> Iterator[str]:
    """Nobody was offered a tool: what the first call of one is given is the answer."""
    calls = (item.get("arguments") for item in _items(output) if item.get("type") == "function_call")
    yield from (a for a in list(calls)[:1] if isinstance(a, str) and a.strip("{} "))


def _is_incomplete(item: JsonObject) -> bool:
    return item.get("type") == "message" and item.get("status") == "incomplete"


def _thoughts(output: Any) -> Iterator[str]:
    """What the reasoning among the items says, in full or in summary."""
    for item in _items(output):
        if item.get("type") == "reasoning":
            for parts in (item.get("summary"), item.get("content")):
                for part in parts if isinstance(parts, list) else [parts]:
                    if isinstance(part, str):
                        yield part
                    elif mapping(part).get("type") != "output_text":
                        yield str(mapping(part).get("text") or "")
