"""Panels of the long storyboard as shots, so that frames are drawn from a group as they are from the nine-shot plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench.artifacts.panels import BackPanel, GroupKey, Panel, StoryboardCharacter, TranslatedPanel
from workbench.artifacts.storyboard import frame_key, frame_part
from workbench.json_types import JsonObject
from workbench.story import board, frame_shots
from workbench.story.names import NameIndex
from workbench.workflows.scene.generate_keyframe_prompt import CONSISTENCY, QUALITY

if TYPE_CHECKING:
    from workbench.story.board import BoardPanel
    from workbench.story.facts import NodeView

#: what is read for a frame that shows a panel, beside the scene's anchor
USED_FOR_PANELS = ("used.storyboard_bible", *(f"used.{kind}" for kind in frame_shots.PANELS))


def read_panel_shot(node: NodeView, key: GroupKey, order: int, aspect: str, language: str) -> JsonObject | None:
    """A panel (1–9) of a group as a shot, in the words that count now; None where the group is not written."""
    used_for = frame_part(frame_key(order))
    read = _read_panel(node, key, order, language, used_for)
    if read is None:
        return None
    panel, states = read
    bible = node.artifact("storyboard_bible", fields=("setting_lock",), only_for=used_for) or {}
    anchor = node.artifact("scene_anchor", fields=(f"anchors.{language}",), only_for=used_for) or {}
    anchors = list((anchor.get("anchors") or {}).get(language) or [])[:4]
    setting = str(bible.get("setting_lock") or "")
    shot = frame_shots.make_shot(panel, states, setting, anchors, aspect, language)
    return {
        **shot,
        "technical": {"consistency": CONSISTENCY[language], "composition": "", "quality": QUALITY[language]},
    }


def _read_panel(
    node: NodeView, key: GroupKey, order: int, language: str, used_for: str
) -> tuple[BoardPanel, dict[str, StoryboardCharacter]] | None:
    """The panel as it counts, and how its people are. Of the group nothing else is read, and what is read counts for
    this frame alone: an edit of another panel leaves it fresh."""
    # whom a text names is no input: another name for somebody changes no picture
    library = NameIndex(node.at(node.id).project.characters(("name", "aliases"), most=None))
    part = f"group:{key}"
    groups, *translated = frame_shots.PANELS
    aside = node.at(node.id)
    chinese, back = (_read_translated(aside, kind, part, order, language, used_for) for kind in translated)

    def lay_out(panel: JsonObject) -> BoardPanel:
        made = board.lay_out_panel(
            key, Panel.model_validate(panel), TranslatedPanel.model_validate(chinese) if chinese else None,
            {(key, order): BackPanel.model_validate(back)} if back else {},
        )  # fmt: skip
        return board.with_people(made, language, library)

    def list_fields(group: JsonObject) -> list[str]:
        people = lay_out(group["panels"][order - 1]).people
        return frame_shots.fields_of_panel(groups, order, people, language)

    read = node.artifact(groups, part, fields=list_fields, only_for=used_for)
    if read is None:
        return None
    panel = lay_out(read[f"panel@{order}"])
    for kind in translated:
        [field] = frame_shots.fields_of_panel(kind, order, (), language)
        if field.startswith("edit") and panel.pending and not panel.asks:
            # its English says what it said before the edit
            node.note_without(kind, part, field, used_for)
        else:
            node.artifact(kind, part, fields=(field,), only_for=used_for)
    states = [StoryboardCharacter.model_validate(s) for field, s in read.items() if s and field.startswith("state@")]
    return panel, {state.name: state for state in states}


def _read_translated(
    node: NodeView, kind: str, part: str, order: int, language: str, used_for: str
) -> JsonObject | None:
    """A panel of a translation; None where there is none, or none that counts."""
    [field] = frame_shots.fields_of_panel(kind, order, (), language)
    return (node.artifact(kind, part, fields=(field,), only_for=used_for) or {}).get(field)
