"""The bytes of Gemini's answers on their way to Google's SDK: whatever came, it reads Google's own words.

The SDK (google-genai 3.4) breaks on what relays send: `retry:`, a byte order mark, `[DONE]`, a string as an error's
code, an odd field anywhere. It takes an HTTP client of ours, whose hook reads every body before the SDK does, by the
rules that hold for all services. See docs/providers.md#geminis-sdk.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from workbench.errors import ProviderError
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject, parse_json
from workbench.plain_text import storable
from workbench.providers import faults, wire
from workbench.providers.answers import (
    FINISHES,
    ServiceRefused,
    check_words,
    read_failure,
    refuse_words,
    split_lines,
    states_failure,
    unwrap,
)
from workbench.providers.base import Usage
from workbench.providers.counting import Tally, count, mapping
from workbench.providers.events import Event, read_events, sniff
from workbench.providers.gemini_answers import WITHHELD, add_usage, not_gemini
from workbench.providers.gemini_media import drop_unset, encode
from workbench.providers.openai_images import decode_base64
from workbench.security.redact import redactor

_SNAKE = re.compile("([A-Z])")
_STREAMED, _WHOLE = ":streamGenerateContent", ":generateContent"
_KNOWN = frozenset({"candidates", "promptFeedback", "usageMetadata", "prompt_feedback", "usage_metadata"})
_COUNTS = (
    *("promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount"),
    *("cachedContentTokenCount", "totalTokenCount"),
)


async def clean_answer(response: httpx2.Response) -> None:
    """The response hook of the client that the SDK is given."""
    path = response.request.url.path
    if not path.endswith((_STREAMED, _WHOLE)):
        return
    source: Any = response.stream
    if response.status_code != 200:
        response.stream = _Refusal(source)
    else:
        response.stream = _Answer(source, response.headers, streamed=path.endswith(_STREAMED))


class _Body(httpx2.AsyncByteStream):
    def __init__(self, source: httpx2.AsyncByteStream) -> None:
        self._source = source

    async def aclose(self) -> None:
        await self._source.aclose()


class _Refusal(_Body):
    """The body of an error, in UTF-8 whatever it came in: the SDK fails on anything else."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield wire.words_of(b"".join([piece async for piece in self._source])).encode("utf-8", "replace")


class _Answer(_Body):
    """The body of an answer as the SDK reads it, event by event or in one object, as was asked for.

    Raises ServiceRefused where the service says that it failed, ProviderError where nothing in Google's words came.
    """

    def __init__(self, source: httpx2.AsyncByteStream, headers: Mapping[str, str], *, streamed: bool) -> None:
        super().__init__(source)
        self._headers = headers
        self._streamed = streamed

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            if self._streamed:
                async for chunk in _chunks(aiter(self._source)):
                    yield b"data: %s\n\n" % json.dumps(chunk).encode()
            else:
                yield json.dumps(_merge([chunk async for chunk in _chunks(aiter(self._source))])).encode()
        except UnicodeDecodeError as error:
            raise wire.not_utf8(error, self._headers) from None


async def _chunks(body: AsyncIterator[bytes]) -> AsyncIterator[JsonObject]:
    streamed, pieces = await sniff(body)
    if streamed:
        events = read_events(pieces)
    else:
        whole = wire.decode(b"".join([piece async for piece in pieces]))
        lines = split_lines(whole)
        if lines is None:
            for chunk in _read_whole(whole):
                yield clean(chunk)
                _raise_failure(chunk)
            return
        events = lines
    async for chunk in _read_events(events):
        yield clean(chunk)
        _raise_failure(chunk)


async def _read_events(events: AsyncIterator[Event]) -> AsyncIterator[JsonObject]:
    known, finished, spoke, done = False, False, False, False
    odd: Any = None
    async for event in events:
        if event.done:
            done = True
            break
        for value in event.value if isinstance(event.value, list) else [event.value]:
            if isinstance(value, str):
                odd = check_words(value, event.name)
            elif isinstance(value, dict):
                value = unwrap(value, _KNOWN)
                if states_failure(value, event.name):
                    raise ServiceRefused(None, value)
                if _KNOWN & value.keys():
                    known, odd = True, None
                    for candidate in _list(value, "candidates"):
                        finished = finished or bool(_look(candidate, "finishReason"))
                        spoke = spoke or bool(candidate.get("content"))
                    yield value
                elif faults.find_refusal(value) is not None:
                    odd = value
    if finished:
        return
    if odd:
        raise ServiceRefused(None, odd)
    if not known:
        raise not_gemini("")
    if done:
        # closed by the service, so it is complete even if no reason was given
        yield {"candidates": [{"finishReason": "STOP"}]}
    elif spoke:
        ended = Text(N_("The stream ended before the answer was complete."))
        raise ProviderError("network", ended, http_status=200)


def _read_whole(body: str) -> list[JsonObject]:
    """The answer that a body is; without `alt=sse` a stream is one list of chunks."""
    try:
        answer = parse_json(body)
    except ValueError:
        answer = None
    listed = answer if isinstance(answer, list) else [answer]
    chunks = [unwrap(c, _KNOWN) for c in listed if isinstance(c, dict)]
    refusal = next((c for c in chunks if faults.find_refusal(c) is not None), None)
    if refusal is not None:
        raise ServiceRefused(200, refusal)
    if answer is None:
        refuse_words(body)
    if not any(_KNOWN & chunk.keys() for chunk in chunks):
        raise not_gemini(redactor.text(faults.read_refusal(body[:20_000]).message)[:200])
    return chunks


