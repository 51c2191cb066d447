"""Animals, machines and things that act: each a simple shape of its own kind, without hands. Facing right, feet
at 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.looks import Look
from workbench.sketch.drawing.space import Spot
from workbench.sketch.drawing.stage import Shape, ellipse, limb, smooth

_DARK: RGB = (38, 32, 36)
_PALE: RGB = (248, 245, 238)


@dataclass(frozen=True)
class Form:
    """How one beast differs from another; lengths as shares of its height."""

    length: float = 1.15
    legs: float = 0.46
    thick: float = 0.13
    neck: float = 0.1
    head: float = 0.2
    snout: float = 0.16
    ears: str = "pointed"
    tail: str = "long"
    extra: str = ""


FORMS: dict[str, Form] = {
    "": Form(),
    "dog": Form(ears="hanging"),
    "wolf": Form(tail="bushy"),
    "fox": Form(legs=0.34, tail="bushy", snout=0.2),
    "cat": Form(legs=0.36, snout=0.05, tail="up"),
    "lion": Form(snout=0.1, extra="mane", ears="round"),
    "horse": Form(legs=0.5, neck=0.32, head=0.15, snout=0.2, tail="hair", extra="crest", thick=0.1),
    "donkey": Form(legs=0.46, neck=0.22, head=0.17, snout=0.2, ears="long", tail="thin"),
    "unicorn": Form(legs=0.5, neck=0.32, head=0.15, snout=0.2, tail="hair", extra="horn", thick=0.1),
    "giraffe": Form(length=0.7, legs=0.42, neck=0.5, head=0.1, snout=0.12, tail="thin", thick=0.07),
    "bear": Form(legs=0.3, thick=0.2, head=0.24, snout=0.1, ears="round", tail="none", length=1.25),
    "cow": Form(legs=0.4, thick=0.15, head=0.2, snout=0.14, ears="hanging", tail="thin", extra="horns", length=1.3),
    "deer": Form(legs=0.5, neck=0.22, head=0.15, tail="short", extra="antlers", thick=0.08),
    "goat": Form(legs=0.42, ears="hanging", tail="short", extra="horns"),
    "sheep": Form(legs=0.34, ears="hanging", tail="short", extra="wool", snout=0.1),
    "pig": Form(legs=0.28, thick=0.16, head=0.26, snout=0.1, ears="hanging", tail="short", length=1.35),
    "elephant": Form(legs=0.38, thick=0.18, head=0.26, snout=0.0, ears="great", tail="thin", extra="trunk", length=1.2),
    "rabbit": Form(legs=0.22, head=0.26, snout=0.05, ears="long", tail="short", length=0.95),
    "mouse": Form(legs=0.14, head=0.3, snout=0.14, ears="round", tail="thin", length=1.2),
    "monkey": Form(legs=0.4, head=0.24, snout=0.05, ears="round", tail="up", length=0.8),
    "tortoise": Form(legs=0.16, head=0.2, snout=0.05, ears="none", tail="short", extra="shell", length=1.4),
}


def head_of(look: Look, stance: str) -> Spot:
    """Where its face is."""
    being, h = look.being, look.being.height * _low(stance)
    if being.shape == "beast":
        form = FORMS.get(being.form, FORMS[""])
        return (form.length * 0.5 + form.neck * 0.6) * being.height, h * 0.9
    across, up = {
        "bird": (0.16, 0.86),
        "fish": (0.42, 0.62),
        "snake": (0.75, 0.7),
        "bug": (0.42, 0.62),
        "frog": (0.2, 0.82),
        "dragon": (0.62, 0.9),
        "robot": (0.0, 0.88),
        "vehicle": (0.5, 0.6),
        "boat": (0.4, 0.5),
        "craft": (0.4, 0.7),
        "plant": (0.0, 0.82),
        "screen": (0.0, 0.7),
        "spirit": (0.0, 0.62),
        "creature": (0.0, 0.74),
        "thing": (0.0, 0.6),
    }.get(being.shape, (0.0, 0.7))
    return across * being.height, up * h


def reach(look: Look) -> float:
    """How far it reaches to one side, in metres."""
    return look.being.height * {
        "beast": 0.75,
        "fish": 0.7,
        "snake": 1.0,
        "vehicle": 1.0,
        "boat": 1.1,
        "craft": 0.9,
        "dragon": 0.9,
    }.get(look.being.shape, 0.5)


def creature_shapes(look: Look, stance: str, facing: str, expression: str) -> list[Shape]:
    """Its areas around its foot point, far ones first."""
    being = look.being
    colour = look.coat if look.own_colour else rgb(being.colour)
    seen = facing != "away"
    if being.shape == "beast":
        shapes = _beast(FORMS.get(being.form, FORMS[""]), colour, stance, seen)
    else:
        shapes = _DRAWN[being.shape](colour, being.form, seen)
    shapes = [*shapes, *_collar(look)]
    flip, low = (-1.0 if facing in ("left", "away") else 1.0), _low(stance)
    lift = 0.05 if expression in ("happy", "surprised") else 0.0
    h = being.height
    return [([(x * flip * h, (y * low + lift) * h) for x, y in spots], c, s, a) for spots, c, s, a in shapes]


def _low(stance: str) -> float:
    return {"lying": 0.62, "crouching": 0.78, "kneeling": 0.84, "sitting": 0.9}.get(stance, 1.0)


def _collar(look: Look) -> list[Shape]:
    """A mark in the character's own colour, by which it is known beside others of its kind."""
    x, y = head_of(look, "standing")
    x, y = x / look.being.height, y / look.being.height
    return (
        [(ellipse(x - 0.1, y - 0.16, 0.05, 0.035, 12), look.coat, 1.0, 255)]
        if look.being.shape in ("beast", "bird", "robot", "creature")
        else []
    )


