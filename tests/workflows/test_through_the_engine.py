"""The workflows on the real engine: guards, steps, children, versions – with the offline drafts or answers changed
by the test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.engine.conftest import Engine
from tests.workflows.conftest import SAMPLES, events, nodes, run
from workbench import samples
from workbench.db.rows.jobs import Job
from workbench.db.rows.story import TreeNode
from workbench.errors import GuardUnmet, InvalidInput
from workbench.i18n import Text

Start = Callable[..., Engine]
PLANNED = ("plan_episodes", "generate_episode_core_expression", "generate_episode_scene_list", "generate_scene_anchor")


def project(engine: Engine, name: str = SAMPLES[0], **changed: Any) -> int:
    return engine.wb.create_project({**samples.load(name), **changed})


def succeeded(job: Job) -> Job:
    assert job.state == "succeeded", job.error
    return job


def planned(engine: Engine, name: str = SAMPLES[0], **changed: Any) -> tuple[int, list[TreeNode]]:
    story = project(engine, name, **changed)
    succeeded(run(engine, "plan_episodes", story))
    return story, nodes(engine, story, "episode")


@pytest.mark.parametrize("name", SAMPLES)
def test_a_brief_becomes_anchored_scenes(start: Start, name: str) -> None:
    engine = start()
    story, episodes = planned(engine, name)
    assert len(episodes) == samples.load(name)["episodes"]

    first, second = episodes[0].id, episodes[1].id
    for episode in (first, second):
        succeeded(run(engine, "generate_episode_core_expression", episode))
        succeeded(run(engine, "generate_episode_scene_list", episode, {"scene_count_hint": 6}))
    scenes = [n for n in nodes(engine, story, "scene") if n.parent_id == first]
    assert len(scenes) == 6
    for scene in scenes:
        succeeded(run(engine, "generate_scene_anchor", scene.id))

    tree = engine.wb.projects.tree(story)
    assert not any(a.stale for n in tree.nodes for a in n.artifacts)
    assert all(call.mode == "json_schema" for call in engine.provider.requests)  # type: ignore[attr-defined]
    places: dict[str, Any] = {}
    for scene in scenes:
        made = engine.wb.artifact(scene.id, "scene_anchor").content
        assert places.setdefault(made["location"]["name"], made["anchors"]) == made["anchors"]


@pytest.mark.parametrize("lack", [{"summary": "太短"}, {"style": {"preset": "custom", "prompt": " "}}])
def test_a_brief_that_cannot_be_planned_from_is_refused_at_submit(start: Start, lack: dict[str, Any]) -> None:
    engine = start()

    with pytest.raises(GuardUnmet) as caught:
        engine.wb.submit("plan_episodes", project(engine, **lack))

    assert [i.path.split(".")[0] for i in caught.value.unmet] == list(lack)


def test_scenes_need_a_core_expression_first(start: Start) -> None:
    engine = start()
    _, episodes = planned(engine)

    with pytest.raises(GuardUnmet, match="core expression first"):
        engine.wb.submit("generate_episode_scene_list", episodes[0].id, {})


def test_an_episode_that_left_the_plan_says_so(start: Start) -> None:
    engine = start()
    story, episodes = planned(engine)
    content = engine.wb.artifact(story, "episode_plan").content
    shorter = {**content, "episode_count": 2, "episodes": content["episodes"][:2]}
    engine.wb.artifacts.save(story, "episode_plan", shorter, engine.wb.artifact(story, "episode_plan").version, "local")

    unmet = engine.wb.workflows.list_unmet("generate_episode_core_expression", episodes[5].id)

    assert any("no episode 6" in str(i.message) for i in unmet)


@pytest.mark.parametrize("value", [5, 25])
def test_a_scene_count_out_of_bounds_is_refused(start: Start, value: int) -> None:
    engine = start()
    _, episodes = planned(engine)

    with pytest.raises(InvalidInput, match="scene_count_hint"):
        engine.wb.submit("generate_episode_scene_list", episodes[0].id, {"scene_count_hint": value})


def test_a_wrong_count_is_repaired_with_the_exact_issue(start: Start) -> None:
    engine = start(lambda made: {**made, "episode_count": 5, "episodes": made["episodes"][:5]})
    story = project(engine)

    succeeded(run(engine, "plan_episodes", story))

    _first, repair = engine.provider.requests  # type: ignore[attr-defined]
    assert "5 episodes, but 6 were asked for" in repair.messages[-1].content
    assert len(engine.wb.artifact(story, "episode_plan").content["episodes"]) == 6


def test_the_target_of_the_form_wins_over_the_brief_and_without_both_the_model_chooses(start: Start) -> None:
    engine = start()
    asked = project(engine)
    free = project(engine, episodes=None)

    succeeded(run(engine, "plan_episodes", asked, {"target_episode_count": 3}))
    succeeded(run(engine, "plan_episodes", free))

    assert len(nodes(engine, asked, "episode")) == 3
    assert len(nodes(engine, free, "episode")) >= 3


def test_more_than_twelve_episodes_come_in_chunks_that_see_the_earlier_ones(start: Start) -> None:
    engine = start()
    story = project(engine)

    job = succeeded(run(engine, "plan_episodes", story, {"target_episode_count": 25}))

    steps = [s.name for s in engine.wb.jobs.get_detail(job.id).steps]
    assert steps == ["chunk-1", "chunk-2", "chunk-3"]
    plan = engine.wb.artifact(story, "episode_plan").content
    assert [e["order"] for e in plan["episodes"]] == list(range(1, 26))
    last = engine.provider.requests[-1].messages[1].content  # type: ignore[attr-defined]
    assert plan["episodes"][0]["title"] in last
    assert "第 21 集" in last


def repeat_third(made: dict[str, Any]) -> dict[str, Any]:
    """The third episode tells what the first does."""
    made["episodes"][2] = {**made["episodes"][0], "order": 3}
    return made


def test_a_repeating_episode_is_rewritten_and_the_others_stay_byte_for_byte(start: Start) -> None:
    engine = start(repeat_third)
    story = project(engine)

    job = succeeded(run(engine, "plan_episodes", story))

    shown = engine.wb.jobs.get_detail(job.id)
    assert [s.name for s in shown.steps] == ["plan", "dedupe"]
    plan = engine.wb.artifact(story, "episode_plan")
    before = shown.steps[0].output["episodes"]
    after = plan.content["episodes"]
    assert [a for a, b in zip(after, before, strict=True) if a != b] == [after[2]]
    assert after[2]["logline"] != after[0]["logline"]
    assert not plan.warnings


def test_a_rewrite_that_still_repeats_leaves_a_warning_on_the_artifact(start: Start) -> None:
    kept: dict[str, Any] = {}

    def remember(made: dict[str, Any]) -> dict[str, Any]:
        kept.update(repeat_third(made)["episodes"][2])
        return made

    engine = start(remember, lambda made: {"episodes": [kept]})
    story = project(engine)

    succeeded(run(engine, "plan_episodes", story))

    (warning,) = engine.wb.artifact(story, "episode_plan").warnings
    assert "1 and 3" in Text.from_json(warning)


def test_a_rewrite_of_the_wrong_episodes_never_reaches_the_plan(start: Start) -> None:
    wrong = [lambda made: {"episodes": [{**made["episodes"][0], "order": 2}]}] * 4
    engine = start(repeat_third, *wrong)
    story = project(engine)

    succeeded(run(engine, "plan_episodes", story))

    plan = engine.wb.artifact(story, "episode_plan")
    assert [e["order"] for e in plan.content["episodes"]] == [1, 2, 3, 4, 5, 6]
    assert len(plan.warnings) == 2  # the rewrite could not be used, and two episodes are still alike


def test_a_main_character_nobody_knows_is_a_warning(start: Start) -> None:
    def stranger(made: dict[str, Any]) -> None:
        made["episodes"][0]["main_characters"] = ["王生", "张三"]

    engine = start(stranger)
    story = project(engine)

    succeeded(run(engine, "plan_episodes", story))

    (warning,) = engine.wb.artifact(story, "episode_plan").warnings
    assert "张三" in str(warning)
    assert "王生" not in str(warning)


def test_what_is_shortened_for_the_model_is_said_on_the_timeline(start: Start) -> None:
    engine = start()
    world = [{"name": "书斋", "description": "一榻一案。" * 200}]
    cast = [{"name": "王生", "description": "书生。" * 300}]
    story = project(engine, world=world, characters=cast)

    job = succeeded(run(engine, "plan_episodes", story))

    said = " ".join(events(engine, job))
    assert "书斋 shortened to 400 of 1000" in said
    assert "王生 shortened to 600 of 900" in said


def test_editing_one_episode_leaves_the_far_ones_fresh(start: Start) -> None:
    engine = start()
    story, episodes = planned(engine)
    for episode in (episodes[0], episodes[5]):
        succeeded(run(engine, "generate_episode_core_expression", episode.id))
    plan = engine.wb.artifact(story, "episode_plan")
    plan.content["episodes"][0]["logline"] = "王生在雪夜里遇见女子，却没有问她的名字。"
    engine.wb.artifacts.save(story, "episode_plan", plan.content, plan.version, "local")

    assert engine.wb.artifacts.list_stale_reasons(episodes[0].id, "core_expression")
    assert not engine.wb.artifacts.list_stale_reasons(episodes[5].id, "core_expression")


# --- the batch -------------------------------------------------------------------------------------------------

BATCH = "generate_episode_core_expression_batch"


def test_the_batch_writes_every_episode_in_order_each_after_its_predecessor(start: Start) -> None:
    engine = start()
    story, episodes = planned(engine, SAMPLES[2])

    job = succeeded(run(engine, BATCH, story))

    assert [r["node_id"] for r in job.result["succeeded"]] == [e.id for e in episodes]
    assert job.result["failed"] == job.result["skipped"] == []
    second = engine.wb.artifact(episodes[1].id, "core_expression")
    assert (episodes[0].id, "core_expression") in [(i["node_id"], i["kind"]) for i in second.inputs]
    assert len(engine.wb.jobs.get_detail(job.id).children) == len(episodes)


def test_the_batch_skips_what_is_fresh_and_force_writes_it_again(start: Start) -> None:
    engine = start()
    story, episodes = planned(engine, SAMPLES[2])
    succeeded(run(engine, "generate_episode_core_expression", episodes[0].id))

    job = succeeded(run(engine, BATCH, story))
    assert [r["node_id"] for r in job.result["skipped"]] == [episodes[0].id]
    assert [r["node_id"] for r in job.result["succeeded"]] == [e.id for e in episodes[1:]]

    forced = succeeded(run(engine, BATCH, story, {"force": True, "episode_ids": [episodes[0].id]}))
    assert [r["node_id"] for r in forced.result["succeeded"]] == [episodes[0].id]
    assert engine.wb.artifact(episodes[0].id, "core_expression").version == 2


def test_unknown_episodes_are_named(start: Start) -> None:
    engine = start()
    story, episodes = planned(engine, SAMPLES[2])

    with pytest.raises(GuardUnmet, match="9999"):
        engine.wb.submit(BATCH, story, {"episode_ids": [episodes[0].id, 9999]})


def test_a_batch_without_episodes_says_what_comes_first(start: Start) -> None:
    engine = start()

    with pytest.raises(GuardUnmet, match="at least one episode"):
        engine.wb.submit(BATCH, project(engine), {})


def test_a_partial_batch_names_the_failed_ones_and_goes_on(start: Start) -> None:
    # The repair leaves the same issue, so the first episode is given up after two answers.
    broken: list[Any] = [lambda made: {**made, "payoff": []}] * 2
    engine = start(lambda made: None, *broken)
    story, episodes = planned(engine, SAMPLES[2])

    job = run(engine, BATCH, story)

    assert job.state == "partial"
    (failed,) = job.result["failed"]
    assert failed["node_id"] == episodes[0].id
    assert failed["error_kind"] in ("malformed_output", "invalid_output")
    assert [r["node_id"] for r in job.result["succeeded"]] == [e.id for e in episodes[1:]]


# --- scenes ----------------------------------------------------------------------------------------------------


def test_scenes_that_repeat_the_previous_episode_are_sent_back(start: Start) -> None:
    engine = start()
    _, episodes = planned(engine)
    first, second = episodes[0].id, episodes[1].id
    for episode in (first, second):
        succeeded(run(engine, "generate_episode_core_expression", episode))
    succeeded(run(engine, "generate_episode_scene_list", first, {"scene_count_hint": 6}))
    told = engine.wb.artifact(first, "scene_list").content["scenes"][2]["summary"]

    def again(made: dict[str, Any]) -> None:
        made["scenes"][4]["summary"] = told
        made["scenes"][5]["cast"] = ["路人甲"]

    engine.provider.changes.append(again)  # type: ignore[attr-defined]
    succeeded(run(engine, "generate_episode_scene_list", second, {"scene_count_hint": 6}))

    repair = engine.provider.requests[-1].messages[-1].content  # type: ignore[attr-defined]
    assert "scene 3 of the previous episode" in repair
    assert "路人甲" in repair


def test_an_anchor_with_a_name_in_it_is_sent_back(start: Start) -> None:
    engine = start()
    story, episodes = planned(engine)
    succeeded(run(engine, "generate_episode_core_expression", episodes[0].id))
    succeeded(run(engine, "generate_episode_scene_list", episodes[0].id, {"scene_count_hint": 6}))

    def named(made: dict[str, Any]) -> None:
        made["anchors"]["zh"][0] = "王生的旧伞"
        made["anchors"]["en"].append("one too many")

    engine.provider.changes.append(named)  # type: ignore[attr-defined]
    succeeded(run(engine, "generate_scene_anchor", nodes(engine, story, "scene")[0].id))

    repair = engine.provider.requests[-1].messages[-1].content  # type: ignore[attr-defined]
    assert "anchors.zh.0" in repair
    assert "must match one to one" in repair


# --- chat ------------------------------------------------------------------------------------------------------


def test_a_chat_answers_in_the_language_of_the_question(start: Start) -> None:
    engine = start()
    for question, word in (("山那边是什么？", "离线"), ("What lies behind the hills?", "Offline")):
        job = engine.wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": question}]})
        done = succeeded(engine.finish(job.id))
        assert question in done.result["content"]
        assert word in done.result["content"]
        assert done.output_tokens > 0
        assert done.result["tokens"] == {"input": done.input_tokens, "output": done.output_tokens}


def test_a_blank_message_is_refused_at_submit(start: Start) -> None:
    engine = start()

    with pytest.raises(InvalidInput, match="messages"):
        engine.wb.submit("llm_chat", None, {"messages": [{"role": "user", "content": " "}]})
