"""Launch: every workflow's form in one place, for one node or many; and a chat with the model."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import streamlit as st

from workbench.errors import InvalidInput, Issue, ReelwrightError
from workbench.jobs.submit import Request
from workbench.json_types import JsonObject
from workbench.plain_text import whole_number
from workbench.ui import (
    budgets,
    drafts,
    filters,
    forms,
    labels,
    live,
    once,
    project_picker,
    shell,
    states,
)
from workbench.ui.language import t
from workbench.ui.launch import playground, targets
from workbench.ui.markup import code, plain, shorten, tell_apart
from workbench.ui.projects import progress
from workbench.ui.studio import kept
from workbench.workflows.registry import Workflow, by_purpose

wb = live.workbench()
CHAT = "llm_chat"
#: started where what they work on is seen: in the Studio, and on Prompts
ELSEWHERE = ("run_plan", "try_prompt", "act_on_jobs")
PRIORITIES = (-5, 0, 5)
#: so many of what was launched from here are kept in sight
SHOWN = 24


def list_workflows() -> list[Workflow]:
    """The workflows that a person launches by hand, in the order of a story's making."""
    return [w for w in wb.workflows.list() if w.name not in ELSEWHERE and not w.child_only]


def scopes() -> dict[str, str]:
    return {
        "any": t("Without a story"), "project": t("Project"), "character": t("Character"),
        "world": t("World element"), "episode": t("Episode"), "scene": t("Scene"),
    }  # fmt: skip


def choose() -> Workflow:
    """The list at the left, searched while one types; the choice is in the URL."""
    named = {w.name: w for w in list_workflows()}
    with st.sidebar:
        typed = filters.text("q", t("Search"), t("Search workflows")).casefold()
        if st.query_params.get("workflow", "") not in named:
            open_on_start(list(named.values()))
        current = st.query_params["workflow"]
        matching = [w for w in named.values() if matches(w, typed)]
        for number, (purpose, group) in enumerate(by_purpose(matching).items()):
            st.caption(plain(t(purpose)))
            with st.container(gap=None, key=f"launch_scope_{number}"):
                for workflow in group:
                    st.button(
                        t(workflow.title), key=f"choose_{workflow.name}", width="stretch",
                        type="secondary" if workflow.name == current else "tertiary",
                        on_click=st.query_params.__setitem__, args=("workflow", workflow.name),
                    )  # fmt: skip
    return named[current]


def open_on_start(workflows: list[Workflow]) -> None:
    """Without a link, the page opens on what can start: the next piece of the story, else the chat."""
    names = wb.projects.list_names()
    project_id = project_picker.current(p.id for p in names) if names else None
    start = targets.find_start(workflows, project_id) if project_id is not None else None
    st.query_params["workflow"] = start.workflow if start is not None else CHAT
    if start is None or start.node.kind == "project" or "node" in st.query_params:
        return
    tick([start.node.id])


def matches(workflow: Workflow, typed: str) -> bool:
    words = f"{workflow.name} {t(workflow.title)} {t(workflow.purpose_title)} {scopes().get(workflow.scope, '')}"
    return not typed or typed in words.casefold()


def project() -> int | None:
    names = tell_apart({str(p.id): p.title for p in wb.projects.list_names()})
    if not names:
        return None
    slot = "launch_project"

    def store_choice() -> None:
        st.query_params["project"] = st.session_state[slot]
        for name in ("episode", "node"):
            st.query_params.pop(name, None)

    st.session_state[slot] = str(project_picker.current(map(int, names)))
    return int(st.selectbox(t("Project"), list(names), format_func=names.__getitem__, key=slot, on_change=store_choice))


def episode(project_id: int, nodes: list[int]) -> int | None:
    """Of which episode the scenes are listed."""
    named = {n.id: labels.node_title("episode", n.position, n.title) for n in targets.episodes(project_id)}
    if not named:
        return None
    param = st.query_params.get("episode", "")
    linked = whole_number(param) if whole_number(param) is not None else targets.episode_of(project_id, nodes)
    slot = "launch_episode"

    def store_choice() -> None:
        st.query_params["episode"] = str(st.session_state[slot])
        st.query_params.pop("node", None)

    if linked not in named and (usual := targets.default_episode(project_id)) is not None:
        linked = usual.id
    st.session_state[slot] = linked
    return int(st.selectbox(t("Episode"), list(named), format_func=named.__getitem__, key=slot, on_change=store_choice))


