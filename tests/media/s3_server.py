"""A server that speaks as much of S3 as a media store needs: put, get, head, list, delete. Objects live in a dict."""

from __future__ import annotations

import hashlib
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape


class S3Server:
    """``endpoint`` is its address; ``objects`` what it holds: "bucket/key" → (bytes, when)."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, float]] = {}
        self.requests: list[tuple[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                pass

            def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def _place(self) -> tuple[str, dict[str, list[str]]]:
                parts = urlsplit(self.path)
                place = unquote(parts.path).lstrip("/")
                outer.requests.append((self.command, place))
                return place, parse_qs(parts.query, keep_blank_values=True)

            def do_PUT(self) -> None:
                place, _ = self._place()
                body = self.rfile.read(int(self.headers["content-length"]))
                if "aws-chunked" in self.headers.get("content-encoding", ""):
                    body = _unchunked(body)
                outer.objects[place] = (body, time.time())
                self._send(200, ETag=_etag(body))

            def do_GET(self) -> None:
                place, query = self._place()
                if "list-type" in query:
                    self._send(200, outer._listing(place.rstrip("/"), query).encode(), Content_Type="application/xml")
                else:
                    self._object(place)

            def do_HEAD(self) -> None:
                self._object(self._place()[0])

            def do_DELETE(self) -> None:
                outer.objects.pop(self._place()[0], None)
                self._send(204)

            def _object(self, place: str) -> None:
                found = outer.objects.get(place)
                if found is None:
                    said = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
                    self._send(404, b"" if self.command == "HEAD" else said, Content_Type="application/xml")
                    return
                body, when = found
                whole, status = body, 200
                headers = {"ETag": _etag(body), "Last_Modified": formatdate(when, usegmt=True)}
                if wanted := self.headers.get("range"):
                    first, _, last = wanted.removeprefix("bytes=").partition("-")
                    body, status = body[int(first) : int(last or len(body)) + 1], 206
                    headers["Content_Range"] = f"bytes {first}-{int(first) + len(body) - 1}/{len(whole)}"
                self._send(status, body, **headers)

        return Handler

    def _listing(self, bucket: str, query: dict[str, list[str]]) -> str:
        prefix = query.get("prefix", [""])[0]
        found = {k.removeprefix(f"{bucket}/"): v for k, v in self.objects.items() if k.startswith(f"{bucket}/{prefix}")}
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>{escape(_etag(body))}</ETag>"
            f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(when))}</LastModified>"
            f"<StorageClass>STANDARD</StorageClass></Contents>"
            for key, (body, when) in sorted(found.items())
        )
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}</KeyCount><MaxKeys>1000</MaxKeys>"
            f"<IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
        )


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


def _unchunked(body: bytes) -> bytes:
    """The content of an aws-chunked body."""
    made = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            return made
        made, body = made + rest[:length], rest[length + 2 :]
    return made
