"""Houses, walls, stalls, gates and bridges of each period."""

from __future__ import annotations

from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Face, Shape, Stage, Thing, _box, ellipse, limb, smooth

_WARM = (255, 214, 138)
#: period → walls, roof, wood
COLOURS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "east": (("#D8CCB4", "#C6B498", "#B9A58C"), "#4E545E", "#6E4630"),
    "west": (("#B98A72", "#C7B79A", "#9AA39A"), "#6E4A44", "#6A4A38"),
    "modern": (("#C6CBCD", "#B79F8C", "#8FA0AC"), "#6A7078", "#7A6252"),
    "future": (("#3E4763", "#4B4570", "#34506B"), "#232A42", "#56607C"),
}


def walls_of(where: Setting, number: int) -> RGB:
    walls = COLOURS[where.era][0]
    return rgb(walls[number % len(walls)])


def roof_of(where: Setting) -> RGB:
    roof = rgb(COLOURS[where.era][1])
    return mix(roof, (236, 240, 245), 0.7) if where.weather == "snow" else roof


def wood_of(where: Setting) -> RGB:
    return rgb(COLOURS[where.era][2])


def is_lit(where: Setting) -> bool:
    return where.time in ("night", "dusk")


def house(
    stage: Stage,
    where: Setting,
    x: float,
    z: float,
    w: float,
    h: float,
    d: float,
    number: int,
    faces: int = 0,
    door: bool = True,
) -> None:
    """A house whose ridge runs sideways. `faces`: which side has the openings (0 audience, -1 its left, 1 its
    right)."""
    wall, roof, wood = walls_of(where, number), roof_of(where), wood_of(where)
    left, right, near, far = x - w / 2, x + w / 2, z - d / 2, z + d / 2
    parts = list(_box(x, 0, z, w, h, d, wall))
    flat = where.era in ("modern", "future")
    eave = 0.5 if where.era == "east" else 0.25
    rise = d * (0.36 if where.era == "east" else 0.5)
    top = h + rise
    if flat:
        parts += _box(x, h, z, w + 0.2, 0.25, d + 0.2, times(wall, 0.8))
    else:
        for side in (left, right):
            parts.append(
                Face(
                    ((side, h, near), (side, h, far), (side, top, z)),
                    times(wall, 0.9),
                    normal=(-1.0 if side == left else 1.0, 0, 0),
                )
            )
        lift = 0.22 if where.era == "east" else 0.0
        slope = rise / (d / 2) * eave
        a, b = left - eave, right + eave
        for edge, out in ((far, 1.0), (near, -1.0)):
            low = h - slope
            e = edge + out * eave
            middle = (h + top) / 2 - lift * 0.9
            m = (edge + z) / 2 + out * eave * 0.4
            points = (
                (a - lift * 0.4, low + lift, e),
                ((a + b) / 2, low, e),
                (b + lift * 0.4, low + lift, e),
                (b, middle, m),
                (b - 0.1, top, z),
                (a + 0.1, top, z),
                (a, middle, m),
            )
            parts.append(Face(points, times(roof, 1.0 if out < 0 else 0.85), shade=0.95))
            if out < 0:
                for k in range(1, 9):
                    u = a + (b - a) * k / 9
                    parts.append(
                        Face(
                            (
                                (u - 0.03, low + 0.01, e),
                                (u + 0.03, low + 0.01, e),
                                (u + 0.03, top, z - 0.02),
                                (u - 0.03, top, z - 0.02),
                            ),
                            times(roof, 0.82),
                            shade=0.95,
                            alpha=150,
                        )
                    )
        parts += _box(x, top - 0.06, z, w + 2 * eave - 0.2, 0.16, 0.16, times(roof, 0.8))
    parts += _openings(where, x, z, w, h, d, number, faces, door, wood)
    stage.things.append(Thing((x, h / 2, z), tuple(parts)))
    if is_lit(where) and number % 3 != 1:
        stage.shine(x, h * 0.5, near - 0.1, 1.6, 0.7)


