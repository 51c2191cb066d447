"""Graphs of a story: its plot lines through the beats, its tension and mood, how its people stand to each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from workbench.json_types import JsonObject
from workbench.ui.charts import Palette, faint, figure
from workbench.ui.language import t
from workbench.ui.markup import in_chart, shorten

if TYPE_CHECKING:
    import plotly.graph_objects as go


#: more labels on the arrows of one graph would lie over each other
LABELLED = 8


def plot_lines(
    acts: Sequence[JsonObject], lines: Sequence[JsonObject], titles: Mapping[str, str], colours: Palette
) -> go.Figure:
    """A lane for each plot line over the beats in their order; a diamond where there is no way back, and below all how
    far the story has escalated. `titles`: line type → its name."""
    beats = [beat for act in acts for beat in act["beats"]]
    place = {beat["name"]: n for n, beat in enumerate(beats, start=1)}
    names = [in_chart(shorten(f"{titles[line['line_type']]} · {line['driver']}", 34)) for line in lines]
    chart = figure(colours, 90 + 44 * len(lines) + 90, left=180 if lines else 44, legend=False)
    floor = -1.4
    chart.add_bar(
        x=list(range(1, len(beats) + 1)), y=[beat["escalation"] / 10 for beat in beats], base=floor, width=0.5,
        marker={"color": colours.border}, customdata=[in_chart(f"{b['name']} · {b['escalation']}/10") for b in beats],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    for number, line in enumerate(lines):
        lane = len(lines) - 1 - number
        at = sorted({place[name] for name in line["key_interlocks"] if name in place})
        turn = place.get(line["point_of_no_return"])
        colour = colours.series[number % len(colours.series)]
        whole = sorted({*at, *([turn] if turn else [])})
        chart.add_scatter(
            x=whole, y=[lane] * len(whole), mode="lines+markers", line={"color": colour, "width": 3},
            marker={"size": 11, "color": colours.background, "line": {"color": colour, "width": 2.5}},
            customdata=[in_chart(beats[x - 1]["name"]) for x in whole], hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
        if turn:
            chart.add_scatter(
                x=[turn], y=[lane], mode="markers", marker={"size": 15, "symbol": "diamond", "color": colour},
                customdata=[in_chart(f"{t('Point of no return')}: {beats[turn - 1]['name']}")],
                hovertemplate="%{customdata}<extra></extra>",
            )  # fmt: skip
    start = 0.5
    for act in acts:
        end = start + len(act["beats"])
        chart.add_annotation(
            x=(start + end) / 2, y=1.0, yref="paper", yanchor="bottom", showarrow=False,
            # its name would run into the next one's on a narrow screen
            text=in_chart(t("Act {n}", n=act["act"])), hovertext=in_chart(act["name"]),
        )  # fmt: skip
        if end < len(beats):
            chart.add_vline(x=end, line={"color": colours.border, "width": 1})
        start = end
    chart.update_layout(hovermode="closest", margin_t=30)
    ticks = list(range(1, len(beats) + 1))
    chart.update_xaxes(
        range=[0.4, len(beats) + 0.6], tickmode="array", tickvals=ticks, ticktext=[str(n) for n in ticks]
    )
    lanes = [*range(len(lines)), floor + 0.5]
    chart.update_yaxes(
        range=[floor - 0.1, len(lines) - 0.4], tickmode="array",
        tickvals=lanes, ticktext=[*reversed(names), in_chart(t("Escalation"))], showgrid=False, rangemode="normal",
    )  # fmt: skip
    return chart


def emotions(points: Sequence[JsonObject], colours: Palette) -> go.Figure:
    """Tension from 0 to 10 as a filled line, and the mood from despair to joy as a dashed one, in the story's order."""
    chart = figure(colours, 300, left=40)
    at = list(range(1, len(points) + 1))
    words = [in_chart(p["label"] + (f" · {p['beat_name']}" if p.get("beat_name") else "")) for p in points]
    chart.add_scatter(
        x=at, y=[p["tension"] for p in points], name=t("Tension"), mode="lines+markers", fill="tozeroy",
        line={"color": colours.primary, "width": 2.5, "shape": "spline", "smoothing": 0.6}, marker={"size": 6},
        fillcolor=faint(colours.primary), customdata=words, hovertemplate="%{y:.1f} · %{customdata}<extra></extra>",
    )  # fmt: skip
    chart.add_scatter(
        x=at, y=[p["valence"] for p in points], name=t("Mood"), mode="lines+markers", yaxis="y2",
        line={"color": colours.orange, "width": 2, "dash": "dash", "shape": "spline", "smoothing": 0.6},
        marker={"size": 6, "symbol": "square"}, hovertemplate="%{y:+.1f}<extra></extra>",
    )  # fmt: skip
    chart.update_yaxes(range=[0, 10.8], tickvals=[0, 5, 10])
    chart.update_layout(
        margin_r=64,
        yaxis2={
            "overlaying": "y", "side": "right", "range": [-5.4, 5.4], "showgrid": False, "zeroline": False,
            "fixedrange": True, "tickmode": "array", "tickvals": [-5, 0, 5],
            "ticktext": [in_chart(t("despair")), "0", in_chart(t("joy"))],
        },
    )  # fmt: skip
    every = max(1, math.ceil(len(points) / 14))
    named = [(n, _point_name(p)) for n, p in zip(at, points, strict=True)][::every]
    chart.update_xaxes(
        range=[0.6, len(points) + 0.4],
        tickmode="array",
        tickvals=[n for n, _ in named],
        ticktext=[in_chart(word) for _, word in named],
    )
    return chart


