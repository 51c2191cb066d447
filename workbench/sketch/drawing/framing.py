"""Where the camera is for a shot, and where in front of it its people stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.json_types import JsonObject
from workbench.sketch.drawing.colour import digest
from workbench.sketch.drawing.creatures import reach
from workbench.sketch.drawing.figures import Figure
from workbench.sketch.drawing.props import hangs
from workbench.sketch.drawing.space import Camera, Point, Spot, aim_camera


@dataclass(frozen=True)
class Lens:
    """One shot size: how much of the picture's height a grown person would fill, from how far, with which pitch."""

    fill: float
    distance: float
    pitch: float = 0.0
    #: what is aim_camera at: a share of the person's height
    aim: float = 0.6
    #: how far down the picture that falls
    down: float = 0.5
    #: how strongly positions left and right are kept
    spread: float = 1.0
    #: how much the background is out of focus, in thousandths of the picture's height
    blur: float = 0.0
    yaw: float = 0.0


LENSES: dict[str, Lens] = {
    "ELS": Lens(0.17, 15.0, -0.03, 0.5, 0.69, 1.0, yaw=0.06),
    "LS": Lens(0.58, 5.6, -0.02, 0.5, 0.585, 1.0, yaw=-0.2),
    "MLS": Lens(0.98, 3.7, 0.0, 0.68, 0.52, 0.95, yaw=0.26),
    "MS": Lens(1.5, 2.6, 0.0, 0.8, 0.48, 0.9, 2.0, yaw=-0.36),
    "MCU": Lens(2.25, 2.0, 0.0, 0.9, 0.47, 0.75, 6.0, yaw=0.42),
    "CU": Lens(3.7, 1.55, 0.0, 0.935, 0.47, 0.5, 11.0, yaw=-0.5),
    "ECU": Lens(8.6, 1.1, 0.0, 0.94, 0.46, 0.2, 15.0, yaw=0.2),
    "LOW": Lens(1.12, 2.7, 0.42, 0.62, 0.56, 0.9, yaw=-0.12),
    "HIGH": Lens(0.56, 6.2, -0.72, 0.5, 0.5, 0.95, yaw=0.34),
}
#: a room is seen from within
INDOORS: dict[str, Lens] = {
    "ELS": Lens(0.205, 7.4, -0.05, 0.5, 0.66, 0.9, yaw=0.1),
    "LS": Lens(0.58, 4.6, -0.02, 0.5, 0.585, 1.0, yaw=-0.2),
}
#: no camera stands lower
LOWEST = 0.2
#: a camera lower or higher than the eye, for shots whose size does not say so itself
_ANGLES = {"low": 0.16, "high": -0.24}
_ACROSS = {"far_left": 0.13, "left": 0.31, "centre": 0.5, "right": 0.69, "far_right": 0.87}
_NEAR = ("MLS", "MS", "MCU")
#: how near to the head of what is no person each size of shot aims
_AT_HEAD = {"ECU": 1.0, "CU": 0.95, "MCU": 0.8, "MS": 0.6, "MLS": 0.4}
_HAND = ("手", "指", "掌", "hand", "hands", "finger", "fingers", "knuckles", "palm")
_EYES = ("眼", "眸", "目光", "瞳", "eye", "eyes", "gaze", "stare")


@dataclass(frozen=True)
class View:
    """`people` stand at their points, `main` is who the shot is about (None: nobody), `insert` what of them fills
    it."""

    camera: Camera
    people: tuple[tuple[Figure, Point], ...]
    main: int | None
    distance: float
    blur: float
    insert: str
    #: so near that a face must be seen
    near: bool = False


