"""The plan of a node with its price, the buttons that open it, and the one that launches it as one job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.story.plan import Forecast, Key, Mode, Plan, PlannedJob
from workbench.ui import budgets, formats, job_links, labels, live, parts, shell, states
from workbench.ui.language import current, t
from workbench.ui.markup import plain, safe
from workbench.ui.studio import choosing, editing, kept
from workbench.ui.studio.choosing import Choice

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


def launch_label(n: int, cost: Mapping[str, int] | None, unpriced: int = 0, *, guess: bool = False) -> str:
    """What a button says: “Launch 6 jobs for about ¥3.67”. `cost` None: no price is known; `unpriced`: of how many;
    `guess`: how many jobs there will be is not known either."""
    jobs = t("about {n} jobs", n=n) if guess else t("{n} jobs", n=n) if n != 1 else t("1 job")
    if cost is None:
        return t("Launch {jobs}, price unknown", jobs=jobs)
    if not unpriced and not any(cost.values()):
        return t("Launch {jobs}, free", jobs=jobs)
    return t("Launch {jobs} for about {cost}", jobs=jobs, cost=price(cost, unpriced))


def launch(
    node_id: int,
    mode: Mode,
    grow: bool,
    beyond_budget: bool,
    rewrite: Sequence[Key],
    shown: Sequence[Key],
    leave_out: Sequence[str] = (),
    include: Sequence[str] = (),
) -> None:
    """Start the plan as one job, as it was shown; what it would need and lacks is said instead."""
    _close()
    with shell.show_refusals():
        job = live.workbench().plans.run(
            node_id,
            mode,
            grow=grow,
            beyond_budget=beyond_budget,
            rewrite=rewrite,
            only=shown,
            leave_out=leave_out,
            include=include,
            user=shell.user(),
        )
        for where in ("card", "dialog"):
            kept.forget(node_id, mode, where)
            choosing.forget(node_id, mode, where)
        shell.toast(t("Launched as job {id}.", id=job.id))
    live.invalidate()
    parts.redraw(editing.HEADING, editing.SIDE, editing.WATCH)


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
    for other in ("_frame", "_conductor"):  # a page shows one dialog at a time
        st.session_state.pop(other, None)


def _dialog(node_id: int, mode: Mode) -> None:
    title = t("Update what's stale") if mode == "stale" else t("Run everything below")

    # It stays open while the page behind it is drawn anew.
    @shell.dialog(title, width="large", icon=":material/playlist_play:", on_dismiss=_close)
    def show_dialog() -> None:
        choice = choosing.read(node_id, mode, "dialog", grow=_wants_growth(mode, node_id, "dialog"))
        plan, left, ticked = kept.load_plan(node_id, mode, "dialog", choice.leave_out, choice.include)
        if not plan.jobs:
            none = t("Nothing is ticked.") if choice.offered else t("Nothing to do: everything below is fresh.")
            st.markdown(t("Nothing to do but what you have written or pinned.") if left else none)
            choosing.draw(choice, node_id, mode, "dialog", expanded=True)
            kept.draw(left, node_id, mode, "dialog")
            return
        grow = _read_grow(plan, mode, node_id, "dialog")
        draw_numbers(plan.forecast(grow))
        draw_table(groups(plan.jobs), None, plan.growth if grow else None)
        choosing.draw(choice, node_id, mode, "dialog")
        _grow(plan, mode, node_id, "dialog")
        kept.draw(left, node_id, mode, "dialog")
        kept.tell_moved(plan)
        if _launch_button(plan, node_id, mode, grow, "dialog", ticked, choice):
            live.redraw_page()

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
    choice = choosing.read(node_id, "missing", "card", grow=_wants_growth("missing", node_id, "card"))
    plan, left, ticked = kept.load_plan(node_id, "missing", "card", choice.leave_out, choice.include)
    if not plan.jobs and not left and not choice.offered:
        return
    with st.container(border=True, key="plan"):
        st.markdown(f"**{t('Plan · everything below')}**")
        grow = _read_grow(plan, "missing", node_id, "card")
        draw_numbers(plan.forecast(grow))
        draw_table(groups(plan.jobs), ROWS, plan.growth if grow else None)
        choosing.draw(choice, node_id, "missing", "card")
        _grow(plan, "missing", node_id, "card")
        kept.draw(left, node_id, "missing", "card")
        kept.tell_moved(plan)
        if plan.jobs:
            _launch_button(plan, node_id, "missing", grow, "card", ticked, choice)


@shell.fragment(run_every=1.0)
def _bar(job_id: int) -> None:
    job = live.query(live.workbench().jobs.get, job_id)
    percent = int(job.progress or 0)
    st.progress(percent / 100, text=f"{plain(labels.now_text(job))} :gray[· {percent}%]")


def _running(job: Job) -> None:
    """The plan at work: its bar, its job, and one button that stops all of it."""
    with st.container(border=True, key="plan"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('Plan · everything below')}**", width="content")
            states.badge("running")
            st.space("stretch")
            st.page_link(
                job_links.PAGE,
                label=t("job {id}", id=job.id),
                query_params=job_links.query(job.id),
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


def draw_numbers(forecast: Forecast) -> None:
    """Money, time and tokens."""
    with st.container(horizontal=True, gap="medium"):
        st.metric(t("Money"), price(forecast.cost, forecast.unpriced), width="content")
        st.metric(t("Time"), f"≈ {formats.duration(forecast.seconds * 1000, current())}", width="content")
        st.metric(t("Tokens"), formats.number(forecast.tokens, current()), width="content")


def draw_table(rows: Sequence[Group], limit: int | None, growth: Forecast | None) -> None:
    """A row for each workflow, with its jobs, tokens, time and price; `growth`: a last one for what follows."""
    shown = rows if limit is None else rows[:limit]
    body = "".join(
        f"<tr><td>{safe(labels.workflow_title(g.workflow))}{f' <i>× {g.jobs}</i>' if g.jobs > 1 else ''}</td>"
        f"<td>{safe(formats.number(g.tokens, current()) if g.tokens else formats.MISSING)}</td>"
        f"<td>{safe(formats.duration(g.seconds * 1000, current()))}</td>"
        f"<td>{safe(price(g.cost, g.unpriced))}</td></tr>"
        for g in shown
    )
    if growth is not None:
        what = t("Jobs on what these make: about {n}", n=growth.jobs)
        body += (
            f"<tr><td>{safe(what)}</td><td>{safe(formats.number(growth.tokens, current()))}</td>"
            f"<td>{safe(formats.duration(growth.seconds * 1000, current()))}</td>"
            f"<td>{safe(price(growth.cost, growth.unpriced))}</td></tr>"
        )
    head = "".join(f"<th>{safe(name)}</th>" for name in (t("Job"), t("Tokens"), t("Time"), t("Price")))
    st.html(f"<table class='rw-plan'><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    if len(rows) > len(shown):
        st.caption(t("and {n} more", n=len(rows) - len(shown)))


def _grow_key(node_id: int, where: str) -> str:
    return f"plan_grow_{where}_{node_id}"


def _read_grow(plan: Plan, mode: Mode, node_id: int, where: str) -> bool:
    """What was answered to `_grow`: prices above the question count with it."""
    return bool(plan.later) and _wants_growth(mode, node_id, where)


def _wants_growth(mode: Mode, node_id: int, where: str) -> bool:
    return mode == "missing" and bool(st.session_state.get(_grow_key(node_id, where)))


def _grow(plan: Plan, mode: Mode, node_id: int, where: str) -> None:
    """Whether to go on into episodes and scenes that do not exist yet; asked only where the plan will make some."""
    if mode == "stale" or not plan.later:
        return
    st.checkbox(
        t("Go on into what these jobs make: about {n} more jobs, {cost}", n=plan.later,
          cost=price(plan.growth.cost, plan.growth.unpriced)),
        key=_grow_key(node_id, where),
        help=t("A guess: how many episodes and scenes there will be is not known yet."),
    )  # fmt: skip


def _launch_button(
    plan: Plan,
    node_id: int,
    mode: Mode,
    grow: bool,
    where: str,
    ticked: Sequence[Key],
    choice: Choice,
) -> bool:
    for issue in plan.unmet[:4]:
        st.markdown(f":gray[:material/lock: {plain(labels.issue_text(issue))}]")
    forecast = plan.forecast(grow)
    project = live.workbench().projects.get_node(node_id).project_id
    beyond = budgets.ask(project, forecast.cost, forecast.unpriced, f"plan_{where}_{node_id}_{mode}")
    unknown = bool(forecast.jobs) and forecast.unpriced == forecast.jobs
    return st.button(
        launch_label(forecast.jobs, None if unknown else forecast.cost, forecast.unpriced, guess=grow),
        key=f"launch_plan_{where}_{node_id}_{mode}",
        type="primary" if where == "dialog" else "secondary",
        icon=":material/rocket_launch:",
        width="stretch",
        disabled=bool(plan.unmet) or beyond is False,
        on_click=launch,
        args=(
            node_id,
            mode,
            grow,
            beyond is True,
            tuple(ticked),
            tuple((j.workflow, j.node.id) for j in plan.jobs),
            choice.leave_out,
            choice.include,
        ),
    )
