"""Lineage: /lineage?node=7&kind=scene_anchor: where an artifact comes from, and what has been made from it."""

from __future__ import annotations

import streamlit as st

from workbench.errors import NotFound
from workbench.plain_text import whole_number
from workbench.ui import illustrations, labels, lineage, live, shell, states, story_links
from workbench.ui.language import t
from workbench.ui.markup import plain

wb = live.workbench()


def main() -> None:
    node, kind = whole_number(st.query_params.get("node", "")), st.query_params.get("kind", "")
    try:
        seen = live.query(wb.artifacts.lineage, node or 0, kind)
    except NotFound:
        with illustrations.empty(t("Choose “Lineage” beside the versions of a cell in the Studio."), "lineage"):
            if st.button(t("Studio"), key="to_studio", type="primary", icon=":material/movie_edit:"):
                st.switch_page("pages/studio.py")
        return
    node_seen = wb.projects.get_node(seen.of.node_id)
    page, query = story_links.find(node_seen)
    st.page_link(page, label=plain(labels.place(seen.of.place)), icon=":material/arrow_back:", query_params=query)
    with shell.title(t("Lineage of {kind}", kind=labels.kind_title(kind)), key="lineage_title"):
        states.badge(seen.of.state)
    made = sum(r.stale for r in seen.below)
    st.caption(
        t("Made from {above}; {below} made from it, {stale} of them stale.", above=len(seen.above),
          below=len(seen.below), stale=made)
    )  # fmt: skip
    lineage.draw(seen, node_seen.project_id)


main()
