"""Colour, icon and word of each state, and the contrast that they are shown with."""

import re
from pathlib import Path

import pytest

from workbench.ui import states


def test_every_state_is_colour_icon_and_word_and_no_two_are_alike():
    looks = {(s.colour, s.icon, s.title) for s in states.STATES.values()}
    assert len(looks) == len(states.STATES)
    assert all(s.icon and s.title for s in states.STATES.values())


def test_what_needs_somebody_comes_first():
    assert states.most_urgent(["fresh", "stale", "failed"]) == "failed"
    assert states.most_urgent(["fresh", "stale", "running"]) == "running"
    assert states.most_urgent([]) == "missing"


def _luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    bright, dark = sorted((_luminance(a), _luminance(b)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", ["light", "dark"])
def test_text_has_enough_contrast_on_every_ground_it_stands_on(kind):
    import tomllib

    theme = tomllib.loads((Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))["theme"][kind]
    grounds = [theme["backgroundColor"], theme["sidebar"]["backgroundColor"], theme["secondaryBackgroundColor"]]
    texts = {n: c for n, c in theme.items() if re.fullmatch(r"\w+TextColor|textColor|linkColor", n)}
    for name, colour in texts.items():
        for ground in grounds:
            assert contrast(colour, ground) >= 4.5, (name, colour, ground)
    for colour in ("red", "orange", "yellow", "blue", "green", "violet", "gray"):
        assert contrast(theme[f"{colour}TextColor"], theme[f"{colour}BackgroundColor"]) >= 4.5, colour
