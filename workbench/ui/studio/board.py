"""The long storyboard of a scene: nine groups of nine panels in both languages side by side, and their editors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from workbench.artifacts.panels import (
    GROUP_KEYS,
    PanelCamera,
    PanelGroup,
    PanelText,
    PropState,
    StoryboardCharacter,
    StoryboardPlan,
    StoryboardState,
)
from workbench.db.rows.story import ArtifactVersion
from workbench.errors import Issue
from workbench.handoff.words import PANEL_SIZES
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.story.board import BoardGroup, BoardPanel, lay_out
from workbench.ui import drafts, forms, labels, live, parts
from workbench.ui.forms import CHOICES
from workbench.ui.language import t
from workbench.ui.markup import plain, safe
from workbench.ui.studio import editing
from workbench.ui.studio.prose import line, table

Content = JsonObject
PLAN, GROUPS, ZH, EN = "storyboard_plan", "storyboard_groups", "storyboard_translation", "storyboard_back_translation"
#: whose cells show the two languages
MADE_BY = {GROUPS: "generate_storyboard_group", ZH: "translate_storyboard_panels"}
_ICON = "font-family:'Material Symbols Rounded';font-weight:400"


def read(node_id: int) -> list[BoardGroup]:
    """All nine groups of a scene as they count now."""
    heads = live.workbench().artifacts.list_heads([node_id], [PLAN, GROUPS, ZH, EN])
    contents = (heads.get((node_id, kind)) for kind in (PLAN, GROUPS, ZH, EN))
    return lay_out(*(head.content if head is not None else None for head in contents))


# --- bible and plan -------------------------------------------------------------------------------------------


def bible(content: Content) -> None:
    """What all panels share, and what has to happen in them."""
    st.markdown(plain(content["premise"]))
    people = [
        (f"<b>{safe(c['name'])}</b>", safe(c["identity"]), f"<i>{safe(c['relation'])}</i>")
        for c in content["characters"]
    ]
    if people:
        table([(t("Who"), "22%"), (t("Identity"), "auto"), (t("Relation"), "32%")], people, hide_narrow=(2,))
    line(t("Setting lock"), content["setting_lock"])
    if content["props_list"]:
        props = " ".join(f":green-badge[{plain(p)}]" for p in content["props_list"])
        st.markdown(f":gray[{t('Props')}]  \n{props}")
    beats = "".join(f"<li>{safe(beat)}</li>" for beat in content["must_happen_beats"])
    st.html(f"<div class='rw-label'>{safe(t('Beats that must happen'))}</div><ol class='rw-steps'>{beats}</ol>")


def plan(content: Content) -> None:
    """Nine groups: which shots, what for, and where everybody ends; and how their panels tell the camera."""
    planned = StoryboardPlan.model_validate(content)
    rows = [
        (
            f"<b>{number}</b><div><i>{int(g.first_shot)}–{int(g.last_shot)}</i></div>",
            safe(g.goal),
            _state(g.end),
        )
        for number, g in enumerate(planned.groups, start=1)
    ]
    table([("#", "3.4rem"), (t("Goal"), "52%"), (t("Ends with"), "auto")], rows, hide_narrow=(2,))
    camera = t("in brackets before each sentence") if planned.camera_mode == "A" else t("in fields of its own")
    st.caption(plain(f"{t('Camera')}: {camera}"))


def _state(state: StoryboardState | None) -> str:
    """Who and what is there at the edge of a group, as HTML."""
    if state is None:
        return ""
    people = "".join(f"<div>{_person(c)}</div>" for c in state.characters)
    things = ", ".join(_thing(p) for p in state.props)
    return people + (f"<div><i>{things}</i></div>" if things else "")


def _person(character: StoryboardCharacter) -> str:
    stance, facing = (t(CHOICES[name]) for name in (character.stance, character.facing))
    held = [h for h in (character.hands.left, character.hands.right) if h]
    parts = [stance, facing, character.emotion, *held]
    return f"<b>{safe(character.name)}</b> <i>{safe(' · '.join(parts))}</i>"


def _thing(prop: PropState) -> str:
    return safe(f"{prop.name} ({prop.holder or prop.state})")


# --- panels ---------------------------------------------------------------------------------------------------


def panels(content: Content, node_id: int) -> None:
    """One group at a time: its goal, its nine panels in both languages, who leaves, and how it ends."""
    board = read(node_id)
    reasons = live.workbench().artifacts.list_stale_reasons(node_id, GROUPS)
    stale = {str(k) for k in GROUP_KEYS if any(r.touches(f"group:{k}") for r in reasons)}
    chosen = _choose(board, stale, node_id)
    group = board[chosen]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"**{t('Shots {first}–{last}', first=int(group.shots[0]), last=int(group.shots[1]))}**", width="content"
        )
        st.space("stretch")
        _edit_buttons(node_id, group, content)
    if group.planned is not None:
        st.markdown(f":gray[{t('Goal')}] {plain(group.planned.goal)}")
    if not group.panels:
        st.markdown(f":gray[:material/circle: {t('The panels of this group are not written yet.')}]")
        return
    st.html("<div class='rw-panels'>" + "".join(_panel(p) for p in group.panels) + "</div>")
    for leaving in group.exits:
        way = t("goes away") if leaving.way == "left" else t("is used up")
        st.markdown(
            f":orange[:material/logout:] **{plain(leaving.name)}** "
            f":gray[{way} · {t('shot {n}', n=group.shots[0] + leaving.panel - 1)}]"
        )
    with st.expander(t("How it ends"), icon=":material/last_page:"):
        st.markdown(plain(group.summary))
        st.html(f"<div class='rw-board-state'>{_state(group.end)}</div>")
    with st.expander(t("Picture prompt of all nine"), icon=":material/image:"):
        st.markdown(plain(group.image_prompt).replace("\n", "  \n"))


def _choose(board: Sequence[BoardGroup], stale: set[str], node_id: int) -> int:
    """Which of nine groups is shown; each says what is the matter with it."""

    def name(number: int) -> str:
        group = board[number]
        edited = any(p.edited_en or p.edited_zh for p in group.panels)
        mark = (
            ":gray[:material/circle:] " if not group.panels
            else ":orange[:material/update:] " if group.key in stale
            else ":violet[:material/edit:] " if edited
            else ""
        )  # fmt: skip
        return f"{mark}{number + 1}"

    # a group is remembered by its number: marks come and go
    key = f"board_group_{node_id}"
    chosen = st.segmented_control(
        t("Group"), range(len(board)), default=st.session_state.get(f"{key}_last", 0), format_func=name, key=key,
        label_visibility="collapsed",
    )  # fmt: skip
    if chosen is not None:
        st.session_state[f"{key}_last"] = chosen
    return int(st.session_state.get(f"{key}_last", 0))


def _edit_buttons(node_id: int, group: BoardGroup, content: Content) -> None:
    """The pens of both languages, each to its own editor, open at this group."""
    wb = live.workbench()
    for kind, label in ((GROUPS, N_("Edit the English")), (ZH, N_("Edit the Chinese"))):
        head = wb.artifact(node_id, kind)
        keys = [g["group"] for g in head.content["groups"]] if head is not None else []
        if head is not None and group.key in keys:
            st.button(
                t(label), key=f"board_{kind}_{node_id}", icon=":material/edit:", type="tertiary",
                on_click=_begin_edit, args=(node_id, kind, head, keys.index(group.key) + 1),
            )  # fmt: skip


def begin_edit_group(node_id: int, key: str) -> None:
    """Open the editor of a group, in the language in which the story's pictures are told."""
    wb = live.workbench()
    brief = wb.artifact(wb.projects.get_node(node_id).project_id, "brief")
    chinese = brief is not None and brief.content.get("language") == "zh"
    for kind in (ZH, GROUPS) if chinese else (GROUPS,):
        head = wb.artifact(node_id, kind)
        keys = [g["group"] for g in head.content["groups"]] if head is not None else []
        if head is not None and key in keys:
            _begin_edit(node_id, kind, head, keys.index(key) + 1)
            return


