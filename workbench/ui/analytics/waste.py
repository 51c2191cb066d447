"""Waste: what was paid and not used, by cause, with what helps; a chosen cause opens its calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import streamlit as st

from workbench.api.usage import Cause
from workbench.db.rows.waste import GroupWaste, Waste
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.plain_text import cell
from workbench.story.spending import By
from workbench.ui import charts, filters, formats, job_links, labels, live, older
from workbench.ui.analytics.plots import MOST_BARS
from workbench.ui.analytics.spending import (
    MICROS,
    draw_bars,
    in_yuan,
    list_groups,
    mark_group,
    name_group,
    title_by,
    unit,
)
from workbench.ui.analytics.window import Window
from workbench.ui.jobs import calls_table
from workbench.ui.language import current, t
from workbench.ui.markup import plain

#: cause → (why, what helps)
WORDS: dict[Cause, tuple[str, str]] = {
    "invalid": (N_("Answer broke its schema or checks"), N_("Longer answers, or another model")),
    "job_failed": (N_("Good answer, but its job failed"), N_("Retry: what is finished is taken over")),
    "error": (N_("Failed after it was charged"), N_("See the failures' causes in Debug")),
    "cancelled": (N_("Cancelled after the call was sent"), N_("Try one before all")),
    "lost": (N_("Paid again after a crash"), N_("Let workers end by themselves")),
    "superseded": (N_("Replaced within an hour, never used"), N_("Pick before you run what follows")),
}
_LINKS = 6
_COLUMNS = ("when", "state", "workflow", "step", "model", "in", "out", "latency", "cost")


def draw(window: Window, colours: charts.Palette) -> None:
    scope, since, until = window.scope, window.since, window.until
    rows, before = window.compare(live.workbench().usage.waste)
    by_cause: dict[str, list[Waste]] = defaultdict(list)
    for row in rows:
        by_cause[row.cause].append(row)
    causes: list[Cause] = sorted(
        (c for c in WORDS if c in by_cause), key=lambda c: (-sum(r.cost_micros for r in by_cause[c]), c)
    )
    told = t("{amount}, the period before {before}", amount=_money(rows), before=_money(before))
    with charts.card(t("Waste: paid, then not used"), plain(told), "waste_card"):
        if not causes:
            st.caption(t("Nothing that was paid was lost in this period."))
            return
        calls = sum(r.calls for r in rows)
        table = [
            {
                t("Why"): t(WORDS[c][0]),
                t("Mostly in"): _mostly(by_cause[c]),
                t("Calls"): sum(r.calls for r in by_cause[c]),
                t("Cost"): _money(by_cause[c]),
                t("Period before"): _money([r for r in before if r.cause == c]),
                t("Share of calls"): sum(r.calls for r in by_cause[c]) / calls,
                t("What helps"): t(WORDS[c][1]),
            }
            for c in causes
        ]
        share = st.column_config.ProgressColumn(t("Share of calls"), format="percent", max_value=1)
        st.dataframe(table, hide_index=True, row_height=34, key="waste", column_config={t("Share of calls"): share})
        for cause in filters.pills("waste", t("Calls behind this waste"), {c: t(WORDS[c][0]) for c in causes}):
            _calls(next(c for c in causes if c == cause), scope, since, until)
    titles = list_groups()
    with st.container(key="waste_by"):
        options: dict[str, str] = {"day": t("Day")} | {name: title for name, title in titles.items()}
        chosen = filters.segment("waste_by", t("Waste by"), options, "day")
    by = next((name for name in titles if name == chosen), None)
    if by is None:
        _by_day(window, colours)
    else:
        _by_group(window, by, titles[by], colours)


def _by_day(window: Window, colours: charts.Palette) -> None:
    sums: dict[int, dict[str, int]] = defaultdict(dict)
    calls = Counter[int]()
    for row in window.by_day(live.workbench().usage.waste_by_day):
        calls[row.day] += row.calls
        if row.currency:
            sums[row.day][row.currency] = row.cost_micros
    values = [in_yuan(sums.get(day, {})) / MICROS for day in window.days]

    def draw() -> Any:
        figure = charts.stack(window.day_labels, {t("Waste"): values}, colours, 200)
        figure.update_traces(marker={"color": colours.orange})
        charts.add_limits(figure, {}, max(values, default=0))
        return figure

    def list_rows() -> list[dict[str, Any]]:
        return [
            {t("Day"): label, t("Calls"): calls[day], t("Cost"): formats.sums(sums.get(day, {}))}
            for day, label in zip(window.days, window.day_labels, strict=True)
        ]

    charts.panel(t("Waste by day"), "¥", "waste_days", draw, list_rows, window.pick_day, window.key)


def _by_group(window: Window, by: By, title: str, colours: charts.Palette) -> None:
    """The dearest as bars, all as a table; a click narrows the page to one and opens its wasted calls."""
    now, before = window.compare(live.workbench().usage.waste_by, by)
    shown = sorted(now, key=lambda row: (-in_yuan(row.cost), -row.calls))[:MOST_BARS]
    earlier = {row.key: row for row in before}

    def draw() -> Any:
        return draw_bars([(name_group(row, by), row.cost) for row in shown], t("Waste"), colours.orange, colours)

    def list_rows() -> list[dict[str, Any]]:
        return [
            {
                title: cell(name_group(row, by)),
                t("Calls"): row.calls,
                t("Cost"): _told(row),
                t("Period before"): _told(earlier[row.key]) if row.key in earlier else "—",
                t("Mostly why"): t(WORDS[next(c for c in WORDS if c == row.causes[0])][0]),
            }
            for row in now
        ]

    def pick(index: int) -> None:
        if index < len(shown) and (key := shown[index].key) is not None:
            mark_group(by, key)
            st.query_params["waste"] = ",".join(shown[index].causes)

    charts.panel(
        title_by(N_("Waste by {what}"), title), unit(), "waste_groups", draw, list_rows, pick, f"{by}_{window.key}"
    )


def _told(row: GroupWaste) -> str:
    return formats.price({c: micros for c, micros in row.cost.items() if micros}, row.unpriced, current())


def _calls(cause: Cause, scope: JsonObject, since: int, until: int) -> None:
    name = f"wasted_{cause}"
    listed = live.query(
        live.workbench().usage.list_wasted, cause, since=since, until=until, limit=calls_table.PAGE + 1,
        before=older.before(name), **scope,
    )  # fmt: skip
    st.markdown(f"**{t(WORDS[cause][0])}** :gray[{calls_table.tell_page(name, listed)}]")
    rows = older.turn(name, listed, calls_table.PAGE)
    call = calls_table.draw(rows, name, _COLUMNS, 260)
    # the chosen one's job first; a table drawn on a canvas is no way for everybody
    jobs = [c.job_id for c in ([call] if call else []) + rows if c.job_id is not None]
    with st.container(horizontal=True, gap="small"):
        for job_id in list(dict.fromkeys(jobs))[:_LINKS]:
            st.page_link(
                job_links.PAGE, label=plain(t("Open job {id}", id=job_id)), icon=":material/arrow_outward:",
                query_params=job_links.query(job_id), width="content",
            )  # fmt: skip


def _mostly(rows: list[Waste]) -> str:
    most = max(rows, key=lambda r: (r.cost_micros, r.calls))
    return labels.workflow_title(most.workflow) if most.workflow else "—"


def _money(rows: list[Waste]) -> str:
    """Each currency for itself; what nobody knows is said beside it."""
    sums = Counter[str]()
    for row in rows:
        if row.currency:
            sums[row.currency] += row.cost_micros
    told = [formats.cost(micros, currency, current()) for currency, micros in sorted(sums.items()) if micros]
    if sum(r.unpriced for r in rows):
        told.append("?" if told else t("unknown"))
    return " + ".join(told) or "—"
