"""Open country: a mountain has its cliff, a shore its boat, a forest its trunks."""

from __future__ import annotations

from workbench.sketch.drawing import buildings as b
from workbench.sketch.drawing import land as n
from workbench.sketch.drawing.colour import RGB, mix, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Shape, Stage, ellipse, limb, smooth


def mountain(stage: Stage, where: Setting) -> None:
    n.sky(stage, where)
    n.ridge(stage, where, (120, 140, 160), 0.44, 0.4, 0.72, 1, peaked=True)
    n.ridge(stage, where, (110, 124, 132), 0.3, 0.4, 0.45, 2, peaked=True)
    n.ridge(stage, where, (112, 112, 98), 0.15, 0.36, 0.2, 3, peaked=True)
    n.ground(stage, where, mix(n.EARTH, (140, 140, 120), 0.4), 34)
    n.path(stage, n.snowy(where, (188, 166, 130), 0.7), 1.3, (-0.6, 0.6, -2.0, 3.5), 34)
    grey = n.snowy(where, (140, 130, 122), 0.4)
    _cliff(stage, where, -6.2, 5.0, 6.4, grey)
    _cliff(stage, where, 7.4, 9.0, 5.4, times(grey, 0.95))
    for i, (x, z, w, h) in enumerate(
        (
            (-3.0, 3.2, 0.8, 0.7),
            (3.2, 2.0, 0.6, 0.45),
            (4.6, 4.2, 1.2, 1.0),
            (-3.9, 1.2, 0.5, 0.4),
            (5.4, -0.6, 0.9, 0.7),
            (-4.6, -1.4, 1.1, 0.9),
        )
    ):
        n.rock(stage, x, z, w, h, times(grey, 0.94 + 0.04 * (i % 3)))
    for x, z, h in ((-3.6, 7.0, 3.0), (5.2, 6.4, 3.6), (8.0, 12.0, 4.2), (-9.0, 14.0, 4.6), (3.0, 13.0, 3.0)):
        n.tree(stage, x, z, h, (84, 112, 88), kind="pine", where=where)
    for x, z in ((2.2, 0.8), (-2.4, 0.4), (1.6, 4.0)):
        n.tuft(stage, x, z, 0.32, (140, 148, 96))
    stage.sight(-3.0, 0.6, 3.0)
    stage.sight(4.6, 0.9, 4.0)


def _cliff(stage: Stage, where: Setting, x: float, z: float, h: float, colour: RGB) -> None:
    """A rock face with its strata and a small pine in a crack."""
    s = -1 if x < 0 else 1
    shapes: list[Shape] = [
        (
            [
                (s * 6, 0),
                (s * 6, h * 1.1),
                (s * 2.4, h),
                (s * 0.6, h * 0.92),
                (-s * 1.3, h * 0.8),
                (-s * 0.5, h * 0.62),
                (-s * 1.1, h * 0.4),
                (-s * 1.9, h * 0.16),
                (-s * 2.3, 0),
            ],
            colour,
            0.9,
            255,
        ),
        ([(s * 6, 0), (s * 6, h), (s * 1.6, h * 0.74), (s * 0.9, h * 0.4), (s * 0.1, 0)], times(colour, 0.8), 1.0, 255),
    ]
    for k in range(5):
        y = h * (0.14 + 0.155 * k)
        shapes.append(
            (
                limb([(s * 5.5, y + 0.5), (s * 2.0, y + 0.1), (-s * (1.4 - 0.25 * k), y)], [0.09, 0.07, 0.04]),
                times(colour, 0.72 + 0.1 * (k % 2)),
                1.0,
                190,
            )
        )
    for k, (u, v) in enumerate(((-0.4, 0.84), (0.2, 0.64))):
        shapes.append((limb([(s * u, h * v), (s * (u - 0.5), h * v + 0.5)], [0.1, 0.05]), (86, 66, 54), 0.9, 255))
        shapes.append(
            (ellipse(s * (u - 0.6), h * v + 0.66, 0.7, 0.24, 20), n.snowy(where, (84, 116, 88), 0.5), 0.9, 255)
        )
        shapes.append(
            (
                ellipse(s * (u - 0.4), h * v + 0.9, 0.46, 0.18, 18),
                n.snowy(where, (92, 124, 92), 0.5),
                1.0 + 0.02 * k,
                255,
            )
        )
    stage.card(x, z, shapes)


