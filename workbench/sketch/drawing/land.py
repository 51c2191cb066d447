"""Open land: ground, ranges on the horizon, water, trees, rocks and grass."""

from __future__ import annotations

import math
from itertools import pairwise
from random import Random

from workbench.sketch.drawing import weather
from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Painter, Shape, Stage, ellipse, limb, smooth

#: how much of the ground's colour snow covers
_SNOW: RGB = (232, 238, 244)


def snowy(where: Setting, colour: RGB, share: float = 0.8) -> RGB:
    return mix(colour, _SNOW, share) if where.weather == "snow" else colour


def ground(stage: Stage, where: Setting, colour: RGB, patches: int = 26) -> None:
    """Land as far as the eye reaches, in strips that fade, with a few patches near by."""
    base = snowy(where, colour)
    stage.floor = base
    edges = (-30.0, 3.0, 8.0, 15.0, 28.0, 60.0, 140.0, 900.0)
    for number, (near, far) in enumerate(pairwise(edges)):
        wide = 60 + far * 2.2
        stage.mat(-wide, near, wide, far, times(base, 1.0 + 0.012 * number))
    rng = Random(f"ground/{where.number}")
    for _ in range(patches):
        x, z = rng.uniform(-9, 9), rng.uniform(-4, 12)
        w, d = rng.uniform(0.5, 1.8), rng.uniform(0.15, 0.5)
        spots = smooth(
            [
                (x - w, z),
                (x - w * 0.4, z + d),
                (x + w * 0.5, z + d * 0.8),
                (x + w, z),
                (x + w * 0.3, z - d),
                (x - w * 0.5, z - d * 0.7),
            ],
            3,
        )
        stage.quad(*((u, 0.002, v) for u, v in spots), colour=times(base, rng.choice((0.9, 0.94, 1.06))), alpha=150)


def sky(stage: Stage, where: Setting, sun_at: float | None = None, clouds: int = 5) -> None:
    """Stars, sun or moon, and clouds."""
    number = where.number
    bearing = sun_at if sun_at is not None else 0.42 * (where.side or (-1 if number % 2 else 1))
    low = where.time in ("dawn", "dusk")
    high = 0.1 + 0.02 * (number % 4) if low else 0.3 + 0.03 * (number % 4)

    def paint(painter: Painter) -> None:
        weather.stars(painter, Random(f"stars/{number}"))
        weather.sun(painter, bearing, high, 0.062 if low else 0.048)
        if clouds:
            weather.clouds(painter, Random(f"clouds/{number}"), clouds)

    stage.far.append(paint)


def ridge(
    stage: Stage, where: Setting, colour: RGB, height: float, rough: float, veil: float, salt: int, peaked: bool = False
) -> None:
    """A range on the horizon: its height as seen, how jagged it is, how much air lies before it."""
    rng = Random(f"ridge/{where.number}/{salt}")
    count = 30
    tops = []
    level = height * rng.uniform(0.6, 1.0)
    for i in range(count + 1):
        level = min(height, max(height * 0.28, level + rng.uniform(-rough, rough) * height))
        tops.append(level * (1.0 + (0.35 if peaked and i % 3 == 1 else 0.0)))
    shade = snowy(where, colour, 0.45)

    def paint(painter: Painter) -> None:
        light, camera = painter.light, painter.camera
        horizon = painter.horizon()
        top, low = light.skies()
        seen = mix(light.shine_on(shade, 0.9), mix(low, top, 0.25), veil)
        points = [(painter.bearing(-1.15 + 2.3 * i / count), horizon - camera.focal * h) for i, h in enumerate(tops)]
        if not peaked:
            points = [p for i, p in enumerate(points) for p in ([p] if i == count else [p, _halfway(p, points[i + 1])])]
        painter.flat([(points[0][0], horizon + 4), *points, (points[-1][0], horizon + 4)], seen)
        if peaked:
            for i in range(1, count - 1):
                if tops[i] > tops[i - 1] and tops[i] > tops[i + 1]:
                    x, y = points[i]
                    drop = (horizon - y) * 0.55
                    painter.flat(
                        [
                            (x, y),
                            (x + drop * 0.55, y + drop * 0.8),
                            (x + drop * 0.1, y + drop),
                            (x + drop * 0.16, y + drop * 0.4),
                        ],
                        mix(seen, low, 0.22),
                    )

    stage.far.append(paint)


