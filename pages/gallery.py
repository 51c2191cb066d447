"""Gallery: every picture and clip of a story; filter, zoom, compare candidates, pick, download."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import streamlit as st

from workbench.db.rows.story import SceneEntry
from workbench.errors import ReelwrightError
from workbench.plain_text import whole_number
from workbench.ui import filters, illustrations, labels, live, media, project_picker, shell, states
from workbench.ui.cast import elements
from workbench.ui.charts import palette
from workbench.ui.gallery import pictures as gallery
from workbench.ui.language import t
from workbench.ui.markup import plain, safe, shorten, tell_apart
from workbench.ui.studio import clips, sheet, storyboard, viewer

wb = live.workbench()
#: pictures on a page, about
PAGE = 27
#: so many can be packed at once; more are packed episode by episode
PACKED = 400


@dataclass(frozen=True)
class Filters:
    """What the filters ask for. `people`: the names of the person chosen; `person`: as the URL has it."""

    project: int
    episode: int
    scene: int
    framing: str
    people: list[str]
    candidates: bool
    stale: bool

    @property
    def per_scene(self) -> int:
        """About so many pictures a scene has under these filters."""
        return 1 if self.framing else 9

    def all_of(self, scenes: list[SceneEntry]) -> list[gallery.Picture]:
        return gallery.select(
            gallery.of_scenes(scenes), candidates=self.candidates, framing=self.framing or None, people=self.people,
            stale=self.stale,
        )  # fmt: skip


def choose(name: str, label: str, titles: dict[int, str], forget: tuple[str, ...], otherwise: int = 0) -> int:
    """A select whose truth is the URL; what no longer fits is let go. `otherwise`: what is chosen without it."""
    slot = f"gallery_{name}"

    def store_choice() -> None:
        for other in (*forget, "page"):
            st.query_params.pop(other, None)
        st.query_params[name] = str(st.session_state[slot])

    param = st.query_params.get(name, "")
    st.session_state[slot] = chosen if (chosen := whole_number(param)) in titles else otherwise
    return int(st.selectbox(label, list(titles), format_func=titles.__getitem__, key=slot, on_change=store_choice))


def sidebar() -> Filters:
    with st.sidebar:
        st.markdown(f"**{t('Filters')}**")
        names = tell_apart({p.id: p.title for p in wb.projects.list_names()})
        project = choose("project", t("Project"), names, ("episode", "scene", "person"), project_picker.current(names))
        everywhere = gallery.scenes(project)
        titles = {n.id: n.title for n in live.outline(project, project).nodes if n.kind == "episode"}
        episodes = {s.episode: s.number for s in everywhere}
        named = {e: labels.node_title("episode", n, titles.get(e, "")) for e, n in episodes.items()}
        episode = choose("episode", t("Episode"), {0: t("All episodes"), **named}, ("scene",))
        scene = 0
        if episode:
            own = {s.id: labels.node_title("scene", s.position, s.title) for s in everywhere if s.episode == episode}
            scene = choose("scene", t("Scene"), {0: t("All scenes"), **own}, ())
        cast = {
            str(r.content["name"]): r.content for r in elements.library(project, "character", archived=False, typed="")
        }
        framings = {name: storyboard.framing(name) for name in storyboard.FRAMINGS}
        framing = filters.select("framing", t("Framing"), framings, t("All"))
        person = filters.select("person", t("Person"), {name: name for name in cast}, t("All"))
        people = [person, *(cast[person].get("aliases") or [])] if person else []
        candidates = filters.switch("candidates", t("All candidates"), t("Also pictures that were not chosen"))
        stale = filters.switch("stale", t("Only stale"), t("Whose shot has changed since"))
    return Filters(project, episode, scene, framing, people, candidates, stale)


def matching(wanted: Filters) -> list[SceneEntry]:
    """The scenes that can hold what is wanted, before any of their content is read."""
    scenes = gallery.scenes(wanted.project, wanted.episode or None)
    if wanted.scene:
        scenes = [s for s in scenes if s.id == wanted.scene]
    if wanted.people:
        scenes = gallery.with_person(scenes, wanted.project, wanted.people)
    return gallery.stale_scenes(scenes) if wanted.stale else scenes


def page_of(scenes: list[SceneEntry], wanted: Filters) -> list[SceneEntry]:
    """The scenes of the page in the URL."""
    size = max(1, PAGE // wanted.per_scene)
    pages = max(1, -(-len(scenes) // size))
    param = st.query_params.get("page", "1")
    at = min(max(whole_number(param) or 1, 1), pages)
    if pages > 1:
        turn(at, pages)
    return scenes[(at - 1) * size : at * size]


def turn(at: int, pages: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="gallery_pages"):
        st.caption(t("Page {n} of {all}", n=at, all=pages), width="content")
        st.space("stretch")
        for label, icon, to, key in (
            (t("Earlier scenes"), "chevron_left", at - 1, "page_before"),
            (t("Later scenes"), "chevron_right", at + 1, "page_after"),
        ):
            st.button(
                label, key=key, icon=f":material/{icon}:", type="tertiary", disabled=not 1 <= to <= pages,
                icon_position="right" if to > at else "left",
                on_click=st.query_params.__setitem__, args=("page", str(to)),
            )  # fmt: skip


def scene_row(shown: list[gallery.Picture], project: int) -> None:
    """A scene's name, the way to it, and its pictures to take away."""
    scene = shown[0].scene
    title = labels.node_title("scene", scene.position, scene.title)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"scene_{scene.id}"):
        st.markdown(f":gray[{t('E{n}', n=scene.number)}] **{plain(shorten(title, 90))}**", width="content")
        if stale := len({p.key for p in shown if p.stale}):
            states.badge("stale", stale)
        st.space("stretch")
        st.page_link(
            "pages/studio.py", label=t("Open in the studio"), icon=":material/movie_edit:", width="content",
            query_params={"project": str(project), "node": str(scene.id)},
        )  # fmt: skip
        st.download_button(
            "", gallery.packer(shown), file_name=f"{gallery.file_name(title)}.zip", mime="application/zip",
            type="tertiary",
            icon=":material/download:", key=f"pack_{scene.id}", on_click="ignore", help=t("Download these pictures"),
        )  # fmt: skip


