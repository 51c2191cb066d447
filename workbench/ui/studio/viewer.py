"""One frame of a scene, large: its candidates, the frames before and after it, and what can be done with it."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from workbench.artifacts.panels import shot_range
from workbench.artifacts.storyboard import frame_key
from workbench.db.rows.story import ArtifactVersion
from workbench.errors import Conflict, NotFound, Unavailable
from workbench.json_types import JsonObject
from workbench.story.frame_shots import FrameShots
from workbench.ui import budgets, formats, job_bar, job_links, labels, live, media, parts, shell
from workbench.ui.gallery import pictures
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys, plain
from workbench.ui.studio import board, own_pictures, ranking, storyboard
from workbench.ui.studio.editing import begin_edit, cell_key

IMAGES, PROMPT, FRAMES = "generate_keyframe_images", "keyframe_prompt", "keyframe_images"
RANKING = "rank_keyframe_candidates"
#: set when a pick was saved from the dialog
_CHANGED = own_pictures.CHANGED
KEYS = [frame_key(order) for order in range(1, 10)]


def describe(shot: JsonObject) -> str:
    """What a frame shows, for those who do not see it."""
    return str(hide_keys(f"{shot['order']} · {storyboard.framing(shot['framing'])}: {shot['caption']}"))


def open_frame(node_id: int, key: str, media: str | None = None) -> None:
    """Open a frame's dialog on the next run, at one of its candidates."""
    st.session_state["_frame"] = (node_id, key)
    for other in ("_plan", "_conductor"):  # a page shows one dialog at a time
        st.session_state.pop(other, None)
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
        draw_dialog(node_id, plan, live.workbench().artifact(node_id, FRAMES), project)


def draw_dialog(
    node_id: int, plan: ArtifactVersion, artifact: ArtifactVersion | None, project: int | None = None
) -> None:
    """The dialog of the scene's frame that was asked for, if one was. `project`: on another page than the scene's."""
    request = st.session_state.get("_frame")
    if not request or request[0] != node_id:
        return
    given = [artifact]

    # It stays open while the page behind it is drawn anew.
    @shell.dialog(t("Frames of this scene"), width="large", on_dismiss=close_frame)
    def show_dialog() -> None:
        if st.session_state.pop(_CHANGED, False):
            live.redraw_page()  # the page behind shows the frame too
        # what this run knows, and asked anew when the dialog is drawn by itself
        now = given.pop() if given else live.workbench().artifact(node_id, FRAMES)
        key = st.session_state.get("_frame", request)[1]
        _content(node_id, key, plan, now, project)

    show_dialog()


def _content(
    node_id: int, key: str, plan: ArtifactVersion, artifact: ArtifactVersion | None, project: int | None
) -> None:
    shots = live.workbench().artifacts.list_shots([node_id])[node_id]
    looked_at = st.session_state.get(f"candidate_{node_id}_{key}")
    shot, source = shots.find(key, looked_at), shots.source(key, looked_at)
    known = next((f for f in artifact.content["frames"] if f["key"] == key), None) if artifact else None
    with st.container(key="viewer"):
        _step_row(node_id, key, str(shot["framing"]), len(KEYS))
        st.markdown(plain(shot["caption"]))
        if artifact and known is not None:
            _picture(node_id, key, shots, known, artifact)
        else:
            st.caption(t("Not drawn yet."))
        _clips_of_shot(node_id, key)
        with st.container():
            shell.show_refusal()
            # the new candidate is the chosen one
            job_bar.draw(_job_slot(node_id, key), lambda: st.session_state.pop(f"candidate_{node_id}_{key}", None))
        own_pictures.draw_for_shot(node_id, key, shots.shown)
        with st.container(horizontal=True, gap="small"):
            _best_of(node_id, key)
            st.button(
                t("Draw another"), key=f"another_{node_id}_{key}", icon=":material/add_photo_alternate:",
                help=t("A further candidate beside these"),
                disabled=job_bar.find_active(_job_slot(node_id, key)) is not None,
                on_click=_another, args=(node_id, key, known is not None, source),
            )  # fmt: skip
            if project is not None:
                st.page_link(
                    "pages/studio.py", label=t("Open in the studio"), icon=":material/movie_edit:",
                    query_params={"project": str(project), "node": str(node_id)},
                )  # fmt: skip
            elif st.button(t("Edit this shot"), key=f"edit_{node_id}_{key}", icon=":material/edit:"):
                if source is None:
                    begin_edit(node_id, PROMPT, plan, part=shot["order"])
                else:
                    board.begin_edit_group(node_id, source)
                close_frame()
                live.redraw_page()


