"""Rooms of many people, or of none: a temple has its idol, a station its train, a cell its bars."""

from __future__ import annotations

import math

from workbench.sketch.drawing import furniture as f
from workbench.sketch.drawing import rooms as r
from workbench.sketch.drawing.colour import RGB, mix, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Stage, ellipse, limb, smooth


def temple(stage: Stage, where: Setting) -> None:
    east = where.era != "west"
    wall = (150, 92, 74) if east else (176, 170, 158)
    red, stone = (146, 60, 48) if east else (186, 178, 164), (140, 134, 126)
    room = r.room(
        stage,
        where,
        mix(wall, (120, 100, 90), 0.3),
        stone,
        (96, 60, 48),
        width=6.2,
        back=6.0,
        height=5.6,
        pave="stone",
        beams=east,
    )
    for z in (4.6, 1.8, -1.2, -4.0):
        for x in (-4.0, 4.0):
            f.pillar(stage, x, z, 0.34, 5.6, red, (128, 122, 116))
    stage.box(0, 5.0, 5.0, 0.5, 1.6, (132, 126, 120))
    stage.box(0, 5.2, 3.4, 0.5, 1.0, (122, 114, 108), y=0.5)
    if east:
        _idol(stage, 0, 5.1)
        stage.box(0, 4.3, 2.2, 0.9, 0.5, (112, 54, 44))
        f.table_lamp(stage, 0.6, 0.9, 4.25, "east", True)
        f.jar(stage, 0.0, 4.2, 0.34, (168, 132, 66), y=0.9)
        for x in (-2.6, 2.6):
            f.drape(stage, x, 4.7, 0.9, 5.4, (188, 130, 58))
        _bell(stage, -2.6, 2.9)
    else:
        for x in (-3.0, 0.0, 3.0):
            _lancet(room, x)
        for z in (2.6, 0.9, -2.2):
            for x in (-2.4, 2.4):
                f.bench(stage, x, z, 2.0, (108, 72, 48))
        stage.box(0, 4.4, 2.0, 1.0, 0.7, (214, 206, 190))
        for x in (-0.7, 0.7):
            f.table_lamp(stage, x, 1.0, 4.35, "east", True)
    stage.shine(0, 2.2, 4.9, 4.5, 0.9)
    stage.sight(0, 1.6, 4.6)
    stage.sight(-4.0, 1.6, 1.8)


def _idol(stage: Stage, x: float, z: float) -> None:
    gold = (206, 158, 72)
    stage.card(x, z, [
        (ellipse(0, 1.35, 0.95, 1.2, 30), (170, 112, 60), 0.9, 255),
        (ellipse(0, 1.35, 0.8, 1.04, 30), (140, 78, 56), 0.9, 255),
        (smooth([(-0.9, 0.1), (-0.7, 0.42), (-0.34, 0.7), (-0.42, 1.2), (0, 1.36), (0.42, 1.2), (0.34, 0.7),
            (0.7, 0.42), (0.9, 0.1)], 5), gold, 0.95, 255),
        (smooth([(-0.8, 0.1), (-0.6, 0.36), (-0.1, 0.5), (-0.1, 0.1)], 5), times(gold, 0.8), 1.0, 255),
        (ellipse(0, 1.62, 0.26, 0.3, 24), gold, 1.02, 255),
        (ellipse(0, 1.93, 0.12, 0.1, 16), times(gold, 0.8), 1.0, 255),
        (limb([(-0.1, 1.62), (-0.04, 1.61)], [0.02, 0.02]), (90, 60, 40), 1.0, 255),
        (limb([(0.04, 1.61), (0.1, 1.62)], [0.02, 0.02]), (90, 60, 40), 1.0, 255),
    ], y=1.0)  # fmt: skip


def _bell(stage: Stage, x: float, z: float) -> None:
    bronze = (112, 108, 84)
    stage.card(x, z, [
        (limb([(0, 1.1), (0, 2.4)], [0.05, 0.05]), (70, 56, 48), 1.0, 255),
        (smooth([(-0.5, 0), (-0.42, 0.5), (-0.34, 0.95), (0, 1.14), (0.34, 0.95), (0.42, 0.5), (0.5, 0)], 5), bronze,
            0.95, 255),
        (smooth([(-0.44, 0.06), (-0.36, 0.5), (-0.28, 0.92), (-0.16, 0.6), (-0.2, 0.06)], 5), times(bronze, 1.25), 1.0,
            255),
        ([(-0.5, 0.0), (0.5, 0.0), (0.47, 0.12), (-0.47, 0.12)], times(bronze, 0.75), 1.0, 255),
    ], y=2.7, high=True)  # fmt: skip


