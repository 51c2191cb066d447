"""Each kind of artifact as a reader wants to see it, and its editor in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import streamlit as st

from workbench.artifacts import kinds
from workbench.errors import Issue
from workbench.i18n import N_
from workbench.json_types import JsonObject
from workbench.ui import forms, illustrations, labels
from workbench.ui.forms import CHOICES
from workbench.ui.language import current, t
from workbench.ui.markup import paragraphs, plain, safe
from workbench.ui.studio import board, drama, looks, newcomers, parted, ranking, screenplay, storyboard
from workbench.ui.studio.prose import line, table

Content = JsonObject
#: of a source text; what is made from it stands below
SOURCE_SHOWN = 600
ARC_NAMES = (N_("Opening"), N_("Development"), N_("Turn"), N_("Resolution"))

#: fields that follow from the others and are not typed
DERIVED = {
    "episode_plan": ("order", "episode_count"),
    "scene_list": ("order",),
    "duration": ("seconds", "confidence", "missing"),
}
#: kinds without an editor: pictures are picked, not typed
NOT_TYPED = frozenset(
    {
        "keyframe_images", "scene_video", "frame_ranking", "storyboard_back_translation", "character_sheet",
        "place_sheet",
    }
)  # fmt: skip
#: kinds that their cells draw, which know the plan or the version as well
DRAWN_BY_CELLS = ("keyframe_images", "scene_video")


def show(kind: str, content: Content, node_id: int) -> None:
    """Draw what a node has of one kind; a package's kind without a view is told field by field."""
    view = find_view(kind) or _any
    view(content, node_id)


def find_view(kind: str) -> Callable[[Content, int], None] | None:
    """What draws a kind at its node; None: it has no view of its own."""
    if kind in _PLACED_VIEWS:
        return _PLACED_VIEWS[kind]
    view = _VIEWS.get(kind)
    return None if view is None else lambda content, node_id: view(content)


def _facts(pairs: Sequence[tuple[str, Any]]) -> str:
    return " · ".join(f":gray[{plain(label)}] {plain(value)}" for label, value in pairs if value not in (None, "", []))


def _brief(content: Content) -> None:
    st.markdown(plain(content["summary"]) or f":gray[{t('No summary yet')}]")
    style = content.get("style") or {}
    st.markdown(
        _facts(
            [
                (t("Protagonist"), content.get("protagonist")),
                (t("Genre"), content.get("genre")),
                (t("Audience"), content.get("audience")),
                (t("Story language"), t(CHOICES.get(content.get("language", ""), ""))),
                (t("Episodes"), content.get("episodes") or t("the model chooses")),
                (t("Aspect ratio"), content.get("aspect_ratio")),
            ]
        )
    )
    st.markdown(
        f":violet-badge[:material/palette: {plain(t(CHOICES.get(style.get('preset', ''), '')))}] "
        f":gray[{plain(style.get('prompt', ''))}]"
    )


def _source(content: Content) -> None:
    """The beginning of the text; the editor has all of it. Not in a box that scrolls: no key reaches into it."""
    text = content["text"]
    shown = text[:SOURCE_SHOWN]
    st.caption(
        t("{n} characters", n=len(text))
        if len(shown) == len(text)
        else t("The first {shown} of {n} characters; “Edit” shows all of them", shown=len(shown), n=len(text))
    )
    st.markdown(paragraphs(shown))


def _name_and_description(content: Content) -> None:
    aliases = f" :gray[{plain(' / '.join(content['aliases']))}]" if content.get("aliases") else ""
    st.markdown(f"**{plain(content['name'])}**{aliases}  \n{plain(content.get('description') or '')}")


def _episode_plan(content: Content) -> None:
    if content.get("reasoning_brief"):
        st.markdown(f":gray[{plain(content['reasoning_brief'])}]")
    rows = []
    for episode in content["episodes"]:
        beats = "".join(f"<div><i>{n}</i> {safe(beat)}</div>" for n, beat in enumerate(episode["beats"], start=1))
        hook = (
            f"<div style='margin-top:.3rem'><i>{safe(t('Cliffhanger'))}</i> {safe(episode['cliffhanger'])}</div>"
            if episode.get("cliffhanger")
            else ""
        )
        cast = (
            f"<div><i>{safe(' / '.join(episode['main_characters']))}</i></div>"
            if episode.get("main_characters")
            else ""
        )
        rows.append(
            (
                f"<b>{episode['order']}</b>",
                f"<b>{safe(episode['title'])}</b><div>{safe(episode['logline'])}</div>{cast}{hook}",
                beats,
            )
        )
    table([("#", "2rem"), (t("Episode"), "55%"), (t("Beats"), "auto")], rows, hide_narrow=(2,))


def _core_expression(content: Content) -> None:
    st.markdown(f"**{plain(content['theme'])}**")
    illustrations.arc(content["emotional_arc"], [t(n) for n in ARC_NAMES])
    line(t("Core conflict"), content["core_conflict"])
    left, right = st.columns(2)
    with left:
        st.markdown(f":gray[{t('Payoff')}]  \n" + "  \n".join(plain(p) for p in content["payoff"]))
    with right:
        st.markdown(
            f":gray[{t('Visual motifs')}]  \n"
            + " ".join(f":violet-badge[{plain(m)}]" for m in content["visual_motifs"])
        )
    line(t("Ending beat"), content["ending_beat"])
    line(t("Next hook"), content.get("next_hook"))


