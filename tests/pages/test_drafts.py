"""What was typed and not saved is there again in another session, said to be a draft, until it is saved or thrown away.

A new AppTest is a new session: what it shows has come from the database.
"""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.conftest import House, said

USER = "local"


def places(house: House) -> dict[str, dict[str, object]]:
    return {d.place: d.fields for d in house.wb.drafts.list(USER)}


def badges(at: AppTest) -> int:
    return sum("Draft]" in m.value for m in at.markdown)


def test_the_wizard_goes_on_where_it_was_left(house: House):
    at = house.page("projects", new=1)
    assert badges(at) == 0
    at.text_input(key="wizard.title").set_value("The Salt Lighthouse")
    at.text_area(key="wizard.summary").set_value("Mei rows out.")
    at.selectbox(key="wizard.style.preset").set_value("anime")
    at.number_input(key="wizard.episodes").set_value(3)
    at.button(key="wizard.characters.#.add").click().run()
    at.text_input(key="wizard.characters~0.name").set_value("Mei").run()
    assert badges(at) == 1

    other = house.page("projects", new=1)
    assert other.text_input(key="wizard.title").value == "The Salt Lighthouse"
    assert other.text_area(key="wizard.summary").value == "Mei rows out."
    assert other.selectbox(key="wizard.style.preset").value == "anime"
    assert other.number_input(key="wizard.episodes").value == 3
    assert other.text_input(key="wizard.characters~0.name").value == "Mei"
    assert badges(other) == 1

    # closing it loses nothing; its own button throws it away, and what was typed is gone from the form as well
    other.button(key="wizard_cancel").click().run()
    assert "New project\\: The Salt Lighthouse" in [str(link.proto.label) for link in other.get("page_link")]
    other = house.page("projects", new=1)
    other.button(key="draft_wizard_drop").click().run()
    assert other.text_input(key="wizard+1.title").value == ""
    assert places(house) == {}
    assert house.page("projects", new=1).text_input(key="wizard.title").value == ""


def test_a_created_project_leaves_no_draft(house: House):
    at = house.page("projects", new=1)
    at.text_input(key="wizard.title").set_value("Salt")
    at.text_area(key="wizard.summary").set_value("Mei rows out to a dark lighthouse. " * 5)
    at.text_area(key="wizard.style.prompt").set_value("ink wash").run()
    assert "wizard" in places(house)
    at.button(key="wizard_create").click().run()
    assert len(house.wb.projects.list()) == 1
    assert places(house) == {}


def test_an_open_editor_survives_another_node_and_another_session(house: House):
    project, episodes = house.planned()
    form = f"cell_{project}_brief_form"
    at = house.page("studio", project=project, node=project)
    at.button(key=f"cell_{project}_brief_edit_open").click().run()
    assert places(house) == {}, "an editor that is only open is no draft"
    at.text_input(key=f"{form}.genre").set_value("ghost story").run()
    at.query_params["node"] = str(episodes[0].id)
    at.run()
    at.query_params["node"] = str(project)
    at.run()
    assert at.text_input(key=f"{form}.genre").value == "ghost story"

    other = house.page("studio", project=project, node=project)
    assert other.text_input(key=f"{form}.genre").value == "ghost story"
    assert badges(other) == 1
    other.button(key=f"cell_{project}_brief_edit_save").click().run()
    assert house.wb.artifact(project, "brief").content["genre"] == "ghost story"
    assert places(house) == {}


def test_a_draft_on_top_of_an_older_version_meets_the_newer_one_when_it_is_saved(house: House):
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    at.button(key=f"cell_{project}_brief_edit_open").click().run()
    at.text_input(key=f"cell_{project}_brief_form.genre").set_value("mine").run()
    head = house.wb.artifact(project, "brief")
    house.wb.artifacts.save(project, "brief", {**head.content, "genre": "theirs"}, head.version, "bob")

    other = house.page("studio", project=project, node=project)
    other.button(key=f"cell_{project}_brief_edit_save").click().run()
    assert "was saved while you were editing" in "\n".join(w.value for w in other.warning)
    other.button(key=f"cell_{project}_brief_edit_mine").click().run()
    assert house.wb.artifact(project, "brief").content["genre"] == "mine"
    assert places(house) == {}


