"""Who belongs to whom: cancels, progress and what ended jobs leave behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest
from sqlalchemy import insert, select, text, update

from tests.engine.conftest import Engine, in_background, until, use
from tests.scripted_provider import ScriptedProvider
from workbench.db.connection import db_now_ms
from workbench.db.schema import job, job_event, worker
from workbench.db.writes import claims, families, steps
from workbench.jobs.submit import Request


def state(engine: Engine, job_id: int) -> str:
    return engine.wb.jobs.get(job_id).state


def child_of(engine: Engine, parent_id: int) -> int:
    """The one child of a parent, which comes to wait for it here."""
    engine.mail.clear()
    engine.worker.run(parent_id)
    engine.mail.clear()
    [child] = engine.wb.jobs.list_children(parent_id)
    return child.id


@pytest.fixture
def shared(engine: Engine, project: int) -> tuple[int, int, int]:
    """(A, B, their one child): A started it, B has adopted it, and both wait for it."""
    first = engine.wb.submit("test_batch", project, {"kinds": ["test_book"]}).id
    child = child_of(engine, first)
    second = engine.wb.submit("test_shelf", project).id
    assert child_of(engine, second) == child
    return first, second, child


def test_cancelling_a_parent_leaves_what_another_one_waits_for(engine: Engine, shared: tuple[int, int, int]) -> None:
    first, second, child = shared
    engine.wb.jobs.cancel(first)
    engine.worker._sweeper.sweep(idle=True)
    assert state(engine, first) == "cancelled"
    assert state(engine, child) in ("queued", "waiting")
    assert engine.finish(second).state == "succeeded"
    assert state(engine, child) == "succeeded"


def test_cancelling_who_adopted_it_leaves_it_to_who_started_it(engine: Engine, shared: tuple[int, int, int]) -> None:
    first, second, child = shared
    engine.wb.jobs.cancel(second)
    assert engine.finish(first).state == "succeeded"
    assert state(engine, child) == "succeeded"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_when_nobody_waits_any_more_it_is_cancelled_with_all_below(
    engine: Engine, shared: tuple[int, int, int], order: tuple[int, int]
) -> None:
    *_, child = shared
    grandchild = child_of(engine, child)
    for parent in order:
        assert state(engine, grandchild) == "queued"
        engine.wb.jobs.cancel(shared[parent])
    assert (state(engine, child), state(engine, grandchild)) == ("cancelled", "cancelled")


def test_a_grandchild_that_another_parent_waits_for_stays(engine: Engine, project: int) -> None:
    first = engine.wb.submit("test_shelf", project).id
    book = child_of(engine, first)
    grandchild = child_of(engine, book)
    other = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]}).id
    engine.mail.clear()
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == other).values(state="waiting", waiting_for="children"))
        families.add_children(conn, other, [families.ChildLink(grandchild, 0, "0:0:x:1", None, None)])
    engine.wb.jobs.cancel(first)
    assert [state(engine, i) for i in (first, book, grandchild)] == ["cancelled", "cancelled", "queued"]


def test_a_job_that_a_person_asked_for_outlives_a_parent_that_adopted_it(engine: Engine, project: int) -> None:
    own = engine.wb.submit("test_book", project).id
    parent = engine.wb.submit("test_shelf", project).id
    assert child_of(engine, parent) == own
    engine.wb.jobs.cancel(parent)
    engine.worker._sweeper.sweep(idle=True)
    assert state(engine, own) == "queued"
    assert engine.finish(own).state == "succeeded"


def test_a_child_that_a_person_asks_for_outlives_the_parent_that_started_it(engine: Engine, project: int) -> None:
    parent = engine.wb.submit("test_shelf", project).id
    child = child_of(engine, parent)
    asked = engine.wb.submit("test_book", project, user="Ada")
    assert (asked.id, asked.parent_id) == (child, None)
    assert any("Ada" in e.message for e in engine.wb.jobs.get_detail(child).events)
    engine.wb.jobs.cancel(parent)
    engine.worker._sweeper.sweep(idle=True)
    assert engine.finish(child).state == "succeeded"


def test_a_parent_still_waits_for_a_child_that_a_person_asked_for(engine: Engine, project: int) -> None:
    parent = engine.wb.submit("test_shelf", project).id
    child = child_of(engine, parent)
    assert engine.wb.submit("test_book", project).id == child
    assert engine.finish(parent).state == "succeeded"
    assert state(engine, child) == "succeeded"


def test_of_a_cancel_and_an_adoption_at_the_same_moment_the_adopted_one_lives(engine: Engine, project: int) -> None:
    if engine.wb.database.is_sqlite:
        return
    first = engine.wb.submit("test_batch", project, {"kinds": ["test_book"]}).id
    child = child_of(engine, first)
    second = engine.wb.submit("test_shelf", project).id
    with engine.wb.database.write() as conn:
        # B is about to note it
        claims.lock_all(conn, [child], wait=True)
        cancel = in_background(lambda: engine.wb.jobs.cancel(first))
        until(lambda: _is_waiting(engine), what="the cancel that waits for the child's row")
        conn.execute(update(job).where(job.c.id == second).values(state="waiting", waiting_for="children"))
        families.add_children(conn, second, [families.ChildLink(child, 0, "1:0:test_book:1", 1, 0)])
    cancel.join(60)
    assert [state(engine, i) for i in (first, child)] == ["cancelled", "queued"]


def _is_waiting(engine: Engine) -> bool:
    with engine.wb.database.read() as conn:
        mine = "datname = current_database() AND wait_event_type = 'Lock'"
        return bool(conn.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {mine}")).scalar_one())


def steps_of(engine: Engine, job_id: int) -> dict[str, str]:
    return {s.name: s.state for s in engine.wb.jobs.list_steps(job_id)}


def test_no_ended_job_has_a_step_under_way(engine: Engine, project: int, provider: ScriptedProvider) -> None:
    name = use(engine.wb, provider)
    provider.script(default={"status": 400})
    failed = engine.wb.submit("test_tell", profile=name)
    assert engine.finish(failed.id).state == "failed"
    assert steps_of(engine, failed.id) == {"tell-0": "lost"}
    # one that is cancelled while it waits, one whose worker is gone
    for finish in ("cancel", "cancel_lost"):
        asked = engine.wb.submit("test_tell", params={"about": finish}, profile=name)
        engine.mail.clear()
        with engine.wb.database.write() as conn:
            taken = claims.claim(conn, asked.id, "gone", 2000)
            assert taken is not None
            steps.begin_step(conn, asked.id, "tell-0", 1, "h", taken.number, again=False)
            if finish == "cancel":
                conn.execute(update(job).where(job.c.id == asked.id).values(state="queued"))
            else:
                conn.execute(update(job).where(job.c.id == asked.id).values(lease_until=1))
        engine.wb.jobs.cancel(asked.id)
        engine.worker._sweeper.sweep(idle=True)
        assert state(engine, asked.id) == "cancelled"
        assert steps_of(engine, asked.id) == {"tell-0": "lost"}


def test_a_job_that_went_on_without_a_picture_has_no_step_under_way(engine: Engine, provider: ScriptedProvider) -> None:
    engine.wb.profiles.add(
        "painter", "openai", base_url=provider.url, image_model="scripted-image-1", key="sk-canary0123456789abcdef"
    )
    provider.script(nth={"1": {"status": 500}})
    asked = engine.wb.submit("test_image", params={"colours": ["teal", "red"], "limit": 1}, profile="painter")
    done = engine.finish(asked.id)
    assert "sent" not in steps_of(engine, asked.id).values(), (done, steps_of(engine, asked.id))


def test_progress_never_goes_back(engine: Engine, project: int) -> None:
    asked = engine.wb.submit("test_waves", project, {"number": 60})
    assert engine.finish(asked.id).state == "succeeded"
    with engine.wb.database.read() as conn:
        query = select(job_event.c.progress).where(job_event.c.job_id == asked.id, job_event.c.progress.isnot(None))
        reported = list(conn.execute(query.order_by(job_event.c.id)).scalars())
    assert reported == sorted(reported)
    assert reported[0] == 60


def test_workers_that_died_leave_the_board(engine: Engine) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = socket.gethostname()
    with engine.wb.database.write() as conn:
        for name, host, pid, age_ms in (
            ("long gone elsewhere", "h", 1, 61_000),
            ("silent elsewhere", "h", ended.pid, 30_000),
            ("silent here", here, os.getpid(), 30_000),
            ("ended here", here, ended.pid, 6_000),
            ("ended here just now", here, ended.pid, 0),
        ):
            row = {"name": name, "host": host, "pid": pid, "threads": 4, "busy": 0, "started_at": 1}
            conn.execute(insert(worker).values(**row, seen_at=db_now_ms() - age_ms))
    engine.worker.maintain()
    left = {w.name for w in engine.wb.queues.list_workers()} - {engine.worker.runner.worker}
    assert left == {"silent elsewhere", "silent here", "ended here just now"}


@pytest.mark.parametrize("words", ['"', "\\", 'a "b" \\c', "per%cent", "under_score", "灯塔", "line\nbreak", "Tab\tU"])
def test_search_finds_it_in_params_titles_and_errors(engine: Engine, words: str) -> None:
    found, other = engine.wb.jobs.submit_many(
        [Request("test_tell", params={"about": f"x {words} y"}), Request("test_tell", params={"about": "z"})]
    )
    titled = engine.wb.submit("test_nothing")
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == titled.id).values(title=f"<{words}>"))
        conn.execute(update(job).where(job.c.id == other.id).values(error=f"<{words.lower()}>"))
    wanted = {found.id, titled.id, other.id}
    assert {j.id for j in engine.wb.jobs.list(text=words)} >= ({found.id} if words == '"' else wanted)
    assert engine.wb.jobs.count(text=words) == len(engine.wb.jobs.list(text=words))
    assert {j.id for j in engine.wb.jobs.list(text=f"no such {words}")} == set()
