"""What is paused or limited: switches for queues, projects, workflows and profiles, by whom and since when."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.jobs import Gate
from workbench.i18n import N_, Text, translate
from workbench.jobs.declared import QUEUES
from workbench.ui import live, shell
from workbench.ui.language import current, t
from workbench.ui.markup import plain, tell_apart

#: projects, and profiles, that have a row at once; the others are chosen from a list
AT_ONCE = 12


def _switch(key: str, slot: str) -> None:
    with shell.show_refusals():
        queues = live.workbench().queues
        if st.session_state[slot]:
            queues.resume(key)
        else:
            queues.pause(key, user=shell.user())
    live.invalidate()


def _limit(key: str, slot: str) -> None:
    with shell.show_refusals():
        live.workbench().queues.limit(key, st.session_state[slot])
    live.invalidate()


def _resume(key: str) -> None:
    with shell.show_refusals():
        live.workbench().queues.resume(key)
    live.invalidate()


def menu(gates: dict[str, Gate]) -> None:
    """Pause, resume and limit queues, kinds, projects and profiles."""
    closed = [g for g in gates.values() if g.paused]
    icon = ":material/play_circle:" if closed else ":material/pause_circle:"
    with st.popover(t("{n} paused", n=len(closed)) if closed else t("Pause"), icon=icon, key="pause_menu"):
        st.caption(t("Off: nothing new of it starts; what runs goes on."))
        for title, name, gates_of in _groups(gates):
            if gates_of:
                st.markdown(f":gray[{plain(title)}]")
            for key, what in _shown(name, gates_of, gates).items():
                _row(key, what, gates.get(key))


def banner(gates: dict[str, Gate]) -> None:
    """What is paused, by whom and since when, with the way out; nothing when nothing is."""
    closed = [key for key, gate in gates.items() if gate.paused]
    if not closed:
        return
    told = live.query(live.workbench().jobs.list_pauses)
    for key in closed[:5]:
        with st.container(horizontal=True, vertical_alignment="center", key=f"paused_{key}", gap="small"):
            text = told.get(key)
            if text is not None:
                st.markdown(f":orange[:material/pause_circle:] {plain(_short(text))}", width="content")
            st.button(
                t("Resume"), key=f"resume_{key}", type="tertiary", icon=":material/play_arrow:", on_click=_resume,
                args=(key,),
            )  # fmt: skip
    if len(closed) > 5:
        st.caption(t("and {n} more", n=len(closed) - 5))


def _short(told: Text) -> str:
    """What is paused, by whom and since when; where to resume it stands beside it."""
    if "who" not in told.params:
        return translate(told, current())
    return translate(Text(N_("Paused: {what} (by {who}, {since})"), **told.params), current())


def _groups(gates: dict[str, Gate]) -> list[tuple[str, str, dict[str, str]]]:
    """(title, name, key → what) of each kind of gate."""
    wb = live.workbench()
    titles = {"text": t("Text"), "image": t("Pictures"), "video": t("Clips"), "system": t("Other work")}
    queues = {f"queue:{name}": titles[name] for name in QUEUES}
    queues |= {key: key.removeprefix("queue:") for key in gates if key.startswith("queue:") and key not in queues}
    return [
        (t("Queues"), "queue", queues),
        (t("Projects"), "project", {f"project:{p.id}": p.title for p in wb.projects.list_names()}),
        (t("Model profiles"), "profile", {f"profile:{p.id}": p.name for p in wb.profiles.list()}),
        (t("Workflows"), "kind", {f"kind:{w.name}": t(w.title) for w in wb.workflows.list()}),
    ]


def _shown(name: str, keys: dict[str, str], gates: dict[str, Gate]) -> dict[str, str]:
    """The first of them, those that are paused or limited, and whichever is chosen from the list of the others."""
    if name in ("queue", "kind"):
        return keys
    shown = {k: title for place, (k, title) in enumerate(keys.items()) if place < AT_ONCE or k in gates}
    others = tell_apart({k: title for k, title in keys.items() if k not in shown})
    if others:
        chosen = st.selectbox(
            t("Another project") if name == "project" else t("Another profile"),
            list(others),
            index=None,
            format_func=others.__getitem__,
            placeholder=t("{n} more projects", n=len(others)) if name == "project" else t("{n} more", n=len(others)),
            key="gate_other" if name == "project" else "gate_other_profile",
        )
        if chosen:
            shown[chosen] = keys[chosen]
    return shown


def _row(key: str, what: str, gate: Gate | None) -> None:
    paused = gate is not None and gate.paused
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"gate_row_{key}"):
        # what is set counts, whoever set it
        switch, slot = f"gate_{key}", f"limit_{key}"
        st.session_state[switch] = not paused
        st.toggle(plain(what), key=switch, on_change=_switch, args=(key, switch))
        st.space("stretch")
        st.session_state[slot] = None if gate is None else gate.max_running
        st.number_input(
            plain(t("At most at once: {what}", what=what)), min_value=0, max_value=10_000, value=None, step=1, key=slot,
            placeholder=t("no limit"), label_visibility="collapsed", width=130, on_change=_limit, args=(key, slot),
        )  # fmt: skip
    if gate is not None and gate.paused:
        told = live.query(live.workbench().jobs.list_pauses).get(key)
        if told is not None and "who" in told.params:
            since = translate(told.params["since"], current())
            st.caption(plain(t("Paused by {who} {since}", who=told.params["who"], since=since)))
