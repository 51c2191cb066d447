"""A real HTTP server that answers like Google's generative language API and misbehaves on request.

with ScriptedGemini() as server:
    server.script({"status": 500})      # from now on, for every call
    server.calls                        # [{"method", "path", "query", "headers", "body"}]

A script is a dict, all keys optional: status, headers, body (JSON, text or bytes) answer this instead; `text`,
`finish`,
`usage`, `candidates`, `feedback`, `images` (bytes of each), `response_id` shape the answer; `hang`, `reset`, `half`,
`drip_ms`,
`huge_mb` (with `huge_status`), `html`, `empty_stream` misbehave; `polls` is how many polls an operation runs;
`operation` is what it ends with.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

USAGE = {"promptTokenCount": 12, "candidatesTokenCount": 5, "thoughtsTokenCount": 3, "totalTokenCount": 20}


class ScriptedGemini:
    """The server on a port of its own, in threads."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.fault: dict[str, Any] = {}
        self._polled = 0
        self._let_go = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def script(self, fault: dict[str, Any]) -> None:
        self.fault, self._polled = fault, 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                self._answer(json.loads(self.rfile.read(length) or b"{}"))

            def _answer(self, body: dict[str, Any]) -> None:
                parts = urlsplit(self.path)
                headers = {k.lower(): v for k, v in self.headers.items()}
                outer.calls.append(
                    {
                        "method": self.command,
                        "path": parts.path,
                        "query": parse_qs(parts.query),
                        "headers": headers,
                        "body": body,
                    }
                )
                try:
                    outer._talk(self, parts.path, body)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

        return Handler

    def _talk(self, to: BaseHTTPRequestHandler, path: str, body: dict[str, Any]) -> None:
        fault = self.fault
        spoilt = {"drip_ms": fault.get("drip_ms"), "half": fault.get("half")}
        if fault.get("hang"):
            self._let_go.wait(120)
            to.close_connection = True
            return
        if fault.get("reset"):
            to.close_connection = True
            to.connection.close()
            return
        if "status" in fault or "body" in fault:
            status = fault.get("status", 200)
            told = fault.get(
                "body", {"error": {"code": status, "message": f"scripted failure {status}", "status": "SCRIPTED"}}
            )
            _send(to, status, told, fault.get("headers"))
        elif fault.get("html"):
            _send(to, 200, b"<html><title>Welcome</title></html>", {"Content-Type": "text/html"})
        elif fault.get("huge_mb"):
            _huge(to, fault["huge_mb"], fault.get("huge_status", 200))
        elif path.endswith(":predictLongRunning"):
            _send(to, 200, {"name": "models/veo/operations/op-1"}, **spoilt)
        elif "/operations/" in path:
            self._polled += 1
            done = self._polled > fault.get("polls", 0)
            ended = fault.get("operation", {"response": self._videos()})
            _send(to, 200, {"name": path.split("/v1beta/")[-1], **({"done": True, **ended} if done else {})}, **spoilt)
        elif path.startswith("/files/"):
            self._let_go.wait(fault.get("file_delay_ms", 0) / 1000)
            _send(to, fault.get("file_status", 200), fault.get("file", b"clip"), fault.get("file_headers"))
        elif path.endswith(":streamGenerateContent"):
            self._stream(to)
        else:
            _send(to, 200, self._reply(fault.get("text", "ready")), **spoilt)

    def _videos(self) -> dict[str, Any]:
        uri = self.fault.get("uri", f"{self.url}/files/clip.mp4")
        return {"generateVideoResponse": {"generatedSamples": [{"video": {"uri": uri}}]}}

    def _reply(self, text: str, *, last: bool = True) -> dict[str, Any]:
        fault = self.fault
        images = [
            {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(i).decode()}}
            for i in fault.get("images", ())
        ]
        parts = ([{"text": text}] if text else []) + images
        made: dict[str, Any] = {"responseId": fault.get("response_id", "resp-1"), "modelVersion": "gemini-x"}
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
        if last:
            candidate["finishReason"] = fault.get("finish", "STOP")
        made["candidates"] = fault.get("candidates", [candidate])
        if fault.get("feedback"):
            made["promptFeedback"] = fault["feedback"]
        if fault.get("usage", USAGE):
            made["usageMetadata"] = fault.get("usage", USAGE) if last else {"promptTokenCount": 12}
        return made

    def _stream(self, to: BaseHTTPRequestHandler) -> None:
        fault = self.fault
        text = fault.get("text", "ready to go")
        pieces = [text[n : n + 4] for n in range(0, len(text), 4)] or [""]
        to.send_response(200)
        to.send_header("Content-Type", "text/event-stream")
        to.send_header("Transfer-Encoding", "chunked")
        to.end_headers()
        if not fault.get("empty_stream"):
            for place, piece in enumerate(pieces):
                if fault.get("half") and place:
                    to.connection.close()
                    to.close_connection = True
                    return
                last = place == len(pieces) - 1 and not fault.get("no_end")
                _chunk(to, f"data: {json.dumps(self._reply(piece, last=last))}\r\n\r\n".encode())
                if fault.get("drip_ms"):
                    time.sleep(fault["drip_ms"] / 1000)
            if fault.get("stream_error"):
                _chunk(to, f"data: {json.dumps({'error': fault['stream_error']})}\r\n\r\n".encode())
        to.wfile.write(b"0\r\n\r\n")


def _send(
    to: BaseHTTPRequestHandler, status: int, body: Any, headers: dict[str, str] | None = None, *,
    drip_ms: int | None = None, half: bool | None = None,
) -> None:  # fmt: skip
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    told = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}
    to.send_response(status)
    for name, value in told.items():
        to.send_header(name, value)
    to.end_headers()
    if half:
        to.wfile.write(raw[: len(raw) // 2])
        to.wfile.flush()
        to.connection.close()
        to.close_connection = True
        return
    step = 8 if drip_ms else len(raw) or 1
    for start in range(0, len(raw), step):
        to.wfile.write(raw[start : start + step])
        to.wfile.flush()
        if drip_ms:
            time.sleep(drip_ms / 1000)


def _chunk(to: BaseHTTPRequestHandler, data: bytes) -> None:
    to.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
    to.wfile.flush()


def _huge(to: BaseHTTPRequestHandler, megabytes: int, status: int) -> None:
    to.send_response(status)
    to.send_header("Content-Type", "application/json")
    to.send_header("Transfer-Encoding", "chunked")
    to.end_headers()
    _chunk(to, b'{"candidates": [{"content": {"parts": [{"text": "')
    for _ in range(megabytes):
        _chunk(to, b"a" * 1024 * 1024)
