"""Drift: all frames of a character beside their sheet, the least alike first; the worst is drawn again in one click."""

from __future__ import annotations

from statistics import median

import streamlit as st

from workbench.api.likeness import COLOURS, LikenessBoard, LikenessFrame
from workbench.db.rows.story import NodeContent
from workbench.i18n import translate
from workbench.plain_text import whole_number
from workbench.ui import filters, illustrations, labels, live, media, parts, project_picker, shell
from workbench.ui.cast import elements
from workbench.ui.charts import palette
from workbench.ui.gallery import pictures
from workbench.ui.language import current, t
from workbench.ui.markup import plain, safe, shorten, tell_apart
from workbench.ui.studio import storyboard, viewer

wb = live.workbench()
IMAGES = "generate_keyframe_images"
#: frames on a page of the board
PAGE = 60
#: seconds that a page, and then each look at more, takes for frames that nobody has looked at yet
LOOK_S = 1.5
#: by colours and by a model: nearer than this nothing drifts
NEAR = {COLOURS: 0.42}
NEAR_OF_A_MODEL = 0.25
#: a style of ink or fog takes all frames away from the sheet: so many times their middle drifts, and is somebody else
DRIFTS, UNLIKE = 1.25, 1.6


def open_project(project: int) -> None:
    st.query_params["project"] = str(project)
    for name in ("node", "episode", "page"):
        st.query_params.pop(name, None)


def choose_character(project: int) -> NodeContent | None:
    """The character of the URL, else the first."""
    people = {r.node_id: r for r in elements.library(project, "character", archived=False, typed="")}
    if not people:
        return None
    slot = "drift_person"
    asked = whole_number(st.query_params.get("node", ""))
    st.session_state[slot] = asked if asked in people else next(iter(people))
    names = tell_apart({node: str(row.content["name"]) for node, row in people.items()})
    chosen = st.sidebar.selectbox(
        t("Character"), list(names), format_func=names.__getitem__, key=slot,
        on_change=open_character, args=(slot,),
    )  # fmt: skip
    return people[chosen]


def open_character(slot: str) -> None:
    st.query_params["node"] = str(st.session_state[slot])
    st.query_params.pop("page", None)


def choose_episode(project: int) -> int | None:
    """One episode, or None for all."""
    scenes = pictures.scenes(project)
    numbers = {str(s.episode): s.number for s in scenes}
    titles = {n.id: n.title for n in live.outline(project, project).nodes if n.kind == "episode"}
    named = {node: labels.node_title("episode", n, titles.get(int(node), "")) for node, n in numbers.items()}
    with st.sidebar:
        asked = filters.select("episode", t("Episode"), named, t("All episodes"))
    return int(asked) if asked else None


def load(person: int, episode: int | None) -> LikenessBoard:
    """All frames that were looked at so far, and some more. Thousands of them are put together anew more quickly than
    a shared answer is copied."""
    return wb.likeness.board(person, episode=episode, seconds=LOOK_S)


def page(project: int) -> None:
    person = choose_character(project)
    if person is None:
        with illustrations.empty(t("Nobody is in this story yet."), "cast"):
            to_cast(project, None)
        return
    drawn = live.look(f"drift_{person.node_id}", lambda: signature(project, person.node_id))
    episode = choose_episode(project)
    board = load(person.node_id, episode)
    with st.sidebar:
        order = filters.segment(
            "order", t("Order"), {"worst": t("Worst first"), "story": t("As in the story")}, "worst"
        )
    drawing = {(j.node_id, key) for j in live.active_jobs(project) if j.kind == IMAGES for key in job_keys(j.params)}
    heading(project, person, board, drawing)
    if board.waiting:
        look_on(person.node_id, episode, board)
    shell.show_refusal()
    left, right = st.columns([1, 2.6], gap="medium")
    with left:
        sheet_card(project, person, board)
    with right:
        frames(project, board, order, drawing)
    parts.ticker(drawn, bool(drawing))
    viewer.draw_requested_dialog(project)