def choose_place(workflow: Workflow) -> tuple[int | None, list[int]]:
    """The project, and the nodes of it to run on: itself, or some of its episodes or scenes."""
    preselected = [n for n in map(whole_number, st.query_params.get("node", "").split(",")) if n is not None]
    left, right = st.columns(2)
    with left:
        project_id = project()
    if project_id is None or workflow.scope == "project":
        return project_id, [project_id] if project_id is not None else []
    with right:
        parent = episode(project_id, preselected) if workflow.scope == "scene" else project_id
    if parent is None:
        show_unmet(project_id, t("There are no episodes yet: plan them first."))
        return project_id, []
    candidates = targets.targets(workflow, project_id, parent)
    if not candidates:
        missing = (
            t("There is nothing to run it on yet: add characters or places first.")
            if workflow.scope in targets.ELEMENTS
            else t("There is nothing to run it on yet: make the scene list first.")
        )
        show_unmet(project_id, missing)
        return project_id, []
    return project_id, choose_nodes(workflow, project_id, candidates, preselected)


def plural(scope: str) -> str:
    names = {"episode": t("Episodes"), "character": t("Characters"), "world": t("World elements")}
    return names.get(scope, t("Scenes"))


def show_unmet(project_id: int, sentence: str) -> None:
    st.markdown(f":gray[:material/lock: {plain(sentence)}]")
    st.page_link(
        "pages/studio.py", label=t("Open in the studio"), icon=":material/movie_edit:",
        query_params={"project": str(project_id), "node": str(project_id)},
    )  # fmt: skip


def choose_nodes(
    workflow: Workflow, project_id: int, candidates: list[targets.Target], preselected: list[int]
) -> list[int]:
    """A row with a box for each node; what is ticked is in the URL."""
    slot = f"launch_nodes_{project_id}_{workflow.scope}"
    chosen = [n.id for n in candidates if n.id in preselected]
    wanting = [n.id for n in candidates if n.state in targets.WANTING]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plural(workflow.scope)}**", width="content")
        st.caption(t("{n} of {all} chosen", n=len(chosen), all=len(candidates)), width="content")
        st.space("stretch")
        for name, label, nodes in (
            ("all", t("All {n}", n=len(candidates)), [n.id for n in candidates]),
            ("wanting", t("Missing or stale {n}", n=len(wanting)), wanting),
            ("none", t("None"), []),
        ):
            st.button(
                label, key=f"{slot}_{name}", type="tertiary", disabled=nodes == chosen, on_click=tick, args=(nodes,)
            )

    def store_choice() -> None:
        tick([n.id for n in candidates if st.session_state.get(f"{slot}_{n.id}")])

    with st.container(height=min(372, 14 + 30 * len(candidates)), border=False, key=f"{slot}_list", gap=None):
        for node in candidates:
            with st.container(
                horizontal=True, vertical_alignment="center", gap="small", key=f"launch_row_{slot}_{node.id}"
            ):
                st.session_state[f"{slot}_{node.id}"] = node.id in chosen
                st.checkbox(
                    plain(shorten(node.title, 90)), key=f"{slot}_{node.id}", on_change=store_choice, width="stretch"
                )
                states.badge(node.state)
    return chosen


def tick(nodes: list[int]) -> None:
    if nodes:
        st.query_params["node"] = ",".join(map(str, nodes))
    else:
        st.query_params.pop("node", None)


def form(workflow: Workflow, project_id: int) -> tuple[JsonObject, list[Issue], drafts.Draft]:
    key = f"launch_{workflow.name}"
    with drafts.keep(f"launch/{workflow.name}", key) as draft:
        values = forms.fields(
            workflow.params,
            draft.key,
            None,
            st.session_state.get(f"{key}_issues", []),
            choices=list_choices(workflow, project_id),
        )
        draft.show_status(with_button=True)
    return values, forms.check(workflow.params, values), draft


def list_choices(workflow: Workflow, project_id: int) -> dict[str, dict[Any, str]]:
    """Node ids that a form asks for, by their names."""
    if "episode_ids" not in workflow.params.model_fields:
        return {}
    return {"episode_ids": {n.id: labels.node_title("episode", n.position,
        n.title) for n in progress.nodes_of(live.outline(project_id, project_id), ["episode"])}}  # fmt: skip


