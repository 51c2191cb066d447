"""People: a body in its stance, dressed in the character's colours, with a face and what the hands hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.sketch.drawing import creatures, props
from workbench.sketch.drawing.bodies import FRONT, SIDE, Body, turn_half
from workbench.sketch.drawing.colour import RGB, mix, times
from workbench.sketch.drawing.faces import head
from workbench.sketch.drawing.looks import Look
from workbench.sketch.drawing.space import Spot
from workbench.sketch.drawing.stage import Shape, ellipse, limb, smooth

_SHOE: RGB = (52, 44, 46)
#: three-quarter, to the right: as a reference sheet shows somebody who stands; no shot asks for it
HALF = "half"


@dataclass(frozen=True)
class Figure:
    """Somebody, ready to be drawn. `facing`: camera, away, left, right or `HALF`; `left` and `right` are what the hands
    hold."""

    look: Look
    stance: str
    facing: str
    expression: str
    left: str = ""
    right: str = ""

    @property
    def body(self) -> Body:
        if self.facing == HALF:
            return turn_half(FRONT[self.stance], SIDE[self.stance])
        table = SIDE if self.facing in ("left", "right") else FRONT
        return _holding(table.get(self.stance, table["standing"]), self)

    @property
    def side(self) -> bool:
        return self.facing in ("left", "right") or self.stance == "lying"

    @property
    def turn(self) -> float:
        """How far the body is turned: 0 towards us or away, 1 to a side."""
        return 0.5 if self.facing == HALF else float(self.side)

    def eyes(self) -> Spot:
        """Where the face is, as drawn."""
        if not self.look.human:
            x, y = creatures.head_of(self.look, self.stance)
            return -x if self.facing in ("left", "away") else x, y
        x, y = self.body.head
        return (-x if self.facing == "left" else x) * self.look.height, y * self.look.height

    def hand(self) -> Spot:
        """Where the holding hand is, as drawn; of what has none, its middle."""
        if not self.look.human:
            return 0.0, creatures.head_of(self.look, self.stance)[1] * 0.6
        x, y = self.body.near_arm[1]
        return (-x if self.facing == "left" else x) * self.look.height, y * self.look.height


def _holding(body: Body, figure: Figure) -> Body:
    """Hands that hold something come up before the chest."""
    if figure.stance == "lying" or not (figure.left or figure.right):
        return body
    x, y = body.neck
    out = 0.34 if figure.facing in ("left", "right") else 0.17
    near = (
        ((x + out * 0.32, y - 0.32), (x + out, y - 0.2))
        if figure.right or figure.facing in ("left", "right")
        else body.near_arm
    )
    far = body.far_arm
    if figure.left and figure.facing not in ("left", "right"):
        far = ((x - 0.24, y - 0.3), (x - out, y - 0.22))
    elif figure.left and figure.right:
        far = ((x + out * 0.5, y - 0.3), (x + out * 1.1, y - 0.34))
    return Body(body.hip, body.neck, body.head, body.near_leg, body.far_leg, near, far, body.tilt, body.seat, body.wind)


def figure_shapes(figure: Figure, close: float, inside: bool, wood: RGB, glance: bool = False) -> list[Shape]:
    """The figure's areas around its foot point, far ones first. `close` is its head's height in pixels.

    With `glance` somebody who faces away looks back over the shoulder: a close-up needs a face.
    """
    if not figure.look.human:
        return creatures.creature_shapes(figure.look, figure.stance, figure.facing, figure.expression)
    look, body = figure.look, figure.body
    side, away, turn = figure.side, figure.facing == "away", figure.turn
    wide = look.width
    shapes: list[Shape] = []
    if body.seat is not None:
        shapes += _seat(body.seat, inside, wood)
    if figure.stance == "leaning":
        shapes += _post(body, inside, wood)
    if figure.stance == "lying":
        shapes.append((limb([(-0.86, 0.04), (1.02, 0.04)], [0.1, 0.1]), mix(look.under, wood, 0.6), 0.8, 255))
    long = look.garment in ("robe", "dress")
    shapes += _arm(look, body, body.far_arm, 0.78, -1, turn, wide)
    if figure.left and not (side and figure.right == ""):
        shapes += props.draw_held(figure.left, body.far_arm[1], close)
    shapes += _legs(look, body, long, turn, figure.stance, wide)
    shapes += _torso(look, body, turn, away, close, wide, figure.stance)
    lying = figure.stance == "lying"
    # a head that is turned to a side shows both its eyes
    turned = "right" if figure.facing in ("left", HALF) else figure.facing
    if away and glance:
        turned = "right" if figure.look.width > 1 else "left"
    face = head(
        look,
        "camera" if lying and not away else turned,
        figure.expression,
        close,
        1.2 if lying else -body.tilt,
        body.wind,
    )
    shapes += [([(x + body.head[0], y + body.head[1]) for x, y in spots], c, s, a) for spots, c, s, a in face]
    arm = _arm(look, body, body.near_arm, 0.96, 1, turn, wide)
    shapes = [*arm, *shapes] if away else [*shapes, *arm]
    thing = figure.right or (figure.left if side else "")
    if thing and not away:
        shapes += [*props.draw_held(thing, body.near_arm[1], close), *_fingers(look, body.near_arm[1], close)]
    flip = -1.0 if figure.facing == "left" else 1.0
    tall = look.height
    return [([(x * flip * tall, y * tall) for x, y in spots], c, s, a) for spots, c, s, a in shapes]


def shadow(figure: Figure) -> tuple[float, float]:
    """How far the figure's shadow reaches to both sides of its foot point, and how deep it is."""
    if not figure.look.human:
        return creatures.reach(figure.look) * 0.7, 0.16
    return (0.95, 0.2) if figure.stance == "lying" else (0.36, 0.16)


