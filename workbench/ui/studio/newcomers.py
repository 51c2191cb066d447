"""Who might join the cast: each candidate with what the story says of them, to accept or to reject."""

from __future__ import annotations

import streamlit as st

from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.story.candidates import decision_of
from workbench.ui import live, parts, shell
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.ui.studio.editing import cell_key
from workbench.ui.studio.prose import line

WORKFLOW = "expand_story_characters"
#: what was decided → colour, Material symbol, word
DECIDED = {
    "pending": ("orange", "help", N_("To decide")),
    "accepted": ("green", "check", N_("Accepted")),
    "rejected": ("gray", "close", N_("Rejected")),
}
ORDER = ("pending", "accepted", "rejected")


def draw(content: JsonObject, node_id: int) -> None:
    """The undecided first."""
    library = [row.content for row in live.query(live.workbench().projects.list_contents, node_id, "character")]
    candidates = [{**c, "status": decision_of(c["name"], c["status"], library)} for c in content["candidates"]]
    counts = content["counts"]
    st.caption(
        t(
            "{n} to decide · left out: {existing} in the library, {duplicate} proposed before, {low} too unsure",
            n=sum(c["status"] == "pending" for c in candidates),
            existing=counts["existing"],
            duplicate=counts["duplicate"],
            low=counts["low_confidence"],
        )
    )
    for number, candidate in enumerate(sorted(candidates, key=lambda c: ORDER.index(c["status"]))):
        with st.container(border=True, key=f"candidate_{node_id}_{number}"):
            _candidate(candidate, node_id)


def _candidate(candidate: JsonObject, node_id: int) -> None:
    colour, icon, word = DECIDED[candidate["status"]]
    aliases = f" :gray[{plain(' / '.join(candidate['aliases']))}]" if candidate["aliases"] else ""
    sure = t("{percent} % sure", percent=round(candidate["confidence"] * 100))
    st.markdown(
        f"**{plain(candidate['name'])}**{aliases} :{colour}-badge[:material/{icon}: {t(word)}] "
        f":gray-badge[{plain(candidate['role_type'])}] :gray[{sure}]"
    )
    st.markdown(plain(candidate["brief"]))
    for label, field in (
        (t("Appearance"), "appearance"),
        (t("Personality"), "personality"),
        (t("Background"), "background"),
    ):
        line(label, candidate[field])
    for evidence in candidate["evidence"]:
        st.markdown(f":violet-badge[:material/format_quote: {plain(evidence['source'])}] {plain(evidence['text'])}")
    if candidate["status"] == "accepted":
        return
    with st.container(horizontal=True, gap="small"):
        st.button(
            t("Accept"), key=f"accept_{node_id}_{candidate['name']}", icon=":material/person_add:",
            help=t("Becomes a character of the library"), on_click=_accept, args=(node_id, candidate["name"]),
        )  # fmt: skip
        if candidate["status"] == "pending":
            st.button(
                t("Reject"), key=f"reject_{node_id}_{candidate['name']}", icon=":material/close:",
                help=t("Is not proposed again"), on_click=_reject, args=(node_id, candidate["name"]),
            )  # fmt: skip


def _accept(node_id: int, name: str) -> None:
    with shell.show_refusals():
        live.workbench().candidates.accept(node_id, name, shell.user())
        shell.toast(t("{name} is in the library now.", name=name))
    _redraw(node_id)


def _reject(node_id: int, name: str) -> None:
    with shell.show_refusals():
        live.workbench().candidates.reject(node_id, name, shell.user())
    _redraw(node_id)


def _redraw(node_id: int) -> None:
    live.invalidate()
    parts.redraw(cell_key(node_id, WORKFLOW))
