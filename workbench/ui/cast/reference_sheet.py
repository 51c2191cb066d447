"""The reference sheet of a character or a place: its looks, the candidates of each, and the pick."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from workbench.api.workflows import Cell
from workbench.artifacts import sheets
from workbench.db.rows.story import ArtifactVersion
from workbench.json_types import JsonObject
from workbench.ui import job_bar, labels, live, media, missing_parts, shell, states, uploads
from workbench.ui.language import t
from workbench.ui.markup import plain
from workbench.ui.studio import looks, reasons, versions

#: kind of element → (what its sheet is, what draws it)
SHEETS = {
    "character": ("character_sheet", "generate_character_sheet"),
    "world_element": ("place_sheet", "generate_place_sheet"),
}
#: why it is stale, so many of them
REASONS = 3
#: so many candidates a click
DRAWN = 2


def draw(node_id: int, kind: str, name: str, language: str) -> None:
    """A card with every look; without a sheet, the ways to one."""
    sheet, workflow = SHEETS[kind]
    artifact = live.workbench().artifact(node_id, sheet)
    cell = next((c for c in live.workbench().workflows.list_cells(node_id) if c.workflow.name == workflow), None)
    with st.container(border=True, key=f"reference_sheet_{node_id}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('Reference sheet')}**", width="content")
            st.caption(t("every frame and clip goes by it"), width="content")
            if cell is not None and artifact is not None:
                states.badge(cell.state)
            st.space("stretch")
            if artifact is not None:
                shell.small(versions.version_meta(artifact), labels.time_text(artifact.created_at))
                versions.show_versions(node_id, sheet, artifact)
        if cell is not None and cell.stale_reasons:
            _stale(node_id, cell)
        job_bar.draw(_slot(node_id))
        if cell is not None:
            missing_parts.draw(cell.job)
        if artifact is not None:
            versions.show_comparison(node_id, sheet)
        usual = sheets.USUAL.get(language, sheets.USUAL["en"])
        if artifact is None and cell is not None and cell.unmet:
            for issue in cell.unmet:
                st.markdown(f":gray[{plain(labels.issue_text(issue))}]")
            return
        if artifact is None:
            st.markdown(f":gray[{plain(_what_for(kind, name))}]")
            with st.container(horizontal=True, gap="small"):
                _draw_button(node_id, workflow, {}, t("Draw the sheet"), "first", primary=True)
                _bring(node_id, usual, "first")
                _new_look(node_id, workflow)
            return
        for number, look in enumerate(artifact.content["looks"]):
            why = cell.stale_reasons if cell is not None else ()
            stale = any(reason.touches(sheets.look_part(look["name"])) for reason in why)
            _look(node_id, workflow, artifact, look, number, name, stale=stale)
        _new_look(node_id, workflow)


def _stale(node_id: int, cell: Cell) -> None:
    """Why it is, and the way to have the stale looks drawn anew; what was picked stays among the candidates."""
    if cell.state in states.ACTIVE:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"stale_sheet_{node_id}"):
        with st.container(width="stretch", gap=None):
            for reason in reasons.distinct(cell.stale_reasons)[:REASONS]:
                st.markdown(f":orange[:material/update:] :gray[{reasons.sentence(reason)}]")
        st.button(
            t("Update"), key=f"update_sheet_{node_id}", icon=":material/refresh:", type="primary",
            disabled=job_bar.find_active(_slot(node_id)) is not None,
            help=t("Draws anew the looks that are stale; the pictures that are there stay among the candidates."),
            on_click=_submit, args=(node_id, cell.workflow.name, {}),
        )  # fmt: skip


def _what_for(kind: str, name: str) -> str:
    if kind == "character":
        return t(
            "{name} has none yet: views from the front, three-quarter, from behind, and the face. With it they look "
            "the same in every shot.",
            name=name,
        )
    return t("{name} has none yet: the whole place, the other way, and what it is known by.", name=name)


def _look(
    node_id: int, workflow: str, artifact: ArtifactVersion, look: Mapping[str, Any], number: int, name: str, *,
    stale: bool,
) -> None:  # fmt: skip
    slot = f"{node_id}_{number}"
    with st.container(key=f"look_{slot}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            looks.name(look)
            if stale and len(artifact.content["looks"]) > 1:
                states.badge("stale")
            st.space("stretch")
            _edit_look(node_id, artifact, look, slot)
        looks.tell(look, name)
        if len(look["candidates"]) > 1:
            _candidates(node_id, artifact, look, slot, name)
        with st.container(horizontal=True, gap="small"):
            params = {"look": look["name"], "candidates": DRAWN, "new_candidates": bool(look["candidates"])}
            label = t("Draw {n} more", n=DRAWN) if look["candidates"] else t("Draw this look")
            _draw_button(node_id, workflow, params, label, slot, primary=not look["candidates"])
            _bring(node_id, look["name"], slot)


def _candidates(node_id: int, artifact: ArtifactVersion, look: Mapping[str, Any], slot: str, name: str) -> None:
    with st.container(horizontal=True, gap="small", key=f"sheet_candidates_{slot}"):
        for number, candidate in enumerate(look["candidates"], start=1):
            chosen = candidate["media"] == look["chosen"]
            with st.container(width=150, gap=None):
                media.picture(candidate["media"], looks.alt_of(look, name, number), small=True)
                st.button(
                    t("Chosen") if chosen else t("Pick {n}", n=number),
                    key=f"pick_sheet_{slot}_{number}",
                    icon=":material/check_circle:" if chosen else ":material/radio_button_unchecked:",
                    type="tertiary",
                    disabled=chosen,
                    on_click=_change,
                    args=(node_id, artifact, sheets.pick_picture, look["name"], candidate["media"]),
                )


def _change(node_id: int, seen: ArtifactVersion, change: Callable[..., JsonObject], *args: Any) -> None:
    _save(node_id, seen, change, *args)


def _save(node_id: int, seen: ArtifactVersion, change: Callable[..., JsonObject], *args: Any) -> bool:
    """Save what a change makes of the version that was seen; False when it was refused, a newer one for instance."""
    saved = False
    with shell.show_refusals():
        now = live.workbench().artifact(node_id, seen.kind)
        # the same version names its scenes by other numbers once they have moved
        content = change(now.content if now is not None and now.version == seen.version else seen.content, *args)
        live.workbench().artifacts.save(node_id, seen.kind, content, seen.version, shell.user())
        shell.toast(t("Saved. What was made from it is marked stale."))
        saved = True
    live.invalidate()
    return saved


def _edit_look(node_id: int, artifact: ArtifactVersion, look: Mapping[str, Any], slot: str) -> None:
    with st.popover(t("Edit"), icon=":material/edit:", key=f"edit_look_{slot}", type="tertiary"):
        keys = _fields_of(slot, artifact.version)
        st.text_input(t("Look"), look["name"], max_chars=80, key=keys[0])
        st.text_area(t("In words"), look["words"], max_chars=1200, key=keys[1], help=_words_help())
        _follow_scenes(keys[2], sheets.write_spans(look["spans"]))
        st.text_input(t("Scenes"), key=keys[2], help=_scenes_help())
        with st.container(horizontal=True, gap="small"):
            st.button(
                t("Save"), key=f"save_look_{slot}", type="primary", icon=":material/save:",
                on_click=_save_look, args=(node_id, artifact, look["name"], slot),
            )  # fmt: skip
            st.button(
                t("Take away"), key=f"drop_look_{slot}", type="tertiary", icon=":material/delete:",
                disabled=len(artifact.content["looks"]) < 2, help=t("Older versions keep it."),
                on_click=_change, args=(node_id, artifact, sheets.drop_look, look["name"]),
            )  # fmt: skip


def _words_help() -> str:
    return t("Hair, clothes, what they carry; told wherever no picture can be")


def _scenes_help() -> str:
    return t("Such as 1.2–1.4, 2.3–: from scene 3 of episode 2 on; 2.3.5 is a shot")


def _fields_of(slot: str, version: int) -> list[str]:
    return [f"look_{field}_{slot}_v{version}" for field in ("name", "words", "scenes")]


def _follow_scenes(key: str, worn: str) -> None:
    """Show in a field where a look is worn, anew once its scenes have moved."""
    shown = st.session_state.get(_shown(key))
    if key not in st.session_state or shown not in (None, worn):
        st.session_state[key] = worn
    st.session_state[_shown(key)] = worn


def _shown(key: str) -> str:
    return f"_{key}_shown"


def _save_look(node_id: int, artifact: ArtifactVersion, look: str, slot: str) -> None:
    """Save what was typed of a look; where it is refused it stays in the fields, those of a newer version too."""
    keys = _fields_of(slot, artifact.version)
    typed = [str(st.session_state.get(key) or "").strip() for key in keys]
    name, words, scenes = typed
    told: JsonObject = {"name": name or look, "words": words}
    try:
        # what was left as it was shown goes on naming the same scenes, should they have moved since
        if scenes != st.session_state.get(_shown(keys[2])):
            told["spans"] = sheets.read_spans(scenes)
    except ValueError as error:
        st.session_state["_refused"] = t("“{piece}” names no scenes; write 1.2, 1.2–1.4 or 2.3–", piece=str(error))
        return
    if not _save(node_id, artifact, sheets.change_look, look, told):
        now = live.workbench().artifact(node_id, artifact.kind)
        there = _fields_of(slot, now.version if now else artifact.version)
        for key, text in zip(there, typed if "spans" in told else typed[:2], strict=False):
            st.session_state[key] = text


def _new_look(node_id: int, workflow: str) -> None:
    with st.popover(t("New look"), icon=":material/add:", key=f"new_look_{node_id}", type="tertiary"):
        keys = [f"new_look_{field}_{node_id}" for field in ("name", "words", "scenes")]
        st.text_input(t("Look"), key=keys[0], max_chars=80, placeholder=t("short hair"))
        st.text_area(t("In words"), key=keys[1], max_chars=1200, help=_words_help())
        st.text_input(t("Scenes"), key=keys[2], help=_scenes_help(), placeholder="2.3–")
        drop = f"new_look_{node_id}"
        brought = uploads.offer(drop, t("Pictures of your own, in place of drawn ones"))
        if not brought:
            st.button(
                t("Draw this look"), key=f"new_look_go_{node_id}", type="primary", icon=":material/brush:",
                on_click=_draw_new, args=(node_id, workflow, *keys),
            )  # fmt: skip
            return
        _show_brought(brought)
        st.button(
            t("Begin the look with it") if len(brought) == 1 else t("Begin the look with these {n}", n=len(brought)),
            key=f"new_look_place_{node_id}", type="primary", icon=":material/check:",
            on_click=_place_new, args=(node_id, drop, [(b.media.sha256, b.name) for b in brought], *keys),
        )  # fmt: skip


def _read_new(*keys: str) -> list[str] | None:
    """Name, words and scenes as they were typed; None, and why, where there is no name."""
    typed = [str(st.session_state.get(key) or "").strip() for key in keys]
    if typed[0]:
        return typed
    st.session_state["_refused"] = t("A new look needs a name.")
    return None


def _draw_new(node_id: int, workflow: str, *keys: str) -> None:
    if (typed := _read_new(*keys)) is not None:
        _submit(node_id, workflow, dict(zip(("look", "words", "scenes"), typed, strict=True)))


def _place_new(node_id: int, drop: str, pictures: list[tuple[str, str]], *keys: str) -> None:
    """Begin a look with pictures of one's own: nothing is drawn."""
    if (typed := _read_new(*keys)) is not None and _place(node_id, typed[0], drop, pictures, *typed[1:]):
        for key in keys:
            st.session_state[key] = ""


