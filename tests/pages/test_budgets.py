"""Budgets on other pages: the warning, the lines of Analytics, the sums of a day."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tests.pages.conftest import House
from tests.pages.test_analytics import click, metric
from tests.providers.conftest import KEY
from tests.records import record
from tests.scripted_provider import ScriptedProvider
from workbench.db.connection import db_now_ms
from workbench.db.rows.usage import UsageCost
from workbench.db.schema import model_call
from workbench.errors import BudgetExceeded
from workbench.ui import budgets


@pytest.fixture
def server() -> object:
    with ScriptedProvider() as made:
        yield made


@pytest.mark.parametrize(("lang", "told"), [("en", "of the budget is used"), ("zh", "预算已使用")])
def test_a_budget_that_runs_out_is_said_in_the_studio(
    house: House, server: ScriptedProvider, lang: str, told: str
) -> None:
    project = house.sample()
    prices = {"prices": {"*": {"currency": "CNY", "input": 1_000, "output": 1_000}}}
    house.wb.profiles.add("mine", "openai", base_url=server.url, text_model="m", key=KEY, params=prices)
    house.run("llm_chat", None, {"messages": [{"role": "user", "content": "hello"}]}, profile="mine")
    house.wb.budgets.set(1, currency="CNY")
    with pytest.raises(BudgetExceeded):
        house.wb.submit("plan_episodes", project, {}, profile="mine")
    at = house.page("studio", lang, project=project, node=project)
    assert any(told in e.value for e in at.error)


@pytest.mark.parametrize(
    ("lang", "told"),
    [("en", "¥90.00 of ¥100.00 used (90 %)"), ("zh", "已用 ¥90.00 / ¥100.00（90 %）")],
)
def test_analytics_draws_each_budget_with_its_lines(house: House, lang: str, told: str) -> None:
    """Sums of both currencies by the set rate; the scope of one project leaves out the budgets of others."""
    mine, other = house.sample(), house.sample()
    spend(house, mine, 20_000_000, "CNY")
    spend(house, other, 10_000_000, "USD")
    house.wb.budgets.set_exchange_rate("7")
    house.wb.budgets.set(100_000_000, currency="CNY")
    house.wb.budgets.set(40_000_000, currency="CNY", project_id=mine, period="all")
    house.wb.budgets.set(40_000_000, currency="CNY", project_id=other)

    at = house.page("analytics", lang)
    assert not at.exception
    assert any(told in m.value.replace("\\", "") for m in at.markdown)
    cost = at.metric[0]
    assert (cost.value, cost.delta) == ("¥20.00", "+ $10.00")

    figures = [json.loads(f.proto.spec) for f in at.get("plotly_chart")]
    lines = [[t["y"][0] for t in f["data"][:3]] for f in figures if len(f["data"]) == 5]
    assert lines == [[32, 38, 40], [32, 38, 40], [80, 95, 100]]  # by column; the fullest first: 175, 90, 50 %

    at = house.page("analytics", lang, project=mine)
    figures = [json.loads(f.proto.spec) for f in at.get("plotly_chart")]
    assert [f["data"][4]["y"][-1] for f in figures if len(f["data"]) == 5] == [90, 20]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_budgets_course_has_a_table_and_leads_to_its_calls(
    house: House, monkeypatch: pytest.MonkeyPatch, lang: str
) -> None:
    mine, other = house.sample(), house.sample()
    spend(house, mine, 20_000_000, "CNY")
    spend(house, other, 5_000_000, "CNY")
    house.wb.budgets.set(40_000_000, currency="CNY", project_id=mine, period="all")
    key = f"budget_project_{mine}_all"
    at = house.page("analytics", lang, model="m", user="nobody")
    at.toggle(key=f"{key}_as_table").set_value(True).run()
    assert not at.exception
    [table] = [d.value for d in at.dataframe if {"Spent so far", "已花费"} & {*d.value.columns}]
    assert len(table) == 30
    assert [*table.iloc[0, 1:]] == ["¥20.00", "¥20.00", "50.0%"]
    assert [*table.iloc[1, 1:]] == ["¥0.00", "¥0.00", "0.0%"]

    at.button(key=f"{key}_calls").click().run()
    assert not at.exception
    assert {"model", "user"} & {*at.query_params} == set()
    assert at.query_params["project"] == str(mine)
    assert metric(at, "Cost" if lang == "en" else "费用").value == "¥20.00"
    # a click on the day on which it was paid, the last of those that have begun; and on one on which nothing was
    for day, cost in ((29, "¥20.00"), (3, "—")):
        at = click(house, monkeypatch, key, day, lang)
        assert not at.exception
        first = datetime.strptime(at.query_params["from"], "%Y-%m-%dT%H:%MZ")
        assert datetime.strptime(at.query_params["to"], "%Y-%m-%dT%H:%MZ") - first == timedelta(days=1)
        shown = [m.value for m in at.metric if m.label in ("Cost", "费用")]
        assert shown == ([cost] if day == 29 else [])


def spend(house: House, project: int, micros: int, currency: str) -> None:
    with house.wb.database.write() as conn:
        conn.execute(
            model_call.insert().values(
                call_id=f"spent-{project}", purpose="generate", provider="x", model="m", capability="text",
                outcome="ok",
                started_at=db_now_ms(), project_id=project, cost_micros=micros, currency=currency,
            )
        )  # fmt: skip


def test_a_sparkline_adds_both_currencies_of_a_day(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.wb.budgets.set_exchange_rate("8")
    costs = [(0, "CNY", 5), (0, "USD", 2), (0, None, None), (1, "USD", 1)]
    rows = [record(UsageCost, day=day, currency=currency, cost_micros=micros) for day, currency, micros in costs]
    assert budgets.by_day(rows) == [budgets.DayCost(0, 21), budgets.DayCost(1, 8)]
