"""A character's portrait: head and shoulders as the storyboard draws them, small enough to stand beside a name."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.json_types import JsonObject
from workbench.sketch.drawing import looks
from workbench.sketch.drawing.colour import RGB, mix, times
from workbench.sketch.drawing.figures import Figure, figure_shapes
from workbench.sketch.drawing.setting import setting
from workbench.sketch.reading.eras import find_era
from workbench.sketch.reading.people import read_people
from workbench.sketch.reading.samples import is_sample

#: how fine the face is drawn: the height of its head in pixels
_CLOSE = 130.0
_WOOD: RGB = (122, 84, 56)
#: above the waist, in centimetres from the crown
_SEEN = 62.0


def draw_portrait(name: str, cast: Sequence[str], description: str, style: JsonObject, language: str) -> str:
    """A round SVG. `cast`: names in story order, which the colours follow; `description`: what is said of the looks;
    `style`: as `draw_frame` takes it."""
    story: JsonObject = style.get("story") or {}
    era = "" if story and is_sample(story) else find_era(story)
    person = looks.find_person(name, cast, description, read_people(story) if story else {})
    look = looks.look(name, cast, person, setting({}, {}, style, language, era).era, language)
    shapes = figure_shapes(Figure(look, "standing", "camera", "neutral", "", ""), _CLOSE, False, _WOOD)
    crown = max(y for spots, *_ in shapes for _, y in spots)
    areas = []
    for spots, colour, shade, alpha in shapes:
        points = [(x * 100, (crown - y) * 100) for x, y in spots]
        if min(y for _, y in points) > _SEEN:
            continue
        seen = colour if shade < 0 else times(colour, min(1.0, 0.55 + 0.45 * shade))
        clear = "" if alpha >= 255 else f" fill-opacity='{alpha / 255:.2f}'"
        areas.append(
            f"<polygon points='{' '.join(f'{x:.1f},{y:.1f}' for x, y in points)}' fill='{_hex(seen)}'{clear}/>"
        )
    ground = _hex(mix(look.coat, (255, 255, 255), 0.72))
    return (
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='-26 -7 52 52'>"
        "<clipPath id='round'><circle cx='0' cy='19' r='26'/></clipPath><g clip-path='url(#round)'>"
        f"<rect x='-26' y='-7' width='52' height='52' fill='{ground}'/>{''.join(areas)}</g></svg>"
    )


def coat_colour(name: str, cast: Sequence[str]) -> str:
    """The colour that a character wears in every frame, as ``#rrggbb``."""
    return _hex(looks.coat_of(name, cast)[0])


def _hex(colour: RGB) -> str:
    return "#" + "".join(f"{max(0, min(255, round(c))):02x}" for c in colour)
