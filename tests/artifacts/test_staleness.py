"""An artifact is stale when what it was made from differs now."""

from __future__ import annotations

import pytest

from workbench.artifacts.staleness import find_changed_inputs, list_to_load, refresh_inputs
from workbench.artifacts.versions import hash_of, pick
from workbench.db.rows.story import HeadState, Input, LoadedHead
from workbench.json_types import Json

PLAN = Input(node_id=1, kind="episode_plan", part="episode:3", artifact_id=10, version=1, content_hash="third")
BRIEF = Input(node_id=1, kind="brief", artifact_id=11, version=1, content_hash="brief")  # stored without a part


def head(kind: str, content_hash: str, parts: dict[str, str] | None = None) -> HeadState:
    return HeadState(20, 1, kind, 2, content_hash, parts, [])


@pytest.mark.parametrize(
    ("plan", "brief", "stale"),
    [
        (head("episode_plan", "new", {"episode:3": "third"}), head("brief", "brief"), []),
        (head("episode_plan", "new", {"episode:3": "other"}), head("brief", "brief"), ["episode:3"]),
        (head("episode_plan", "new", {}), head("brief", "brief"), ["episode:3"]),
        (head("episode_plan", "new", {"episode:3": "third"}), head("brief", "other"), [None]),
    ],
)
def test_a_part_counts_alone_and_a_whole_input_by_its_hash(
    plan: HeadState, brief: HeadState, stale: list[str | None]
) -> None:
    changed = find_changed_inputs([PLAN, BRIEF], {(1, "episode_plan"): plan, (1, "brief"): brief})
    assert [c.part for c in changed] == stale
    assert all(c.head.version == 2 for c in changed)


def test_an_input_without_a_head_makes_nothing_stale() -> None:
    assert find_changed_inputs([PLAN, BRIEF], {}) == []


def test_an_edit_counts_as_made_from_the_versions_of_now() -> None:
    plan, brief = head("episode_plan", "new", {"episode:3": "other"}), head("brief", "brief")
    heads = {(1, "episode_plan"): plan, (1, "brief"): brief}
    refreshed = refresh_inputs([PLAN, BRIEF], heads)
    assert [(i["version"], i["artifact_id"], i["content_hash"]) for i in refreshed] == [
        (2, 20, "other"),
        (2, 20, "brief"),
    ]
    assert find_changed_inputs(refreshed, heads) == []


def test_what_is_gone_stays_as_it_was_read() -> None:
    without_the_part = head("episode_plan", "new", {})
    assert refresh_inputs([PLAN, BRIEF], {(1, "episode_plan"): without_the_part}) == [PLAN, BRIEF]


def by_fields(**held: str) -> Input:
    content = {"name": "Mara", "appearance": "red hair", **held}
    fields = ["name", "appearance"]
    return Input(
        node_id=1, kind="character", part=None, artifact_id=10, version=1, content_hash="first",
        fields=fields, fields_hash=hash_of(pick(content, fields)),
    )  # fmt: skip


def loaded(content: Json) -> LoadedHead:
    return LoadedHead(20, 1, "character", 2, "second", None, [], content)


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        ({"name": "Mara", "appearance": "red hair", "personality": "dry"}, False),
        ({"name": "Mara", "appearance": "black hair"}, True),
        ({"name": "Mara"}, True),
    ],
)
def test_an_input_by_fields_is_changed_by_these_fields_alone(now: Json, changed: bool) -> None:
    made_from = by_fields()
    heads = {(1, "character"): loaded(now)}
    assert bool(find_changed_inputs([made_from], heads)) is changed
    assert list_to_load([made_from], heads) == {20}
    assert find_changed_inputs(refresh_inputs([made_from], heads), {(1, "character"): loaded(now)}) == []


def test_only_what_has_changed_is_loaded_and_what_is_not_loaded_counts_as_changed() -> None:
    made_from = by_fields()
    same = {(1, "character"): head("character", "first")}
    assert list_to_load([made_from], same) == set()
    assert find_changed_inputs([made_from], same) == []
    assert find_changed_inputs([made_from], {(1, "character"): head("character", "other")}) != []
    assert list_to_load([PLAN, BRIEF], {(1, "brief"): head("brief", "other")}) == set()


def test_fields_are_picked_along_their_path() -> None:
    content = {"location": {"name": "pier", "type": "outside"}, "title": "One", "empty": None}
    assert pick(content, ["location.name", "empty"]) == {"location": {"name": "pier"}, "empty": None}
    assert pick(content, ["location.name.first", "title.x", "nothing"]) == {"location": {}}
    assert pick(None, ["title"]) == {}