def test_a_shot_that_is_not_in_sight_keeps_its_text(house: House):
    project, episodes = house.planned()
    episode = episodes[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert house.run(kind, episode).state == "succeeded"
    scene = house.nodes(project, "scene")[0].id
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
        assert house.run(kind, scene).state == "succeeded"
    cell = f"cell_{scene}_keyframe_prompt"
    at = house.page("studio", project=project, node=scene)
    at.button(key=f"cell_{scene}_generate_keyframe_prompt_edit_open").click().run()
    assert places(house) == {}
    at.text_input(key=f"{cell}_form_1.caption").set_value("first, by hand").run()
    at.segmented_control(key=f"{cell}_part_1").set_value(3).run()
    at.text_input(key=f"{cell}_form_3.caption").set_value("third, by hand").run()

    other = house.page("studio", project=project, node=scene)
    other.button(key=f"{cell}_edit_save").click().run()
    shots = house.wb.artifact(scene, "keyframe_prompt").content["shots"]
    assert [shots[0]["caption"], shots[2]["caption"]] == ["first, by hand", "third, by hand"]
    assert places(house) == {}


def test_somebody_new_belongs_to_one_project(house: House):
    project, second = house.sample(), house.sample("painted-skin.zh")
    at = house.page("cast", project=project, add=1)
    at.text_input(key="add_character.name").set_value("Old Fen").run()
    assert house.page("cast", project=project, add=1).text_input(key="add_character.name").value == "Old Fen"
    assert house.page("cast", project=second, add=1).text_input(key="add_character.name").value == ""
    other = house.page("cast", project=project, add=1)
    other.button(key="add_character_drop").click().run()
    assert places(house) == {}


def test_a_launched_form_stays_as_it_is_and_is_a_draft_again_when_it_is_changed(house: House):
    project, episodes = house.planned()
    at = house.page("launch", workflow="generate_episode_scene_list", project=project, node=episodes[0].id)
    field = next(iter(n for n in at.number_input if str(n.key).startswith("launch_generate_episode_scene_list.")))
    field.set_value(9).run()
    assert places(house) == {"launch/generate_episode_scene_list": {field.key.split(".")[1]: 9}}
    house.run("generate_episode_core_expression", episodes[0].id)
    at.run()
    at.button(key="launch_go").click().run()
    assert places(house) == {}
    assert at.number_input(key=field.key).value == 9
    at.number_input(key=field.key).set_value(6).run()
    assert places(house) == {"launch/generate_episode_scene_list": {field.key.split(".")[1]: 6}}


def test_an_edited_payload_is_there_on_both_pages_that_edit_it(house: House):
    params = {"messages": [{"role": "user", "content": "Tell me of lamps."}]}
    job = house.run("llm_chat", None, params)
    at = house.page("job", id=job.id)
    at.button(key="edit").click().run()
    at.text_area(key=f"payload_{job.id}").set_value('{"messages": [').run()
    other = house.page("job", id=job.id)
    assert other.text_area(key=f"payload_{job.id}").value == '{"messages": ['
    other.button(key="payload_drop").click().run()
    assert not [a for a in house.page("job", id=job.id).text_area if a.key == f"payload_{job.id}"]


def test_rules_and_messages_of_a_chat_survive(house: House):
    at = house.page("launch", workflow="llm_chat")
    at.text_area(key="chat_rules").set_value("Answer in one word.")
    at.button(key="chat_edit").click().run()
    at.text_area(key="chat_messages.messages~0.content").set_value("What does the lamp").run()
    other = house.page("launch", workflow="llm_chat")
    assert other.text_area(key="chat_rules").value == "Answer in one word."
    assert other.text_area(key="chat_messages.messages~0.content").value == "What does the lamp"
    other.button(key="chat_discard").click().run()
    assert "chat/new" not in places(house)


@pytest.mark.parametrize("value", ["gone", 7, None, ["a"]])
def test_a_value_that_no_longer_fits_its_widget_is_left_in_the_draft(house: House, value: object):
    house.wb.drafts.keep(USER, "wizard", {"style.preset": value, "episodes": "many", "title": "Salt"})
    at = house.page("projects", new=1)
    assert not at.exception
    assert at.selectbox(key="wizard.style.preset").value == "cinematic"
    assert at.text_input(key="wizard.title").value == "Salt"
    assert places(house)["wizard"]["style.preset"] == value


def test_every_draft_is_listed_with_the_way_to_it(house: House):
    project = house.sample()
    for place in (
        f"edit/{project}/brief", f"add/{project}/character", "launch/plan_episodes", "chat", "payload/7",
        f"run/{project}/plan_episodes", "edit/999/brief", "of another release",
    ):  # fmt: skip
        house.wb.drafts.keep(USER, place, {"a": "b"})
    at = house.page("projects")
    labels = [str(link.proto.label) for link in at.get("page_link")]
    assert {"Add a character", "Episode plan", "Chat", "Payload of job 7"} <= set(labels)
    assert any(label.startswith("Brief · ") for label in labels)
    assert "Drafts, not saved yet" in said(at)


def test_what_another_window_has_typed_since_is_neither_overwritten_nor_thrown_away(house: House):
    """Begun in one window, gone on with in a second; then the first one is used again."""
    project = house.sample()
    place, form = f"edit/{project}/brief", f"cell_{project}_brief_form"
    first = house.page("studio", project=project, node=project)
    first.button(key=f"cell_{project}_brief_edit_open").click().run()
    first.text_input(key=f"{form}.genre").set_value("ghost").run()
    second = house.page("studio", project=project, node=project)
    second.text_input(key=f"{form}.genre").set_value("ghost story at sea").run()
    second.text_input(key=f"{form}.audience").set_value("children").run()

    first.run()
    assert places(house) == {place: {"genre": "ghost story at sea", "audience": "children"}}
    assert "More was typed here in another window. Reload the page to see it." in said(first)
    first.text_input(key=f"{form}.title").set_value("The Gift").run()
    assert places(house) == {place: {"genre": "ghost story at sea", "audience": "children", "title": "The Gift"}}
    assert "More was typed here" not in said(second)

    # saved as this window shows it; the rest is still a draft, on top of the version that it was typed for
    first.button(key=f"cell_{project}_brief_edit_save").click().run()
    brief = house.wb.artifact(project, "brief")
    assert (brief.version, brief.content["genre"], brief.content["title"]) == (2, "ghost", "The Gift")
    assert places(house) == {place: {"genre": "ghost story at sea", "audience": "children"}}
    [draft] = house.wb.drafts.list(USER)
    assert draft.base == 1
    other = house.page("studio", project=project, node=project)
    assert other.text_input(key=f"{form}.genre").value == "ghost story at sea"
    other.button(key=f"cell_{project}_brief_edit_drop").click().run()
    assert places(house) == {}
