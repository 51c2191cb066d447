"""One database, SQLite or PostgreSQL, behind two doors: `read()` and `write()`.

SQLite (measured, ADR 0009): WAL and synchronous=FULL; a writer opens BEGIN IMMEDIATE under a blocking file lock,
because busy_timeout alone starves one of four hot writers; a reader opens a plain BEGIN and never waits.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Connection,
    Dialect,
    Engine,
    Text,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from workbench.errors import DatabaseUnavailable
from workbench.i18n import N_
from workbench.i18n import Text as Message

T = TypeVar("T")

#: a PostgreSQL connection that rested longer than this is asked whether it still lives before it is used
#: of one process to PostgreSQL
MOST_CONNECTIONS = 20
PING_AFTER_S = 1.0


class db_now_ms(FunctionElement[int]):
    """The database's clock in UTC epoch milliseconds, so that workers' clocks do not matter."""

    type = BigInteger()
    inherit_cache = True


@compiles(db_now_ms, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **kw: Any) -> str:
    # unixepoch('subsec') is silently NULL on SQLite 3.40
    return "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"


@compiles(db_now_ms, "postgresql")
def _postgres_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


class Ids(TypeDecorator[list[int]]):
    """Any number of ids as one parameter, so that a statement is compiled and prepared once whatever their number."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else ARRAY(BigInteger))

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return json.dumps(list(value)) if dialect.name == "sqlite" else list(value)


class among(FunctionElement[bool]):
    """among(column, ids): whether the column is one of a parameter of type `Ids`."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        # On SQLite, where a boolean is a number, SQLAlchemy would add “= 1”, and no index would be used.
        return self


@compiles(among, "sqlite")
def _sqlite_among(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({ids})))"


@compiles(among, "postgresql")
def _postgres_among(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({column} = ANY({ids}))"


@dataclass
class _Turn(Generic[T]):
    """One thread's work in a transaction that several share."""

    work: Callable[[Connection], T]
    result: T | None = None
    error: BaseException | None = None
    ended: bool = False

    def run_behind_a_savepoint(self, conn: Connection) -> None:
        try:
            with conn.begin_nested():
                self.result = self.work(conn)
        except Exception as error:
            if not _is_in_transaction(conn):
                # a full disk, for instance: SQLite has taken back the others' work as well
                raise
            self.error = error


def _is_in_transaction(conn: Connection) -> bool:
    raw: Any = conn.connection.driver_connection
    return bool(raw.in_transaction)


def _json(value: Any) -> str:
    # unescaped, so that a search for Chinese words finds them in SQLite's JSON text
    return json.dumps(value, ensure_ascii=False)


