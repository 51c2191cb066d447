"""Bulk jobs: how far they are above the board, and on their own page what came of each job, with the way back."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.i18n import N_
from workbench.ui import formats, job_links, labels, live, shell, states
from workbench.ui.jobs import acts
from workbench.ui.language import t
from workbench.ui.markup import hide_keys, plain

KIND = "act_on_jobs"
#: what one that only reads answers again says of those that would be saved
PASSES = "reparse"
#: so many are told
SHOWN = 3
#: one that has ended is still shown above the board for so long
RECENT_MS = 10 * 60_000
PAGE = 50
TITLES = {
    "cancel": N_("Cancel {n} jobs"),
    "retry": N_("Retry {n} jobs"),
    "priority": N_("Set the priority of {n} jobs"),
    "restore": N_("Give {n} jobs their priority back"),
}


def title(job: Job) -> str:
    how = job.params.get("how", {})
    msgid = TITLES[job.params["act"]]
    if how.get("reparse"):
        again, save = N_("Read the answers of {n} jobs again"), N_("Save {n} answers that pass now")
        msgid = save if how.get("passed") else again
    elif any(name in how for name in ("params", "profile_id", "overrides", "from_step")):
        msgid = N_("Retry {n} jobs with other settings")
    return t(msgid, n=formats.count(job.params["total"]))


def _undo(bulk_id: int) -> None:
    with shell.show_refusals():
        job = live.workbench().jobs.undo_bulk(bulk_id, user=shell.user())
        shell.toast(t("Job {id} undoes it.", id=job.id))
    live.invalidate()


def _save(bulk_id: int) -> None:
    with shell.show_refusals():
        job = live.workbench().jobs.act_on_many("reparse", passed=bulk_id, user=shell.user())
        shell.toast(t("Job {id} saves them.", id=job.id))
    live.invalidate()


def _next_button(job: Job, counts: dict[str, int], key: str) -> None:
    """What follows on one that has ended: to undo it, or to save what it has found to pass."""
    how = job.params.get("how", {})
    if job.state in states.ACTIVE or job.params["undo_of"] is not None:
        return
    if how.get("look"):
        if saving := _find_saving(job.id):
            st.markdown(f"[{t('Job {id} saves them.', id=saving)}]({job_links.href(saving)})", width="content")
        elif passing := counts.get(PASSES):
            label = t("Save {n} that would pass", n=int(passing))
            st.button(label, key=f"{key}_save", type="tertiary", icon=":material/save:", on_click=_save, args=(job.id,))
    elif how.get("reparse"):
        shell.small(t("no undo"), t(acts.SAVED))
    else:
        st.button(t("Undo"), key=f"{key}_undo", type="tertiary", icon=":material/undo:", on_click=_undo, args=(job.id,))


def _find_saving(bulk_id: int) -> int | None:
    """The job that saves what one has found to pass, if somebody has asked for it lately."""
    newest = live.query(live.workbench().jobs.list, kind=KIND, limit=PAGE)
    return next((job.id for job in newest if job.params.get("how", {}).get("passed") == bulk_id), None)


def signature() -> list[tuple[int, str, float]]:
    """What makes the strip another one."""
    return [(job.id, job.state, job.progress or 0) for job in live.workbench().jobs.list(kind=KIND, limit=SHOWN)]


def strip() -> None:
    """Above the board: those that are at work or ended a moment ago."""
    since = live.clock_ms() - RECENT_MS
    _few(since)
    jobs = live.workbench().jobs
    for job in live.query(jobs.list, kind=KIND, limit=SHOWN):
        active = job.state in states.ACTIVE
        if not active and (job.finished_at or 0) < since:
            continue
        counts = {} if active else live.query(jobs.count_bulk_outcomes, job.id)
        told = labels.now_text(job) if active else _outcomes(counts)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"bulk_{job.id}"):
            states.badge(job.state)
            st.markdown(f"[{plain(title(job))}]({job_links.href(job.id)})", width="content")
            st.caption(plain(told), width="content")
            st.space("stretch")
            _next_button(job, counts, f"bulk_{job.id}")


def _few(since: int) -> None:
    """What this reader has just done with a few jobs, and the way back."""
    done = acts.last()
    if done is None or done.at < since:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="last_act"):
        st.markdown(f":material/{acts.ICONS[done.name]}: {t(acts.TITLES[done.name])}", width="content")
        st.caption(plain(_outcomes(Counter(act.outcome for act in done.acts))), width="content")
        st.space("stretch")
        st.button(t("Undo"), key="undo_last", type="tertiary", icon=":material/undo:", on_click=acts.undo_last)


def _outcomes(counts: dict[str, int]) -> str:
    told = " · ".join(f"{t(acts.OUTCOMES[name])}: {formats.count(n)}" for name, n in counts.items())
    return told or t("nothing to do")


def draw(job: Job) -> None:
    """On the page of a bulk job: what came of each job."""
    jobs = live.workbench().jobs
    with st.container(horizontal=True, vertical_alignment="center", key="bulk_outcomes"):
        counts = live.query(jobs.count_bulk_outcomes, job.id)
        st.markdown(f"**{plain(title(job))}** {plain(_outcomes(counts))}", width="content")
        st.space("stretch")
        _next_button(job, counts, "bulk")
    below = st.session_state.get("_bulk_below", {}).get(job.id)
    items = live.query(jobs.list_bulk_items, job.id, below=below, limit=PAGE)
    rows = [
        {
            "job": job_links.href(item.job_id),
            "state": states.find(item.state).word,
            "outcome": t(acts.OUTCOMES[item.outcome]),
            "new": None if item.new_id is None else job_links.href(item.new_id),
            "reason": hide_keys(labels.translate_stored(item, "reason")),
        }
        for item in items
    ]
    shown = [name for name in ("job", "state", "outcome", "new", "reason") if any(row[name] for row in rows)]
    link = r"id=(\d+)"
    st.dataframe(
        pd.DataFrame(rows, columns=shown or ["job", "outcome"]),
        hide_index=True,
        height=min(420, 38 + 35 * len(rows)),
        column_config={
            "job": st.column_config.LinkColumn(t("Job"), display_text=link, width=80),
            "state": st.column_config.TextColumn(t("State"), width=100),
            "outcome": st.column_config.TextColumn(t("Outcome"), width=140),
            "new": st.column_config.LinkColumn(t("New job"), display_text=link, width=80),
            "reason": st.column_config.TextColumn(t("Why"), width=420),
        },
        key="bulk_table",
        alt=t("What became of each job"),
    )
    with st.container(horizontal=True):
        st.button(
            t("Newest"), key="bulk_first", type="tertiary", icon=":material/first_page:", disabled=below is None,
            on_click=_turn, args=(job.id, None),
        )  # fmt: skip
        st.button(
            t("Older"), key="bulk_next", type="tertiary", icon=":material/chevron_right:", icon_position="right",
            disabled=len(items) < PAGE, on_click=_turn, args=(job.id, items[-1].job_id if items else None),
        )  # fmt: skip


def _turn(job_id: int, below: int | None) -> None:
    st.session_state["_bulk_below"] = {job_id: below}