def _seat(seat: tuple[float, float, float], inside: bool, wood: RGB) -> list[Shape]:
    left, right, top = seat
    if not inside:
        rock = times(mix(wood, (128, 128, 126), 0.6), 0.9)
        return [
            (smooth([(left - 0.08, 0.0), (left - 0.04, top * 0.7), (left + 0.1, top), (right, top * 0.98),
                (right + 0.07, top * 0.5), (right + 0.04, 0.0)], 4), rock, 0.92, 255),
            (smooth([(left - 0.02, top * 0.72), (left + 0.1, top), (right, top * 0.98), (right - 0.08, top * 0.8)], 4),
                times(rock, 1.15), 1.0, 255),
        ]  # fmt: skip
    return [
        (limb([(left + 0.05, 0.0), (left + 0.05, top)], [0.05, 0.05]), wood, 0.66, 255),
        (limb([(right - 0.04, 0.0), (right - 0.04, top)], [0.05, 0.05]), wood, 0.66, 255),
        ([(left, top - 0.07), (right, top - 0.07), (right, top), (left, top)], wood, 0.95, 255),
    ]  # fmt: skip


def _post(body: Body, inside: bool, wood: RGB) -> list[Shape]:
    """What a leaning body rests its back on."""
    x, top = body.neck[0] - 0.2, 2.9 if inside else 1.5
    return [
        ([(x - 0.06, 0), (x + 0.05, 0), (x + 0.05, top), (x - 0.06, top)], wood, 0.82, 255),
        ([(x + 0.02, 0), (x + 0.05, 0), (x + 0.05, top), (x + 0.02, top)], wood, 0.66, 255),
    ]


def _between(front: float, side: float, turn: float) -> float:
    """What is between two measures of a body that is turned so far."""
    return front if not turn else side if turn == 1 else front + (side - front) * turn


def _legs(look: Look, body: Body, long: bool, turn: float, stance: str, wide: float) -> list[Shape]:
    spread = _between(0.075, 0.02, turn)
    cloth = look.coat if look.garment == "robe" else look.under
    shoe = look.skin if look.barefoot else _SHOE
    shapes: list[Shape] = []
    for leg, sign, shade in ((body.far_leg, -1, 0.72), (body.near_leg, 1, 0.9)):
        knee, foot = leg
        start = (body.hip[0] + spread * sign, body.hip[1])
        thick = (0.2 if look.garment == "robe" else 0.17) * wide
        bare = look.garment == "dress"
        shapes.append(
            (
                limb([start, knee, (foot[0], foot[1] + 0.05)], [thick, thick * 0.8, thick * 0.56]),
                look.skin if bare else cloth,
                shade,
                255,
            )
        )
        if turn:
            toe = (foot[0] + 0.13 * turn, foot[1]) if stance != "lying" else (foot[0] + 0.03, foot[1] + 0.1)
            shapes.append((limb([(foot[0] - 0.02, foot[1] + 0.02), toe], [0.085, 0.06]), shoe, shade, 255))
        else:
            shapes.append((ellipse(foot[0], foot[1] + 0.015, 0.06, 0.045, 14), shoe, shade, 255))
    if long and stance not in ("lying",):
        shapes.append((_skirt(look, body, turn, stance, wide), look.coat, 0.92, 255))
        shapes.append((_fold(body, turn, stance), look.deep, 0.92, 150))
    return shapes


