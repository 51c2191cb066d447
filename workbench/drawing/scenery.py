"""The set of a place."""

from __future__ import annotations

from random import Random

from workbench.drawing.setting import Setting
from workbench.drawing.stage import Stage


def furnished(where: Setting) -> Stage:
    """The set of this place; the same place is always furnished in the same way."""
    rng = Random(f"set/{where.number}")
    stage = Stage(rng, where.inside)
    stage.mat(-40, -30, 40, 3.6 if where.inside else 300, stage.floor)
    if where.inside:
        stage.wall(-12, 0, 12, 3.4, 3.6, (200, 180, 150))
    return stage
