"""Where in a frame its shot puts somebody: a box around them, from the size of the shot and their place in it."""

from __future__ import annotations

from workbench.artifacts.storyboard import Framing, Position
from workbench.json_types import JsonObject

#: how much of the picture's height a grown person fills, which part of them (a share of their height from the feet)
#: is where in the picture (a share of its height from the top), and how far from its middle places are kept
_SIZES: dict[Framing, tuple[float, float, float, float]] = {
    "LS": (0.58, 0.5, 0.58, 1.0),
    "MLS": (0.98, 0.68, 0.52, 0.95),
    "MS": (1.5, 0.8, 0.48, 0.9),
    "MCU": (2.25, 0.9, 0.47, 0.75),
    "CU": (3.7, 0.935, 0.47, 0.5),
    "LOW": (1.12, 0.62, 0.56, 0.9),
    "HIGH": (0.56, 0.5, 0.5, 0.95),
}
_ACROSS: dict[Position, float] = {"far_left": 0.13, "left": 0.31, "centre": 0.5, "right": 0.69, "far_right": 0.87}
#: of several, only one is to be seen in it
_ALONE = "CU"
#: of a person's height, with what the arms need
_WIDE = 0.42


def find_box(shot: JsonObject, name: str, ratio: str) -> tuple[float, float, float, float] | None:
    """(left, top, right, bottom) as shares of the picture; None when the shot does not show them, or too small to tell,
    or no more than a hand of them."""
    subjects = shot["subjects"]
    subject = next((s for s in subjects if s["name"] == name), None)
    if (
        subject is None
        or shot["framing"] not in _SIZES
        or (shot["framing"] == _ALONE and _find_main(shot) is not subject)
    ):
        return None
    fill, aim, down, spread = _SIZES[shot["framing"]]
    across, _, high = ratio.partition(":")
    half = fill * _WIDE / (float(across) / float(high)) / 2
    # who is alone is brought nearer to the middle
    place = 0.5 + (_ACROSS[subject["position"]] - 0.5) * spread * (0.8 if len(subjects) == 1 else 1.0)
    left, right = max(0.0, place - half), min(1.0, place + half)
    top, bottom = max(0.0, down - fill * (1.04 - aim)), min(1.0, down + fill * aim)
    return (left, top, max(right, left + 0.05), max(bottom, top + 0.05))


def _find_main(shot: JsonObject) -> JsonObject:
    """Whom a near shot is of: the one of whom its caption speaks first, else the first."""
    caption, subjects = str(shot["caption"]), shot["subjects"]
    named = [(caption.find(str(s["name"])), number) for number, s in enumerate(subjects) if str(s["name"]) in caption]
    main: JsonObject = subjects[min(named)[1] if named else 0]
    return main
