"""The camera: points of the stage, in metres, to points of the picture.

X is right, Y up, Z away from the audience; people stand around the origin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

Point = tuple[float, float, float]
Spot = tuple[float, float]
#: nothing nearer to the lens than this is drawn
NEAR = 0.12


@dataclass(frozen=True)
class Camera:
    """Looks from `eye` along yaw and pitch. `centre` is where in the picture the middle of its view falls."""

    eye: Point
    yaw: float
    pitch: float
    focal: float
    centre: Spot
    roll: float = 0.0
    turn: tuple[float, float, float, float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        angles = (self.yaw, self.pitch, self.roll)
        object.__setattr__(self, "turn", tuple(f(a) for a in angles for f in (math.sin, math.cos)))

    @property
    def right(self) -> Point:
        """Sideways along the ground."""
        return (self.turn[1], 0.0, -self.turn[0])

    @property
    def ahead(self) -> Point:
        """Away from the camera along the ground."""
        return (self.turn[0], 0.0, self.turn[1])

    def to_lens(self, point: Point) -> Point:
        """A point as the lens has it: right, up, away."""
        sy, cy, sp, cp, _, _ = self.turn
        dx, dy, dz = point[0] - self.eye[0], point[1] - self.eye[1], point[2] - self.eye[2]
        across, away = dx * cy - dz * sy, dx * sy + dz * cy
        return across, dy * cp - away * sp, away * cp + dy * sp

    def depth(self, point: Point) -> float:
        return self.to_lens(point)[2]

    def project(self, points: Sequence[Point]) -> list[Spot]:
        """An area in the picture, cut at the lens; fewer than three spots when none of it is in front."""
        inside = [self.to_lens(p) for p in points]
        if any(p[2] < NEAR for p in inside):
            inside = _cut(inside)
        return [self._flat(p) for p in inside]

    def spot(self, point: Point) -> Spot | None:
        """One point in the picture; None behind the lens."""
        at = self.to_lens(point)
        return self._flat(at) if at[2] >= NEAR else None

    def scale(self, point: Point) -> float:
        """Pixels a metre at this point."""
        return self.focal / max(NEAR, self.depth(point))

    def _flat(self, p: Point) -> Spot:
        x, y = self.focal * p[0] / p[2], self.focal * p[1] / p[2]
        if self.roll:
            x, y = x * self.turn[5] - y * self.turn[4], x * self.turn[4] + y * self.turn[5]
        return self.centre[0] + x, self.centre[1] - y


def aim_camera(
    target: Point, distance: float, yaw: float, pitch: float, focal: float, at: Spot, roll: float = 0.0
) -> Camera:
    """The camera that sees `target` from this distance at the spot `at` of the picture."""
    away = (math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch))
    eye = (target[0] - away[0] * distance, target[1] - away[1] * distance, target[2] - away[2] * distance)
    return Camera(eye, yaw, pitch, focal, at, roll)


def _cut(points: Sequence[Point]) -> list[Point]:
    """What of an area lies in front of the lens."""
    in_front: list[Point] = []
    for a, b in zip(points, [*points[1:], points[0]], strict=True):
        if a[2] >= NEAR:
            in_front.append(a)
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            t = (NEAR - a[2]) / (b[2] - a[2])
            in_front.append((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, NEAR))
    return in_front
