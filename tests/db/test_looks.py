"""What a live page compares, and the pages of long lists, on both databases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, insert, text, update

from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.schema import job, job_event

JOB = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1,
       "available_at": 1, "created_at": 1}  # fmt: skip


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    with database.write() as connection:
        yield connection
    database.close()


def add(conn: Connection, **values: Any) -> int:
    return int(conn.execute(insert(job).values({**JOB, "state": "queued"} | values).returning(job.c.id)).scalar_one())


def test_the_version_changes_with_each_job_state_and_event(conn: Connection) -> None:
    seen = [reads.version(conn)]

    def look() -> None:
        seen.append(reads.version(conn))

    add(conn, state="failed")
    look()
    job_id = add(conn)
    look()
    for state in ("running", "waiting", "queued", "running"):
        conn.execute(update(job).where(job.c.id == job_id).values(state=state))
        look()
    conn.execute(insert(job_event).values(job_id=job_id, at=1, level="info", progress=40, message="m"))
    look()
    assert reads.has_active(conn)
    conn.execute(update(job).where(job.c.id == job_id).values(state="succeeded"))
    look()
    assert not reads.has_active(conn)
    assert all(before != after for before, after in itertools.pairwise(seen))


def test_an_index_of_mostly_nothing_stays_of_use_once_the_planner_knows_it(conn: Connection) -> None:
    """Where no job is a replay, statistics say of a whole index that all of its rows are alike."""
    for n in range(2_000):
        add(conn, state="failed", error_fingerprint="f", finished_at=n)
    conn.execute(text("ANALYZE"))
    explain = "EXPLAIN QUERY PLAN " if conn.dialect.name == "sqlite" else "EXPLAIN "
    for column in ("replay_of", "parent_id"):
        looked = f"SELECT j.id, (SELECT max(n.id) FROM job n WHERE n.{column} = j.id) FROM job j"
        plan = "\n".join(str(row) for row in conn.execute(text(explain + looked)))
        assert f"ix_job_{column}" in plan, plan
