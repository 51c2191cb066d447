"""Short jobs follow one another without a message each; what that saves may not cost order, limits or safety."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from tests.engine.conftest import Engine
from workbench.db.connection import db_now_ms
from workbench.db.schema import attempt, job
from workbench.db.writes import claims
from workbench.jobs import runner
from workbench.jobs.submit import Request

pytestmark = pytest.mark.usefixtures("unhurried")


def ended(engine: Engine) -> list[int]:
    with engine.wb.database.read() as conn:
        query = select(attempt.c.job_id).where(attempt.c.outcome == "ok").order_by(attempt.c.ended_at, attempt.c.job_id)
        return [i for (i,) in conn.execute(query)]


def submit(engine: Engine, count: int, **more: int) -> list[int]:
    return [r.id for r in engine.wb.jobs.submit_many([Request("test_nothing", **more) for _ in range(count)])]


def listing(engine: Engine) -> None:
    """A pass of the worker's own dispatcher, as its maintenance does."""
    engine.worker._dispatcher.kick()


def test_one_message_brings_in_all_the_short_jobs_behind_it(engine: Engine) -> None:
    ids = submit(engine, 30)
    on_the_way = len(engine.mail)
    listing(engine)
    engine.worker.run(engine.mail.popleft())
    assert ended(engine) == [ids[0], *ids[on_the_way:]]
    assert [engine.wb.jobs.get(i).claim for i in ids] == [1] + [0] * (on_the_way - 1) + [1] * (30 - on_the_way)


def test_each_job_runs_once_when_two_lists_name_it(engine: Engine) -> None:
    ids = submit(engine, 30)
    listing(engine)
    for job_id in ids[-10:]:
        with engine.wb.database.write() as conn:
            assert claims.claim(conn, job_id, "another", 60_000)
    engine.worker.run(engine.mail.popleft())
    engine.deliver()
    states = [engine.wb.jobs.get(i) for i in ids]
    assert [s.state for s in states] == ["succeeded"] * 20 + ["running"] * 10
    assert {s.claim for s in states} == {1}


def test_a_queue_that_was_paused_is_left_alone(engine: Engine) -> None:
    submit(engine, 30)
    listing(engine)
    first = engine.mail.popleft()
    with engine.wb.database.write() as conn:
        claim = claims.claim(conn, first, engine.worker.runner.worker, 60_000)
    assert claim is not None
    engine.wb.queues.pause("queue:text")
    engine.worker.runner._run_on(claim)
    assert ended(engine) == [first]


def test_a_cancelled_or_a_delayed_job_is_not_carried(engine: Engine) -> None:
    ids = submit(engine, 12)
    listing(engine)
    engine.wb.jobs.cancel(ids[-1])
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == ids[-2]).values(available_at=db_now_ms() + 60_000))
    engine.deliver()
    assert ids[-1] not in ended(engine)
    assert ids[-2] not in ended(engine)


def test_a_worker_that_is_stopping_carries_nothing(engine: Engine) -> None:
    submit(engine, 30)
    listing(engine)
    first = engine.mail.popleft()
    with engine.wb.database.write() as conn:
        claim = claims.claim(conn, first, engine.worker.runner.worker, 60_000)
    assert claim is not None
    engine.worker.runner.stop()
    engine.worker.runner._run_on(claim)
    assert ended(engine) == []
    assert engine.wb.jobs.count_by_state()["queued"] == 30


def test_messages_are_looked_at_again_after_a_while(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "CARRY_FOR_S", 0.0)
    ids = submit(engine, 30)
    listing(engine)
    engine.worker.run(engine.mail.popleft())
    assert ended(engine) == [ids[0]]
