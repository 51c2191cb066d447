"""What happens to jobs, told as it happens, on both databases."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from sqlalchemy import event

from tests.conftest import until
from tests.engine.conftest import Engine, engine
from workbench.db.rows.jobs import JobEvent
from workbench.errors import NotFound
from workbench.jobs import watch

__all__ = ["engine"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EVERY_S", 0.05)


def collect(engine: Engine, *ids: int, **how: Any) -> tuple[threading.Thread, list[JobEvent]]:
    """A watcher in a thread of its own, which has had its first look when this returns."""
    seen: list[JobEvent] = []
    stream = engine.wb.jobs.watch(*ids, timeout=180, **how)
    began = threading.Event()

    def follow() -> None:
        for told in stream:
            seen.append(told)
            began.set()

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    if ids:
        assert began.wait(180)
    return thread, seen


def test_a_job_is_told_of_from_its_queue_to_its_end(engine: Engine) -> None:
    good, bad = engine.wb.submit("test_tell").id, engine.wb.submit("test_fail").id
    thread, seen = collect(engine, good, bad)
    assert engine.finish(good).state == "succeeded"
    assert engine.finish(bad).state == "failed"
    thread.join(180)
    by_job = {job_id: [e.event for e in seen if e.job_id == job_id] for job_id in (good, bad)}
    assert (by_job[good][0], by_job[good][-1]) == ("queued", "completed")
    assert (by_job[bad][0], by_job[bad][-1]) == ("queued", "failed")
    end = next(e for e in seen if e.event == "failed")
    assert (end.error_kind, bool(end.error)) == ("overloaded", True)
    assert end.at == engine.wb.jobs.get(bad).finished_at
    # an ended job is told of at once, and nothing more
    assert [e.event for e in engine.wb.jobs.watch(good, bad, timeout=180)] in (
        ["completed", "failed"], ["failed", "completed"],
    )  # fmt: skip


def test_a_project_is_watched_whatever_is_launched_in_it(engine: Engine) -> None:
    project, other = (engine.wb.create_project({"title": t, "language": "en"}) for t in ("Mine", "Other"))
    earlier = engine.finish(engine.wb.submit("test_tell", project, {"about": "before"}).id).id
    first = engine.wb.submit("test_tell", project).id
    stream = engine.wb.jobs.watch(project=project, timeout=180)
    assert next(stream).job_id == first
    elsewhere = engine.wb.submit("test_tell", other).id
    engine.finish(elsewhere)
    engine.finish(first)
    later = engine.finish(engine.wb.submit("test_tell", project, {"about": "later"}).id).id
    told = []
    while (one := next(stream)).job_id != later or one.event != "completed":
        told.append((one.job_id, one.event))
    assert (first, "completed") in told
    assert not {elsewhere, earlier} & {job_id for job_id, _ in told}


def test_twenty_watchers_ask_no_more_than_one(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "EVERY_S", 0.2)
    job_id = engine.wb.submit("test_tell").id
    watchers = [collect(engine, job_id) for _ in range(20)]
    looks: list[str] = []
    sql = engine.wb.database.engine

    @event.listens_for(sql, "before_cursor_execute")
    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if threading.current_thread().name == "watch":
            looks.append(statement)

    began = time.monotonic()
    until(lambda: len(looks) >= 5, 60, "five looks")
    asked = sum(s.lstrip().upper().startswith(("SELECT", "WITH")) for s in looks)
    assert 5 <= asked <= (time.monotonic() - began) / 0.2 + 2
    engine.wb.jobs.cancel(job_id)
    for thread, seen in watchers:
        thread.join(180)
        assert [e.event for e in seen][-1] == "cancelled"
        assert sum(e.event == "cancelled" for e in seen) == 1


def test_who_watches_nothing_is_told_so(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.wb.jobs.watch(999)
    with pytest.raises(NotFound):
        engine.wb.jobs.watch(project=999)
    job_id = engine.wb.submit("test_tell").id
    with pytest.raises(TimeoutError, match=str(job_id)):
        list(engine.wb.jobs.watch(job_id, timeout=0.2))
    assert (
        list(engine.wb.jobs.watch(project=engine.wb.create_project({"title": "x", "language": "en"}), timeout=0.1))
        == []
    )
