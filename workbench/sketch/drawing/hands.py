"""A hand so near that it fills the picture, with what it holds."""

from __future__ import annotations

from workbench.sketch.drawing import props
from workbench.sketch.drawing.colour import times
from workbench.sketch.drawing.figures import Figure
from workbench.sketch.drawing.looks import Look
from workbench.sketch.drawing.stage import Shape, ellipse, limb, smooth


def close_hand(figure: Figure) -> list[Shape]:
    """Sleeve, palm and fingers around the point that the camera aims at, in the figure's own coordinates."""
    look = figure.look
    x, y = figure.hand()
    out = -1.0 if figure.facing == "left" else 1.0
    thing = figure.right or figure.left
    shade = look.shade
    shapes: list[Shape] = []
    # The coat beyond, then the arm that comes out of a lower corner.
    shapes.append(
        (
            smooth(
                [
                    (x - out * 0.62, y - 0.5),
                    (x - out * 0.58, y + 0.5),
                    (x - out * 0.3, y + 0.52),
                    (x - out * 0.2, y + 0.1),
                    (x - out * 0.28, y - 0.5),
                ],
                5,
            ),
            look.deep,
            0.72,
            255,
        )
    )
    shapes.append(
        (limb([(x - out * 0.42, y - 0.26), (x - out * 0.14, y - 0.075)], [0.17, 0.135]), look.coat, 0.96, 255)
    )
    shapes.append((limb([(x - out * 0.4, y - 0.3), (x - out * 0.15, y - 0.115)], [0.05, 0.04]), look.deep, 0.96, 200))
    shapes.append(
        (limb([(x - out * 0.155, y - 0.085), (x - out * 0.13, y - 0.067)], [0.148, 0.142]), look.under, 0.95, 255)
    )
    shapes.append((limb([(x - out * 0.12, y - 0.06), (x - out * 0.055, y - 0.022)], [0.078, 0.086]), shade, 1.02, 255))
    return shapes + (_around(thing, look, x, y, out) if thing else _fist(look, x, y, out))


def _around(thing: str, look: Look, x: float, y: float, out: float) -> list[Shape]:
    """Four fingers behind, the thing, the thumb and the palm before it."""
    skin, shade = look.skin, look.shade
    shapes: list[Shape] = []
    shapes += [
        (
            limb(
                [(x - out * 0.02, y + 0.016 - 0.026 * i), (x + out * (0.05 - 0.004 * i), y + 0.026 - 0.028 * i)],
                [0.03, 0.026],
            ),
            shade,
            0.94,
            255,
        )
        for i in range(4)
    ]
    shapes += [
        ([(x + (u - x) * 0.92 * out, y + (v - y) * 0.92) for u, v in spots], c, s, a)
        for spots, c, s, a in props.draw_held(thing, (x, y), 300)
    ]
    shapes.append((ellipse(x - out * 0.045, y - 0.018, 0.05, 0.052, 22), skin, 1.0, 255))
    for i in range(4):
        ty = y + 0.027 - 0.0265 * i
        shapes.append(
            (
                limb(
                    [
                        (x - out * 0.035, ty),
                        (x + out * (0.022 - 0.003 * i), ty + 0.002),
                        (x + out * (0.03 - 0.004 * i), ty - 0.006),
                    ],
                    [0.029, 0.0265, 0.023],
                ),
                skin,
                1.0 - 0.02 * i,
                255,
            )
        )
        shapes.append(
            (
                limb([(x - out * 0.02, ty - 0.0135), (x + out * 0.024, ty - 0.0125)], [0.0025, 0.0025]),
                times(shade, 0.85),
                1.0,
                200,
            )
        )
    shapes.append(
        (
            limb(
                [(x - out * 0.06, y + 0.018), (x - out * 0.035, y + 0.05), (x - out * 0.004, y + 0.062)],
                [0.036, 0.033, 0.026],
            ),
            skin,
            1.04,
            255,
        )
    )
    shapes.append((ellipse(x + out * 0.002, y + 0.064, 0.01, 0.0075, 12), times(skin, 1.08), 1.02, 255))
    return shapes


def _fist(look: Look, x: float, y: float, out: float) -> list[Shape]:
    """A fist seen from its thumb: fingers folded in a column, the thumb across them."""
    skin, shade = look.skin, look.shade
    shapes: list[Shape] = []
    shapes.append(
        (
            smooth(
                [
                    (x - out * 0.09, y + 0.048),
                    (x - out * 0.03, y + 0.07),
                    (x + out * 0.03, y + 0.062),
                    (x + out * 0.03, y - 0.064),
                    (x - out * 0.04, y - 0.07),
                    (x - out * 0.09, y - 0.034),
                ],
                5,
            ),
            skin,
            1.0,
            255,
        )
    )
    for i in range(4):
        ty, reach = y + 0.045 - 0.0295 * i, 0.058 - 0.005 * abs(i - 1)
        shapes.append(
            (
                limb([(x - out * 0.005, ty), (x + out * (reach - 0.012), ty - 0.001)], [0.031, 0.0295]),
                skin,
                1.05 - 0.035 * i,
                255,
            )
        )
        shapes.append(
            (
                smooth(
                    [
                        (x + out * (reach - 0.008), ty + 0.009),
                        (x + out * (reach + 0.001), ty + 0.005),
                        (x + out * (reach + 0.001), ty - 0.006),
                        (x + out * (reach - 0.008), ty - 0.01),
                    ],
                    3,
                ),
                times(skin, 1.14),
                1.02,
                150,
            )
        )
    shapes.append(
        (
            limb(
                [(x - out * 0.07, y - 0.006), (x - out * 0.025, y + 0.02), (x + out * 0.022, y + 0.013)],
                [0.044, 0.038, 0.03],
            ),
            skin,
            1.09,
            255,
        )
    )
    shapes.append(
        (
            smooth(
                [
                    (x + out * 0.016, y + 0.024),
                    (x + out * 0.033, y + 0.019),
                    (x + out * 0.033, y + 0.008),
                    (x + out * 0.016, y + 0.007),
                ],
                3,
            ),
            times(skin, 1.12),
            1.04,
            255,
        )
    )
    shapes.append((limb([(x - out * 0.06, y - 0.028), (x - out * 0.02, y - 0.004)], [0.002, 0.0035]), shade, 0.86, 220))
    return shapes
