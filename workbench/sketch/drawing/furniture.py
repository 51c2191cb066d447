"""Furniture and small things of rooms and yards, as boxes and cards on the stage."""

from __future__ import annotations

from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.stage import Shape, Stage, arc, ellipse, limb, smooth

_SPINES = tuple(rgb(c) for c in ("#8C4A3E", "#3F5F6E", "#B08A4A", "#5F6B4C", "#6E4A63", "#C7B48C", "#46506B"))
_FLAME = (255, 214, 138)


def table(stage: Stage, x: float, z: float, w: float, d: float, wood: RGB, h: float = 0.76) -> None:
    leg = times(wood, 0.8)
    stage.boxes(x, z, [
        (dx, 0.0, dz, 0.08, h - 0.08, 0.08, leg) for dz in (d / 2 - 0.1, -d / 2 + 0.1) for dx in (-w / 2 + 0.1,
            w / 2 - 0.1)
    ] + [(0, h - 0.08, 0, w, 0.08, d, wood)])  # fmt: skip


def chair(stage: Stage, x: float, z: float, wood: RGB, back: int = 1) -> None:
    """`back`: 1 has its back away from the audience, -1 towards it."""
    legs = [(dx, 0.0, dz, 0.05, 0.43, 0.05, times(wood, 0.78)) for dz in (0.19, -0.19) for dx in (-0.19, 0.19)]
    seat = (0.0, 0.43, 0.0, 0.46, 0.06, 0.46, wood)
    rest = (0.0, 0.49, 0.2 * back, 0.46, 0.5, 0.05, times(wood, 0.92))
    stage.boxes(x, z, [*legs, rest, seat] if back > 0 else [*legs, seat, rest])


def shelf(
    stage: Stage, x: float, z: float, w: float, h: float, wood: RGB, kind: str = "books", number: int = 0
) -> None:
    """Shelves with their open side to the audience, full of books, jars or boxes."""
    d = 0.36
    parts: list[tuple[float, float, float, float, float, float, RGB]] = [
        (0, 0, d / 2 - 0.02, w, h, 0.04, times(wood, 0.5))
    ]
    rows = max(2, round(h / 0.46))
    step = h / rows
    for r in range(rows):
        y = r * step + 0.05
        at, i = -w / 2 + 0.06, 0
        while at < w / 2 - 0.1:
            pick = (i * 5 + r * 3 + number) % 11
            if kind == "books":
                wide, tall = 0.05 + 0.018 * (pick % 3), step * (0.55 + 0.04 * (pick % 6))
                if pick == 7:
                    at += 0.14
                    i += 1
                    continue
                parts.append((at + wide / 2, y, 0, wide, tall, 0.2, _SPINES[(pick + r) % len(_SPINES)]))
                at += wide + 0.008
            else:
                wide = 0.16 + 0.03 * (pick % 3)
                colour = mix(_SPINES[(pick + r) % len(_SPINES)], (206, 190, 160), 0.45)
                parts.append((at + wide / 2, y, 0, wide, step * (0.4 + 0.05 * (pick % 5)), 0.2, colour))
                at += wide + 0.09
            i += 1
    parts += [(0, r * step, 0, w, 0.05, d, wood) for r in range(rows + 1)]
    parts += [(sx, 0, 0, 0.06, h + 0.05, d, wood) for sx in (-w / 2, w / 2)]
    stage.boxes(x, z, parts)


def cabinet(stage: Stage, x: float, z: float, w: float, h: float, wood: RGB, d: float = 0.5) -> None:
    parts = [(0.0, 0.0, 0.0, w, h, d, wood)]
    parts += [
        (dx, h * 0.08, -d / 2 - 0.005, w * 0.43, h * 0.84, 0.01, times(wood, 0.88)) for dx in (-w * 0.24, w * 0.24)
    ]
    parts += [(dx, h * 0.5, -d / 2 - 0.015, 0.04, 0.1, 0.02, (206, 168, 92)) for dx in (-0.06, 0.06)]
    stage.boxes(x, z, parts)


