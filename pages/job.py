"""Job: one job by its number, /job?id=42: what it did, when, with which calls; and what can be done about it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.db.rows.jobs import Job, JobDetail
from workbench.errors import NotFound, ReelwrightError
from workbench.plain_text import whole_number
from workbench.ui import (
    accuracy,
    charts,
    drafts,
    formats,
    forms,
    illustrations,
    job_links,
    labels,
    live,
    missing_parts,
    older,
    shell,
    states,
    story_links,
)
from workbench.ui.debug import compare
from workbench.ui.jobs import acts, bulk, bundle, calls_table, changes, events, structured_report, table, waterfall
from workbench.ui.jobs import timeline as gantt
from workbench.ui.language import current, t
from workbench.ui.markup import code, hide_keys, paragraphs, plain, readable, shorten

wb = live.workbench()


def back() -> None:
    """To where the reader has come from, with its filters."""
    way = job_links.way_back()
    if st.button(plain(way.title), key="back", type="tertiary", icon=":material/arrow_back:"):
        st.switch_page(way.page, query_params=way.query)


def open_job(job: Job) -> None:
    """Show the job that was just made; the page reruns with its number in the URL."""
    st.query_params["id"] = str(job.id)
    older.forget()
    st.session_state.pop("editing_payload", None)
    live.invalidate()


def ask_retry(job_id: int) -> None:
    acts.ask("retry", [job_id], follow=True)


def ask_replay(job_id: int, step: str | None = None) -> None:
    acts.ask("replay", [job_id], from_step=step, follow=True)


def ask_cancel(job_id: int) -> None:
    acts.ask("cancel", [job_id])


def do_stop(job_id: int) -> None:
    with shell.show_refusals():
        if wb.jobs.stop_after_step(job_id, user=shell.user()):
            shell.toast(t("It stops after this step."))
        live.invalidate()


def do_decide(job_id: int, choice: Any) -> None:
    with shell.show_refusals():
        wb.jobs.decide(job_id, choice, user=shell.user())
        live.invalidate()


def do_reparse(job_id: int) -> None:
    with shell.show_refusals():
        open_job(wb.jobs.reparse(job_id, user=shell.user()))


def stop_editing() -> None:
    st.session_state.pop("editing_payload", None)


def edit_payload() -> None:
    st.session_state["editing_payload"] = True


def primary(job: Job, seen: JobDetail) -> None:
    """The most useful next step first."""
    number, state = job.id, job.state
    if state == "waiting" and job.waiting_for == "decision":
        st.button(
            t("Send again"),
            key="decide_again",
            type="primary",
            icon=":material/send:",
            on_click=do_decide,
            args=(number, "send_again"),
        )
        st.button(
            t("Give up"), key="decide_stop", icon=":material/block:", on_click=do_decide, args=(number, "give_up")
        )
        return
    if state in states.ACTIVE:
        if seen.children and wb.workflows.get(job.kind).batch:
            st.button(
                t("Stop after this step"), key="stop", icon=":material/pause_circle:", on_click=do_stop, args=(number,),
                help=t("What has begun comes to its end, and nothing more is started. A retry goes on from there."),
            )  # fmt: skip
        st.button(
            t("Priority"), key="priority", icon=":material/low_priority:", on_click=acts.ask, args=("change", [number])
        )
        st.button(t("Cancel"), key="cancel", icon=":material/stop_circle:", on_click=ask_cancel, args=(number,))
        return
    failed = [c for c in seen.children if c.state in ("failed", "partial", "cancelled")]
    if state in ("failed", "partial", "cancelled"):
        label = t("Retry the {n} that failed", n=len(failed)) if failed else t("Retry")
        st.button(label, key="retry", type="primary", icon=":material/replay:", on_click=ask_retry, args=(number,))
    st.button(t("Edit and replay"), key="edit", icon=":material/edit:", on_click=edit_payload)
    bundle.popover(job)
    with shell.icon_popover("more_horiz", t("More"), "more", type="secondary"):
        st.button(
            t("Replay as it was"), key="replay", icon=":material/restart_alt:", on_click=ask_replay, args=(number,)
        )
        for step in seen.steps:
            st.button(
                t("Replay from {step}", step=plain(step.name)),
                key=f"from_{step.name}",
                icon=":material/start:",
                type="tertiary",
                on_click=ask_replay,
                args=(number, step.name),
            )
        if state == "failed" and any(c.raw_output for c in seen.model_calls):
            st.button(
                t("Read the stored answer again, free"),
                key="reparse",
                icon=":material/document_scanner:",
                on_click=do_reparse,
                args=(number,),
            )


def header(job: Job, seen: JobDetail) -> None:
    places = live.query(live.workbench().projects.locate, node_ids=[job.node_id]) if job.node_id else {}
    place = labels.place(places.get(job.node_id or 0))
    title = labels.workflow_title(job.kind) + (f" · {place}" if place else "")
    with shell.title(title):
        states.badge(job.state)
        st.space("stretch")
        primary(job, seen)
    profile = next((p.name for p in wb.profiles.list(include_archived=True) if p.id == job.profile_id), "sketch")
    parts = [
        f"{t('Job')} `{job.id}`",
        t(
            "launched by {who} {when}",
            who=plain(job.created_by or "—"),
            when=f"{labels.age_text(job.created_at)} ({labels.time_text(job.created_at)})",
        ),
        f"{t('queue')} {code(job.queue)}",
        f"{t('profile')} {code(profile)}",
    ]
    if job.worker:
        parts.append(f"{t('worker')} {code(job.worker)}")
    if job.priority:
        parts.append(f"{t('priority')} {job.priority}")
    if seen.overrides:
        parts.append(t("asked with {settings}", settings=changes.describe(seen.overrides)))
    if job.replay_of:
        original = f"[{job.replay_of}]({job_links.href(job.replay_of)})"
        parts.append(f"{t('replay of')} {original} ({compare.words(job.replay_of, job.id)})")
    if job.parent_id:
        parts.append(f"{t('part of')} [{job.parent_id}]({job_links.href(job.parent_id)})")
    for newer in seen.replays:
        parts.append(f"{t('replayed as')} [{newer.id}]({job_links.href(newer.id)}) ({compare.words(job.id, newer.id)})")
    st.caption(" · ".join(parts))


def summary(job: Job, seen: JobDetail) -> None:
    now = live.clock_ms()
    facts = [
        (t("Waited"), labels.duration_text(table.wait_ms(job, now))),
        (t("Ran"), labels.duration_text(table.ran_ms(job, now))),
        (t("Attempts"), f"{len(seen.attempts)} / {job.max_attempts}"),
        (t("Model calls"), formats.count(seen.spending.calls)),
        (t("Cost"), formats.spent(seen.spending, current())),
    ]
    with st.container(border=True, key="summary"):
        together = t("With its parts: {sentence}", sentence=labels.charged(seen.spending)) if seen.children else None
        for column, (label, value) in zip(st.columns(5), facts, strict=True):
            column.metric(label, value, help=together if label == t("Cost") else None)


def progress(job: Job) -> None:
    if job.state in states.ACTIVE:
        st.progress(int(job.progress or 0) / 100, text=plain(labels.now_text(job)))
        if job.preview:
            with st.container(height=110, border=True, key="preview", autoscroll=True):
                st.markdown(plain(readable(job.preview)[-400:]) + "▋")


def outcome(job: Job) -> None:
    """Why it failed and what to do, or what came out."""
    if job.state in ("failed", "partial") and job.error_kind:
        st.error(labels.failure(job), icon=":material/error:")
        missing_parts.draw(job)
    result = job.result or {}
    written(job)
    if structured_report.is_report(result):
        structured_report.draw(result)
    elif isinstance(result, dict) and isinstance(result.get("content"), str):
        with st.container(border=True, key="answer"):
            st.markdown(f"**{t('Answer')}**")
            st.markdown(paragraphs(result["content"]))


def written(job: Job) -> None:
    """What it wrote, and the way to its place in the story and to its lineage."""
    result = job.result if isinstance(job.result, dict) else {}
    if job.node_id is None or job.project_id is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="written"):
        if "kind" in result and "version" in result:
            title = f"{labels.kind_title(result['kind'])} v{result['version']}"
            st.markdown(f":material/draft: {plain(title)}", width="content")
            st.page_link(
                "pages/lineage.py", label=t("Lineage"), icon=":material/account_tree:", width="content",
                query_params={"node": str(job.node_id), "kind": str(result["kind"])},
            )  # fmt: skip
        story_links.draw(job.node_id)


def timeline(job: Job, seen: JobDetail) -> None:
    rows = gantt.bars(job, seen.attempts, seen.model_calls, seen.steps, live.clock_ms())
    span = f"{formats.clock(job.created_at, labels.zone())} – {formats.clock(job.finished_at, labels.zone())}"
    with charts.card(t("Timeline"), span, "timeline"):
        charts.show(gantt.draw(rows, charts.palette()), "gantt", t("Attempts and steps over time"))


def happened(seen: JobDetail) -> None:
    st.markdown(f"**{t('Steps and events')}**")
    events.draw(seen)
    for attempt in seen.attempts:
        if attempt.traceback:
            with st.expander(
                t("Traceback of attempt {n}", n=attempt.claim),
                icon=":material/bug_report:",
                key=f"traceback_{attempt.claim}",
            ):
                st.code(hide_keys(attempt.traceback), language="python", height=320)


def children(job: Job, seen: JobDetail) -> None:
    if not seen.children:
        return
    waterfall.draw(job)
    with st.expander(t("As a table"), icon=":material/table_rows:", key="parts_table"):
        places = live.query(
            live.workbench().projects.locate, node_ids=sorted({c.node_id for c in seen.children if c.node_id})
        )
        now, sort = live.clock_ms(), st.session_state.get("_children_sort", ("", False))
        # as they belong to their parent, until a heading is clicked
        rows = table.sort_jobs(seen.children, places, now, sort) if sort[0] else seen.children
        height = min(420, 42 + 35 * len(rows))
        table.draw(
            rows, places, now, "children", height, selectable=False, sort=sort, on_sort=sort_children,
        )  # fmt: skip


def sort_children(column: str) -> None:
    sort = st.session_state.get("_children_sort", ("", False))
    st.session_state["_children_sort"] = table.next_sort(sort, column)


def payload(job: Job) -> None:
    """The payload, and its editor when a replay with edits was asked for."""
    place = forms.payload_place(job.id)
    if not st.session_state.get("editing_payload") and not drafts.is_waiting(place):
        with st.expander(t("Payload"), icon=":material/data_object:", key="payload"):
            st.json(hide_keys(job.params), expanded=2)
        return
    with st.container(border=True, key="payload_editor"):
        st.markdown(f"**{t('Replay with an edited payload')}**")
        key = f"payload_{job.id}"
        with drafts.keep(place, key) as draft:
            edited = forms.payload_editor(draft.key, job.params, wb.workflows.get(job.kind).params)
            with st.container(horizontal=True, vertical_alignment="center"):
                if st.button(
                    t("Replay"),
                    key="payload_go",
                    type="primary",
                    icon=":material/restart_alt:",
                    disabled=edited is None,
                ):
                    acts.ask("replay", [job.id], params=edited, follow=True)
                    live.redraw_page()
                if st.button(t("Discard"), key="payload_drop", icon=":material/close:"):
                    st.session_state.pop("editing_payload", None)
                    drafts.discard(place)
                    live.redraw_page()
                draft.show_status()


def show(job_id: int) -> None:
    first = live.query(wb.jobs.get_detail, job_id)
    back()
    header(first.job, first)
    shell.show_refusal()
    outcome(first.job)
    payload(first.job)
    active = first.job.state in states.ACTIVE
    started = first.job.state

    @shell.fragment(run_every=live.refresh_interval_s(active) if active else None, key="job_live")
    def body() -> None:
        seen = live.query(wb.jobs.get_detail, job_id)
        job = seen.job
        if job.state != started:
            live.ask_anew()
            live.redraw_page()
        progress(job)
        summary(job, seen)
        accuracy.compare(job.id)
        if job.kind == bulk.KIND:
            bulk.draw(job)
        children(job, seen)
        timeline(job, seen)
        left, right = st.columns([1, 2], gap="medium")
        with left:
            happened(seen)
        with right:
            calls_table.section(seen.model_calls, "calls")

    body()


def main() -> None:
    param = st.query_params.get("id", "")
    if not param.isdecimal():
        with illustrations.empty(t("Choose a job to see what it did."), "job"):
            if st.button(t("All jobs"), key="to_jobs", type="primary", icon=":material/list_alt:"):
                st.switch_page("pages/jobs.py")
        return
    try:
        # no job has more digits than any row's id
        show(whole_number(param) or 0)
        acts.draw(on_done=stop_editing)
    except NotFound:
        with illustrations.empty(t("There is no job {id}.", id=plain(shorten(param, 20))), "no_job"):
            if st.button(t("All jobs"), key="to_jobs", type="primary", icon=":material/list_alt:"):
                st.switch_page("pages/jobs.py")
    except ReelwrightError as error:
        st.error(plain(labels.error_text(error)), icon=":material/error:")


main()
