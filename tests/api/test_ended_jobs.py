"""Lists by cost and run time are the same from narrow rows, from wide ones and from both, on both databases."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from tests.api.test_board import add_calls
from tests.api.test_job_sorting import make_jobs
from workbench.api.client import Workbench
from workbench.db import measures
from workbench.db.reads import ended, rollups
from workbench.db.schema import ended_count, ended_job, job, job_child, model_call
from workbench.db.writes import rollups as writes
from workbench.db.writes.prune import Keep
from workbench.jobs import pruning
from workbench.settings import Settings

FILTERS: list[dict[str, Any]] = [
    {}, {"state": "failed"}, {"kind": "a"}, {"profile": 0}, {"since": 30}, {"until": 50}, {"since": 20, "until": 60},
    {"run_over": 40}, {"cost_over": {"CNY": 30}}, {"cost_over": {"USD": 30}}, {"cost_over": {"CNY": 40, "USD": 5}},
    {"cost_over": {"CNY": 10, "USD": 10}, "kind": "a", "state": ["failed", "running"]}, {"cost_over": {"EUR": 1}},
    {"since": 10, "run_over": 10, "cost_over": {"CNY": 1}}, {"model": "m", "cost_over": {"CNY": 0, "USD": 0}},
    {"error_kind": "timeout", "run_over": 5},
]  # fmt: skip

#: of these, those that are also read page by page
PAGED = ({}, {"state": "failed"}, {"cost_over": {"CNY": 30}}, {"since": 10, "run_over": 10, "cost_over": {"CNY": 1}})


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def roll_up(wb: Workbench, most: int = 1_000) -> None:
    with wb.database.write() as conn:
        while writes.fold(conn, most):
            pass


def recount(wb: Workbench) -> dict[int, tuple[int | None, int | None]]:
    """Job → what it has cost, in yuan and dollars, with all below it: by hand from the rows."""
    with wb.database.read() as conn:
        children: dict[int, set[int]] = {}
        for parent, child in conn.execute(select(job_child.c.parent_id, job_child.c.child_id)):
            children.setdefault(parent, set()).add(child)
        calls = conn.execute(select(model_call.c.job_id, model_call.c.currency, model_call.c.cost_micros)).all()
        ids = list(conn.scalars(select(job.c.id)))
    costs: dict[int, tuple[int | None, int | None]] = {}
    for i in ids:
        family, level = {i}, {i}
        while level:
            level = set().union(*(children.get(one, set()) for one in level)) - family
            family |= level
        sums = [
            [m for j, c, m in calls if j in family and m is not None and (c == "USD") is dollars]
            for dollars in (False, True)
        ]
        costs[i] = (sum(sums[0]) if sums[0] else None, sum(sums[1]) if sums[1] else None)
    return costs


def list_everything(wb: Workbench) -> list[Any]:
    seen: list[Any] = []
    for given in FILTERS:
        listed = [j.id for j in wb.jobs.list(limit=500, **given)]
        assert sorted(listed) == wb.jobs.list_ids(**given), given
        assert wb.jobs.count_states(**given) == dict(Counter(wb.jobs.states(listed).values())), given
        by_cost = [[j.id for j in wb.jobs.list_sorted("cost", descending=d, limit=50, **given)] for d in (True, False)]
        if given in PAGED:
            pages = [
                [
                    j.id
                    for o in range(0, 35, 7)
                    for j in wb.jobs.list_sorted("cost", descending=d, offset=o, limit=7, **given)
                ]
                for d in (True, False)
            ]
            assert pages == by_cost, given
        seen.append((given, listed, *by_cost))
    return seen


@pytest.mark.parametrize("few", [0, ended.FEW])
def test_what_is_rolled_up_lists_and_counts_as_what_is_not(
    wb: Workbench, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(ended, "FEW", few)
    dice = random.Random(few)
    wb.budgets.set_exchange_rate("7")
    states = ["succeeded", "failed", "partial", "cancelled", "running"]
    ids = make_jobs(
        wb,
        *(
            {"created_at": n * 2, "started_at": dice.choice([None, n * 2]), "finished_at": n * 2 + dice.randrange(90),
             "state": dice.choice(states), "kind": dice.choice("ab"), "error_kind": dice.choice([None, "timeout"])}
            for n in range(34)
        ),
    )  # fmt: skip
    roll_up(wb, 3)
    with wb.database.write() as conn:
        for position, (parent, child) in enumerate(itertools.pairwise(ids)):
            if position % 3 and dice.random() < 0.8:
                conn.execute(insert(job_child).values(parent_id=parent, position=position, child_id=child, item="i"))
    for number, one in enumerate(dice.choices(ids, k=40)):
        amount = dice.choice([None, 0, 0, 7, 7, 20, 45, 3])
        add_calls(wb, (one, number, dice.choice(["CNY", "USD"]), amount))

    with monkeypatch.context() as always:
        always.setattr(ended, "is_behind", lambda conn: True)
        behind = list_everything(wb)
    assert list_everything(wb) == behind, "all of it is in the tails"
    with wb.database.write() as conn:
        writes.fold(conn, 13)
    assert list_everything(wb) == behind, "half of it is rolled up"
    roll_up(wb, 5)
    assert list_everything(wb) == behind, "all of it is rolled up"
    costs = recount(wb)
    with wb.database.read() as conn:
        rows = conn.execute(select(ended_job)).all()
        assert {r.job_id: (r.cny_micros, r.usd_micros) for r in rows} == {r.job_id: costs[r.job_id] for r in rows}
        assert len(rows) == len(ids) - wb.jobs.count_states().get("running", 0)

    # a late answer, a changed job, a call taken away: before and after they are rolled up
    with wb.database.write() as conn:
        conn.execute(update(model_call).where(model_call.c.cost_micros == 7).values(cost_micros=44))
        conn.execute(update(job).where(job.c.id.in_(ids[:4])).values(finished_at=job.c.created_at + 77, kind="b"))
    before = list_everything(wb)
    roll_up(wb)
    assert list_everything(wb) == before
    costs = recount(wb)
    yuan = {i: (c or 0) + (u or 0) * 7 for i, (c, u) in costs.items() if (c, u) != (None, None)}
    in_order = [*sorted(yuan, key=lambda i: (-yuan[i], -i)), *sorted(set(ids) - set(yuan), reverse=True)]
    assert before[0][2] == in_order


def test_a_long_history_that_is_not_rolled_up_yet_is_read_as_it_is(
    wb: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear, cheap = make_jobs(wb, {"finished_at": 90}, {})
    add_calls(wb, (dear, 1, "CNY", 50), (cheap, 1, "CNY", 5))
    monkeypatch.setattr(rollups, "LONG_TAIL", 1)
    with wb.database.read() as conn:
        assert ended.is_behind(conn)
    assert [j.id for j in wb.jobs.list_sorted("cost")] == [cheap, dear]
    assert wb.jobs.list_ids(cost_over={"CNY": 5}) == wb.jobs.list_ids(run_over=8) == [dear]
    roll_up(wb)
    with wb.database.read() as conn:
        assert not ended.is_behind(conn)
    assert wb.jobs.count_states(run_over=8) == {"succeeded": 1}


DAY = 86_400_000


def recount_measures(wb: Workbench) -> dict[tuple[str, int, str], int]:
    """What the counts are to be, from the narrow rows."""
    with wb.database.read() as conn:
        rows = conn.execute(select(ended_job)).mappings().all()
    return dict(Counter(key for row in rows for key in measures.list_buckets(row)))


def list_counts(wb: Workbench) -> dict[tuple[str, int, str], int]:
    with wb.database.read() as conn:
        rows = conn.execute(select(ended_count).where(ended_count.c.jobs != 0)).all()
    return {(row.measure, row.bucket, row.state): row.jobs for row in rows}


@pytest.mark.parametrize("seed", [1, 2])
def test_counts_by_time_run_and_cost_are_those_of_the_jobs_through_changes_prunes_and_rebuilds(
    wb: Workbench, seed: int
) -> None:
    dice = random.Random(seed)
    began = 20_000 * DAY
    whens = [began + dice.randrange(40 * DAY) for _ in range(60)]
    runs = [dice.choice([None, 0, 1, 1_000, 1_001, dice.randrange(10_000_000)]) for _ in whens]
    states = ("succeeded", "failed", "partial", "cancelled")
    ids = make_jobs(
        wb,
        *(
            {"created_at": at, "started_at": None if run is None else at, "finished_at": at + (run or 0),
             "state": dice.choice(states)}
            for at, run in zip(whens, runs, strict=True)
        ),
    )  # fmt: skip
    for number, one in enumerate(dice.choices(ids, k=90)):
        micros = dice.choice([None, 0, 10_000, 10_001, dice.randrange(10**9)])
        add_calls(wb, (one, whens[0] + number, dice.choice(["CNY", "USD"]), micros))
    filters: list[dict[str, Any]] = [{"run_over": ms} for ms in (0, 1, 999, 1_000, 5_000_000, 10**12)]
    filters += [{"cost_over": {"CNY": c, "USD": u}} for c, u in ((0, 0), (10_000, 10_000), (5 * 10**8, 10**8))]
    filters += [{"cost_over": {"USD": 10_000}}, {"cost_over": {"CNY": 9_999}, "state": ["failed", "succeeded"]}]
    for days in ((0, 40), (3, 9), (5, 5), (7, 8)):
        since, until = (began + day * DAY + dice.randrange(DAY) for day in days)
        filters += [{"since": since}, {"until": until, "state": "failed"}, {"since": since, "until": until}]

    def check() -> None:
        for given in filters:
            listed = wb.jobs.states([j.id for j in wb.jobs.list(limit=500, **given)])
            assert wb.jobs.count_states(**given) == dict(Counter(listed.values())), given

    check()
    roll_up(wb, 7)
    assert list_counts(wb) == recount_measures(wb)
    check()
    # a price that came late, jobs that took another time
    with wb.database.write() as conn:
        conn.execute(update(model_call).where(model_call.c.cost_micros == 0).values(cost_micros=77_777_777))
        conn.execute(update(job).where(job.c.id.in_(ids[:9])).values(finished_at=job.c.created_at + 12_345))
    check()
    roll_up(wb, 7)
    check()
    assert list_counts(wb) == recount_measures(wb)
    assert pruning.prune(wb.database, Keep(last=10)).jobs > 20
    assert list_counts(wb) == recount_measures(wb)
    check()
    wb.usage.rebuild()
    assert list_counts(wb) == recount_measures(wb)
    check()


@pytest.mark.parametrize("value", [0, 1, 2, 3, 59, 60, 999, 1_000, 10**6, 123_456_789, 10**15])
def test_a_bucket_ends_with_its_largest_value(value: int) -> None:
    end = measures.end_of(measures.bucket_of("run", value))
    assert end >= value
    assert measures.bucket_of("run", end) == measures.bucket_of("run", value)
    assert measures.bucket_of("run", end + 1) > measures.bucket_of("run", value)
