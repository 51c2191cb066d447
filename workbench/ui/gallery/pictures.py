"""The pictures and clips of a story: which there are, in the order of the story, and a folder of them to take away."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from workbench.api.client import Workbench
from workbench.artifacts.staleness import ChangedInput
from workbench.artifacts.storyboard import frame_key, frame_part
from workbench.db.rows.story import Artifact, ArtifactVersion, SceneEntry
from workbench.errors import NotFound
from workbench.json_types import JsonObject
from workbench.story.frame_shots import FrameShots
from workbench.story.names import fold
from workbench.story.studio import StaleReason
from workbench.ui import labels, live

IMAGES, VIDEO = "keyframe_images", "scene_video"
KEYS = [frame_key(order) for order in range(1, 10)]


@dataclass(frozen=True)
class Picture:
    """One candidate of one frame, with what a reader filters by. `of`: how many candidates the frame has."""

    scene: SceneEntry
    key: str
    shot: JsonObject
    media: str
    chosen: bool
    stale: bool
    model: str
    version: int
    of: int = 1
    #: the sheets that it was drawn from, in words
    drawn_from: str = ""

    @property
    def people(self) -> list[str]:
        return [str(s["name"]) for s in self.shot["subjects"]]


def scenes(project: int, episode: int | None = None) -> list[SceneEntry]:
    """The scenes that have pictures, in story order; their content is not read."""
    entries: list[SceneEntry] = live.query(live.workbench().projects.list_scenes_with, project, IMAGES, episode=episode)
    return entries


def shape(project: int) -> str:
    """Tiles of one height, wide or tall as the project's frames are: part of the key that the stylesheet knows."""
    brief = live.query(live.workbench().artifact, project, "brief")
    across, _, down = str((brief.content if brief else {}).get("aspect_ratio") or "16:9").partition(":")
    return "wide" if int(across) >= int(down) else "tall"


def with_person(entries: Iterable[SceneEntry], project: int, names: Sequence[str]) -> list[SceneEntry]:
    """The scenes in whose cast somebody of these names is."""
    cast = live.query(live.workbench().projects.list_story_scenes, project)
    there = {s.node_id for s in cast if s.shows(names)}
    return [s for s in entries if s.id in there]


def stale_scenes(entries: Sequence[SceneEntry]) -> list[SceneEntry]:
    """The scenes of which a picture is stale."""
    ids = [int(s.id) for s in entries]
    stale: list[int] = live.cached("stale pictures", lambda: sorted(_list_changes(ids)), scenes=ids)
    return [s for s in entries if s.id in set(stale)]


def _list_changes(ids: list[int]) -> dict[int, list[ChangedInput]]:
    """Scene → what its pictures were made from that has changed since."""
    return live.workbench().artifacts.list_changed_inputs(ids, IMAGES)


def is_stale(order: int, changed: Iterable[ChangedInput | StaleReason]) -> bool:
    """Whether the picture of a shot is: its own shot has changed, or something that its picture uses."""
    own = frame_part(KEYS[order - 1])
    return any(c.part == f"shot:{order}" if (c.part or "").startswith("shot:") else c.touches(own) for c in changed)


def of_scenes(entries: Sequence[SceneEntry]) -> list[Picture]:
    """Every candidate of every frame of these scenes, the frames in order, the newest candidate first."""
    ids = [int(s.id) for s in entries]
    if not ids:
        return []
    artifacts = live.workbench().artifacts
    heads, shots = artifacts.list_heads(ids, [IMAGES]), artifacts.list_shots(ids)
    changed = _list_changes(ids)
    pictures: list[Picture] = []
    for scene in entries:
        images, shown = heads.get((scene.id, IMAGES)), shots.get(scene.id)
        if images is not None and shown is not None:
            pictures += _of_scene(scene, images, shown, changed.get(scene.id, []))
    return pictures


