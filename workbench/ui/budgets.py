"""Budgets on pages: the warning at 80 and 95 %, what stopped at 100 % and how to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.db.rows.usage import UsageCost
from workbench.i18n import translate
from workbench.ui import formats, live
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.usage import budgets, money


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


def whose_in_words(state: budgets.State, titles: Mapping[int, str]) -> str:
    """“All projects, each month”, “The Salt Lighthouse · in all”."""
    if state.project_id is None:
        return t("All projects, each month")
    title = titles.get(state.project_id, f"#{state.project_id}")
    return f"{title} · {t('each month') if state.period == 'month' else t('in all')}"


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
