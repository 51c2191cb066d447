"""What holds a story together, as a reader wants to see it: causal chain, tension and mood, who stands how to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from workbench.artifacts.drama import CausalChain
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.story.chain import count
from workbench.ui import charts, graphs, speakers
from workbench.ui.language import t
from workbench.ui.markup import paragraphs, plain, safe
from workbench.ui.studio.prose import line, meter, people, person, table

Content = JsonObject
PHASES = {
    "outline": N_("Outline and conflict"), "knowledge": N_("Who knows what"), "beats": N_("Acts and beats"),
    "weave": N_("Plot lines and audit"),
}  # fmt: skip
#: status → colour, Material symbol, word
STATUSES = {
    "pass": ("green", "check_circle", N_("Holds together")),
    "needs_revision": ("orange", "rule", N_("Needs revision")),
    "incomplete": ("gray", "hourglass_empty", N_("Not complete yet")),
}
LINES = {"main": N_("Main line"), "sub1": N_("Second line"), "sub2": N_("Third line"), "sub3": N_("Fourth line")}
AUDIT = {
    "blind_spot_drives_action": N_("A blind spot drives the action"),
    "two_information_shifts": N_("Information changes hands twice or more"),
    "three_way_tension": N_("Three sides pull against each other"),
    "irreversible_ending": N_("The ending cannot be undone, on several lines"),
    "no_redundant_role": N_("Nobody is superfluous"),
}
#: type of a relationship → colour, word
RELATIONS = {
    "family": ("violet", N_("Family")), "romantic": ("red", N_("Romantic")), "friendship": ("green", N_("Friendship")),
    "rivalry": ("orange", N_("Rivalry")), "mentorship": ("blue", N_("Mentorship")),
    "alliance": ("blue", N_("Alliance")),
    "subordinate": ("gray", N_("Subordinate")), "enemy": ("red", N_("Enemy")), "stranger": ("gray", N_("Stranger")),
    "custom": ("gray", N_("Custom")),
}  # fmt: skip


def chain(content: Content, node_id: int) -> None:
    """How far it is, then its phases side by side in tabs."""
    colour, icon, word = STATUSES[content["validation_status"]]
    done = [name for name in PHASES if content.get(name)]
    st.markdown(
        f":{colour}-badge[:material/{icon}: {t(word)}] "
        + " ".join(
            f":green-badge[:material/check: {t(title)}]" if name in done else f":gray-badge[{t(title)}]"
            for name, title in PHASES.items()
        )
    )
    for note in content.get("revision_suggestions") or []:
        st.markdown(f":orange[:material/rule:] {plain(note)}")
    by_name = speakers.colours_of(_cast_of(content), node_id, charts.palette())
    # what was built last is what somebody wants to read first
    shown: list[str] = [name for name in ("beats", "weave", "knowledge", "outline") if name in done]
    titles = {name: t(title) for name, title in PHASES.items()}
    begun = content.get("begun") or {}
    if begun.get("acts"):
        shown.insert(0, "begun")
        titles["begun"] = t("Acts so far: {n} of {count}", n=len(begun["acts"]), count=begun["of"])
    views = {"outline": _outline, "knowledge": _knowledge, "beats": _beats, "weave": _weave, "begun": _begun}
    for tab, name in zip(st.tabs([titles[name] for name in shown]), shown, strict=True):
        with tab:
            views[name](content, by_name)


def _cast_of(content: Content) -> list[str]:
    matrix = (content.get("knowledge") or {}).get("character_matrix", [])
    acts = [act for name in ("beats", "begun") for act in (content.get(name) or {}).get("acts", [])]
    in_beats = (name for act in acts for beat in act["beats"] for name in beat["characters"])
    return list(dict.fromkeys([*(entry["name"] for entry in matrix), *in_beats]))


def _outline(content: Content, by_name: Mapping[str, str]) -> None:
    outline = content["outline"]
    st.markdown(paragraphs(outline["outline_summary"]))
    line(t("What it is about"), outline["core_object_or_event"])
    table(
        [(t("Faction"), "28%"), (t("At stake"), "auto")],
        [(f"<b>{safe(s['faction'])}</b>", safe(s["stakes"])) for s in outline["stakes_by_faction"]],
    )
    mover = outline["first_mover"]
    st.markdown(f":gray[{t('First mover')}]  \n**{plain(mover['initiator'])}**")
    table(
        [(t("Stated reason"), "33%"), (t("Hidden intent"), "33%"), (t("What makes it look right"), "auto")],
        [tuple(safe(mover[f]) for f in ("public_reason", "hidden_intent", "legitimacy_mask"))],
    )
    steps = "".join(f"<li>{safe(step)}</li>" for step in outline["necessity_derivation"])
    st.html(f"<div class='rw-label'>{safe(t('Why it has to happen'))}</div><ol class='rw-steps'>{steps}</ol>")


def _knowledge(content: Content, by_name: Mapping[str, str]) -> None:
    knowledge = content["knowledge"]
    table(
        [(t("Layer"), "24%"), (t("What they know"), "auto"), (t("Blind spot"), "28%"), (t("Motivation"), "19%")],
        [
            (
                f"<b>{safe(layer['name'])}</b><div>{people(layer['roles'], by_name)}</div>",
                safe(layer["info_boundary"]),
                safe(layer["blind_spot"]),
                f"{safe(t('To gain'))} {meter(layer['motivation']['gain'], 10)}<br>"
                f"{safe(t('Loss to avoid'))} {meter(layer['motivation']['loss_avoid'], 10)}"
                f"<div><i>{safe(layer['motivation']['trigger'])}</i></div>",
            )
            for layer in knowledge["layers"]
        ],
        hide_narrow=(3,),
    )
    table(
        [(t("Character matrix"), "22%"), (t("Goal"), "auto"), (t("Secret"), "26%"), (t("Vulnerability"), "26%")],
        [
            (
                f"<b>{person(entry['name'], by_name)}</b><div><i>{safe(entry['identity'])}</i></div>",
                *(safe(entry[field]) for field in ("goal", "secret", "vulnerability")),
            )
            for entry in knowledge["character_matrix"]
        ],
        hide_narrow=(3,),
    )


def _beats(content: Content, by_name: Mapping[str, str]) -> None:
    """Acts with their beats, each leading to the next."""
    number, acts = 0, []
    for act in content["beats"]["acts"]:
        cards = []
        for beat in act["beats"]:
            number += 1
            cards.append(_beat(number, beat, by_name))
        title = f"{safe(t('Act {n}', n=act['act']))} · {safe(act['name'])}"
        acts.append(f"<section class='rw-act'><h4>{title}</h4>{''.join(cards)}</section>")
    st.html("".join(acts))


def _begun(content: Content, by_name: Mapping[str, str]) -> None:
    """The acts of a phase 3 that has not ended."""
    _beats({"beats": content["begun"]}, by_name)


def _beat(number: int, beat: Content, by_name: Mapping[str, str]) -> str:
    facts = [
        (t("Flow of information"), beat["info_flow"]),
        (t("Visual hook"), beat["visual_hook"]),
        (t("Interlock"), beat["interlock"]),
    ]
    said = "".join(f"<div><i>{safe(label)}</i> {safe(text)}</div>" for label, text in facts if text)
    where = " · ".join(
        filter(None, [beat["location"], beat["emotional_tone"], t("{n} scenes", n=beat["estimated_scenes"])])
    )
    learners = beat.get("learners") or []
    learns = f"<div><i>{safe(t('Who learns'))}</i> {people(learners, by_name)}</div>" if learners else ""
    return (
        f"<article class='rw-beat'><header><b>{number}</b> <strong>{safe(beat['name'])}</strong>"
        f"<span title='{safe(t('Escalation'))}'>{meter(beat['escalation'], 10)}</span></header>"
        f"<div class='rw-muted'>{safe(where)}</div><p>{safe(beat['surface_event'])}</p>"
        f"<div>{people(beat['characters'], by_name)}</div>{said}{learns}</article>"
    )


def _weave(content: Content, by_name: Mapping[str, str]) -> None:
    weave, colours = content["weave"], charts.palette()
    acts, lines = content["beats"]["acts"], weave["plot_lines"]
    titles = {name: t(word) for name, word in LINES.items()}
    chart = graphs.plot_lines(acts, lines, titles, colours)
    charts.show(chart, "chain_graph", t("Plot lines over the beats; the table below says the same in words"))
    table(
        [(t("Line"), "22%"), (t("Stated goal"), "auto"), (t("True goal"), "27%"), (t("Point of no return"), "24%")],
        [
            (
                f"<b style='border-left:4px solid {colours.series[n % len(colours.series)]};padding-left:.45rem'>"
                f"{safe(titles[row['line_type']])}</b><div>{person(row['driver'], by_name)}</div>",
                safe(row["stated_goal"]),
                safe(row["true_goal"]),
                f"<b>{safe(row['point_of_no_return'])}</b><div><i>{safe(' → '.join(row['key_interlocks']))}</i></div>",
            )
            for n, row in enumerate(lines)
        ],
        hide_narrow=(2,),
    )
    audit = weave["audit"]
    st.markdown(
        f":gray[{t('Audit')}]  \n"
        + "  \n".join(
            f":green[:material/check_circle:] {t(word)}" if audit[name] else f":orange[:material/cancel:] {t(word)}"
            for name, word in AUDIT.items()
        )
    )
    counts = count(CausalChain.model_validate(content))
    counted = t(
        "Counted: in {shifts} of {beats} beats somebody learns something · {factions} sides have stakes · {drivers} "
        "people drive a line",
        shifts=counts.information_shifts,
        beats=counts.beats,
        factions=counts.factions,
        drivers=counts.drivers,
    )
    idle = t("In no beat and no line: {names}", names=", ".join(counts.idle)) if counts.idle else ""
    st.markdown("  \n".join(f":gray[{plain(text)}]" for text in (counted, idle, *(weave.get("notes") or [])) if text))


def emotion_arc(content: Content) -> None:
    """The two curves, and each point in words below them."""
    points = content["points"]
    charts.show(
        graphs.emotions(points, charts.palette()), "emotion_arc",
        t("Tension and mood from point to point; the list below says the same in words"),
    )  # fmt: skip
    with st.expander(t("{n} points in words", n=len(points)), icon=":material/list:"):
        _points(points)


def arc_of_episode(points: Sequence[Content]) -> None:
    """The part of the arc that an episode has: its curves where there are some, and its points in words."""
    if len(points) > 1:
        charts.show(
            graphs.emotions(points, charts.palette()), "arc_of_episode",
            t("Tension and mood from point to point; the list below says the same in words"),
        )  # fmt: skip
    _points(points)


def _points(points: Sequence[Content]) -> None:
    table(
        [("#", "4.4rem"), (t("Label"), "auto"), (t("Tension"), "7.5rem"), (t("Mood"), "4.5rem")],
        [
            (
                f"<b>{safe(t('E{n}', n=p['episode_order']))}</b>"
                + (f" · {int(p['scene_order'])}" if p.get("scene_order") else ""),
                safe(p["label"]) + (f"<div><i>{safe(p['beat_name'])}</i></div>" if p.get("beat_name") else ""),
                meter(float(p["tension"]), 10),
                safe(f"{p['valence']:+g}"),
            )
            for p in points
        ],
    )


def relationships(content: Content, node_id: int) -> None:
    """The people on a circle with arrows, and each relationship in words with how it changes."""
    colours, ties = charts.palette(), content["relationships"]
    names = list(dict.fromkeys(name for r in ties for name in (r["from_name"], r["to_name"])))
    by_name = speakers.colours_of(names, node_id, colours)
    arrows = [
        (r["from_name"], r["to_name"], r["label"], int(r["intensity"]), colours.of(RELATIONS[r["type"]][0]))
        for r in ties
    ]
    charts.show(
        graphs.relations({name: by_name[name] for name in names}, arrows, colours), "relation_graph",
        t("Who stands how to whom; the list below says the same in words"),
    )  # fmt: skip
    rows = []
    for r in ties:
        colour, word = RELATIONS[r["type"]]
        changes = "".join(
            f"<div><i>{safe(t('E{n}', n=c['episode_order']))}</i> {safe(c['change'])} "
            f"{meter(c['new_intensity'], 10, colours.of(colour))}</div>"
            for c in r["arc"]
        )
        kept = f" <i>{safe(t('kept as it is'))}</i>" if r.get("pinned") else ""
        rows.append(
            (
                f"{person(r['from_name'], by_name)} → {person(r['to_name'], by_name)}"
                f"<div style='color:{colours.of(colour)}'>{safe(t(word))}</div>",
                f"<b>{safe(r['label'])}</b>{kept}<div>{safe(r['description'])}</div>{changes}",
                meter(r["intensity"], 10, colours.of(colour)),
            )
        )
    table([(t("Who"), "30%"), (t("How"), "auto"), (t("Intensity"), "7.5rem")], rows)