def river(stage: Stage, where: Setting) -> None:
    n.sky(stage, where)
    n.ridge(stage, where, (116, 138, 146), 0.15, 0.3, 0.66, 1)
    n.ridge(stage, where, (108, 132, 114), 0.075, 0.3, 0.42, 2)
    n.ground(stage, where, mix(n.GREEN, n.EARTH, 0.42), 22)
    n.water(stage, where, 3.4, 60, (98, 136, 150))
    shore = n.snowy(where, (172, 150, 116), 0.6)
    stage.quad(
        (-60, 0.006, 3.9),
        (-8, 0.006, 3.2),
        (-2, 0.006, 3.7),
        (3, 0.006, 3.1),
        (9, 0.006, 3.8),
        (60, 0.006, 3.3),
        (60, 0.006, 2.5),
        (-60, 0.006, 2.5),
        colour=shore,
    )
    _boat(stage, 3.4, 4.4, (126, 88, 60))
    _jetty(stage, -3.6)
    for i in range(12):
        x = (-1) ** i * (2.4 + 0.75 * i)
        n.reeds(stage, x, 3.2 + 0.3 * (i % 3), 1.3 + 0.15 * (i % 4), n.snowy(where, (140, 150, 92), 0.4))
    for x, z, h, kind in (
        (-8.0, 2.4, 5.2, "willow"),
        (8.6, 1.8, 4.8, "willow"),
        (-15.0, 42.0, 5.0, "round"),
        (12.0, 44.0, 6.0, "round"),
        (2.0, 46.0, 4.6, "round"),
    ):
        n.tree(stage, x, z, h, n.leaf_colour(where), kind=kind, where=where)
    for x in (-2.0, -0.6, 0.9, 2.1):
        n.rock(stage, x, 2.9 + 0.1 * x, 0.32, 0.2, (134, 134, 132))
    n.tuft(stage, -3.2, 0.8, 0.4, n.GREEN)
    n.tuft(stage, 3.6, 0.4, 0.4, n.GREEN)
    stage.sight(3.4, 0.5, 4.3)
    stage.sight(-3.5, 0.6, 3.8)


def _boat(stage: Stage, x: float, z: float, wood: RGB, sail: RGB | None = None) -> None:
    shapes: list[Shape] = [
        (smooth([(-1.6, 0.56), (-1.2, 0.02), (1.1, 0.02), (1.75, 0.66), (1.1, 0.44), (-1.0, 0.4)], 4), wood, 0.9, 255),
        (limb([(-1.58, 0.54), (-0.9, 0.42), (0.9, 0.44), (1.7, 0.64)], [0.08] * 4), times(wood, 1.25), 1.0, 255),
        (limb([(-0.5, 0.34), (0.6, 0.34)], [0.07, 0.07]), times(wood, 0.7), 1.0, 255),
        (limb([(-1.1, 0.9), (0.7, 0.3)], [0.05, 0.07]), (170, 136, 96), 1.0, 255),
    ]
    if sail is not None:
        shapes = [
            (limb([(0.1, 0.3), (0.1, 3.2)], [0.07, 0.05]), times(wood, 0.8), 1.0, 255),
            ([(0.16, 3.1), (0.16, 0.75), (1.35, 0.8)], sail, 1.0, 255),
            ([(0.03, 2.9), (0.03, 0.75), (-0.85, 0.8)], times(sail, 0.86), 1.0, 255),
            *shapes,
        ]
    stage.card(x, z, shapes)


