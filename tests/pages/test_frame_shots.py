"""A frame that was drawn from the long storyboard is told, everywhere, by the panel that it shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pages.conftest import House, said
from tests.pages.test_by_hand import texts
from tests.pages.test_gallery import drawn, picture

GROUPS = "storyboard_groups"
WORDS = "A comb lies in the snow."


def mixed(house: House) -> tuple[int, int]:
    """A project and its scene: frame 1 is of the nine shots, frame 2 has a candidate of each and shows that of the
    second group."""
    project, episodes = house.planned()
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert house.run(kind, episodes[0].id).state == "succeeded"
    scene = house.nodes(project, "scene")[0].id
    for kind in (
        "generate_scene_anchor", "generate_keyframe_prompt", "generate_storyboard_scene_bible",
        "generate_storyboard_plan",
    ):  # fmt: skip
        assert house.run(kind, scene).state == "succeeded"
    for group in ("KF0", "KF1"):
        assert house.run("generate_storyboard_group", scene, {"group_id": group}).state == "succeeded"
    head = house.wb.artifact(scene, GROUPS)
    made: dict[str, Any] = json.loads(json.dumps(head.content))
    panel = made["groups"][1]["panels"][1]
    panel["en"] = WORDS if panel.get("camera") is not None else f"[ECU, high angle] {WORDS}"
    house.wb.artifacts.save(scene, GROUPS, made, head.version)
    first, older, newer = picture(house, 1, "KF0"), picture(house, 1, "KF1"), picture(house, 1, "KF1", 1)
    frames = [
        {"key": "KF0", "chosen": first["media"], "candidates": [first]},
        {"key": "KF1", "chosen": newer["media"], "candidates": [older, {**newer, "source": "KF1"}]},
    ]
    house.wb.artifacts.save(scene, "keyframe_images", {"aspect_ratio": "16:9", "frames": frames}, None)
    return project, scene


def captions(house: House, scene: int) -> list[str]:
    return [s["caption"] for s in house.wb.artifact(scene, "keyframe_prompt").content["shots"]]


def test_gallery_studio_and_the_frames_dialog_say_what_the_picture_shows(house: House) -> None:
    project, scene = mixed(house)
    plan = captions(house, scene)
    gallery = house.page("gallery", project=project)
    assert not gallery.exception
    assert [c.shot["caption"] for c in shown(house)] == [plan[0], WORDS]
    assert WORDS in said(gallery)

    studio = house.page("studio", project=project, node=scene)
    assert not studio.exception
    assert WORDS in sheet(studio)
    assert plan[0][:30] in sheet(studio)

    gallery.session_state["_frame"] = (scene, "KF1")
    gallery.run()
    assert not gallery.exception
    assert WORDS in texts(gallery)
    assert "storyboard shot 11" in texts(gallery)
    # what the best of several costs is told first, with its drawings
    assert "Pictures and looks: free" in texts(gallery).replace("\\", "")
    # one more of the same panel
    gallery.button(key=f"another_{scene}_KF1").click().run()
    [job] = house.wb.jobs.list(kind="generate_keyframe_images")
    assert (job.params["keys"], job.params["source"], job.params["new_candidate"]) == (["KF1"], "KF1", True)


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "drawn from: Della (short hair)"), ("zh", "依据：Della (short hair)")]
)
def test_a_tile_says_which_sheets_its_picture_was_drawn_from(house: House, lang: str, words: str) -> None:
    project, (scene,) = drawn(house, scenes=1)
    head = house.wb.artifact(scene, "keyframe_images")
    made = head.content
    sheet_of = {"media": made["frames"][0]["chosen"], "name": "Della", "look": "short hair"}
    made["frames"][2]["candidates"][0]["references"] = [sheet_of]
    house.wb.artifacts.save(scene, "keyframe_images", made, head.version)
    for page in ("studio", "gallery"):
        at = house.page(page, lang, project=project, node=scene)
        assert not at.exception
        [tile] = [str(h.proto.body) for h in at.get("html") if words in str(h.proto.body)]
        assert "Moment 3 on the pier" in tile


def test_the_panel_is_what_is_edited_of_such_a_frame(house: House) -> None:
    project, scene = mixed(house)
    studio = house.page("studio", project=project, node=scene)
    studio.button(key=f"open_{scene}_KF1").click().run()
    studio.button(key=f"edit_{scene}_KF1").click().run()
    assert not studio.exception
    assert f"cell_{scene}_{GROUPS}_edit" in studio.session_state
    assert any(WORDS in area.value for area in studio.text_area)


def shown(house: House) -> list[Any]:
    from workbench.ui.gallery import pictures

    project = house.wb.projects.list()[0].id
    return pictures.select(
        pictures.of_scenes(house.wb.projects.list_scenes_with(project, "keyframe_images")), candidates=False,
        framing=None, stale=False,
    )  # fmt: skip


def sheet(at: Any) -> str:
    return "\n".join(str(h.proto.body) for h in at.get("html"))
