"""What services, people and databases do that no row was made for: a job ends once, with its reason, and pays once."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, select

from tests.engine.conftest import Engine, Workers, in_background, until, use
from tests.engine.jobs_for_tests import tiny_png
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.db.connection import Database, db_now_ms
from workbench.db.schema import job
from workbench.db.writes import claims, timeline
from workbench.errors import ReelwrightError
from workbench.i18n import Text
from workbench.jobs import endings, media_calls
from workbench.jobs.context import Context
from workbench.media import storage
from workbench.profiles import model_call as paid
from workbench.workflows import registry

KEY = "sk-canary0123456789abcdef"
#: half a surrogate pair, a NUL, what a terminal obeys, a text without end, JSON without end
POISON = {
    "surrogate": "no \ud83d way",
    "nul": "no \x00 way",
    "escape": "no \x1b[2J\x07 way",
    "long": "no way " * 20_000,
    "braces": "{kind} {0} {} %s %(x)s",
    "deep": "[" * 20_000,
}


@pytest.mark.parametrize("said", POISON.values(), ids=POISON)
def test_a_refusal_whatever_it_says_ends_its_job_at_once(engine: Engine, provider: ScriptedProvider, said: str) -> None:
    provider.script(default={"status": 400, "body": {"error": {"message": said, "code": said, "type": said}}})
    done = engine.finish(engine.wb.submit("test_tell", profile=use(engine.wb, provider)).id)
    assert (done.state, done.error_kind, done.claim) == ("failed", "bad_request", 1)
    assert len(provider.calls()) == 1
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert (call.outcome, call.error_kind) == ("error", "bad_request")


def test_a_body_nested_without_end_is_a_refusal_like_any_other(engine: Engine, provider: ScriptedProvider) -> None:
    body = '{"error": ' + "[" * 50_000 + "]" * 50_000 + "}"
    provider.script(default={"status": 400, "body": body})
    done = engine.finish(engine.wb.submit("test_tell", profile=use(engine.wb, provider)).id)
    assert (done.state, done.error_kind, done.claim) == ("failed", "bad_request", 1)


@pytest.mark.parametrize(
    "fault",
    [
        {"model": "m" * 5_000},
        {"model": "m\ud83d\x00"},
        {"usage": {"prompt_tokens": 10**30, "completion_tokens": 2**40, "total_tokens": 1}},
        {"headers": {"x-request-id": "r" * 3_000}},
        {"text": json.dumps({"text": "a \ud83d and a \x00"})},
    ],
    ids=["long model", "foul model", "tokens", "request id", "text"],
)
def test_a_paid_answer_is_kept_whatever_comes_along_with_it(
    engine: Engine, provider: ScriptedProvider, fault: dict[str, Any]
) -> None:
    provider.script(default=fault)
    done = engine.finish(engine.wb.submit("test_tell", profile=use(engine.wb, provider)).id)
    assert (done.state, done.claim, len(provider.calls())) == ("succeeded", 1, 1)
    [call] = engine.wb.jobs.get_detail(done.id).model_calls
    assert call.outcome == "ok"
    assert len(call.model) <= 200


@pytest.mark.parametrize("fault", [{"headers": {"x-request-id": "r" * 3_000}}, {"model": "m" * 5_000}], ids=str)
def test_a_paid_picture_is_kept_whatever_comes_along_with_it(
    engine: Engine, provider: ScriptedProvider, fault: dict[str, Any]
) -> None:
    provider.script(default=fault)
    engine.wb.profiles.add("paint", "openai", base_url=provider.url, text_model="t", image_model="gpt-image-1", key=KEY)
    done = engine.finish(engine.wb.submit("test_image", profile="paint").id)
    assert (done.state, done.claim, len(provider.calls())) == ("succeeded", 1, 1)


def test_a_failure_that_cannot_be_written_in_full_is_written_in_short(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unwritable(ReelwrightError):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    async def ends_badly(ctx: object, params: object) -> None:
        raise Unwritable(Text("{what} went wrong", what=object()))

    monkeypatch.setitem(registry._workflows, "test_nothing", replace(registry.find("test_nothing"), run=ends_badly))
    add_event = timeline.add_event

    def refuse_long(conn: Connection, job_id: int, message: Text, **more: Any) -> None:
        if "A bug" in message:
            raise ValueError("no database takes this")
        add_event(conn, job_id, message, **more)

    monkeypatch.setattr(timeline, "add_event", refuse_long)
    done = engine.finish(engine.wb.submit("test_nothing").id)
    assert (done.state, done.error_kind, done.claim) == ("failed", "internal", 1)
    assert "ValueError" in str(done.error)


# -- a database that takes no writes for a while -----------------------------------------------------------------------


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """Every write fails as it does on a server, or a disk, that is read-only for now."""
    if database.is_sqlite:
        engine = database.engine
        event.listen(engine, "checkout", lambda connection, *_: connection.execute("PRAGMA query_only = ON"))
    else:
        _set_default(database, "on")
        # whoever holds a connection of before has it until the next use
        database.close()
    try:
        yield
    finally:
        if not database.is_sqlite:
            _set_default(database, "off")
        database.close()


def _set_default(database: Database, read_only: str) -> None:
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, options="-c default_transaction_read_only=off", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {database.url.database} SET default_transaction_read_only = {read_only}")


@pytest.mark.parametrize(
    ("asked", "fault", "outcome"),
    [("test_tell", {}, "ok"), ("test_image", {}, "ok"), ("test_tell", {"status": 400}, "error")],
    ids=["text", "picture", "refusal"],
)
def test_an_answer_that_comes_while_the_database_is_read_only_is_kept_and_paid_once(
    engine: Engine,
    provider: ScriptedProvider,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    fault: dict[str, Any],
    outcome: str,
) -> None:
    failures: list[bool] = []

    def note(again: bool, write: Callable[[bool], None]) -> None:
        failures.append(again)
        write(again)

    write_with_retry = paid.write_with_retry
    monkeypatch.setattr(paid, "WAITS_S", (0.05,) * 400)
    monkeypatch.setattr(paid, "write_with_retry", lambda write: write_with_retry(lambda again: note(again, write)))
    provider.script(default={"delay_ms": 500, **fault})
    engine.wb.profiles.add("mine", "openai", base_url=provider.url, text_model="t", image_model="gpt-image-1", key=KEY)
    job_id = engine.wb.submit(asked, None, {}, profile="mine").id
    thread = in_background(engine.deliver)
    until(provider.calls, 20, "the call")
    with read_only(engine.worker._database):
        until(lambda: failures.count(True) > 2, 20, "the answer that cannot be written")
    thread.join(120)
    done = engine.finish(job_id)
    assert [c.outcome for c in engine.wb.jobs.get_detail(job_id).model_calls] == [outcome]
    assert (done.state, done.claim) == ("succeeded" if outcome == "ok" else "failed", 1)
    assert len(provider.calls()) == 1


def test_a_job_that_meets_a_read_only_database_goes_back_to_the_queue(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent: it is no bug of the job's, and none of its attempts."""
    for module in (paid, endings):
        monkeypatch.setattr(module, "WAITS_S", (0.05,) * 400)
    job_id = engine.wb.submit("test_tell", profile=use(engine.wb, provider)).id
    with engine.worker._database.write() as conn:
        claim = claims.claim(conn, job_id, engine.worker.runner.worker, 60_000)
    assert claim is not None
    with read_only(engine.worker._database):
        thread = in_background(lambda: engine.worker.runner._run_on(claim))
        thread.join(0.5)
        assert thread.is_alive()
    thread.join(120)
    put_back = engine.wb.jobs.get(job_id)
    assert (put_back.state, put_back.failures, put_back.losses) == ("queued", 0, 0)
    assert engine.finish(job_id).state == "succeeded"
    assert len(provider.calls()) == 1


