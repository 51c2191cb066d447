"""A character's sheet: what it shows them from, and what a service is asked for."""

from __future__ import annotations

import pytest

from workbench.sketch.drawing import sheet
from workbench.sketch.drawing.figures import HALF, Figure, figure_shapes
from workbench.sketch.drawing.looks import Look
from workbench.workflows.image.sheet_prompt import sheet_prompt


def look_of(words: str) -> Look:
    return sheet._look_of("Mara", ["Mara"], words, "", {"preset": "anime"}, "en", 0, None)


def width_of(look: Look, facing: str) -> float:
    """Of the torso, which is the widest of what has the coat's colour and reaches the neck."""
    shapes = figure_shapes(Figure(look, "standing", facing, "neutral"), 100.0, False, (120, 80, 50))
    reach = [spots for spots, colour, *_ in shapes if colour == look.coat and max(y for _, y in spots) > look.height]
    return max(max(x for x, _ in spots) - min(x for x, _ in spots) for spots in reach)


@pytest.mark.parametrize("words", ["a slight woman in a coat", "an old man in a long robe", "a tall girl in a dress"])
def test_the_second_view_is_half_way_between_front_and_side(words: str) -> None:
    assert [facing for facing, _ in sheet._VIEWS] == ["camera", HALF, "away"]
    look = look_of(words)
    front, half, side = (width_of(look, facing) for facing in ("camera", HALF, "right"))
    assert side < half < front
    # who stands so is as tall, and an arm is before the body and the other behind it
    tall = [
        max(y for spots, *_ in figure_shapes(Figure(look, "standing", facing, "neutral"), 100.0, False, (120, 80, 50))
            for _, y in spots)
        for facing in ("camera", HALF)
    ]  # fmt: skip
    assert tall[0] == pytest.approx(tall[1], abs=0.05)


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ("from the front", "three-quarter", "from behind", "the face large", "neutral, soft light",
                "neutral expression")),
        ("zh", ("全身正面", "四分之三侧面", "全身背面", "脸部特写", "中性光", "神情平静")),
    ],
)  # fmt: skip
def test_a_service_is_asked_for_the_four_views_in_neutral_light(language: str, told: tuple[str, ...]) -> None:
    prompt = sheet_prompt("character", "Mara", "a grey coat", "", "ink wash", language, given=False)
    assert [words for words in told if words not in prompt] == []
    place = sheet_prompt("place", "The pier", "wet planks", "", "ink wash", language, given=False)
    assert ("even, neutral light" if language == "en" else "均匀的中性光") in place
