"""Rooms: floor, walls and ceiling, and what is let into the walls: windows, doors, scrolls, boards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.space import Point, Spot
from workbench.sketch.drawing.stage import Stage, ellipse

#: what is seen through a window
#: period → wall, floor, wood
_WALLS: dict[str, tuple[str, str, str]] = {
    "east": ("#D9CBAE", "#9A7350", "#6E4630"),
    "west": ("#A9B09A", "#8A6446", "#6A452F"),
    "modern": ("#D5D8D4", "#B99A74", "#A57B52"),
    "future": ("#5E6B85", "#49526A", "#7C8AA5"),
}
#: colours of cloth, which tell places apart
TINTS = tuple(rgb(c) for c in ("#C98F6B", "#7FA0A8", "#B5A36A", "#A98AA6", "#8FA98A"))


def period_colours(where: Setting) -> tuple[RGB, RGB, RGB]:
    """Wall, floor and wood of the period, a little different for each place."""
    wall, floor, wood = (rgb(c) for c in _WALLS[where.era])
    return mix(wall, TINTS[where.number % len(TINTS)], 0.2), floor, wood


def is_lit(where: Setting) -> bool:
    return where.lamp or where.time in ("night", "dusk")


_OUTSIDE = {
    "": "#DADFE0",
    "dawn": "#F7D2A8",
    "day": "#DCECF2",
    "noon": "#E9F4F5",
    "dusk": "#F0A877",
    "night": "#2B3A66",
}


@dataclass(frozen=True)
class Wall:
    """One of the three walls: `at(u, y, out)` is a point on it, `out` metres before it."""

    stage: Stage
    at: Callable[[float, float, float], Point]
    shade: float

    def area(
        self,
        spots: list[Spot],
        colour: RGB,
        out: float = 0.0,
        shade: float = 1.0,
        alpha: int = 255,
        bright: bool = False,
    ) -> None:
        self.stage.quad(
            *(self.at(u, y, out) for u, y in spots), colour=colour, shade=shade * self.shade, alpha=alpha, bright=bright
        )

    def rect(
        self,
        u0: float,
        y0: float,
        u1: float,
        y1: float,
        colour: RGB,
        shade: float = 1.0,
        alpha: int = 255,
        bright: bool = False,
    ) -> None:
        self.area([(u0, y0), (u1, y0), (u1, y1), (u0, y1)], colour, 0.0, shade, alpha, bright)


@dataclass(frozen=True)
class Room:
    stage: Stage
    where: Setting
    width: float
    back: float
    height: float
    wood: RGB
    rear: Wall
    left: Wall
    right: Wall

    @property
    def outside(self) -> RGB:
        colour = rgb(_OUTSIDE[self.where.time])
        return mix(colour, (150, 160, 170), 0.4) if self.where.weather in ("rain", "cloudy", "fog") else colour


def room(
    stage: Stage, where: Setting, wall: RGB, floor: RGB, wood: RGB,
    width: float = 4.6, back: float = 3.0, height: float = 3.2, pave: str = "planks", low: RGB | None = None,
    beams: bool = False,
) -> Room:  # fmt: skip
    """An empty room. `low` colours the lower part of the walls."""
    stage.floor, stage.width = floor, width - 0.7
    near = -12.0
    stage.mat(-width, near, width, back, floor)
    _pave(stage, width, near, back, floor, pave)
    interior = Room(
        stage, where, width, back, height, wood,
        Wall(stage, lambda u, y, out: (u, y, back - out), 1.0),
        Wall(stage, lambda u, y, out: (-width + out, y, u), 0.86 if where.side <= 0 else 0.98),
        Wall(stage, lambda u, y, out: (width - out, y, u), 0.86 if where.side > 0 else 0.95),
    )  # fmt: skip
    for surface, first, last in (
        (interior.left, near, back),
        (interior.right, near, back),
        (interior.rear, -width, width),
    ):
        surface.rect(first, 0, last, height, wall)
        # Walls are darker towards the ceiling and the floor.
        surface.rect(first, height * 0.72, last, height, times(wall, 0.55), alpha=46)
        surface.rect(first, height * 0.86, last, height, times(wall, 0.5), alpha=50)
        if low is not None:
            surface.rect(first, 0, last, 0.95, low)
            surface.rect(first, 0.93, last, 1.0, times(low, 1.15))
        surface.rect(first, 0, last, 0.13, times(low or wood, 0.8))
    stage.mat(-width, near, width, back, times(mix(wall, wood, 0.4), 0.62), y=height)
    # Where floor meets wall no light comes.
    stage.mat(-width, back - 0.5, width, back, times(floor, 0.3), y=0.002, alpha=60)
    for x in (-width, width):
        stage.mat(x - 0.6 * (x > 0), near, x + 0.6 * (x < 0), back, times(floor, 0.3), y=0.002, alpha=50)
    if beams:
        for z in range(-6, round(back) + 1, 2):
            stage.box(0, z, 2 * width, 0.22, 0.26, wood, y=height - 0.24, high=True)
        for x in (-width * 0.5, width * 0.5):
            interior.rear.rect(x - 0.11, 0, x + 0.11, height, times(wood, 0.9))
        interior.rear.rect(-width, height - 0.34, width, height - 0.14, times(wood, 0.95))
    return interior


def _pave(stage: Stage, width: float, near: float, back: float, floor: RGB, pave: str) -> None:
    light, dark = times(floor, 1.07), times(floor, 0.86)
    if pave == "planks":
        count = round(width * 2 / 0.62)
        step = 2 * width / count
        for i in range(count):
            if i % 2:
                stage.mat(-width + i * step, near, -width + (i + 1) * step, back, light, y=0.001)
            stage.mat(-width + i * step - 0.012, near, -width + i * step + 0.012, back, dark, y=0.001)
        return
    if pave in ("tiles", "stone"):
        step = 0.9 if pave == "tiles" else 1.3
        rows = round((back + 7) / step)
        columns = round(2 * width / step)
        for r in range(rows):
            for c in range(columns):
                tone = (r * 7 + c * 3 + (r * c) % 5) % 4
                if (pave == "tiles" and (r + c) % 2) or (pave == "stone" and tone == 1):
                    x, z = -width + c * step + (0.5 * step if pave == "stone" and r % 2 else 0), back - (r + 1) * step
                    stage.mat(
                        x, z, min(width, x + step), z + step, light if pave == "tiles" else dark, y=0.001, alpha=170
                    )


def window(room: Room, wall: Wall, u: float, y: float, w: float, h: float) -> None:
    """A window of the period, with what is outside, and its light on the floor by day."""
    era, wood = room.where.era, room.wood
    out = room.outside
    frame = times(wood, 0.9) if era in ("east", "west") else (92, 98, 108)
    wall.rect(u - w / 2 - 0.09, y - 0.09, u + w / 2 + 0.09, y + h + 0.09, frame)
    if era == "east":
        paper = mix(out, (246, 234, 206), 0.55) if room.where.time != "night" else mix(out, (120, 116, 128), 0.3)
        wall.rect(u - w / 2, y, u + w / 2, y + h, paper, bright=True)
        n = max(3, round(w / 0.28))
        for i in range(1, n):
            x = u - w / 2 + w * i / n
            wall.rect(x - 0.014, y, x + 0.014, y + h, frame)
        for k in (0.16, 0.34, 0.66, 0.84):
            wall.rect(u - w / 2, y + h * k - 0.014, u + w / 2, y + h * k + 0.014, frame)
    else:
        wall.rect(u - w / 2, y, u + w / 2, y + h, out, bright=True)
        _view(room, wall, u, y, w, h)
        bars = (0.5,) if era == "west" else ()
        for k in bars:
            wall.rect(u - w / 2, y + h * k - 0.025, u + w / 2, y + h * k + 0.025, frame)
        wall.rect(u - 0.022, y, u + 0.022, y + h, frame)
        if era == "west":
            for out_side in (-1, 1):
                x = u + out_side * (w / 2 + 0.02)
                cloth = mix((176, 108, 92), wood, 0.2)
                wall.area(
                    [
                        (x + out_side * 0.2, y + h + 0.16),
                        (x - out_side * 0.2, y + h + 0.16),
                        (x - out_side * 0.26, y + h * 0.55),
                        (x - out_side * 0.02, y - 0.1),
                        (x + out_side * 0.2, y - 0.1),
                    ],
                    cloth,
                    0.02,
                )
            wall.rect(u - w / 2 - 0.3, y + h + 0.12, u + w / 2 + 0.3, y + h + 0.2, times(wood, 0.8))
    wall.area(
        [
            (u - w / 2 - 0.14, y - 0.14),
            (u + w / 2 + 0.14, y - 0.14),
            (u + w / 2 + 0.14, y - 0.06),
            (u - w / 2 - 0.14, y - 0.06),
        ],
        times(frame, 1.15),
    )
    if room.where.time != "night" and wall is not room.right:
        _sunbeam(room, wall, u, w)


def _view(room: Room, wall: Wall, u: float, y: float, w: float, h: float) -> None:
    """Roofs or towers outside a clear pane."""
    night = room.where.time == "night"
    far = mix(room.outside, (30, 36, 58) if night else (112, 130, 150), 0.55)
    rng_step = (room.where.number % 5 + 3) / 10
    x, i = u - w / 2, 0
    while x < u + w / 2 - 0.01:
        step = min(0.22 + rng_step * ((i * 7) % 3) * 0.3, u + w / 2 - x)
        top = y + h * (0.2 + 0.11 * ((i * 5 + room.where.number) % 5))
        wall.rect(x, y, x + step, top, far, bright=True)
        if night:
            wall.rect(x + step * 0.3, top - 0.18, x + step * 0.3 + 0.06, top - 0.1, (255, 210, 130), bright=True)
        x += step
        i += 1


def _sunbeam(room: Room, wall: Wall, u: float, w: float) -> None:
    """The window's light on the floor."""
    warm = (255, 240, 206) if room.where.time in ("dawn", "dusk") else (255, 250, 236)
    lean = -0.9 * (room.where.side or 1)
    if wall is room.rear:
        spots = (
            (u - w / 2, 0.004, room.back - 0.2),
            (u + w / 2, 0.004, room.back - 0.2),
            (u + w / 2 + lean * 1.4, 0.004, room.back - 2.6),
            (u - w / 2 + lean * 1.4, 0.004, room.back - 2.6),
        )
    else:
        spots = (
            (-room.width + 0.2, 0.004, u - w / 2),
            (-room.width + 0.2, 0.004, u + w / 2),
            (-room.width + 2.9, 0.004, u + w / 2 - 0.5),
            (-room.width + 2.9, 0.004, u - w / 2 - 0.5),
        )
    room.stage.quad(*spots, colour=warm, alpha=54, bright=True)


