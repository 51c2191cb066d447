"""Parents wait for their children without holding a worker."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from tests.engine import jobs_for_tests
from tests.engine.conftest import Engine, use
from tests.scripted_provider import ScriptedProvider
from workbench import samples
from workbench.db.connection import Database
from workbench.db.writes import end, groups
from workbench.jobs import submit
from workbench.jobs.declared import Workflows


def test_a_parent_on_one_thread_does_not_deadlock(engine: Engine, project: int) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 5})
    done = engine.finish(parent.id)
    assert done.state == "succeeded"
    children = engine.wb.jobs.get_detail(parent.id).children
    assert [c.state for c in children] == ["succeeded"] * 5
    assert [a.outcome for a in engine.wb.jobs.get_detail(parent.id).attempts] == ["waiting", "ok"]
    assert [s["node_id"] for s in done.result["succeeded"]] == [project] * 5


def test_a_waiting_parent_holds_no_lease_and_its_progress_follows_the_children(engine: Engine, project: int) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 4})
    engine.worker.run(engine.mail.popleft())
    waiting = engine.wb.jobs.get(parent.id)
    assert (waiting.state, waiting.waiting_for, waiting.lease_until) == ("waiting", "children", None)
    engine.worker._dispatcher.kick()
    engine.worker.run(engine.mail.popleft())
    assert engine.wb.jobs.get(parent.id).progress == 25


def test_a_partial_end_names_the_failed_ones_and_a_retry_runs_those_alone(engine: Engine, project: int) -> None:
    parent = engine.wb.submit(
        "test_batch", project, {"kinds": ["test_child_good", "test_child_bad", "test_child_good"]}
    )
    done = engine.finish(parent.id)
    assert (done.state, done.error_kind) == ("partial", "child_failed")
    assert [(f["error_kind"], f["state"]) for f in done.result["failed"]] == [("auth", "failed")]
    children = {c.id for c in engine.wb.jobs.get_detail(parent.id).children}

    again = engine.wb.jobs.retry(parent.id)
    engine.finish(again.id)
    second = {c.id for c in engine.wb.jobs.get_detail(again.id).children}
    assert len(second & children) == 2
    assert len(second - children) == 1


def test_a_batch_whose_parts_all_failed_has_failed(engine: Engine, project: int) -> None:
    done = engine.finish(engine.wb.submit("test_batch", project, {"kinds": ["test_child_bad", "test_child_bad"]}).id)
    assert (done.state, done.error_kind) == ("failed", "child_failed")
    # a sentence within a sentence is kept so that both can be said in another language
    [child, _] = engine.wb.jobs.get_detail(done.id).children
    assert child.error_i18n is not None
    assert done.error_i18n is not None
    assert done.error_i18n["params"]["error"] == child.error_i18n


def test_chained_children_run_one_after_the_other(engine: Engine, project: int) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 3, "chained": True})
    assert engine.finish(parent.id).state == "succeeded"
    children = engine.wb.jobs.get_detail(parent.id).children
    assert len(children) == 3
    for before, after in pairwise(children):
        assert after.created_at >= before.finished_at


def test_cancelling_a_parent_cancels_its_children(engine: Engine, project: int) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 3})
    engine.worker.run(engine.mail.popleft())
    engine.wb.jobs.cancel(parent.id)
    assert engine.wb.jobs.get(parent.id).state == "cancelled"
    assert {c.state for c in engine.wb.jobs.get_detail(parent.id).children} == {"cancelled"}


def test_a_refused_child_counts_as_failed(engine: Engine, project: int) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "no_such_workflow"]})
    done = engine.finish(parent.id)
    assert done.state == "partial"
    assert done.result["failed"][0]["error_kind"] == "not_found"


def test_a_parent_that_nobody_woke_is_woken_by_the_sweeper(
    engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"]})
    engine.worker.run(engine.mail.popleft())
    with monkeypatch.context() as patch:
        patch.setattr(end, "child_ended", lambda conn, child_id: None)
        patch.setattr(groups, "wake_parent", lambda conn, parent_id: None)
        engine.worker._dispatcher.kick()
        engine.deliver()
    assert engine.wb.jobs.get(parent.id).state == "waiting"
    assert engine.finish(parent.id).state == "succeeded"


def test_a_retried_parent_pays_nothing_that_its_children_have_finished(
    engine: Engine, project: int, provider: ScriptedProvider
) -> None:
    """Also over a parent in between, and when the first retry was cancelled before it came to the children."""
    provider.script(nth={"3": {"status": 401}})
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_book"]}, profile=use(engine.wb, provider))
    assert engine.finish(parent.id).state == "failed"
    assert len(provider.calls()) == 3

    engine.wb.jobs.cancel(engine.wb.jobs.retry(parent.id).id)
    again = engine.wb.jobs.retry(engine.wb.jobs.list(limit=1)[0].id)
    assert engine.finish(again.id).state == "succeeded"
    assert len(provider.calls()) == 4
    [middle] = engine.wb.jobs.list_children(again.id)
    [chapters] = engine.wb.jobs.list_children(middle.id)
    first_middle = engine.wb.jobs.list_children(parent.id)[0]
    assert middle.replay_of == first_middle.id
    assert chapters.replay_of == engine.wb.jobs.list_children(first_middle.id)[0].id
    assert [s.reused_from is not None for s in engine.wb.jobs.list_steps(chapters.id)] == [True, True, False]


def test_a_retried_parent_takes_over_what_has_been_made_good_since(
    engine: Engine, project: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "test_child_moody"]})
    assert engine.finish(parent.id).state == "partial"
    moody = engine.wb.jobs.list_children(parent.id)[1]
    monkeypatch.setattr(jobs_for_tests, "MOOD", "good")
    mended = engine.finish(engine.wb.jobs.retry(moody.id).id)
    assert mended.state == "succeeded"

    again = engine.wb.jobs.retry(parent.id)
    assert engine.finish(again.id).state == "succeeded"
    assert [c.id for c in engine.wb.jobs.list_children(again.id)][1] == mended.id


def test_a_parent_that_is_made_anew_pays_for_everything_again(
    engine: Engine, project: int, provider: ScriptedProvider
) -> None:
    parent = engine.wb.submit("test_batch", project, {"kinds": ["test_chapters"]}, profile=use(engine.wb, provider))
    engine.finish(parent.id)
    assert engine.finish(engine.wb.jobs.replay(parent.id).id).state == "succeeded"
    assert len(provider.calls()) == 6


class Rival:
    """Another job that makes a child's artifact between the parent's look and its insert, once for each (kind, node).

    `then`: what happens before the parent goes on.
    """

    def __init__(self, engine: Engine, monkeypatch: pytest.MonkeyPatch, then: Callable[[], object] = bool) -> None:
        self.jobs: dict[tuple[str, int | None], int] = {}
        prepare = submit.prepare

        def with_rival(database: Database, workflows: Workflows, request: submit.Request, **more: Any) -> Any:
            key = (request.kind, request.node_id)
            if request.parent_id is not None and key not in self.jobs:
                self.jobs[key] = engine.wb.submit(*key).id
                # in another thread, as another worker would: this one's event loop is at work
                run = threading.Thread(target=engine.worker.run, args=(self.jobs[key],))
                run.start()
                run.join(120)
                then()
            return prepare(database, workflows, request, **more)

        monkeypatch.setattr(submit, "prepare", with_rival)


def planned(engine: Engine) -> int:
    project = engine.wb.create_project({**samples.load("gift-of-the-magi.en"), "episodes": 3})
    assert engine.finish(engine.wb.submit("plan_episodes", project).id).state == "succeeded"
    return project


def versions(engine: Engine, project: int) -> list[int]:
    """How many versions of its core expression each episode has."""
    episodes = [n.id for n in engine.wb.projects.tree(project).nodes if n.kind == "episode"]
    return [len(engine.wb.artifacts.list_versions(n, "core_expression")) for n in episodes]


@pytest.mark.parametrize("kind", ["run_plan", "generate_episode_core_expression_batch"])
def test_what_another_job_has_made_since_the_parent_looked_is_not_made_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    project = planned(engine)
    core = "generate_episode_core_expression"
    episodes = [n.id for n in engine.wb.projects.tree(project).nodes if n.kind == "episode"]
    rival = Rival(engine, monkeypatch)
    params = {"jobs": [[core, n] for n in episodes]} if kind == "run_plan" else {}
    parent = engine.finish(engine.wb.submit(kind, project, params).id, timeout=180)
    assert parent.state == "succeeded", parent.error
    assert set(rival.jobs) == {(core, n) for n in episodes}
    assert versions(engine, project) == [1, 1, 1]
    assert [(s["node_id"], s["reason"]) for s in parent.result["skipped"]] == [(n, "fresh") for n in episodes]
    assert engine.wb.jobs.get_detail(parent.id).children == []


def test_a_child_left_out_of_a_batch_does_not_move_the_others(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    project = planned(engine)
    episodes = [n.id for n in engine.wb.projects.tree(project).nodes if n.kind == "episode"]
    core = "generate_episode_core_expression"
    rival = Rival(engine, monkeypatch)
    rival.jobs |= {(core, episodes[0]): 0, (core, episodes[2]): 0}  # only the one in the middle has a rival
    parent = engine.finish(engine.wb.submit("generate_episode_core_expression_batch", project).id, timeout=180)
    assert parent.state == "succeeded", parent.error
    assert versions(engine, project) == [1, 1, 1]
    assert [s["node_id"] for s in parent.result["succeeded"]] == [episodes[0], episodes[2]]
    assert [s["node_id"] for s in parent.result["skipped"]] == [episodes[1]]


def test_what_has_changed_again_meanwhile_and_what_is_forced_is_made(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = planned(engine)
    genres = iter(("comedy", "tragedy", "farce"))

    def edit() -> None:
        head = engine.wb.artifact(project, "brief")
        assert head is not None
        engine.wb.artifacts.save(project, "brief", {**head.content, "genre": next(genres)}, head.version)

    Rival(engine, monkeypatch, then=edit)
    parent = engine.wb.submit("run_plan", project, {"jobs": [["plan_episodes", project]]})
    edit()
    assert engine.finish(parent.id, timeout=180).state == "succeeded"
    assert len(engine.wb.artifacts.list_versions(project, "episode_plan")) == 3
    assert engine.wb.artifacts.list_stale_reasons(project, "episode_plan") == []

    monkeypatch.undo()
    Rival(engine, monkeypatch)
    forced = engine.wb.submit("generate_episode_core_expression_batch", project, {"force": True})
    assert engine.finish(forced.id, timeout=180).state == "succeeded"
    assert versions(engine, project) == [2, 2, 2]
