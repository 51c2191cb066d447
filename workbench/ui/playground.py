"""A chat with the model, each turn a job like any other: streamed while it runs, counted, and found again on its page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.ui import formats, frame, launching, live, states, words
from workbench.ui.language import current, t
from workbench.ui.markup import plain

SLOT = "_chat"
MOST = 49


def draw() -> None:
    """The conversation, the answer being written, and the field to say more."""
    turns: list[dict[str, Any]] = st.session_state.setdefault(SLOT, [])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        profile = launching.profile()
        st.button(
            t("Begin anew"), key="chat_anew", icon=":material/restart_alt:", disabled=not turns,
            on_click=st.session_state.__setitem__, args=(SLOT, []),
        )  # fmt: skip
    if not turns:
        st.caption(t("Ask anything. Each turn is a job: it is counted, can be cancelled, and stays on the Jobs page."))
    for turn in turns:
        with st.chat_message("user"):
            st.markdown(plain(turn["said"]))
        with st.chat_message("assistant"):
            _answer(turn)
    said = st.chat_input(t("Say something"), max_chars=20_000, key="chat_said")
    if said and said.strip():
        _send(said, turns, profile)
        st.rerun()


def _send(said: str, turns: list[dict[str, Any]], profile: str | None) -> None:
    messages: list[dict[str, str]] = []
    for turn in turns[-(MOST // 2) :]:
        if turn.get("answer"):
            messages += [{"role": "user", "content": turn["said"]}, {"role": "assistant", "content": turn["answer"]}]
    messages.append({"role": "user", "content": said})
    with frame.told():
        job = live.workbench().submit("llm_chat", None, {"messages": messages}, profile=profile, user=frame.user())
        turns.append({"said": said, "job": job["id"], "answer": None})
    frame.show_refusal()


def _answer(turn: dict[str, Any]) -> None:
    if turn["answer"] is None:
        _live(turn)
        return
    st.markdown(turn["answer"])
    job = live.shared("job", lambda: live.workbench().job(turn["job"]), id=turn["job"])
    tokens = None if job["output_tokens"] is None else (job["input_tokens"] or 0) + job["output_tokens"]
    said = f"{formats.number(tokens, current())} {t('tokens')} · {formats.cost(job['cost_micros'], job['currency'], current())}"
    st.caption(f"[{t('job {id}', id=turn['job'])}](/job?id={turn['job']}) · {plain(said)}")


@st.fragment(run_every=0.7)
def _live(turn: dict[str, Any]) -> None:
    """The answer as far as it is written; the whole page is drawn anew when it has ended."""
    job = live.workbench().job(turn["job"])
    if job["state"] in states.ACTIVE:
        st.markdown(plain(job.get("preview") or "") + "▋")
        if st.button(t("Cancel"), key=f"chat_cancel_{turn['job']}", type="tertiary", icon=":material/stop_circle:"):
            live.workbench().cancel(turn["job"], user=frame.user())
        return
    if job["state"] == "succeeded":
        turn["answer"] = str((job["result"] or {}).get("content") or "")
        st.rerun(scope="app")
    st.markdown(
        f":red[:material/error:] {plain(words.said(job, 'error'))} **{plain(words.remedy(job['error_kind']))}**"
    )
