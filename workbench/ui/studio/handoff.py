"""The storyboard as files for a crew, from the heading of what they are of."""

from __future__ import annotations

import functools

import streamlit as st

from workbench.db.rows.story import Outline, OutlineNode
from workbench.handoff.forms import FORMS, FormName, safe_name
from workbench.ui import live, shell
from workbench.ui.language import t


def has_scenes(outline: Outline, node: OutlineNode) -> bool:
    """Whether there is anything to hand off."""
    if node.kind == "project":
        return any(n.kind == "episode" and n.parts for n in outline.nodes)
    return node.kind == "scene" or (node.kind == "episode" and bool(node.parts))


def offer(node: OutlineNode) -> None:
    """Each form of a hand-off, made when it is asked for."""
    with shell.icon_popover("ios_share", t("Hand off"), f"handoff_{node.id}", type="secondary"):
        for form in FORMS.values():
            st.download_button(
                t(form.title),
                functools.partial(_make, node.id, form.name),
                file_name=f"{safe_name(node.title)}{form.ending}",
                mime=form.mime,
                key=f"handoff_{node.id}_{form.name}",
                icon=":material/download:",
                on_click="ignore",
            )


def _make(node_id: int, form: FormName) -> bytes:
    return live.workbench().handoffs.make(node_id, form).data
