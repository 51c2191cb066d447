"""What a hand-off tells, read from the artifacts that exist: scenes with their frames, shots, lines and cues."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from workbench.artifacts.panels import (
    STORYBOARD_BACK_TRANSLATION,
    STORYBOARD_GROUPS,
    STORYBOARD_PLAN,
    STORYBOARD_TRANSLATION,
    PanelCamera,
)
from workbench.artifacts.storyboard import frame_key
from workbench.errors import NotAllowed
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.story import board, frame_shots, scene_length, timing
from workbench.story.board import BoardPanel
from workbench.story.facts import NodeView
from workbench.story.names import NameIndex

#: gives the bytes of a picture; None: it is gone
Read = Callable[[str], bytes | None]
#: told how many of all scenes are done
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Shot:
    """One of a scene's nine. `picture`: the hash of the chosen frame; None: not drawn yet."""

    order: int
    framing: str
    angle: str
    lens: str
    caption: str
    composition: str
    people: tuple[str, ...]
    actions: tuple[str, ...]
    picture: str | None

    @property
    def key(self) -> str:
        return frame_key(self.order)


@dataclass(frozen=True)
class Panel:
    """One of a scene's 81. `en`, `zh`: as they count now; `zh` empty: not translated. `camera` None: it stands in
    brackets before the sentence."""

    number: int
    en: str
    zh: str
    camera: PanelCamera | None
    people: tuple[str, ...]

    @property
    def camera_words(self) -> tuple[str, str, str, str]:
        """Size, angle, lens and motion by their names."""
        camera = self.camera
        return ("", "", "", "") if camera is None else (camera.size, camera.angle, camera.lens, camera.motion)


@dataclass(frozen=True)
class Group:
    """Nine panels. `goal`: what they are for; empty where no plan says."""

    key: str
    goal: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Line:
    """A spoken line with its place in the film, in seconds. No speaker: a narration."""

    type: str
    speaker: str
    emotion: str
    notes: tuple[str, ...]
    text: str
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Cue:
    """A sound with its place in the film, in seconds."""

    type: str
    description: str
    intensity: str
    from_s: float
    to_s: float


@dataclass(frozen=True)
class Scene:
    """`from_s`, `seconds`: where it stands in its episode, and how long it runs. `script`: its entry in the scene
    script."""

    number: int
    title: str
    summary: str
    location: str
    cast: tuple[str, ...]
    from_s: float
    seconds: float
    shots: tuple[Shot, ...]
    silent: str
    lines: tuple[Line, ...]
    cues: tuple[Cue, ...]
    script: JsonObject | None
    #: of its long storyboard, those that are written
    groups: tuple[Group, ...] = ()


@dataclass(frozen=True)
class Episode:
    number: int
    title: str
    scenes: tuple[Scene, ...]


@dataclass(frozen=True)
class Book:
    """`language`: the story's; `aspect_ratio`: of its frames, such as 16:9."""

    title: str
    language: str
    aspect_ratio: str
    episodes: tuple[Episode, ...] = field(default_factory=tuple)

    @property
    def scenes(self) -> list[tuple[Episode, Scene]]:
        return [(episode, scene) for episode in self.episodes for scene in episode.scenes]

    @property
    def has_panels(self) -> bool:
        return any(scene.groups for _, scene in self.scenes)

    @property
    def pictures(self) -> list[str]:
        return [shot.picture for _, scene in self.scenes for shot in scene.shots if shot.picture]


def read_book(node: NodeView) -> Book:
    """Of a project all its episodes, of an episode its scenes, of a scene itself.

    Raises NotAllowed while there is no scene.
    """
    brief = node.project.brief if node.kind != "project" else node.brief
    language = str(brief.get("language") or "en")
    if node.kind == "project":
        episodes = [_episode(n, language, lambda _: True) for n in node.children() if n.kind == "episode"]
    elif node.kind == "episode":
        episodes = [_episode(node, language, lambda _: True)]
    else:
        above = node.parent
        episodes = [_episode(above, language, lambda n: n.id == node.id)] if above and node.kind == "scene" else []
    episodes = [episode for episode in episodes if episode.scenes]
    if not episodes:
        raise NotAllowed(no_scenes())
    ratio = str(brief.get("aspect_ratio") or "16:9")
    return Book(str(brief.get("title") or node.title), language, ratio, tuple(episodes))


def has_scenes(node: NodeView) -> bool:
    """Whether there is anything to hand off."""
    if node.kind == "project":
        return any(has_scenes(n) for n in node.children() if n.kind == "episode")
    return node.kind == "scene" or (node.kind == "episode" and bool(node.children()))


