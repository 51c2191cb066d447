"""Budgets on pages: the warning at 80 and 95 %, what stopped at 100 % and how to go on, and how the month is going."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

import streamlit as st

from workbench.db.rows.usage import UsageCost
from workbench.i18n import translate
from workbench.ui import charts, formats, live
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.usage import budgets, money

MICROS = 1_000_000


def warn(project: int | None) -> None:
    """The fullest budget that this project's calls count against, from its first mark on."""
    states = live.query(live.workbench().budgets.list, project)
    fullest = max(states, key=lambda s: s.percent, default=None)
    if fullest is None or not fullest.mark:
        return
    sentence = plain(translate(fullest.describe(), current()))
    if fullest.used_up:
        sentence += " " + t("Nothing paid begins until it is raised; jobs that wait for it then go on by themselves.")
    show = st.error if fullest.used_up else st.warning
    with st.container(key="budget_warning"):
        show(f"{sentence} [{t('Open the budgets')}](/settings)", icon=":material/savings:")


def ask(project: int | None, cost: Mapping[str, int], unpriced: int, key: str) -> bool | None:
    """Say what the tightest budget has left for jobs of this price. Where it will not do, ask whether to launch all the
    same; None where it will.

    `unpriced`: jobs of no known price, which are not in `cost` (micros by currency).
    """
    return ask_for_projects({project: (cost, unpriced)}, key)


def ask_for_projects(prices: Mapping[int | None, tuple[Mapping[str, int], int]], key: str) -> bool | None:
    """The same for jobs of several projects: each project's own budgets, and those for everything with the sum of all.

    `prices`: project → what its jobs cost, and how many more have no known price.
    """
    together = Counter[str]()
    for cost, _ in prices.values():
        together.update(cost)
    unpriced = sum(n for _, n in prices.values())
    if not unpriced and not any(together.values()):
        return None
    list_outlooks = live.workbench().budgets.list_outlooks
    outlooks = live.query(list_outlooks, None, dict(together), unpriced)
    for project, (cost, n) in prices.items():
        own = live.query(list_outlooks, project, dict(cost), n)
        outlooks = [*outlooks, *(o for o in own if o.state.project_id is not None)]
    if not outlooks:
        return None
    outlooks = sorted(outlooks, key=lambda o: (not o.beyond, o.state.rest_micros - o.needed_micros))
    tightest = outlooks[0]
    state = tightest.state
    if not tightest.beyond:
        st.caption(
            t("{rest} of {amount} left ({whose})", rest=formats.money(state.rest_micros, state.currency),
              amount=formats.money(state.amount_micros, state.currency),
              whose=plain(translate(state.describe_scope(), current())))
        )  # fmt: skip
        return None
    with st.container(key=f"beyond_{key}"):
        sentence = plain(translate(tightest.describe(), current()))
        st.warning(f"{sentence} [{t('Open the budgets')}](/settings)", icon=":material/savings:")
        return st.checkbox(
            t("Launch all the same: what the budget does not cover waits until it is raised"), key=f"beyond_ok_{key}"
        )


def lines(project: int | None, colours: charts.Palette, say_wider: Callable[[], None]) -> None:
    """Each budget that the scope counts against: used so far, at this pace, and the lines at 80, 95 and 100 %.
    `say_wider`: says on its card which filters it does not follow."""
    courses = live.query(live.workbench().budgets.list_courses, project)
    if not courses:
        with charts.card(t("Budget"), "", "budget_card"), st.container(horizontal=True):
            st.caption(t("There is no budget: jobs spend what they need."), width="content")
            st.page_link("pages/settings.py", label=t("Open the budgets"), icon=":material/savings:")
        return
    titles = {p.id: p.title for p in live.query(live.workbench().projects.list_names, include_archived=True)}
    columns = st.columns(min(len(courses), 2), gap="small")
    for index, course in enumerate(courses):
        state = course.state
        key = f"budget_{state.key.replace(':', '_')}"
        whose = plain(whose_in_words(state, titles))
        with (
            columns[index % 2],
            charts.card(t("Budget"), t("{currency}, days in UTC", currency=plain(state.currency)), f"{key}_card"),
        ):
            _show_course(course, whose)
            say_wider()
            charts.show(_chart(course, colours), f"{key}_chart", t("Budget: {whose}", whose=whose))


def whose_in_words(state: budgets.State, titles: Mapping[int, str]) -> str:
    """“All projects, each month”, “The Salt Lighthouse · in all”."""
    if state.project_id is None:
        return t("All projects, each month")
    title = titles.get(state.project_id, f"#{state.project_id}")
    return f"{title} · {t('each month') if state.period == 'month' else t('in all')}"


def _show_course(course: budgets.Course, whose: str) -> None:
    state = course.state
    facts = [
        t(
            "{spent} of {amount} used ({percent} %)",
            spent=formats.money(state.spent_micros, state.currency),
            amount=formats.money(state.amount_micros, state.currency),
            percent=round(state.percent),
        )
    ]
    if state.under_way_micros:
        facts.append(
            t("{amount} held for calls under way", amount=formats.money(state.under_way_micros, state.currency))
        )
    if course.pace is not None:
        facts.append(t("at this pace {amount} by the end of the month",
            amount=formats.money(round(course.pace), state.currency)))  # fmt: skip
    if state.unpriced:
        facts.append(t("{n} calls have no known price and are not in it.", n=state.unpriced))
    st.markdown(f"{whose}  \n:gray[{plain(' · '.join(facts))}]")


def _chart(course: budgets.Course, colours: charts.Palette) -> Any:
    state = course.state
    amount = state.amount_micros / MICROS
    spent = [m / MICROS for m in course.spent]
    ahead = len(course.days) - len(spent)
    pace: list[float | None] = []
    if course.pace is not None and ahead:
        step = (course.pace / MICROS - spent[-1]) / ahead
        pace = [None] * (len(spent) - 1) + [spent[-1] + step * i for i in range(ahead + 1)]
    figure = charts.draw_budget(
        [formats.day(d, current(), UTC) for d in course.days],
        (t("Spent so far"), spent),
        (t("At this pace"), pace),
        {f"{m} %": (amount * m / 100, colours.red if m == 100 else colours.orange) for m in budgets.MARKS},
        colours,
    )
    figure.update_yaxes(tickprefix=formats.SYMBOLS[state.currency])
    return figure


@dataclass(frozen=True)
class DayCost:
    """What one day (its first moment, epoch ms, UTC) cost in micros of one currency."""

    day: int
    cost_micros: int


def by_day(rows: Sequence[UsageCost], into: str = "CNY") -> list[DayCost]:
    """One row for each day of costs by day and currency, brought to one currency by the set rate."""
    yuan = live.query(live.workbench().budgets.exchange_rate)
    sums: dict[int, int] = {}
    for row in rows:
        if row.cost_micros and row.currency and row.day is not None:
            brought = money.convert(int(row.cost_micros), row.currency, into, yuan)
            sums[row.day] = sums.get(row.day, 0) + brought
    return [DayCost(day, micros) for day, micros in sorted(sums.items())]
