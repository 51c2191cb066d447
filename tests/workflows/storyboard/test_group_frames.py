"""Frames drawn from a group of the long storyboard instead of the nine-shot plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import run
from tests.workflows.storyboard.scenes import content, edit, planned
from workbench.artifacts.panels import PanelCamera, StoryboardState
from workbench.errors import GuardUnmet
from workbench.story.board import BoardGroup, BoardPanel
from workbench.workflows.image.panel_shots import make_shot

Start = Callable[..., Engine]
IMAGES = "generate_keyframe_images"
#: two of the nine, since drawing takes its time
KEYS = {"keys": ["KF3", "KF4"]}


def shown(engine: Engine, scene: int) -> dict[str, str]:
    """The chosen picture of each frame."""
    return {f["key"]: f["chosen"] for f in content(engine, scene, "keyframe_images")["frames"]}


@pytest.mark.parametrize("sample", ["painted-skin.zh", "gift-of-the-magi.en"])
def test_a_groups_nine_panels_become_candidates_beside_those_of_the_shots(start: Start, sample: str) -> None:
    engine = start()
    scene = planned(engine, sample)
    run(engine, "generate_keyframe_prompt", scene)
    with pytest.raises(GuardUnmet, match="KF1 has no panels yet"):
        engine.wb.submit(IMAGES, scene, {"source": "KF1"})
    run(engine, "generate_storyboard_group", scene)
    run(engine, "translate_storyboard_panels", scene)
    run(engine, IMAGES, scene, KEYS)
    of_shots = shown(engine, scene)
    job = run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert job.state == "succeeded", job.error
    of_panels = shown(engine, scene)
    assert all(of_panels[key] != of_shots[key] for key in of_shots)
    frames = content(engine, scene, "keyframe_images")["frames"]
    assert [len(f["candidates"]) for f in frames] == [2] * 2
    # nothing has changed: nothing is drawn again, and the panels stay
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert shown(engine, scene) == of_panels
    # an edited panel leads to a picture of its own, and to no other
    change = "zh" if sample.endswith("zh") else "en"
    kind = "storyboard_translation" if change == "zh" else "storyboard_groups"
    edit(engine, scene, lambda made: made["groups"][1]["panels"][4].update({change: "雪落下来。" if change == "zh"
                                                                            else "Snow falls."}), kind)  # fmt: skip
    assert engine.wb.artifacts.list_stale_reasons(scene, "keyframe_images")
    run(engine, IMAGES, scene, {**KEYS, "source": "KF1"})
    assert [k for k, v in shown(engine, scene).items() if v != of_panels[k]] == ["KF4"]
    # back to the shots
    run(engine, IMAGES, scene, KEYS)
    assert shown(engine, scene) == of_shots


@pytest.mark.parametrize(
    ("en", "camera", "expected"),
    [
        ("A lamp.", {"size": "INS", "angle": "worms_eye", "lens": "macro", "motion": "static"},
         ("ECU", "low", "macro")),
        ("A lamp.", {"size": "TWO", "angle": "birds_eye", "lens": "ultra_wide", "motion": "arc"},
         ("MS", "high", "ultra wide")),
        ("[ELS, low angle] A lamp.", None, ("ELS", "low", "")),
        ("[a shot from nowhere] A lamp.", None, ("MS", "eye_level", "")),
    ],
)  # fmt: skip
def test_any_camera_is_a_framing_that_can_be_drawn(en: str, camera: dict[str, Any] | None, expected: Any) -> None:
    panel = BoardPanel(3, 12, en, "", None if camera is None else PanelCamera.model_validate(camera), ("Mei",))
    group = BoardGroup("KF1", (10, 18), None, end=StoryboardState())
    shot = make_shot(group, panel, "a pier", [], "16:9", "en")
    assert (shot["framing"], shot["camera"]["angle"], shot["camera"]["lens"]) == expected
    assert shot["caption"] == "A lamp."
    assert shot["subjects"][0]["name"] == "Mei"