def _of_scene(scene: SceneEntry, images: Artifact, shots: FrameShots, changed: Sequence[ChangedInput]) -> list[Picture]:
    pictures = []
    for frame in images.content["frames"]:
        order = KEYS.index(frame["key"]) + 1
        stale = is_stale(order, changed)
        for candidate in reversed(frame["candidates"]):
            chosen = candidate["media"] == frame["chosen"]
            pictures.append(
                Picture(
                    scene, frame["key"], shots.find(frame["key"], candidate["media"]), candidate["media"], chosen,
                    stale, candidate["model"], images.version, len(frame["candidates"]), labels.drawn_from(candidate),
                )
            )  # fmt: skip
    return pictures


def select(
    pictures: Sequence[Picture], *, candidates: bool, framing: str | None, people: Sequence[str] = (), stale: bool
) -> list[Picture]:
    """The chosen pictures, or all candidates, of a framing, with somebody of these names, or only stale ones."""
    wanted = {fold(name) for name in people}
    return [
        p
        for p in pictures
        if (candidates or p.chosen)
        and (framing is None or p.shot["framing"] == framing)
        and (not wanted or any(fold(name) in wanted for name in p.people))
        and (not stale or p.stale)
    ]


def maker(node_id: int, media: str) -> ArtifactVersion | None:
    """The version in which a picture first appears, with the job that drew it; None when no version has it."""
    wb = live.workbench()
    for row in reversed(wb.artifacts.list_versions(node_id, IMAGES)):
        version = wb.artifact(node_id, IMAGES, row.version)
        if version and any(c["media"] == media for f in version.content["frames"] for c in f["candidates"]):
            return version
    return None


@dataclass(frozen=True)
class Clip:
    """A clip of a scene. `of`: how many the scene has; `shot`: the only shot that it is of (KF0 to KF8)."""

    scene: SceneEntry
    media: str
    seconds: float
    chosen: bool
    of: int = 1
    shot: str | None = None


def clips(entries: Sequence[SceneEntry]) -> list[Clip]:
    """The clips of these scenes in story order, the newest of a scene first."""
    ids = [int(s.id) for s in entries]
    if not ids:
        return []
    heads = live.workbench().artifacts.list_heads(ids, [VIDEO])
    rows = []
    for scene, video in ((s, heads[s.id, VIDEO].content) for s in entries if (s.id, VIDEO) in heads):
        count = sum(clip.get("shot") is None for clip in video["clips"])
        rows += [
            Clip(
                scene, clip["media"], float(clip["seconds"]), clip["media"] == video["chosen"], count, clip.get("shot")
            )
            for clip in reversed(video["clips"])
        ]
    return rows


def packer(pictures: Sequence[Picture]) -> Callable[[], bytes]:
    """What makes the ZIP when somebody downloads it, where no page's session is at hand."""
    return partial(pack, live.workbench(), pictures)


def place(picture: Picture, suffix: str) -> str:
    """A picture's place in the ZIP: a folder for each scene, files by order and framing."""
    scene = picture.scene
    folder = f"E{scene.number:02d}-{scene.position:02d} {file_name(str(scene.title))}"
    mark = "" if picture.chosen else f"-{picture.media[:8]}"
    return f"{folder}/{picture.shot['order']:02d}-{picture.shot['framing']}{mark}{suffix}"


def pack(wb: Workbench, pictures: Sequence[Picture]) -> bytes:
    """Pictures at their places in one ZIP, as they are: they are compressed already. Those whose files are gone are
    listed in `missing.txt`. Raises Unavailable."""
    packed, missing = io.BytesIO(), []
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for picture in pictures:
            try:
                path = wb.media.path(picture.media)
            except NotFound:
                missing.append(f"{place(picture, '')} {picture.media}\n")
            else:
                archive.writestr(place(picture, path.suffix), path.read_bytes())
        if missing:
            archive.writestr("missing.txt", "".join(missing))
    return packed.getvalue()


def file_name(title: str) -> str:
    """A title as part of a file's name on any system."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", title).strip(" .")[:60] or "scene"
