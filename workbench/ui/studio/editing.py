"""The names of the Studio's parts and of a cell's widgets, and what a session remembers of the editor in a cell."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.story import ArtifactVersion
from workbench.ui import forms
from workbench.ui.studio import artifacts

TREE, HEADING, SIDE, WATCH = "studio_tree", "studio_heading", "studio_side", "studio_watch"
BRIEF, LENGTH, ELEMENTS = "studio_brief", "studio_length", "studio_elements"


def cell_key(node_id: int, name: str, *rest: object) -> str:
    return "_".join(map(str, ("cell", node_id, name, *rest)))


def begin_edit(node_id: int, kind: str, artifact: ArtifactVersion, part: int | None = None) -> None:
    """Open the editor on the version that is shown, or on one part of it; a save on top of a newer one is told."""
    end_edit(node_id, kind)
    slot = cell_key(node_id, kind, "edit")
    st.session_state[slot] = {
        "base": artifact.version,
        "content": artifact.content,
        "issues": [],
        "conflict": None,
        "part": part if part is not None or kind not in artifacts.PARTED else 1,
    }


def end_edit(node_id: int, kind: str) -> None:
    st.session_state.pop(cell_key(node_id, kind, "edit"), None)
    forms.forget(cell_key(node_id, kind, "form"))
