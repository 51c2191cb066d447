"""A real HTTP server that answers like an OpenAI-compatible service, or like Volcengine Ark, and misbehaves on request.

In a test's own process:

    with ScriptedProvider() as provider:          # a thread with its own event loop
        provider.script(default={"status": 500})  # every call; also nth={"2": {...}} and rules=[{"match": "…", ...}]
        provider.calls()                          # the call log, merged

As a process: ``python -m tests.scripted_provider --port 0 --log FILE`` prints its address, then serves until its
standard input closes or it gets SIGTERM. `control(url)` and `read_log(file)` talk to it from other processes.

It speaks /chat/completions, /responses, /images/generations, /images/edits and Ark's /contents/generations/tasks, under
any path: `url` (/v1) is what an OpenAI profile wants, `ark_url` (/api/v3) what an Ark profile wants. Each request is in
the call log with its `kind`: chat, responses, image; for long tasks create, poll, list, cancel.

Faults (keys of a script's dicts, all optional):
    status, headers, body (JSON, text or bytes), content_type     answer this instead; `split` in pieces of so many
    bytes, `cut` without its end
    delay_ms         before the first byte      first_token_ms   after the headers of a stream
    drip_ms          between streamed pieces; with `drip_bytes` the whole body is dripped
    hang             never answer               reset            drop the connection before answering
    half             drop it midway ("clean": end the body properly, but early)
    html             a web page with status 200
    text             answer this text           finish_reason    say this instead of "stop"
    empty, blank     no text; spaces            refusal          a refusal in place of the text
    no_choices       an empty list of choices   no_usage, usage  leave usage out; send this usage
    choice_usage     usage inside the last choice, as Kimi does
    error_event      an error event inside the stream, after the first piece
    garbage          a line in the stream that is no JSON
    ignore_stream    answer a streamed request in one piece
    no_done, linger_ms   leave the closing [DONE] out; keep the connection open after it
    reject           refuse with 400 when the request has one of these fields
    reject_modes     refuse with 400 when response_format has one of these types
    refusals         refuse in these words, the first that fits: [{"mode": …, "field": …, "status": …, "body": …}]
    echo_key         repeat the Authorization header in the error message
    huge_mb          send so many megabytes in one body, without end: a line of a stream, else JSON; with `status` an
    error
In /responses a finish_reason other than "stop" makes the answer incomplete for this reason ("length":
max_output_tokens),
`no_choices` leaves `output` empty, there is no [DONE] unless `done` says so, and there are
    reasoning        thoughts, as an item and as events before the message
    failed           this error in a response that failed
    no_output        a last event that does not repeat what was streamed
Pictures (/images/generations, /images/edits) come as base64 PNG of the size asked for, or as a link on request:
    image_url        hand out a link: true for one to this server, or the link itself
    image_b64        this in place of the picture's base64      image_error   an error entry in place of the picture
    no_image         an empty list                              usage         as above; none by default
    image_error_at   places of a group (from 0) that get the error; all without it
    group            how many pictures a group has (sequential_image_generation "auto"); max_images without it
    media            how this server answers its own links: {"status", "headers", "body", "drip_ms"}
Under /api/v3 the usage of pictures is Ark's: generated_images and output_tokens, errors not counted.
What was fetched by link is in `fetches()`: path and headers.

Long tasks (/contents/generations/tasks): the script that the POST gets goes along with the task.
    states           what each poll says, the last one again and again; ["succeeded"] without it
    polls            faults of polls by their number: {"2": {"status": 503}}, "*" for all
    clip             the MP4 behind the link (bytes or base64); one of the length asked for without it
    clip_url         this link instead                          no_url        none
    task_error       the error of a task that failed            usage, no_usage   completion_tokens
    task             fields that replace others of the task
A DELETE cancels a queued task, is refused for a running one (409) and forgets an ended one.
A prompt may carry its own: ``[[fault:500]]``, ``[[fault:hang]]``, ``[[fault:{"status": 429}]]``; with ``*2`` before the
closing brackets only the first two calls with this marker are hit.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import email
import hashlib
import importlib
import io
import json
import re
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.media.clips import tiny_mp4

Answer = Callable[[dict[str, Any]], str]

#: faults by name, for markers in prompts
NAMED: dict[str, dict[str, Any]] = {
    "auth": {
        "status": 401,
        "body": {
            "error": {
                "message": "Incorrect API key provided",
                "code": "invalid_api_key",
                "type": "invalid_request_error",
            }
        },
    },
    "quota": {
        "status": 429,
        "body": {
            "error": {
                "message": "You exceeded your current quota",
                "code": "insufficient_quota",
                "type": "insufficient_quota",
            }
        },
    },
    "context": {
        "status": 400,
        "body": {"error": {"message": "Too long", "code": "context_length_exceeded", "type": "invalid_request_error"}},
    },
    "filter": {"finish_reason": "content_filter", "text": ""},
    "length": {"finish_reason": "length"},
    "malformed": {"text": '{"broken": '},
    "prose": {"text": "I would rather not answer in JSON."},
    **{
        name: {name: True}
        for name in ("hang", "reset", "half", "html", "empty", "blank", "no_choices", "no_usage", "garbage")
    },
}

_MARKER = re.compile(r"\[\[fault:(.+?)(?:\*(\d+))?\]\](?!\])", re.DOTALL)


# -- what to answer ----------------------------------------------------------------------------------------------------


def default_answer(request: dict[str, Any]) -> str:
    """Valid JSON for the schema of the request (or the one its prompt quotes), else a short text."""
    schema = schema_of(request)
    if schema is not None:
        return json.dumps(example(schema), ensure_ascii=False)
    return '{"text": "answer"}' if mode_of(request) == "json_object" else "A short answer."


def schema_of(request: dict[str, Any]) -> dict[str, Any] | None:
    if mode_of(request) == "json_schema":
        wanted = _format_of(request)
        return wanted.get("json_schema", wanted)["schema"]  # type: ignore[no-any-return]
    return next(iter(_schemas_in("\n".join(str(m.get("content")) for m in messages_of(request)))), None)


def messages_of(request: dict[str, Any]) -> list[dict[str, Any]]:
    """What was said, in chat's field or in that of responses."""
    return request.get("messages") or request.get("input") or []


