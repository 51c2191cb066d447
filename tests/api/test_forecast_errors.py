"""A plan keeps what was expected of it; what its jobs took is held against that, by workflow and model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from workbench import samples
from workbench.api.client import Workbench
from workbench.bootstrap import worker_engine
from workbench.db.reads import forecasts
from workbench.db.reads.forecasts import list_runs
from workbench.db.rows.forecasts import WHOLE, ForecastRun, StoredForecast
from workbench.db.schema import job, job_child
from workbench.db.writes.forecasts import add_forecasts
from workbench.settings import Settings
from workbench.usage.accuracy import measure


class House:
    def __init__(self, settings: Settings) -> None:
        self.wb = Workbench.open(settings, send=lambda ids: None)
        self.engine = worker_engine(settings, send=lambda ids: None, epoch_of=lambda: "one")

    def end(self, job_id: int) -> None:
        while self.wb.jobs.get(job_id).state in ("queued", "running", "waiting"):
            for queued in self.wb.jobs.list(state="queued"):
                self.engine.run(queued.id)
            self.engine.maintain()


@pytest.fixture
def house(settings: Settings) -> Iterator[House]:
    made = House(settings)
    yield made
    made.wb.close()


def test_a_plan_keeps_its_forecast_and_what_it_came_to(house: House) -> None:
    wb = house.wb
    project = wb.create_project({**samples.load("gift-of-the-magi.en"), "episodes": 1})
    house.end(wb.submit("plan_episodes", project).id)
    [episode] = [n.id for n in wb.projects.tree(project).nodes if n.kind == "episode"]
    chosen = [("generate_episode_core_expression", episode)]
    expected = wb.plans.build(episode)
    plan = wb.plans.run(episode, only=chosen, submit_key="once")
    # asked for again it is the same plan, with the forecast of then
    assert wb.plans.run(episode, only=chosen, submit_key="once").id == plan.id
    before = wb.plans.compare(plan.id)
    assert before is not None
    assert (before.expected.jobs, before.done, before.ended_ms) == (1, 0, None)
    house.end(plan.id)

    outcome = wb.plans.compare(plan.id)
    assert outcome is not None
    first = next(j for j in expected.jobs if (j.workflow, j.node.id) == chosen[0])
    assert (outcome.expected.tokens, outcome.expected.cost) == (first.tokens, {"USD": 0})
    assert outcome.done == 1
    assert outcome.ended_ms is not None
    assert outcome.spent.calls == 1
    assert outcome.tokens is not None
    [error] = wb.usage.forecast_errors(since=0)
    assert (error.workflow, error.model, error.runs) == (chosen[0][0], "sketch-1", 1)
    assert error.tokens.size is not None
    assert error.cost.size == 0
    assert error.time.runs == 1
    assert wb.usage.forecast_errors(since=0, workflow="plan_episodes") == []
    assert wb.usage.forecast_errors(since=0, model="another") == []
    assert wb.usage.forecast_errors(since=0, project=project) == [error]
    assert wb.plans.compare(wb.jobs.list()[-1].id) is None


@pytest.mark.parametrize(
    ("drawn", "cost"),
    [([(400, "USD"), (300, "USD")], 800), ([(400, "USD"), (None, None)], None), ([(400, "CNY")], None),
     ([(0, "CNY")], 100), ([], 100)],
)  # fmt: skip
def test_what_a_job_has_drawn_for_it_is_part_of_what_it_came_to(
    house: House, drawn: list[tuple[int | None, str | None]], cost: int | None
) -> None:
    wb = house.wb
    said = [{"messages": [{"role": "user", "content": f"{n}"}]} for n in range(2 + len(drawn))]
    plan, ranking, *pictures = [wb.submit("llm_chat", params=params).id for params in said]
    took = {"state": "succeeded", "started_at": 1_000, "finished_at": 2_000}
    with wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == plan).values(kind="run_plan", queue="system"))
        values = {"kind": "rank_keyframe_candidates", "cost_micros": 100, "currency": "USD", "input_tokens": 60,
                  "output_tokens": 40, **took}  # fmt: skip
        conn.execute(update(job).where(job.c.id == ranking).values(**values))
        for picture, (micros, currency) in zip(pictures, drawn, strict=True):
            values = {"kind": "generate_keyframe_images", "cost_micros": micros, "currency": currency, **took}
            conn.execute(update(job).where(job.c.id == picture).values(**values))
        family = [(plan, ranking, 0), *((ranking, picture, n) for n, picture in enumerate(pictures))]
        for parent, child, seq in family:
            conn.execute(insert(job_child).values(parent_id=parent, child_id=child, position=seq, item=""))
        add_forecasts(
            conn,
            [
                StoredForecast(plan, workflow, "m", 1, 100, 1_000, {"USD": 800}, 0)
                for workflow in (WHOLE, "rank_keyframe_candidates")
            ],
        )
    with wb.database.read() as conn:
        [found] = list_runs(conn, since=0)
    assert found.cost_micros == cost
    assert (found.input_tokens, found.output_tokens) == (60, 40)


def test_the_jobs_of_the_newest_plans_are_looked_at(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "PLANS_AT_ONCE", 3)
    wb = house.wb
    [project, *_] = wb.history.seed(3_000, days=90)
    child, plan = job.alias(), job.alias()
    ended = (
        select(child.c.finished_at, child.c.project_id, plan.c.id)
        .join(job_child, job_child.c.child_id == child.c.id)
        .join(plan, plan.c.id == job_child.c.parent_id)
        .where(child.c.state == "succeeded")
    )
    with wb.database.write() as conn:
        rows = conn.execute(ended).all()
        times = sorted(row.finished_at for row in rows)
        since, until = times[len(times) // 3], times[2 * len(times) // 3]
        in_time = [row for row in rows if since <= row.finished_at < until]
        of_project = [row for row in in_time if row.project_id == project]
        assert 0 < len(of_project) < len(in_time)
        assert len(list_runs(conn, since=since, until=until)) == len(in_time)
        assert len(list_runs(conn, since=since, until=until, project=project)) == len(of_project)
        # those that are no plans stand in nobody's way, however many
        conn.execute(update(job).where(job.c.kind == "llm_chat").values(queue="system"))
        monkeypatch.setattr(forecasts, "LOOKED_AT", 7)
        assert len(list_runs(conn, since=since, until=until)) == len(in_time)
        with monkeypatch.context() as few:
            few.setattr(forecasts, "MOST_PLANS", 4)
            assert len(list_runs(conn, since=since, until=until)) < len(in_time)
        monkeypatch.setattr(forecasts, "MOST_RUNS", 20)
        assert len(list_runs(conn, since=since, until=until)) == 20


def run(**changed: Any) -> ForecastRun:
    values = {
        "workflow": "w", "model": "m", "expected_tokens": 100, "expected_ms": 1000, "expected_cost": {"CNY": 200},
        "expected_unpriced": 0, "input_tokens": 60, "output_tokens": 60, "cost_micros": 150, "currency": "CNY",
        "ms": 1000,
    }  # fmt: skip
    return ForecastRun(**{**values, **changed})


@pytest.mark.parametrize(
    ("runs", "tokens", "cost", "time"),
    [
        ([run()], (0.2, 0.2), (0.25, -0.25), (0.0, 0.0)),
        ([run(ms=500), run(ms=1500), run(ms=1100)], (0.2, 0.2), (0.25, -0.25), (0.5, 0.1)),
        ([run(input_tokens=None)], (None, None), (0.25, -0.25), (0.0, 0.0)),
        ([run(expected_tokens=None)], (None, None), (0.25, -0.25), (0.0, 0.0)),
        ([run(currency="USD")], (0.2, 0.2), (None, None), (0.0, 0.0)),
        ([run(cost_micros=None, currency=None)], (0.2, 0.2), (None, None), (0.0, 0.0)),
        ([run(expected_unpriced=1, expected_cost={})], (0.2, 0.2), (None, None), (0.0, 0.0)),
        ([run(expected_cost={"USD": 0}, cost_micros=0)], (0.2, 0.2), (0.0, 0.0), (0.0, 0.0)),
        ([run(expected_cost={"USD": 0}, cost_micros=7)], (0.2, 0.2), (None, None), (0.0, 0.0)),
        ([run(expected_ms=0, ms=0)], (0.2, 0.2), (0.25, -0.25), (0.0, 0.0)),
    ],
    ids=["one", "median of three", "tokens not reported", "tokens not forecast", "another currency",
         "unpriced", "price not forecast", "free", "free by forecast alone", "no time"],
)  # fmt: skip
def test_the_median_counts_what_is_known_on_both_sides(
    runs: list[ForecastRun], tokens: Any, cost: Any, time: Any
) -> None:
    [error] = measure(runs)
    for got, wanted in ((error.tokens, tokens), (error.cost, cost), (error.time, time)):
        assert (got.size, got.lean) == pytest.approx(wanted)


def test_those_with_most_runs_come_first() -> None:
    errors = measure([run(workflow="a"), run(workflow="b", model=None), run(workflow="b", model=None)])
    assert [(e.workflow, e.model, e.runs) for e in errors] == [("b", None, 2), ("a", "m", 1)]
