"""What an edit makes stale, on the real engine: as much as was made from it, and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import nodes, run
from tests.workflows.frames import quick_drawing
from workbench import samples
from workbench.artifacts.storyboard import frame_part

Start = Callable[..., Engine]
SCENE = (
    "generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt", "generate_keyframe_images",
    "generate_dialogue", "generate_sound_design", "estimate_duration",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)


def told(engine: Engine) -> tuple[int, int, list[int], dict[str, int]]:
    """(project, episode, its first two scenes, characters by name): Della is in the first scene, Jim in the second."""
    wb = engine.wb
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    run(engine, "plan_episodes", project)
    episode = nodes(engine, project, "episode")[0].id
    run(engine, "generate_episode_core_expression", episode)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6})
    head = wb.artifact(episode, "scene_list")
    assert head is not None
    for scene in head.content["scenes"]:
        scene["cast"] = ["Della"] if scene["order"] % 2 else ["Jim"]
    wb.artifacts.save(episode, "scene_list", head.content, head.version)
    scenes = [n.id for n in sorted(nodes(engine, project, "scene"), key=lambda n: n.position)][:2]
    for kind in SCENE:
        for scene in scenes:
            job = run(engine, kind, scene)
            assert job.state == "succeeded", (kind, job.error)
    return project, episode, scenes, {n.title: n.id for n in nodes(engine, project, "character")}


def edit(engine: Engine, node: int, kind: str, **changed: Any) -> None:
    head = engine.wb.artifact(node, kind)
    assert head is not None
    engine.wb.artifacts.save(node, kind, {**head.content, **changed}, head.version)


def stale(engine: Engine, project: int) -> set[tuple[int, str]]:
    return {(n.id, a.kind) for n in engine.wb.projects.tree(project).nodes for a in n.artifacts if a.stale}


def test_a_change_of_hair_makes_stale_where_she_is_seen_and_nothing_else(start: Start) -> None:
    engine = start()
    project, _episode, (hers, his), people = told(engine)
    assert stale(engine, project) == set()
    edit(engine, people["Della"], "character", appearance="black hair, cut short")
    # where she is staged and where she is drawn; no plan, no empty set, nothing that is said or heard
    assert stale(engine, project) == {(hers, "keyframe_prompt"), (hers, "keyframe_images")}

    # the pictures take the looks of today from the library, also while the plan of the shots stays as it is
    before = drawn_of(engine, hers)
    assert run(engine, "generate_keyframe_images", hers).state == "succeeded"
    assert stale(engine, project) == {(hers, "keyframe_prompt")}
    head = engine.wb.artifact(hers, "keyframe_prompt")
    assert head is not None
    with_her = {f"KF{shot['order'] - 1}" for shot in head.content["shots"] if shot["subjects"]}
    assert with_her
    assert {key for key, hashes in drawn_of(engine, hers).items() if hashes != before[key]} == with_her

    edit(engine, people["Della"], "character", personality="proud", background="from the coast")
    assert (hers, "keyframe_images") not in stale(engine, project)
    assert {(hers, "dialogue"), (project, "episode_plan")} <= stale(engine, project)
    assert not {(node, kind) for node, kind in stale(engine, project) if node == his and kind != "scene_list"}


def drawn_of(engine: Engine, scene: int) -> dict[str, list[str]]:
    """Frame → what its candidates were asked for by."""
    return {key: [c["made_of"] for c in frame["candidates"]] for key, frame in frames(engine, scene).items()}


def frames(engine: Engine, scene: int) -> dict[str, dict[str, Any]]:
    head = engine.wb.artifact(scene, "keyframe_images")
    assert head is not None
    return {f["key"]: f for f in head.content["frames"]}


def test_who_is_described_by_looks_alone_is_planned_and_drawn_by_them(start: Start) -> None:
    engine = start()
    brief = samples.load("gift-of-the-magi.en")
    brief["characters"] = [{"name": "Della", "appearance": "a woman with brown hair"}]
    project = engine.wb.create_project(brief)
    run(engine, "plan_episodes", project)
    della = nodes(engine, project, "character")[0].id
    edit(engine, della, "character", appearance="a woman with black hair")
    assert stale(engine, project) == {(project, "episode_plan")}


def test_a_frame_is_stale_only_by_the_looks_of_those_it_shows(start: Start) -> None:
    engine = start()
    project, _episode, (hers, _his), people = told(engine)
    head = engine.wb.artifact(hers, "keyframe_prompt")
    assert head is not None
    shots = head.content["shots"]
    shots[2]["subjects"], shots[3]["subjects"] = [], [{**shots[3]["subjects"][0], "name": "Jim"}]
    engine.wb.artifacts.save(hers, "keyframe_prompt", head.content, head.version)
    run(engine, "generate_keyframe_images", hers)
    assert (hers, "keyframe_images") not in stale(engine, project)

    edit(engine, people["Jim"], "character", appearance="a thin young man")
    reasons = engine.wb.artifacts.list_stale_reasons(hers, "keyframe_images")
    touched = [order for order in range(1, 10) if any(r.touches(frame_part(f"KF{order - 1}")) for r in reasons)]
    assert touched == [4]

    edit(engine, people["Della"], "character", appearance="in a red coat")
    # one frame drawn anew leaves the others as old as they were
    run(engine, "generate_keyframe_images", hers, {"keys": ["KF3"]})
    reasons = engine.wb.artifacts.list_stale_reasons(hers, "keyframe_images")
    touched = [order for order in range(1, 10) if any(r.touches(frame_part(f"KF{order - 1}")) for r in reasons)]
    assert touched == [1, 2, 5, 6, 7, 8, 9]
    run(engine, "generate_keyframe_images", hers)
    assert (hers, "keyframe_images") not in stale(engine, project)


def test_somebody_under_another_name_is_drawn_by_their_looks_too(start: Start) -> None:
    engine = start()
    _project, _episode, (hers, _his), people = told(engine)
    edit(engine, people["Jim"], "character", aliases=["Mr Young"])
    run(engine, "generate_keyframe_images", hers)
    head = engine.wb.artifact(hers, "keyframe_prompt")
    assert head is not None
    subjects = head.content["shots"][3]["subjects"]
    head.content["shots"][3]["subjects"] = [{**subjects[0], "name": "mr young"}] if subjects else []
    engine.wb.artifacts.save(hers, "keyframe_prompt", head.content, head.version)
    run(engine, "generate_keyframe_images", hers)
    before = drawn_of(engine, hers)["KF3"]
    edit(engine, people["Jim"], "character", appearance="a thin young man in a grey coat")
    reasons = engine.wb.artifacts.list_stale_reasons(hers, "keyframe_images")
    assert [r.only_for for r in reasons] == [[frame_part("KF3")]]
    run(engine, "generate_keyframe_images", hers)
    assert drawn_of(engine, hers)["KF3"] != before


def test_a_picture_that_was_picked_stays_when_somebody_else_changes(start: Start) -> None:
    engine = start()
    _project, _episode, (hers, _his), people = told(engine)
    run(engine, "generate_keyframe_images", hers, {"keys": ["KF0"], "new_candidate": True})
    head = engine.wb.artifact(hers, "keyframe_images")
    assert head is not None
    picked = head.content["frames"][0]["candidates"][0]["media"]
    assert head.content["frames"][0]["chosen"] != picked
    head.content["frames"][0]["chosen"] = picked
    engine.wb.artifacts.save(hers, "keyframe_images", head.content, head.version)
    edit(engine, people["Jim"], "character", appearance="a thin young man")
    run(engine, "generate_keyframe_images", hers)
    assert frames(engine, hers)["KF0"]["chosen"] == picked


@pytest.mark.parametrize(
    ("kind", "changed", "untouched"),
    [
        ("brief", {"audience": "everybody"}, {"scene_anchor", "keyframe_prompt", "keyframe_images", "dialogue"}),
        ("brief", {"genre": "comedy"}, {"keyframe_images", "duration"}),
        ("core_expression", {"core_conflict": "another"}, {"scene_anchor", "keyframe_prompt", "motion_prompt"}),
        ("core_expression", {"theme": "another"}, {"scene_anchor", "keyframe_prompt", "motion_prompt"}),
    ],
)  # fmt: skip
def test_a_field_that_a_scene_was_not_told_leaves_it_fresh(
    start: Start, kind: str, changed: dict[str, Any], untouched: set[str]
) -> None:
    engine = start()
    project, episode, scenes, _people = told(engine)
    edit(engine, project if kind == "brief" else episode, kind, **changed)
    assert not {made for node, made in stale(engine, project) if node in scenes} & untouched


def test_another_cast_of_a_scene_leaves_its_empty_set_fresh_unless_the_library_does_not_know_them(start: Start) -> None:
    engine = start()
    project, episode, (first, _second), _people = told(engine)

    def recast(*names: str) -> None:
        head = engine.wb.artifact(episode, "scene_list")
        assert head is not None
        head.content["scenes"][0]["cast"] = list(names)
        engine.wb.artifacts.save(episode, "scene_list", head.content, head.version)

    recast("Della", "Jim")
    assert (first, "scene_anchor") not in stale(engine, project)
    assert (first, "keyframe_prompt") in stale(engine, project)
    recast("A stranger")
    run(engine, "generate_scene_anchor", first)
    recast("Della")
    assert (first, "scene_anchor") in stale(engine, project)


def test_the_other_language_of_a_set_changes_nothing_that_was_made_in_this_one(start: Start) -> None:
    engine = start()
    project, _episode, (first, _second), _people = told(engine)
    head = engine.wb.artifact(first, "scene_anchor")
    assert head is not None
    edit(engine, first, "scene_anchor", scene={**head.content["scene"], "zh": "空" * 70})
    assert not [kind for node, kind in stale(engine, project) if node == first]
    edit(engine, first, "scene_anchor", scene={**head.content["scene"], "en": "An empty room."})
    assert (first, "keyframe_images") in stale(engine, project)
