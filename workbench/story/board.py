"""The long storyboard of a scene laid out: groups and panels in both languages, and what a person has edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from workbench.artifacts.panels import (
    GROUP_KEYS,
    BackPanel,
    BackTranslation,
    Exit,
    GroupKey,
    Panel,
    PanelCamera,
    PanelGroup,
    PlannedGroup,
    StoryboardGroups,
    StoryboardPlan,
    StoryboardState,
    StoryboardTranslation,
    TranslatedGroup,
    TranslatedPanel,
    grid_prompt,
    shot_range,
)
from workbench.json_types import JsonObject
from workbench.story.names import NameIndex

Back = Mapping[tuple[str, int], BackPanel]


@dataclass(frozen=True)
class BoardPanel:
    """`en`: what counts, which is the English of an edited Chinese panel where there is one. `pending`: its Chinese was
    edited and has no English yet; `asks`: it has English that a person wrote before that, which no run replaces
    unasked. `edited_en`: a person has edited the panel itself, `worded_en`: its English; `own`: its group's own
    English."""

    index: int
    shot: int
    en: str
    zh: str
    camera: PanelCamera | None
    people: tuple[str, ...]
    edited_zh: bool = False
    edited_en: bool = False
    worded_en: bool = False
    translated_back: bool = False
    pending: bool = False
    asks: bool = False
    own: str = ""

    def text_in(self, language: str) -> str:
        """What counts in a story of this language."""
        return self.zh if language == "zh" and self.zh else self.en

    def is_worded(self, language: str) -> bool:
        """What counts there says what a person has written."""
        in_chinese = language == "zh" and bool(self.zh)
        return self.worded_en or (self.edited_zh if in_chinese else self.translated_back)


@dataclass(frozen=True)
class BoardGroup:
    """`panels` is empty while they are not made. `image_prompt`: of the panels as they count."""

    key: GroupKey
    shots: tuple[int, int]
    planned: PlannedGroup | None
    summary: str = ""
    panels: tuple[BoardPanel, ...] = ()
    end: StoryboardState | None = None
    exits: tuple[Exit, ...] = ()
    image_prompt: str = ""
    people: frozenset[str] = field(default_factory=frozenset)


def lay_out(
    plan: JsonObject | None, groups: JsonObject | None, translation: JsonObject | None, back: JsonObject | None
) -> list[BoardGroup]:
    """All nine groups, made or not, from the contents of the artifacts that there are."""
    planned = {g.group: g for g in StoryboardPlan.model_validate(plan).groups} if plan else {}
    made = {g.group: g for g in StoryboardGroups.model_validate(groups).groups} if groups else {}
    chinese = {
        (g.group, p.index): p
        for g in (StoryboardTranslation.model_validate(translation).groups if translation else ())
        for p in g.panels
    }
    english = back_panels(back)
    board = []
    for key in GROUP_KEYS:
        group = made.get(key)
        if group is None:
            board.append(BoardGroup(key, shot_range(key), planned.get(key)))
            continue
        panels = tuple(lay_out_panel(key, p, chinese.get((key, p.index)), english) for p in group.panels)
        shown = [p.model_copy(update={"en": b.en}) for p, b in zip(group.panels, panels, strict=True)]
        board.append(
            BoardGroup(
                key, shot_range(key), planned.get(key), group.summary, panels, group.end, tuple(group.exits),
                grid_prompt(group.opening, shown), frozenset(n for p in group.panels for n in p.people),
            )
        )  # fmt: skip
    return board


def lay_out_panel(key: GroupKey, panel: Panel, chinese: TranslatedPanel | None, back: Back) -> BoardPanel:
    """One panel of a group as it counts."""
    translated = None if chinese is None else find_back(key, chinese, panel, back)
    pending = chinese is not None and is_pending(key, chinese, panel, back)
    return BoardPanel(
        index=panel.index,
        shot=shot_range(key)[0] + panel.index - 1,
        en=panel.en if translated is None else translated.en,
        zh="" if chinese is None else chinese.zh,
        camera=panel.camera,
        people=tuple(panel.people),
        edited_zh=chinese is not None and chinese.edited,
        edited_en=panel.edited,
        worded_en=panel.for_zh is not None,
        translated_back=translated is not None,
        pending=pending,
        asks=pending and panel.for_zh is not None,
        own=panel.en,
    )


def with_people(panel: BoardPanel, language: str, library: NameIndex) -> BoardPanel:
    """The panel with everybody who is in its picture: whoever wrote it says so in `people`, and a person who words it
    anew names whom they bring in. Whom they name no more stays: no text has to name everybody."""
    if not panel.is_worded(language):
        return panel
    there = {library.find(name) or name for name in panel.people}
    brought = [name for name in library.find_seen(panel.text_in(language)) if name not in there]
    return replace(panel, people=(*panel.people, *brought))


def back_panels(content: JsonObject | None) -> dict[tuple[str, int], BackPanel]:
    """English of edited panels by (group, number)."""
    groups = BackTranslation.model_validate(content).groups if content else []
    return {(g.group, p.index): p for g in groups for p in g.panels}


def find_back(key: GroupKey, chinese: TranslatedPanel, panel: Panel, back: Back) -> BackPanel | None:
    """The English that an edited panel has led to, as long as Chinese and the group's own English are those of then,
    and nobody has written English for that Chinese by hand."""
    known = back.get((key, chinese.index))
    if not chinese.edited or known is None or panel.for_zh == chinese.zh:
        return None
    return known if (known.zh, known.was) == (chinese.zh, panel.en) else None


def english_of(group: PanelGroup, chinese: TranslatedGroup | None, back: Back) -> dict[int, str]:
    """The English of a group's panels that counts, by number."""
    translated = {p.index: p for p in chinese.panels} if chinese is not None else {}
    return {p.index: lay_out_panel(group.group, p, translated.get(p.index), back).en for p in group.panels}


def is_pending(key: GroupKey, chinese: TranslatedPanel, panel: Panel, back: Back) -> bool:
    """The panel's Chinese was edited, and its English does not follow it yet: neither a model's nor a person's."""
    return chinese.edited and panel.for_zh != chinese.zh and find_back(key, chinese, panel, back) is None


def note_chinese(groups: JsonObject, before: JsonObject | None, translation: JsonObject | None) -> JsonObject:
    """The content of groups saved by hand, in which English that differs from `before` names the Chinese beside it."""
    was = {(g["group"], p["index"]): p["en"] for g in (before or {}).get("groups", ()) for p in g["panels"]}
    chinese = {(g["group"], p["index"]): p["zh"] for g in (translation or {}).get("groups", ()) for p in g["panels"]}

    def noted(key: tuple[str, int], panel: JsonObject) -> JsonObject:
        return panel if was.get(key) == panel["en"] else {**panel, "for_zh": chinese.get(key, "")}

    named = [{**g, "panels": [noted((g["group"], p["index"]), p) for p in g["panels"]]} for g in groups["groups"]]
    return {**groups, "groups": named}
