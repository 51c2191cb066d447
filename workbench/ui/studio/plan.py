"""The plan of a node with its price, the buttons that open it, and the one that launches it as one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.story.plan import Mode, Plan, PlannedJob
from workbench.ui import formats, labels, live, shell, states
from workbench.ui.language import current, t
from workbench.ui.markup import plain, safe

#: the plan of a larger project is reckoned when somebody asks for it
LARGE = 12
ROWS = 9


@dataclass(frozen=True)
class Group:
    """The jobs of one workflow in a plan: how many, what they take together, and the most urgent state among them."""

    workflow: str
    jobs: int
    state: str
    tokens: int | None
    seconds: float
    cost: dict[str, int]
    unpriced: int


def load_plan(node_id: int, mode: Mode = "missing") -> Plan:
    """The plan of a node, shared for a second."""
    plan: Plan = live.query(live.workbench().plans.build, node_id, mode)
    return plan


def groups(jobs: Sequence[PlannedJob]) -> list[Group]:
    """A plan's jobs by workflow, in the order in which they first appear."""
    by_kind: dict[str, list[PlannedJob]] = {}
    for job in jobs:
        by_kind.setdefault(job.workflow, []).append(job)
    return [_group(name, own) for name, own in by_kind.items()]


def _group(name: str, own: list[PlannedJob]) -> Group:
    cost: dict[str, int] = {}
    for job in own:
        if job.cost_micros is not None and job.currency:
            cost[job.currency] = cost.get(job.currency, 0) + job.cost_micros
    return Group(
        name,
        len(own),
        "missing" if any(j.state == "missing" for j in own) else "stale",
        None if any(j.tokens is None for j in own) else sum(j.tokens or 0 for j in own),
        sum(j.seconds for j in own),
        cost,
        sum(j.cost_micros is None for j in own),
    )


def price(cost: Mapping[str, int], unpriced: int) -> str:
    """What jobs will cost: an amount, “free”, “unknown”, “¥1.20 + ?” when some prices are not known."""
    return formats.price(cost, unpriced, current())


def launch_label(n: int, cost: Mapping[str, int] | None, unpriced: int = 0) -> str:
    """What a button says: “Launch 6 jobs for about ¥3.67”. `cost` None: no price is known; `unpriced`: of how many."""
    if cost is None:
        return t("Launch {n} jobs", n=n) if n != 1 else t("Launch 1 job")
    if not unpriced and not any(cost.values()):
        return t("Launch {n} jobs, free", n=n) if n != 1 else t("Launch 1 job, free")
    amount = price(cost, unpriced)
    return (
        t("Launch {n} jobs for about {cost}", n=n, cost=amount)
        if n != 1
        else t("Launch 1 job for about {cost}", cost=amount)
    )


def launch(node_id: int, mode: Mode, grow: bool = False) -> None:
    """Start the plan as one job; what it would need and lacks is said instead."""
    _close()
    with shell.show_refusals():
        job = live.workbench().plans.run(node_id, mode, grow=grow, user=shell.user())
        shell.toast(t("Launched as job {id}.", id=job.id))
    live.invalidate()


def parent(node_id: int) -> Job | None:
    """The plan that is at work on this node now."""
    node = live.workbench().projects.get_node(node_id)
    for job in live.active_jobs(node.project_id):
        if job.node_id == node_id and job.kind == "run_plan":
            return job
    return None


def buttons(node_id: int, *, stale: bool) -> None:
    """“Update what's stale” where something is, and “Run everything below”; both open the plan before anything
    starts."""
    busy = parent(node_id) is not None
    if stale:
        st.button(
            t("Update what's stale"),
            key="update_stale",
            icon=":material/update:",
            disabled=busy,
            on_click=_open,
            args=(node_id, "stale"),
        )
    st.button(
        t("Run everything below"),
        key="run_below",
        type="primary",
        icon=":material/playlist_play:",
        disabled=busy,
        on_click=_open,
        args=(node_id, "missing"),
    )
    request = st.session_state.get("_plan")
    if request and request[0] == node_id:
        _dialog(*request)


def _close() -> None:
    st.session_state.pop("_plan", None)


def _open(node_id: int, mode: Mode) -> None:
    st.session_state["_plan"] = (node_id, mode)
    st.session_state.pop("_frame", None)  # a page shows one dialog at a time


def _dialog(node_id: int, mode: Mode) -> None:
    title = t("Update what's stale") if mode == "stale" else t("Run everything below")

    # It stays open while the page behind it is drawn anew.
    @st.dialog(title, width="large", icon=":material/playlist_play:", on_dismiss=_close)
    def show_dialog() -> None:
        plan = load_plan(node_id, mode)
        if not plan.jobs:
            st.markdown(t("Nothing to do: everything below is fresh."))
            return
        _numbers(plan)
        _table(groups(plan.jobs), None)
        grow = _grow(plan, mode, node_id, "dialog")
        if _launch_button(plan, node_id, mode, grow, "dialog"):
            st.rerun()

    show_dialog()