def test_leases_that_ran_out_while_nobody_could_write_are_not_taken_for_lost_workers(engine: Engine) -> None:
    slept = engine.wb.submit("test_sleep")
    thread = in_background(engine.deliver)
    until(lambda: engine.wb.jobs.get(slept.id).state == "running", 10, "the running job")
    with read_only(engine.worker._database):
        until(lambda: lease_age_ms(engine, slept.id) > 0, 20, "the end of the lease")
        engine.worker.run_maintenance()
    engine.worker.run_maintenance()
    assert engine.wb.jobs.get(slept.id).losses == 0
    engine.worker.runner.heartbeat()
    assert lease_age_ms(engine, slept.id) < 0
    engine.wb.jobs.cancel(slept.id)
    engine.worker.runner.heartbeat()
    thread.join(120)
    assert engine.wb.jobs.get(slept.id).state == "cancelled"


def lease_age_ms(engine: Engine, job_id: int) -> int:
    with engine.wb.database.read() as conn:
        query = select(db_now_ms() - job.c.lease_until).where(job.c.id == job_id)
        return int(conn.execute(query).scalar_one())


# -- one question for a job --------------------------------------------------------------------------------------------


def test_a_worker_killed_with_eight_pictures_under_way_asks_once(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(default={"hang": True})
    wb.profiles.add(
        "paint", "openai", base_url=provider.url, text_model="t", image_model="gpt-image-1", key=KEY, concurrency=8
    )
    colours = [f"colour {n}" for n in range(10)]
    made = wb.submit("test_image", None, {"colours": colours, "limit": 8}, profile="paint")
    dying = workers.start()
    until(lambda: len(provider.calls()) == 8, 60, "eight calls")
    dying.kill()
    dying.gone()
    provider.script()
    workers.start()
    asked = until(lambda: j if (j := wb.jobs.get(made.id)).waiting_for == "decision" else None, 60, "the question")
    assert "8" in str(asked.message)
    states = [step.state for step in wb.jobs.list_steps(made.id)]
    assert states == ["maybe_charged"] * 8
    wb.jobs.decide(made.id, "send_again")
    assert wb.wait(made.id, timeout=240).state == "succeeded"
    assert len(provider.calls()) == 18


# -- a media store that is away ----------------------------------------------------------------------------------------


class FullDisk:
    """A disk that takes no files until it is `cleared`; `tries`: how often somebody wanted to write one."""

    def __init__(self) -> None:
        self.tries = 0
        self.cleared = False

    def mkstemp(self, **where: Any) -> tuple[int, str]:
        self.tries += 1
        if self.cleared:
            return tempfile.mkstemp(**where)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    disk = FullDisk()
    monkeypatch.setattr(storage, "tempfile", SimpleNamespace(mkstemp=disk.mkstemp))
    monkeypatch.setattr(media_calls, "STORE_PAUSE_S", 0.02)
    return disk


@pytest.mark.parametrize("fault", [{}, {"image_url": True}], ids=["bytes", "link"])
def test_a_paid_picture_waits_for_room_on_the_disk(
    engine: Engine, provider: ScriptedProvider, full_disk: FullDisk, fault: dict[str, Any]
) -> None:
    provider.script(default=fault)
    params = {"allow_private_media": True}
    engine.wb.profiles.add(
        "paint", "openai", base_url=provider.url, text_model="t", image_model="gpt-image-1", key=KEY, params=params
    )
    asked = {"colours": ["teal", "red"], "limit": 2}
    job_id = engine.wb.submit("test_image", None, asked, profile="paint").id
    thread = in_background(engine.deliver)
    until(lambda: full_disk.tries > 6, 20, "some tries")
    told = [event.message for event in engine.wb.jobs.get_detail(job_id).events]
    assert sum("No space left" in message for message in told) == 1
    assert engine.wb.jobs.get(job_id).state == "running"
    full_disk.cleared = True
    thread.join(120)
    assert engine.finish(job_id).state == "succeeded"
    assert [c.outcome for c in engine.wb.jobs.get_detail(job_id).model_calls] == ["ok", "ok"]
    assert len(provider.calls()) == 2


def test_waiting_for_room_is_none_of_the_jobs_time_and_ends_when_it_is_cancelled(
    engine: Engine, provider: ScriptedProvider, full_disk: FullDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = registry.find("test_image")
    monkeypatch.setattr(media_calls, "STORE_PAUSE_S", 0.2)
    monkeypatch.setitem(registry._workflows, "test_image", replace(declared, deadline_s=1))
    engine.wb.profiles.add("paint", "openai", base_url=provider.url, text_model="t", image_model="gpt-image-1", key=KEY)
    job_id = engine.wb.submit("test_image", None, {}, profile="paint").id
    thread = in_background(engine.deliver)
    until(lambda: full_disk.tries > 10, 30, "more than a second of tries")
    assert engine.wb.jobs.get(job_id).state == "running"
    engine.wb.jobs.cancel(job_id)
    engine.worker.runner.heartbeat()
    thread.join(120)
    assert engine.wb.jobs.get(job_id).state == "cancelled"
    [call] = engine.wb.jobs.get_detail(job_id).model_calls
    assert call.outcome == "error"


def test_a_job_that_needs_a_picture_from_a_store_that_is_away_goes_back_to_the_queue(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was “Key refused”, and final."""

    async def reads(ctx: Context, params: object) -> dict[str, int]:
        return {"bytes": len(ctx.picture(sha))}

    sha = engine.wb.media._store.add_image(tiny_png()).sha256
    monkeypatch.setitem(registry._workflows, "test_nothing", replace(registry.find("test_nothing"), run=reads))
    asked = engine.wb.submit("test_nothing").id
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda path: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
        engine.deliver()
        put_back = engine.wb.jobs.get(asked)
        assert (put_back.state, put_back.failures) == ("queued", 0)
        assert "Input/output error" in str(put_back.message)
    assert engine.finish(asked).state == "succeeded"
