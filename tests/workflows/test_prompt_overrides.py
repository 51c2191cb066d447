"""A prompt in somebody's own words is what the model gets; what was made with another one is stale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.engine.conftest import Engine
from tests.workflows.conftest import Editing, nodes, run
from workbench import prompts, samples
from workbench.db.schema import model_call, prompt_override
from workbench.db.writes import ledger
from workbench.errors import InvalidInput

Start = Callable[..., Engine]
NAME = "planning/plan_episodes"
CORE = "episode/generate_episode_core_expression"


def project_of(engine: Engine) -> int:
    return engine.wb.create_project({**samples.load("gift-of-the-magi.en"), "episodes": 2})


def write_anew(engine: Engine, name: str, words: str, project: int | None = None, base: int = 0) -> str:
    user = prompts.find(name, "en").sections["user"]
    saved = engine.wb.prompts.save(name, "en", words, user, project_id=project, base_version=base)
    return str(saved.fingerprint)


def calls(engine: Engine, job: int) -> list[Any]:
    with engine.wb.database.read() as conn:
        return list(conn.execute(select(model_call).where(model_call.c.job_id == job).order_by(model_call.c.id)))


def stale(engine: Engine, project: int) -> set[tuple[int, str]]:
    tree = engine.wb.projects.tree(project)
    return {(n.id, a.kind) for n in tree.nodes for a in n.artifacts if a.stale}


def test_a_call_keeps_its_prompt_and_what_it_was_filled_in_with(start: Start) -> None:
    engine = start(lambda made: made.pop("episodes"))
    project = project_of(engine)
    job = run(engine, "plan_episodes", project)
    first, repair = calls(engine, job.id)
    assert first.prompt_name == repair.prompt_name == f"{NAME}.en"
    assert first.template["variables"]["title"] == samples.load("gift-of-the-magi.en")["title"]
    shipped = prompts.find(NAME, "en")
    assert shipped.variables - shipped.optional <= set(first.template["variables"]) <= shipped.variables
    assert repair.template is None
    again = prompts.refill(prompts.find(NAME, "en"), first.template)
    assert first.prompt[0]["content"] == again.system
    assert first.prompt[1]["content"].startswith(again.user)
    with engine.wb.database.write() as conn:
        conn.execute(update(model_call).values(started_at=0))
        assert ledger.prune_raw(conn, 1) == 2
    assert [c.template for c in calls(engine, job.id)] == [None, None]


def test_what_was_added_to_a_prompt_is_kept_with_its_call_too(start: Start) -> None:
    engine = start()
    project = engine.wb.create_project(
        {"title": "賣火柴的小女孩", "summary": "大年夜，小女孩在街頭賣火柴，沒有人買。" * 10, "language": "zh",
         "style": {"preset": "anime"}, "episodes": 1, "characters": [{"name": "小女孩", "description": "賣火柴"}]}
    )  # fmt: skip
    run(engine, "plan_episodes", project)
    head = engine.wb.artifact(project, "episode_plan")
    assert head is not None
    engine.wb.artifacts.save(project, "episode_plan", head.content, head.version)
    job = run(engine, "plan_episodes", project)
    [call] = calls(engine, job.id)
    assert call.template["traditional"] is True
    assert call.template["by_hand"] == head.content
    again = prompts.refill(prompts.find(NAME, "zh"), call.template)
    assert call.prompt[0]["content"] == again.system
    assert call.prompt[1]["content"].startswith(again.user)


def test_own_words_are_what_the_model_gets_and_the_contract_still_follows(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project, other = project_of(engine), project_of(engine)
    version = write_anew(engine, NAME, "You write like a sea captain.", project)
    job = run(engine, "plan_episodes", project)
    run(engine, "plan_episodes", other)
    mine, theirs = provider.requests
    assert mine.messages[0].content == "You write like a sea captain."
    assert "Answer with one JSON object" in mine.messages[1].content
    assert theirs.messages[0].content != mine.messages[0].content
    head = engine.wb.artifact(project, "episode_plan")
    assert head is not None
    assert head.prompt_version == version == calls(engine, job.id)[0].prompt_version


def test_what_was_made_with_another_prompt_is_stale_and_says_so(start: Start) -> None:
    engine = start()
    wb = engine.wb
    project = project_of(engine)
    run(engine, "plan_episodes", project)
    episodes = [n.id for n in nodes(engine, project, "episode")]
    for episode in episodes:
        run(engine, "generate_episode_core_expression", episode)
    assert stale(engine, project) == set()

    write_anew(engine, CORE, "For all projects.")
    assert stale(engine, project) == {(e, "core_expression") for e in episodes}
    [reason] = wb.artifacts.list_stale_reasons(episodes[0], "core_expression")
    assert reason.prompt is not None
    assert (reason.prompt.name, reason.prompt.is_shipped, reason.prompt.project_id) == (CORE, False, None)
    plan = wb.plans.build(project, "stale")
    assert {(j.workflow, j.node.id) for j in plan.jobs} == {("generate_episode_core_expression", e) for e in episodes}
    assert wb.projects.list()[0].stale == len(episodes) == wb.prompts.count_stale(project)
    assert {c.workflow.name: c.state for c in wb.workflows.list_cells(episodes[0])}[
        "generate_episode_core_expression"
    ] == "stale"
    assert any(a.stale for n in wb.projects.outline(project).nodes for a in n.artifacts)

    run(engine, "generate_episode_core_expression", episodes[0])
    assert stale(engine, project) == {(episodes[1], "core_expression")}
    wb.prompts.reset(CORE, "en", base_version=1)
    assert stale(engine, project) == {(episodes[0], "core_expression")}
    [back] = wb.artifacts.list_stale_reasons(episodes[0], "core_expression")
    assert back.prompt is not None
    assert back.prompt.is_shipped
    # the same words again: made with what counts now
    wb.prompts.restore(CORE, "en", 1, base_version=2)
    assert stale(engine, project) == {(episodes[1], "core_expression")}
    # whatever the one for all says, the project's own counts
    write_anew(engine, CORE, "For all projects.", project)
    wb.prompts.reset(CORE, "en", base_version=3)
    assert stale(engine, project) == {(episodes[1], "core_expression")}


def test_what_a_person_wrote_is_not_stale_by_a_prompt_and_a_version_taken_back_is_again(start: Start) -> None:
    engine = start()
    wb = engine.wb
    project = project_of(engine)
    run(engine, "plan_episodes", project)
    write_anew(engine, NAME, "Other words.", project)
    assert stale(engine, project) == {(project, "episode_plan")}
    head = wb.artifact(project, "episode_plan")
    assert head is not None
    wb.artifacts.save(project, "episode_plan", head.content, head.version)
    assert stale(engine, project) == set()
    wb.artifacts.restore(project, "episode_plan", 1)
    assert stale(engine, project) == {(project, "episode_plan")}


def test_a_release_that_ships_other_words_makes_nothing_stale(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = start()
    project = project_of(engine)
    run(engine, "plan_episodes", project)
    write_anew(engine, CORE, "Another prompt.", project)
    shipped = prompts.find(NAME, "en")
    released = prompts.PromptFile(NAME, "en", shipped.variables, shipped.optional, shipped.sections, "another")
    find = prompts.find
    monkeypatch.setattr(prompts, "find", lambda n, lang: released if (n, lang) == (NAME, "en") else find(n, lang))
    assert stale(engine, project) == set()


def test_a_job_that_goes_on_asks_with_the_words_of_when_it_was_asked_for(start: Start) -> None:
    engine = start()
    provider: Editing = engine.provider  # type: ignore[attr-defined]
    project = project_of(engine)
    job = engine.wb.submit("plan_episodes", project)
    write_anew(engine, NAME, "Words of later.", project)
    with engine.wb.database.write() as conn:
        # saved within the same millisecond is saved before
        conn.execute(update(prompt_override).values(created_at=prompt_override.c.created_at + 1_000))
    engine.finish(job.id, timeout=60)
    assert provider.requests[0].messages[0].content != "Words of later."
    assert stale(engine, project) == {(project, "episode_plan")}


def test_words_that_do_not_fit_any_more_end_the_job_and_say_where_to_go(start: Start) -> None:
    engine = start()
    project = project_of(engine)
    write_anew(engine, NAME, "Words.", project)
    with engine.wb.database.write() as conn:
        conn.execute(update(prompt_override).values(user_text='{{ synopsis | data("gone") }}'))
    job = run(engine, "plan_episodes", project)
    assert (job.state, job.error_kind) == ("failed", "guard_unmet")
    assert "There is no variable synopsis." in str(job.error)
    assert "Edit or reset it on Prompts." in str(job.error)
    assert not {e.name: e.fits for e in engine.wb.prompts.list(project) if e.language == "en"}[NAME]


def test_words_that_ask_for_what_the_values_do_not_have_are_refused(start: Start) -> None:
    engine = start()
    project = project_of(engine)
    words = prompts.find(NAME, "en").sections["user"] + '\n{{ characters[0].surname | data("x") }}'
    with pytest.raises(InvalidInput, match="nobody knows yet whether characters can be used so"):
        engine.wb.prompts.save(NAME, "en", "x", words, project_id=project, base_version=0)
    # by a release that did not look
    base = write_anew(engine, NAME, "Words.", project) and 1
    with engine.wb.database.write() as conn:
        conn.execute(update(prompt_override).values(user_text=words))
    job = run(engine, "plan_episodes", project)
    assert (job.state, job.error_kind) == ("failed", "guard_unmet")
    engine.wb.prompts.reset(NAME, "en", project_id=project, base_version=base)
    run(engine, "plan_episodes", project)
    assert "surname" in str(engine.wb.prompts.check(NAME, "en", "x", words)[0].message)
    # what is known to be there is let through from then on
    there = words.replace("surname", "name")
    assert engine.wb.prompts.check(NAME, "en", "x", there) == []
    # and what another story may not have is not
    some = words.replace("characters[0].surname", "chain.outline")
    assert engine.wb.prompts.check(NAME, "en", "x", some) != []
