"""Studio: the story tree at the left, and for the chosen node a cell for each workflow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import streamlit as st

from workbench.api.workflows import Cell
from workbench.db.rows.story import Input, Outline, OutlineNode
from workbench.errors import NotFound
from workbench.plain_text import whole_number
from workbench.story.studio import Mark
from workbench.ui import (
    budgets,
    formats,
    job_links,
    labels,
    live,
    parts,
    project_picker,
    shell,
    states,
)
from workbench.ui.cast import elements
from workbench.ui.language import current, t
from workbench.ui.markup import code, plain, readable
from workbench.ui.projects import progress
from workbench.ui.studio import board, cells, editing, handoff, plan, slices, storyboard, tree
from workbench.ui.studio.editing import cell_key

#: a longer list of sources is cut, and says so
SOURCES = 12
#: makes the brief of a story that has a source text; of others the brief is typed
BRIEF_MAKER = "summarize_source"

wb = live.workbench()


def open_node(project: int, node: int) -> None:
    st.query_params.update({"project": str(project), "node": str(node)})


def int_param(name: str) -> int | None:
    return whole_number(st.query_params.get(name, ""))


def sidebar(project: int, current: int) -> None:
    key = f"tree_{project}"

    def open_chosen() -> None:
        chosen = st.session_state[key].chosen
        if chosen is not None:
            # also what is open already: a second click brings the address of before the first one
            open_node(project, int(chosen))
        live.redraw_page()

    outline = live.outline(project, current)
    marks: list[Mark] = live.query(wb.workflows.list_marks, project)
    bad_below: dict[int, list[str]] = {}
    for mark in marks:
        if mark.parent_id is not None and mark.state in ("failed", "partial"):
            bad_below.setdefault(mark.parent_id, []).append(mark.state)
    jobs = {(m.node_id, m.workflow): m.state for m in marks}
    tree.draw(progress.items(outline, jobs, current, bad_below), current, key=key, on_chosen=open_chosen)


def breadcrumb(outline: Outline, node: OutlineNode) -> None:
    by_id = {n.id: n for n in outline.nodes}
    names: list[str] = []
    at = by_id.get(node.parent_id or 0)
    while at is not None:
        names.insert(0, labels.node_title(at.kind, at.position, at.title))
        at = by_id.get(at.parent_id or 0)
    st.caption(" › ".join(plain(n) for n in names) or t("Project"))


def heading(project: int, node_id: int, shown: Callable[[], list[Cell]]) -> None:
    outline = live.outline(project, node_id)
    node = next(n for n in outline.nodes if n.id == node_id)
    cells = shown()
    breadcrumb(outline, node)
    counted = Counter("running" if c.state in states.ACTIVE else c.state for c in cells)
    # Two parts, so that a long title wraps inside its own and the buttons stay where they are.
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="studio_heading"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="stretch"):
            st.title(plain(labels.node_title(node.kind, node.position, node.title)), anchor=False, width="content")
            for state in ("running", "stale", "partial", "failed"):
                if counted[state]:
                    states.badge(state, counted[state])
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            if scenes := handoff.count_scenes(outline, node):
                handoff.offer(node, scenes)
            plan.buttons(node.id, stale=bool(counted["stale"]) or node.kind != "scene")


def list_shown_cells(node_id: int) -> list[Cell]:
    """One node's own work first, then what works on everything below it."""
    shown = [
        c
        for c in wb.workflows.list_cells(node_id)
        if c.workflow.writes or (c.workflow.batch and not c.workflow.child_only)
    ]
    if any(c.workflow.name == BRIEF_MAKER for c in shown) and not wb.artifacts.list_versions(node_id, "source"):
        shown = [c for c in shown if c.workflow.name != BRIEF_MAKER]
    return sorted(shown, key=lambda c: c.workflow.batch)


def find_first_ready(shown: list[Cell]) -> str | None:
    """The workflow whose button is the primary one."""
    return next((c.workflow.name for c in shown if c.state == "ready" and not c.workflow.batch), None)


