"""What money brought: the price of a finished scene and minute, and of an answer that can be used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import streamlit as st

from workbench.db.rows.usage import UsageCost
from workbench.json_types import JsonObject
from workbench.plain_text import cell
from workbench.ui import charts, formats, labels, live
from workbench.ui.jobs import board
from workbench.ui.language import current, t
from workbench.ui.markup import plain


def show_finished(project: int, say_wider: Callable[[], None]) -> None:
    """Of a project: what a finished scene and minute cost, and what the rest will. `say_wider`: says on the card which
    filters it does not follow."""
    made = live.query(live.workbench().usage.of_finished, project)
    told = plain(t("{n} of {all} scenes finished", n=made.scenes, all=made.known))
    with charts.card(t("What a finished scene costs"), told, "finished_card"):
        say_wider()
        if not made.scenes:
            st.caption(t("A scene is finished once all its frames are drawn."))
            return
        unpriced = made.spent.unpriced
        numbers = (
            (t("A finished scene"), formats.price(made.per_scene, unpriced, current())),
            (t("A finished minute"), formats.price(made.per_minute, unpriced, current())),
            (t("Finished so far"), formats.duration(1000 * made.seconds, current())),
            (t("The rest, at this price"), formats.price(made.rest, unpriced, current())),
        )
        for column, (label, value) in zip(st.columns(len(numbers)), numbers, strict=True):
            column.metric(label, value)


def rank(scope: JsonObject, since: int, until: int) -> None:
    """Models by workflow, those first whose answers can be used most often, with the price of one that can."""
    usage = live.workbench().usage
    groups = ("model", "workflow")
    rows = [r for r in live.query(usage.totals_by, *groups, since=since, until=until, **scope) if r.judged]
    costs: dict[tuple[str | None, str | None], list[UsageCost]] = defaultdict(list)
    for cost in live.query(usage.cost_totals_by, *groups, since=since, until=until, **scope):
        costs[cost.model, cost.workflow].append(cost)
    rows.sort(key=lambda r: (-(r.valid or 0) / (r.judged or 1), -(r.judged or 0), str(r.model), str(r.workflow)))
    if not rows:
        return
    table = [
        {
            t("Model"): cell(r.model),
            t("Workflow"): labels.workflow_title(r.workflow) if r.workflow else "—",
            t("Answers judged"): r.judged,
            t("Valid"): (r.valid or 0) / (r.judged or 1),
            t("Price of a valid answer"): _price(costs[r.model, r.workflow], r.valid or 0),
        }
        for r in rows
    ]
    share = st.column_config.ProgressColumn(t("Valid"), format="percent", max_value=1)
    with charts.card(t("Whose answers can be used"), t("JSON that passed its checks at once"), "validity_card"):
        st.dataframe(table, hide_index=True, row_height=34, key="validity", column_config={t("Valid"): share})


def _price(rows: list[UsageCost], valid: int) -> str:
    """All that was paid, by the answers that could be used."""
    if not valid:
        return "—"
    sums = {currency: round(micros / valid) for currency, micros in board.sums_of(rows).items()}
    return formats.price(sums, board.count_unpriced(rows), current())
