"""Places under the sky where people have built: a village has its lane, a street its fronts and its lamp."""

from __future__ import annotations

from workbench.sketch.drawing import buildings as b
from workbench.sketch.drawing import furniture as f
from workbench.sketch.drawing import land as n
from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Shape, Stage, ellipse, limb, smooth

_CLOTHS = tuple(rgb(c) for c in ("#B9503C", "#4B7F8C", "#C79A45", "#7A5B86", "#5F8A5B"))


def courtyard(stage: Stage, where: Setting) -> None:
    n.sky(stage, where)
    n.ridge(stage, where, (104, 124, 130), 0.11, 0.3, 0.45, 1)
    n.ground(stage, where, (150, 140, 126), 8)
    wall = b.walls_of(where, where.number)
    for r in range(9):
        for c in range(12):
            if (r * 5 + c * 3 + where.number) % 3 == 0:
                stage.mat(
                    -7.2 + c * 1.2 + 0.6 * (r % 2),
                    5.0 - r * 1.1,
                    -6.06 + c * 1.2 + 0.6 * (r % 2),
                    6.04 - r * 1.1,
                    times(stage.floor, 0.9 if c % 2 else 1.06),
                    y=0.003,
                )
    b.house(stage, where, 0.6, 8.6, 8.0, 2.9, 4.4, where.number)
    b.fence_wall(stage, where, -8.4, -3.4, 6.4, 2.3, wall)
    b.fence_wall(stage, where, 4.8, 8.4, 6.4, 2.3, wall)
    b.side_wall(stage, where, -7.6, -9.0, 6.4, 2.3, times(wall, 0.94))
    b.side_wall(stage, where, 7.6, -9.0, 6.4, 2.3, times(wall, 0.94))
    n.tree(stage, -4.7, 4.2, 5.6, n.leaf_colour(where), kind="bent", where=where)
    b.well(stage, 3.9, 3.0)
    _firewood(stage, -6.3, 2.0)
    _firewood(stage, -6.5, 0.2)
    f.jar(stage, 5.9, 5.2, 1.0, (104, 96, 92))
    f.jar(stage, 6.4, 4.2, 0.7, (122, 104, 92))
    f.bench(stage, 5.8, 0.6, 1.4, b.wood_of(where), rest=False)
    _clothes_line(stage, where)
    for x in (-1.2, 2.4):
        f.lantern(stage, x, 2.35, 6.2, where.era, b.lantern_colour(where), on=b.is_lit(where) or where.lamp)
    stage.sight(3.9, 0.9, 2.9)
    stage.sight(-6.0, 0.8, 1.6)


def _firewood(stage: Stage, x: float, z: float) -> None:
    shapes: list[Shape] = []
    for row in range(4):
        for i in range(6 - row):
            u, v = (i - (5 - row) / 2) * 0.25, 0.12 + row * 0.21
            shapes.append((ellipse(u, v, 0.125, 0.115, 14), (126, 92, 64), 0.86 + 0.05 * ((i + row) % 3), 255))
            shapes.append((ellipse(u, v, 0.09, 0.08, 12), (206, 170, 122), 0.92 + 0.04 * ((i * 2 + row) % 3), 255))
    stage.card(x, z, shapes)


def _clothes_line(stage: Stage, where: Setting) -> None:
    shapes: list[Shape] = [
        (limb([(-2.2, 0), (-2.2, 2.2)], [0.08, 0.07]), (120, 92, 68), 0.85, 255),
        (limb([(2.2, 0), (2.2, 2.2)], [0.08, 0.07]), (120, 92, 68), 0.85, 255),
        (limb([(-2.2, 2.1), (0, 1.98), (2.2, 2.1)], [0.02, 0.02, 0.02]), (196, 178, 140), 1.0, 255),
    ]  # fmt: skip
    for i, u in enumerate((-1.5, -0.6, 0.5, 1.3)):
        c = mix(_CLOTHS[(i + where.number) % 5], (238, 232, 220), 0.45)
        shapes.append(
            (
                smooth([(u - 0.34, 2.04), (u + 0.34, 2.04), (u + 0.36, 1.2), (u + 0.02, 1.12), (u - 0.32, 1.2)], 3),
                c,
                0.96,
                255,
            )
        )
        shapes.append((limb([(u + 0.06, 2.0), (u + 0.1, 1.2)], [0.03, 0.06]), times(c, 0.84), 1.0, 255))
    stage.card(-2.2, 5.4, shapes)


