"""The nine-shot sheet: a scene's frames that fill while they are drawn, each with its candidates."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from workbench.api.workflows import Cell as StudioCell
from workbench.artifacts.storyboard import frame_key
from workbench.db.rows.story import ArtifactVersion
from workbench.errors import Conflict
from workbench.json_types import JsonObject
from workbench.ui import job_links, labels, live, parts, shell, states
from workbench.ui.charts import Palette, palette
from workbench.ui.gallery import pictures
from workbench.ui.language import t
from workbench.ui.markup import plain, safe, shorten
from workbench.ui.studio import storyboard
from workbench.ui.studio.editing import begin_edit, cell_key

IMAGES, PROMPT = "generate_keyframe_images", "keyframe_prompt"
#: set when a pick was saved from the dialog
_CHANGED = "_frames_changed"
KEYS = [frame_key(order) for order in range(1, 10)]


@dataclass(frozen=True)
class Cell:
    """One place of the sheet. `media` None: not drawn yet. `state`: fresh, stale, queued, running, missing or
    failed."""

    key: str
    shot: JsonObject
    media: str | None
    state: str
    candidates: int = 0


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
        cells.append(Cell(key, shot, media, state, len(known["candidates"]) if known else 0))
    return cells


def draw(node_id: int, cell: StudioCell) -> None:
    """The sheet of a scene: from the nine-shot plan, with the pictures there are; live while a job draws."""
    plan = live.workbench().artifact(node_id, PROMPT)
    if plan is None:
        return
    job, artifact = cell.job, cell.artifact
    content = artifact.content if artifact else None
    ratio = (content or {}).get("aspect_ratio") or plan.content["shots"][0]["camera"]["aspect"]
    stale = {order for order in range(1, 10) if pictures.is_stale(order, cell.stale_reasons)}
    active = job is not None and job.state in states.ACTIVE

    # One fragment whether a job draws or not: the pictures stay where they are when it begins and when it ends.
    @st.fragment(run_every=1.0 if active else None)
    def frames() -> None:
        shots = plan.content["shots"]
        if active and job is not None:
            drawn, busy = _at_work(job.id, content)
            _grid(node_id, cells_of(shots, content, stale, drawn=drawn, busy=busy), ratio)
        else:
            _grid(node_id, cells_of(shots, content, stale, failed=failed), ratio)

    failed = {
        f["item"]: f["error"]
        for f in ((job.result or {}).get("failed", []) if job and job.state == "partial" else ())
        if "item" in f
    }
    frames()
    with st.container():
        for key, why in failed.items():
            st.markdown(f":red[:material/error:] **{KEYS.index(key) + 1}** :gray[{plain(shorten(str(why), 160))}]")
    _draw_open_dialog(node_id, plan, artifact)


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
            st.image(str(live.workbench().media.path(cell.media, thumbnail=True)), width="stretch")
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"name_{node_id}_{cell.key}"):
            label = f"**{shot['order']}** {storyboard.framing(shot['framing'])}"
            st.button(
                label, key=f"open_{node_id}_{cell.key}", type="tertiary", on_click=open_frame, args=(node_id, cell.key),
                help=t("Zoom, candidates, edit"),
            )  # fmt: skip
            if cell.state not in ("fresh", "missing"):
                states.badge(cell.state)
        st.html(
            f"<div style='color:{colours.muted};font-size:.86rem;line-height:1.3;height:2.3rem;overflow:hidden' "
            f"title='{safe(shot['caption'])}'>{safe(shorten(shot['caption'], 64))}</div>"
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


# One frame: large, with its candidates, and what can be done with it.


def open_frame(node_id: int, key: str, media: str | None = None) -> None:
    """Open a frame's dialog on the next run, at one of its candidates."""
    st.session_state["_frame"] = (node_id, key)
    st.session_state.pop("_plan", None)  # a page shows one dialog at a time
    if media is not None:
        st.session_state[f"candidate_{node_id}_{key}"] = media
    parts.redraw(cell_key(node_id, IMAGES))