def _point_name(point: JsonObject) -> str:
    episode = t("E{n}", n=int(point["episode_order"]))
    return f"{episode}·{int(point['scene_order'])}" if point.get("scene_order") else episode


def relations(people: Mapping[str, str], ties: Sequence[tuple[str, str, str, int, str]], colours: Palette) -> go.Figure:
    """People on a circle, an arrow for each way one of them stands to another. `people`: name → colour; `ties`: from,
    to, label, intensity 1–10, colour."""
    chart = figure(colours, 420, left=12, legend=False)
    spots = _circle(list(people))
    both = {(a, b) for a, b, *_ in ties}
    for a, b, label, intensity, colour in ties:
        if a not in spots or b not in spots:
            continue
        x, y = _curve(spots[a], spots[b], 0.16 if (b, a) in both else 0.05)
        chart.add_scatter(
            x=x, y=y, mode="lines", line={"color": colour, "width": 0.8 + intensity * 0.4}, opacity=0.85,
            hoverinfo="skip",
        )  # fmt: skip
        middle = len(x) // 2
        chart.add_scatter(
            x=[x[middle]], y=[y[middle]], mode="markers", marker={"size": 9, "color": colour},
            customdata=[in_chart(f"{a} → {b}: {label} · {intensity}/10")], hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
        if len(ties) <= LABELLED:
            chart.add_annotation(
                x=x[middle], y=y[middle], yshift=13, showarrow=False, text=in_chart(shorten(label, 26)),
                bgcolor=colours.background, borderpad=1,
            )  # fmt: skip
        chart.add_annotation(
            x=x[-3], y=y[-3], ax=x[-6], ay=y[-6], xref="x", yref="y", axref="x", ayref="y", showarrow=True, text="",
            arrowhead=2, arrowsize=1, arrowwidth=1.6, arrowcolor=colour,
        )  # fmt: skip
    for name, (x0, y0) in spots.items():
        chart.add_scatter(
            x=[x0], y=[y0], mode="markers", hoverinfo="skip",
            marker={"size": 26, "color": people[name], "line": {"color": colours.background, "width": 3}},
        )  # fmt: skip
        chart.add_annotation(
            x=x0, y=y0, yshift=-24 if y0 < 0.2 else 24, showarrow=False, text=f"<b>{in_chart(shorten(name, 22))}</b>",
            font={"color": colours.text, "size": 13},
        )  # fmt: skip
    chart.update_layout(hovermode="closest", margin={"l": 8, "r": 8, "t": 8, "b": 8})
    chart.update_xaxes(visible=False, range=[-1.5, 1.5])
    low = min(y for _, y in spots.values()) if spots else -1.0
    chart.update_yaxes(visible=False, range=[low - 0.35, 1.35], rangemode="normal")
    return chart


def _circle(names: Sequence[str]) -> dict[str, tuple[float, float]]:
    step = 2 * math.pi / max(1, len(names))
    return {name: (math.sin(step * n), math.cos(step * n)) for n, name in enumerate(names)}


def _curve(a: tuple[float, float], b: tuple[float, float], bend: float) -> tuple[list[float], list[float]]:
    """Points of a bent line from a to b; the other way round it bends to the other side."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    cx, cy = (a[0] + b[0]) / 2 - dy * bend, (a[1] + b[1]) / 2 + dx * bend
    shares = [n / 24 for n in range(25)]
    x = [(1 - s) ** 2 * a[0] + 2 * s * (1 - s) * cx + s**2 * b[0] for s in shares]
    y = [(1 - s) ** 2 * a[1] + 2 * s * (1 - s) * cy + s**2 * b[1] for s in shares]
    return x, y
