"""One request being answered: in chat's words or in those of /responses, whole, streamed, dripping or cut."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

from tests.scripted_provider.answers import messages_of, mode_of, picture


class Drop(Exception):
    """The script wants the connection dropped now."""


def wait_for_file(path: Path) -> bool:
    """Whether it came to be. Two minutes at most: a test that failed must not hold the server up."""
    deadline = time.monotonic() + 120
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.exists()


class Call:
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
        self.writer.write(
            http_head(self.fault.get("status", 200), {"Transfer-Encoding": "chunked", **self._extra()}, kind)
        )
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
        head = http_head(status, {"Content-Length": str(len(raw)), **self._extra()}, "application/json")
        if self.fault.get("half"):
            self.writer.write(head + raw[: len(raw) // 2])
            await self.writer.drain()
            raise Drop
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
            http_head(
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
            await self._hold(place)
            if place and await self._midway(place, len(pieces)):
                return "half"
            await self._piece(piece)
        if not pieces and (self.fault.get("half") or self.fault.get("error_event")) and await self._midway(1, 2):
            return "half"
        await self._last(text)
        return "ok"

    async def _hold(self, place: int) -> None:
        """Before this piece, if the script holds it back. Drop: what it waits for never came."""
        held = self.fault.get("hold") and place == (0 if self.fault.get("reasoning") else 1)
        if held and not await asyncio.to_thread(wait_for_file, Path(self.fault["hold"])):
            raise Drop

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
                raise Drop
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


class Responses(Call):
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


CALLS = {"responses": Responses}


def _pieces(text: str) -> list[str]:
    """A few pieces, not one per word: chaos tests make thousands of calls."""
    step = max(1, len(text) // 4)
    return [text[i : i + step] for i in range(0, len(text), step)]


def http_head(status: int, headers: dict[str, str], content_type: str) -> bytes:
    kind = [f"Content-Type: {content_type}"] if content_type else []
    lines = [f"HTTP/1.1 {status} Scripted", *kind, *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def send(
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
    head = http_head(status, {"Content-Length": str(length), "x-request-id": "req-control", **(headers or {})}, kind)
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
        raise Drop
