"""Reference sheets: a character from four sides on grey ground, a place in three views; and what a frame takes from
one."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter

from workbench.json_types import JsonObject
from workbench.sketch.drawing import finish, looks, places
from workbench.sketch.drawing.colour import RGB, digest, mix, times
from workbench.sketch.drawing.figures import HALF, Figure, figure_shapes
from workbench.sketch.drawing.frame import paint
from workbench.sketch.drawing.framing import frame_shot
from workbench.sketch.drawing.light import Light
from workbench.sketch.drawing.scenery import furnish
from workbench.sketch.drawing.seen import find_main_colour, remember
from workbench.sketch.drawing.setting import setting
from workbench.sketch.drawing.stage import Shape
from workbench.sketch.drawing.style import style_preset
from workbench.sketch.reading.eras import find_era
from workbench.sketch.reading.people import read_people
from workbench.sketch.reading.samples import is_sample

#: pixels
SIZE = (1440, 960)
_GROUND: RGB = (214, 215, 218)
_FLOOR: RGB = (196, 197, 201)
_WOOD: RGB = (122, 84, 56)
#: twice as fine as the picture
_FINE = 2
#: views from left to right: how somebody faces, where they stand (share of the width)
_VIEWS = (("camera", 0.135), (HALF, 0.37), ("away", 0.605))
#: how high the tallest stands, of the picture's height
_TALL = 0.84


def draw_character_sheet(
    name: str,
    cast: Sequence[str],
    words: str,
    worn: str,
    style: JsonObject,
    language: str,
    number: int,
    given: bytes | None = None,
) -> bytes:
    """A PNG of `SIZE`. `words`: what is told of the looks, `worn`: what this look has otherwise; `number`: which try,
    the first is as the frames have them without a sheet; `given`: a picture whose colours it keeps to."""
    look = _look_of(name, cast, words, worn, style, language, number, given)
    preset = style_preset(style.get("preset"))
    wide, high = SIZE[0] * _FINE, SIZE[1] * _FINE
    canvas = Image.new("RGB", (wide, high), _GROUND)
    pen = ImageDraw.Draw(canvas, "RGBA")
    foot = round(high * 0.93)
    pen.rectangle((0, foot - round(high * 0.05), wide, high), fill=_FLOOR)
    tallest = max(_height_of(look), 1.0)
    scale = high * _TALL / tallest
    line = max(0, round(preset.line * high / 1400))
    for facing, at in _VIEWS:
        shapes = figure_shapes(Figure(look, "standing", facing, "neutral"), scale * 0.28, False, _WOOD)
        _draw(pen, shapes, (wide * at, foot), scale, line, preset.ink)
    face = figure_shapes(Figure(look, "standing", "camera", "neutral"), high * 0.5, False, _WOOD)
    _draw_face(canvas, face, Figure(look, "standing", "camera", "neutral").eyes(), line, preset.ink)
    return _encode(canvas.reduce(_FINE))


def draw_place_sheet(name: str, words: str, worn: str, style: JsonObject, language: str, number: int) -> bytes:
    """A PNG of `SIZE`: above, the whole of the place; below, the other way and a part of it."""
    whole = Image.new("RGB", SIZE, _GROUND)
    seed = digest("place", name) + number
    half = (SIZE[0] // 2 - 6, SIZE[1] - SIZE[1] * 3 // 5 - 12)
    for framing, size, at, turned in (
        ("ELS", (SIZE[0], SIZE[1] * 3 // 5), (0, 0), False),
        ("LS", half, (0, SIZE[1] * 3 // 5 + 12), True),
        ("CU", half, (SIZE[0] // 2 + 6, SIZE[1] * 3 // 5 + 12), False),
    ):
        view = _draw_set("; ".join(t for t in (name, words, worn) if t), style, language, framing, size, seed)
        whole.paste(view.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if turned else view, at)
    return _encode(whole)


def read_sheet(picture: bytes, worn: str = "") -> looks.Sheet:
    """What a frame takes over from a sheet's picture: the colour that most of the figure has, and of one of our own
    what goes with it. `worn`: what the look tells in words."""
    return looks.Sheet(worn, *_read_colours(picture))


@remember
def _read_colours(picture: bytes) -> tuple[RGB | None, RGB | None]:
    with Image.open(io.BytesIO(picture)) as opened:
        seen = opened.convert("RGB")
    if seen.size != SIZE:
        return find_main_colour(seen, (0.2, 0.3, 0.8, 0.9), _has_colour), None
    coat = find_main_colour(seen, (0.1, 0.3, 0.17, 0.6), _has_colour)
    under = find_main_colour(seen, (0.1, 0.66, 0.17, 0.8), _has_colour)
    # a long robe covers what goes with it
    same = coat is None or under is None or max(abs(a - b) for a, b in zip(coat, under, strict=True)) < 40
    return coat, None if same else under


@remember
def read_place(picture: bytes) -> places.PlaceColours:
    """What a frame takes over from the picture of a place's sheet."""
    return places.read_place_sheet(picture, SIZE)


