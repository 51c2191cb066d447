"""A server that speaks as much of S3 as a media store needs: put, also in parts, get, head, list, delete.

Objects live in a dict. Lists come in pages of 1,000 at most, as the real one's.
"""

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
        #: parts of uploads that are not complete: upload id → number → body
        self.parts: dict[str, dict[int, bytes]] = {}
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

            def _read_body(self) -> bytes:
                body = self.rfile.read(int(self.headers["content-length"] or 0))
                return _unchunked(body) if "aws-chunked" in self.headers.get("content-encoding", "") else body

            def do_POST(self) -> None:
                place, query = self._place()
                self._read_body()
                if "uploads" in query:
                    upload = f"upload-{len(outer.requests)}"
                    outer.parts[upload] = {}
                    said = (
                        f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
                    )
                else:
                    parts = outer.parts.pop(query["uploadId"][0])
                    outer.objects[place] = (b"".join(parts[n] for n in sorted(parts)), time.time())
                    said = f"<CompleteMultipartUploadResult><Key>{escape(place)}</Key></CompleteMultipartUploadResult>"
                self._send(200, said.encode(), Content_Type="application/xml")

            def do_PUT(self) -> None:
                place, query = self._place()
                body = self._read_body()
                if "partNumber" in query:
                    outer.parts[query["uploadId"][0]][int(query["partNumber"][0])] = body
                    self._send(200, ETag=_etag(body))
                    return
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
        after = query.get("continuation-token", [""])[0]
        most = min(int(query.get("max-keys", ["1000"])[0]), 1000)
        left = sorted(item for item in found.items() if item[0] > after)
        page = left[:most]
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(body)}</Size><ETag>{escape(_etag(body))}</ETag>"
            f"<LastModified>{time.strftime('%Y-%m-%dT%H:%M:%S.000Z', time.gmtime(when))}</LastModified>"
            f"<StorageClass>STANDARD</StorageClass></Contents>"
            for key, (body, when) in page
        )
        more = f"<NextContinuationToken>{escape(page[-1][0])}</NextContinuationToken>" if len(left) > most else ""
        return (
            '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{bucket}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount><MaxKeys>{most}</MaxKeys>"
            f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}{entries}</ListBucketResult>"
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
