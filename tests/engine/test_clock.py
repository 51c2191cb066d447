"""The database's clock is put back or forward by an hour: nothing waits for that hour, and nobody loses a job by it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, insert, select, update

from tests.conftest import until
from tests.engine.conftest import Engine
from workbench.db.connection import Database
from workbench.db.reads import jobs as reads
from workbench.db.schema import job, step, webhook, webhook_delivery, worker
from workbench.db.writes import claims, clock, installation
from workbench.errors import ProviderError
from workbench.jobs.failures import describe
from workbench.jobs.maintenance import LostWorkers
from workbench.settings import Settings

HOUR_MS = 3_600_000
EPOCH_JULIAN = 2440587.5

#: a clock of the tests' own, which PostgreSQL finds before its real one
_SHIM = """
CREATE SCHEMA shim;
CREATE TABLE shim.shift (ms double precision);
INSERT INTO shim.shift VALUES (0);
CREATE FUNCTION shim.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS
    $$ SELECT pg_catalog.clock_timestamp() + make_interval(secs => (SELECT ms / 1000 FROM shim.shift)) $$;
"""

SetClock = Callable[[int], None]


@pytest.fixture
def set_clock(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[SetClock]:
    """Puts the database's clock so many ms off."""
    shift = [0]
    if settings.is_sqlite:
        make_engine = Database._make_engine

        def make(database: Database) -> Any:
            engine = make_engine(database)
            event.listen(
                engine, "connect",
                lambda connection, _: connection.create_function(
                    "julianday", 1, lambda _: EPOCH_JULIAN + (time.time() * 1000 + shift[0]) / 86_400_000
                ),
            )  # fmt: skip
            return engine

        monkeypatch.setattr(Database, "_make_engine", make)
        yield lambda ms: shift.__setitem__(0, ms)
        return
    url = settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_SHIM)
        [name] = connection.execute("SELECT current_database()").fetchone() or ()
        connection.execute(f'ALTER DATABASE "{name}" SET search_path = shim, pg_catalog, public')
        yield lambda ms: connection.execute("UPDATE shim.shift SET ms = %s", (ms,)) and None


@pytest.fixture
def engine(set_clock: SetClock, settings: Settings) -> Iterator[Engine]:
    made = Engine(settings)
    yield made
    made.close()


def row(engine: Engine, job_id: int) -> Any:
    with engine.wb.database.read() as conn:
        return conn.execute(select(job).where(job.c.id == job_id)).one()


def now_ms(engine: Engine) -> int:
    with engine.wb.database.read() as conn:
        return reads.clock(conn)


def test_the_clock_of_these_tests_is_the_databases(engine: Engine, set_clock: SetClock) -> None:
    before = now_ms(engine)
    set_clock(-HOUR_MS)
    assert -HOUR_MS - 1000 <= now_ms(engine) - before < -HOUR_MS + 60_000


def test_put_back_what_was_due_soon_is_due_soon(engine: Engine, set_clock: SetClock) -> None:
    failed = engine.wb.submit("test_tell", params={"about": "nothing"}, max_attempts=2)
    delayed = engine.wb.submit("test_nothing", params={"number": 1}, delay_ms=300)
    plain = engine.wb.submit("test_nothing", params={"number": 2})
    engine.mail.clear()  # the messages are lost as well
    with engine.wb.database.write() as conn:
        taken = claims.claim(conn, failed.id, "dead", 2000)
        assert taken is not None
    set_clock(-HOUR_MS)
    for asked in (failed, delayed, plain):
        assert row(engine, asked.id).available_at > now_ms(engine) + HOUR_MS / 2
    engine.worker._sweeper.sweep(idle=True)
    now = now_ms(engine)
    assert row(engine, failed.id).lease_until <= now + 2000
    assert row(engine, delayed.id).available_at <= now + 300
    assert row(engine, plain.id).available_at <= now
    assert row(engine, plain.id).dispatched_at is None, "it is sent again"
    for asked in (delayed, plain):
        assert engine.finish(asked.id, timeout=180).state == "succeeded"
    until(lambda: engine.worker.maintain() or row(engine, failed.id).state == "queued", what="the lost job's return")


def test_a_retry_waits_for_its_own_back_off_and_no_longer(engine: Engine, set_clock: SetClock) -> None:
    asked = engine.wb.submit("test_nothing")
    with engine.wb.database.write() as conn:
        taken = claims.claim(conn, asked.id, engine.worker.runner.worker, 2000)
    assert taken is not None
    late = ProviderError("rate_limit", "wait", retry_after_ms=90_000)
    engine.worker.runner.endings.fail(taken, describe(late, "test_nothing", None))
    set_clock(-HOUR_MS)
    engine.worker._sweeper.sweep(idle=True)
    ahead = row(engine, asked.id).available_at - now_ms(engine)
    assert 60_000 < ahead <= 90_000, "as long as the service asked for, from now on"


