"""An old claim that wakes up late may write nothing.

Each fence has a row in `FENCES`: what a late worker would write behind it. The row is tried twice: with the fence,
where nothing changes; and with this one fence taken away, where the check has to notice. A fence without a row fails,
and so
does a write of a running claim that neither has a fence nor says why it needs none.
"""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import OperationalError

from tests.engine.conftest import Engine
from tests.engine.jobs_for_tests import Told, prompt, tiny_png
from tests.media.clips import tiny_mp4
from workbench.artifacts.models import Source
from workbench.db.connection import Database, db_now_ms
from workbench.db.rows.jobs import Act
from workbench.db.schema import artifact, attempt, bulk_item, job, job_child, job_event, model_call, step
from workbench.db.writes import claims, groups, steps, sweep
from workbench.errors import Issue, JobError, LostClaim, MediaUnavailable, ProviderError
from workbench.i18n import Text
from workbench.jobs import bulk
from workbench.jobs.children import Child
from workbench.jobs.context import Context
from workbench.jobs.failures import describe
from workbench.jobs.media_calls import MediaSpec
from workbench.jobs.session import ClaimSession
from workbench.jobs.submit import Request
from workbench.jobs.text_steps import Answer
from workbench.profiles.model_call import CallResult, CallSpec, ModelCall
from workbench.profiles.routing import BoundProviders
from workbench.providers.base import SKETCH, Profile, Usage
from workbench.sketch.provider import Sketch
from workbench.story.facts import Inputs, NodeView
from workbench.suspend import Suspend
from workbench.usage.prices import FREE

WORKBENCH = Path(__file__).parents[2] / "workbench"
SPEC = MediaSpec("x", (96, 54), 1)
RESULT = CallResult(model="m", usage=Usage(1, None, 1, None), cost=FREE, raw_output="{}")


#: a kind of which another job has begun a version
BEGUN = "begun elsewhere"


class Late:
    """A worker that lost its claim on a job which a second worker has taken since.

    Of its two steps, `begun` is as it left it; `taken_over` was begun again by the second worker.
    """

    def __init__(self, engine: Engine, project: int) -> None:
        self.engine = engine
        self.db: Database = engine.wb.database
        self.job_id = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]}).id
        self.claim = self._claimed("late")
        self.session = ClaimSession(
            database=self.db,
            workflows=engine.worker.runner._workflows,
            declared=engine.wb.workflows.get("test_batch"),
            job=self.claim,
            job_id=self.job_id,
            claim=self.claim.number,
            providers=BoundProviders(SKETCH, lambda profile_id: SKETCH, lambda profile: Sketch()),
            media=engine.wb.media._store,
        )
        inputs = Inputs()
        self.context = Context(self.session, NodeView.load(self.db, project, inputs), inputs, None)
        self._begin_elsewhere(project)
        self.context._text._begin("begun", "hash")
        self.call = self.open_call("call-of-the-late-one", "begun")
        self.call.result = RESULT
        self.context._text._begin("taken_over", "hash")
        self.taken_over = self.open_call("another-call-of-the-late-one", "taken_over")
        with self.db.write() as conn:
            conn.execute(update(job).where(job.c.id == self.job_id).values(lease_until=db_now_ms() - 1))
        with self.db.write() as conn:
            assert sweep.recover_lost_job(conn, self.job_id, self.claim.number, 10) == "queued"
        assert self._claimed("current").number == 2
        with self.db.write() as conn:
            steps.begin_step(conn, self.job_id, "taken_over", 2, "hash", 2, again=True)

    def _begin_elsewhere(self, project: int) -> None:
        """Another job has begun something that this one could go on with."""
        other = self.engine.wb.submit("test_tell").id
        with self.db.write() as conn:
            conn.execute(
                insert(step).values(
                    job_id=other, name="act 1", position=1, state="done", input_hash="hash", output={}, claim=1,
                    created_at=1, updated_at=1,
                )
            )  # fmt: skip
            conn.execute(
                insert(artifact).values(
                    node_id=project, kind=BEGUN, version=1, content={"begun": True}, content_hash="hash", source="ai",
                    job_id=other, inputs=[], created_at=1,
                )
            )  # fmt: skip

    def _claimed(self, worker: str) -> claims.Claim:
        with self.db.write() as conn:
            claim = claims.claim(conn, self.job_id, worker, 60_000)
        assert claim is not None
        return claim

    def open_call(self, call_id: str, step_name: str) -> ModelCall:
        spec = CallSpec(
            call_id=call_id,
            capability="text",
            model="m",
            purpose="generate",
            price=lambda usage: FREE,
            tokens=1,
            step=step_name,
            input_hash="hash",
        )
        return ModelCall.open(self.session, self.session.find_provider("text"), spec)

    def state(self) -> list[Any]:
        """Everything that a late write could spoil. Of the ledger: which calls there are; a paid one is counted
        whoever paid."""
        counted = ("lease_until", "input_tokens", "output_tokens", "cost_micros", "currency")
        with self.db.read() as conn:
            return [
                conn.execute(select(*(c for c in job.c if c.name not in counted)).order_by(job.c.id)).all(),
                *(
                    conn.execute(select(table).order_by(*table.primary_key.columns)).all()
                    for table in (step, artifact, attempt, job_child, job_event, bulk_item)
                ),
                conn.execute(select(model_call.c.call_id).order_by(model_call.c.id)).all(),
            ]


