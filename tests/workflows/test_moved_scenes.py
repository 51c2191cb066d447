"""Scenes and episodes that stand elsewhere now: what was made of them stays theirs, looks go by the new place."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from tests.workflows.frames import BRIEF, Painter, quick_drawing, shot
from tests.workflows.storyboard.scenes import content
from workbench.settings import Settings

IMAGES = "generate_keyframe_images"
MARA = {"name": "Mara", "appearance": "long red hair"}
SCENES = [
    {"order": 1, "summary": "Mara lights the lamp.", "location": "the pier", "cast": ["Mara"], "beat": "Pier"},
    {"order": 2, "summary": "Mara sells her hair.", "location": "the shop", "cast": ["Mara"], "beat": "Shop"},
    {"order": 3, "summary": "Mara walks home in the snow.", "location": "the road", "cast": ["Mara"], "beat": "Road"},
]


@pytest.fixture
def painter() -> Painter:
    return Painter()


@pytest.fixture
def studio(settings: Settings, painter: Painter, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    quick_drawing(monkeypatch)
    made = Engine(settings, make_provider=lambda profile: painter)
    yield made
    made.close()


def tell(engine: Engine) -> tuple[int, dict[str, int]]:
    """An episode of three scenes, by their beat."""
    project = engine.wb.create_project({**BRIEF, "characters": [MARA]})
    plan = {"episodes": [episode(1, "Light"), episode(2, "Dark")], "episode_count": 2}
    engine.wb.artifacts.save(project, "episode_plan", plan, None)
    first = min(nodes(engine, project, "episode"), key=lambda n: n.position).id
    engine.wb.artifacts.save(first, "scene_list", {"scenes": SCENES}, None)
    return first, {n.title: n.id for n in nodes(engine, project, "scene")}


def episode(order: int, title: str) -> dict[str, Any]:
    return {
        "order": order, "title": title, "logline": f"{title} falls on the pier.",
        "beats": ["one", "two", "three"], "scene_scope": title,
    }  # fmt: skip


def reorder(engine: Engine, episode: int, *beats: str) -> None:
    head = engine.wb.artifact(episode, "scene_list")
    assert head is not None
    by_beat = {scene["beat"]: scene for scene in copy.deepcopy(head.content["scenes"])}
    scenes = [{**by_beat[beat], "order": order} for order, beat in enumerate(beats, start=1)]
    engine.wb.artifacts.save(episode, "scene_list", {"scenes": scenes}, head.version)


def shots_of(engine: Engine, *scenes: int) -> None:
    for scene in scenes:
        engine.wb.artifacts.save(scene, "keyframe_prompt", {"shots": [shot(n) for n in range(1, 10)]}, None)
        assert run(engine, IMAGES, scene).state == "succeeded"


def picture(colour: str) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (90, 60), colour).save(made, "PNG")
    return made.getvalue()


def crop_hair(engine: Engine, project: int, scenes: str) -> int:
    """Mara, whose hair is short in these scenes."""
    [mara] = [n.id for n in nodes(engine, project, "character")]
    for look, worn, colour in (("usual", "", "red"), ("cropped", scenes, "blue")):
        own = engine.wb.media.add_picture(picture(colour))
        engine.wb.artifacts.place_sheet_pictures(mara, look, [(own.sha256, "me.png")], scenes=worn)
    return mara


def swap_episodes(engine: Engine, project: int) -> int:
    """The version of the plan before that."""
    head = engine.wb.artifact(project, "episode_plan")
    assert head is not None
    light, dark = head.content["episodes"]
    plan = {**head.content, "episodes": [{**dark, "order": 1}, {**light, "order": 2}]}
    engine.wb.artifacts.save(project, "episode_plan", plan, head.version)
    return head.version


def reasons(engine: Engine, scene: int, kind: str) -> list[str]:
    return sorted({r.kind for r in engine.wb.artifacts.list_stale_reasons(scene, kind)})


def chosen(engine: Engine, scene: int) -> list[str]:
    return [frame["chosen"] for frame in content(engine, scene, "keyframe_images")["frames"]]


def test_what_is_told_of_a_scene_is_its_own_wherever_it_stands(studio: Engine) -> None:
    first, scenes = tell(studio)
    shop = scenes["Shop"]
    assert run(studio, "generate_scene_anchor", shop).state == "succeeded"
    reorder(studio, first, "Road", "Pier", "Shop")
    assert studio.wb.projects.get_node(shop).position == 3
    assert reasons(studio, shop, "scene_anchor") == []
    head = studio.wb.artifact(first, "scene_list")
    assert head is not None
    head.content["scenes"][2]["summary"] = "Mara sells her coat."
    studio.wb.artifacts.save(first, "scene_list", head.content, head.version)
    [reason] = studio.wb.artifacts.list_stale_reasons(shop, "scene_anchor")
    told = [(c.path, c.was, c.now) for c in reason.changes]
    assert ("summary", "Mara sells her hair.", "Mara sells her coat.") in told


def test_an_episode_keeps_its_entry_of_the_plan_when_it_moves(studio: Engine) -> None:
    first, _ = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    assert run(studio, "generate_episode_core_expression", first).state == "succeeded"
    swap_episodes(studio, project)
    assert studio.wb.projects.get_node(first).position == 2
    told = studio.wb.artifacts.list_stale_reasons(first, "core_expression")
    assert all(c.was != "Light" for reason in told for c in reason.changes)


def test_a_scene_that_moved_wears_the_look_of_its_new_place(studio: Engine, painter: Painter) -> None:
    first, scenes = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    mara = crop_hair(studio, project, "1.2–")
    looks = {look["name"]: look["chosen"] for look in content(studio, mara, "character_sheet")["looks"]}
    pier, shop, road = scenes["Pier"], scenes["Shop"], scenes["Road"]
    shots_of(studio, pier, shop, road)
    reorder(studio, first, "Shop", "Road", "Pier")
    # the pier is behind the shop now; the road is where hair is short, as before
    assert [reasons(studio, s, "keyframe_images") for s in (shop, road, pier)] == [
        ["character_sheet"], [], ["character_sheet"],
    ]  # fmt: skip
    before, asked = chosen(studio, road), len(painter.requests)
    assert run(studio, IMAGES, road).state == "succeeded"
    assert (len(painter.requests), chosen(studio, road)) == (asked, before)
    run(studio, IMAGES, pier)
    assert {r.references for r in painter.requests[asked:]} == {(studio.wb.media.path(looks["cropped"]).read_bytes(),)}
    assert reasons(studio, pier, "keyframe_images") == []
    asked = len(painter.requests)
    reorder(studio, first, "Pier", "Shop", "Road")
    assert [reasons(studio, s, "keyframe_images") for s in (pier, shop, road)] == [["character_sheet"], [], []]
    run(studio, IMAGES, shop)
    run(studio, IMAGES, road)
    assert len(painter.requests) == asked


def test_scenes_of_an_episode_that_moved_wear_the_looks_of_its_new_place(studio: Engine) -> None:
    first, scenes = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    crop_hair(studio, project, "2")
    shots_of(studio, scenes["Shop"])
    before = swap_episodes(studio, project)
    assert reasons(studio, scenes["Shop"], "keyframe_images") == ["character_sheet"]
    studio.wb.artifacts.restore(project, "episode_plan", before)
    assert reasons(studio, scenes["Shop"], "keyframe_images") == []


def test_another_title_and_another_place_draw_nothing_anew_however_often(studio: Engine, painter: Painter) -> None:
    first, scenes = tell(studio)
    project, shop = studio.wb.projects.get_node(first).project_id, scenes["Shop"]
    shots_of(studio, shop)
    before, asked = chosen(studio, shop), len(painter.requests)
    for title, order in (("Salt", "Shop Pier Road"), ("Light", "Pier Road Shop"), ("Dark", "Pier Shop Road")):
        head = studio.wb.artifact(project, "brief")
        assert head is not None
        studio.wb.artifacts.save(project, "brief", {**head.content, "title": title}, head.version)
        reorder(studio, first, *order.split())
        assert reasons(studio, shop, "keyframe_images") == []
        for _ in range(2):
            assert run(studio, IMAGES, shop).state == "succeeded"
            assert (len(painter.requests), chosen(studio, shop)) == (asked, before)
    run(studio, IMAGES, shop, {"keys": ["KF2"], "new_candidate": True})
    assert len(painter.requests) == asked + 1


def test_what_is_copied_stands_on_its_own_nodes(studio: Engine, painter: Painter) -> None:
    first, scenes = tell(studio)
    assert run(studio, "generate_scene_anchor", scenes["Shop"]).state == "succeeded"
    shots_of(studio, scenes["Shop"])
    copied = studio.wb.projects.duplicate(studio.wb.projects.get_node(first).project_id, "Copy")
    episode = min(nodes(studio, copied, "episode"), key=lambda n: n.position).id
    shop = next(n.id for n in nodes(studio, copied, "scene") if n.title == "Shop")
    # the original goes its own way
    reorder(studio, first, "Shop", "Pier", "Road")
    reorder(studio, episode, "Pier", "Road", "Shop")
    assert [reasons(studio, shop, kind) for kind in ("scene_anchor", "keyframe_images")] == [[], []]
    asked = len(painter.requests)
    run(studio, IMAGES, shop)
    assert len(painter.requests) == asked