def draw_cell(node_id: int, name: str, shown: Callable[[], list[Cell]], choices: dict[str, dict[Any, str]]) -> None:
    now = shown()
    cell = next(c for c in now if c.workflow.name == name)
    cells.draw(node_id, cell, find_first_ready(now) == name, choices)


def draw_cells(node: OutlineNode, shown: Callable[[], list[Cell]], outline: Outline) -> None:
    if node.kind == "project":
        has_maker = any(cell.workflow.name == BRIEF_MAKER for cell in shown())
        parts.draw(editing.BRIEF, partial(cells.plain_artifact, node.id, "source" if has_maker else "brief"))
    episodes = {
        n.id: labels.node_title("episode", n.position, n.title) for n in progress.nodes_of(outline, ["episode"])
    }
    choices = {"episode_ids": episodes} if episodes else {}
    if node.kind == "scene":
        parts.draw(editing.SLICE, partial(slices.script_page, node, outline.id))
    for cell in shown():
        name = cell.workflow.name
        parts.draw(cell_key(node.id, name), partial(draw_cell, node.id, name, shown, choices))
    if node.kind == "episode":
        parts.draw(editing.SLICE, partial(slices.arc, node, outline.id))
        parts.draw(editing.LENGTH, lambda: storyboard.episode_length(wb.projects.list_durations(node.id)))
    if node.kind == "project":
        people, world = progress.nodes_of(outline, ["character"]), progress.nodes_of(outline, ["world"])
        parts.draw(editing.ELEMENTS, partial(elements.card, node.id, people, world))


def show_inputs(cells: list[Cell]) -> None:
    """The artifacts that this node's outputs were made from, each with the version used and the version now."""
    used: dict[tuple[int, str, str], Input] = {}
    for cell in cells:
        for source in cell.artifact.inputs if cell.artifact else []:
            used.setdefault((source["node_id"], source["kind"], source.get("part") or ""), source)
    stale = {(r.node_id, r.kind, r.part or ""): r for c in cells for r in c.stale_reasons}
    if not used:
        return
    with st.container(border=True, key="made_from"):
        st.markdown(f"**{t('Made from')}**")
        rows = []
        for key, source in list(used.items())[:SOURCES]:
            reason = stale.get(key)
            version = f"v{reason.from_version} → v{reason.to_version}" if reason else f"v{source['version']}"
            part = labels.part_title(source.get("part"))
            name = (
                labels.kind_title(source["kind"])
                if source["kind"] not in ("character", "world_element")
                else wb.projects.get_node(source["node_id"]).title
            )
            mark = states.chip("stale" if reason else "fresh")
            rows.append(f"{mark} {plain(name)} {f':gray[{plain(part)}] ' if part else ''}{code(version)}")
        st.markdown("\n\n".join(rows))
        if len(used) > SOURCES:
            st.caption(t("and {n} more", n=len(used) - SOURCES))


def show_usage(node: int) -> None:
    """What the jobs of this node and of everything below it have taken so far: calls, tokens, money."""
    used = live.query(live.workbench().usage.of_node, node_id=node)
    if used.calls:
        sentence = t("So far: {calls} calls, {tokens} tokens, {cost}", calls=used.calls,
                 tokens=formats.number(used.tokens, current()), cost=formats.spent(used, current()))  # fmt: skip
        st.caption(plain(sentence))


@shell.fragment(run_every=1.0)
def preview(job_id: int) -> None:
    """The last lines of what a running job is writing."""
    job = live.query(wb.jobs.get, job_id)
    text = readable(job.preview or "")[-420:]
    with st.container(height=148, border=False, key=f"preview_{job_id}", autoscroll=True):
        st.markdown(plain(text) + "▋" if text else f":gray[{t('Nothing written yet')}]")


