"""The failures of a group: one of them with its payload to edit, its traceback and the model's last answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from workbench.db.rows.jobs import FailureGroup, Job, JobDetail
from workbench.plain_text import cell
from workbench.ui import drafts, formats, forms, job_links, labels, live, older, states
from workbench.ui.debug import compare
from workbench.ui.debug.groups import Scope, list_left, shown
from workbench.ui.jobs import acts, bundle, table
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys, plain

#: failures of a group on a page
PAGE = 200
LIST = "failures"


def inspect(group: FailureGroup, wanted: Scope) -> None:
    """The failures of a group; the chosen one with its payload editor and traceback."""
    fingerprint = group.fingerprint
    before = older.before(LIST)
    listed = live.query(
        live.workbench().jobs.list_with_fingerprint, fingerprint=fingerprint, limit=PAGE + 1, before=before, **wanted
    )
    jobs = older.turn(LIST, listed, PAGE)
    if not jobs:
        return
    if group.count > len(jobs):
        shown = {"n": len(jobs), "all": formats.count(group.count)}
        newest, rest = t("The newest {n} of {all} failures", **shown), t("{n} older ones of {all} failures", **shown)
        st.caption(newest if before is None else rest)
    places = live.query(live.workbench().projects.locate, node_ids=sorted({j.node_id for j in jobs if j.node_id}))

    def job_title(job_id: int) -> str:
        # without an age: a choice is known by its words, and would be another one a second later
        job = by_id[job_id]
        place = labels.place(places.get(job.node_id or 0))
        return " · ".join(
            p for p in (f"{job_id}", labels.workflow_title(job.kind), place, labels.time_text(job.finished_at)) if p
        )

    by_id = {job.id: job for job in jobs}
    _several(fingerprint, jobs, job_title)
    chosen = st.selectbox(t("Failure"), list(by_id), format_func=job_title, key=f"failure_{fingerprint}")
    # what was chosen may be hidden by the filters by now
    job = by_id.get(chosen, jobs[0])
    seen = live.query(live.workbench().jobs.get_detail, job.id)
    for newer in seen.replays:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(
                f"{states.chip(newer.state)} "
                + t(
                    "replayed as job {id} {when}",
                    id=f"[{newer.id}]({job_links.href(newer.id)})",
                    when=labels.age_text(newer.created_at),
                ),
                width="content",
            )
            compare.link(job.id, newer.id, f"compare_{newer.id}")
    left, right = st.columns([1.3, 1], gap="medium")
    with left:
        payload(job, group, wanted)
    with right:
        facts(job, seen)


def _several(fingerprint: str, jobs: Sequence[Job], title: Callable[[int], str]) -> None:
    """The failures as a list: those that are ticked are retried, or read again."""
    if len(jobs) < 2:
        return
    repairs = dict(live.query(live.workbench().jobs.list_group, fingerprint))
    rows = [
        {
            "id": str(job.id),
            "failure": cell(title(job.id)),
            "good": t("job {id}", id=repairs[job.id]) if repairs.get(job.id) else formats.MISSING,
        }
        for job in jobs
    ]
    picked = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=min(250, 38 + 35 * len(rows)),
        selection_mode="multi-row",
        on_select="rerun",
        column_config={
            "id": None,
            "failure": st.column_config.TextColumn(t("Failure"), width=460),
            "good": st.column_config.TextColumn(t("Made good"), width=110),
        },
        key=f"several_{fingerprint}_{jobs[0].id}_{len(jobs)}",
        alt=t("The failures of this group"),
    )
    ids = [jobs[n].id for n in picked["selection"]["rows"] if n < len(jobs)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for name, label, icon in (
            ("retry", t("Retry the {n} chosen", n=len(ids)), "replay"),
            ("reparse", t("Read the {n} chosen again, free", n=len(ids)), "document_scanner"),
        ):
            if ids:
                st.button(
                    label, key=f"chosen_{name}_{fingerprint}", icon=f":material/{icon}:", on_click=acts.ask,
                    args=(name, ids),
                )  # fmt: skip


def payload(job: Job, group: FailureGroup, wanted: Scope) -> None:
    st.markdown(f":gray[{t('Payload')}]")
    place, key = forms.payload_place(job.id), f"payload_{job.id}"
    with drafts.keep(place, key) as draft:
        edited = forms.payload_editor(draft.key, job.params, live.workbench().workflows.get(job.kind).params)
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
                live.redraw_page()
            left = [i for i in list_left(group, wanted) if i != job.id] if changed else []
            if left and st.button(
                t("Replay all {n} with this change", n=len(left) + 1),
                key=f"replay_all_{job.id}",
                icon=":material/restart_alt:",
                help=t("The fields that you changed, laid over each job's own payload."),
            ):
                laid_over = {name: value for name, value in (edited or {}).items() if job.params.get(name) != value}
                acts.ask("retry", [job.id, *left], params=laid_over, lays_over=True, group=shown(group, wanted))
                live.redraw_page()
            if st.button(
                t("Open job {id}", id=job.id), key=f"open_{job.id}", type="tertiary", icon=":material/arrow_outward:"
            ):
                st.switch_page(job_links.PAGE, query_params=job_links.query(job.id))
            bundle.popover(job)
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
