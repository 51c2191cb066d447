"""The words of a prompt to edit, beside what it is filled in with and the contract that code adds."""

from __future__ import annotations

import json

import streamlit as st

from workbench.api.prompts import PromptText
from workbench.ui import drafts, labels, live, shell
from workbench.ui.language import t
from workbench.ui.markup import code, hide_keys, plain, shorten
from workbench.ui.prompts import words
from workbench.ui.prompts.words import Chosen

HEIGHTS = {"system": 150, "user": 430}


def draw(chosen: Chosen, text: PromptText) -> None:
    left, right = st.columns([2.15, 1], gap="medium")
    with left:
        typed = _form(chosen, text)
    with right:
        _variables(chosen, text, typed)
        _contract(chosen, text)


def _form(chosen: Chosen, text: PromptText) -> dict[str, str]:
    names = {"system": t("System: who the model is"), "user": t("User: what it is asked")}
    with drafts.keep(chosen.place, chosen.key, text.newest_version) as draft:
        typed = {}
        for name, label in names.items():
            key = f"{draft.key}.{name}"
            value = st.text_area(
                label, drafts.begin_text(key, text.counting[name]), key=key, height=HEIGHTS[name], on_change="ignore"
            )
            typed[name] = str(value or "")
        issues = live.workbench().prompts.check(chosen.name, chosen.language, typed["system"], typed["user"])
        for issue in issues:
            st.markdown(f":red[:material/error: {plain(names.get(issue.path, ''))}: {plain(labels.issue_text(issue))}]")
        unused = (
            []
            if issues
            else live.workbench().prompts.list_unused(chosen.name, chosen.language, typed["system"], typed["user"])
        )
        if unused:
            sentence = t("Left out, which the shipped words tell the model where it is known: {names}")
            st.markdown(f":orange[:material/info: {plain(sentence.format(names=labels.join(unused)))}]")
        _buttons(chosen, text, typed, draft, bool(issues))
        draft.show_status(with_button=True)
    return typed


def _buttons(chosen: Chosen, text: PromptText, typed: dict[str, str], draft: drafts.Draft, wrong: bool) -> None:
    newer = st.session_state.get(f"{chosen.key}_newer")
    if newer is not None:
        st.warning(
            plain(t("Version {n} was saved meanwhile. Compare it with yours; saving puts yours over it.", n=newer)),
            icon=":material/merge:",
        )
    whose = t("Save for this project") if chosen.project is not None else t("Save for all projects")
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        # Never disabled: a field is heard of with the click, and what was wrong a moment ago may be mended by now.
        if st.button(whose, key=f"{chosen.key}_save", type="primary", icon=":material/check:") and not wrong:
            words.save(chosen, typed, _base_of(chosen, text) if newer is None else int(newer))
            live.redraw_page()
        st.button(
            t("Try it first"), key=f"{chosen.key}_to_try", icon=":material/science:",
            on_click=_try_first, args=(chosen, draft.key, text),
        )  # fmt: skip


def _try_first(chosen: Chosen, key: str, text: PromptText) -> None:
    """A callback, since another run that follows closely ends this one: what is typed is a draft by then."""
    typed = {name: str(st.session_state.get(f"{key}.{name}", text.counting[name])) for name in HEIGHTS}
    if live.workbench().prompts.check(chosen.name, chosen.language, typed["system"], typed["user"]):
        return  # the run that follows says what is wrong
    changed = {name: words for name, words in typed.items() if words != text.counting[name]}
    with shell.show_refusals():
        cleared = [name for name in typed if name not in changed]
        live.workbench().drafts.keep(shell.user(), chosen.place, changed, cleared=cleared, base=text.newest_version)
    live.invalidate()
    st.query_params["view"] = "try"


def _base_of(chosen: Chosen, text: PromptText) -> int:
    """The newest version that its author has seen: the one of when they began to type."""
    draft = drafts.find(chosen.place)
    return text.newest_version if draft is None or draft.base is None else int(draft.base)


def _variables(chosen: Chosen, text: PromptText, typed: dict[str, str]) -> None:
    calls = live.workbench().trials.list_calls(chosen.name, chosen.language, project_id=chosen.project, limit=1)
    template = live.workbench().trials.find_template(calls[0].id) if calls else None
    values = (template or {}).get("variables", {})
    with st.container(border=True, key="prompt_variables"):
        st.markdown(f"**{t('Variables')}**", help=t("Print them with {example}", example='{{ name | data("name") }}'))
        for name in text.variables:
            mark = ":violet[*]" if name in text.required else ""
            used = "" if name in typed["system"] + typed["user"] else f" :orange[{t('left out')}]"
            st.markdown(f"{code(name)}{mark}{used}  \n:small[:gray[{plain(_sample(values.get(name)))}]]")
        st.caption(
            t("* has to be in it. Examples are those of the newest call.") if values else t("* has to be in it.")
        )


def _sample(value: object) -> str:
    if value in (None, "", [], {}):
        return "—"
    return shorten(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 80)


def _contract(chosen: Chosen, text: PromptText) -> None:
    contract = live.workbench().prompts.describe_contract(chosen.name, chosen.language)
    if contract is None:
        return
    with st.container(border=True, key="prompt_contract"):
        st.markdown(f"**{t('Contract')}**")
        st.caption(t("Code adds it to every call; it is no part of your words, and they cannot break it."))
        st.markdown(plain(contract.sentence))
        for field in contract.fields:
            st.markdown(f"{code(field.name)} :small[:gray[{plain(field.kind)}]]")
        with st.popover(t("The whole JSON Schema"), icon=":material/data_object:", type="tertiary", key="contract_all"):
            st.code(hide_keys(json.dumps(contract.schema, ensure_ascii=False, indent=1)), language="json", height=420)
