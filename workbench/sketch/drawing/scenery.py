"""The set of a place, furnished by the kind of place it is."""

from __future__ import annotations

from random import Random

from workbench.sketch.drawing.exteriors import LANDS
from workbench.sketch.drawing.interiors import ROOMS
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.stage import Stage


def furnish(where: Setting) -> Stage:
    """The set of this place; the same place is always furnished in the same way."""
    stage = Stage(Random(f"set/{where.number}"), where.inside)
    if where.inside:
        ROOMS.get(where.kind, ROOMS["inside"])(stage, where)
    else:
        LANDS.get(where.kind, LANDS["outside"])(stage, where)
    return stage