def _draw_button(node_id: int, workflow: str, params: JsonObject, label: str, slot: str, *, primary: bool) -> None:
    st.button(
        label, key=f"draw_sheet_{node_id}_{slot}", icon=":material/brush:", type="primary" if primary else "secondary",
        disabled=job_bar.find_active(_slot(node_id)) is not None, on_click=_submit, args=(node_id, workflow, params),
    )  # fmt: skip


def _submit(node_id: int, workflow: str, params: JsonObject) -> None:
    job_bar.submit(_slot(node_id), node_id, workflow, params)


def _slot(node_id: int) -> str:
    return f"_sheet_job_{node_id}"


def _bring(node_id: int, look: str, slot: str) -> None:
    """Pictures of one's own as candidates of a look."""
    key = f"sheet_{node_id}_{slot}"
    with st.popover(t("Bring your own"), icon=":material/add_photo_alternate:", key=f"bring_{key}", type="tertiary"):
        st.caption(t("Photographs or drawings; the last one is picked, and new looks are drawn from it."))
        brought = uploads.offer(key, t("Pictures"))
        if not brought:
            return
        _show_brought(brought)
        st.button(
            t("Put it on the sheet") if len(brought) == 1 else t("Put {n} on the sheet", n=len(brought)),
            key=f"place_{key}", type="primary", icon=":material/check:",
            on_click=_put, args=(node_id, look, key, [(b.media.sha256, b.name) for b in brought]),
        )  # fmt: skip


def _show_brought(brought: list[uploads.Brought]) -> None:
    with st.container(horizontal=True, gap="small"):
        for item in brought:
            media.picture(item.media.sha256, item.name, small=True, width=96)


def _put(node_id: int, look: str, key: str, pictures: list[tuple[str, str]]) -> None:
    _place(node_id, look, key, pictures)


def _place(
    node_id: int, look: str, key: str, pictures: list[tuple[str, str]], words: str = "", scenes: str = ""
) -> bool:
    """Whether they were taken; why not is said instead."""
    taken = False
    with shell.show_refusals():
        live.workbench().artifacts.place_sheet_pictures(
            node_id, look, pictures, shell.user(), words=words, scenes=scenes
        )  # fmt: skip
        uploads.clear(key)
        shell.toast(t("Saved. What was made from it is marked stale."))
        taken = True
    live.invalidate()
    return taken
