"""The looks of a reference sheet: name, scenes, words, the picture that was picked and those beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from workbench.artifacts import sheets
from workbench.json_types import JsonObject
from workbench.ui import labels, live, media, story_links
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.ui.studio import diff

#: what is made of looks
KINDS = ("character_sheet", "place_sheet")


def show(content: JsonObject, node_id: int) -> None:
    """Every look with its pictures, as the Studio shows it; picked and drawn anew they are on the Cast page."""
    whose = live.workbench().projects.get_node(node_id).title
    for look in content["looks"]:
        with st.container(gap="small"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                name(look)
            tell(look, whose)
            if len(look["candidates"]) > 1:
                with st.container(horizontal=True, gap="small"):
                    for number, candidate in enumerate(look["candidates"], start=1):
                        media.picture(candidate["media"], alt_of(look, whose, number), small=True, width=150)
    story_links.draw(node_id)


def name(look: Mapping[str, Any]) -> None:
    """What it is called, and where it is worn."""
    st.markdown(f"**{plain(look['name'])}**", width="content")
    worn = sheets.write_spans(look["spans"])
    where = t("in {scenes}", scenes=worn) if worn else t("wherever no other is worn")
    st.caption(plain(where), width="content")


def tell(look: Mapping[str, Any], whose: str) -> None:
    """Its words, and the picture that was picked."""
    if look["words"]:
        st.markdown(f":gray[{plain(look['words'])}]")
    if look["chosen"]:
        media.picture(look["chosen"], t("Reference sheet of {name}: {look}", name=whose, look=look["name"]))
        picked = next(c for c in look["candidates"] if c["media"] == look["chosen"])
        st.caption(plain(f"{labels.made_by(picked)} · {picked['width']} × {picked['height']}"))


def alt_of(look: Mapping[str, Any], whose: str, number: int) -> str:
    """A candidate, for those who do not see it."""
    return f"{whose}: {look['name']} ({number})"


@dataclass(frozen=True)
class Side:
    """A look as one of two versions has it; None: it has none of that name. `scenes`, `words`: what of them differs
    is marked; `only_here`: candidates that the other version has not."""

    look: Mapping[str, Any] | None
    scenes: list[diff.Piece]
    words: list[diff.Piece]
    only_here: list[JsonObject]


def compare(old: JsonObject, new: JsonObject) -> tuple[list[tuple[str, Side, Side]], int]:
    """The looks that differ between two versions of a sheet, and how many do not."""
    before, after = ({look["name"]: look for look in content["looks"]} for content in (old, new))
    names = list(dict.fromkeys([*before, *after]))
    changed = [name for name in names if before.get(name) != after.get(name)]
    return [(name, *_sides(before.get(name), after.get(name))) for name in changed], len(names) - len(changed)


def _sides(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> tuple[Side, Side]:
    a, b = old or {"spans": [], "words": "", "candidates": []}, new or {"spans": [], "words": "", "candidates": []}
    scenes = diff.words(sheets.write_spans(a["spans"]), sheets.write_spans(b["spans"]))
    words = diff.words(a["words"], b["words"])
    left, right = _only_in(a, b), _only_in(b, a)
    return Side(old, scenes[0], words[0], left), Side(new, scenes[1], words[1], right)


def _only_in(look: Mapping[str, Any], other: Mapping[str, Any]) -> list[JsonObject]:
    there = {c["media"] for c in other["candidates"]}
    return [c for c in look["candidates"] if c["media"] not in there]


def draw_comparison(old: JsonObject, new: JsonObject, node_id: int, key: str) -> str:
    """Two versions of a sheet side by side, in pictures. Returns how much differs, in words."""
    whose = live.workbench().projects.get_node(node_id).title
    changed, same = compare(old, new)
    if not changed:
        st.caption(t("These versions say the same."))
    for number, (called, *sides) in enumerate(changed):
        with st.container(border=True, key=f"{key}_{number}", gap="small"):
            st.markdown(f"**{plain(called)}**")
            for column, side in zip(st.columns(2), sides, strict=True):
                with column:
                    _draw_side(side, whose)
    return diff.count_changes(diff.Comparison([], len(changed), same))


def _draw_side(side: Side, whose: str) -> None:
    look = side.look
    if look is None:
        st.caption(t("Not in this version"))
        return
    scenes = diff.mark(side.scenes)
    st.markdown(f":gray[{t('Scenes')}] {scenes or t('wherever no other is worn')}")
    if look["words"]:
        st.markdown(diff.mark(side.words))
    if look["chosen"]:
        media.picture(look["chosen"], t("Reference sheet of {name}: {look}", name=whose, look=look["name"]))
        st.caption(plain(labels.made_by(next(c for c in look["candidates"] if c["media"] == look["chosen"]))))
    if side.only_here:
        st.caption(t("Only in this version"))
        with st.container(horizontal=True, gap="small"):
            for candidate in side.only_here:
                number = look["candidates"].index(candidate) + 1
                media.picture(candidate["media"], alt_of(look, whose, number), small=True, width=110)
