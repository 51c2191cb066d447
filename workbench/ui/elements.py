"""People and places of a story: one card, a row each, edited in place, and a form to add another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench.artifacts import kinds
from workbench.errors import InvalidInput, Issue
from workbench.ui import cells, forms, frame, live, words
from workbench.ui.language import t
from workbench.ui.markup import plain

Row = Mapping[str, Any]
KINDS = {"character": "character", "world": "world_element"}


def card(project: int, characters: Sequence[Row], world: Sequence[Row]) -> None:
    """Characters, then world elements."""
    with st.container(border=True, key="elements"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('People and places')}**", width="content")
            st.caption(t("characters: {n} · world elements: {m}", n=len(characters), m=len(world)), width="content")
            st.space("stretch")
            _adder(project, "character", t("Add a character"), "person_add")
            _adder(project, "world_element", t("Add a world element"), "add_location_alt")
        for node in (*characters, *world):
            _row(node)


def _row(node: Row) -> None:
    kind = KINDS[node["kind"]]
    artifact = live.workbench().artifact(node["id"], kind)
    if artifact is None:
        return
    icon = "person" if kind == "character" else "location_on"
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"element_{node['id']}"):
        aliases = " / ".join(artifact["content"].get("aliases") or [])
        also = f" :gray[{plain(aliases)}]" if aliases else ""
        st.markdown(
            f":gray[:material/{icon}:] **{plain(artifact['content']['name'])}**{also} {plain(artifact['content'].get('description') or '')}",
            width="stretch",
        )
        cells.versions(node["id"], kind, artifact)
        st.button(
            "", key=f"edit_element_{node['id']}", icon=":material/edit:", type="tertiary", help=t("Edit by hand"),
            on_click=cells.begin_edit, args=(node["id"], kind, artifact),
        )  # fmt: skip
    cells.comparison(node["id"], kind)
    cells.editor(node["id"], kind)


def _adder(project: int, kind: Any, label: str, icon: str) -> None:
    key = f"add_{kind}"
    with st.popover(label, icon=f":material/{icon}:", type="tertiary", key=f"{key}_popover"):
        issues: list[Issue] = st.session_state.get(f"{key}_issues", [])
        values = forms.fields(kinds.find(kind).model, key, None, issues)
        if st.button(t("Add"), key=f"{key}_go", type="primary", icon=":material/add:"):
            _add(project, kind, key, values)
            st.rerun()


def _add(project: int, kind: Any, key: str, values: dict[str, Any]) -> None:
    wrong = forms.check(kinds.find(kind).model, values)
    if not wrong:
        try:
            live.workbench().add_element(project, kind, values, frame.user())
        except InvalidInput as error:
            wrong = error.issues or [Issue("", error.text)]
        else:
            forms.forget(key)
            live.forget()
            frame.toast(t("{kind} added.", kind=words.kind_title(kind)))
    st.session_state[f"{key}_issues"] = wrong