def _raise_failure(chunk: JsonObject) -> None:
    """Raise why an answer was broken off, where that is explained: the SDK drops what Gemini explains."""
    for candidate in _order(_list(chunk, "candidates"))[:1]:
        cleaned, message = _clean_candidate(candidate), _text(candidate, "finishMessage")
        reason, parts = cleaned.get("finishReason", ""), cleaned["content"]["parts"]
        drawn = any("inlineData" in part or "fileData" in part for part in parts)
        if not message or drawn or reason.lower() in FINISHES or reason.startswith(WITHHELD):
            continue
        kind, text = read_failure(reason, message)
        said = storable("".join(part["text"] for part in parts if not part.get("thought")))
        raise ProviderError(kind, text, http_status=200, raw=said or None, usage=read_usage(chunk))


def read_usage(refused: Any) -> Usage | None:
    """The tokens that a refusal tells of, in Google's words; None where there are none."""
    counts = clean(mapping(refused)).get("usageMetadata")
    if not counts:
        return None
    from google.genai import types

    tally = Tally()
    add_usage(tally, types.GenerateContentResponseUsageMetadata.model_validate(counts))
    return tally.usage(spoke=False)


# -- what is read of an answer -----------------------------------------------------------------------------------------


def clean(chunk: JsonObject) -> JsonObject:
    """What is read of a chunk, in the types that the SDK knows: it refuses the whole chunk for one field that it does
    not."""
    feedback, usage = mapping(_look(chunk, "promptFeedback")), mapping(_look(chunk, "usageMetadata"))
    counts: JsonObject = {name: count(_look(usage, name)) for name in _COUNTS}
    for name in ("promptTokensDetails", "candidatesTokensDetails"):
        counts[name] = [
            {"modality": str(_look(d, "modality") or "").upper(), "tokenCount": count(_look(d, "tokenCount"))}
            for d in _list(usage, name)
        ] or None
    reason = _look(feedback, "blockReason")
    return drop_unset(
        {
            "candidates": [_clean_candidate(c) for c in _order(_list(chunk, "candidates"))] or None,
            "promptFeedback": {"blockReason": str(reason)} if reason else None,
            "usageMetadata": drop_unset(counts) or None,
            "responseId": _text(chunk, "responseId"),
        }
    )


def _order(candidates: list[JsonObject]) -> list[JsonObject]:
    """The first one first."""
    return sorted(candidates, key=lambda c: count(c.get("index")) or 0)


def _clean_candidate(candidate: JsonObject) -> JsonObject:
    content = candidate.get("content")
    parts = [content] if isinstance(content, str) else content
    if isinstance(content, dict):
        parts = content.get("parts")
        parts = [parts] if isinstance(parts, dict | str) else parts
    reason = _look(candidate, "finishReason")
    parts = parts if isinstance(parts, list) else []
    cleaned = [_clean_part(p) for p in parts]
    if not any(cleaned):
        # nobody was offered a function: what the call of one is given is the answer
        calls = (mapping(_look(p, "functionCall")).get("args") for p in parts)
        cleaned = [{"text": json.dumps(args, ensure_ascii=False)} for args in calls if args][:1]
    return drop_unset(
        {
            "content": {"role": "model", "parts": [p for p in cleaned if p]},
            "finishReason": str(reason).upper() if reason else None,
        }
    )


def _clean_part(part: Any) -> JsonObject:
    if isinstance(part, str):
        return {"text": part}
    inline, link = mapping(_look(mapping(part), "inlineData")), mapping(_look(mapping(part), "fileData"))
    data, uri = inline.get("data"), _look(link, "fileUri")
    return drop_unset(
        {
            "text": _text(mapping(part), "text"),
            "thought": True if mapping(part).get("thought") in (True, "true") else None,
            "inlineData": _clean_bytes(inline, data) if isinstance(data, str) and data else None,
            "fileData": {"fileUri": uri} if isinstance(uri, str) and uri else None,
        }
    )


def _clean_bytes(inline: JsonObject, encoded: str) -> JsonObject:
    """A picture in base64 as the SDK wants it; one that is damaged has no data."""
    data = decode_base64(encoded)
    mime = _look(inline, "mimeType")
    described = {"mimeType": mime if isinstance(mime, str) else "application/octet-stream"}
    return described if data is None else {**described, "data": encode(data)}


def _look(value: Any, name: str) -> Any:
    """A field by Google's name, or as some relays write it: `finishReason`, `finish_reason`."""
    fields = mapping(value)
    return fields[name] if name in fields else fields.get(_SNAKE.sub(r"_\1", name).lower())


def _list(value: JsonObject, name: str) -> list[JsonObject]:
    found = _look(value, name)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _text(value: JsonObject, name: str) -> str | None:
    found = _look(value, name)
    return found if isinstance(found, str) and found else None


def _merge(chunks: list[JsonObject]) -> JsonObject:
    """The one answer that several chunks are: each candidate's parts one after another, of all else the last."""
    whole: JsonObject = {}
    for chunk in chunks:
        candidates, usage = whole.get("candidates", []), whole.get("usageMetadata", {})
        for place, candidate in enumerate(_list(chunk, "candidates")):
            if place == len(candidates):
                candidates.append({"content": {"role": "model", "parts": []}})
            candidates[place]["content"]["parts"] += candidate["content"]["parts"]
            candidates[place] |= {k: v for k, v in candidate.items() if k != "content"}
        usage |= {k: v for k, v in chunk.get("usageMetadata", {}).items() if v or k not in usage}
        whole |= {**chunk, "candidates": candidates, "usageMetadata": usage}
    return whole