def close_frame() -> None:
    st.session_state.pop("_frame", None)


def draw_requested_dialog(project: int) -> None:
    """The dialog of the frame that was asked for, on a page other than its scene's."""
    request = st.session_state.get("_frame")
    if request is None:
        return
    node_id = int(request[0])
    plan = live.workbench().artifact(node_id, PROMPT)
    if plan is not None:
        _draw_open_dialog(node_id, plan, live.workbench().artifact(node_id, "keyframe_images"), project)


def _draw_open_dialog(
    node_id: int, plan: ArtifactVersion, artifact: ArtifactVersion | None, project: int | None = None
) -> None:
    request = st.session_state.get("_frame")
    if request and request[0] == node_id:
        _dialog(node_id, request[1], plan, artifact, project)


def _dialog(
    node_id: int, key: str, plan: ArtifactVersion, artifact: ArtifactVersion | None, project: int | None
) -> None:
    shot = plan.content["shots"][KEYS.index(key)]

    # It stays open while the page behind it is drawn anew.
    @st.dialog(plain(f"{shot['order']} · {storyboard.framing(shot['framing'])}"), width="large", on_dismiss=close_frame)
    def show_dialog() -> None:
        if st.session_state.pop(_CHANGED, False):
            st.rerun()  # the page behind shows the frame too
        known = next((f for f in artifact.content["frames"] if f["key"] == key), None) if artifact else None
        st.markdown(plain(shot["caption"]))
        if artifact and known is not None:
            _picture(node_id, key, known, artifact)
        else:
            st.caption(t("Not drawn yet."))
        with st.container(horizontal=True, gap="small"):
            if st.button(
                t("Draw another"), key=f"another_{node_id}_{key}", icon=":material/add_photo_alternate:",
                help=t("A further candidate beside these"),
            ):  # fmt: skip
                _another(node_id, key, known is not None)
                close_frame()
                st.rerun()
            if project is not None:
                st.page_link(
                    "pages/studio.py", label=t("Open in the studio"), icon=":material/movie_edit:",
                    query_params={"project": str(project), "node": str(node_id)},
                )  # fmt: skip
            elif st.button(t("Edit this shot"), key=f"edit_{node_id}_{key}", icon=":material/edit:"):
                begin_edit(node_id, PROMPT, plan, part=shot["order"])
                close_frame()
                st.rerun()

    show_dialog()


def _picture(node_id: int, key: str, known: JsonObject, artifact: ArtifactVersion) -> None:
    wb = live.workbench()
    slot = f"candidate_{node_id}_{key}"
    medias = [c["media"] for c in known["candidates"]]
    looked_at = st.session_state.get(slot)
    shown = str(looked_at if looked_at in medias else known["chosen"])
    beside = len(medias) > 1 and st.toggle(
        t("Side by side"), key=f"beside_{node_id}_{key}", help=t("All candidates of this frame, as large as they fit")
    )
    if not beside:
        st.image(str(wb.media.path(shown)), width="stretch")
        _provenance(node_id, shown, known)
    if len(medias) > 1:
        _candidates(node_id, key, known, artifact, large=beside)
    clash = st.session_state.get(f"clash_{node_id}_{key}")
    if clash:
        _clash(node_id, key, clash)
    st.download_button(
        t("Download"), wb.media.path(shown).read_bytes(),
        file_name=f"{KEYS.index(key) + 1:02d}-{key}{wb.media.path(shown).suffix}",
        icon=":material/download:", type="tertiary", key=f"download_{node_id}_{key}",
    )  # fmt: skip


