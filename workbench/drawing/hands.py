"""A hand so near that it fills the picture, with what it holds."""

from __future__ import annotations

from workbench.drawing import props
from workbench.drawing.colour import times
from workbench.drawing.figures import Figure
from workbench.drawing.stage import Shape, ellipse, limb, smooth


def close_hand(figure: Figure) -> list[Shape]:
    """Sleeve, palm and fingers around the point that the camera aims at, in the figure's own coordinates."""
    look = figure.look
    x, y = figure.hand()
    out = -1.0 if figure.facing == "left" else 1.0
    thing = figure.right or figure.left
    skin, shade = look.skin, look.shade
    found: list[Shape] = []
    # The coat beyond, then the arm that comes out of a lower corner.
    found.append(
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
    found.append((limb([(x - out * 0.42, y - 0.26), (x - out * 0.14, y - 0.075)], [0.17, 0.135]), look.coat, 0.96, 255))
    found.append((limb([(x - out * 0.4, y - 0.3), (x - out * 0.15, y - 0.115)], [0.05, 0.04]), look.deep, 0.96, 200))
    found.append(
        (limb([(x - out * 0.155, y - 0.085), (x - out * 0.13, y - 0.067)], [0.148, 0.142]), look.under, 0.95, 255)
    )
    found.append((limb([(x - out * 0.12, y - 0.06), (x - out * 0.055, y - 0.022)], [0.078, 0.086]), shade, 1.02, 255))
    if thing:
        # Four fingers behind, the thing, the thumb and the palm before it.
        found += [
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
        found += [
            ([(x + (u - x) * 0.92 * out, y + (v - y) * 0.92) for u, v in spots], c, s, a)
            for spots, c, s, a in props.held(thing, (x, y), 300)
        ]
        found.append((ellipse(x - out * 0.045, y - 0.018, 0.05, 0.052, 22), skin, 1.0, 255))
        for i in range(4):
            ty = y + 0.027 - 0.0265 * i
            found.append(
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
            found.append(
                (
                    limb([(x - out * 0.02, ty - 0.0135), (x + out * 0.024, ty - 0.0125)], [0.0025, 0.0025]),
                    times(shade, 0.85),
                    1.0,
                    200,
                )
            )
        found.append(
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
        found.append((ellipse(x + out * 0.002, y + 0.064, 0.01, 0.0075, 12), times(skin, 1.08), 1.02, 255))
        return found
    # A fist: knuckles in a row, the thumb across.
    found.append(
        (
            smooth(
                [
                    (x - out * 0.085, y + 0.045),
                    (x - out * 0.02, y + 0.068),
                    (x + out * 0.05, y + 0.05),
                    (x + out * 0.062, y - 0.02),
                    (x + out * 0.03, y - 0.068),
                    (x - out * 0.05, y - 0.066),
                    (x - out * 0.088, y - 0.03),
                ],
                5,
            ),
            skin,
            1.0,
            255,
        )
    )
    for i in range(4):
        ty = y + 0.046 - 0.029 * i
        found.append(
            (
                limb(
                    [(x + out * 0.004, ty), (x + out * 0.052, ty - 0.004), (x + out * 0.036, ty - 0.02)],
                    [0.03, 0.03, 0.024],
                ),
                skin,
                1.04 - 0.03 * i,
                255,
            )
        )
        found.append(
            (
                limb([(x + out * 0.0, ty - 0.0145), (x + out * 0.056, ty - 0.018)], [0.0026, 0.0026]),
                times(shade, 0.82),
                1.0,
                230,
            )
        )
        found.append((ellipse(x + out * 0.054, ty - 0.001, 0.0065, 0.008, 12), times(skin, 1.12), 1.02, 170))
    found.append(
        (
            limb(
                [(x - out * 0.07, y - 0.012), (x - out * 0.02, y + 0.006), (x + out * 0.028, y + 0.002)],
                [0.04, 0.036, 0.028],
            ),
            skin,
            1.06,
            255,
        )
    )
    found.append((ellipse(x + out * 0.03, y + 0.004, 0.011, 0.0085, 12), times(skin, 1.1), 1.0, 255))
    found.append(
        (
            limb(
                [(x - out * 0.06, y - 0.03), (x - out * 0.015, y - 0.013), (x + out * 0.03, y - 0.014)],
                [0.002, 0.003, 0.002],
            ),
            shade,
            0.85,
            220,
        )
    )
    return found
