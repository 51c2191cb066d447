"""What it cost: by day beside what budgets and rules allow in one, the month to come, and by whom and what for."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from workbench import periods
from workbench.db.rows.usage import GroupSpending, UsageCost
from workbench.db.rows.waste import GroupWaste
from workbench.errors import InvalidInput
from workbench.i18n import N_
from workbench.plain_text import cell
from workbench.story.spending import By
from workbench.ui import charts, filters, formats, job_links, labels, live, states
from workbench.ui.analytics.plots import MOST_BARS
from workbench.ui.analytics.window import Window, mark
from workbench.ui.jobs import board
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.usage import money

MICROS = 1_000_000
RUNS = "run"
#: what starts many other jobs; the dearest so many of them are shown
RUN_KINDS = ("run_plan", "run_workflow_supervisor", "run_episode_creation_agent")
MOST_RUNS = 50
#: the run whose bar was clicked on: a callback may not turn to another page
_CLICKED = "_run_clicked"


def in_yuan(sums: Mapping[str, int]) -> int:
    """By the set rate: two currencies have one axis."""
    rate = live.query(live.workbench().budgets.exchange_rate)
    return sum(money.convert(micros, currency, "CNY", rate) for currency, micros in sums.items())


def unit() -> str:
    """Of an axis on which both currencies stand."""
    return t("¥, a dollar at {rate}", rate=f"{live.query(live.workbench().budgets.exchange_rate):f}")


def draw_by_day(window: Window, colours: charts.Palette) -> None:
    """Cost by day, with a line for what each month's budget allows in a day, and for each rule about a day."""
    rows = window.by_day(live.workbench().usage.cost_totals_by, "day")
    by_day: dict[int, list[UsageCost]] = defaultdict(list)
    for row in rows:
        if row.day is not None:
            by_day[row.day].append(row)
    values = [in_yuan(board.sums_of(by_day[day])) / MICROS for day in window.days]
    lines = _lines(window, colours)
    forecast = live.query(live.workbench().budgets.forecast_month, window.scope["project"], time_zone=window.zone)

    def draw() -> Any:
        figure = charts.stack(window.day_labels, {t("Cost"): values}, colours)
        charts.add_limits(figure, lines, max(values, default=0))
        return figure

    def list_rows() -> list[dict[str, Any]]:
        return [
            {t("Day"): label, t("Cost"): board.money_of(by_day[day])}
            for day, label in zip(window.days, window.day_labels, strict=True)
        ]

    charts.panel(t("Cost by day"), unit(), "spending", draw, list_rows, window.pick_day, window.key)
    end = formats.day(forecast.until - 1, current(), ZoneInfo(window.zone))
    with st.container(border=True, key="month_card"):
        st.markdown(
            f"**{t('This month')}** &nbsp; "
            + t(
                "{spent} so far, {expected} by {day} if it goes on as in the last two weeks",
                spent=_plain_sums(forecast.spent, forecast.unpriced),
                expected=_plain_sums(forecast.expected, forecast.unpriced),
                day=end,
            )
        )
        window.say_wider("project")


def _plain_sums(sums: Mapping[str, int], unpriced: int) -> str:
    return plain(formats.price(sums, unpriced, current()))


def _lines(window: Window, colours: charts.Palette) -> dict[str, tuple[float, str]]:
    """Name → (yuan a day, colour)."""
    project = window.scope["project"]
    # a month's budget is of the month in UTC
    today = periods.day_of(live.clock_ms(), UTC)
    days = calendar.monthrange(today.year, today.month)[1]
    found: dict[str, tuple[float, str]] = {}
    for state in live.query(live.workbench().budgets.list, project):
        if state.period == "month":
            amount = in_yuan({state.currency: state.amount_micros}) / days / MICROS
            found[t("budget")] = (min(amount, found.get(t("budget"), (amount, ""))[0]), colours.red)
    for rule in live.query(live.workbench().alerts.list_rules):
        if rule.kind == "spend_day" and rule.enabled and rule.project_id in (None, project):
            amount = in_yuan({rule.currency or "CNY": rule.threshold}) / MICROS
            found[t("rule")] = (min(amount, found.get(t("rule"), (amount, ""))[0]), colours.orange)
    return found


def list_groups() -> dict[By, str]:
    """What cost and waste are told by, beside the day, with its title."""
    return {
        "project": t("Project"),
        "episode": t("Episode"),
        "scene": t("Scene"),
        "workflow": t("Workflow"),
        "model": t("Model"),
        "profile": t("Model profile"),
        "user": t("Person"),
    }


def title_by(sentence: str, title: str) -> str:
    """A sentence with {what} in it, filled in with what a chart is told by."""
    return t(sentence, what=title.lower() if current() == "en" else title)


def mark_group(by: By, key: int | str) -> None:
    """Narrow the page to the one that was clicked on."""
    mark({"episode": "node", "scene": "node", "workflow": "kind"}.get(by, by), key)


