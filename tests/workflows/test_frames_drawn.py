"""A scene's frames with the real drawing: planned, drawn and kept, in the story's ratio."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from workbench import samples
from workbench.sketch.drawing import frame_size


@pytest.mark.parametrize("sample", ["painted-skin.zh", "gift-of-the-magi.en"])
def test_a_scene_of_a_sample_story_gets_nine_different_pictures(start: Callable[..., Engine], sample: str) -> None:
    engine = start()
    brief = samples.load(sample)
    project = engine.wb.create_project(brief)
    assert run(engine, "plan_episodes", project).state == "succeeded"
    episode = nodes(engine, project, "episode")[0].id
    for kind in ("generate_episode_core_expression", "generate_episode_scene_list"):
        assert run(engine, kind, episode).state == "succeeded"
    scene = nodes(engine, project, "scene")[0].id
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_keyframe_images"):
        assert run(engine, kind, scene).state == "succeeded"
    head = engine.wb.artifact(scene, "keyframe_images")
    assert head is not None
    ratio = brief.get("aspect_ratio") or "16:9"
    assert head.content["aspect_ratio"] == ratio
    frames = head.content["frames"]
    assert len({f["chosen"] for f in frames}) == 9
    for frame in frames:
        with Image.open(engine.wb.media.path(frame["chosen"])) as picture:
            assert (picture.format, picture.size) == ("WEBP", frame_size(ratio))
    assert engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images") == []
    before = engine.wb.jobs.get_detail(run(engine, "generate_keyframe_images", scene).id)
    assert before.model_calls == []
    assert engine.wb.artifact(scene, "keyframe_images")["content"] == head["content"]  # type: ignore[index]