def _jetty(stage: Stage, x: float) -> None:
    wood = (140, 112, 84)
    for i in range(7):
        stage.box(x, 3.2 + i * 0.62, 1.3, 0.07, 0.5, times(wood, 0.92 + 0.05 * (i % 3)), y=0.3)
    for i in range(3):
        for dx in (-0.6, 0.6):
            stage.box(x + dx, 3.4 + i * 1.7, 0.13, 0.85, 0.13, times(wood, 0.75))
    stage.card(
        x - 0.6,
        3.35,
        [
            (
                smooth([(-0.02, 0.72), (0.22, 0.6), (0.3, 0.3), (0.24, 0.28), (0.14, 0.5), (-0.04, 0.62)], 3),
                (206, 184, 140),
                1.0,
                255,
            )
        ],
    )


def sea(stage: Stage, where: Setting) -> None:
    n.sky(stage, where, clouds=6)
    n.ridge(stage, where, (116, 136, 150), 0.05, 0.5, 0.55, 1)
    sand = n.snowy(where, n.SAND, 0.6)
    n.ground(stage, where, sand, 16)
    n.water(stage, where, 4.2, 900, (84, 132, 152))
    for k, (z, c) in enumerate(((4.2, 0.9), (5.4, 0.6), (7.4, 0.4))):
        stage.quad(
            *((x, 0.008, z + (0.3 if i % 2 else -0.1) - 0.12 * k) for i, x in enumerate(range(-30, 31, 3))),
            *((x, 0.008, z + 0.5 + (0.2 if i % 2 else 0.0)) for i, x in enumerate(range(30, -31, -3))),
            colour=(240, 246, 246),
            alpha=round(190 * c),
        )
    stage.quad(
        (-40, 0.005, 3.2),
        (40, 0.005, 3.0),
        (40, 0.005, 4.4),
        (-40, 0.005, 4.4),
        colour=mix(sand, (150, 160, 170), 0.5),
        alpha=190,
    )
    _boat(stage, 9.0, 26.0, (120, 84, 60), (240, 232, 214))
    _boat(stage, -14.0, 46.0, (120, 84, 60), (240, 226, 206))
    _lighthouse(stage, where)
    stage.card(3.7, 2.2, [
        (smooth([(-1.5, 0.02), (-1.1, 0.42), (0, 0.62), (1.2, 0.4), (1.6, 0.02)], 4), (150, 100, 70), 0.9, 255),
        (limb([(-1.2, 0.32), (0, 0.5), (1.3, 0.3)], [0.04] * 3), (110, 72, 54), 0.9, 255),
        (limb([(-1.35, 0.16), (0, 0.3), (1.45, 0.14)], [0.04] * 3), (110, 72, 54), 0.9, 255),
    ])  # fmt: skip
    for x, z, w, h in ((-4.2, 4.4, 1.4, 1.0), (-5.6, 3.4, 0.9, 0.7), (6.4, 5.0, 1.2, 0.8), (-2.8, 4.8, 0.6, 0.35)):
        n.rock(stage, x, z, w, h, (112, 116, 122))
    stage.card(
        -2.6,
        1.6,
        [(limb([(-0.7, 0.03), (-0.2, 0.12), (0.2, 0.03), (0.7, 0.1)], [0.06] * 4), (196, 170, 122), 0.9, 255)],
    )
    stage.sight(3.7, 0.5, 2.1)
    stage.sight(-4.2, 0.8, 4.2)


