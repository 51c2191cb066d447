"""The long storyboard of a scene laid out: groups and panels in both languages, and what a person has edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.artifacts.panels import (
    GROUP_KEYS,
    BackPanel,
    BackTranslation,
    Exit,
    GroupKey,
    Panel,
    PanelCamera,
    PlannedGroup,
    StoryboardGroups,
    StoryboardPlan,
    StoryboardState,
    StoryboardTranslation,
    TranslatedPanel,
    grid_prompt,
    shot_range,
)
from workbench.json_types import JsonObject

Back = Mapping[tuple[str, int], BackPanel]


@dataclass(frozen=True)
class BoardPanel:
    """`en`: what counts, which is the English of an edited Chinese panel where there is one. `pending`: its Chinese was
    edited and has no English yet. `edited_en`: a person has edited the panel itself."""

    index: int
    shot: int
    en: str
    zh: str
    camera: PanelCamera | None
    people: tuple[str, ...]
    edited_zh: bool = False
    edited_en: bool = False
    translated_back: bool = False
    pending: bool = False


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
        panels = tuple(_panel(key, p, chinese.get((key, p.index)), english) for p in group.panels)
        shown = [p.model_copy(update={"en": b.en}) for p, b in zip(group.panels, panels, strict=True)]
        board.append(
            BoardGroup(
                key, shot_range(key), planned.get(key), group.summary, panels, group.end, tuple(group.exits),
                grid_prompt(group.opening, shown), frozenset(n for p in group.panels for n in p.people),
            )
        )  # fmt: skip
    return board


def _panel(key: GroupKey, panel: Panel, chinese: TranslatedPanel | None, back: Back) -> BoardPanel:
    translated = None if chinese is None else find_back(key, chinese, panel.en, back)
    return BoardPanel(
        index=panel.index,
        shot=shot_range(key)[0] + panel.index - 1,
        en=panel.en if translated is None else translated.en,
        zh="" if chinese is None else chinese.zh,
        camera=panel.camera,
        people=tuple(panel.people),
        edited_zh=chinese is not None and chinese.edited,
        edited_en=panel.edited,
        translated_back=translated is not None,
        pending=chinese is not None and is_pending(key, chinese, panel.en, back),
    )


def back_panels(content: JsonObject | None) -> dict[tuple[str, int], BackPanel]:
    """English of edited panels by (group, number)."""
    groups = BackTranslation.model_validate(content).groups if content else []
    return {(g.group, p.index): p for g in groups for p in g.panels}


def find_back(key: GroupKey, chinese: TranslatedPanel, own: str, back: Back) -> BackPanel | None:
    """The English that an edited panel has led to, as long as Chinese and the group's `own` English are those of
    then."""
    known = back.get((key, chinese.index))
    return known if chinese.edited and known and (known.zh, known.was) == (chinese.zh, own) else None


def is_pending(key: GroupKey, chinese: TranslatedPanel, own: str, back: Back) -> bool:
    """The panel's Chinese was edited, and its English does not follow it yet."""
    return chinese.edited and find_back(key, chinese, own, back) is None
