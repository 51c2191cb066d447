"""Scenes and episodes that stand elsewhere now: what was made of them stays theirs, looks go with those they name."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from tests.workflows.frames import BRIEF, Painter, quick_drawing, shot
from tests.workflows.storyboard.scenes import content
from workbench.artifacts import sheets
from workbench.db.schema import layout
from workbench.settings import Settings
from workbench.story.facts import NodeView

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


def worn_in(engine: Engine, character: int) -> list[str]:
    """Where the looks of a sheet are worn as it tells today, but for the usual one."""
    return [sheets.write_spans(k["spans"]) for k in content(engine, character, "character_sheet")["looks"][1:]]


def looks_in(engine: Engine, scene: int, shot: int = 1) -> str:
    """The look that Mara has there."""
    [look] = NodeView.load(engine.wb.database, scene).sheets("character_sheet", ["Mara"], shot)
    return str(look["look"])


def insert(engine: Engine, episode: int) -> None:
    """Another scene in front of all."""
    head = engine.wb.artifact(episode, "scene_list")
    assert head is not None
    gate = {"summary": "A stranger knocks at an iron gate.", "location": "the gate", "cast": [], "beat": "Gate"}
    scenes = [{**scene, "order": order} for order, scene in enumerate([gate, *head.content["scenes"]], start=1)]
    engine.wb.artifacts.save(episode, "scene_list", {"scenes": scenes}, head.version)


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


def test_a_scene_that_moves_behind_where_a_look_begins_wears_it(studio: Engine, painter: Painter) -> None:
    first, scenes = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    mara = crop_hair(studio, project, "1.2–")
    looks = {look["name"]: look["chosen"] for look in content(studio, mara, "character_sheet")["looks"]}
    pier, shop, road = scenes["Pier"], scenes["Shop"], scenes["Road"]
    shots_of(studio, pier, shop, road)
    reorder(studio, first, "Shop", "Road", "Pier")
    # hair is cut in the shop, wherever that stands, and the pier is behind it now
    assert worn_in(studio, mara) == ["1.1–"]
    assert [reasons(studio, s, "keyframe_images") for s in (shop, road, pier)] == [[], [], ["character_sheet"]]
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


def test_a_look_goes_with_the_episode_that_it_names(studio: Engine) -> None:
    first, scenes = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    mara = crop_hair(studio, project, "1")
    shots_of(studio, scenes["Shop"])
    before = swap_episodes(studio, project)
    assert (worn_in(studio, mara), reasons(studio, scenes["Shop"], "keyframe_images")) == (["2"], [])
    studio.wb.artifacts.restore(project, "episode_plan", before)
    assert (worn_in(studio, mara), reasons(studio, scenes["Shop"], "keyframe_images")) == (["1"], [])


def test_a_sheet_from_before_goes_by_the_numbers_alone(studio: Engine) -> None:
    first, scenes = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    mara = crop_hair(studio, project, "2")
    sheet = studio.wb.artifact(mara, "character_sheet")
    assert sheet is not None
    with studio.wb.database.write() as conn:
        conn.execute(layout.delete().where(layout.c.artifact_id == sheet.id))
    shots_of(studio, scenes["Shop"])
    swap_episodes(studio, project)
    assert worn_in(studio, mara) == ["2"]
    assert reasons(studio, scenes["Shop"], "keyframe_images") == ["character_sheet"]


def test_a_look_goes_with_its_scene_when_another_comes_before_it(studio: Engine) -> None:
    first, scenes = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    mara = crop_hair(studio, project, "1.2.3–1.2.8, 1.3")
    shots_of(studio, scenes["Pier"], scenes["Shop"])
    insert(studio, first)
    assert worn_in(studio, mara) == ["1.3.3–1.3.8, 1.4"]
    assert [looks_in(studio, scenes[beat], 3) for beat in ("Pier", "Shop", "Road")] == ["usual", "cropped", "cropped"]
    assert [reasons(studio, scenes[beat], "keyframe_images") for beat in ("Pier", "Shop")] == [[], []]
    # what is saved from there on has the numbers of now
    own = studio.wb.media.add_picture(picture("green"))
    studio.wb.artifacts.place_sheet_pictures(mara, "wet", [(own.sha256, "me.png")], scenes="1.2")
    assert worn_in(studio, mara) == ["1.3.3–1.3.8, 1.4", "1.2"]
    reorder(studio, first, "Shop", "Gate", "Road", "Pier")
    assert worn_in(studio, mara) == ["1.1.3–1.1.8, 1.3", "1.4"]
    assert [looks_in(studio, scenes[beat], 3) for beat in ("Pier", "Shop", "Road")] == ["wet", "cropped", "cropped"]


def test_a_frame_that_stays_turns_stale_when_the_scene_where_a_look_begins_moves_past_it(studio: Engine) -> None:
    first, scenes = tell(studio)
    crop_hair(studio, studio.wb.projects.get_node(first).project_id, "1.1–")
    shots_of(studio, scenes["Shop"])
    reorder(studio, first, "Road", "Shop", "Pier")
    assert studio.wb.projects.get_node(scenes["Shop"]).position == 2
    assert looks_in(studio, scenes["Shop"]) == "usual"
    assert reasons(studio, scenes["Shop"], "keyframe_images") == ["character_sheet"]
    reorder(studio, first, "Pier", "Shop", "Road")
    assert reasons(studio, scenes["Shop"], "keyframe_images") == []


def test_ends_that_change_places_have_the_same_scenes_between_them(studio: Engine) -> None:
    first, scenes = tell(studio)
    insert(studio, first)
    mara = crop_hair(studio, studio.wb.projects.get_node(first).project_id, "1.2–1.4")
    reorder(studio, first, "Gate", "Road", "Shop", "Pier")
    assert worn_in(studio, mara) == ["1.2–1.4"]
    assert [looks_in(studio, scene) for scene in scenes.values()] == ["cropped"] * 3


def test_a_look_of_a_scene_that_is_archived_is_worn_by_nobody_until_that_is_back(studio: Engine) -> None:
    first, scenes = tell(studio)
    mara = crop_hair(studio, studio.wb.projects.get_node(first).project_id, "1.2")
    before = studio.wb.artifact(first, "scene_list")
    assert before is not None
    reorder(studio, first, "Pier", "Road")
    assert [looks_in(studio, scenes[beat]) for beat in ("Pier", "Road")] == ["usual", "usual"]
    # words that are changed meanwhile leave the look where it was
    sheet = studio.wb.artifact(mara, "character_sheet")
    assert sheet is not None
    worn = sheets.read_spans(sheets.write_spans(sheet.content["looks"][1]["spans"]))
    told = sheets.change_look(sheet.content, "cropped", {"words": "hair cut short", "spans": worn})
    studio.wb.artifacts.save(mara, "character_sheet", told, sheet.version)
    assert [looks_in(studio, scenes[beat]) for beat in ("Pier", "Road")] == ["usual", "usual"]
    studio.wb.artifacts.restore(first, "scene_list", before.version)
    assert [looks_in(studio, scenes[beat]) for beat in ("Pier", "Shop", "Road")] == ["usual", "cropped", "usual"]


@pytest.mark.parametrize(
    ("worn", "left", "told"),
    [
        ("1.1–1.2", ["Pier", "Road"], "1.1"),
        ("1.2–1.3", ["Pier", "Road"], "1.2"),
        ("1.2–", ["Pier", "Road"], "1.2–"),
        ("1.3–", ["Pier", "Shop"], "2–"),
        ("1.3–2", ["Pier", "Shop"], "2"),
    ],
)
def test_of_a_look_whose_end_is_archived_the_rest_is_worn(
    studio: Engine, worn: str, left: list[str], told: str
) -> None:
    first, _ = tell(studio)
    mara = crop_hair(studio, studio.wb.projects.get_node(first).project_id, worn)
    reorder(studio, first, *left)
    assert worn_in(studio, mara) == [told]
    studio.wb.artifacts.restore(first, "scene_list", 1)
    assert worn_in(studio, mara) == [worn]


def test_an_episode_that_is_archived_takes_its_looks_along(studio: Engine) -> None:
    first, scenes = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    mara = crop_hair(studio, project, "1.2")
    plan = studio.wb.artifact(project, "episode_plan")
    assert plan is not None
    dark = {**plan.content["episodes"][1], "order": 1}
    studio.wb.artifacts.save(project, "episode_plan", {"episodes": [dark], "episode_count": 1}, plan.version)
    [episode] = [n.id for n in nodes(studio, project, "episode")]
    studio.wb.artifacts.save(episode, "scene_list", {"scenes": SCENES}, None)
    assert {looks_in(studio, n.id) for n in nodes(studio, project, "scene") if n.parent_id == episode} == {"usual"}
    studio.wb.artifacts.restore(project, "episode_plan", plan.version)
    assert (worn_in(studio, mara), looks_in(studio, scenes["Shop"])) == (["1.2"], "cropped")


def test_a_restored_sheet_names_the_scenes_that_it_named(studio: Engine) -> None:
    first, scenes = tell(studio)
    mara = crop_hair(studio, studio.wb.projects.get_node(first).project_id, "1.2")
    sheet = studio.wb.artifact(mara, "character_sheet")
    assert sheet is not None
    insert(studio, first)
    moved = sheets.change_look(sheet.content, "cropped", {"spans": sheets.read_spans("1.2")})
    studio.wb.artifacts.save(mara, "character_sheet", moved, sheet.version)
    assert (looks_in(studio, scenes["Pier"]), looks_in(studio, scenes["Shop"])) == ("cropped", "usual")
    assert [c.was for c in studio.wb.artifacts.diff(mara, "character_sheet", 2, 3)] == ["1.3", "1.3"]
    studio.wb.artifacts.restore(mara, "character_sheet", sheet.version)
    assert (looks_in(studio, scenes["Pier"]), looks_in(studio, scenes["Shop"])) == ("usual", "cropped")


def test_a_copy_and_an_archive_keep_in_which_scenes_a_look_is_worn(studio: Engine, tmp_path: Path) -> None:
    first, _ = tell(studio)
    project = studio.wb.projects.get_node(first).project_id
    crop_hair(studio, project, "1.2")
    insert(studio, first)
    studio.wb.projects.export(project, tmp_path / "out.zip")
    copied = studio.wb.projects.duplicate(project, "Copy")
    for own in (copied, studio.wb.projects.import_archive(tmp_path / "out.zip").project_id):
        [mara] = [n.id for n in nodes(studio, own, "character")]
        scenes = {n.title: n.id for n in nodes(studio, own, "scene")}
        assert worn_in(studio, mara) == ["1.3"]
        assert [looks_in(studio, scenes[beat]) for beat in ("Pier", "Shop")] == ["usual", "cropped"]


def test_a_bundle_tells_the_scenes_of_a_look(studio: Engine) -> None:
    first, scenes = tell(studio)
    mara = crop_hair(studio, studio.wb.projects.get_node(first).project_id, "1.2")
    studio.wb.artifacts.save(scenes["Shop"], "keyframe_prompt", {"shots": [shot(n) for n in range(1, 10)]}, None)
    bundle = studio.wb.jobs.bundle(run(studio, IMAGES, scenes["Shop"]).id)
    with zipfile.ZipFile(io.BytesIO(bundle.data)) as archive:
        rows = [json.loads(line) for line in archive.read("rows/layout.jsonl").splitlines()]
    sheet = studio.wb.artifact(mara, "character_sheet")
    assert sheet is not None
    assert {"artifact_id": sheet.id, "nodes": [scenes["Shop"]] * 2} in rows


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