def _lighthouse(stage: Stage, where: Setting) -> None:
    x, z, h = -11.0 if where.number % 2 else 12.0, 34.0, 9.0
    shapes: list[Shape] = [
        (smooth([(-5, 0), (-3.4, 1.3), (-1, 2.0), (1.6, 1.9), (3.6, 1.0), (5, 0)], 4), (86, 92, 104), 0.9, 255),
        ([(-0.95, 1.7), (0.95, 1.7), (0.62, h), (-0.62, h)], (238, 232, 220), 1.0, 255),
        ([(0.2, 1.7), (0.95, 1.7), (0.62, h), (0.14, h)], (206, 200, 192), 1.0, 255),
    ]
    for k in range(3):
        y0 = 2.4 + k * 2.3
        w0, w1 = 0.95 - 0.33 * (y0 - 1.7) / (h - 1.7), 0.95 - 0.33 * (y0 + 0.6) / (h - 1.7)
        shapes.append(([(-w0, y0), (w0, y0), (w1, y0 + 1.1), (-w1, y0 + 1.1)], (186, 66, 56), 1.0, 255))
    shapes += [
        ([(-0.8, h), (0.8, h), (0.8, h + 0.2), (-0.8, h + 0.2)], (52, 52, 60), 1.0, 255),
        ([(-0.42, h + 0.2), (0.42, h + 0.2), (0.42, h + 1.2), (-0.42, h + 1.2)], (255, 232, 160), -1.0, 255),
        ([(-0.6, h + 1.2), (0.6, h + 1.2), (0, h + 1.9)], (52, 52, 60), 1.0, 255),
    ]
    if b.is_lit(where) or where.weather in ("fog", "rain"):
        for s in (-1, 1):
            shapes.append(
                (
                    [(s * 0.4, h + 0.6), (s * 0.4, h + 0.8), (s * 120, h + 14.0), (s * 120, h - 9.0)],
                    (255, 236, 176),
                    -1.0,
                    46,
                )
            )
        stage.shine(x, h + 0.7, z, 6.0, 1.0)
    stage.card(x, z, shapes)


def forest(stage: Stage, where: Setting) -> None:
    n.sky(stage, where, clouds=0)
    leaf = n.leaf_colour(where)
    n.ridge(stage, where, mix(leaf, (60, 90, 90), 0.5), 0.46, 0.5, 0.5, 1)
    n.ridge(stage, where, mix(leaf, (50, 76, 70), 0.5), 0.32, 0.5, 0.3, 2)
    n.ground(stage, where, mix(n.EARTH, leaf, 0.45), 60)
    n.path(stage, n.snowy(where, (164, 138, 104), 0.6), 1.3, (0.2, -0.5, 1.2, -2.4), 30)
    rng = stage.rng
    for i in range(26):
        z = 2.2 + i * 0.85
        x = (-1) ** i * rng.uniform(2.6, 5.0 + z * 0.55)
        _trunk(stage, where, x, z, rng.uniform(0.2, 0.4), leaf, i)
    for x, z in ((-4.4, -1.0), (4.6, -1.8), (-5.0, 1.0), (5.2, 0.8)):
        _trunk(stage, where, x, z, 0.36, leaf, round(x))
    stage.card(
        2.9,
        3.4,
        [
            (limb([(-1.9, 0.26), (0, 0.24), (1.9, 0.36)], [0.46, 0.44, 0.4]), (112, 84, 64), 0.9, 255),
            (ellipse(1.92, 0.36, 0.13, 0.2, 16), (196, 164, 122), 1.0, 255),
            (limb([(-1.6, 0.42), (0.4, 0.4)], [0.08, 0.05]), (112, 140, 84), 1.0, 255),
        ],
    )
    for i in range(14):
        x = (-1) ** i * rng.uniform(1.9, 6.0)
        n.tuft(stage, x, rng.uniform(-1.6, 6.0), rng.uniform(0.35, 0.7), mix(leaf, (66, 104, 74), 0.5))
    if where.time not in ("", "night"):
        for x in (-2.2, 0.8, 3.0):
            stage.card(x, 6.5, [([(0, 0), (0.8, 0), (2.6, 7.5), (1.9, 7.5)], (255, 246, 204), -1.0, 30)])
    stage.sight(2.9, 0.5, 3.3)
    stage.sight(-3.0, 1.5, 4.0)