def look_on(person: int, episode: int | None, shown: LikenessBoard) -> None:
    """How many scenes were looked at so far, while the others are; then the page is drawn with all of them."""

    @shell.fragment(run_every=1.0, key="drift_looking")
    def looking() -> None:
        board = load(person, episode) if live.drawn_alone() else shown
        if not board.waiting:
            live.redraw_page()
        done = board.scenes - board.waiting
        text = t("Looked at {n} of {all} scenes. The worst of these come first.", n=done, all=board.scenes)
        st.progress(done / board.scenes, text=text)

    looking()


def job_keys(params: object) -> list[str]:
    wanted = params.get("keys") if isinstance(params, dict) else None
    return [str(key) for key in wanted] if isinstance(wanted, list) else []


def signature(project: int, person: int) -> object:
    active = [j.id for j in live.active_jobs(project) if j.kind == IMAGES]
    return active, len(pictures.scenes(project)), person


def rank(board: LikenessBoard) -> list[LikenessFrame]:
    """Those with a distance, the least alike first."""
    return sorted((f for f in board.frames if f.distance is not None), key=lambda f: -(f.distance or 0.0))


def heading(project: int, person: NodeContent, board: LikenessBoard, drawing: set[tuple[int | None, str]]) -> None:
    # one job at a time draws a scene
    busy = {node for node, _ in drawing}
    worst = next((f for f in rank(board) if not f.own and f.node_id not in busy), None)
    with shell.title(t("Drift"), plain(board.character)):
        st.space("stretch")
        if worst is not None:
            st.button(
                t("Draw the worst again"), key="draw_worst", type="primary", icon=":material/brush:",
                on_click=draw_again, args=(worst.node_id, worst.key, worst.source),
                help=plain(f"{place(worst)}: {shorten(worst.caption, 80)}"),
            )  # fmt: skip
    distances = [f.distance for f in rank(board) if f.distance is not None]
    if distances:
        measured = (
            t("by colours and shape") if board.measure == COLOURS else t("by the model {name}", name=board.measure)
        )
        st.caption(
            plain(
                t("frames: {n} · measured {how} · half of them are nearer than {median}",
                  n=len(board.frames), how=measured, median=f"{median(distances):.2f}")
            )
        )  # fmt: skip
    if board.problem is not None:
        st.markdown(f":orange[:material/warning:] :gray[{plain(translate(board.problem, current()))}]")


def draw_again(node_id: int, key: str, source: str | None) -> None:
    """A further candidate of what a frame shows; what is there stays beside it."""
    asked = {"keys": [key], "new_candidate": True, "source": source or "plan"}
    with shell.show_refusals():
        job = wb.submit(IMAGES, node_id, asked, user=shell.user())
        shell.toast(t("Launched as job {id}.", id=job.id))
    live.invalidate()


def sheet_card(project: int, person: NodeContent, board: LikenessBoard) -> None:
    with st.container(border=True, key="drift_sheet"):
        st.markdown(f"**{t('Sheet')}**")
        for look in board.looks:
            media.picture(look.media, f"{board.character}: {look.name}")
            st.caption(plain(look.name))
        if not board.looks:
            st.markdown(f":gray[{t('There is no sheet yet: draw one, or bring pictures of your own.')}]")
        to_cast(project, person.node_id)


def to_cast(project: int, node: int | None) -> None:
    st.page_link(
        "pages/cast.py", label=t("Open the cast"), icon=":material/groups:", width="content",
        query_params={"project": str(project), **({"node": str(node)} if node else {})},
    )  # fmt: skip


