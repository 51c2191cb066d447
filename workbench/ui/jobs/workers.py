"""Workers: load, heartbeat, host, version, what they run, and taking them out of work."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.jobs import Job, Worker
from workbench.ui import job_links, labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import code, plain


def _drain(name: str, on: bool) -> None:
    with shell.show_refusals():
        queues = live.workbench().queues
        if on:
            queues.drain(name, user=shell.user())
            shell.toast(t("It takes nothing new; what it runs goes on."))
        else:
            queues.undrain(name)
    live.invalidate()


def _mark(row: Worker) -> str:
    if not row.is_live:
        return ":red[:material/heart_broken:]"
    return ":orange[:material/pause_circle:]" if row.drain_at else ":green[:material/check_circle:]"


def draw() -> None:
    """Each worker with its load and the age of its last heartbeat; the rest opens beside it."""
    rows = live.query(live.workbench().queues.list_workers)
    st.markdown(f"**{t('Workers')}**")
    if not rows:
        st.caption(t("No worker runs. Start one with `reelwright worker`."))
        return
    running = live.query(live.workbench().jobs.list_running)
    for row in rows:
        age = t("just now") if row.age_ms < 2000 else t("{n} s ago", n=row.age_ms // 1000)
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"worker_{row.name}"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"{_mark(row)} {plain(row.name[-18:])}")
                at = t("process {pid} on {host}", pid=row.pid, host=row.host)
                shell.small(f"{row.busy}/{row.threads} · {age}", at)
            with shell.icon_popover(
                "more_vert", plain(t("Worker {name}", name=row.name[-18:])), f"worker_more_{row.name}"
            ):
                _detail(row, [job for job in running if job.worker == row.name])


def _detail(row: Worker, jobs: list[Job]) -> None:
    st.markdown(f"**{plain(row.name)}**")
    facts = [
        t("process {pid} on {host}", pid=row.pid, host=row.host),
        t("version {version}", version=row.version or "—"),
        t("{n} threads, {busy} busy", n=row.threads, busy=row.busy),
        t("started {when}", when=labels.age_text(row.started_at)),
    ]
    st.caption(plain(" · ".join(facts)))
    for job in jobs[:10]:
        st.markdown(f"[{plain(labels.workflow_title(job.kind))} {code(str(job.id))}]({job_links.href(job.id)})")
    if len(jobs) > 10:
        st.caption(t("and {n} more", n=len(jobs) - 10))
    if row.drain_at:
        since = labels.age_text(row.drain_at)
        st.caption(t("Takes nothing new: asked by {who} {since}.", who=plain(row.drain_by or "—"), since=since))
    st.button(
        t("Take jobs again") if row.drain_at else t("Take nothing new"),
        key=f"drain_{row.name}",
        icon=":material/play_circle:" if row.drain_at else ":material/pause_circle:",
        help=t("What it runs comes to its end; then it can be stopped without breaking anything off."),
        on_click=_drain,
        args=(row.name, not row.drain_at),
    )
