"""The new-project form: story, people and places, look; what is still missing stands beside it while it is written."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from workbench.errors import InvalidInput, Issue
from workbench.i18n import Text, translate
from workbench.json_types import JsonObject
from workbench.story import brief_files, languages
from workbench.story.briefs import BriefFile, explain, parse
from workbench.story.guards import MIN_SUMMARY_CHARS, plannable_brief
from workbench.story.styles import style_text
from workbench.ui import drafts, forms, labels, live, meter, once, shell
from workbench.ui.language import current, t
from workbench.ui.markup import plain

#: the place of its draft, and what its widgets' keys begin with until it is thrown away
KEY = "wizard"
#: of the session: the file that was brought, and what it holds
READ_FILE = "wizard_file_read"
_ISSUES = "_wizard_issues"


def _key() -> str:
    return drafts.form_key(KEY, KEY)


def _part(names: list[str], issues: list[Issue], live_fields: list[str] | None = None) -> JsonObject:
    start = {"language": current(), "style": {"preset": "cinematic", "prompt": ""}}
    return forms.fields(BriefFile, _key(), start, issues, only=names, live=live_fields or [])


def _take_preset() -> None:
    """Put the preset's own words into the style field."""
    preset = st.session_state.get(f"{_key()}.style.preset", "cinematic")
    language = st.session_state.get(f"{_key()}.language", current())
    st.session_state[f"{_key()}.style.prompt"] = style_text({"preset": preset}, language)


def _set_language(language: str) -> None:
    st.session_state[f"{_key()}.language"] = language


def _language_hint(brief: JsonObject) -> None:
    """What language the words are in, where another one is chosen."""
    read = languages.recognize(languages.words_of(brief))
    if read is None or (read.language == brief["language"] and not read.other):
        return
    if read.other:
        sentence = t(
            "The summary reads as {language}. Stories are planned in Chinese or English.", language=t(read.other)
        )
        st.markdown(f":orange[:material/translate:] :gray[{plain(sentence)}]")
    if read.language != brief["language"]:
        name = t(forms.CHOICES[read.language])
        if not read.other:
            sentence = t("The summary reads as {language}, but another story language is chosen.", language=name)
            st.markdown(f":orange[:material/translate:] :gray[{plain(sentence)}]")
        st.button(
            t("Plan it in {language}", language=name), key="wizard_language", icon=":material/translate:",
            on_click=_set_language, args=(read.language,),
        )  # fmt: skip


def missing(brief: JsonObject) -> list[Issue]:
    """Everything that keeps this brief from being planned, form errors first."""
    wrong = forms.check(BriefFile, brief, explain)
    return wrong + [i for i in _unplannable(brief) if i.path not in {w.path for w in wrong}]


def _unplannable(brief: JsonObject) -> list[Issue]:
    """What planning needs and nothing brings: a source text brings the summary."""
    has_source = bool(str(brief.get("source") or "").strip())
    return [i for i in plannable_brief(brief) if not (has_source and i.path == "summary")]


def _card(title: str, icon: str, key: str) -> Any:
    box = st.container(border=True, key=f"wizard_{key}")
    box.markdown(f"**:material/{icon}: {title}**")
    return box


def _fields(issues: list[Issue]) -> JsonObject:
    brief: JsonObject = {}
    with _card(t("Story"), "edit_note", "story"):
        brief |= _part(["title"], issues)
        brief |= _part(["summary"], issues, ["summary"])
        meter.draw(f"{_key()}.summary", MIN_SUMMARY_CHARS, "summary_meter")
        with st.expander(t("Made from a longer text"), icon=":material/menu_book:", key="wizard_source"):
            brief |= _part(["source"], issues, ["source"])
            st.caption(
                t(
                    "Leave the summary empty, and “Brief from the source” in the Studio writes it. People and places "
                    "of a screenplay are taken over when the project is created."
                )
            )
        left, right = st.columns(2)
        with left:
            brief |= _part(["language", "genre"], issues)
        with right:
            brief |= _part(["episodes", "audience"], issues)
        brief |= _part(["protagonist"], issues)
    with _card(t("Look"), "palette", "look"):
        brief |= _part(["style"], issues, ["style.preset", "style.prompt"])
        st.button(
            t("Take the preset's text"), key="wizard_preset", icon=":material/format_paint:", on_click=_take_preset
        )
        brief |= _part(["aspect_ratio"], issues)
    with _card(t("People and places"), "groups", "cast"):
        brief |= _part(["characters"], issues)
        brief |= _part(["world"], issues)
    return brief


def _readiness(brief: JsonObject) -> None:
    """What is there and what is missing, each with its mark."""
    guards = {i.path: labels.issue_text(i) for i in _unplannable(brief)}
    checks = [
        ("title", t("Title"), "" if brief["title"].strip() else t("Give the story a title.")),
        ("summary", t("Summary"), guards.get("summary", "")),
        ("style.prompt", t("Visual style"), guards.get("style.prompt", "")),
    ]
    st.markdown(f"**{t('Ready to plan?')}**")
    for _path, name, wrong in checks:
        mark = ":gray[:material/radio_button_unchecked:]" if wrong else ":green[:material/check_circle:]"
        st.markdown(f"{mark} {plain(name)}" + (f"  \n:gray[{plain(wrong)}]" if wrong else ""))


