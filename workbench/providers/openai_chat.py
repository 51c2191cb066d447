"""OpenAI's chat completions in text calls: how a request is worded and what its answer holds. No request is made here.

See docs/providers.md; most other services speak the same, each with its own slips.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.providers import faults
from workbench.providers.answers import NO_FINISH, UNSAID, Joiner, ReadAnswer, ServiceRefused, unwrap
from workbench.providers.base import Message, TextRequest
from workbench.providers.counting import mapping
from workbench.providers.openai_responses import describe_schema

#: sent as they are when given
_PASSED_ON = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "reasoning_effort", "seed", "stop")


def body(request: TextRequest, params: Mapping[str, Any], token_cap: str) -> JsonObject:
    """The request in the API's words; streaming is the caller's. `token_cap`: the service's name for the output
    limit."""
    fields: JsonObject = {
        "model": request.model,
        "messages": [{"role": m.role, "content": _content(m)} for m in request.messages],
        **{name: params[name] for name in _PASSED_ON if params.get(name) is not None},
        **_response_format(request),
    }
    if params.get("max_tokens") is not None:
        fields[token_cap] = params["max_tokens"]
    if params.get("extra_body"):
        fields["extra_body"] = dict(params["extra_body"])
    return fields


def _content(message: Message) -> str | list[JsonObject]:
    """Plain text where there is no picture: not every service reads a list."""
    if not message.pictures:
        return message.content
    links = [{"type": "image_url", "image_url": {"url": link}} for link in message.picture_links]
    return [{"type": "text", "text": message.content}, *links]


def _response_format(request: TextRequest) -> JsonObject:
    if request.schema is None or request.mode == "plain":
        return {}
    if request.mode == "json_object":
        return {"response_format": {"type": "json_object"}}
    described = describe_schema(request.schema, request.schema_name, request.strict)
    return {"response_format": {"type": "json_schema", "json_schema": described}}


_WHOLE = frozenset({"choices"})
#: where services put what the model thought
_THOUGHTS = (
    *("reasoning_content", "reasoning", "reasoning_details", "thinking", "thought"),
    *("reasoning_text", "thinking_blocks"),
)


@dataclass
class ChatAnswer(ReadAnswer):
    """An answer of chat completions: the first choice alone counts."""

    #: a request for JSON that some relays turn into the call of a tool
    _calls: str = ""

    def take_whole(self, body: str) -> None:
        answer = self._read(body, _WHOLE)
        self.model = str(answer.get("model") or self.model)
        choice = _first(answer.get("choices"))
        self._take_choice(choice, mapping(choice.get("message")), 200)
        self.finish = self.finish or UNSAID
        self._settle_calls()

    def _take_event(self, event: JsonObject, joiner: Joiner) -> None:
        event = unwrap(event, _WHOLE)
        self.model = str(event.get("model") or self.model)
        self._take_usage(event)
        choice = _first(event.get("choices"))
        delta, message = mapping(choice.get("delta")), mapping(choice.get("message"))
        if message and not delta.get("content"):
            # Some services send the whole message at once, or once more at the end.
            whole = _text_of(message.get("content"))
            delta = {**message, "content": whole.removeprefix(self.text)} if whole.startswith(self.text) else message
        before = len(self.pieces)
        self._take_choice(choice, delta, None)
        if self.pieces[before:] or self.thoughts or delta.get("refusal"):
            # A reasoning model's thoughts are its first tokens, too, though they are no part of the answer.
            self._first_token()
        for piece in self.pieces[before:]:
            joiner.add(piece)

    def _take_choice(self, choice: JsonObject, message: JsonObject, status: int | None) -> None:
        """Read a choice and what it says, all of it or a piece. Raises ProviderError where it says that it failed."""
        self._take_usage(choice)
        self._take_usage(message)
        content = message.get("content") if "content" in message else choice.get("text")
        self.pieces += [piece for piece in (_text_of(content),) if piece]
        self.thoughts += [
            thought for thought in (_thought_of(message), _text_of(content, thoughts=True)) if thought.strip()
        ]
        self.refusal += str(message.get("refusal") or "")
        self._calls += _arguments_of(message)
        for failed in (choice.get("error"), message.get("error")):
            if failed and faults.find_refusal({"error": failed}) is not None:
                raise ServiceRefused(status, {"error": failed})
        self.finish = _finish_of(choice, spoke=bool(self.text)) or self.finish

    def _take_usage(self, value: JsonObject) -> None:
        super()._take_usage(value)
        self.tally.add(mapping(value.get("x_groq")).get("usage"))

    def _knows(self, event: JsonObject) -> bool:
        return "choices" in event or "usage" in event

    def _end_stream(self, *, done: bool) -> None:
        super()._end_stream(done=done)
        self._settle_calls()

    def _settle_calls(self) -> None:
        """Nobody was offered a tool: what a call holds in place of a text is the answer."""
        if self._calls and not self.text.strip():
            self.pieces = [self._calls]

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
    listed = [mapping(c) for c in (choices if isinstance(choices, list) else [choices])]
    return next((c for c in listed if c.get("index") == 0), listed[0] if listed else {})


def _finish_of(choice: JsonObject, *, spoke: bool) -> str | None:
    """Why an answer ended, as a word or as the type of an object; None while it goes on. A number counts only where
    something was said that it may have cut off."""
    finish = choice.get("finish_reason") or choice.get("finish_details")
    if not isinstance(finish, str | dict) and not spoke:
        return None
    if isinstance(finish, dict):
        finish = finish.get("type") or finish.get("reason")
    return None if not finish or str(finish).strip().lower() in NO_FINISH else str(finish).strip()


def _text_of(content: Any, *, thoughts: bool = False) -> str:
    """A text, or those parts of one that are no thoughts: some services answer in parts, as requests may be asked."""
    parts = content if isinstance(content, list) else [content]
    return "".join(_text_of_part(part) for part in parts if _is_thought(part) == thoughts)


def _is_thought(part: Any) -> bool:
    part = mapping(part)
    kind = str(part.get("type") or "").lower()
    return "reason" in kind or "think" in kind or "thought" in kind or part.get("thought") is True


def _text_of_part(part: Any) -> str:
    """The text of a part, wherever its type puts it; Mistral nests a thought's own parts."""
    if isinstance(part, list):
        return "".join(_text_of_part(inner) for inner in part)
    if isinstance(part, dict):
        fields = (part.get(n) for n in ("text", "content", "value", *_THOUGHTS))
        return _text_of_part(next((v for v in fields if v and v is not True), ""))
    return part if isinstance(part, str) else ""


def _thought_of(message: JsonObject) -> str:
    return next((thought for thought in (_text_of_part(message.get(n)) for n in _THOUGHTS) if thought), "")


def _arguments_of(message: JsonObject) -> str:
    """What the first call of a tool is given, all of it or a piece."""
    calls = message.get("tool_calls")
    call = mapping(calls[0]) if isinstance(calls, list) and calls else {}
    if call.get("index") not in (None, 0):
        return ""
    called = mapping(call.get("function")) or mapping(message.get("function_call"))
    arguments = called.get("arguments")
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False) if arguments else ""
