"""Why a queued job does not run, said where people wait."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.engine.conftest import Engine, engine
from workbench.db.connection import db_now_ms
from workbench.db.schema import job, worker
from workbench.i18n import translate

__all__ = ["engine"]


def reason(engine: Engine, job_id: int, language: str = "en") -> str | None:
    text = engine.wb.jobs.explain_queued([job_id]).get(job_id)
    return None if text is None else translate(text, language)


@pytest.mark.parametrize(
    ("key", "what", "chinese"),
    [
        ("queue:text", "the queue text", "队列 text"),
        ("kind:test_tell", "the job type Tell", "任务类型“Tell”"),
        ("project:1", "the project The Salt Lighthouse", "项目“The Salt Lighthouse”"),
    ],
)
def test_a_pause_is_told_to_those_who_wait(engine: Engine, key: str, what: str, chinese: str) -> None:
    project = engine.wb.create_project({"title": "The Salt Lighthouse", "language": "en"})
    engine.wb.queues.pause(key)
    waiting = engine.wb.submit("test_tell", project).id
    assert reason(engine, waiting) == f"Paused: {what} (by local, just now). Resume it on the Jobs page."
    assert reason(engine, waiting, "zh") == f"已暂停：{chinese}（刚刚由 local 暂停）。可在任务页恢复。"
    engine.wb.queues.resume(key)
    assert reason(engine, waiting) == "Waits for its turn"
    assert engine.finish(waiting).state == "succeeded"
    assert reason(engine, waiting) is None


def test_a_full_limit_a_later_time_and_a_missing_worker_are_told(engine: Engine) -> None:
    first, second = (engine.wb.submit("test_tell", params={"about": str(n)}).id for n in range(2))
    engine.wb.queues.limit("kind:test_tell", 1)
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == first).values(state="running"))
    assert reason(engine, second) == "Waits for room: of the job type Tell at most 1 may run"
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == second).values(available_at=db_now_ms() + 59_500))
    assert reason(engine, second) in ("Due in 60 s", "Due in 59 s")
    with engine.wb.database.write() as conn:
        conn.execute(update(worker).values(seen_at=db_now_ms() - 60_000))
    assert reason(engine, second) == "No worker runs; start one: reelwright up"


def test_the_priority_of_a_parent_is_that_of_its_parts_too(engine: Engine) -> None:
    project = engine.wb.create_project({"title": "The Salt Lighthouse", "language": "en"})
    jobs = engine.wb.jobs
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "test_child_bad"]}).id
    engine.worker.run(engine.mail.popleft())
    ended, waits = (child.id for child in jobs.list_children(parent))
    jobs.cancel(ended)
    assert jobs.set_priority([parent], 7) == 1
    assert [jobs.get(i).priority for i in (parent, waits, ended)] == [7, 7, 0]
    [act] = jobs.change_priorities([parent], 3)
    assert (act.job_id, act.outcome) == (parent, "changed")
    assert [jobs.get(i).priority for i in (parent, waits)] == [3, 3]
    assert jobs.set_priority([ended], 9) == 0


def test_a_parent_says_what_holds_all_of_its_children(engine: Engine) -> None:
    project = engine.wb.create_project({"title": "The Salt Lighthouse", "language": "en"})
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "test_child_good"]}).id
    engine.worker.run(engine.mail.popleft())
    assert engine.wb.jobs.get(parent).waiting_for == "children"
    assert reason(engine, parent) is None  # they only wait for their turn
    engine.wb.queues.pause("kind:test_child_good")
    assert reason(engine, parent) == "Paused: the job type Good child (by local, just now). Resume it on the Jobs page."
    children = engine.wb.jobs.get_detail(parent).children
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == children[0].id).values(state="running"))
    assert reason(engine, parent) is None
