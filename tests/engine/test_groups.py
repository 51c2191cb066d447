"""Short jobs are claimed and ended several at a time. Each member stays a job of its own: its claim, its fence, its
end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from tests.engine.conftest import Engine, Workers, in_background, until
from workbench.api.client import Workbench
from workbench.db.schema import attempt, job
from workbench.db.writes import claims, families, groups
from workbench.jobs import runner
from workbench.jobs.group import GROUP_S, LARGEST, SHARED, Paces, SharedEnds
from workbench.jobs.submit import Request

pytestmark = pytest.mark.usefixtures("unhurried")


def rows(engine: Engine, ids: list[int]) -> list[Any]:
    with engine.wb.database.read() as conn:
        return list(conn.execute(select(job).where(job.c.id.in_(ids)).order_by(job.c.id)).all())


def attempts(engine: Engine, ids: list[int]) -> dict[int, list[str | None]]:
    found: dict[int, list[str | None]] = {i: [] for i in ids}
    with engine.wb.database.read() as conn:
        query = select(attempt.c.job_id, attempt.c.outcome).where(attempt.c.job_id.in_(ids)).order_by(attempt.c.claim)
        for job_id, outcome in conn.execute(query):
            found[job_id].append(outcome)
    return found


def sleeps(engine: Engine, seconds: list[float]) -> list[int]:
    """Jobs of a kind that this worker takes for short, first listed behind one on its way."""
    # whatever a busy machine makes of their pace
    engine.worker.runner._paces.at_once = lambda kind: LARGEST  # type: ignore[method-assign]
    wanted = [Request("test_sleep", params={"seconds": s, "note": str(n)}) for n, s in enumerate(seconds)]
    ids = [r.id for r in engine.wb.jobs.submit_many(wanted)]
    with engine.wb.database.write() as conn:
        # one message alone is on its way, so that all the others are behind it
        conn.execute(update(job).where(job.c.id.in_(ids[1:])).values(dispatched_at=None))
    engine.mail.clear()
    engine.mail.append(ids[0])
    engine.worker._dispatcher._list({"text": [(i, "test_sleep") for i in ids[1:]]}, longer={"text"})
    return ids


def test_the_ends_of_short_jobs_are_one_commit(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    real = groups.succeed_all
    monkeypatch.setattr(
        groups, "succeed_all", lambda conn, all_, text: ended.append(len(all_)) or real(conn, all_, text)
    )
    ids = sleeps(engine, [0.0] * 20)
    engine.worker.run(engine.mail.popleft())
    assert {r.state for r in rows(engine, ids)} == {"succeeded"}
    assert {r.result["slept"] for r in rows(engine, ids)} == {0.0}
    assert set(map(tuple, attempts(engine, ids).values())) == {("ok",)}
    assert ended == [1, 19]


def test_one_long_run_gives_back_what_was_not_begun_and_writes_what_had_ended(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # far longer than a run of no time takes on a busy machine
    monkeypatch.setattr(runner, "SHORT_S", 3.0)
    ids = sleeps(engine, [0.0, 0.0, 0.0, 30.0, 0.0, 0.0])
    thread = in_background(lambda: engine.worker.run(engine.mail.popleft()))
    until(lambda: [r.state for r in rows(engine, ids)] == ["succeeded"] * 3 + ["running"] + ["queued"] * 2)
    assert list(attempts(engine, ids).values()) == [["ok"]] * 3 + [[None]] + [[]] * 2
    assert [r.started_at for r in rows(engine, ids[4:])] == [None, None]
    assert [r.claim for r in rows(engine, ids)] == [1] * 6
    # somebody else can have them at once
    for job_id in ids[4:]:
        engine.worker.run(job_id)
    assert {r.state for r in rows(engine, ids[4:])} == {"succeeded"}
    engine.worker.runner.stop()
    thread.join(120)


def test_a_member_that_was_cancelled_before_it_began_does_not_run(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sleeps(engine, [0.0, 3.0, 0.0, 0.0])
    thread = in_background(lambda: engine.worker.run(engine.mail.popleft()))
    until(lambda: [r.state for r in rows(engine, ids)][1:] == ["running"] * 3)
    engine.wb.jobs.cancel(ids[2])
    engine.worker.runner.heartbeat()
    assert rows(engine, ids)[2].state == "cancelled"
    thread.join(120)
    assert [r.state for r in rows(engine, ids)] == ["succeeded", "succeeded", "cancelled", "succeeded"]
    assert attempts(engine, ids)[ids[2]] == ["cancelled"]


def test_a_member_that_was_lost_is_neither_run_nor_ended(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sleeps(engine, [0.0, 3.0, 0.0, 0.0])
    thread = in_background(lambda: engine.worker.run(engine.mail.popleft()))
    until(lambda: [r.state for r in rows(engine, ids)][1:] == ["running"] * 3)
    with engine.wb.database.write() as conn:
        # taken over: the one that runs, and one that was not begun
        conn.execute(update(job).where(job.c.id.in_([ids[1], ids[3]])).values(claim=9, worker="another"))
    thread.join(120)
    states = rows(engine, ids)
    assert [r.state for r in states] == ["succeeded", "running", "succeeded", "running"]
    assert [r.claim for r in states] == [1, 9, 1, 9]


def test_a_stopping_worker_puts_back_at_once_what_it_had_not_begun(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sleeps(engine, [0.0, 0.0, 30.0, 0.0, 0.0])
    thread = in_background(lambda: engine.worker.run(engine.mail.popleft()))
    until(lambda: len(engine.worker.runner._running) == 1 and len(engine.worker.runner._claim_keys) == 4)
    assert engine.worker.runner.busy == 1
    engine.worker.runner.stop()
    thread.join(120)
    assert [r.state for r in rows(engine, ids)] == ["succeeded"] * 2 + ["queued"] * 3
    assert list(attempts(engine, ids).values()) == [["ok"]] * 2 + [["interrupted"]] + [[]] * 2
    assert (engine.worker.runner.busy, engine.worker.runner._claim_keys) == (0, set())


def test_the_heartbeat_lets_go_of_what_a_blocked_loop_holds(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STUCK_S", 0.0)
    ids = sleeps(engine, [0.0, 30.0, 0.0])
    thread = in_background(lambda: engine.worker.run(engine.mail.popleft()))
    until(lambda: [r.state for r in rows(engine, ids)][1:] == ["running"] * 2 and bool(engine.worker.runner._running))
    engine.worker.runner.heartbeat()
    assert [r.state for r in rows(engine, ids)] == ["succeeded", "running", "queued"]
    engine.worker.runner.stop()
    thread.join(120)


def test_a_result_that_cannot_be_written_fails_its_own_job_alone(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sleeps(engine, [0.0] * 4)
    real = runner.as_json
    bad = iter([None, None, object()])
    monkeypatch.setattr(runner, "as_json", lambda result: next(bad, None) or real(result))
    engine.worker.run(engine.mail.popleft())
    states = [r.state for r in rows(engine, ids)]
    assert sorted(states) == ["failed", "succeeded", "succeeded", "succeeded"]
    assert [r.error_kind for r in rows(engine, ids) if r.state == "failed"] == ["internal"]


def test_many_runs_that_are_slower_than_their_kind_was_give_back_the_others(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "SHARED_FOR_S", 0.1)
    ids = sleeps(engine, [0.06] * 12)
    engine.worker.run(engine.mail.popleft())
    states = [r.state for r in rows(engine, ids)]
    done = states.count("succeeded")
    assert 2 <= done <= 4
    assert states == ["succeeded"] * done + ["queued"] * (12 - done)
    assert (engine.worker.runner.busy, engine.worker.runner._claim_keys) == (0, set())


def test_what_was_lost_with_a_worker_is_not_claimed_with_others(engine: Engine) -> None:
    ids = sleeps(engine, [0.0] * 4)
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == ids[2]).values(losses=1))
    engine.worker.run(engine.mail.popleft())
    assert [r.state for r in rows(engine, ids)] == ["succeeded", "succeeded", "queued", "succeeded"]
    engine.deliver()
    engine.worker.maintain()
    engine.deliver()
    assert rows(engine, ids)[2].state == "succeeded"


def test_a_lost_member_keeps_no_other_from_its_end_when_the_common_commit_fails(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sleeps(engine, [0.0] * 5)
    real = groups.succeed_all

    def fail_together(conn: Any, successes: Any, text: Any) -> Any:
        if len(successes) > 1:
            raise RuntimeError("one of them cannot be written")
        if successes[0].claim.job_id == ids[2]:
            raise RuntimeError("this one")
        return real(conn, successes, text)

    monkeypatch.setattr(groups, "succeed_all", fail_together)
    prepared = engine.worker.runner._prepare

    def take_over(claim: claims.Claim) -> Any:
        if claim.job_id == ids[4]:
            with engine.wb.database.write() as conn:
                conn.execute(update(job).where(job.c.id == ids[2]).values(claim=9, worker="another"))
        return prepared(claim)

    monkeypatch.setattr(engine.worker.runner, "_prepare", take_over)
    engine.worker.run(engine.mail.popleft())
    assert [r.state for r in rows(engine, ids)] == ["succeeded", "succeeded", "running", "succeeded", "succeeded"]


def test_a_member_whose_failure_cannot_be_written_takes_no_other_with_it(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sleeps(engine, [0.0] * 5)
    real = engine.worker.runner._prepare

    def prepare(claim: claims.Claim) -> Any:
        if claim.job_id == ids[2]:
            raise ValueError("cannot be prepared")
        return real(claim)

    def failed(*_: Any) -> None:
        raise RuntimeError("cannot be written either")

    monkeypatch.setattr(engine.worker.runner, "_prepare", prepare)
    monkeypatch.setattr(engine.worker.runner.endings, "fail", failed)
    engine.worker.run(engine.mail.popleft())
    assert [r.state for r in rows(engine, ids)] == ["succeeded", "succeeded", "running", "succeeded", "succeeded"]
    assert (engine.worker.runner.busy, engine.worker.runner._claim_keys) == (0, set())


def test_groups_that_end_children_of_the_same_parents_do_not_lock_each_other_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    parents = [r.id for r in engine.wb.jobs.submit_many([Request("test_nothing") for _ in range(2)])]
    children = [r.id for r in engine.wb.jobs.submit_many([Request("test_nothing") for _ in range(4)])]
    with engine.wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id.in_(parents)).values(state="waiting", waiting_for="children"))
        # the newest child of each group has another parent than that of the other group
        for n, child_id in enumerate(children):
            families.add_children(conn, parents[n % 2], [families.ChildLink(child_id, n, str(n), None, None)])
        claimed = [claims.claim(conn, i, "me", 60_000) for i in children]
    first, second, third, fourth = [groups.Success(c, None) for c in claimed if c is not None]
    real = families.wake_parent

    def wake_slowly(conn: Any, parent_id: int) -> bool:
        woken = real(conn, parent_id)
        time.sleep(0.4)
        return woken

    monkeypatch.setattr(groups, "wake_parent", wake_slowly)
    errors: list[Exception] = []

    def end(*successes: groups.Success) -> None:
        try:
            engine.wb.database.write_together(lambda conn: groups.succeed_all(conn, successes, runner.DONE))
        except Exception as error:
            errors.append(error)

    threads = [in_background(lambda: end(first, fourth)), in_background(lambda: end(second, third))]
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert {r.state for r in rows(engine, children)} == {"succeeded"}
    assert {r.state for r in rows(engine, parents)} == {"queued"}


def test_the_heartbeat_and_a_group_that_lets_go_do_not_lock_each_other_out(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(runner, "SHORT_S", 0.3)
    real = groups.give_back

    def give_back_slowly(conn: Any, unbegun: Any) -> None:
        time.sleep(0.6)
        real(conn, unbegun)

    monkeypatch.setattr(groups, "give_back", give_back_slowly)
    ids = sleeps(engine, [0.0, 0.0, 30.0, 0.0])
    thread = in_background(lambda: engine.worker.run(engine.mail.popleft()))
    until(lambda: rows(engine, ids)[2].state == "running")
    while rows(engine, ids)[3].state != "queued":
        engine.worker.runner.heartbeat()
    assert [r.state for r in rows(engine, ids)] == ["succeeded"] * 2 + ["running", "queued"]
    engine.worker.runner.stop()
    thread.join(120)
    assert "the database failed" not in caplog.text


def test_nothing_is_claimed_together_while_a_limit_is_set(engine: Engine) -> None:
    ids = sleeps(engine, [0.0] * 6)
    engine.wb.queues.limit("kind:test_sleep", 1)
    engine.worker.run(engine.mail.popleft())
    assert [r.state for r in rows(engine, ids)].count("succeeded") == 1


def test_a_higher_priority_comes_first_in_a_group_too(engine: Engine) -> None:
    low = [r.id for r in engine.wb.jobs.submit_many([Request("test_nothing") for _ in range(30)])]
    high = [r.id for r in engine.wb.jobs.submit_many([Request("test_nothing", priority=5) for _ in range(5)])]
    engine.worker._dispatcher.kick()
    engine.worker.runner._paces.note("test_nothing", 0.0)
    ids = engine.worker._dispatcher.successors("text", lambda kind: 8)
    left = [i for i in high if rows(engine, [i])[0].dispatched_at is None]
    assert ids[: len(left)] == left[: len(ids)]
    assert set(ids) <= {*low, *high}


@pytest.mark.parametrize(
    ("runs", "at_once"),
    [
        ([], 1),
        ([GROUP_S / 10], 10),
        ([0.0], LARGEST),
        ([GROUP_S * 2], 1),
        ([0.0, 0.0, 1.0], 1),
        ([1.0, *[0.0] * 40], LARGEST),
    ],
)
def test_only_kinds_that_are_known_to_be_short_are_claimed_together(runs: list[float], at_once: int) -> None:
    paces = Paces()
    for seconds in runs:
        paces.note("kind", seconds)
    assert paces.at_once("kind") == at_once


def test_a_worker_killed_between_the_claims_of_a_group_and_their_ends_loses_none(
    wb: Workbench, workers: Workers, tmp_path: Path
) -> None:
    ids = [r.id for r in wb.jobs.submit_many([Request("test_nothing", params={"number": n}) for n in range(200)])]
    point = "group_ends"
    dying = workers.start(REELWRIGHT_CRASH_AT=f"{point}@{tmp_path / 'died'}")
    dying.gone()
    assert (tmp_path / "died").exists()
    with wb.database.read() as conn:
        running = select(func.count()).select_from(job).where(job.c.state == "running")
        assert conn.execute(running).scalar_one() > 1
    workers.start()
    until(lambda: wb.jobs.count_by_state()["succeeded"] == len(ids), 90, "the end of all jobs")
    with wb.database.read() as conn:
        ends = conn.execute(select(attempt.c.job_id).where(attempt.c.outcome == "ok")).all()
        lost = conn.execute(select(func.count()).select_from(attempt).where(attempt.c.outcome == "lost")).scalar_one()
        left = conn.execute(select(func.count()).select_from(attempt).where(attempt.c.ended_at.is_(None))).scalar_one()
    assert sorted(i for (i,) in ends) == ids
    assert lost > 1
    assert left == 0


def test_ends_that_come_at_the_same_moment_share_a_transaction() -> None:
    first, batches = threading.Event(), []
    busy = threading.Event()

    def write(ended: list[groups.Success]) -> None:
        batches.append(ended)
        busy.set()
        assert first.wait(120)

    shared = SharedEnds(write)
    ends: list[Any] = [object() for _ in range(SHARED + 3)]
    with ThreadPoolExecutor(len(ends)) as pool:
        leader = pool.submit(shared.add, ends[:1])
        assert busy.wait(120)
        others = [pool.submit(shared.add, [end]) for end in ends[1:]]
        until(lambda: len(shared._waiting) == SHARED + 2)
        first.set()
        for done in (leader, *others):
            done.result(timeout=180)
    # some go on while the others are written: those that ended at one moment would do so again and again
    assert [len(b) for b in batches] == [1, SHARED, 2]
    assert {id(e) for b in batches for e in b} == {id(e) for e in ends}
