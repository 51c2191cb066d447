"""People and places of a story: who they are at a glance, each with a sheet of its own that is edited in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import streamlit as st

from workbench.artifacts import kinds
from workbench.db.rows.story import ArtifactVersion, NodeContent, TreeNode
from workbench.errors import InvalidInput, Issue
from workbench.json_types import JsonObject
from workbench.story import elements as story_elements
from workbench.story import leads
from workbench.ui import drafts, forms, labels, live, once, portraits, shell, story_links
from workbench.ui.cast import reference_sheet
from workbench.ui.charts import palette
from workbench.ui.language import t
from workbench.ui.markup import plain, safe, shorten
from workbench.ui.studio import cells, editing, versions

#: a longer list is searched, not scrolled
MOST = 60
SCENES = 12
#: more chips than this crowd the Studio
CAST = 30


# In the Studio: who is in the story, with the way to their page.


def card(project: int, characters: Sequence[TreeNode], world: Sequence[TreeNode]) -> None:
    """Faces and names in a row; a click on the heading's link opens their page."""
    content = brief(project)
    names = [str(n.title) for n in characters]
    with st.container(border=True, key="elements"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('People and places')}**", width="content")
            st.caption(t("characters: {n} · world elements: {m}", n=len(characters), m=len(world)), width="content")
            st.space("stretch")
            st.page_link(
                "pages/cast.py", label=t("Open the cast"), icon=":material/groups:",
                query_params={"project": str(project)}, width="content",
            )  # fmt: skip
        chips = [_chip(project, n, portraits.face(_content(n), names, content, 26)) for n in characters[:CAST]]
        chips += [_chip(project, n, portraits.mark(str(_content(n).get("kind")), 26)) for n in world[:CAST]]
        if chips:
            st.html(f"<div style='display:flex;flex-wrap:wrap;gap:.45rem'>{''.join(chips)}</div>")


def _content(node: TreeNode) -> JsonObject:
    artifact = live.workbench().artifact(node.id, story_links.ELEMENTS[node.kind])
    return artifact.content if artifact else {"name": node.title}


def _chip(project: int, node: TreeNode, picture: str) -> str:
    colours = palette()
    kind = story_links.ELEMENTS[node.kind]
    return (
        f"<a href='/cast?project={project}&kind={kind}&node={node.id}' target='_self' "
        f"style='display:flex;align-items:center;"
        f"gap:.45rem;border:1px solid {colours.border};border-radius:1rem;padding:2px .7rem 2px "
        f"2px;color:{colours.text};"
        f"font-size:.88rem;text-decoration:none'>{picture}<span>{safe(node.title)}</span></a>"
    )


def brief(project: int) -> JsonObject:
    artifact = live.query(live.workbench().artifact, project, "brief")
    return artifact.content if artifact else {}


# On their own page.


def library(project: int, kind: str, *, archived: bool, typed: str) -> list[NodeContent]:
    """The characters or world elements in story order, with their content; only what matches what was typed."""
    rows = live.query(live.workbench().projects.list_contents, project, kind, archived=archived)
    wanted = typed.casefold()
    return [r for r in rows if wanted in _search_text(r.content)] if wanted else list(rows)


def _search_text(content: JsonObject) -> str:
    values = (v if isinstance(v, str) else " ".join(v) for v in content.values())
    return " ".join(values).casefold()


def scenes(project: int) -> list[story_elements.Scene]:
    """Every scene with its cast."""
    return live.query(live.workbench().projects.list_story_scenes, project)


def cast_names(project: int) -> list[str]:
    """The names that drawings give colours by."""
    rows = live.query(live.workbench().projects.list_contents, project, "character", archived=False)
    return [str(r.content["name"]) for r in rows]


def picture(project: int, kind: str, content: JsonObject, size: int) -> str:
    if kind == "character":
        return portraits.face(content, cast_names(project), brief(project), size)
    return portraits.mark(str(content.get("kind")), size)


