"""Whoever speaks has one colour in the whole story."""

from __future__ import annotations

from workbench.ui.charts import Palette
from workbench.ui.speakers import assign_colours

PALETTE = Palette(series=["#1", "#2", "#3"])
CAST = [{"name": "Della", "aliases": ["Mrs. Young"]}, {"name": "Jim"}]


def test_the_librarys_people_keep_their_colours_whoever_speaks_first_and_under_every_name() -> None:
    assert assign_colours(["Jim", "Della"], CAST, PALETTE) == {"Jim": "#2", "Della": "#1"}
    assert assign_colours(["mrs. young"], CAST, PALETTE) == {"mrs. young": "#1"}


def test_strangers_follow_the_cast_each_with_a_colour_that_begins_anew_when_they_run_out() -> None:
    assert assign_colours(["A stranger", "B", "A stranger"], CAST, PALETTE) == {"A stranger": "#3", "B": "#1"}
    assert assign_colours(["路人"], [], PALETTE) == {"路人": "#1"}
