"""What the long storyboard of a scene holds: a bible, a plan of nine groups, 9 × 9 panels, and their Chinese.

English is what pictures are asked for in; Chinese is for reading and editing. Nothing here overwrites another: an
edited Chinese panel leads to English of its own in `BackTranslation`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from workbench.artifacts.declared import Kind
from workbench.artifacts.models import Content, text_of
from workbench.artifacts.storyboard import CharacterState
from workbench.artifacts.versions import hash_of
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject

GroupKey = Literal["KF0", "KF1", "KF2", "KF3", "KF4", "KF5", "KF6", "KF7", "KF8"]
GROUP_KEYS: tuple[GroupKey, ...] = get_args(GroupKey)
PANELS = 9
#: A: the camera in brackets before the English sentence; B: in fields of its own
CameraMode = Literal["A", "B"]
ShotSize = Literal["EST", "ELS", "LS", "FS", "MLS", "MS", "MCU", "CU", "ECU", "TWO", "OTS", "POV", "INS"]
CameraAngle = Literal["eye_level", "low", "high", "birds_eye", "worms_eye", "dutch", "shoulder"]
Lens = Literal["ultra_wide", "wide", "standard", "portrait", "telephoto", "macro"]
CameraMotion = Literal[
    "static", "pan_left", "pan_right", "tilt_up", "tilt_down", "push_in", "pull_back", "truck_left", "truck_right",
    "pedestal_up", "pedestal_down", "zoom_in", "zoom_out", "arc", "follow", "crane", "handheld",
]  # fmt: skip
#: how somebody or something leaves the story of the scene
Way = Literal["left", "consumed"]
#: the camera before a sentence of mode A
PREFIX = re.compile(r"^\[[^\[\]\n]{1,120}\](?=\s*\S)")
EN_CHARS, ZH_CHARS = 800, 500


class BibleCharacter(Content):
    """Who somebody is in this scene; how they look stands in the library."""

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    identity: Annotated[str, text_of(300)] = Field(title=N_("Identity"), description=N_("Who this is, without looks"))
    relation: Annotated[str, text_of(300, 0)] = Field(
        "", title=N_("Relation"), description=N_("To the others of the scene")
    )


class StoryboardBible(Content):
    """What holds for all 81 panels of a scene."""

    premise: Annotated[str, text_of(1500)] = Field(title=N_("Premise"))
    characters: list[BibleCharacter] = Field(default_factory=list, max_length=30, title=N_("Characters"))
    setting_lock: Annotated[str, text_of(1500)] = Field(
        title=N_("Setting lock"), description=N_("Place, light and time that no panel may change")
    )
    props_list: list[Annotated[str, text_of(120)]] = Field(default_factory=list, max_length=20, title=N_("Props"))
    must_happen_beats: list[Annotated[str, text_of(400)]] = Field(
        min_length=1, max_length=18, title=N_("Beats that must happen")
    )


class StoryboardCharacter(CharacterState):
    """Where and how somebody is between two groups."""

    emotion: Annotated[str, text_of(80)] = Field(title=N_("Emotion"))


class PropState(Content):
    """Where a thing is; `holder`: in whose hands, empty in nobody's."""

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    state: Annotated[str, text_of(200)] = Field(title=N_("State"))
    holder: Annotated[str, text_of(120, 0)] = Field("", title=N_("Holder"))


class StoryboardState(Content):
    """The scene at the edge of a group: who and what is there, and what is about to happen."""

    characters: list[StoryboardCharacter] = Field(default_factory=list, max_length=30, title=N_("Characters"))
    props: list[PropState] = Field(default_factory=list, max_length=20, title=N_("Props"))
    next_intent: Annotated[str, text_of(300, 0)] = Field("", title=N_("What comes next"))


class PlannedGroup(Content):
    """One of nine groups: its shots, its goal, and how it begins and ends."""

    group: GroupKey = Field(title=N_("Group"))
    first_shot: int = Field(ge=1, le=81, title=N_("First shot"))
    last_shot: int = Field(ge=1, le=81, title=N_("Last shot"))
    goal: Annotated[str, text_of(600)] = Field(title=N_("Goal"))
    beats: list[int] = Field(
        default_factory=list, max_length=18, title=N_("Beats"),
        description=N_("Numbers of the bible's beats that happen here, from 1"),
    )  # fmt: skip
    start: StoryboardState = Field(title=N_("Start"))
    end: StoryboardState = Field(title=N_("End"))


