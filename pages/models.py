"""Models: which services write, draw and film; their keys, limits and prices; tried with a real call."""

from __future__ import annotations

import streamlit as st

from workbench.ui import filters, illustrations, live, shell
from workbench.ui.language import t
from workbench.ui.models import profile_form

wb = live.workbench()


def begin() -> None:
    st.query_params["profile"] = profile_form.NEW


def leave() -> None:
    """What was typed stays a draft: it is thrown away by its own button."""
    profile_form.forget(profile_form.slot(None))
    st.session_state.pop("svc_template", None)
    st.query_params.pop("profile", None)


def main() -> None:
    with st.sidebar:
        archived = filters.switch("archived", t("Archived too"))
    every = wb.profiles.list(include_archived=True)
    rows = [r for r in every if archived or r.archived_at is None]
    param = st.query_params.get("profile", "")
    with shell.title(t("Models"), t("{n} services", n=len(rows)) if len(rows) != 1 else t("1 service")):
        st.space("stretch")
        if param == profile_form.NEW:
            st.button(t("Close"), key="leave_new", icon=":material/close:", type="tertiary", on_click=leave)
        elif rows:
            st.button(t("Add a service"), key="add_service", icon=":material/add:", type="primary", on_click=begin)
    shell.show_refusal()
    if not rows and param != profile_form.NEW:
        sentence = t(
            "Stories are sketched offline and for free. Add a service to have them written, drawn and filmed "
            "by a model."
        )
        with illustrations.empty(sentence, "models"):
            st.button(t("Add the first one"), key="add_first", icon=":material/add:", type="primary", on_click=begin)
        return
    chosen = None if param == profile_form.NEW else next((r for r in rows if str(r.id) == param), rows[0])
    if not rows:
        profile_form.draw_profile(None, ())
        return
    left, right = st.columns([1, 2.4], gap="medium")
    with left, st.container(border=True, key="models_card"):
        profile_form.listing(rows, profile_form.NEW if chosen is None else str(chosen.id))
    with right:
        profile_form.draw_profile(chosen, every)


main()