def frame_shot(
    shot: JsonObject,
    figures: Sequence[Figure],
    sights: Sequence[Point],
    inside: bool,
    room: float,
    size: Spot,
    seed: int,
    place: int,
) -> View:
    """The camera and the people's places; the same set is seen from another side in each of the nine shots."""
    framing = str(shot.get("framing") or "MS")
    lens = (INDOORS if inside else LENSES).get(framing) or LENSES.get(framing, LENSES["MS"])
    width, height = size
    subjects = list(shot.get("subjects") or [])[: len(figures)]
    tall = min(height, math.sqrt(width * height) * 0.98)
    mirrored = -1.0 if place % 2 else 1.0
    wobble = (digest("view", seed) % 100 - 50) / 50
    yaw = (lens.yaw + 0.07 * wobble) * mirrored
    pitch = lens.pitch + (
        0.0 if lens.pitch < -0.1 or lens.pitch > 0.1 else _ANGLES.get(str((shot.get("camera") or {}).get("angle")), 0.0)
    )
    if framing in ("MCU", "CU", "ECU") and abs(pitch) > 0.05:
        pitch *= 0.6
    focal = lens.fill * tall * lens.distance / 1.7
    roll = 0.05 * mirrored if framing == "LOW" else 0.0
    if not subjects:
        return _empty(lens, framing, sights, yaw, pitch, focal, roll, size, seed)
    main = _main(shot, subjects)
    insert = "" if framing != "ECU" else _insert(shot, subjects[main]) if figures[main].look.human else "eyes"
    visible = [main] if framing in ("CU", "ECU") else list(range(len(subjects)))
    figure = figures[main]
    across = _where(subjects, visible, lens.spread)
    at = _stand(seed, framing, inside)
    interest = _interest(figure, lens, framing, insert)
    # Somebody taller beside the main one is not to lose the head.
    over = max(0.0, max(figures[i].eyes()[1] for i in visible) - figure.eyes()[1] - 0.06) if framing in _NEAR else 0.0
    focal /= (1 + over * 0.75) * (1.3 if insert == "hand" else 1.0)
    if not figure.look.human:
        # An elephant is not to lose its head, nor a mouse to be lost in the grass.
        focal *= 1.7 / max(0.7, min(3.4, 1.5 * max(figure.look.being.height, 0.9 * reach(figure.look))))
    aim: Point = (at[0] + interest[0] * math.cos(yaw), interest[1] + over * 0.55, at[2] - interest[0] * math.sin(yaw))
    pitch = min(pitch, math.asin(max(-0.9, min(0.9, (aim[1] - LOWEST) / lens.distance))))
    camera = aim_camera(aim, lens.distance, yaw, pitch, focal, (across[main] * width, lens.down * height), roll)
    people = [
        (figures[i], at if i == main else _beside(camera, at, across[i] * width, number, room))
        for number, i in enumerate(visible)
    ]
    return View(
        camera,
        tuple(people),
        visible.index(main),
        lens.distance,
        lens.blur * height / 1000,
        insert,
        framing in ("CU", "ECU"),
    )


def _empty(
    lens: Lens,
    framing: str,
    sights: Sequence[Point],
    yaw: float,
    pitch: float,
    focal: float,
    roll: float,
    size: Spot,
    seed: int,
) -> View:
    """A shot of the place alone: wide ones of all of it, close ones of a thing in it."""
    width, height = size
    if framing in ("ELS", "LS", "LOW", "HIGH") or not sights:
        aim: Point = (0.0, 0.9, 0.6)
        camera = aim_camera(
            aim, lens.distance + 0.6, yaw, pitch, focal, (width * 0.5, height * (lens.down + 0.02)), roll
        )
        return View(camera, (), None, lens.distance, 0.0, "")
    sight = sights[digest("sight", framing, seed) % len(sights)]
    near = {"MLS": 4.4, "MS": 3.6, "MCU": 2.9, "CU": 2.2, "ECU": 1.6}.get(framing, 3.0)
    # Fewer metres across than people would need: things are smaller.
    tall = min(height, math.sqrt(width * height) * 0.98)
    zoom = {"MLS": 0.9, "MS": 1.15, "MCU": 1.4, "CU": 1.8, "ECU": 2.6}.get(framing, 1.2) * tall * near / 2.4
    camera = aim_camera(sight, near, yaw * 0.6, pitch, zoom, (width * (0.38 if seed % 2 else 0.62), height * 0.52))
    return View(camera, (), None, near, 0.0, "", near=True)


