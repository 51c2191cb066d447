"""One database, SQLite or PostgreSQL, behind two doors: `read()` and `write()`.

SQLite (measured, ADR 0009): WAL and synchronous=FULL; a writer opens BEGIN IMMEDIATE under a file lock, because
busy_timeout alone starves one of four hot writers; a reader opens a plain BEGIN and never waits.

Nobody waits for ever: whoever holds a lock may be stopped, or hang. After `wait_s` a write raises DatabaseBusy, which
names the holder.
"""

from __future__ import annotations

import contextlib
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
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    Text,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine, UserDefinedType

from workbench.db import postgresql
from workbench.db.file_lock import FileLock, LockTimeout, find_holder
from workbench.db.types import unpack
from workbench.errors import DatabaseBusy, DatabaseUnavailable
from workbench.i18n import N_
from workbench.i18n import Text as Message
from workbench.plain_text import storable_json, without_password

T = TypeVar("T")

#: how long a write waits for others by default, REELWRIGHT_LOCK_WAIT_SECONDS
WAIT_S = 15.0
#: a wait longer than this is a sign that others were kept from writing too
LONG_WAIT_S = 1.0


#: PostgreSQL's word for a server that takes no writes for now: a standby that is about to take over, a full disk
READ_ONLY = "25006"


class db_now_ms(FunctionElement[int]):
    """The database's clock in UTC epoch milliseconds, so that workers' clocks do not matter."""

    type = BigInteger()
    inherit_cache = True


