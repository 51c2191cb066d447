"""One act on any number of jobs, as a job: what came of each, and the way back."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from tests.conftest import until
from workbench.db.rows.jobs import JobFilters
from workbench.errors import InvalidInput, NotAllowed
from workbench.jobs import bulk
from workbench.jobs.submit import Request

from .conftest import Engine


def make(engine: Engine, count: int, workflow: str = "test_tell", **params: Any) -> list[int]:
    requests = [Request(workflow, params=params, submit_key=uuid4().hex) for _ in range(count)]
    return [job.id for job in engine.wb.jobs.submit_many(requests)]


def run(engine: Engine, bulk_id: int) -> dict[str, int]:
    """Run just this bulk job to its end, as a worker's own loop for them does."""
    engine.mail.clear()
    engine.worker._run_bulk()
    job = engine.wb.jobs.get(bulk_id)
    assert (job.state, job.progress) == ("succeeded", 100)
    counts = engine.wb.jobs.count_bulk_outcomes(bulk_id)
    assert job.result == counts
    return counts


def states(engine: Engine, ids: list[int]) -> set[str]:
    return set(engine.wb.jobs.states(ids).values())


def test_many_are_cancelled_by_a_filter_and_brought_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PIECE", 4)
    mine, others = make(engine, 10), make(engine, 2, "test_sleep")
    wanted: JobFilters = {"kind": "test_tell", "state": ["queued"]}
    cancel = engine.wb.jobs.act_on_many("cancel", filters=wanted, user="Ann")
    late = make(engine, 1)
    assert cancel.params["total"] == 10
    assert run(engine, cancel.id) == {"cancelled": 10}
    assert states(engine, mine) == {"cancelled"}
    # what came later was not meant
    assert states(engine, [*others, *late]) == {"queued"}
    first, second = (engine.wb.jobs.list_bulk_items(cancel.id, limit=6, below=b) for b in (None, mine[4]))
    assert [item.job_id for item in first] == mine[:3:-1]
    assert [item.job_id for item in second] == mine[3::-1]
    with pytest.raises(NotAllowed):
        engine.wb.jobs.undo_bulk(mine[0])
    undo = engine.wb.jobs.undo_bulk(cancel.id)
    assert engine.wb.jobs.undo_bulk(cancel.id).id == undo.id
    assert run(engine, undo.id) == {"retried": 10}
    back = [item.new_id for item in engine.wb.jobs.list_bulk_items(undo.id)]
    assert states(engine, [i for i in back if i is not None]) == {"queued"}
    with pytest.raises(NotAllowed):
        engine.wb.jobs.undo_bulk(undo.id)


def test_priorities_are_set_and_given_back_one_by_one(engine: Engine) -> None:
    ids = make(engine, 3)
    engine.wb.jobs.set_priority(ids[:1], 7)
    engine.wb.jobs.cancel(ids[2])
    change = engine.wb.jobs.act_on_many("priority", ids, priority=50)
    assert run(engine, change.id) == {"changed": 2, "skipped": 1}
    assert [engine.wb.jobs.get(i).priority for i in ids] == [50, 50, 0]
    (left,) = [item for item in engine.wb.jobs.list_bulk_items(change.id) if item.outcome == "skipped"]
    assert left.job_id == ids[2]
    assert "had already ended" in (left.reason or "")
    assert run(engine, engine.wb.jobs.undo_bulk(change.id).id) == {"changed": 2}
    assert [engine.wb.jobs.get(i).priority for i in ids] == [7, 0, 0]


def test_failures_are_retried_and_their_retries_called_off(engine: Engine) -> None:
    failed = make(engine, 2, "test_fail", kind="bug")
    for job_id in failed:
        assert engine.finish(job_id).state == "failed"
    good = engine.finish(make(engine, 1)[0]).id
    retry = engine.wb.jobs.act_on_many("retry", [*failed, good, 10**9])
    assert run(engine, retry.id) == {"retried": 2, "skipped": 1}
    new = [item.new_id or 0 for item in engine.wb.jobs.list_bulk_items(retry.id) if item.outcome == "retried"]
    assert states(engine, new) == {"queued"}
    undo = engine.wb.jobs.undo_bulk(retry.id)
    assert run(engine, undo.id) == {"cancelled": 2}
    assert states(engine, new) == {"cancelled"}
    assert [item.job_id for item in engine.wb.jobs.list_bulk_items(undo.id)] == failed[::-1]


def test_a_bulk_job_goes_on_behind_what_it_has_done(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PIECE", 2)
    ids = make(engine, 6)
    cancel = engine.wb.jobs.act_on_many("cancel", ids)
    act, pieces = bulk._act, []

    def killed_after_two(session: Any, params: Any, piece: Any) -> Any:
        pieces.append(piece)
        told = act(session, params, piece)
        if len(pieces) == 2:
            # done, and not noted yet
            raise OperationalError("UPDATE", {}, Exception("away"))
        return told

    monkeypatch.setattr(bulk, "_act", killed_after_two)
    engine.mail.clear()

    def ended() -> bool:
        engine.worker._run_bulk()
        return engine.wb.jobs.get(cancel.id).state == "succeeded"

    until(ended, 60, "the bulk job's end")
    assert engine.wb.jobs.count_bulk_outcomes(cancel.id) == {"cancelled": 4, "skipped": 2}
    assert pieces.count(pieces[1]) == 2
    assert states(engine, ids) == {"cancelled"}


def test_an_act_is_asked_for_by_ids_or_by_filters(engine: Engine) -> None:
    for wrong in ({}, {"job_ids": [1], "filters": {"state": "queued"}}):
        with pytest.raises(InvalidInput, match="one of the two"):
            engine.wb.jobs.act_on_many("cancel", **wrong)
    assert run(engine, engine.wb.jobs.act_on_many("cancel", filters={"kind": "nothing"}).id) == {}
