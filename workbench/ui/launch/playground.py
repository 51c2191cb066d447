"""A chat with the model, each turn a job like any other: streamed while it runs, counted, and found again by its link.

A conversation is what its newest job was asked and what it answered: the URL names that job, and nothing else is kept.
"""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.jobs import Job
from workbench.errors import Issue, ReelwrightError
from workbench.plain_text import whole_number
from workbench.ui import drafts, formats, forms, job_links, labels, live, shell, states
from workbench.ui.language import current, t
from workbench.ui.launch import targets
from workbench.ui.markup import paragraphs, plain, shorten
from workbench.workflows.agents.llm_chat import Params

KIND = "llm_chat"
EDITOR = "chat_messages"
#: where the draft of what is being said is kept
PLACE = "chat"
AVATARS = {"user": ":material/person:", "assistant": ":material/auto_awesome:"}
#: as many as a request can hold, less the one that is being said
MOST = 49
HISTORY = 12


def draw() -> None:
    """The conversation at the left, the model and what was said before at the right, and the field to say more."""
    with drafts.keep(PLACE, "chat_") as draft:
        _draw(draft)


def _draw(draft: drafts.Draft) -> None:
    job = _current_chat()
    messages = list(job.params["messages"]) if job else []
    left, right = st.columns([2.15, 1], gap="medium")
    with right:
        profile = _settings(messages)
        status = st.container()
        _history(job)
    with left:
        if st.session_state.get("_chat_editing") or drafts.is_waiting(_editor_place(job)):
            _editor(job, messages, profile)
        else:
            _conversation(job, messages)
    said = f"{draft.key}said"
    drafts.begin_message(said)
    message = st.chat_input(t("Say something"), max_chars=20_000, key=said)
    if message and message.strip():
        if _send([*_so_far(job, messages), {"role": "user", "content": message}], profile):
            drafts.discard(PLACE)
        live.redraw_page()
    with status:
        draft.show_status(with_button=True)


def rules_key() -> str:
    return f"{drafts.form_key(PLACE, 'chat_')}rules"


def _editor_place(job: Job | None) -> str:
    """Where the draft of the messages of a conversation is kept."""
    return f"chat/{job.id if job else 'new'}"


def _current_chat() -> Job | None:
    """The job that the URL names, if it is a chat."""
    job_id = whole_number(st.query_params.get("job", ""))
    if job_id is None:
        return None
    try:
        job = live.workbench().jobs.get(job_id)
    except ReelwrightError:
        return None
    return job if job.kind == KIND else None


