"""Cast: a story's characters and world elements; each has a sheet, edited in place, with where it appears."""

from __future__ import annotations

import streamlit as st

from workbench.ui import filters, illustrations, live, project_picker, shell
from workbench.ui.cast import elements
from workbench.ui.language import t

wb = live.workbench()


def open_project(project: int) -> None:
    st.query_params["project"] = str(project)
    # The form for somebody new is another one in each project.
    for name in ("node", "add"):
        st.query_params.pop(name, None)


def start_adding() -> None:
    st.query_params["add"] = "1"


def page(project: int) -> None:
    with st.sidebar:
        typed = filters.text("q", t("Search"), t("Name or what is told"))
        kind = filters.segment(
            "kind", t("Show"), {"character": t("Characters"), "world_element": t("World")}, "character"
        )
        archived = filters.switch("archived", t("Archived too"))
    rows = elements.library(project, kind, archived=archived, typed=typed)
    order = [r.node_id for r in elements.library(project, kind, archived=False, typed="")]
    adding = st.query_params.get("add") == "1"
    with shell.title(t("Characters") if kind == "character" else t("World"), f"{len(rows)}"):
        st.space("stretch")
        st.button(
            t("Add a character") if kind == "character" else t("Add a world element"), key="add_element",
            icon=":material/person_add:" if kind == "character" else ":material/add_location_alt:",
            type="primary", disabled=adding, on_click=start_adding,
        )  # fmt: skip
    shell.show_refusal()
    if kind == "character" and not adding:
        elements.suggest_sheets(project)
    if not rows and not adding:
        nothing(kind, bool(typed))
        return
    param = st.query_params.get("node", "")
    chosen = next((r for r in rows if str(r.node_id) == param), rows[0] if rows else None)
    left, right = st.columns([1, 1.75], gap="medium")
    with left, st.container(border=True, key="cast_card"):
        elements.listing(project, kind, rows, None if adding or chosen is None else chosen.node_id)
    with right:
        if adding:
            elements.adder(project, kind)
        elif chosen is not None:
            elements.draw_element(project, kind, chosen, order)


def nothing(kind: str, searched: bool) -> None:
    if searched:
        st.caption(t("Nobody and nothing matches."))
        return
    sentence = (
        t("Nobody is in this story yet. Describe the people a model should know, and scenes will keep to them.")
        if kind == "character"
        else t("The world has no elements yet. Describe eras, places, customs or magic that scenes must keep to.")
    )
    with illustrations.empty(sentence, "cast"):
        st.button(t("Add the first one"), key="add_first", icon=":material/add:", type="primary", on_click=start_adding)


project_picker.with_project("cast", page, open_project)