def village(stage: Stage, where: Setting) -> None:
    n.sky(stage, where)
    n.ridge(stage, where, (110, 130, 140), 0.2, 0.34, 0.6, 1)
    n.ridge(stage, where, (112, 136, 108), 0.1, 0.28, 0.3, 2)
    n.ground(stage, where, mix(n.GREEN, n.DRY, 0.45))
    n.path(stage, n.snowy(where, n.EARTH, 0.6), 2.2, (0.3, 0.0, -0.8, 2.2), 50)
    for i, (x, z, w, h) in enumerate(
        (
            (-6.4, 7.0, 4.2, 2.3),
            (6.2, 9.0, 4.6, 2.4),
            (-7.6, 14.5, 4.6, 2.4),
            (4.6, 18.0, 4.4, 2.4),
            (-3.0, 24.0, 4.4, 2.4),
            (10.5, 15.0, 4.2, 2.3),
        )
    ):
        b.house(stage, where, x, z, w, h, 3.4, where.number + i)
    n.tree(stage, 4.0, 4.6, 5.0, n.leaf_colour(where), kind="twisted", where=where)
    n.tree(stage, -10.5, 10.0, 5.0, n.leaf_colour(where), where=where)
    n.tree(stage, 8.8, 6.0, 3.6, times(n.leaf_colour(where), 0.92), where=where)
    stage.card(
        2.7,
        3.6,
        [
            (ellipse(0, 0.24, 0.62, 0.24, 26), (150, 146, 140), 0.86, 255),
            (ellipse(0, 0.34, 0.62, 0.22, 26), (168, 164, 158), 1.0, 255),
            (ellipse(0, 0.34, 0.15, 0.06, 14), (74, 70, 68), 1.0, 255),
        ],
    )
    b.fence(stage, -3.6, 3.4, 5)
    b.fence(stage, -7.0, 2.6, 4)
    for x, z in ((-2.6, 1.6), (3.4, 0.8), (-4.4, -0.4), (5.2, 2.2)):
        n.tuft(stage, x, z, 0.42, n.GREEN)
    stage.sight(2.7, 0.5, 3.5)
    stage.sight(4.2, 2.0, 4.6)


def market(stage: Stage, where: Setting) -> None:
    n.sky(stage, where, clouds=4)
    n.ground(stage, where, (176, 158, 132), 30)
    for i, z in enumerate((12.0, 17.5, 24.0)):
        b.house(stage, where, -9.0, z - 3, 5.0, 3.4, 5.0, where.number + i, faces=1)
        b.house(stage, where, 9.0, z - 3, 5.0, 3.4, 5.0, where.number + i + 1, faces=-1)
    b.house(stage, where, 0.5, 36.0, 12.0, 4.6, 5.0, where.number + 4)
    for i, (x, z) in enumerate(
        (
            (-4.0, 3.0),
            (4.1, 3.4),
            (-4.4, 6.6),
            (4.5, 7.2),
            (-4.3, 10.4),
            (4.4, 11.2),
            (-4.5, 15.0),
            (4.6, 16.0),
            (-4.4, -0.8),
            (4.5, -1.0),
        )
    ):
        b.stall(stage, where, x, z, _CLOTHS[(where.number + i) % 5], where.number + i)
    for x, z in ((-2.4, 4.8), (2.7, 6.0), (-2.8, 12.5)):
        b.banner(stage, x, z, _CLOTHS[(where.number + round(z)) % 5])
    f.crate(stage, -2.4, 2.6, 0.5, (150, 116, 78))
    f.crate(stage, 2.6, 2.2, 0.55, (140, 108, 74))
    f.jar(stage, 3.0, 1.4, 0.6, (120, 92, 76))
    for i in range(3):
        f.lantern(stage, -2.2 + i * 2.3, 3.0, 8.0 + i, where.era, b.lantern_colour(where), on=b.is_lit(where))
    stage.sight(-4.0, 1.1, 2.7)
    stage.sight(4.1, 1.1, 3.1)


