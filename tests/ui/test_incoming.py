"""Files that a browser brings are written as they come; what does not fit or was given up leaves nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import tracemalloc
from collections.abc import Iterable, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from workbench.ui import files

TICKET = "0123456789abcdef" * 2
MIB = 1024**2


def bring(home: Path, pieces: Iterable[bytes], ticket: str = TICKET, *, end: bool = True) -> int:
    """The status of an upload in these pieces. `end` False: the browser goes away after them."""
    app = Starlette(routes=[files.incoming_route(lambda: home)])
    scope = {
        "type": "http", "method": "PUT", "path": f"{files.INCOMING}/{ticket}", "headers": [], "query_string": b"",
        "root_path": "", "http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("x", 1),
    }  # fmt: skip
    left = iter(pieces)
    answers: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        piece = next(left, None)
        if piece is not None:
            return {"type": "http.request", "body": piece, "more_body": True}
        return {"type": "http.request", "body": b"", "more_body": False} if end else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    asyncio.run(app(scope, receive, send))
    return int(answers[0]["status"])


def there(home: Path) -> set[str]:
    return {p.name for p in (home / "incoming").iterdir()} if (home / "incoming").exists() else set()


def test_a_large_file_is_on_the_disk_and_never_whole_in_memory(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        assert bring(tmp_path, (bytes([n]) * MIB for n in range(64))) == 204
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB
    path = files.incoming_path(tmp_path, TICKET)
    assert path.stat().st_size == 64 * MIB
    with path.open("rb") as file:
        file.seek(63 * MIB)
        assert file.read(2) == bytes([63, 63])


@pytest.mark.parametrize(
    "ticket", ["story.zip", "..%2F..%2Freelwright.db", TICKET[:-1], TICKET.upper(), f"{TICKET}.part"]
)
def test_only_a_ticket_names_a_file(tmp_path: Path, ticket: str) -> None:
    assert bring(tmp_path, [b"x"], ticket) == 404
    assert there(tmp_path) == set()


def test_what_is_given_up_or_has_no_room_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bring(tmp_path, [b"half"], end=False) == 400
    assert there(tmp_path) == set()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage._replace(free=files.SPARE_BYTES + 3))
    assert bring(tmp_path, [b"abc"]) == 204
    assert bring(tmp_path, [b"abcd"], "f" * 32) == 413
    assert there(tmp_path) == {TICKET}


def test_what_nobody_took_goes_after_a_day_and_the_same_ticket_counts_anew(tmp_path: Path) -> None:
    bring(tmp_path, [b"old"], "a" * 32)
    old = files.incoming_path(tmp_path, "a" * 32)
    os.utime(old, (1, 1))
    bring(tmp_path, [b"first"])
    bring(tmp_path, [b"second"])
    assert there(tmp_path) == {TICKET}
    assert files.incoming_path(tmp_path, TICKET).read_bytes() == b"second"