class PlanAnswer(Content):
    """Nine groups of nine shots, as a model plans them."""

    groups: list[PlannedGroup] = Field(min_length=9, max_length=9, title=N_("Groups"))

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        for number, (key, group) in enumerate(zip(GROUP_KEYS, self.groups, strict=True)):
            wanted = shot_range(key)
            if group.group != key:
                raise ValueError(Text(N_("group {number} must be {key}"), number=number + 1, key=key))
            if (group.first_shot, group.last_shot) != wanted:
                raise ValueError(Text(N_("{key} holds shots {first}–{last}"), key=key, first=wanted[0], last=wanted[1]))
        return self


class StoryboardPlan(PlanAnswer):
    """The plan as it is kept: with how its panels tell the camera."""

    camera_mode: CameraMode = Field("B", title=N_("Camera mode"))


class PanelCamera(Content):
    size: ShotSize = Field(title=N_("Size"))
    angle: CameraAngle = Field(title=N_("Angle"))
    lens: Lens = Field(title=N_("Lens"))
    motion: CameraMotion = Field(title=N_("Camera motion"))


class PanelText(Content):
    """A panel as a model writes it. `camera` None: mode A, where it stands in brackets before the sentence."""

    index: int = Field(ge=1, le=PANELS, title=N_("Panel"))
    en: Annotated[str, text_of(EN_CHARS)] = Field(title=N_("English"))
    camera: PanelCamera | None = Field(None, title=N_("Camera"))
    people: list[Annotated[str, text_of(120)]] = Field(default_factory=list, max_length=8, title=N_("People"))


class Exit(Content):
    """Somebody leaves, or a thing is used up or taken away; from the panel after `panel` on it is gone."""

    name: Annotated[str, text_of(120)] = Field(title=N_("Name"))
    way: Way = Field(title=N_("How"))
    panel: int = Field(ge=1, le=PANELS, title=N_("Panel"))


class GroupAnswer(Content):
    """Nine panels, what came of them, and who or what left."""

    summary: Annotated[str, text_of(600)] = Field(title=N_("Summary"), description=N_("What has happened here"))
    panels: list[PanelText] = Field(min_length=PANELS, max_length=PANELS, title=N_("Panels"))
    end: StoryboardState = Field(title=N_("End"))
    exits: list[Exit] = Field(default_factory=list, max_length=20, title=N_("Exits"))


