"""What a model saw in the candidates of a frame, beside each: its place, its points, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.json_types import JsonObject
from workbench.ui import live, media
from workbench.ui.language import t
from workbench.ui.markup import plain, shorten


@dataclass(frozen=True)
class Rank:
    """`place`: 1 is the best; equal points share one. `best`: it has the most, and another one has fewer."""

    place: int
    candidate: JsonObject
    best: bool


def of_frame(node_id: int, key: str) -> dict[str, Rank]:
    """Candidate → its rank; those that nobody looked at are missing."""
    head = live.workbench().artifact(node_id, "frame_ranking")
    frame = next((f for f in head.content["frames"] if f["key"] == key), None) if head else None
    return _rank(frame["candidates"] if frame else [])


def _rank(ranked: Sequence[JsonObject]) -> dict[str, Rank]:
    points = [c["score"] for c in ranked]
    apart = len(set(points)) > 1
    return {c["media"]: Rank(points.index(c["score"]) + 1, c, apart and c["score"] == points[0]) for c in ranked}


def show(rank: Rank, *, large: bool) -> None:
    """A chip with the points; large: and what was seen, in words."""
    sentence = " · ".join(list_wrong(rank.candidate["sight"])) or t("all as asked")
    label = t("{place}. of the ranking · {points}", place=rank.place, points=int(rank.candidate["score"]))
    st.badge(
        plain(label), color="green" if rank.best else "gray", icon=":material/leaderboard:", help=plain(sentence)
    )  # fmt: skip
    if large:
        remark = str(rank.candidate["sight"].get("remark") or "")
        st.markdown(f":gray[{plain(' · '.join(x for x in (sentence, shorten(remark, 160)) if x))}]")


def draw(node_id: int, content: JsonObject) -> None:
    """The ranking of a scene: of each frame the candidates, the best first, with what is wrong in them."""
    for frame in content["frames"]:
        number = int(frame["key"][2:]) + 1
        st.markdown(f"**{number}**")
        ranks = _rank(frame["candidates"])
        with st.container(horizontal=True, gap="small", key=f"ranking_{node_id}_{frame['key']}"):
            for candidate in frame["candidates"]:
                with st.container(width=170, gap=None):
                    media.picture(candidate["media"], f"{number} ({int(candidate['score'])})", small=True)
                    if candidate["media"] in ranks:
                        show(ranks[candidate["media"]], large=True)


def list_wrong(sight: JsonObject) -> list[str]:
    """What is not as the shot asks, in the reader's language."""
    wrong = []
    for person in sight["people"]:
        if not person["there"]:
            wrong.append(t("{name} is missing", name=person["name"]))
        elif not person["right"]:
            wrong.append(t("{name} looks different", name=person["name"]))
    if sight["strangers"]:
        wrong.append(t("others in it: {n}", n=sight["strangers"]))
    if sight["wrong_hands"]:
        wrong.append(t("wrong hands: {n} of {all}", n=sight["wrong_hands"], all=sight["hands"]))
    if not sight["framing_right"]:
        wrong.append(t("another framing"))
    if sight["text"]:
        wrong.append(t("text in it: {text}", text=shorten(sight["text"], 40)))
    return wrong
