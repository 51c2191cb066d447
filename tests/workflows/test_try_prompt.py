"""A prompt in other words beside today's on the same stored values: judged, counted, priced, and nothing saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from sqlalchemy import func, select, update

from tests.engine.conftest import Engine
from tests.workflows.conftest import Editing, nodes, run
from workbench import prompts, samples
from workbench.db.schema import artifact, model_call
from workbench.errors import InvalidInput, ProviderError
from workbench.i18n import Text, translate

Start = Callable[..., Engine]
NAME = "planning/plan_episodes"
CORE = "episode/generate_episode_core_expression"
NEW = "You plan like a sea captain."


def user(name: str = NAME) -> str:
    return prompts.find(name, "en").sections["user"]


def planned(engine: Engine, episodes: int = 2) -> int:
    project = engine.wb.create_project({**samples.load("gift-of-the-magi.en"), "episodes": episodes})
    assert run(engine, "plan_episodes", project).state == "succeeded"
    return project


def calls(engine: Engine, name: str, project: int, **more: Any) -> list[int]:
    return [c.id for c in engine.wb.trials.list_calls(name, "en", project_id=project, **more)]


def attempt(engine: Engine, name: str, project: int, ids: list[int], system: str = NEW) -> Any:
    job = engine.wb.trials.start(name, "en", system, user(name), ids, project_id=project)
    return engine.finish(job.id, timeout=60)


def count_versions(engine: Engine) -> int:
    with engine.wb.database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(artifact)).scalar_one())


def test_both_sides_get_the_values_of_then_and_nothing_is_saved(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = planned(engine)
    # what is told of the story since is none of these values
    head = engine.wb.artifact(project, "brief")
    assert head is not None
    engine.wb.artifacts.save(project, "brief", {**head.content, "title": "Another title"}, head.version)
    engine.wb.prompts.save(NAME, "en", "Today.", user(), project_id=project, base_version=0)
    before, asked = count_versions(engine), len(provider.requests)

    job = attempt(engine, NAME, project, calls(engine, NAME, project))

    assert job.state == "succeeded"
    today, new = provider.requests[asked:]
    assert (today.messages[0].content, new.messages[0].content) == ("Today.", NEW)
    assert today.messages[1] == new.messages[1]
    assert "Another title" not in new.messages[1].content
    assert provider.requests[0].messages[1].content == new.messages[1].content
    [pair] = job.result["pairs"]
    assert pair["today"]["valid"] is pair["new"]["valid"] is True
    assert pair["new"]["prompt_version"] != pair["today"]["prompt_version"]
    assert pair["new"]["input_tokens"] > 0
    assert pair["new"]["latency_ms"] is not None
    assert count_versions(engine) == before
    assert engine.wb.prompts.get(NAME, "en", project).counting["system"] == "Today."
    # a trial is no past call to try on
    assert len(calls(engine, NAME, project)) == 1


def test_what_the_same_words_brought_before_is_read_and_not_paid_again(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = planned(engine)
    ids = calls(engine, NAME, project)
    price = engine.wb.trials.price(NAME, "en", NEW, user(), ids, project_id=project)
    job = attempt(engine, NAME, project, ids)
    [pair] = job.result["pairs"]
    assert (pair["today"]["paid"], pair["new"]["paid"]) == (False, True)
    assert (price.answers, price.reused) == (2, 1)
    assert len(provider.requests) == 2


def test_answers_are_judged_by_the_checks_of_their_own_workflow_and_never_repaired(start: Start) -> None:
    engine = start(lambda made: None)
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = planned(engine, 3)
    asked = len(provider.requests)

    def drop_an_episode(made: dict[str, Any]) -> None:
        made["episodes"].pop()
        made["episode_count"] = 2

    def say_nothing(made: dict[str, Any]) -> str:
        return "Sorry, I cannot help with that."

    engine.wb.prompts.save(NAME, "en", "Today.", user(), project_id=project, base_version=0)
    provider.changes = [drop_an_episode, say_nothing]
    job = attempt(engine, NAME, project, calls(engine, NAME, project))
    assert len(provider.requests) == asked + 2
    [pair] = job.result["pairs"]
    assert (pair["today"]["valid"], pair["today"]["kind"]) == (False, "invalid_output")
    assert (pair["new"]["valid"], pair["new"]["kind"]) == (False, "malformed_output")
    assert pair["new"]["text"] == "Sorry, I cannot help with that."
    assert pair["today"]["issues"][0]["place"]
    sides = job.result["sides"]
    assert sides["today"]["valid"] == 0
    assert sides["today"]["rules"][0]["answers"] == 1
    with engine.wb.database.read() as conn:
        judged = conn.execute(select(model_call.c.valid).where(model_call.c.purpose == "trial")).scalars().all()
    assert judged == [False, False]


def test_the_checks_that_failed_are_counted_by_prompt_version_and_model(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))

    def rename(made: dict[str, Any]) -> Any:
        made["episodes"][0]["order"] = 7

    provider.changes = [rename]
    assert run(engine, NAME.partition("/")[2], project, {"target_episode_count": 3}).state == "succeeded"
    provider.changes = [lambda made: made["episodes"][0].update(title="")]
    run(engine, NAME.partition("/")[2], project, {"target_episode_count": 2})
    shipped = engine.wb.trials.list_uses(NAME, "en", project)[0].prompt_version
    failed = {(r.prompt_version, r.model, r.rule): r for r in engine.wb.trials.list_rules(NAME, "en", project)}
    [model] = {r.model for r in failed.values()}
    assert all((version, n.answers) == (shipped, 1) for (version, *_), n in failed.items())
    assert len(failed) == 2, "one of each first answer; the repairs' answers are none of them"
    assert model in {r.model for r in failed.values()}

    provider.changes = [lambda made: made["episodes"].pop()] * 2
    job = attempt(engine, NAME, project, calls(engine, NAME, project)[-1:])

    new = job.result["sides"]["new"]
    after = engine.wb.trials.list_rules(NAME, "en", project)
    assert new["rules"]
    assert {(r.rule, r.place, r.answers) for r in after if r.prompt_version == new["prompt_version"]} == {
        (rule["rule"], rule["place"], rule["answers"]) for rule in new["rules"]
    }
    assert engine.wb.trials.list_rules(CORE, "en", project) == []


def test_every_check_that_an_answer_failed_counts_as_in_a_trial(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = engine.wb.create_project(samples.load("gift-of-the-magi.en"))

    def spoil(made: dict[str, Any]) -> None:
        first, second, _ = made["episodes"]
        first.update(title="", order=7)
        second.update(title="", scene_scope="")

    provider.changes = [spoil]
    job = run(engine, NAME.partition("/")[2], project, {"target_episode_count": 3})
    assert job.state == "succeeded"
    once = {(r.rule, r.place): r.answers for r in engine.wb.trials.list_rules(NAME, "en", project)}
    assert len(once) > 1
    assert set(once.values()) == {1}
    [event] = [e for e in engine.wb.jobs.get_detail(job.id).events if e.level == "warning"]
    first = translate(Text.from_json(event.i18n or {}), "zh").partition("：")[2]
    assert re.search("[\u4e00-\u9fff]", first), "the issue is said in the reader's language, too"

    provider.changes = [spoil] * 2
    job = attempt(engine, NAME, project, calls(engine, NAME, project)[-1:])
    tried = job.result["sides"]["new"]["rules"]
    assert {(rule["rule"], rule["place"]) for rule in tried} == once.keys()


def test_many_calls_are_one_batch_with_shares_by_side(start: Start) -> None:
    engine = start()
    project = planned(engine, 3)
    for episode in [n.id for n in nodes(engine, project, "episode")]:
        run(engine, "generate_episode_core_expression", episode)
    ids = calls(engine, CORE, project)
    assert len(ids) == 3
    episode = nodes(engine, project, "episode")[0].id
    assert calls(engine, CORE, project, node_id=episode) == [ids[-1]]
    price = engine.wb.trials.price(CORE, "en", NEW, user(CORE), ids, project_id=project)
    assert (price.answers, price.unpriced) == (6, 0)
    job = attempt(engine, CORE, project, [*ids, ids[0]])
    assert [p["call"] for p in job.result["pairs"]] == ids
    assert {s: (v["answers"], v["valid"]) for s, v in job.result["sides"].items()} == {
        "today": (3, 3), "new": (3, 3),
    }  # fmt: skip
    uses = engine.wb.trials.list_uses(CORE, "en", project)
    assert {(u.prompt_version, u.calls, u.valid) for u in uses} >= {
        (job.result["sides"]["new"]["prompt_version"], 3, 3),
    }
    with mock.patch("workbench.db.reads.prompts.MOST_ANSWERS", 1):
        [use] = engine.wb.trials.list_uses(CORE, "en", project)
    with engine.wb.database.read() as conn:
        last = conn.execute(
            select(model_call).where(model_call.c.prompt_name == f"{CORE}.en").order_by(model_call.c.id.desc())
        ).first()
    assert last is not None
    assert (use.calls, use.last_at, use.prompt_version) == (1, last.started_at, last.prompt_version)
    assert [j.id for j in engine.wb.trials.list_jobs(CORE, "en")] == [job.id]
    assert engine.wb.trials.list_jobs(NAME, "en") == []


def test_a_later_step_is_tried_with_what_the_steps_before_it_brought(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = planned(engine, 14)
    [first, *_] = engine.wb.trials.list_calls(NAME + ".chunk", "en", project_id=project)
    asked = len(provider.requests)
    job = attempt(engine, NAME + ".chunk", project, [first.id])
    assert job.state == "succeeded"
    assert job.result["pairs"][0]["new"]["valid"]
    assert job.result["pairs"][0]["step"] == "chunk-2"
    # today's answer is there already, and so is the chunk before
    assert len(provider.requests) == asked + 1


def test_a_call_whose_values_are_gone_is_named_and_the_others_go_on(start: Start) -> None:
    engine = start()
    project = planned(engine)
    run(engine, "plan_episodes", project)
    newest, oldest = calls(engine, NAME, project)
    job = engine.wb.trials.start(NAME, "en", NEW, user(), [newest, oldest, 4711], project_id=project)
    with engine.wb.database.write() as conn:
        conn.execute(update(model_call).where(model_call.c.id == oldest).values(template=None))
    ended = engine.finish(job.id, timeout=60)
    assert ended.state == "succeeded"
    assert [p["call"] for p in ended.result["pairs"]] == [newest]
    assert [f["call"] for f in ended.result["failed"]] == [oldest, 4711]
    alone = engine.finish(engine.wb.trials.start(NAME, "en", NEW, user(), [oldest], project_id=project).id, 60)
    assert (alone.state, alone.error_kind) == ("failed", "invalid_input")
    assert "its values are not kept" in str(alone.error)


def test_words_that_do_not_fit_are_refused_before_anything_is_started(start: Start) -> None:
    engine = start()
    project = planned(engine)
    ids = calls(engine, NAME, project)
    with pytest.raises(InvalidInput):
        engine.wb.trials.start(NAME, "en", NEW, "{{ title }}", ids, project_id=project)
    with pytest.raises(InvalidInput):
        engine.wb.trials.start(NAME, "en", NEW, user(), [], project_id=project)
    with pytest.raises(InvalidInput, match="surname"):
        engine.wb.trials.fill(NAME, "en", NEW, user() + '{{ characters[0].surname | data("x") }}', ids[0])
    filled = engine.wb.trials.fill(NAME, "en", NEW, user(), ids[0])
    assert filled is not None
    assert filled["system"] == NEW
    assert "Della" in filled["user"]
    assert engine.wb.trials.list_jobs(NAME, "en") == []


def test_what_was_answered_before_a_failure_in_passing_is_not_asked_for_again(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = planned(engine)
    for episode in [n.id for n in nodes(engine, project, "episode")]:
        run(engine, "generate_episode_core_expression", episode)
    asked = len(provider.requests)

    def break_off(made: dict[str, Any]) -> None:
        raise ProviderError("network", Text("The connection broke."))

    provider.changes = [break_off]
    job = attempt(engine, CORE, project, calls(engine, CORE, project))
    assert job.state == "succeeded"
    assert [p["new"]["valid"] for p in job.result["pairs"]] == [True, True]
    assert len(provider.requests) == asked + 3
