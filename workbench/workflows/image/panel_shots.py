"""Panels of the long storyboard as shots, so that frames are drawn from a group as they are from the nine-shot plan."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from workbench.artifacts.panels import GROUP_KEYS, PanelCamera, StoryboardCharacter, prefix_of
from workbench.artifacts.storyboard import Angle, Framing, frame_key, frame_part
from workbench.json_types import JsonObject
from workbench.story import board
from workbench.workflows.scene.generate_keyframe_prompt import CONSISTENCY, QUALITY

if TYPE_CHECKING:
    from workbench.story.board import BoardGroup, BoardPanel
    from workbench.story.facts import NodeView

#: how much a panel shows → the nearest of the nine framings
FRAMING: dict[str, Framing] = {
    "EST": "ELS", "ELS": "ELS", "LS": "LS", "FS": "LS", "MLS": "MLS", "MS": "MS", "MCU": "MCU", "CU": "CU",
    "ECU": "ECU", "TWO": "MS", "OTS": "MCU", "POV": "MS", "INS": "ECU",
}  # fmt: skip
ANGLES: dict[str, Angle] = {"low": "low", "worms_eye": "low", "high": "high", "birds_eye": "high"}
POSITIONS = ("centre", "right", "left", "far_right", "far_left")
CAPTION_CHARS = 120
_CODE = re.compile(r"\b(" + "|".join(FRAMING) + r")\b")


def read_panel_shot(node: NodeView, key: str, order: int, aspect: str, language: str) -> JsonObject | None:
    """A panel (1–9) of a group as a shot, in the words that count now; None where the group is not written."""
    used_for = frame_part(frame_key(order))
    group = _read_group(node, key, used_for)
    if group is None or not group.panels:
        return None
    bible = node.artifact("storyboard_bible", fields=("setting_lock",), only_for=used_for) or {}
    anchor = node.artifact("scene_anchor", fields=(f"anchors.{language}",), only_for=used_for) or {}
    anchors = list((anchor.get("anchors") or {}).get(language) or [])[:4]
    return make_shot(group, group.panels[order - 1], str(bible.get("setting_lock") or ""), anchors, aspect, language)


def _read_group(node: NodeView, key: str, used_for: str) -> BoardGroup | None:
    """The group with its edited panels; whatever of it is read counts for this frame alone."""
    kept: list[JsonObject | None] = []
    for kind in ("storyboard_groups", "storyboard_translation", "storyboard_back_translation"):
        part = node.artifact(kind, f"group:{key}", only_for=used_for)
        kept.append(None if part is None else {"groups": [part]})
    if kept[0] is None:
        return None
    return board.lay_out(None, *kept)[GROUP_KEYS.index(key)]


def make_shot(
    group: BoardGroup, panel: BoardPanel, setting: str, anchors: list[str], aspect: str, language: str
) -> JsonObject:
    """All that a picture is drawn from, in the shape of a shot of the nine-shot plan."""
    text = panel.zh if language == "zh" and panel.zh else panel.en
    bare = (text if panel.camera is not None else text[len(prefix_of(text)) :]).strip()
    states = {c.name: c for c in (group.end.characters if group.end is not None else [])}
    size, angle, lens = _camera(panel.camera, panel.en)
    thing = anchors[panel.index % len(anchors)] if anchors else setting[:60] or "—"
    return {
        "order": panel.index,
        "framing": size,
        "caption": bare[:CAPTION_CHARS],
        "composition": bare,
        "anchors": anchors,
        "subjects": [_subject(n, states.get(n), i, thing) for i, n in enumerate(panel.people[: len(POSITIONS)])],
        "bubble_space": "",
        "camera": {"angle": angle, "lens": lens, "aspect": aspect},
        "visual": {"character": "", "environment": setting, "lighting": "", "mood": ""},
        "technical": {"consistency": CONSISTENCY[language], "composition": "", "quality": QUALITY[language]},
        "avoid": [],
    }


def _camera(camera: PanelCamera | None, text: str) -> tuple[Framing, Angle, str]:
    """Size, angle and lens; of mode A, as far as the brackets say them."""
    if camera is not None:
        return FRAMING[camera.size], ANGLES.get(camera.angle, "eye_level"), camera.lens.replace("_", " ")
    bracket = prefix_of(text)
    size = _CODE.search(bracket)
    low, high = re.search(r"\b(?:low|worm)", bracket, re.I), re.search(r"\b(?:high|bird)", bracket, re.I)
    angle: Angle = "low" if low else "high" if high else "eye_level"
    return FRAMING[size.group(1)] if size else "MS", angle, ""


def _subject(name: str, state: StoryboardCharacter | None, index: int, thing: str) -> JsonObject:
    hands = state.hands.model_dump() if state is not None else {"left": "", "right": ""}
    facing = state.facing if state is not None and state.facing != "away" else "camera"
    return {
        "name": name,
        "position": POSITIONS[index],
        "orientation": facing,
        "pose": state.stance if state is not None else "standing",
        "action": state.emotion if state is not None else "",
        "expression": "neutral",
        "gaze": thing[:120],
        "hands": hands,
    }
