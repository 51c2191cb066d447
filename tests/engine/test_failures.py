"""What failures are grouped by, and what makes them good, on both databases."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from tests.engine import jobs_for_tests
from tests.engine.conftest import Engine, use
from tests.receiver import Receiver
from tests.scripted_provider import ScriptedProvider
from workbench.db.reads import failures as failure_reads
from workbench.db.rows.jobs import Job
from workbench.db.schema import failure, job
from workbench.db.writes import failures as failure_writes
from workbench.errors import NotFound
from workbench.jobs import failures, replay
from workbench.workflows import registry


def groups(engine: Engine, **scope: Any) -> dict[str, tuple[int, int]]:
    """Fingerprint → failures, and how many of them were made good."""
    return {g.fingerprint: (g.count, g.replayed) for g in engine.wb.jobs.list_failures(**scope)}


def tell(engine: Engine, profile: str, about: str = "a lamp") -> Job:
    return engine.finish(engine.wb.submit("test_tell", params={"about": about}, profile=profile).id)


def test_malformed_answers_are_one_group_whatever_they_say(engine: Engine, provider: ScriptedProvider) -> None:
    name = use(engine.wb, provider)
    for answer in ("Sorry, no.", "<p>17 reasons</p>", "I am not able to do that on Tuesdays.", "不行"):
        provider.script(default={"text": answer})
        tell(engine, name, answer)
    for answer in ('{"text": "", "mood": 3}', '{"text": "", "tone": "sad", "x9": []}', '{"text": 17}'):
        provider.script(default={"text": answer})
        tell(engine, name, answer)
    assert sorted(g.count for g in engine.wb.jobs.list_failures()) == [3, 4]


def test_a_dead_key_is_one_group_for_all_workflows_and_another_model_another(
    engine: Engine, provider: ScriptedProvider, project: int
) -> None:
    provider.script(default={"status": 401})
    name = use(engine.wb, provider)
    first = tell(engine, name)
    second = engine.finish(engine.wb.submit("test_child_good", project, profile=name).id)
    third = engine.finish(engine.wb.submit("test_chapters", project, profile=name).id)
    assert {j.error_kind for j in (first, second, third)} == {"auth"}
    assert groups(engine) == {first.error_fingerprint: (3, 0)}

    provider.script(default={"status": 404, "body": {"error": {"message": "no such model", "code": "model_not_found"}}})
    one = tell(engine, name)
    engine.wb.profiles.add("other", "openai", base_url=provider.url, text_model="scripted-2", key="sk-canary9999999999")
    other = tell(engine, "other")
    assert one.error_kind == other.error_kind == "not_found_model"
    assert one.error_fingerprint != other.error_fingerprint


def test_one_workflow_failing_at_two_places_is_two_groups() -> None:
    def of(*places: str) -> str | None:
        error = failures.OutputError("invalid_output", "no good")
        error.places = places
        return failures.fingerprint_of(error, "invalid_output", "plan_episodes", 1)

    assert of("episodes.#.title") == of("episodes.#.title") != of("episodes.#.beats")


def test_a_parent_is_not_counted_beside_its_parts_unless_one_was_refused(engine: Engine, project: int) -> None:
    parent = engine.finish(
        engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "test_child_bad", "test_child_bad"]}).id
    )
    [group] = engine.wb.jobs.list_failures()
    assert (group.kinds, group.count, parent.error_fingerprint) == (["test_child_bad"], 2, None)

    refused = engine.finish(engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "no_workflow"]}).id)
    assert refused.error_fingerprint in groups(engine)


def test_a_failure_is_made_good_over_any_number_of_hops(engine: Engine, provider: ScriptedProvider) -> None:
    provider.script(default={"status": 401})
    first = tell(engine, use(engine.wb, provider))
    again = engine.finish(engine.wb.jobs.retry(first.id).id)
    third = engine.finish(engine.wb.jobs.retry(again.id).id)
    assert groups(engine) == {first.error_fingerprint: (3, 0)}
    # under another profile, so that it is no equal request
    last = engine.finish(engine.wb.jobs.retry(third.id, profile="sketch").id)
    assert last.state == "succeeded"
    assert groups(engine) == {first.error_fingerprint: (3, 3)}


@pytest.mark.parametrize("on_node", [True, False])
def test_a_failure_is_made_good_by_an_ordinary_later_run_of_the_same_thing(
    engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch, provider: ScriptedProvider, on_node: bool
) -> None:
    name = use(engine.wb, provider)

    def run(number: int) -> Job:
        kind, node, params = (
            ("test_child_moody", project, {"number": number})
            if on_node
            else ("test_tell", None, {"about": f"{number}"})
        )
        return engine.finish(engine.wb.submit(kind, node, params, profile=name).id)

    provider.script(default={"status": 401})
    failed = run(1)
    provider.script()
    monkeypatch.setattr(jobs_for_tests, "MOOD", "good")
    assert run(2).state == "succeeded"
    assert groups(engine) == {failed.error_fingerprint: (1, 0)}, "another request is no answer to this one"
    # whichever profile that was under
    name = "sketch"
    assert run(1).state == "succeeded"
    assert groups(engine) == {failed.error_fingerprint: (1, 1)}
    assert engine.wb.jobs.plan_retry([failed.id])[0].outcome == "skip"


def test_groups_keep_to_the_project_and_the_time_asked_for(engine: Engine, project: int) -> None:
    other = engine.wb.create_project({"title": "Another", "language": "en"})
    for node in (project, other, other):
        engine.finish(engine.wb.submit("test_child_bad", node).id)
    [group] = engine.wb.jobs.list_failures(project=project)
    assert (group.count, group.projects) == (1, [project])
    assert [j.node_id for j in engine.wb.jobs.list_with_fingerprint(group.fingerprint, project=other)] == [other] * 2
    assert engine.wb.jobs.list_failures(since=group.last_at + 3_600_000) == []


def test_a_group_says_of_what_and_when_its_failures_were(
    engine: Engine, provider: ScriptedProvider, project: int
) -> None:
    provider.script(default={"status": 401})
    name = use(engine.wb, provider)
    tell(engine, name)
    engine.finish(engine.wb.submit("test_child_good", project, profile=name).id)
    [group] = engine.wb.jobs.list_failures()
    [profile] = engine.wb.profiles.list()
    assert (group.projects, group.kinds) == ([project], ["test_child_good", "test_tell"])
    assert (group.models, group.profiles, group.versions) == (["scripted-1"], [profile.id], [version("reelwright")])
    assert (sum(group.trend), group.trend[-1], len(group.trend), group.span_ms) == (2, 2, 30, 86_400_000)
    [recent] = engine.wb.jobs.list_failures(since=group.first_at - 5 * 3_600_000)
    assert (sum(recent.trend), recent.span_ms) == (2, 3_600_000)

    # a cause is as old as its first failure, however short the time that is looked at
    first = min(job.id for job in engine.wb.jobs.list(state="failed"))
    with engine.wb.database.write() as conn:
        conn.execute(update(failure).where(failure.c.job_id == first).values(finished_at=group.first_at - 10**9))
    [now] = engine.wb.jobs.list_failures(since=group.first_at - 5 * 3_600_000)
    assert (now.count, now.first_at) == (1, group.first_at - 10**9)


def test_a_resolved_group_regresses_by_a_new_failure_and_webhooks_are_told_once(engine: Engine, project: int) -> None:
    jobs = engine.wb.jobs

    def fail() -> Job:
        return engine.finish(engine.wb.submit("test_child_bad", project).id)

    def state() -> tuple[str, int | None]:
        [group] = jobs.list_failures()
        return group.state, group.regressed_by

    def told() -> list[str]:
        engine.worker.maintain()
        return [d.payload["text"] for d in engine.wb.webhooks.list_deliveries()]

    with Receiver() as receiver:
        engine.wb.webhooks.add(receiver.url, events=["group.regressed"], allow_private=True, lang="en")
        fingerprint = str(fail().error_fingerprint)
        assert state() == ("open", None)
        jobs.set_group_state(fingerprint, "ignored", user="ada")
        fail()
        assert state() == ("ignored", None)
        jobs.set_group_state(fingerprint, "resolved", user="ada")
        assert (state(), told()) == (("resolved", None), [])
        again = fail()
        assert state() == ("regressed", again.id)
        fail()
        assert state() == ("regressed", again.id), "the first one that came back"
        [text] = told()
        assert "was resolved and has come back" in text
        assert told() == [text]
        jobs.set_group_state(fingerprint, "resolved", user="ada")
        fail()
        assert len(told()) == 2
        jobs.set_group_state(fingerprint, "open", user="ada")
        fail()
        assert (state(), len(told())) == (("open", None), 2)
    with pytest.raises(NotFound):
        jobs.set_group_state("no such", "resolved")


def test_what_is_kept_of_failures_is_what_a_look_at_all_jobs_says(
    engine: Engine, provider: ScriptedProvider, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way a failure was made good; and so once more when all of it is written anew."""
    name = use(engine.wb, provider)
    provider.script(default={"status": 401})
    moody = [engine.finish(engine.wb.submit("test_child_moody", project, {"number": n}).id) for n in (1, 1, 2)]
    told = [tell(engine, name, about) for about in ("a lamp", "a lamp", "a door")]
    hops = engine.finish(engine.wb.jobs.retry(engine.finish(engine.wb.jobs.retry(told[2].id).id).id).id)
    provider.script()
    monkeypatch.setattr(jobs_for_tests, "MOOD", "good")
    engine.finish(engine.wb.submit("test_child_moody", project, {"number": 1}).id)
    tell(engine, name, "a lamp")
    last = engine.finish(engine.wb.jobs.retry(hops.id, profile="sketch").id)
    assert last.state == "succeeded"
    whole = replay.whole_kinds(registry.Registry(), registry.Registry().all())

    def kept() -> dict[int, int]:
        with engine.wb.database.read() as conn:
            return {row.job_id: row.repaired_by for row in conn.execute(select(failure)) if row.repaired_by}

    with engine.wb.database.read() as conn:
        failed = list(conn.scalars(select(job.c.id).where(job.c.state == "failed")))
        looked_up: dict[int, int] = {}
        for job_id, repair in conn.execute(failure_reads.select_repairs([job.c.id.in_(failed)], whole)):
            looked_up[job_id] = max(repair, looked_up.get(job_id, 0))
        assert failure_reads.find_repairs(conn, failed, whole) == looked_up
    assert kept() == looked_up
    assert {moody[0].id, told[1].id, told[2].id, hops.id} <= looked_up.keys()
    assert moody[2].id not in looked_up
    with engine.wb.database.write() as conn:
        conn.execute(delete(failure))
        failure_writes.fill(conn, whole=whole)
        assert conn.execute(select(func.count()).select_from(failure)).scalar_one() == len(failed)
    assert kept() == looked_up
