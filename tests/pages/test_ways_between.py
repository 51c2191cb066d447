"""From page to page: the project stays, and from a job one comes back to the filters one left."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import House


def project_of(at: AppTest, page: str) -> int:
    return int(at.selectbox(key=f"{page}_project").value)


@pytest.fixture
def stories(house: House) -> tuple[int, int]:
    return house.sample("gift-of-the-magi.en"), house.sample("painted-skin.zh")


def test_the_chosen_project_stays_on_every_page(house: House, stories: tuple[int, int]):
    older, newer = stories
    assert project_of(house.page("gallery"), "gallery") == newer
    at = house.page("studio", project=older)
    for page in ("gallery", "launch", "cast", "studio"):
        at.query_params.clear()
        at.switch_page(f"pages/{page}.py").run()
        if page == "launch":
            at.query_params["workflow"] = "plan_episodes"
            at.run()
        assert project_of(at, page) == older, page
    # a choice on one page is that of the next
    at.selectbox(key="studio_project").set_value(newer).run()
    at.query_params.clear()
    at.switch_page("pages/cast.py").run()
    assert project_of(at, "cast") == newer


def test_a_new_window_begins_with_the_project_chosen_last_and_others_keep_theirs(
    house: House, stories: tuple[int, int]
):
    older, newer = stories
    first = house.page("studio", project=older)
    second = house.page("studio", project=newer)
    assert project_of(house.page("cast"), "cast") == newer
    for window, own in ((first, older), (second, newer)):
        window.query_params.clear()
        assert project_of(window.switch_page("pages/gallery.py").run(), "gallery") == own


@pytest.mark.parametrize("param", ["77", "x", "-1", "9" * 30, "１"])
def test_an_unknown_project_does_not_displace_the_chosen_one(house: House, stories: tuple[int, int], param: str):
    older, _ = stories
    house.page("studio", project=older)
    at = house.page("gallery", project=param)
    assert not at.exception
    assert project_of(at, "gallery") == older


def test_an_archived_project_is_no_longer_the_chosen_one(house: House, stories: tuple[int, int]):
    older, newer = stories
    house.page("studio", project=older)
    house.wb.projects.archive(older)
    assert project_of(house.page("gallery"), "gallery") == newer


def test_the_studio_goes_on_at_the_node_that_was_left(house: House):
    project, episodes = house.planned()
    at = house.page("studio", project=project, node=episodes[1].id)
    at.query_params.clear()
    at.switch_page("pages/gallery.py").run()
    at.query_params.clear()
    at.switch_page("pages/studio.py").run()
    assert episodes[1].title in "\n".join(title.value for title in at.title)


def test_an_address_that_names_a_node_alone_opens_it_in_its_own_story(house: House):
    project, episodes = house.planned()
    assert house.run("generate_episode_core_expression", episodes[0].id).state == "succeeded"
    assert house.run("generate_episode_scene_list", episodes[0].id).state == "succeeded"
    scene = house.nodes(project, "scene")[0]
    other = house.sample("painted-skin.zh")
    house.page("studio", project=other)
    at = house.page("studio", node=scene.id)
    assert not at.exception
    assert project_of(at, "studio") == project
    assert scene.title in "\n".join(title.value for title in at.title)
    # of a node that is not there, the story used last says nothing
    at = house.page("studio", node=99_999)
    assert not at.exception
    assert project_of(at, "studio") == project
    # and no node stands in the tree of another story, whatever the address says
    at = house.page("studio", project=other, node=scene.id)
    assert not at.exception
    assert scene.title not in "\n".join(title.value for title in at.title)


def back_of(at: AppTest) -> dict[str, object]:
    at.button(key="back").click().run()
    assert not at.exception
    return {k: at.query_params[k] for k in at.query_params if k != "lang"}


def test_from_a_job_one_comes_back_to_the_filters_of_the_page_one_left(house: House):
    job = house.run("llm_chat", None, {"messages": [{"role": "user", "content": "Hello"}]})
    at = house.page("job", id=job.id, back="jobs?state=failed%2Cpartial&q=a+%26+b&period=7d")
    assert back_of(at) == {"state": "failed,partial", "q": "a & b", "period": "7d"}
    assert "filter_q" in [field.key for field in at.text_input]
    at = house.page("job", id=job.id, back="debug?period=all")
    assert at.button(key="back").label == "Debug"
    assert back_of(at) == {"period": "all"}


def test_the_way_back_goes_on_from_job_to_job(house: House):
    params = {"messages": [{"role": "user", "content": "Hello"}]}
    job = house.run("llm_chat", None, params)
    newer = house.wb.jobs.replay(job.id, params)
    at = house.page("job", id=job.id, back="jobs?q=x")
    links = [m.value for m in at.caption if f"id={newer.id}&" in m.value]
    assert links
    assert "back=jobs%3Fq%3Dx" in links[0]


@pytest.mark.parametrize(
    "back", ["", "//evil.example", "https://evil.example/jobs", "job?id=1", "../jobs", "jobs/../../x", "?", "x" * 5000]
)
def test_only_pages_of_the_house_are_gone_back_to(house: House, back: str):
    job = house.run("llm_chat", None, {"messages": [{"role": "user", "content": "Hello"}]})
    at = house.page("job", id=job.id, back=back)
    assert at.button(key="back").label == "All jobs"
    assert back_of(at) == {}