def _has_colour(pixel: tuple[int, ...]) -> bool:
    """Neither the grey ground nor paper."""
    ground = max(abs(c - g) for c, g in zip(pixel, _GROUND, strict=True)) < 14
    return not ground and min(pixel) < 242


def _look_of(
    name: str,
    cast: Sequence[str],
    words: str,
    worn: str,
    style: JsonObject,
    language: str,
    number: int,
    given: bytes | None,
) -> looks.Look:
    story: JsonObject = style.get("story") or {}
    era = "" if story and is_sample(story) else find_era(story)
    person = looks.find_person(name, cast, words, read_people(story) if story else {})
    usual = setting({}, {}, style, language, era).era
    sheet = looks.Sheet(worn) if given is None else read_sheet(given, worn)
    if number:
        coat, under = looks.COATS[(looks.place_of(name, cast) * 3 + number * 7) % len(looks.COATS)]
        sheet = looks.Sheet(worn, sheet.coat or coat, under)
    return looks.look(name, cast, person, usual, language, sheet)


def _height_of(look: looks.Look) -> float:
    shapes = figure_shapes(Figure(look, "standing", "camera", "neutral"), 100.0, False, _WOOD)
    return max(y for spots, *_ in shapes for _, y in spots)


def _draw(
    pen: ImageDraw.ImageDraw, shapes: Sequence[Shape], foot: tuple[float, float], scale: float, line: int, ink: RGB
) -> None:
    areas = []
    for spots, colour, shade, alpha in shapes:
        points = [(foot[0] + x * scale, foot[1] - y * scale) for x, y in spots]
        seen = colour if shade < 0 else times(colour, min(1.0, 0.6 + 0.4 * shade))
        areas.append((points, times(seen, 1.0), alpha))
    if line:
        for points, _, alpha in areas:
            if alpha >= 255 and len(points) > 2:
                pen.line([*points, points[0]], fill=(*ink, 255), width=line * 2, joint="curve")
    for points, seen, alpha in areas:
        if len(points) > 2:
            pen.polygon(points, fill=(*seen, alpha))


def _draw_face(canvas: Image.Image, shapes: Sequence[Shape], eyes: tuple[float, float], line: int, ink: RGB) -> None:
    """Head and shoulders, large, at the right."""
    size = (round(canvas.width * 0.24), round(canvas.height * 0.52))
    card = Image.new("RGB", size, mix(_GROUND, (255, 255, 255), 0.35))
    scale = size[1] / 0.62
    foot = (size[0] / 2 - eyes[0] * scale, size[1] * 0.46 + eyes[1] * scale)
    _draw(ImageDraw.Draw(card, "RGBA"), shapes, foot, scale, line, ink)
    canvas.paste(card.filter(ImageFilter.SMOOTH), (round(canvas.width * 0.745), round(canvas.height * 0.09)))


def _draw_set(
    text: str, style: JsonObject, language: str, framing: str, size: tuple[int, int], seed: int
) -> Image.Image:
    story: JsonObject = style.get("story") or {}
    shot: JsonObject = {"order": 1, "framing": framing, "subjects": [], "visual": {"environment": text}}
    anchor: JsonObject = {"scene": {"zh": text, "en": text}, "location": {"name": text[:60]}}
    preset = style_preset(style.get("preset"))
    where = setting(anchor, shot, style, language, "" if story and is_sample(story) else find_era(story))
    stage = furnish(where)
    view = frame_shot(shot, [], stage.sights, where.inside, stage.width, size, seed, where.number)
    return finish.apply_style(paint(stage, view, Light(where, preset), size, seed), preset, seed)


def _encode(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, format="PNG", compress_level=3)
    return made.getvalue()
