"""A job's calls, one of them chosen: what was asked and what came, of words and of pictures."""

from __future__ import annotations

import pytest

from tests.pages.conftest import House
from workbench.ui.jobs import selection


def test_what_was_asked_of_a_model_can_be_read_whatever_it_makes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _, episodes = house.planned()
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        house.run(kind, episodes[0].id)
    scene = house.nodes(1, "scene")[0].id
    house.run("generate_scene_anchor", scene)
    told = house.run("generate_keyframe_prompt", scene)
    drawn = house.run("generate_keyframe_images", scene, {"keys": ["KF0"]})
    for made in (told, drawn):
        [call, *_] = house.wb.jobs.get_detail(made.id).model_calls
        monkeypatch.setattr(selection, "selected", lambda key, chosen=call.id: {chosen})
        at = house.page("job", id=made.id)
        assert not at.exception
        asked = call.prompt["prompt"] if made is drawn else call.prompt[-1]["content"]
        assert asked in [block.value for block in at.code]