def _skirt(look: Look, body: Body, turn: float, stance: str, wide: float) -> list[Spot]:
    """From the waist down to a hem that follows the feet."""
    hx, hy = body.hip
    knees, feet = (body.near_leg[0], body.far_leg[0]), (body.near_leg[1], body.far_leg[1])
    left, right = min(f[0] for f in feet), max(f[0] for f in feet)
    waist = _between(0.165, 0.13, turn) * wide
    if stance in ("sitting", "kneeling", "crouching"):
        knee_left, knee_right = min(k[0] for k in knees), max(k[0] for k in knees)
        top = max(k[1] for k in knees) + 0.1
        low = 0.1 if look.garment == "robe" else 0.2
        return smooth(
            [
                (hx - waist, hy + 0.14),
                (hx - waist - 0.06, hy - 0.06),
                (min(left, knee_left) - 0.06, low),
                (right + 0.08, low),
                (knee_right + 0.1, top - 0.08),
                (knee_right, top),
                (hx + waist, hy + 0.2),
            ],
            4,
        )
    low = (0.09 if look.garment == "robe" else 0.3) + 0.5 * min(f[1] for f in feet)
    blown = body.wind * 0.9
    return smooth(
        [
            (hx - waist * 0.86, hy + 0.16),
            (hx + waist * 0.86, hy + 0.16),
            (hx + waist * 1.25, hy - 0.22),
            (right + 0.11, low + 0.02),
            ((left + right) / 2, low - 0.035),
            (left - 0.1 - blown, low + 0.03 + blown * 0.4),
            (hx - waist * 1.3 - blown * 0.4, hy - 0.22),
        ],
        4,
    )


def _fold(body: Body, turn: float, stance: str) -> list[Spot]:
    hx, hy = body.hip
    if stance in ("sitting", "kneeling", "crouching"):
        return [(hx, hy + 0.05), (hx + 0.06, hy - 0.02), (hx + 0.02, hy - 0.1)]
    x = hx - _between(0.02, 0.05, turn)
    return [(x, hy + 0.08), (x + 0.035, hy - 0.3), (x - 0.01, 0.14), (x - 0.06, 0.14)]


def _torso(look: Look, body: Body, turn: float, away: bool, close: float, wide: float, stance: str) -> list[Shape]:
    hx, hy = body.hip
    nx, ny = body.neck
    across, along = _frame(body)
    shoulder, waist = _between(0.205, 0.135, turn) * wide, _between(0.15, 0.13, turn) * wide
    chest = _between(0.19, 0.155, turn) * wide

    def at(u: float, t: float) -> Spot:
        """`t` from the hip (0) to the neck (1), `u` sideways."""
        return (hx + (nx - hx) * t + across[0] * u, hy + (ny - hy) * t + across[1] * u)

    flare = 1.35 if look.garment == "coat" else 1.08
    low = -0.3 if look.garment == "coat" and stance in ("standing", "walking", "leaning") else -0.12
    outline = smooth(
        [
            at(-0.055, 1.07),
            at(-shoulder * 0.75, 1.0),
            at(-shoulder, 0.88),
            at(-chest, 0.6),
            at(-waist, 0.25),
            at(-waist * flare, low),
            at(waist * flare, low),
            at(waist, 0.25),
            at(chest, 0.6),
            at(shoulder, 0.88),
            at(shoulder * 0.75, 1.0),
            at(0.055, 1.07),
        ],
        4,
    )
    shapes: list[Shape] = [(outline, look.coat, 1.0, 255)]
    # The side turned away from the light.
    shapes.append(
        (
            smooth(
                [
                    at(-shoulder * 0.98, 0.86),
                    at(-chest, 0.6),
                    at(-waist, 0.25),
                    at(-waist * flare, low),
                    at(-waist * 0.35, low),
                    at(-waist * 0.3, 0.3),
                    at(-chest * 0.45, 0.7),
                ],
                4,
            ),
            look.deep,
            1.0,
            170,
        )
    )
    if away:
        return shapes
    lean = shoulder * 0.35 * turn
    if look.garment == "robe":
        # One side is laid over the other, down to the sash.
        shapes += [
            ([at(lean - 0.05, 1.07), at(lean - 0.085, 1.03), at(waist * 0.5, 0.3), at(waist * 0.8, 0.3)], look.under,
                0.98, 255),
            ([at(lean + 0.05, 1.07), at(lean + 0.085, 1.03), at(lean + 0.05, 0.74), at(lean + 0.015, 0.8)], look.under,
                0.9, 255),
            ([at(lean - 0.045, 1.07), at(lean + 0.045, 1.07), at(lean + 0.012, 0.86)],
                look.skin if close > 20 else look.under, 0.94, 255),
            ([at(-waist * 1.03, 0.3), at(waist * 1.03, 0.3), at(waist * 1.05, 0.14), at(-waist * 1.05, 0.14)],
                look.under, 0.86, 255),
        ]  # fmt: skip
    elif look.garment == "coat":
        shapes.append(([at(lean - 0.06, 1.06), at(lean + 0.06, 1.06), at(lean, 0.66)], look.under, 1.0, 255))
        shapes.append(([at(lean - 0.065, 1.08), at(lean - 0.11, 0.86), at(lean - 0.01, 0.6)], look.deep, 1.05, 255))
        shapes.append(([at(lean + 0.065, 1.08), at(lean + 0.11, 0.86), at(lean + 0.01, 0.6)], look.deep, 1.12, 255))
        if close > 22:
            shapes += [(ellipse(*at(lean, t), 0.014, 0.014, 10), look.under, 0.8, 255) for t in (0.46, 0.26, 0.06)]
    elif look.garment == "suit":
        shapes.append(([at(lean - 0.055, 1.06), at(lean + 0.055, 1.06), at(lean, 0.7)], (238, 236, 230), 1.0, 255))
        if close > 20:
            shapes.append(
                (
                    [
                        at(lean - 0.014, 0.99),
                        at(lean + 0.014, 0.99),
                        at(lean + 0.02, 0.76),
                        at(lean, 0.7),
                        at(lean - 0.02, 0.76),
                    ],
                    look.under,
                    0.85,
                    255,
                )
            )
    else:
        shapes.append(
            (
                smooth([at(lean - 0.075, 1.05), at(lean, 0.86), at(lean + 0.075, 1.05), at(lean, 1.0)], 4),
                look.under,
                1.05,
                255,
            )
        )
        shapes.append(
            (
                [at(-waist * 1.02, 0.26), at(waist * 1.02, 0.26), at(waist * 1.04, 0.16), at(-waist * 1.04, 0.16)],
                look.under,
                0.85,
                255,
            )
        )
    _ = along
    return shapes