def listing(project: int, kind: str, rows: Sequence[NodeContent], chosen: int | None) -> None:
    """The list at the left: face, name, what is most worth knowing, in how many scenes."""
    colours = palette()
    all_scenes = scenes(project)
    with st.container(gap=None, key="cast_list"):
        for row in rows[:MOST]:
            content = row.content
            with st.container(
                horizontal=True,
                vertical_alignment="center",
                gap="small",
                key=f"castrow_{'open_' if row.node_id == chosen else ''}{row.node_id}",
            ):
                st.html(picture(project, kind, content, 38), width="content")
                with st.container(gap=None, key=f"castname_{row.node_id}", width="stretch"):
                    st.button(
                        plain(content["name"]), key=f"open_{row.node_id}", type="tertiary",
                        on_click=choose, args=(row.node_id,),
                    )  # fmt: skip
                    st.html(_line(content, kind, colours.muted))
                _side(row, len(story_elements.select_scenes(all_scenes, content, kind)))
        if len(rows) > MOST:
            st.caption(t("and {n} more", n=len(rows) - MOST))


def _line(content: JsonObject, kind: str, muted: str) -> str:
    line = " / ".join(content.get("aliases") or []) or content.get("description") or content.get("appearance") or ""
    if kind == "world_element":
        line = f"{t(forms.CHOICES[str(content.get('kind') or 'custom')])} · {line}"
    return (
        f"<div style='color:{muted};font-size:.84rem;line-height:1.35;white-space:nowrap;overflow:hidden;"
        f"text-overflow:ellipsis'>{safe(shorten(line, 90)) or '—'}</div>"
    )


def _side(row: NodeContent, count: int) -> None:
    if row.archived_at is not None:
        st.badge(t("Archived"), icon=":material/inventory_2:", color="gray")
    elif count:
        shell.small(t("{n} scenes", n=count) if count != 1 else t("1 scene"), t("Scenes it appears in"))


def suggest_sheets(project: int) -> None:
    """Leads whom the brief names and who have no sheet yet, each with the way to one."""
    rows = live.query(live.workbench().projects.list_contents, project, "character", archived=True)
    for lead in leads.find_unlisted_leads(brief(project), [r.content for r in rows]):
        name = str(lead["name"])
        sentence = t("{name} leads the story by its brief and has no sheet yet.", name=name)
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            st.caption(plain(sentence), width="content")
            st.button(
                t("Add a sheet"), key=f"lead_{name}", icon=":material/person_add:", type="tertiary",
                on_click=_add_sheet, args=(project, lead),
            )  # fmt: skip


def _add_sheet(project: int, lead: JsonObject) -> None:
    with shell.show_refusals():
        node = live.workbench().projects.add_element(project, "character", lead, shell.user())
        choose(node)
    live.invalidate()


def choose(node_id: int) -> None:
    st.query_params["node"] = str(node_id)
    st.query_params.pop("add", None)


def adder(project: int, kind: Any) -> None:
    """The form for somebody new, in the place of the sheet."""
    key = f"add_{kind}"
    with st.container(border=True, key=f"{key}_card"):
        st.markdown(f"**{t('Add a character') if kind == 'character' else t('Add a world element')}**")
        with drafts.keep(adder_place(project, kind), key) as draft:
            values = forms.fields(kinds.find(kind).model, key, None, st.session_state.get(f"{key}_issues", []))
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                if st.button(t("Add"), key=f"{key}_go", type="primary", icon=":material/add:"):
                    _add(project, kind, key, values)
                    live.redraw_page()
                if st.button(t("Discard"), key=f"{key}_drop", icon=":material/close:"):
                    _leave(project, kind, key)
                    live.redraw_page()
                draft.show_status()


def adder_place(project: int, kind: str) -> str:
    """Where the draft of somebody new is kept."""
    return f"add/{project}/{kind}"


