"""Hair and hats, behind a head and over it."""

from __future__ import annotations

import math

from workbench.sketch.drawing.colour import mix
from workbench.sketch.drawing.looks import HEAD, Look
from workbench.sketch.drawing.stage import Shape, arc, ellipse, limb, smooth

_GLEAM = (250, 247, 240)


def behind(look: Look, side: bool, away: bool, wind: float) -> list[Shape]:
    """What falls behind neck and shoulders, and what is tied up above the head."""
    ry = HEAD[1]
    back = -0.045 if side else 0.0
    hair, style = look.hair, look.style
    shapes: list[Shape] = []
    if style == "long" and not away:
        shapes.append(
            (
                smooth(
                    [
                        (back - 0.12, 0.06),
                        (back, ry + 0.02),
                        (back + (0.07 if side else 0.12), 0.06),
                        (back + (0.02 if side else 0.125), -0.2),
                        (back - wind + (0.0 if side else 0.09), -0.4),
                        (back - wind - 0.11, -0.4),
                        (back - 0.135, -0.18),
                    ],
                    4,
                ),
                hair,
                0.82,
                255,
            )
        )
    elif style == "braid" and not away:
        ends = [(-1, back - 0.1)] if side else [(-1, -0.1), (1, 0.1)]
        for out, x in ends:
            shapes.append(
                (
                    limb(
                        [(x, -0.03), (x + out * 0.045 - wind * 0.5, -0.15), (x + out * 0.035 - wind, -0.3)],
                        [0.055, 0.05, 0.026],
                    ),
                    hair,
                    0.86,
                    255,
                )
            )
            shapes.append((ellipse(x + out * 0.037 - wind * 0.93, -0.275, 0.022, 0.012, 10), look.coat, 1.1, 255))
    elif style == "wild":
        points = []
        for i in range(16):
            a = math.pi * (-0.12 + 1.24 * i / 15)
            r = 0.165 if i % 2 else 0.128
            points.append((back + r * math.cos(a), 0.02 + (r + 0.02) * math.sin(a)))
        shapes.append(([*points, (back - 0.15, -0.14), (back + (0.02 if side else 0.13), -0.13)], hair, 0.85, 255))
    elif style == "bob" and not away:
        shapes.append(
            (
                smooth(
                    [
                        (back - 0.13, 0.05),
                        (back, ry + 0.02),
                        (back + (0.06 if side else 0.13), 0.05),
                        (back + (0.0 if side else 0.13), -0.13),
                        (back - 0.13, -0.13),
                    ],
                    4,
                ),
                hair,
                0.84,
                255,
            )
        )
    if style in ("bun", "topknot") and not look.hat:
        x = back * (1.2 if style == "bun" else 0.5)
        y = ry + (0.035 if style == "topknot" else 0.018)
        shapes.append((ellipse(x, y, 0.052 if style == "bun" else 0.036, 0.044, 18), hair, 0.92, 255))
        if style == "topknot":
            shapes.append((ellipse(x, y - 0.03, 0.03, 0.011, 12), look.coat, 1.05, 255))
        else:
            shapes.append(
                (limb([(x - 0.07, y + 0.015), (x + 0.075, y - 0.012)], [0.007, 0.01]), (214, 172, 92), 1.0, 255)
            )
    return shapes


def in_front(look: Look, side: bool, away: bool, wind: float) -> list[Shape]:
    """What covers the skull: the back of the head, or fringe and gloss; a hat over all."""
    hair, style = look.hair, look.style
    shapes = _from_behind(look, wind) if away else _over_the_brow(look, side)
    if style != "bald" and not away:
        gloss = mix(hair, (255, 244, 226), 0.2)
        shapes.append((limb([(-0.075, 0.098), (-0.03, 0.128), (0.02, 0.135)], [0.006, 0.013, 0.005]), gloss, 1.0, 150))
    if look.hat:
        brim: list[Shape] = [(ellipse(0.0, 0.085, 0.2, 0.03, 24), look.under, 0.85, 255)]
        shapes += [] if look.brimless else brim
        shapes += [
            (smooth([(-0.112, 0.085), (-0.1, 0.165), (0, 0.2), (0.1, 0.165), (0.112, 0.085)], 4), look.under, 0.98,
                255),
            (limb([(-0.108, 0.102), (0.108, 0.102)], [0.024, 0.024]), look.deep, 0.9, 255),
        ]  # fmt: skip
    return shapes


def _from_behind(look: Look, wind: float) -> list[Shape]:
    rx, ry = HEAD
    hair, style = look.hair, look.style
    shapes: list[Shape] = []
    low = -0.32 if style == "long" else -0.12 if style in ("bob", "wild") else -0.07
    if style != "bald":
        shapes.append(
            (
                smooth(
                    [
                        (-rx - 0.008, 0.0),
                        (-0.1, ry * 0.75),
                        (0, ry + 0.016),
                        (0.1, ry * 0.75),
                        (rx + 0.008, 0.0),
                        (0.1, low * 0.7),
                        (-wind * 0.4, low),
                        (-0.1, low * 0.7),
                    ],
                    4,
                ),
                hair,
                0.95,
                255,
            )
        )
    if style == "braid":
        shapes.append((limb([(0, -0.05), (-wind * 0.4, -0.2), (-wind, -0.36)], [0.07, 0.055, 0.025]), hair, 0.85, 255))
    return shapes


def _over_the_brow(look: Look, side: bool) -> list[Shape]:
    rx, ry = HEAD
    hair, style = look.hair, look.style
    shapes: list[Shape] = []
    if style == "bald":
        shapes.append(
            ([*arc(-0.03, 0.06, 0.05, 0.05, 80, 160, 6), (-0.06, 0.08)], mix(look.skin, _GLEAM, 0.4), 1.0, 120)
        )
    elif side:
        shapes.append(
            (
                smooth(
                    [
                        (0.112, 0.07),
                        (0.094, ry * 0.88),
                        (0.02, ry + 0.02),
                        (-0.085, ry * 0.84),
                        (-rx - 0.014, 0.02),
                        (-0.112, -0.085),
                        (-0.096, -0.06),
                        (-0.092, 0.004),
                        (-0.066, 0.026),
                        (-0.03, 0.074),
                        (0.04, 0.09),
                    ],
                    4,
                ),
                hair,
                1.0,
                255,
            )
        )
    elif style in ("bun", "long", "braid", "topknot"):
        # Parted: the brow is free.
        shapes.append(
            (
                smooth(
                    [
                        (-rx - 0.006, -0.02),
                        (-0.116, 0.07),
                        (-0.07, ry * 0.96),
                        (0, ry + 0.018),
                        (0.07, ry * 0.96),
                        (0.116, 0.07),
                        (rx + 0.006, -0.02),
                        (0.094, 0.055),
                        (0.05, 0.093),
                        (0.006, 0.108),
                        (-0.045, 0.092),
                        (-0.094, 0.055),
                    ],
                    4,
                ),
                hair,
                1.0,
                255,
            )
        )
    else:
        shapes.append(
            (
                smooth(
                    [
                        (-rx - 0.006, 0.0),
                        (-0.116, 0.08),
                        (-0.06, ry + 0.008),
                        (0.03, ry + 0.022),
                        (0.106, 0.092),
                        (rx + 0.006, 0.0),
                        (0.1, 0.05),
                        (0.06, 0.082),
                        (0.0, 0.072),
                        (-0.05, 0.092),
                        (-0.098, 0.044),
                    ],
                    4,
                ),
                hair,
                1.0,
                255,
            )
        )
    return shapes