def _halfway(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return ((a[0] + b[0]) / 2, (a[1] + b[1]) / 2 + (a[0] - b[0]) * 0.03)


def skyline(stage: Stage, where: Setting, colour: RGB, height: float, veil: float, salt: int, lit: bool) -> None:
    """Towers on the horizon, with windows lit in the dark."""
    rng = Random(f"towers/{where.number}/{salt}")
    blocks: list[tuple[float, float, float]] = []
    at = -1.15
    while at < 1.15:
        wide = rng.uniform(0.05, 0.12)
        blocks.append((at, at + wide, height * rng.uniform(0.35, 1.0)))
        at += wide + rng.choice((0.0, 0.0, 0.03))
    seeds = [rng.random() for _ in range(len(blocks) * 8)]

    def paint(painter: Painter) -> None:
        light, camera = painter.light, painter.camera
        horizon = painter.horizon()
        top, low = light.skies()
        seen = mix(light.shine_on(colour, 0.85), mix(low, top, 0.3), veil)
        for number, (a, b, h) in enumerate(blocks):
            x0, x1, y = painter.bearing(a), painter.bearing(b), horizon - camera.focal * h
            painter.flat([(x0, horizon + 3), (x0, y), (x1, y), (x1, horizon + 3)], seen)
            if not lit:
                continue
            for k in range(8):
                u, v = seeds[number * 8 + k], (k + 0.5) / 8
                x, yy = x0 + (x1 - x0) * (0.15 + 0.6 * u), y + (horizon - y) * v
                s = (x1 - x0) * 0.09
                painter.flat(
                    [(x, yy), (x + s, yy), (x + s, yy + s), (x, yy + s)],
                    light.preset.grade(mix(light.glow, light.preset.light, 0.3)),
                    210,
                )

    stage.far.append(paint)


def water(
    stage: Stage,
    where: Setting,
    z0: float,
    z1: float,
    colour: RGB,
    x0: float = -300,
    x1: float = 300,
    glint: bool = True,
) -> None:
    """A sheet of water with a few lines of light."""
    sky = {"night": (64, 84, 138), "dusk": (226, 150, 118), "dawn": (240, 196, 168)}.get(where.time, (188, 216, 230))
    stage.quad((x0, 0.003, z0), (x1, 0.003, z0), (x1, 0.003, z1), (x0, 0.003, z1), colour=colour)
    far = z0 + (z1 - z0) * 0.45
    stage.quad((x0, 0.004, far), (x1, 0.004, far), (x1, 0.004, z1), (x0, 0.004, z1), colour=mix(colour, sky, 0.45))
    if not glint:
        return
    rng = Random(f"water/{where.number}")
    for _ in range(44):
        z = z0 + (min(z1, z0 + 60) - z0) * rng.random() ** 2
        x = rng.uniform(max(x0, -14 - z), min(x1, 14 + z))
        w = rng.uniform(0.3, 1.2) * (1 + z * 0.07)
        d = 0.03 + z * 0.006
        stage.quad(
            (x - w, 0.006, z),
            (x, 0.006, z - d),
            (x + w, 0.006, z),
            (x, 0.006, z + d),
            colour=mix(colour, sky, 0.75),
            alpha=rng.choice((90, 140, 190)),
        )


def tree(
    stage: Stage,
    x: float,
    z: float,
    h: float,
    leaf: RGB,
    bark: RGB = (98, 74, 58),
    kind: str = "round",
    where: Setting | None = None,
) -> None:
    """Round, pine, bare, willow, bent or twisted."""
    leaf = snowy(where, leaf, 0.5) if where else leaf
    match kind:
        case "pine":
            shapes = _pine(h, leaf, bark)
        case "bare":
            shapes = _bare(h, bark)
        case "willow":
            shapes = _willow(h, leaf, bark, Random(f"tree/{x:.2f}/{z:.2f}"))
        case "twisted":
            shapes = _twisted_tree(h, leaf, bark)
        case _:
            shapes = _round(h, leaf, bark, lean=0.12 if kind == "bent" else 0.0)
    stage.card(x, z, shapes)


def _pine(h: float, leaf: RGB, bark: RGB) -> list[Shape]:
    shapes: list[Shape] = []
    shapes.append((limb([(0, 0), (0, h * 0.4)], [h * 0.07, h * 0.05]), bark, 0.9, 255))
    for i in range(4):
        w, y = h * (0.27 - 0.05 * i), h * (0.16 + 0.2 * i)
        shapes.append(([(-w, y), (w, y), (0, y + h * 0.34)], leaf, 0.84 + 0.07 * i, 255))
        shapes.append(([(0, y), (w, y), (0, y + h * 0.34)], times(leaf, 0.8), 0.84 + 0.07 * i, 255))
    return shapes


def _bare(h: float, bark: RGB) -> list[Shape]:
    shapes: list[Shape] = []
    shapes.append(
        (limb([(0, 0), (h * 0.03, h * 0.4), (-h * 0.02, h * 0.8)], [h * 0.09, h * 0.06, h * 0.015]), bark, 0.9, 255)
    )
    for i in range(6):
        y, side = h * (0.34 + 0.08 * i), -1 if i % 2 else 1
        shapes.append(
            (
                limb(
                    [(h * 0.02, y), (side * h * 0.17, y + h * 0.13), (side * h * (0.25 - 0.02 * i), y + h * 0.26)],
                    [h * 0.035, h * 0.02, h * 0.006],
                ),
                bark,
                0.84,
                255,
            )
        )
    return shapes


def _willow(h: float, leaf: RGB, bark: RGB, rng: Random) -> list[Shape]:
    shapes: list[Shape] = []
    shapes.append(
        (
            limb([(0, 0), (h * 0.05, h * 0.35), (-h * 0.02, h * 0.68)], [h * 0.1, h * 0.07, h * 0.04]),
            bark,
            0.85,
            255,
        )
    )
    shapes.append(
        (
            smooth(
                [
                    (-h * 0.42, h * 0.5),
                    (-h * 0.34, h * 0.82),
                    (0, h),
                    (h * 0.34, h * 0.82),
                    (h * 0.42, h * 0.5),
                    (h * 0.2, h * 0.6),
                    (0, h * 0.56),
                    (-h * 0.2, h * 0.6),
                ],
                4,
            ),
            leaf,
            0.9,
            255,
        )
    )
    for i in range(11):
        u = (i - 5) * h * 0.08
        low = h * (0.16 + 0.22 * rng.random())
        shapes.append(
            (
                limb([(u, h * 0.7), (u * 1.16, h * 0.5), (u * 1.12, low)], [h * 0.045, h * 0.035, h * 0.008]),
                times(leaf, 0.84 + 0.07 * (i % 4)),
                1.0,
                255,
            )
        )
    return shapes


def _twisted_tree(h: float, leaf: RGB, bark: RGB) -> list[Shape]:
    shapes: list[Shape] = []
    shapes.append(
        (
            limb(
                [(0, 0), (h * 0.12, h * 0.3), (-h * 0.06, h * 0.5), (h * 0.12, h * 0.72)],
                [h * 0.15, h * 0.1, h * 0.075, h * 0.04],
            ),
            bark,
            0.88,
            255,
        )
    )
    shapes.append(
        (
            limb(
                [(-h * 0.03, h * 0.5), (-h * 0.26, h * 0.62), (-h * 0.36, h * 0.74)],
                [h * 0.05, h * 0.035, h * 0.02],
            ),
            bark,
            0.8,
            255,
        )
    )
    for u, v, s in ((-0.36, 0.76, 0.17), (0.14, 0.8, 0.24), (0.36, 0.68, 0.15), (-0.08, 0.9, 0.16)):
        shapes.append((ellipse(u * h, v * h, s * h, s * h * 0.52, 22), times(leaf, 0.84 + s * 0.5), 0.95, 255))
        shapes.append(
            (
                ellipse(u * h - s * h * 0.1, v * h + s * h * 0.14, s * h * 0.76, s * h * 0.3, 20),
                times(leaf, 1.08),
                1.0,
                255,
            )
        )
    return shapes


def _round(h: float, leaf: RGB, bark: RGB, lean: float) -> list[Shape]:
    shapes: list[Shape] = []
    lean = h * lean
    shapes.append(
        (limb([(0, 0), (lean * 0.4, h * 0.3), (lean, h * 0.6)], [h * 0.1, h * 0.07, h * 0.05]), bark, 0.86, 255)
    )
    shapes.append((limb([(lean * 0.5, h * 0.4), (lean + h * 0.16, h * 0.58)], [h * 0.04, h * 0.02]), bark, 0.8, 255))
    for i, (u, v, s) in enumerate(
        (
            (-0.2, 0.62, 0.2),
            (0.2, 0.6, 0.19),
            (0.0, 0.56, 0.2),
            (-0.1, 0.8, 0.2),
            (0.12, 0.78, 0.2),
            (0.0, 0.68, 0.24),
        )
    ):
        shapes.append(
            (ellipse(lean * 1.3 + u * h, v * h, s * h, s * h * 0.86, 24), times(leaf, 0.76 + 0.05 * i), 1.0, 255)
        )
    shapes.append((ellipse(lean * 1.3 - h * 0.1, h * 0.84, h * 0.15, h * 0.1, 20), times(leaf, 1.14), 1.0, 255))
    shapes.append((ellipse(lean * 1.3 + h * 0.12, h * 0.72, h * 0.09, h * 0.06, 16), times(leaf, 1.1), 1.0, 255))
    return shapes


def rock(stage: Stage, x: float, z: float, w: float, h: float, colour: RGB) -> None:
    stage.card(x, z, [
        ([(-w, 0), (-w * 0.85, h * 0.5), (-w * 0.35, h * 0.95), (w * 0.15, h), (w * 0.7, h * 0.62), (w, 0)], colour,
            0.98, 255),
        ([(w * 0.15, h), (w * 0.7, h * 0.62), (w, 0), (w * 0.22, 0), (w * 0.05, h * 0.5)], times(colour, 0.78), 1.0,
            255),
        ([(-w * 0.35, h * 0.95), (w * 0.15, h), (w * 0.02, h * 0.72), (-w * 0.4, h * 0.7)], times(colour, 1.14), 1.0,
            255),
    ])  # fmt: skip


def tuft(stage: Stage, x: float, z: float, h: float, colour: RGB) -> None:
    stage.card(
        x,
        z,
        [
            (
                limb(
                    [
                        ((i - 2) * h * 0.12, 0),
                        ((i - 2) * h * 0.26, h * (0.6 + 0.1 * (i % 3))),
                        ((i - 2) * h * 0.42, h * (0.9 + 0.1 * (i % 2))),
                    ],
                    [h * 0.1, h * 0.07, h * 0.01],
                ),
                times(colour, 0.85 + 0.08 * (i % 3)),
                1.0,
                255,
            )
            for i in range(5)
        ],
    )


def reeds(stage: Stage, x: float, z: float, h: float, colour: RGB) -> None:
    shapes: list[Shape] = []
    for i in range(7):
        u, lean = (i - 3) * 0.11, (i - 3) * 0.05 + 0.08
        shapes.append(
            (
                limb(
                    [(u, 0), (u + lean * 0.4, h * 0.5), (u + lean, h * (0.82 + 0.05 * (i % 3)))], [0.035, 0.03, 0.012]
                ),
                times(colour, 0.84 + 0.08 * (i % 3)),
                1.0,
                255,
            )
        )
        if i % 2:
            shapes.append((limb([(u + lean, h * 0.84), (u + lean * 1.2, h)], [0.05, 0.03]), (150, 112, 76), 0.9, 255))
    stage.card(x, z, shapes)


def path(
    stage: Stage, colour: RGB, width: float, bends: tuple[float, ...] = (0.0, 0.4, -0.8, 1.6), far: float = 60.0
) -> None:
    """A way that leads from the audience into the distance."""
    steps = 20
    near = -12.0
    points = []
    for i in range(steps + 1):
        t = i / steps
        z = near + (far - near) * t**1.8
        k = t * (len(bends) - 1)
        a, b = bends[min(len(bends) - 1, math.floor(k))], bends[min(len(bends) - 1, math.floor(k) + 1)]
        e = (k % 1) ** 2 * (3 - 2 * (k % 1))
        points.append((a + (b - a) * e, z))
    for (xa, za), (xb, zb) in pairwise(points):
        stage.quad(
            (xa - width / 2, 0.003, za),
            (xa + width / 2, 0.003, za),
            (xb + width / 2, 0.003, zb),
            (xb - width / 2, 0.003, zb),
            colour=colour,
        )
        for side in (-0.28, 0.28):
            u = width * side
            stage.quad(
                (xa + u - 0.06, 0.004, za),
                (xa + u + 0.06, 0.004, za),
                (xb + u + 0.06, 0.004, zb),
                (xb + u - 0.06, 0.004, zb),
                colour=times(colour, 0.84),
                alpha=170,
            )


GREEN, DRY, SAND, EARTH = rgb("#7E9A62"), rgb("#B9A468"), rgb("#DDC08A"), rgb("#A98660")


_LEAVES = tuple(rgb(c) for c in ("#7C9A5E", "#8FA05A", "#6A9070", "#A9944F", "#B5743F"))


#: leaves and grass when they are not green
_SEASONS: dict[str, RGB] = {"autumn": rgb("#C07A35"), "winter": rgb("#8F8A80")}


def leaf_colour(where: Setting) -> RGB:
    """Green, or what the season makes of it."""
    leaf = _LEAVES[where.number // 3 % len(_LEAVES)]
    return mix(leaf, _SEASONS[where.season], 0.75) if where.season in _SEASONS else leaf
