"""Pictures and clips on a page: by the address under which the server has them, with words for those who do not see.

Streamlit's own way, from a file, decodes each picture, encodes it anew as JPEG and keeps it in memory, for each run.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from workbench.errors import NotFound, Unavailable
from workbench.ui import files, labels, live
from workbench.ui.markup import plain


def picture(sha: str, alt: str, *, small: bool = False, width: int | None = None) -> None:
    """A stored picture, or its small copy; in its place why there is none. `alt`: what it shows; `width` in pixels,
    None: as wide as its place."""
    with _or_why():
        path = live.workbench().media.path(sha, thumbnail=small)
        st.image(files.address(sha, path.suffix, small=small), width=width or "stretch", alt=alt)


def clip(sha: str, *, width: int | None = None) -> None:
    """A stored clip to play; in its place why there is none. `width` in pixels, None: as wide as its place."""
    with _or_why():
        path = live.workbench().media.path(sha)
        st.video(files.address(sha, path.suffix), width=width or "stretch")


@contextmanager
def _or_why() -> Iterator[None]:
    """A file that is gone, or a storage that does not answer, leaves the rest of the page as it is."""
    try:
        yield
    except (NotFound, Unavailable) as error:
        st.markdown(f":orange[:material/broken_image: {plain(labels.error_text(error))}]")