def draw_groups(window: Window, colours: charts.Palette) -> None:
    """Cost by project, episode, scene, workflow, model, profile or person, or of each run of many jobs."""
    titles = list_groups()
    options: dict[str, str] = {by: title for by, title in titles.items()}
    options[RUNS] = t("Plan run")
    with st.container(key="cost_by"):
        chosen = filters.segment("by", t("Cost by"), options, "project")
    if chosen == RUNS:
        draw_runs(window, colours)
        return
    by = next(name for name in titles if name == chosen)
    try:
        now, before = window.compare(live.workbench().usage.spending_by, by)
    except InvalidInput as error:
        st.caption(plain(labels.error_text(error)))
        return
    # what cost nothing is in the table alone
    shown = [row for row in now if any(row.spent.cost.values())]
    shown = sorted(shown, key=lambda row: -in_yuan(row.spent.cost))[:MOST_BARS]
    earlier = {row.key: row.spent for row in before}

    def draw() -> Any:
        return draw_bars([(name_group(row, by), row.spent.cost) for row in shown], t("Cost"), colours.primary, colours)

    def list_rows() -> list[dict[str, Any]]:
        return [
            {
                titles[by]: cell(name_group(row, by)),
                t("Calls"): row.spent.calls,
                t("Tokens"): formats.number(row.spent.tokens, current()),
                t("Cost"): formats.spent(row.spent, current()),
                t("Period before"): formats.spent(earlier[row.key], current()) if row.key in earlier else "—",
            }
            for row in now
        ]

    def pick(index: int) -> None:
        if index < len(shown) and (key := shown[index].key) is not None:
            mark_group(by, key)

    title = title_by(N_("Cost by {what}"), titles[by])
    charts.panel(title, unit(), "cost", draw, list_rows, pick, f"{by}_{window.key}")


def draw_bars(rows: Sequence[tuple[str, Mapping[str, int]]], series: str, colour: str, colours: charts.Palette) -> Any:
    """A bar for each name and its micros by currency, as long as both come to in yuan."""
    values = [in_yuan(sums) / MICROS for _, sums in rows]
    ends = [" + ".join(formats.short_amounts(sums, current())) for _, sums in rows]
    names = _tell_apart([_shorten(name) for name, _ in rows])
    figure = charts.bars(names, {series: (values, colour, "")}, ends, colours, 290)
    figure.update_layout(margin_r=130, showlegend=False)
    return figure


def draw_runs(window: Window, colours: charts.Palette) -> None:
    """The dearest plans and conductors that were started in this time, each with all that it started."""
    workflow = window.scope["workflow"]
    kinds = (workflow,) if workflow in RUN_KINDS else RUN_KINDS
    if unheeded := window.list_unheeded("project", *(["workflow"] if workflow in RUN_KINDS else [])):
        told = t("A plan run is counted whole. To see it, take these filters away: {filters}.",
                 filters=plain(labels.join(unheeded)))  # fmt: skip
        st.caption(told)
        return
    if clicked := st.session_state.pop(_CLICKED, None):
        st.switch_page(job_links.PAGE, query_params=job_links.query(clicked))
    wb = live.workbench()
    listed = live.query(
        wb.usage.list_runs, kinds, since=window.since, until=window.until, project=window.scope["project"],
        limit=MOST_RUNS,
    )  # fmt: skip
    pruned = live.query(
        wb.usage.has_pruned_runs, kinds, since=window.since, until=window.until, project=window.scope["project"]
    )
    if pruned:
        st.caption(t("Plan runs of this time that were pruned are not listed; their cost is in all other sums."))
    if not listed:
        if not pruned:
            st.caption(t("No plan or conductor was started in this time."))
        return
    places = live.query(wb.projects.locate, node_ids=sorted({r.node_id for r in listed if r.node_id}))
    names = [f"#{run.job_id} {labels.place(places.get(run.node_id or 0))}" for run in listed]
    shown = [(name, run.spent.cost) for name, run in zip(names, listed, strict=True) if any(run.spent.cost.values())]

    def draw() -> Any:
        return draw_bars(shown[:MOST_BARS], t("Cost"), colours.primary, colours)

    def list_rows() -> list[dict[str, Any]]:
        return [
            {
                t("Plan run"): cell(name),
                t("Workflow"): labels.workflow_title(run.kind),
                t("State"): states.find(run.state).word,
                t("Part of"): f"#{run.parent_id}" if run.parent_id else "",
                t("Submitted"): labels.time_text(run.created_at),
                t("Calls"): run.spent.calls,
                t("Tokens"): formats.number(run.spent.tokens, current()),
                t("Cost"): formats.spent(run.spent, current()),
            }
            for name, run in zip(names, listed, strict=True)
        ]

    def pick(index: int) -> None:
        if index < len(shown):
            st.session_state[_CLICKED] = listed[names.index(shown[index][0])].job_id

    title = t("Cost of the {n} dearest plan runs", n=len(listed)) if len(listed) == MOST_RUNS else t("Cost by plan run")
    charts.panel(title, unit(), "cost", draw, list_rows, pick, f"{RUNS}_{window.key}")


def name_group(row: GroupSpending | GroupWaste, by: By) -> str:
    """What it is called; with its project where that is another."""
    if row.key is None:
        return t("belongs to none")
    if by == "workflow":
        return labels.workflow_title(str(row.key))
    if by == "profile" and row.title is None:
        return f"#{row.key}"
    title = row.title if row.title is not None else str(row.key)
    return f"{title} · {row.project}" if row.project else title


#: letters that have room beside a bar on a narrow screen; a CJK character is as wide as two
MOST_LETTERS = 24


def _shorten(name: str) -> str:
    wide = 0
    for index, letter in enumerate(name):
        wide += 2 if ord(letter) > 0x2E7F else 1
        if wide > MOST_LETTERS:
            return name[:index].rstrip() + "…"
    return name


def _tell_apart(names: list[str]) -> list[str]:
    """Two bars of one name would be drawn as one."""
    return [f"{name} ({names[:i].count(name) + 1})" if name in names[:i] else name for i, name in enumerate(names)]