def no_scenes() -> Text:
    return Text(N_("There is no scene to hand off yet; make a scene list first."))


def _episode(node: NodeView, language: str, wanted: Callable[[NodeView], bool]) -> Episode:
    scenes: list[Scene] = []
    at = 0.0
    for child in node.children():
        scene = _scene(child, language, at)
        at = round(at + scene.seconds, 1)
        if wanted(child):
            scenes.append(scene)
    return Episode(node.position, node.title, tuple(scenes))


def _scene(node: NodeView, language: str, at: float) -> Scene:
    outline = node.entry("scene_list") or {}
    dialogue = node.artifact("dialogue")
    sound, duration = node.artifact("sound_design"), node.artifact("duration")
    script = node.entry("scene_script")
    lines = _list_lines(dialogue, script)
    cues = (sound or {}).get("cues", [])
    told = scene_length.reckon(node, language).seconds if duration is None else float(duration["seconds"])
    # a duration of before the lines grew ends while they are said
    seconds = max(told, _round_up(timing.dialogue_s(lines)), *(_round_up(c["to_s"]) for c in cues))
    shots = frame_shots.read_at(node, language)
    return Scene(
        node.position, node.title, str(outline.get("summary", "")), str(outline.get("location", "")),
        tuple(outline.get("cast", ())), at, seconds,
        tuple(_shot(s, shots.chosen) for s in (shots.shown if shots.plan else ())),
        str((dialogue or {}).get("reason", "")) if (dialogue or {}).get("silent") else "",
        tuple(_time_lines(lines, at, seconds)),
        tuple(
            Cue(c["type"], c["description"], c["intensity"], round(at + c["from_s"], 1), round(at + c["to_s"], 1))
            for c in cues
        ),
        script,
        _read_groups(node, language),
    )  # fmt: skip


def _list_lines(dialogue: JsonObject | None, script: JsonObject | None) -> list[JsonObject]:
    """What is said in a scene; while it has no dialogue, by its page of the script."""
    if dialogue is not None:
        return list(dialogue.get("lines", []))
    said = [e for e in (script or {}).get("elements", []) if e["type"] == "dialogue"]
    return [
        {
            "type": "dialogue", "speaker": e["speaker"], "emotion": "",
            "notes": [e["parenthetical"]] if e["parenthetical"] else [], "text": e["text"],
        }
        for e in said
    ]  # fmt: skip


def _round_up(seconds: float) -> float:
    """To a tenth that is not less: scenes begin at one."""
    return math.ceil(round(seconds * 10, 6)) / 10


def _read_groups(node: NodeView, language: str) -> tuple[Group, ...]:
    kinds = (STORYBOARD_PLAN, STORYBOARD_GROUPS, STORYBOARD_TRANSLATION, STORYBOARD_BACK_TRANSLATION)
    groups = [group for group in board.lay_out(*(node.artifact(kind.name) for kind in kinds)) if group.panels]
    library = NameIndex(node.project.characters(("name", "aliases"), most=None) if groups else [])
    return tuple(
        Group(
            group.key, group.planned.goal if group.planned else "",
            tuple(_panel(board.with_people(panel, language, library)) for panel in group.panels),
        )
        for group in groups
    )  # fmt: skip


def _panel(panel: BoardPanel) -> Panel:
    return Panel(panel.shot, panel.en, panel.zh, panel.camera, panel.people)


def _shot(shot: JsonObject, frames: Mapping[str, str]) -> Shot:
    return Shot(
        int(shot["order"]), shot["framing"], shot["camera"]["angle"], shot["camera"]["lens"], shot["caption"],
        shot["composition"], tuple(s["name"] for s in shot["subjects"]),
        tuple(f"{s['name']}: {s['action']}" for s in shot["subjects"]), frames.get(frame_key(shot["order"])),
    )  # fmt: skip


def _time_lines(lines: list[JsonObject], at: float, seconds: float) -> list[Line]:
    """Lines one after the other, as long as they take to say, with the scene's silence spread between them."""
    if not lines:
        return []
    spoken = [timing.LINE_S + timing.reading_s(str(line["text"])) for line in lines]
    gap = max(0.0, seconds - sum(spoken)) / (len(lines) + 1)
    timed, now = [], at + gap
    for line, takes in zip(lines, spoken, strict=True):
        notes = tuple(line["notes"])
        said = (line["type"], line["speaker"], line["emotion"], notes, line["text"])
        timed.append(Line(*said, round(now, 2), round(now + takes, 2)))
        now += takes + gap
    return timed
