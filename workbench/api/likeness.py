"""`wb.likeness`: how far a character's frames drift from their sheet."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from workbench.api.projects import find_node
from workbench.arguments import check_arguments
from workbench.artifacts import sheets
from workbench.artifacts.placing import tell_today
from workbench.artifacts.versions import hash_of
from workbench.db.connection import Database
from workbench.db.reads import story as reads
from workbench.db.rows.record import Record
from workbench.db.rows.story import Artifact, SceneEntry
from workbench.errors import NotAllowed, NotFound, Unavailable
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.media import MediaStore, likeness
from workbench.media.embedding import Embedder
from workbench.media.likeness import Box, Fingerprint
from workbench.settings import Settings
from workbench.story.figures import find_box
from workbench.story.frame_shots import PANELS, FrameShots, find_frame_shots
from workbench.story.names import fold, names_of

IMAGES, PROMPT, SHEET = "keyframe_images", "keyframe_prompt", "character_sheet"
#: of a sheet as ours are laid out, from the left: front, side, behind, face; and the whole, for a sheet of one's own
VIEWS: tuple[Box, ...] = (
    (0.0, 0.0, 0.25, 1.0), (0.25, 0.0, 0.49, 1.0), (0.49, 0.0, 0.72, 1.0), (0.72, 0.0, 1.0, 1.0), likeness.WHOLE,
)  # fmt: skip
#: the caption below a drawing of ours is no part of the picture
_CAPTION = 0.1
#: fingerprints that are kept in memory
_MOST = 20_000
#: scenes, each as one character is in it, whose frames are kept in memory
_MOST_SCENES = 6000
#: scenes that are read together
_AT_ONCE = 8
#: what tells of a scene what its frames show, and whom a name means
_OF_SCENE, _OF_STORY = (IMAGES, PROMPT, *PANELS), ("character", "brief")
COLOURS = "colours"


@dataclass(frozen=True, slots=True)
class LikenessFrame(Record):
    """A frame that shows the character. `distance` 0 (the same) to 1, None: there is no sheet, or too little of them
    is to be seen; `look`: which of the sheet's looks it is held against."""

    node_id: int
    episode: int
    scene: int
    key: str
    order: int
    framing: str
    caption: str
    media: str
    own: bool
    look: str | None
    distance: float | None
    #: the group of the long storyboard that it was drawn from; None: the nine-shot plan
    source: str | None = None


@dataclass(frozen=True, slots=True)
class LikenessLook(Record):
    name: str
    media: str


@dataclass(frozen=True, slots=True)
class LikenessBoard(Record):
    """`frames` in story order. `measure`: “colours”, or the name of the embedding model; `problem`: why that cannot be
    used, and colours are. `waiting`: of the drawn `scenes`, how many have not been looked at yet."""

    character: str
    looks: list[LikenessLook]
    frames: list[LikenessFrame]
    measure: str
    problem: Text | None
    scenes: int
    waiting: int


@dataclass(frozen=True)
class _Person:
    """Whom a board is of, and what they are held against."""

    node_id: int
    names: list[str]
    sheet: Artifact | None
    measure: str