# -- the table ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fence:
    """One fence: where it stands (module:function), and what a late worker would write behind it."""

    site: str
    write: Callable[[Late], Any]
    what: str
    #: fenced by the statement's own WHERE: its name in the module
    statement: str | None = None

    def __str__(self) -> str:
        return self.what


def _run(coroutine: Any) -> None:
    asyncio.run(coroutine)


def _commit_media(late: Late) -> None:
    def keep(conn: Any) -> None:
        steps.finish_step(conn, late.job_id, "taken_over", {"late": True})

    late.context._media._calls._settle(late.taken_over, "taken_over", RESULT, [], keep)


def _settle_uncertain(late: Late) -> None:
    with late.db.read() as conn:
        step = steps.find_step(conn, late.job_id, "begun")
    assert step is not None
    _run(late.context._media._settle_uncertain("begun", SPEC, step, late.session.find_provider("image")))


def _fall_back(late: Late) -> None:
    other = Profile(2, "other", "openai", text_model="m")
    late.session.providers = BoundProviders(
        Profile(1, "first", "openai", text_model="m", fallback_ids=(2,)), lambda profile_id: other, lambda p: Sketch()
    )
    late.session.fall_back("text", late.session.find_provider("text"), ProviderError("overloaded", Text("busy")))


def _save_so_far(late: Late) -> None:
    late.session.declared = replace(late.session.declared, writes="source")
    late.context.save_so_far(Source(text="A lamp goes out. " * 20))


def _go_on_from_begun(late: Late) -> None:
    late.session.declared = replace(late.session.declared, writes=BEGUN)
    late.context.go_on_from_begun("begun", ["act "])


def _note_bulk_item(late: Late) -> None:
    act = Act(late.job_id, "test_batch", None, None, "queued", "cancelled", None, None, None)
    bulk.note(late.session, [bulk.item_of(late.job_id, act)])


def _lose_the_database(late: Late) -> None:
    late.engine.worker.runner.endings.put_back_later(late.claim, OperationalError("UPDATE", {}, Exception("away")))


JOBS, CALL = "workbench.jobs.", "workbench.profiles.model_call:ModelCall."
MEDIA, MEDIA_CALL = JOBS + "media_steps:MediaSteps.", JOBS + "media_calls:MediaCalls."
ENDINGS, TIMELINE = "workbench.jobs.endings:Endings.", "workbench.db.writes.timeline:"
STEPS, SESSION, CONTEXT = JOBS + "text_steps:TextSteps.", JOBS + "session:ClaimSession.", JOBS + "context:Context."

