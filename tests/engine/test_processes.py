"""Real worker processes, real Valkey, both databases, killed for real."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.conftest import Valkey, until
from tests.engine.conftest import Nursery, Workers, in_background, use
from tests.scripted_provider import ScriptedProvider
from workbench import crash
from workbench.api.client import Workbench
from workbench.db.schema import attempt, job, model_call, step
from workbench.jobs import processes
from workbench.jobs.submit import Request
from workbench.settings import Settings


def all_ended(wb: Workbench) -> bool:
    counts = wb.jobs.count_by_state()
    return not (counts["queued"] or counts["running"] or counts["waiting"])


def check_nothing_lost_and_nothing_twice(wb: Workbench, provider: ScriptedProvider, jobs: int) -> dict[str, int]:
    """The engine's promise, read from the job table, the ledger and the provider's own log."""
    with wb.database.read() as conn:
        states = dict(conn.execute(select(job.c.state, func.count()).group_by(job.c.state)).all())  # type: ignore[arg-type]
        assert states == {"succeeded": jobs}, states
        ends = conn.execute(select(attempt.c.job_id).where(attempt.c.outcome == "ok")).all()
        assert len(ends) == len({j for (j,) in ends}) == jobs
        assert (
            conn.execute(select(func.count()).select_from(attempt).where(attempt.c.ended_at.is_(None))).scalar_one()
            == 0
        )
        assert conn.execute(select(func.count()).select_from(step).where(step.c.state != "done")).scalar_one() == 0
        paid = Counter(
            conn.execute(select(model_call.c.job_id, model_call.c.step).where(model_call.c.outcome == "ok")).all()
        )
        assert len(paid) == jobs
        assert set(paid.values()) == {1}, "a done step with two successful paid calls"
        lost = conn.execute(select(func.count()).select_from(attempt).where(attempt.c.outcome == "lost")).scalar_one()
        rows = conn.execute(select(model_call.c.call_id, model_call.c.outcome, model_call.c.price_source)).all()
    ledger = {call_id: outcome for call_id, outcome, _ in rows}
    not_sent = {call_id for call_id, _, source in rows if source == "not sent"}
    received = [c["call_id"] for c in provider.calls()]
    assert len(received) == len(set(received))
    assert set(received) <= set(ledger), "a call that the ledger does not know"
    # a worker may die between writing the row and opening the socket, and on a busy machine a connection may not come
    # about in time; only such rows may be without a call
    unsent = {c for c in ledger if c not in set(received)}
    assert {ledger[c] for c in unsent - not_sent} <= {"lost"}
    assert not_sent <= unsent
    assert sum(outcome == "ok" for outcome in ledger.values()) == jobs
    assert len(received) - jobs <= lost
    return {"calls": len(received), "ledger": len(ledger), "lost_attempts": lost}


def _has_ended(wb: Workbench, jobs: int) -> bool:
    # what fails is told by the check at the end
    return wb.jobs.count_by_state()["succeeded"] >= jobs or all_ended(wb)


def test_three_hundred_jobs_while_workers_are_killed(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    jobs, under_way, round_of = 300, 60, 15
    provider.script(default={"delay_ms": 250})
    name = wb.profiles.add(
        "scripted", "openai", base_url=provider.url, text_model="scripted-1", key="sk-canary0123456789abcdef"
    ).id
    requests = [Request("test_tell", params={"about": f"night {n}"}, profile_id=name) for n in range(jobs)]
    wb.jobs.submit_many(requests[:under_way])
    chance = random.Random(7)
    for _ in range(3):
        workers.start()
    kills = 0
    # by what has ended, not by the clock: on a slow machine no job may be lost oftener than on a fast one; more of them
    # come after each kill, so that a test which is slower than its workers kills as often
    for goal in range(round_of, jobs + 1, round_of):
        until(partial(_has_ended, wb, goal), 240, f"end {goal}")
        victim = chance.choice(workers.alive())
        victim.kill()
        victim.gone()
        kills += 1
        workers.start()
        if more := requests[goal + under_way - round_of :][:round_of]:
            wb.jobs.submit_many(more)
    until(partial(all_ended, wb), 600, "the end of all jobs")
    found = check_nothing_lost_and_nothing_twice(wb, provider, jobs)
    assert kills >= 10, f"the test killed only {kills} workers: {found}"


@pytest.mark.parametrize(
    "point",
    [
        "claimed",
        "step_sent",
        "call_answered",
        "step_done",
        "before_finish",
        "finished",
        "dispatch_marked",
        "dispatch_sent",
    ],
)
def test_a_process_that_ends_at_a_named_point_loses_nothing(
    wb: Workbench, workers: Workers, provider: ScriptedProvider, tmp_path: Path, point: str
) -> None:
    name = use(wb, provider)
    # the first job is there before the worker: its own dispatch passes then go through the dispatch points
    first = wb.submit("test_tell", profile=name)
    dying = workers.start(REELWRIGHT_CRASH_AT=f"{point}@{tmp_path / 'died'}")
    dying.gone()
    assert (tmp_path / "died").exists()
    workers.start()
    done = wb.wait(first.id, timeout=240)
    assert done.state == "succeeded"
    check_nothing_lost_and_nothing_twice_but_the_crashed_call(wb, provider, point)


def check_nothing_lost_and_nothing_twice_but_the_crashed_call(
    wb: Workbench, provider: ScriptedProvider, point: str
) -> None:
    """A call that was answered to a process that died before it could write is sent again, once, and both are in the
    ledger."""
    expected = 2 if point == "call_answered" else 1
    assert len(provider.calls()) == expected
    assert len(wb.jobs.get_detail(1).model_calls) >= expected
    assert sum(c.outcome == "ok" for c in wb.jobs.get_detail(1).model_calls) == 1


@pytest.mark.parametrize("point", ["children_inserted", "put_waiting", "failed_before_put_back", "submit_committed"])
def test_parents_failures_and_submits_survive_their_crash_points(
    wb: Workbench, workers: Workers, provider: ScriptedProvider, tmp_path: Path, point: str
) -> None:
    project = wb.create_project({"title": "P", "language": "en"}, profile=use(wb, provider))
    env = {"REELWRIGHT_CRASH_AT": f"{point}@{tmp_path / 'died'}"}
    if point == "submit_committed":
        ran = subprocess.run(
            _submit_command(workers),
            env={**_environment(workers), **env},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            timeout=180,
        )
        assert ran.returncode == 137, ran.stderr
        [asked] = wb.jobs.list()
    else:
        if point == "failed_before_put_back":
            provider.script(nth={"1": {"status": 503}, "2": {"status": 503}})
            asked = wb.submit("test_tell", profile="scripted", max_attempts=3)
        else:
            asked = wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 3})
        dying = workers.start(**env)
        dying.gone()
        assert (tmp_path / "died").exists()
    workers.start()
    assert wb.wait(asked.id, timeout=240).state == "succeeded"
    if point.startswith("children"):
        assert len(wb.jobs.get_detail(asked.id).children) == 3
        assert len(provider.calls()) == 3


def _environment(workers: Workers) -> dict[str, str]:
    from workbench.cli.supervisor import environment

    return environment(workers.settings)


def _submit_command(workers: Workers) -> list[str]:
    import sys

    code = (
        "import tests.engine.jobs_for_tests; from workbench import Workbench; "
        "Workbench.open().submit('test_tell', profile='scripted')"
    )
    return [sys.executable, "-c", code]


@pytest.mark.parametrize("point", ["call_answered", "task_submitted", "poll_answered"])
def test_a_long_task_is_created_once_whatever_dies(wb: Workbench, workers: Workers, tmp_path: Path, point: str) -> None:
    log = tmp_path / "service.log"
    wb.profiles.add("tasks", "test_tasks", video_model="v", params={"log": str(log)})
    asked = wb.submit("test_video", profile="tasks")
    dying = workers.start(REELWRIGHT_CRASH_AT=f"{point}@{tmp_path / 'died'}")
    dying.gone()
    workers.start()
    if point == "call_answered":
        # the id died with the process: only a person may risk a second charge
        until(lambda: wb.jobs.get(asked.id).waiting_for == "decision", 60)
        wb.jobs.decide(asked.id, "give_up")
    done = wb.wait(asked.id, timeout=240)
    assert done.state == ("failed" if point == "call_answered" else "succeeded")
    assert log.read_text().splitlines().count('"create"') == 1


def test_every_crash_point_has_a_test() -> None:
    here = Path(__file__).read_text() + "".join(
        (Path(__file__).parent / f"test_{name}.py").read_text() for name in ("kills", "groups")
    )
    assert [p for p in crash.POINTS if f'"{p}"' not in here] == []


def test_redis_killed_and_emptied(wb: Workbench, workers: Workers, valkey: Valkey, provider: ScriptedProvider) -> None:
    provider.script(default={"delay_ms": 30})
    name = use(wb, provider)
    profile = wb.profiles.list()[0].id
    workers.start()
    wb.jobs.submit_many([Request("test_tell", params={"about": f"before {n}"}, profile_id=profile) for n in range(30)])
    until(lambda: wb.jobs.count_by_state()["succeeded"] >= 5)
    valkey.kill()
    late = wb.submit("test_tell", params={"about": "while away"}, profile=name)
    assert late.state == "queued"
    valkey.start()
    until(lambda: all_ended(wb), 60, "the end of all jobs after Redis came back")
    wb.jobs.submit_many([Request("test_tell", params={"about": f"after {n}"}, profile_id=profile) for n in range(30)])
    valkey_client(valkey).flushall()
    until(lambda: all_ended(wb), 60, "the end of all jobs after Redis was emptied")
    check_nothing_lost_and_nothing_twice(wb, provider, 61)


def valkey_client(valkey: Valkey) -> Any:
    import redis

    return redis.Redis.from_url(valkey.settings.broker_url)


def test_sigterm_puts_jobs_back_and_ends_soon(wb: Workbench, workers: Workers) -> None:
    asked = [wb.submit("test_sleep", params={"seconds": 60, "note": str(n)}) for n in range(3)]
    first = workers.start()
    until(lambda: wb.jobs.count_by_state()["running"] == 3, 60)
    started = time.monotonic()
    first.terminate()
    first.gone(100)
    assert time.monotonic() - started < 100
    assert {wb.jobs.get(a.id).state for a in asked} == {"queued"}
    assert {wb.jobs.get_detail(a.id).attempts[0].outcome for a in asked} == {"interrupted"}
    assert {wb.jobs.get(a.id).failures for a in asked} == {0}
    assert wb.queues.list_workers() == []
    workers.start()
    until(lambda: wb.jobs.count_by_state()["running"] == 3, 60)
    wb.jobs.cancel([a.id for a in asked])
    until(lambda: wb.jobs.count_by_state()["cancelled"] == 3, 30)


def test_a_cancelled_job_of_a_dead_worker_is_settled_by_another(wb: Workbench, workers: Workers) -> None:
    asked = wb.submit("test_sleep", params={"seconds": 60})
    first = workers.start()
    until(lambda: wb.jobs.get(asked.id).state == "running", 60)
    first.kill()
    first.gone()
    wb.jobs.cancel(asked.id)
    workers.start()
    assert wb.wait(asked.id, timeout=240).state == "cancelled"


def test_cancelling_running_calls_closes_their_sockets(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    provider.script(default={"hang": True})
    name = use(wb, provider)
    workers.start()
    asked = [wb.submit("test_tell", params={"about": str(n)}, profile=name).id for n in range(4)]
    until(lambda: len(provider.calls()) == 4, 60)
    wb.jobs.cancel(asked)
    until(lambda: wb.jobs.count_by_state()["cancelled"] == 4, 30)
    until(lambda: all(c["disconnected"] for c in provider.calls()), 30, "closed sockets")


def test_a_parent_and_its_children_share_one_thread(
    wb: Workbench, workers: Workers, provider: ScriptedProvider
) -> None:
    single = Workers(workers.settings.model_copy(update={"threads": 1}), workers.nursery)
    try:
        project = wb.create_project({"title": "P", "language": "en"}, profile=use(wb, provider))
        single.start()
        asked = wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 4})
        assert wb.wait(asked.id, timeout=240).state == "succeeded"
    finally:
        single.stop()


def test_jobs_start_soon_on_an_idle_worker(wb: Workbench, workers: Workers) -> None:
    workers.start()
    until(lambda: wb.queues.count_live_workers() == 1, 60)
    for number in range(5):
        asked = wb.submit("test_nothing", params={"number": number})
        done = wb.wait(asked.id, timeout=240)
        assert done.started_at - done.created_at < 5000


def test_one_answer_for_many_waiting_threads(wb: Workbench, workers: Workers) -> None:
    workers.start()
    ids = [wb.submit("test_nothing", params={"number": n}).id for n in range(20)]
    threads = [in_background(lambda i=i: wb.wait(i, timeout=240)) for i in ids]
    for thread in threads:
        thread.join(60)
    assert {j.state for j in wb.wait(ids, timeout=240)} == {"succeeded"}


def test_the_jobs_of_a_killed_worker_go_on_at_once_whatever_their_lease(
    settings: Settings, wb: Workbench, nursery: Nursery
) -> None:
    """Nobody has to wait for a lease of a process that is seen to be gone."""
    settings = settings.model_copy(update={"lease_seconds": 600.0})
    settings.home.mkdir(parents=True, exist_ok=True)
    workers = Workers(settings, nursery)
    try:
        asked = wb.submit("test_sleep").id
        killed = workers.start(REELWRIGHT_LEASE_SECONDS="600")
        until(lambda: wb.jobs.get(asked).state == "running", 60)
        killed.kill()
        workers.start(REELWRIGHT_LEASE_SECONDS="600")
        again = until(lambda: found if (found := wb.jobs.get(asked)).claim == 2 else None, 60, "the second claim")
        assert (again.state, again.losses) == ("running", 1)
    finally:
        workers.stop()


def test_only_a_process_that_ran_here_is_known_to_be_gone() -> None:
    child = subprocess.Popen(["sleep", "60"])
    mine = processes.worker_name()
    name = mine.replace(f"-{os.getpid()}-", f"-{child.pid}-")
    assert not processes.is_gone(mine)
    assert not processes.is_gone(name)
    child.kill()
    # it has ended, though nobody has asked for its exit code
    until(lambda: processes.is_gone(name), 20, "the end of the process")
    child.wait()
    assert processes.is_gone(name)
    elsewhere = name.rsplit("-", 1)[0] + "-0000000000"
    assert not processes.is_gone(elsewhere)
    assert not processes.is_gone("another-host-" + name.split("-", 1)[1])
    assert not any(processes.is_gone(other) for other in ("late", "", "a-b-c", "x-" + "9" * 400 + "-y", mine + "-"))
