"""Heads: features and what the face says, from a thumbnail's dots to a close-up's lashes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workbench.sketch.drawing import hair
from workbench.sketch.drawing.colour import RGB, mix, times
from workbench.sketch.drawing.looks import HEAD, Look
from workbench.sketch.drawing.space import Spot
from workbench.sketch.drawing.stage import Shape, arc, ellipse, limb, smooth

_WHITE: RGB = (250, 247, 240)
_DARK: RGB = (38, 28, 34)


@dataclass(frozen=True)
class Mood:
    """`brow`: lift of the inner ends; `raised`: of the whole brow; `eye`: how open; `mouth`: corners up or down;
    `gape`."""

    brow: float = 0.0
    raised: float = 0.0
    eye: float = 1.0
    mouth: float = 0.0
    gape: float = 0.0
    blush: bool = False


MOODS: dict[str, Mood] = {
    "neutral": Mood(),
    "happy": Mood(raised=0.3, eye=0.75, mouth=1.0, gape=0.35, blush=True),
    "sad": Mood(brow=1.0, eye=0.7, mouth=-0.8),
    "angry": Mood(brow=-1.3, eye=0.8, mouth=-0.7),
    "afraid": Mood(brow=1.0, raised=0.7, eye=1.35, mouth=-0.5, gape=0.45),
    "surprised": Mood(raised=1.1, eye=1.4, gape=0.8),
    "determined": Mood(brow=-0.8, eye=0.85, mouth=-0.15),
    "tender": Mood(brow=0.35, eye=0.6, mouth=0.6, blush=True),
}


def head(look: Look, facing: str, expression: str, close: float, tilt: float = 0.0, wind: float = 0.0) -> list[Shape]:
    """The head around (0, 0). `facing` is camera, away, left or right; `close` its height in pixels; tilt in
    radians."""
    shapes = _turn_right(look, MOODS.get(expression, MOODS["neutral"]), facing, close, wind)
    flip = -1.0 if facing == "left" else 1.0
    s, c = math.sin(tilt), math.cos(tilt)
    return [
        ([((x * c - y * s) * flip, x * s + y * c) for x, y in spots], colour, shade, alpha)
        for spots, colour, shade, alpha in shapes
    ]


def _turn_right(look: Look, mood: Mood, facing: str, close: float, wind: float) -> list[Shape]:
    rx, ry = HEAD
    side = facing in ("left", "right")
    turn = 0.36 if side else 0.0
    shapes: list[Shape] = [*hair.behind(look, side, facing == "away", wind)]
    neck_x = -0.018 if side else 0.0
    if facing == "away":
        shapes.append((limb([(0, -0.06), (0, -0.2)], [0.105, 0.115]), look.skin, 0.82, 255))
        shapes.append((ellipse(0, 0, rx, ry), look.skin, 0.95, 255))
        shapes += [(ellipse(x, -0.01, 0.022, 0.034, 12), look.skin, 0.9, 255) for x in (-rx, rx)]
        return shapes + hair.in_front(look, side, True, wind)
    shapes.append((limb([(neck_x, -0.06), (neck_x * 1.6, -0.165)], [0.1, 0.112]), look.shade, 0.92, 255))
    if not side:
        shapes += [(ellipse(x, -0.015, 0.022, 0.034, 12), look.shade, 1.0, 255) for x in (-rx + 0.002, rx - 0.002)]
    shapes.append((_face(side), look.skin, 1.0, 255))
    if close > 60:
        # The cheek that is turned away from the light.
        shapes.append((_cheek(side), look.shade, 1.0, 120))
    if side:
        shapes.append((ellipse(-0.076, -0.018, 0.019, 0.032, 12), look.shade, 1.0, 255))
        if close > 90:
            shapes.append((arc(-0.077, -0.018, 0.01, 0.02, 60, 300, 9), times(look.shade, 0.82), 1.0, 255))
    if look.beard:
        shapes += _beard(look, turn)
    shapes += _features(look, mood, turn, close)
    return shapes + hair.in_front(look, side, False, wind)


def _face(side: bool) -> list[Spot]:
    rx, ry = HEAD
    if not side:
        return smooth([(0, -ry), (0.05, -ry * 0.93), (0.096, -ry * 0.5), (rx, 0.0), (0.104, ry * 0.55), (0, ry),
            (-0.104, ry * 0.55), (-rx, 0.0), (-0.096, -ry * 0.5), (-0.05, -ry * 0.93)], 4)  # fmt: skip
    # Three quarters: brow, nose and chin break the outline.
    return smooth([(0.032, -ry), (0.078, -ry * 0.9), (0.097, -0.088), (0.102, -0.06), (0.126, -0.036), (0.112, 0.0),
        (0.104, 0.028), (0.11, 0.06), (0.085, ry * 0.8), (0, ry), (-0.09, ry * 0.62), (-rx, 0.0), (-0.09, -ry * 0.5),
        (-0.02, -ry * 0.86)], 4)  # fmt: skip


def _cheek(side: bool) -> list[Spot]:
    rx, ry = HEAD
    if side:
        return smooth(
            [(-0.02, -ry * 0.86), (0.03, -ry * 0.97), (0.0, -0.06), (-0.05, 0.0), (-0.1, 0.02), (-0.092, -ry * 0.48)], 4
        )
    return smooth(
        [
            (0, -ry),
            (0.05, -ry * 0.93),
            (0.096, -ry * 0.5),
            (rx, 0),
            (0.1, 0.05),
            (0.074, -0.03),
            (0.06, -0.08),
            (0.0, -ry * 0.86),
        ],
        4,
    )


def _features(look: Look, mood: Mood, turn: float, close: float) -> list[Shape]:
    shapes: list[Shape] = []
    shift = turn * 0.092
    eyes = [(-0.047 * (1 - turn * 0.12) + shift, 1.0), (0.047 * (1 - turn * 0.5) + shift, 1.0 - turn * 0.55)]
    brow_colour = mix(look.hair, look.skin, 0.15)
    if mood.blush and close > 46:
        shapes += [
            (ellipse(x + (0.004 if x > shift else -0.004), -0.042, 0.026 * w, 0.015, 14), look.blush, 1.0, 120)
            for x, w in eyes
        ]
    for number, (x, w) in enumerate(eyes):
        outer = -1 if number == 0 else 1
        shapes += _eye(look, mood, x, 0.004, w, outer, close, turn)
        inner_y, outer_y = (
            0.047 + mood.raised * 0.014 + mood.brow * 0.011,
            0.047 + mood.raised * 0.014 - mood.brow * 0.007,
        )
        bow = 0.006 + 0.003 * mood.raised
        points = [
            (x - outer * 0.024 * w, inner_y),
            (x + outer * 0.006 * w, (inner_y + outer_y) / 2 + bow),
            (x + outer * 0.034 * w, outer_y - 0.003),
        ]
        thick = 0.0125 if close > 30 else 0.017
        shapes.append((limb(points, [thick, thick * 0.95, thick * 0.45]), brow_colour, 0.8, 255))
    nose = shift * 1.35
    if close > 70:
        if turn:
            shapes.append(
                (
                    smooth(
                        [
                            (nose + 0.012, 0.01),
                            (nose + 0.036, -0.034),
                            (nose + 0.026, -0.046),
                            (nose + 0.006, -0.044),
                            (nose + 0.014, -0.03),
                        ],
                        4,
                    ),
                    look.shade,
                    0.98,
                    190,
                )
            )
        else:
            shapes.append(
                (
                    smooth(
                        [
                            (0.004, 0.0),
                            (0.017, -0.034),
                            (0.012, -0.047),
                            (-0.013, -0.046),
                            (-0.004, -0.04),
                            (0.006, -0.034),
                        ],
                        4,
                    ),
                    look.shade,
                    0.98,
                    200,
                )
            )
    elif close > 34:
        shapes.append((limb([(nose + 0.006, -0.03), (nose + 0.016, -0.042)], [0.007, 0.009]), look.shade, 0.85, 255))
    return shapes + _mouth(look, mood, shift * 1.2, close)


def _eye(look: Look, mood: Mood, x: float, y: float, w: float, outer: int, close: float, turn: float) -> list[Shape]:
    opened = mood.eye
    if close < 34:
        return [(ellipse(x, y, 0.013 * w, 0.017 * max(0.55, opened), 10), _DARK, 0.9, 255)]
    half, up, down = 0.029 * w, 0.0175 * opened, 0.0125 * opened
    outline = [*arc(x, y, half, up, 0, 180, 11), *arc(x, y, half, down, 180, 360, 11)[1:-1]]
    shapes: list[Shape] = [(outline, _WHITE, 1.0, 255)]
    look_x = x + turn * 0.022
    iris = min(0.0165, up * 1.02)
    shapes.append(
        (
            _inside_eye(ellipse(look_x, y + 0.001, iris * (0.85 + 0.15 * w), iris * 1.06, 18), x, y, half, up, down),
            mix(look.hair, (96, 66, 44), 0.45),
            0.95,
            255,
        )
    )
    shapes.append(
        (
            _inside_eye(ellipse(look_x, y + 0.001, iris * 0.52, iris * 0.58, 14), x, y, half, up, down),
            (22, 16, 20),
            0.9,
            255,
        )
    )
    if close > 60:
        shapes.append(
            (ellipse(look_x - 0.005, y + 0.0065 * min(1.0, opened), 0.0042, 0.0046, 10), (255, 255, 255), 1.05, 255)
        )
    lash = [
        (x - half * 1.04 * outer, y - 0.001),
        (x - half * 0.4 * outer, y + up * 0.93),
        (x + half * 0.45 * outer, y + up * 0.95),
        (x + half * 1.12 * outer, y + 0.003),
    ]
    shapes.append((limb(lash, [0.004, 0.0065, 0.0085, 0.004]), _DARK, 0.8, 255))
    if close > 150:
        shapes.append(
            (
                limb(
                    [
                        (x - half * 0.8, y + up * 1.5 + 0.004),
                        (x, y + up * 1.85 + 0.004),
                        (x + half * 0.8, y + up * 1.5 + 0.004),
                    ],
                    [0.002, 0.0032, 0.002],
                ),
                look.shade,
                0.85,
                255,
            )
        )
        shapes.append(
            (
                limb(
                    [(x - half * 0.7, y - down * 1.1), (x, y - down * 1.35), (x + half * 0.8, y - down * 0.9)],
                    [0.0015, 0.003, 0.0015],
                ),
                look.shade,
                0.8,
                255,
            )
        )
        if look.old:
            shapes += [
                (
                    limb(
                        [(x + outer * half * 1.35, y + dy), (x + outer * half * 1.75, y + dy * 2.2)], [0.0025, 0.0015]
                    ),
                    look.shade,
                    0.8,
                    255,
                )
                for dy in (0.006, -0.001, -0.008)
            ]
    if mood.mouth < -0.75 and mood.brow > 0.5 and close > 80 and outer > 0:
        shapes.append(
            (
                smooth(
                    [(x + 0.012, y - 0.018), (x + 0.019, y - 0.036), (x + 0.012, y - 0.044), (x + 0.006, y - 0.036)], 4
                ),
                (196, 226, 240),
                1.05,
                220,
            )
        )
    return shapes


def _inside_eye(spots: list[Spot], x: float, y: float, half: float, up: float, down: float) -> list[Spot]:
    """An iris cut by the lids."""
    shapes = []
    for u, v in spots:
        across = max(-0.98, min(0.98, (u - x) / half))
        room = math.sqrt(1 - across * across)
        shapes.append((x + across * half, max(y - down * room, min(y + up * room, v))))
    return shapes


def _mouth(look: Look, mood: Mood, x: float, close: float) -> list[Shape]:
    y, half = -0.082, 0.03 if not mood.gape else 0.027
    bend = mood.mouth * 0.0125
    lip = times(mix(look.skin, (168, 62, 62), 0.62), 0.92)
    if close < 26:
        return []
    if mood.gape > 0.3:
        if mood.mouth > 0.5:
            top = [(x - half, y + bend * 0.6), (x, y), (x + half, y + bend * 0.6)]
            shape = [*top, *arc(x, y + bend * 0.6, half, 0.026, 360, 180, 11)[1:-1]]
        else:
            shape = ellipse(x, y - 0.004, half * (0.55 if mood.raised > 1 else 0.72), 0.009 + 0.019 * mood.gape, 18)
        shapes: list[Shape] = [(shape, (92, 32, 40), 0.95, 255)]
        if close > 70 and mood.mouth > 0.5:
            shapes.append(
                (
                    [
                        (x - half * 0.84, y + bend * 0.44),
                        (x + half * 0.84, y + bend * 0.44),
                        (x + half * 0.62, y - 0.0045),
                        (x - half * 0.62, y - 0.0045),
                    ],
                    _WHITE,
                    1.0,
                    255,
                )
            )
        return shapes
    points = [
        (x - half, y + bend),
        (x - half * 0.4, y - bend * 0.35),
        (x + half * 0.4, y - bend * 0.35),
        (x + half, y + bend),
    ]
    shapes = []
    if close > 110:
        shapes.append(
            (
                smooth(
                    [
                        (x - half * 0.8, y + bend * 0.3),
                        (x - half * 0.25, y + 0.0085),
                        (x, y + 0.006),
                        (x + half * 0.25, y + 0.0085),
                        (x + half * 0.8, y + bend * 0.3),
                        (x + half * 0.4, y - 0.013 - bend * 0.3),
                        (x, y - 0.016 - bend * 0.3),
                        (x - half * 0.4, y - 0.013 - bend * 0.3),
                    ],
                    4,
                ),
                mix(look.skin, (186, 84, 80), 0.5),
                0.96,
                255,
            )
        )
    shapes.append((limb(points, [0.004, 0.0062, 0.0062, 0.004] if close > 60 else [0.009] * 4), lip, 0.78, 255))
    return shapes


def _beard(look: Look, turn: float) -> list[Shape]:
    shift = turn * 0.13
    long = 0.19 if look.old else 0.075
    body = smooth(
        [
            (shift - 0.075, -0.075),
            (shift - 0.04, -0.064),
            (shift, -0.066),
            (shift + 0.04, -0.064),
            (shift + 0.07, -0.075),
            (shift + 0.06, -0.14),
            (shift + 0.012, -0.14 - long),
            (shift - 0.03, -0.14 - long * 0.9),
            (shift - 0.07, -0.14),
        ],
        4,
    )
    return [
        (body, look.hair, 0.95, 255),
        (
            limb([(shift - 0.045, -0.076), (shift, -0.062), (shift + 0.045, -0.076)], [0.006, 0.017, 0.006]),
            look.hair,
            0.9,
            255,
        ),
    ]