def _add(project: int, kind: Any, key: str, values: JsonObject) -> None:
    wrong = forms.check(kinds.find(kind).model, values)
    if not wrong:
        try:
            element = once.do(
                "add element",
                [project, kind, values],
                lambda: live.workbench().projects.add_element(project, kind, values, shell.user()),
            )
        except InvalidInput as error:
            wrong = error.issues or [Issue("", error.text)]
        else:
            _leave(project, kind, key)
            st.query_params["node"] = str(element)
            live.invalidate()
            shell.toast(t("{kind} added.", kind=labels.kind_title(kind)))
            return
    st.session_state[f"{key}_issues"] = wrong


def _leave(project: int, kind: str, key: str) -> None:
    forms.forget(key)
    drafts.discard(adder_place(project, kind))
    st.session_state.pop(f"{key}_issues", None)
    st.query_params.pop("add", None)


def draw_element(project: int, kind: str, row: NodeContent, order: Sequence[int]) -> None:
    """One character or world element: what is told of it, its versions, its editor, and where it is in the story."""
    node_id = int(row.node_id)
    artifact = live.workbench().artifact(node_id, kind)
    if artifact is None:
        return
    with st.container(border=True, key=f"element_{node_id}"):
        _head(project, kind, row, artifact, order)
        _stale_after_saving(project, node_id, kind, artifact)
        versions.show_comparison(node_id, kind)
        if not cells.editor(node_id, kind):
            _fields(kind, artifact.content)
    reference_sheet.draw(node_id, kind, str(artifact.content["name"]), str(brief(project).get("language") or "en"))
    _appears(project, kind, node_id, artifact.content)