def street(stage: Stage, where: Setting) -> None:
    n.sky(stage, where, clouds=3)
    if where.era in ("modern", "future"):
        n.skyline(stage, where, (96, 106, 128), 0.42, 0.5, 1, b.is_lit(where) or where.era == "future")
        n.skyline(stage, where, (74, 84, 108), 0.26, 0.25, 2, b.is_lit(where) or where.era == "future")
    else:
        n.ridge(stage, where, (116, 128, 138), 0.13, 0.3, 0.5, 1)
    road = {"east": (150, 146, 138), "west": (128, 124, 122), "modern": (104, 108, 114), "future": (62, 64, 86)}[
        where.era
    ]
    n.ground(stage, where, road, 6)
    for x in (-3.4, 3.4):
        stage.mat(x - 0.9, -12, x + 0.9, 70, n.snowy(where, times(road, 1.2)), y=0.004)
        stage.mat(
            x - 0.95 * (1 if x > 0 else -1) - 0.05,
            -12,
            x - 0.95 * (1 if x > 0 else -1) + 0.05,
            70,
            times(road, 0.8),
            y=0.005,
        )
    for i in range(10):
        z = -4 + i * 2.1
        if where.era in ("modern", "future"):
            stage.mat(
                -0.07,
                z,
                0.07,
                z + 1.1,
                (226, 214, 150) if where.era == "modern" else (110, 236, 240),
                y=0.005,
                alpha=170,
            )
        else:
            for c in range(4):
                if (i * 3 + c * 5) % 3:
                    stage.mat(
                        -2.3 + c * 1.15 + 0.5 * (i % 2),
                        z,
                        -1.3 + c * 1.15 + 0.5 * (i % 2),
                        z + 1.4,
                        times(road, 0.92 if c % 2 else 1.05),
                        y=0.004,
                    )
    if where.weather != "snow":
        for x, z, w in ((0.5, 4.4, 1.2), (-0.8, 1.4, 0.8), (1.0, 9.0, 1.0)):
            stage.quad(
                *((x + u, 0.006, z + v) for u, v in ellipse(0, 0, w, w * 0.3, 18)),
                colour=mix(road, (190, 208, 226), 0.5),
                alpha=150,
            )
    tall = {"east": 3.3, "west": 5.6, "modern": 7.6, "future": 10.5}[where.era]
    for i in range(6):
        z, long = -3.0 + i * 5.2, 5.0
        for side in (-1, 1):
            h = tall * (0.72 + 0.14 * ((i * 3 + where.number + (side > 0)) % 4))
            b.house(stage, where, side * 6.6, z + 2.5, 4.6, h, long, where.number + i * 2 + (side > 0), faces=-side)
            if i and (i + side) % 2:
                b.sign(stage, where, side * 3.95, min(h - 0.4, 2.7 + 0.4 * (i % 2)), z + 1.4, i + where.number + side)
    b.house(stage, where, 3.0, 36.0, 14.0, tall * 1.05, 5.0, where.number + 11)
    b.lamp_post(stage, where, -2.7, 3.4)
    b.lamp_post(stage, where, 2.75, 10.5)
    b.lamp_post(stage, where, -2.7, 18.0)
    if where.era == "east":
        for i, (x, z) in enumerate(((-3.9, 2.0), (3.9, 5.0), (-3.9, 8.0), (3.9, 11.0))):
            f.lantern(
                stage, x, 2.35, z, "east", b.lantern_colour(where), on=b.is_lit(where) or where.lamp or i % 2 == 0
            )
    elif where.era == "modern":
        f.crate(stage, 2.9, 1.8, 0.5, (176, 140, 96))
    else:
        f.crate(stage, 2.9, 2.2, 0.55, b.wood_of(where))
        f.jar(stage, 3.3, 3.0, 0.6, (112, 86, 72))
    stage.sight(-2.7, 2.6, 3.4)
    stage.sight(2.9, 0.7, 2.0)


def gateway(stage: Stage, where: Setting) -> None:
    n.sky(stage, where)
    n.ridge(stage, where, (110, 128, 136), 0.12, 0.3, 0.5, 1)
    n.ground(stage, where, (164, 154, 138), 16)
    for i in range(7):
        stage.mat(-1.5, 4.2 - i * 1.2, 1.5, 5.3 - i * 1.2, times(stage.floor, 1.06 if i % 2 else 0.95), y=0.003)
    b.gate(stage, where, 0.0, 6.2)
    n.tree(stage, -7.2, 8.2, 6.0, n.leaf_colour(where), where=where)
    n.tree(stage, 6.8, 9.4, 5.4, n.leaf_colour(where), kind="willow", where=where)
    for x in (-2.6, 2.6):
        f.lantern(stage, x, 2.9, 5.2, where.era, b.lantern_colour(where), on=b.is_lit(where) or where.lamp)
    for x, z in ((-3.8, 5.6), (4.0, 5.4), (-5.4, 4.8), (1.9, 4.4)):
        n.tuft(stage, x, z, 0.34, n.GREEN)
    f.jar(stage, 4.8, 5.0, 0.8, (112, 96, 86))
    stage.sight(0.0, 1.6, 6.0)
    stage.sight(-1.9, 0.7, 5.4)


