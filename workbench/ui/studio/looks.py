"""The looks of a reference sheet: name, scenes, words, the picture that was picked and those beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.artifacts import sheets
from workbench.json_types import JsonObject
from workbench.ui import labels, live, media, story_links
from workbench.ui.language import t
from workbench.ui.markup import plain


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
