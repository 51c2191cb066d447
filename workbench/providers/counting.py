"""Tokens as services report them: under several names, in several pieces, and now and then as a zero that is no count.

What cannot be known stays None. Sources: docs/providers.md#usage.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workbench.json_types import JsonObject
from workbench.providers.base import Usage

#: more tokens or pictures no call has; the ledger's columns hold no more
MOST_COUNT = 2**31 - 1


#: where an API says its counts; a name with a dot lies one object deeper
RESPONSES: dict[str, tuple[str, ...]] = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "cached": ("input_tokens_details.cached_tokens",),
    "reasoning": ("output_tokens_details.reasoning_tokens",),
    "total": ("total_tokens",),
}
#: behind chat's names those of other APIs, which relays pass on
CHAT: dict[str, tuple[str, ...]] = {
    "input": ("prompt_tokens", "input_tokens", "promptTokens", "inputTokens"),
    "output": ("completion_tokens", "output_tokens", "completionTokens", "outputTokens"),
    "cached": (
        *("prompt_tokens_details.cached_tokens", "prompt_cache_hit_tokens", "cached_tokens"),
        *("input_tokens_details.cached_tokens", "cache_read_input_tokens"),
    ),
    "reasoning": (
        *("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
        "reasoning_tokens",
    ),
    "total": ("total_tokens", "totalTokens"),
}
#: Anthropic's, outside of its input
_CACHES = ("cache_read_input_tokens", "cache_creation_input_tokens")


@dataclass
class Tally:
    """The counts of one answer, put together from the pieces in which they come."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: CHAT)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, reported: Any) -> None:
        """Take what one event reports. A later count stands for an earlier one; a later zero stands for nothing."""
        if not isinstance(reported, Mapping):
            return
        for kind, names in self.names.items():
            self.set(kind, _find(reported, names))
        if "prompt_tokens" not in reported and any(reported.get(name) for name in _CACHES):
            outside = sum(count(reported.get(name)) or 0 for name in _CACHES)
            self.set("input", (_find(reported, self.names["input"]) or 0) + outside)

    def set(self, kind: str, value: int | None) -> None:
        if value or (value == 0 and kind not in self._counts):
            self._counts[kind] = value

    def usage(self, *, spoke: bool) -> Usage:
        """The counts as the ledger wants them: `cached` a part of `input`, `reasoning` of `output`.

        `spoke`: something came in, so that an output of zero is no count.
        """
        get = self._counts.get
        asked, output, cached, reasoning = get("input") or None, get("output"), get("cached"), get("reasoning")
        total = get("total") or None
        if asked and total:
            beyond = total - asked - (output or 0)
            if beyond > 0 and beyond == cached != reasoning:
                asked += beyond
            elif beyond > 0:
                # xAI, and Gemini in OpenAI's words, count thinking beside the completion, and bill it like that.
                output = total - asked
        if asked and cached and cached > asked:
            asked += cached  # it can be no part of it
        if reasoning and output is not None and reasoning > output:
            output, reasoning = (output + reasoning, reasoning) if total is None else (output, None)
        if output == 0 and (spoke or asked is None):
            output = None
        return Usage(input=asked, cached=cached, output=output, reasoning=reasoning)


def _find(reported: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    """The first count under these names that is none of zero, else a zero."""
    counts = [c for c in (count(_look_up(reported, name)) for name in names) if c is not None]
    return next((c for c in counts if c), counts[0] if counts else None)


def _look_up(reported: Mapping[str, Any], name: str) -> Any:
    outer, _, inner = name.rpartition(".")
    return mapping(reported.get(outer)).get(inner) if outer else reported.get(name)


def count(value: Any) -> int | None:
    """A count as reported, also where it is written as a float; anything senseless is None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_COUNT:
        return None
    return math.ceil(value)


def mapping(found: Any) -> JsonObject:
    """The object that should be there, an empty one otherwise."""
    return found if isinstance(found, dict) else {}
