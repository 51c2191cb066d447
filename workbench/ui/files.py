"""Files for the browser: Streamlit's own scripts, styles and fonts from memory, and stored pictures and clips by hash;
and those that a browser brings.

All of them have names that change with their content, so a browser asks for each of them once and keeps it.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
import shutil
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from workbench.errors import NotFound, ReelwrightError

#: Streamlit takes addresses below this for files of the app's own; its own serving of a folder there is off
MEDIA = "/app/static/media"
ASSETS = "/static/"
#: where large files arrive; the door asks for a cookie and this origin, as everywhere
INCOMING = "/app/static/incoming"
#: what nobody took is removed after a day
KEEP_S = 86_400.0
#: left free for the databases beside it
SPARE_BYTES = 256 * 1024**2
_TICKET = re.compile(r"[0-9a-f]{32}")
_FOR_A_YEAR = "max-age=31536000, immutable"
#: where a machine's own list may be wrong or silent
_KINDS = {".js": "text/javascript", ".woff2": "font/woff2", ".webp": "image/webp", ".mp4": "video/mp4"}
#: worth compressing: text, and more than a packet of it
_COMPRESSED, _FROM_BYTES = (".js", ".css", ".svg", ".json"), 1400

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass
class _Asset:
    content: bytes
    kind: str
    #: None until it is made, behind the first answer
    compressed: bytes | None = None


class Assets:
    """ASGI middleware that answers for a folder of files whose names change with their content.

    Streamlit reads each from disk for each request, in threads, uncompressed: a first visit asks for a hundred.
    Here they are read once and compressed once, which costs the second visitor a third of the time and of the bytes.
    """

    def __init__(self, app: App, *, folder: Path) -> None:
        self._app = app
        self._files = {f"{ASSETS}{p.relative_to(folder).as_posix()}": p for p in folder.rglob("*") if p.is_file()}
        self._assets: dict[str, _Asset] = {}
        self._compressor = ThreadPoolExecutor(1, "compress assets")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = self._files.get(scope["path"]) if scope["type"] == "http" else None
        if path is None or scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        asset = self._assets.get(scope["path"])
        if asset is None:
            asset = await run_in_threadpool(_read, path)
            self._assets[scope["path"]] = asset
            if path.suffix in _COMPRESSED and len(asset.content) > _FROM_BYTES:
                self._compressor.submit(_compress, asset)
        headers = {"content-type": asset.kind, "cache-control": f"public, {_FOR_A_YEAR}", "vary": "accept-encoding"}
        content = asset.content
        if asset.compressed is not None and _takes_gzip(scope):
            content = asset.compressed
            headers["content-encoding"] = "gzip"
        answer = Response(content, headers=headers)
        if scope["method"] == "HEAD":
            answer.body = b""
        await answer(scope, receive, send)


def assets_of_streamlit(streamlit: Path) -> Middleware:
    """The middleware for the assets inside the streamlit package."""
    return Middleware(Assets, folder=streamlit / "static" / "static")


def _read(path: Path) -> _Asset:
    return _Asset(path.read_bytes(), _kind_of(path))


def _kind_of(path: Path) -> str:
    return _KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _compress(asset: _Asset) -> None:
    asset.compressed = gzip.compress(asset.content, 6, mtime=0)


def _takes_gzip(scope: Scope) -> bool:
    return any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])


def address(sha: str, ending: str, *, small: bool = False) -> str:
    """Where the server has a stored picture or clip, or its small copy."""
    return f"{MEDIA}/{'small' if small else 'full'}/{sha}{ending}"


def media_route(find: Callable[[str, bool], Path]) -> Route:
    """The route under which `address` points. `find`: (hash, whether the small copy) → its file; raises NotFound,
    Unavailable."""

    async def answer(request: Request) -> Response:
        small = {"full": False, "small": True}.get(request.path_params["size"])
        if small is None:
            return _missing()
        try:
            path = await run_in_threadpool(find, request.path_params["sha"], small)
        except NotFound:
            return _missing()
        except ReelwrightError:
            return PlainTextResponse("Not available now", 503, headers={"cache-control": "no-store"})
        return FileResponse(path, media_type=_kind_of(path), headers={"cache-control": f"private, {_FOR_A_YEAR}"})

    return Route(MEDIA + "/{size:str}/{sha:str}.{ending:str}", answer, methods=["GET"])


def _missing() -> Response:
    return PlainTextResponse("Not found", 404, headers={"cache-control": "no-store"})


def incoming_path(home: Path, ticket: str) -> Path:
    """Where a file that came under this ticket is."""
    return home / "incoming" / ticket


def incoming_route(home: Callable[[], Path]) -> Route:
    """The route under which files arrive, in pieces, in a folder of the home."""

    async def receive(request: Request) -> Response:
        ticket = request.path_params["ticket"]
        if not _TICKET.fullmatch(ticket):
            return PlainTextResponse("Not found", 404)
        path = incoming_path(await run_in_threadpool(home), ticket)
        part = path.with_suffix(".part")
        await run_in_threadpool(make_room, path.parent)
        try:
            with part.open("wb") as file:
                async for chunk in request.stream():
                    if shutil.disk_usage(path.parent).free < SPARE_BYTES + len(chunk):
                        return PlainTextResponse("No room", 413)
                    await run_in_threadpool(file.write, chunk)
            part.replace(path)
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            part.unlink(missing_ok=True)
        return Response(status_code=204)

    return Route(INCOMING + "/{ticket:str}", receive, methods=["PUT"])


def make_room(folder: Path) -> None:
    """The folder, without what nobody took."""
    folder.mkdir(mode=0o700, exist_ok=True)
    for old in folder.iterdir():
        if old.stat().st_mtime < time.time() - KEEP_S:
            old.unlink(missing_ok=True)