def door(room: Room, wall: Wall, u: float, w: float = 1.0, h: float = 2.15, open_dark: bool = False) -> None:
    frame, leaf = times(room.wood, 0.72), times(room.wood, 1.04)
    wall.rect(u - w / 2 - 0.1, 0, u + w / 2 + 0.1, h + 0.1, frame)
    if open_dark:
        wall.rect(u - w / 2, 0, u + w / 2, h, times(leaf, 0.3))
        return
    wall.rect(u - w / 2, 0, u + w / 2, h, leaf)
    if room.where.era == "east":
        wall.rect(u - 0.015, 0, u + 0.015, h, frame)
        for side in (-1, 1):
            wall.rect(
                u + side * w * 0.25 - w * 0.17,
                h * 0.45,
                u + side * w * 0.25 + w * 0.17,
                h * 0.93,
                mix(leaf, (240, 226, 194), 0.5),
            )
            for k in range(1, 4):
                x = u + side * w * 0.25 - w * 0.17 + w * 0.34 * k / 4
                wall.rect(x - 0.01, h * 0.45, x + 0.01, h * 0.93, frame)
        return
    for y0, y1 in ((0.12, 0.46), (0.54, 0.92)):
        wall.rect(u - w * 0.34, h * y0, u + w * 0.34, h * y1, times(leaf, 0.86))
    wall.area(ellipse(u + w * 0.38, h * 0.5, 0.035, 0.035, 10), (214, 176, 92), 0.01)


