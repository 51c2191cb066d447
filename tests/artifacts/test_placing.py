"""What names episodes and scenes by number goes on naming the same, on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection

from workbench.artifacts import kinds
from workbench.artifacts.declared import Stretch
from workbench.artifacts.placing import find_moved, tell_today
from workbench.artifacts.saving import add_version
from workbench.artifacts.sheets import look_at, read_spans, write_spans
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact
from workbench.db.writes import story as writes


def plan(conn: Connection, project: int, *titles: str) -> None:
    episodes = [
        {"order": n, "title": title, "logline": f"{title} {title}", "scene_scope": "s"}
        for n, title in enumerate(titles, start=1)
    ]
    save(conn, project, "episode_plan", {"episode_count": len(titles), "episodes": episodes})


def save(conn: Connection, node: int, kind: str, content: dict[str, Any]) -> Artifact:
    declared = kinds.find(kind)
    return add_version(conn, node, declared, kinds.validate(declared, content), source="manual")


def wear(conn: Connection, project: int, *worn: str) -> Artifact:
    """A sheet with a look in each of these scenes."""
    character = next(n.id for n in reads.nodes_of(conn, project) if n.kind == "character")
    looks = [{"name": f"look {n}", "spans": read_spans(typed)} for n, typed in enumerate(worn)]
    return save(conn, character, "character_sheet", {"looks": [{"name": "usual"}, *looks]})


def worn_today(conn: Connection, sheet: Artifact) -> list[str]:
    return [write_spans(look["spans"]) for look in tell_today(conn, sheet).content["looks"][1:]]


def test_numbers_follow_the_episodes(conn: Connection, project: int) -> None:
    plan(conn, project, "Lamp", "Harbour", "Snow")
    sheet = wear(conn, project, "1, 3.2.4", "2–", "7–")
    assert (worn_today(conn, sheet), find_moved(conn, [sheet.id])) == (["1, 3.2.4", "2–", "7–"], {})
    plan(conn, project, "Comet", "Snow", "Harbour", "Lamp")
    # a seventh episode is not there yet: what is typed stays
    assert worn_today(conn, sheet) == ["4, 2.2.4", "3–", "7–"]
    assert find_moved(conn, [sheet.id]) == {sheet.id: tell_today(conn, sheet).content}
    # what was saved stays as it is
    stored = reads.find_artifact(conn, sheet.id)
    assert stored is not None
    assert (stored.content, stored.content_hash) == (sheet.content, sheet.content_hash)


def test_what_is_archived_is_worn_nowhere_and_stays_no_usual_look(conn: Connection, project: int) -> None:
    plan(conn, project, "Lamp", "Harbour", "Snow")
    sheet = wear(conn, project, "2", "2–3", "3–")
    plan(conn, project, "Lamp", "Snow")
    assert worn_today(conn, sheet) == ["2", "2", "2–"]
    told = tell_today(conn, sheet).content
    first, second, _ = told["looks"][1:]
    assert first["spans"][0]["gone"]
    assert look_at({"looks": [first, second]}, "2.1") == second
    assert look_at({"looks": [first]}, "2.1") is None
    # the mark is told, and never kept
    kind = kinds.find("character_sheet")
    assert "gone" not in str(kinds.validate(kind, told))
    plan(conn, project, "Lamp")
    assert [look["spans"][0].get("gone") for look in tell_today(conn, sheet).content["looks"][1:]] == [True] * 3


@pytest.mark.parametrize("nodes", [[], [None], ["character"], ["character", "character", None]])
def test_a_layout_that_does_not_fit_leaves_the_numbers(conn: Connection, project: int, nodes: list[Any]) -> None:
    plan(conn, project, "Lamp", "Harbour")
    sheet = wear(conn, project, "1.2, 2")
    writes.set_layout(conn, sheet.id, [sheet.node_id if node == "character" else node for node in nodes])
    plan(conn, project, "Comet", "Lamp", "Harbour")
    assert worn_today(conn, sheet) == ["1.2, 2"]


@pytest.mark.parametrize(
    ("first", "last", "turned"),
    [("2", "1.4", True), ("2.3", "2", False), ("2", "2.3", False), ("2.3.5", "2.3.4", True), ("9", "", False)],
)
def test_a_stretch_is_turned_where_its_first_place_comes_after_its_last(first: str, last: str, turned: bool) -> None:
    assert Stretch("", first, last).is_turned == turned