def bed(
    stage: Stage,
    x: float,
    z: float,
    wood: RGB,
    cloth: RGB,
    canopy: RGB | None = None,
    length: float = 2.1,
    w: float = 1.5,
) -> None:
    """Along the back wall; with `canopy` it has posts and curtains half drawn."""
    parts = [
        (0.0, 0.0, 0.0, length, 0.38, w, wood),
        (0.0, 0.38, 0.0, length - 0.06, 0.14, w - 0.06, (236, 228, 214)),
        (length * 0.16, 0.5, -0.02, length * 0.62, 0.1, w + 0.02, cloth),
        (-length * 0.38, 0.5, 0.0, 0.42, 0.13, w * 0.6, (246, 240, 228)),
        (-length / 2, 0.0, 0.0, 0.07, 0.95, w, times(wood, 0.92)),
    ]
    stage.boxes(x, z, parts)
    if canopy is None:
        return
    for dx in (-length / 2, length / 2):
        stage.box(x + dx, z - w / 2, 0.08, 2.2, 0.08, wood)
    stage.box(x, z, length + 0.2, 0.14, w + 0.1, wood, y=2.15, high=False)
    for side in (-1, 1):
        u = side * (length / 2 - 0.22)
        stage.card(x + u, z - w / 2 - 0.03, [
            ([(-0.24, 2.15), (0.24, 2.15), (0.12 * -side + 0.06, 1.0), (0.16, 0.3), (-0.16, 0.3),
                (0.12 * -side - 0.06, 1.0)], canopy, 0.96, 255),
            (limb([(0.05, 2.1), (0.02, 1.1), (0.04, 0.35)], [0.03, 0.02, 0.04]), times(canopy, 0.8), 1.0, 255),
        ])  # fmt: skip


def stove(stage: Stage, x: float, z: float, brick: RGB) -> None:
    parts = [
        (0.0, 0.0, 0.0, 2.2, 0.82, 0.9, brick),
        (0.0, 0.82, 0.0, 2.3, 0.06, 0.96, times(brick, 1.18)),
        (-0.5, 0.12, -0.46, 0.42, 0.36, 0.02, (48, 34, 34)),
        (-0.5, 0.12, -0.47, 0.3, 0.14, 0.02, (255, 150, 70)),
        (-0.5, 0.88, 0.0, 0.62, 0.2, 0.6, (66, 62, 66)),
        (-0.5, 1.08, 0.0, 0.66, 0.04, 0.64, (138, 106, 78)),
        (0.55, 0.88, 0.05, 0.42, 0.3, 0.42, (150, 96, 66)),
    ]
    stage.boxes(x, z, parts)
    stage.box(x + 0.8, z + 0.2, 0.5, 2.6, 0.46, times(brick, 0.9), y=0.82)
    stage.shine(x - 0.5, 0.3, z - 0.5, 1.4, 0.9, (255, 140, 60))


def hanging(stage: Stage, x: float, y: float, z: float, kind: int) -> None:
    """A string of garlic, maize or chillies below a beam."""
    colour = (rgb("#D9A441"), rgb("#B5432F"), rgb("#E6DCC4"))[kind % 3]
    shapes: list[Shape] = [(limb([(0, 0.1), (0, -0.1)], [0.015, 0.015]), (110, 84, 60), 1.0, 255)]
    for i in range(6):
        shapes.append(
            (ellipse(0.035 if i % 2 else -0.035, -0.08 - i * 0.07, 0.06, 0.055, 10), colour, 0.85 + 0.06 * (i % 3), 255)
        )
    stage.card(x, z, shapes, y=y, high=True)


def lantern(
    stage: Stage, x: float, y: float, z: float, era: str, colour: RGB = (232, 112, 72), on: bool = True
) -> None:
    """A hanging light of the period; `y` is its middle."""
    bright = -1.0 if on else 0.9
    if era == "east":
        shapes: list[Shape] = [
            (limb([(0, 0.2), (0, 0.6)], [0.014, 0.014]), (60, 44, 40), 1.0, 255),
            (ellipse(0, 0, 0.2, 0.23, 22), colour, bright, 255),
            (ellipse(0, 0, 0.12, 0.215, 20), mix(colour, _FLAME, 0.35), bright, 255),
            (ellipse(0, 0, 0.045, 0.2, 16), mix(colour, _FLAME, 0.6), bright, 255),
            ([(-0.1, 0.2), (0.1, 0.2), (0.1, 0.25), (-0.1, 0.25)], (64, 46, 40), 0.9, 255),
            ([(-0.1, -0.25), (0.1, -0.25), (0.1, -0.2), (-0.1, -0.2)], (64, 46, 40), 0.9, 255),
            (limb([(0, -0.26), (0, -0.46)], [0.03, 0.05]), (190, 64, 50), 0.95, 255),
        ]
    elif era == "future":
        shapes = [(limb([(-0.7, 0), (0.7, 0)], [0.06, 0.06]), (150, 240, 255), -1.0, 255)]
    else:
        shapes = [
            (limb([(0, 0.12), (0, 0.8)], [0.014, 0.014]), (60, 52, 50), 1.0, 255),
            (
                [(-0.24, -0.02), (0.24, -0.02), (0.1, 0.16), (-0.1, 0.16)],
                (74, 92, 88) if era == "modern" else (176, 132, 70),
                1.0,
                255,
            ),
            (arc(0, -0.02, 0.1, 0.1, 180, 360, 10), (255, 236, 184), -1.0 if on else 1.0, 255),
        ]
    stage.card(x, z, shapes, y=y, high=True)
    if on:
        stage.shine(x, y, z, 2.6, 0.85, (120, 220, 255) if era == "future" else None)


