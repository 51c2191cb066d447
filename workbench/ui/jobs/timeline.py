"""The timeline of one job: queue, attempts, the steps inside them and the back-off between, as bars.

Rows are computed apart from drawing, so that they can be tested without a browser.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.db.rows.jobs import Attempt, Job, ModelCall, Step
from workbench.ui import charts, formats, labels, states
from workbench.ui.language import current, t
from workbench.ui.markup import in_chart

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Bar:
    """`look` is a state's name or ``reused``; `depth` 0 an attempt, 1 a step. Times are ms since the job was
    created."""

    label: str
    start: int
    end: int
    look: str
    depth: int = 0
    note: str = ""


def _call_bars(calls: Sequence[ModelCall], begin: int, now: int) -> list[Bar]:
    """One bar a step: its calls from the first start to the last end."""
    bars = []
    for step in dict.fromkeys(c.step or "" for c in calls):
        mine = [c for c in calls if (c.step or "") == step]
        last = mine[-1]
        look = states.find(last.outcome).name
        note = str(last.http_status or "") if look == "failed" else ""
        start = min(c.started_at for c in mine) - begin
        end = max((c.ended_at or now) for c in mine) - begin
        bars.append(Bar(step or t("call"), start, max(start, end), look, 1, note))
    return bars


def bars(
    job: Job, attempts: Sequence[Attempt], calls: Sequence[ModelCall], steps: Sequence[Step], now: int
) -> list[Bar]:
    """What a job did, in order."""
    begin = job.created_at
    draw: list[Bar] = []
    ended = begin
    done: dict[str, int] = {s.name: s.updated_at for s in steps if s.state == "done"}
    for number, attempt in enumerate(sorted(attempts, key=lambda a: a.started_at), start=1):
        start, end = attempt.started_at, attempt.ended_at or now
        wait = t("Queued") if number == 1 else t("Waiting between attempts")
        if start - ended > 50:
            draw.append(
                Bar(wait, ended - begin, start - begin, "queued", 0, formats.duration(start - ended, current()))
            )
        look = states.find(attempt.outcome or "running").name
        note = labels.error_title(attempt.error_kind) if look == "failed" else ""
        draw.append(Bar(t("Attempt {n}", n=number), start - begin, end - begin, look, 0, note))
        reused = [name for name, at in done.items() if number > 1 and at and at < start]
        draw += [Bar(name, start - begin, start - begin, "reused", 1, t("reused, free")) for name in reused]
        draw += _call_bars([c for c in calls if c.claim == attempt.claim], begin, now)
        ended = end
    if not draw:
        draw.append(Bar(t("Queued"), 0, (job.finished_at or now) - begin, "queued"))
    return draw


def _looks(colours: charts.Palette) -> dict[str, tuple[str, str, str]]:
    """Look → (legend, colour, pattern)."""
    shown = ("succeeded", "failed", "partial", "running", "waiting", "queued", "cancelled")
    looks = {name: (states.find(name).word, colours.of(states.find(name).colour), "") for name in shown}
    looks["failed"] = (*looks["failed"][:2], charts.CROSS)
    looks["reused"] = (t("Reused, free"), colours.green, charts.HATCH)
    return looks


def draw(rows: Sequence[Bar], colours: charts.Palette) -> go.Figure:
    """The bars as a figure; one row each, labels bold for attempts."""
    total = max((b.end for b in rows), default=1) or 1
    labels = [f"{i}" for i in range(len(rows))]
    chart = charts.figure(colours, 64 + 27 * len(rows), left=charts.label_margin([b.label for b in rows], 180))
    for look, (name, colour, pattern) in _looks(colours).items():
        mine = [(i, b) for i, b in enumerate(rows) if b.look == look]
        if not mine:
            continue
        marker = {
            "color": colour,
            "cornerradius": 3,
            "pattern": charts.hatch(pattern, colour, colours),
        }
        chart.add_bar(
            y=[labels[i] for i, _ in mine],
            # A step that took no time would not be seen at all.
            x=[max(b.end - b.start, total * 0.006) for _, b in mine],
            base=[b.start for _, b in mine],
            width=[0.58 if b.depth == 0 else 0.34 for _, b in mine],
            orientation="h",
            name=name,
            marker=marker,
            customdata=[f"{in_chart(b.label)} · {formats.duration(b.end - b.start, current())}" for _, b in mine],
            hovertemplate="%{customdata}<extra></extra>",
        )
    room = 1.14
    for index, bar in enumerate(rows):
        if bar.note:
            # on a telephone there is no room behind a bar that ends late
            late = bar.end > 0.6 * total
            before = late and bar.start > 0.35 * total
            room = 1.5 if late and not before else room
            chart.add_annotation(
                x=bar.start if before else bar.end,
                y=labels[index],
                text=f" {in_chart(bar.note)} ",
                showarrow=False,
                xanchor="right" if before else "left",
                font={"size": 11, "color": colours.muted},
            )
    names = [f"<b>{in_chart(b.label)}</b>" if b.depth == 0 else in_chart(b.label) for b in rows]
    chart.update_yaxes(
        autorange="reversed",
        showgrid=False,
        tickvals=labels,
        ticktext=names,
        type="category",
        categoryorder="array",
        categoryarray=labels,
    )
    chart.update_xaxes(showgrid=True, gridcolor=colours.border, range=[0, total * room], **charts.durations(total))
    chart.update_layout(barmode="overlay", hovermode="closest")
    return chart
