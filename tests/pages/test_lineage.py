"""From any artifact up to the brief and down to what was made from it: versions, jobs, why it is stale."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.pages.conftest import House
from tests.pages.test_by_hand import texts
from tests.story_nodes import set_archived
from workbench.db.schema import model_call
from workbench.errors import NotFound
from workbench.story.lineage import spread
from workbench.ui.lineage import rank


def test_everything_that_can_be_reached_is_there_once_with_the_fewest_steps() -> None:
    links = {1: [2, 3], 2: [4], 3: [4, 3], 4: [1, 5]}

    def next_to(at: tuple[int, str]) -> list[tuple[int, str]]:
        return [(n, "x") for n in links.get(at[0], [])]

    assert spread((1, "x"), next_to) == {(2, "x"): 1, (3, "x"): 1, (4, "x"): 2, (5, "x"): 3}
    assert spread((5, "x"), next_to) == {}


@pytest.fixture
def made(house: House) -> tuple[int, int, list[int]]:
    """(project, episode, its scenes): with a scene list and the anchors of the first two scenes."""
    project, episodes = house.planned()
    episode = episodes[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert house.run(kind, episode).state == "succeeded"
    scenes = [n.id for n in house.nodes(project, "scene")]
    for scene in scenes[:2]:
        assert house.run("generate_scene_anchor", scene).state == "succeeded"
    return project, episode, scenes


def test_a_lineage_goes_up_by_the_versions_that_were_used_and_down_by_what_counts_now(
    house: House, made: tuple[int, int, list[int]]
) -> None:
    project, episode, scenes = made
    wb = house.wb
    brief = wb.artifact(project, "brief")
    wb.artifacts.save(project, "brief", {**brief.content, "genre": "ghost story"}, brief.version)
    seen = wb.artifacts.lineage(episode, "scene_list")
    above = {r.kind: r for r in seen.above}
    assert {"brief", "episode_plan", "core_expression", "character"} <= above.keys()
    assert (above["brief"].version, above["brief"].head, above["brief"].stale) == (1, 2, False)
    assert above["episode_plan"].stale
    assert above["episode_plan"].job_id is not None
    assert {(r.node_id, r.kind) for r in seen.below} == {(s, "scene_anchor") for s in scenes[:2]}
    assert {r.distance for r in seen.below} == {1}
    # nothing is above what a person has brought
    assert wb.artifacts.lineage(project, "brief").above == []
    assert not wb.artifacts.lineage(scenes[1], "scene_anchor").truncated

    set_archived(wb, scenes[1], True)
    assert [r.node_id for r in wb.artifacts.lineage(episode, "scene_list").below] == [scenes[0]]
    with pytest.raises(NotFound):
        wb.artifacts.lineage(episode, "scene_script")


def test_ranks_stand_in_the_order_of_a_storys_making_whatever_was_read_directly(
    house: House, made: tuple[int, int, list[int]]
) -> None:
    _, _, scenes = made
    seen = house.wb.artifacts.lineage(scenes[1], "scene_anchor")
    order = ["brief", "episode_plan", "core_expression", "scene_list", "scene_anchor"]
    ranks = [(own.kind, own.side) for own in rank(seen, order) if own.kind in order]
    assert ranks == [*((kind, "above") for kind in order), ("scene_anchor", "here")]


def test_the_page_says_versions_jobs_and_reasons_and_leads_on(house: House, made: tuple[int, int, list[int]]) -> None:
    project, episode, _ = made
    brief = house.wb.artifact(project, "brief")
    house.wb.artifacts.save(project, "brief", {**brief.content, "genre": "ghost *story*"}, brief.version)
    at = house.page("lineage", node=episode, kind="scene_list")
    assert not at.exception
    shown = texts(at)
    assert at.title[0].value == "Lineage of Scene list"
    assert "2 made from it" in shown
    assert r"became “ghost \*story\*”" in shown
    assert "**Scene anchor** × 2" in shown

    job = house.wb.artifact(episode, "scene_list").job_id
    at = house.page("job", id=job)
    assert "Scene list v1" in texts(at)


def test_the_page_says_what_each_kind_has_cost_by_the_jobs_of_the_versions_that_are_shown(
    house: House, made: tuple[int, int, list[int]]
) -> None:
    _, episode, scenes = made

    def pay(node: int, kind: str, micros: int) -> None:
        paid = house.wb.artifact(node, kind).job_id
        with house.wb.database.write() as conn:
            conn.execute(
                update(model_call).where(model_call.c.job_id == paid).values(cost_micros=micros, currency="CNY")
            )

    pay(episode, "scene_list", 1_500_000)
    # a version that no longer counts
    pay(scenes[0], "scene_anchor", 9_000_000)
    assert house.run("generate_scene_anchor", scenes[0]).state == "succeeded"
    pay(scenes[0], "scene_anchor", 400_000)
    pay(scenes[1], "scene_anchor", 350_000)

    at = house.page("lineage", node=episode, kind="scene_list")
    assert not at.exception
    shown = [caption.value for caption in at.caption]
    assert shown.count("¥1.50") == 1
    assert shown.count("¥0.75") == 1
    # the others are the sketch's
    assert {value for value in shown if "¥" in value} == {"¥1.50", "¥0.75"}


def test_each_row_leads_into_the_studio_of_its_own_story(house: House, made: tuple[int, int, list[int]]) -> None:
    project, episode, scenes = made
    house.page("studio", project=house.sample("painted-skin.zh"))
    at = house.page("lineage", node=episode, kind="scene_list")
    links = [e.proto for e in at.get("page_link") if e.proto.page == "studio"]
    led = {link.query_string for link in links}
    assert f"project={project}&node={scenes[0]}" in led
    assert all(way.startswith(f"project={project}&node=") for way in led)


def test_what_was_made_with_another_prompt_is_as_stale_in_a_lineage_as_in_the_tree(
    house: House, made: tuple[int, int, list[int]]
) -> None:
    project, episode, _ = made
    assert not house.wb.artifacts.lineage(project, "episode_plan").of.stale
    words = house.wb.prompts.get("planning/plan_episodes", "en", project).counting
    house.wb.prompts.save(
        "planning/plan_episodes", "en", f"{words['system']} Keep it short.", words["user"], project_id=project,
        base_version=0,
    )  # fmt: skip
    tree = {(n.id, a.kind): a.stale for n in house.wb.projects.tree(project).nodes for a in n.artifacts}
    assert tree[project, "episode_plan"]
    seen = house.wb.artifacts.lineage(project, "episode_plan")
    assert seen.of.stale
    assert {r.key: r.stale for r in seen.below} == {r.key: tree[r.key] for r in seen.below}
    assert next(r for r in house.wb.artifacts.lineage(episode, "scene_list").above if r.kind == "episode_plan").stale

    at = house.page("lineage", node=project, kind="episode_plan")
    assert not at.exception
    assert "this project has a prompt of its own" in texts(at)


def test_what_is_not_whole_is_partial_in_a_lineage(house: House, made: tuple[int, int, list[int]]) -> None:
    _, _, scenes = made
    scene = scenes[0]
    for kind in ("generate_keyframe_prompt", "generate_keyframe_images"):
        assert house.run(kind, scene).state == "succeeded"
    seen = house.wb.artifacts.lineage(scene, "keyframe_images")
    assert (seen.of.stale, seen.of.complete) == (False, True)
    frames = house.wb.artifact(scene, "keyframe_images")
    fewer = {**frames.content, "frames": frames.content["frames"][:7]}
    house.wb.artifacts.save(scene, "keyframe_images", fewer, frames.version)
    seen = house.wb.artifacts.lineage(scene, "keyframe_images")
    assert (seen.of.stale, seen.of.complete) == (False, False)
    assert [(own.side, own.partial) for own in rank(seen, []) if own.partial] == [("here", 1)]
    at = house.page("lineage", node=scene, kind="keyframe_images")
    assert not at.exception
    assert texts(at).count("Partial") == 2


@pytest.mark.parametrize(
    "query", [{}, {"node": "x", "kind": "brief"}, {"node": 99, "kind": "brief"}, {"node": 1, "kind": "no"}]
)
def test_an_address_that_leads_nowhere_says_where_to_begin(house: House, query: dict[str, str]) -> None:
    house.sample()
    at = house.page("lineage", **query)
    assert not at.exception
    assert "Choose “Lineage”" in texts(at)
