"""The way to a node of a story: to the Cast for who and what is in it, to the Studio for everything else."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.story import Node
from workbench.ui import live
from workbench.ui.language import t

#: kind of node → kind of artifact that the Cast lists
ELEMENTS = {"character": "character", "world": "world_element"}
CAST, STUDIO = "pages/cast.py", "pages/studio.py"


def find(node: Node) -> tuple[str, dict[str, str]]:
    """The page on which a node's work is done, and the query that opens it there."""
    query = {"project": str(node.project_id or node.id), "node": str(node.id)}
    if node.kind not in ELEMENTS:
        return STUDIO, query
    query["kind"] = ELEMENTS[node.kind]
    return CAST, {**query, "archived": "1"} if node.archived_at is not None else query


def draw(node_id: int) -> None:
    """A link there."""
    page, query = find(live.workbench().projects.get_node(node_id))
    if page == CAST:
        st.page_link(page, label=t("Open the cast"), icon=":material/groups:", query_params=query, width="content")
    else:
        st.page_link(
            page, label=t("Open in the studio"), icon=":material/movie_edit:", query_params=query, width="content"
        )
