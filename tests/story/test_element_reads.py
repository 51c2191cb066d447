"""What the cast and gallery pages ask, on both databases: scenes with pictures, who is in which, what an edit made
stale, clips."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.story_nodes import set_archived
from workbench import samples
from workbench.api.client import Workbench
from workbench.artifacts import kinds
from workbench.artifacts.saving import add_version
from workbench.db.reads import story as reads
from workbench.db.writes import story
from workbench.errors import InvalidInput, NotAllowed
from workbench.settings import Settings
from workbench.story import elements

SHA = "a" * 64


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as made:
        yield made


def told(wb: Workbench) -> dict[str, Any]:
    """A sample with two episodes of two scenes: project, episodes."""
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    nodes: dict[str, Any] = {"project": project, "episodes": []}
    with wb.database.write() as conn:
        above = {"project_id": project, "user": "local"}
        for number in (1, 2):
            episode = story.add_node(conn, "episode", f"Part {number}", parent_id=project, position=number, **above)
            nodes["episodes"].append(episode)
    for episode in nodes["episodes"]:
        outline = {"summary": "s", "location": "the flat", "beat": "b"}
        scenes = [{"order": 1, "cast": ["Della"], **outline}, {"order": 2, "cast": ["jim"], **outline}]
        wb.artifacts.save(episode, "scene_list", {"scenes": scenes}, None)
        live = [n for n in wb.projects.tree(project).nodes if n.parent_id == episode]
        assert [n.position for n in live] == [1, 2]
    return nodes


def drawn(wb: Workbench, scene: int) -> None:
    candidate = {"media": SHA, "width": 4, "height": 4, "made_of": SHA, "model": "m"}
    frames = [{"key": "KF0", "chosen": SHA, "candidates": [candidate]}]
    wb.artifacts.save(scene, "keyframe_images", {"aspect_ratio": "16:9", "frames": frames}, None)


def test_scenes_with_pictures_come_in_story_order_without_archived_ones(wb: Workbench) -> None:
    nodes = told(wb)
    scenes = [n.id for n in wb.projects.tree(nodes["project"]).nodes if n.kind == "scene"]
    for scene in reversed(scenes):
        drawn(wb, scene)
    with wb.database.read() as conn:
        found = reads.scenes_with(conn, nodes["project"], "keyframe_images")
        second = reads.scenes_with(conn, nodes["project"], "keyframe_images", episode=nodes["episodes"][1])
        heads = reads.heads_with_content(conn, [found[0].id], ["keyframe_images"])
    assert [(s.number, s.position) for s in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert [s.id for s in second] == [s.id for s in found[2:]]
    assert heads[found[0].id, "keyframe_images"].content["frames"][0]["chosen"] == SHA
    set_archived(wb, nodes["episodes"][0], True)
    with wb.database.read() as conn:
        assert len(reads.scenes_with(conn, nodes["project"], "keyframe_images")) == 2


def test_every_scene_has_the_cast_of_its_outline(wb: Workbench) -> None:
    nodes = told(wb)
    with wb.database.read() as conn:
        found = elements.list_scenes(conn, nodes["project"])
    assert [(s.episode, s.position, s.cast) for s in found] == [
        (1, 1, ("Della",)),
        (1, 2, ("jim",)),
        (2, 1, ("Della",)),
        (2, 2, ("jim",)),
    ]
    assert [(s.episode, s.position) for s in elements.select_scenes(found, {"name": "Jim"}, "character")] == [
        (1, 2),
        (2, 2),
    ]


def test_only_what_was_made_from_an_older_version_is_stale_by_it(wb: Workbench) -> None:
    nodes = told(wb)
    della, jim = (n.id for n in wb.projects.tree(nodes["project"]).nodes if n.title in ("Della", "Jim"))
    with wb.database.write() as conn:
        for episode, person in zip(nodes["episodes"], (della, jim), strict=True):
            head = reads.find_head(conn, person, "character")
            assert head is not None
            made_from = {
                "node_id": person, "kind": "character", "part": None, "artifact_id": head.id,
                "version": head.version, "content_hash": head.content_hash,
            }  # fmt: skip
            own = reads.find_head(conn, episode, "scene_list")
            assert own is not None
            add_version(conn, episode, kinds.find("scene_list"), own.content, source="restore", inputs=[made_from])
    content = wb.artifact(della, "character")
    assert content is not None
    wb.artifacts.save(della, "character", {**content.content, "personality": "warm"}, 1)
    with wb.database.read() as conn:
        assert elements.find_stale_dependents(conn, nodes["project"], della) == [(nodes["episodes"][0], "scene_list")]
        assert elements.find_stale_dependents(conn, nodes["project"], jim) == []


def test_characters_are_put_in_order_and_nothing_else_is(wb: Workbench) -> None:
    nodes = told(wb)
    cast = [n.id for n in wb.projects.tree(nodes["project"]).nodes if n.kind == "character"]
    wb.projects.arrange_elements(cast[::-1])
    assert [n.id for n in wb.projects.tree(nodes["project"]).nodes if n.kind == "character"] == cast[::-1]
    with pytest.raises(NotAllowed):
        wb.projects.arrange_elements([cast[0], nodes["episodes"][0]])
    other = wb.create_project(samples.load("gift-of-the-magi.en"))
    stranger = next(n.id for n in wb.projects.tree(other).nodes if n.kind == "character")
    with pytest.raises(NotAllowed):
        wb.projects.arrange_elements([cast[0], stranger])


def test_a_name_that_is_there_already_is_refused(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    with pytest.raises(InvalidInput) as refused:
        wb.projects.add_element(project, "character", {"name": "DELLA "})
    assert [i.path for i in refused.value.issues] == ["name"]


def test_a_place_is_told_by_kind_and_positions(wb: Workbench) -> None:
    nodes = told(wb)
    with wb.database.read() as conn:
        episode = nodes["episodes"][1]
        scene = reads.children(conn, episode, "scene")[0]
        places = reads.list_places(conn, [nodes["project"], episode, scene.id, 0])
    assert {p.id: (p.kind, p.episode, p.position) for p in places.values()} == {
        nodes["project"]: ("project", None, 0),
        episode: ("episode", None, 2),
        scene.id: ("scene", 2, scene.position),
    }
    assert places[scene.id].title == scene.title
