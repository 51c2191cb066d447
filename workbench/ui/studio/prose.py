"""What several views are set from: calm tables, small bars, people with their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from workbench.ui.charts import palette
from workbench.ui.markup import plain, safe


def table(head: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]], hide_narrow: Sequence[int] = ()) -> None:
    """A table of prose: no grid lines but the rows', columns as wide as asked, narrow screens drop `hide_narrow`.

    `head`: title and width of each column; the cells of `rows` are HTML.
    """
    wide = [" class='rw-wide'" if i in hide_narrow else "" for i in range(len(head))]
    heads = "".join(
        f"<th style='width:{width}'{c}>{safe(title)}</th>" for (title, width), c in zip(head, wide, strict=True)
    )
    cells = ("".join(f"<td{c}>{cell}</td>" for cell, c in zip(row, wide, strict=True)) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    st.html(f"<table class='rw-prose'><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")


def line(label: str, value: Any) -> None:
    """A muted label with its words below it; nothing where there is nothing to say."""
    if value not in (None, "", []):
        st.markdown(f":gray[{plain(label)}]  \n{plain(value)}")


def meter(value: float, of: float, colour: str = "") -> str:
    """A small bar with its number, as HTML."""
    colours = palette()
    share = 100 * max(0.0, min(1.0, value / of))
    return (
        f"<span class='rw-meter'><i><b style='width:{share:.0f}%;background:{colour or colours.primary}'></b></i>"
        f"{value:g}<small>/{of:g}</small></span>"
    )


def person(name: str, colours: Mapping[str, str]) -> str:
    """A name with the point of its colour, as HTML."""
    colour = colours.get(name)
    point = f"<i class='rw-point' style='background:{colour}'></i>" if colour else ""
    return f"<span class='rw-person'>{point}{safe(name)}</span>"


def people(names: Sequence[str], colours: Mapping[str, str]) -> str:
    """Several of them."""
    return " ".join(person(name, colours) for name in names)