def _profile() -> str | None:
    """Which models the project uses; None for the offline sketch."""
    profiles = live.workbench().profiles.list()
    named = {p.name: f"{p.name} · {p.text_model or p.provider}" for p in profiles if not p.archived_at}
    options = [None, *named]
    chosen: str | None = st.selectbox(
        t("Model profile"),
        options,
        index=drafts.begin_choice(f"{_key()}_profile", None, options),
        format_func=lambda name: t("Sketch, offline and free") if name is None else named[name],
        key=f"{_key()}_profile",
        placeholder=t("Sketch, offline and free"),
        help=t("Which models write this story. Sketch drafts everything offline from your own words."),
        on_change="ignore",
    )
    return chosen


def create(brief: JsonObject, profile: str | None) -> int:
    """Make the project; raises InvalidInput with every field that is wrong."""
    issues = missing(brief)
    if issues:
        raise InvalidInput(t("The brief is not complete yet."), issues)
    project = once.do(
        "create",
        [brief, profile],
        lambda: live.workbench().create_project(brief, profile=profile, user=shell.user()),
    )
    live.invalidate()
    return project


def _begin_with_file() -> None:
    """A brief, a screenplay or a text out of a file, put into the form; what was typed beside it stays."""
    with st.expander(t("Begin with a file"), icon=":material/upload_file:", key="wizard_begin"):
        chosen = st.file_uploader(
            t("A brief (JSON, YAML), a screenplay or a text"), key=f"{_key()}_file",
            help=t("Read as UTF-8, UTF-16, GBK or Big5, whichever it is."),
        )  # fmt: skip
        if chosen is None:
            return
        brief, notes = _read_file(chosen)
        if isinstance(brief, InvalidInput):
            for sentence in [_sentence(issue) for issue in brief.issues] or [labels.error_text(brief)]:
                st.markdown(f":red[:material/error: {plain(sentence)}]")
            return
        for note in notes:
            st.markdown(f":gray[:material/info: {plain(translate(note, current()))}]")
        st.button(
            t("Put it into the form"), key="wizard_fill", icon=":material/input:", type="primary",
            on_click=_fill, args=(brief,),
        )  # fmt: skip


def _read_file(chosen: UploadedFile) -> tuple[JsonObject | InvalidInput, list[Text]]:
    """What a file holds, read once: a long screenplay takes a second, and the page is drawn at every key."""
    last = st.session_state.get(READ_FILE)
    if last is None or last[0] != chosen.file_id:
        try:
            reading = brief_files.read(chosen.getvalue(), chosen.name)
            parsed = parse(reading.fields)
            fields = parsed.model_dump(mode="json", exclude_unset=True)
            last = (chosen.file_id, fields, [*reading.notes, *parsed.remarks])
        except InvalidInput as error:
            last = (chosen.file_id, error, [])
        st.session_state[READ_FILE] = last
    return last[1], last[2]


def _sentence(issue: Issue) -> str:
    return f"{issue.path}: {labels.issue_text(issue)}" if issue.path else labels.issue_text(issue)


def _fill(brief: JsonObject) -> None:
    with shell.show_refusals():
        drafts.fill(KEY, forms.as_typed(brief))
        shell.toast(t("It is in the form. Look it over, then create the project."))


def draw() -> int | None:
    """The form; the number of the project just made."""
    _begin_with_file()
    with drafts.keep(KEY, KEY) as draft:
        return _form(draft)


def _form(draft: drafts.Draft) -> int | None:
    issues: list[Issue] = st.session_state.get(_ISSUES, [])
    left, right = st.columns([2.15, 1], gap="medium")
    with left:
        brief = _fields(issues)
    with right, st.container(border=True, key="wizard_side"):
        _readiness(brief)
        _language_hint(brief)
        profile = _profile()
        draft.show_status(with_button=True)
        clicked = st.button(
            t("Create project"), type="primary", icon=":material/add:", width="stretch", key="wizard_create"
        )
        if clicked:
            try:
                project = create(brief, profile)
            except InvalidInput as error:
                st.session_state[_ISSUES] = error.issues
                live.redraw_page()
            leave()
            return project
        still = {i.path for i in missing(brief)}
        if any(i.path not in still for i in issues):
            # a field that was put right loses its error at once
            st.session_state[_ISSUES] = [i for i in issues if i.path in still]
            live.redraw_page()
        if issues:
            listed = "\n".join(f"- {plain(labels.issue_text(i))}" for i in issues)
            st.error(
                f"**{t('Not yet: nothing was created and everything you typed is still here.')}**\n{listed}",
                icon=":material/block:",
            )
    return None


def leave() -> None:
    """Empty the form, whose text was saved or is thrown away."""
    st.session_state.pop(_ISSUES, None)
    st.session_state.pop(f"{_key()}_profile", None)
    forms.forget(_key())
    drafts.discard(KEY)