def _eye(x: float, y: float, r: float = 0.028) -> list[Shape]:
    return [
        (ellipse(x, y, r, r * 1.15, 12), _PALE, 1.0, 255),
        (ellipse(x + r * 0.2, y, r * 0.55, r * 0.7, 10), _DARK, 1.0, 255),
    ]


def _beast(form: Form, colour: RGB, stance: str, seen: bool) -> list[Shape]:
    long, leg, thick = form.length, form.legs, form.thick
    far, pale = times(colour, 0.72), mix(colour, _PALE, 0.35)
    stride = {"running": 0.26, "walking": 0.12}.get(stance, 0.03)
    body = leg + (1 - leg - form.neck) * 0.45
    deep = (1 - leg - form.neck) * 0.5
    front, back = long * 0.36, -long * 0.36
    shapes: list[Shape] = [
        *(_leg(x, leg + 0.06, s, thick * 0.8, far) for x, s in ((front - 0.05, -stride), (back - 0.05, stride))),
        *_tail(form, back, body + deep * 0.3, colour),
    ]
    wool = form.extra == "wool"
    outline = [
        (back - 0.14, body),
        (back - 0.06, body + deep * 0.95),
        (0.0, body + deep * (1.05 if form.extra != "shell" else 1.5)),
        (front + 0.06, body + deep),
        (front + 0.15, body + deep * 0.2),
        (front, body - deep * 0.8),
        (0.0, body - deep * 0.72),
        (back, body - deep * 0.85),
    ]
    shapes.append((smooth(outline, 5), mix(colour, (96, 110, 70), 0.5) if form.extra == "shell" else colour, 1.0, 255))
    shapes.append(
        (
            smooth(
                [
                    (back, body - deep * 0.3),
                    (0.0, body - deep * 0.2),
                    (front, body - deep * 0.3),
                    (front, body - deep * 0.75),
                    (0.0, body - deep * 0.7),
                    (back, body - deep * 0.8),
                ],
                4,
            ),
            times(colour, 0.84),
            1.0,
            150,
        )
    )
    if wool:
        shapes += [
            (
                ellipse(back + 0.1 + i * long * 0.15, body + deep * (0.75 if i % 2 else 0.95), 0.13, 0.12, 14),
                pale,
                0.98,
                255,
            )
            for i in range(6)
        ]
    shapes += [_leg(x, leg + 0.06, s, thick, times(colour, 0.94)) for x, s in ((front, stride), (back, -stride))]
    hx, hy = long * 0.5 + form.neck * 0.6, 0.9 - form.head * 0.1
    shapes.append(
        (
            limb(
                [(front, body + deep * 0.4), (hx - form.head * 0.2, hy - form.head * 0.1)],
                [deep * 1.1, form.head * 0.9],
            ),
            colour,
            0.97,
            255,
        )
    )
    if form.extra == "mane":
        shapes.append(
            (ellipse(hx - 0.06, hy - 0.04, form.head * 1.1, form.head * 1.2, 20), times(colour, 0.66), 1.0, 255)
        )
    if form.extra in ("crest", "horn"):
        shapes.append(
            (
                limb([(hx - form.head * 0.6, hy + form.head * 0.3), (front - 0.02, body + deep)], [0.09, 0.1]),
                times(colour, 0.5),
                1.0,
                255,
            )
        )
    shapes += _ears(form, hx, hy, colour)
    shapes.append((ellipse(hx, hy, form.head * 0.62, form.head * 0.56, 22), colour, 1.02, 255))
    if form.snout:
        shapes.append(
            (
                limb(
                    [
                        (hx + form.head * 0.2, hy - form.head * 0.16),
                        (hx + form.head * 0.5 + form.snout, hy - form.head * 0.3),
                    ],
                    [form.head * 0.6, form.head * 0.42],
                ),
                pale,
                1.0,
                255,
            )
        )
        shapes.append(
            (ellipse(hx + form.head * 0.58 + form.snout, hy - form.head * 0.24, 0.024, 0.02, 10), _DARK, 1.0, 255)
        )
    if form.extra == "trunk":
        shapes.append(
            (
                limb([(hx + 0.1, hy - 0.04), (hx + 0.22, hy - 0.3), (hx + 0.18, hy - 0.56)], [0.12, 0.09, 0.06]),
                colour,
                0.94,
                255,
            )
        )
        shapes.append((limb([(hx + 0.1, hy - 0.14), (hx + 0.26, hy - 0.2)], [0.04, 0.02]), _PALE, 1.0, 255))
    horns = {
        "horns": ((-0.04, 0.12, 0.02, 0.2), (0.04, 0.12, 0.12, 0.22)),
        "horn": ((0.04, 0.08, 0.14, 0.3),),
        "antlers": (
            (-0.03, 0.1, -0.08, 0.34),
            (0.03, 0.1, 0.1, 0.34),
            (-0.06, 0.22, -0.16, 0.3),
            (0.07, 0.22, 0.18, 0.3),
        ),
    }
    shapes += [
        (limb([(hx + a, hy + b), (hx + c, hy + d)], [0.03, 0.012]), (222, 206, 170), 1.0, 255)
        for a, b, c, d in horns.get(form.extra, ())
    ]
    return [*shapes, *_eye(hx + form.head * 0.16, hy + form.head * 0.12)] if seen else shapes


