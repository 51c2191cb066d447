"""One part of an artifact in a form of its own: read from its place, put back there, and nothing else touched."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.ui.studio.contents import CONTENTS
from workbench.artifacts import kinds
from workbench.errors import Issue
from workbench.i18n import Text
from workbench.ui.studio import parted


@pytest.mark.parametrize("kind", ["causal_chain", "emotion_arc", "character_relationships", "scene_script"])
def test_a_part_put_back_as_it_was_changes_nothing(kind: str) -> None:
    content = kinds.validate(kinds.find(kind), CONTENTS[kind])
    before = copy.deepcopy(content)
    for part in parted.PARTED[kind](content):
        assert part.model.model_validate(part.read(content))
        assert part.merge(content, part.read(content)) == before
    assert content == before


@pytest.mark.parametrize(
    ("kind", "number", "change", "path"),
    [
        ("causal_chain", 3, {"name": "Another act"}, ("beats", "acts", 0, "name")),
        ("scene_script", 2, {"summary": "Another summary"}, ("scenes", 1, "summary")),
    ],
)
def test_what_is_typed_in_a_part_lands_at_its_place(
    kind: str, number: int, change: dict[str, Any], path: tuple[Any, ...]
) -> None:
    content = kinds.validate(kinds.find(kind), CONTENTS[kind])
    part = parted.find(kind, content, number)
    merged: Any = part.merge(content, change)
    kinds.validate(kinds.find(kind), merged)
    for key in path:
        merged = merged[key]
    assert merged == next(iter(change.values()))


def test_an_added_point_belongs_to_its_episode_and_comes_in_its_order() -> None:
    content = kinds.validate(kinds.find("emotion_arc"), CONTENTS["emotion_arc"])
    part = parted.find("emotion_arc", content, 1)
    added = {"scene_order": 9, "tension": 5, "valence": 0, "label": "New", "beat_name": None}
    merged = part.merge(content, {"points": [added, *part.read(content)["points"]]})
    orders = [(p["episode_order"], p["scene_order"]) for p in merged["points"]]
    assert orders == [(1, None), (1, 9), (2, 1)]
    assert kinds.validate(kinds.find("emotion_arc"), merged)


def test_somebody_of_whom_only_others_tell_has_a_part_to_begin_with() -> None:
    content = kinds.validate(kinds.find("character_relationships"), CONTENTS["character_relationships"])
    assert list(parted.names("character_relationships", content).values()) == ["Della", "Jim", "Madame Sofronie"]
    own = {k: v for k, v in content["relationships"][0].items() if k != "from_name"}
    merged = parted.find("character_relationships", content, 3).merge(content, {"relationships": [own]})
    assert [r["from_name"] for r in merged["relationships"]] == ["Della", "Jim", "Jim", "Madame Sofronie"]


def test_issues_stand_in_their_own_part() -> None:
    content = kinds.validate(kinds.find("scene_script"), CONTENTS["scene_script"])
    wrong = [Issue("scenes.1.seconds", Text("too long")), Issue("title", Text("missing"))]
    assert parted.issues_of(parted.find("scene_script", content, 1), wrong) == []
    assert [i.path for i in parted.issues_of(parted.find("scene_script", content, 2), wrong)] == ["seconds"]