def test_a_long_wait_that_was_asked_for_stays(engine: Engine, set_clock: SetClock) -> None:
    asked = engine.wb.submit("test_nothing", delay_ms=5 * HOUR_MS)
    due = row(engine, asked.id).available_at
    engine.worker._sweeper.sweep(idle=True)
    assert row(engine, asked.id).available_at == due
    set_clock(-HOUR_MS)
    engine.worker._sweeper.sweep(idle=True)
    assert row(engine, asked.id).available_at == pytest.approx(due - HOUR_MS, abs=60_000)


def test_polls_deliveries_and_signs_of_life_lie_ahead_no_longer(engine: Engine) -> None:
    asked = engine.wb.submit("test_nothing")
    now = now_ms(engine)
    hook = {"id": 1, "form": "json", "events": [], "host": "h", "url_ciphertext": "", "secret_ciphertext": ""}
    hook |= {"key_id": "", "allow_private": False, "lang": "en", "enabled": False, "created_at": now}
    delivery = {"webhook_id": 1, "event": "e", "payload": {}, "state": "pending", "created_at": now}
    with engine.wb.database.write() as conn:
        values = {"job_id": asked.id, "input_hash": "h", "created_at": now, "updated_at": now, "position": 1}
        conn.execute(insert(step).values(**values, name="s", state="submitted", poll_at=now + HOUR_MS))
        conn.execute(insert(webhook).values(**hook))
        conn.execute(
            insert(webhook_delivery),
            [
                {**delivery, "event_key": "first", "tries": 0, "next_at": now + HOUR_MS},
                {**delivery, "event_key": "again", "tries": 6, "next_at": now + HOUR_MS},
            ],
        )
        installation.record_worker(conn, "dead", "h", 1, 4, 0)
        conn.execute(update(worker).where(worker.c.name == "dead").values(seen_at=now + HOUR_MS))
    engine.worker._sweeper.sweep(idle=True)
    soon = now_ms(engine) + 1000
    with engine.wb.database.read() as conn:
        assert conn.execute(select(step.c.poll_at)).scalar_one() <= soon
        due = dict(conn.execute(select(webhook_delivery.c.event_key, webhook_delivery.c.next_at)).all())
        assert conn.execute(select(worker.c.seen_at).where(worker.c.name == "dead")).scalar_one() <= soon
    assert due["first"] <= soon
    assert due["again"] == now + HOUR_MS, "a pause that long is its own"


def test_put_forward_no_healthy_workers_job_is_taken(engine: Engine, set_clock: SetClock) -> None:
    asked = engine.wb.submit("test_nothing")
    with engine.wb.database.write() as conn:
        taken = claims.claim(conn, asked.id, "healthy", 2000)
    assert taken is not None
    sweeper = engine.worker._sweeper
    sweeper.sweep(idle=True)
    set_clock(HOUR_MS)
    sweeper.sweep(idle=True)
    assert row(engine, asked.id).state == "running", "its worker has had no time to renew the lease"
    with engine.wb.database.write() as conn:
        claims.renew_leases(conn, "healthy", 2000, {taken.key})
    sweeper.sweep(idle=True)
    assert row(engine, asked.id).claim == taken.number
    # and once that worker is really gone, the job goes on
    until(lambda: sweeper.sweep(idle=True) or row(engine, asked.id).state == "queued", what="the recovery")


def test_after_a_wait_for_the_database_healthy_workers_come_first(engine: Engine) -> None:
    asked = engine.wb.submit("test_nothing")
    with engine.wb.database.write() as conn:
        taken = claims.claim(conn, asked.id, "healthy", 2000)
        conn.execute(update(job).where(job.c.id == asked.id).values(lease_until=1))
    assert taken is not None
    sweeper = engine.worker._sweeper
    engine.worker._database.waited_long_at = time.monotonic()
    sweeper.sweep(idle=True)
    assert row(engine, asked.id).state == "running"
    until(lambda: sweeper.sweep(idle=True) or row(engine, asked.id).state == "queued", what="the recovery")


def test_doubts_end_after_a_lease(engine: Engine, settings: Settings) -> None:
    """On a machine where every write waits, lost workers are taken for lost all the same."""
    lost = LostWorkers(engine.worker._database, settings)

    def certain() -> bool:
        engine.worker._database.waited_long_at = time.monotonic()
        return lost.are_certain(now_ms(engine))

    assert not certain()
    until(certain, settings.lease_seconds + 30, "certainty")


def test_many_jobs_are_looked_through_seldom(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_many_active", clock._many_active.offset(1))
    looks: list[int] = []
    real = clock.lies_ahead
    monkeypatch.setattr(clock, "lies_ahead", lambda conn: looks.append(1) or real(conn))
    for number in range(3):
        engine.wb.submit("test_nothing", params={"number": number})
    for _ in range(3):
        engine.worker._sweeper.sweep(idle=True)
    assert looks == [1]