def _leg(x: float, top: float, stride: float, thick: float, colour: RGB) -> Shape:
    return (
        limb([(x, top), (x + stride * 0.6, top * 0.5), (x + stride, 0.02)], [thick, thick * 0.7, thick * 0.62]),
        colour,
        0.9,
        255,
    )


def _tail(form: Form, x: float, y: float, colour: RGB) -> list[Shape]:
    ways: dict[str, tuple[list[Spot], list[float], RGB]] = {
        "long": ([(x, y), (x - 0.24, y + 0.02), (x - 0.36, y + 0.16)], [0.08, 0.06, 0.04], colour),
        "bushy": ([(x, y), (x - 0.22, y - 0.04), (x - 0.46, y + 0.06)], [0.08, 0.18, 0.06], colour),
        "up": ([(x, y), (x - 0.18, y + 0.14), (x - 0.14, y + 0.44)], [0.07, 0.06, 0.05], colour),
        "hair": ([(x, y), (x - 0.14, y - 0.1), (x - 0.16, y - 0.42)], [0.07, 0.12, 0.06], times(colour, 0.5)),
        "thin": ([(x, y), (x - 0.16, y - 0.06), (x - 0.2, y - 0.34)], [0.04, 0.025, 0.035], times(colour, 0.8)),
        "short": ([(x, y), (x - 0.1, y + 0.06)], [0.08, 0.05], mix(colour, _PALE, 0.3)),
    }
    way = ways.get(form.tail)
    return [(limb(way[0], way[1]), way[2], 0.92, 255)] if way else []