def _openings(
    where: Setting, x: float, z: float, w: float, h: float, d: float, number: int, faces: int, door: bool, wood: RGB
) -> list[Face]:
    openings: list[Face] = []

    def area(u0: float, y0: float, u1: float, y1: float, colour: RGB, bright: bool = False, out: float = 0.012) -> None:
        if faces == 0:
            points = tuple((x + u, y, z - d / 2 - out) for u, y in ((u0, y0), (u1, y0), (u1, y1), (u0, y1)))
            normal = (0.0, 0.0, -1.0)
        else:
            side = x + faces * (w / 2 + out)
            points = tuple((side, y, z + u) for u, y in ((u0, y0), (u1, y0), (u1, y1), (u0, y1)))
            normal = (float(faces), 0.0, 0.0)
        openings.append(Face(points, colour, normal=normal, bright=bright))

    long = w if faces == 0 else d
    on = is_lit(where)
    pane = (74, 88, 110) if not on else (46, 52, 76)
    floors = max(1, round(h / 2.7))
    per = max(1, round(long / 1.7))
    for floor in range(floors):
        for i in range(per):
            u = -long / 2 + long * (i + 0.5) / per
            y = 0.95 + floor * 2.7
            if floor == 0 and door and i == per // 2:
                area(u - 0.5, 0, u + 0.5, 2.0, times(wood, 0.8))
                area(u - 0.42, 0, u + 0.42, 1.92, wood, out=0.02)
                area(u - 0.012, 0, u + 0.012, 1.92, times(wood, 0.6), out=0.03)
                continue
            shining = on and (number * 3 + i * 5 + floor * 7) % 3 != 0
            colour = ((110, 236, 240) if (i + floor) % 2 else (250, 110, 200)) if where.era == "future" else _WARM
            area(u - 0.48, y - 0.06, u + 0.48, y + 1.12, times(wood, 0.85))
            area(u - 0.4, y, u + 0.4, y + 1.04, colour if shining else pane, bright=shining, out=0.02)
            area(u - 0.02, y, u + 0.02, y + 1.04, times(wood, 0.8), out=0.03)
            area(u - 0.4, y + 0.5, u + 0.4, y + 0.54, times(wood, 0.8), out=0.03)
    return openings


def fence_wall(stage: Stage, where: Setting, x0: float, x1: float, z: float, h: float, colour: RGB) -> None:
    """A wall along the back, tiled on top in the east."""
    x, w = (x0 + x1) / 2, x1 - x0
    parts = list(_box(x, 0, z, w, h, 0.3, colour))
    if where.era == "east":
        roof = roof_of(where)
        parts += [
            Face(((x0, h, z - 0.36), (x1, h, z - 0.36), (x1, h + 0.28, z), (x0, h + 0.28, z)), roof, shade=0.98),
            Face(
                ((x0, h - 0.05, z - 0.36), (x1, h - 0.05, z - 0.36), (x1, h, z - 0.36), (x0, h, z - 0.36)),
                times(roof, 0.7),
            ),
        ]
    stage.things.append(Thing((x, h / 2, z + 0.2), tuple(parts)))


def side_wall(stage: Stage, where: Setting, x: float, z0: float, z1: float, h: float, colour: RGB) -> None:
    parts = list(_box(x, 0, (z0 + z1) / 2, 0.3, h, z1 - z0, colour))
    if where.era == "east":
        roof = roof_of(where)
        out = 0.36 if x < 0 else -0.36
        parts.append(Face(((x + out, h, z0), (x + out, h, z1), (x, h + 0.28, z1), (x, h + 0.28, z0)), roof, shade=0.9))
    stage.things.append(Thing((x, h / 2, z1), tuple(parts)))


def stall(stage: Stage, where: Setting, x: float, z: float, cloth: RGB, number: int) -> None:
    """A market stall: an awning on poles over heaped goods."""
    wood = wood_of(where)
    w, d = 2.2, 1.3
    for dx in (-w / 2, w / 2):
        stage.box(x + dx, z + d / 2, 0.08, 2.3, 0.08, wood)
    parts = [(0.0, 0.0, 0.0, w, 0.74, d * 0.7, wood)]
    goods = ("#C2503A", "#D9A43B", "#6F9A52", "#B87A8F", "#D9C9A0")
    for i in range(4):
        c = rgb(goods[(number + i) % 5])
        parts.append((-w * 0.36 + i * w * 0.24, 0.74, 0.0, w * 0.2, 0.1 + 0.06 * ((i + number) % 3), d * 0.5, c))
    stage.boxes(x, z, parts)
    near, far, low, top = z - d * 0.75, z + d * 0.6, 1.85, 2.55
    faces = []
    strips = 6
    for i in range(strips):
        a, b = x - w * 0.6 + w * 1.2 * i / strips, x - w * 0.6 + w * 1.2 * (i + 1) / strips
        c = cloth if i % 2 else mix(cloth, (246, 238, 220), 0.75)
        faces.append(Face(((a, low, near), (b, low, near), (b, top, far), (a, top, far)), c))
        m = (a + b) / 2
        faces.append(
            Face(
                (
                    (a, low, near),
                    (b, low, near),
                    (b - 0.04, low - 0.16, near),
                    (m, low - 0.24, near),
                    (a + 0.04, low - 0.16, near),
                ),
                times(c, 0.88),
            )
        )
    for dx in (-w / 2, w / 2):
        faces = [*_box(x + dx, 0, near + 0.06, 0.07, low, 0.07, wood), *faces]
    stage.things.append(Thing((x, 1.4, z - 0.3), tuple(faces)))


