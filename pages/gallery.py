"""Gallery: every picture of a story; filter, zoom, compare candidates, pick, download."""

from __future__ import annotations

from typing import Any

import streamlit as st

from workbench.errors import ReelwrightError
from workbench.ui import entry, filters, frame, gallery, live, pictures, sheet, states, storyboard, words
from workbench.ui.charts import palette
from workbench.ui.language import t
from workbench.ui.markup import plain, safe, shortened

entry.through_app()
wb = live.workbench()
PAGE = 24


def wanted(name: str, known: list[int]) -> int:
    value = st.query_params.get(name, "")
    return int(value) if value.isdigit() and int(value) in known else known[0]


def choose(name: str, label: str, titles: dict[int, str]) -> int:
    """A select whose truth is the URL."""
    slot = f"gallery_{name}"

    def changed() -> None:
        st.query_params[name] = str(st.session_state[slot])

    st.session_state[slot] = wanted(name, list(titles))
    return int(st.selectbox(label, list(titles), format_func=titles.__getitem__, key=slot, on_change=changed))


def sidebar() -> tuple[int, list[gallery.Picture], list[gallery.Picture]]:
    """The episode, its pictures, and those that the filters leave."""
    with st.sidebar:
        st.markdown(f"**{t('Filters')}**")
        names = {p["id"]: p["title"] for p in wb.project_names()}
        project = choose("project", t("Project"), names)
        outline = live.outline(project, project)
        episodes = {
            n["id"]: words.node_title("episode", n["position"], n["title"])
            for n in outline["nodes"]
            if n["kind"] == "episode"
        }
        if not episodes:
            return project, [], []
        episode = choose("episode", t("Episode"), episodes)
        scenes = [
            n for n in live.outline(project, episode)["nodes"] if n["kind"] == "scene" and n["parent_id"] == episode
        ]
        titles = {0: t("All scenes")} | {n["id"]: words.node_title("scene", n["position"], n["title"]) for n in scenes}
        scene = choose("scene", t("Scene"), titles)
        found = [p for n in scenes if scene in (0, n["id"]) for p in gallery.of_scene(n)]
        people = sorted({name for p in found for name in p.people})
        framings = {name: storyboard.framing(name) for name in storyboard.FRAMINGS}
        framing = filters.select("framing", t("Framing"), framings, t("All"))
        person = filters.select("person", t("Person"), {name: name for name in people}, t("All"))
        candidates = filters.switch("candidates", t("All candidates"), t("Also pictures that were not chosen"))
        stale = filters.switch("stale", t("Only stale"), t("Whose shot has changed since"))
    return (
        project,
        found,
        gallery.filtered(found, candidates=candidates, framing=framing or None, person=person or None, stale=stale),
    )


def grid(shown: list[gallery.Picture], project: int) -> None:
    colours = palette()
    st.html(
        "<style>.st-key-gallery_grid{display:grid!important;grid-template-columns:repeat(4,minmax(0,1fr));gap:.9rem 1rem}"
        ".st-key-gallery_grid>*{width:100%!important;min-width:0}.st-key-gallery_grid img{border-radius:.35rem;width:100%;"
        "aspect-ratio:16/10;object-fit:contain;background:" + colours.panel + "}"
        ".st-key-gallery_grid [data-testid='stImage'],.st-key-gallery_grid [data-testid='stImageContainer']{width:100%}"
        ".st-key-gallery_grid button{padding:0;min-height:1.5rem;white-space:nowrap}"
        ".st-key-gallery_grid [class*='st-key-gname_']{height:1.9rem;overflow:hidden;flex-wrap:nowrap}"
        "@media(max-width:900px){.st-key-gallery_grid{grid-template-columns:repeat(3,minmax(0,1fr))}}"
        "@media(max-width:640px){.st-key-gallery_grid{grid-template-columns:repeat(2,minmax(0,1fr))}}</style>"
    )
    with st.container(key="gallery_grid"):
        for number, picture in enumerate(shown):
            with st.container(key=f"picture_{number}", gap=None):
                st.image(str(wb.media_path(picture.media, thumbnail=True)), width="stretch")
                with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"gname_{number}"):
                    label = f"**{picture.scene['position']}.{picture.shot['order']}** {storyboard.framing(picture.shot['framing'])}"
                    st.button(
                        label, key=f"zoom_{picture.scene['id']}_{picture.key}_{picture.media[:8]}", type="tertiary",
                        on_click=sheet.open_frame, args=(picture.scene["id"], picture.key, picture.media),
                        help=t("Zoom, candidates, edit"),
                    )  # fmt: skip
                    if picture.stale:
                        states.badge("stale")
                    elif (
                        picture.chosen
                        and len([p for p in shown if p.key == picture.key and p.scene["id"] == picture.scene["id"]]) > 1
                    ):
                        st.badge(t("Chosen"), icon=":material/check_circle:", color="green")
                st.html(
                    f"<div style='color:{colours.muted};font-size:.86rem;line-height:1.3;height:2.3rem;overflow:hidden' "
                    f"title='{safe(picture.shot['caption'])}'>{safe(shortened(picture.shot['caption'], 60))}</div>"
                )


def page_of(pictures_shown: list[gallery.Picture]) -> list[gallery.Picture]:
    """One page of the pictures, never all at once."""
    pages = -(-len(pictures_shown) // PAGE)
    if pages < 2:
        return pictures_shown
    at = (
        st.segmented_control(
            t("Page"), range(1, pages + 1), default=1, key=f"gallery_page_{pages}", label_visibility="collapsed"
        )
        or 1
    )
    return pictures_shown[(at - 1) * PAGE : at * PAGE]


def empty(sentence: str, project: int | None) -> None:
    with pictures.empty(sentence, "gallery"):
        if project is None:
            if st.button(t("Go to projects"), key="to_projects", type="primary", icon=":material/folder_open:"):
                st.switch_page("pages/projects.py")
        elif st.button(t("Go to the studio"), key="to_studio", type="primary", icon=":material/movie_edit:"):
            st.switch_page("pages/studio.py", query_params={"project": str(project), "node": str(project)})


def heading(found: list[gallery.Picture], shown: list[gallery.Picture]) -> None:
    note = t("{n} of {all} pictures", n=len(shown), all=len(found)) if found else ""
    with frame.title(t("Gallery"), note):
        st.space("stretch")
        if shown:
            slot = "_gallery_zip"
            key = "_".join(sorted(p.media[:12] for p in shown))
            ready: dict[str, Any] = st.session_state.get(slot) or {}
            if ready.get("key") == key:
                st.download_button(
                    t("Download {n} pictures", n=len(shown)), ready["data"], file_name="storyboard.zip", mime="application/zip",
                    icon=":material/download:", type="primary", key="gallery_download",
                )  # fmt: skip
            elif st.button(t("Pack {n} pictures", n=len(shown)), icon=":material/folder_zip:", key="gallery_pack"):
                st.session_state[slot] = {"key": key, "data": gallery.zipped(shown)}
                st.rerun()


def main() -> None:
    if not wb.project_names():
        empty(t("There is no story to work on yet."), None)
        return
    project, found, shown = sidebar()
    heading(found, shown)
    frame.show_refusal()
    if not found:
        empty(t("There are no pictures here yet. Run a scene in the studio to draw its frames."), project)
        return
    if not shown:
        st.caption(t("No picture matches these filters."))
    grid(page_of(shown), project)
    sheet.dialog_if_asked(project)


try:
    main()
except ReelwrightError as error:
    st.error(plain(words.of_error(error)), icon=":material/error:")