class Database:
    """An engine per process, made on first use so that it never crosses a fork.

    `url` as in DATABASE_URL. Raises Unavailable from `read` and `write` when the database cannot be reached.
    """

    def __init__(self, url: str, *, pool_size: int = MOST_CONNECTIONS) -> None:
        self.url = make_url(url)
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._pool_size = pool_size
        self._engine: Engine | None = None
        self._making = threading.Lock()
        self._lock_files = threading.local()
        #: writes of threads that wait for their turn, and the lock of the one that writes for all
        self._turns: list[_Turn[Any]] = []
        self._turns_lock = threading.Lock()
        self._leading = threading.Lock()

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            with self._making:
                if self._engine is None:
                    self._engine = self._make_engine()
        return self._engine

    def _make_engine(self) -> Engine:
        if not self.is_sqlite:
            connect: dict[str, Any] = {"connect_timeout": 5, "options": "-c timezone=utc"}
            engine = create_engine(
                self.url,
                pool_size=min(self._pool_size, MOST_CONNECTIONS),
                # A crowd of threads waits for a connection, which is quicker than making one for each. No thread takes
                # a second one while it holds one, so they cannot wait for each other.
                max_overflow=0,
                # The one used last is the one least likely to need a ping.
                pool_use_lifo=True,
                isolation_level="READ COMMITTED",
                connect_args=connect,
                json_serializer=_json,
            )
            event.listen(engine, "checkout", _ping_when_rested)
            event.listen(engine, "checkin", _note_use)
            return engine
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            self.url,
            pool_size=self._pool_size,
            max_overflow=20,
            json_serializer=_json,
            connect_args={"timeout": 30, "check_same_thread": False},
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only look: at one moment on SQLite; each statement at its own on PostgreSQL, as READ COMMITTED has
        it."""
        try:
            connection = self.engine.connect()
        except OperationalError as error:
            raise _unreachable(self, error) from error
        with connection:
            if not self.is_sqlite:
                # The same guarantee without the round trips of BEGIN and COMMIT.
                connection.execution_options(isolation_level="AUTOCOMMIT")
            with connection.begin():
                yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction; committed when the block ends, rolled back when it raises."""
        if self.is_sqlite:
            with self._write_turn():
                yield from self._begin_write()
        else:
            yield from self._begin_write()

    def write_together(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that it may share with other threads' work; returns once it is committed.

        SQLite has one writer and a commit costs a write to disk, so whoever comes while one is under way is served by
        the next, all in one commit, each behind a savepoint: what one raises undoes its own work alone. PostgreSQL
        gathers concurrent commits by itself.
        """
        if not self.is_sqlite:
            with self.write() as conn:
                return work(conn)
        turn = _Turn(work)
        with self._turns_lock:
            self._turns.append(turn)
        with self._leading:
            if not turn.ended:
                with self._turns_lock:
                    turns, self._turns = self._turns, []
                self._write_all(turns)
        if turn.error is not None:
            raise turn.error
        return cast("T", turn.result)

    def _write_all(self, turns: list[_Turn[Any]]) -> None:
        try:
            with self.write() as conn:
                for turn in turns:
                    if len(turns) == 1:
                        turn.result = turn.work(conn)
                    else:
                        turn.run_behind_a_savepoint(conn)
        except BaseException as error:
            for turn in turns:
                turn.error = turn.error or error
        finally:
            for turn in turns:
                turn.ended = True

    def _begin_write(self) -> Iterator[Connection]:
        try:
            connection = self.engine.connect()
        except OperationalError as error:
            raise _unreachable(self, error) from error
        with connection.execution_options(writes=True) as writing, writing.begin():
            yield writing

    @contextmanager
    def _write_turn(self) -> Iterator[None]:
        import fcntl

        depth = getattr(self._lock_files, "depth", 0)
        if depth:
            raise RuntimeError("a write transaction inside a write transaction would wait for itself")
        file = getattr(self._lock_files, "file", None)
        if file is None or self._lock_files.pid != os.getpid():
            file = self._lock_files.file = open(f"{self.url.database}.lock", "ab")  # noqa: SIM115  kept for the thread's life
            self._lock_files.pid = os.getpid()
        fcntl.flock(file, fcntl.LOCK_EX)
        self._lock_files.depth = 1
        try:
            yield
        finally:
            self._lock_files.depth = 0
            fcntl.flock(file, fcntl.LOCK_UN)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _set_up_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "wal_autocheckpoint=4000",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    # Past SQLAlchemy's own execute, which would cost ten times the statement.
    raw: Any = connection.connection.driver_connection
    try:
        raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    except sqlite3.Error as error:
        raise OperationalError("BEGIN", None, error) from error


def _ping_when_rested(dbapi_connection: Any, record: Any, proxy: Any) -> None:
    """A connection that was just used is taken as alive: a ping each time would double a small transaction's cost."""
    if time.monotonic() - record.info.get("used_at", 0.0) < PING_AFTER_S:
        return
    try:
        # Outside a transaction block, as the pool left it; one round trip.
        dbapi_connection.autocommit = True
        dbapi_connection.execute("")
        dbapi_connection.autocommit = False
    except Exception as error:
        # makes the pool throw away this and every older connection, and connect anew
        raise InvalidatePoolError from error


def _note_use(dbapi_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _unreachable(database: Database, error: Exception) -> DatabaseUnavailable:
    where = database.url.render_as_string(hide_password=True)
    return DatabaseUnavailable(
        Message(
            N_("The database {url} cannot be opened: {reason}. Check DATABASE_URL and that the server runs."),
            url=where,
            reason=str(getattr(error, "orig", error)).strip().splitlines()[0],
        )
    )