class Panel(PanelText):
    """`made_as`: hash of what a model wrote; another hash now means that a person has edited it. `for_zh`: the Chinese
    that stood beside English written by hand when it was written; None: it was not."""

    made_as: Annotated[str, text_of(64, 0)] = Field("", title=N_("Made as"))
    for_zh: Annotated[str, text_of(ZH_CHARS, 0)] | None = Field(None, title=N_("Chinese"))

    @model_serializer(mode="wrap")
    def _leave_out_none(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A panel that nobody wrote English for stays what it was, and its hash with it."""
        return {name: value for name, value in write(self).items() if name != "for_zh" or value is not None}

    @property
    def edited(self) -> bool:
        return self.made_as != panel_hash(self)


class PanelGroup(Content):
    """A group as it is kept. `opening`: the lines of the picture prompt that all its panels share; `image_prompt`
    follows from it and the panels, and is built anew whenever they change."""

    group: GroupKey = Field(title=N_("Group"))
    summary: Annotated[str, text_of(600)] = Field(title=N_("Summary"))
    panels: list[Panel] = Field(min_length=PANELS, max_length=PANELS, title=N_("Panels"))
    end: StoryboardState = Field(title=N_("End"))
    exits: list[Exit] = Field(default_factory=list, max_length=20, title=N_("Exits"))
    made_as: Annotated[str, text_of(64, 0)] = Field("", title=N_("Made as"))
    opening: Annotated[str, text_of(8000, 0)] = Field("", title=N_("Opening"))
    image_prompt: Annotated[str, text_of(20000, 0)] = Field("", title=N_("Image prompt"))

    @model_validator(mode="after")
    def _finish(self) -> PanelGroup:
        if [p.index for p in self.panels] != list(range(1, PANELS + 1)):
            raise ValueError(Text(N_("panels must be numbered 1..9 in order")))
        self.image_prompt = grid_prompt(self.opening, self.panels)
        return self

    @property
    def edited(self) -> bool:
        """A person has changed something of it since it was made."""
        return any(p.edited for p in self.panels) or self.made_as != group_hash(self)


class StoryboardGroups(Content):
    """The groups that are made, KF0 first; what could not be made is missing here and named in the job's result."""

    camera_mode: CameraMode = Field("B", title=N_("Camera mode"))
    groups: list[PanelGroup] = Field(min_length=1, max_length=9, title=N_("Groups"))

    @model_validator(mode="after")
    def _check(self) -> StoryboardGroups:
        _check_order([g.group for g in self.groups])
        return self


class ChinesePanel(Content):
    index: int = Field(ge=1, le=PANELS, title=N_("Panel"))
    zh: Annotated[str, text_of(ZH_CHARS)] = Field(title=N_("Chinese"))


class EnglishPanel(Content):
    index: int = Field(ge=1, le=PANELS, title=N_("Panel"))
    en: Annotated[str, text_of(EN_CHARS)] = Field(title=N_("English"))


class TranslatedPanel(ChinesePanel):
    """Chinese of one panel. `made`: as it was translated; another text now means that a person has edited it."""

    made: Annotated[str, text_of(ZH_CHARS, 0)] = Field("", title=N_("As translated"))

    @property
    def edited(self) -> bool:
        return self.zh != self.made


class TranslatedGroup(Content):
    group: GroupKey = Field(title=N_("Group"))
    panels: list[TranslatedPanel] = Field(min_length=PANELS, max_length=PANELS, title=N_("Panels"))

    @model_validator(mode="after")
    def _check(self) -> TranslatedGroup:
        if [p.index for p in self.panels] != list(range(1, PANELS + 1)):
            raise ValueError(Text(N_("panels must be numbered 1..9 in order")))
        return self


class StoryboardTranslation(Content):
    """Chinese of the groups that are translated."""

    groups: list[TranslatedGroup] = Field(min_length=1, max_length=9, title=N_("Groups"))

    @model_validator(mode="after")
    def _check(self) -> StoryboardTranslation:
        _check_order([g.group for g in self.groups])
        return self


class BackPanel(Content):
    """English of an edited Chinese panel: it counts as long as the panel reads `zh` and the group's own English is
    `was`."""

    index: int = Field(ge=1, le=PANELS, title=N_("Panel"))
    zh: Annotated[str, text_of(ZH_CHARS)] = Field(title=N_("Chinese"))
    was: Annotated[str, text_of(EN_CHARS)] = Field(title=N_("English before"))
    en: Annotated[str, text_of(EN_CHARS)] = Field(title=N_("English"))


class BackGroup(Content):
    """`image_prompt`: the group's, with these panels in it."""

    group: GroupKey = Field(title=N_("Group"))
    panels: list[BackPanel] = Field(min_length=1, max_length=PANELS, title=N_("Panels"))
    image_prompt: Annotated[str, text_of(20000, 0)] = Field("", title=N_("Image prompt"))


class BackTranslation(Content):
    """English of the Chinese panels that were edited; empty when none was."""

    groups: list[BackGroup] = Field(default_factory=list, max_length=9, title=N_("Groups"))

    @model_validator(mode="after")
    def _check(self) -> BackTranslation:
        _check_order([g.group for g in self.groups])
        return self


def shot_range(key: GroupKey) -> tuple[int, int]:
    """KF0 → 1–9 … KF8 → 73–81."""
    first = GROUP_KEYS.index(key) * PANELS + 1
    return first, first + PANELS - 1


def prefix_of(text: str) -> str:
    """The camera in brackets before a sentence of mode A; empty where there is none."""
    match = PREFIX.match(text)
    return match.group(0) if match else ""


def bracket_of(panel: PanelText) -> str:
    """The same of a panel; a bracket in one whose camera has fields of its own is no camera."""
    return prefix_of(panel.en) if panel.camera is None else ""


def panel_hash(panel: PanelText) -> str:
    """Of what is said of a panel."""
    return hash_of(panel.model_dump(mode="json", include={"index", "en", "camera", "people"}))


def group_hash(group: GroupAnswer | PanelGroup) -> str:
    """Of what is said of a group beside its panels."""
    return hash_of(group.model_dump(mode="json", include={"summary", "end", "exits"}))


def camera_words(camera: PanelCamera) -> str:
    """The camera of mode B as a picture prompt tells it."""
    return ", ".join(str(code).replace("_", " ") for code in (camera.size, camera.angle, camera.lens, camera.motion))


def grid_prompt(opening: str, panels: list[Panel]) -> str:
    """What a picture model is asked for: one sheet of 3 × 3 panels. Written by code, never by a model."""
    lines = [
        f"{p.index}. {f'[{camera_words(p.camera)}] ' if p.camera is not None else ''}{p.en}" for p in panels
    ]  # fmt: skip
    head = "One sheet of nine panels in a 3 x 3 grid, left to right, top to bottom; thin even gutters, no lettering."
    return "\n".join(x for x in (head, opening, *lines) if x)


def _check_order(keys: list[GroupKey]) -> None:
    if keys != sorted(set(keys)):
        raise ValueError(Text(N_("groups must be in order, each once")))


def _plan_parts(content: JsonObject) -> JsonObject:
    return {f"group:{g['group']}": g for g in content["groups"]}


def _group_parts(content: JsonObject) -> JsonObject:
    """Each group three times: whole, its English alone, and what later groups go on from."""
    parts: JsonObject = {}
    for group in content["groups"]:
        key = group["group"]
        parts[f"group:{key}"] = group
        parts[f"text:{key}"] = [p["en"] for p in group["panels"]]
        parts[f"state:{key}"] = {name: group[name] for name in ("summary", "end", "exits")}
    return parts


def _find_panel(group: JsonObject | None, number: str) -> JsonObject:
    """A panel of a group by its number; empty where the group is gone or has none."""
    return next((p for p in (group or {}).get("panels", ()) if str(p["index"]) == number), {})


def _view_of(*fields: str) -> Callable[[JsonObject, str], JsonObject | None]:
    """Of one panel what its picture is made from."""

    def view(group: JsonObject, number: str) -> JsonObject | None:
        panel = _find_panel(group, number)
        return {name: panel[name] for name in fields if name in panel} or None

    return view


def _view_edit(group: JsonObject, number: str) -> JsonObject | None:
    """A panel's Chinese where a person has edited it: elsewhere an English story does not go by it."""
    panel = _find_panel(group, number)
    return {name: panel[name] for name in ("zh", "index")} if panel and panel["zh"] != panel["made"] else None


def _view_state(group: JsonObject, name: str) -> JsonObject | None:
    """How somebody is at the end of a group."""
    characters = ((group or {}).get("end") or {}).get("characters", ())
    return next((dict(c) for c in characters if c["name"] == name), None)


STORYBOARD_BIBLE = Kind("storyboard_bible", N_("Storyboard bible"), "scene", StoryboardBible)
STORYBOARD_PLAN = Kind("storyboard_plan", N_("Storyboard plan"), "scene", StoryboardPlan, _plan_parts)
STORYBOARD_GROUPS = Kind(
    "storyboard_groups",
    N_("Storyboard panels"),
    "scene",
    StoryboardGroups,
    _group_parts,
    expected_parts=27,
    views={"panel": _view_of("en", "camera", "people", "index", "for_zh"), "state": _view_state},
)
STORYBOARD_TRANSLATION = Kind(
    "storyboard_translation", N_("Chinese of the panels"), "scene", StoryboardTranslation, _plan_parts,
    expected_parts=9, views={"panel": _view_of("zh", "index", "made"), "edit": _view_edit},
)  # fmt: skip
STORYBOARD_BACK_TRANSLATION = Kind(
    "storyboard_back_translation",
    N_("English of edited panels"),
    "scene",
    BackTranslation,
    _plan_parts,
    views={"panel": _view_of("en", "index", "zh", "was")},
)

KINDS = (
    STORYBOARD_BIBLE, STORYBOARD_PLAN, STORYBOARD_GROUPS, STORYBOARD_TRANSLATION, STORYBOARD_BACK_TRANSLATION,
)  # fmt: skip
