"""Connections to PostgreSQL: bounded waits, a pooler in between, and who it is that keeps others waiting."""

from __future__ import annotations

import os
import socket
import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, text
from sqlalchemy.exc import InvalidatePoolError, OperationalError

from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text

#: of one process
MOST_CONNECTIONS = 20
#: a connection that rested longer than this is asked whether it still lives before it is used
PING_AFTER_S = 1.0
#: the server ends a transaction that does nothing for so long, so that a stopped process cannot hold its locks
IDLE_TRANSACTION_MS = 60_000
#: an answer from a machine that is gone is waited for about so long
_KEEPALIVE = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_PREPARE = "prepare_threshold"


def make_engine(url: URL, *, pool_size: int, wait_s: float, json_serializer: Any) -> Engine:
    """`url` may say `?prepare_threshold=N`; 0 or none: nothing is prepared. Raises InvalidInput for other words."""
    lock_ms = max(1, round(wait_s * 1000))
    prepare: dict[str, Any] = {_PREPARE: _prepare_threshold(url)} if _PREPARE in url.query else {}
    engine = create_engine(
        url.difference_update_query([_PREPARE]),
        pool_size=min(pool_size, MOST_CONNECTIONS),
        # A crowd of threads waits for a connection, which is quicker than making one for each. No thread takes
        # a second one while it holds one, so they cannot wait for each other.
        max_overflow=0,
        pool_timeout=wait_s,
        # The one used last is the one least likely to need a ping.
        pool_use_lifo=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "connect_timeout": 5,
            "application_name": f"reelwright {socket.gethostname()[:30]} {os.getpid()}",
            "options": f"-c lock_timeout={lock_ms} -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_MS}",
            **_KEEPALIVE,
            **prepare,
        },
        json_serializer=json_serializer,
    )
    Pooler(lock_ms, explicit=bool(prepare)).listen(engine)
    event.listen(engine, "handle_error", _notice_confusion)
    event.listen(engine, "checkout", _ping_when_rested)
    event.listen(engine, "checkin", _note_use)
    return engine


class Pooler:
    """Notices that a pooler stands in between, and does without what does not last from one transaction to the next.

    PgBouncer refuses session settings at the start, or ignores them when it is told to; either shows that a connection
    may be another server's at the next transaction. Statements are then not prepared, unless DATABASE_URL says so, and
    the longest wait for a lock is said in each transaction that writes.
    """

    def __init__(self, lock_ms: int, *, explicit: bool) -> None:
        self._lock_ms = lock_ms
        self._explicit = explicit
        self.found = False

    def listen(self, engine: Engine) -> None:
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "connect", self._look)
        event.listen(engine, "begin", self._limit_waits)

    def _connect(self, dialect: Any, record: Any, arguments: Any, options: dict[str, Any]) -> Any:
        import psycopg

        if not self.found:
            try:
                return dialect.connect(*arguments, **options)
            except psycopg.OperationalError as error:
                if "startup parameter" not in str(error):
                    raise
                self.found = True
        return dialect.connect(*arguments, **{k: v for k, v in options.items() if k != "options"})

    def _look(self, connection: Any, record: Any) -> None:
        if not self.found:
            [limit] = connection.execute("SELECT setting FROM pg_settings WHERE name = 'lock_timeout'").fetchone()
            connection.rollback()
            self.found = int(limit) != self._lock_ms
        if self.found and not self._explicit:
            connection.prepare_threshold = None

    def _limit_waits(self, connection: Connection) -> None:
        if self.found and connection.get_execution_options().get("writes", False):
            limits = (
                f"SET LOCAL lock_timeout = {self._lock_ms};"
                f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_TRANSACTION_MS}"
            )
            raw: Any = connection.connection.driver_connection
            try:
                raw.execute(limits)
            except Exception as error:
                # SQLAlchemy translates no error of a listener, nor does it throw the connection away
                connection.invalidate(error)
                raise OperationalError(limits, None, error) from error


def _prepare_threshold(url: URL) -> int | None:
    value = url.query[_PREPARE]
    if isinstance(value, str) and value.lower() in ("", "0", "none", "off"):
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) < 9:
        return int(value)
    problem = Text(N_("prepare_threshold in DATABASE_URL must be a whole number; 0: nothing is prepared."))
    raise InvalidInput(problem, [Issue("DATABASE_URL", problem)])


_oldest_idle = text(
    "SELECT application_name, pid, host(client_addr) AS address, "
    "CAST(EXTRACT(EPOCH FROM xact_start) * 1000 AS BIGINT) AS since_ms FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%' "
    "ORDER BY xact_start LIMIT 1"
)


def find_idle_holder(conn: Connection) -> tuple[str, int] | None:
    """(who, since when in epoch ms) has a transaction open and does nothing in it; None: nobody."""
    row = conn.execute(_oldest_idle).one_or_none()
    if row is None:
        return None
    return f"{row.application_name or '?'} (PostgreSQL {row.pid})", int(row.since_ms)


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


def _notice_confusion(context: ExceptionContext) -> None:
    """A pooler whose server was lost may leave an answer over: from then on none on this connection fits its
    question. psycopg says so itself, without a code of the server's, and keeps the connection."""
    import psycopg

    error = context.original_exception
    if isinstance(error, psycopg.InternalError) and error.sqlstate is None:
        context.is_disconnect = True


def _note_use(dbapi_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()
