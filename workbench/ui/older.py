"""Lists that go on: the newest page first, then older ones by the number of the last row, which stands in the URL.

Ask for one row more than a page has: whether there is one says whether there is an older page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import streamlit as st

from workbench.plain_text import whole_number
from workbench.ui.language import t

_PREFIX = "older_"


class Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=Row)


def before(name: str) -> int | None:
    """The last row of the page before the one that is shown of a list; None for the newest page."""
    return whole_number(st.query_params.get(f"{_PREFIX}{name}", ""))


def forget() -> None:
    """Begin every list anew: another filter leaves other rows."""
    for name in [name for name in st.query_params if name.startswith(_PREFIX)]:
        st.query_params.pop(name, None)


def turn(name: str, rows: Sequence[R], size: int) -> list[R]:
    """The rows of this page of the `size` + 1 that were asked for, with the ways on and back; nothing is drawn where
    all stand on one page."""
    shown = list(rows[:size])
    if len(rows) > size or before(name) is not None:
        with st.container(horizontal=True, horizontal_alignment="right", gap="small", key=f"pager_{name}"):
            st.button(
                t("Newest"), key=f"newest_{name}", icon=":material/first_page:", type="tertiary",
                disabled=before(name) is None, on_click=_go, args=(name, None),
            )  # fmt: skip
            st.button(
                t("Older"), key=f"older_{name}", icon=":material/chevron_right:", icon_position="right",
                type="tertiary", disabled=len(rows) <= size, on_click=_go, args=(name, shown[-1].id if shown else None),
            )  # fmt: skip
    return shown


def _go(name: str, last: int | None) -> None:
    if last is None:
        st.query_params.pop(f"{_PREFIX}{name}", None)
    else:
        st.query_params[f"{_PREFIX}{name}"] = str(last)
