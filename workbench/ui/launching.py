"""What the Launch page asks: which nodes a workflow can run on, what is missing there, what it will take."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.errors import Issue, ReelwrightError
from workbench.ui import formats, live, words
from workbench.ui import plan as plans
from workbench.ui.language import current, t
from workbench.workflows.registry import Workflow

#: guards are asked of so many nodes before the launch, which asks them all
LOOK_AT = 12


def nodes(project: int, scope: str) -> dict[int, str]:
    """Node id → its place in words: the live episodes, or the scenes by episode."""
    outline = live.outline(project, project)
    episodes = [n for n in outline["nodes"] if n["kind"] == "episode"]
    if scope == "episode":
        return {n["id"]: words.node_title("episode", n["position"], n["title"]) for n in episodes}
    found: dict[int, str] = {}
    for episode in episodes:
        if not episode["parts"]:
            continue
        for scene in live.outline(project, episode["id"])["nodes"]:
            if scene["kind"] == "scene":
                found[scene["id"]] = words.short_place(scene, episode["position"])
    return found


def unmet(one: Workflow, chosen: list[int], values: dict[str, Any]) -> list[Issue]:
    """What must exist first, on the first of the chosen nodes; each sentence once."""
    found: dict[str, Issue] = {}
    for node in chosen[:LOOK_AT]:
        try:
            for issue in live.workbench().unmet(one.name, node, values):
                found.setdefault(str(issue), issue)
        except ReelwrightError:
            continue  # the form says what is wrong with its values
    return list(found.values())


def price(one: Workflow, project: int, count: int) -> None:
    """Money, time and tokens of so many runs; a parent's jobs are in its own plan."""
    guess = live.shared("estimates", lambda: live.workbench().estimates(project), project=project).get(one.name)
    if guess is None or not count:
        st.caption(t("Its price depends on the jobs it starts.") if one.batch else t("Choose where to run it."))
        return
    cost = {guess.currency: guess.cost_micros * count} if guess.cost_micros is not None and guess.currency else {}
    with st.container(horizontal=True, gap="medium"):
        st.metric(t("Money"), plans.price(cost, 0 if guess.cost_micros is not None else count), width="content")
        st.metric(t("Time"), f"≈ {formats.duration(guess.seconds * 1000, current())}", width="content")
        tokens = None if guess.tokens is None else guess.tokens * count
        st.metric(t("Tokens"), formats.number(tokens, current()), width="content")


def profile() -> str | None:
    """Which model runs it; None for the project's own."""
    named = [p["name"] for p in live.workbench().profiles()]
    chosen: str | None = st.selectbox(
        t("Model profile"),
        [None, "sketch", *named],
        format_func=lambda name: t("The project's own") if name is None else name,
        key="launch_profile",
    )
    return chosen


def with_profile(name: str | None) -> dict[str, Any]:
    """The field of a request that names the profile."""
    return {} if name is None else {"profile_id": live.workbench().profile_id(name)}