def frames(project: int, board: LikenessBoard, order: str, drawing: set[tuple[int | None, str]]) -> None:
    if not board.frames:
        st.markdown(f":gray[{t('No drawn frame shows {name} yet.', name=plain(board.character))}]")
        return
    ranked = rank(board)
    unmeasured = [f for f in board.frames if f.distance is None]
    shown = [*ranked, *unmeasured] if order == "worst" else board.frames
    limits = limits_of(board)
    pages = -(-len(shown) // PAGE)
    at = min(max(whole_number(st.query_params.get("page", "1")) or 1, 1), pages)
    if pages > 1:
        turn(at, pages)
    with st.container(key=f"grid_{pictures.shape(project)}_drift"):
        for frame in shown[(at - 1) * PAGE : at * PAGE]:
            tile(frame, limits, (frame.node_id, frame.key) in drawing)


def turn(at: int, pages: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="drift_pages"):
        st.caption(t("Page {n} of {all}", n=at, all=pages), width="content")
        st.space("stretch")
        for label, icon, to, key in (
            (t("Previous"), "chevron_left", at - 1, "page_before"), (t("Next"), "chevron_right", at + 1, "page_after"),
        ):  # fmt: skip
            st.button(
                label, key=key, icon=f":material/{icon}:", type="tertiary", disabled=not 1 <= to <= pages,
                icon_position="right" if to > at else "left",
                on_click=st.query_params.__setitem__, args=("page", str(to)),
            )  # fmt: skip


def limits_of(board: LikenessBoard) -> tuple[float, float]:
    """From which distance on a frame drifts, and from which it is somebody else."""
    near = NEAR.get(board.measure, NEAR_OF_A_MODEL)
    middle = median([f.distance for f in rank(board) if f.distance is not None] or [near])
    drifts = max(near, middle * DRIFTS)
    return drifts, max(near * UNLIKE / DRIFTS, middle * UNLIKE)


def tile(frame: LikenessFrame, limits: tuple[float, float], drawing: bool) -> None:
    own = f"{frame.node_id}_{frame.key}"
    colours = palette()
    with st.container(key=f"picture_{own}", gap=None):
        media.picture(frame.media, f"{place(frame)}: {frame.caption}", small=True)
        with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"gname_{own}"):
            st.button(
                f"**{frame.episode:d}.{frame.scene:d}.{frame.order:d}** {storyboard.framing(frame.framing)}",
                key=f"zoom_{own}", type="tertiary", help=t("Zoom, candidates, edit"),
                on_click=viewer.open_frame, args=(frame.node_id, frame.key, frame.media),
            )  # fmt: skip
        chip(frame, limits, drawing)
        st.html(
            f"<div style='color:{colours.muted};font-size:.84rem;line-height:1.3;height:2.25rem;overflow:hidden' "
            f"title='{safe(frame.caption)}'>{safe(shorten(frame.caption, 56))}</div>"
        )


def chip(frame: LikenessFrame, limits: tuple[float, float], drawing: bool) -> None:
    """How far the frame is from the sheet: colour, icon, word and number."""
    if drawing:
        st.badge(t("being drawn"), icon=":material/progress_activity:", color="violet")
        return
    if frame.distance is None:
        why = t("no sheet to hold it against") if frame.look is None else t("shows too little to tell")
        st.badge(t("not measured"), icon=":material/circle:", color="gray", help=why)
        return
    far, other = limits
    number = f"{frame.distance:.2f}"
    tip = t("0 is the same, 1 has nothing in common. Held against the look “{look}”.", look=plain(frame.look or ""))
    if frame.distance >= other:
        st.badge(t("unlike · {number}", number=number), icon=":material/error:", color="red", help=tip)
    elif frame.distance >= far:
        st.badge(t("drifts · {number}", number=number), icon=":material/warning:", color="orange", help=tip)
    else:
        st.badge(t("alike · {number}", number=number), icon=":material/check_circle:", color="green", help=tip)


def place(frame: LikenessFrame) -> str:
    return f"{t('E{n}', n=frame.episode)} · {frame.scene} · {frame.order} {storyboard.framing(frame.framing)}"


project_picker.with_project("drift", page, open_project)