def _frame(body: Body) -> tuple[Spot, Spot]:
    """Sideways and upwards of the torso."""
    dx, dy = body.neck[0] - body.hip[0], body.neck[1] - body.hip[1]
    size = (dx * dx + dy * dy) ** 0.5 or 1.0
    return (dy / size, -dx / size), (dx / size, dy / size)


def _arm(
    look: Look, body: Body, arm: tuple[Spot, Spot], shade: float, sign: int, turn: float, wide: float
) -> list[Shape]:
    across, _ = _frame(body)
    reach = _between(0.165, 0.02, turn) * wide * sign
    drop = 0.06
    shoulder = (body.neck[0] + across[0] * reach, body.neck[1] - drop + across[1] * reach)
    elbow, hand = arm
    dx, dy = hand[0] - elbow[0], hand[1] - elbow[1]
    loose = look.garment == "robe"
    wrist = (hand[0] - dx * 0.3, hand[1] - dy * 0.3)
    edge = (hand[0] - dx * 0.38, hand[1] - dy * 0.38)
    size = (dx * dx + dy * dy) ** 0.5 or 1.0
    # The hand goes on from the arm.
    tip = (hand[0] + dx / size * 0.03, hand[1] + dy / size * 0.03)
    return [
        (limb([wrist, hand, tip], [0.06, 0.078, 0.05]), look.skin, shade + 0.06, 255),
        (limb([edge, wrist], [0.155 if loose else 0.09, 0.165 if loose else 0.094]), look.under if loose else look.deep,
            shade, 255),
        (limb([shoulder, elbow, edge], [0.135, 0.128 if loose else 0.106, 0.15 if loose else 0.086]), look.coat, shade,
            255),
    ]  # fmt: skip


def _fingers(look: Look, hand: Spot, close: float) -> list[Shape]:
    """Fingers over what is held."""
    x, y = hand
    shapes: list[Shape] = [(ellipse(x - 0.004, y - 0.004, 0.034, 0.038, 14), look.skin, 1.0, 255)]
    if close > 40:
        shapes += [
            (limb([(x - 0.02, y + dy), (x + 0.03, y + dy - 0.002)], [0.018, 0.017]), look.skin, 1.0 - 0.03 * n, 255)
            for n, dy in enumerate((0.024, 0.007, -0.01, -0.026))
        ]
        shapes += [
            (limb([(x - 0.012, y + dy), (x + 0.03, y + dy - 0.002)], [0.003, 0.003]), look.shade, 0.9, 255)
            for dy in (0.0155, -0.0015, -0.018)
        ]
    return shapes


def feet(subjects: Sequence[Figure]) -> float:
    """The widest reach of any of these figures to one side."""
    return max((shadow(s)[0] for s in subjects), default=0.36)