def _trunk(stage: Stage, where: Setting, x: float, z: float, r: float, leaf: RGB, number: int) -> None:
    bark = (92, 74, 64) if number % 3 else (110, 92, 78)
    shapes: list[Shape] = [
        (
            smooth(
                [
                    (-r * 1.9, 0),
                    (-r * 1.05, 0.5),
                    (-r * 0.9, 3.0),
                    (-r * 0.8, 8.0),
                    (r * 0.8, 8.0),
                    (r * 0.9, 3.0),
                    (r * 1.05, 0.5),
                    (r * 1.9, 0),
                ],
                3,
            ),
            bark,
            0.86,
            255,
        ),
        (
            [(r * 0.15, 0.1), (r * 1.2, 0.1), (r * 0.86, 3.0), (r * 0.76, 8.0), (r * 0.2, 8.0)],
            times(bark, 0.8),
            1.0,
            255,
        ),
    ]
    for k in range(3):
        u, v = (k - 1) * 1.1 + 0.3 * (number % 3), 5.0 + 0.5 * ((k + number) % 3)
        shapes.append((ellipse(u, v, 1.5, 0.95, 22), n.snowy(where, leaf, 0.4), 0.74 + 0.07 * ((k + number) % 4), 255))
    stage.card(x, z, shapes)


def field(stage: Stage, where: Setting) -> None:
    n.sky(stage, where, clouds=7)
    n.ridge(stage, where, (126, 146, 150), 0.06, 0.3, 0.6, 1)
    grass = mix(n.DRY, n.GREEN, (where.number % 5) / 5)
    n.ground(stage, where, grass, 40)
    for i in range(7):
        z = 5 + i * i * 1.3
        stage.mat(
            -90, z, 90, z + 0.6 + i * 0.5, n.snowy(where, times(grass, 0.86 if i % 2 else 1.1)), y=0.003, alpha=150
        )
    n.path(stage, n.snowy(where, (196, 168, 124), 0.6), 1.1, (0.2, -0.3, 1.4, -4.0), 90)
    n.tree(stage, 4.8, 8.0, 5.4, n.leaf_colour(where), where=where)
    n.tree(stage, -18.0, 40.0, 5.0, n.leaf_colour(where), where=where)
    n.tree(stage, 14.0, 48.0, 5.0, n.leaf_colour(where), where=where)
    rng = stage.rng
    for i in range(44):
        x = (-1) ** i * rng.uniform(1.2, 9.0)
        n.tuft(
            stage,
            x,
            rng.uniform(-2.6, 10.0),
            rng.uniform(0.35, 0.65),
            n.snowy(where, times(grass, rng.choice((0.85, 0.95, 1.1))), 0.4),
        )
    stage.card(
        -3.2,
        3.0,
        [
            (limb([(0, 0), (0.16, 1.25)], [0.16, 0.13]), (134, 104, 76), 0.9, 255),
            (limb([(-0.02, 0.85), (0.3, 0.92)], [0.05, 0.05]), (196, 170, 124), 0.9, 255),
        ],
    )
    stage.sight(4.8, 2.4, 7.8)
    stage.sight(-3.1, 0.8, 2.9)


def desert(stage: Stage, where: Setting) -> None:
    n.sky(stage, where, clouds=1)
    n.ridge(stage, where, (226, 178, 118), 0.13, 0.22, 0.4, 1)
    n.ridge(stage, where, (218, 166, 104), 0.075, 0.2, 0.15, 2)
    n.ground(stage, where, (226, 182, 120), 10)
    for i in range(12):
        z = -1 + i * 1.2
        stage.quad(
            *((x, 0.003, z + 0.25 * ((k * 7 + i) % 3)) for k, x in enumerate(range(-24, 25, 4))),
            *((x, 0.003, z + 0.1 + 0.25 * ((k * 7 + i) % 3)) for k, x in reversed(list(enumerate(range(-24, 25, 4))))),
            colour=(196, 150, 94),
            alpha=90,
        )
    for x, z, w, h in ((-9.0, 9.0, 8.0, 2.0), (10.0, 14.0, 10.0, 3.0), (-4.0, 22.0, 14.0, 3.2)):
        stage.card(x, z, [
            (smooth([(-w, 0), (-w * 0.4, h * 0.5), (0, h), (w * 0.3, h * 0.45), (w, 0)], 5), (230, 186, 124), 1.0, 255),
            (smooth([(0, h), (w * 0.3, h * 0.45), (w, 0), (w * 0.1, 0), (-w * 0.12, h * 0.4)], 5), (192, 144, 96), 0.96,
                255),
        ])  # fmt: skip
    n.tree(stage, 3.8, 3.6, 2.8, (120, 100, 80), (122, 96, 76), "bare")
    for x, z in ((-2.6, 2.2), (-3.4, 2.8), (2.4, 1.0), (5.2, 2.0)):
        n.rock(stage, x, z, 0.34, 0.22, (86, 76, 72))
    b.fence_wall(stage, where, -7.0, -4.2, 6.5, 0.8, (196, 160, 116))
    stage.sight(3.8, 1.4, 3.5)
    stage.sight(-3.0, 0.3, 2.4)