def _head(project: int, kind: str, row: NodeContent, artifact: ArtifactVersion, order: Sequence[int]) -> None:
    node_id, content = int(row.node_id), artifact.content
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"element_head_{node_id}"):
        st.html(picture(project, kind, content, 84), width="content")
        with st.container(gap="small", width="stretch"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.subheader(plain(content["name"]), anchor=False, width="content")
                if kind == "world_element":
                    st.badge(t(forms.CHOICES[str(content.get("kind") or "custom")]), color="violet")
                if row.archived_at is not None:
                    st.badge(t("Archived"), icon=":material/inventory_2:", color="gray")
            if content.get("aliases"):
                st.markdown(f":gray[{t('also')} {plain(' / '.join(content['aliases']))}]")
        with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
            shell.small(versions.version_meta(artifact), labels.time_text(artifact.created_at))
            versions.show_versions(node_id, kind, artifact)
            st.button(
                t("Edit"), key=f"edit_element_{node_id}", icon=":material/edit:",
                on_click=editing.begin_edit, args=(node_id, kind, artifact),
            )  # fmt: skip
            _more(row, order)


def _more(row: NodeContent, order: Sequence[int]) -> None:
    node_id = int(row.node_id)
    with shell.icon_popover("more_horiz", t("More"), f"more_{node_id}"):
        if row.archived_at is not None:
            st.button(
                t("Restore"),
                key=f"restore_{node_id}",
                icon=":material/unarchive:",
                on_click=_archive,
                args=(node_id, False),
            )
            return
        place = list(order).index(node_id) if node_id in order else 0
        st.button(
            t("Move up"), key=f"up_{node_id}", icon=":material/arrow_upward:", disabled=place == 0,
            on_click=_move, args=(node_id, -1, tuple(order)), help=t("Models are told of them in this order."),
        )  # fmt: skip
        st.button(
            t("Move down"), key=f"down_{node_id}", icon=":material/arrow_downward:", disabled=place >= len(order) - 1,
            on_click=_move, args=(node_id, 1, tuple(order)),
        )  # fmt: skip
        st.button(
            t("Archive"), key=f"archive_{node_id}", icon=":material/archive:", on_click=_archive, args=(node_id, True)
        )


def _archive(node_id: int, away: bool) -> None:
    with shell.show_refusals():
        wb = live.workbench()
        (wb.projects.archive if away else wb.projects.restore)(node_id)
        shell.toast(t("Archived. Nothing is deleted; restore it at any time.") if away else t("Restored."))
    live.invalidate()


def move(order: Sequence[int], node_id: int, step: int) -> list[int]:
    """The order with one of them a place up (-1) or down (1)."""
    order_after = [n for n in order if n != node_id]
    at = list(order).index(node_id) + step
    order_after.insert(max(0, at), node_id)
    return order_after


def _move(node_id: int, step: int, order: tuple[int, ...]) -> None:
    with shell.show_refusals():
        live.workbench().projects.arrange_elements(move(order, node_id, step))
    live.invalidate()


def _fields(kind: str, content: JsonObject) -> None:
    """What is told, field by field, and which fields say nothing yet."""
    schema = kinds.find(kind).model.model_json_schema()
    described_in = (
        ("description", "appearance", "personality", "background") if kind == "character" else ("description",)
    )
    for name in described_in:
        if content.get(name):
            st.markdown(f":gray[{plain(forms.title_of(schema, name))}]  \n{plain(content[name])}")
    silent = [plain(forms.title_of(schema, name)) for name in described_in if not content.get(name)]
    if silent:
        st.markdown(f":gray[:material/edit_note: {t('Not told yet: {fields}', fields=' · '.join(silent))}]")


def _appears(project: int, kind: str, node_id: int, content: JsonObject) -> None:
    appearances = story_elements.select_scenes(scenes(project), content, kind)
    with st.container(border=True, key="appears_in"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{t('Appears in')}**", width="content")
            st.caption(
                t("by the casts of the scene lists") if kind == "character" else t("where a scene's outline names it"),
                width="content",
            )
        if not appearances:
            st.markdown(f":gray[{t('In no scene so far.')}]")
        if appearances and kind == "character":
            with st.container(horizontal=True, gap="small"):
                st.page_link(
                    "pages/gallery.py", label=t("Pictures with {name}", name=plain(content["name"])),
                    icon=":material/photo_library:",
                    query_params={"project": str(project), "person": str(content["name"])}, width="content",
                )  # fmt: skip
                st.page_link(
                    "pages/drift.py", label=t("How frames drift"), icon=":material/compare:", width="content",
                    query_params={"project": str(project), "node": str(node_id)},
                )  # fmt: skip
        columns = st.columns(2) if appearances else []
        for place, scene in enumerate(appearances[:SCENES]):
            columns[place * 2 // min(len(appearances), SCENES)].page_link(
                "pages/studio.py",
                label=f"{t('E{n}', n=scene.episode)} · {scene.position} {plain(shorten(scene.beat, 80))}",
                query_params={"project": str(project), "node": str(scene.node_id)},
            )
        if len(appearances) > SCENES:
            st.caption(t("and {n} more", n=len(appearances) - SCENES))


def _stale_after_saving(project: int, node_id: int, kind: str, artifact: ArtifactVersion) -> None:
    """After a save in this session: what was made from the older version, and the way to bring it up to date."""
    slot = f"_element_version_{node_id}"
    seen = st.session_state.setdefault(slot, artifact.version)
    if artifact.version == seen:
        return
    stale = live.query(live.workbench().projects.list_stale_dependents, project, node_id)
    counted = Counter(name for _, name in stale)
    if not counted:
        st.markdown(
            f":green[:material/check_circle: {t('Saved as v{n}. Nothing was made from it yet.', n=artifact.version)}]"
        )
        return
    sentence = " · ".join(
        f"{labels.kind_title(name)} × {n}" if n > 1 else labels.kind_title(name) for name, n in counted.items()
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"stale_after_{node_id}"):
        st.markdown(
            f":orange[:material/update:] {plain(t('Stale since v{n}: {what}', n=artifact.version, what=sentence))}",
            width="stretch",
        )
        st.page_link(
            "pages/studio.py", label=t("Update what's stale"), icon=":material/update:",
            query_params={"project": str(project), "node": str(project)}, width="content",
        )  # fmt: skip
        st.button(
            "", key=f"stale_seen_{node_id}", icon=":material/close:", type="tertiary", help=t("Close"),
            on_click=st.session_state.__setitem__, args=(slot, artifact.version),
        )  # fmt: skip
