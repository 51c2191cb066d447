"""The pictures of a story: which there are, in the order of the story, and a folder of the chosen ones to take away."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.artifacts.storyboard import frame_key
from workbench.ui import live

Row = Mapping[str, Any]
KEYS = [frame_key(order) for order in range(1, 10)]


@dataclass(frozen=True)
class Picture:
    """One candidate of one frame, with what a reader filters by."""

    scene: Row
    key: str
    shot: dict[str, Any]
    media: str
    chosen: bool
    stale: bool
    model: str
    version: int

    @property
    def people(self) -> list[str]:
        return [str(s["name"]) for s in self.shot["subjects"]]


def of_scene(scene: Row) -> list[Picture]:
    """Every candidate of every frame of a scene, the frames in order, the newest candidate first."""
    wb = live.workbench()
    images, plan = wb.artifact(scene["id"], "keyframe_images"), wb.artifact(scene["id"], "keyframe_prompt")
    if images is None or plan is None:
        return []
    reasons = wb.stale_reasons(scene["id"], "keyframe_images")
    parts = {r.part for r in reasons}
    found = []
    for frame in images["content"]["frames"]:
        order = KEYS.index(frame["key"]) + 1
        shot = plan["content"]["shots"][order - 1]
        stale = bool(reasons) and (f"shot:{order}" in parts or None in parts)
        for candidate in reversed(frame["candidates"]):
            chosen = candidate["media"] == frame["chosen"]
            found.append(
                Picture(
                    scene, frame["key"], shot, candidate["media"], chosen, stale, candidate["model"], images["version"]
                )
            )
    return found


def filtered(
    pictures: Sequence[Picture], *, candidates: bool, framing: str | None, person: str | None, stale: bool
) -> list[Picture]:
    """The chosen pictures, or all candidates, of a framing, with a person, or only stale ones."""
    return [
        p
        for p in pictures
        if (candidates or p.chosen)
        and (framing is None or p.shot["framing"] == framing)
        and (person is None or person in p.people)
        and (not stale or p.stale)
    ]


def zipped(pictures: Sequence[Picture]) -> bytes:
    """The pictures as a ZIP: a folder for each scene, files named by order and framing."""
    wb = live.workbench()
    packed = io.BytesIO()
    # pictures are compressed already
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for picture in pictures:
            path = wb.media_path(picture.media)
            folder = f"{picture.scene['position']:02d}-{file_name(str(picture.scene['title']))}"
            mark = "" if picture.chosen else f"-{picture.media[:8]}"
            archive.writestr(
                f"{folder}/{picture.shot['order']:02d}-{picture.shot['framing']}{mark}{path.suffix}", path.read_bytes()
            )
    return packed.getvalue()


def file_name(title: str) -> str:
    """A title as part of a file's name on any system."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]+', " ", title).strip(" .")[:60] or "scene"
