"""Every state is a colour, an icon and a word, the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

from workbench.i18n import N_
from workbench.ui.language import t

Colour = Literal["red", "orange", "blue", "green", "violet", "gray"]


@dataclass(frozen=True)
class State:
    name: str
    colour: Colour
    #: a Material symbol
    icon: str
    title: str

    @property
    def word(self) -> str:
        return t(self.title)


STATES: dict[str, State] = {
    s.name: s
    for s in (
        State("missing", "gray", "circle", N_("Missing")),
        State("ready", "blue", "play_circle", N_("Ready")),
        State("running", "violet", "progress_activity", N_("Running")),
        State("fresh", "green", "check_circle", N_("Fresh")),
        State("stale", "orange", "update", N_("Stale")),
        State("failed", "red", "error", N_("Failed")),
        State("queued", "gray", "schedule", N_("Queued")),
        State("waiting", "violet", "hourglass_top", N_("Waiting")),
        State("succeeded", "green", "check_circle", N_("Succeeded")),
        State("partial", "orange", "rule", N_("Partial")),
        State("cancelled", "gray", "block", N_("Cancelled")),
    )
}

#: as a job board lists them
JOB_STATES = ("running", "waiting", "queued", "failed", "partial", "succeeded", "cancelled")
ACTIVE = frozenset({"running", "waiting", "queued"})
#: what needs somebody first, for the one mark a node carries
URGENCY = ("failed", "running", "waiting", "queued", "partial", "stale", "ready", "missing", "fresh")

#: how an attempt, a step or a model call ended, as the state that shows it
OUTCOMES = {
    "ok": "succeeded",
    "done": "succeeded",
    "error": "failed",
    "lost": "failed",
    "late": "cancelled",
    "cancelled": "cancelled",
    "interrupted": "queued",
    "waiting": "waiting",
    "sent": "running",
    "submitted": "waiting",
    "maybe_charged": "partial",
}


def find(name: str) -> State:
    """The state of that name or of that outcome."""
    return STATES.get(name) or STATES[OUTCOMES.get(name, "missing")]


def badge(name: str, number: int | None = None, help: str | None = None) -> None:
    """A chip in a row; with a number it is a count of that state."""
    state = find(name)
    label = state.word if number is None else f"{state.word} {number}"
    st.badge(label, icon=f":material/{state.icon}:", color=state.colour, help=help)


def chip(name: str) -> str:
    """The same chip inside Markdown."""
    state = find(name)
    return f":{state.colour}-badge[:material/{state.icon}: {state.word}]"


def most_urgent(names: list[str]) -> str:
    """The state a reader has to know first; ``missing`` when there is none."""
    return min(names, key=lambda n: URGENCY.index(n) if n in URGENCY else len(URGENCY), default="missing")
