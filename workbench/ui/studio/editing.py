"""The names of the Studio's parts and of a cell's widgets, and what a session remembers of the editor in a cell."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.story import ArtifactVersion
from workbench.json_types import JsonObject
from workbench.ui import drafts, forms, live
from workbench.ui.studio import parted

TREE, HEADING, SIDE, WATCH = "studio_tree", "studio_heading", "studio_side", "studio_watch"
BRIEF, LENGTH, ELEMENTS, SLICE = "studio_brief", "studio_length", "studio_elements", "studio_slice"


def cell_key(node_id: int, name: str, *rest: object) -> str:
    return "_".join(map(str, ("cell", node_id, name, *rest)))


def place(node_id: int, kind: str) -> str:
    """Where the draft of an artifact's editor is kept."""
    return f"edit/{node_id}/{kind}"


def part_key(node_id: int, kind: str, base: int) -> str:
    """The widget that chooses which part is edited."""
    return cell_key(node_id, kind, "part", base)


def begin_edit(node_id: int, kind: str, artifact: ArtifactVersion, part: int | None = None) -> None:
    """Open the editor on the version that is shown, or on one part of it; a save on top of a newer one is told.

    One that is open, or whose draft waits, goes on with what was typed.
    """
    edit = open_edit(node_id, kind) or _open(node_id, kind, artifact.version, artifact.content)
    if part is not None:
        edit["part"] = part
        st.session_state[part_key(node_id, kind, edit["base"])] = part


def open_edit(node_id: int, kind: str) -> JsonObject | None:
    """The editor that is open in a cell; one whose draft waits from another visit, or another browser, opens again."""
    edit: JsonObject | None = st.session_state.get(cell_key(node_id, kind, "edit"))
    if edit:
        return edit
    # one question for all cells of a node tells where a draft waits
    waits = any(d.place == place(node_id, kind) for d in drafts.waiting(f"edit/{node_id}/"))
    draft = drafts.find(place(node_id, kind)) if waits else None
    version = live.workbench().artifact(node_id, kind, draft.base) if draft else None
    if draft is None or version is None:
        return None
    edit = _open(node_id, kind, version.version, version.content)
    if "content" in draft.fields:
        edit |= {"content": draft.fields["content"], "start": draft.fields["content"], "touched": True}
    # fields of a part are named _2.caption
    parts = [int(n) for name in draft.fields if (n := name.partition(".")[0].removeprefix("_")).isdigit()]
    if edit["part"] is not None and parts:
        edit["part"] = min(parts)
    return edit


def _open(node_id: int, kind: str, base: int, content: JsonObject) -> JsonObject:
    edit: JsonObject = {
        "base": base,
        "before": content,
        "content": content,
        # what the form of the open part began with: its rows keep their numbers while some are taken out
        "start": content,
        "touched": False,
        "issues": [],
        "conflict": None,
        "part": 1 if kind in parted.PARTED else None,
    }
    st.session_state[cell_key(node_id, kind, "edit")] = edit
    return edit


def end_edit(node_id: int, kind: str) -> None:
    """Close the editor: what was typed in it was saved, or is thrown away."""
    st.session_state.pop(cell_key(node_id, kind, "edit"), None)
    forms.forget(cell_key(node_id, kind, "form"))
    drafts.discard(place(node_id, kind))
