"""Launch: every workflow's form in one place, for one node or many; and a chat with the model."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.errors import InvalidInput, Issue, ReelwrightError
from workbench.jobs.submit import Request
from workbench.ui import entry, filters, forms, frame, launching, live, pictures, playground, states, words
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.workflows.registry import Workflow

entry.through_app()
wb = live.workbench()
SCOPES = ("any", "project", "episode", "scene")
CHAT = "llm_chat"


def offered() -> list[Workflow]:
    """The workflows that a person launches by hand, in the order of a story's making."""
    return [w for w in wb.workflows() if w.name != "run_plan"]


def choose() -> Workflow:
    """The list at the left, searched while one types; the choice is in the URL."""
    named = {w.name: w for w in offered()}
    scopes = {"any": t("Without a story"), "project": t("Project"), "episode": t("Episode"), "scene": t("Scene")}
    st.html(
        "<style>[class*='st-key-launch_scope_'] button,[class*='st-key-launch_scope_'] button>div{justify-content:flex-start;text-align:left}[class*='st-key-launch_scope_'] button{min-height:1.9rem;padding:.1rem .55rem}</style>"
    )
    with st.sidebar:
        typed = filters.text("q", t("Search"), t("Search workflows")).casefold()
        asked = st.query_params.get("workflow", "")
        current = asked if asked in named else next(iter(named))
        for scope in SCOPES:
            found = [w for w in named.values() if w.scope == scope and matches(w, typed)]
            if not found:
                continue
            st.caption(scopes[scope])
            with st.container(gap=None, key=f"launch_scope_{scope}"):
                for one in found:
                    st.button(
                        t(one.title), key=f"choose_{one.name}", type="secondary" if one.name == current else "tertiary",
                        width="stretch", on_click=st.query_params.__setitem__, args=("workflow", one.name),
                    )  # fmt: skip
    return named[current]


def matches(one: Workflow, typed: str) -> bool:
    return not typed or typed in f"{one.name} {t(one.title)} ".casefold()


def project() -> int | None:
    names = {str(p["id"]): p["title"] for p in wb.project_names()}
    if not names:
        return None
    asked = st.query_params.get("project", "")
    slot = "launch_project"

    def changed() -> None:
        st.query_params["project"] = st.session_state[slot]

    st.session_state[slot] = asked if asked in names else next(iter(names))
    return int(st.selectbox(t("Project"), list(names), format_func=names.__getitem__, key=slot, on_change=changed))


def targets(one: Workflow, story: int) -> list[int]:
    """The nodes to run on: the project itself, or some of its episodes or scenes."""
    if one.scope == "project":
        return [story]
    known = launching.nodes(story, one.scope)
    asked = [int(n) for n in st.query_params.get("node", "").split(",") if n.isdigit() and int(n) in known]
    slot = f"launch_nodes_{story}_{one.scope}"

    def changed() -> None:
        st.query_params["node"] = ",".join(map(str, st.session_state[slot]))

    if slot not in st.session_state:
        st.session_state[slot] = asked
    st.session_state[slot] = [n for n in st.session_state[slot] if n in known]
    label = t("Episodes") if one.scope == "episode" else t("Scenes")
    chosen = st.multiselect(
        label, list(known), format_func=known.__getitem__, key=slot, on_change=changed,
        placeholder=t("Choose one or several"),
    )  # fmt: skip
    if known and len(chosen) < len(known):
        st.button(
            t("All {n}", n=len(known)), key=f"{slot}_all", type="tertiary", icon=":material/select_all:",
            on_click=_all, args=(slot, list(known)),
        )  # fmt: skip
    return list(chosen)


def _all(slot: str, nodes: list[int]) -> None:
    st.session_state[slot] = nodes
    st.query_params["node"] = ",".join(map(str, nodes))


def form(one: Workflow) -> tuple[dict[str, Any], list[Issue]]:
    key = f"launch_{one.name}"
    if not one.params.model_fields:
        st.caption(t("No settings: it takes all it needs from the story."))
        return {}, []
    values = forms.fields(one.params, key, None, st.session_state.get(f"{key}_issues", []))
    return values, forms.check(one.params, values)


def side(one: Workflow, story: int, nodes: list[int], values: dict[str, Any], wrong: list[Issue]) -> None:
    """What it will take, what is missing, with which model, and the button."""
    with st.container(border=True, key="launch_side"):
        unmet = launching.unmet(one, nodes, values) if nodes and not wrong else []
        launching.price(one, story, len(nodes))
        profile = launching.profile()
        priority = st.slider(t("Priority"), -10, 10, 0, key="launch_priority", help=t("Higher goes first; 0 is usual."))
        for issue in unmet[:5]:
            st.markdown(f":gray[:material/lock: {plain(words.of_issue(issue))}]")
        n = len(nodes)
        label = t("Launch {n} jobs", n=n) if n != 1 else t("Launch 1 job")
        if st.button(
            label, key="launch_go", type="primary", icon=":material/rocket_launch:", width="stretch",
            disabled=not nodes or bool(unmet),
        ):  # fmt: skip
            st.session_state[f"launch_{one.name}_issues"] = wrong
            if not wrong:
                go(one, nodes, values, profile, priority)
            st.rerun()
        st.caption(t("All of them start, or none."))


def go(one: Workflow, nodes: list[int], values: dict[str, Any], profile: str | None, priority: int) -> None:
    """Launch on every node in one transaction."""
    with frame.told():
        asked = [
            Request(one.name, node, values, priority=priority, user=frame.user(), **launching.with_profile(profile))
            for node in nodes
        ]
        jobs = wb.submit_many(asked)
        st.session_state["launched"] = [*[j["id"] for j in jobs], *st.session_state.get("launched", [])][:30]
        frame.toast(t("Jobs launched: {n}", n=len(jobs)))
    live.forget()


@st.fragment(run_every=1.5)
def launched() -> None:
    """What was launched from here, live."""
    ids = st.session_state.get("launched") or []
    if not ids:
        return
    with st.container(border=True, key="launched"):
        st.markdown(f"**{t('Launched from here')}**")
        for job_id in ids[:12]:
            job = wb.job(job_id)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                states.badge(job["state"])
                st.markdown(plain(words.workflow_title(job["kind"])), width="content")
                said = (
                    f"{job['progress']}% · {words.said(job, 'message')}"
                    if job["state"] in states.ACTIVE
                    else words.said(job, "error")
                )
                st.caption(plain(said)[:90], width="stretch")
                st.page_link(
                    "pages/job.py", label=t("job {id}", id=job_id), query_params={"id": str(job_id)}, width="content"
                )


def empty() -> None:
    with pictures.empty(t("There is no story to work on yet."), "launch"):
        if st.button(t("Go to projects"), key="to_projects", type="primary", icon=":material/folder_open:"):
            st.switch_page("pages/projects.py")


def main() -> None:
    one = choose()
    with frame.title(t(one.title)):
        st.caption(f"`{one.name}`", width="content")
    frame.show_refusal()
    if one.name == CHAT:
        playground.draw()
        return
    left, right = st.columns([2.15, 1], gap="medium")
    with left, st.container(border=True, key="launch_form"):
        story = project()
        if story is None:
            empty()
            return
        nodes = targets(one, story)
        values, wrong = form(one)
    with right:
        side(one, story, nodes, values, wrong)
    launched()


try:
    main()
except InvalidInput as error:
    st.error("; ".join(words.of_issue(i) for i in error.issues) or words.of_error(error), icon=":material/error:")
except ReelwrightError as error:
    st.error(words.of_error(error), icon=":material/error:")
