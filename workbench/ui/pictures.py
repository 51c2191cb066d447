"""What is drawn rather than written: the mark, the empty state, an emotional arc, a vertical line of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from workbench.ui import states
from workbench.ui.charts import Palette, palette
from workbench.ui.markup import safe

ASSETS = Path(__file__).parent / "assets"


def logo() -> None:
    """Word mark with room at its right, so that no browser cuts it; the reel alone when the sidebar is closed."""
    kind = st.context.theme.type or "light"
    st.logo(str(ASSETS / f"wordmark-{kind}.svg"), icon_image=str(ASSETS / "mark.svg"), size="large")


def _mark(colours: Palette) -> str:
    """Crop marks around an empty frame, with a reel in it."""
    corners = "".join(
        f"<path d='M{x} {y + dy} V{y} H{x + dx}'/>"
        for x, y, dx, dy in ((14, 12, 16, 14), (146, 12, -16, 14), (14, 88, 16, -14), (146, 88, -16, -14))
    )
    holes = "".join(f"<circle cx='{x}' cy='{y}' r='4.2'/>" for x, y in ((80, 38), (92, 50), (80, 62), (68, 50)))
    return (
        "<svg width='160' height='100' viewBox='0 0 160 100' role='img' aria-hidden='true'>"
        f"<rect x='2' y='2' width='156' height='96' rx='6' fill='{colours.panel}' stroke='{colours.border}'/>"
        f"<g fill='none' stroke='{colours.primary}' stroke-width='2' stroke-linecap='round'>{corners}</g>"
        f"<circle cx='80' cy='50' r='23' fill='none' stroke='{colours.primary}' stroke-width='2'/>"
        f"<g fill='none' stroke='{colours.primary}' stroke-width='2'>{holes}</g>"
        f"<path d='M80 73 H112' stroke='{colours.primary}' stroke-width='2' stroke-linecap='round'/></svg>"
    )


def empty(sentence: str, key: str) -> st.delta_generator.DeltaGenerator:
    """An empty state: one drawn mark, one sentence; put its one button into the container returned."""
    colours = palette()
    with st.container(key=f"empty_{key}", horizontal_alignment="center", gap="small"):
        st.html(f"<div style='text-align:center;padding:3rem 0 0.25rem'>{_mark(colours)}</div>")
        st.markdown(sentence, text_alignment="center")
        inside = st.container(horizontal_alignment="center", key=f"empty_action_{key}")
        st.space("medium")
    return inside


def arc(parts: Sequence[str], names: Sequence[str]) -> None:
    """Opening, development, turn, resolution as one rising and falling line with its words below."""
    colours = palette()
    heights = (44, 26, 8, 34)
    points = [(12.5 + 25 * i, h) for i, h in enumerate(heights)]
    curve = f"M0 50 C 6 50, 8 {heights[0]}, {points[0][0]} {heights[0]} " + " ".join(
        f"C {(a[0] + b[0]) / 2} {a[1]}, {(a[0] + b[0]) / 2} {b[1]}, {b[0]} {b[1]}" for a, b in zip(points, points[1:], strict=False)
    )
    dots = "".join(
        f"<i style='position:absolute;left:calc({x}% - 5px);top:{y - 5 + 4}px;width:10px;height:10px;border-radius:50%;"
        f"background:{colours.background};border:2px solid {colours.primary}'></i>"
        for x, y in points
    )
    words = "".join(
        f"<div style='flex:1;min-width:0;padding:0 0.5rem;text-align:center'>"
        f"<div style='color:{colours.muted};font-size:0.8rem'>{safe(name)}</div><div>{safe(part)}</div></div>"
        for name, part in zip(names, parts, strict=False)
    )
    st.html(
        f"<div style='position:relative;height:62px'><svg viewBox='0 0 100 54' preserveAspectRatio='none' "
        f"style='position:absolute;top:4px;width:100%;height:54px'><path d='{curve}' fill='none' stroke='{colours.primary}' "
        f"stroke-width='2' vector-effect='non-scaling-stroke'/></svg>{dots}</div>"
        f"<div style='display:flex;line-height:1.35'>{words}</div>"
    )


@dataclass(frozen=True)
class Moment:
    text: str
    state: str
    when: str = ""
    tip: str = ""


def events(moments: Sequence[Moment]) -> None:
    """Events as a vertical line: icon, words, and the time at the right."""
    colours = palette()
    rows = []
    for index, moment in enumerate(moments):
        state = states.find(moment.state)
        line = "" if index == len(moments) - 1 else f"<i style='flex:1;width:1px;min-height:12px;background:{colours.border}'></i>"
        rows.append(
            f"<div style='display:flex;gap:0.6rem;align-items:stretch'>"
            f"<div style='display:flex;flex-direction:column;align-items:center;width:18px'>"
            f"<span aria-label='{safe(state.word)}' style=\"font-family:'Material Symbols Rounded';font-size:17px;line-height:22px;"
            f'color:{colours.of(state.colour)}">{state.icon}</span>{line}</div>'
            f"<div style='flex:1;padding-bottom:0.55rem;line-height:22px'>{safe(moment.text)}</div>"
            f"<div title='{safe(moment.tip)}' style='color:{colours.muted};font-size:0.8rem;line-height:22px;white-space:nowrap'>{safe(moment.when)}</div></div>"
        )
    st.html("<div role='list'>" + "".join(rows) + "</div>")
