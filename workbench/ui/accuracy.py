"""How good forecasts were: of one plan on its job's page, of all by workflow and model on Analytics."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from workbench.api.plans import PlanOutcome
from workbench.json_types import JsonObject
from workbench.plain_text import cell
from workbench.ui import charts, formats, labels, live
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.usage.accuracy import Error


def compare(job_id: int) -> None:
    """A line for a plan: what was expected when it was launched, and what it came to; nothing for other jobs."""
    outcome = live.query(live.workbench().plans.compare, job_id)
    if outcome is None:
        return
    expected = outcome.expected
    forecast = _line(
        expected.jobs, expected.tokens, formats.price(expected.cost, expected.unpriced, current()), expected.ms
    )
    st.markdown(
        f":gray[:material/query_stats: {t('Forecast')}: {plain(forecast)} · {t('came to')}: {plain(_came_to(outcome))}]"
    )


def _came_to(outcome: PlanOutcome) -> str:
    return _line(outcome.done, outcome.tokens, formats.spent(outcome.spent, current()), outcome.ended_ms)


def _line(jobs: int, tokens: int | None, cost: str, ms: int | None) -> str:
    parts = (
        t("{n} jobs", n=jobs),
        t("{n} tokens", n=formats.number(tokens, current())),
        cost,
        labels.duration_text(ms),
    )
    return " · ".join(parts)


def table(since: int, until: int, scope: JsonObject, say_wider: Callable[[], None]) -> None:
    """The median error by workflow and model; nothing while no plan has ended in this time. `say_wider`: says on the
    card which filters it does not follow."""
    errors = live.query(live.workbench().usage.forecast_errors, since=since, until=until, **scope)
    if not errors:
        return
    rows = [
        {
            t("Workflow"): labels.workflow_title(one.workflow),
            t("Model"): cell(one.model or "—"),
            t("Jobs"): one.runs,
            t("Tokens"): _error(one.tokens),
            t("Cost"): _error(one.cost),
            t("Time"): _error(one.time),
        }
        for one in errors
    ]
    with charts.card(t("How good forecasts were"), t("median error of the newest plans' jobs"), "accuracy_card"):
        say_wider()
        st.dataframe(rows, hide_index=True, key="accuracy", row_height=34)
        st.caption(t("In brackets with its sign: with + they took more than was expected."))


def _error(error: Error) -> str:
    """``12% (+8%)``."""
    if error.size is None or error.lean is None:
        return formats.MISSING
    sign = "+" if error.lean > 0 else "−" if error.lean < 0 else "±"
    return f"{formats.percent(error.size)} ({sign}{formats.percent(abs(error.lean))})"