class unindexed(FunctionElement[Any]):
    """A column as it is, which SQLite does not look up in an index: of several it takes one by guess, and knows nothing
    of how many rows each would give."""

    inherit_cache = True

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(unindexed)
def _as_it_is(element: Any, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(unindexed, "sqlite")
def _sqlite_unindexed(element: Any, compiler: Any, **kw: Any) -> str:
    return f"+{compiler.process(element.clauses, **kw)}"


@compiles(db_now_ms, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **kw: Any) -> str:
    # unixepoch('subsec') is silently NULL on SQLite 3.40
    return "CAST((julianday('now') - 2440587.5) * 86400000.0 AS INTEGER)"


@compiles(db_now_ms, "postgresql")
def _postgres_now(element: Any, compiler: Any, **kw: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"


class Ids(TypeDecorator[list[int]]):
    """Any number of ids as one parameter, so that a statement is compiled and prepared once whatever their number.

    What `packed_ids` told is handed on as it is: ten thousand of them are not looked at one by one.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if dialect.name == "sqlite" else _ArrayText())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        if isinstance(value, str):
            return value
        # an id that no column can hold is no row's
        ids = ",".join(str(i) for i in value if -(1 << 63) <= i < 1 << 63)
        return f"[{ids}]" if dialect.name == "sqlite" else f"{{{ids}}}"


class _ArrayText(UserDefinedType[str]):
    """An array of whole numbers as PostgreSQL writes it: of ten thousand, the driver takes 6 ms to write the same."""

    cache_ok = True

    def get_col_spec(self, **kw: Any) -> str:
        return "BIGINT[]"


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
    return f"({column} = ANY(CAST({ids} AS BIGINT[])))"


class packed_ids(FunctionElement[str]):
    """packed_ids(column): the ids of all rows in one text, which a parameter of type `Ids` takes as it is."""

    type = Text()
    inherit_cache = True


@compiles(packed_ids, "sqlite")
def _sqlite_packed_ids(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_group_array({compiler.process(element.clauses, **kw)})"


@compiles(packed_ids, "postgresql")
def _postgres_packed_ids(element: Any, compiler: Any, **kw: Any) -> str:
    return f"COALESCE(CAST(array_agg({compiler.process(element.clauses, **kw)}) AS TEXT), '{{}}')"


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
    """As JSON columns hold it: unescaped, so that a search for Chinese words finds them in SQLite's text."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if "\\u0000" not in text:
            text.encode()
            return text
    except ValueError:
        # NaN, or half a surrogate pair: what a service said must not keep its answer from being written
        pass
    return json.dumps(storable_json(value), ensure_ascii=False)


class Database:
    """An engine per process, made on first use so that it never crosses a fork.

    `url` as in DATABASE_URL. `read` and `write` raise DatabaseUnavailable when the database cannot be reached, and
    DatabaseBusy after waiting `wait_s` for others.
    """

    def __init__(self, url: str, *, pool_size: int = postgresql.MOST_CONNECTIONS, wait_s: float = WAIT_S) -> None:
        self.url = make_url(url)
        if self.url.drivername in ("postgresql", "postgres"):
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._pool_size = pool_size
        self._wait_s = wait_s
        #: monotonic time at which a write of this process last had to wait long, gave up or was refused
        self.waited_long_at = float("-inf")
        #: the same of the last that gave up
        self.gave_up_at = float("-inf")
        self._engine: Engine | None = None
        #: which file is open: (device, inode)
        self._file: tuple[int, int] | None = None
        self._making = threading.Lock()
        self._file_lock: FileLock | None = None
        self._writing = threading.local()
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
            return postgresql.make_engine(
                self.url, pool_size=self._pool_size, wait_s=self._wait_s, json_serializer=_json
            )
        if self.url.database:
            Path(self.url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # its owner's alone, and so are the files that SQLite lays beside it
            with contextlib.suppress(OSError):
                # what is wrong here, SQLite says when it opens the file
                file = os.open(self.url.database, os.O_RDWR | os.O_CREAT, 0o600)
                self._file = _file_of(os.fstat(file))
                os.close(file)
        engine = create_engine(
            self.url,
            pool_size=self._pool_size,
            max_overflow=20,
            json_serializer=_json,
            pool_timeout=self._wait_s,
            connect_args={"timeout": self._wait_s, "check_same_thread": False},
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only look: at one moment on SQLite; each statement at its own on PostgreSQL, as READ COMMITTED has
        it."""
        try:
            with self._connect() as connection:
                if not self.is_sqlite:
                    # The same guarantee without the round trips of BEGIN and COMMIT.
                    connection.execution_options(isolation_level="AUTOCOMMIT")
                with connection.begin():
                    yield connection
        except (PoolTimeout, OperationalError) as error:
            if (busy := self._name_obstacle(error)) is None:
                raise
            raise busy from error
        except InternalError as error:
            if not error.connection_invalidated:
                raise
            raise _unreachable(self, error) from error

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A read-only look at one moment on both, however many statements it takes."""
        if self.is_sqlite:
            with self.read() as connection:
                yield connection
            return
        with self.write() as connection:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield connection

    @contextmanager
    def write(self, *, wait_s: float | None = None) -> Iterator[Connection]:
        """One transaction; committed when the block ends, rolled back when it raises.

        `wait_s`: how long SQLite's other writers may take; by default as long as this database's writes wait.
        """
        try:
            if self.is_sqlite:
                with self._write_turn(self._wait_s if wait_s is None else wait_s):
                    yield from self._begin_write()
            else:
                yield from self._begin_write()
        except (PoolTimeout, OperationalError) as error:
            if (busy := self._name_obstacle(error)) is None:
                self.waited_long_at = time.monotonic()
                raise
            raise busy from error
        except InternalError as error:
            if not error.connection_invalidated and getattr(error.orig, "sqlstate", None) != READ_ONLY:
                raise
            self.waited_long_at = time.monotonic()
            raise _unreachable(self, error) from error

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

    def vacuum(self) -> int:
        """Give the room of what was removed back to the disk; returns how many bytes the database has shrunk by.
        SQLite writes the whole file anew meanwhile, and nobody else writes."""
        if not self.is_sqlite:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                before = _size_on_server(conn)
                conn.exec_driver_sql("VACUUM (ANALYZE)")
                return max(0, before - _size_on_server(conn))
        path = Path(str(self.url.database))
        with self._write_turn(self._wait_s), self.engine.connect() as conn:
            raw: Any = conn.connection.driver_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            before = path.stat().st_size
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return max(0, before - path.stat().st_size)

    def _begin_write(self) -> Iterator[Connection]:
        with self._connect().execution_options(writes=True) as writing, writing.begin():
            yield writing

    def _connect(self) -> Connection:
        try:
            return self.engine.connect()
        except OperationalError as error:
            if _is_busy(error):
                raise
            raise _unreachable(self, error) from error

    @contextmanager
    def _write_turn(self, wait_s: float) -> Iterator[None]:
        """The one place in the row of SQLite's writers. Raises DatabaseBusy."""
        if getattr(self._writing, "active", False):
            raise RuntimeError("a write transaction inside a write transaction would wait for itself")
        lock = self._lock_of_process()
        began = time.monotonic()
        try:
            lock.acquire(wait_s)
        except LockTimeout:
            self.waited_long_at = self.gave_up_at = time.monotonic()
            raise self._busy(wait_s) from None
        now = time.monotonic()
        if now - began > LONG_WAIT_S:
            self.waited_long_at = now
        self._writing.active = True
        try:
            self._refuse_another_file()
            yield
        finally:
            self._writing.active = False
            lock.release()

    def _refuse_another_file(self) -> None:
        """Whoever has a deleted file open writes into nothing. Raises DatabaseUnavailable."""
        path = self.url.database
        _ = self.engine
        if not path or self._file is None:
            return
        try:
            if _file_of(os.stat(path)) == self._file:
                return
        except FileNotFoundError:
            pass
        raise DatabaseUnavailable(
            Message(
                N_(
                    "The database file {path} was deleted or replaced while it was in use. Stop Reelwright, put the "
                    "file back, and start again."
                ),
                path=path,
            )
        )

    def _lock_of_process(self) -> FileLock:
        lock = self._file_lock
        if lock is None or lock.pid != os.getpid():
            _ = self.engine  # makes the folder
            with self._making:
                lock = self._file_lock
                if lock is None or lock.pid != os.getpid():
                    lock = self._file_lock = FileLock(f"{self.url.database}.lock")
        return lock

    def _name_obstacle(self, error: PoolTimeout | OperationalError) -> DatabaseBusy | None:
        """What to raise instead of an error: who is in the way. None: nobody is."""
        if isinstance(error, PoolTimeout):
            text = N_("All connections of this process to the database have been in use for {seconds} s.")
            return DatabaseBusy(Message(text, seconds=round(self._wait_s)))
        if not _is_busy(error):
            return None
        self.waited_long_at = self.gave_up_at = time.monotonic()
        return self._busy(self._wait_s)

    def _busy(self, waited_s: float) -> DatabaseBusy:
        """The error that says who holds what a write has waited for."""
        if not self.is_sqlite:
            return self._busy_server(waited_s)
        holder = find_holder(str(self.url.database))
        if holder is None:
            text = N_("Others have kept the database busy for {seconds} s. Try again in a moment.")
            return DatabaseBusy(Message(text, seconds=round(waited_s)))
        if holder.since_ms is None:
            text = N_(
                "The database is locked by process {pid}, for {seconds} s at least. If that process is stopped or "
                "hangs, end it: kill -9 {pid}"
            )
            return DatabaseBusy(Message(text, pid=str(holder.pid), seconds=round(waited_s)), pid=holder.pid)
        text = N_(
            "The database has been locked by process {pid} since {since}. If that process is stopped or hangs, "
            "end it: kill -9 {pid}"
        )
        message = Message(text, pid=str(holder.pid), since=_clock(holder.since_ms))
        return DatabaseBusy(message, pid=holder.pid, since_ms=holder.since_ms)

    def _busy_server(self, waited_s: float) -> DatabaseBusy:
        holder = None
        try:
            with self.engine.connect() as connection:
                holder = postgresql.find_idle_holder(connection)
        except (PoolTimeout, SQLAlchemyError):
            # what is known already has to do
            pass
        if holder is None:
            text = N_("Others have kept the database busy for {seconds} s. Try again in a moment.")
            return DatabaseBusy(Message(text, seconds=round(waited_s)))
        text = N_(
            "The database has been locked by {who} since {since}. PostgreSQL ends a transaction that does nothing for "
            "{limit} s; then try again."
        )
        limit = postgresql.IDLE_TRANSACTION_MS // 1000
        message = Message(text, who=holder[0], since=_clock(holder[1]), limit=limit)
        return DatabaseBusy(message, since_ms=holder[1])

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _size_on_server(conn: Connection) -> int:
    return int(conn.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())


def _file_of(state: os.stat_result) -> tuple[int, int]:
    return state.st_dev, state.st_ino


def _set_up_sqlite(connection: Any, record: Any) -> None:
    # busy_timeout is the driver's own argument
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "wal_autocheckpoint=4000",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function(
        "reelwright_says", 2, lambda body, needle: int(needle in unpack(body)), deterministic=True
    )


def _is_busy(error: OperationalError) -> bool:
    """Whether a lock was not free in time."""
    cause: Any = error.orig
    if isinstance(cause, sqlite3.Error):
        return (getattr(cause, "sqlite_errorcode", 0) & 0xFF) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(cause, "sqlstate", None) == "55P03"


def _clock(epoch_ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(epoch_ms / 1000))


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    # Past SQLAlchemy's own execute, which would cost ten times the statement.
    raw: Any = connection.connection.driver_connection
    try:
        raw.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    except sqlite3.Error as error:
        raise OperationalError("BEGIN", None, error) from error


def _unreachable(database: Database, error: Exception) -> DatabaseUnavailable:
    where = without_password(database.url.render_as_string(hide_password=False))
    return DatabaseUnavailable(
        Message(
            N_("The database {url} cannot be opened: {reason}. Check DATABASE_URL and that the server runs."),
            url=where,
            reason=str(getattr(error, "orig", error)).strip().splitlines()[0],
        )
    )