def _stand(seed: int, framing: str, inside: bool) -> Point:
    """Not always the same spot of the floor."""
    number = digest("stand", seed, framing)
    room = 0.45 if inside else 0.9
    return ((number % 21 - 10) / 10 * room, 0.0, (number // 21 % 21 - 10) / 10 * room * 0.5)


def _where(subjects: Sequence[JsonObject], visible: Sequence[int], spread: float) -> dict[int, float]:
    """Where across the picture each one is: at the position told, apart from those who share it."""
    across: dict[int, float] = {}
    for i in visible:
        x = _ACROSS.get(str(subjects[i].get("position")), 0.5)
        while any(abs(x - other) < 0.12 for other in across.values()):
            x += 0.15 if x < 0.7 else -0.3
        across[i] = x
    if len(across) == 1 and spread < 1:
        return {i: 0.5 + (x - 0.5) * spread * 0.8 for i, x in across.items()}
    return {i: 0.5 + (x - 0.5) * max(0.8, spread) for i, x in across.items()}


def _beside(camera: Camera, at: Point, x: float, number: int, room: float) -> Point:
    """The ground point that is seen at x, a little behind or before the main one."""
    behind = 0.35 + 0.22 * (number % 3)
    ahead, right = camera.ahead, camera.right
    base = (at[0] + ahead[0] * behind, 0.9, at[2] + ahead[2] * behind)
    depth = camera.depth(base)
    now = camera.spot(base)
    shift = ((x - (now[0] if now else x)) / camera.focal) * depth
    return (max(-room, min(room, base[0] + right[0] * shift)), 0.0, base[2] + right[2] * shift)


def _main(shot: JsonObject, subjects: Sequence[JsonObject]) -> int:
    """Who the caption speaks of first; else the first one."""
    caption = str(shot.get("caption") or "")
    named = [(caption.find(str(s.get("name"))), i) for i, s in enumerate(subjects) if str(s.get("name")) in caption]
    return min(named)[1] if named else 0


def _insert(shot: JsonObject, subject: JsonObject) -> str:
    """“hand” or “eyes”: what an extreme close-up shows."""
    caption = str(shot.get("caption") or "").lower()
    hand = next((caption.find(w) for w in _HAND if w in caption), -1)
    eyes = next((caption.find(w) for w in _EYES if w in caption), -1)
    if hand >= 0 and (eyes < 0 or hand < eyes):
        return "hand"
    if eyes >= 0 and str(subject.get("orientation")) != "away":
        return "eyes"
    held = subject.get("hands") or {}
    return "hand" if held.get("right") or held.get("left") or str(subject.get("orientation")) == "away" else "eyes"


def _interest(figure: Figure, lens: Lens, framing: str, insert: str) -> Spot:
    """The point of a figure that the camera aims at: a share of its height, or its face, or its hand."""
    eyes = figure.eyes()
    if not figure.look.human:
        return eyes[0] * _AT_HEAD.get(framing, 0.3), eyes[1] * (0.6 + 0.4 * _AT_HEAD.get(framing, 0.3))
    if framing == "ECU":
        x, y = figure.hand()
        low = 0.055 if hangs(figure.right or figure.left) else 0.0
        return (x, y - low) if insert == "hand" else (eyes[0], eyes[1] + 0.005)
    if framing in ("CU", "MCU"):
        return eyes[0], eyes[1] - (0.03 if framing == "CU" else 0.16)
    if framing == "MS":
        return eyes[0] * 0.6, eyes[1] - 0.36
    if framing == "MLS":
        return eyes[0] * 0.4, max(0.5, eyes[1] - 0.52)
    return eyes[0] * 0.3, max(0.35, eyes[1] * lens.aim)
