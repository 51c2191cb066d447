"""What a set takes from the picture of its place: the hue of walls and ground, never their light."""

from __future__ import annotations

import io
from random import Random

import pytest
from PIL import Image

from workbench.sketch.drawing.colour import RGB, luma
from workbench.sketch.drawing.places import PlaceColours, repaint
from workbench.sketch.drawing.scenery import LANDS, ROOMS, furnish
from workbench.sketch.drawing.setting import Setting
from workbench.sketch.drawing.sheet import draw_place_sheet, read_place
from workbench.sketch.drawing.stage import Stage

RED, BLUE, GREEN = (190, 40, 30), (30, 60, 190), (40, 170, 60)


def banded(size: tuple[int, int], *colours: RGB) -> bytes:
    """Bands from top to bottom, of equal height."""
    image = Image.new("RGB", size)
    for number, colour in enumerate(colours):
        image.paste(colour, (0, size[1] * number // len(colours), size[0], size[1] * (number + 1) // len(colours)))
    made = io.BytesIO()
    image.save(made, "PNG")
    return made.getvalue()


def near(a: RGB, b: RGB) -> bool:
    return max(abs(x - y) for x, y in zip(a, b, strict=True)) < 12


@pytest.mark.parametrize("size", [(320, 180), (180, 320), (40, 40), (5, 5), (1, 9)])
def test_a_picture_tells_its_walls_and_its_ground(size: tuple[int, int]) -> None:
    seen = read_place(banded(size, RED, RED, RED, RED, BLUE, BLUE, BLUE))
    assert near(seen.walls, RED)
    assert near(seen.ground, BLUE)


def test_of_a_sheet_of_the_sketch_the_upper_part_counts() -> None:
    sheet = draw_place_sheet("The lamp room", "an old study", "", {"preset": "anime"}, "en", 0)
    with Image.open(io.BytesIO(sheet)) as opened:
        whole = opened.convert("RGB")
    changed = whole.copy()
    changed.paste((255, 0, 255), (0, whole.height * 61 // 100, whole.width, whole.height))
    made = io.BytesIO()
    changed.save(made, "PNG")
    assert read_place(made.getvalue()) == read_place(sheet)


def setting_of(kind: str, *, inside: bool) -> Setting:
    return Setting(kind, inside, "west", "day", "clear", lamp=False, side=0, number=7)


@pytest.mark.parametrize("kind", [*ROOMS, *LANDS])
def test_every_set_takes_the_hue_and_keeps_its_light(kind: str) -> None:
    where = setting_of(kind, inside=kind in ROOMS)
    plain, painted = furnish(where), furnish(where)
    repaint(painted, PlaceColours(RED, GREEN, BLUE))
    assert painted.floor != plain.floor
    for before, after in zip(plain.planes, painted.planes, strict=True):
        assert after.points == before.points
        if before.bright:
            assert after.colour == before.colour
        else:
            # a channel that is full cannot be brighter
            assert luma(after.colour) <= luma(before.colour) + 2
    assert sum(b.colour != a.colour for a, b in zip(plain.planes, painted.planes, strict=True)) > 0


def test_black_tells_no_hue() -> None:
    stage = Stage(Random("black"), inside=True)
    stage.wall(0, 0, 2, 3, 3, (120, 110, 100))
    repaint(stage, PlaceColours((0, 0, 0), (0, 0, 0), (3, 3, 3)))
    assert stage.planes[0].colour == (120, 110, 100)