def banner(stage: Stage, x: float, z: float, colour: RGB, h: float = 3.4) -> None:
    stage.card(x, z, [
        (limb([(0, 0), (0, h)], [0.06, 0.05]), (120, 90, 62), 0.9, 255),
        (limb([(-0.05, h - 0.1), (0.6, h - 0.1)], [0.04, 0.04]), (120, 90, 62), 0.9, 255),
        (smooth([(0.08, h - 0.12), (0.58, h - 0.12), (0.54, h - 0.9), (0.6, h - 1.6), (0.34, h - 1.46), (0.1, h - 1.6),
            (0.13, h - 0.9)], 3), colour, 0.95, 255),
        (ellipse(0.33, h - 0.6, 0.13, 0.16, 16), mix(colour, (250, 240, 220), 0.75), 1.0, 255),
        (ellipse(0.33, h - 1.05, 0.11, 0.13, 16), mix(colour, (250, 240, 220), 0.75), 1.0, 255),
    ])  # fmt: skip


def lamp_post(stage: Stage, where: Setting, x: float, z: float) -> None:
    on = is_lit(where) or where.weather in ("rain", "fog")
    iron = (58, 62, 72)
    colour = (130, 236, 246) if where.era == "future" else (255, 226, 158)
    shapes: list[Shape] = [
        (limb([(0, 0), (0, 3.3)], [0.14, 0.07]), iron, 0.9, 255),
        ([(-0.18, 0), (0.18, 0), (0.1, 0.4), (-0.1, 0.4)], iron, 0.8, 255),
        (
            [(-0.12, 3.3), (0.12, 3.3), (0.2, 3.75), (-0.2, 3.75)],
            colour if on else (206, 212, 206),
            -1.0 if on else 1.0,
            255,
        ),
        ([(-0.26, 3.74), (0.26, 3.74), (0, 4.0)], iron, 0.9, 255),
        (limb([(-0.26, 3.1), (0.26, 3.1)], [0.04, 0.04]), iron, 0.9, 255),
    ]
    stage.card(x, z, shapes)
    if on:
        stage.shine(x, 3.5, z, 3.6, 1.0, colour if where.era == "future" else None)


def well(stage: Stage, x: float, z: float) -> None:
    stone = (150, 146, 138)
    stage.card(x, z, [
        ([(-0.6, 0), (0.6, 0), (0.56, 0.6), (-0.56, 0.6)], stone, 0.9, 255),
        ([(-0.6, 0), (-0.2, 0), (-0.2, 0.6), (-0.56, 0.6)], times(stone, 0.84), 1.0, 255),
        (ellipse(0, 0.6, 0.6, 0.17, 26), times(stone, 1.12), 1.0, 255),
        (ellipse(0, 0.6, 0.46, 0.12, 24), (44, 46, 52), 0.9, 255),
        (limb([(-0.52, 0.55), (-0.52, 1.9)], [0.08, 0.08]), (110, 80, 58), 0.9, 255),
        (limb([(0.52, 0.55), (0.52, 1.9)], [0.08, 0.08]), (110, 80, 58), 0.8, 255),
        (limb([(-0.62, 1.74), (0.62, 1.74)], [0.11, 0.11]), (126, 92, 66), 0.9, 255),
        (limb([(0.05, 1.7), (0.05, 0.8)], [0.03, 0.03]), (196, 172, 126), 1.0, 255),
        ([(-0.08, 0.82), (0.18, 0.82), (0.15, 0.6), (-0.05, 0.6)], (120, 86, 60), 1.0, 255),
    ])  # fmt: skip


