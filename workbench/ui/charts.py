"""Charts in one look: transparent, no mode bar, muted text, grid on y only, patterns beside colour."""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import streamlit as st

from workbench.ui import formats
from workbench.ui.formats import Delta
from workbench.ui.language import current, t
from workbench.ui.markup import in_chart

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: hatch for what was wasted or reused, cross-hatch for what failed
HATCH, CROSS = "/", "x"
CONFIG = {"displayModeBar": False, "scrollZoom": False}


@dataclass(frozen=True)
class Palette:
    """Theme colours as the reader sees them now."""

    text: str = "#1B1D28"
    muted: str = "#565C6B"
    border: str = "#DADDE6"
    primary: str = "#4F46C6"
    background: str = "#FFFFFF"
    panel: str = "#F3F4F8"
    red: str = "#C8321F"
    orange: str = "#B4570A"
    blue: str = "#0B6FB8"
    green: str = "#007A5A"
    violet: str = "#5B3FC9"
    gray: str = "#6A7080"
    font: str = "sans-serif"
    series: list[str] = field(default_factory=lambda: ["#4F46C6", "#56A8DC", "#007A5A", "#E0A100", "#C8321F"])

    def of(self, colour: str) -> str:
        return str(getattr(self, colour))


_OPTIONS = {
    "text": "textColor", "muted": "grayTextColor", "border": "borderColor", "primary": "primaryColor",
    "background": "backgroundColor", "panel": "secondaryBackgroundColor", "red": "redColor", "orange": "orangeColor",
    "blue": "blueColor", "green": "greenColor", "violet": "violetColor", "gray": "grayColor",
    "series": "chartCategoricalColors",
}  # fmt: skip


def palette() -> Palette:
    """The colours of the theme that is on; defaults where the configuration names none."""
    kind = st.context.theme.type or "light"
    named = {name: st.get_option(f"theme.{kind}.{option}") for name, option in _OPTIONS.items()}
    font = st.get_option("theme.font")
    return Palette(**{name: value for name, value in named.items() if value}, **({"font": font} if font else {}))


def figure(colours: Palette, height: int, *, left: int = 44, legend: bool = True) -> go.Figure:
    """An empty figure in the house look; `left` is the margin that the longest label needs."""
    import plotly.graph_objects as go  # 130 ms that pages without a chart need not wait for

    text = {"size": 12, "color": colours.muted, "family": colours.font}
    axis = {
        "fixedrange": True,
        "automargin": False,
        "tickfont": text,
        "zeroline": False,
        "showline": False,
        "ticks": "",
    }
    # all at once: plotly takes ten times as long to change a layout that is there
    return go.Figure(
        layout={
            "height": height,
            "margin": {"l": left, "r": 12, "t": 34 if legend else 8, "b": 28},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": text,
            "bargap": 0.28,
            "hovermode": "x unified",
            "dragmode": False,
            "showlegend": legend,
            "legend": {
                "orientation": "h",
                "x": 0,
                "xanchor": "left",
                "y": 1.0,
                "yanchor": "bottom",
                "font": text,
                "traceorder": "normal",
            },
            "hoverlabel": {
                "bgcolor": colours.background,
                "bordercolor": colours.border,
                "font": {"color": colours.text, "size": 12},
            },
            "xaxis": {"showgrid": False, **axis},
            "yaxis": {"showgrid": True, "gridcolor": colours.border, "rangemode": "tozero", **axis},
        }
    )


def hatch(shape: str, colour: str, colours: Palette) -> dict[str, Any]:
    """A pattern drawn in the ground's colour on the bar's own; plotly leaves the bar empty unless both are named."""
    return (
        {"shape": shape, "size": 6, "solidity": 0.28, "bgcolor": colour, "fgcolor": colours.background} if shape else {}
    )


def label_margin(labels: Sequence[str], at_most: int = 220) -> int:
    """Pixels that the longest label needs at 12 px; a CJK character is as wide as two letters."""
    widest = max((sum(2 if ord(c) > 0x2E7F else 1 for c in label) for label in labels), default=4)
    return min(at_most, 18 + round(widest * 6.6))


