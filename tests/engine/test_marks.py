"""What failed, came in part or never began is told as that, on both databases."""

from __future__ import annotations

from tests.engine import jobs_for_tests as jobs_for_tests
from tests.engine.conftest import Engine
from workbench.db.writes import story
from workbench.jobs.children import count_failed
from workbench.story.studio import Mark


def scene_of(engine: Engine, project: int) -> tuple[int, int]:
    with engine.wb.database.write() as conn:
        above = {"project_id": project, "user": "local"}
        episode = story.add_node(conn, "episode", "One", parent_id=project, position=1, **above)
        return episode, story.add_node(conn, "scene", "Pier", parent_id=episode, position=1, **above)


def test_a_failure_marks_its_node_until_it_is_made_good(engine: Engine, project: int) -> None:
    wb = engine.wb
    episode, scene = scene_of(engine, project)
    assert wb.workflows.list_marks(project) == []
    failed = wb.submit("test_fail", scene, {"kind": "bad_request"})
    assert wb.workflows.list_marks(project) == [Mark(scene, episode, "test_fail", "queued")]
    assert engine.finish(failed.id).state == "failed"
    assert wb.workflows.list_marks(project) == [Mark(scene, episode, "test_fail", "failed")]
    # the newest run counts, whether it is a retry or not
    again = wb.submit("test_fail", scene, {"kind": "bad_request"})
    assert [m.state for m in wb.workflows.list_marks(project)] == ["queued"]
    assert engine.finish(again.id).state == "failed"
    # made by hand is made good, too
    duration = {
        "seconds": 1.0,
        "parts": {"dialogue": 1.0, "action": 0, "transition": 0, "pause": 0},
        "confidence": "low",
    }
    wb.artifacts.save(scene, "duration", duration, None)
    assert wb.workflows.list_marks(project) == []


def test_a_failed_workflow_marks_its_own_cell_and_not_that_of_another(engine: Engine, project: int) -> None:
    wb = engine.wb
    job = wb.submit("test_fail", project, {"kind": "bad_request"})
    other = wb.submit("test_tell", project)
    assert engine.finish(job.id).state == "failed"
    assert engine.finish(other.id).state == "succeeded"
    assert [(m.workflow, m.state) for m in wb.workflows.list_marks(project)] == [("test_fail", "failed")]


def test_what_never_began_is_not_counted_as_failed() -> None:
    failed = [{"state": "failed"}] * 4 + [{"state": "not_started"}] * 74
    assert str(count_failed(failed, 86)) == "4 of 86 parts failed, 74 never began"
    assert (
        str(count_failed([{"state": "failed"}, {"state": "cancelled"}], 3)) == "1 of 3 parts failed, 1 were cancelled"
    )
    assert str(count_failed([{"item": "KF3"}], 9)) == "1 of 9 parts failed"
