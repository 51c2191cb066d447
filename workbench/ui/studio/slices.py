"""What a node has of an artifact that stands above it: an episode its part of the arc, a scene its page of the
script."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from workbench.db.rows.story import ArtifactVersion, OutlineNode
from workbench.ui import labels, live, shell, states
from workbench.ui.language import t
from workbench.ui.studio import drama, screenplay, versions


def arc(node: OutlineNode, project: int) -> None:
    """The points of the emotion arc that lie in an episode; nothing where there are none."""
    head = live.workbench().artifact(project, "emotion_arc")
    if head is None:
        return
    number = live.workbench().artifacts.find_number(node.id, head.kind)
    points = [{**p, "episode_order": node.position} for p in head.content["points"] if p["episode_order"] == number]
    if not points:
        return
    with _card(project, head, node, t("Emotion arc of this episode")):
        drama.arc_of_episode(points)


def script_page(node: OutlineNode, project: int) -> None:
    """The scene's page of its episode's script; nothing where there is none."""
    episode = node.parent_id
    head = live.workbench().artifact(episode, "scene_script") if episode is not None else None
    if head is None:
        return
    number = live.workbench().artifacts.find_number(node.id, head.kind)
    pages = [{**s, "order": node.position} for s in head.content["scenes"] if s["order"] == number]
    if not pages:
        return
    with _card(project, head, node, t("Page of the script")):
        screenplay.draw_pages(pages, head.content, node.id)


@contextmanager
def _card(project: int, head: ArtifactVersion, node: OutlineNode, title: str) -> Iterator[None]:
    """What is shown, from which version, and the way to where it is made and edited."""
    above = next(n for n in live.outline(project, node.id).nodes if n.id == head.node_id)
    stale = any(a.stale for a in above.artifacts if a.kind == head.kind)
    with st.container(border=True, key=f"slice_{head.kind}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{title}**", width="content")
            states.badge("stale" if stale else "fresh")
            st.space("stretch")
            shell.small(versions.version_meta(head), labels.time_text(head.created_at))
            st.page_link(
                "pages/studio.py", label=t("Edit it there"), icon=":material/arrow_outward:", width="content",
                query_params={"project": str(project), "node": str(head.node_id)},
            )  # fmt: skip
        yield