def table_lamp(stage: Stage, x: float, y: float, z: float, era: str, on: bool = True) -> None:
    """A small light that stands on something."""
    if era in ("modern", "west"):
        shapes: list[Shape] = [
            (limb([(0, 0), (0, 0.22)], [0.06, 0.025]), (150, 112, 66), 0.9, 255),
            (
                [(-0.17, 0.2), (0.17, 0.2), (0.1, 0.42), (-0.1, 0.42)],
                (250, 222, 160) if on else (206, 190, 160),
                -1.0 if on else 1.0,
                255,
            ),
        ]
    elif era == "future":
        shapes = [(limb([(0, 0), (0, 0.4)], [0.05, 0.05]), (140, 236, 255), -1.0, 255)]
    else:
        shapes = [
            (limb([(-0.08, 0.01), (0.08, 0.01)], [0.03, 0.03]), (88, 64, 50), 1.0, 255),
            (limb([(0, 0.0), (0, 0.16)], [0.03, 0.03]), (96, 70, 54), 1.0, 255),
            (ellipse(0, 0.17, 0.07, 0.022, 14), (88, 64, 50), 1.05, 255),
        ]
        if on:
            shapes.append(
                (
                    smooth([(-0.024, 0.2), (0, 0.19), (0.024, 0.2), (0.012, 0.25), (0, 0.3), (-0.012, 0.25)], 4),
                    _FLAME,
                    -1.0,
                    255,
                )
            )
    stage.card(x, z, shapes, y=y)
    if on:
        stage.shine(x, y + 0.26, z, 2.2, 1.0, (120, 220, 255) if era == "future" else None)


def jar(stage: Stage, x: float, z: float, size: float, colour: RGB, y: float = 0.0) -> None:
    s = size
    stage.card(x, z, [
        (smooth([(-0.3 * s, 0.02), (-0.42 * s, 0.4 * s), (-0.26 * s, 0.78 * s), (0.26 * s, 0.78 * s),
            (0.42 * s, 0.4 * s), (0.3 * s, 0.02)], 4), colour, 0.9, 255),
        (smooth([(-0.24 * s, 0.1 * s), (-0.32 * s, 0.4 * s), (-0.2 * s, 0.7 * s), (-0.12 * s, 0.4 * s)], 4),
            times(colour, 1.2), 1.0, 255),
        (ellipse(0, 0.79 * s, 0.24 * s, 0.06 * s, 16), times(colour, 0.62), 1.0, 255),
    ], y=y)  # fmt: skip


def plant(stage: Stage, x: float, z: float, h: float, y: float = 0.0, dusty: bool = False) -> None:
    green = (98, 132, 92) if not dusty else (120, 130, 104)
    shapes: list[Shape] = []
    for i in range(7):
        lean = (i - 3) * 0.12 * h
        shapes.append(
            (
                limb(
                    [(0, 0.26 * h), (lean * 0.5, 0.66 * h), (lean, (1.0 - 0.05 * abs(i - 3)) * h)],
                    [0.02 * h, 0.075 * h, 0.01],
                ),
                times(green, 0.82 + 0.09 * (i % 3)),
                1.0,
                255,
            )
        )
    shapes.append(
        ([(-0.15 * h, 0.28 * h), (0.15 * h, 0.28 * h), (0.11 * h, 0), (-0.11 * h, 0)], (176, 104, 74), 0.95, 255)
    )
    stage.card(x, z, shapes, y=y)


def trunk(stage: Stage, x: float, z: float, colour: RGB, w: float = 0.8) -> None:
    band = (196, 158, 84)
    parts = [(0.0, 0.0, 0.0, w, 0.42, 0.46, colour), (0.0, 0.42, 0.0, w + 0.02, 0.08, 0.48, times(colour, 1.12))]
    parts += [(dx, 0.0, -0.235, 0.06, 0.5, 0.01, band) for dx in (-w * 0.32, w * 0.32)]
    stage.boxes(x, z, parts)