FENCES: tuple[Fence, ...] = (
    Fence(STEPS + "_begin", lambda w: w.context._text._begin("another", "hash"), "begin a step"),
    Fence(STEPS + "_begin", lambda w: _run(w.context.generate("third", prompt("x"), schema=Told)), "generate"),
    Fence(CALL + "open", lambda w: w.open_call("second-call-of-the-late-one", "begun"), "open a paid call"),
    Fence(
        CALL + "settle.commit",
        lambda w: w.context._text._finish("begun", {"text": "late"}, Answer("{}", w.call)),
        "commit an answer",
    ),
    Fence(
        CALL + "settle.commit",
        lambda w: w.context._text._reject("begun", Answer("{}", w.call), [Issue("text", Text("no"))], [], last=False),
        "reject an answer",
    ),
    Fence(
        STEPS + "_settle.commit",
        lambda w: w.context._text._finish("begun", {"text": "late"}, Answer("{}", None)),
        "finish a step with an answer that was paid before",
    ),
    Fence(SESSION + "fall_back", _fall_back, "fall back"),
    Fence(
        TIMELINE + "report", lambda w: w.context.progress(50, Text("late")), "report progress", statement="_progress"
    ),
    Fence(TIMELINE + "set_preview", lambda w: w.session.preview("late"), "set the preview", statement="_preview"),
    Fence(CONTEXT + "_event", lambda w: w.context.warn(Text("late")), "warn"),
    Fence(JOBS + "bulk:note", _note_bulk_item, "note what a bulk job did"),
    Fence(CONTEXT + "save_so_far", _save_so_far, "save an artifact before the end"),
    Fence(CONTEXT + "go_on_from_begun", _go_on_from_begun, "take over what another job has begun"),
    Fence(
        JOBS + "children:Children._start",
        lambda w: _run(w.context.children([Child("test_child_good", w.context.node.id)])),
        "start children",
    ),
    Fence(
        "workbench.db.writes.families:expect_children",
        lambda w: w.context.expect(7),
        "say how many children there will be",
    ),
    Fence(
        MEDIA + "_begin",
        lambda w: _run(w.context.images("frame", prompt="x", size=(96, 54), seed=1, draw=tiny_png)),
        "begin a picture",
    ),
    Fence(
        MEDIA + "_begin",
        lambda w: _run(w.context.video("clip", prompt="x", seconds=2, size=(640, 360), draw=tiny_mp4)),
        "begin a clip",
    ),
    Fence(
        CALL + "open",
        lambda w: _run(
            w.context._media._calls.draw(w.session.find_provider("image"), "taken_over", SPEC, tiny_png, "generate")
        ),
        "open a paid call for a picture",
    ),
    Fence(
        CALL + "open",
        lambda w: _run(
            w.context._media._calls.film(w.session.find_provider("video"), "taken_over", SPEC, tiny_mp4, "generate")
        ),
        "open a paid call for a clip",
    ),
    Fence(CALL + "settle.commit", _commit_media, "commit what a service made"),
    Fence(
        MEDIA_CALL + "_report_store",
        lambda w: w.context._media._calls._report_store(MediaUnavailable("full")),
        "say that the media store is away",
    ),
    Fence(MEDIA + "_settle_uncertain", _settle_uncertain, "leave a step to a person"),
    Fence(MEDIA + "_mark_unsent", lambda w: w.context._media._mark_unsent("begun"), "say that nothing was sent"),
    Fence(
        MEDIA + "_keep_failure",
        lambda w: w.context._media._keep_failure("begun", "failed", JobError("no", kind="auth")),
        "keep how a step failed",
    ),
    Fence(
        ENDINGS + "succeed",
        lambda w: w.engine.worker.runner.endings.succeed(w.claim, w.context, {"late": True}),
        "succeed",
    ),
    Fence(
        ENDINGS + "_write_failure",
        lambda w: w.engine.worker.runner.endings.fail(w.claim, describe(ValueError("late"), "test_batch", None)),
        "fail",
    ),
    Fence(ENDINGS + "wait", lambda w: w.engine.worker.runner.endings.wait(w.claim, Suspend("children")), "wait"),
    Fence(ENDINGS + "stop", lambda w: w.engine.worker.runner.endings.stop(w.claim, "cancel"), "be cancelled"),
    Fence(ENDINGS + "stop", lambda w: w.engine.worker.runner.endings.stop(w.claim, "interrupted"), "be interrupted"),
    Fence(ENDINGS + "put_back_later", _lose_the_database, "go back because the database is away"),
)

#: writes of a running claim that need no fence, and why
UNFENCED = {
    STEPS + "_remember_mode": "which mode a model knows is true whoever found it out",
    CALL + "settle_unjudged.commit": "what was paid is counted whoever owns the job",
    CALL + "settle.commit_late": "a lost claim's: it is counted, and used only where nobody decided meanwhile",
    CALL + "settle_useless.commit": "what was paid is counted whoever owns the job",
    CALL + "_settle_failure.commit": "what was paid is counted whoever owns the job",
    MEDIA_CALL + "_cancel_late_task": "only a line for the reader: this task is nobody's",
    "workbench.jobs.runner:Runner.run": "it takes the claim",
    "workbench.jobs.runner:Runner._hand_back": "it has taken no claim: a message alone is put back",
    "workbench.jobs.runner:Runner.heartbeat": "it asks which claims are still ours",
}
#: whose `write` is fenced: a claim's session, and the owner of a model call, which is one
OWNERS = ("session", "self", "owner")
#: functions that are a fence themselves
FENCING = ("fence", "report", "set_preview", "expect_children", "succeed_all", "give_back")


