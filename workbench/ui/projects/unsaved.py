"""What is typed and not saved yet, wherever it is, each with the way back to it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from workbench.db.rows.drafts import FormDraft
from workbench.errors import NotFound
from workbench.ui import drafts, labels, live, shell, story_links
from workbench.ui.language import t
from workbench.ui.markup import plain, shorten

SHOWN = 6


@dataclass(frozen=True)
class Way:
    """Where a draft is typed: what it is called, and its page."""

    title: str
    page: str
    query: dict[str, str]


def card() -> None:
    """The newest drafts; nothing where there is none."""
    ways = [(draft, way) for draft in drafts.waiting() if (way := find_way(draft)) is not None]
    if not ways:
        return
    with st.container(border=True, key="unsaved", gap="small"):
        st.markdown(f"**:material/edit_note: {t('Drafts, not saved yet')}**")
        for draft, way in ways[:SHOWN]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.page_link(way.page, label=plain(shorten(way.title, 80)), query_params=way.query, width="content")
                shell.small(labels.age_text(draft.changed_at), labels.time_text(draft.changed_at))
        if len(ways) > SHOWN:
            st.caption(t("and {n} more", n=len(ways) - SHOWN))


def find_way(draft: FormDraft) -> Way | None:
    """None for a place that is gone."""
    kind, *rest = draft.place.split("/")
    try:
        match kind, rest:
            case "wizard", []:
                title = str(draft.fields.get("title") or "").strip()
                return Way(
                    t("New project: {title}", title=title) if title else t("New project"),
                    "pages/projects.py",
                    {"new": "1"},
                )
            case "edit", [node, artifact]:
                return _of_artifact(int(node), artifact)
            case "add", [project, artifact]:
                title = t("Add a character") if artifact == "character" else t("Add a world element")
                return Way(title, "pages/cast.py", {"project": project, "kind": artifact, "add": "1"})
            case "run", [node, workflow]:
                found = live.workbench().projects.get_node(int(node))
                title = f"{labels.workflow_title(workflow)} · {found.title}"
                return Way(title, "pages/studio.py", {"project": str(found.project_id or node), "node": node})
            case "launch", [workflow]:
                return Way(labels.workflow_title(workflow), "pages/launch.py", {"workflow": workflow})
            case "chat", _:
                job = {"job": rest[0]} if rest and rest[0].isdecimal() else {}
                return Way(labels.workflow_title("llm_chat"), "pages/launch.py", {"workflow": "llm_chat", **job})
            case "payload", [job_id]:
                return Way(t("Payload of job {id}", id=job_id), "pages/job.py", {"id": job_id})
            case "profile", [profile]:
                return Way(t("Model profile"), "pages/models.py", {"profile": profile})
    except NotFound:
        return None
    return None


def _of_artifact(node_id: int, kind: str) -> Way:
    node = live.workbench().projects.get_node(node_id)
    title = f"{labels.kind_title(kind)} · {labels.node_title(node.kind, node.position, node.title)}"
    return Way(title, *story_links.find(node))
