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
from workbench.db.reads import ended, rollups
from workbench.db.schema import ended_job, job, job_child, model_call
from workbench.db.writes import rollups as writes
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