def gate(stage: Stage, where: Setting, x: float, z: float) -> None:
    """A great door in a wall: steps, two leaves half shut, a board above, a lamp."""
    wood, wall, roof = wood_of(where), walls_of(where, where.number), roof_of(where)
    red = (136, 56, 46) if where.era == "east" else times(wood, 0.95)
    fence_wall(stage, where, x - 14, x - 2.0, z + 0.3, 3.0, wall)
    fence_wall(stage, where, x + 2.0, x + 14, z + 0.3, 3.0, wall)
    parts = [
        (0.0, 0.0, 0.3, 4.4, 3.9, 0.5, times(wall, 0.92)),
        (0.0, 0.36, 0.03, 2.8, 2.8, 0.04, (44, 36, 38)),
        (-0.92, 0.36, -0.02, 0.95, 2.75, 0.06, red), (0.95, 0.36, -0.04, 0.95, 2.75, 0.06, times(red, 0.92)),
        (-1.56, 0.36, -0.04, 0.26, 3.0, 0.26, wood), (1.56, 0.36, -0.04, 0.26, 3.0, 0.26, wood),
        (0.0, 3.2, -0.04, 3.5, 0.3, 0.3, wood),
        (0.0, 3.5, -0.12, 1.5, 0.5, 0.06, mix(red, (70, 64, 60), 0.5)),
    ]  # fmt: skip
    parts += [(-0.4 + 0.26 * i, 3.66, -0.16, 0.16, 0.2, 0.01, (206, 172, 98)) for i in range(4)]
    parts += [(dx, 1.5, -0.07, 0.12, 0.14, 0.03, (206, 168, 92)) for dx in (-0.6, 0.62)]
    parts += [(0.0, 0.12 * k, -0.5 - 0.32 * (2 - k), 3.8 - 0.3 * k, 0.12, 0.4, (150, 146, 140)) for k in range(3)]
    stage.boxes(x, z, parts)
    if where.era in ("east", "west"):
        near, far, top = z - 0.9, z + 1.2, 5.2
        faces = [
            Face(
                (
                    (x - 2.9, 4.25, near),
                    (x, 3.95, near),
                    (x + 2.9, 4.25, near),
                    (x + 2.5, 4.55, z - 0.3),
                    (x + 2.2, top, z + 0.2),
                    (x - 2.2, top, z + 0.2),
                    (x - 2.5, 4.55, z - 0.3),
                ),
                roof,
            ),
            Face(
                ((x - 2.2, top, z + 0.2), (x + 2.2, top, z + 0.2), (x + 2.6, 4.0, far), (x - 2.6, 4.0, far)),
                times(roof, 0.85),
            ),
            *(
                Face(
                    (
                        (x + u - 0.03, 4.0 + abs(u) * 0.1, near + 0.02),
                        (x + u + 0.03, 4.0 + abs(u) * 0.1, near + 0.02),
                        (x + u * 0.8 + 0.03, top, z + 0.18),
                        (x + u * 0.8 - 0.03, top, z + 0.18),
                    ),
                    times(roof, 0.82),
                    alpha=160,
                )
                for u in (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0)
            ),
        ]
        stage.things.append(Thing((x, 4.4, z - 0.2), tuple(faces)))
    for dx in (-1.9, 1.9):
        stage.boxes(
            x + dx, z - 0.5, [(0, 0, 0, 0.5, 0.4, 0.5, (150, 148, 144)), (0, 0.4, 0, 0.36, 0.5, 0.36, (164, 160, 154))]
        )


def sign(stage: Stage, where: Setting, x: float, y: float, z: float, number: int) -> None:
    """A shop's board; neon in the future. It bears marks, no letters."""
    if where.era == "future":
        colour = ((250, 70, 180), (80, 240, 240), (255, 190, 60), (150, 110, 255))[number % 4]
        shapes: list[Shape] = [
            ([(-0.3, -0.9), (0.3, -0.9), (0.3, 0.9), (-0.3, 0.9)], (24, 20, 44), 1.0, 255),
            *[(limb([(-0.16, 0.6 - 0.4 * k), (0.16, 0.6 - 0.4 * k)] if (k + number) % 2 else [(0, 0.72 - 0.4 * k),
                (-0.14, 0.52 - 0.4 * k), (0.14, 0.52 - 0.4 * k)], [0.06] * (2 if (k + number) % 2 else 3)), colour,
                -1.0, 255) for k in range(4)],
            (limb([(-0.3, -0.9), (-0.3, 0.9)], [0.05, 0.05]), colour, -1.0, 255),
        ]  # fmt: skip
        stage.shine(x, y, z, 2.4, 0.8, colour)
    else:
        board = (96, 62, 46) if where.era == "east" else ((60, 92, 112), (146, 72, 58), (84, 104, 72))[number % 3]
        shapes = [
            ([(-0.62, -0.2), (0.62, -0.2), (0.62, 0.2), (-0.62, 0.2)], board, 0.95, 255),
            *[([(-0.44 + 0.26 * k, -0.09), (-0.3 + 0.26 * k, -0.09), (-0.3 + 0.26 * k, 0.09), (-0.44 + 0.26 * k, 0.09)],
                (214, 184, 116), 1.0, 200) for k in range(4)],
        ]  # fmt: skip
    stage.card(x, z, shapes, y=y)


def lantern_colour(where: Setting) -> RGB:
    return (224, 92, 66) if where.era == "east" else (232, 176, 96)


def fence(stage: Stage, x: float, z: float, count: int) -> None:
    shapes: list[Shape] = [
        (limb([(-0.2, y), (count * 0.52 - 0.1, y - 0.06)], [0.06, 0.06]), (142, 112, 80), 0.86, 255)
        for y in (0.72, 0.4)
    ]
    for i in range(count):
        lean = 0.05 * ((i * 3) % 4 - 1.5)
        shapes.append(
            (limb([(i * 0.52, 0), (i * 0.52 + lean, 0.98)], [0.09, 0.08]), (150, 120, 86), 0.92 + 0.04 * (i % 3), 255)
        )
    stage.card(x, z, shapes)
