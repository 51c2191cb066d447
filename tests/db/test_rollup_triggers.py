"""What fills the tails of the rollups, whoever writes, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from workbench.db.connection import Database
from workbench.db.rollup_tables import job_tail, job_undo, usage_tail, usage_undo
from workbench.db.schema import job, model_call

JOB = {
    "kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1, "available_at": 1,
    "created_at": 1, "state": "succeeded", "created_by": "Ann", "finished_at": 5,
}  # fmt: skip
CALL = {
    "purpose": "generate", "provider": "p", "model": "m", "capability": "text", "outcome": "ok", "started_at": 1,
}  # fmt: skip


@pytest.fixture
def database(database_url: str) -> Database:
    return Database(database_url)


def fold(conn: Connection) -> None:
    """As if all had been rolled up."""
    conn.execute(delete(usage_tail))
    conn.execute(delete(job_tail))


def tails(conn: Connection) -> tuple[list[int], list[int], int, int]:
    """Calls, jobs, and how many of each were to be taken away."""
    calls = list(conn.execute(select(usage_tail.c.call_id).order_by(usage_tail.c.call_id)).scalars())
    jobs = list(conn.execute(select(job_tail.c.job_id).order_by(job_tail.c.job_id)).scalars())
    undone = [len(conn.execute(select(t.c.id)).all()) for t in (usage_undo, job_undo)]
    return calls, jobs, undone[0], undone[1]


def add_call(conn: Connection, number: int, **more: Any) -> None:
    conn.execute(insert(model_call).values(CALL | {"id": number, "call_id": str(number)} | more))


def test_a_job_is_in_the_tail_once_it_has_ended_and_again_when_what_it_was_changes(database: Database) -> None:
    with database.write() as conn:
        conn.execute(insert(job).values(JOB | {"id": 1, "state": "running"}))
        assert tails(conn) == ([], [], 0, 0)
        conn.execute(update(job).values(state="succeeded"))
        assert tails(conn) == ([], [1], 0, 0)
        conn.execute(update(job).values(finished_at=9))
        assert tails(conn) == ([], [1], 0, 0), "it is not rolled up yet"
        fold(conn)
        conn.execute(update(job).values(finished_at=9, message="later", progress=3))
        assert tails(conn) == ([], [], 0, 0), "nothing that counts has changed"
        conn.execute(update(job).values(finished_at=12))
        conn.execute(update(job).values(finished_at=13))
        assert tails(conn) == ([], [1], 0, 1)
        assert conn.execute(select(job_undo.c.sign, job_undo.c.finished_at)).all() == [(-1, 9)]
        conn.execute(delete(job))
        assert tails(conn) == ([], [], 0, 1), "what was never rolled up again has not to be taken away"


def test_a_call_is_in_the_tail_from_its_first_row_on_and_again_when_it_changes(database: Database) -> None:
    with database.write() as conn:
        conn.execute(insert(job).values(JOB | {"id": 1, "state": "running"}))
        add_call(conn, 1, outcome="sent", job_id=1)
        conn.execute(update(model_call).values(outcome="lost"))
        assert tails(conn) == ([1], [], 0, 0)
        fold(conn)
        conn.execute(update(model_call).values(raw_output="x", prompt=None))
        assert tails(conn) == ([], [], 0, 0)
        conn.execute(update(model_call).values(outcome="late", cost_micros=5))
        conn.execute(update(model_call).values(cost_micros=6))
        assert tails(conn) == ([1], [], 1, 0)
        before = select(usage_undo.c.outcome, usage_undo.c.cost_micros, usage_undo.c.created_by)
        assert conn.execute(before).all() == [("lost", None, "Ann")]
        fold(conn)
        conn.execute(delete(model_call))
        assert tails(conn) == ([], [], 2, 0)


def test_a_pruned_jobs_call_stays_what_it_was(database: Database) -> None:
    with database.write() as conn:
        conn.execute(insert(job).values(JOB | {"id": 1}))
        add_call(conn, 1, job_id=1)
        fold(conn)
        conn.execute(update(model_call).values(job_id=None, created_by="Ann"))
        assert tails(conn)[0] == []
        # the job has called no model any more
        assert tails(conn)[1:] == ([1], 0, 1)
        assert conn.execute(select(job_undo.c.models)).scalars().all() == ["m"]


def test_an_ended_job_counts_for_the_models_that_it_has_called_now(database: Database) -> None:
    with database.write() as conn:
        conn.execute(insert(job).values(JOB | {"id": 1}))
        add_call(conn, 1, job_id=1)
        add_call(conn, 2, job_id=1, model="n")
        fold(conn)
        conn.execute(update(model_call).where(model_call.c.id == 2).values(model="o", outcome="late"))
        assert tails(conn) == ([2], [1], 1, 1)
        assert sorted(conn.execute(select(job_undo.c.models)).scalar_one().split("\n")) == ["m", "n"]
        fold(conn)
        add_call(conn, 3, job_id=1, model="q")
        assert tails(conn) == ([3], [1], 1, 2)
