"""Jobs: the live board. Filters live in the URL, pages are keyset pages, everything acts on a selection or on all
that match."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

import streamlit as st

from workbench.db.rows.jobs import Gate, JobFilters, JobPage, JobSort
from workbench.errors import InvalidInput
from workbench.plain_text import whole_number
from workbench.ui import (
    drafts,
    filters,
    formats,
    forms,
    illustrations,
    job_links,
    labels,
    live,
    parts,
    shell,
    states,
    views,
)
from workbench.ui.jobs import acts, board, board_filters, bulk, gates, selection, table, workers
from workbench.ui.language import t
from workbench.ui.settings import alerts
from workbench.workflows.registry import Workflow

wb = live.workbench()
LIMIT = 50
NEWEST: tuple[JobSort, bool] = ("id", True)
#: so many pages of a sorted board know the way back
MOST_BACK = 20
#: whether there is such a page, what leads there, and with which arguments
Turn = tuple[bool, Callable[..., None], tuple[Any, ...]]
#: the parts that are drawn anew alone
BOARD, WORKERS = "jobs_board", "jobs_workers"
#: where the draft of a new chat job is kept
NEW_JOB = "new-job"


def state_pills(wanted: JobFilters) -> tuple[list[str], dict[str, int]]:
    """One pill per state, with its count by the other filters; the chosen ones filter. Both are returned."""
    counts = live.query(live.workbench().jobs.count_states, **wanted)
    chosen = st.query_params.get("state", "").split(",")
    shown = [
        s
        for s in states.JOB_STATES
        if counts.get(s) or s in chosen or s in ("running", "queued", "failed", "succeeded")
    ]

    more = board.total_text(sum(counts.values()), wanted).endswith("+")

    def label(name: str) -> str:
        state = states.find(name)
        return f":material/{state.icon}: {state.word} **{formats.count(counts.get(name, 0))}{'+' * more}**"

    return filters.pills("state", t("State"), {name: label(name) for name in shown}), counts


def go_to_page(name: str, value: int) -> None:
    """Go to the next older or newer page."""
    for other in ("before", "after", "page"):
        st.query_params.pop(other, None)
    st.query_params[name] = str(value)


def page_ends() -> dict[str, int]:
    asked = {n: whole_number(st.query_params.get(n, "")) for n in ("before", "after")}
    return {name: number for name, number in asked.items() if number is not None}


def sort_param() -> tuple[JobSort, bool]:
    """How the board is sorted, as the address says: a column, and whether it descends. Else the newest come first."""
    column = st.query_params.get("sort", "")
    known: dict[str, JobSort] = {name: name for name in get_args(JobSort)}
    return (known[column], st.query_params.get("desc") == "1") if column in known else NEWEST


def sort_by(column: str) -> None:
    """A click on a heading; pages begin anew."""
    chosen, descending = table.next_sort(sort_param(), column)
    for name in ("before", "after", "page", "sort", "desc"):
        st.query_params.pop(name, None)
    if (chosen, descending) != NEWEST:
        st.query_params.update({"sort": chosen, "desc": "1" if descending else "0"})


def list_page(matching: JobFilters) -> JobPage:
    """The jobs to show: the newest by keys, so that a page holds still; else of all that match, by a column."""
    column, descending = sort_param()
    if (column, descending) == NEWEST:
        return list_newest(matching)
    kinds = sorted((w.name for w in wb.workflows.list()), key=lambda name: labels.workflow_title(name).casefold())
    how: dict[str, Any] = {"descending": descending, "limit": LIMIT, "kinds": kinds, **matching}
    page = live.workbench().jobs.page_sorted
    try:
        return live.query(page, column, after=next(reversed(places()), None), **how)
    except InvalidInput:
        # an address that somebody has typed
        return live.query(page, column, **how)


def list_newest(matching: JobFilters) -> JobPage:
    """A row more than a page has says whether there is an older page, or a newer one."""
    jobs = live.workbench().jobs
    listing: dict[str, Any] = {**matching, "limit": LIMIT + 1}
    ends: dict[str, Any] = {**page_ends()}
    rows = live.query(jobs.list, **listing, **ends)
    if "after" in ends and len(rows) > LIMIT:
        return JobPage(rows[1:], str(rows[-1].id))
    if "after" in ends:
        # the first page: what comes stands on it
        st.query_params.pop("after")
        rows = live.query(jobs.list, **listing)
    return JobPage(rows[:LIMIT], str(rows[LIMIT - 1].id) if len(rows) > LIMIT else None)


def places() -> list[str]:
    """Where the pages of a sorted board began, from the second to this one: none on the first. An empty one stands for
    those before, which the address does not know any more."""
    return st.query_params["page"].split(".") if "page" in st.query_params else []


def go_back() -> None:
    """To the page that this one came after; where the address does not know it, to the first."""
    before = places()[:-1]
    if any(before):
        st.query_params["page"] = ".".join(before)
    else:
        st.query_params.pop("page", None)


def go_on(place: str) -> None:
    """To the next page of a sorted board."""
    known = [*places(), place]
    newest = [*filter(None, known)][-MOST_BACK:]
    st.query_params["page"] = ".".join(newest if known == newest else ["", *newest])


def pager(page: JobPage, total: int, matching: JobFilters) -> None:
    rows, newest, ends = page.jobs, sort_param() == NEWEST, page_ends()
    shown = {"n": len(rows), "total": board.total_text(total, matching)}
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            t("{n} of {total} shown, newest first", **shown) if newest else t("{n} of {total} shown", **shown),
            width="content",
        )
        st.space("stretch")
        if newest:
            # Only a reader who has turned a page can be on an older one.
            back: Turn = bool(ends), go_to_page, ("after", rows[0].id if rows else 0)
            on: Turn = page.next is not None, go_to_page, ("before", rows[-1].id if rows else 0)
        else:
            back = "page" in st.query_params, go_back, ()
            on = page.next is not None, go_on, (page.next,)
        previous = t("Previous") if places()[:-1] != [""] else t("First page")
        for key, label, icon, (possible, turn, args) in (
            ("newer", t("Newer") if newest else previous, "chevron_left", back),
            ("older", t("Older") if newest else t("Next"), "chevron_right", on),
        ):
            st.button(
                label, key=key, icon=f":material/{icon}:", icon_position="right" if key == "older" else "left",
                type="tertiary", disabled=not possible, on_click=turn, args=args,
            )  # fmt: skip


def header(has_jobs: bool, limits: dict[str, Gate]) -> None:
    with shell.title(t("Jobs"), t(":material/autorenew: live, every 2 s")):
        st.space("stretch")
        views.menu("jobs", board_filters.PARAMETERS)
        gates.menu(limits)
        if st.button(t("New job"), key="new_job", type="primary" if has_jobs else "secondary", icon=":material/add:"):
            st.session_state["_new_job"] = True
            if not has_jobs:
                new_job()


def _is_open() -> bool:
    return bool(st.session_state.get("_new_job"))


def _close_dialog() -> None:
    st.session_state.pop("_new_job", None)


# It stays open while the board behind it is drawn anew.
@shell.dialog(t("New job"), width="medium", on_dismiss=_close_dialog)
def new_job() -> None:
    """Story work is launched where the story is; a chat needs no story."""
    st.markdown(t("Everything that belongs to a story is launched in its Studio."))
    if st.button(t("Open Studio"), key="new_job_studio", icon=":material/movie_edit:"):
        st.switch_page("pages/studio.py")
    st.divider()
    chat = wb.workflows.get("llm_chat")
    st.markdown(f"**{t(chat.title)}** :gray[{t('one question to a model, without a story')}]")
    with drafts.keep(NEW_JOB, "chat") as draft:
        chat_form(chat, draft.key)
        draft.show_status(with_button=True)


def chat_form(chat: Workflow, key: str) -> None:
    issues = st.session_state.get("chat_issues", [])
    values = forms.fields(chat.params, key, {"messages": [{"role": "user", "content": ""}]}, issues)
    profiles = {p.name: f"{p.name} · {p.text_model or p.provider}" for p in wb.profiles.list()}
    options = [None, *profiles]
    profile = st.selectbox(
        t("Model profile"),
        options,
        index=drafts.begin_choice(f"{key}_profile", None, options),
        format_func=lambda n: profiles[n] if n else t("Sketch, offline and free"),
        key=f"{key}_profile",
        placeholder=t("Sketch, offline and free"),
        on_change="ignore",
    )
    # the second of two quick clicks comes when the first one has closed the dialog
    if st.button(t("Launch"), key="chat_launch", type="primary", icon=":material/rocket_launch:") and _is_open():
        wrong = forms.check(chat.params, values)
        st.session_state["chat_issues"] = wrong
        if wrong:
            st.rerun(scope="fragment")  # noqa: TID251
        job = wb.submit("llm_chat", None, values, profile=profile, user=shell.user())
        forms.forget(key)
        drafts.discard(NEW_JOB)
        _close_dialog()
        live.invalidate()
        st.switch_page(job_links.PAGE, query_params=job_links.query(job.id))


def draw_board(filters_now: Callable[[], JobFilters], drawn_with: dict[str, str]) -> None:
    """The live part of the page. `drawn_with`: what the address asked for when the rest of the page was drawn."""
    if views.in_address(board_filters.PARAMETERS) != drawn_with:
        live.redraw_page()
    wanted = filters_now()
    cards = st.container(key="cards")
    chosen, counts = state_pills(wanted)
    matching: JobFilters = {**wanted, "state": chosen or None}
    with cards:
        board.metrics(matching, 0 if chosen and "running" not in chosen else counts.get("running", 0))
    if wanted["text"] and live.query(live.workbench().jobs.is_being_filed):
        st.caption(
            t("Older jobs are still being filed: until then their titles and errors are found in English alone."),
            help=t("Workers do so by themselves, some thousand jobs a second while they have time."),
        )
    if wanted["text"] and chosen:
        # of what is found by words only the newest are counted
        counts = live.query(live.workbench().jobs.count_states, **matching)
    total = sum(n for state, n in counts.items() if not chosen or state in chosen)
    page = hold_still(list_page(matching))
    rows = page.jobs
    strip = st.container(key="bulk_strip")
    bar = st.container(horizontal=True, vertical_alignment="center", gap="small", key="bulk_bar")
    places = live.query(live.workbench().projects.locate, node_ids=sorted({r.node_id for r in rows if r.node_id}))
    table.draw(rows, places, live.clock_ms(), key=board.TABLE, sort=sort_param(), on_sort=sort_by)
    with strip:
        bulk.strip()
    with bar:
        board.bulk(total, matching)
    if not rows:
        with st.container(horizontal=True, vertical_alignment="center", key="no_match"):
            st.caption(t("No job matches these filters."), width="content")
            st.button(
                t("Show all jobs"), key="show_all", type="tertiary", icon=":material/filter_alt_off:",
                on_click=board_filters.clear,
            )  # fmt: skip
    pager(page, total, matching)
    # a page shows one dialog at a time
    if not acts.draw(on_done=clear_selection) and _is_open():
        new_job()


def clear_selection() -> None:
    selection.clear(board.TABLE)


def hold_still(page: JobPage) -> JobPage:
    """The rows to show: while any of them is selected they stay as they were, so that nothing moves under a hand."""
    question = str(sorted((k, v) for k, v in st.query_params.items() if k != "lang"))
    before, ids, end = st.session_state.get("_jobs_shown", ("", [], None))
    fresh = [job.id for job in page.jobs]
    if question == before and ids != fresh and set(ids) & set(selection.selected(board.TABLE)):
        st.button(
            t("{n} new rows: show them", n=len(set(fresh) - set(ids))),
            key="jobs_fresh",
            type="tertiary",
            icon=":material/arrow_upward:",
            on_click=st.session_state.pop,
            args=("_jobs_shown", None),
        )
        return JobPage(live.query(live.workbench().jobs.get_many, ids), end)
    st.session_state["_jobs_shown"] = (question, fresh, page.next)
    return page


def signature() -> dict[str, Any]:
    """Part of the page → what makes it another one. The board: a job's state or progress, a new minute. The workers:
    one that comes, goes, falls silent or takes another job. The rest: what somebody pauses or limits, an alert."""
    # Past the shared cache: copying a cached answer is slower than this read.
    now = wb.jobs.signature()
    return {
        BOARD: (now.version, live.clock_ms() // 60_000),
        WORKERS: (now.version, [(w.name, w.busy, not w.is_live, w.drain_at) for w in now.workers]),
        parts.PAGE: ([(g.key, g.paused, g.max_running) for g in now.gates], now.alerts),
    }


def main() -> None:
    drawn = live.look("jobs", signature)
    filters_now = board_filters.sidebar()
    with st.sidebar:
        parts.draw(WORKERS, workers.draw)
    has_jobs = bool(wb.jobs.list(limit=1))
    limits = {gate.key: gate for gate in wb.queues.list_gates()}
    header(has_jobs, limits)
    shell.show_refusal()
    gates.banner(limits)
    alerts.show_holding()
    if has_jobs:
        parts.draw(BOARD, partial(draw_board, filters_now, views.in_address(board_filters.PARAMETERS)))
    else:
        with illustrations.empty(t("No job has run yet. Jobs appear here the moment you launch one."), "jobs"):
            if st.button(t("Open a story"), key="jobs_to_studio", type="primary", icon=":material/movie_edit:"):
                st.switch_page("pages/studio.py")
    parts.watch("jobs_watch", drawn, signature, wb.jobs.has_active, drawn.value)


main()
