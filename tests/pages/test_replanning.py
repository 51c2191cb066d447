"""A plan that would archive what is made, in the Studio: shown before it does, taken over or left, and undone."""

from __future__ import annotations

import pytest

from tests.pages.conftest import House, open_popover
from tests.pages.test_by_hand import texts

CORE = "generate_episode_core_expression"


@pytest.fixture
def made(house: House) -> tuple[int, int]:
    """(project, its last episode, with a core expression)."""
    project, episodes = house.planned()
    last = episodes[-1].id
    assert house.run(CORE, last).state == "succeeded"
    return project, last


def live(house: House, project: int) -> list[int]:
    return [n.id for n in house.nodes(project, "episode") if not n.archived]


def test_an_edit_that_archives_work_says_so_before_it_is_saved_and_can_be_undone(
    house: House, made: tuple[int, int]
) -> None:
    project, last = made
    before = live(house, project)
    at = house.page("studio", project=project, node=project)
    at.button(key=f"cell_{project}_plan_episodes_edit_open").click().run()
    remove = [b for b in at.button if str(b.key).endswith(".out")]
    remove[-1].click().run()
    at.button(key=f"cell_{project}_episode_plan_edit_save").click().run()
    assert "Would be archived" in texts(at)
    assert "Core expression" in texts(at)
    assert live(house, project) == before
    at.button(key=f"cell_{project}_episode_plan_edit_agree").click().run()
    assert live(house, project) == before[:-1]
    at.button(key=f"cell_{project}_episode_plan_replan_undo").click().run()
    assert live(house, project) == before
    assert house.wb.artifact(last, "core_expression") is not None


def test_a_restore_asks_first_and_leaves_all_when_the_answer_is_no(house: House, made: tuple[int, int]) -> None:
    project, _ = made
    head = house.wb.artifact(project, "episode_plan")
    more = [*head.content["episodes"], {
        "order": len(head.content["episodes"]) + 1, "title": "Under the ice", "scene_scope": "A frozen lake",
        "logline": "Divers search for a sunken bell",
    }]  # fmt: skip
    house.wb.artifacts.save(project, "episode_plan", {"episode_count": len(more), "episodes": more}, head.version)
    added = live(house, project)[-1]
    assert house.run(CORE, added).state == "succeeded"
    at = house.page("studio", project=project, node=project)
    open_popover(at, f"cell_{project}_episode_plan_versions")
    at.button(key=f"cell_{project}_episode_plan_restore_1").click().run()
    assert "Under the ice" in texts(at)
    at.button(key=f"cell_{project}_episode_plan_replan_no").click().run()
    assert added in live(house, project)
    at.button(key=f"cell_{project}_episode_plan_restore_1").click().run()
    at.button(key=f"cell_{project}_episode_plan_replan_yes").click().run()
    assert added not in live(house, project)


@pytest.mark.parametrize("answer", ["take", "keep"])
def test_a_models_plan_that_waits_shows_what_it_would_do_and_does_what_is_answered(
    house: House, made: tuple[int, int], answer: str
) -> None:
    project, last = made
    job = house.run("plan_episodes", project, {"target_episode_count": 1})
    assert job.result["held"] is True
    at = house.page("studio", project=project, node=project)
    assert "v2 waits for you" in texts(at)
    assert "Would be archived" in texts(at)
    at.button(key=f"cell_{project}_episode_plan_replan_{answer}").click().run()
    assert "waits for you" not in texts(at)
    assert (last in live(house, project)) is (answer == "keep")
