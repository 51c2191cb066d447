"""How budgets are used, day by day, with the lines at 80, 95 and 100 %; a click leads to the calls of a day."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import streamlit as st

from workbench.periods import DAY_MS
from workbench.ui import charts, formats, live
from workbench.ui.analytics import window
from workbench.ui.analytics.window import Window
from workbench.ui.budgets import whose_in_words
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.usage import budgets

MICROS = 1_000_000


def draw(looked_at: Window, colours: charts.Palette) -> None:
    """Each budget that the scope counts against: used so far and at this pace."""
    project: int | None = looked_at.scope["project"]
    courses = live.query(live.workbench().budgets.list_courses, project)
    if not courses:
        with charts.card(t("Budget"), "", "budget_card"), st.container(horizontal=True):
            st.caption(t("There is no budget: jobs spend what they need."), width="content")
            st.page_link("pages/settings.py", label=t("Open the budgets"), icon=":material/savings:")
        return
    titles = {p.id: p.title for p in live.query(live.workbench().projects.list_names, include_archived=True)}
    columns = st.columns(min(len(courses), 2), gap="small")
    for index, course in enumerate(courses):
        with columns[index % 2]:
            _draw_one(course, plain(whose_in_words(course.state, titles)), looked_at, colours)
    known = live.query(live.workbench().budgets.list, project, everything=project is None)
    if len(known) > len(courses):
        with st.container(horizontal=True, key="more_budgets"):
            st.caption(t("The {n} fullest of {all} budgets", n=len(courses), all=len(known)), width="content")
            st.page_link("pages/settings.py", label=t("Open the budgets"), icon=":material/savings:")


def _draw_one(course: budgets.Course, whose: str, looked_at: Window, colours: charts.Palette) -> None:
    state = course.state
    key = f"budget_{state.key.replace(':', '_')}"

    def pick(index: int) -> None:
        # nothing has been paid on the days to come
        if index < len(course.spent):
            window.show_stretch(course.days[index], course.days[index] + DAY_MS, state.project_id)

    def say() -> None:
        _show_course(course, whose)
        looked_at.say_wider("project")
        st.button(
            t("Calls of this budget"), key=f"{key}_calls", icon=":material/list_alt:", type="tertiary",
            on_click=window.show_stretch, args=(course.since, course.days[-1] + DAY_MS, state.project_id),
        )  # fmt: skip

    charts.panel(
        t("Budget"),
        t("{currency}, days in UTC", currency=plain(state.currency)),
        key,
        lambda: _chart(course, colours),
        lambda: _list_rows(course),
        pick,
        state.key,
        above=say,
        alt=t("Budget: {whose}", whose=whose),
    )


def _list_rows(course: budgets.Course) -> list[dict[str, Any]]:
    """The newest day first."""
    state = course.state
    rows = [
        {
            t("Day"): formats.day(day, current(), UTC),
            t("Spent that day"): formats.money(spent - before, state.currency),
            t("Spent so far"): formats.money(spent, state.currency),
            t("Share of the budget"): formats.percent(spent / state.amount_micros),
        }
        for day, spent, before in zip(course.days, course.spent, [course.before, *course.spent], strict=False)
    ]
    return rows[::-1]


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
