"""Debug: failed jobs grouped by what went wrong; inspect one, edit its payload, replay it or the whole group."""

from __future__ import annotations

from typing import Any, TypedDict

import streamlit as st

from workbench.db.rows.jobs import FailureGroup, Job, JobDetail
from workbench.ui import (
    drafts,
    filters,
    formats,
    forms,
    illustrations,
    job_links,
    labels,
    live,
    navigation_guard,
    shell,
    states,
)
from workbench.ui.jobs import acts, table
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys, plain, shorten

navigation_guard.require_app_entry()
wb = live.workbench()
#: failures of a group that are offered for inspection
MOST_LISTED = 200
PERIODS = {"24h": 86_400_000, "7d": 7 * 86_400_000, "all": None}


class FailureScope(TypedDict):
    """Which failures: of a project, from a moment on (epoch ms); None is no filter."""

    project: int | None
    since: int | None


def sidebar() -> tuple[bool, FailureScope]:
    projects = {p.id: p.title for p in live.query(wb.projects.list_names, include_archived=True)}
    with st.sidebar:
        st.markdown(f"**{t('Filters')}**")
        project = filters.project(projects)
        period = filters.segment("period", t("Failed"), {"24h": t("24 h"), "7d": t("7 d"), "all": t("All")}, "7d")
        solved = filters.switch(
            "solved",
            t("Made good too"),
            t("Also groups of which every failure was made good: by a replay, or by a later run"),
        )
    span = PERIODS[period]
    return solved, {"project": project, "since": None if span is None else (live.clock_ms() - span) // 60_000 * 60_000}


def replay_all(fingerprint: str, wanted: FailureScope) -> None:
    """Ask first: the failures of the group that the page's filters show, and no other."""
    acts.ask("retry", [job.id for job in wb.jobs.list_with_fingerprint(fingerprint, **wanted)])


def title_of(group: FailureGroup) -> str:
    return labels.error_title(group.error_kind) or t("Unknown failure")


def open_group(fingerprint: str) -> None:
    st.query_params["group"] = fingerprint


def close_group() -> None:
    st.query_params.pop("group", None)


def list_affected_projects(group: FailureGroup, titles: dict[int, str]) -> str:
    names = [titles.get(p, str(p)) for p in group.projects]
    return shorten(", ".join(names), 60) or t("no project")


def card(group: FailureGroup, titles: dict[int, str], is_open: bool, wanted: FailureScope) -> None:
    key = group.fingerprint
    with st.container(border=True, key=f"group_{key}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(title_of(group))}**", width="content")
            states.badge("failed", group.count)
            if group.replayed:
                st.badge(t("made good {n}", n=group.replayed), icon=":material/check_circle:", color="green")
            st.space("stretch")
            seen = t(
                "first {first} · last {last}",
                first=labels.age_text(group.first_at),
                last=labels.age_text(group.last_at),
            )
            shell.small(seen, f"{labels.time_text(group.first_at)} – {labels.time_text(group.last_at)}")
            if is_open:
                st.button(t("Close"), key=f"close_{key}", icon=":material/expand_less:", on_click=close_group)
            else:
                st.button(
                    t("Inspect"), key=f"inspect_{key}", icon=":material/expand_more:", on_click=open_group, args=(key,)
                )
            st.button(
                t("Replay all"),
                key=f"all_{key}",
                type="primary" if is_open else "secondary",
                icon=":material/restart_alt:",
                on_click=replay_all,
                args=(key, wanted),
            )
        st.markdown(plain(shorten(labels.translate_stored(group, "error"), 260)))
        kinds = ", ".join(labels.workflow_title(k) for k in group.kinds)
        st.markdown(
            f":material/build: **{labels.remedy(group.error_kind)}** :gray[· {plain(kinds)} · "
            f"{plain(list_affected_projects(group, titles))}]"
        )
        if is_open:
            inspect(group, wanted)


def inspect(group: FailureGroup, wanted: FailureScope) -> None:
    """The failures of a group; the chosen one with its payload editor and traceback."""
    fingerprint = group.fingerprint
    jobs = live.query(live.workbench().jobs.list_with_fingerprint, fingerprint=fingerprint, limit=MOST_LISTED, **wanted)
    if not jobs:
        return
    if group.count > len(jobs):
        st.caption(t("The newest {n} of {all} failures", n=len(jobs), all=formats.count(group.count)))
    places = live.query(live.workbench().projects.locate, node_ids=sorted({j.node_id for j in jobs if j.node_id}))

    def job_title(job_id: int) -> str:
        # without an age: a choice is known by its words, and would be another one a second later
        job = by_id[job_id]
        place = labels.place(places.get(job.node_id or 0))
        return " · ".join(
            p for p in (f"{job_id}", labels.workflow_title(job.kind), place, labels.time_text(job.finished_at)) if p
        )

    by_id = {job.id: job for job in jobs}
    chosen = st.selectbox(t("Failure"), list(by_id), format_func=job_title, key=f"failure_{fingerprint}")
    # what was chosen may be hidden by the filters by now
    job = by_id.get(chosen, jobs[0])
    seen = live.query(wb.jobs.get_detail, job.id)
    for newer in seen.replays:
        st.markdown(
            f"{states.chip(newer.state)} "
            + t(
                "replayed as job {id} {when}",
                id=f"[{newer.id}]({job_links.href(newer.id)})",
                when=labels.age_text(newer.created_at),
            )
        )
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        payload(job)
    with right:
        facts(job, seen)


def payload(job: Job) -> None:
    st.markdown(f":gray[{t('Payload')}]")
    place, key = forms.payload_place(job.id), f"payload_{job.id}"
    with drafts.keep(place, key) as draft:
        edited = forms.payload_editor(draft.key, job.params, wb.workflows.get(job.kind).params)
        changed = edited is not None and edited != job.params
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = t("Replay with this payload") if changed else t("Replay")
            if st.button(
                label,
                key=f"replay_{job.id}",
                type="primary" if changed else "secondary",
                icon=":material/restart_alt:",
                disabled=edited is None,
            ):
                acts.ask("retry", [job.id], params=edited if changed else None)
                st.rerun()
            if st.button(
                t("Open job {id}", id=job.id), key=f"open_{job.id}", type="tertiary", icon=":material/arrow_outward:"
            ):
                st.switch_page(job_links.PAGE, query_params=job_links.query(job.id))
        draft.show_status(with_button=True)


def facts(job: Job, seen: JobDetail) -> None:
    st.markdown(f":gray[{t('What happened')}]")
    st.markdown(plain(labels.translate_stored(job, "error")))
    waited, ran = (
        labels.duration_text(table.wait_ms(job, live.clock_ms())),
        labels.duration_text(table.ran_ms(job, live.clock_ms())),
    )
    st.caption(
        t("waited {wait} · ran {run} · attempts {attempts} · calls {calls} · {cost}", wait=waited, run=ran,
            attempts=len(seen.attempts),
          calls=seen.spending.calls, cost=formats.spent(seen.spending, current()))
    )  # fmt: skip
    last = next((a for a in reversed(seen.attempts) if a.traceback), None)
    if last:
        with st.expander(t("Traceback"), icon=":material/bug_report:", key=f"trace_{job.id}"):
            st.code(hide_keys(last.traceback), language="python", height=260)
    raw = next((c for c in reversed(seen.model_calls) if c.raw_output), None)
    if raw:
        with st.expander(t("Last answer of the model"), icon=":material/text_snippet:", key=f"raw_{job.id}"):
            st.code(hide_keys(raw.raw_output), language=None, wrap_lines=True, height=240)


def signature(wanted: FailureScope) -> Any:
    return [(g.fingerprint, g.count, g.replayed) for g in live.query(wb.jobs.list_failures, **wanted)]


def main() -> None:
    solved, wanted = sidebar()
    drawn = signature(wanted)
    groups = live.query(wb.jobs.list_failures, **wanted)
    if not solved:
        groups = [g for g in groups if g.replayed < g.count]
    total = sum(g.count for g in groups)
    shell.title(t("Debug"), t("failures: {n} · groups: {m}", n=formats.count(total), m=len(groups)) if groups else "")
    shell.show_refusal()
    if not groups:
        with illustrations.empty(
            t("Nothing has failed. When something does, it is grouped here with its cause and remedy."), "debug"
        ):
            if st.button(t("See all jobs"), key="debug_to_jobs", type="primary", icon=":material/list_alt:"):
                st.switch_page("pages/jobs.py")
    titles = {p.id: p.title for p in live.query(wb.projects.list_names, include_archived=True)}
    for group in groups:
        card(group, titles, st.query_params.get("group") == group.fingerprint, wanted)
    acts.draw()
    live.ticker(lambda: signature(wanted), wb.jobs.has_active(), "debug", drawn)


main()
