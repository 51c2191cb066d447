"""What contradicts no more stays so: every story as it is read, and some of each sort down to frames and sound.

All of it, through jobs, is `python -m tests.corpus`.
"""

from __future__ import annotations

import pytest

from tests.corpus.checks import check
from tests.corpus.drafting import make_quickly, read_events
from tests.corpus.stories import FOLDER, Story, load, load_all

#: a screenplay, beasts, machines, nobody, both languages in one
DRAFTED = (
    "shout-in-fountain",
    "ugly-duckling",
    "lighthouse-robot",
    "empty-house",
    "mixed-brief",
    "wu-song",
    "night-train",
    "open-window",
)
#: drafts are asked here without the conversion that workflows do
STORIES = [s for s in load_all() if s.script != "hant"]


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.name)
def test_nothing_that_is_read_from_a_brief_contradicts_it(story: Story) -> None:
    assert [str(c) for c in check(read_events(story))] == []


@pytest.mark.parametrize("name", DRAFTED)
def test_nothing_that_is_drafted_and_drawn_contradicts_its_brief(name: str) -> None:
    assert [str(c) for c in check(make_quickly(load(FOLDER / f"{name}.toml")))] == []
