"""Where a body's joints are, by stance and facing: metres, feet at 0, looking right when seen from the side."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.sketch.drawing.space import Spot


@dataclass(frozen=True)
class Body:
    """`near` is the side towards the camera. Hands may be moved by what they hold."""

    hip: Spot
    neck: Spot
    head: Spot
    near_leg: tuple[Spot, Spot]
    far_leg: tuple[Spot, Spot]
    near_arm: tuple[Spot, Spot]
    far_arm: tuple[Spot, Spot]
    tilt: float = 0.0
    #: what it sits on: left, right, height
    seat: tuple[float, float, float] | None = None
    wind: float = 0.0


#: (knee, foot) and (elbow, hand), seen from the side, facing right
SIDE: dict[str, Body] = {
    "standing": Body(
        (0, 0.9),
        (0.0, 1.4),
        (0.02, 1.585),
        ((0.03, 0.47), (0.03, 0.03)),
        ((-0.05, 0.47), (-0.07, 0.03)),
        ((-0.06, 1.12), (0.02, 0.86)),
        ((0.05, 1.12), (0.1, 0.87)),
    ),
    "walking": Body(
        (0, 0.88),
        (0.05, 1.38),
        (0.08, 1.565),
        ((0.16, 0.5), (0.3, 0.05)),
        ((-0.08, 0.47), (-0.32, 0.07)),
        ((-0.14, 1.14), (-0.2, 0.9)),
        ((0.18, 1.14), (0.32, 0.96)),
        0.05,
        wind=0.05,
    ),
    "running": Body(
        (0, 0.86),
        (0.2, 1.32),
        (0.27, 1.5),
        ((0.32, 0.66), (0.36, 0.24)),
        ((-0.14, 0.5), (-0.52, 0.42)),
        ((-0.06, 1.1), (-0.24, 0.98)),
        ((0.38, 1.08), (0.56, 1.2)),
        0.12,
        wind=0.12,
    ),
    "sitting": Body(
        (-0.06, 0.5),
        (-0.02, 1.0),
        (0.01, 1.185),
        ((0.38, 0.5), (0.36, 0.03)),
        ((0.34, 0.49), (0.26, 0.03)),
        ((-0.04, 0.74), (0.2, 0.6)),
        ((0.08, 0.74), (0.28, 0.6)),
        0.0,
        (-0.32, 0.2, 0.43),
    ),
    "kneeling": Body(
        (0, 0.46),
        (0.04, 0.96),
        (0.07, 1.14),
        ((0.3, 0.46), (0.26, 0.03)),
        ((0.04, 0.06), (-0.4, 0.05)),
        ((-0.02, 0.7), (0.2, 0.58)),
        ((0.12, 0.7), (0.3, 0.6)),
        0.06,
    ),
    "crouching": Body(
        (-0.12, 0.32),
        (0.14, 0.74),
        (0.22, 0.91),
        ((0.26, 0.46), (0.12, 0.03)),
        ((0.18, 0.42), (-0.02, 0.03)),
        ((0.18, 0.46), (0.36, 0.24)),
        ((0.3, 0.5), (0.4, 0.36)),
        0.14,
    ),
    "leaning": Body(
        (0.1, 0.86),
        (-0.16, 1.33),
        (-0.18, 1.52),
        ((0.24, 0.46), (0.36, 0.03)),
        ((0.14, 0.44), (0.2, 0.03)),
        ((-0.14, 1.06), (0.08, 1.08)),
        ((-0.02, 1.06), (0.12, 1.02)),
        -0.08,
    ),
    "lying": Body(
        (0.12, 0.17),
        (-0.42, 0.2),
        (-0.62, 0.24),
        ((0.52, 0.28), (0.82, 0.1)),
        ((0.54, 0.14), (0.9, 0.08)),
        ((-0.24, 0.14), (-0.02, 0.12)),
        ((-0.3, 0.26), (-0.54, 0.12)),
        1.25,
    ),
}
#: the same from the front; near is the picture's right
FRONT: dict[str, Body] = {
    "standing": Body((0, 0.9), (0, 1.4), (0, 1.585), ((0.1, 0.47), (0.11, 0.03)), ((-0.1, 0.47), (-0.12, 0.03)),
        ((0.25, 1.13), (0.235, 0.87)), ((-0.25, 1.13), (-0.235, 0.87))),
    "walking": Body((0.01, 0.88), (0, 1.38), (0, 1.565), ((0.1, 0.5), (0.07, 0.09)), ((-0.1, 0.46), (-0.1, 0.0)),
        ((0.26, 1.12), (0.3, 0.9)), ((-0.25, 1.12), (-0.2, 0.94)), wind=0.05),
    "running": Body((0.02, 0.86), (-0.02, 1.34), (-0.04, 1.52), ((0.15, 0.62), (0.1, 0.3)),
        ((-0.12, 0.45), (-0.12, 0.0)), ((0.36, 1.12), (0.34, 1.3)), ((-0.36, 1.08), (-0.4, 0.9)), wind=0.1),
    "sitting": Body((0, 0.5), (0, 1.0), (0, 1.185), ((0.17, 0.46), (0.16, 0.03)), ((-0.17, 0.46), (-0.16, 0.03)),
        ((0.25, 0.74), (0.13, 0.55)), ((-0.25, 0.74), (-0.13, 0.55)), 0.0, (-0.28, 0.28, 0.43)),
    "kneeling": Body((0, 0.46), (0, 0.96), (0, 1.14), ((0.15, 0.46), (0.14, 0.03)), ((-0.14, 0.06), (-0.15, 0.02)),
        ((0.24, 0.7), (0.14, 0.5)), ((-0.24, 0.7), (-0.15, 0.45))),
    "crouching": Body((0, 0.32), (0.02, 0.76), (0.03, 0.93), ((0.2, 0.42), (0.14, 0.03)), ((-0.2, 0.42), (-0.14, 0.03)),
        ((0.27, 0.5), (0.2, 0.24)), ((-0.27, 0.5), (-0.2, 0.36))),
    "leaning": Body((0.08, 0.88), (-0.1, 1.36), (-0.13, 1.545), ((0.16, 0.46), (0.24, 0.03)),
        ((0.02, 0.45), (0.06, 0.03)), ((0.13, 1.08), (-0.08, 1.09)), ((-0.3, 1.1), (-0.1, 1.04)), -0.06),
    "lying": SIDE["lying"],
}  # fmt: skip


def turn_half(front: Body, side: Body) -> Body:
    """Half-way between the two, as whoever has turned by an eighth stands."""

    def mid(one: Spot, other: Spot) -> Spot:
        return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2

    def limb(one: tuple[Spot, Spot], other: tuple[Spot, Spot]) -> tuple[Spot, Spot]:
        return mid(one[0], other[0]), mid(one[1], other[1])

    return Body(
        mid(front.hip, side.hip),
        mid(front.neck, side.neck),
        mid(front.head, side.head),
        limb(front.near_leg, side.near_leg),
        limb(front.far_leg, side.far_leg),
        limb(front.near_arm, side.near_arm),
        limb(front.far_arm, side.far_arm),
    )