def _clips_of_shot(node_id: int, key: str) -> None:
    """The clips that somebody has brought for this shot alone."""
    video = live.workbench().artifact(node_id, "scene_video")
    for clip in (c for c in reversed(video.content["clips"] if video else []) if c.get("shot") == key):
        media.clip(clip["media"])
        st.caption(f"{labels.duration_text(clip['seconds'] * 1000)} · {plain(labels.made_by(clip))}")


def _best_of(node_id: int, key: str) -> None:
    """Draw several and have a model look at each: a job, whose ranking stands beside the candidates."""
    with st.popover(
        t("Best of several"), icon=":material/leaderboard:", key=f"best_{node_id}_{key}",
        disabled=job_bar.find_active(_job_slot(node_id, key)) is not None,
    ):  # fmt: skip
        count = st.number_input(t("Candidates"), 2, 8, 4, key=f"best_n_{node_id}_{key}")
        st.caption(t("Missing ones are drawn; a model looks at each: people, hands, framing, text in it. You pick."))
        asked = {"keys": [key], "candidates": int(count)}
        beyond = _tell_price(node_id, key, asked)
        st.button(
            t("Draw and compare"), key=f"best_go_{node_id}_{key}", type="primary", icon=":material/leaderboard:",
            disabled=beyond is False, on_click=_submit, args=(node_id, key, RANKING, asked),
        )  # fmt: skip


def _tell_price(node_id: int, key: str, asked: JsonObject) -> bool | None:
    """What the pictures that are missing and the looks will cost together; as `budgets.ask` answers."""
    guess = live.query(live.workbench().plans.price, RANKING, [node_id], asked)
    if guess is None:
        return None
    cost = formats.price(guess.cost, guess.unpriced, current())
    st.markdown(f":gray[:material/payments: {plain(t('Pictures and looks: {cost}', cost=cost))}]")
    project = live.workbench().projects.get_node(node_id).project_id
    return budgets.ask(project, guess.cost, guess.unpriced, f"best_{node_id}_{key}")


def _step_row(node_id: int, key: str, framing: str, count: int) -> None:
    """Which shot this is, and the way to the one before and the one after, by click or by arrow key."""
    at = KEYS.index(key)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="viewer_steps"):
        st.markdown(f"**{at + 1} · {plain(storyboard.framing(framing))}**", width="content")
        st.space("stretch")
        for label, icon, to, arrow in (
            (t("Previous"), "chevron_left", at - 1, "Left"),
            (t("Next"), "chevron_right", at + 1, "Right"),
        ):
            st.button(
                label, key=f"frame_{arrow}", icon=f":material/{icon}:", type="tertiary", shortcut=arrow,
                icon_position="right" if to > at else "left",
                disabled=not 0 <= to < count, on_click=_step, args=(node_id, to),
            )  # fmt: skip


def _step(node_id: int, to: int) -> None:
    st.session_state["_frame"] = (node_id, KEYS[to])


def _job_slot(node_id: int, key: str) -> str:
    return f"another_job_{node_id}_{key}"


