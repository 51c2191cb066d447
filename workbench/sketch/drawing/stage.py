"""The stage: flat surfaces and things in metres, and the painter that puts them into a picture, far ones first."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from PIL import Image, ImageDraw

from workbench.sketch.drawing.colour import RGB, times
from workbench.sketch.drawing.light import Light
from workbench.sketch.drawing.space import Camera, Point, Spot

#: an area of a card: spots in metres, sideways and up; its colour; how it is shaded; its opacity
Shape = tuple[Sequence[Spot], RGB, float, int]


@dataclass(frozen=True)
class Face:
    points: tuple[Point, ...]
    colour: RGB
    shade: float = 1.0
    normal: Point | None = None
    alpha: int = 255
    #: shines by itself: no light changes it
    bright: bool = False


@dataclass(frozen=True)
class Thing:
    """Stands at `at`; a card turns to the camera, faces do not. `high`: hangs where a camera above the room would
    be."""

    at: Point
    faces: tuple[Face, ...] = ()
    card: tuple[Shape, ...] = ()
    high: bool = False


@dataclass(frozen=True)
class Glow:
    at: Point
    radius: float
    strength: float
    colour: RGB | None = None


@dataclass
class Stage:
    """A set. `planes` are drawn in order, `things` by distance; `sights` are worth looking at when nobody is there."""

    rng: Random
    inside: bool
    floor: RGB = (120, 110, 100)
    #: how far to each side people can stand
    width: float = 1e6
    planes: list[Face] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    glows: list[Glow] = field(default_factory=list)
    sights: list[Point] = field(default_factory=list)
    #: painted over the sky before anything else
    far: list[Callable[[Painter], None]] = field(default_factory=list)

    def quad(self, *points: Point, colour: RGB, shade: float = 1.0, alpha: int = 255, bright: bool = False) -> None:
        self.planes.append(Face(points, colour, shade, alpha=alpha, bright=bright))

    def wall(
        self,
        x0: float,
        y0: float,
        x1: float,
        y1: float,
        z: float,
        colour: RGB,
        shade: float = 1.0,
        alpha: int = 255,
        bright: bool = False,
    ) -> None:
        """An upright rectangle that faces the audience, as part of the surfaces."""
        self.quad(
            (x0, y0, z), (x1, y0, z), (x1, y1, z), (x0, y1, z), colour=colour, shade=shade, alpha=alpha, bright=bright
        )

    def side(
        self,
        x: float,
        z0: float,
        y0: float,
        z1: float,
        y1: float,
        colour: RGB,
        shade: float = 0.9,
        alpha: int = 255,
        bright: bool = False,
    ) -> None:
        """An upright rectangle along the side of the stage."""
        self.quad(
            (x, y0, z0), (x, y0, z1), (x, y1, z1), (x, y1, z0), colour=colour, shade=shade, alpha=alpha, bright=bright
        )

    def mat(
        self,
        x0: float,
        z0: float,
        x1: float,
        z1: float,
        colour: RGB,
        y: float = 0.0,
        shade: float = 1.0,
        alpha: int = 255,
    ) -> None:
        """A rectangle on the ground."""
        self.quad((x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1), colour=colour, shade=shade, alpha=alpha)

    def box(
        self,
        x: float,
        z: float,
        w: float,
        h: float,
        d: float,
        colour: RGB,
        y: float = 0.0,
        high: bool = False,
        bright: bool = False,
        at: float | None = None,
    ) -> None:
        """A box whose foot is in the middle of x and z."""
        self.things.append(
            Thing((x, y + h / 2, z if at is None else at), _box(x, y, z, w, h, d, colour, bright), high=high)
        )

    def boxes(
        self,
        x: float,
        z: float,
        parts: Sequence[tuple[float, float, float, float, float, float, RGB]],
        high: bool = False,
    ) -> None:
        """Boxes that make up one thing, in the order of drawing: each (dx, y, dz, w, h, d, colour)."""
        faces = tuple(f for dx, y, dz, w, h, d, c in parts for f in _box(x + dx, y, z + dz, w, h, d, c))
        self.things.append(Thing((x, 0.6, z), faces, high=high))

    def card(self, x: float, z: float, shapes: Sequence[Shape], y: float = 0.0, high: bool = False) -> None:
        self.things.append(Thing((x, y, z), card=tuple(shapes), high=high))

    def shine(
        self, x: float, y: float, z: float, radius: float, strength: float = 0.8, colour: RGB | None = None
    ) -> None:
        self.glows.append(Glow((x, y, z), radius, strength, colour))

    def sight(self, x: float, y: float, z: float) -> None:
        self.sights.append((x, y, z))


def _box(
    x: float, y: float, z: float, w: float, h: float, d: float, colour: RGB, bright: bool = False
) -> tuple[Face, ...]:
    l, r, b, t, n, f = x - w / 2, x + w / 2, y, y + h, z - d / 2, z + d / 2  # noqa: E741
    return (
        Face(((l, t, n), (r, t, n), (r, t, f), (l, t, f)), colour, normal=(0, 1, 0), bright=bright),
        Face(((l, b, n), (r, b, n), (r, b, f), (l, b, f)), colour, normal=(0, -1, 0), bright=bright),
        Face(((l, b, n), (l, b, f), (l, t, f), (l, t, n)), colour, normal=(-1, 0, 0), bright=bright),
        Face(((r, b, n), (r, b, f), (r, t, f), (r, t, n)), colour, normal=(1, 0, 0), bright=bright),
        Face(((l, b, f), (r, b, f), (r, t, f), (l, t, f)), colour, normal=(0, 0, 1), bright=bright),
        Face(((l, b, n), (r, b, n), (r, t, n), (l, t, n)), colour, normal=(0, 0, -1), bright=bright),
    )  # fmt: skip


class Painter:
    """Draws areas of the stage into an image that is `fine` times as large as the picture."""

    def __init__(self, image: Image.Image, camera: Camera, light: Light, fine: float) -> None:
        self.image = image
        self.camera = camera
        self.light = light
        self.fine = fine
        self.height = image.height / fine
        self._solid = ImageDraw.Draw(image)
        self._veil = ImageDraw.Draw(image, "RGBA")
        self._line = light.preset.set_line * image.height / 1000

    def flat(
        self, spots: Sequence[Spot], colour: RGB, alpha: int = 255, line: float = 0.0, ink: RGB | None = None
    ) -> None:
        """An area given in the picture's pixels."""
        if len(spots) < 3:
            return
        fine = self.fine
        scaled = [(x * fine, y * fine) for x, y in spots] if fine != 1 else list(spots)
        xs, ys = [p[0] for p in scaled], [p[1] for p in scaled]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        if right < 0 or bottom < 0 or left > self.image.width or top > self.image.height:
            return
        if left < -9000 or right > 9000 or top < -9000 or bottom > 9000:
            scaled = _within(scaled)
            if len(scaled) < 3:
                return
        if alpha >= 255:
            self._solid.polygon(scaled, fill=colour)
        else:
            self._veil.polygon(scaled, fill=(*colour, alpha))
        if line >= 0.6 and alpha >= 255:
            self._solid.line(
                [*scaled, scaled[0]], fill=ink or times(colour, 0.45), width=max(1, round(line)), joint="curve"
            )

    def face(self, face: Face) -> None:
        light = self.light
        if face.normal is not None:
            out = sum((a - b) * n for a, b, n in zip(self.camera.eye, face.points[0], face.normal, strict=True))
            if out <= 0:
                return
        spots = self.camera.project(face.points)
        if len(spots) < 3:
            return
        shade = face.shade if face.normal is None else face.shade * self.light.shade(face.normal)
        middle = face.points[0] if len(face.points) < 4 else _between(face.points[0], face.points[2])
        depth = self.camera.depth(middle)
        if face.normal is None and face.points[0][1] < 0.1:
            # The ground keeps its colour, or its far end would look like water.
            depth = min(depth, 22.0)
        colour = light.preset.grade(face.colour) if face.bright else self.light.shine_on(face.colour, shade, depth)
        line = self._line * min(1.0, 5.0 / max(1.0, depth)) if face.normal is not None else 0.0
        self.flat(spots, colour, face.alpha, line, self.light.preset.ink)

    def thing(self, thing: Thing) -> None:
        for face in thing.faces:
            self.face(face)
        if thing.card:
            self.card(thing.at, thing.card)

    def card(self, at: Point, shapes: Sequence[Shape]) -> None:
        right = self.camera.right
        depth = self.camera.depth(at)
        for spots, colour, shade, alpha in shapes:
            points = [(at[0] + u * right[0], at[1] + v, at[2] + u * right[2]) for u, v in spots]
            seen = colour if shade < 0 else self.light.shine_on(colour, shade, depth)
            line = self._line * min(1.0, 5.0 / max(1.0, depth)) if self._line else 0.0
            self.flat(self.camera.project(points), seen, alpha, line, self.light.preset.ink)

    def horizon(self) -> float:
        """How far down the picture the ground's end lies, in pixels."""
        camera = self.camera
        far = (camera.eye[0] + camera.ahead[0] * 4000, 0.0, camera.eye[2] + camera.ahead[2] * 4000)
        spot = camera.spot(far)
        return spot[1] if spot else (-1e6 if camera.pitch < 0 else 1e6)

    def bearing(self, angle: float) -> float:
        """Where across the picture a thing far away in this direction (radians from straight ahead) is seen."""
        off = max(-1.2, min(1.2, angle - self.camera.yaw))
        return self.camera.centre[0] + self.camera.focal * math.tan(off)


