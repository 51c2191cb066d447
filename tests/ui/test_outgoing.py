"""A project that a browser fetches is packed on the disk, sent in pieces, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import tracemalloc
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from workbench.errors import InvalidInput, NotFound, ReelwrightError
from workbench.i18n import Text
from workbench.ui import outgoing

MIB = 1024**2


class Fetch:
    """One request and what came of it. `leaves_after`: the browser goes away after so many bytes."""

    def __init__(self, home: Path, pack: outgoing.Pack, address: str, leaves_after: int | None = None) -> None:
        self.status, self.count = 0, 0
        self.headers: dict[str, str] = {}
        self.leaves_after, self.asked = leaves_after, False
        scope = {
            "type": "http", "method": "GET", "path": address, "headers": [], "query_string": b"", "root_path": "",
            "http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("x", 1),
        }  # fmt: skip
        app = Starlette(routes=[outgoing.route(lambda: home, pack)])
        asyncio.run(app(scope, self.receive, self.send))

    async def receive(self) -> MutableMapping[str, Any]:
        if not self.asked:
            self.asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return await asyncio.Future()  # it stays

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        self.count += len(message.get("body", b""))
        if self.leaves_after is not None and self.count > self.leaves_after:
            raise OSError("the browser went away")


def left(home: Path) -> list[Path]:
    return list((home / "outgoing").iterdir())


def write(size: int) -> outgoing.Pack:
    def pack(project: int, path: Path) -> str:
        assert project == 7
        with path.open("wb") as file:
            file.truncate(size)
        return "盐 & lamp.zip"

    return pack


def test_a_large_project_goes_out_in_pieces_and_never_whole_in_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        got = Fetch(tmp_path, write(64 * MIB), "/app/static/outgoing/7.zip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (got.status, got.count) == (200, 64 * MIB)
    assert peak < 16 * MIB
    assert got.headers["content-disposition"] == "attachment; filename*=utf-8''%E7%9B%90%20%26%20lamp.zip"
    assert got.headers["cache-control"] == "no-store"
    assert left(tmp_path) == []


def test_a_browser_that_goes_away_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="went away"):
        Fetch(tmp_path, write(MIB), "/app/static/outgoing/7.zip", leaves_after=1)
    assert left(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFound(Text("There is no project 7.")), 404),
        (InvalidInput(Text("Its pictures are away.")), 409),
        (OSError(28, "No space left on device"), 507),
    ],
)
def test_what_cannot_be_packed_says_so_and_leaves_nothing(
    tmp_path: Path, error: ReelwrightError | OSError, status: int
) -> None:
    def pack(project: int, path: Path) -> str:
        path.write_bytes(b"half")
        raise error

    assert Fetch(tmp_path, pack, "/app/static/outgoing/7.zip").status == status
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["-1.zip", "7.tar", "..%2f7.zip", "seven.zip", "7.zip/"])
def test_only_the_number_of_a_project_is_an_address(tmp_path: Path, name: str) -> None:
    assert Fetch(tmp_path, write(1), f"/app/static/outgoing/{name}").status in (307, 404)
    assert not (tmp_path / "outgoing").exists()


def test_what_a_crash_has_left_goes_after_a_day(tmp_path: Path) -> None:
    folder = tmp_path / "outgoing"
    folder.mkdir()
    for name, age in (("old.zip", 90_000), ("new.zip", 10)):
        (folder / name).write_bytes(b"half")
        seen = (folder / name).stat().st_mtime - age
        os.utime(folder / name, (seen, seen))
    Fetch(tmp_path, write(1), "/app/static/outgoing/7.zip")
    assert [p.name for p in left(tmp_path)] == ["new.zip"]