def bridge(stage: Stage, where: Setting) -> None:
    n.sky(stage, where)
    n.ridge(stage, where, (112, 134, 144), 0.14, 0.3, 0.6, 1)
    n.ground(stage, where, mix(n.GREEN, n.EARTH, 0.3), 20)
    n.water(stage, where, 4.6, 15, (72, 104, 122))
    stone = n.snowy(where, (168, 160, 148), 0.4)
    _arch(stage, 0.6, 7.4, 7.4, stone)
    # The near bank's end of it, with its first steps.
    for k in range(3):
        stage.box(-6.4 + 0.3 * k, 6.4, 1.2, 0.2 + 0.2 * k, 1.2, times(stone, 0.94 + 0.04 * k))
    stage.card(
        3.6,
        3.4,
        [
            (smooth([(-0.36, 0), (-0.32, 1.5), (0, 1.75), (0.32, 1.5), (0.36, 0)], 4), (150, 146, 140), 0.92, 255),
            *[
                (limb([(-0.02, 1.3 - 0.25 * k), (0.06, 1.2 - 0.25 * k)], [0.06, 0.06]), (92, 88, 86), 1.0, 255)
                for k in range(4)
            ],
        ],
    )
    n.tree(stage, -4.6, 4.2, 5.4, n.leaf_colour(where), kind="willow", where=where)
    n.tree(stage, 7.4, 17.0, 5.6, n.leaf_colour(where), kind="willow", where=where)
    n.tree(stage, -9.0, 18.0, 5.0, n.leaf_colour(where), where=where)
    b.house(stage, where, 10.0, 21.0, 5.0, 2.6, 3.4, where.number)
    for i in range(6):
        n.reeds(stage, (-1) ** i * (2.6 + i * 0.7), 4.6, 1.1, (140, 148, 96))
    for x in (-1.5, 1.5):
        f.lantern(stage, x, 2.3, 3.2, where.era, b.lantern_colour(where), on=b.is_lit(where) or where.lamp)
    stage.sight(3.6, 1.0, 3.3)
    stage.sight(0.0, 1.2, 5.0)


def _arch(stage: Stage, x: float, z: float, half: float, stone: RGB) -> None:
    """A humped bridge from the side: three arches, a parapet with two panels gone."""
    count = 18

    def top(u: float) -> float:
        return 0.5 + 1.7 * (1 - (u / half) ** 2)

    across = [half * (2 * i / count - 1) for i in range(count + 1)]
    shapes: list[Shape] = [([(-half, 0), *[(u, top(u)) for u in across], (half, 0)], stone, 0.92, 255)]
    for middle, r in ((0.0, 1.5), (-3.4, 1.0), (3.4, 1.0)):
        hole = [(u, v) for u, v in ellipse(middle, 0.0, r, r * (0.98 if middle else 1.06), 36) if v > -0.05]
        shapes.append(([(middle - r, 0), *sorted(hole, key=lambda p: p[0]), (middle + r, 0)], (58, 80, 96), 0.9, 255))
        ring = [(u, v) for u, v in ellipse(middle, 0.0, r + 0.12, (r + 0.12) * 1.02, 36) if v > -0.05]
        shapes.append((limb(sorted(ring, key=lambda p: p[0]), [0.16] * len(ring)), times(stone, 0.8), 1.0, 255))
    for i in range(count):
        a, b2 = across[i], across[i + 1]
        if i in (11, 12):
            continue
        shapes.append(
            (
                [
                    (a + 0.05, top(a) + 0.06),
                    (b2 - 0.05, top(b2) + 0.06),
                    (b2 - 0.05, top(b2) + 0.62),
                    (a + 0.05, top(a) + 0.62),
                ],
                times(stone, 1.1 if i % 2 else 1.02),
                1.0,
                255,
            )
        )
    for i in range(0, count + 1, 2):
        u = across[i]
        shapes.append((limb([(u, top(u)), (u, top(u) + 0.8)], [0.2, 0.2]), times(stone, 0.9), 1.0, 255))
    stage.card(x, z, shapes)