def _lancet(room: r.Room, x: float) -> None:
    """A pointed window of coloured glass."""
    for grow, colour in ((0.14, (96, 90, 84)), (0.0, mix(room.outside, (90, 130, 190), 0.4))):
        w = 0.6 + grow
        room.rear.area(
            [
                (x - w, 1.8 - grow),
                (x + w, 1.8 - grow),
                (x + w, 3.6),
                (x + w * 0.66, 4.3 + grow),
                (x, 4.9 + grow),
                (x - w * 0.66, 4.3 + grow),
                (x - w, 3.6),
            ],
            colour,
            bright=grow == 0.0,
        )
    for i in range(8):
        u, y = x + (-0.42 if i % 2 else 0.1), 1.95 + 0.42 * (i // 2)
        room.rear.rect(
            u,
            y,
            u + 0.32,
            y + 0.34,
            ((196, 84, 74), (226, 178, 84), (92, 148, 110), (120, 96, 168))[i % 4],
            alpha=200,
            bright=True,
        )


def school(stage: Stage, where: Setting) -> None:
    wall, floor, wood = r.period_colours(where)
    room = r.room(stage, where, mix(wall, (214, 222, 206), 0.5), floor, wood, width=5.0, low=(150, 172, 158))
    r.picture(room.rear, 0.0, 1.0, 4.4, 1.4, wood, (52, 84, 74))
    for i in range(5):
        room.rear.rect(
            -1.9, 2.12 - i * 0.2, -1.9 + (1.6, 2.6, 1.1, 2.2, 0.7)[i], 2.15 - i * 0.2, (206, 220, 210), alpha=190
        )
    room.rear.rect(-2.2, 0.9, 2.2, 0.96, times(wood, 0.8))
    stage.box(0, 2.5, 7.0, 0.16, 1.0, times(floor, 0.85))
    stage.box(1.6, 2.3, 1.0, 1.0, 0.5, wood, y=0.16)
    for z in (1.0, -0.6, -2.2, -3.8):
        for x in (-3.4, -1.9, 1.9, 3.4):
            f.table(stage, x, z, 0.9, 0.5, times(wood, 1.1), 0.72)
            f.chair(stage, x, z - 0.5, wood, -1)
    for z in (1.6, -0.6, -2.8):
        r.window(room, room.left, z, 0.95, 1.8, 1.7)
    r.landscape(room.right, 0.6, 1.2, 1.5, 1.0, (190, 168, 120), (176, 140, 90))
    r.clock(room.rear, 3.4, 2.5, 0.26)
    stage.sight(-1.9, 0.85, 1.0)
    stage.sight(1.6, 1.2, 2.2)


def hospital(stage: Stage, where: Setting) -> None:
    room = r.room(stage, where, (222, 230, 230), (176, 196, 198), (150, 164, 170), low=(170, 202, 200), pave="tiles")
    r.window(room, room.rear, -0.4, 1.05, 1.6, 1.4)
    for x in (-2.7, 1.7):
        f.bed(stage, x, 1.9, (196, 204, 208), (196, 220, 226), None, 2.0, 1.1)
    f.cabinet(stage, -0.5, 2.5, 0.6, 0.75, (214, 220, 220))
    f.jar(stage, -0.5, 2.4, 0.2, (200, 224, 230), y=0.75)
    stage.card(
        3.1,
        1.6,
        [
            (limb([(0, 0), (0, 1.9)], [0.04, 0.03]), (170, 180, 184), 1.0, 255),
            (limb([(-0.2, 1.9), (0.2, 1.9)], [0.03, 0.03]), (170, 180, 184), 1.0, 255),
            (smooth([(0.1, 1.86), (0.26, 1.86), (0.25, 1.52), (0.11, 1.52)], 3), (206, 232, 238), 1.05, 255),
        ],
    )
    room.rear.rect(-4.4, 2.5, 4.4, 2.56, (160, 170, 174))
    f.drape(stage, -4.2, 1.4, 1.3, 2.5, (158, 196, 190))
    f.drape(stage, 4.1, 0.6, 1.0, 2.5, (158, 196, 190))
    r.door(room, room.right, -2.4, 1.1)
    stage.box(0, 0, 1.4, 0.06, 0.5, (244, 248, 246), y=3.1, high=True, bright=True)
    stage.sight(-0.5, 0.95, 2.3)
    stage.sight(-2.4, 0.8, 1.7)


def office(stage: Stage, where: Setting) -> None:
    wall = r.period_colours(where)[0]
    room = r.room(
        stage,
        where,
        mix(wall, (206, 212, 214), 0.6),
        (132, 140, 148),
        (120, 128, 138),
        width=5.0,
        height=3.0,
        pave="tiles",
    )
    for x in (-3.3, 0.0, 3.3):
        r.window(room, room.rear, x, 0.95, 2.6, 1.6)
        for k in range(7):
            room.rear.rect(x - 1.3, 1.1 + k * 0.21, x + 1.3, 1.15 + k * 0.21, (206, 210, 210))
    for x in (-3.2, 3.2):
        for z in (1.5, -0.8, -3.0):
            stage.box(x, z + 0.55, 2.2, 1.3, 0.06, (140, 158, 170))
            f.table(stage, x, z, 2.0, 0.8, (196, 186, 168))
            stage.boxes(
                x - 0.3,
                z + 0.1,
                [
                    (0, 0.76, 0, 0.12, 0.12, 0.1, (60, 66, 74)),
                    (0, 0.86, 0, 0.62, 0.4, 0.04, (44, 50, 60)),
                    (0, 0.89, -0.024, 0.56, 0.34, 0.01, (140, 196, 220)),
                ],
            )
            stage.boxes(
                x + 0.6,
                z + 0.1,
                [
                    (
                        0,
                        0.76 + 0.07 * i,
                        0.01 * (i % 2),
                        0.34,
                        0.065,
                        0.28,
                        times((226, 220, 206), 0.9 + 0.05 * (i % 3)),
                    )
                    for i in range(6)
                ],
            )
    f.plant(stage, 4.3, 2.4, 1.1, dusty=True)
    f.plant(stage, -4.5, -1.6, 1.0, dusty=True)
    r.clock(room.left, 0.4, 2.2, 0.24)
    for z in (1.6, -1.4):
        stage.box(0, z, 2.6, 0.05, 0.4, (244, 248, 246), y=2.93, high=True, bright=True)
    stage.sight(-3.4, 1.0, 1.4)
    stage.sight(3.4, 1.0, 1.4)


def lab(stage: Stage, where: Setting) -> None:
    room = r.room(stage, where, (150, 166, 178), (112, 124, 136), (96, 108, 122), pave="tiles", low=(116, 134, 150))
    r.picture(room.rear, 1.9, 1.1, 2.4, 1.3, (120, 130, 138), (232, 238, 238))
    for i in range(5):
        room.rear.rect(
            0.95,
            2.2 - 0.2 * i,
            0.95 + (1.4, 0.7, 1.1, 0.5, 1.3)[i],
            2.23 - 0.2 * i,
            ((60, 96, 170), (190, 70, 70))[i % 2],
            alpha=200,
        )
    stage.box(-1.4, 2.3, 4.6, 0.9, 0.7, (206, 212, 214))
    glow = ((90, 220, 200), (250, 190, 90), (240, 100, 110), (120, 170, 250))
    for i in range(5):
        x = -3.2 + i * 0.9
        stage.boxes(x, 2.35, [(0, 0.9, 0, 0.55, 0.34 + 0.14 * (i % 3), 0.4, (86, 98, 112))])
        stage.box(x - 0.12, 2.13, 0.1, 0.06, 0.02, glow[i % 4], y=1.06, bright=True, at=2.1)
        stage.box(x + 0.1, 2.13, 0.1, 0.06, 0.02, glow[(i + 1) % 4], y=1.06, bright=True, at=2.1)
        stage.shine(x, 1.1, 2.1, 0.7, 0.5, glow[i % 4])
    for i in range(3):
        _flask(stage, 0.3 + i * 0.28, 2.1, glow[(where.number + i) % 4])
    f.cabinet(stage, 4.1, 1.2, 0.8, 2.2, (170, 182, 190), 1.6)
    f.cabinet(stage, -4.1, 0.2, 0.8, 2.0, (150, 164, 174), 2.0)
    for y in (2.5, 2.75):
        room.rear.rect(-4.6, y, 4.6, y + 0.1, times((120, 134, 146), 0.8 + y * 0.1))
    stage.box(0, 0.4, 2.4, 0.05, 0.3, (226, 244, 250), y=3.1, high=True, bright=True)
    stage.shine(0, 3.0, 0.4, 3.0, 0.5, (200, 230, 240))
    stage.sight(0.5, 1.1, 2.1)
    stage.sight(-2.4, 1.1, 2.2)


def _flask(stage: Stage, x: float, z: float, liquid: RGB) -> None:
    stage.card(x, z, [
        (smooth([(-0.03, 0.3), (0.03, 0.3), (0.035, 0.18), (0.11, 0.02), (-0.11, 0.02), (-0.035, 0.18)], 4),
            (206, 226, 230), 1.0, 200),
        (smooth([(-0.06, 0.12), (0.06, 0.12), (0.1, 0.025), (-0.1, 0.025)], 4), liquid, -1.0, 255),
    ], y=0.9)  # fmt: skip


def ship(stage: Stage, where: Setting) -> None:
    sea = where.era in ("east", "west")
    hull = (122, 86, 60) if sea else (74, 88, 112)
    room = r.room(
        stage, where, hull, times(hull, 0.8), times(hull, 0.7), width=3.6, back=3.4, height=2.8, pave="planks"
    )
    for x in (-2.2, 2.2):
        _porthole(stage, room, x)
    room.rear.rect(-0.75, 0, 0.75, 2.3, times(hull, 0.55))
    room.rear.rect(-0.55, 0, 0.55, 2.1, times(hull, 0.22))
    room.rear.rect(-0.3, 0.2, 0.3, 1.7, times(hull, 0.14))
    for y in (2.45, 2.6):
        room.rear.rect(-3.6, y, 3.6, y + 0.08, times(hull, 1.2))
    for wall in (room.left, room.right):
        for z in (2.4, 0.4, -1.6, -3.6):
            wall.rect(z, 0, z + 0.16, 2.8, times(hull, 0.82))
            for k in range(5):
                wall.area(ellipse(z + 0.08, 0.3 + 0.55 * k, 0.035, 0.035, 8), times(hull, 1.3))
    glow = (255, 190, 110) if sea else (120, 226, 240)
    for x in (-2.4, 2.4):
        stage.box(x, 2.5, 1.8, 0.9, 0.8, times(hull, 0.9))
        if sea:
            f.table_lamp(stage, x, 0.9, 2.4, "west", True)
        else:
            for i in range(6):
                stage.box(
                    x - 0.7 + i * 0.28,
                    2.08,
                    0.16,
                    0.1,
                    0.02,
                    ((120, 226, 240), (250, 120, 140), (250, 210, 110))[i % 3],
                    y=0.66 + 0.1 * (i % 2),
                    bright=True,
                    at=2.0,
                )
            stage.box(x, 2.55, 1.3, 0.5, 0.04, (60, 130, 150), y=0.98, bright=True)
            stage.shine(x, 1.2, 2.3, 1.5, 0.6, glow)
    for x in (-1.2, 0.0, 1.3):
        stage.box(x, -1, 0.14, 0.14, 9.0, times(hull, 1.15), y=2.55, high=True)
    f.crate(stage, -3.0, 0.2, 0.6, times(hull, 1.1))
    stage.shine(0, 2.4, 0.5, 2.6, 0.6, glow)
    stage.sight(2.2, 1.6, 3.2)
    stage.sight(-2.4, 1.1, 2.2)


def _porthole(stage: Stage, room: r.Room, x: float) -> None:
    night = mix(room.outside, (14, 18, 44), 0.85) if room.where.era not in ("east", "west") else room.outside
    room.rear.area(ellipse(x, 1.7, 0.62, 0.62, 30), times(room.wood, 1.35))
    room.rear.area(ellipse(x, 1.7, 0.5, 0.5, 30), night, bright=True)
    if room.where.era in ("east", "west"):
        room.rear.area(
            [(x - 0.46, 1.52), (x + 0.46, 1.52), (x + 0.4, 1.36), (x + 0.2, 1.23), (x - 0.2, 1.23), (x - 0.4, 1.36)],
            mix(room.outside, (60, 90, 120), 0.6),
            bright=True,
        )
    else:
        room.rear.area(ellipse(x + 0.12, 1.58, 0.2, 0.2, 20), (196, 150, 120), bright=True)
        for i in range(7):
            a = i * 2.4 + room.where.number
            room.rear.area(
                ellipse(
                    x + 0.42 * math.cos(a) * ((i % 3) + 1) / 3,
                    1.7 + 0.42 * math.sin(a) * ((i % 3) + 1) / 3,
                    0.012,
                    0.012,
                    6,
                ),
                (240, 244, 255),
                bright=True,
            )


def station(stage: Stage, where: Setting) -> None:
    wall, _, wood = r.period_colours(where)
    room = r.room(
        stage,
        where,
        mix(wall, (150, 160, 164), 0.4),
        (146, 142, 138),
        wood,
        width=6.5,
        back=7.0,
        height=5.0,
        pave="stone",
        low=(110, 122, 124),
    )
    for x in (-4.6, 0.0, 4.6):
        w = 2.4 if x else 3.4
        room.rear.area(
            [
                (x - w / 2, 0),
                (x + w / 2, 0),
                (x + w / 2, 3.0),
                (x + w * 0.36, 3.8),
                (x, 4.1),
                (x - w * 0.36, 3.8),
                (x - w / 2, 3.0),
            ],
            room.outside,
            bright=True,
        )
        room.rear.rect(x - 0.05, 0, x + 0.05, 4.1, (86, 90, 94))
        room.rear.rect(x - w / 2, 2.3, x + w / 2, 2.4, (86, 90, 94))
    _train(stage, where)
    for x in (-4.8, 4.8):
        for z in (5.0, 1.4, -2.4):
            stage.box(x, z, 0.26, 5.0, 0.26, (76, 88, 90))
    for x, z in ((-3.0, 3.0), (3.0, 3.0), (-3.4, -0.6), (3.4, -0.6)):
        f.bench(stage, x, z, 1.8, wood)
    stage.card(
        0,
        3.4,
        [
            (limb([(0, 0.5), (0, 2.0)], [0.06, 0.06]), (60, 64, 68), 1.0, 255),
            (ellipse(0, 0, 0.56, 0.56, 32), (54, 58, 62), 1.0, 255),
            (ellipse(0, 0, 0.48, 0.48, 32), (246, 240, 220), -1.0, 255),
            (limb([(0, 0), (0, 0.36)], [0.04, 0.03]), (40, 40, 44), 1.0, 255),
            (limb([(0, 0), (0.24, 0.1)], [0.04, 0.03]), (40, 40, 44), 1.0, 255),
        ],
        y=3.3,
        high=True,
    )
    stage.shine(0, 3.3, 3.4, 1.6, 0.5)
    f.trunk(stage, -2.2, 1.6, (132, 88, 60), 0.7)
    stage.box(4.2, 4.4, 1.4, 0.5, 0.08, (52, 88, 130), y=2.3)
    stage.sight(0, 2.9, 3.4)
    stage.sight(-2.4, 0.6, 1.8)


def _train(stage: Stage, where: Setting) -> None:
    """A carriage on the far side of the platform."""
    body = r.TINTS[where.number % 5]
    stage.box(-1.5, 6.4, 7.0, 2.3, 0.8, times(body, 0.75), y=0.4)
    for i in range(6):
        stage.box(
            -4.4 + i * 1.15,
            5.98,
            0.8,
            0.8,
            0.02,
            (255, 226, 158) if where.time in ("night", "dusk") else (206, 226, 232),
            y=1.5,
            bright=True,
            at=5.8,
        )
    stage.box(-1.5, 5.98, 7.0, 0.14, 0.02, (236, 222, 190), y=1.2, at=5.9)


def palace(stage: Stage, where: Setting) -> None:
    east = where.era != "west"
    red = (142, 48, 44) if east else (186, 176, 158)
    r.room(
        stage,
        where,
        times(red, 0.82),
        (104, 82, 76),
        (92, 54, 44),
        width=6.6,
        back=7.0,
        height=6.2,
        pave="tiles",
        beams=east,
    )
    for k in range(4):
        stage.box(
            0,
            6.0 - 0.1 * (3 - k),
            7.0 - k * 0.9,
            0.22,
            2.4 - k * 0.4,
            times((176, 160, 140), 0.82 + 0.06 * k),
            y=0.22 * k,
            at=6.9 - 0.02 * k,
        )
    gold = (212, 166, 74)
    stage.card(0, 5.6, [
        (smooth([(-0.9, 0.0), (-0.9, 1.2), (-0.7, 1.9), (0, 2.3), (0.7, 1.9), (0.9, 1.2), (0.9, 0.0)], 4), gold, 0.95,
            255),
        (smooth([(-0.68, 0.5), (-0.66, 1.3), (0, 1.95), (0.66, 1.3), (0.68, 0.5)], 4), (150, 46, 48), 0.95, 255),
        ([(-0.95, 0.42), (0.95, 0.42), (0.95, 0.6), (-0.95, 0.6)], gold, 1.05, 255),
        ([(-0.8, 0.0), (0.8, 0.0), (0.8, 0.42), (-0.8, 0.42)], (120, 38, 42), 0.9, 255),
    ], y=0.88)  # fmt: skip
    for z in (5.4, 2.4, -0.8, -4.0):
        for x in (-4.3, 4.3):
            f.pillar(stage, x, z, 0.38, 6.2, red if east else (206, 198, 182), gold)
            stage.shine(x * 0.94, 2.2, z - 0.4, 1.6, 0.5)
    for x in (-2.9, 2.9):
        f.drape(stage, x, 6.3, 1.1, 5.8, (176, 60, 54) if east else (92, 74, 130))
    stage.mat(-1.1, -12, 1.1, 5.0, (168, 54, 52), y=0.004)
    for x in (-1.15, 1.1):
        stage.mat(x, -12, x + 0.06, 5.0, gold, y=0.005)
    stage.shine(0, 2.2, 5.4, 3.6, 0.9)
    stage.sight(0, 2.0, 5.5)
    stage.sight(-4.2, 1.8, 2.4)


def prison(stage: Stage, where: Setting) -> None:
    stone = (122, 124, 126)
    room = r.room(stage, where, stone, (96, 94, 92), (78, 70, 64), width=3.4, back=2.6, height=3.4, pave="stone")
    for row in range(7):
        for col in range(9):
            if (row * 5 + col * 7 + where.number) % 3 == 0:
                x = -3.4 + col * 0.8 + (0.4 if row % 2 else 0)
                room.rear.rect(
                    x, row * 0.5, min(3.4, x + 0.76), row * 0.5 + 0.46, times(stone, 0.86 if (row + col) % 2 else 1.1)
                )
    room.rear.rect(-0.5, 2.3, 0.5, 3.0, (60, 60, 64))
    room.rear.rect(-0.42, 2.36, 0.42, 2.94, room.outside, bright=True)
    for x in (-0.2, 0.0, 0.2):
        room.rear.rect(x - 0.03, 2.3, x + 0.03, 3.0, (44, 44, 48))
    for k in range(14):
        u, y = 1.2 + 0.13 * (k % 7) + (0.1 if k % 7 == 6 else 0), 1.5 - 0.42 * (k // 7)
        room.rear.rect(u, y, u + 0.022, y + 0.28, (190, 190, 186), alpha=200)
    stage.quad(
        (-0.4, 0.004, 2.4),
        (0.4, 0.004, 2.4),
        (1.5, 0.004, -1.2),
        (0.5, 0.004, -1.2),
        colour=(206, 222, 240),
        alpha=60,
        bright=True,
    )
    for x in (-3.0, -2.7, -2.4):
        stage.card(
            x,
            1.9,
            [
                (limb([(-0.6, 0.04), (0.1, 0.12), (0.7, 0.05)], [0.05, 0.08, 0.04]), (196, 168, 104), 0.9, 255),
                (limb([(-0.5, 0.14), (0.2, 0.18), (0.5, 0.1)], [0.04, 0.06, 0.03]), (214, 188, 124), 0.95, 255),
            ],
        )
    for i in range(11):
        stage.box(-3.3 + i * 0.36, -3.2, 0.07, 3.4, 0.07, (52, 52, 56)) if i < 3 or i > 7 else None
    r.door(room, room.right, -0.2, 1.0, 2.2)
    f.jar(stage, 2.7, 1.8, 0.5, (110, 92, 78))
    if r.is_lit(where):
        f.table_lamp(stage, 2.9, 0.9, 1.2, "east", True)
        stage.box(2.95, 1.2, 0.4, 0.9, 0.4, (104, 88, 72))
    stage.sight(1.6, 1.5, 2.5)
    stage.sight(0, 2.6, 2.5)


def cave(stage: Stage, where: Setting) -> None:
    rock = (104, 98, 100)
    room = r.room(
        stage, where, times(rock, 0.8), times(rock, 0.95), rock, width=6.0, back=5.0, height=5.0, pave="plain"
    )
    room.rear.area(
        smooth([(0.6, 0.4), (0.2, 1.8), (0.9, 3.0), (1.8, 3.3), (2.6, 2.6), (2.8, 1.2), (2.4, 0.3)], 4),
        mix(room.outside, rock, 0.1),
        bright=True,
    )
    stage.shine(1.6, 2.0, 4.6, 4.0, 0.9, (210, 224, 236) if where.time != "night" else (120, 150, 220))
    rng = stage.rng
    for i in range(9):
        x = -5.4 + i * 1.35 + rng.uniform(-0.3, 0.3)
        h = rng.uniform(0.7, 2.2)
        z = rng.uniform(1.5, 4.6) if abs(x) < 3.4 else rng.uniform(-2.5, 3.5)
        stage.card(
            x,
            z,
            [
                (
                    smooth([(-0.34, 5.2), (-0.2, 5 - h * 0.5), (0, 5 - h), (0.16, 5 - h * 0.5), (0.34, 5.2)], 4),
                    rock,
                    0.7 + 0.04 * (i % 4),
                    255,
                )
            ],
            high=True,
        )
    for i in range(11):
        x = (-1) ** i * rng.uniform(2.3, 5.4)
        z, h = rng.uniform(-3.0, 4.4), rng.uniform(0.5, 1.9)
        w = h * rng.uniform(0.5, 0.8)
        stage.card(x, z, [
            (smooth([(-w, 0), (-w * 0.6, h * 0.6), (-w * 0.1, h), (w * 0.5, h * 0.7), (w, 0)], 3), rock, 0.86, 255),
            (smooth([(-w * 0.1, h), (w * 0.5, h * 0.7), (w, 0), (w * 0.3, 0), (w * 0.15, h * 0.5)], 3),
                times(rock, 0.75), 1.0, 255),
        ])  # fmt: skip
    stage.mat(-3.4, 1.4, -0.8, 3.2, (70, 104, 122), y=0.004, alpha=210)
    stage.mat(-3.0, 1.9, -1.4, 2.2, (150, 180, 196), y=0.005, alpha=120)
    stage.sight(1.6, 1.6, 4.2)
    stage.sight(-2.0, 0.3, 2.2)


def theatre(stage: Stage, where: Setting) -> None:
    wood = (132, 92, 62)
    room = r.room(stage, where, (70, 44, 52), wood, (92, 60, 50), width=5.6, back=4.2, height=4.8)
    r.curtain(room.rear, -5.6, 5.6, 0, 4.8, (158, 40, 48))
    room.rear.rect(-5.6, 4.0, 5.6, 4.8, (124, 30, 42))
    for i in range(8):
        x = -5.6 + i * 1.4
        room.rear.area(
            [(x, 4.1), (x + 1.4, 4.1), (x + 1.1, 3.75), (x + 0.7, 3.62), (x + 0.3, 3.75)], (206, 160, 72), 0.02
        )
    for x in (-5.0, 5.0):
        f.drape(stage, x, 2.4, 1.3, 4.8, (136, 34, 44))
        f.drape(stage, x * 0.99, 0.0, 1.1, 4.8, (120, 30, 40))
    for i in range(7):
        x = -3.6 + i * 1.2
        stage.box(x, -3.6, 0.3, 0.16, 0.16, (60, 52, 50))
        stage.shine(x, 0.3, -3.4, 0.9, 0.6)
    f.crate(stage, -4.1, 2.2, 0.8, wood)
    f.crate(stage, -4.0, 1.3, 0.6, times(wood, 1.1))
    f.trunk(stage, 4.0, 1.8, (104, 70, 54))
    for x in (-3.6, 3.8):
        stage.card(
            x,
            3.4,
            [(limb([(0, 1.2), (0.05, 2.6), (0, 5.0)], [0.04, 0.035, 0.035]), (190, 164, 116), 0.9, 255)],
            high=True,
        )
    stage.quad(
        (-1.6, 0.004, -0.4),
        (1.6, 0.004, -0.4),
        (1.9, 0.004, 1.6),
        (-1.9, 0.004, 1.6),
        colour=(255, 240, 200),
        alpha=40,
        bright=True,
    )
    stage.shine(0, 2.6, 1.0, 3.6, 0.7, (255, 236, 190))
    stage.sight(-4.0, 0.7, 1.4)
    stage.sight(0, 2.0, 4.0)
