"""The English of a panel is edited as it counts, and what was left as it was stays whose it is."""

from __future__ import annotations

import json
from typing import Any

from tests.pages.conftest import House
from tests.pages.test_by_hand import texts

GROUPS, ZH, BACK = "storyboard_groups", "storyboard_translation", "back_translate_storyboard_panels"


def put(house: House, scene: int, kind: str, panel: int, **words: str) -> None:
    head = house.wb.artifact(scene, kind)
    made: dict[str, Any] = json.loads(json.dumps(head.content))
    made["groups"][0]["panels"][panel].update(words)
    house.wb.artifacts.save(scene, kind, made, head.version)


def plan_board(house: House) -> tuple[int, int]:
    """A project and its first scene, whose long storyboard is planned."""
    project, episodes = house.planned()
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert house.run(kind, episodes[0].id).state == "succeeded"
    scene = house.nodes(project, "scene")[0].id
    for kind in ("generate_scene_anchor", "generate_storyboard_scene_bible", "generate_storyboard_plan"):
        assert house.run(kind, scene).state == "succeeded"
    return project, scene


def panels(house: House, scene: int) -> list[dict[str, Any]]:
    return list(house.wb.artifact(scene, GROUPS).content["groups"][0]["panels"])


def test_the_english_is_edited_as_it_counts(house: House) -> None:
    project, scene = plan_board(house)
    for kind in ("generate_storyboard_group", "translate_storyboard_panels"):
        house.run(kind, scene, {"group_id": "KF0"})
    put(house, scene, ZH, 2, zh="Della把信烧了。")
    put(house, scene, ZH, 3, zh="Della把灯点亮。")
    assert house.run(BACK, scene).state == "succeeded"
    made = house.wb.artifact(scene, "storyboard_back_translation").content["groups"][0]
    back = {p["index"]: p["en"] for p in made["panels"]}
    before = panels(house, scene)

    at = house.page("studio", project=project, node=scene)
    at.button(key=f"board_{GROUPS}_{scene}").click().run()
    assert not at.exception
    fields = {area.label: area for area in at.text_area if area.label.startswith("English of shot")}
    assert [fields[f"English of shot {n}"].value for n in (1, 3, 4)] == [before[0]["en"], back[3], back[4]]
    fields["English of shot 4"].set_value("Jim laughs.").run()
    # another group and back: what was typed stands there still
    at.session_state[f"cell_{scene}_{GROUPS}_edit"]["start"] = at.session_state[f"cell_{scene}_{GROUPS}_edit"][
        "content"
    ]
    at.run()
    assert "Jim laughs." in [area.value for area in at.text_area]
    next(b for b in at.button if b.label == "Save as a new version").click().run()
    after = panels(house, scene)
    assert (after[3]["en"], after[3]["for_zh"]) == ("Jim laughs.", "Della把灯点亮。")
    # what a model made of the other one stays its own
    assert after[2] == before[2]
    assert "English still to come" not in texts(at)


def test_what_a_partial_job_could_not_make_is_named_with_its_reason_in_the_readers_language(house: House) -> None:
    project, scene = plan_board(house)
    house.run("generate_storyboard_group", scene, {"group_id": "KF0"})
    job = house.run("translate_storyboard_panels", scene)
    assert job.state == "partial"
    for at in (
        house.page("job", lang="zh", id=job.id),
        house.page("studio", lang="zh", project=project, node=scene),
    ):
        assert not at.exception
        assert "**KF1** :gray[KF1 还没有画格]" in texts(at)
        assert "**KF8** :gray[KF8 还没有画格]" in texts(at)
