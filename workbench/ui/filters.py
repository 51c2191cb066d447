"""Filters whose truth is the URL: a reload, a shared link and the back button show the same thing in any language.

Streamlit's own binding writes translated labels into the URL, so a link made in English would not work in Chinese.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import streamlit as st

from workbench.ui import labels, older
from workbench.ui.language import t
from workbench.ui.markup import tell_apart

#: how a moment stands in the URL, in UTC
_MOMENT = "%Y-%m-%dT%H:%MZ"


def _begin_anew() -> None:
    """Another filter leaves other rows: lists begin with their first page."""
    for page in ("before", "after", "page"):
        st.query_params.pop(page, None)
    older.forget()


def _slot(name: str) -> str:
    return f"filter_{name}"


def _write(name: str, default: str) -> None:
    """Put what was chosen into the URL; the default leaves no trace there. Page turns begin anew."""
    chosen = st.session_state[_slot(name)]
    value = ",".join(chosen) if isinstance(chosen, list) else str(chosen or "")
    _begin_anew()
    if value and value != default:
        st.query_params[name] = value
    else:
        st.query_params.pop(name, None)


def text(name: str, label: str, placeholder: str) -> str:
    """A search field that searches while one types."""
    st.session_state[_slot(name)] = st.query_params.get(name, "")
    typed = st.text_input(
        label, key=_slot(name), type="search", live="300ms", placeholder=placeholder, label_visibility="collapsed",
        icon=":material/search:", on_change=_write, args=(name, ""),
    )  # fmt: skip
    return typed or ""


def select(name: str, label: str, options: Mapping[str, str], everything: str) -> str:
    """One of the options (value → label), or "" for all of them."""
    param = st.query_params.get(name, "")
    st.session_state[_slot(name)] = param if param in options else ""
    named = {"": everything, **tell_apart(options)}
    return str(
        st.selectbox(
            label, list(named), format_func=named.__getitem__, key=_slot(name), on_change=_write, args=(name, "")
        )
    )


def segment(name: str, label: str, options: Mapping[str, str], default: str) -> str:
    param = st.query_params.get(name, default)
    st.session_state[_slot(name)] = param if param in options else default
    chosen = st.segmented_control(
        label,
        list(options),
        required=True,
        format_func=options.__getitem__,
        key=_slot(name),
        width="stretch",
        on_change=_write,
        args=(name, default),
    )
    return str(chosen or default)


def pills(name: str, label: str, options: Mapping[str, str]) -> list[str]:
    """Any of the options, as pills."""
    params = st.query_params.get(name, "").split(",")
    st.session_state[_slot(name)] = [v for v in params if v in options]
    chosen: Sequence[Any] = st.pills(
        label,
        list(options),
        selection_mode="multi",
        format_func=options.__getitem__,
        key=_slot(name),
        label_visibility="collapsed",
        on_change=_write,
        args=(name, ""),
    )
    return [str(v) for v in chosen]


def switch(name: str, label: str, help: str | None = None) -> bool:
    st.session_state[_slot(name)] = st.query_params.get(name) == "1"
    return st.toggle(label, key=_slot(name), help=help, on_change=_switch, args=(name,))


def _switch(name: str) -> None:
    _begin_anew()
    if st.session_state[_slot(name)]:
        st.query_params[name] = "1"
    else:
        st.query_params.pop(name, None)


def project(titles: Mapping[int, str]) -> int | None:
    """The project to show, None for all."""
    chosen = select("project", t("Project"), {str(i): title for i, title in titles.items()}, t("All projects"))
    return int(chosen) if chosen else None


def number(name: str, label: str) -> float | None:
    """An amount of 0 or more; None when none is given."""
    try:
        value = float(st.query_params.get(name, ""))
    except ValueError:
        value = math.nan
    shown = value if 0 <= value < 1e12 else None
    st.session_state[_slot(name)] = shown
    decimals = len(_tell_number(shown or 0.0).partition(".")[2])
    chosen: float | None = st.number_input(
        label, min_value=0.0, value=None, key=_slot(name), on_change=_write_number, args=(name,), placeholder="—",
        # with the decimals that were typed: a field rounds what it shows to two
        format=f"%.{decimals}f",
    )  # fmt: skip
    return chosen


def _write_number(name: str) -> None:
    _replace(name, None if (value := st.session_state[_slot(name)]) is None else _tell_number(value))


def _tell_number(value: float) -> str:
    """As somebody would write it, with each digit that was typed."""
    return format(Decimal(repr(value)).normalize(), "f")


def moment(name: str, label: str) -> datetime | None:
    """A date and time in the reader's zone; the URL holds it in UTC."""
    at: datetime | None = None
    with contextlib.suppress(ValueError, OverflowError):
        at = datetime.strptime(st.query_params.get(name, ""), _MOMENT).replace(tzinfo=UTC).astimezone(labels.zone())
    st.session_state[_slot(name)] = None if at is None else at.replace(tzinfo=None, second=0, microsecond=0)
    chosen: datetime | None = st.datetime_input(
        label, value=None, key=_slot(name), step=60, on_change=_write_moment, args=(name,)
    )
    return None if chosen is None else _in_zone(chosen)


def tell_moment(ms: int) -> str:
    """A moment, epoch ms, as it stands in the URL: in UTC, to the minute."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime(_MOMENT)


def _in_zone(local: datetime) -> datetime:
    zone = labels.zone()
    return local.astimezone() if zone is None else local.replace(tzinfo=zone)


def _write_moment(name: str) -> None:
    at: datetime | None = st.session_state[_slot(name)]
    _replace(name, None if at is None else _in_zone(at).astimezone(UTC).strftime(_MOMENT))


def _replace(name: str, value: str | None) -> None:
    _begin_anew()
    if value is None:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
