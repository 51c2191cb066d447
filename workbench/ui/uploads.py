"""Pictures and clips that a person drops on a page: each looked at once, stored, and shown or refused by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from workbench.db.rows.media import Media
from workbench.errors import ReelwrightError
from workbench.media.uploads import ENDINGS, MAX_MB
from workbench.ui import labels, live
from workbench.ui.language import t
from workbench.ui.markup import plain, shorten

CLIPS = ("mp4", "m4v", "mov")


@dataclass(frozen=True)
class Brought:
    """A stored file. `name`: what it is called where it comes from."""

    name: str
    media: Media


def offer(key: str, label: str, *, several: bool = True, clips: bool = False) -> list[Brought]:
    """A place to drop files; those that were taken, in their order. What is refused says why and keeps the others.

    `clips`: MP4 clips too. Call `clear` when they have been used.
    """
    slot = f"_brought_{key}"
    looked_at: dict[str, Brought | str] = st.session_state.setdefault(slot, {})
    with st.container(key=f"upload_{key}", gap="small"):
        chosen = st.file_uploader(
            label, type=[*ENDINGS, *(CLIPS if clips else ())], accept_multiple_files=several,
            key=f"{key}_files_{st.session_state.get(_turn(key), 0)}", max_upload_size=MAX_MB,
            help=t("PNG, JPEG, WebP, AVIF, a GIF's first frame, HEIC; up to {size} MB", size=MAX_MB),
        )  # fmt: skip
        files = chosen if isinstance(chosen, Sequence) else [] if chosen is None else [chosen]
        for file in files:
            if file.file_id not in looked_at:
                with st.spinner(t("Looking at {name}", name=plain(shorten(file.name, 60)))):
                    looked_at[file.file_id] = _store(file.name, file.getvalue(), clips=clips)
        results = [looked_at[file.file_id] for file in files]
        for refused in (r for r in results if isinstance(r, str)):
            st.markdown(f":red[:material/error: {plain(refused)}]")
    return [r for r in results if isinstance(r, Brought)]


def clear(key: str) -> None:
    """Forget what was dropped there: it has found its place."""
    st.session_state.pop(f"_brought_{key}", None)
    st.session_state[_turn(key)] = st.session_state.get(_turn(key), 0) + 1


def _turn(key: str) -> str:
    return f"_upload_turn_{key}"


def _store(name: str, data: bytes, *, clips: bool) -> Brought | str:
    """The stored file, or why it is refused."""
    media = live.workbench().media
    is_clip = clips and name.lower().endswith(CLIPS)
    try:
        return Brought(name, media.add_clip(data) if is_clip else media.add_picture(data))
    except ReelwrightError as error:
        return f"{shorten(name, 60)}: {labels.error_text(error)}"
