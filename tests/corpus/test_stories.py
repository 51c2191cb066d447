"""The corpus is as broad as it says, and each story has its source and its facts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.corpus.stories import FOLDER, Story, load, load_all
from workbench import samples
from workbench.artifacts.models import Brief
from workbench.story import briefs

STORIES = load_all()


def test_there_are_stories_of_every_sort() -> None:
    casts = {len(s.brief()["characters"]) for s in STORIES}
    kinds = {p.kind for s in STORIES for p in s.people.values()}

    assert len(STORIES) >= 40
    assert len([s for s in STORIES if s.source.startswith("written")]) <= len(STORIES) * 0.6
    assert min(casts) == 0
    assert max(casts) >= 60
    assert {"person", "animal", "machine", "thing"} <= kinds
    assert {s.language for s in STORIES} == {"zh", "en"}
    assert [s.name for s in STORIES if s.script == "hant"]
    assert {t for s in STORIES for m in s.moments for t in m.time} == {"dawn", "day", "noon", "dusk", "night"}
    assert {w for s in STORIES for m in s.moments for w in m.weather} == {"clear", "cloudy", "rain", "snow", "fog"}


@pytest.mark.parametrize("story", STORIES, ids=lambda s: s.name)
def test_a_story_is_a_brief_that_can_be_planned_and_has_its_source_and_facts(story: Story) -> None:
    brief = briefs.parse(story.brief())

    assert isinstance(brief, Brief)
    assert len(story.summary) >= 100
    assert re.search(r"^written for this corpus|\d{4}|century|《", story.source)
    named = {name for m in story.moments for name in (*(m.people or ()), *m.dies)}
    assert named <= {*story.people, story.protagonist}
    assert any(m.place or m.time or m.weather for m in story.moments)


def test_no_story_is_a_sample() -> None:
    titles = {str(samples.load(name)["title"]) for name in samples.names()}

    assert titles.isdisjoint(s.title for s in STORIES)


def test_a_slip_of_the_pen_in_a_story_is_an_error(tmp_path: Path) -> None:
    slip = tmp_path / "slip.toml"
    slip.write_text((FOLDER / "glacier.toml").read_text("utf-8").replace("weather =", "whether =", 1), "utf-8")

    with pytest.raises(TypeError, match="whether"):
        load(slip)
