"""Rooms that people live, trade and drink in: a study has its shelves, a shop its counter."""

from __future__ import annotations

from workbench.sketch.drawing import furniture as f
from workbench.sketch.drawing import rooms as r
from workbench.sketch.drawing.colour import RGB, mix, times
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Stage, limb, smooth


def study(stage: Stage, where: Setting) -> None:
    wall, floor, wood = r.period_colours(where)
    room = r.room(
        stage,
        where,
        wall,
        floor,
        wood,
        low=mix(wall, wood, 0.55) if where.era == "west" else None,
        beams=where.era != "modern",
    )
    r.window(room, room.rear, -2.0, 1.0, 1.7, 1.35)
    r.window(room, room.left, -1.6, 1.0, 1.6, 1.3)
    f.shelf(stage, 1.0, 2.75, 2.0, 2.6, wood, number=where.number)
    f.shelf(stage, 3.2, 2.75, 2.0, 2.6, wood, number=where.number + 3)
    f.table(stage, -2.1, 2.0, 1.9, 0.8, wood)
    f.chair(stage, -2.1, 1.3, wood, -1)
    _desk_things(stage, where, -2.1, 2.0)
    f.cabinet(stage, 4.1, -0.4, 0.7, 1.0, wood, 1.1)
    f.shelf(stage, -3.9, 2.7, 1.0, 2.4, wood, number=where.number + 5)
    r.scroll(room.right, -2.2, 1.0, 0.8, 1.7, where.number) if where.era == "east" else r.landscape(
        room.right, -2.2, 1.3, 1.3, 0.9, wood, (110, 130, 120)
    )
    f.rug(stage, 0.2, 0.2, 3.4, 2.4, (146, 84, 70))
    stage.sight(-2.0, 0.95, 2.0)
    stage.sight(1.2, 1.3, 2.7)


def _desk_things(stage: Stage, where: Setting, x: float, z: float) -> None:
    f.table_lamp(stage, x + 0.65, 0.76, z, where.era, r.is_lit(where))
    stage.boxes(
        x - 0.55,
        z - 0.05,
        [(0, 0.76, 0, 0.42, 0.05, 0.3, (140, 72, 62)), (0.03, 0.81, 0, 0.36, 0.05, 0.27, (86, 104, 112))],
    )
    stage.boxes(
        x,
        z - 0.1,
        [(0, 0.765, 0, 0.5, 0.008, 0.34, (240, 234, 218)), (0.36, 0.765, 0.02, 0.13, 0.05, 0.1, (56, 54, 60))],
    )


