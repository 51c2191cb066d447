"""What every page shares: the header's look, a title row, failures said in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import streamlit as st

from workbench.errors import ReelwrightError
from workbench.ui import labels
from workbench.ui.charts import palette
from workbench.ui.language import t
from workbench.ui.markup import plain, safe

P = ParamSpec("P")
_STYLE = (Path(__file__).parent / "style.css").read_text(encoding="utf-8")


def style() -> None:
    """Place the one stylesheet on the page, with the colours of the theme that is on."""
    colours = palette()
    names = ("muted", "border", "panel", "violet", "orange", "green")
    variables = "".join(f"--rw-{name}:{colours.of(name)};" for name in names) + f"--rw-tint:{_tint()};"
    # the accent is dark in the light theme and light in the dark one
    on_primary = colours.background if st.context.theme.type == "dark" else "#FFFFFF"
    hover = f"color-mix(in srgb, {colours.primary} 80%, {colours.text})"
    variables += f"--rw-removed:{_ground('red')};--rw-added:{_ground('green')};"
    variables += f"--rw-on-primary:{on_primary};--rw-primary-hover:{hover};"
    # Streamlit's own words beside a place for files are English, and no argument changes them
    for name, words in (("choose", t("Choose files")), ("drop", t("or drop them here"))):
        variables += f"--rw-{name}-files:'{safe(words)}';"
    st.html(f"<style>:root{{{variables}}}\n{_STYLE}</style>")


@contextmanager
def show_errors() -> Iterator[None]:
    """Say what a page could not do in one sentence; a creator never sees a traceback."""
    try:
        yield
    except ReelwrightError as error:
        st.error(plain(labels.error_text(error)), icon=":material/error:")


def fragment(
    run_every: float | None = None, key: str | None = None
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Streamlit's fragment, whose failure is said in its place: Streamlit itself would draw nothing below it."""

    def decorate(body: Callable[P, None]) -> Callable[P, None]:
        return st.fragment(run_every=run_every, key=key)(_said_in_place(body))  # noqa: TID251

    return decorate


def dialog(
    title: str, *, width: Literal["medium", "large"], on_dismiss: Callable[[], None], icon: str | None = None
) -> Callable[[Callable[P, None]], Callable[P, None]]:
    """Streamlit's dialog, whose failure is said inside it."""

    def decorate(body: Callable[P, None]) -> Callable[P, None]:
        opened = st.dialog(title, width=width, on_dismiss=on_dismiss, icon=icon)  # noqa: TID251
        return opened(_said_in_place(body))

    return decorate


def _said_in_place(body: Callable[P, None]) -> Callable[P, None]:
    @wraps(body)
    def said(*args: P.args, **kwargs: P.kwargs) -> None:
        with show_errors():
            body(*args, **kwargs)

    return said


def show_fault(error: Exception) -> None:
    """Say that a page could not be drawn, and which command shows why."""
    st.error(
        t(
            "This page could not be drawn ({kind}). What was saved is safe. Why it failed is in the log: {command}",
            kind=type(error).__name__,
            command="`reelwright logs --part web`",
        ),
        icon=":material/error:",
    )


def title(text: str, note: str = "", key: str = "title") -> st.delta_generator.DeltaGenerator:
    """The page's heading row, `text` shown letter for letter; chips and buttons go into the container it returns,
    from the left."""
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}_row")
    with row:
        st.title(plain(text), anchor=False, width="content")
        if note:
            st.caption(note, width="content")
    return row


def _tint() -> str:
    """The accent as a ground, for what is chosen in a list."""
    kind = st.context.theme.type or "light"
    return str(st.get_option(f"theme.{kind}.violetBackgroundColor") or "#EEEBFC")


def _ground(colour: str) -> str:
    """The ground of a state's colour in the theme that is on."""
    return str(st.get_option(f"theme.{st.context.theme.type or 'light'}.{colour}BackgroundColor") or "transparent")


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
        st.toast(plain(text), icon=":material/check:")


def icon_popover(
    icon: str, name: str, key: str, *, type: Literal["secondary", "tertiary"] = "tertiary", **more: Any
) -> Any:
    """A popover behind an icon alone; its name is there for tooltips and screen readers. `icon`: a Material symbol."""
    # The stylesheet hides the words of this container's button. An empty label would leave what opens without a name.
    with st.container(key=f"icon_only_{key}", width="content"):
        return st.popover(name, icon=f":material/{icon}:", key=key, type=type, help=name, **more)


@contextmanager
def show_refusals() -> Iterator[None]:
    """Inside a callback: a refusal becomes a sentence shown on the next run."""
    try:
        yield
    except ReelwrightError as error:
        st.session_state["_refused"] = labels.error_text(error)


def show_refusal() -> None:
    if sentence := st.session_state.pop("_refused", None):
        st.error(plain(sentence), icon=":material/block:")


def user() -> str:
    """Who is at the page; one user until there are logins."""
    return "local"
