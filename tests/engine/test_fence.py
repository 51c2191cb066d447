"""An old claim that wakes up late may write nothing. Proved at every write, and proved to be proved by a mutant without the fence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import select, update

from tests.engine.conftest import Engine
from tests.engine.jobs_for_tests import Told, prompt, tiny_png
from tests.media.clips import tiny_mp4
from workbench.db.connection import Database, now_ms
from workbench.db.schema import artifact, attempt, job, job_child, job_event, step
from workbench.db.writes import jobs as writes
from workbench.db.writes import ledger, sweep
from workbench.errors import JobError, LostClaim
from workbench.i18n import Text
from workbench.jobs.context import Child, Context
from workbench.jobs.failures import describe
from workbench.jobs.media_steps import Asked
from workbench.jobs.session import Running, Suspend
from workbench.jobs.submit import Request
from workbench.jobs.text_steps import Answer
from workbench.profiles.routing import Services
from workbench.providers.base import SKETCH, ImageRequest, TextReply, Usage
from workbench.sketch.provider import Sketch
from workbench.story.facts import Inputs, NodeView
from workbench.usage.prices import FREE


class Late:
    """A worker that lost its claim on a job which a second worker has taken since."""

    def __init__(self, engine: Engine, project: int) -> None:
        self.engine = engine
        self.db: Database = engine.wb.database
        self.job_id = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]})["id"]
        self.claim = self._claimed("late")
        self.running = Running(
            database=self.db,
            workflows=engine.worker.runner._workflows,
            declared=engine.wb.workflow("test_batch"),
            row=self.claim.row,
            job_id=self.job_id,
            claim=self.claim.number,
            services=Services(SKETCH, lambda profile_id: SKETCH, lambda profile: Sketch()),
            media=engine.wb._media,
        )
        inputs = Inputs()
        self.context = Context(self.running, NodeView.load(self.db, project, inputs), inputs, None)
        self.context._steps._begin("begun", "hash")
        self.call = _open(self, "call-of-the-late-one")
        self.running.answered(self.call, 0.1, TextReply("{}", Usage(1, None, 1, None), "m"), SKETCH)
        with self.db.write() as conn:
            conn.execute(update(job).where(job.c.id == self.job_id).values(lease_until=now_ms() - 1))
        with self.db.write() as conn:
            assert sweep.take_from_lost(conn, self.job_id, self.claim.number, 10) == "queued"
        assert self._claimed("current").number == 2

    def _claimed(self, worker: str) -> writes.Claim:
        with self.db.write() as conn:
            claim = writes.claim(conn, self.job_id, worker, 60_000)
        assert claim is not None
        return claim

    def picture(self) -> list[Any]:
        """Everything that a late write could spoil. The ledger is not in it: a paid call is counted whoever paid."""
        with self.db.read() as conn:
            columns = [
                c
                for c in job.c
                if c.name not in ("lease_until", "input_tokens", "output_tokens", "cost_micros", "currency")
            ]
            return [
                conn.execute(select(*columns)).all(),
                conn.execute(select(step)).all(),
                conn.execute(select(artifact)).all(),
                conn.execute(select(attempt)).all(),
                conn.execute(select(job_child)).all(),
                conn.execute(select(job_event)).all(),
            ]


def _open(late: Late, call_id: str) -> int:
    service = late.running.service("text")
    return late.running.open_call(
        service,
        "begun",
        "hash",
        capability="text",
        model="m",
        expected=FREE,
        call_id=call_id,
        purpose="generate",
    )


ASKED = Asked("x", (96, 54), 1)


class Nothing(BaseModel):
    pass


def _run(late: Late, coroutine: Any) -> None:
    import asyncio

    asyncio.run(coroutine)


WRITES: dict[str, Callable[[Late], Any]] = {
    "begin a step": lambda w: w.context._steps._begin("another", "hash"),
    "open a paid call": lambda w: _open(w, "second-call-of-the-late-one"),
    "finish a step": lambda w: w.context._steps._finish("begun", {"text": "late"}, Answer("{}", w.call)),
    "reject an answer": lambda w: w.context._steps._reject("begun", Answer("{}", w.call), [_issue()], last=False),
    "generate": lambda w: _run(w, w.context.generate("third", prompt("x"), schema=Told)),
    "report progress": lambda w: w.context.progress(50, Text("late")),
    "set the preview": lambda w: w.running.preview("late"),
    "warn": lambda w: w.context.warn(Text("late")),
    "start children": lambda w: _run(w, w.context.children([Child("test_child_good", w.context.node.id)])),
    "begin an image": lambda w: _run(w, w.context.images("frame", prompt="x", size=(96, 54), seed=1, draw=tiny_png)),
    "open a paid image call": lambda w: w.context._tasks._open(
        w.running.service("image"), "begun", ASKED, ImageRequest("m", "x", (96, 54), 1, "c"), "image", "generate", FREE
    ),
    "keep an image": lambda w: _run(
        w, w.context._tasks._draw(w.running.service("image"), "begun", ASKED, tiny_png, "generate")
    ),
    "keep how an image failed": lambda w: w.context._tasks._keep_failure(
        "begun", "failed", JobError("no", kind="auth")
    ),
    "begin a video": lambda w: _run(w, w.context.video("clip", prompt="x", seconds=2, size=(640, 360), draw=tiny_mp4)),
    "succeed": lambda w: w.engine.worker.runner._succeeded(w.claim, w.context, {"late": True}),
    "fail": lambda w: w.engine.worker.runner._failed(w.claim, describe(ValueError("late"), "test_batch")),
    "wait": lambda w: w.engine.worker.runner._wait(w.claim, Suspend("children")),
    "be cancelled": lambda w: w.engine.worker.runner._stopped(w.claim, "cancel"),
    "be interrupted": lambda w: w.engine.worker.runner._stopped(w.claim, "interrupted"),
}


def _issue() -> Any:
    from workbench.errors import Issue

    return Issue("text", Text("no good"))


def check_that_it_is_refused(late: Late, write: Callable[[Late], Any]) -> None:
    before = late.picture()
    with pytest.raises(LostClaim):
        write(late)
    assert late.picture() == before


@pytest.mark.parametrize("name", WRITES)
def test_a_late_worker_cannot(engine: Engine, project: int, name: str) -> None:
    check_that_it_is_refused(Late(engine, project), WRITES[name])


@pytest.mark.parametrize("name", WRITES)
def test_without_the_fence_the_check_fails(
    engine: Engine, project: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(engine, project)
    monkeypatch.setattr(writes, "fence", lambda conn, job_id, number: None)
    monkeypatch.setattr(writes, "_progress", _unfenced(writes._progress))
    monkeypatch.setattr(writes, "_preview", _unfenced(writes._preview))
    before = late.picture()
    with pytest.raises((pytest.fail.Exception, AssertionError, Exception, Suspend)) as failure:
        check_that_it_is_refused(late, WRITES[name])
    assert not isinstance(failure.value, LostClaim)
    # the mutant really wrote: what the check forbids is what happened
    assert late.picture() != before or name.startswith("open a paid")


def _unfenced(statement: Any) -> Any:
    """The same UPDATE, asking for the job alone and not for the claim."""
    from sqlalchemy import bindparam

    values = {getattr(c, "name", c): v for c, v in statement._values.items()}
    return update(job).where(job.c.id == bindparam("b_job_id")).values(**values)


def test_a_paid_answer_that_comes_too_late_is_still_counted(engine: Engine, project: int) -> None:
    late = Late(engine, project)
    with pytest.raises(LostClaim):
        late.context._steps._finish("begun", {"text": "late"}, Answer("{}", late.call))
    call = engine.wb.show(late.job_id)["model_calls"][0]
    assert (call["outcome"], call["input_tokens"], call["output_tokens"]) == ("late", 1, 1)
    with pytest.raises(LostClaim):
        late.context._steps._useless(Answer("", late.call))
    assert engine.wb.show(late.job_id)["model_calls"][0]["outcome"] == "late"
    with late.db.read() as conn:
        assert ledger.find_step(conn, late.job_id, "begun")["state"] == "sent"  # type: ignore[index]


def test_two_workers_racing_for_one_job_give_one_claim(engine: Engine) -> None:
    from concurrent.futures import ThreadPoolExecutor

    job_id = engine.wb.submit_many([Request("test_nothing")])[0]["id"]

    def take(name: str) -> bool:
        with engine.wb.database.write() as conn:
            return writes.claim(conn, job_id, name, 60_000) is not None

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, map(str, range(8))))
    assert taken.count(True) == 1


def test_a_worker_that_is_merely_slow_loses_its_job_and_says_nothing(engine: Engine) -> None:
    job_id = engine.wb.submit("test_nothing")["id"]
    with engine.wb.database.write() as conn:
        claim = writes.claim(conn, job_id, "slow", 60_000)
        assert claim is not None
        conn.execute(update(job).where(job.c.id == job_id).values(lease_until=now_ms() - 1))
    done = engine.finish(job_id)
    assert (done["state"], done["claim"], done["losses"]) == ("succeeded", 2, 1)
    assert [a["outcome"] for a in engine.wb.show(job_id)["attempts"]] == ["lost", "ok"]


def test_too_many_lost_workers_fail_the_job(engine: Engine) -> None:
    job_id = engine.wb.submit("test_nothing")["id"]
    for _ in range(11):
        with engine.wb.database.write() as conn:
            claim = writes.claim(conn, job_id, "dying", 60_000)
            assert claim is not None
            conn.execute(update(job).where(job.c.id == job_id).values(lease_until=now_ms() - 1))
        engine.worker._sweeper.sweep(idle=True)
    done = engine.wb.job(job_id)
    assert (done["state"], done["error_kind"]) == ("failed", "worker_lost")
