"""What a scene's storyboard holds, as a reader wants to see it: shots as a table, motion, script, sound, length."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from workbench.artifacts.storyboard import Dialogue
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.story import script
from workbench.ui import formats, speakers
from workbench.ui.charts import Palette, palette
from workbench.ui.language import current, t
from workbench.ui.markup import hide_keys, plain, safe

Content = JsonObject

#: the field's terms for the nine framings
FRAMINGS = {
    "ELS": N_("Extreme long"), "LS": N_("Long"), "MLS": N_("Medium long"), "MS": N_("Medium"),
    "MCU": N_("Medium close-up"), "CU": N_("Close-up"), "ECU": N_("Extreme close-up"), "LOW": N_("Low angle"),
    "HIGH": N_("High angle"),
}  # fmt: skip
LINE_TYPES = {
    "dialogue": N_("Dialogue"), "monologue": N_("Monologue"), "narration": N_("Narration"), "thought": N_("Thought"),
}  # fmt: skip
#: cue type → colour, Material symbol, word
CUES = {
    "ambience": ("blue", "air", N_("Ambience")), "foley": ("green", "footprint", N_("Foley")),
    "sfx": ("orange", "graphic_eq", N_("Effect")), "bgm": ("violet", "music_note", N_("Music")),
    "voice_over": ("red", "record_voice_over", N_("Voice")), "silence": ("gray", "volume_off", N_("Silence")),
}  # fmt: skip
INTENSITIES = {
    "subtle": N_("subtle"), "normal": N_("normal"), "prominent": N_("prominent"), "dominant": N_("dominant"),
}  # fmt: skip
#: part of a duration → colour
PARTS = {
    "dialogue": ("violet", N_("Dialogue")), "action": ("blue", N_("Action")), "transition": ("green", N_("Transition")),
    "pause": ("orange", N_("Pauses")),
}  # fmt: skip
_ICON = "font-family:'Material Symbols Rounded';font-size:1.05rem;line-height:1;font-weight:400"


def framing(name: str) -> str:
    return t(FRAMINGS[name])


def shot_name(shot: Content) -> str:
    """What a shot is called in a list of a scene's: its number and size."""
    return f"{shot['order']} · {framing(shot['framing'])}"


def shots(content: Content) -> None:
    """The nine shots as a table; the beats they come from below it."""
    if content.get("made_by") == "direct":
        st.markdown(f":orange[:material/warning:] :gray[{t('Written directly, without three beats of action.')}]")
    rows = "".join(
        f"<tr><td><b>{s['order']}</b></td><td>{safe(framing(s['framing']))}</td>"
        f"<td><b>{safe(s['caption'])}</b><div><i>{safe(s['composition'])}</i></div></td>"
        f"<td>{safe(' / '.join(x['name'] for x in s['subjects']) or '—')}</td></tr>"
        for s in content["shots"]
    )
    st.html(f"<table class='rw-shots'><tbody>{rows}</tbody></table>")
    if content.get("beats"):
        with st.expander(t("Three beats of action"), icon=":material/timeline:"):
            for number, beat in enumerate(content["beats"], start=1):
                st.markdown(f"**{number}** {plain(beat['summary'])}  \n:gray[{plain(beat['intent'])}]")


def motion(content: Content) -> None:
    """Three windows on one bar, in the reader's language first."""
    colours, language = palette(), current()
    other = "en" if language == "zh" else "zh"
    st.markdown(f"**{plain(content['short'][language])}**")
    windows = "".join(
        f"<div style='flex:1;min-width:0;border-top:3px solid {colours.primary};padding:.4rem .6rem 0 0'>"
        f"<div "
        f"style='color:{colours.muted};font-size:.8rem;font-variant-numeric:tabular-nums'>"
        f"{b['from_s']:g}–{b['to_s']:g} "
        f""
        f""
        f""
        f"s</div>"
        f"<div>{safe(b[language])}</div><div "
        f"style='color:{colours.muted};font-size:.85rem'>{safe(b[other])}</div></div>"
        for b in content["beats"]
    )
    st.html(f"<div style='display:flex;gap:4px;line-height:1.35'>{windows}</div>")
    changes = content["changes"]
    facts = [
        (t("Subject"), changes["subject"]),
        (t("Camera"), changes["camera"]),
        (t("Environment"), changes["environment"]),
    ]
    st.markdown("  \n".join(f":gray[{label}] {plain(' · '.join(texts))}" for label, texts in facts if texts))
    st.markdown(f":gray[{t('Stays as it is')}] {plain(' · '.join(content['constraints']))}")


def dialogue(content: Content, node_id: int | None = None) -> None:
    """A script: who, in which colour, how, what; a silent scene says why."""
    if content["silent"]:
        st.markdown(f":gray-badge[:material/volume_off: {t('Silent scene')}] {plain(content['reason'])}")
        return
    colours = speakers.colours_of([x["speaker"] for x in content["lines"] if x["speaker"]], node_id, palette())
    st.html(
        "<div class='rw-script'>" + "".join(_line(x, colours.get(x["speaker"])) for x in content["lines"]) + "</div>"
    )
    text = script.to_text(Dialogue.model_validate(content), current())
    with st.popover(t("As text"), icon=":material/content_copy:", type="tertiary"):
        st.code(hide_keys(text), language=None, wrap_lines=True)


