"""Launch: what it shows with nothing and with a story, all or none, and the chat."""

from __future__ import annotations

import pytest

from tests.pages.conftest import House


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_works_with_nothing_there(house: House, lang: str):
    at = house.page("launch", lang=lang)
    assert not at.exception
    assert at.button(key="choose_llm_chat")


def test_launch_says_what_is_missing_and_starts_all_or_none(house: House):
    project, _episodes = house.planned()
    first = house.nodes(project, "episode")[0]["id"]
    at = house.page("launch", workflow="generate_episode_scene_list", project=project, node=first)
    assert at.button(key="launch_go").disabled
    assert any("core expression" in m.value for m in at.markdown)
    at = house.page("launch", workflow="generate_episode_core_expression", project=project)
    at.button(key=f"launch_nodes_{project}_episode_all").click().run()
    at.button(key="launch_go").click().run()
    assert not at.exception
    queued = house.wb.jobs(state="queued")
    assert {j["kind"] for j in queued} == {"generate_episode_core_expression"}
    assert len(queued) == len(house.nodes(project, "episode"))


def test_a_turn_of_the_chat_is_a_job_and_its_answer_stays_on_the_page(house: House):
    at = house.page("launch", workflow="llm_chat")
    at.chat_input(key="chat_said").set_value("What does the lamp say?").run()
    (job,) = house.wb.jobs()
    house.end(job["id"])
    at.run()
    at.run()
    assert any("What does the lamp say" in m.value for m in at.markdown)
    assert any("sketch" in m.value for m in at.markdown)
