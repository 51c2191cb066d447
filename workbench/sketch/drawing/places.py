"""What a frame takes from a place's reference sheet: the colours of its walls and of its ground. How bright they are is
the shot's: its hour, weather and lamps."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

from PIL import Image

from workbench.sketch.drawing.colour import RGB, luma, mix, times
from workbench.sketch.drawing.seen import find_main_colour
from workbench.sketch.drawing.stage import Face, Stage, Thing

#: how far a surface takes the sheet's colour
_SHARE = 0.75
#: darker than that, a colour tells no hue
_BLACK = 8.0
#: metres: what is as high is a part of the place, not a thing in it
_HIGH = 2.0


@dataclass(frozen=True)
class PlaceColours:
    """Walls of a room; what stands farther off outside; floor or ground."""

    walls: RGB
    middle: RGB
    ground: RGB


def read_place_sheet(picture: bytes, own_size: tuple[int, int]) -> PlaceColours:
    """The colours of a picture of a place. `own_size`: of the sketch's own sheets, whose upper part shows the whole."""
    with Image.open(io.BytesIO(picture)) as opened:
        seen = opened.convert("RGB")
    share = 0.6 if seen.size == own_size else 1.0

    def band(top: float, low: float) -> RGB:
        found = find_main_colour(seen, (0.05, top * share, 0.95, low * share))
        assert found is not None  # nothing is left out
        return found

    return PlaceColours(band(0.05, 0.5), band(0.35, 0.65), band(0.75, 0.97))


def repaint(stage: Stage, colours: PlaceColours) -> None:
    """Give the surfaces of a set the colours of its sheet."""
    upright = colours.walls if stage.inside else colours.middle

    def of(face: Face) -> Face:
        heights = [y for _, y, _ in face.points]
        if face.bright:
            return face
        lies = max(heights) - min(heights) < 0.05
        return replace(face, colour=_tint(face.colour, colours.ground if lies and heights[0] < _HIGH else upright))

    stage.floor = _tint(stage.floor, colours.ground)
    stage.planes[:] = map(of, stage.planes)
    if not stage.inside:
        stage.things[:] = [_repaint_building(thing, of) for thing in stage.things]


def _repaint_building(thing: Thing, of: Callable[[Face], Face]) -> Thing:
    high = max((y for face in thing.faces for _, y, _ in face.points), default=0.0)
    return replace(thing, faces=tuple(map(of, thing.faces))) if high >= _HIGH else thing


def _tint(colour: RGB, target: RGB) -> RGB:
    """Towards the target's hue, as bright as before."""
    if luma(target) < _BLACK:
        return colour
    return mix(colour, times(target, luma(colour) / luma(target)), _SHARE)