def _picture(node_id: int, key: str, shots: FrameShots, known: JsonObject, artifact: ArtifactVersion) -> None:
    wb = live.workbench()
    slot = f"candidate_{node_id}_{key}"
    medias = [c["media"] for c in known["candidates"]]
    looked_at = st.session_state.get(slot)
    shown = str(looked_at if looked_at in medias else known["chosen"])
    beside = len(medias) > 1 and st.toggle(
        t("Side by side"), key=f"beside_{node_id}_{key}", help=t("All candidates of this frame, as large as they fit")
    )
    if not beside:
        with st.container(key="viewer_picture"):
            media.picture(shown, describe(shots.find(key, shown)))
        _provenance(node_id, shown, known, shots)
    if len(medias) > 1:
        _candidates(node_id, key, shots, known, artifact, large=beside)
    clash = st.session_state.get(f"clash_{node_id}_{key}")
    if clash:
        _clash(node_id, key, clash)
    with suppress(NotFound, Unavailable):  # its place says why
        path = wb.media.path(shown)
        st.download_button(
            t("Download"), path.read_bytes, file_name=f"{KEYS.index(key) + 1:02d}-{key}{path.suffix}",
            mime="image/webp", on_click="ignore",
            icon=":material/download:", type="tertiary", key=f"download_{node_id}_{key}",
        )  # fmt: skip


def _candidates(
    node_id: int, key: str, shots: FrameShots, known: JsonObject, artifact: ArtifactVersion, *, large: bool
) -> None:
    """Each candidate with its button; small below the picture, or large beside one another."""
    columns = st.columns(2) if large else []
    ranks = ranking.of_frame(node_id, key)
    with st.container(horizontal=True, gap="small", key=f"candidates_{node_id}_{key}"):
        for number, candidate in enumerate(known["candidates"], start=1):
            with columns[(number - 1) % 2] if large else st.container(width=150, gap=None):
                words = describe(shots.find(key, candidate["media"]))
                media.picture(candidate["media"], f"{words} ({number})", small=not large)
                if candidate["media"] in ranks:
                    ranking.show(ranks[candidate["media"]], large=large)
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
                    _provenance(node_id, candidate["media"], known, shots)


def _provenance(node_id: int, media: str, known: JsonObject, shots: FrameShots) -> None:
    """Which model drew a picture, when, in which version, of which panel, and the job with its prompt and price."""
    maker = pictures.maker(node_id, media)
    candidate = next(c for c in known["candidates"] if c["media"] == media)
    facts = [labels.made_by(candidate), f"{candidate['width']} × {candidate['height']}"]
    if maker is not None:
        facts += [f"v{maker.version}", labels.age_text(maker.created_at)]
    source = shots.source(str(known["key"]), media)
    if source is not None:
        panel = shot_range(source)[0] + KEYS.index(str(known["key"]))
        facts.append(t("storyboard shot {n}", n=panel))
    if used := labels.drawn_from(candidate):
        facts.append(used)
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
        head = wb.artifact(node_id, FRAMES)
        if head is None:
            return
        try:
            wb.artifacts.save(node_id, FRAMES, choose_candidate(head.content, key, media), seen, shell.user())
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
    theirs = live.workbench().artifact(node_id, FRAMES)
    if theirs is None:
        return
    other = next((f["chosen"] for f in theirs.content["frames"] if f["key"] == key), None)
    st.warning(
        t("Version {n} was saved meanwhile. Left is its picture, right is yours.", n=theirs.version),
        icon=":material/call_split:",
    )
    left, right = st.columns(2)
    with left:
        if other:
            media.picture(other, t("Theirs"), small=True)
        if st.button(t("Take theirs"), key=f"clash_theirs_{node_id}_{key}", icon=":material/check:"):
            st.session_state.pop(f"clash_{node_id}_{key}", None)
            live.redraw_page()
    with right:
        media.picture(mine, t("Yours"), small=True)
        st.button(
            t("Keep mine, as a new version"), key=f"clash_mine_{node_id}_{key}", type="primary", icon=":material/save:",
            on_click=_pick, args=(node_id, key, mine, theirs.version),
        )  # fmt: skip


def _another(node_id: int, key: str, drawn: bool, source: str | None) -> None:
    """One more of what is looked at."""
    _submit(node_id, key, IMAGES, {"keys": [key], "new_candidate": drawn, "source": source or "plan"})


def _submit(node_id: int, key: str, workflow: str, params: JsonObject) -> None:
    job_bar.submit(_job_slot(node_id, key), node_id, workflow, params)
