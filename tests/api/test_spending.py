"""What jobs cost, rolled up from children and nodes, on both databases; and what nobody knows is never free."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from workbench import samples
from workbench.api.client import Workbench
from workbench.db.rows.jobs import CallSummary
from workbench.db.rows.record import columns, fetch
from workbench.db.rows.usage import Spending
from workbench.db.schema import job, job_child, model_call
from workbench.settings import Settings

_numbers = itertools.count(1)


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_job(wb: Workbench, project: int | None = None, node: int | None = None) -> int:
    """A job of its own request, on a node when one is given."""
    messages = {"messages": [{"role": "user", "content": f"Hello {next(_numbers)}"}]}
    job_id = wb.submit("llm_chat", params=messages).id
    with wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == job_id).values(project_id=project, node_id=node))
    return job_id


def add_children(wb: Workbench, parent: int, *children: int) -> None:
    with wb.database.write() as conn:
        rows = [
            {"parent_id": parent, "position": n, "child_id": child, "item": str(n)} for n, child in enumerate(children)
        ]
        conn.execute(insert(job_child), rows)


def add_call(wb: Workbench, job_id: int | None, micros: int | None = None, **more: Any) -> None:
    values = {
        "call_id": f"call-{next(_numbers)}", "purpose": "generate", "provider": "openai", "model": "m",
        "capability": "text", "outcome": "ok", "started_at": 1, "job_id": job_id, "cost_micros": micros,
        "currency": None if micros is None else "CNY",
    }  # fmt: skip
    with wb.database.write() as conn:
        if job_id is not None:
            values["project_id"] = conn.execute(select(job.c.project_id).where(job.c.id == job_id)).scalar_one()
        conn.execute(insert(model_call).values(values | more))


def test_a_parent_costs_what_its_children_and_theirs_cost_and_each_of_them_once(wb: Workbench) -> None:
    plan, scene, other, shot = (add_job(wb) for _ in range(4))
    add_children(wb, plan, scene, other)
    # both adopted it
    add_children(wb, scene, shot)
    add_children(wb, other, shot)
    add_call(wb, plan, 1, input_tokens=10, output_tokens=5)
    add_call(wb, scene, 20)
    add_call(wb, shot, 300)
    add_call(wb, shot, 4_000, currency="USD")
    add_call(wb, other, None)
    lonely = add_job(wb)

    spent = wb.usage.of_jobs([plan, scene, shot, lonely])
    assert spent[plan] == Spending(calls=5, tokens=15, cost={"CNY": 321, "USD": 4_000}, unpriced=1)
    assert spent[scene].cost == {"CNY": 320, "USD": 4_000}
    assert spent[scene].unpriced == 0
    assert spent[shot].calls == 2
    assert spent[lonely] == Spending(0, None, {}, 0)
    assert wb.jobs.get_detail(plan).spending == spent[plan]
    assert wb.usage.of_jobs([]) == {}


def test_a_node_costs_what_everything_below_it_cost_and_a_project_what_belongs_to_no_node_too(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    other = wb.create_project(samples.load("gift-of-the-magi.en"))
    character = next(n.id for n in wb.projects.tree(project).nodes if n.kind == "character")
    add_call(wb, add_job(wb, project, character), 7)
    add_call(wb, add_job(wb, project, character), None)
    add_call(wb, add_job(wb, project, project), 50)
    add_call(wb, add_job(wb, project), 900)
    add_call(wb, add_job(wb, other, other), 10_000)
    wb.projects.archive(character)

    assert wb.usage.of_node(character) == Spending(calls=2, tokens=None, cost={"CNY": 7}, unpriced=1)
    assert wb.usage.of_node(project) == Spending(calls=4, tokens=None, cost={"CNY": 957}, unpriced=1)
    listed = {p.id: (p.cost, p.unpriced) for p in wb.projects.list()}
    assert listed == {project: ({"CNY": 957}, 1), other: ({"CNY": 10_000}, 0)}


#: how a call without a price ended, and whether it may have been charged
ENDS = [
    ({"outcome": "ok"}, True),
    ({"outcome": "late"}, True),
    ({"outcome": "lost"}, True),
    ({"outcome": "sent"}, False),
    ({"outcome": "ok", "provider": "sketch"}, False),
    ({"outcome": "lost", "provider": "sketch"}, False),
    # a task that goes on: its cost is expected, and will be known
    ({"outcome": "ok", "expected_micros": 5, "capability": "video"}, False),
    ({"outcome": "error", "error_kind": "auth", "http_status": 401}, False),
    ({"outcome": "error", "error_kind": "rate_limit", "http_status": 429, "capability": "image"}, False),
    ({"outcome": "error", "error_kind": "overloaded", "http_status": 503}, False),
    ({"outcome": "error", "error_kind": "overloaded", "http_status": 503, "capability": "image"}, True),
    ({"outcome": "error", "error_kind": "unknown", "http_status": 200}, True),
    ({"outcome": "error", "error_kind": "timeout"}, True),
    ({"outcome": "error", "error_kind": "cancelled", "capability": "video"}, True),
    ({"outcome": "error", "error_kind": "network", "cost_micros": 0, "price_source": "not sent"}, False),
]


def test_what_may_have_been_charged_is_unknown_wherever_it_is_asked(wb: Workbench) -> None:
    jobs = [add_job(wb) for _ in ENDS]
    for job_id, (end, _) in zip(jobs, ENDS, strict=True):
        add_call(wb, job_id, **end)
    expected = [unknown for _, unknown in ENDS]

    spent = wb.usage.of_jobs(jobs)
    assert [bool(spent[j].unpriced) for j in jobs] == expected
    assert [not spent[j].free for j in jobs] == expected
    [total] = [r for r in wb.usage.cost_totals_by(since=0) if r.currency is None]
    assert total.unknown == sum(expected)
    with wb.database.read() as conn:
        calls = fetch(conn, CallSummary, select(*columns(CallSummary, model_call)).order_by(model_call.c.id))
    assert [c.unpriced for c in calls] == expected


def test_a_budget_counts_what_nobody_knows_the_cost_of_by_the_same_rule(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.budgets.set(1_000_000, currency="CNY", project_id=project, period="all")
    job_id = add_job(wb, project, project)
    for end, _ in ENDS:
        add_call(wb, job_id, **end)
    [state] = wb.budgets.list(project)
    # the task of 1970 is not asked about for ever
    assert state.unpriced == sum(unknown for _, unknown in ENDS) + 1
