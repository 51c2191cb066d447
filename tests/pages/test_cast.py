"""Cast: the sheets of characters and world elements, edited, ordered, archived; where each appears and what an edit
makes stale."""

from __future__ import annotations

import pytest

from tests.pages.conftest import House, said


def scenes_told(house: House) -> tuple[int, int]:
    """A sample whose first episode has its scenes: project, its first character's node."""
    project, episodes = house.planned()
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert house.run(kind, episodes[0].id).state == "succeeded"
    return project, house.nodes(project, "character")[0].id


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_it_says_what_to_do_when_there_is_no_story_or_nobody_in_it(house: House, lang: str) -> None:
    at = house.page("cast", lang)
    assert not at.exception
    assert at.button(key="to_projects")
    house.wb.create_project({"title": "Empty", "style": {"preset": "anime"}})
    at = house.page("cast", lang)
    assert not at.exception
    at.button(key="add_first").click().run()
    assert at.text_input(key="add_character.name").value == ""


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["character", "world_element"])
def test_a_sheet_is_drawn_for_each_kind_in_each_language(house: House, lang: str, kind: str) -> None:
    project, _ = scenes_told(house)
    at = house.page("cast", lang, project=project, kind=kind)
    assert not at.exception
    assert not at.error
    assert ("出场" in said(at) or "出现" in said(at)) == (lang == "zh")


def test_a_character_is_found_by_what_is_told_of_it(house: House) -> None:
    project = house.sample()
    at = house.page("cast", project=project, q="hair-goods")
    assert [b.label for b in at.button if str(b.key).startswith("open_")] == ["Madame Sofronie"]


def test_the_scenes_that_it_appears_in_are_linked(house: House) -> None:
    project, della = scenes_told(house)
    at = house.page("cast", project=project, node=della)
    cast = house.wb.artifact(house.nodes(project, "episode")[0].id, "scene_list").content["scenes"]
    hers = [s for s in cast if "Della" in s["cast"]]
    assert hers
    links = [e for e in at.get("page_link") if "E1 · " in e.proto.label]
    assert len(links) == min(len(hers), 12)


def test_somebody_is_added_with_every_field(house: House) -> None:
    project = house.sample()
    at = house.page("cast", project=project, add=1)
    at.text_input(key="add_character.name").set_value("Old Fen")
    at.text_area(key="add_character.appearance").set_value("a torn yellow oilskin")
    at.text_area(key="add_character.aliases").set_value("the keeper\nFen")
    at.button(key="add_character_go").click().run()
    assert not at.exception
    node = next(n for n in house.nodes(project, "character") if n.title == "Old Fen")
    assert house.wb.artifact(node.id, "character").content == {
        "name": "Old Fen",
        "description": "",
        "aliases": ["the keeper", "Fen"],
        "appearance": "a torn yellow oilskin",
    }
    assert "a torn yellow oilskin" in said(at)


def test_a_name_that_is_there_already_is_refused_beside_its_field_and_stays_typed(house: House) -> None:
    project = house.sample()
    at = house.page("cast", project=project, add=1)
    at.text_input(key="add_character.name").set_value(" della")
    at.button(key="add_character_go").click().run()
    assert "is there already" in said(at)
    assert at.text_input(key="add_character.name").value == " della"
    assert len(house.nodes(project, "character")) == 3


def test_an_edit_says_what_it_made_stale(house: House) -> None:
    project, della = scenes_told(house)
    at = house.page("cast", project=project, node=della)
    at.button(key=f"edit_element_{della}").click().run()
    at.text_area(key=f"cell_{della}_character_form.personality").set_value("quick and warm")
    at.button(key=f"cell_{della}_character_edit_save").click().run()
    assert not at.exception
    assert house.wb.artifact(della, "character").content["personality"] == "quick and warm"
    text = said(at)
    assert "Stale since v2" in text
    assert "Episode plan" in text
    assert house.wb.artifacts.list_stale_reasons(project, "episode_plan")[0].node_id == della


@pytest.mark.parametrize(
    ("lang", "was", "told"),
    [("en", "Della", "“Della” is an alias of Adela now"), ("zh", "Jim", "“Jim”成了“Adela”的别名")],
)
def test_a_new_name_says_what_the_one_of_before_means(house: House, lang: str, was: str, told: str) -> None:
    project = house.sample()
    node = next(n.id for n in house.nodes(project, "character") if n.title == was)
    at = house.page("cast", lang, project=project, node=node)
    at.button(key=f"edit_element_{node}").click().run()
    at.text_input(key=f"cell_{node}_character_form.name").set_value("Adela")
    at.button(key=f"cell_{node}_character_edit_save").click().run()
    assert not at.exception
    assert any(told in toast.value for toast in at.toast)


