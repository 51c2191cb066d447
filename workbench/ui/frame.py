"""What every page shares: the header's look, a title row, failures said in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from workbench.errors import ReelwrightError
from workbench.ui import labels
from workbench.ui.charts import palette
from workbench.ui.markup import safe

_STYLE = """<style>
.st-key-language_box { position: fixed; top: 0.62rem; right: 3.4rem; z-index: 999991; width: auto !important; }
.st-key-language_box button { min-height: 1.75rem; padding: 0.1rem 0.6rem; font-size: 0.82rem; }
.stMainBlockContainer { max-width: 1220px; }
.stBadge { white-space: nowrap; }
[data-testid="stMetric"] { overflow: hidden; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
}
</style>"""


def style() -> None:
    """Place the language switch into the header; everything else is the theme's."""
    st.html(_STYLE)


@contextmanager
def guarded() -> Iterator[None]:
    """Say what a page could not do in one sentence; a creator never sees a traceback."""
    try:
        yield
    except ReelwrightError as error:
        st.error(labels.of_error(error), icon=":material/error:")


def title(text: str, note: str = "", key: str = "title") -> st.delta_generator.DeltaGenerator:
    """The page's heading row; chips and buttons go into the container returned, from the left."""
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}_row")
    with row:
        st.title(text, anchor=False, width="content")
        if note:
            st.caption(note, width="content")
    return row


def tint() -> str:
    """The accent as a ground, for what is chosen in a list."""
    kind = st.context.theme.type or "light"
    return str(st.get_option(f"theme.{kind}.violetBackgroundColor") or "#EEEBFC")


def small(text: str, tip: str) -> None:
    """Muted words in a row with the whole of it as a tooltip, without a question mark beside them."""
    colours = palette()
    st.html(
        f"<span title='{safe(tip)}' style='font-size:0.875rem;color:{colours.muted}'>{safe(text)}</span>",
        width="content",
    )


def toast(text: str) -> None:
    """Say that something was done; it survives the rerun that follows."""
    st.session_state["_toast"] = text


def show_toast() -> None:
    if text := st.session_state.pop("_toast", None):
        st.toast(text, icon=":material/check:")


@contextmanager
def told() -> Iterator[None]:
    """Inside a callback: a refusal becomes a sentence shown on the next run."""
    try:
        yield
    except ReelwrightError as error:
        st.session_state["_refused"] = labels.of_error(error)


def show_refusal() -> None:
    if sentence := st.session_state.pop("_refused", None):
        st.error(sentence, icon=":material/block:")


def user() -> str:
    """Who is at the page; one user until there are logins."""
    return "local"
