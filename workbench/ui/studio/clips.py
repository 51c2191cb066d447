"""A scene's clips: the chosen one to play, the others beside it to choose instead."""

from __future__ import annotations

import streamlit as st

from workbench.db.rows.story import ArtifactVersion
from workbench.errors import Conflict
from workbench.json_types import JsonObject
from workbench.ui import labels, live, media, shell
from workbench.ui.language import t
from workbench.ui.markup import plain, shorten


def draw(node_id: int, artifact: ArtifactVersion) -> None:
    """The chosen clip large; every other one small with its button."""
    content = artifact.content
    clips = {c["media"]: c for c in content["clips"]}
    _play(clips[content["chosen"]], width=560 if content["aspect_ratio"] != "9:16" else 260)
    others = [c for c in reversed(content["clips"]) if c["media"] != content["chosen"]]
    if not others:
        return
    st.caption(t("Other clips of this scene"))
    columns = st.columns(3)
    for place, clip in enumerate(others):
        with columns[place % 3], st.container(border=True, key=f"clip_{node_id}_{clip['media'][:12]}"):
            _play(clip, width=None)
            st.button(
                t("Use this one"), key=f"clip_use_{node_id}_{clip['media'][:12]}", icon=":material/check:",
                on_click=_choose, args=(node_id, clip["media"], artifact.version),
            )  # fmt: skip


def _play(clip: JsonObject, width: int | None) -> None:
    media.clip(clip["media"], width=width)
    between = f" · {t('from frame to frame')}" if clip.get("last_frame") else ""
    st.caption(f"{labels.duration_text(clip['seconds'] * 1000)} · {plain(shorten(labels.made_by(clip), 40))}{between}")


def _choose(node_id: int, media: str, seen: int) -> None:
    """Choose another clip as a new version after the one that was seen."""
    wb = live.workbench()
    with shell.show_refusals():
        head = wb.artifact(node_id, "scene_video")
        if head is not None:
            try:
                wb.artifacts.save(node_id, "scene_video", {**head.content, "chosen": media}, seen, shell.user())
                shell.toast(t("Picked."))
            except Conflict as error:
                st.session_state["_refused"] = labels.error_text(error)
        live.invalidate()
