"""An artifact is stale when what it was made from differs now."""

from __future__ import annotations

import pytest

from workbench.artifacts.staleness import find_changed_inputs, refresh_inputs
from workbench.db.rows.story import HeadState, Input

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
