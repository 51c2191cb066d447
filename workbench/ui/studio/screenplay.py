"""A scene script set as a screenplay: headings, action, speeches in their narrow column, transitions at the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.ui import charts, labels, speakers
from workbench.ui.language import t
from workbench.ui.markup import safe, shorten, tell_apart

Content = JsonObject
SETTINGS = {"int": N_("INT."), "ext": N_("EXT."), "int_ext": N_("INT./EXT.")}
EXTENSIONS = {"none": "", "off_screen": N_("O.S."), "voice_over": N_("V.O.")}
TRANSITIONS = {
    "none": "", "cut": N_("CUT TO:"), "jump_cut": N_("JUMP CUT TO:"), "smash_cut": N_("SMASH CUT TO:"),
    "dissolve": N_("DISSOLVE TO:"), "fade": N_("FADE OUT."), "dip_to_black": N_("DIP TO BLACK:"),
    "wipe": N_("WIPE TO:"),
    "other": N_("TRANSITION:"),
}  # fmt: skip
#: the choice that shows the whole script
WHOLE = 0


def draw(content: Content, node_id: int) -> None:
    """One scene, or the whole script; how long each runs."""
    scenes = content["scenes"]
    names = {WHOLE: t("Whole script")} | {
        s["order"]: f"{int(s['order'])} · {shorten(s['heading']['place'], 16)}" for s in scenes
    }
    shown = tell_apart(names)
    key = f"script_scene_{node_id}"
    chosen = st.selectbox(
        t("Scene"), list(names), index=min(1, len(names) - 1), format_func=shown.__getitem__, key=key, width=280,
        label_visibility="collapsed",
    )  # fmt: skip
    draw_pages([s for s in scenes if chosen in (WHOLE, s["order"])], content, node_id)
    st.caption(
        t("{n} scenes, {time}", n=len(scenes), time=labels.duration_text(1000 * sum(s["seconds"] for s in scenes)))
    )


def draw_pages(shown: Sequence[Content], content: Content, node_id: int) -> None:
    """Some scenes of a script, each person in the colour that they have in all of it."""
    people = [e["speaker"] for s in content["scenes"] for e in s["elements"] if e["speaker"]]
    colours = speakers.colours_of(list(dict.fromkeys(people)), node_id, charts.palette())
    for scene in shown:
        st.html(_scene(scene, colours))


def heading(scene: Content) -> str:
    """“INT. KITCHEN – NIGHT”; in Chinese 内景."""
    at = scene["heading"]
    place = at["place"].upper() + (f" – {at['time'].upper()}" if at.get("time") else "")
    return f"{t(SETTINGS[at['setting']])} {place}"


def _scene(scene: Content, colours: Mapping[str, str]) -> str:
    body = "".join(_element(e, colours) for e in scene["elements"])
    end = TRANSITIONS[scene["transition"]]
    seconds = labels.duration_text(1000 * scene["seconds"])
    return (
        f"<section class='rw-screenplay'><h4><span>{int(scene['order'])}</span>{safe(heading(scene))}"
        f"<small>{safe(seconds)}</small></h4>{body}"
        f"{f'<p class=rw-transition>{safe(t(end))}</p>' if end else ''}</section>"
    )


def _element(element: Content, colours: Mapping[str, str]) -> str:
    text = safe(element["text"])
    if element["type"] == "action":
        return f"<p>{text}</p>"
    if element["type"] == "sound":
        return f"<p><b>{safe(t('SOUND:'))}</b> {text}</p>"
    extension = EXTENSIONS[element["extension"]]
    beside = f" ({safe(t(extension))})" if extension else ""
    how = f"<div class='rw-how'>({safe(element['parenthetical'])})</div>" if element["parenthetical"] else ""
    colour = colours.get(element["speaker"], "")
    return (
        f"<div class='rw-speech'><div class='rw-cue'><i class='rw-point' style='background:{colour}'></i>"
        f"{safe(element['speaker'].upper())}{beside}</div>{how}<div>{text}</div></div>"
    )
