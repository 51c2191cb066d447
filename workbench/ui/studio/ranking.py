"""What a model saw in the candidates of a frame, beside each: its place, its points, and what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from workbench.errors import NotFound, Unavailable
from workbench.json_types import JsonObject
from workbench.ui import files, labels, live
from workbench.ui.language import t
from workbench.ui.markup import plain, safe, shorten


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
    color: Literal["green", "gray"] = "green" if rank.best else "gray"
    st.badge(plain(_name(rank)), color=color, icon=":material/leaderboard:", help=plain(_tell_wrong(rank)))
    if large:
        st.markdown(f":gray[{plain(_tell_seen(rank))}]")


def draw(content: JsonObject) -> None:
    """The ranking of a scene: of each frame the candidates, the best first, with what is wrong in them."""
    frames = []
    for frame in content["frames"]:
        number = int(frame["key"][2:]) + 1
        ranks = _rank(frame["candidates"])
        # two that are the same picture are two candidates
        figures = [_draw_candidate(ranks[candidate["media"]], number) for candidate in frame["candidates"]]
        frames.append(f"<div class='rw-ranked' role='listitem'><b>{number}</b>{''.join(figures)}</div>")
    st.html(f"<div class='rw-ranking' role='list'>{''.join(frames)}</div>")


def _draw_candidate(rank: Rank, number: int) -> str:
    sha = rank.candidate["media"]
    alt = f"{number} ({int(rank.candidate['score'])})"
    try:
        path = live.workbench().media.path(sha, thumbnail=True)
        picture = f"<img src='{safe(files.address(sha, path.suffix, small=True))}' alt='{alt}' loading='lazy'>"
    except (NotFound, Unavailable) as error:
        picture = f"<i>{safe(labels.error_text(error))}</i>"
    points = f"<b{' class=rw-best' if rank.best else ''}>{safe(_name(rank))}</b>"
    return f"<figure>{picture}<figcaption>{points} {safe(_tell_seen(rank))}</figcaption></figure>"


def _name(rank: Rank) -> str:
    return t("{place}. of the ranking · {points}", place=rank.place, points=int(rank.candidate["score"]))


def _tell_wrong(rank: Rank) -> str:
    return " · ".join(list_wrong(rank.candidate["sight"])) or t("all as asked")


def _tell_seen(rank: Rank) -> str:
    remark = shorten(str(rank.candidate["sight"].get("remark") or ""), 160)
    return " · ".join(part for part in (_tell_wrong(rank), remark) if part)


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