def _ears(form: Form, x: float, y: float, colour: RGB) -> list[Shape]:
    r, dark = form.head, times(colour, 0.8)
    ears: dict[str, list[Shape]] = {
        "pointed": [
            ([(x - r * 0.4, y + r * 0.3), (x - r * 0.24, y + r * 0.98), (x + r * 0.02, y + r * 0.46)], dark, 1.0, 255),
            ([(x - r * 0.1, y + r * 0.4), (x + r * 0.12, y + r * 1.0), (x + r * 0.3, y + r * 0.4)], colour, 1.0, 255),
        ],
        "hanging": [
            (limb([(x - r * 0.36, y + r * 0.4), (x - r * 0.5, y - r * 0.28)], [r * 0.26, r * 0.3]), dark, 1.0, 255)
        ],
        "round": [(ellipse(x + d * r, y + r * 0.5, r * 0.26, r * 0.28, 14), dark, 1.0, 255) for d in (-0.36, 0.22)],
        "long": [
            (
                limb([(x + d * r, y + r * 0.3), (x + (d - 0.2) * r, y + r * 1.7)], [r * 0.3, r * 0.18]),
                dark,
                1.0 + d * 0.2,
                255,
            )
            for d in (-0.34, 0.0)
        ],
        "great": [(ellipse(x - r * 0.5, y - r * 0.02, r * 0.6, r * 0.8, 20), dark, 0.95, 255)],
    }
    return ears.get(form.ears, [])


def _bird(colour: RGB, form: str, seen: bool) -> list[Shape]:
    beak, neck = (222, 158, 64), 0.5 if form == "tall" else 0.6
    return [
        *((limb([(x, 0.3), (x, 0.02), (x + 0.07, 0.01)], [0.03, 0.026, 0.02]), beak, 0.9, 255) for x in (-0.04, 0.06)),
        (
            smooth([(-0.5, 0.42), (-0.2, 0.62), (0.1, 0.6), (0.22, 0.42), (0.05, 0.24), (-0.2, 0.28)], 5),
            colour,
            1.0,
            255,
        ),
        (limb([(0.1, 0.5), (0.15, neck + 0.26)], [0.24, 0.16]), colour, 1.0, 255),
        (smooth([(-0.44, 0.4), (-0.12, 0.56), (0.08, 0.46), (-0.1, 0.32)], 4), times(colour, 0.74), 1.0, 255),
        (ellipse(0.16, 0.86, 0.12, 0.115, 20), mix(colour, _PALE, 0.1), 1.02, 255),
        ([(0.26, 0.9), (0.42, 0.85), (0.26, 0.82)], beak, 1.0, 255),
        *(_eye(0.2, 0.89, 0.024) if seen else []),
    ]


