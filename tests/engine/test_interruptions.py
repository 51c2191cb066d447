"""What meets in the wrong moment: a cancel and a retry, a database that restarts, a final write that fails."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import OperationalError

from tests.engine.conftest import Engine, in_background, until, use
from tests.scripted_provider import ScriptedProvider
from workbench import errors
from workbench.db.connection import db_now_ms
from workbench.db.schema import job as job_table
from workbench.db.writes import claims, dispatch, end, groups, sweep
from workbench.db.writes import webhooks as webhook_writes


def ask_to_cancel(engine: Engine, job_id: int) -> None:
    with engine.wb.database.write() as conn:
        conn.execute(update(job_table).where(job_table.c.id == job_id).values(cancel_at=db_now_ms()))


def test_a_cancel_that_meets_a_retry_ends_the_job(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"status": 503, "delay_ms": 400})
    asked = engine.wb.submit("test_tell", profile=use(engine.wb, provider), max_attempts=5)
    thread = in_background(engine.deliver)
    until(provider.calls)
    engine.wb.jobs.cancel(asked.id)
    thread.join(120)
    assert engine.finish(asked.id).state == "cancelled"
    assert len(provider.calls()) == 1


def test_a_cancel_that_meets_a_shutdown_ends_the_job(engine: Engine) -> None:
    asked = engine.wb.submit("test_sleep")
    thread = in_background(engine.deliver)
    until(lambda: engine.worker.runner._running)
    engine.wb.jobs.cancel(asked.id)
    engine.worker.runner.stop()
    thread.join(120)
    assert engine.wb.jobs.get(asked.id).state == "cancelled"


def test_a_cancelled_parent_starts_no_children(engine: Engine, project: int) -> None:
    asked = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 2})
    with engine.wb.database.write() as conn:
        claim = claims.claim(conn, asked.id, engine.worker.runner.worker, 60_000)
    assert claim is not None
    ask_to_cancel(engine, asked.id)
    engine.worker.runner._run_on(claim)
    assert engine.wb.jobs.get(asked.id).state == "cancelled"
    assert engine.wb.jobs.get_detail(asked.id).children == []


def test_a_cancelled_row_that_was_put_back_is_ended_by_the_sweeper_and_blocks_nobody(engine: Engine) -> None:
    stuck = engine.wb.submit("test_nothing")
    ask_to_cancel(engine, stuck.id)
    healthy = engine.wb.submit("test_nothing", params={"number": 1})
    assert engine.finish(healthy.id).state == "succeeded"
    engine.worker.maintain()
    assert engine.wb.jobs.get(stuck.id).state == "cancelled"


def test_children_of_a_parent_that_failed_are_cancelled(engine: Engine, project: int) -> None:
    asked = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 2})
    engine.worker.run(engine.mail.popleft())
    with engine.wb.database.write() as conn:
        end.end(conn, asked.id, "failed", kind="internal", error=errors.Text("gone"))
    engine.worker.maintain()
    assert {c.state for c in engine.wb.jobs.get_detail(asked.id).children} == {"cancelled"}


def test_a_lease_is_renewed_only_for_what_this_worker_still_holds(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = engine.wb.submit("test_nothing")
    with monkeypatch.context() as patch:

        def broken(*args: object, **kw: object) -> None:
            raise OperationalError("UPDATE", None, Exception("disk full"))

        patch.setattr(end, "end_attempt", broken)
        patch.setattr(groups, "succeed_all", broken)
        patch.setattr(time, "sleep", lambda seconds: None)
        engine.deliver()
    assert engine.wb.jobs.get(asked.id).state == "running"
    assert engine.worker.runner.busy == 0
    # on a busy machine that took longer than a worker may be silent, and a silent one is sent nothing
    engine.worker._report_alive()
    other = engine.wb.submit("test_sleep")
    thread = in_background(engine.deliver)
    until(lambda: engine.wb.jobs.get(other.id).state == "running")
    until(
        lambda: (
            (engine.worker.runner.heartbeat(), engine.worker._sweeper.sweep(idle=True))
            and engine.wb.jobs.get(asked.id).state == "queued"
        ),
        20,
        "the end of the lease that nobody holds",
    )
    engine.wb.jobs.cancel(other.id)
    engine.worker.runner.heartbeat()
    thread.join(120)


def test_a_result_that_cannot_be_saved_fails_once_with_its_reason(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from workbench.workflows import registry

    async def bad(ctx: object, params: object) -> dict[str, object]:
        return {"not": {"json"}}

    monkeypatch.setitem(registry._workflows, "test_nothing", replace(registry.find("test_nothing"), run=bad))
    done = engine.finish(engine.wb.submit("test_nothing").id)
    assert (done.state, done.error_kind, done.claim) == ("failed", "internal", 1)


def test_a_paid_answer_whose_check_raised_is_in_the_ledger(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.engine import jobs_for_tests

    monkeypatch.setattr(jobs_for_tests, "FORBIDDEN", None)
    asked = engine.wb.submit("test_tell", profile=use(engine.wb, provider))
    assert engine.finish(asked.id).error_kind == "internal"
    [call] = engine.wb.jobs.get_detail(asked.id).model_calls
    assert (call.outcome, call.valid) == ("ok", False)
    assert call.output_tokens
    assert call.raw_output


SEVERAL: dict[str, Callable[[Connection, list[int]], object]] = {
    "renew leases": lambda conn, ids: claims.renew_leases(conn, "me", 60_000, {(i, 1) for i in ids}),
    "dispatch": lambda conn, ids: dispatch.mark_dispatched(conn, ids),
    "resume what was limited": lambda conn, ids: sweep.resume_due(conn, 10),
    "tell webhooks": lambda conn, ids: webhook_writes.take_pending_jobs(conn, ids),
}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("name", SEVERAL)
def test_whoever_writes_several_jobs_and_a_cancel_of_all_of_them_never_wait_for_each_other(
    engine: Engine, name: str
) -> None:
    """A cancel locks a family newest first; PostgreSQL would end one of two that wait for each other, perhaps the
    person's."""
    ids = [engine.wb.submit("test_nothing", params={"number": n}).id for n in range(2)]
    state = {"dispatch": "queued", "renew leases": "running"}.get(name, "waiting")
    with engine.wb.database.write() as conn:
        conn.execute(
            update(job_table).values(
                state=state, worker="me", claim=1, untold=True, dispatched_at=None,
                waiting_for="rate_limit" if state == "waiting" else None,
            )
        )  # fmt: skip

    def write() -> None:
        with engine.worker._database.write() as conn:
            SEVERAL[name](conn, ids)

    hold = select(job_table.c.id).with_for_update(key_share=True)
    with engine.wb.database.write() as conn:
        conn.execute(hold.where(job_table.c.id == max(ids)))
        thread = in_background(write)
        waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        until(lambda: not thread.is_alive() or conn.execute(waits).scalar_one(), 10)
        conn.execute(text("SET LOCAL lock_timeout = '500ms'"))
        conn.execute(hold.where(job_table.c.id == min(ids)))
    thread.join(120)


