"""A scene's clips: the chosen one to play, the others beside it to choose instead, and those of single shots."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.db.rows.story import ArtifactVersion
from workbench.errors import Conflict
from workbench.json_types import JsonObject
from workbench.ui import labels, live, media, shell
from workbench.ui.language import t
from workbench.ui.markup import plain, shorten
from workbench.ui.studio import storyboard


def draw(node_id: int, artifact: ArtifactVersion) -> None:
    """The chosen clip large; every other one small with its button, those of single shots apart and by their shot."""
    content = artifact.content
    chosen = next((c for c in content["clips"] if c["media"] == content["chosen"]), None)
    if chosen is None:
        st.markdown(f":gray[{t('No clip shows the whole scene yet.')}]")
    else:
        _play(node_id, chosen, width=560 if content["aspect_ratio"] != "9:16" else 260)
    others = [c for c in reversed(content["clips"]) if c is not chosen]
    _row(node_id, artifact, t("Other clips of this scene"), [c for c in others if c.get("shot") is None])
    _row(node_id, artifact, t("Clips of single shots"), [c for c in others if c.get("shot") is not None])


def shot_name(node_id: int, key: str) -> str:
    """The shot that a clip is of, as its frame shows it by now."""
    shots = live.query(live.workbench().artifacts.list_shots, [node_id]).get(node_id)
    return storyboard.shot_name(shots.find(key)) if shots else t("Shot {n}", n=int(key[2:]) + 1)


def _row(node_id: int, artifact: ArtifactVersion, title: str, clips: Sequence[JsonObject]) -> None:
    if not clips:
        return
    st.caption(title)
    columns = st.columns(3)
    for place, clip in enumerate(clips):
        with columns[place % 3], st.container(border=True, key=f"clip_{node_id}_{clip['media'][:12]}"):
            _play(node_id, clip, width=None)
            st.button(
                t("Use this one") if clip.get("shot") is None else t("Use for the whole scene"),
                key=f"clip_use_{node_id}_{clip['media'][:12]}", icon=":material/check:",
                on_click=_choose, args=(node_id, clip["media"], artifact.version),
            )  # fmt: skip


def _play(node_id: int, clip: JsonObject, width: int | None) -> None:
    if clip.get("shot") is not None:
        st.markdown(f"**{plain(shot_name(node_id, clip['shot']))}**")
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
