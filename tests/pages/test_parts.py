"""Kinds of many parts are edited one part at a time: what was typed in one stays while another is open."""

from __future__ import annotations

from tests.pages.conftest import House
from tests.pages.test_by_hand import texts

CHAIN = "build_narrative_causal_chain"


def test_an_act_and_a_plot_line_of_a_chain_are_edited_and_saved_together(house: House) -> None:
    project = house.sample()
    assert house.run(CHAIN, project).state == "succeeded"
    first = house.wb.artifact(project, "causal_chain")
    at = house.page("studio", project=project, node=project)
    at.button(key=f"cell_{project}_{CHAIN}_edit_open").click().run()
    parts = next(g for g in at.get("button_group") if str(g.key).startswith(f"cell_{project}_causal_chain_part"))
    assert list(parts.options)[:3] == ["Outline", "Who knows what", "Act 1"]
    parts.set_value(3).run()
    form = f"cell_{project}_causal_chain_form"
    at.text_input(key=f"{form}_3.name").set_value("The first *act*").run()
    # a beat that is taken out does not move what is typed into the others
    outs = [b for b in at.button if str(b.key).startswith(f"{form}_3") and str(b.key).endswith(".out")]
    assert len(outs) == len(first.content["beats"]["acts"][0]["beats"])
    parts = next(g for g in at.get("button_group") if str(g.key).startswith(f"cell_{project}_causal_chain_part"))
    parts.set_value(1).run()
    at.text_area(key=f"{form}_1.core_object_or_event").set_value("A lock of hair").run()
    parts = next(g for g in at.get("button_group") if str(g.key).startswith(f"cell_{project}_causal_chain_part"))
    parts.set_value(3).run()
    assert at.text_input(key=f"{form}_3.name").value == "The first *act*"
    at.button(key=f"cell_{project}_causal_chain_edit_save").click().run()
    assert not at.exception
    head = house.wb.artifact(project, "causal_chain")
    assert (head.version, head.source) == (first.version + 1, "manual")
    assert head.content["beats"]["acts"][0]["name"] == "The first *act*"
    assert head.content["outline"]["core_object_or_event"] == "A lock of hair"
    assert head.content["beats"]["acts"][1:] == first.content["beats"]["acts"][1:]


def test_what_is_wrong_in_another_part_is_told_above_the_one_that_is_open(house: House) -> None:
    project, episodes = house.planned()
    episode = episodes[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_script"):
        assert house.run(kind, episode).state == "succeeded"
    at = house.page("studio", project=project, node=episode)
    at.button(key=f"cell_{episode}_generate_scene_script_edit_open").click().run()
    form = f"cell_{episode}_scene_script_form"
    at.text_area(key=f"{form}_1.summary").set_value("").run()
    parts = next(g for g in at.get("button_group") if str(g.key).startswith(f"cell_{episode}_scene_script_part"))
    parts.set_value(2).run()
    at.button(key=f"cell_{episode}_scene_script_edit_save").click().run()
    assert house.wb.artifact(episode, "scene_script").version == 1
    assert ":red[:material/error:]" in texts(at)
    parts = next(g for g in at.get("button_group") if str(g.key).startswith(f"cell_{episode}_scene_script_part"))
    parts.set_value(1).run()
    at.text_area(key=f"{form}_1.summary").set_value("She counts once more.").run()
    at.button(key=f"cell_{episode}_scene_script_edit_save").click().run()
    head = house.wb.artifact(episode, "scene_script")
    assert (head.version, head.content["scenes"][0]["summary"]) == (2, "She counts once more.")
