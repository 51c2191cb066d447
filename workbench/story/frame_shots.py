"""What the frames of a scene show: a shot of its nine-shot plan, or a panel of its long storyboard as a shot.

A picture says which of them it was drawn from; some frames of a scene may come from the one and some from the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from workbench.artifacts.panels import GROUP_KEYS, GroupKey, PanelCamera, StoryboardCharacter, prefix_of
from workbench.artifacts.storyboard import Angle, Framing, frame_key, frame_part
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact, Input
from workbench.json_types import JsonObject
from workbench.story import board
from workbench.story.board import BoardGroup, BoardPanel
from workbench.story.leads import find_unlisted_leads
from workbench.story.names import NameIndex

if TYPE_CHECKING:
    from workbench.story.facts import NodeView

PLAN, IMAGES = "keyframe_prompt", "keyframe_images"
#: what a panel reads as is in these; each has a part for each group
PANELS = ("storyboard_groups", "storyboard_translation", "storyboard_back_translation")
KEYS = [frame_key(order) for order in range(1, 10)]

#: how much a panel shows → the nearest of the nine framings
FRAMING: dict[str, Framing] = {
    "EST": "ELS", "ELS": "ELS", "LS": "LS", "FS": "LS", "MLS": "MLS", "MS": "MS", "MCU": "MCU", "CU": "CU",
    "ECU": "ECU", "TWO": "MS", "OTS": "MCU", "POV": "MS", "INS": "ECU",
}  # fmt: skip
ANGLES: dict[str, Angle] = {"low": "low", "worms_eye": "low", "high": "high", "birds_eye": "high"}
POSITIONS = ("centre", "right", "left", "far_right", "far_left")
CAPTION_CHARS = 120
_CODE = re.compile(r"\b(" + "|".join(FRAMING) + r")\b")


@dataclass(frozen=True)
class FrameShots:
    """The shots of a scene's frames. `plan`: the nine; `groups`: those of each group that is written; `sources`:
    (frame, picture) → the group that it was drawn from; `chosen`: the picture of each frame."""

    plan: list[JsonObject]
    groups: Mapping[str, list[JsonObject]] = field(default_factory=dict)
    sources: Mapping[tuple[str, str], GroupKey] = field(default_factory=dict)
    chosen: Mapping[str, str] = field(default_factory=dict)

    def source(self, key: str, media: str | None = None) -> GroupKey | None:
        """The group that a picture of a frame, by default the chosen one, was drawn from; None: the nine-shot plan."""
        return self.sources.get((key, media or self.chosen.get(key, "")))

    def find(self, key: str, media: str | None = None) -> JsonObject:
        """What a picture of a frame, by default the chosen one, shows."""
        return self.of(self.source(key, media))[KEYS.index(key)]

    def of(self, group: str | None) -> list[JsonObject]:
        """The nine of a group; those of the plan where it is None or has none any more."""
        return self.plan if group is None else self.groups.get(group, self.plan)

    @property
    def shown(self) -> list[JsonObject]:
        """What each of the nine frames shows."""
        return [self.find(key) for key in KEYS]


def lay_out(
    plan: JsonObject | None, images: JsonObject | None, inputs: Iterable[Input],
    read: Callable[[str], JsonObject | None], read_cast: Callable[[], Iterable[JsonObject]], language: str, *,
    group: str | None = None,
) -> FrameShots:  # fmt: skip
    """The shots of a scene. `inputs`: what its frames were made from; `read`: gives the content of one of PANELS and
    `read_cast` the story's people, asked only where a frame was drawn from a group, or when one is named."""
    shots = list((plan or {}).get("shots", []))
    sources = find_sources(images, inputs)
    chosen = {f["key"]: f["chosen"] for f in (images or {}).get("frames", [])}
    if not sources and group is None:
        return FrameShots(shots, chosen=chosen)
    aspect = str((images or {}).get("aspect_ratio") or "16:9")
    library = NameIndex(read_cast())
    groups: dict[str, list[JsonObject]] = {
        g.key: [
            make_shot(board.with_people(panel, language, library), _list_states(g), "", [], aspect, language)
            for panel in g.panels
        ]
        for g in board.lay_out(None, *(read(kind) for kind in PANELS))
        if g.panels
    }
    return FrameShots(shots, groups, sources, chosen)


def _list_states(group: BoardGroup) -> dict[str, StoryboardCharacter]:
    return {c.name: c for c in (group.end.characters if group.end is not None else [])}


