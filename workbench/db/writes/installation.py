"""What holds for the whole installation: its workers, gates, and facts by key."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import Connection, case, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from workbench.db.connection import Database, db_now_ms
from workbench.db.schema import RESUMED, gate, meta, worker

_NAME = "installation"
_gates = select(gate.c.key, gate.c.paused, gate.c.max_running)


def gates(conn: Connection) -> list[Any]:
    """(key, paused, max running) of each."""
    return list(conn.execute(_gates).all())


def upsert(conn: Connection, table: Any) -> Any:
    """An INSERT of either database that knows ON CONFLICT."""
    return (sqlite if conn.dialect.name == "sqlite" else postgresql).insert(table)


def get_meta(conn: Connection, key: str) -> str | None:
    return conn.execute(select(meta.c.value).where(meta.c.key == key)).scalar_one_or_none()


def set_meta(conn: Connection, key: str, value: str) -> None:
    row = upsert(conn, meta).values(key=key, value=value)
    conn.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


def exchange_meta(conn: Connection, key: str, old: str | None, new: str) -> bool:
    """Set a fact that still is what somebody has read (None: unset). Whether it was."""
    if old is None:
        row = upsert(conn, meta).values(key=key, value=new).on_conflict_do_nothing()
        return bool(conn.execute(row).rowcount)
    changed = conn.execute(update(meta).where(meta.c.key == key, meta.c.value == old).values(value=new))
    return bool(changed.rowcount)


def identify(database: Database) -> str:
    """The name of this installation among those that share a Redis with it, made on first use."""
    with database.read() as conn:
        known = get_meta(conn, _NAME)
    if known is None:
        with database.write() as conn:
            row = upsert(conn, meta).values(key=_NAME, value=uuid.uuid4().hex[:12])
            conn.execute(row.on_conflict_do_nothing())
            known = get_meta(conn, _NAME)
    return str(known)


def delete_meta(conn: Connection, key: str) -> None:
    conn.execute(delete(meta).where(meta.c.key == key))


def record_worker(
    conn: Connection, name: str, host: str, pid: int, threads: int, busy: int, version: str | None = None
) -> None:
    row = upsert(conn, worker).values(
        name=name, host=host, pid=pid, threads=threads, busy=busy, version=version, started_at=db_now_ms(),
        seen_at=db_now_ms(),
    )  # fmt: skip
    conn.execute(
        row.on_conflict_do_update(
            index_elements=["name"], set_={"busy": busy, "threads": threads, "seen_at": db_now_ms()}
        )
    )


def remove_worker(conn: Connection, name: str) -> None:
    conn.execute(delete(worker).where(worker.c.name == name))


def set_drain(conn: Connection, name: str, by: str | None) -> bool:
    """Ask a worker to take nothing new (`by`: who asks), or to go on (None); False: there is no such worker."""
    values = {"drain_at": None if by is None else func.coalesce(worker.c.drain_at, db_now_ms()), "drain_by": by}
    return conn.execute(update(worker).where(worker.c.name == name).values(values)).rowcount > 0


def is_drained(conn: Connection, name: str) -> bool:
    """Whether a worker was asked to take nothing new."""
    return conn.execute(select(worker.c.drain_at).where(worker.c.name == name)).scalar_one_or_none() is not None


def list_silent_workers(conn: Connection, host: str, after_ms: int) -> list[tuple[str, int]]:
    """(name, pid) of a machine's workers that have not been heard of for so long."""
    silent = select(worker.c.name, worker.c.pid).where(worker.c.host == host, worker.c.seen_at < db_now_ms() - after_ms)
    return [(name, pid) for name, pid in conn.execute(silent)]


def delete_dead_workers(conn: Connection, after_ms: int) -> list[str]:
    """The names of those that were silent for so long."""
    dead = delete(worker).where(worker.c.seen_at < db_now_ms() - after_ms).returning(worker.c.name)
    return list(conn.execute(dead).scalars())


def set_gate(
    conn: Connection,
    key: str,
    *,
    paused: bool | None = None,
    by: str | None = None,
    max_running: int | None = None,
    limit: bool = False,
) -> None:
    """Pause, resume or limit (limit=True sets max_running) what a key names; a gate that does nothing is removed.

    `by`: who pauses it. One that is paused already stays whose it was, since when it was. When one was resumed is kept:
    what waits behind it could not start before.
    """
    if paused is False and conn.execute(select(gate.c.paused).where(gate.c.key == key)).scalar():
        set_meta(conn, f"{RESUMED}{key}", str(conn.execute(select(db_now_ms())).scalar_one()))
    values: dict[str, Any] = {}
    row = {"key": key, "paused": bool(paused), "max_running": max_running if limit else None}
    if paused:
        row |= {"paused_by": by, "paused_at": db_now_ms()}
        values = {
            "paused": True,
            "paused_by": case((gate.c.paused, gate.c.paused_by), else_=by),
            "paused_at": case((gate.c.paused, gate.c.paused_at), else_=db_now_ms()),
        }
    elif paused is not None:
        values = {"paused": False, "paused_by": None, "paused_at": None}
    if limit:
        values["max_running"] = max_running
    conn.execute(upsert(conn, gate).values(row).on_conflict_do_update(index_elements=["key"], set_=values))
    conn.execute(delete(gate).where(gate.c.paused.is_(False), gate.c.max_running.is_(None)))