def grid(shown: list[gallery.Picture], key: str, *, places: bool) -> None:
    colours = palette()
    with st.container(key=f"grid_{key}"):
        for picture in shown:
            own = f"{picture.scene.id}_{picture.key}_{picture.media[:8]}"
            with st.container(key=f"picture_{own}", gap=None):
                media.picture(picture.media, viewer.describe(picture.shot), small=True)
                with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"gname_{own}"):
                    number = f"{picture.scene.position}.{picture.shot['order']}" if places else picture.shot["order"]
                    st.button(
                        f"**{number}** {storyboard.framing(picture.shot['framing'])}", key=f"zoom_{own}",
                        type="tertiary",
                        on_click=viewer.open_frame, args=(picture.scene.id, picture.key, picture.media),
                        help=t("Zoom, candidates, edit"),
                    )  # fmt: skip
                    mark(picture)
                st.html(
                    f"<div "
                    f"style='color:{colours.muted};font-size:.84rem;line-height:1.3;height:2.25rem;overflow:hidden' "
                    f""
                    f"title='{safe(picture.shot['caption'])}'>{safe(shorten(picture.shot['caption'], 56))}</div>"
                    f"{sheet.sources_line(picture.drawn_from, colours)}"
                )


def mark(picture: gallery.Picture | gallery.Clip) -> None:
    if isinstance(picture, gallery.Picture) and picture.stale:
        states.badge("stale")
    elif picture.of > 1 and picture.chosen:
        st.badge(t("1 of {n}", n=picture.of), icon=":material/check_circle:", color="green", help=t("The chosen one"))
    elif not picture.chosen:
        st.badge(t("Candidate"), color="gray")


def clip_row(scenes: list[SceneEntry], project: int) -> None:
    """The clips of these scenes, each with its length and the way to its scene."""
    shown = gallery.clips(scenes)
    if not shown:
        return
    st.markdown(f"**{t('Clips')}**")
    columns = st.columns(3)
    for n, clip in enumerate(shown):
        with columns[n % 3], st.container(border=True, key=f"clip_{clip.media[:12]}"):
            media.clip(clip.media)
            title = labels.node_title("scene", clip.scene.position, clip.scene.title)
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.caption(
                    f"{plain(shorten(title, 60))} · {labels.duration_text(clip.seconds * 1000)}", width="content"
                )
                if clip.shot is not None:
                    st.badge(plain(clips.shot_name(clip.scene.id, clip.shot)), color="violet")
                if clip.shot is None or clip.chosen:
                    mark(clip)
                st.space("stretch")
                st.page_link(
                    "pages/studio.py", label="", icon=":material/movie_edit:", help=t("Open in the studio"),
                    query_params={"project": str(project), "node": str(clip.scene.id)}, width="content",
                )  # fmt: skip


def empty(sentence: str, project: int) -> None:
    with illustrations.empty(sentence, "gallery"):
        if st.button(t("Go to the studio"), key="to_studio", type="primary", icon=":material/movie_edit:"):
            st.switch_page("pages/studio.py", query_params={"project": str(project), "node": str(project)})


def heading(scenes: list[SceneEntry], wanted: Filters) -> None:
    note = t("scenes with pictures: {n}", n=len(scenes)) if scenes else ""
    with shell.title(t("Gallery"), note):
        st.space("stretch")
        if scenes and len(scenes) * wanted.per_scene <= PACKED:
            st.download_button(
                t("Download all"), pack_all(scenes, wanted), file_name="storyboard.zip", mime="application/zip",
                icon=":material/folder_zip:", key="gallery_download", on_click="ignore",
                help=t("A folder for each scene, files named by shot and framing"),
            )  # fmt: skip


def pack_all(scenes: list[SceneEntry], wanted: Filters) -> Callable[[], bytes]:
    """Reads the scenes when the button is pressed, not before."""
    return lambda: gallery.packer(wanted.all_of(scenes))()


def main() -> None:
    if not wb.projects.list_names():
        project_picker.none_yet("gallery")
        return
    wanted = sidebar()
    scenes = matching(wanted)
    heading(scenes, wanted)
    shell.show_refusal()
    if not scenes:
        if wanted.people or wanted.stale or wanted.scene or wanted.episode:
            st.caption(t("No picture matches these filters."))
        else:
            empty(t("There are no pictures here yet. Run a scene in the studio to draw its frames."), wanted.project)
        return
    on_page = page_of(scenes, wanted)
    shown = wanted.all_of(on_page)
    if not shown:
        st.caption(t("No picture matches these filters."))
    tiles = gallery.shape(wanted.project)
    if wanted.framing:
        grid(shown, f"{tiles}_flat", places=True)
    else:
        for node, group in groupby(shown, key=lambda p: p.scene.id):
            own = list(group)
            scene_row(own, wanted.project)
            grid(own, f"{tiles}_{node}", places=False)
    clip_row(on_page, wanted.project)
    viewer.draw_requested_dialog(wanted.project)


try:
    main()
except ReelwrightError as error:
    st.error(plain(labels.error_text(error)), icon=":material/error:")