def ticks(highest: float) -> list[float]:
    """Three to six round values from 0 up, so that numbers on an axis are written like all others."""
    if highest <= 0:
        return [0]
    step = 10 ** math.floor(math.log10(highest))
    step *= next((m for m in (0.2, 0.5, 1, 2) if highest / (step * m) <= 5), 2)
    return [step * i for i in range(math.floor(highest / step) + 1)]


_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
#: ms between two places on an axis of durations
_STEPS = (
    *(n * size for size in (1, 10, 100) for n in (1, 2, 5)),
    *(n * size for size in (_SECOND, _MINUTE) for n in (1, 2, 5, 10, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * size * _DAY for size in (1, 10, 100) for n in (1, 2, 5)),
)


def duration_ticks(highest: float) -> list[int]:
    """Up to six round durations from 0 up, ms."""
    step = next((step for step in _STEPS if highest <= 5 * step), _STEPS[-1])
    return [step * i for i in range(int(highest // step) + 1)]


def durations(highest: float) -> dict[str, Any]:
    """An axis of ms, written like all other durations."""
    values = duration_ticks(highest)
    return {"tickvals": values, "ticktext": [formats.tick_duration(v, current()) for v in values]}


def stack(days: Sequence[str], series: Mapping[str, Sequence[float]], colours: Palette, height: int = 250) -> go.Figure:
    """A bar a day, split by series."""
    chart = figure(colours, height)
    for index, (name, values) in enumerate(series.items()):
        colour = colours.series[index % len(colours.series)]
        chart.add_bar(
            x=list(days), y=list(values), name=name, marker={"color": colour, "line": {"width": 0}},
            # a lone day is a bar among others, no wall
            width=min(0.72, 0.1 * len(days)),
        )  # fmt: skip
    chart.update_layout(barmode="stack")
    chart.update_xaxes(nticks=6, type="category")
    values = ticks(max((sum(day) for day in zip(*series.values(), strict=True)), default=0))
    chart.update_yaxes(tickvals=values, ticktext=[formats.number(v, current()).replace(".0", "") for v in values])
    return chart


def lines(
    days: Sequence[str], series: Mapping[str, Sequence[float | None]], colours: Palette, height: int = 250
) -> go.Figure:
    """Durations (ms) over days, as lines; colour and dash both tell them apart."""
    axis = durations(max((ms for values in series.values() for ms in values if ms is not None), default=0))
    chart = figure(colours, height, left=label_margin(axis["ticktext"]))
    styles = [
        ("dot", colours.gray),
        ("solid", colours.series[0]),
        ("solid", colours.series[1]),
        ("dash", colours.series[2]),
    ]
    for (name, values), (dash, colour) in zip(series.items(), styles, strict=False):
        chart.add_scatter(
            x=list(days), y=list(values), name=name, mode="lines+markers",
            line={"dash": dash, "color": colour, "width": 2}, marker={"size": _dots(values)},
            customdata=[formats.duration(ms, current()) for ms in values], hovertemplate="%{customdata}",
        )  # fmt: skip
    chart.update_yaxes(**axis)
    chart.update_xaxes(nticks=6, type="category")
    return chart


def _dots(values: Sequence[float | None]) -> list[int]:
    """Sizes of the marks: a line needs two neighbours, and a lone day would not be seen."""
    around = [None, *values, None]
    return [
        6 if before is None and value is not None and after is None else 0
        for before, value, after in zip(around, values, around[2:], strict=False)
    ]


def draw_budget(
    days: Sequence[str],
    used: tuple[str, Sequence[float]],
    pace: tuple[str, Sequence[float | None]],
    marks: dict[str, tuple[float, str]],
    colours: Palette,
    height: int = 300,
) -> go.Figure:
    """An amount that grows day by day, where it is going, and the lines it must not pass: name → (amount, colour)."""
    chart = figure(colours, height, left=64)
    chart.update_layout(margin_r=56)
    x = list(days)
    for name, (amount, colour) in marks.items():
        dash = "solid" if amount == max(a for a, _ in marks.values()) else "dash"
        chart.add_scatter(
            x=x, y=[amount] * len(x), mode="lines", line={"dash": dash, "color": colour, "width": 1.5}, name=name,
            showlegend=False, hoverinfo="skip",
        )  # fmt: skip
    chart.add_scatter(
        x=x, y=list(pace[1]), name=pace[0], mode="lines", line={"dash": "dot", "color": colours.gray, "width": 2},
        hoverinfo="skip",
    )  # fmt: skip
    mode = "lines" if len(used[1]) > 1 else "lines+markers"
    chart.add_scatter(
        x=x[: len(used[1])], y=list(used[1]), name=used[0], mode=mode, fill="tozeroy",
        fillcolor=faint(colours.primary),
        line={"color": colours.primary, "width": 2.5},
    )  # fmt: skip
    highest = max(*(a for a, _ in marks.values()), *used[1], *(v for v in pace[1] if v is not None))
    for name in _spread_labels([(amount / highest, name) for name, (amount, _) in marks.items()]):
        chart.add_annotation(
            x=1, xref="paper", xanchor="left", y=marks[name][0], text=f" {name}", showarrow=False,
            font={"size": 12, "color": marks[name][1]},
        )  # fmt: skip
    chart.update_yaxes(range=[0, highest * 1.06])
    chart.update_xaxes(nticks=6, tickangle=0, type="category")
    return chart


def add_limits(chart: go.Figure, limits: Mapping[str, tuple[float, str]], highest: float) -> None:
    """Lines that bars in yuan should not pass: name → (height, colour); none that is far above all bars."""
    near = {name: limit for name, limit in limits.items() if limit[0] <= 3 * highest}
    top = max([highest, *(height for height, _ in near.values())])
    for dash, (height, colour) in zip(("solid", "dash", "dot"), near.values(), strict=False):
        chart.add_hline(y=height, line={"dash": dash, "color": colour, "width": 1.5})
    for name in _spread_labels([(height / top, name) for name, (height, _) in near.items()]):
        chart.add_annotation(
            x=1, xref="paper", xanchor="left", y=near[name][0], text=f" {name}", showarrow=False,
            font={"size": 12, "color": near[name][1]},
        )  # fmt: skip
    values = ticks(top)
    texts = [formats.number(v, current()).replace(".0", "") if top >= 10 else f"{v:g}" for v in values]
    chart.update_layout(showlegend=False, margin_r=64 if near else 12)
    chart.update_yaxes(range=[0, max(top * 1.06, 0.000001)], tickvals=values, ticktext=[f"¥{x}" for x in texts])


def _spread_labels(places: Sequence[tuple[float, str]], least: float = 0.048) -> list[str]:
    """Names whose places (0–1) stand far enough apart to be read, the highest first."""
    labels: list[tuple[float, str]] = []
    for place, name in sorted(places, reverse=True):
        if not labels or labels[-1][0] - place >= least:
            labels.append((place, name))
    return [name for _, name in labels]


def faint(colour: str) -> str:
    """A hex colour, nearly transparent."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.12)"


def bars(
    labels: Sequence[str],
    series: Mapping[str, tuple[Sequence[float], str, str]],
    ends: Sequence[str],
    colours: Palette,
    height: int = 250,
) -> go.Figure:
    """Horizontal bars; each series is (values, colour, pattern), and the text stands at the bar's end."""
    chart = figure(colours, height, left=label_margin(labels))
    labels = [in_chart(label) for label in labels]
    for name, (values, colour, pattern) in series.items():
        if not any(values):
            continue
        marker = {"color": colour, "pattern": hatch(pattern, colour, colours)}
        chart.add_bar(
            x=list(values), y=list(labels), name=name, orientation="h", marker=marker, hoverinfo="skip", width=0.62
        )
    totals = [sum(values[i] for values, _, _ in series.values()) for i in range(len(labels))]
    chart.add_scatter(
        x=totals, y=list(labels), mode="text", text=[f" {e}" for e in ends], textposition="middle right",
        textfont={"color": colours.text, "size": 12}, showlegend=False, hoverinfo="skip", cliponaxis=False,
    )  # fmt: skip
    chart.update_layout(barmode="stack", hovermode=False)
    chart.update_layout(margin_r=80)
    chart.update_xaxes(showticklabels=False, range=[0, max([*totals, 0.000001]) * 1.02])
    chart.update_yaxes(autorange="reversed", showgrid=False)
    return chart


def show(chart: go.Figure, key: str, alt: str, pick: Callable[[int], None] | None = None) -> None:
    """Draw a figure without Streamlit's own theme and without a mode bar. `pick`: gets the place, from 0, of the bar or
    point that is clicked on."""
    if pick is None:
        st.plotly_chart(chart, theme=None, key=key, config=CONFIG, alt=alt)
        return
    chosen = pick

    def pass_on() -> None:
        points = st.session_state[key].selection.points
        if points:
            chosen(int(points[0]["point_index"]))

    # plotly tells nobody of a click on what it is not to hover over
    chart.for_each_trace(lambda trace: trace.update(hoverinfo="none") if trace.hoverinfo == "skip" else None)
    if chart.layout.hovermode is False:
        chart.update_layout(hovermode="closest")
    st.plotly_chart(
        chart, theme=None, key=key, config=CONFIG, alt=alt, on_select=pass_on, selection_mode="points",
    )  # fmt: skip


def card(title: str, unit: str, key: str) -> Any:
    """A bordered card whose title stands left and unit right; use as a context manager."""
    box = st.container(border=True, key=key)
    with box, st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**", width="content")
        st.space("stretch")
        st.caption(unit, width="content")
    return box


def panel(
    title: str,
    unit: str,
    key: str,
    draw: Callable[[], go.Figure],
    rows: Callable[[], list[dict[str, Any]]],
    pick: Callable[[int], None] | None = None,
    version: str = "",
    *,
    above: Callable[[], None] | None = None,
    alt: str | None = None,
) -> None:
    """A card with a figure, or the same numbers as a table when that is asked for. `version`: another for each other
    set of marks, so that what was clicked on in one is not clicked on in the next. `above` draws what stands over
    both; `alt`: what the figure is called where the title says too little."""
    box = st.container(border=True, key=f"{key}_card")
    with box:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{title}**", width="content")
            st.space("stretch")
            st.caption(unit, width="content")
            as_table = st.toggle(t("Table"), key=f"{key}_as_table")
        if above is not None:
            above()
        if as_table:
            st.dataframe(rows(), hide_index=True, row_height=34, height=250, key=f"{key}_table", alt=alt or title)
        else:
            show(draw(), f"{key}_chart_{version}", alt or title, pick)


def metric(
    label: str,
    value: str,
    delta: Delta | str | None = None,
    *,
    good: str = "up",
    history: Sequence[float | None] = (),
    help: str | None = None,
) -> None:
    """A metric card of one height, with a sparkline where there is a history.

    `good`: ``up`` or ``down`` colours the delta, ``none`` leaves it gray. Red only when worse; words in place of a
    change, and a change of nothing, are gray.
    """
    changed = isinstance(delta, Delta) and delta.change != 0
    colour: Any = {"up": "normal", "down": "inverse", "none": "off"}[good] if changed else "off"
    arrow: Any = "auto" if changed else "off"
    with st.container(border=True, height=168, gap="small"):
        st.metric(
            label,
            value,
            delta.text if isinstance(delta, Delta) else delta,
            delta_color=colour,
            delta_arrow=arrow,
            help=help,
        )
        if sum(value is not None for value in history) > 1:
            # Not chart_data: it brings a chart library of a megabyte, and marks without a name for a screen reader.
            st.html(sparkline(history, palette()))


def sparkline(history: Sequence[float | None], colours: Palette, height: int = 44) -> str:
    """How a number went, as a line without numbers, straight over times that have none (at least two have one); what it
    is now stands beside it in words."""
    known = {100 * n / (len(history) - 1): value for n, value in enumerate(history) if value is not None}
    low, high = min(known.values()), max(known.values())
    # nothing all the time lies on the ground, the same all the time half-way up
    shares = {x: (value - low) / (high - low) if high > low else 0.5 if high else 0.0 for x, value in known.items()}
    points = " ".join(f"{x:.2f},{38 - 36 * share:.2f}" for x, share in shares.items())
    svg = (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 40' preserveAspectRatio='none'>"
        f"<polygon points='{min(known):.2f},40 {points} {max(known):.2f},40' "
        f"fill='{colours.primary}' fill-opacity='.12'/>"
        f"<polyline points='{points}' fill='none' stroke='{colours.primary}' stroke-width='1.5' "
        "vector-effect='non-scaling-stroke'/></svg>"
    )
    data = base64.b64encode(svg.encode()).decode()
    return f"<img alt='' src='data:image/svg+xml;base64,{data}' style='display:block;width:100%;height:{height}px'>"