def card(node_id: int, *, large: bool = False) -> None:
    """The plan of everything below: money, time and tokens, a row per workflow, one button that launches it all."""
    running = parent(node_id)
    if running is not None:
        _running(running)
        return
    if large and not st.session_state.get(f"plan_wanted_{node_id}"):
        with st.container(border=True, key="plan"):
            st.markdown(f"**{t('Plan · everything below')}**")
            st.button(
                t("Reckon the plan"),
                key=f"reckon_{node_id}",
                icon=":material/calculate:",
                width="stretch",
                on_click=st.session_state.__setitem__,
                args=(f"plan_wanted_{node_id}", True),
            )
        return
    plan = load_plan(node_id)
    if not plan.jobs:
        return
    with st.container(border=True, key="plan"):
        st.markdown(f"**{t('Plan · everything below')}**")
        _numbers(plan)
        _table(groups(plan.jobs), ROWS)
        grow = _grow(plan, "missing", node_id, "card")
        _launch_button(plan, node_id, "missing", grow, "card")


@st.fragment(run_every=1.0)
def _bar(job_id: int) -> None:
    job = live.query(live.workbench().jobs.get, job_id)
    percent = int(job.progress or 0)
    st.progress(percent / 100, text=f"{plain(labels.translate_stored(job, 'message'))} :gray[· {percent}%]")


def _running(job: Job) -> None:
    """The plan at work: its bar, its job, and one button that stops all of it."""
    with st.container(border=True, key="plan"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('Plan · everything below')}**", width="content")
            states.badge("running")
            st.space("stretch")
            st.page_link(
                "pages/job.py",
                label=t("job {id}", id=job.id),
                query_params={"id": str(job.id)},
                width="content",
            )
        _bar(int(job.id))
        st.button(
            t("Cancel"),
            key=f"plan_cancel_{job.id}",
            icon=":material/stop_circle:",
            width="stretch",
            on_click=_cancel,
            args=(int(job.id),),
        )


def _cancel(job_id: int) -> None:
    with shell.show_refusals():
        live.workbench().jobs.cancel(job_id, user=shell.user())
    live.invalidate()


def _numbers(plan: Plan) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric(t("Money"), price(plan.cost, plan.unpriced), width="content")
        st.metric(t("Time"), f"≈ {formats.duration(plan.seconds * 1000, current())}", width="content")
        st.metric(t("Tokens"), formats.number(plan.tokens, current()), width="content")


def _table(rows: Sequence[Group], limit: int | None) -> None:
    shown = rows if limit is None else rows[:limit]
    body = "".join(
        f"<tr><td>{safe(labels.workflow_title(g.workflow))}{f' <i>× {g.jobs}</i>' if g.jobs > 1 else ''}</td>"
        f"<td>{safe(formats.number(g.tokens, current()) if g.tokens else formats.MISSING)}</td>"
        f"<td>{safe(formats.duration(g.seconds * 1000, current()))}</td>"
        f"<td>{safe(price(g.cost, g.unpriced))}</td></tr>"
        for g in shown
    )
    head = "".join(f"<th>{safe(name)}</th>" for name in (t("Job"), t("Tokens"), t("Time"), t("Price")))
    st.html(f"<table class='rw-plan'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    if len(rows) > len(shown):
        st.caption(t("and {n} more", n=len(rows) - len(shown)))


def _grow(plan: Plan, mode: Mode, node_id: int, where: str) -> bool:
    """Whether to go on into episodes and scenes that do not exist yet; asked only where the plan will make some."""
    if mode == "stale" or not plan.later:
        return False
    return st.checkbox(
        t("Go on into what these jobs make: about {n} more jobs", n=plan.later),
        key=f"plan_grow_{where}_{node_id}",
        help=t("Their price is not in this plan: it depends on how many episodes and scenes there will be."),
    )


def _launch_button(plan: Plan, node_id: int, mode: Mode, grow: bool, where: str) -> bool:
    for issue in plan.unmet[:4]:
        st.markdown(f":gray[:material/lock: {plain(labels.issue_text(issue))}]")
    return st.button(
        launch_label(
            len(plan.jobs), None if plan.jobs and plan.unpriced == len(plan.jobs) else plan.cost, plan.unpriced
        ),
        key=f"launch_plan_{where}_{node_id}_{mode}",
        type="primary" if where == "dialog" else "secondary",
        icon=":material/rocket_launch:",
        width="stretch",
        disabled=bool(plan.unmet),
        on_click=launch,
        args=(node_id, mode, grow),
    )