def _format_of(request: dict[str, Any]) -> dict[str, Any]:
    """A picture's response_format is a plain word: none of these."""
    wanted = request.get("response_format") or (request.get("text") or {}).get("format")
    return wanted if isinstance(wanted, dict) else {}


def _schemas_in(text: str) -> Iterator[dict[str, Any]]:
    for start in (m.start() for m in re.finditer(r"\{", text)):
        with contextlib.suppress(ValueError):
            found, _ = json.JSONDecoder().raw_decode(text, start)
            if isinstance(found, dict) and ("properties" in found or "$defs" in found):
                yield found
                return


def example(
    schema: dict[str, Any], definitions: dict[str, Any] | None = None, name: str = "value", number: int = 1
) -> Any:
    """The smallest plausible instance of a JSON schema; `number` is the place in a list, so that orders count up."""
    known = definitions if definitions is not None else schema.get("$defs", {})
    if "$ref" in schema:
        return example(known[schema["$ref"].rsplit("/", 1)[-1]], known, name, number)
    for choice in ("anyOf", "oneOf", "allOf"):
        if schema.get(choice):
            options = [o for o in schema[choice] if o.get("type") != "null"] or schema[choice]
            return example(options[0], known, name, number)
    if "const" in schema or schema.get("enum"):
        return schema.get("const", (schema.get("enum") or [None])[0])
    made = {"object": _object, "array": _array, "integer": _number, "number": _number, "string": _string}.get(
        str(schema.get("type"))
    )
    if made is not None:
        return made(schema, known, name, number)
    return True if schema.get("type") == "boolean" else None