def test_a_name_that_is_not_kept_says_that_it_means_somebody_else(house: House) -> None:
    project = house.sample()
    della = house.nodes(project, "character")[0].id
    head = house.wb.artifact(della, "character")
    house.wb.artifacts.save(della, "character", {**head.content, "aliases": list("abcdef")}, 1)
    at = house.page("cast", project=project, node=della)
    at.button(key=f"edit_element_{della}").click().run()
    at.text_input(key=f"cell_{della}_character_form.name").set_value("Adela")
    at.button(key=f"cell_{della}_character_edit_save").click().run()
    assert any("“Della” is no alias of Adela" in toast.value for toast in at.toast)


def test_an_edit_of_what_nothing_was_made_from_says_so(house: House) -> None:
    project = house.sample()
    della = house.nodes(project, "character")[0].id
    at = house.page("cast", project=project, node=della)
    at.button(key=f"edit_element_{della}").click().run()
    at.text_area(key=f"cell_{della}_character_form.background").set_value("born by the sea")
    at.button(key=f"cell_{della}_character_edit_save").click().run()
    assert "Nothing was made from it yet" in said(at)


def test_a_second_editor_of_a_character_is_told_and_chooses(house: House) -> None:
    project = house.sample()
    della = house.nodes(project, "character")[0].id
    at = house.page("cast", project=project, node=della)
    at.button(key=f"edit_element_{della}").click().run()
    content = house.wb.artifact(della, "character").content
    house.wb.artifacts.save(della, "character", {**content, "appearance": "theirs"}, 1, "somebody else")
    at.text_area(key=f"cell_{della}_character_form.appearance").set_value("mine")
    at.button(key=f"cell_{della}_character_edit_save").click().run()
    assert any("Version 2 was saved while you were editing" in w.value for w in at.warning)
    at.button(key=f"cell_{della}_character_edit_mine").click().run()
    assert house.wb.artifact(della, "character").content["appearance"] == "mine"
    assert house.wb.artifact(della, "character", 2).content["appearance"] == "theirs"


def test_the_order_is_changed_one_place_at_a_time(house: House) -> None:
    project = house.sample()
    first, second, third = (n.id for n in house.nodes(project, "character"))
    at = house.page("cast", project=project, node=first)
    assert at.button(key=f"up_{first}").disabled
    at.button(key=f"down_{first}").click().run()
    assert [n.id for n in sorted(house.nodes(project, "character"), key=lambda n: n.position)] == [
        second,
        first,
        third,
    ]


def test_somebody_is_archived_found_again_and_restored(house: House) -> None:
    project = house.sample()
    first = house.nodes(project, "character")[0].id
    at = house.page("cast", project=project, node=first)
    at.button(key=f"archive_{first}").click().run()
    assert first not in [n.id for n in house.nodes(project, "character")]
    at = house.page("cast", project=project, node=first, archived=1)
    at.button(key=f"restore_{first}").click().run()
    assert first in [n.id for n in house.nodes(project, "character")]


def test_the_studio_shows_the_cast_with_the_way_to_its_page(house: House) -> None:
    project = house.sample()
    at = house.page("studio", project=project, node=project)
    assert not at.exception
    assert any(e.proto.label == "Open the cast" for e in at.get("page_link"))


@pytest.mark.parametrize(("lang", "told"), [("en", "There is no project 77."), ("zh", "没有项目 77。")])
@pytest.mark.parametrize("name", ["cast", "studio"])
def test_a_link_to_a_project_that_is_not_there_says_so(house: House, name: str, lang: str, told: str) -> None:
    house.sample()
    at = house.page(name, lang, project=77)
    assert [w.value for w in at.warning if told in w.value]
    assert not at.exception


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_lead_without_a_sheet_gets_one_with_a_click(house: House, lang: str) -> None:
    project = house.wb.create_project({"title": "The Lamp", "language": "en", "protagonist": "Mara, fifty"})
    at = house.page("cast", lang, project=project)
    at.button(key="lead_Mara").click().run()
    assert not at.exception
    (node,) = house.nodes(project, "character")
    assert house.wb.artifact(node.id, "character").content["description"] == "Mara, fifty"
    assert not [b for b in at.button if b.key == "lead_Mara"]
