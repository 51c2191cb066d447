"""What plan runs cost, with all that they started: against hand-made rows, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, update

from workbench import samples
from workbench.api.client import Workbench
from workbench.db.schema import job, job_child, model_call
from workbench.db.writes import rollups
from workbench.settings import Settings

NOW, DAY_MS = 1_790_000_000_000, 86_400_000
KINDS = ("run_plan", "run_workflow_supervisor")


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_job(wb: Workbench, kind: str, parent: int | None = None, **values: Any) -> int:
    """One that has ended, so that it may be summed up."""
    asked = {"messages": [{"content": f"{kind} {parent} {values}"}]}
    number = wb.submit("llm_chat", params=asked).id
    usual = {"kind": kind, "state": "succeeded", "created_at": NOW, "finished_at": NOW + 5, "parent_id": parent}
    with wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == number).values(usual | values))
        if parent is not None:
            conn.execute(insert(job_child).values(parent_id=parent, child_id=number, item=f"{number}", position=number))
    return number


def add_call(wb: Workbench, job_id: int, micros: int | None, currency: str = "CNY") -> None:
    row = {
        "purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "outcome": "ok",
        "valid": True, "started_at": NOW + DAY_MS, "workflow": "llm_chat", "call_id": f"{job_id} {micros} {currency}",
        "cost_micros": micros, "currency": None if micros is None else currency, "job_id": job_id,
    }  # fmt: skip
    with wb.database.write() as conn:
        conn.execute(insert(model_call).values(row))


def test_runs_are_listed_by_what_they_cost_with_all_below_them(wb: Workbench) -> None:
    project, other = (wb.create_project(samples.load("gift-of-the-magi.en")) for _ in range(2))
    supervisor = add_job(wb, "run_workflow_supervisor", project_id=project, node_id=project)
    plan = add_job(wb, "run_plan", supervisor, project_id=project, node_id=project, created_at=NOW + 1)
    scene = add_job(wb, "generate_keyframe_images", plan, project_id=project)
    elsewhere = add_job(wb, "run_plan", project_id=other, node_id=other)
    earlier = add_job(wb, "run_plan", project_id=project, created_at=NOW - DAY_MS)
    add_job(wb, "run_plan", project_id=project)  # called nobody
    unpriced = add_job(wb, "run_plan", project_id=other)
    add_call(wb, supervisor, 100)
    # after the stretch that is asked about: a run counts whole
    add_call(wb, scene, 3_000)
    add_call(wb, scene, 2_000, "USD")
    # at 7 yuan a dollar and more this is dearer than the plan's 3,000 + 2,000
    add_call(wb, elsewhere, 4_000, "USD")
    add_call(wb, earlier, 9_000_000)
    add_call(wb, unpriced, None)

    for _ in range(2):
        rows = wb.usage.list_runs(KINDS, since=NOW, until=NOW + 10)
        assert [(r.job_id, r.kind, r.parent_id, r.spent.calls, r.spent.cost, r.spent.unpriced) for r in rows] == [
            (elsewhere, "run_plan", None, 1, {"USD": 4_000}, 0),
            (supervisor, "run_workflow_supervisor", None, 3, {"CNY": 3_100, "USD": 2_000}, 0),
            (plan, "run_plan", supervisor, 2, {"CNY": 3_000, "USD": 2_000}, 0),
            (unpriced, "run_plan", None, 1, {}, 1),
        ]
        assert [r.job_id for r in wb.usage.list_runs(KINDS, since=NOW, until=NOW + 1, project=project)] == [supervisor]
        assert [r.job_id for r in wb.usage.list_runs(KINDS, since=0, limit=1)] == [earlier]
        assert [r.job_id for r in wb.usage.list_runs(["run_plan"], since=NOW, project=project)] == [plan]
        assert wb.usage.list_runs([], since=0) == []
        # and the same once they are in narrow rows
        with wb.database.write() as conn:
            while rollups.is_due(conn):
                rollups.fold(conn, rollups.LARGE_BATCH)
