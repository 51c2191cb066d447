"""The language a page speaks: chosen by the reader and remembered, else the settings', else the browser's.

The language of the interface is separate from the language of a story.
"""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from workbench.i18n import LANGUAGES, translate

COOKIE = "reelwright_lang"
_STATE = "_language"

#: writes the cookie that the next visit reads; draws nothing
_REMEMBER_JS = """
export default function (component) {
  document.cookie = component.data.name + '=' + component.data.language + ';path=/;max-age=31536000;SameSite=Lax';
  document.documentElement.lang = component.data.language;
}
"""

_remember = st.components.v2.component("reelwright_remember_language", js=_REMEMBER_JS)


def match_language(value: str | None) -> str | None:
    """``zh`` or ``en`` for a language tag such as ``zh-CN`` or ``en_US``; None for anything else."""
    short = (value or "").replace("_", "-").split("-")[0].lower()
    return short if short in LANGUAGES else None


def choose(*wishes: str | None) -> str:
    """The first wish that Reelwright speaks; English when there is none."""
    return next((match for wish in wishes if (match := match_language(wish))), "en")


def resolve(configured: str | None) -> str:
    """Decide the language once per session: link, earlier choice, cookie, settings, browser."""
    wished = st.query_params.get("lang")
    session = st.session_state.get(_STATE)
    language = choose(wished, session, st.context.cookies.get(COOKIE), configured, st.context.locale)
    st.session_state[_STATE] = language
    return language


def current() -> str:
    """The language of this session; English outside one."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return "en"
    return str(st.session_state.get(_STATE, "en"))


def t(text: str, /, **params: Any) -> str:
    """Say `text` in the reader's language."""
    return translate(text, current(), **params)


def _switch() -> None:
    st.session_state[_STATE] = st.session_state["language_switch"]
    if "lang" in st.query_params:
        del st.query_params["lang"]


def switch() -> None:
    """The language switch in the page's header, and the cookie that remembers it."""
    st.session_state["language_switch"] = current()
    with st.container(key="language_box", width="content"):
        st.segmented_control(
            "Language",
            LANGUAGES,
            format_func={"zh": "中文", "en": "EN"}.__getitem__,
            required=True,
            key="language_switch",
            label_visibility="collapsed",
            on_change=_switch,
        )
        _remember(data={"name": COOKIE, "language": current()}, key="language_cookie")