def _fish(colour: RGB, form: str, seen: bool) -> list[Shape]:
    return [
        ([(-0.46, 0.56), (-0.78, 0.84), (-0.7, 0.56), (-0.78, 0.3)], times(colour, 0.8), 1.0, 255),
        (
            smooth([(-0.5, 0.56), (-0.1, 0.86), (0.38, 0.78), (0.6, 0.58), (0.38, 0.42), (-0.1, 0.32)], 5),
            colour,
            1.0,
            255,
        ),
        (
            smooth([(-0.3, 0.46), (0.2, 0.52), (0.55, 0.55), (0.34, 0.42), (-0.1, 0.33)], 4),
            mix(colour, _PALE, 0.5),
            1.0,
            255,
        ),
        ([(-0.12, 0.8), (0.02, 1.0), (0.16, 0.82)], times(colour, 0.8), 1.0, 255),
        (smooth([(0.0, 0.5), (0.18, 0.5), (0.02, 0.3)], 3), times(colour, 0.72), 1.0, 255),
        *(_eye(0.42, 0.64, 0.03) if seen else []),
    ]


def _snake(colour: RGB, form: str, seen: bool) -> list[Shape]:
    legs = (
        [
            (limb([(x, 0.22), (x + 0.08, 0.02)], [0.07, 0.05]), times(colour, 0.8), 0.9, 255)
            for x in (-0.4, -0.2, 0.25, 0.42)
        ]
        if form == "lizard"
        else []
    )
    return [
        *legs,
        (
            limb(
                [(-1.0, 0.06), (-0.7, 0.2), (-0.3, 0.1), (0.1, 0.22), (0.5, 0.3), (0.75, 0.7)],
                [0.05, 0.14, 0.2, 0.2, 0.18, 0.16],
            ),
            colour,
            1.0,
            255,
        ),
        (
            limb([(-0.6, 0.2), (-0.3, 0.13), (0.1, 0.25), (0.45, 0.32)], [0.03, 0.05, 0.05, 0.03]),
            times(colour, 0.66),
            1.0,
            255,
        ),
        (ellipse(0.78, 0.72, 0.17, 0.12, 20), colour, 1.04, 255),
        (limb([(0.92, 0.69), (1.06, 0.66)], [0.02, 0.012]), (196, 70, 64), 1.0, 255),
        *(_eye(0.82, 0.76, 0.026) if seen else []),
    ]


def _bug(colour: RGB, form: str, seen: bool) -> list[Shape]:
    wings: list[Shape] = (
        [
            (smooth([(-0.05, 0.6), (-0.3 + d, 1.0), (-0.05 + d, 1.06), (0.12, 0.62)], 5), (226, 236, 242), 1.0, 170)
            for d in (-0.16, 0.1)
        ]
        if form == "wings"
        else []
    )
    return [
        *(
            (limb([(x, 0.4), (x + d, 0.2), (x + d * 1.7, 0.02)], [0.035, 0.028, 0.02]), _DARK, 1.0, 255)
            for x, d in ((-0.24, -0.16), (-0.05, -0.05), (0.1, 0.06), (0.24, 0.16))
        ),
        (ellipse(-0.2, 0.5, 0.34, 0.24, 24), colour, 1.0, 255),
        *((limb([(x, 0.3), (x + 0.02, 0.7)], [0.05, 0.05]), times(colour, 0.45), 1.0, 255) for x in (-0.34, -0.16)),
        *wings,
        (ellipse(0.2, 0.55, 0.18, 0.17, 20), times(colour, 0.7), 1.0, 255),
        (ellipse(0.42, 0.62, 0.15, 0.15, 20), times(colour, 0.55), 1.05, 255),
        *((limb([(0.46, 0.74), (0.5 + d, 0.98)], [0.022, 0.014]), _DARK, 1.0, 255) for d in (0.0, 0.14)),
        *(_eye(0.47, 0.65, 0.04) if seen else []),
    ]


