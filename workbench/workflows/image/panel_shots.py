"""Panels of the long storyboard as shots, so that frames are drawn from a group as they are from the nine-shot plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.artifacts.panels import GROUP_KEYS
from workbench.artifacts.storyboard import frame_key, frame_part
from workbench.json_types import JsonObject
from workbench.story import board, frame_shots
from workbench.story.names import NameIndex
from workbench.workflows.scene.generate_keyframe_prompt import CONSISTENCY, QUALITY

if TYPE_CHECKING:
    from workbench.story.board import BoardGroup
    from workbench.story.facts import NodeView


def read_panel_shot(node: NodeView, key: str, order: int, aspect: str, language: str) -> JsonObject | None:
    """A panel (1–9) of a group as a shot, in the words that count now; None where the group is not written."""
    used_for = frame_part(frame_key(order))
    group = _read_group(node, key, used_for)
    if group is None or not group.panels:
        return None
    bible = node.artifact("storyboard_bible", fields=("setting_lock",), only_for=used_for) or {}
    anchor = node.artifact("scene_anchor", fields=(f"anchors.{language}",), only_for=used_for) or {}
    anchors = list((anchor.get("anchors") or {}).get(language) or [])[:4]
    setting = str(bible.get("setting_lock") or "")
    # whom a text names is no input: another name for somebody changes no picture
    library = NameIndex(node.at(node.id).project.characters(("name", "aliases"), most=None))
    panel = board.with_people(group.panels[order - 1], language, library)
    shot = frame_shots.make_shot(group, panel, setting, anchors, aspect, language)
    return {
        **shot,
        "technical": {"consistency": CONSISTENCY[language], "composition": "", "quality": QUALITY[language]},
    }


def _read_group(node: NodeView, key: str, used_for: str) -> BoardGroup | None:
    """The group with its edited panels; whatever of it is read counts for this frame alone."""
    kept: list[JsonObject | None] = []
    for kind in frame_shots.PANELS:
        part = node.artifact(kind, f"group:{key}", only_for=used_for)
        kept.append(None if part is None else {"groups": [part]})
    if kept[0] is None:
        return None
    return board.lay_out(None, *kept)[GROUP_KEYS.index(key)]