def road(stage: Stage, where: Setting) -> None:
    n.sky(stage, where)
    n.ridge(stage, where, (118, 138, 150), 0.17, 0.3, 0.65, 1)
    n.ridge(stage, where, (112, 134, 112), 0.09, 0.3, 0.36, 2)
    n.ground(stage, where, mix(n.GREEN, n.DRY, 0.3), 30)
    n.path(stage, n.snowy(where, (190, 162, 122), 0.65), 2.6, (0.2, 0.5, -1.2, 4.0), 70)
    if where.era in ("modern", "future"):
        n.path(stage, n.snowy(where, (104, 106, 112), 0.6), 3.4, (0.2, 0.5, -1.2, 4.0), 70)
    n.tree(stage, -4.2, 4.6, 4.8, n.leaf_colour(where), kind="bent", where=where)
    n.tree(stage, 6.4, 10.0, 5.0, n.leaf_colour(where), where=where)
    n.tree(stage, -9.0, 15.0, 5.0, n.leaf_colour(where), kind="round", where=where)
    n.tree(stage, 10.0, 22.0, 5.0, n.leaf_colour(where), kind="pine", where=where)
    stage.card(
        2.8,
        3.0,
        [
            (smooth([(-0.3, 0), (-0.24, 0.8), (0.06, 1.0), (0.32, 0.84), (0.28, 0)], 4), (158, 154, 146), 0.95, 255),
            (limb([(-0.08, 0.72), (0.16, 0.74)], [0.05, 0.05]), (104, 100, 96), 1.0, 255),
            (limb([(-0.06, 0.55), (0.12, 0.56)], [0.05, 0.05]), (104, 100, 96), 1.0, 255),
        ],
    )
    b.fence(stage, 4.4, 5.0, 5)
    rng = stage.rng
    for i in range(20):
        n.tuft(
            stage,
            (-1) ** i * rng.uniform(2.2, 6.0),
            rng.uniform(-2, 8),
            rng.uniform(0.3, 0.5),
            mix(n.GREEN, n.DRY, rng.random()),
        )
    stage.sight(2.8, 0.7, 2.9)
    stage.sight(-4.2, 2.0, 4.5)


def any_land(stage: Stage, where: Setting) -> None:
    """Land that no word describes: its ground and what rises far off, no tree, house or water."""
    number = where.number
    n.sky(stage, where, clouds=0)
    n.ridge(stage, where, (128, 140, 150), 0.05 + 0.03 * (number % 4), 0.32, 0.62, 1)
    tones = ((150, 150, 138), (168, 158, 142), (134, 146, 140), (160, 146, 128))
    n.ground(stage, where, tones[number // 7 % 4], 10)
    if number // 11 % 2:
        n.path(stage, n.snowy(where, (184, 172, 152), 0.6), 1.8, (0.3, -0.4, 1.0, -3.0), 50)
    stage.sight(-4.2, 0.4, 4.0)
    stage.sight(4.6, 0.4, 6.0)
