"""Which shot a file that somebody brings is for, as its name says."""

from __future__ import annotations

import pytest

from workbench.ui.studio.own_pictures import guess_shots


@pytest.mark.parametrize(
    ("names", "taken", "shots"),
    [
        # as the gallery packs them
        (["03-MLS.webp", "09-HIGH-1f2e3d4c.webp"], "", "3 9"),
        (["shot 4.png", "Einstellung_07.jpg", "第2镜.png"], "", "4 7 2"),
        # a camera's number is none of a shot
        (["IMG_2041.jpg", "DSC00017.JPG"], "", "1 2"),
        (["IMG_2041.jpg", "DSC00017.JPG"], "1 3", "2 4"),
        # two that say the same say nothing
        (["1.png", "1 (copy).png", "2.png"], "", "1 3 2"),
        ([f"{n}.png" for n in "abcdefghijk"], "", "1 2 3 4 5 6 7 8 9 9 9"),
    ],
)
def test_a_file_is_for_the_shot_that_its_name_says_else_for_the_next_free_one(
    names: list[str], taken: str, shots: str
) -> None:
    guessed = guess_shots(names, {f"KF{int(n) - 1}" for n in taken.split()})
    assert guessed == [f"KF{int(n) - 1}" for n in shots.split()]
