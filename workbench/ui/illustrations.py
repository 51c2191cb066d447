"""What is drawn rather than written: the mark, the empty state, an emotional arc, a vertical line of events."""

from __future__ import annotations

import base64
import itertools
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import streamlit as st

from workbench.ui import states
from workbench.ui.charts import Palette, palette
from workbench.ui.markup import safe

ASSETS = Path(__file__).parent / "assets"


def logo() -> None:
    """Word mark with room at its right, so that no browser cuts it; the reel alone when the sidebar is closed."""
    kind = st.context.theme.type or "light"
    st.logo(str(ASSETS / f"wordmark-{kind}.svg"), icon_image=str(ASSETS / "mark.svg"), size="large")


def _draw(svg: str, style: str) -> str:
    """An SVG as an image; st.html takes inline SVG out."""
    data = base64.b64encode(svg.replace("<svg ", "<svg xmlns='http://www.w3.org/2000/svg' ", 1).encode()).decode()
    return f"<img alt='' src='data:image/svg+xml;base64,{data}' style='{style}'>"


def _mark(colours: Palette) -> str:
    """Crop marks around an empty frame, with a reel in it."""
    corners = "".join(
        f"<path d='M{x} {y + dy} V{y} H{x + dx}'/>"
        for x, y, dx, dy in ((14, 12, 16, 14), (146, 12, -16, 14), (14, 88, 16, -14), (146, 88, -16, -14))
    )
    holes = "".join(f"<circle cx='{x}' cy='{y}' r='4.2'/>" for x, y in ((80, 38), (92, 50), (80, 62), (68, 50)))
    svg = (
        "<svg width='160' height='100' viewBox='0 0 160 100'>"
        f"<rect x='2' y='2' width='156' height='96' rx='6' fill='{colours.panel}' stroke='{colours.border}'/>"
        f"<g fill='none' stroke='{colours.primary}' stroke-width='2' stroke-linecap='round'>{corners}</g>"
        f"<circle cx='80' cy='50' r='23' fill='none' stroke='{colours.primary}' stroke-width='2'/>"
        f"<g fill='none' stroke='{colours.primary}' stroke-width='2'>{holes}</g>"
        f"<path d='M80 73 H112' stroke='{colours.primary}' stroke-width='2' stroke-linecap='round'/></svg>"
    )
    return _draw(svg, "width:160px;height:100px;display:inline-block")


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
        f"C {(a[0] + b[0]) / 2} {a[1]}, {(a[0] + b[0]) / 2} {b[1]}, {b[0]} {b[1]}"
        for a, b in itertools.pairwise([*points, (100, 42)])
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
    line = _draw(
        f"<svg viewBox='0 0 100 54' preserveAspectRatio='none'><path d='{curve}' fill='none' "
        f"stroke='{colours.primary}' "
        "stroke-width='2' vector-effect='non-scaling-stroke'/></svg>",
        "position:absolute;top:4px;left:0;width:100%;height:54px",
    )
    st.html(
        f"<div style='position:relative;height:62px'>{line}{dots}</div>"
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
        line = (
            ""
            if index == len(moments) - 1
            else f"<i style='flex:1;width:1px;min-height:12px;background:{colours.border}'></i>"
        )
        rows.append(
            f"<div role='listitem' style='display:flex;gap:0.6rem;align-items:stretch'>"
            f"<div style='display:flex;flex-direction:column;align-items:center;width:18px'>"
            f"<span role='img' aria-label='{safe(state.word)}' style=\"font-family:'Material Symbols "
            f"Rounded';font-size:17px;line-height:22px;"
            f'color:{colours.of(state.colour)}">{state.icon}</span>{line}</div>'
            f"<div style='flex:1;padding-bottom:0.55rem;line-height:22px'>{safe(moment.text)}</div>"
            f"<div title='{safe(moment.tip)}' "
            f"style='color:{colours.muted};font-size:0.8rem;line-height:22px;white-space:nowrap'>{safe(moment.when)}</div></div>"
        )
    st.html("<div role='list'>" + "".join(rows) + "</div>")


#: preset → sky from top to horizon, two hills, the light
_SCENERY: dict[str, tuple[str, str, str, str, str]] = {
    "anime": ("#7EC4F2", "#F6E7C8", "#4E8C6B", "#2F5F53", "#FFF4C2"),
    "ink_wash": ("#C9D1D3", "#EFEDE6", "#7B868B", "#3C464C", "#C8472F"),
    "comic": ("#2B4C9B", "#F2B84B", "#B8352A", "#1E1B33", "#FFE9A8"),
    "cyberpunk": ("#1A1037", "#C4318F", "#33206B", "#120B26", "#6FF0F2"),
    "cinematic": ("#16253F", "#D98A4E", "#33475A", "#131C28", "#FBE3B5"),
    "fantasy": ("#3C3A6B", "#F1B46A", "#6B5A78", "#2C2742", "#FFF1CC"),
    "watercolor": ("#B9CFE0", "#F8E3D0", "#9DB4A8", "#6F8B8A", "#FFF7E3"),
    "pixel": ("#234A7D", "#6FB1B8", "#2E6B4F", "#173A34", "#FFE27A"),
    "custom": ("#3A3F73", "#B9A7D8", "#5A4F8C", "#2A2650", "#F4ECFF"),
}


def cover(preset: str, seed: str, height: int = 132) -> str:
    """A drawn frame for a story that has none yet: sky, a light and two hills, the same for the same title."""
    top, low, far, near, light = _SCENERY.get(preset, _SCENERY["custom"])
    draw = Random(f"{preset}/{seed}")
    name = f"sky{zlib.crc32(f'{preset}/{seed}'.encode()):08x}"

    def ridge(base: int, swing: int) -> str:
        heights = [base + draw.randint(-swing, swing) for _ in range(7)]
        points = " ".join(
            f"C {x * 60 - 30} {heights[x - 1]}, {x * 60 - 30} {heights[x]}, {x * 60} {heights[x]}" for x in range(1, 7)
        )
        return f"M0 150 V{heights[0]} {points} V150 Z"

    x, y = draw.randint(50, 300), draw.randint(24, 62)
    stars = "".join(
        f"<circle cx='{draw.randint(0, 360)}' cy='{draw.randint(4, 60)}' r='{draw.choice((0.6, 0.9, 1.2))}' "
        f"fill='{light}' opacity='.7'/>"
        for _ in range(14)
    )
    svg = (
        "<svg viewBox='0 0 360 150' preserveAspectRatio='xMidYMid slice'>"
        f"<defs><linearGradient id='{name}' x1='0' y1='0' x2='0' y2='1'><stop offset='0' "
        f"stop-color='{top}'/><stop offset='.85' stop-color='{low}'/></linearGradient></defs>"
        f"<rect width='360' height='150' fill='url(#{name})'/>"
        f"{stars if preset in ('cyberpunk', 'cinematic', 'fantasy', 'pixel', 'custom') else ''}"
        f"<circle cx='{x}' cy='{y}' r='{draw.randint(11, 17)}' fill='{light}'/>"
        f"<path d='{ridge(92, 16)}' fill='{far}'/><path d='{ridge(120, 12)}' fill='{near}'/></svg>"
    )
    return _draw(svg, f"display:block;width:100%;height:{height}px;border-radius:0.3rem;object-fit:cover")


def stages(rows: Sequence[tuple[str, int, int]]) -> None:
    """Progress by stage: name, how many are done of how many, as thin bars of one height."""
    colours = palette()
    marks = []
    numbers = [f"{done} / {of}" if of else "—" for _, done, of in rows]
    # of a large story they are wider than usual, and the bars alike give way
    wide = 3 + 2 * len(str(max((of for _, _, of in rows), default=0)))
    for (name, done, of), number in zip(rows, numbers, strict=True):
        share = 0 if not of else round(100 * done / of)
        colour = colours.green if of and done >= of else colours.primary
        marks.append(
            f"<div style='display:flex;align-items:center;gap:.6rem;line-height:1.5;font-size:.85rem'>"
            f"<span style='flex:0 0 "
            f"6.6rem;color:{colours.muted};white-space:nowrap;overflow:hidden;text-overflow:ellipsis'>{safe(name)}</span>"
            f"<span style='flex:1;height:4px;border-radius:2px;background:{colours.panel}'><i "
            f"style='display:block;height:4px;border-radius:2px;"
            f"width:{share}%;background:{colour}'></i></span>"
            f"<span style='flex:0 0 max(3.2rem, {wide}ch);text-align:right;white-space:nowrap;"
            f"font-variant-numeric:tabular-nums'>{number}</span></div>"
        )
    st.html("<div>" + "".join(marks) + "</div>")