def _frog(colour: RGB, form: str, seen: bool) -> list[Shape]:
    return [
        (limb([(-0.36, 0.36), (-0.5, 0.12), (-0.26, 0.04)], [0.2, 0.16, 0.1]), times(colour, 0.86), 0.95, 255),
        (smooth([(-0.45, 0.2), (-0.2, 0.62), (0.2, 0.8), (0.46, 0.62), (0.36, 0.26), (0.0, 0.1)], 5), colour, 1.0, 255),
        (smooth([(0.0, 0.14), (0.36, 0.3), (0.42, 0.52), (0.1, 0.46)], 4), mix(colour, _PALE, 0.55), 1.0, 255),
        (limb([(0.26, 0.34), (0.34, 0.04), (0.48, 0.02)], [0.12, 0.08, 0.06]), times(colour, 0.9), 1.0, 255),
        (ellipse(0.2, 0.86, 0.11, 0.11, 16), colour, 1.04, 255),
        *(_eye(0.23, 0.88, 0.055) if seen else []),
    ]


def _dragon(colour: RGB, form: str, seen: bool) -> list[Shape]:
    wing = times(colour, 0.7)
    return [
        (smooth([(-0.1, 0.62), (-0.5, 1.14), (-0.2, 1.0), (0.0, 1.16), (0.12, 0.66)], 4), wing, 1.0, 255),
        *_beast(
            Form(tail="long", neck=0.28, head=0.17, snout=0.18, ears="none", legs=0.3, length=1.3, extra="antlers"),
            colour,
            "standing",
            seen,
        ),
        (
            smooth([(-0.2, 0.56), (-0.72, 1.0), (-0.4, 0.92), (-0.26, 1.06), (0.02, 0.6)], 4),
            times(colour, 0.82),
            1.0,
            230,
        ),
    ]


def _robot(colour: RGB, form: str, seen: bool) -> list[Shape]:
    dark, glow = times(colour, 0.6), (122, 214, 240)
    return [
        *(
            ([(x - 0.07, 0.0), (x + 0.07, 0.0), (x + 0.06, 0.36), (x - 0.06, 0.36)], dark, 1.0, 255)
            for x in (-0.12, 0.12)
        ),
        *((limb([(s * 0.25, 0.68), (s * 0.31, 0.4)], [0.08, 0.09]), dark, 1.0, 255) for s in (-1, 1)),
        ([(-0.22, 0.34), (0.22, 0.34), (0.25, 0.74), (-0.25, 0.74)], colour, 1.0, 255),
        ([(-0.2, 0.34), (-0.06, 0.34), (-0.08, 0.74), (-0.24, 0.74)], times(colour, 0.82), 1.0, 255),
        ([(-0.08, 0.48), (0.12, 0.48), (0.12, 0.6), (-0.08, 0.6)], dark, 1.0, 255),
        (limb([(0.0, 0.74), (0.0, 0.8)], [0.08, 0.08]), dark, 1.0, 255),
        ([(-0.17, 0.78), (0.17, 0.78), (0.16, 1.0), (-0.16, 1.0)], mix(colour, _PALE, 0.15), 1.0, 255),
        *(
            [
                ([(-0.12, 0.85), (0.12, 0.85), (0.12, 0.94), (-0.12, 0.94)], _DARK, 1.0, 255),
                *((ellipse(x, 0.895, 0.03, 0.03, 12), glow, -1.0, 255) for x in (-0.055, 0.055)),
            ]
            if seen
            else []
        ),
        (limb([(0.0, 1.0), (0.0, 1.07)], [0.014, 0.014]), dark, 1.0, 255),
        (ellipse(0.0, 1.08, 0.02, 0.02, 10), (232, 92, 78), -1.0, 255),
    ]


