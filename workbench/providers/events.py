"""Events of a streamed answer, read from its bytes: what a service labels them as counts for nothing.

Strict where it matters (a stream must be UTF-8, and an event that was cut off is none), lenient where services slip:
comments, `retry:`, bare `data:`, events without a blank line between them, JSON on lines of its own. See
docs/providers.md#streams; https://html.spec.whatwg.org/multipage/server-sent-events.html.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from workbench.json_types import Json, parse_json

_BOM = b"\xef\xbb\xbf"
_FIELD = re.compile(rb"(?:data|event|id|retry)?[ \t]*:|(?:data|event|id|retry)[ \t]*[\r\n]", re.IGNORECASE)
#: the first bytes that say what a body is: “retry:”
_TELLING = 6
_DONE = ("[DONE]", "DONE", '"[DONE]"')
#: events that say no more than that nothing follows
_LAST = ("done", "end", "close", "finish", "complete")
#: a sign of life in words: [PING], ping, keep-alive, heartbeat, OPENROUTER PROCESSING
_ALIVE = re.compile(
    r"\[[A-Z_ -]*\]|:?\s*(null|ping|keep-?alive|heartbeat|processing|openrouter processing)", re.IGNORECASE
)


@dataclass(frozen=True)
class Event:
    """`value`: its data, as JSON; text that is none stays a string. `done`: the service says that nothing follows."""

    value: Json
    name: str = ""
    done: bool = False


async def sniff(pieces: AsyncIterator[bytes]) -> tuple[bool, AsyncIterator[bytes]]:
    """Whether a body is a stream of events, told by its first bytes; and all of the body."""
    head = b""
    async for piece in pieces:
        head += piece
        begins = head.lstrip(_BOM + b" \t\r\n")
        if len(begins) >= _TELLING or begins[:1] in (b"{", b"[", b"<", b'"', b":"):
            break

    async def whole() -> AsyncIterator[bytes]:
        yield head
        async for piece in pieces:
            yield piece

    return _FIELD.match(head.lstrip(_BOM + b" \t\r\n")) is not None, whole()


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """The events of a stream. Raises UnicodeDecodeError for one that is not in UTF-8."""
    name, data = "", list[bytes]()
    async for line in _lines(pieces):
        if not line.strip():
            for event in _assemble(name, data):
                yield event
            name, data = "", []
            continue
        field, _, value = line.partition(b":")
        match field.strip().lower():
            case b"data":
                data.append(value.removeprefix(b" "))
            case b"event":
                name = value.strip().decode("utf-8", "replace").lower()
            case b"" | b"id" | b"retry":
                pass
            case _:
                # JSON on a line of its own, or on the lines after its first
                data.append(line)
    for event in _assemble(name, data, last=True):
        yield event


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held = bytearray()
    first = True
    async for piece in pieces:
        if first and len(held) + len(piece) >= len(_BOM):
            piece = bytes(held + piece).removeprefix(_BOM)
            held.clear()
            first = False
        searched = len(held)
        held += piece
        while (end := held.find(b"\n", searched)) >= 0:
            for line in bytes(held[:end]).removesuffix(b"\r").split(b"\r"):
                yield line
            del held[: end + 1]
            searched = 0
    for line in bytes(held).split(b"\r"):
        yield line


def _assemble(name: str, data: list[bytes], *, last: bool = False) -> Iterator[Event]:
    """What the lines of one event say. The last one of a stream counts only if it is whole."""
    try:
        lines = [line.decode("utf-8") for line in data]
    except UnicodeDecodeError as error:
        if last and error.reason == "unexpected end of data":
            return
        raise
    text = "\n".join(lines).strip()
    if not text:
        return
    if text.upper() in _DONE:
        yield Event(None, name, done=True)
        return
    whole = _parse(text)
    if whole is not None:
        yield Event(whole, name, done=name in _LAST and not whole)
        return
    # Nothing between two events: each line is one of them.
    for line in (line.strip() for line in (lines if _each_is_whole(lines) else [text])):
        if line.upper() in _DONE:
            yield Event(None, name, done=True)
        elif (value := _parse(line)) is not None:
            yield Event(value, name)
        elif line and not _ALIVE.fullmatch(line) and not (last and line[:1] in "{["):
            yield Event(line, name)


def _each_is_whole(lines: list[str]) -> bool:
    return len(lines) > 1 and any(_parse(line) is not None for line in lines)


def _parse(text: str) -> Json | None:
    """The object or list that a text is; None for anything else."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return parse_json(text)
    except ValueError:
        return None
