"""A plan's price beside what its budgets have left, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from workbench import samples
from workbench.api.client import Workbench
from workbench.errors import BudgetExceeded
from workbench.i18n import translate
from workbench.settings import Settings

PRICES = {"prices": {"*": {"currency": "USD", "input": 100, "output": 400, "image": 0.1}}}


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_story(wb: Workbench, **params: object) -> int:
    service = {"base_url": "http://127.0.0.1:9/v1", "text_model": "m", "image_model": "p", "key": "sk-canary0123456789"}
    wb.profiles.add("mine", "openai", **service, params=params or PRICES)
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.projects.set_profile(project, "mine")
    return project


def test_a_plan_that_costs_more_than_is_left_starts_nothing_unless_it_is_meant(wb: Workbench) -> None:
    project = add_story(wb)
    forecast = wb.plans.build(project).forecast(grow=True)
    # the budget is in the other currency
    wb.budgets.set_exchange_rate("7")
    exactly = forecast.cost["USD"] * 7
    wb.budgets.set(exactly - 1, currency="CNY")
    with pytest.raises(BudgetExceeded) as refused:
        wb.plans.run(project, grow=True)
    assert f"{exactly / 1_000_000:,.2f} CNY" in str(refused.value)
    assert f"{exactly / 1_000_000:,.2f} CNY" in translate(refused.value.text, "zh")
    assert wb.jobs.list() == []

    assert wb.plans.run(project).kind == "run_plan"
    [alone] = wb.jobs.list()
    wb.jobs.cancel(alone.id)
    wb.budgets.set(exactly, currency="CNY")
    second = wb.plans.run(project, grow=True)
    wb.jobs.cancel(second.id)
    wb.budgets.set(1, currency="CNY")
    assert wb.plans.run(project, grow=True, beyond_budget=True).id > second.id


def test_of_several_budgets_the_one_that_leaves_least_counts_and_others_stories_are_not_asked(wb: Workbench) -> None:
    project = add_story(wb)
    other = wb.create_project(samples.load("gift-of-the-magi.en"))
    wb.budgets.set(1, currency="USD", project_id=other)
    wb.budgets.set(9_000_000, currency="USD", project_id=project, period="all")
    wb.budgets.set(50_000_000, currency="CNY")
    outlooks = wb.budgets.list_outlooks(project, {"USD": 8_000_000})
    assert [(o.state.currency, o.needed_micros, o.beyond) for o in outlooks] == [
        ("CNY", 57_600_000, True),
        ("USD", 8_000_000, False),
    ]


def test_an_unknown_price_is_never_free(wb: Workbench) -> None:
    project = add_story(wb, timeout_s=60)
    plan = wb.plans.build(project)
    assert (plan.unpriced, plan.growth.unpriced) == (1, 258 - 36)  # but the lengths of 36 scenes cost nothing
    assert plan.forecast(grow=True).unpriced == 259 - 36
    wb.budgets.set(5_000_000, currency="CNY")
    [fits] = wb.budgets.list_outlooks(project, plan.cost, plan.unpriced)
    assert (fits.beyond, fits.unpriced) == (False, 1)
    used_up = replace(fits, state=replace(fits.state, spent_micros=5_000_000))
    assert used_up.beyond
    assert not replace(used_up, unpriced=0).beyond
    assert "1 jobs more have no known price" in used_up.describe()
