"""What is missing or stale from a node downwards, what of it can run now, and the buttons that launch it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from workbench.errors import AlreadyActive
from workbench.ui import frame, live, progress, states, words
from workbench.ui.language import t
from workbench.ui.markup import plain, shortened
from workbench.workflows import registry

Tree = Mapping[str, Any]


@dataclass(frozen=True)
class Launch:
    """One job that would bring a node's artifact up to date. `blocked`: something before it is missing or stale."""

    node_id: int
    place: str
    workflow: str
    state: str
    blocked: bool


def makers(node_kind: str) -> list[registry.Workflow]:
    """The workflows that write an artifact on nodes of that kind."""
    return [w for w in live.workbench().workflows(node_kind) if w.writes and not w.batch]


def _busy(project: int) -> set[tuple[int, str]]:
    return {(j["node_id"], j["kind"]) for j in live.active_jobs(project)}


def of(tree: Tree, node_id: int) -> list[Launch]:
    """The launches below a node in reading order."""
    return _of(tree, node_id, _busy(int(tree["id"])), lambda w, n: bool(live.workbench().unmet(w, n)))


def _of(tree: Tree, node_id: int, busy: set[tuple[int, str]], unmet: Any) -> list[Launch]:
    made: list[Launch] = []
    unfinished: set[str] = set()
    episodes = {n["id"]: int(n["position"]) for n in tree["nodes"] if n["kind"] == "episode"}
    for node in progress.below(tree, node_id):
        have = progress.kinds_of(node)
        for workflow in makers(node["kind"]):
            artifact = have.get(workflow.writes or "")
            state = "missing" if artifact is None else "stale" if artifact["stale"] else "fresh"
            running = (node["id"], workflow.name) in busy
            if state == "fresh" and not running:
                continue
            # A stale artifact is only worth renewing once what it reads is fresh itself.
            waits = running or any(
                f"{node['id']}:{k}" in unfinished or f"{node['parent_id']}:{k}" in unfinished for k in workflow.reads
            )
            blocked = waits or (state == "missing" and unmet(workflow.name, node["id"]))
            unfinished.add(f"{node['id']}:{workflow.writes}")
            place = words.short_place(node, episodes.get(node["parent_id"]))
            made.append(Launch(node["id"], place, workflow.name, "running" if running else state, bool(blocked)))
    return made


def start(launches: Sequence[Launch]) -> None:
    """Launch what can run now, all at once; what is already running is left alone."""
    begun = 0
    with frame.told():
        for launch in launches:
            try:
                live.workbench().submit(launch.workflow, launch.node_id, {}, user=frame.user())
                begun += 1
            except AlreadyActive:
                continue
    if begun:
        frame.toast(t("Jobs launched: {n}", n=begun))
    live.forget()


def possible(launches: Sequence[Launch], state: str | None = None) -> list[Launch]:
    return [x for x in launches if not x.blocked and x.state != "running" and (state is None or x.state == state)]


def buttons(launches: Sequence[Launch]) -> None:
    """Update what is stale; run everything below that can run."""
    stale, ready = possible(launches, "stale"), possible(launches)
    if any(x.state == "stale" for x in launches):
        st.button(
            t("Update what's stale"),
            key="update_stale",
            icon=":material/update:",
            disabled=not stale,
            on_click=start,
            args=(stale,),
        )
    if launches:
        st.button(
            t("Run everything below"),
            key="run_below",
            type="primary",
            icon=":material/playlist_play:",
            disabled=not ready,
            on_click=start,
            args=(ready,),
        )


def card(launches: Sequence[Launch]) -> None:
    """The plan: how many jobs can run now, how many wait for what comes before, a row per job."""
    if not launches:
        return
    now = possible(launches)
    counted = Counter(x.state for x in launches)
    with st.container(border=True, key="plan"):
        st.markdown(f"**{t('Plan · everything below')}**")
        with st.container(horizontal=True, gap="medium"):
            st.metric(t("Can run now"), str(len(now)), width="content")
            st.metric(t("Missing"), str(counted["missing"]), width="content")
            st.metric(t("Stale"), str(counted["stale"]), width="content")
        for launch in launches[:8]:
            mark = ":gray[:material/lock:]" if launch.blocked and launch.state != "running" else ""
            st.markdown(
                f"{states.chip(launch.state)} {words.workflow_title(launch.workflow)} {mark}  \n:gray[{plain(shortened(launch.place, 40))}]"
            )
        if len(launches) > 8:
            st.caption(t("and {n} more", n=len(launches) - 8))
        if now:
            st.button(
                t("Launch {n} now", n=len(now)),
                key="launch_plan",
                icon=":material/rocket_launch:",
                width="stretch",
                on_click=start,
                args=(now,),
            )
        waiting = sum(x.blocked for x in launches)
        if waiting:
            st.caption(t("Waiting for what comes before: {n}", n=waiting))