def fields_of_panel(kind: str, order: int, people: Iterable[str], language: str) -> list[str]:
    """What the picture of a panel is made from, as fields of its group: of the group itself also how its `people` are,
    of its Chinese that alone which counts in a story of this language."""
    if kind == PANELS[0]:
        return [f"panel@{order}", *(f"state@{name}" for name in people)]
    return [f"{'edit' if kind == PANELS[1] and language != 'zh' else 'panel'}@{order}"]


def find_sources(images: JsonObject | None, inputs: Iterable[Input]) -> dict[tuple[str, str], GroupKey]:
    """(frame, picture) → its group. Pictures of before they said so are told by what their frame was made from."""
    made_from = {
        part: GROUP_KEYS[GROUP_KEYS.index(str(one["part"]).removeprefix("group:"))]
        for one in inputs
        if one["kind"] == PANELS[0] and one.get("part")
        for part in one.get("only_for") or ()
    }
    sources: dict[tuple[str, str], GroupKey] = {}
    for frame in (images or {}).get("frames", []):
        said = {c["media"]: c["source"] for c in frame["candidates"] if c.get("source")}
        sources |= {(frame["key"], media): group for media, group in said.items()}
        older = made_from.get(frame_part(frame["key"]))
        if not said and older is not None:
            sources[frame["key"], frame["chosen"]] = older
    return sources


def read_frame_shots(
    conn: Connection, scene_ids: Collection[int], *, group: str | None = None
) -> dict[int, FrameShots]:
    """Scene → its shots; those without a nine-shot plan are left out. `group`: also where no frame is drawn from it."""
    ids = list(scene_ids)
    heads = reads.heads_with_content(conn, ids, [PLAN, IMAGES]) if ids else {}
    return find_frame_shots(conn, ids, heads, group=group)


def find_frame_shots(
    conn: Connection, scene_ids: Iterable[int], heads: Mapping[tuple[int, str], Artifact], *, group: str | None = None
) -> dict[int, FrameShots]:
    """The same of scenes of one story, whose heads of PLAN and IMAGES are known already."""
    scenes = list(scene_ids)
    found: dict[int, FrameShots] = {}
    language = ""
    read_cast = cache(lambda: _read_cast(conn, scenes[0]))
    for scene in scenes:
        plan, images = heads.get((scene, PLAN)), heads.get((scene, IMAGES))
        if plan is None:
            continue

        def read(kind: str, scene: int = scene) -> JsonObject | None:
            head = reads.find_head(conn, scene, kind)
            return None if head is None else head.content

        language = language or read_language(conn, scene)
        content, inputs = (images.content, images.inputs) if images is not None else (None, [])
        found[scene] = lay_out(plan.content, content, inputs, read, read_cast, language, group=group)
    return found


def read_language(conn: Connection, scene: int) -> str:
    """The language of the story that a scene is of."""
    return str(_read_brief(conn, scene).get("language") or "en")


def _read_cast(conn: Connection, scene: int) -> list[JsonObject]:
    """The story's people, as `NodeView.characters` tells them."""
    node = reads.find_node(conn, scene)
    library = [row.content for row in reads.list_elements(conn, node.project_id, "character")] if node else []
    return [*library, *find_unlisted_leads(_read_brief(conn, scene), library)]


def _read_brief(conn: Connection, scene: int) -> JsonObject:
    node = reads.find_node(conn, scene)
    brief = reads.find_head(conn, node.project_id, "brief") if node is not None else None
    return brief.content if brief is not None else {}


def read_at(node: NodeView, language: str) -> FrameShots:
    """The shots of the scene that a view is of."""
    read_cast = partial(node.project.characters, ("name", "aliases"), most=None)
    inputs = node.made_from(IMAGES)
    return lay_out(node.artifact(PLAN), node.artifact(IMAGES), inputs, node.artifact, read_cast, language)


def make_shot(
    panel: BoardPanel, states: Mapping[str, StoryboardCharacter], setting: str, anchors: list[str], aspect: str,
    language: str,
) -> JsonObject:  # fmt: skip
    """A panel in the shape of a shot of the nine-shot plan, without what is told of every shot alike. `states`: how the
    people of its group are, by name."""
    text = panel.text_in(language)
    bare = (text if panel.camera is not None else text[len(prefix_of(text)) :]).strip()
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
