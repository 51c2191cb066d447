"""A saved version is numbered, hashed, made the head unless one is pinned, and the tree follows it; on both
databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from workbench import samples
from workbench.api.client import Workbench
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version, point_head
from workbench.artifacts.versions import hash_of
from workbench.db.reads import story as reads
from workbench.db.rows.story import Artifact
from workbench.settings import Settings


@pytest.fixture
def conn(settings: Settings) -> Iterator[Connection]:
    with Workbench.open(settings, send=lambda ids: None) as wb:
        wb.create_project(samples.load("gift-of-the-magi.en"))
        with wb.database.write() as conn:
            yield conn


@pytest.fixture
def project(conn: Connection) -> int:
    return reads.list_projects(conn)[0].id


def plan(*titles: str) -> dict[str, Any]:
    episodes = [
        {"order": n, "title": title, "logline": f"What happens in {title}", "scene_scope": "s"}
        for n, title in enumerate(titles, 1)
    ]
    return kinds.validate(kinds.find("episode_plan"), {"episode_count": len(titles), "episodes": episodes})


def save(conn: Connection, project: int, *titles: str, source: str = "manual") -> Artifact:
    return add_version(conn, project, kinds.find("episode_plan"), plan(*titles), source=source)


def episodes(conn: Connection, project: int) -> list[tuple[int, str]]:
    return [(n.position, n.title) for n in reads.children(conn, project, "episode")]


def test_versions_are_numbered_and_hashed_with_their_parts(conn: Connection, project: int) -> None:
    first, second = save(conn, project, "Lamp", "Harbour"), save(conn, project, "Lamp", "Sea")
    assert (first.version, second.version) == (1, 2)
    assert second.content_hash == hash_of(plan("Lamp", "Sea"))
    assert first.part_hashes
    assert second.part_hashes
    assert first.part_hashes["episode:1"] == second.part_hashes["episode:1"]
    assert first.part_hashes["episode:2"] != second.part_hashes["episode:2"]


def test_the_tree_follows_the_head(conn: Connection, project: int) -> None:
    save(conn, project, "Lamp", "Harbour")
    before = {n.title: n.id for n in reads.children(conn, project, "episode")}
    save(conn, project, "Harbour")
    assert episodes(conn, project) == [(1, "Harbour")]
    save(conn, project, "Lamp", "Harbour")
    assert {n.title: n.id for n in reads.children(conn, project, "episode")} == before


def test_a_pinned_version_stays_the_head_and_the_tree_with_it(conn: Connection, project: int) -> None:
    kind = kinds.find("episode_plan")
    first = save(conn, project, "Lamp")
    point_head(conn, project, kind, first.id, pinned=True)
    second = save(conn, project, "Sea", "Storm", source="ai")
    assert episodes(conn, project) == [(1, "Lamp")]
    point_head(conn, project, kind, second.id, pinned=False)
    assert episodes(conn, project) == [(1, "Sea"), (2, "Storm")]


def test_a_version_saved_by_hand_is_seen_although_another_was_pinned(conn: Connection, project: int) -> None:
    kind = kinds.find("episode_plan")
    first = save(conn, project, "Lamp")
    point_head(conn, project, kind, first.id, pinned=True)
    save(conn, project, "Shore")
    assert episodes(conn, project) == [(1, "Shore")]


def test_a_brief_names_its_project(conn: Connection, project: int) -> None:
    brief = reads.find_head(conn, project, "brief")
    assert brief is not None
    add_version(conn, project, kinds.find("brief"), {**brief.content, "title": "Another"}, source="manual")
    node = reads.find_node(conn, project)
    assert node is not None
    assert node.title == "Another"
