"""Saved views: the filters of a page's address under a name."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.db.rows.jobs import SavedView
from workbench.ui import live, shell
from workbench.ui.language import t
from workbench.ui.markup import plain


def in_address(parameters: Sequence[str]) -> dict[str, str]:
    """What the page's address asks for."""
    return {name: str(st.query_params[name]) for name in parameters if name in st.query_params}


def _open(view: SavedView, parameters: Sequence[str]) -> None:
    for name in (*parameters, "before", "after", "page"):
        st.query_params.pop(name, None)
    st.query_params.update({k: str(v) for k, v in view.query.items() if k in parameters})


def _save(page: str, parameters: Sequence[str]) -> None:
    with shell.show_refusals():
        live.workbench().views.save(
            page, st.session_state["view_name"], dict(in_address(parameters)), user=shell.user()
        )
        st.session_state["view_name"] = ""


def _remove(view: SavedView) -> None:
    with shell.show_refusals():
        live.workbench().views.remove(view.id)


def menu(page: str, parameters: Sequence[str]) -> None:
    """Open a saved view, save what is filtered now under a name, or remove one."""
    views = live.workbench().views.list(page)
    here = in_address(parameters)
    shown = next((v.name for v in views if v.query == here), None)
    with st.popover(plain(shown or t("Views")), icon=":material/bookmark:", key="views"):
        for view in views:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    plain(view.name),
                    key=f"view_{view.id}",
                    type="tertiary",
                    icon=":material/bookmark:" if view.name == shown else ":material/bookmark_border:",
                    on_click=_open,
                    args=(view, parameters),
                )
                st.space("stretch")
                st.button(
                    t("Remove"), key=f"view_{view.id}_remove", type="tertiary", icon=":material/delete:",
                    on_click=_remove, args=(view,),
                )  # fmt: skip
        if not views:
            st.caption(t("Save the filters and the order of this page under a name, and open them again from here."))
        st.text_input(t("Name of this view"), key="view_name", max_chars=80, on_change="ignore")
        st.button(
            t("Save view"), key="view_save", icon=":material/bookmark_add:", on_click=_save, args=(page, parameters)
        )
