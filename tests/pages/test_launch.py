"""Launch: what it shows with nothing and with a story, all or none, and the chat."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import ROOT, House
from workbench.i18n import translate
from workbench.ui import live
from workbench.workflows.registry import PURPOSES


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_works_with_nothing_there(house: House, lang: str):
    at = house.page("launch", lang=lang)
    assert not at.exception
    assert at.button(key="choose_llm_chat")
    assert at.query_params["workflow"] == "llm_chat", "the one thing that can start without a story"


def palette(at: AppTest) -> dict[str, list[str]]:
    """What the list at the left offers: caption → names of workflows, in the order in which they stand."""
    found: dict[str, list[str]] = {}
    for element in at.sidebar:
        if element.type == "caption":
            found[element.value] = []
        elif element.type == "button" and str(element.key).startswith("choose_"):
            found[next(reversed(found))].append(element.key.removeprefix("choose_"))
    return found


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_list_of_workflows_stands_under_what_they_are_for(house: House, lang: str):
    at = house.page("launch", lang)
    assert not at.exception
    folders = {translate(title, lang): folder for folder, title in PURPOSES.items()}
    # another test's own workflows stand under none of these
    shown = {title: names for title, names in palette(at).items() if title in folders}
    # in the order of a story's making; a purpose without anything to launch has no caption
    assert list(shown) == [title for title in folders if title in shown]
    assert {folders[title] for title in shown} >= {"planning", "episode", "scene", "image", "video", "agents"}
    for title, names in shown.items():
        # each workflow stands in the folder of its purpose
        files = {path.stem for path in (ROOT / "workbench" / "workflows" / folders[title]).glob("*.py")}
        assert names
        assert set(names) <= files, title
    launched = [name for names in shown.values() for name in names]
    assert len(launched) == len(set(launched)) > 20

    # a search leaves the captions of what it finds, and finds by the caption, too
    at.text_input(key="filter_q").set_value(translate(PURPOSES["video"], lang)).run()
    assert list(palette(at)) == [translate(PURPOSES["video"], lang)]


def test_without_a_link_it_opens_on_what_the_story_needs_next(house: House):
    def opened() -> tuple[str, str | None]:
        live.invalidate()
        at = house.page("launch")
        assert not at.exception
        assert not at.button(key="launch_go").disabled, at.query_params
        return at.query_params["workflow"], at.query_params.get("node")

    project = house.sample()
    assert opened() == ("plan_episodes", None)
    house.run("plan_episodes", project)
    first, second, third = (str(n.id) for n in house.nodes(project, "episode"))
    assert opened() == ("generate_episode_core_expression", first)
    house.run("generate_episode_core_expression", int(first))
    assert opened() == ("generate_episode_core_expression", second), "the rest of the round"
    for node in house.nodes(project, "episode")[1:]:
        house.run("generate_episode_core_expression", node.id)
    house.run("generate_episode_scene_list", int(second))
    house.wb.queues.pause("queue:text")
    busy = house.wb.submit("generate_episode_scene_list", int(first))
    assert opened() == ("generate_episode_scene_list", third), "what is at work is not offered again"
    house.wb.jobs.cancel([busy.id])
    live.invalidate()
    at = house.page("launch", workflow="generate_scene_anchor", project=project)
    assert at.selectbox(key="launch_episode").value == int(second), "the first episode has no scenes to choose from"


def test_a_brief_that_is_too_short_opens_on_the_chat(house: House):
    project = house.sample()
    brief = house.wb.artifact(project, "brief")
    assert brief is not None
    house.wb.artifacts.save(project, "brief", {**brief.content, "summary": "A lamp."}, brief.version)
    for element in house.wb.projects.tree(project).nodes:
        if element.kind in ("character", "world"):
            house.wb.projects.archive(element.id)
    at = house.page("launch")
    assert at.query_params["workflow"] == "llm_chat"


def test_launch_says_what_is_missing_and_starts_all_or_none(house: House):
    project, _episodes = house.planned()
    first = house.nodes(project, "episode")[0].id
    at = house.page("launch", workflow="generate_episode_scene_list", project=project, node=first)
    assert at.button(key="launch_go").disabled
    assert any("core expression" in m.value for m in at.markdown)
    at = house.page("launch", workflow="generate_episode_core_expression", project=project)
    at.button(key=f"launch_nodes_{project}_episode_all").click().run()
    at.button(key="launch_go").click().run()
    assert not at.exception
    queued = house.wb.jobs.list(state="queued")
    assert {j.kind for j in queued} == {"generate_episode_core_expression"}
    assert len(queued) == len(house.nodes(project, "episode"))


def test_a_turn_of_the_chat_is_a_job_and_its_answer_stays_on_the_page(house: House):
    at = house.page("launch", workflow="llm_chat")
    at.chat_input(key="chat_said").set_value("What does the lamp say?").run()
    (job,) = house.wb.jobs.list()
    house.end(job.id)
    at.run()
    at.run()
    assert any("What does the lamp say" in m.value for m in at.markdown)
    assert any("sketch" in m.value for m in at.markdown)


@pytest.mark.parametrize(("lang", "told"), [("en", "the queue text \\(by local, "), ("zh", "已暂停")])
def test_who_waits_for_an_answer_is_told_that_the_queue_is_paused(house: House, lang: str, told: str):
    house.wb.queues.pause("queue:text")
    at = house.page("launch", lang, workflow="llm_chat")
    at.chat_input(key="chat_said").set_value("What does the lamp say?").run()
    at.run()
    assert any(told in c.value for c in at.caption)
    project = house.sample()
    at = house.page("launch", lang, workflow="plan_episodes", project=project)
    at.button(key="launch_go").click().run()
    at.run()
    assert sum(told in c.value for c in at.caption) == 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_workflow_has_its_form_in_both_languages(house: House, lang: str):
    project, episodes = house.planned()
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        house.run(kind, episodes[0].id)
    for one in house.wb.workflows.list():
        if one.name in ("run_plan", "try_prompt"):
            continue
        at = house.page("launch", lang, workflow=one.name, project=project)
        assert not at.exception, one.name
        assert not at.error, one.name


def test_what_is_ticked_is_in_the_link_and_what_is_there_already_is_left_out(house: House):
    project, episodes = house.planned()
    ids = [e.id for e in episodes]
    house.run("generate_episode_core_expression", ids[0])
    at = house.page("launch", workflow="generate_episode_core_expression", project=project)
    slot = f"launch_nodes_{project}_episode"
    at.button(key=f"{slot}_wanting").click().run()
    assert at.query_params["node"] == ",".join(map(str, ids[1:]))
    assert [at.checkbox(key=f"{slot}_{i}").value for i in ids] == [False, *[True] * (len(ids) - 1)]
    at.checkbox(key=f"{slot}_{ids[1]}").uncheck().run()
    assert at.query_params["node"] == ",".join(map(str, ids[2:]))
    at.button(key=f"{slot}_none").click().run()
    assert "node" not in at.query_params
    assert at.button(key="launch_go").disabled


def test_the_price_of_all_is_said_and_priority_and_model_reach_the_jobs(house: House):
    project, episodes = house.planned()
    price = {"prices": {"*": {"currency": "CNY", "input": 400, "output": 1600}}}
    house.wb.profiles.add(
        "priced", "openai", base_url="http://127.0.0.1:9/v1", text_model="m", key="sk-canary0123456789", params=price
    )
    ids = ",".join(str(e.id) for e in episodes[:2])
    at = house.page("launch", workflow="generate_episode_core_expression", project=project, node=ids)
    assert [m.value for m in at.metric[:1]] == ["free"]
    at.selectbox(key="launch_profile").select("priced").run()
    assert at.metric[0].value.startswith("¥")
    assert at.metric[0].value in at.button(key="launch_go").label
    at.segmented_control(key="launch_priority").set_value(5)
    at.button(key="launch_go").click().run()
    jobs = house.wb.jobs.list(state="queued")
    profile = next(p for p in house.wb.profiles.list() if p.name == "priced")
    assert {(j.priority, j.profile_id) for j in jobs} == {(5, profile.id)}
    assert len(jobs) == 2


def test_one_that_cannot_start_keeps_the_others_from_starting(house: House):
    project, episodes = house.planned()
    house.run("generate_episode_core_expression", episodes[0].id)
    ids = ",".join(str(e.id) for e in episodes[:2])
    at = house.page("launch", workflow="generate_episode_scene_list", project=project, node=ids)
    assert at.button(key="launch_go").disabled
    assert house.wb.jobs.list(state="queued") == []


def test_a_chat_is_opened_by_its_link_and_goes_on_from_there(house: House):
    job = house.run("llm_chat", None, {"messages": [{"role": "user", "content": "first question"}]})
    at = house.page("launch", workflow="llm_chat", job=job.id)
    assert any("first question" in m.value for m in at.markdown)
    at.chat_input(key="chat_said").set_value("second question").run()
    newest = house.wb.jobs.list()[0]
    assert [(m["role"], m["content"]) for m in newest.params["messages"]] == [
        ("user", "first question"),
        ("assistant", job.result["content"]),
        ("user", "second question"),
    ]
    assert at.query_params["job"] == str(newest.id)


def test_messages_are_edited_and_sent_as_they_stand(house: House):
    job = house.run("llm_chat", None, {"messages": [{"role": "user", "content": "first question"}]})
    at = house.page("launch", workflow="llm_chat", job=job.id)
    at.button(key="chat_edit").click().run()
    at.text_area(key="chat_messages.messages~0.content").set_value(" ")
    at.button(key="chat_send").click().run()
    assert len(house.wb.jobs.list()) == 1, "a blank message is refused and stays on the screen"
    at.text_area(key="chat_messages.messages~0.content").set_value("a better question")
    at.button(key="chat_send").click().run()
    assert house.wb.jobs.list()[0].params["messages"] == [{"role": "user", "content": "a better question"}]


def test_the_rules_come_first_in_a_new_conversation(house: House):
    at = house.page("launch", workflow="llm_chat")
    at.text_area(key="chat_rules").set_value("Answer in one word.")
    at.chat_input(key="chat_said").set_value("Who?").run()
    assert [m["role"] for m in house.wb.jobs.list()[0].params["messages"]] == ["system", "user"]