def _begin_edit(node_id: int, kind: str, head: ArtifactVersion, part: int) -> None:
    """Open a language's editor, which stands in a cell of its own."""
    editing.begin_edit(node_id, kind, head, part)
    parts.redraw(*(editing.cell_key(node_id, cell) for cell in MADE_BY.values()))


def _panel(panel: BoardPanel) -> str:
    camera = "" if panel.camera is None else t(PANEL_SIZES[panel.camera.size])
    more = "" if panel.camera is None else " · ".join(_words(panel.camera))
    english = _mark("edit", t("Edited")) if panel.edited_en else ""
    if panel.translated_back:
        english = _mark("translate", t("From the edited Chinese"))
    chinese = _mark("edit", t("Edited")) if panel.edited_zh else ""
    if panel.pending:
        chinese += _pending(panel)
    zh = safe(panel.zh) if panel.zh else f"<i>{safe(t('Not translated yet'))}</i>"
    edited = " rw-panel-edited" if panel.edited_en or panel.edited_zh else ""
    return (
        f"<div class='rw-panel{edited}'><div class='rw-panel-shot'><b>{panel.shot}</b> {safe(camera)}"
        f"<small>{safe(more)}</small></div>"
        f"<div lang='en'>{safe(panel.en)}{english}</div><div lang='zh'>{zh}{chinese}</div></div>"
    )


def _pending(panel: BoardPanel) -> str:
    return _mark("schedule", t("Newer than your English") if panel.asks else t("English still to come"), "rw-pending")


def _words(camera: PanelCamera) -> list[str]:
    return [t(CHOICES[str(getattr(camera, part))]) for part in ("angle", "lens", "motion")]


def _mark(icon: str, word: str, kind: str = "") -> str:
    return f"<span class='rw-mark {kind}'><i aria-hidden='true' style=\"{_ICON}\">{icon}</i>{safe(word)}</span>"


# --- both languages -------------------------------------------------------------------------------------------