def _candidates(node_id: int, key: str, known: JsonObject, artifact: ArtifactVersion, *, large: bool) -> None:
    """Each candidate with its button; small below the picture, or large beside one another."""
    wb = live.workbench()
    columns = st.columns(2) if large else []
    with st.container(horizontal=True, gap="small", key=f"candidates_{node_id}_{key}"):
        for number, candidate in enumerate(known["candidates"], start=1):
            with columns[(number - 1) % 2] if large else st.container(width=150, gap=None):
                st.image(str(wb.media.path(candidate["media"], thumbnail=not large)), width="stretch")
                chosen = candidate["media"] == known["chosen"]
                # The callback has the version that was on the screen, whatever was saved since.
                st.button(
                    t("Chosen") if chosen else t("Pick {n}", n=number),
                    key=f"pick_{node_id}_{key}_{number}",
                    icon=":material/check_circle:" if chosen else ":material/radio_button_unchecked:",
                    type="tertiary", disabled=chosen, on_click=_pick,
                    args=(node_id, key, candidate["media"], artifact.version),
                )  # fmt: skip
                if large:
                    _provenance(node_id, candidate["media"], known)


def _provenance(node_id: int, media: str, known: JsonObject) -> None:
    """Which model drew a picture, when, in which version, and the job with its prompt and price."""
    maker = pictures.maker(node_id, media)
    candidate = next(c for c in known["candidates"] if c["media"] == media)
    facts = [candidate["model"], f"{candidate['width']} × {candidate['height']}"]
    if maker is not None:
        facts += [f"v{maker.version}", labels.age_text(maker.created_at)]
    link = f" · [{t('job {id}', id=maker.job_id)}]({job_links.href(maker.job_id)})" if maker and maker.job_id else ""
    st.markdown(f":gray[{plain(' · '.join(facts))}{link}]")


def choose_candidate(content: JsonObject, key: str, media: str) -> JsonObject:
    """The artifact's content with another candidate chosen."""
    frames = [{**f, "chosen": media} if f["key"] == key else f for f in content["frames"]]
    return {**content, "frames": frames}


def _pick(node_id: int, key: str, media: str, seen: int) -> None:
    """Choose a candidate as a new version after the one that was seen; somebody else's newer version is shown
    instead."""
    wb = live.workbench()
    with shell.show_refusals():
        head = wb.artifact(node_id, "keyframe_images")
        if head is None:
            return
        try:
            wb.artifacts.save(
                node_id, "keyframe_images", choose_candidate(head.content, key, media), seen, shell.user()
            )
        except Conflict:
            st.session_state[f"clash_{node_id}_{key}"] = media
            return
        shell.toast(t("Picked. What was made from it is marked stale."))
    for slot in (f"clash_{node_id}_{key}", f"candidate_{node_id}_{key}"):
        st.session_state.pop(slot, None)
    st.session_state[_CHANGED] = True
    live.invalidate()


def _clash(node_id: int, key: str, mine: str) -> None:
    """Somebody saved these frames first: both pictures side by side, and the reader chooses."""
    theirs = live.workbench().artifact(node_id, "keyframe_images")
    if theirs is None:
        return
    other = next((f["chosen"] for f in theirs.content["frames"] if f["key"] == key), None)
    st.warning(
        t("Version {n} was saved meanwhile. Left is its picture, right is yours.", n=theirs.version),
        icon=":material/call_split:",
    )
    left, right = st.columns(2)
    wb = live.workbench()
    with left:
        if other:
            st.image(str(wb.media.path(other, thumbnail=True)), width="stretch")
        if st.button(t("Take theirs"), key=f"clash_theirs_{node_id}_{key}", icon=":material/check:"):
            st.session_state.pop(f"clash_{node_id}_{key}", None)
            st.rerun()
    with right:
        st.image(str(wb.media.path(mine, thumbnail=True)), width="stretch")
        st.button(
            t("Keep mine, as a new version"), key=f"clash_mine_{node_id}_{key}", type="primary", icon=":material/save:",
            on_click=_pick, args=(node_id, key, mine, theirs.version),
        )  # fmt: skip


def _another(node_id: int, key: str, drawn: bool) -> None:
    with shell.show_refusals():
        params = {"keys": [key], "new_candidate": drawn}
        job = live.workbench().submit(IMAGES, node_id, params, user=shell.user())
        shell.toast(t("Launched as job {id}.", id=job.id))
    live.invalidate()
