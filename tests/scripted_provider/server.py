"""The server: routes, the script and the call log."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.scripted_provider.answers import Answer, default_answer, form_fields, messages_of, mode_of, picture
from tests.scripted_provider.calls import CALLS, Call, Drop, http_head, send, wait_for_file
from tests.scripted_provider.faults import MARKER, NAMED
from tests.scripted_provider.tasks import TASKS, Task, task_id_of, task_kind


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
            self._tasks: dict[str, Task] = {}
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
        except (_Gone, Drop, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
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
            await send(writer, 200, {"object": "list", "data": [{"id": "scripted-1", "object": "model"}]})
        elif path.startswith("/media/"):
            await self._media(writer, path, headers)
        elif TASKS in path and method in ("POST", "GET", "DELETE"):
            await self._call(reader, writer, path, headers, body, task_kind(method, path))
        elif method == "POST" and (kind := next((k for end, k in _KINDS.items() if path.endswith(end)), None)):
            await self._call(reader, writer, path, headers, body, kind)
        else:
            await send(writer, 404, {"error": {"message": f"no route {path}", "type": "invalid_request_error"}})
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
            writer.write(http_head(200, {"Content-Length": str(len(body))}, kind))
            for start in range(0, len(body), 16):
                writer.write(body[start : start + 16])
                await writer.drain()
                await asyncio.sleep(fault["drip_ms"] / 1000)
            return
        await send(writer, fault.get("status", 200), body, fault.get("headers"), kind)

    async def _control(self, writer: asyncio.StreamWriter, path: str, body: bytes) -> None:
        if path == "/_script":
            self.script(json.loads(body or b"{}"))
        elif path == "/_reset":
            self.reset()
        await send(writer, 200, self.calls() if path == "/_log" else {"ok": True})

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
        call = CALLS.get(kind, Call)(number, request, headers, writer, fault)
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
        except (Drop, ConnectionError) as error:
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
                "params": {name: request[name] for name in ("max_tokens", "temperature") if name in request},
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
        task = self._tasks.get(task_id_of(path))
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
        for name, times in MARKER.findall(prompt):
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

    async def _talk(self, call: Call, kind: str) -> str:
        fault = call.fault
        if fault.get("delay_ms"):
            await asyncio.sleep(fault["delay_ms"] / 1000)
        if fault.get("wait_for"):
            await asyncio.to_thread(wait_for_file, Path(fault["wait_for"]))
        if fault.get("hang"):
            await asyncio.Event().wait()
        if fault.get("reset"):
            raise Drop
        if fault.get("huge_mb"):
            return await call.huge(fault["huge_mb"])
        refused = call.refusal()
        if refused is not None:
            cut, split = bool(fault.get("cut")), int(fault.get("split", 0))
            await send(call.writer, *refused, fault.get("headers"), fault.get("content_type"), split=split, cut=cut)
            return str(refused[0])
        if fault.get("html"):
            await send(
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

    def _about_task(self, kind: str, call: Call) -> tuple[int, Any]:
        """(status, body): creates a task, tells of one or of all, cancels or forgets one."""
        with self._lock:
            if kind == "create":
                made = Task(f"cgt-{call.number}", call.request, call.fault, call.headers.get("host", ""))
                self._tasks[made.id] = made
                return 200, {"id": made.id}
            if kind == "list":
                return 200, {"total": len(self._tasks), "items": [t.told() for t in reversed(self._tasks.values())]}
            task = self._tasks.get(task_id_of(call.path))
            if task is None:
                return 404, {"error": {"code": "ResourceNotFound", "message": "no such task", "type": "NotFound"}}
            if kind == "poll":
                return 200, task.told()
            return self._delete(task)

    def _delete(self, task: Task) -> tuple[int, Any]:
        if task.state == "running":
            return 409, {"error": {"code": "InvalidAction.RunningTaskDeletion", "message": "it is running"}}
        if task.state == "queued":
            task.cancelled = True
        else:
            del self._tasks[task.id]
        return 200, {}


_KINDS = {
    "/chat/completions": "chat",
    "/responses": "responses",
    "/images/generations": "image",
    "/images/edits": "image",
}
