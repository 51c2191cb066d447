"""Prompts tried on calls of jobs that have written since: what they wrote does not change what they were asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import run
from tests.workflows.frames import quick_drawing
from tests.workflows.storyboard.scenes import content, edit, planned, service
from workbench import prompts, samples

Start = Callable[..., Engine]
GROUP, CHINESE = "storyboard/generate_storyboard_group", "storyboard/translate_storyboard_panels"
ENGLISH, RANKING = "storyboard/back_translate_storyboard_panels", "image/rank_keyframe_candidates"
CHAIN, PEOPLE = "planning/build_narrative_causal_chain", "planning/expand_story_characters"


def try_all(engine: Engine, name: str, project: int) -> list[dict[str, Any]]:
    """What today's words and some new ones bring of every call of a prompt."""
    calls = [c.id for c in engine.wb.trials.list_calls(name, "en", project_id=project)]
    user = prompts.find(name, "en").sections["user"]
    job = engine.finish(engine.wb.trials.start(name, "en", "Be brief.", user, calls, project_id=project).id, timeout=60)
    assert job.state == "succeeded", job.error
    pairs: list[dict[str, Any]] = job.result["pairs"]
    assert len(pairs) == len(calls) > 0
    return pairs


def are_valid(pairs: list[dict[str, Any]]) -> bool:
    return all(pair[side]["valid"] for pair in pairs for side in ("today", "new"))


def test_groups_and_their_translations_can_be_tried_when_they_are_written(start: Start) -> None:
    engine = start()
    scene = planned(engine)
    [project] = {n.project_id for n in [engine.wb.projects.get_node(scene)]}
    assert run(engine, "generate_storyboard_group", scene).state == "succeeded"
    assert run(engine, "translate_storyboard_panels", scene).state == "succeeded"
    panel = content(engine, scene, "storyboard_translation")["groups"][2]["panels"][4]

    def turn_away(made: dict[str, Any]) -> None:
        made["groups"][2]["panels"][4].update(zh=panel["zh"].rstrip("。") + "，转过身去。")

    edit(engine, scene, turn_away, "storyboard_translation")
    job = run(engine, "back_translate_storyboard_panels", scene)
    assert job.state == "succeeded", job.error
    for name, count in ((GROUP, 9), (CHINESE, 9), (ENGLISH, 1)):
        pairs = try_all(engine, name, project)
        assert len(pairs) == count
        assert are_valid(pairs), name


def test_a_ranking_can_be_tried_on_pictures_that_are_ranked(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    quick_drawing(monkeypatch)
    engine = start()
    scene = planned(engine)
    assert run(engine, "generate_keyframe_prompt", scene).state == "succeeded"
    job = run(engine, "rank_keyframe_candidates", scene, {"keys": ["KF2"], "candidates": 2})
    assert job.state == "succeeded", job.error
    # further pictures change nothing of what was looked at
    run(engine, "generate_keyframe_images", scene, {"keys": ["KF2"], "new_candidate": True})
    pairs = try_all(engine, RANKING, engine.wb.projects.get_node(scene).project_id)
    assert len(pairs) == 2
    assert are_valid(pairs)


def test_who_was_proposed_is_new_also_when_they_have_joined_the_cast(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))
    assert run(engine, "expand_story_characters", project).state == "succeeded"
    [first, *_] = content(engine, project, "character_candidates")["candidates"]
    engine.wb.candidates.accept(project, first["name"])
    assert are_valid(try_all(engine, PEOPLE, project))


def test_every_phase_of_a_chain_can_be_tried_when_a_person_has_edited_it(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))
    assert run(engine, "build_narrative_causal_chain", project).state == "succeeded"
    asked = len(service(engine).requests)
    edit(
        engine,
        project,
        lambda made: made["outline"].update(outline_summary="A pair sells what it loves."),
        "causal_chain",
    )
    names = {p.name for p in engine.wb.prompts.list() if p.name.startswith(CHAIN)}
    tried = [name for name in sorted(names) if engine.wb.trials.list_calls(name, "en", project_id=project)]
    assert len(tried) >= 4
    for name in tried:
        assert are_valid(try_all(engine, name, project)), name
    assert len(service(engine).requests) > asked