def _so_far(job: Job | None, messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """What the next turn follows on: everything said, with the newest answer; a new conversation begins with the
    rules."""
    if job is None:
        rules = str(st.session_state.get(rules_key()) or "").strip()
        return [{"role": "system", "content": rules}] if rules else []
    answer = (job.result or {}).get("content")
    turns = [*messages, *([{"role": "assistant", "content": answer}] if answer else [])]
    head = [m for m in turns[:1] if m["role"] == "system"]
    return [*head, *turns[len(head) :][-(MOST - len(head)) :]]


def _send(messages: list[dict[str, str]], profile: str | None) -> bool:
    """Whether it was taken; why not is said instead."""
    with shell.show_refusals():
        job = live.workbench().submit(KIND, None, {"messages": messages}, profile=profile, user=shell.user())
        st.query_params["job"] = str(job.id)
        before = [i for i in st.session_state.get("_chats", []) if i != job.id]
        st.session_state["_chats"] = [job.id, *before][:50]
        return True
    return False


def _anew() -> None:
    st.query_params.pop("job", None)
    st.session_state.pop("_chat_editing", None)


def _conversation(job: Job | None, messages: list[dict[str, str]]) -> None:
    with st.container(border=True, key="chat"):
        if job is None:
            st.markdown(
                ":gray["
                + t("Ask anything. Each turn is a job: it is counted, can be cancelled, and stays on the Jobs page.")
                + "]"
            )
            return
        for message in messages:
            if message["role"] == "system":
                st.markdown(f":gray[:material/tune: {plain(message['content'])}]")
                continue
            with st.chat_message("user" if message["role"] == "user" else "assistant", avatar=AVATARS[message["role"]]):
                st.markdown(paragraphs(message["content"]))
        with st.chat_message("assistant", avatar=AVATARS["assistant"]):
            if job.state in states.ACTIVE:
                _live(int(job.id))
            else:
                _answer(job)


def _answer(job: Job) -> None:
    content = (job.result or {}).get("content")
    if content:
        st.markdown(paragraphs(content))
    else:
        state = states.find(job.state)
        st.markdown(
            f":{state.colour}[:material/{state.icon}: {state.word}] {plain(labels.translate_stored(job, 'error'))} "
            f"**{plain(labels.remedy(job.error_kind))}**"
        )
    tokens = None if job.output_tokens is None else (job.input_tokens or 0) + job.output_tokens
    took = labels.duration_text((job.finished_at or 0) - job.started_at) if job.started_at and job.finished_at else None
    parts = [
        str((job.result or {}).get("model") or ""),
        took or "",
        f"{formats.number(tokens, current())} {t('tokens')}" if tokens is not None else "",
        formats.spent(live.query(live.workbench().usage.of_jobs, [job.id])[job.id], current()),
    ]
    st.caption(f"{plain(' · '.join(p for p in parts if p))} · [{t('job {id}', id=job.id)}]({job_links.href(job.id)})")


@shell.fragment(run_every=0.7)
def _live(job_id: int) -> None:
    """The answer as far as it is written; the whole page is drawn anew when it has ended."""
    job = live.workbench().jobs.get(job_id)
    if job.state not in states.ACTIVE:
        live.invalidate()
        live.redraw_page()
    if waits := labels.waiting_texts([job]).get(job_id):
        st.caption(plain(waits))
    st.markdown(plain(job.preview or "") + "▋")
    if st.button(t("Cancel"), key=f"chat_cancel_{job_id}", type="tertiary", icon=":material/stop_circle:"):
        live.workbench().jobs.cancel(job_id, user=shell.user())


def _settings(messages: list[dict[str, str]]) -> str | None:
    with st.container(border=True, key="chat_settings"):
        profile = targets.profile("chat_profile", own=False)
        if not messages:
            st.text_area(
                t("Rules for the model"), drafts.begin_text(rules_key(), ""), key=rules_key(), height=88,
                max_chars=20_000, on_change="ignore",
                help=t("Sent first, as the system message of a new conversation."),
            )  # fmt: skip
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("Begin anew"), key="chat_anew", icon=":material/restart_alt:", disabled=not messages, on_click=_anew
            )
            editing = bool(st.session_state.get("_chat_editing"))
            st.button(
                t("Edit messages"), key="chat_edit", icon=":material/edit_note:", disabled=editing,
                on_click=_begin_editing,
            )  # fmt: skip
    return profile


def _begin_editing() -> None:
    forms.forget(EDITOR)
    st.session_state["_chat_editing"] = True


def _editor(job: Job | None, messages: list[dict[str, str]], profile: str | None) -> None:
    """Every message with its role, as the request holds them."""
    place = _editor_place(job)
    with st.container(border=True, key="chat_editor"), drafts.keep(place, EDITOR) as draft:
        start = {"messages": messages or [{"role": "user", "content": ""}]}
        issues: list[Issue] = st.session_state.get("_chat_issues", [])
        values = forms.fields(Params, EDITOR, start, issues)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            if st.button(t("Send these"), key="chat_send", type="primary", icon=":material/send:"):
                wrong = forms.check(Params, values)
                st.session_state["_chat_issues"] = wrong
                if not wrong and _send(values["messages"], profile):
                    _end_editing(place)
                live.redraw_page()
            if st.button(t("Discard"), key="chat_discard", icon=":material/close:"):
                _end_editing(place)
                live.redraw_page()
            draft.show_status()


def _end_editing(place: str) -> None:
    """What was typed was sent, or is thrown away."""
    st.session_state.pop("_chat_editing", None)
    st.session_state.pop("_chat_issues", None)
    forms.forget(EDITOR)
    drafts.discard(place)


def _history(job: Job | None) -> None:
    """The turns of this session, newest first; each opens the conversation as it was then."""
    ids: list[int] = st.session_state.get("_chats", [])
    if not ids:
        return
    with st.container(border=True, key="chat_history", gap="small"):
        st.markdown(f"**{t('In this session')}**")
        for job_id in ids[:HISTORY]:
            turn = live.query(live.workbench().jobs.get, job_id)
            state = states.find(turn.state)
            excerpt = shorten(last_message(turn), 44)
            st.button(
                plain(excerpt), key=f"chat_turn_{job_id}", icon=f":material/{state.icon}:", width="stretch",
                type="secondary" if job and job.id == job_id else "tertiary", on_click=_open, args=(job_id,),
            )  # fmt: skip


def last_message(turn: Job) -> str:
    """What was said last in a turn."""
    return str(turn.params["messages"][-1]["content"])


def _open(job_id: int) -> None:
    st.query_params["job"] = str(job_id)
    st.session_state.pop("_chat_editing", None)