def side(
    workflow: Workflow, project_id: int, nodes: list[int], values: JsonObject, wrong: list[Issue],
    draft: drafts.Draft | None,
) -> None:  # fmt: skip
    """With which model, what it will take, what is missing, and the button."""
    with st.container(border=True, key="launch_side"):
        profile = targets.profile()
        named = dict(zip(PRIORITIES, (t("Later"), t("Usual"), t("First")), strict=True))
        priority = st.segmented_control(
            t("Priority"), PRIORITIES, default=0, required=True, format_func=named.__getitem__, key="launch_priority",
            width="stretch",
        )  # fmt: skip
        guess = targets.forecast(workflow, nodes, values, profile) if not wrong else None
        targets.price(guess, len(nodes))
        if not wrong:
            targets.outline(workflow, nodes, values, profile)
        kept.warn(workflow, nodes)
        unmet = targets.unmet(workflow, nodes, values) if nodes and not wrong else {}
        for sentence, lacking_nodes in list(unmet.items())[:5]:
            count = f" × {len(lacking_nodes)}" if len(lacking_nodes) > 1 else ""
            st.markdown(f":gray[:material/lock: {plain(sentence)}{count}]")
        beyond = budgets.ask(project_id, guess.cost, guess.unpriced, "launch") if guess is not None else None
        if st.button(
            targets.launch_label(len(nodes), guess), key="launch_go", type="primary", icon=":material/rocket_launch:",
            width="stretch", disabled=not nodes or bool(unmet) or beyond is False,
        ):  # fmt: skip
            st.session_state[f"launch_{workflow.name}_issues"] = wrong
            if not wrong:
                submit(workflow, nodes, values, profile, int(priority or 0), draft)
            live.redraw_page()
        if len(nodes) > 1:
            st.caption(t("All of them start, or none."))


def submit(
    workflow: Workflow, nodes: list[int], values: JsonObject, profile: str | None, priority: int,
    draft: drafts.Draft | None,
) -> None:  # fmt: skip
    """Launch on every node in one transaction."""
    with shell.show_refusals():
        specs = [
            Request(workflow.name, node, values, priority=priority, user=shell.user(), **targets.with_profile(profile))
            for node in nodes
        ]
        jobs = once.do("launch", [asdict(spec) for spec in specs], lambda: wb.jobs.submit_many(specs))
        list_choices = [j.id for j in jobs]
        before = [i for i in st.session_state.get("launched", []) if i not in list_choices]
        st.session_state["launched"] = [*list_choices, *before][:100]
        shell.toast(t("Jobs launched: {n}", n=len(jobs)))
        if draft is not None:
            drafts.use(draft)
    live.invalidate()


@shell.fragment(run_every=1.5)
def show_launched() -> None:
    """What was launched from here, live."""
    ids = st.session_state.get("launched") or []
    if not ids:
        return
    with st.container(border=True, key="launched"):
        jobs = [wb.jobs.get(job_id) for job_id in ids[:SHOWN]]
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('Launched from here')}**", width="content")
            at_work = sum(j.state in states.ACTIVE for j in jobs)
            if at_work:
                st.caption(t("{n} at work", n=at_work), width="content")
            st.space("stretch")
            st.page_link("pages/jobs.py", label=t("All jobs"), icon=":material/list_alt:", width="content")
        for job in jobs:
            node = wb.projects.get_node(job.node_id) if job.node_id else None
            targets.job_row(job, labels.node_title(node.kind, node.position, node.title) if node else "")
        if len(ids) > SHOWN:
            st.caption(t("and {n} more", n=len(ids) - SHOWN))


def main() -> None:
    workflow = choose()
    with shell.title(t(workflow.title)):
        st.badge(scopes()[workflow.scope], color="gray")
        st.space("stretch")
        st.caption(code(workflow.name), width="content")
    shell.show_refusal()
    if workflow.name == CHAT:
        playground.draw()
        return
    if not wb.projects.list_names():
        project_picker.none_yet("launch")
        return
    budgets.warn(None)
    if line := targets.flow(workflow):
        st.markdown(line)
    left, right = st.columns([2.15, 1], gap="medium")
    with left:
        with st.container(border=True, key="launch_where"):
            project_id, nodes = choose_place(workflow)
        values: JsonObject = {}
        wrong: list[Issue] = []
        draft: drafts.Draft | None = None
        if workflow.params.model_fields and project_id is not None:
            with st.container(border=True, key="launch_form"):
                st.markdown(f"**{t('Settings')}**")
                values, wrong, draft = form(workflow, project_id)
        show_launched()
    if project_id is not None:
        with right:
            side(workflow, project_id, nodes, values, wrong, draft)


try:
    main()
except InvalidInput as error:
    st.error(
        plain("; ".join(labels.issue_text(i) for i in error.issues) or labels.error_text(error)),
        icon=":material/error:",
    )
except ReelwrightError as error:
    st.error(plain(labels.error_text(error)), icon=":material/error:")
