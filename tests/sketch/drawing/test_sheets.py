"""A character's sheet keeps to what its look tells, and a frame takes its colours over."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from workbench import sketch
from workbench.sketch.drawing import sheet
from workbench.sketch.drawing.looks import Look, Sheet, look
from workbench.sketch.reading.people import read_person

CAST = ["Mara", "Fen"]


def worn(told: Sheet | None, description: str = "a woman with long brown hair, a hat and a blue coat") -> Look:
    return look("Mara", CAST, read_person("Mara", description), "west", "en", told)


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [("short hair", "style", "short"), ("bald", "style", "bald"), ("in a red coat", "coat", (184, 52, 60))],
)
def test_a_look_counts_before_what_is_told_of_the_person(words: str, field: str, value: object) -> None:
    before, after = getattr(worn(None), field), getattr(worn(Sheet(words)), field)
    assert before != after
    if field != "coat":
        assert after == value


def test_what_a_look_does_not_tell_stays() -> None:
    assert worn(Sheet("carries a lamp")) == worn(None)


def test_a_told_colour_is_not_changed_by_a_picture() -> None:
    assert worn(Sheet("", (1, 2, 3))).coat == worn(None).coat
    assert worn(Sheet("", (1, 2, 3)), "a woman").coat == (1, 2, 3)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_frame_takes_over_the_coat_of_the_sheet(number: int) -> None:
    data = sketch.draw_character_sheet("Mara", CAST, "a woman", "", {"preset": "anime"}, "en", number)
    seen = sketch.read_sheet(data)
    assert seen.coat is not None
    again = sketch.draw_character_sheet("Mara", CAST, "a woman", "", {"preset": "anime"}, "en", 0, data)
    other = sketch.read_sheet(again).coat
    assert other is not None
    assert max(abs(a - b) for a, b in zip(seen.coat, other, strict=True)) < 16
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.size == sheet.SIZE


def test_a_picture_without_colour_tells_none() -> None:
    made = io.BytesIO()
    Image.new("RGB", (40, 40), (255, 255, 255)).save(made, "PNG")
    assert sketch.read_sheet(made.getvalue()).coat is None
