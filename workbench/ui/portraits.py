"""Faces beside names: a character's portrait in its own colours, a world element's mark."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench import sketch
from workbench.story import hanzi
from workbench.ui.charts import palette
from workbench.ui.markup import safe

#: kind of world element → Material symbol
MARKS = {
    "era": "history_edu", "geography": "landscape", "society": "groups", "technology": "precision_manufacturing",
    "magic": "auto_awesome", "custom": "category",
}  # fmt: skip


@st.cache_data(max_entries=400, show_spinner=False)
def _draw(name: str, cast: tuple[str, ...], description: str, style: dict[str, Any], language: str) -> str:
    name, cast, description, style = hanzi.read_simplified([name, list(cast), description, style])
    svg = sketch.draw_portrait(name, cast, description, style, language)
    return base64.b64encode(svg.encode()).decode()


def face(content: Mapping[str, Any], cast: Sequence[str], brief: Mapping[str, Any], size: int) -> str:
    """A character as a round picture of so many pixels; `cast`: the library's names in story order."""
    description = " ".join(str(content.get(f) or "") for f in ("appearance", "description"))
    own = {"name": content["name"], "aliases": content.get("aliases") or [], "description": description}
    told = {key: brief.get(key) or "" for key in ("title", "genre", "style", "summary", "protagonist")}
    style = {**(brief.get("style") or {}), "story": {**told, "characters": [own]}}
    data = _draw(str(content["name"]), tuple(cast), description, style, str(brief.get("language") or "en"))
    return (
        f"<img alt='' src='data:image/svg+xml;base64,{data}' style='width:{size}px;height:{size}px;display:block;"
        "border-radius:50%;flex:none'>"
    )


def mark(kind: str, size: int) -> str:
    """A world element's round mark."""
    colours = palette()
    return (
        f"<span "
        f"style='width:{size}px;height:{size}px;border-radius:50%;display:flex;align-items:center;justify-content:center;"
        f"flex:none;background:{colours.panel};color:{colours.violet}'><span aria-hidden='true' "
        f"style=\"font-family:'Material Symbols Rounded';"
        f'font-size:{round(size * 0.55)}px;line-height:1;font-weight:400">'
        f"{safe(MARKS.get(kind, MARKS['custom']))}</span></span>"
    )