def _attempt(late: Late, write: Callable[[Late], Any]) -> tuple[bool, bool]:
    """(was it refused, has nothing changed). Any other failure of the write is a failure of the test."""
    before, refused = late.state(), False
    try:
        write(late)
    except LostClaim:
        refused = True
    except Suspend:
        # how a step that did begin ends here
        pass
    return refused, late.state() == before


@pytest.mark.parametrize("fence", FENCES, ids=str)
def test_a_late_worker_cannot(engine: Engine, project: int, fence: Fence) -> None:
    assert _attempt(Late(engine, project), fence.write) == (True, True)


@pytest.mark.parametrize("fence", FENCES, ids=str)
def test_without_its_fence_a_late_worker_could(
    engine: Engine, project: int, fence: Fence, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(engine, project)
    module, function = fence.site.split(":")
    if fence.statement is not None:
        there = getattr(sys.modules[module], fence.statement)
        monkeypatch.setattr(sys.modules[module], fence.statement, _unfenced(there))
    else:
        monkeypatch.setattr(claims, "fence", _mutant(module, function))
    refused, unchanged = _attempt(late, fence.write)
    assert not unchanged, f"the fence in {fence.site} was taken away, and nothing went wrong (refused: {refused})"


@pytest.mark.parametrize("write", ["end", "give back"])
def test_a_member_of_a_group_that_was_lost_is_left_alone(
    engine: Engine, project: int, write: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Late(engine, project)
    before = late.state()

    def attempt_it() -> None:
        if write == "end":
            engine.worker.runner._write_ends([groups.Success(late.claim, {"late": True})])
        else:
            engine.worker.runner._write_ends([], unbegun=[late.claim])

    attempt_it()
    assert late.state() == before
    monkeypatch.setattr(groups, "_fence_all", lambda conn, claims: list(claims))
    attempt_it()
    assert late.state() != before, "the fence of groups was taken away, and nothing went wrong"


def _mutant(module: str, function: str) -> Callable[..., bool]:
    """The fence, except when this function asks for it."""
    real = claims.fence

    def fence(conn: Any, job_id: int, number: int) -> bool:
        caller = sys._getframe(1)
        while caller.f_code.co_qualname == "ClaimSession.write" or caller.f_globals["__name__"] == "contextlib":
            assert caller.f_back is not None
            caller = caller.f_back
        site = caller.f_globals["__name__"], caller.f_code.co_qualname.replace(".<locals>", "")
        return False if site == (module, function) else real(conn, job_id, number)

    return fence


def _unfenced(statement: Any) -> Any:
    """The same UPDATE, asking for the job alone and not for the claim."""
    values = {getattr(c, "name", c): v for c, v in statement._values.items()}
    unfenced = update(job).where(job.c.id == bindparam("b_job_id")).values(**values)
    return unfenced.returning(*statement._returning) if statement._returning else unfenced


# -- the table is whole ------------------------------------------------------------------------------------------------


def _functions(path: Path) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """(module:function, its tree) of every function of a file, those inside others included."""
    module = ".".join(path.relative_to(WORKBENCH.parent).with_suffix("").parts)

    def walk(node: ast.AST, names: tuple[str, ...]) -> Iterator[Any]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                inside = (*names, child.name)
                if not isinstance(child, ast.ClassDef):
                    yield f"{module}:{'.'.join(inside)}", child
                yield from walk(child, inside)
            else:
                yield from walk(child, names)

    return walk(ast.parse(path.read_text()), ())


def _own(function: ast.AST) -> Iterator[ast.AST]:
    """What stands in a function itself, not in functions inside it."""
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from _own(child)


def _calls(node: ast.AST, names: Sequence[str]) -> bool:
    return (
        isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")) in names
    )


def _opens(node: ast.AST, *, fenced: bool) -> bool:
    """Whether this is `….write()`: of a database, or fenced by its owner, which a claim is (see ClaimSession.write)."""
    if not (_calls(node, ("write",)) and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return False
    return (
        ast.unparse(node.func.value).rpartition(".")[2].lstrip("_") in OWNERS
        if fenced
        else (ast.unparse(node.func.value).endswith("database"))
    )


def _claimed_statements() -> Iterator[str]:
    """(module:statement) of each UPDATE of a job that asks for its claim."""
    for path in sorted((WORKBENCH / "db" / "writes").glob("*.py")):
        module = f"workbench.db.writes.{path.stem}"
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                text = ast.unparse(node.value)
                if "job.c.claim ==" in text and text.startswith("update("):
                    yield f"{module}:{node.targets[0].id}"


def test_every_fence_has_a_row() -> None:
    sites = {
        site
        for path in sorted(WORKBENCH.rglob("*.py"))
        # which draws fences of wood
        if "drawing" not in path.parts
        for site, function in _functions(path)
        # the `self.write()` of a database and of a log file is no claim's
        if not site.startswith(("workbench.db.connection", "workbench.log_file"))
        if any(_calls(node, ("fence",)) or _opens(node, fenced=True) for node in _own(function))
    }
    # the one place where the others' fence is written down
    sites -= {SESSION + "write"}
    assert sites == {f.site for f in FENCES if f.statement is None}
    statements = {f"{f.site.split(':')[0]}:{f.statement}" for f in FENCES if f.statement is not None}
    assert set(_claimed_statements()) == statements


def test_every_write_of_a_running_claim_has_a_fence_or_a_reason() -> None:
    """Each transaction that the code of a running claim opens."""
    unfenced = set()
    names = ("session", "text_steps", "media_steps", "media_calls", "context", "runner", "endings")
    for path in [WORKBENCH / "profiles" / "model_call.py", *(WORKBENCH / "jobs" / f"{name}.py" for name in names)]:
        for site, function in _functions(path):
            for node in _own(function):
                if isinstance(node, ast.With) and any(_opens(item.context_expr, fenced=False) for item in node.items):
                    first = any(_calls(inner, FENCING) for statement in node.body for inner in ast.walk(statement))
                    if not first:
                        unfenced.add(site)
                # the work of a shared commit stands beside it, in the same function
                if _calls(node, ("write_together",)) and not any(_calls(i, FENCING) for i in ast.walk(function)):
                    unfenced.add(site)
    assert unfenced == set(UNFENCED)


def test_a_paid_answer_that_comes_too_late_is_still_counted(engine: Engine, project: int) -> None:
    late = Late(engine, project)
    with pytest.raises(LostClaim):
        late.context._text._finish("begun", {"text": "late"}, Answer("{}", late.call))
    call = engine.wb.jobs.get_detail(late.job_id).model_calls[0]
    assert (call.outcome, call.input_tokens, call.output_tokens) == ("late", 1, 1)
    with pytest.raises(LostClaim):
        late.context._text._settle(Answer("", late.call), valid=False)
    assert engine.wb.jobs.get_detail(late.job_id).model_calls[0].outcome == "late"
    with late.db.read() as conn:
        assert steps.find_step(conn, late.job_id, "begun").state == "sent"  # type: ignore[union-attr]


def test_two_workers_racing_for_one_job_give_one_claim(engine: Engine) -> None:
    from concurrent.futures import ThreadPoolExecutor

    job_id = engine.wb.jobs.submit_many([Request("test_nothing")])[0].id

    def take(name: str) -> bool:
        with engine.wb.database.write() as conn:
            return claims.claim(conn, job_id, name, 60_000) is not None

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, map(str, range(8))))
    assert taken.count(True) == 1


def test_a_worker_that_is_merely_slow_loses_its_job_and_says_nothing(engine: Engine) -> None:
    job_id = engine.wb.submit("test_nothing").id
    with engine.wb.database.write() as conn:
        claim = claims.claim(conn, job_id, "slow", 60_000)
        assert claim is not None
        conn.execute(update(job).where(job.c.id == job_id).values(lease_until=db_now_ms() - 1))
    done = engine.finish(job_id)
    assert (done.state, done.claim, done.losses) == ("succeeded", 2, 1)
    assert [a.outcome for a in engine.wb.jobs.get_detail(job_id).attempts] == ["lost", "ok"]


def test_too_many_lost_workers_fail_the_job(engine: Engine) -> None:
    job_id = engine.wb.submit("test_nothing").id
    for _ in range(11):
        with engine.wb.database.write() as conn:
            claim = claims.claim(conn, job_id, "dying", 60_000)
            assert claim is not None
            conn.execute(update(job).where(job.c.id == job_id).values(lease_until=db_now_ms() - 1))
        engine.worker._sweeper.sweep(idle=True)
    done = engine.wb.jobs.get(job_id)
    assert (done.state, done.error_kind) == ("failed", "worker_lost")
