"""Debug: failed jobs grouped by what went wrong; what is said of a group; inspect one, or replay all."""

from __future__ import annotations

from functools import partial

import streamlit as st

from workbench.db.rows.jobs import FailureGroup
from workbench.ui import filters, formats, illustrations, live, parts, shell
from workbench.ui.debug import failure, groups, remedies
from workbench.ui.jobs import acts, bulk
from workbench.ui.language import t

wb = live.workbench()
PERIODS = {"24h": 86_400_000, "7d": 7 * 86_400_000, "all": None}
#: groups on a page
SHOWN = 20
#: what wants to be looked at
USUAL = ("open", "regressed")


def sidebar() -> groups.Scope:
    projects = {p.id: p.title for p in live.query(wb.projects.list_names, include_archived=True)}
    with st.sidebar:
        st.markdown(f"**{t('Filters')}**")
        project = filters.project(projects)
        names = {"24h": t("24 h"), "7d": t("7 d"), "all": t("All")}
        span = PERIODS[filters.segment("period", t("Failed"), names, "7d")]
    return {"project": project, "since": None if span is None else (live.clock_ms() - span) // 60_000 * 60_000}


def choose_views(listed: list[FailureGroup]) -> list[str]:
    """Pills with how many groups there are of each; none chosen: what wants to be looked at."""
    counts = {name: sum(groups.view_of(g) == name for g in listed) for name in groups.VIEWS}
    options = {name: f":material/{v.icon}: {t(v.title)} {counts[name]}" for name, v in groups.VIEWS.items()}
    return filters.pills("is", t("State of the group"), options) or list(USUAL)


def show_more(shown: int) -> None:
    st.query_params["shown"] = str(shown + SHOWN)


def draw_groups(listed: list[FailureGroup], wanted: groups.Scope) -> None:
    names = {
        "project": {p.id: p.title for p in live.query(wb.projects.list_names, include_archived=True)},
        "profile": {p.id or 0: p.name for p in live.query(wb.profiles.list, include_archived=True)},
    }
    asked = st.query_params.get("shown", "")
    shown = int(asked) if asked.isdecimal() and len(asked) < 6 else SHOWN
    opened = st.query_params.get("group")
    for number, group in enumerate(listed):
        if number < shown or group.fingerprint == opened:
            inspect = partial(failure.inspect, group, wanted) if group.fingerprint == opened else None
            groups.card(group, names, wanted, partial(remedies.buttons, group, wanted), inspect)
    if len(listed) > shown:
        st.button(
            t("Show {n} more groups", n=min(SHOWN, len(listed) - shown)), key="more_groups", on_click=show_more,
            args=(shown,), icon=":material/expand_more:",
        )  # fmt: skip


def main() -> None:
    wanted = sidebar()
    drawn = live.look("debug", lambda: (live.query(wb.jobs.failures_version), bulk.signature()))
    everything = live.query(wb.jobs.list_failures, **wanted)
    heading = st.container()
    views = choose_views(everything) if everything else list(USUAL)
    listed = [g for g in everything if groups.view_of(g) in views or g.fingerprint == st.query_params.get("group")]
    total = sum(g.count for g in listed)
    note = t("failures: {n} · groups: {m}", n=formats.count(total), m=len(listed)) if listed else ""
    with heading:
        shell.title(t("Debug"), note)
        shell.show_refusal()
        bulk.strip()
    if not listed:
        with illustrations.empty(
            t("No group of failures is in these states.")
            if everything
            else t("Nothing has failed. When something does, it is grouped here with its cause and remedy."),
            "debug",
        ):
            if st.button(t("See all jobs"), key="debug_to_jobs", type="primary", icon=":material/list_alt:"):
                st.switch_page("pages/jobs.py")
    draw_groups(listed, wanted)
    acts.draw()
    parts.ticker(drawn, wb.jobs.has_active())


main()
