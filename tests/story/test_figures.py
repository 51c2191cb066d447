"""Where a shot puts somebody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workflows.frames import shot
from workbench.story.figures import find_box


def of(
    framing: str, *people: tuple[str, str], caption: str = "a moment", name: str = "Mara", ratio: str = "16:9"
) -> Any:
    subjects = [{"name": who, "position": where} for who, where in people]
    return find_box({**shot(1), "framing": framing, "caption": caption, "subjects": subjects}, name, ratio)


def test_who_stands_left_has_a_box_left_of_who_stands_right() -> None:
    both = (("Mara", "left"), ("Fen", "right"))
    for framing in ("LS", "MLS", "MS", "LOW", "HIGH"):
        left, right = of(framing, *both), of(framing, *both, name="Fen")
        assert left[2] <= right[0] + 0.15
        assert left[0] < right[0]


def test_the_nearer_the_camera_the_larger_the_box() -> None:
    areas = []
    for framing in ("LS", "MLS", "MS", "MCU", "CU"):
        left, top, right, bottom = of(framing, ("Mara", "centre"))
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        areas.append((right - left) * (bottom - top))
    assert areas == sorted(areas)


def test_a_tall_picture_has_a_wider_box() -> None:
    wide, tall = of("LS", ("Mara", "centre")), of("LS", ("Mara", "centre"), ratio="9:16")
    assert tall[2] - tall[0] > 2 * (wide[2] - wide[0])


@pytest.mark.parametrize(
    ("framing", "caption", "there"),
    [
        ("CU", "Fen laughs at Mara", False), ("CU", "Mara looks at Fen", True), ("CU", "a face", True),
        ("ELS", "Mara on the pier", False), ("ECU", "Mara's eyes", False), ("MS", "Fen laughs", True),
    ],
)  # fmt: skip
def test_who_is_not_seen_or_too_small_has_no_box(framing: str, caption: str, there: bool) -> None:
    assert (of(framing, ("Mara", "left"), ("Fen", "right"), caption=caption) is not None) is there
    assert of(framing, ("Fen", "left"), caption=caption) is None
