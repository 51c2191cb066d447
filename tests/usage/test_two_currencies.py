"""What was paid in two currencies is summed up in one, at the set rate, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert, select

from workbench.api.client import Workbench
from workbench.db.schema import job, step
from workbench.db.writes import ledger
from workbench.settings import Settings
from workbench.usage import money

CHAT = {"messages": [{"content": "Hello"}]}


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


@pytest.fixture
def job_id(wb: Workbench) -> int:
    made = wb.submit("llm_chat", params=CHAT).id
    with wb.database.write() as conn:
        money.set_rate(conn, "7.5")
        for place, name in enumerate(("one", "two")):
            row = {"job_id": made, "name": name, "position": place, "state": "sent", "input_hash": "h"}
            conn.execute(insert(step).values(row | {"created_at": 1, "updated_at": 1}))
    return made


def call(conn: Connection, job_id: int, name: str, cost: int | None, currency: str | None) -> None:
    row = ledger.open_call(
        conn,
        ledger.NewCall(
            call_id=f"{name} {cost} {currency}", purpose="generate", capability="video", provider="p", model="m",
            profile_id=None, job_id=job_id, step=name,
        ),
    )  # fmt: skip
    ended = ledger.Settlement(outcome="ok", model="m", latency_ms=1, cost_micros=cost, currency=currency)
    ledger.settle_call(conn, row, ended)
    money.add_to_job(conn, job_id, input_tokens=1, output_tokens=1, cost_micros=cost, currency=currency)


def costs(wb: Workbench, job_id: int) -> tuple[int | None, str | None, dict[str, int | None]]:
    """The job's cost, its currency, and each step's cost."""
    with wb.database.read() as conn:
        steps = conn.execute(select(step.c.name, step.c.cost_micros).where(step.c.job_id == job_id)).all()
        cost, currency = conn.execute(select(job.c.cost_micros, job.c.currency).where(job.c.id == job_id)).one()
    return cost, currency, {name: micros for name, micros in steps}


def price(wb: Workbench, job_id: int) -> None:
    with wb.database.write() as conn:
        for name in ("one", "two"):
            money.price_step(conn, job_id, name)


def test_a_step_that_paid_in_two_currencies_costs_what_it_does_in_its_jobs(wb: Workbench, job_id: int) -> None:
    with wb.database.write() as conn:
        call(conn, job_id, "one", 1_000_000, "CNY")
        call(conn, job_id, "one", 2_000_000, "USD")
        call(conn, job_id, "one", None, None)
        call(conn, job_id, "two", 200_000, "USD")
    price(wb, job_id)
    assert costs(wb, job_id) == (17_500_000, "CNY", {"one": 16_000_000, "two": 1_500_000})


def test_a_job_that_counts_in_dollars_has_steps_in_dollars(wb: Workbench, job_id: int) -> None:
    with wb.database.write() as conn:
        call(conn, job_id, "one", 1_000_000, "USD")
        call(conn, job_id, "two", 3_000_000, "CNY")
        call(conn, job_id, "two", 100_000, "USD")
    price(wb, job_id)
    assert costs(wb, job_id) == (1_500_000, "USD", {"one": 1_000_000, "two": 500_000})


def test_what_nobody_knows_is_no_cost_and_what_was_free_is_none(wb: Workbench, job_id: int) -> None:
    with wb.database.write() as conn:
        call(conn, job_id, "one", None, None)
        call(conn, job_id, "two", 0, None)
    price(wb, job_id)
    assert costs(wb, job_id)[2] == {"one": None, "two": 0}


def test_a_long_tasks_price_is_told_in_its_jobs_currency_and_in_its_own_when_it_is_the_first(
    wb: Workbench, job_id: int
) -> None:
    with wb.database.write() as conn:
        call(conn, job_id, "one", None, None)
        money.price_task(conn, job_id, "one", cost_micros=2_000_000, currency="USD")
    assert costs(wb, job_id)[2] == {"one": 2_000_000, "two": None}
    with wb.database.write() as conn:
        money.add_to_job(conn, job_id, input_tokens=None, output_tokens=None, cost_micros=2_000_000, currency="USD")
        call(conn, job_id, "two", None, None)
        money.price_task(conn, job_id, "two", cost_micros=3_000_000, currency="CNY")
    assert costs(wb, job_id)[2] == {"one": 2_000_000, "two": 400_000}