def test_sketch_by_name_is_sketch_even_in_a_project_with_a_paid_profile(
    engine: Engine, provider: ScriptedProvider
) -> None:
    project = engine.wb.create_project({"title": "P", "language": "en"}, profile=use(engine.wb, provider))
    own = engine.wb.submit("test_child_good", project)
    free = engine.wb.submit("test_child_good", project, {"number": 2}, profile="sketch")
    assert own.profile_id is not None
    assert free.profile_id is None
    again = engine.wb.jobs.replay(engine.finish(free.id).id)
    assert again.profile_id is None


def test_a_submit_key_that_met_an_equal_active_job_stays_its_key(engine: Engine, project: int) -> None:
    first = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]})
    same = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]}, submit_key="the-form")
    engine.finish(first.id)
    repeated = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]}, submit_key="the-form")
    assert first.id == same.id == repeated.id


def test_waiting_for_a_job_that_is_not_there_says_so(engine: Engine) -> None:
    with pytest.raises(errors.NotFound, match="no job 4711"):
        engine.wb.wait(4711)


def test_a_restarted_database_is_no_fault_of_the_job(
    engine: Engine, provider: ScriptedProvider, database_url: str
) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite has no server to restart")
    provider.script(default={"delay_ms": 300})
    asked = engine.wb.submit("test_tell", params={"steps": 3}, profile=use(engine.wb, provider))
    thread = in_background(engine.deliver)
    until(lambda: len(provider.calls()) == 2)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid "
            "<> pg_backend_pid()"
        )
    thread.join(120)
    # this process's own reader held a connection of the old server too
    engine.wb.database.close()
    done = engine.finish(asked.id)
    assert (done.state, done.failures) == ("succeeded", 0)
    assert len(provider.calls()) <= 4