def pillar(stage: Stage, x: float, z: float, r: float, h: float, colour: RGB, base: RGB) -> None:
    """A round column: lit on one side, with a stone foot."""
    stage.card(x, z, [
        ([(-r * 1.5, 0), (r * 1.5, 0), (r * 1.2, 0.28), (-r * 1.2, 0.28)], base, 0.9, 255),
        ([(-r, 0.26), (r, 0.26), (r, h), (-r, h)], colour, 0.92, 255),
        ([(-r, 0.26), (-r * 0.35, 0.26), (-r * 0.35, h), (-r, h)], times(colour, 0.76), 1.0, 255),
        ([(r * 0.3, 0.26), (r * 0.62, 0.26), (r * 0.62, h), (r * 0.3, h)], times(colour, 1.16), 1.0, 255),
    ])  # fmt: skip


def drape(stage: Stage, x: float, z: float, w: float, h: float, colour: RGB) -> None:
    """Cloth that hangs from the ceiling to the floor."""
    shapes: list[Shape] = [([(-w / 2, 0), (w / 2, 0), (w * 0.42, h), (-w * 0.42, h)], colour, 0.9, 255)]
    for i in range(4):
        a = -w / 2 + w * (i + 0.35) / 4
        shapes.append(
            (
                [(a, 0), (a + w * 0.08, 0), (a * 0.86 + w * 0.06, h), (a * 0.86 + w * 0.02, h)],
                times(colour, 0.74),
                1.0,
                255,
            )
        )
    stage.card(x, z, shapes)


def rug(stage: Stage, x: float, z: float, w: float, d: float, colour: RGB) -> None:
    stage.mat(x - w / 2, z - d / 2, x + w / 2, z + d / 2, colour, y=0.003)
    stage.mat(
        x - w / 2 + 0.14,
        z - d / 2 + 0.12,
        x + w / 2 - 0.14,
        z + d / 2 - 0.12,
        mix(colour, (236, 214, 170), 0.35),
        y=0.004,
    )
    stage.mat(x - w / 2 + 0.22, z - d / 2 + 0.2, x + w / 2 - 0.22, z + d / 2 - 0.2, times(colour, 0.92), y=0.005)


def bench(stage: Stage, x: float, z: float, w: float, wood: RGB, rest: bool = True) -> None:
    parts = [(dx, 0.0, 0.0, 0.08, 0.42, 0.4, times(wood, 0.75)) for dx in (-w / 2 + 0.1, w / 2 - 0.1)]
    if rest:
        parts.append((0.0, 0.5, 0.2, w, 0.42, 0.05, times(wood, 0.92)))
    parts.append((0.0, 0.42, 0.0, w, 0.07, 0.46, wood))
    stage.boxes(x, z, parts)


def crate(stage: Stage, x: float, z: float, size: float, wood: RGB, y: float = 0.0) -> None:
    s = size
    parts = [(0.0, y, 0.0, s, s * 0.8, s, wood)]
    parts += [(0.0, y + s * k, -s / 2 - 0.006, s, s * 0.07, 0.01, times(wood, 0.75)) for k in (0.04, 0.68)]
    parts += [(dx, y, -s / 2 - 0.008, s * 0.07, s * 0.8, 0.01, times(wood, 0.78)) for dx in (-s * 0.46, s * 0.46)]
    stage.boxes(x, z, parts)


def rack(stage: Stage, x: float, z: float, wood: RGB, cloth: RGB) -> None:
    """A clothes rack with a coat on it."""
    stage.card(x, z, [
        (limb([(0, 0), (0, 1.75)], [0.06, 0.05]), wood, 0.8, 255),
        (limb([(-0.26, 0.02), (0, 0.2), (0.26, 0.02)], [0.05, 0.05, 0.05]), wood, 0.75, 255),
        (limb([(-0.3, 1.62), (0.3, 1.62)], [0.05, 0.05]), wood, 0.9, 255),
        (smooth([(-0.02, 1.66), (0.2, 1.6), (0.34, 1.2), (0.3, 0.62), (0.02, 0.6), (-0.06, 1.2)], 4), cloth, 0.95, 255),
        (limb([(0.12, 1.5), (0.14, 0.7)], [0.03, 0.03]), times(cloth, 0.78), 1.0, 255),
    ])  # fmt: skip
