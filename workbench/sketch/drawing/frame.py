"""A storyboard frame: the set behind, the people in it, light and weather over both, the caption below."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from workbench.json_types import JsonObject
from workbench.sketch.drawing import caption, finish, looks, places, weather
from workbench.sketch.drawing.colour import RGB, mix, rgb, times
from workbench.sketch.drawing.figures import Figure, figure_shapes, shadow
from workbench.sketch.drawing.framing import View, frame_shot
from workbench.sketch.drawing.hands import close_hand
from workbench.sketch.drawing.light import Light
from workbench.sketch.drawing.props import shines
from workbench.sketch.drawing.scenery import furnish
from workbench.sketch.drawing.setting import Setting, setting
from workbench.sketch.drawing.space import Point
from workbench.sketch.drawing.stage import Glow, Painter, Shape, Stage, ellipse, planes, sort_things
from workbench.sketch.drawing.style import ACCENTS, style_preset
from workbench.sketch.reading.eras import find_era
from workbench.sketch.reading.people import Person, read_people
from workbench.sketch.reading.samples import is_sample

#: a frame's area in pixels
AREA = 960 * 540
_SIZES = {
    "16:9": (960, 540),
    "9:16": (540, 960),
    "1:1": (720, 720),
    "4:3": (832, 624),
    "3:4": (624, 832),
    "21:9": (1120, 480),
}
_WOOD: RGB = (122, 84, 56)


def frame_size(aspect_ratio: str) -> tuple[int, int]:
    """Width and height in pixels for a ratio like “16:9”, both even, of about the same area for each."""
    if aspect_ratio in _SIZES:
        return _SIZES[aspect_ratio]
    across, _, down = aspect_ratio.partition(":")
    ratio = max(0.2, min(5.0, float(across) / float(down)))
    width = math.sqrt(AREA * ratio)
    return round(width / 2) * 2, round(width / ratio / 2) * 2


def draw_frame(
    shot: JsonObject,
    anchor: JsonObject,
    cast: Sequence[str],
    style: JsonObject,
    aspect_ratio: str,
    language: str,
    seed: int,
    *,
    shown: str | None = None,
) -> bytes:
    """The shot as a PNG. The same arguments give the same bytes; the anchor may be empty. `shown`: the caption to show
    where that is not the one to read.

    `style` has preset and prompt, and may have the brief's facts as `story`: they tell who everybody is and of which
    era all is, the same in every frame. `sheets`: name → what a `looks.Sheet` holds, of those who have one;
    `place`: what `places.PlaceColours` holds, where the place has a sheet.
    """
    story: JsonObject = style.get("story") or {}
    size = frame_size(aspect_ratio)
    preset = style_preset(style.get("preset"))
    where = setting(anchor, shot, style, language, "" if story and is_sample(story) else find_era(story))
    known = read_people(story) if story else {}
    light = Light(where, preset)
    strip = caption.lay_out(
        str((shown or shot.get("caption")) or ""), int(shot.get("order") or 1), str(shot.get("framing") or ""), size
    )
    inner = (size[0], size[1] - strip.height)
    stage = furnish(where)
    if style.get("place"):
        places.repaint(stage, places.PlaceColours(**style["place"]))
    sheets = {name: looks.Sheet(**told) for name, told in (style.get("sheets") or {}).items()}
    people = [_figure(s, shot, cast, where, language, known, sheets) for s in shot.get("subjects") or []]
    view = frame_shot(shot, people, stage.sights, where.inside, stage.width, inner, seed, where.number)
    picture = paint(stage, view, light, inner, seed)
    picture = finish.apply_style(picture, preset, seed)
    whole = Image.new("RGB", size)
    whole.paste(picture, (0, 0))
    caption.write(whole, strip, preset.ground, preset.words, rgb(ACCENTS[preset.name]))
    buffer = io.BytesIO()
    whole.save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def _figure(
    subject: JsonObject,
    shot: JsonObject,
    cast: Sequence[str],
    where: Setting,
    language: str,
    known: Mapping[str, Person],
    sheets: Mapping[str, looks.Sheet],
) -> Figure:
    name = str(subject.get("name") or "")
    person = looks.find_person(name, cast, looks.describe_looks(name, shot), known)
    held = (subject.get("hands") or {}) if person.being.shape == "person" else {}
    return Figure(
        looks.look(name, cast, person, where.era, language, sheets.get(name)),
        str(subject.get("pose") or "standing"),
        str(subject.get("orientation") or "camera"),
        str(subject.get("expression") or "neutral"),
        str(held.get("left") or ""),
        str(held.get("right") or ""),
    )


def paint(stage: Stage, view: View, light: Light, size: tuple[int, int], seed: int) -> Image.Image:
    """Set and people, twice as fine as the picture; out of focus, the set can be coarse."""
    fine = 2.0
    soft = view.blur >= 1.5
    coarse = 0.5 if view.blur > 4 else 1.0
    glows = list(stage.glows)
    if soft:
        back = _background(stage, view, light, size, coarse, behind=view.distance + 0.25)
        back = back.filter(ImageFilter.GaussianBlur(view.blur * coarse))
        canvas = back.resize((round(size[0] * fine), round(size[1] * fine)), Image.Resampling.BILINEAR)
        painter = Painter(canvas, view.camera, light, fine)
        things: list[tuple[float, Any]] = []
    else:
        canvas = _background(stage, view, light, size, fine, behind=None)
        painter = Painter(canvas, view.camera, light, fine)
        near = view.distance * (0.55 if view.people else 0.72 if view.near else 0.3)
        things = sort_things(stage, view.camera, near)
    line = light.preset.line * canvas.height / 1000
    people = Image.new("1", size, 0)
    cards = []
    for number, (figure, at) in enumerate(view.people):
        close = view.camera.scale((at[0], 1.5, at[2])) * 0.28
        if view.insert == "hand" and number == view.main and figure.look.human:
            shapes = close_hand(figure)
        else:
            shapes = figure_shapes(figure, close, stage.inside, _WOOD, view.near)
        cards.append((view.camera.depth((at[0], 0.9, at[2])), at, shapes, figure, close))
        glows += [
            Glow(_hand_point(view, figure, at), 0.9, 0.7)
            for held in (figure.left, figure.right)
            if held and shines(held)
        ]
    for depth, item in sorted([*((d, t) for d, t in things), *((c[0], c) for c in cards)], key=lambda k: -k[0]):
        if isinstance(item, tuple):
            _, at, shapes, figure, close = item
            if view.insert != "hand":
                _shade_ground(painter, stage, figure, at, light)
            _person(painter, at, shapes, line * min(1.0, 0.35 + close / 90), depth, people)
        else:
            painter.thing(item)
    weather.fall(painter, light, size, seed, stage.inside)
    picture = canvas.reduce(2)
    nearest = min((c[0] for c in cards), default=1e6)
    return weather.glow(picture, view.camera, light, glows, stage.inside, people.convert("L"), nearest)


def _background(
    stage: Stage, view: View, light: Light, size: tuple[int, int], fine: float, behind: float | None
) -> Image.Image:
    """Sky or walls; with `behind` also the things that are farther away than that."""
    width, height = round(size[0] * fine), round(size[1] * fine)
    canvas = weather.sky(width, height, light, stage, view.camera, fine)
    painter = Painter(canvas, view.camera, light, fine)
    if not stage.inside:
        for paint in stage.far:
            paint(painter)
    planes(stage, painter)
    if behind is not None:
        for _, thing in sort_things(stage, view.camera, behind):
            painter.thing(thing)
    return canvas


def _hand_point(view: View, figure: Figure, at: Point) -> Point:
    x, y = figure.hand()
    right = view.camera.right
    return at[0] + right[0] * x, y - 0.1, at[2] + right[2] * x


def _shade_ground(painter: Painter, stage: Stage, figure: Figure, at: Point, light: Light) -> None:
    """A soft patch below the feet, drawn out away from the light."""
    wide, deep = shadow(figure)
    right = painter.camera.right
    ahead = painter.camera.ahead
    low = light.setting.time in ("dawn", "dusk")
    lean = -0.5 * light.towards[0] * (1.6 if low else 0.5)
    for grow, alpha in ((1.0, 60), (0.62, 70)):
        spots = ellipse(lean * 0.6 * grow, 0.0, (wide + abs(lean) * 0.5) * grow, deep * grow, 20)
        points = [(at[0] + u * right[0] + v * ahead[0], 0.004, at[2] + u * right[2] + v * ahead[2]) for u, v in spots]
        painter.flat(painter.camera.project(points), light.shine_on(times(stage.floor, 0.35), 0.8), alpha)


def _person(painter: Painter, at: Point, shapes: Sequence[Shape], line: float, depth: float, mask: Image.Image) -> None:
    right, light, camera = painter.camera.right, painter.light, painter.camera
    areas = []
    for spots, colour, shade, alpha in shapes:
        points = [(at[0] + u * right[0], at[1] + v, at[2] + u * right[2]) for u, v in spots]
        seen = light.preset.grade(colour) if shade < 0 else light.shine_on(colour, shade, depth * 0.5, 0.5)
        areas.append((camera.project(points), seen, alpha))
    rim = mix(light.glow, light.low, 0.4) if light.preset.name == "cyberpunk" else None
    if rim is not None:
        # Neon behind the shoulders.
        for spots2, _, alpha in areas:
            if alpha >= 255 and len(spots2) > 2:
                painter.flat([(x + 2.2 * light.towards[0], y - 1.2) for x, y in spots2], rim)
    shape = ImageDraw.Draw(mask)
    for spots2, seen, alpha in areas:
        painter.flat(spots2, seen, alpha, line, light.preset.ink)
        if alpha >= 255 and len(spots2) > 2:
            shape.polygon(spots2, fill=1)