@check_arguments
class Likeness:
    """Measures on the spot: nothing is called and nothing is paid."""

    def __init__(self, database: Database, store: MediaStore, settings: Settings) -> None:
        self._database = database
        self._store = store
        self._settings = settings
        self._shown: dict[str, list[Box]] = {}
        self._known: OrderedDict[tuple[str, Box, str], Fingerprint] = OrderedDict()
        #: (character, scene) → what it was looked at as, and its frames
        self._seen: OrderedDict[tuple[int, int], tuple[object, list[LikenessFrame]]] = OrderedDict()
        self._writing = threading.Lock()

    def board(self, character_id: int, episode: int | None = None, seconds: float | None = None) -> LikenessBoard:
        """Every chosen frame that shows a character, with its distance to the sheet that is worn there.

        `episode`: the node of the only episode to look at. `seconds`: for about how long to look at what was not
        looked at yet, None: at all of it; who asks again goes on there. Raises NotFound, NotAllowed.
        """
        until = None if seconds is None else time.monotonic() + seconds
        with self._database.read() as conn:
            node = find_node(conn, character_id)
            if node.kind != "character":
                raise NotAllowed(Text(N_("Only characters have frames that are held against a sheet.")))
            head = reads.find_head(conn, character_id, "character")
            sheet = reads.find_head(conn, character_id, SHEET)
            sheet = None if sheet is None else tell_today(conn, sheet)
            scenes = reads.scenes_with(conn, node.project_id, IMAGES, episode=episode)
            ids = reads.list_head_ids(conn, node.project_id, (*_OF_SCENE, *_OF_STORY))
        measure, problem = self._measure(sheet)
        person = _Person(character_id, names_of(head.content) if head else [node.title], sheet, measure)
        told = hash(tuple(sorted((*key, own) for key, own in ids.items() if key[1] in _OF_STORY)))
        worn = hash_of([look["spans"] for look in sheet.content["looks"]]) if sheet else None
        against = (sheet.id if sheet else None, worn, measure, told)
        # as what a scene is to be looked at: while that is the same, its frames are
        states: dict[int, object] = {
            s.id: (s.number, s.position, *against, *(ids.get((s.id, kind)) for kind in _OF_SCENE)) for s in scenes
        }
        self._look_at(person, [s for s in scenes if self._find_seen(person, s, states) is None], states, until)
        seen = [self._find_seen(person, s, states) for s in scenes]
        frames = [frame for own in seen if own is not None for frame in own]
        looks = sheet.content["looks"] if sheet else []
        chosen = [LikenessLook(str(k["name"]), str(k["chosen"])) for k in looks if k["chosen"]]
        name = self._embedder.name if measure != COLOURS and self._embedder else COLOURS
        waiting = sum(own is None for own in seen)
        return LikenessBoard(person.names[0], chosen, frames, name, problem, len(scenes), waiting)

    def _find_seen(self, person: _Person, scene: SceneEntry, states: dict[int, object]) -> list[LikenessFrame] | None:
        """The frames of a scene that was looked at as it is now."""
        state, frames = self._seen.get((person.node_id, scene.id), (None, []))
        return frames if state == states[scene.id] else None

    def _look_at(
        self, person: _Person, scenes: Sequence[SceneEntry], states: dict[int, object], until: float | None
    ) -> None:
        """Look at some of these scenes at least, and at more `until` then."""
        for at in range(0, len(scenes), _AT_ONCE):
            if at and until is not None and time.monotonic() >= until:
                return
            some = scenes[at : at + _AT_ONCE]
            with self._database.read() as conn:
                heads = reads.heads_with_content(conn, [s.id for s in some], [IMAGES, PROMPT])
                shots = find_frame_shots(conn, [s.id for s in some], heads)
            for scene in some:
                frames = self._measure_scene(person, scene, heads.get((scene.id, IMAGES)), shots.get(scene.id))
                with self._writing:
                    self._seen[person.node_id, scene.id] = states[scene.id], frames
                    self._seen.move_to_end((person.node_id, scene.id))
                    while len(self._seen) > _MOST_SCENES:
                        self._seen.popitem(last=False)

    def _measure_scene(
        self, person: _Person, scene: SceneEntry, images: Artifact | None, shots: FrameShots | None
    ) -> list[LikenessFrame]:
        """The frames of a scene that show somebody."""
        if images is None or shots is None:
            return []
        frames = []
        for frame, shot, name in _list_frames_of(images, shots, person.names):
            box = find_box(shot, name, str(images.content["aspect_ratio"]))
            held = self._hold(scene, frame, shot, box, person.sheet, person.measure)
            frames.append(replace(held, source=shots.source(frame["key"])))
        return frames

    def _hold(
        self, scene: SceneEntry, frame: JsonObject, shot: JsonObject, box: Box | None, sheet: Any, measure: str
    ) -> LikenessFrame:
        place = f"{scene.number}.{scene.position}.{shot['order']}"
        look = sheets.look_at(sheet.content, place) if sheet else None
        candidate = next(c for c in frame["candidates"] if c["media"] == frame["chosen"])
        own = candidate.get("origin") == "own"
        distance = None
        if look is not None and look["chosen"] and box is not None:
            # of an own picture it is the name of the file
            if not own and str(candidate["model"]).startswith("sketch"):
                box = (box[0], box[1] * (1 - _CAPTION), box[2], box[3] * (1 - _CAPTION))
            distance = self._distance(str(frame["chosen"]), box, str(look["chosen"]), measure)
        return LikenessFrame(
            scene.id, scene.number, scene.position, str(frame["key"]), int(shot["order"]), str(shot["framing"]),
            str(shot["caption"]), str(frame["chosen"]), own,
            str(look["name"]) if look is not None and look["chosen"] else None, distance,
        )  # fmt: skip

    def _distance(self, media: str, box: Box, sheet: str, measure: str) -> float | None:
        try:
            figure = self._fingerprint(media, box, measure, on_ground=False)
            views = [self._fingerprint(sheet, view, measure, on_ground=True) for view in self._views(sheet)]
        except NotFound:  # its file is gone from the store
            return None
        return round(likeness.distance(figure, views), 4)

    def _views(self, sheet: str) -> list[Box]:
        """The parts of a sheet that show somebody; at least the whole."""
        from PIL import Image

        if sheet not in self._shown:
            with Image.open(self._store.thumbnail(sheet)) as image:
                self._shown[sheet] = [v for v in VIEWS if v == likeness.WHOLE or not likeness.is_empty(image, v)]
        return self._shown[sheet]

    def _fingerprint(self, media: str, box: Box, measure: str, *, on_ground: bool) -> Fingerprint:
        key = (media, box, measure)
        known = self._known.get(key)
        if known is None:
            known = self._look(media, box, measure, on_ground=on_ground)
            self._known[key] = known
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return known

    def _look(self, media: str, box: Box, measure: str, *, on_ground: bool) -> Fingerprint:
        from PIL import Image

        # the small copy has all that colours tell
        place = self._store.thumbnail(media) if measure == COLOURS else self._store.path(media)
        with Image.open(place) as image:
            seen = likeness.fingerprint(image, box, on_ground=on_ground)
            if measure == COLOURS or self._embedder is None:
                return seen
            return Fingerprint(seen.colours, seen.shape, self._embedder.embed(likeness.crop(image, box)))

    def _measure(self, sheet: Artifact | None) -> tuple[str, Text | None]:
        """What is measured by; colours, and why, where the embedding model cannot be used."""
        embedder = self._embedder
        chosen = next((k["chosen"] for k in sheet.content["looks"] if k["chosen"]), None) if sheet else None
        if embedder is None or chosen is None:
            return COLOURS, None
        measure = str(embedder.path)
        try:
            self._fingerprint(str(chosen), likeness.WHOLE, measure, on_ground=True)
        except Unavailable as error:
            return COLOURS, error.text
        return measure, None

    @cached_property
    def _embedder(self) -> Embedder | None:
        path = self._settings.embedding_model
        return Embedder(Path(path)) if path else None


def _list_frames_of(images: Artifact, shots: FrameShots, names: list[str]) -> list[tuple[JsonObject, JsonObject, str]]:
    """(frame, its shot, what the shot calls them) for each frame that is to show somebody of these names."""
    wanted = {fold(name) for name in names}
    listed = []
    for frame in images.content["frames"]:
        shot = shots.find(frame["key"])
        name = next((str(s["name"]) for s in shot["subjects"] if fold(str(s["name"])) in wanted), None)
        if name is not None:
            listed.append((frame, shot, name))
    return listed