def picture(wall: Wall, u: float, y: float, w: float, h: float, frame: RGB, inner: RGB) -> None:
    """Something framed: a picture, a mirror, a board."""
    wall.rect(u - w / 2 - 0.07, y - 0.07, u + w / 2 + 0.07, y + h + 0.07, frame)
    wall.rect(u - w / 2, y, u + w / 2, y + h, inner)


def landscape(wall: Wall, u: float, y: float, w: float, h: float, frame: RGB, tone: RGB) -> None:
    """A framed view of hills."""
    picture(wall, u, y, w, h, frame, mix(tone, (236, 230, 214), 0.6))
    wall.area(
        [
            (u - w / 2, y),
            (u + w / 2, y),
            (u + w / 2, y + h * 0.35),
            (u + w * 0.2, y + h * 0.62),
            (u - w * 0.1, y + h * 0.3),
            (u - w / 2, y + h * 0.5),
        ],
        times(tone, 0.8),
    )


def scroll(wall: Wall, u: float, y: float, w: float, h: float, number: int) -> None:
    """A hanging scroll with a brush drawing and a seal."""
    paper, ink = (240, 232, 212), (70, 70, 76)
    wall.rect(u - w / 2, y, u + w / 2, y + h, mix(paper, (150, 130, 100), 0.35))
    wall.rect(u - w * 0.4, y + h * 0.1, u + w * 0.4, y + h * 0.88, paper)
    if number % 2:
        wall.area(
            [
                (u - w * 0.36, y + h * 0.22),
                (u + w * 0.34, y + h * 0.22),
                (u + w * 0.2, y + h * 0.42),
                (u + w * 0.02, y + h * 0.62),
                (u - w * 0.14, y + h * 0.36),
            ],
            mix(paper, ink, 0.55),
        )
        wall.area(
            [(u - w * 0.1, y + h * 0.22), (u + w * 0.36, y + h * 0.22), (u + w * 0.22, y + h * 0.36)],
            mix(paper, ink, 0.8),
        )
    else:
        for k in range(4):
            wall.rect(u - 0.03 * w, y + h * (0.3 + 0.13 * k), u + 0.11 * w, y + h * (0.38 + 0.13 * k), ink)
    wall.rect(u + w * 0.18, y + h * 0.16, u + w * 0.3, y + h * 0.2, (188, 60, 46))
    for dy in (0.0, h):
        wall.rect(u - w * 0.56, y + dy - 0.03, u + w * 0.56, y + dy + 0.03, (92, 62, 44))


