"""Pictures and clips on a page: by the address under which the server has them, with words for those who do not see.

Streamlit's own way, from a file, decodes each picture, encodes it anew as JPEG and keeps it in memory, for each run.
"""

from __future__ import annotations

import streamlit as st

from workbench.ui import files, live


def picture(sha: str, alt: str, *, small: bool = False, width: int | None = None) -> None:
    """A stored picture, or its small copy. `alt`: what it shows; `width` in pixels, None: as wide as its place.

    Raises NotFound, Unavailable.
    """
    path = live.workbench().media.path(sha, thumbnail=small)
    st.image(files.address(sha, path.suffix, small=small), width=width or "stretch", alt=alt)


def clip(sha: str, *, width: int | None = None) -> None:
    """A stored clip to play. `width` in pixels, None: as wide as its place. Raises NotFound, Unavailable."""
    path = live.workbench().media.path(sha)
    st.video(files.address(sha, path.suffix), width=width or "stretch")
