"""Acts on many jobs: each by its id, what is reusable is reused, and each one's outcome is told."""

from __future__ import annotations

import pytest

from tests.engine.conftest import Engine, in_background, use
from tests.scripted_provider import ScriptedProvider
from workbench.db.rows.jobs import Act, Job, RefusedReplay
from workbench.errors import NotFound, WouldReplace

PLAN = {
    "episode_count": 1,
    "episodes": [{"order": 1, "title": "One", "logline": "A lamp goes out.", "scene_scope": "The tower."}],
}
OPEN = {"title": "Open", "language": "en", "summary": "s" * 120, "style": {"preset": "anime", "prompt": "ink, light"}}


def told(acts: list[Act]) -> list[tuple[int, str]]:
    return [(act.job_id, act.outcome) for act in acts]


def run(engine: Engine, workflow: str, node: int | None = None, **params: object) -> Job:
    return engine.finish(engine.wb.submit(workflow, node, params).id)


def test_a_retry_of_many_tells_each_outcome_and_a_refusal_stops_no_other(
    engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = [run(engine, "test_child_moody", project, number=n) for n in range(3)]
    good = run(engine, "test_nothing")
    engine.wb.projects.archive(project)
    free = run(engine, "test_fail", kind="auth")
    # nobody runs it here
    active = engine.wb.submit("test_sleep")
    ids = [failed[0].id, good.id, active.id, free.id]

    plan = engine.wb.jobs.plan_retry(ids)
    assert told(plan) == [(ids[0], "retry"), (ids[1], "skip"), (ids[2], "skip"), (ids[3], "retry")]
    assert (plan[3].cost_micros, plan[3].currency) == (0, "USD")
    assert len(engine.wb.jobs.list()) == 6
    acts = engine.wb.jobs.retry_many(ids)
    assert told(acts) == [(ids[0], "refused"), (ids[1], "skipped"), (ids[2], "skipped"), (ids[3], "retried")]
    assert "archived" in str(acts[0].reason)
    assert engine.wb.jobs.get(acts[3].new_id or 0).replay_of == free.id
    with pytest.raises(NotFound):
        engine.wb.jobs.retry_many([free.id, 999])
    assert len(engine.wb.jobs.list()) == 7


def test_a_group_is_retried_once_for_each_work_and_only_what_nothing_has_made_good(
    engine: Engine, project: int, provider: ScriptedProvider
) -> None:
    """Ten failures with three finished steps each: one call each, not four."""
    name = use(engine.wb, provider)
    provider.script(nth={str(4 * n): {"status": 401} for n in range(1, 11)})
    params = {"steps": 4}
    jobs = [
        engine.finish(engine.wb.submit("test_tell", params=params | {"about": f"lamp {n}"}, profile=name).id)
        for n in range(10)
    ]
    [group] = engine.wb.jobs.list_failures()
    assert (group.count, len(provider.calls())) == (10, 40)
    mended = engine.finish(engine.wb.jobs.retry(jobs[0].id).id)
    assert len(provider.calls()) == 41

    plan = engine.wb.jobs.plan_retry(j.id for j in engine.wb.jobs.list_with_fingerprint(group.fingerprint))
    assert [(a.outcome, a.reused) for a in plan] == [("retry", 3)] * 9 + [("skip", 0)]
    answers = engine.wb.jobs.replay_group(group.fingerprint)
    new = [a for a in answers if isinstance(a, Job)]
    assert [a.refused for a in answers if isinstance(a, RefusedReplay)] == [f"Job {mended.id} has made it good."]
    again = engine.wb.jobs.replay_group(group.fingerprint)
    assert not [a for a in again if isinstance(a, Job)], "each is at work already"
    for job in new:
        assert engine.finish(job.id).state == "succeeded"
    assert len(provider.calls()) == 50
    assert [g.replayed for g in engine.wb.jobs.list_failures()] == [10]


def test_a_group_keeps_to_its_project_and_to_the_newest_failure_of_a_work(engine: Engine, project: int) -> None:
    other = engine.wb.create_project({"title": "Another", "language": "en"})
    old, new, hidden = (run(engine, "test_child_bad", node).id for node in (project, project, other))
    [group] = engine.wb.jobs.list_failures()
    answers = engine.wb.jobs.replay_group(group.fingerprint, project=project)
    assert [a.replay_of if isinstance(a, Job) else (a.job_id, a.refused) for a in answers] == [
        new,
        (old, f"Job {new} is newer and does the same."),
    ]
    assert engine.wb.jobs.get_detail(hidden).replays == []


def test_parts_are_retried_by_their_parent_when_that_is_retried(engine: Engine, project: int) -> None:
    parent = run(engine, "test_batch", project, kinds=["test_child_good", "test_child_bad"])
    child = engine.wb.jobs.list_children(parent.id)[1]
    assert told(engine.wb.jobs.plan_retry([child.id, parent.id])) == [(child.id, "skip"), (parent.id, "retry")]
    assert told(engine.wb.jobs.plan_retry([child.id])) == [(child.id, "retry")]


def test_two_clicks_on_a_retry_are_one_job(engine: Engine) -> None:
    failed = run(engine, "test_fail", kind="auth")
    ids: list[int] = []
    threads = [in_background(lambda: ids.append(engine.wb.jobs.retry(failed.id).id)) for _ in range(8)]
    for thread in threads:
        thread.join(120)
    assert (len(ids), len(set(ids))) == (8, 1)
    # anew is anew each time
    assert engine.wb.jobs.replay(failed.id).id != engine.wb.jobs.replay(failed.id).id


def test_an_old_failure_does_not_take_the_place_of_what_a_person_has_saved_since(
    engine: Engine, provider: ScriptedProvider
) -> None:
    node = engine.wb.create_project(OPEN)
    provider.script(default={"status": 401})
    failed = engine.finish(engine.wb.submit("plan_episodes", node, profile=use(engine.wb, provider)).id)
    assert failed.state == "failed"
    saved = engine.wb.artifacts.save(node, "episode_plan", PLAN, None)

    for again in (engine.wb.jobs.retry, engine.wb.jobs.replay):
        with pytest.raises(WouldReplace, match=f"Version {saved.version} of “Episode plan” was saved by hand"):
            again(failed.id)
    assert told(engine.wb.jobs.plan_retry([failed.id])) == [(failed.id, "would_replace")]
    assert told(engine.wb.jobs.retry_many([failed.id])) == [(failed.id, "refused")]
    assert len(engine.wb.jobs.list()) == 1
    [meant] = engine.wb.jobs.retry_many([failed.id], replace_newer=True)
    assert meant.outcome == "retried"


def test_a_cancel_of_many_tells_what_had_ended(engine: Engine, project: int) -> None:
    ended = run(engine, "test_nothing")
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]})
    engine.worker.run(engine.mail.popleft())
    child = engine.wb.jobs.list_children(parent.id)[0]
    ids = [parent.id, child.id, ended.id]
    assert told(engine.wb.jobs.plan_cancel(ids)) == [(parent.id, "cancel"), (child.id, "cancel"), (ended.id, "skip")]
    acts = engine.wb.jobs.cancel_many(ids)
    assert told(acts) == [(parent.id, "cancelled"), (child.id, "cancelled"), (ended.id, "skipped")]
    assert told(engine.wb.jobs.change_priorities(ids, 5)) == [(i, "skipped") for i in ids]
    waiting = engine.wb.submit("test_sleep")
    assert told(engine.wb.jobs.change_priorities([waiting.id, ended.id], 5)) == [
        (waiting.id, "changed"),
        (ended.id, "skipped"),
    ]
    assert [engine.wb.jobs.get(i).priority for i in (waiting.id, ended.id)] == [5, 0]