def bedroom(stage: Stage, where: Setting) -> None:
    wall, floor, wood = r.period_colours(where)
    wall = mix(wall, (214, 190, 178), 0.35)
    room = r.room(stage, where, wall, floor, wood, beams=where.era == "east")
    r.window(room, room.rear, 2.5, 1.0, 1.6, 1.4)
    r.window(room, room.left, -2.0, 1.0, 1.4, 1.3)
    canopy = (206, 196, 178) if where.era == "east" else None
    cloth = r.TINTS[(where.number // 3) % len(r.TINTS)]
    f.bed(stage, -1.7, 2.1, wood, cloth, canopy, 2.3)
    f.cabinet(stage, 0.1, 2.6, 0.6, 0.6, wood)
    f.table_lamp(stage, 0.1, 0.6, 2.55, where.era, r.is_lit(where))
    f.rack(stage, 4.0, 2.2, wood, times(cloth, 0.8))
    f.rug(stage, -1.2, 0.6, 2.6, 1.3, cloth)
    f.cabinet(stage, -4.1, 0.6, 0.7, 1.9, wood, 1.4)
    f.trunk(stage, 3.6, 0.4, times(wood, 0.9))
    r.picture(room.right, -1.0, 1.1, 0.7, 1.1, wood, mix((206, 220, 224), room.outside, 0.4))
    stage.sight(-1.9, 0.8, 1.7)
    stage.sight(0.1, 0.8, 2.5)


def kitchen(stage: Stage, where: Setting) -> None:
    wall, floor, wood = r.period_colours(where)
    room = r.room(
        stage,
        where,
        times(wall, 0.88),
        mix(floor, (140, 128, 118), 0.5),
        wood,
        pave="tiles",
        beams=where.era != "modern",
    )
    r.window(room, room.rear, 0.9, 1.15, 1.3, 1.1)
    f.stove(stage, -2.4, 2.3, (150, 104, 84) if where.era != "modern" else (190, 196, 196))
    room.rear.rect(-4.0, 0.9, -0.9, 2.9, (70, 60, 58), alpha=60)
    f.table(stage, 2.3, 1.7, 1.9, 0.9, wood)
    stage.boxes(
        2.1,
        1.6,
        [
            (0, 0.76, 0, 0.7, 0.05, 0.45, (196, 158, 112)),
            (0.1, 0.81, 0, 0.22, 0.1, 0.18, (126, 160, 96)),
            (-0.2, 0.81, 0.02, 0.16, 0.14, 0.14, (206, 92, 72)),
        ],
    )
    f.jar(stage, 2.9, 1.75, 0.34, (96, 116, 124), y=0.76)
    f.shelf(stage, 3.4, 2.8, 1.6, 1.0, wood, "jars", where.number)
    for i, x in enumerate((-0.6, 0.1, 0.7, 2.3)):
        f.hanging(stage, x, room.height - 0.5, 1.6 + 0.2 * (i % 2), i + where.number)
    f.jar(stage, -4.0, 1.0, 0.9, (112, 82, 70))
    f.crate(stage, 4.0, 0.4, 0.6, wood)
    f.jar(stage, 3.9, -0.8, 0.7, (126, 96, 78))
    f.lantern(stage, 1.2, 2.4, 1.2, "west" if where.era == "east" else where.era, on=r.is_lit(where))
    stage.sight(-2.6, 0.9, 1.9)
    stage.sight(2.2, 0.9, 1.6)


def home(stage: Stage, where: Setting) -> None:
    wall, floor, wood = r.period_colours(where)
    room = r.room(
        stage,
        where,
        wall,
        floor,
        wood,
        low=mix(wall, wood, 0.45) if where.era == "west" else None,
        beams=where.era == "east",
    )
    r.window(room, room.rear, -0.6, 1.05, 1.7, 1.3)
    r.window(room, room.left, -2.4, 1.05, 1.5, 1.3)
    r.door(room, room.rear, 2.6, 1.1)
    f.table(stage, -1.9, 1.4, 1.5, 0.95, wood)
    f.chair(stage, -2.2, 2.1, wood, 1)
    f.chair(stage, -3.0, 1.3, wood, 1)
    f.plant(stage, -0.6, 2.8, 0.42, y=0.92)
    f.cabinet(stage, 4.1, 1.4, 0.7, 1.5, wood, 1.3)
    f.cabinet(stage, -3.7, 2.6, 1.1, 1.7, times(wood, 0.9))
    f.jar(stage, -1.6, 1.4, 0.26, (130, 156, 160), y=0.76)
    if where.era in ("west", "modern"):
        r.picture(room.right, -0.9, 1.0, 0.6, 1.4, (176, 138, 76), mix((200, 214, 218), room.outside, 0.4))
        r.landscape(room.rear, 1.15, 1.5, 0.8, 0.6, wood, (120, 140, 150))
        _sofa(stage, 3.2, -1.0, r.TINTS[where.number % 5])
    else:
        r.scroll(room.rear, 1.2, 0.9, 0.66, 1.7, where.number)
        r.scroll(room.right, -1.4, 0.9, 0.66, 1.7, where.number + 1)
        f.jar(stage, 3.6, -1.0, 0.8, (110, 128, 130))
    f.rug(stage, 0.4, 0.1, 3.2, 2.2, r.TINTS[(where.number + 2) % 5])
    f.lantern(stage, -1.4, 2.35, 0.9, where.era, on=r.is_lit(where))
    stage.sight(-1.9, 0.9, 1.3)
    stage.sight(-0.6, 1.4, 2.8)


def _sofa(stage: Stage, x: float, z: float, cloth: RGB) -> None:
    parts = [
        (0.36, 0.0, 0.0, 0.24, 0.86, 2.0, times(cloth, 0.9)),
        (0.0, 0.0, 0.0, 0.8, 0.42, 1.9, cloth),
        (0.0, 0.0, 0.95, 0.85, 0.62, 0.2, times(cloth, 0.95)),
        (0.0, 0.0, -0.95, 0.85, 0.62, 0.2, times(cloth, 0.95)),
    ]
    stage.boxes(x, z, parts)


def shop(stage: Stage, where: Setting) -> None:
    wall, floor, wood = r.period_colours(where)
    room = r.room(stage, where, mix(wall, wood, 0.25), floor, wood, beams=True)
    for x in (-3.2, -1.1, 1.0):
        f.shelf(stage, x, 2.75, 2.0, 2.7, wood, "jars", where.number + round(x))
    r.door(room, room.rear, 3.1, 1.2, open_dark=False)
    stage.box(-0.9, 1.75, 5.4, 0.95, 0.5, times(wood, 1.08))
    stage.box(-0.9, 1.72, 5.6, 0.07, 0.66, times(wood, 0.85), y=0.95, at=1.74)
    for i in range(5):
        stage.box(-3.1 + i * 1.1, 1.49, 0.9, 0.62, 0.02, times(wood, 0.9), y=0.18, at=1.7)
    stage.boxes(
        -2.4,
        1.7,
        [
            (0, 1.02, 0, 0.8, 0.03, 0.4, (120, 96, 60)),
            (0, 1.05, 0, 0.74, 0.24, 0.34, (190, 214, 216)),
            (0.0, 1.05, -0.18, 0.3, 0.1, 0.02, (222, 178, 84)),
        ],
    )
    stage.boxes(
        0.3, 1.65, [(0, 1.02, 0, 0.46, 0.09, 0.34, (112, 58, 52)), (0, 1.03, -0.01, 0.42, 0.06, 0.33, (232, 222, 198))]
    )
    _scale(stage, 1.2, 1.7)
    r.window(room, room.left, -1.6, 1.0, 2.0, 1.5)
    f.cabinet(stage, 4.1, 0.4, 0.7, 1.6, wood, 1.6)
    f.crate(stage, -3.9, 0.2, 0.7, wood)
    f.lantern(stage, -0.6, 2.4, 1.2, where.era, (222, 126, 74), on=r.is_lit(where))
    f.lantern(stage, 2.2, 2.5, 0.9, where.era, (222, 126, 74), on=r.is_lit(where))
    stage.sight(-2.4, 1.2, 1.6)
    stage.sight(1.0, 1.25, 1.6)


def _scale(stage: Stage, x: float, z: float) -> None:
    brass = (204, 162, 82)
    shapes = [
        (limb([(0, 0), (0, 0.42)], [0.05, 0.03]), brass, 0.9, 255),
        (limb([(-0.26, 0.4), (0.26, 0.36)], [0.022, 0.022]), brass, 1.0, 255),
    ]
    for u, y in ((-0.26, 0.2), (0.26, 0.16)):
        shapes.append((limb([(u, y), (u, y + 0.2)], [0.008, 0.008]), brass, 0.8, 255))
        shapes.append(
            (smooth([(u - 0.12, y), (u + 0.12, y), (u + 0.07, y - 0.05), (u - 0.07, y - 0.05)], 4), brass, 1.05, 255)
        )
    stage.card(x, z, shapes, y=1.02)


def tavern(stage: Stage, where: Setting) -> None:
    wall, floor, wood = r.period_colours(where)
    room = r.room(
        stage, where, times(mix(wall, wood, 0.35), 0.92), times(floor, 0.9), times(wood, 0.85), height=2.9, beams=True
    )
    for i in range(6):
        room.rear.rect(-0.6 + i * 0.48, 1.75, -0.26 + i * 0.48, 2.35, (190, 150, 96))
        room.rear.rect(-0.46 + i * 0.48, 1.85, -0.4 + i * 0.48, 2.25, (72, 50, 42))
    for x, z in ((-3.1, 1.2), (3.0, 1.4), (-3.3, -1.2), (3.4, -1.0)):
        f.table(stage, x, z, 1.1, 1.0, wood, 0.72)
        f.bench(stage, x, z + 0.75, 1.0, wood, rest=False)
        f.jar(stage, x + 0.2, z, 0.24, (110, 76, 60), y=0.72)
        f.jar(stage, x - 0.25, z - 0.1, 0.14, (206, 196, 172), y=0.72)
    stage.box(1.2, 2.4, 3.2, 1.0, 0.5, wood)
    for i in range(6):
        f.jar(stage, 0.0 + i * 0.48, 2.5, 0.38, mix((104, 76, 66), r.TINTS[i % 5], 0.3), y=1.0)
    for i in range(7):
        stage.box(
            -3.0 + 0.0, 2.7 - 0.0, 1.5 - i * 0.18, 0.2, 0.5, times(wood, 0.9 + 0.03 * i), y=i * 0.2, at=2.8 - i * 0.01
        )
    r.window(room, room.left, -2.6, 1.0, 1.4, 1.1)
    for x, z in ((-2.0, 1.0), (1.6, 1.2), (3.4, -1.0)):
        f.lantern(stage, x, 2.05, z, where.era, (224, 118, 66), on=True)
    stage.sight(1.0, 1.15, 2.3)
    stage.sight(3.0, 0.85, 1.3)


def any_room(stage: Stage, where: Setting) -> None:
    """A room that no word describes: walls, floor and a door, no more; its colours tell places apart."""
    wall, floor, wood = r.period_colours(where)
    n = where.number
    room = r.room(
        stage,
        where,
        mix(wall, r.TINTS[n // 13 % 5], 0.35),
        mix(floor, r.TINTS[n // 5 % 5], 0.4),
        wood,
        pave=("planks", "tiles", "stone")[n // 7 % 3],
        height=3.0 + 0.3 * (n // 11 % 3),
    )
    at = (-2.9, -0.3, 2.4)[n % 3]
    r.door(room, room.rear, at, 1.1)
    stage.sight(at, 1.1, 2.9)
    stage.sight(-at or 1.5, 1.2, 2.6)