def _vehicle(colour: RGB, form: str, seen: bool) -> list[Shape]:
    glass = (176, 206, 220)
    return [
        (
            smooth(
                [
                    (-1.0, 0.2),
                    (-1.0, 0.56),
                    (-0.6, 0.62),
                    (-0.4, 0.98),
                    (0.3, 0.98),
                    (0.56, 0.62),
                    (1.0, 0.52),
                    (1.02, 0.2),
                ],
                3,
            ),
            colour,
            1.0,
            255,
        ),
        ([(-0.5, 0.62), (-0.34, 0.88), (-0.06, 0.88), (-0.06, 0.62)], glass, 1.0, 255),
        ([(0.02, 0.62), (0.02, 0.88), (0.26, 0.88), (0.44, 0.62)], glass, 1.05, 255),
        *(
            (ellipse(x, 0.18, r, r, 22), c, 1.0, 255)
            for x in (-0.6, 0.6)
            for r, c in ((0.2, _DARK), (0.09, (180, 182, 186)))
        ),
        (ellipse(0.96, 0.46, 0.05, 0.06, 12), (255, 232, 168), -1.0, 255),
    ]


def _boat(colour: RGB, form: str, seen: bool) -> list[Shape]:
    return [
        (limb([(0.0, 0.3), (0.0, 1.1)], [0.05, 0.04]), times(colour, 0.7), 1.0, 255),
        ([(0.05, 1.08), (0.05, 0.46), (0.6, 0.48)], _PALE, 1.0, 255),
        ([(-0.04, 1.0), (-0.04, 0.46), (-0.46, 0.48)], _PALE, 0.88, 255),
        (smooth([(-1.0, 0.44), (-0.8, 0.06), (0.7, 0.06), (1.1, 0.5), (0.6, 0.38), (-0.6, 0.36)], 4), colour, 1.0, 255),
        (limb([(-0.95, 0.4), (0.0, 0.32), (1.0, 0.44)], [0.04] * 3), times(colour, 1.25), 1.0, 255),
    ]


def _craft(colour: RGB, form: str, seen: bool) -> list[Shape]:
    if form == "drone":
        return [
            *((limb([(0.0, 0.7), (s * 0.5, 0.84)], [0.06, 0.04]), times(colour, 0.7), 1.0, 255) for s in (-1, 1)),
            *((ellipse(s * 0.5, 0.9, 0.3, 0.03, 18), (210, 216, 222), 1.0, 200) for s in (-1, 1)),
            (ellipse(0.0, 0.66, 0.26, 0.17, 24), colour, 1.0, 255),
            *(
                [
                    (ellipse(0.1, 0.64, 0.09, 0.09, 16), _DARK, 1.0, 255),
                    (ellipse(0.12, 0.65, 0.04, 0.04, 12), (122, 214, 240), -1.0, 255),
                ]
                if seen
                else []
            ),
        ]
    return [
        ([(-0.6, 0.5), (-0.95, 0.86), (-0.4, 0.66)], times(colour, 0.7), 1.0, 255),
        (smooth([(-0.8, 0.5), (-0.3, 0.78), (0.5, 0.74), (0.95, 0.54), (0.5, 0.4), (-0.4, 0.36)], 5), colour, 1.0, 255),
        ([(-0.3, 0.44), (-0.7, 0.16), (0.2, 0.42)], times(colour, 0.8), 1.0, 255),
        (smooth([(0.3, 0.62), (0.44, 0.72), (0.7, 0.64), (0.6, 0.56)], 4), (140, 200, 224), 1.0, 255),
    ]


def _plant(colour: RGB, form: str, seen: bool) -> list[Shape]:
    return [
        (limb([(0.0, 0.0), (0.02, 0.36), (0.0, 0.6)], [0.14, 0.09, 0.07]), (112, 84, 60), 0.95, 255),
        *(
            (ellipse(x, y, 0.26, 0.2, 20), colour, s, 255)
            for x, y, s in ((-0.2, 0.62, 0.86), (0.2, 0.64, 0.94), (0.0, 0.82, 1.04), (0.06, 0.6, 0.98))
        ),
        *([*_eye(-0.06, 0.8, 0.022), *_eye(0.06, 0.8, 0.022)] if seen else []),
    ]


