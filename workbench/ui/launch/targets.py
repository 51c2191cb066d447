"""What the Launch page asks: where a workflow can run, what is there already, what is missing, what it will take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.db.rows.story import OutlineNode, TreeNode
from workbench.errors import Issue, ReelwrightError
from workbench.json_types import JsonObject
from workbench.story.plan import Forecast
from workbench.ui import formats, job_links, labels, live, states
from workbench.ui.language import current, t
from workbench.ui.markup import plain, shorten
from workbench.ui.projects import progress
from workbench.ui.studio import plan as plans
from workbench.workflows.registry import Workflow

#: guards are asked of so many nodes before the launch, which asks them all
MAX_GUARD_CHECKS = 12
#: scope → the kind that names its nodes
ELEMENTS = {"character": "character", "world": "world_element"}
#: states of a node on which a workflow has something to do
WANTING = ("missing", "ready", "stale", "partial", "failed")


@dataclass(frozen=True)
class Target:
    """A node that a workflow can run on, with what it has of what the workflow writes."""

    id: int
    title: str
    state: str


@dataclass(frozen=True)
class Start:
    """A workflow that can start now, and the node on which it has something to do."""

    workflow: str
    node: TreeNode


def find_start(workflows: Sequence[Workflow], project: int) -> Start | None:
    """What a story needs next: the first workflow, in the order of its making, that nothing keeps from starting.

    Those that a plan begins by itself come before those that are started by hand alone. None: everything is there.
    """
    single = [w for w in workflows if not w.batch and w.scope != "any"]
    for workflow in sorted(single, key=lambda w: w.by_hand):
        for node in _wanting(workflow, project)[:MAX_GUARD_CHECKS]:
            if _can_start(workflow, node.id):
                return Start(workflow.name, node)
    return None


def _can_start(workflow: Workflow, node_id: int) -> bool:
    try:
        return not live.workbench().workflows.list_unmet(workflow.name, node_id)
    except ReelwrightError:
        return False  # its form has to be filled in first


def _wanting(workflow: Workflow, project: int) -> list[TreeNode]:
    """The nodes that lack what a workflow writes, in story order; of scenes those of the first episode that has any."""
    nodes = live.outline(project, project).nodes
    if workflow.scope == "scene":
        first = default_episode(project)
        nodes = live.outline(project, first.id).nodes if first is not None else []
    listed = [n for n in nodes if n.kind == workflow.scope]
    marks = live.query(live.workbench().workflows.list_marks, project)
    jobs = {(m.node_id, m.workflow): m.state for m in marks}
    return [n for n in listed if state_of(workflow, n, jobs) in WANTING]


def episodes(project: int) -> list[OutlineNode]:
    return [n for n in live.outline(project, project).nodes if n.kind == "episode"]


def default_episode(project: int) -> OutlineNode | None:
    """The first episode that has scenes, else the first."""
    there = episodes(project)
    return next((e for e in there if e.parts), there[0] if there else None)


def targets(workflow: Workflow, project: int, episode: int) -> list[Target]:
    """The live episodes, the scenes of one episode, or the characters or world elements."""
    if workflow.scope in ELEMENTS:
        return _element_targets(workflow, project)
    nodes = live.outline(project, episode).nodes
    if workflow.scope == "episode":
        places = [n for n in nodes if n.kind == "episode"]
    else:
        places = [n for n in nodes if n.kind == "scene" and n.parent_id == episode]
    marks = live.query(live.workbench().workflows.list_marks, project)
    jobs = {(m.node_id, m.workflow): m.state for m in marks}
    return [Target(n.id, labels.node_title(n.kind, n.position, n.title), state_of(workflow, n, jobs)) for n in places]


def _element_targets(workflow: Workflow, project: int) -> list[Target]:
    rows = live.query(live.workbench().projects.list_contents, project, ELEMENTS[workflow.scope])
    nodes = {n.id: n for n in live.outline(project, project).nodes}
    marks = live.query(live.workbench().workflows.list_marks, project)
    jobs = {(m.node_id, m.workflow): m.state for m in marks}
    return [
        Target(r.node_id, str(r.content["name"]), state_of(workflow, nodes[r.node_id], jobs))
        for r in rows
        if r.node_id in nodes
    ]


def state_of(workflow: Workflow, node: TreeNode, jobs: Mapping[tuple[int, str], str]) -> str:
    """The state of a workflow on a node: at work or failed, else that of what it writes; a parent has the node's own.

    `jobs`: (node id, workflow) → state, of jobs that are active, failed or came only in part.
    """
    if (node.id, workflow.name) in jobs:
        return jobs[node.id, workflow.name]
    if workflow.writes is None:
        return progress.node_state(node, {k: s for k, s in jobs.items() if s in ("failed", "partial")})
    head = progress.kinds_of(node).get(workflow.writes)
    if head is None:
        return "missing"
    return "stale" if head.stale else "fresh" if head.complete else "partial"


def episode_of(project: int, nodes: Sequence[int]) -> int | None:
    """The episode of the first of these scenes, for a link that names scenes alone."""
    for node_id in nodes[:1]:
        try:
            node = live.workbench().projects.get_node(node_id)
        except ReelwrightError:
            return None
        if node.project_id == project and node.kind == "scene":
            return node.parent_id
    return None


def unmet(workflow: Workflow, chosen: Sequence[int], values: JsonObject) -> dict[str, list[int]]:
    """What must exist first, as a sentence → the chosen nodes that lack it; the first of them are asked."""
    lacking: dict[str, list[int]] = {}
    for node in chosen[:MAX_GUARD_CHECKS]:
        try:
            issues: list[Issue] = live.workbench().workflows.list_unmet(workflow.name, node, values)
        except ReelwrightError:
            continue  # the form says what is wrong with its values
        for issue in issues:
            lacking.setdefault(labels.issue_text(issue), []).append(node)
    return lacking


def forecast(workflow: Workflow, chosen: Sequence[int], values: JsonObject, profile: str | None) -> Forecast | None:
    """What all of these runs will take together, with the jobs that they start; None when nobody knows."""
    if not chosen:
        return None
    known: Forecast | None = live.query(live.workbench().plans.price, workflow.name, list(chosen), values, profile)
    return known


def price(guess: Forecast | None, count: int) -> None:
    """Money, time and tokens of all runs together."""
    if not count:
        st.caption(t("Choose where to run it."))
        return
    if guess is None:
        st.caption(t("Nobody knows yet what it takes."))
        return
    if not guess.jobs:
        # what it would start is there already; on one node the outline says so
        if count > 1:
            st.caption(t("Everything it would make is there and fresh."))
        return
    with st.container(horizontal=True, gap="medium", key="launch_price"):
        st.metric(t("Money"), plans.price(guess.cost, guess.unpriced), width="content")
        st.metric(t("Time"), f"≈ {formats.duration(guess.seconds * 1000, current())}", width="content",
                  help=t("As far as there are workers, jobs run side by side."))  # fmt: skip
        st.metric(t("Tokens"), formats.number(guess.tokens, current()), width="content")
    if guess.jobs > count:
        st.caption(t("With the jobs that it starts: {n}", n=guess.jobs))


def outline(workflow: Workflow, chosen: Sequence[int], values: JsonObject, profile: str | None) -> None:
    """What a parent will start on one node, workflow by workflow, and what of it cannot begin."""
    if workflow.starts is None or len(chosen) != 1:
        return
    plan = live.query(live.workbench().plans.outline, workflow.name, chosen[0], values, profile)
    with st.container(key="launch_outline", gap="small"):
        if not plan.jobs:
            st.caption(t("Everything it would make is there and fresh."))
            return
        st.markdown(f"**{t('What it will start, in this order')}**")
        plans.draw_table(plans.groups(plan.jobs), None, plan.growth if plan.growth.jobs else None)
        for issue in plan.unmet:
            st.markdown(f":gray[:material/lock: {plain(labels.issue_text(issue))}]")


def launch_label(n: int, guess: Forecast | None) -> str:
    """What the button says: how many jobs, and for how much."""
    if not n:
        return t("Launch")
    unknown = guess is None or (guess.jobs > 0 and guess.unpriced == guess.jobs)
    return plans.launch_label(n, None if unknown or guess is None else guess.cost, guess.unpriced if guess else 0)


def flow(workflow: Workflow) -> str:
    """What a workflow reads and what it writes, as one line of Markdown."""
    reads = []
    for name in workflow.reads:
        near, _, kind = name.rpartition(".")
        title = labels.kind_title(kind)
        told = {
            "previous": t("{kind} before", kind=title),
            "next": t("{kind} after", kind=title),
            "below": t("{kind} below", kind=title),
            "used": t("{kind} where used", kind=title),
        }
        reads.append(told.get(near, title))
    what = (
        f"**{plain(labels.kind_title(workflow.writes))}**"
        if workflow.writes
        else f"**{plain(t('the jobs it starts'))}**"
        if workflow.batch
        else ""
    )
    return f":gray[{plain(' · '.join(reads))}] → {what}" if reads and what else what


def profile(key: str = "launch_profile", *, own: bool = True) -> str | None:
    """Which model runs it; None for the project's own, which is not offered without a project."""
    named = {p.name: f"{p.name} · {p.text_model or p.provider}" for p in live.workbench().profiles.list()}
    named = {"sketch": t("Sketch, offline and free"), **named}
    chosen: str | None = st.selectbox(
        t("Model profile"),
        [*([None] if own else []), *named],
        format_func=lambda name: t("The project's own") if name is None else named[name],
        key=key,
        placeholder=t("The project's own"),
        help=t("Which model answers and what it costs.") if not own else None,
    )
    return chosen


def with_profile(name: str | None) -> JsonObject:
    """The field of a request that names the profile."""
    return {} if name is None else {"profile_id": live.workbench().profiles.id_of(name)}


def job_row(job: Job, title: str = "") -> None:
    """One launched job in a line: state, name, place, what it does, the way to it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"launched_{job.id}"):
        states.badge(job.state)
        place = f" :gray[{plain(shorten(title, 60))}]" if title else ""
        st.markdown(f"{plain(labels.workflow_title(job.kind))}{place}", width="stretch")
        active = job.state in states.ACTIVE
        sentence = (
            f"{int(job.progress or 0)}% · {labels.now_text(job)}" if active else labels.translate_stored(job, "error")
        )
        if sentence:
            st.caption(plain(shorten(sentence, 70)), width="content")
        st.page_link(
            job_links.PAGE, label=t("job {id}", id=job.id), query_params=job_links.query(job.id), width="content"
        )