def clock(wall: Wall, u: float, y: float, r: float) -> None:
    wall.area(ellipse(u, y, r * 1.14, r * 1.14, 24), (70, 56, 50))
    wall.area(ellipse(u, y, r, r, 24), (240, 236, 224), 0.005)
    wall.area([(u - 0.02, y), (u + 0.02, y), (u + 0.012, y + r * 0.8), (u - 0.012, y + r * 0.8)], (40, 36, 40), 0.01)
    wall.area(
        [(u, y - 0.02), (u, y + 0.02), (u + r * 0.55, y + 0.1 * r), (u + r * 0.55, y + 0.06 * r)], (40, 36, 40), 0.01
    )


def curtain(wall: Wall, u0: float, u1: float, y0: float, y1: float, colour: RGB) -> None:
    """Cloth in folds."""
    count = max(3, round(abs(u1 - u0) / 0.3))
    step = (u1 - u0) / count
    wall.rect(u0, y0, u1, y1, colour)
    for i in range(count):
        a = u0 + i * step
        wall.area(
            [(a, y1), (a + step * 0.45, y1), (a + step * 0.62, y0), (a + step * 0.12, y0)], times(colour, 0.8), 0.01
        )
        wall.area(
            [(a + step * 0.6, y1), (a + step * 0.78, y1), (a + step * 0.86, y0), (a + step * 0.7, y0)],
            times(colour, 1.13),
            0.01,
        )
