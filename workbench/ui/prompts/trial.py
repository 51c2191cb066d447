"""Try what is typed on past calls: on one node side by side, or on many as one priced batch. Nothing is saved."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from workbench.api.prompts import PromptText
from workbench.db.rows.jobs import Job
from workbench.db.rows.prompts import PastCallEntry
from workbench.errors import InvalidInput
from workbench.ui import formats, job_links, labels, live, once, parts, shell, states
from workbench.ui.language import current, t
from workbench.ui.markup import plain, shorten, tell_apart
from workbench.ui.prompts import outcome, words
from workbench.ui.prompts.words import Chosen

MOST = 100
#: so many past calls are offered one by one
LISTED = 60


def draw(chosen: Chosen, text: PromptText) -> None:
    typed = words.typed_words(chosen, text)
    calls = live.workbench().trials.list_calls(chosen.name, chosen.language, project_id=chosen.project, limit=MOST)
    if not calls:
        _nothing_to_try(text)
        return
    if typed == text.counting:
        st.info(
            t("What is typed says what counts already. Change it under Edit, then try it here."), icon=":material/edit:"
        )
    _chooser(chosen, typed, calls)
    _newest_trial(chosen, text, typed)


def _nothing_to_try(text: PromptText) -> None:
    with st.container(border=True, key="nothing_to_try"):
        st.markdown(
            t("No call with this prompt has kept its values yet. Run {workflow} once; then its call can be tried again "
              "in other words.", workflow=plain(labels.workflow_title(text.workflow or "")))
        )  # fmt: skip
        st.page_link(
            "pages/launch.py", label=t("Open it in Launch"), icon=":material/rocket_launch:",
            query_params={"workflow": str(text.workflow)},
        )  # fmt: skip


def _chooser(chosen: Chosen, typed: dict[str, str], calls: Sequence[PastCallEntry]) -> None:
    with st.container(border=True, key="try_card"):
        modes = {"one": t("On one node"), "many": t("On the last {n} jobs", n=len({c.job_id for c in calls}))}
        mode = st.segmented_control(
            t("Try it on"), list(modes), default="one", required=True, format_func=modes.__getitem__,
            key=f"{chosen.key}_mode", label_visibility="collapsed",
        )  # fmt: skip
        ids = _choose_one(chosen, calls) if mode == "one" else _choose_many(chosen, calls)
        profile = _choose_profile(chosen)
        _price_and_go(chosen, typed, ids, profile)


def _choose_one(chosen: Chosen, calls: Sequence[PastCallEntry]) -> list[int]:
    named = tell_apart({c.id: _call_title(c) for c in calls[:LISTED]})
    picked = st.selectbox(t("Past call"), list(named), format_func=named.__getitem__, key=f"{chosen.key}_call")
    return [int(picked)]


def _call_title(call: PastCallEntry) -> str:
    where = call.node_title or t("without a story")
    judged = {True: t("valid"), False: t("not valid"), None: t("not judged")}[call.valid]
    step = f" · {call.step}" if call.step else ""
    return f"{shorten(where, 40)}{step} · {labels.age_text(call.started_at)} · {call.model} · {judged}"


def _choose_many(chosen: Chosen, calls: Sequence[PastCallEntry]) -> list[int]:
    # a job may have asked with this prompt several times: an act, a chunk, a beat each
    jobs = list(dict.fromkeys(c.job_id for c in calls))
    most = len(jobs)
    if most > 1:
        most = st.slider(t("How many past jobs"), 1, most, min(most, 10), key=f"{chosen.key}_many")
    return [c.id for c in calls if c.job_id in jobs[:most]]


def _choose_profile(chosen: Chosen) -> str | None:
    """Who answers; None: the project's own profile, or without a project the sketch."""
    names = [str(p.name) for p in live.workbench().profiles.list()]
    own = t("the project's profile") if chosen.project is not None else t("the offline sketch")
    picked = st.selectbox(
        t("Model profile"), ["", *names], format_func=lambda n: n or own, key=f"{chosen.key}_profile", width=320
    )
    return picked or None