def rooftop(stage: Stage, where: Setting) -> None:
    n.sky(stage, where, clouds=6)
    n.skyline(stage, where, (110, 118, 136), 0.2 if where.era in ("east", "west") else 0.4, 0.5, 1, b.is_lit(where))
    roof = b.roof_of(where)
    n.ground(stage, where, mix(roof, (120, 112, 108), 0.4), 0)
    # The edge, and the roofs below it.
    stage.mat(-60, 5.2, 60, 900, (96, 104, 122), y=0.002)
    for i, (x, z, w) in enumerate(
        (
            (-9.0, 11.0, 6.0),
            (-2.0, 12.5, 5.4),
            (5.0, 11.5, 6.2),
            (12.0, 13.0, 6.0),
            (-13.0, 20.0, 7.0),
            (-4.0, 22.0, 7.0),
            (5.0, 21.0, 7.0),
            (14.0, 24.0, 8.0),
            (0.5, 34.0, 9.0),
            (-14.0, 36.0, 9.0),
            (16.0, 38.0, 9.0),
        )
    ):
        h = -0.1 + 0.5 * ((i * 3 + where.number) % 3)
        tone = times(roof, 0.9 + 0.06 * (i % 3))
        stage.card(x, z, [
            ([(-w * 0.46, 0.0), (w * 0.46, 0.0), (w * 0.46, h + 0.4), (-w * 0.46, h + 0.4)], b.walls_of(where, i), 0.9,
                255),
            (smooth([(-w * 0.6, h + 0.5), (-w * 0.36, h + 0.62), (-w * 0.28, h + 1.6), (w * 0.28, h + 1.6),
                (w * 0.36, h + 0.62), (w * 0.6, h + 0.5), (0, h + 0.3)], 3), tone, 1.0, 255),
            *[(limb([(u * w * 0.26, h + 1.55), (u * w * 0.4, h + 0.5)], [0.05, 0.05]), times(tone, 0.8), 1.0,
                255) for u in (-0.8, -0.4, 0.0, 0.4, 0.8)],
        ])  # fmt: skip
        if b.is_lit(where) and i % 2:
            stage.shine(x, h, z - 0.2, 1.6, 0.6)
    for i in range(12):
        z = 5.0 - i * 0.85
        stage.mat(-30, z, 30, z + 0.1, times(stage.floor, 0.8), y=0.004)
    stage.box(-0.0, 5.2, 40, 0.22, 0.4, times(roof, 0.9))
    stage.boxes(-3.9, 2.6, [(0, 0, 0, 1.0, 1.7, 0.9, (146, 92, 76)), (0, 1.7, 0, 1.16, 0.16, 1.06, (120, 76, 66))])
    stage.card(
        -3.9,
        2.5,
        [
            (
                smooth(
                    [(-0.1, 1.9), (-0.3, 2.7), (0.2, 3.5), (0.0, 4.6), (0.5, 4.5), (0.5, 3.4), (0.1, 2.6), (0.16, 1.9)],
                    4,
                ),
                (214, 216, 222),
                1.0,
                90,
            )
        ],
    )
    stage.card(
        3.6,
        4.0,
        [
            (limb([(0, 0), (0, 2.0)], [0.07, 0.06]), (120, 92, 68), 0.9, 255),
            (limb([(2.6, 0), (2.6, 2.0)], [0.07, 0.06]), (120, 92, 68), 0.9, 255),
            (limb([(-0.1, 1.9), (2.7, 1.9)], [0.06, 0.06]), (150, 120, 80), 1.0, 255),
            *[
                (
                    smooth([(u, 1.9), (u + 0.6, 1.9), (u + 0.62, 1.05), (u + 0.04, 1.1)], 2),
                    mix(_CLOTHS[(i + where.number) % 5], (240, 234, 222), 0.4),
                    1.0,
                    255,
                )
                for i, u in enumerate((0.3, 1.1, 1.85))
            ],
        ],
    )
    stage.card(
        -5.6,
        1.2,
        [
            *[(limb([(u, 0), (u + 0.3, 2.4)], [0.08, 0.07]), (150, 116, 80), 0.9, 255) for u in (0.0, 0.5)],
            *[
                (
                    limb([(0.04 + 0.06 * k, 0.4 + 0.45 * k), (0.54 + 0.06 * k, 0.4 + 0.45 * k)], [0.06, 0.06]),
                    (150, 116, 80),
                    0.85,
                    255,
                )
                for k in range(5)
            ],
        ],
    )
    stage.sight(-3.9, 1.5, 2.5)
    stage.sight(4.8, 1.4, 3.9)