def _screen(colour: RGB, form: str, seen: bool) -> list[Shape]:
    return [
        (limb([(0.0, 0.1), (0.0, 0.4)], [0.08, 0.08]), _DARK, 1.0, 255),
        (ellipse(0.0, 0.06, 0.26, 0.05, 18), _DARK, 1.0, 255),
        ([(-0.5, 0.38), (0.5, 0.38), (0.5, 1.0), (-0.5, 1.0)], (58, 64, 74), 1.0, 255),
        *(
            [
                ([(-0.45, 0.43), (0.45, 0.43), (0.45, 0.95), (-0.45, 0.95)], colour, -1.0, 255),
                (
                    limb(
                        [(-0.34, 0.69), (-0.16, 0.69), (-0.08, 0.84), (0.06, 0.54), (0.14, 0.69), (0.34, 0.69)],
                        [0.03] * 6,
                    ),
                    _PALE,
                    -1.0,
                    255,
                ),
            ]
            if seen
            else []
        ),
    ]


def _spirit(colour: RGB, form: str, seen: bool) -> list[Shape]:
    return [
        *((ellipse(0.0, 0.62, r, r, 30), colour, -1.0, a) for r, a in ((0.5, 46), (0.38, 80), (0.28, 230))),
        *([*_eye(-0.08, 0.64, 0.03), *_eye(0.08, 0.64, 0.03)] if seen else []),
    ]


def _creature(colour: RGB, form: str, seen: bool) -> list[Shape]:
    feet = [
        (limb([(x, 0.34), (x * 1.5, 0.03)], [0.12, 0.06]), times(colour, 0.84), 0.95, 255)
        for x in ((-0.4, -0.2, 0.0, 0.2, 0.4) if form == "tentacles" else (-0.18, 0.18))
    ]
    return [
        *feet,
        (
            smooth(
                [
                    (-0.34, 0.2),
                    (-0.4, 0.6),
                    (-0.22, 0.94),
                    (0.0, 1.0),
                    (0.22, 0.94),
                    (0.4, 0.6),
                    (0.34, 0.2),
                    (0.0, 0.14),
                ],
                5,
            ),
            colour,
            1.0,
            255,
        ),
        (smooth([(-0.34, 0.2), (-0.4, 0.6), (-0.2, 0.9), (-0.14, 0.5), (-0.1, 0.16)], 4), times(colour, 0.8), 1.0, 150),
        *([*_eye(-0.1, 0.74, 0.06), *_eye(0.12, 0.74, 0.06)] if seen else []),
    ]


def _thing(colour: RGB, form: str, seen: bool) -> list[Shape]:
    return [
        (
            smooth([(-0.3, 0.02), (-0.34, 0.5), (-0.2, 0.86), (0.2, 0.86), (0.34, 0.5), (0.3, 0.02)], 4),
            colour,
            1.0,
            255,
        ),
        (
            smooth([(-0.3, 0.02), (-0.34, 0.5), (-0.2, 0.84), (-0.1, 0.5), (-0.12, 0.02)], 4),
            times(colour, 0.8),
            1.0,
            160,
        ),
        (limb([(-0.18, 0.9), (0.18, 0.9)], [0.08, 0.08]), times(colour, 0.7), 1.0, 255),
        *([*_eye(-0.09, 0.6, 0.035), *_eye(0.11, 0.6, 0.035)] if seen else []),
    ]


_DRAWN: dict[str, Callable[[RGB, str, bool], list[Shape]]] = {
    "bird": _bird,
    "fish": _fish,
    "snake": _snake,
    "bug": _bug,
    "frog": _frog,
    "dragon": _dragon,
    "robot": _robot,
    "vehicle": _vehicle,
    "boat": _boat,
    "craft": _craft,
    "plant": _plant,
    "screen": _screen,
    "spirit": _spirit,
    "creature": _creature,
    "thing": _thing,
}