def _line(line: Content, colour: str | None) -> str:
    """The name says who speaks as well as the colour does."""
    how = " · ".join(filter(None, [line["emotion"], *line["notes"]]))
    text = safe(line["text"])
    if line["type"] == "narration":
        return f"<p class='rw-narration'>{text}</p>"
    kind = "" if line["type"] == "dialogue" else f" · {safe(t(LINE_TYPES[line['type']]))}"
    spoken = f"<em>{text}</em>" if line["type"] == "thought" else text
    return (
        f"<p style='border-color:{colour}'><b><i style='background:{colour}'></i>{safe(line['speaker'])}</b>"
        f"<small>{kind}{f' · {safe(how)}' if how else ''}</small><br>{spoken}</p>"
    )


def sound(content: Content) -> None:
    """The cues on one time line, to scale, a lane each; then what they are."""
    colours = palette()
    length = max(c["to_s"] for c in content["cues"])
    st.markdown(f"**{plain(content['master_mood'])}** :gray[{formats.duration(length * 1000, current())}]")
    lanes = "".join(_lane(c, length, colours) for c in content["cues"])
    marks = "".join(
        f"<span style='position:absolute;left:{100 * at / length:.2f}%;transform:translateX(-50%)'>{at:g}</span>"
        for at in _marks(length)
    )
    st.html(
        f"<div role='img' aria-label='{safe(t('Cues on the time line'))}' "
        f"style='line-height:1.3;font-size:.87rem'>{lanes}"
        f"<div style='position:relative;height:1.1rem;margin-left:6.2rem;color:{colours.muted};font-size:.75rem;"
        f"font-variant-numeric:tabular-nums'>{marks}</div></div>"
    )
    st.markdown(
        "  \n".join(
            f":{CUES[c['type']][0]}[:material/{CUES[c['type']][1]}:] {plain(c['description'])} "
            f":gray[{c['from_s']:g}–{c['to_s']:g} s · {t(INTENSITIES[c['intensity']])}"
            f"{' · ' + t('loop') if c['loopable'] else ''}]"
            for c in content["cues"]
        )
    )


def _lane(cue: Content, length: float, colours: Palette) -> str:
    name, icon, word = CUES[cue["type"]]
    colour = colours.of(name)
    left, width = 100 * cue["from_s"] / length, max(1.0, 100 * (cue["to_s"] - cue["from_s"]) / length)
    strength = {"subtle": 0.45, "normal": 0.7, "prominent": 0.9, "dominant": 1.0}[cue["intensity"]]
    return (
        f"<div style='display:flex;align-items:center;height:1.5rem' title='{safe(cue['description'])}'>"
        f"<span style='flex:0 0 6.2rem;display:flex;gap:.35rem;align-items:center;color:{colours.muted}'>"
        f'<span style="{_ICON};color:{colour}">{icon}</span>{safe(t(word))}</span>'
        f"<span style='position:relative;flex:1;height:.62rem;background:{colours.panel};border-radius:.2rem'>"
        f"<i "
        f"style='position:absolute;left:{left:.2f}%;width:{width:.2f}%;height:100%;border-radius:.2rem;background:{colour};opacity:{strength}'></i>"
        f"</span></div>"
    )


def _marks(length: float) -> list[float]:
    step = next((s for s in (1, 2, 5, 10, 30, 60) if length / s <= 8), 120)
    return [float(at) for at in range(0, int(length) + 1, step)]


def duration(content: Content) -> None:
    """The parts side by side, to scale, with their seconds."""
    note = t("confidence: medium") if content["confidence"] == "medium" else t("confidence: low")
    missing = content.get("missing") or []
    length(content["parts"], content["seconds"], note)
    if missing:
        from workbench.ui import labels

        st.caption(t("Without: {missing}", missing=", ".join(labels.kind_title(k) for k in missing)))


def length(parts: dict[str, float], seconds: float, note: str = "") -> None:
    """A bar of dialogue, action, transition and pause; also for a whole episode."""
    colours = palette()
    bar = "".join(
        f"<i title='{safe(t(word))}' "
        f"style='width:{100 * parts[name] / max(seconds, 0.01):.2f}%;background:{colours.of(colour)}'></i>"
        for name, (colour, word) in PARTS.items()
        if parts[name]
    )
    legend = " ".join(
        f"<span><b "
        f"style='display:inline-block;width:.6rem;height:.6rem;border-radius:.15rem;"
        f"background:{colours.of(colour)}'></b> "
        f""
        f""
        f""
        f""
        f"{safe(t(word))} <span "
        f"style='color:{colours.muted};font-variant-numeric:tabular-nums'>"
        f"{formats.duration(parts[name] * 1000, current())}</span></span>"
        for name, (colour, word) in PARTS.items()
    )
    st.html(
        f"<div style='display:flex;align-items:baseline;gap:.6rem'><b "
        f"style='font-size:1.35rem'>{formats.duration(seconds * 1000, current())}</b>"
        f"<span style='color:{colours.muted};font-size:.85rem'>{safe(note)}</span></div>"
        f"<div style='display:flex;height:.8rem;border-radius:.25rem;overflow:hidden;gap:2px;margin:.45rem "
        f"0'>{bar}</div>"
        f"<div style='display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.87rem'>{legend}</div>"
    )


def episode_length(durations: Sequence[Content | None]) -> None:
    """An episode's length from its scenes'; says how many scenes have none yet."""
    from workbench.story.timing import sum_durations

    summed = sum_durations(durations)
    if not summed.scenes:
        return
    with st.container(border=True, key="episode_length"):
        st.markdown(f"**{t('Length')}**")
        sentence = t("{n} of {all} scenes", n=summed.scenes, all=summed.scenes + summed.missing)
        length(summed.parts, summed.seconds, sentence)


VIEWS = {
    "keyframe_prompt": shots,
    "motion_prompt": motion,
    "sound_design": sound,
    "duration": duration,
}