def _scene_list(content: Content) -> None:
    rows = [
        (
            f"<b>{s['order']}</b>",
            f"<b>{safe(s['beat'])}</b><div>{safe(s['summary'])}</div>",
            safe(s["location"]),
            f"<i>{safe(' / '.join(s['cast']))}</i>",
        )
        for s in content["scenes"]
    ]
    table([("#", "2rem"), (t("Scene"), "56%"), (t("Location"), "auto"), (t("Cast"), "18%")], rows, hide_narrow=(3,))


def _scene_anchor(content: Content) -> None:
    language = current()
    other = "en" if language == "zh" else "zh"
    st.markdown(plain(content["scene"][language]))
    st.markdown(f":gray[{plain(content['scene'][other])}]")
    place, light, air = content["location"], content["lighting"], content["atmosphere"]
    for column, (title, head, rest) in zip(
        st.columns(3),
        (
            (t("Location"), place["name"], [place["type"], place["details"]]),
            (t("Lighting"), light["type"], [light["direction"], light["colour"], light["intensity"]]),
            (t("Atmosphere"), air["mood"], [air["time"], air["weather"]]),
        ),
        strict=True,
    ):
        with column:
            st.markdown(f":gray[{title}]  \n**{plain(head)}**  \n{plain(' · '.join(rest))}")
    st.markdown(
        f":gray[{t('Anchors')}]  \n" + " ".join(f":green-badge[{plain(a)}]" for a in content["anchors"][language])
    )
    st.markdown(f":gray[{t('Avoid')}] {plain(content['avoid'][language])}")


def _any(content: Content, node_id: int) -> None:
    """Every field with its words below it; what holds further ones as a list in a list."""
    for name, value in content.items():
        if isinstance(value, dict | list):
            points = "\n".join(_points(value))
            if points:
                st.markdown(f":gray[{plain(_words(name))}]\n\n{points}")
        else:
            line(_words(name), value)


def _points(value: dict[str, Any] | list[Any], depth: int = 0) -> Iterator[str]:
    """The lines of a Markdown list: a line for each field or item that says something."""
    indent = "  " * depth
    named = value.items() if isinstance(value, dict) else ((str(n), item) for n, item in enumerate(value, start=1))
    for name, item in named:
        if isinstance(item, dict | list):
            below = list(_points(item, depth + 1))
            yield from [f"{indent}- :gray[{plain(_words(name))}]", *below] if below else ()
        elif item not in (None, ""):
            label = f":gray[{plain(_words(name))}] " if isinstance(value, dict) else ""
            yield f"{indent}- {label}{plain(item)}"


def _words(name: str) -> str:
    return name.replace("_", " ")


_VIEWS: dict[str, Callable[[Content], None]] = {
    "brief": _brief,
    "source": _source,
    "character": _name_and_description,
    "world_element": _name_and_description,
    "episode_plan": _episode_plan,
    "core_expression": _core_expression,
    "scene_list": _scene_list,
    "scene_anchor": _scene_anchor,
    "emotion_arc": drama.emotion_arc,
    **storyboard.VIEWS,
    **board.VIEWS,
    "frame_ranking": ranking.draw,
}
#: views that look around their node as well: at its story's cast, its scenes
_PLACED_VIEWS: dict[str, Callable[[Content, int], None]] = {
    "dialogue": storyboard.dialogue,
    "causal_chain": drama.chain,
    "character_relationships": drama.relationships,
    "character_candidates": newcomers.draw,
    **dict.fromkeys(looks.KINDS, looks.show),
    "scene_script": screenplay.draw,
    **board.PLACED_VIEWS,
}


def complete(kind: str, typed: Content) -> Content:
    """What was typed, with the fields that follow from it."""
    content = dict(typed)
    if kind == "episode_plan":
        content["episode_count"] = len(content["episodes"])
    if kind == "duration":
        content["seconds"] = round(sum(float(s or 0) for s in content["parts"].values()), 2)
    return content


def editor(
    kind: str, key: str, content: Content, issues: Sequence[Issue] = (), part: int | None = None,
    start: Content | None = None, node_id: int = 0,
) -> Content:  # fmt: skip
    """The form to edit an artifact in place, or one part of it (counted from 1), which began with `start`; returns the
    whole content as typed."""
    if kind in parted.PARTED and part is not None:
        return _part_editor(kind, key, content, issues, part, start or content, node_id)
    typed = forms.fields(kinds.find(kind).model, key, content, issues, skip=DERIVED.get(kind, ()))
    return complete(kind, {**{name: content[name] for name in DERIVED.get(kind, ()) if name in content}, **typed})


def _part_editor(
    kind: str, key: str, content: Content, issues: Sequence[Issue], part: int, start: Content, node_id: int
) -> Content:  # fmt: skip
    own = parted.find(kind, start, part)
    if own.heading:
        st.markdown(f"**{plain(own.label)} · {plain(own.heading)}**")
    mine = parted.issues_of(own, issues)
    # what stands in another part, or in none, is told above the form
    for issue in issues if not mine else ():
        st.markdown(f":red[:material/error:] :gray[{plain(labels.issue_text(issue))}]")
    if kind in board.EDITORS:
        return own.merge(content, board.EDITORS[kind](f"{key}_{part}", own.read(start), mine, node_id))
    typed = forms.fields(own.model, f"{key}_{part}", own.read(start), mine, skip=own.skip)
    return own.merge(content, typed)
