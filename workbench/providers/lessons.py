"""What a service turned out not to know, learned from its refusals for the life of the process.

A refusal that names a detail we sent – a field, its value, streaming – is answered by the same request worded
otherwise. How refusals word it is in providers/dialects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.json_types import JsonObject
from workbench.providers import dialects
from workbench.providers.dialects import Dialect, ParameterRow
from workbench.providers.refusals import Refusal


@dataclass
class Lessons:
    """How one model of one service has to be asked."""

    stream: bool = True
    stream_options: bool = True
    token_cap: str | None = None
    #: whether a picture may be asked for as base64; the service hands out what it likes otherwise
    image_format: bool = True
    #: fields that the model refuses whatever their value
    left_out: set[str] = field(default_factory=set)
    #: fields that it wants
    sent: JsonObject = field(default_factory=dict)

    def apply(self, body: JsonObject) -> JsonObject:
        """The body as this model takes it."""
        fields = {k: v for k, v in body.items() if k not in self.left_out}
        extra = {k: v for k, v in (fields.get("extra_body") or {}).items() if k not in self.left_out} | self.sent
        if "extra_body" in fields or extra:
            fields["extra_body"] = extra
        return fields


lessons: dict[tuple[str, str], Lessons] = {}


def lessons_of(base_url: str, model: str) -> Lessons:
    """What is known of this model at this address."""
    return lessons.setdefault((base_url, model), Lessons())


_STREAMING_REFUSED = re.compile(
    r"stream(ing)?\b.{0,40}\b(not supported|unsupported|not available|not allowed)|does not support stream"
)
CAPS = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}

#: what shapes an answer without being part of the question: the story is told without it, too
SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
_OPTIONAL = (
    *SAMPLING, "seed", "stop", "reasoning_effort", "top_k", "min_p", "top_a", "typical_p", "repetition_penalty",
    "repeat_penalty", "enable_thinking", "thinking_budget", "verbosity", "service_tier", "logprobs", "n",
)  # fmt: skip
#: what we say unasked, so that models which do not know the choice need not be told of it
_UNASKED: JsonObject = {
    "store": False,
    "thinking": {"type": "disabled"},
    "watermark": False,
    "sequential_image_generation": "disabled",
}


def learn(known: Lessons, refusal: Refusal, sent: Mapping[str, Any], dialect: Dialect | None = None) -> bool:
    """Learn from a refusal that names a detail we sent; True when the next request will be worded otherwise."""
    named = refusal.words
    everything = {**sent, **(sent.get("extra_body") or {})}
    if "stream_options" in sent and ("stream_options" in named or "include_usage" in named or "streamoptions" in named):
        known.stream_options = False
        return True
    if sent.get("stream") and (refusal.param == "stream" or _STREAMING_REFUSED.search(named)):
        known.stream = False
        return True
    if "prompt" in sent and "response_format" in sent and "response_format" in named:
        known.image_format = False
        return True
    rows = [row for row in _rows(dialect) if row.words is not None and row.words.search(named)]
    return (
        any(_learn_to_send(known, row, everything) for row in rows)
        or any(_learn_to_drop(known, row, refusal, everything) for row in rows)
        or (_refuses_the_name(refusal, rows) and _learn_a_name(known, refusal, sent, everything))
    )


def _rows(dialect: Dialect | None) -> Iterator[ParameterRow]:
    return (row for d, _ in dialects.own_first(dialect) for row in d.parameters)


def _learn_to_send(known: Lessons, row: ParameterRow, sent: Mapping[str, Any]) -> bool:
    wanted = {k: v for k, v in row.sends.items() if sent.get(k, None) != v and known.sent.get(k, None) != v}
    known.sent |= wanted
    return bool(wanted)


def _learn_to_drop(known: Lessons, row: ParameterRow, refusal: Refusal, sent: Mapping[str, Any]) -> bool:
    dropped = [n for n in row.drops if n in sent and _names(refusal, n)]
    known.left_out |= set(dropped)
    return bool(dropped)


def _refuses_the_name(refusal: Refusal, rows: list[ParameterRow]) -> bool:
    """The field itself is refused, not the value it had. A model with one fixed value for it refuses every value."""
    if "unsupported_value" in refusal.words or "unsupported value" in refusal.words:
        return "only the default" in refusal.words
    return any(not row.sends for row in rows)


def _learn_a_name(known: Lessons, refusal: Refusal, sent: Mapping[str, Any], everything: Mapping[str, Any]) -> bool:
    cap = next((c for c in CAPS if c in sent), None)
    if cap and known.token_cap != cap and refusal.param in ("", cap) and _names(refusal, cap):
        known.token_cap = CAPS[cap]
        return True
    optional = [n for n in everything if n in _OPTIONAL or (n in _UNASKED and everything[n] == _UNASKED[n])]
    named = [n for n in optional if _names(refusal, n)]
    if not named:
        return False
    # Reasoning models choose for themselves and name one refused field a time: each would cost a request of its own.
    known.left_out |= set(SAMPLING) if named[0] in ("temperature", "top_p") else set(named)
    return True


def _names(refusal: Refusal, name: str) -> bool:
    blamed = [n for layer in refusal.layers for n in layer.names] or ([refusal.param] if refusal.param else [])
    if blamed:
        return any(n.split(".")[0] == name for n in blamed)
    spoken = {name, _camel(name), name.replace("_", " ")}
    said = " ".join((refusal.message, *(layer.message for layer in refusal.layers))).lower()
    # Not inside another word: “seed” is part of many a model's name.
    return any(re.search(rf"(?<![\w-]){re.escape(n.lower())}(?![\w-])", said) for n in spoken)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)