def _object(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    made = {key: example(part, known, key, number) for key, part in schema.get("properties", {}).items()}
    for key, value in made.items():
        # episode_count beside episodes: a count that lies would fail every real workflow's check.
        listed = made.get(key.removesuffix("_count") + "s")
        if key.endswith("_count") and isinstance(value, int) and isinstance(listed, list):
            made[key] = len(listed)
    return made


def _array(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> list[Any]:
    length = schema.get("minItems", min(1, schema.get("maxItems", 1)))
    return [example(schema.get("items") or {}, known, name, place + 1) for place in range(length)]


def _number(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> int:
    least, most = (
        schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema)),
        schema.get("maximum"),
    )
    wanted = number if name in ("order", "index", "number") else least
    return int(max(least, wanted if most is None else min(wanted, most)))


def _string(schema: dict[str, Any], known: dict[str, Any], name: str, number: int) -> str:
    least, most = _lengths(schema)
    said = f"{name} {number} of this story"
    while len(said) < least:
        said += " and so on"
    return said[: max(least, min(len(said), most))]


def _lengths(schema: dict[str, Any]) -> tuple[int, int]:
    """Length limits, from the schema or, in strict schemas, from what the description tells."""
    told = re.search(
        r"(?:(\d+) to (\d+)|At least (\d+)|At most (\d+)) characters\.$", str(schema.get("description", ""))
    )
    least, most = (told.group(1) or told.group(3), told.group(2) or told.group(4)) if told else (None, None)
    return int(schema.get("minLength") or least or 1), int(schema.get("maxLength") or most or 10_000)


def mode_of(request: dict[str, Any]) -> str | None:
    """The structured-output mode asked for."""
    return _format_of(request).get("type")


def form_fields(content_type: str, body: bytes) -> dict[str, Any]:
    """The fields of a multipart form; files as {"name", "bytes"} in a list under their field's name."""
    parsed = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    found: dict[str, Any] = {}
    for part in parsed.get_payload():
        name = str(part.get_param("name", header="content-disposition")).removesuffix("[]")  # type: ignore[union-attr]
        data: Any = part.get_payload(decode=True)  # type: ignore[union-attr]
        if part.get_filename():  # type: ignore[union-attr]
            found.setdefault(name, []).append({"name": part.get_filename(), "bytes": len(data)})  # type: ignore[union-attr]
        else:
            found[name] = data.decode()
    return found


def picture(seed: str, size: str = "") -> bytes:
    """A PNG whose colour tells the seed, in a size like ``64x36``."""
    from PIL import Image

    match = re.fullmatch(r"(\d+)x(\d+)", size)
    made = io.BytesIO()
    colour = tuple(hashlib.sha256(seed.encode()).digest()[:3])
    Image.new("RGB", (int(match[1]), int(match[2])) if match else (64, 36), colour).save(made, format="PNG")
    return made.getvalue()


# -- the server --------------------------------------------------------------------------------------------------------


class _Watched(asyncio.StreamReaderProtocol):
    """A stream protocol that says when the client goes away, even while nobody reads."""

    def __init__(self, reader: asyncio.StreamReader, handler: Any, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(reader, handler, loop=loop)
        self.gone = asyncio.Event()
        reader.gone = self.gone  # type: ignore[attr-defined]

    def eof_received(self) -> bool | None:
        self.gone.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
        super().connection_lost(exc)


class _Gone(Exception):
    """The client closed its connection."""


class _Drop(Exception):
    """The script wants the connection dropped now."""


class Server:
    """The server itself; lives in one event loop."""

    def __init__(self, log: Path | None = None, answer: Answer = default_answer) -> None:
        self.answer = answer
        self._log = log.open("a", encoding="utf-8") if log else None
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []
        self._by_number: dict[int, dict[str, Any]] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self.reset()

    def reset(self) -> None:
        with self._lock:
            self._entries, self._by_number, self._number, self._asked = [], {}, 0, 0
            self._fetches: list[dict[str, Any]] = []
            self._tasks: dict[str, _Task] = {}
            self._script: dict[str, Any] = {}
            self._hits: Counter[str] = Counter()
            if self._log:
                self._log.seek(0)
                self._log.truncate()

    def script(self, script: dict[str, Any]) -> None:
        with self._lock:
            self._script, self._hits, self._since = script, Counter(), self._asked

    def calls(self) -> list[dict[str, Any]]:
        with self._lock:
            return [dict(e) for e in self._entries]

    def fetches(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._fetches)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        loop = asyncio.get_running_loop()

        def protocol() -> _Watched:
            reader = asyncio.StreamReader(limit=2**20, loop=loop)
            return _Watched(reader, self._connected, loop)

        self._server = await loop.create_server(protocol, host, port, backlog=256)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        if self._log:
            self._log.close()
            self._log = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._one_request(reader, writer):
                pass
        except (_Gone, _Drop, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _one_request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if path.startswith("/_"):
            await self._control(writer, path, body)
        elif path.endswith("/models"):
            await _send(writer, 200, {"object": "list", "data": [{"id": "scripted-1", "object": "model"}]})
        elif path.startswith("/media/"):
            await self._media(writer, path, headers)
        elif _TASKS in path and method in ("POST", "GET", "DELETE"):
            await self._call(reader, writer, path, headers, body, _task_kind(method, path))
        elif method == "POST" and (kind := next((k for end, k in _KINDS.items() if path.endswith(end)), None)):
            await self._call(reader, writer, path, headers, body, kind)
        else:
            await _send(writer, 404, {"error": {"message": f"no route {path}", "type": "invalid_request_error"}})
        return headers.get("connection", "").lower() != "close"

    async def _media(self, writer: asyncio.StreamWriter, path: str, headers: dict[str, str]) -> None:
        """Answer a link that was handed out."""
        with self._lock:
            self._fetches.append({"path": path, "headers": headers})
            fault = self._script.get("media") or self._script.get("default", {}).get("media") or {}
            task = self._tasks.get(Path(path).stem)
        body = fault.get("body") or (task.clip() if task else picture(path))
        kind = "video/mp4" if task else "image/png"
        if fault.get("drip_ms"):
            writer.write(_head(200, {"Content-Length": str(len(body))}, kind))
            for start in range(0, len(body), 16):
                writer.write(body[start : start + 16])
                await writer.drain()
                await asyncio.sleep(fault["drip_ms"] / 1000)
            return
        await _send(writer, fault.get("status", 200), body, fault.get("headers"), kind)

    async def _control(self, writer: asyncio.StreamWriter, path: str, body: bytes) -> None:
        if path == "/_script":
            self.script(json.loads(body or b"{}"))
        elif path == "/_reset":
            self.reset()
        await _send(writer, 200, self.calls() if path == "/_log" else {"ok": True})

    # -- one model call ------------------------------------------------------------------------------------------------

    async def _call(
        self, reader: Any, writer: asyncio.StreamWriter, path: str, headers: dict[str, str], body: bytes, kind: str
    ) -> None:
        request = (
            {} if not body else json.loads(body) if body[:1] == b"{" else form_fields(headers["content-type"], body)
        )
        number, fault = self._received(path, headers, request, kind)
        with self._lock:
            if number in self._by_number:
                self._by_number[number]["peer"] = writer.get_extra_info("peername")
        call = _CALLS.get(kind, _Call)(number, request, headers, writer, fault)
        call.path = path
        talking = asyncio.ensure_future(self._talk(call, kind))
        leaving = asyncio.ensure_future(reader.gone.wait())
        try:
            await asyncio.wait((talking, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not talking.done():
                talking.cancel()
                self._ended(number, "disconnected", disconnected=True)
                raise _Gone
            self._ended(number, talking.result())
        except (_Drop, ConnectionError) as error:
            self._ended(number, "dropped", disconnected=isinstance(error, ConnectionError))
            raise
        except asyncio.CancelledError:
            talking.cancel()
            self._ended(number, "stopped")
            raise
        finally:
            leaving.cancel()

    def _received(
        self, path: str, headers: dict[str, str], request: dict[str, Any], kind: str
    ) -> tuple[int, dict[str, Any]]:
        said = [*(m.get("content") for m in messages_of(request)), request.get("prompt", "")]
        said += [c.get("text", "") for c in request.get("content", [])]
        with self._lock:
            self._number += 1
            number = self._number
            if kind in ("poll", "list", "cancel"):
                fault = self._task_fault(kind, path)
            else:
                self._asked += 1
                fault = self._fault_for(self._asked - getattr(self, "_since", 0), "\n".join(map(str, said)))
            entry = {
                "n": number,
                "kind": kind,
                "at": time.time(),
                "call_id": headers.get("x-client-request-id"),
                "path": path,
                "model": request.get("model"),
                "mode": mode_of(request) or "plain",
                "stream": bool(request.get("stream")),
                "messages_hash": hashlib.sha256(
                    json.dumps(messages_of(request) or None, sort_keys=True).encode()
                ).hexdigest()[:16],
                "has_key": "authorization" in headers,
                "outcome": None,
                "disconnected": False,
            }
            self._entries.append(entry)
            self._by_number[number] = entry
            self._write({"event": "received", **entry})
        # Kept in memory only: tests look at them, the file is a ledger.
        entry["request"], entry["headers"] = request, headers
        return number, fault

    def _task_fault(self, kind: str, path: str) -> dict[str, Any]:
        """What the script of the task's creation says of this poll; of a list or a cancel nothing."""
        task = self._tasks.get(_task_id(path))
        if kind != "poll" or task is None:
            return {}
        task.polled += 1
        faults: dict[str, Any] = task.fault.get("polls") or {}
        return dict(faults.get(str(task.polled)) or faults.get("*") or {})

    def _fault_for(self, nth: int, prompt: str) -> dict[str, Any]:
        """Later sources win: default, nth, rules whose text the prompt has, markers in the prompt."""
        fault = dict(self._script.get("default", {}))
        fault |= (self._script.get("nth") or {}).get(str(nth), {})
        for place, rule in enumerate(self._script.get("rules", [])):
            if rule["match"] in prompt and self._hits_less_than(f"rule {place}", rule.get("times")):
                fault |= {k: v for k, v in rule.items() if k not in ("match", "times")}
        for name, times in _MARKER.findall(prompt):
            if self._hits_less_than(f"marker {name}", int(times) if times else None):
                fault |= (
                    json.loads(name)
                    if name.startswith("{")
                    else {"status": int(name)}
                    if name.isdigit()
                    else NAMED[name]
                )
        return fault

    def _hits_less_than(self, what: str, times: int | None) -> bool:
        self._hits[what] += 1
        return times is None or self._hits[what] <= times

    def _ended(self, number: int, outcome: str, disconnected: bool = False) -> None:
        with self._lock:
            entry = self._by_number.get(number)
            if entry is None:  # reset meanwhile
                return
            entry.update(outcome=outcome, disconnected=disconnected, ended_at=time.time())
            self._write(
                {
                    "event": "ended",
                    "n": number,
                    "outcome": outcome,
                    "disconnected": disconnected,
                    "ended_at": entry["ended_at"],
                }
            )

    def _write(self, line: dict[str, Any]) -> None:
        if self._log:
            self._log.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._log.flush()

    async def _talk(self, call: _Call, kind: str) -> str:
        fault = call.fault
        if fault.get("delay_ms"):
            await asyncio.sleep(fault["delay_ms"] / 1000)
        if fault.get("hang"):
            await asyncio.Event().wait()
        if fault.get("reset"):
            raise _Drop
        if fault.get("huge_mb"):
            return await call.huge(fault["huge_mb"])
        refused = call.refusal()
        if refused is not None:
            cut, split = bool(fault.get("cut")), int(fault.get("split", 0))
            await _send(call.writer, *refused, fault.get("headers"), fault.get("content_type"), split=split, cut=cut)
            return str(refused[0])
        if fault.get("html"):
            await _send(
                call.writer,
                200,
                "<html><head><title>Welcome</title></head><body>A web page</body></html>",
                fault.get("headers"),
                "text/html",
            )
            return "html"
        if kind == "image":
            return await call.pictures()
        if kind in ("create", "poll", "list", "cancel"):
            status, body = self._about_task(kind, call)
            await call.send(status, json.dumps(body).encode())
            return "ok" if status == 200 else str(status)
        text = (
            fault["text"]
            if "text" in fault
            else ""
            if fault.get("empty")
            else "  \n"
            if fault.get("blank")
            else self.answer(call.request)
        )
        if call.request.get("stream") and not fault.get("ignore_stream"):
            return await call.stream(text)
        return await call.whole(text)

    # -- long tasks ----------------------------------------------------------------------------------------------------

    def _about_task(self, kind: str, call: _Call) -> tuple[int, Any]:
        """(status, body): creates a task, tells of one or of all, cancels or forgets one."""
        with self._lock:
            if kind == "create":
                made = _Task(f"cgt-{call.number}", call.request, call.fault, call.headers.get("host", ""))
                self._tasks[made.id] = made
                return 200, {"id": made.id}
            if kind == "list":
                return 200, {"total": len(self._tasks), "items": [t.told() for t in reversed(self._tasks.values())]}
            task = self._tasks.get(_task_id(call.path))
            if task is None:
                return 404, {"error": {"code": "ResourceNotFound", "message": "no such task", "type": "NotFound"}}
            if kind == "poll":
                return 200, task.told()
            return self._delete(task)

    def _delete(self, task: _Task) -> tuple[int, Any]:
        if task.state == "running":
            return 409, {"error": {"code": "InvalidAction.RunningTaskDeletion", "message": "it is running"}}
        if task.state == "queued":
            task.cancelled = True
        else:
            del self._tasks[task.id]
        return 200, {}


_TASKS = "/contents/generations/tasks"
_KINDS = {
    "/chat/completions": "chat",
    "/responses": "responses",
    "/images/generations": "image",
    "/images/edits": "image",
}


def _task_id(path: str) -> str:
    return path.partition("?")[0].partition(_TASKS)[2].strip("/")


def _task_kind(method: str, path: str) -> str:
    return {"POST": "create", "DELETE": "cancel"}.get(method, "poll" if _task_id(path) else "list")


class _Task:
    """A clip that is being made. Its state moves with each poll, as the script says."""

    def __init__(self, task_id: str, request: dict[str, Any], fault: dict[str, Any], host: str) -> None:
        self.id, self.request, self.fault, self.host = task_id, request, fault, host
        self.polled, self.cancelled, self.created = 0, False, time.time()

    @property
    def state(self) -> str:
        if self.cancelled:
            return "cancelled"
        states = self.fault.get("states") or ["succeeded"]
        # before its first poll it is where that poll will find it
        return str(states[min(max(self.polled, 1), len(states)) - 1])

    def clip(self) -> bytes:
        given = self.fault.get("clip")
        if given is None:
            return tiny_mp4(seconds=float(self.request.get("duration", 5)))
        return given if isinstance(given, bytes) else base64.b64decode(given)

    def told(self) -> dict[str, Any]:
        """The task as a poll shows it."""
        fault, asked = self.fault, self.request
        body: dict[str, Any] = {
            "id": self.id,
            "model": asked.get("model"),
            "status": self.state,
            "created_at": int(self.created),
            "updated_at": int(time.time()),
            **{k: asked[k] for k in ("seed", "duration", "ratio", "resolution") if k in asked},
        }
        if self.state == "succeeded":
            link = fault.get("clip_url") or f"http://{self.host}/media/{self.id}.mp4?sig=a%2Fb+c"
            body["content"] = {} if fault.get("no_url") else {"video_url": link}
            body["framespersecond"] = 24
            if not fault.get("no_usage"):
                tokens = {"completion_tokens": 108_000, "total_tokens": 108_000}
                body["usage"] = fault.get("usage", tokens)
        if self.state == "failed":
            body["error"] = fault.get("task_error", {"code": "InternalServiceError", "message": "scripted failure"})
        return body | fault.get("task", {})


class _Call:
    """One request being answered, in chat's words."""

    path = ""
    format_field = "response_format"
    usage_names = ("prompt_tokens", "completion_tokens")

    def __init__(
        self,
        number: int,
        request: dict[str, Any],
        headers: dict[str, str],
        writer: asyncio.StreamWriter,
        fault: dict[str, Any],
    ) -> None:
        self.number, self.request, self.headers, self.writer, self.fault = number, request, headers, writer, fault

    def refusal(self) -> tuple[int, Any] | None:
        """(status, body) when the script refuses this request."""
        fault, wanted = self.fault, mode_of(self.request)
        for own in fault.get("refusals", ()):
            if (own.get("mode") and own["mode"] == wanted) or (own.get("field") and own["field"] in self.request):
                return own["status"], own["body"]
        if wanted in fault.get("reject_modes", ()):
            return 400, {
                "error": {
                    "message": f"{self.format_field} type {wanted} is not supported by this model",
                    "type": "invalid_request_error",
                }
            }
        for name in fault.get("reject", ()):
            if name in self.request:
                return 400, {
                    "error": {
                        "message": f"Unrecognized request argument supplied: {name}",
                        "type": "invalid_request_error",
                        "param": name,
                    }
                }
        if fault.get("echo_key"):
            return fault.get("status", 401), {
                "error": {"message": f"bad header: {self.headers.get('authorization')}", "type": "x"}
            }
        if fault.get("status", 200) != 200 or "body" in fault:
            status = fault.get("status", 200)
            return status, fault.get("body", {"error": {"message": f"scripted failure {status}", "type": "scripted"}})
        return None

    async def pictures(self) -> str:
        fault, request = self.fault, self.request
        number = 1
        if request.get("sequential_image_generation") == "auto":
            number = fault.get("group") or request["sequential_image_generation_options"]["max_images"]
        entries = [] if fault.get("no_image") else [self._picture(place) for place in range(number)]
        body: dict[str, Any] = {"model": request.get("model"), "created": 1, "data": entries}
        if self.path.startswith("/api/v3"):
            drawn = sum("error" not in e for e in entries)
            body["usage"] = {"generated_images": drawn, "output_tokens": 14_400 * drawn, "total_tokens": 14_400 * drawn}
        if fault.get("usage"):
            body["usage"] = fault["usage"]
        await self.send(200, json.dumps(body).encode())
        return "ok"

    def _picture(self, place: int) -> dict[str, Any]:
        """One entry of the answer: a link, an error or the picture itself."""
        fault, request = self.fault, self.request
        if fault.get("image_error") and place in fault.get("image_error_at", range(100)):
            return {"error": fault["image_error"]}
        if fault.get("image_url") or request.get("response_format") == "url":
            link = fault.get("image_url", True)
            name = f"{self.number}-{place}" if place else f"{self.number}"
            host = self.headers.get("host", "")
            return {"url": f"http://{host}/media/{name}.png?sig=a%2Fb+c" if link is True else link}
        if "image_b64" in fault:
            return {"b64_json": fault["image_b64"]}
        drawn = picture(f"{request.get('prompt')}{place or ''}", str(request.get("size")))
        return {"b64_json": base64.b64encode(drawn).decode()}

    async def huge(self, megabytes: int) -> str:
        """A body without end, as far as the client reads it."""
        streamed = self.request.get("stream") and not self.fault.get("ignore_stream") and "status" not in self.fault
        kind = "text/event-stream" if streamed else "application/json"
        self.writer.write(_head(self.fault.get("status", 200), {"Transfer-Encoding": "chunked", **self._extra()}, kind))
        await self._chunked(b'data: {"x": "' if streamed else b'{"x": "')
        piece = b"x" * 1024 * 1024
        for _ in range(megabytes):
            await self._chunked(piece)
        await self._chunked(b'"}\n\n')
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        return "ok"

    async def whole(self, text: str) -> str:
        await self.send(200, json.dumps(self._whole(text)).encode())
        return "ok"

    async def send(self, status: int, raw: bytes) -> None:
        """A JSON answer: at once, dripping, or half of it."""
        head = _head(status, {"Content-Length": str(len(raw)), **self._extra()}, "application/json")
        if self.fault.get("half"):
            self.writer.write(head + raw[: len(raw) // 2])
            await self.writer.drain()
            raise _Drop
        step = self.fault.get("drip_bytes", 1) if self.fault.get("drip_ms") else len(raw)
        self.writer.write(head)
        for start in range(0, len(raw), step):
            await self._write(raw[start : start + step], self.fault.get("drip_ms", 0))

    def _whole(self, text: str) -> dict[str, Any]:
        body = {
            "id": f"chatcmpl-{self.number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": self.request.get("model"),
            "choices": [] if self.fault.get("no_choices") else [self._choice(text)],
        }
        if not self.fault.get("no_usage") and not self.fault.get("choice_usage"):
            body["usage"] = self._usage(text)
        return body

    def _choice(self, text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text} | (
            {"content": None, "refusal": self.fault["refusal"]} if self.fault.get("refusal") else {}
        )
        choice = {"index": 0, "finish_reason": self.fault.get("finish_reason", "stop"), "message": message}
        return choice | ({"usage": self._usage(text)} if self.fault.get("choice_usage") else {})

    async def stream(self, text: str) -> str:
        self.writer.write(
            _head(
                200,
                {"Transfer-Encoding": "chunked", **self._extra()},
                self.fault.get("content_type", "text/event-stream"),
            )
        )
        await self.writer.drain()
        await asyncio.sleep(self.fault.get("first_token_ms", 0) / 1000)
        await self._first()
        pieces = self.fault.get("pieces") or _pieces(text)
        if self.fault.get("no_choices"):
            pieces = []
        for place, piece in enumerate(pieces):
            if place and await self._midway(place, len(pieces)):
                return "half"
            await self._piece(piece)
        if not pieces and (self.fault.get("half") or self.fault.get("error_event")) and await self._midway(1, 2):
            return "half"
        await self._last(text)
        return "ok"

    async def _first(self) -> None:
        """What comes before the text."""

    async def _piece(self, piece: str) -> None:
        await self._event(self._chunk({"content": piece} if not self.fault.get("refusal") else {"refusal": piece}))

    async def _broken(self, error: dict[str, Any]) -> None:
        await self._event({"error": error})

    async def _midway(self, place: int, of: int) -> bool:
        """Faults after the first piece; True when the stream ended early, but properly."""
        if self.fault.get("garbage") and place == 1:
            await self._frame("data: {not json\n\n")
        if self.fault.get("error_event") and place == 1:
            await self._broken(self.fault["error_event"])
        if self.fault.get("half") and place >= max(1, of // 2):
            if self.fault["half"] != "clean":
                raise _Drop
            self.writer.write(b"0\r\n\r\n")
            await self.writer.drain()
            return True
        return False

    async def _last(self, text: str) -> None:
        if not self.fault.get("no_choices"):
            last = self._chunk({}, self.fault.get("finish_reason", "stop"))
            if self.fault.get("choice_usage"):
                last["choices"][0]["usage"] = self._usage(text)
            await self._event(last)
        asked = (self.request.get("stream_options") or {}).get("include_usage")
        if asked and not self.fault.get("no_usage") and not self.fault.get("choice_usage"):
            await self._event({**self._chunk({}), "choices": [], "usage": self._usage(text)})
        await self._end(done=not self.fault.get("no_done"))

    async def _end(self, *, done: bool) -> None:
        if done:
            await self._frame("data: [DONE]\n\n")
        if self.fault.get("linger_ms"):
            await asyncio.sleep(self.fault["linger_ms"] / 1000)
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {
            "id": f"chatcmpl-{self.number}",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": self.request.get("model"),
            "choices": [choice],
        }

    async def _event(self, data: dict[str, Any]) -> None:
        await self._frame(f"data: {json.dumps(data)}\n\n")

    async def _frame(self, event: str) -> None:
        await self._chunked(event.encode(), self.fault.get("drip_ms", 0))

    async def _chunked(self, raw: bytes, wait_ms: float = 0) -> None:
        await self._write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n", wait_ms)

    async def _write(self, raw: bytes, wait_ms: float) -> None:
        self.writer.write(raw)
        await self.writer.drain()
        if wait_ms:
            await asyncio.sleep(wait_ms / 1000)

    def _extra(self) -> dict[str, str]:
        return {"x-request-id": f"req-{self.number}", **(self.fault.get("headers") or {})}

    def _usage(self, text: str) -> dict[str, Any]:
        if self.fault.get("usage"):
            return dict(self.fault["usage"])
        asked = sum(len(str(m.get("content"))) for m in messages_of(self.request))
        tokens = dict(zip(self.usage_names, (max(1, asked // 4), max(1, len(text) // 4)), strict=True))
        return tokens | {"total_tokens": sum(tokens.values())}


class _Responses(_Call):
    """The same in the words of the Responses API."""

    format_field = "text.format"
    usage_names = ("input_tokens", "output_tokens")
    _numbered = 0

    def _whole(self, text: str) -> dict[str, Any]:
        reason = self.fault.get("finish_reason", "stop")
        body: dict[str, Any] = {
            "id": f"resp-{self.number}",
            "object": "response",
            "created_at": int(time.time()),
            "model": self.request.get("model"),
            "status": "failed" if self.fault.get("failed") else "completed" if reason == "stop" else "incomplete",
            "error": self.fault.get("failed"),
            "incomplete_details": None,
            "output": [] if self.fault.get("no_choices") or self.fault.get("no_output") else self._output(text),
            "usage": None if self.fault.get("no_usage") else self._usage(text),
        }
        if body["status"] == "incomplete":
            body["incomplete_details"] = {"reason": "max_output_tokens" if reason == "length" else reason}
        return body

    def _output(self, text: str) -> list[dict[str, Any]]:
        said = (
            {"type": "refusal", "refusal": self.fault["refusal"]}
            if self.fault.get("refusal")
            else {"type": "output_text", "text": text, "annotations": []}
        )
        message = {"type": "message", "id": "msg-1", "role": "assistant", "status": "completed", "content": [said]}
        if not self.fault.get("reasoning"):
            return [message]
        thought = {"type": "summary_text", "text": self.fault["reasoning"]}
        return [{"type": "reasoning", "id": "rs-1", "summary": [thought]}, message]

    async def _event(self, data: dict[str, Any]) -> None:
        kind, number = data["type"], self._numbered
        self._numbered += 1
        await self._frame(f"event: {kind}\ndata: {json.dumps({**data, 'sequence_number': number})}\n\n")

    async def _first(self) -> None:
        created = {"id": f"resp-{self.number}", "status": "in_progress", "output": [], "usage": None, "error": None}
        await self._event({"type": "response.created", "response": created})
        if self.fault.get("reasoning"):
            thought = {"item_id": "rs-1", "output_index": 0, "delta": self.fault["reasoning"]}
            await self._event({"type": "response.reasoning_summary_text.delta", **thought})

    async def _piece(self, piece: str) -> None:
        what = "refusal" if self.fault.get("refusal") else "output_text"
        await self._event({"type": f"response.{what}.delta", "item_id": "msg-1", "content_index": 0, "delta": piece})

    async def _broken(self, error: dict[str, Any]) -> None:
        await self._event({"code": None, "param": None, **error, "type": "error"})

    async def _last(self, text: str) -> None:
        if not self.fault.get("no_choices"):
            whole = self._whole("".join(self.fault.get("pieces") or text))
            await self._event({"type": f"response.{whole['status']}", "response": whole})
        await self._end(done=bool(self.fault.get("done")))


_CALLS = {"responses": _Responses}


def _pieces(text: str) -> list[str]:
    """A few pieces, not one per word: chaos tests make thousands of calls."""
    step = max(1, len(text) // 4)
    return [text[i : i + step] for i in range(0, len(text), step)]


def _head(status: int, headers: dict[str, str], content_type: str) -> bytes:
    kind = [f"Content-Type: {content_type}"] if content_type else []
    lines = [f"HTTP/1.1 {status} Scripted", *kind, *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: Any,
    headers: dict[str, str] | None = None,
    content_type: str | None = None,
    *,
    split: int = 0,
    cut: bool = False,
) -> None:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    kind = ("text/plain" if isinstance(body, str) else "application/json") if content_type is None else content_type
    length = len(raw) + (1 if cut else 0)
    head = _head(status, {"Content-Length": str(length), "x-request-id": "req-control", **(headers or {})}, kind)
    if not split:
        writer.write(head + raw)
        await writer.drain()
    else:
        writer.write(head)
        for start in range(0, len(raw), split):
            writer.write(raw[start : start + split])
            await writer.drain()
            await asyncio.sleep(0)
    if cut:
        raise _Drop


# -- holding it --------------------------------------------------------------------------------------------------------


class ScriptedProvider:
    """The server in a thread of this process. `url` is what a profile's base_url wants, `ark_url` an Ark profile's."""

    def __init__(self, log: Path | None = None, answer: Answer = default_answer, port: int = 0) -> None:
        self._server = Server(log, answer)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted-provider", daemon=True)
        self._wanted_port = port

    def __enter__(self) -> ScriptedProvider:
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._server.start(port=self._wanted_port), self._loop).result(10)
        self.root = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.root}/v1"
        self.ark_url = f"{self.root}/api/v3"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def script(self, **script: Any) -> None:
        self._server.script(script)

    def answer_with(self, answer: Answer) -> None:
        self._server.answer = answer

    def reset(self) -> None:
        self._server.reset()

    def calls(self) -> list[dict[str, Any]]:
        return self._server.calls()

    def fetches(self) -> list[dict[str, Any]]:
        """What was asked of the links it handed out."""
        return self._server.fetches()


def control(root: str, what: str, body: dict[str, Any] | None = None) -> Any:
    """Talk to a server in another process: control(root, "script", {...}), "reset", "log"."""
    sent = urllib.request.Request(
        f"{root.removesuffix('/v1')}/_{what}", data=json.dumps(body or {}).encode(), method="POST"
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent, timeout=10) as reply:
        return json.loads(reply.read())


def read_log(file: Path) -> list[dict[str, Any]]:
    """The call log of a server in another process: one dict per call, in the order of their coming."""
    calls: dict[int, dict[str, Any]] = {}
    for line in file.read_text("utf-8").splitlines():
        if not line.endswith("}"):
            continue  # being written right now
        entry = json.loads(line)
        entry.pop("event")
        calls.setdefault(entry["n"], {}).update(entry)
    return [calls[n] for n in sorted(calls)]


def _load(spec: str) -> Answer:
    module, _, name = spec.partition(":")
    return getattr(importlib.import_module(module), name)  # type: ignore[no-any-return]


async def _serve(port: int, log: Path | None, answer: Answer, script: dict[str, Any], orphan: bool) -> None:
    server = Server(log, answer)
    server.script(script)
    bound = await server.start(port=port)
    print(f"http://127.0.0.1:{bound}/v1", flush=True)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    if not orphan:
        # Ends with whoever started it, even after a SIGKILL of the test.
        threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(over.set)), daemon=True).start()
    import signal

    for ending in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(ending, over.set)
    await over.wait()
    await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--answer", default="", help="module:function, called with the request, returns the text")
    parser.add_argument("--script", default="{}", help="the first script, as JSON")
    parser.add_argument("--orphan", action="store_true", help="go on when standard input closes")
    given = parser.parse_args()
    answer = _load(given.answer) if given.answer else default_answer
    asyncio.run(_serve(given.port, given.log, answer, json.loads(given.script), given.orphan))


if __name__ == "__main__":
    main()
