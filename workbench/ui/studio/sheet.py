"""The nine-shot sheet: a scene's frames that fill while they are drawn, each with its candidates."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from workbench.api.workflows import Cell as StudioCell
from workbench.json_types import JsonObject
from workbench.ui import labels, live, media, missing_parts, shell, states
from workbench.ui.charts import Palette, palette
from workbench.ui.gallery import pictures
from workbench.ui.language import t
from workbench.ui.markup import plain, safe, shorten
from workbench.ui.studio import own_pictures, storyboard, viewer
from workbench.ui.studio.viewer import KEYS


@dataclass(frozen=True)
class Cell:
    """One place of the sheet. `media` None: not drawn yet. `state`: fresh, stale, queued, running, missing or
    failed."""

    key: str
    shot: JsonObject
    media: str | None
    state: str
    candidates: int = 0
    #: the sheets that the picture was drawn from, in words
    drawn_from: str = ""


def cells_of(
    shots: list[JsonObject], content: JsonObject | None, stale: set[int], *,
    drawn: Mapping[str, str] | None = None,
    busy: Mapping[str, str] | None = None, failed: Mapping[str, str] | None = None,
) -> list[Cell]:  # fmt: skip
    """The nine places from the plan, the pictures there are, and what a job has drawn, draws and will draw."""
    frames = {f["key"]: f for f in (content or {}).get("frames", [])}
    cells = []
    for key, shot in zip(KEYS, shots, strict=False):
        known = frames.get(key)
        media = (drawn or {}).get(key) or (known["chosen"] if known else None)
        state = "missing" if media is None else "stale" if shot["order"] in stale else "fresh"
        if key in (drawn or {}):
            state = "fresh"
        elif key in (busy or {}):
            state = (busy or {})[key]
        elif key in (failed or {}):
            state = "failed"
        candidates = known["candidates"] if known else []
        shown: JsonObject = next((c for c in candidates if c["media"] == media), {})
        cells.append(Cell(key, shot, media, state, len(candidates), labels.drawn_from(shown)))
    return cells


def draw(node_id: int, cell: StudioCell) -> None:
    """The sheet of a scene: what each frame shows, with the pictures there are; live while a job draws."""
    plan = live.workbench().artifact(node_id, viewer.PROMPT)
    if plan is None:
        return
    job, artifact = cell.job, cell.artifact
    content = artifact.content if artifact else None
    source = (job.params or {}).get("source") if job is not None else None
    told = live.workbench().artifacts.list_shots([node_id], group=source)[node_id]
    ratio = (content or {}).get("aspect_ratio") or plan.content["shots"][0]["camera"]["aspect"]
    stale = {order for order in range(1, 10) if pictures.is_stale(order, cell.stale_reasons)}
    active = job is not None and job.state in states.ACTIVE

    # One fragment whether a job draws or not: the pictures stay where they are when it begins and when it ends.
    @shell.fragment(run_every=1.0 if active else None)
    def frames() -> None:
        shots = told.shown
        if active and job is not None:
            drawn, busy = _at_work(job.id, content)
            now = told.shown if source is None else told.of(source)
            shots = [now[n] if key in drawn or key in busy else shots[n] for n, key in enumerate(KEYS)]
            _grid(node_id, cells_of(shots, content, stale, drawn=drawn, busy=busy), ratio)
        else:
            _grid(node_id, cells_of(shots, content, stale, failed=failed), ratio)

    failed = missing_parts.reasons_of(job)
    frames()
    with st.container(horizontal=True, horizontal_alignment="right"):
        own_pictures.draw(node_id, told.shown, {f["key"] for f in (content or {}).get("frames", [])})
    with st.container():
        for key, why in failed.items():
            st.markdown(f":red[:material/error:] **{KEYS.index(key) + 1}** :gray[{plain(shorten(why, 160))}]")
    viewer.draw_dialog(node_id, plan, artifact)


def _at_work(job_id: int, content: JsonObject | None) -> tuple[dict[str, str], dict[str, str]]:
    """What a job has drawn (frame → picture), and what it draws now and will draw (frame → state)."""
    steps = live.query(live.workbench().jobs.list_steps, job_id=job_id)
    job = live.query(live.workbench().jobs.get, job_id)
    drawn, busy = {}, {}
    for step in steps:
        key = step.name  # the step of a frame has its key as its name
        if step.state == "done" and (step.output or {}).get("images"):
            drawn[key] = step.output["images"][-1]["media"]
        elif step.state == "sent":
            busy[key] = "running" if job.state == "running" else "queued"
    wanted = (job.params or {}).get("keys") or KEYS
    have = {f["key"] for f in (content or {}).get("frames", [])}
    for key in wanted:
        if key not in drawn and key not in busy and (key not in have or (job.params or {}).get("keys")):
            busy[key] = "queued"
    return drawn, busy


def _grid(node_id: int, cells: list[Cell], ratio: str) -> None:
    colours = palette()
    # the stylesheet gives the frames of this key their shape
    shape = f"frames_{ratio.replace(':', 'x')}_{node_id}"
    with st.container(key=shape), st.container(key=f"sheet_{node_id}"):
        for cell in cells:
            _place(node_id, cell, ratio, colours)


def _place(node_id: int, cell: Cell, ratio: str, colours: Palette) -> None:
    shot = cell.shot
    with st.container(key=f"shot_{node_id}_{cell.key}", gap=None):
        if cell.media is None:
            st.html(placeholder(ratio, colours, cell.state))
        else:
            media.picture(cell.media, viewer.describe(shot), small=True)
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"name_{node_id}_{cell.key}"):
            label = f"**{shot['order']}** {storyboard.framing(shot['framing'])}"
            st.button(
                label, key=f"open_{node_id}_{cell.key}", type="tertiary", help=t("Zoom, candidates, edit"),
                on_click=viewer.open_frame, args=(node_id, cell.key),
            )  # fmt: skip
            if cell.state not in ("fresh", "missing"):
                states.badge(cell.state)
        st.html(
            f"<div style='color:{colours.muted};font-size:.86rem;line-height:1.3;height:2.3rem;overflow:hidden' "
            f"title='{safe(shot['caption'])}'>{safe(shorten(shot['caption'], 64))}</div>"
            f"{sources_line(cell.drawn_from, colours)}"
        )


def sources_line(drawn_from: str, colours: Palette) -> str:
    """What a picture was drawn from as one line of a tile; nothing where that is words alone."""
    if not drawn_from:
        return ""
    return (
        f"<div style='color:{colours.muted};font-size:.78rem;white-space:nowrap;overflow:hidden;"
        f"text-overflow:ellipsis' title='{safe(drawn_from)}'>{safe(drawn_from)}</div>"
    )


def placeholder(ratio: str, colours: Palette, state: str) -> str:
    """A frame that is not drawn yet: crop marks and a cross, in the picture's own shape."""
    width, height = (int(n) * 20 for n in ratio.split(":"))
    mark = colours.primary if state == "running" else colours.border
    inset, arm = min(width, height) * 0.08, min(width, height) * 0.12
    corners = "".join(
        f"<path d='M{x} {y + dy} V{y} H{x + dx}'/>"
        for x, y, dx, dy in (
            (inset, inset, arm, arm), (width - inset, inset, -arm, arm),
            (inset, height - inset, arm, -arm), (width - inset, height - inset, -arm, -arm),
        )
    )  # fmt: skip
    cx, cy = width / 2, height / 2
    svg = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'>"
        f"<rect width='{width}' height='{height}' fill='{colours.panel}'/>"
        f"<g fill='none' stroke='{mark}' stroke-width='{min(width, height) / 110:.2f}' stroke-linecap='round'>{corners}"
        f"<path d='M{cx - arm / 2} {cy} H{cx + arm / 2} M{cx} {cy - arm / 2} V{cy + arm / 2}'/></g></svg>"
    )
    data = base64.b64encode(svg.encode()).decode()
    return (
        f"<img alt='' src='data:image/svg+xml;base64,{data}' style='display:block;border:1px solid {colours.border}'>"
    )
