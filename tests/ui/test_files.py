"""What the web server sends for Streamlit's own files and for stored pictures, asked as a browser asks."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tests.conftest import until
from workbench.errors import NotFound, Unavailable
from workbench.i18n import Text
from workbench.ui import files

SCRIPT = b"console.log('a lamp in the window');\n" * 200
SHA = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "static" / "js").mkdir(parents=True)
    (tmp_path / "static" / "js" / "index.A1b2.js").write_bytes(SCRIPT)
    (tmp_path / "static" / "font.C3.woff2").write_bytes(b"wOF2" * 999)
    (tmp_path / "secret.txt").write_text("not below the folder")
    return tmp_path / "static"


def ask(app: object, *requests: tuple[str, str, dict[str, str]]) -> list[httpx.Response]:
    async def run() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.request(method, path, headers=headers) for method, path, headers in requests]

    return asyncio.run(run())


def behind(folder: Path) -> files.Assets:
    async def everything_else(request: object) -> PlainTextResponse:
        return PlainTextResponse("from Streamlit")

    return files.Assets(Starlette(routes=[Route("/{path:path}", everything_else)]), folder=folder)


def test_a_file_is_sent_whole_then_compressed_and_kept_by_the_browser_for_ever(folder: Path) -> None:
    assets = behind(folder)
    path = "/static/js/index.A1b2.js"
    [first] = ask(assets, ("GET", path, {"accept-encoding": "gzip"}))
    until(lambda: "content-encoding" in ask(assets, ("GET", path, {"accept-encoding": "gzip"}))[0].headers)
    second, plain, head = ask(
        assets,
        ("GET", path, {"accept-encoding": "gzip, br"}),
        ("GET", path, {"accept-encoding": "identity"}),
        ("HEAD", path, {"accept-encoding": "identity"}),
    )
    assert [first.content, second.content, plain.content, head.content] == [SCRIPT, SCRIPT, SCRIPT, b""]
    assert second.headers["content-encoding"] == "gzip"
    assert int(second.headers["content-length"]) == len(gzip.compress(SCRIPT, 6, mtime=0)) < len(SCRIPT) / 3
    assert "content-encoding" not in plain.headers
    assert int(head.headers["content-length"]) == len(SCRIPT)
    for answer in (first, second, plain, head):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["vary"] == "accept-encoding"


def test_a_font_is_not_compressed_again(folder: Path) -> None:
    assets, script, font = behind(folder), "/static/js/index.A1b2.js", "/static/font.C3.woff2"
    accepts = {"accept-encoding": "gzip"}
    ask(assets, ("GET", font, accepts), ("GET", script, accepts))
    # one after the other: what was asked for first has had its turn
    until(lambda: "content-encoding" in ask(assets, ("GET", script, accepts))[0].headers)
    [again] = ask(assets, ("GET", font, accepts))
    assert again.headers["content-type"] == "font/woff2"
    assert "content-encoding" not in again.headers


@pytest.mark.parametrize(
    "path",
    [
        "/static/none.js", "/static/", "/static/js", "/static/../secret.txt", "/static/%2e%2e/secret.txt",
        "/static//js/index.A1b2.js", "/static/js/..%5c..%5csecret.txt", "/", "/_stcore/health",
    ],
)  # fmt: skip
def test_only_the_files_of_the_folder_are_answered_for(folder: Path, path: str) -> None:
    [answer] = ask(behind(folder), ("GET", httpx.URL("http://127.0.0.1").copy_with(path=path).raw_path.decode(), {}))
    assert answer.text == "from Streamlit"


def test_a_file_is_for_reading_alone(folder: Path) -> None:
    [answer] = ask(behind(folder), ("POST", "/static/js/index.A1b2.js", {}))
    assert answer.status_code == 405


def test_a_stored_picture_has_an_address_that_a_browser_may_keep(tmp_path: Path) -> None:
    (tmp_path / "full.webp").write_bytes(b"RIFF full")
    (tmp_path / "small.webp").write_bytes(b"RIFF small")
    (tmp_path / "clip.mp4").write_bytes(b"0123456789")
    asked: list[tuple[str, bool]] = []

    def find(sha: str, small: bool) -> Path:
        asked.append((sha, small))
        if sha == "away":
            raise Unavailable(Text("The place of pictures does not answer."))
        if sha == "clip":
            return tmp_path / "clip.mp4"
        if sha != SHA:
            raise NotFound(Text("There is no picture or clip {sha}.", sha=sha))
        return tmp_path / ("small.webp" if small else "full.webp")

    app = Starlette(routes=[files.media_route(find)])
    full, small, part, gone, away, escape, other = ask(
        app,
        ("GET", files.address(SHA, ".webp"), {}),
        ("GET", files.address(SHA, ".webp", small=True), {}),
        ("GET", files.address("clip", ".mp4"), {"range": "bytes=2-5"}),
        ("GET", files.address("0" * 64, ".webp"), {}),
        ("GET", files.address("away", ".webp"), {}),
        ("GET", f"{files.MEDIA}/full/..%2f..%2fetc%2fpasswd.webp", {}),
        ("GET", f"{files.MEDIA}/huge/{SHA}.webp", {}),
    )
    assert (full.content, small.content) == (b"RIFF full", b"RIFF small")
    assert full.headers["content-type"] == "image/webp"
    assert full.headers["cache-control"] == small.headers["cache-control"] == "private, max-age=31536000, immutable"
    # a player jumps to a place in a clip
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"2345", "video/mp4")
    assert (gone.status_code, away.status_code, escape.status_code, other.status_code) == (404, 503, 404, 404)
    # what is missing now may be there later
    assert gone.headers["cache-control"] == away.headers["cache-control"] == "no-store"
    assert asked[:2] == [(SHA, False), (SHA, True)]
