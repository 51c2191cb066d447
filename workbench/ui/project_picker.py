"""Which project a page is about: the one of its URL, else the one that was chosen last, on whatever page; and what
stands there without any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

import streamlit as st

from workbench.errors import ReelwrightError
from workbench.plain_text import whole_number
from workbench.ui import illustrations, labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import plain, shorten, tell_apart

_CHOSEN = "_project"


def none_yet(page: str) -> None:
    """The empty state of a page that needs a story."""
    with illustrations.empty(t("There is no story to work on yet."), page):
        if st.button(t("Go to projects"), key="to_projects", type="primary", icon=":material/folder_open:"):
            st.switch_page("pages/projects.py")


def current(projects: Iterable[int]) -> int:
    """The project to show, of those there are, newest first; the next page shows it as well.

    Each window keeps its own; a new one begins with the one that this person chose last.
    """
    known = list(projects)
    param = st.query_params.get("project", "")
    chosen = int(param) if param.isdecimal() and len(param) < 19 else None
    if chosen not in known:
        chosen = st.session_state.get(_CHOSEN)
    if chosen not in known:
        chosen = _last()
    if chosen not in known:
        return known[0]
    if st.session_state.get(_CHOSEN) != chosen:
        st.session_state[_CHOSEN] = chosen
        with suppress(ReelwrightError):
            live.workbench().settings.remember_project(shell.user(), chosen)
    return chosen


def _last() -> int | None:
    try:
        return live.workbench().settings.last_project(shell.user())
    except ReelwrightError:
        return None


def with_project(page: str, draw: Callable[[int], None], opened: Callable[[int], None]) -> None:
    """Draw the page for the current project; `opened` puts another choice into the URL."""
    titles = tell_apart({p.id: p.title for p in live.workbench().projects.list_names()})
    if not titles:
        none_yet(page)
        return
    param = st.query_params.get("project", "")
    known = whole_number(param) in titles
    if param and not known:
        st.warning(
            t("There is no project {id}. Choose one at the left; another one is shown.", id=plain(shorten(param, 20))),
            icon=":material/link_off:",
        )
    slot = f"{page}_project"
    st.session_state[slot] = current(titles)
    chosen = st.sidebar.selectbox(
        t("Project"), list(titles), format_func=titles.__getitem__, key=slot, label_visibility="collapsed",
        on_change=lambda: opened(st.session_state[slot]),
    )  # fmt: skip
    try:
        draw(chosen)
    except ReelwrightError as error:
        st.error(plain(labels.error_text(error)), icon=":material/error:")
