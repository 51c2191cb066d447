"""A made-up history: as many jobs as wanted, which agree with themselves, and leave the tables as a real one does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select

from workbench.api.client import Workbench
from workbench.db.schema import TERMINAL, attempt, failure, forecast, job, job_child, job_count, model_call, step
from workbench.errors import InvalidInput
from workbench.history import seed
from workbench.history.stretch import CAUSES, SERVICES, Places, write_stretch
from workbench.settings import Settings
from workbench.workflows.registry import load

PLACES = Places([(1, 1)], [(2, 1)], [(3, 1)], [*range(1, len(SERVICES) + 1)])


@pytest.fixture
def wb(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workbench]:
    monkeypatch.setattr(seed, "SIZE", 120)
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def ask(wb: Workbench, *columns: Any) -> list[Any]:
    with wb.database.read() as conn:
        return list(conn.execute(select(*columns)))


def assert_plans_have_their_jobs(wb: Workbench, jobs: dict[int, Any]) -> None:
    children = ask(wb, job_child)
    assert len({c.parent_id for c in children}) > 1, "also in stretches that were copied"
    assert {c.child_id: c.parent_id for c in children} == {j.id: j.parent_id for j in jobs.values() if j.parent_id}
    for row in children:
        plan, child = jobs[row.parent_id], jobs[row.child_id]
        assert plan.kind == "run_plan"
        assert plan.project_id == child.project_id
        assert plan.created_at <= child.created_at
        assert child.finished_at <= plan.finished_at
    expected = {(f.job_id, f.workflow): f for f in ask(wb, forecast)}
    started = Counter((c.parent_id, jobs[c.child_id].kind) for c in children)
    assert {key for key in expected if key[1]} == {*started}
    for plan_id in {c.parent_id for c in children}:
        assert expected[plan_id, ""].jobs == sum(n for (plan, _), n in started.items() if plan == plan_id)
    assert wb.usage.forecast_errors(since=0)


def test_a_history_agrees_with_itself(wb: Workbench) -> None:
    seen: dict[str, list[int]] = {}
    projects = wb.history.seed(1000, days=60, report=lambda phase, done: seen.setdefault(phase, []).append(done))
    assert seen["written"] == [120, 240, 360, 480, 600, 720, 840, 960, 1000]
    assert seen["filed"] == sorted(seen["filed"])
    assert seen["filed"][-1] == 1000
    assert seen["rolled up"][-1] > 2000
    jobs = ask(wb, job)
    assert len(jobs) == 1000
    assert {j.state for j in jobs} == set(TERMINAL)
    assert all(j.created_at <= j.started_at <= j.finished_at for j in jobs)
    assert {j.project_id for j in jobs} == {*projects, None}
    span = max(j.created_at for j in jobs) - min(j.created_at for j in jobs)
    assert 0.9 * 60 * seed.DAY_MS < span <= 60 * seed.DAY_MS
    calls = ask(wb, model_call)
    assert len(calls) > 2000
    assert {c.currency for c in calls} == {"USD", "CNY", None}
    assert {c.capability for c in calls} == {"text", "image", "video"}
    by_job: dict[int, list[Any]] = {}
    for call in calls:
        by_job.setdefault(call.job_id, []).append(call)
    for each in jobs:
        of_job = by_job.get(each.id, [])
        assert sum(c.cost_micros or 0 for c in of_job) == (each.cost_micros or 0)
        assert sum(c.input_tokens or 0 for c in of_job) == each.input_tokens
        began = [c.started_at for c in sorted(of_job, key=lambda c: c.id)]
        assert began == sorted(began), "calls are numbered as they were made"
        assert all(c.project_id == each.project_id and c.started_at >= each.started_at for c in of_job)
    # each could be run again, and its price is told first
    workflows = load()
    for each in jobs:
        workflows[each.kind].params.model_validate(each.params)
    again = [j.id for j in jobs if j.state != "succeeded"]
    assert [act.job_id for act in wb.jobs.plan_retry(again)] == again
    prompts = {(e.name, e.language) for e in wb.prompts.list()}
    assert {tuple(c.prompt_name.rsplit(".", 1)) for c in calls if c.prompt_name} <= prompts
    assert len({c.prompt_version for c in calls if c.prompt_name}) == 2
    failures = ask(wb, failure)
    assert {f.job_id for f in failures} == {j.id for j in jobs if j.state in ("failed", "partial")}
    repairs = {j.id: j.replay_of for j in jobs if j.replay_of}
    assert repairs
    assert {f.repaired_by: f.job_id for f in failures if f.repaired_by} == repairs
    assert_plans_have_their_jobs(wb, {j.id: j for j in jobs})
    for table in (attempt, step):
        assert {row.job_id for row in ask(wb, table.c.job_id)} <= {j.id for j in jobs}
    assert {a.outcome for a in ask(wb, attempt)} == {"ok", "error", "cancelled"}, "as the engine writes them"
    # words of calls are kept for a while
    old = max(c.started_at for c in calls) - (seed.TEXT_DAYS + 1) * seed.DAY_MS
    assert any(c.prompt for c in calls if c.started_at > old)
    # no row has a place of its own on PostgreSQL: what was filed meanwhile may come first
    first = min(j.id for j in jobs)
    copied_and_old = [c for c in calls if c.started_at < old and c.job_id > first + 4 * 120]
    assert copied_and_old
    assert not any(c.prompt or c.raw_output for c in copied_and_old)


def test_what_comes_after_it_is_a_job_like_any_other(wb: Workbench) -> None:
    wb.history.seed(250, days=3)
    (last,) = ask(wb, func.max(job.c.id))
    new = wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": "Hello"}]})
    assert new.id > last[0]
    # and all of it is counted, once for all models together
    with wb.database.read() as conn:
        counted = select(func.sum(job_count.c.jobs)).where(job_count.c.model == "")
        assert conn.execute(counted).scalar_one() == 250


def test_real_jobs_are_not_mixed_with_made_up_ones_unasked(wb: Workbench) -> None:
    wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": "Hello"}]})
    with pytest.raises(InvalidInput, match="empty home"):
        wb.history.seed(10)
    assert len(ask(wb, job.c.id)) == 1
    wb.history.seed(10, beside_real=True)
    wb.history.seed(10, beside_real=True)
    assert len(ask(wb, job.c.id)) == 21


@pytest.mark.parametrize(("jobs", "days"), [(0, 5), (5, 0), (10**9, 5), (5, 10**6)])
def test_a_length_that_is_none_is_refused(wb: Workbench, jobs: int, days: int) -> None:
    with pytest.raises(InvalidInput):
        wb.history.seed(jobs, days=days)
    assert ask(wb, job.c.id) == []


def test_the_same_number_gives_the_same_history() -> None:
    one, same, other = (write_stretch(300, seed.DAY_MS, PLACES, n) for n in (1, 1, 2))
    assert one == same
    assert one != other
    kinds = {j["error_kind"] for j in one.job} - {None}
    assert len(kinds) > 2
    assert kinds <= {c.kind for c in CAUSES}