def chinese(content: Content, node_id: int) -> None:
    """How much is in Chinese, and which panels a person has edited; the panels themselves stand beside their
    English."""
    board = read(node_id)
    every = [p for g in board for p in g.panels]
    st.markdown(t("{n} of {all} panels in Chinese", n=sum(bool(p.zh) for p in every), all=81))
    edited = [p for p in every if p.edited_zh]
    rows = [
        (
            f"<b>{p.shot}</b>",
            safe(p.zh),
            _pending(p) if p.pending
            else _mark("check", t("English follows") if p.translated_back else t("English by hand")),
        )
        for p in edited
    ]  # fmt: skip
    if rows:
        table([("#", "2.6rem"), (t("Edited"), "auto"), ("", "32%")], rows)


def back(content: Content, node_id: int) -> None:
    """The edited panels with the English that they have now, and the one before."""
    counting = {(g.key, p.index) for g in read(node_id) for p in g.panels if p.translated_back}
    shots = {(g.key, p.index): p.shot for g in read(node_id) for p in g.panels}
    rows = [
        (
            f"<b>{shots[g['group'], p['index']]}</b>",
            safe(p["zh"]),
            f"{safe(p['en'])}<div><i><s>{safe(p['was'])}</s></i></div>",
        )
        for g in content["groups"]
        for p in g["panels"]
        if (g["group"], p["index"]) in counting
    ]
    if not rows:
        st.markdown(f":gray[{t('No panel was edited in Chinese.')}]")
        return
    table([("#", "2.6rem"), (t("Chinese"), "42%"), (t("English"), "auto")], rows)


# --- editors --------------------------------------------------------------------------------------------------


def edit_chinese(key: str, group: Content, issues: Sequence[Issue], node_id: int) -> Content:
    """Nine texts in Chinese, each beside its English."""
    shown = next(g for g in read(node_id) if g.key == group["group"])
    english = {p.index: p for p in shown.panels}
    typed = []
    for n, panel in enumerate(group["panels"]):
        shot = int(shown.shots[0]) + n
        left, right = st.columns(2, gap="small")
        with left:
            beside = english.get(panel["index"])
            st.html(f"<div class='rw-beside' lang='en'><b>{int(shot)}</b> {safe(beside.en if beside else '—')}</div>")
        with right:
            zh = _text(f"{key}.zh_{n}", panel["zh"], t("Chinese of shot {n}", n=shot))
            _show_issues(issues, f"panels.{n}.")
        typed.append({**panel, "zh": zh})
    return {**group, "panels": typed}


def edit_english(key: str, group: Content, issues: Sequence[Issue], node_id: int) -> Content:
    """Nine sentences in English as they count, each with its camera and beside its Chinese; then how the group ends."""
    shown = next(g for g in read(node_id) if g.key == group["group"])
    typed = []
    for n, panel in enumerate(group["panels"]):
        shot = int(shown.shots[0]) + n
        left, right = st.columns(2, gap="small")
        with left:
            counting = shown.panels[n] if n < len(shown.panels) else None
            start = _start_of(panel, counting)
            en = _text(f"{key}.en_{n}", start, t("English of shot {n}", n=shot))
            _show_issues(issues, f"panels.{n}.")
        with right:
            zh = counting.zh if counting is not None else ""
            st.html(f"<div class='rw-beside' lang='zh'><b>{int(shot)}</b> {safe(zh or '—')}</div>")
            with st.popover(t("Camera and people"), icon=":material/videocam:", type="tertiary"):
                new: JsonObject = {} if en == start else {"en": en}
                if new and counting is not None and counting.translated_back and en == counting.own:
                    # the group's own sentence, written again in place of a model's, is the person's from now on
                    new["for_zh"] = zh
                if panel["camera"] is not None:
                    new["camera"] = forms.fields(PanelCamera, f"{key}.camera_{n}", panel["camera"])
                new |= forms.fields(PanelText, f"{key}.panel_{n}", panel, only=("people",))
        typed.append({**panel, **new})
    with st.expander(t("How it ends"), icon=":material/last_page:"):
        mine = [i for i in issues if not i.path.startswith("panels.")]
        rest = forms.fields(PanelGroup, f"{key}.rest", group, mine, only=("summary", "end", "exits"))
    return {**group, **rest, "panels": typed}


def _start_of(panel: JsonObject, counting: BoardPanel | None) -> str:
    """The English that a field begins with: what counts, until something else was typed."""
    if counting is None or not counting.translated_back or panel.get("for_zh") == counting.zh:
        return str(panel["en"])
    return counting.en if panel["en"] == counting.own else str(panel["en"])


def _text(key: str, start: str, label: str) -> str:
    value = drafts.begin_text(key, start)
    typed = st.text_area(label, value, height=84, key=key, label_visibility="collapsed", on_change="ignore")
    return typed or ""


def _show_issues(issues: Sequence[Issue], prefix: str) -> None:
    for issue in issues:
        if issue.path.startswith(prefix):
            st.markdown(f":red[:material/error:] :gray[{plain(labels.issue_text(issue))}]")


VIEWS = {"storyboard_bible": bible, "storyboard_plan": plan}
PLACED_VIEWS: dict[str, Callable[[Content, int], None]] = {GROUPS: panels, ZH: chinese, EN: back}
EDITORS = {GROUPS: edit_english, ZH: edit_chinese}