def planes(stage: Stage, painter: Painter) -> None:
    above = painter.camera.eye[1] > 3.0 and stage.inside
    for face in stage.planes:
        if above and min(p[1] for p in face.points) > 2.5:
            continue
        painter.face(face)


def sort_things(stage: Stage, camera: Camera, nearest: float) -> list[tuple[float, Thing]]:
    """The things beyond `nearest`, farthest first."""
    above = camera.eye[1] > 2.6 and stage.inside
    shown = [(camera.depth(t.at), t) for t in stage.things if not (t.high and above)]
    return sorted((k for k in shown if k[0] > nearest), key=lambda k: -k[0])


def _between(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2


def _within(spots: list[Spot], limit: float = 8000.0) -> list[Spot]:
    """An area without what lies absurdly far outside the picture, which the drawing library cannot count."""
    for axis in (0, 1):
        for sign in (1, -1):
            inside: list[Spot] = []
            for a, b in zip(spots, [*spots[1:], *spots[:1]], strict=True):
                inside_a, inside_b = a[axis] * sign <= limit, b[axis] * sign <= limit
                if inside_a:
                    inside.append(a)
                if inside_a != inside_b:
                    t = (limit * sign - a[axis]) / (b[axis] - a[axis])
                    inside.append((a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t))
            spots = inside
    return spots


# -- outlines of cards -------------------------------------------------------------------------------------------------


def ellipse(x: float, y: float, rx: float, ry: float, count: int = 22, turn: float = 0.0) -> list[Spot]:
    s, c = math.sin(turn), math.cos(turn)
    spots = []
    for i in range(count):
        a = 2 * math.pi * i / count
        u, v = rx * math.cos(a), ry * math.sin(a)
        spots.append((x + u * c - v * s, y + u * s + v * c))
    return spots


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float, count: int = 12) -> list[Spot]:
    """Part of an ellipse, from angle to angle in degrees, against the clock."""
    angles = [math.radians(start + (end - start) * i / (count - 1)) for i in range(count)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


def limb(points: Sequence[Spot], widths: Sequence[float]) -> list[Spot]:
    """A bent stroke that is this thick at each of its points, with round ends."""
    left: list[Spot] = []
    right: list[Spot] = []
    last = len(points) - 1
    for i, (x, y) in enumerate(points):
        before, after = points[max(0, i - 1)], points[min(last, i + 1)]
        dx, dy = after[0] - before[0], after[1] - before[1]
        size = math.hypot(dx, dy) or 1.0
        nx, ny = -dy / size * widths[i] / 2, dx / size * widths[i] / 2
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    first_angle = math.degrees(math.atan2(left[0][1] - points[0][1], left[0][0] - points[0][0]))
    last_angle = math.degrees(math.atan2(right[-1][1] - points[-1][1], right[-1][0] - points[-1][0]))
    start = arc(*points[0], widths[0] / 2, widths[0] / 2, first_angle + 180, first_angle, 7)[1:-1]
    end = arc(*points[-1], widths[-1] / 2, widths[-1] / 2, last_angle + 180, last_angle, 7)[1:-1]
    # Both caps bulge away from the stroke.
    return [
        *left,
        *_outward(end, points[-1], points[last - 1] if last else points[-1]),
        *reversed(right),
        *_outward(start, points[0], points[min(1, last)]),
    ]


def _outward(cap: list[Spot], tip: Spot, inner: Spot) -> list[Spot]:
    out = (tip[0] - inner[0], tip[1] - inner[1])
    middle = cap[len(cap) // 2]
    if (middle[0] - tip[0]) * out[0] + (middle[1] - tip[1]) * out[1] < 0:
        return [(2 * tip[0] - x, 2 * tip[1] - y) for x, y in reversed(cap)]
    return cap


def smooth(points: Sequence[Spot], steps: int = 5) -> list[Spot]:
    """A closed curve through the points."""
    count = len(points)
    spots: list[Spot] = []
    for i in range(count):
        p0, p1, p2, p3 = points[i - 1], points[i], points[(i + 1) % count], points[(i + 2) % count]
        for step in range(steps):
            t = step / steps
            t2, t3 = t * t, t * t * t
            spots.append(
                (
                    0.5
                    * (
                        2 * p1[0]
                        + (p2[0] - p0[0]) * t
                        + (2 * p0[0] - 5 * p1[0] + 4 * p2[0] - p3[0]) * t2
                        + (3 * p1[0] - p0[0] - 3 * p2[0] + p3[0]) * t3
                    ),
                    0.5
                    * (
                        2 * p1[1]
                        + (p2[1] - p0[1]) * t
                        + (2 * p0[1] - 5 * p1[1] + 4 * p2[1] - p3[1]) * t2
                        + (3 * p1[1] - p0[1] - 3 * p2[1] + p3[1]) * t3
                    ),
                )
            )
    return spots