def test_nothing_is_cut_off_silently(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.jobs.acts.CHUNK", 7)
    for _ in range(60):
        engine.wb.submit("test_fail", params={"kind": "auth"})
    last = engine.wb.submit("test_fail", params={"kind": "auth"})
    engine.finish(last.id)
    ids = engine.wb.jobs.list_ids(state="failed")
    assert len(ids) == len(engine.wb.jobs.plan_retry(ids)) == 61
    assert {a.outcome for a in engine.wb.jobs.retry_many(ids)} == {"retried"}


def test_what_a_run_has_finished_before_it_was_broken_off_is_not_paid_again_by_the_next(
    engine: Engine, project: int, provider: ScriptedProvider
) -> None:
    """Asked for anew, by itself or by a parent: not a retry, but the very same again."""
    profile = use(engine.wb, provider)
    provider.script(nth={"3": {"status": 401}})
    failed = engine.finish(engine.wb.submit("test_chapters", project, profile=profile).id)
    assert (failed.state, len(provider.calls())) == ("failed", 3)
    again = engine.wb.submit("test_chapters", project, profile=profile)
    assert [s.reused_from for s in engine.wb.jobs.list_steps(again.id)] == [failed.id] * 2
    engine.wb.jobs.cancel(again.id)
    parent = engine.finish(engine.wb.submit("test_book", project, profile=profile).id)
    assert (parent.state, len(provider.calls())) == ("succeeded", 4)

    # other params are another work, and what has succeeded is made anew when it is asked for again
    engine.finish(engine.wb.submit("test_chapters", project, {"number": 1}, profile=profile).id)
    assert len(provider.calls()) == 7
    engine.finish(engine.wb.submit("test_chapters", project, profile=profile).id)
    assert len(provider.calls()) == 10


def test_what_is_made_anew_takes_over_nothing(engine: Engine, project: int, provider: ScriptedProvider) -> None:
    profile = use(engine.wb, provider)
    provider.script(nth={"3": {"status": 401}})
    parent = engine.finish(engine.wb.submit("test_book", project, profile=profile).id)
    assert (parent.state, len(provider.calls())) == ("failed", 3)
    assert engine.finish(engine.wb.jobs.replay(parent.id).id).state == "succeeded"
    assert len(provider.calls()) == 6


def test_only_those_jobs_take_the_place_of_a_newer_version_of_which_it_was_said(
    engine: Engine, provider: ScriptedProvider
) -> None:
    """Another one may have been saved by hand while the question stood."""
    provider.script(default={"status": 401})
    profile = use(engine.wb, provider)
    nodes = [engine.wb.create_project(OPEN) for _ in range(2)]
    first, second = (engine.finish(engine.wb.submit("plan_episodes", n, profile=profile).id).id for n in nodes)
    for node in nodes:
        engine.wb.artifacts.save(node, "episode_plan", PLAN, None)
    acts = engine.wb.jobs.retry_many([first, second], replace_newer=[first])
    assert told(acts) == [(first, "retried"), (second, "refused")]


def test_a_retry_with_edited_params_is_priced_as_if_nothing_fitted(
    engine: Engine, project: int, provider: ScriptedProvider
) -> None:
    provider.script(nth={"3": {"status": 401}})
    failed = engine.finish(engine.wb.submit("test_chapters", project, profile=use(engine.wb, provider)).id)
    assert [a.reused for a in engine.wb.jobs.plan_retry([failed.id])] == [2]
    assert [a.reused for a in engine.wb.jobs.plan_retry([failed.id], params={"number": 2})] == [0]