def live_preview(cells: list[Cell]) -> None:
    running = next((c.job for c in cells if c.state in states.ACTIVE and c.job), None)
    if running is None:
        return
    with st.container(border=True, key="live_preview"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{t('Live preview')}**", width="content")
            st.space("stretch")
            st.page_link(
                job_links.PAGE,
                label=t("job {id}", id=running.id),
                query_params=job_links.query(running.id),
                width="content",
            )
        preview(running.id)


def signature(project: int) -> Any:
    """What makes the page look which of its parts show something else: a tick asks for it, so it costs little however
    large the story is."""
    # Past the shared cache: copying cached answers is slower than this read.
    return wb.workflows.signature(project)


def whole_story(project: int, node: int) -> Any:
    """What the parts show that tell of the whole story: the states of its jobs and the artifacts in sight."""
    artifacts = [
        (n.id, [(a.kind, a.version, bool(a.stale)) for a in n.artifacts]) for n in live.outline(project, node).nodes
    ]
    return live.query(wb.workflows.list_marks, project), artifacts


def list_parts(project: int, node: OutlineNode, shown: list[Cell]) -> dict[str, Any]:
    """Part of the page → what it shows. Those that tell of the whole story change with anything in it."""
    first = find_first_ready(shown)
    whole = whole_story(project, node.id)
    # the panels of a storyboard stand in several artifacts, and each of their cells shows them all
    panels = [c.artifact.id for c in shown if c.artifact and c.artifact.kind in board.PLACED_VIEWS]
    others = {
        "project": (editing.BRIEF, editing.ELEMENTS), "episode": (editing.SLICE, editing.LENGTH),
        "scene": (editing.SLICE,),
    }.get(node.kind, ())  # fmt: skip
    return {
        **dict.fromkeys((editing.TREE, editing.HEADING, editing.SIDE, *others), whole),
        **{
            cell_key(node.id, c.workflow.name): (
                c.state, c.job and (c.job.id, c.job.state), c.artifact and (c.artifact.id, c.artifact.pinned),
                c.stale_reasons, c.origin, [i.message for i in c.unmet], c.workflow.name == first,
                panels if c.workflow.writes in board.PLACED_VIEWS else None,
            )
            for c in shown
        },
    }  # fmt: skip


def side(node: OutlineNode, shown: Callable[[], list[Cell]]) -> None:
    cells = shown()
    # Each in a place of its own: what comes above does not push what is below to another one.
    with st.container():
        plan.card(node.id, large=node.kind == "project" and node.parts > plan.LARGE)
    with st.container():
        live_preview(cells)
    with st.container():
        show_inputs(cells)
        show_usage(node.id)


def page(project: int) -> None:
    before = live.look(f"studio_{project}", lambda: signature(project))
    # Back from another page without a link, the place is the one that was left.
    places: dict[int, int] = st.session_state.setdefault("_studio_places", {})
    wanted = int_param("node") or places.get(project, project)
    outline = live.outline(project, wanted)
    by_id = {n.id: n for n in outline.nodes}
    node = by_id.get(wanted) or by_id[project]
    places[project] = node.id
    of_this_run = list_shown_cells(node.id)
    drawn = list_parts(project, node, of_this_run)

    def shown() -> list[Cell]:
        return list_shown_cells(node.id) if live.drawn_alone() else of_this_run

    with st.sidebar:
        parts.draw(editing.TREE, partial(sidebar, project, node.id))
    parts.draw(editing.HEADING, partial(heading, project, node.id, shown))
    with st.container():
        budgets.warn(project)
    with st.container():
        shell.show_refusal()
    left, right = st.columns([2.15, 1], gap="medium")
    with left:
        draw_cells(node, shown, outline)
    with right:
        parts.draw(editing.SIDE, partial(side, node, shown))
    parts.watch(
        editing.WATCH,
        before,
        lambda: list_parts(project, node, shown()),
        lambda: bool(live.active_jobs(project)),
        drawn,
    )


def find_project() -> None:
    """An address that names a node alone is about that node's story, whichever was used last."""
    node = int_param("node")
    if node is not None and "project" not in st.query_params:
        with suppress(NotFound):
            st.query_params["project"] = str(wb.projects.get_node(node).project_id)


find_project()
project_picker.with_project("studio", page, lambda project: open_node(project, project))
