"""Which project a page is about: the one of its URL, chosen in the sidebar; and what stands there without any."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from workbench.errors import ReelwrightError
from workbench.ui import illustrations, labels, live
from workbench.ui.language import t
from workbench.ui.markup import hide_keys, plain, shorten


def none_yet(page: str) -> None:
    """The empty state of a page that needs a story."""
    with illustrations.empty(t("There is no story to work on yet."), page):
        if st.button(t("Go to projects"), key="to_projects", type="primary", icon=":material/folder_open:"):
            st.switch_page("pages/projects.py")


def with_project(page: str, draw: Callable[[int], None], opened: Callable[[int], None]) -> None:
    """Draw the page for the project of the URL, else the newest; `opened` puts another choice into the URL."""
    titles = {p.id: hide_keys(p.title) for p in live.workbench().projects.list_names()}
    if not titles:
        none_yet(page)
        return
    param = st.query_params.get("project", "")
    known = param.isdecimal() and int(param) in titles
    if param and not known:
        st.warning(
            t("There is no project {id}. Choose one at the left; the newest is shown.", id=plain(shorten(param, 20))),
            icon=":material/link_off:",
        )
    slot = f"{page}_project"
    st.session_state[slot] = int(param) if known else next(iter(titles))
    chosen = st.sidebar.selectbox(
        t("Project"), list(titles), format_func=titles.__getitem__, key=slot, label_visibility="collapsed",
        on_change=lambda: opened(st.session_state[slot]),
    )  # fmt: skip
    try:
        draw(chosen)
    except ReelwrightError as error:
        st.error(plain(labels.error_text(error)), icon=":material/error:")
