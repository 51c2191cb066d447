"""Prompts: every prompt by workflow and language; in your own words, compared, tried and taken back."""

from __future__ import annotations

import streamlit as st

from workbench.api.prompts import PromptEntry
from workbench.ui import filters, labels, live, shell
from workbench.ui.language import current, t
from workbench.ui.markup import plain
from workbench.ui.prompts import comparison, editor, results, trial, words
from workbench.ui.prompts.words import Chosen
from workbench.workflows.registry import by_purpose

wb = live.workbench()
LIST_HEIGHT = 760


def sidebar() -> tuple[int | None, str, str, bool]:
    """The project whose prompts these are (None: all), their language, what is searched for, and what is left out."""
    with st.sidebar:
        st.markdown(f"**{t('Whose prompts')}**")
        project = filters.project({p.id: p.title for p in wb.projects.list_names()})
        language = filters.segment("written", t("Story language"), {"zh": "中文", "en": "English"}, current())
        typed = filters.text("q", t("Search"), t("Search prompts"))
        only = filters.switch("own", t("Only those in your own words"))
    return project, language, typed.casefold(), only


def matches(entry: PromptEntry, typed: str) -> bool:
    return not typed or typed in f"{entry.name} {words.title_of(entry)}".casefold()


def choose(entries: list[PromptEntry]) -> PromptEntry | None:
    """The list at the left, by what workflows are for; the choice is in the URL."""
    param = st.query_params.get("prompt", "")
    chosen = next((e for e in entries if e.name == param), entries[0] if entries else None)
    grouped: dict[str, list[PromptEntry]] = {}
    purposes = {w.name: title for title, group in by_purpose(wb.workflows.list()).items() for w in group}
    for entry in entries:
        grouped.setdefault(purposes.get(entry.workflow or "", words.ADDED), []).append(entry)
    with st.container(border=True, height=LIST_HEIGHT, key="prompt_list", gap="small"):
        for purpose, group in grouped.items():
            st.caption(plain(t(purpose)))
            with st.container(gap=None):
                for entry in group:
                    line(entry, entry is chosen)
        if not entries:
            st.caption(t("No prompt matches."))
    return chosen


def line(entry: PromptEntry, is_open: bool) -> None:
    key = entry.name.replace("/", "_").replace(".", "_")
    with (
        st.container(gap=None, key=f"svcrow_{'open_' if is_open else ''}{key}"),
        st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"svcname_{key}"),
    ):
        st.button(
            plain(words.title_of(entry)), key=f"prompt_open_{key}", type="tertiary",
            on_click=st.query_params.__setitem__, args=("prompt", entry.name),
        )  # fmt: skip
        st.space("stretch")
        if entry.state != "shipped":
            words.chip(entry)


def main() -> None:
    project, language, typed, only = sidebar()
    every = [e for e in wb.prompts.list(project) if e.language == language]
    own = sum(e.state != "shipped" for e in every)
    with shell.title(t("Prompts"), t("{own} of {n} in your own words", own=own, n=len(every))):
        st.space("stretch")
    shell.show_refusal()
    left, right = st.columns([1, 2.6], gap="medium")
    with left:
        entry = choose([e for e in every if matches(e, typed) and (not only or e.state != "shipped")])
    if entry is None:
        return
    with right:
        draw(Chosen(entry.name, entry.language, project), entry)


def draw(chosen: Chosen, entry: PromptEntry) -> None:
    text = wb.prompts.get(chosen.name, chosen.language, chosen.project)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="prompt_head"):
        st.markdown(f"### {plain(words.title_of(entry))}", width="content")
        words.chip(entry)
        shell.small(text.fingerprint, t("Prompt version: calls and artifacts made with it carry it"))
        st.space("stretch")
        words.show_versions(chosen, text)
    if entry.workflow:
        st.caption(f"{plain(labels.workflow_title(entry.workflow))} · {plain(chosen.name)}")
    if not entry.fits:
        st.error(
            t("These words do not fit today's workflow any more: jobs that use them fail. Edit or reset them."),
            icon=":material/error:",
        )
    views = {"edit": t("Edit"), "compare": t("Compare"), "try": t("Try out"), "uses": t("How it does")}
    if entry.workflow is None:
        # it is added to others and has no calls of its own
        views = {name: views[name] for name in ("edit", "compare")}
    view = filters.segment("view", t("View"), views, "edit")
    {"edit": editor.draw, "compare": comparison.draw, "try": trial.draw, "uses": results.draw}[view](chosen, text)


main()
