"""Projects: every story as a card with how far it is, what went stale and what it cost; a new one, or a sample in
one click."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench import samples
from workbench.db.rows.story import Project
from workbench.ui import filters, formats, illustrations, labels, live, once, shell, states
from workbench.ui.language import current, t
from workbench.ui.markup import plain, shorten
from workbench.ui.projects import archives, starters, unsaved, wizard

wb = live.workbench()


def open_studio(project: int) -> None:
    st.switch_page("pages/studio.py", query_params={"project": str(project), "node": str(project)})


def new_from_sample(name: str) -> None:
    project = once.do("sample", name, lambda: wb.create_project(samples.load(name), user=shell.user()))
    live.invalidate()
    shell.toast(t("The sample story is ready. Plan its episodes next."))
    open_studio(int(project))


def sample_menu(kind: Any, label: str) -> None:
    """One click: the first sample in the reader's language; the menu offers the others."""
    named = starters.titles()
    chosen = st.menu_button(
        label,
        list(named),
        format_func=named.__getitem__,
        key=f"sample_{kind}",
        icon=":material/auto_stories:",
        type=kind,
    )
    if chosen:
        new_from_sample(chosen)


def archive(project: int) -> None:
    with shell.show_refusals():
        wb.projects.archive(project)
        live.invalidate()
        shell.toast(t("Archived. Nothing is deleted; restore it at any time."))


def restore(project: int) -> None:
    with shell.show_refusals():
        wb.projects.restore(project)
        live.invalidate()


def use_profile(project: int) -> None:
    with shell.show_refusals():
        wb.projects.set_profile(project, st.session_state[f"profile_{project}"])
        live.invalidate()


def profile_choice(project: Project) -> None:
    """Which models a project uses."""
    profiles = wb.profiles.list(include_archived=True)
    names = {p.id: p.name for p in profiles if not p.archived_at or p.id == project.profile_id}
    options = [None, *names.values()]
    now = names.get(project.profile_id or 0)
    label = t("Sketch, offline and free")
    with st.popover(
        plain(now or label), icon=":material/neurology:", type="tertiary", key=f"service_{project.id}",
        help=t("The service that writes, draws and films this story"),
    ):  # fmt: skip
        st.selectbox(
            t("Model profile"), options, index=options.index(now), format_func=lambda n: label if n is None else n,
            key=f"profile_{project.id}", on_change=use_profile, args=(project.id,), placeholder=label,
        )  # fmt: skip
        st.page_link("pages/models.py", label=t("Models"), icon=":material/arrow_forward:")


def cost_of(project: Project) -> str:
    """Each currency for itself; CNY is never added to USD."""
    return formats.price(project.cost, project.unpriced, current()) if project.cost or project.unpriced else "—"


def stages(project: Project) -> list[tuple[str, int, int]]:
    """Artifact kind, nodes that have it, nodes that could."""
    have = project.artifacts
    episodes, scenes = project.episodes, project.scenes
    of = {
        "episode_plan": 1,
        "core_expression": episodes,
        "scene_list": episodes,
        "keyframe_prompt": scenes,
        "keyframe_images": scenes,
    }
    return [(labels.kind_title(kind), have.get(kind, 0), most) for kind, most in of.items()]


def card(project: Project) -> None:
    number = project.id
    brief = project.brief
    style = brief.get("style") or {}
    with st.container(border=True, key=f"project_{number}"):
        st.html(illustrations.cover(style.get("preset", "custom"), project.title))
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(project.title)}**", width="content")
            st.space("stretch")
            if project.archived_at:
                st.badge(t("Archived"), icon=":material/inventory_2:", color="gray")
            elif project.stale:
                states.badge("stale", project.stale)
        with st.container(height=66, border=False, key=f"logline_{number}"):
            st.caption(
                plain(shorten(brief.get("summary", ""), 62 if brief.get("language") == "zh" else 118))
                or t("No summary yet")
            )
        illustrations.stages(stages(project))
        if not project.archived_at:
            profile_choice(project)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            shell.small(
                t("{cost} so far · {when}", cost=cost_of(project), when=labels.age_text(project.created_at)),
                labels.time_text(project.created_at),
            )
            st.space("stretch")
            actions(project)


def actions(project: Project) -> None:
    number = project.id
    if project.archived_at:
        st.button(t("Restore"), key=f"restore_{number}", icon=":material/unarchive:", on_click=restore, args=(number,))
        return
    with shell.icon_popover("more_horiz", t("More"), f"more_{number}"):
        archives.download(project)
        st.button(
            t("Duplicate"), key=f"duplicate_{number}", icon=":material/content_copy:", on_click=archives.duplicate,
            args=(number,),
        )  # fmt: skip
        st.button(t("Archive"), key=f"archive_{number}", icon=":material/archive:", on_click=archive, args=(number,))
    if st.button(t("Open"), key=f"open_{number}", icon=":material/movie_edit:"):
        open_studio(number)


def new_project() -> None:
    with shell.title(t("New project")):
        st.space("stretch")
        # What was typed stays a draft: it is thrown away by its own button.
        if st.button(t("Close"), key="wizard_cancel", type="tertiary", icon=":material/close:"):
            st.query_params.clear()
            live.redraw_page()
    project = wizard.draw()
    if project is not None:
        shell.toast(t("Created. Plan the episodes next."))
        open_studio(project)


def start_new() -> None:
    st.query_params["new"] = "1"


def listing() -> None:
    archived = st.query_params.get("archived") == "1"
    projects = live.query(wb.projects.list, include_archived=archived)
    with shell.title(t("Projects"), t("stories: {n}", n=len(projects)) if projects else ""):
        st.space("stretch")
        filters.switch("archived", t("Archived too"))
        if projects:
            sample_menu("secondary", t("Sample story"))
        came = archives.offer_import()
        if came is not None:
            open_studio(came)
        st.button(
            t("New project"),
            key="new_project",
            type="primary" if projects else "secondary",
            icon=":material/add:",
            on_click=start_new,
        )
    shell.show_refusal()
    unsaved.card()
    if not projects:
        with illustrations.empty(
            t("No story yet. Start with a sample and watch it become scenes, or write a brief of your own."), "projects"
        ):
            if st.button(
                t("Start with the sample story"), key="first_sample", type="primary", icon=":material/auto_stories:"
            ):
                new_from_sample(starters.first(current()))
        return
    columns = st.columns(3, gap="medium")
    for index, project in enumerate(projects):
        with columns[index % 3]:
            card(project)


if st.query_params.get("new") == "1":
    new_project()
else:
    listing()
