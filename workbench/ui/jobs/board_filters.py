"""The board's filters, kept in the URL by their widgets: what they ask for, for the list, the pills and the cards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import streamlit as st

from workbench.db.rows.jobs import JobFilters
from workbench.errors import KINDS
from workbench.ui import filters, live, views
from workbench.ui.language import t

PERIODS = {"1h": 3_600_000, "24h": 86_400_000, "7d": 7 * 86_400_000, "all": None}
#: every parameter of the address that says which jobs are listed, and how
PARAMETERS = (
    "q", "project", "kind", "model", "profile", "error", "period", "range", "from", "to", "cost", "run", "state",
    "sort", "desc",
)  # fmt: skip
RARE = ("profile", "error", "cost", "run")


def sidebar() -> Callable[[], JobFilters]:
    """Draw the filters. What they ask for, at the moment when it is wanted: *24 h* are those before then."""
    wb = live.workbench()
    projects = {p.id: p.title for p in live.query(wb.projects.list_names, include_archived=True)}
    kinds = {w.name: t(w.title) for w in wb.workflows.list()}
    with st.sidebar:
        st.markdown(f"**{t('Filters')}**")
        text = filters.text("q", t("Search"), t("Title, payload, error, prompt, answer"))
        project = filters.project(projects)
        kind = filters.select("kind", t("Workflow"), kinds, t("All workflows"))
        model = filters.select("model", t("Model"), {m: m for m in live.query(wb.usage.list_models)}, t("All models"))
        titles = {"1h": t("1 h"), "24h": t("24 h"), "7d": t("7 d"), "all": t("All")}
        period = filters.segment("period", t("Submitted"), titles, "all")
        between = filters.switch("range", t("From – to"))
        since, until = _range() if between else (None, None)
        with st.expander(t("More filters"), icon=":material/tune:", key="more_filters", expanded=_has_rare()):
            profile = _profile()
            error = filters.select(
                "error", t("Error"), {name: t(kind.title) for name, kind in KINDS.items()}, t("All errors")
            )
            cost = filters.number("cost", t("Cost over (¥)"))
            run = filters.number("run", t("Ran longer than (s)"))
        if views.in_address(PARAMETERS):
            st.button(t("Clear filters"), key="clear_filters", icon=":material/filter_alt_off:", on_click=clear)
    wanted: JobFilters = {
        "text": text or None,
        "project": project,
        "kind": kind or None,
        "model": model or None,
        "since": since,
        "until": until,
        "profile": profile,
        "error_kind": error or None,
        "cost_over": None if cost is None else _amounts(cost),
        "run_over": None if run is None else round(run * 1000),
    }
    return lambda: wanted if between else {**wanted, "since": _since(period)}


def _has_rare() -> bool:
    return any(name in st.query_params for name in RARE)


def clear() -> None:
    for name in (*PARAMETERS, "before", "after", "page"):
        st.query_params.pop(name, None)


def _since(period: str) -> int | None:
    span = PERIODS[period]
    # Rounded down to a minute, so that all queries within it share one answer.
    return None if span is None else (live.clock_ms() - span) // 60_000 * 60_000


def _range() -> tuple[int | None, int | None]:
    """From and to in the browser's own time; in the URL they stand in UTC, so that a link means the same anywhere."""
    since = filters.moment("from", t("From"))
    until = filters.moment("to", t("To"))
    return _to_ms(since), _to_ms(until)


def _to_ms(at: datetime | None) -> int | None:
    return None if at is None else int(at.astimezone(UTC).timestamp()) * 1000


def _profile() -> int | None:
    profiles = {"0": t("Sketch, offline and free")}
    profiles |= {str(p.id): p.name for p in live.workbench().profiles.list(include_archived=True)}
    chosen = filters.select("profile", t("Model profile"), profiles, t("All profiles"))
    return int(chosen) if chosen else None


def _amounts(yuan: float) -> dict[str, int]:
    """The same amount in each currency, by the set rate."""
    rate = live.query(live.workbench().budgets.exchange_rate)
    micros = Decimal(str(yuan)) * 1_000_000
    return {"CNY": int(micros), "USD": int(micros / rate)}
