"""The scene script through the real engine: an entry for every scene, and shots, dialogue and sound that follow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import insert

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, Editing, nodes, run
from workbench import samples
from workbench.db.schema import artifact, artifact_head
from workbench.errors import GuardUnmet
from workbench.handoff.book import read_book
from workbench.story import scene_script, timing
from workbench.story.facts import NodeView

Start = Callable[..., Engine]


def listed(engine: Engine, name: str, scenes: int = 8) -> tuple[int, list[int]]:
    """The first episode of a sample with its scene list, and its scenes."""
    project = engine.wb.create_project(samples.load(name))
    assert run(engine, "plan_episodes", project).state == "succeeded"
    episode = nodes(engine, project, "episode")[0].id
    run(engine, "generate_episode_core_expression", episode)
    run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": scenes})
    below = [n for n in nodes(engine, project, "scene") if n.parent_id == episode]
    return episode, [n.id for n in sorted(below, key=lambda n: n.position)]


def content(engine: Engine, node: int, kind: str) -> dict[str, Any]:
    head = engine.wb.artifact(node, kind)
    assert head is not None, kind
    return head.content


def service(engine: Engine) -> Editing:
    found: Editing = engine.provider  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize("name", SAMPLES)
def test_every_scene_of_the_list_has_its_entry(start: Start, name: str) -> None:
    engine = start()
    episode, scenes = listed(engine, name)
    before = len(service(engine).requests)
    job = run(engine, "generate_scene_script", episode)
    assert job.state == "succeeded", job.error
    # six scenes a step, and no answer of the sketch needs a repair
    assert len(service(engine).requests) - before == 2
    made, outlines = content(engine, episode, "scene_script"), content(engine, episode, "scene_list")["scenes"]
    assert [s["order"] for s in made["scenes"]] == [o["order"] for o in outlines] == list(range(1, len(scenes) + 1))
    for scene, outline in zip(made["scenes"], outlines, strict=True):
        assert scene["heading"]["place"] == outline["location"]
        assert any(e["type"] == "action" for e in scene["elements"])
        seen = {e["speaker"] for e in scene["elements"] if e["type"] == "dialogue" and e["extension"] == "none"}
        assert seen <= set(outline["cast"])


def test_shots_dialogue_and_sound_are_made_from_the_script(start: Start) -> None:
    engine = start()
    episode, scenes = listed(engine, "gift-of-the-magi.en", 6)
    outlines = content(engine, episode, "scene_list")
    outlines["scenes"][0]["cast"] = ["Della", "Jim"]
    engine.wb.artifacts.save(episode, "scene_list", outlines, 1)
    assert run(engine, "generate_scene_script", episode).state == "succeeded"
    head = engine.wb.artifact(episode, "scene_script")
    assert head is not None
    head.content["scenes"][0]["elements"] = [
        {"type": "action", "text": "Della winds the clock. Jim drops his hat. The stove smokes."},
        {"type": "sound", "text": "a kettle beginning to sing"},
        {"type": "dialogue", "speaker": "Jim", "parenthetical": "low", "text": "The clock is wrong."},
        {"type": "dialogue", "speaker": "Narrator", "extension": "voice_over", "text": "It was seven."},
    ]
    engine.wb.artifacts.save(episode, "scene_script", head.content, head.version)
    scene = scenes[0]
    before = len(service(engine).requests)
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt", "generate_dialogue",
                 "generate_sound_design"):  # fmt: skip
        job = run(engine, kind, scene)
        assert job.state == "succeeded", job.error
    asked = [r.messages[-1].content for r in service(engine).requests[before:]]
    # the anchor and the motion are made of other things; shots (plan and three beats), dialogue and sound of the script
    assert ["a kettle beginning to sing" in text for text in asked] == [
        False,
        True,
        True,
        True,
        True,
        False,
        True,
        True,
    ]
    assert [(e["speaker"], e["text"]) for e in content(engine, scene, "dialogue")["lines"]] == [
        ("Jim", "The clock is wrong."),
        ("", "It was seven."),
    ]
    assert "winds the clock" in content(engine, scene, "keyframe_prompt")["beats"][0]["summary"]
    assert "a kettle beginning to sing" in [c["description"] for c in content(engine, scene, "sound_design")["cues"]]

    # another scene's page makes nothing of this one stale; its own does, and says which
    head = engine.wb.artifact(episode, "scene_script")
    assert head is not None
    kinds = ("scene_anchor", "keyframe_prompt", "motion_prompt", "dialogue", "sound_design")
    head.content["scenes"][1]["elements"][0]["text"] = "Nobody is there."
    engine.wb.artifacts.save(episode, "scene_script", head.content, head.version)
    assert not any(engine.wb.artifacts.list_stale_reasons(scene, kind) for kind in kinds)
    head.content["scenes"][0]["elements"][2]["text"] = "The clock is right."
    engine.wb.artifacts.save(episode, "scene_script", head.content, head.version + 1)
    stale = {kind for kind in kinds if engine.wb.artifacts.list_stale_reasons(scene, kind)}
    assert stale == {"keyframe_prompt", "dialogue", "sound_design"}


def test_a_length_goes_by_the_script_until_lines_and_shots_are_made_and_by_its_transition_always(start: Start) -> None:
    engine = start()
    episode, scenes = listed(engine, "gift-of-the-magi.en", 6)
    scene = scenes[0]
    assert run(engine, "estimate_duration", scene).state == "succeeded"
    without = content(engine, scene, "duration")
    assert run(engine, "generate_scene_script", episode).state == "succeeded"
    head = engine.wb.artifact(episode, "scene_script")
    assert head is not None
    page = head.content["scenes"][0]
    page["transition"] = "dissolve"
    page["elements"] = [
        {"type": "action", "text": "Della winds the clock. " * 11},
        {"type": "dialogue", "speaker": "Jim", "text": "The clock is wrong."},
    ]
    engine.wb.artifacts.save(episode, "scene_script", head.content, head.version)

    assert run(engine, "estimate_duration", scene).state == "succeeded"

    made = content(engine, scene, "duration")
    assert made["parts"]["transition"] == timing.TRANSITION_S["dissolve"]
    assert made["parts"]["dialogue"] == timing.tenths(timing.LINE_S + 4 / timing.WORDS_PER_S)
    assert made["parts"]["action"] == timing.tenths(without["parts"]["action"] + 44 / timing.SHOTS[1])
    assert (made["missing"], made["confidence"]) == (without["missing"], "low")
    assert run(engine, "estimate_duration", scene, {"transition": "fade"}).state == "succeeded"
    assert content(engine, scene, "duration")["parts"]["transition"] == timing.TRANSITION_S["fade"]

    # with lines and shots of its own, the page's transition alone counts
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt", "generate_dialogue",
                 "generate_sound_design", "estimate_duration"):  # fmt: skip
        assert run(engine, kind, scene).state == "succeeded"
    full = content(engine, scene, "duration")
    lines = content(engine, scene, "dialogue")["lines"]
    assert full["parts"]["dialogue"] == timing.tenths(timing.dialogue_s(lines))
    assert full["parts"]["transition"] == timing.TRANSITION_S["dissolve"]
    version = engine.wb.artifact(episode, "scene_script").version  # type: ignore[union-attr]
    page["elements"][0]["text"] = "Nobody is there."
    engine.wb.artifacts.save(episode, "scene_script", head.content, version)
    assert not engine.wb.artifacts.list_stale_reasons(scene, "duration")
    page["transition"] = "wipe"
    engine.wb.artifacts.save(episode, "scene_script", head.content, version + 1)
    assert [r.kind for r in engine.wb.artifacts.list_stale_reasons(scene, "duration")] == ["scene_script"]


def add_all_frames(engine: Engine, scene: int) -> None:
    """A scene with nine frames counts as finished."""
    drawn = {"frames": [{"key": f"S{n}", "chosen": "sha", "candidates": []} for n in range(1, 10)]}
    made = {"node_id": scene, "kind": "keyframe_images", "version": 1, "content": drawn, "content_hash": "h"}
    with engine.wb.database.write() as conn:
        own = insert(artifact).values(**made, source="ai", inputs=[], created_at=0).returning(artifact.c.id)
        head = {"node_id": scene, "kind": "keyframe_images", "artifact_id": conn.execute(own).scalar_one()}
        conn.execute(insert(artifact_head).values(**head))


def test_a_hand_off_and_a_sound_design_reckon_a_length_as_the_duration_does(start: Start) -> None:
    engine = start()
    episode, scenes = listed(engine, "gift-of-the-magi.en", 6)
    assert run(engine, "generate_scene_script", episode).state == "succeeded"
    head = engine.wb.artifact(episode, "scene_script")
    assert head is not None
    transitions = ("dissolve", "cut", "fade", "wipe", "cut", "none")
    for page, transition in zip(head.content["scenes"], transitions, strict=True):
        page["transition"] = transition
    engine.wb.artifacts.save(episode, "scene_script", head.content, head.version)
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt"):
        assert run(engine, kind, scenes[2]).state == "succeeded"

    def lengths() -> list[float]:
        [told] = read_book(NodeView.load(engine.wb.database, episode)).episodes
        return [scene.seconds for scene in told.scenes]

    job = run(engine, "generate_sound_design", scenes[2])
    [laid_out] = [e.message for e in engine.wb.jobs.get_detail(job.id).events if "of sound" in str(e.message)]
    page = head.content["scenes"][2]
    shots = content(engine, scenes[2], "keyframe_prompt")
    spoken = timing.dialogue_s(scene_script.speeches(page))
    assert spoken > 0
    bare = timing.estimate(dialogue=None, motion=None, shots=shots, sound=None, language="en").seconds
    assert f"{bare + timing.tenths(spoken):.1f} s" in str(laid_out), "sounds lie where the script's lines are, too"
    reckoned = lengths()
    for scene in scenes[1:4]:
        add_all_frames(engine, scene)
    project = engine.wb.projects.get_node(episode).project_id
    assert engine.wb.usage.of_finished(project).seconds == round(sum(reckoned[1:4]), 1)
    for scene in scenes:
        assert run(engine, "estimate_duration", scene).state == "succeeded"
    assert reckoned == lengths() == [content(engine, scene, "duration")["seconds"] for scene in scenes]
    assert len(set(reckoned)) > 1


def test_a_scene_that_speaks_in_the_script_is_not_silent(start: Start) -> None:
    engine = start()
    episode, scenes = listed(engine, "gift-of-the-magi.en", 6)
    assert run(engine, "generate_scene_script", episode).state == "succeeded"
    made = content(engine, episode, "scene_script")["scenes"]
    scene = next(s for s, page in zip(scenes, made, strict=True) if scene_script.speeches(page))
    for kind in ("generate_scene_anchor", "generate_keyframe_prompt", "generate_motion_prompt"):
        run(engine, kind, scene)
    service(engine).changes = [lambda _made: {"silent": True, "reason": "She only looks.", "lines": []}]
    before = len(service(engine).requests)
    assert run(engine, "generate_dialogue", scene).state == "succeeded"
    assert "lets" in service(engine).requests[before + 1].messages[-1].content
    assert not content(engine, scene, "dialogue")["silent"]


def test_a_script_waits_for_its_scene_list(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))
    run(engine, "plan_episodes", project)
    with pytest.raises(GuardUnmet) as refused:
        engine.wb.submit("generate_scene_script", nodes(engine, project, "episode")[0].id, {})
    assert [i.path for i in refused.value.unmet] == ["core_expression", "scene_list"]