def _price_and_go(chosen: Chosen, typed: dict[str, str], ids: list[int], profile: str | None) -> None:
    trials = live.workbench().trials
    where = {"project_id": chosen.project, "profile": profile}
    try:
        price = trials.price(chosen.name, chosen.language, typed["system"], typed["user"], ids, **where)  # type: ignore[arg-type]
        trials.fill(chosen.name, chosen.language, typed["system"], typed["user"], ids[0])
    except InvalidInput as error:
        st.error(plain(labels.error_text(error)), icon=":material/error:")
        return
    cost = formats.price(price.cost, price.unpriced, current())
    new = price.answers - price.reused
    sentence = t(
        "{n} answers for about {cost}, {tokens} tokens",
        n=new,
        cost=cost,
        tokens=formats.number(price.tokens, current()),
    )
    if price.reused:
        there = t("{n} are there already and cost nothing", n=price.reused)
        sentence = f"{sentence} · {there}" if new else there
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        label = t("Try out") if len(ids) == 1 else t("Try it on {n} jobs", n=len(ids))
        if st.button(label, key=f"{chosen.key}_go", type="primary", icon=":material/science:"):
            with shell.show_refusals():
                job = once.do(
                    "try a prompt", [chosen.place, typed, ids, profile],
                    lambda: trials.start(
                        chosen.name, chosen.language, typed["system"], typed["user"], ids,
                        started_by=shell.user(), **where,  # type: ignore[arg-type]
                    ),
                )  # fmt: skip
                st.query_params["trial"] = str(job.id)
            live.redraw_page()
        st.caption(plain(sentence))


def _newest_trial(chosen: Chosen, text: PromptText, typed: dict[str, str]) -> None:
    jobs = live.workbench().trials.list_jobs(chosen.name, chosen.language)
    param = st.query_params.get("trial", "")
    job = next((j for j in jobs if str(j.id) == param), jobs[0] if jobs else None)
    if job is None:
        return
    if len(jobs) > 1:
        named = {j.id: _trial_title(j) for j in jobs}
        slot = f"{chosen.key}_trial"
        st.session_state[slot] = job.id
        st.selectbox(
            t("Trials so far"), list(named), format_func=named.__getitem__, key=slot,
            on_change=lambda: st.query_params.__setitem__("trial", str(st.session_state[slot])),
        )  # fmt: skip
    drawn = live.look(f"trial_{job.id}", partial(_signature, job.id))
    job = live.workbench().jobs.get(job.id)
    with st.container(border=True, key="trial_outcome"):
        if job.state in states.ACTIVE:
            st.progress(job.progress / 100, plain(labels.now_text(job)))
        elif job.state == "failed":
            st.error(labels.failure(job, 300), icon=":material/error:")
        else:
            outcome.draw(chosen, job)
            _adopt(chosen, text, job)
        st.page_link(
            job_links.PAGE, label=t("Open job {id}", id=job.id), icon=":material/arrow_outward:", width="content",
            query_params=job_links.query(job.id),
        )  # fmt: skip
    parts.ticker(drawn, job.state in states.ACTIVE)


def _signature(job_id: int) -> tuple[str, int]:
    job = live.workbench().jobs.get(job_id)
    return job.state, job.progress


def _trial_title(job: Job) -> str:
    calls = len(job.params["calls"])
    return t("#{id} · {n} calls · {when} · {state}", id=job.id, n=calls, when=labels.age_text(job.created_at),
             state=states.find(job.state).word)  # fmt: skip


def _adopt(chosen: Chosen, text: PromptText, job: Job) -> None:
    """The words that were tried become those that count."""
    tried = {"system": str(job.params["system"]), "user": str(job.params["user"])}
    if tried == text.counting:
        st.caption(t("These words count already."))
        return
    whose = t("Adopt for this project") if chosen.project is not None else t("Adopt for all projects")
    if st.button(whose, key=f"{chosen.key}_adopt", type="primary", icon=":material/task_alt:"):
        if words.save(chosen, tried, text.newest_version):
            st.query_params.pop("trial", None)
        live.redraw_page()
