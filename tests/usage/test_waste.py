"""What was paid and not used: by hand-made rows beside what each is; on both databases, and on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, update

from workbench import samples
from workbench.api.client import Workbench
from workbench.db.schema import artifact, job, model_call, step
from workbench.settings import Settings

NOW = 1_800_000_000_000
SPAN: dict[str, Any] = {"since": NOW, "until": NOW + 86_400_000}


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_job(wb: Workbench, state: str, **values: Any) -> int:
    number = len(wb.jobs.list())
    job_id = wb.submit("llm_chat", params={"messages": [{"content": f"{number}"}]}).id
    with wb.database.write() as conn:
        times = {"created_at": NOW, "finished_at": NOW + 100}
        conn.execute(update(job).where(job.c.id == job_id).values(state=state, **times, **values))
    return job_id


def add_call(wb: Workbench, name: str, job_id: int | None, micros: int | None = 100, **values: Any) -> None:
    usual = {
        "purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "outcome": "ok",
        "valid": True, "started_at": NOW + 1, "currency": None if micros is None else "CNY", "workflow": "llm_chat",
    }  # fmt: skip
    with wb.database.write() as conn:
        conn.execute(
            insert(model_call).values(usual | {"call_id": name, "job_id": job_id, "cost_micros": micros} | values)
        )


def add_step(wb: Workbench, job_id: int, name: str, reused_from: int | None = None) -> None:
    with wb.database.write() as conn:
        conn.execute(
            insert(step).values(
                job_id=job_id, name=name, position=1, state="done", input_hash="h", reused_from=reused_from,
                created_at=NOW, updated_at=NOW,
            )
        )  # fmt: skip


def causes(wb: Workbench, **filters: Any) -> dict[str, list[str]]:
    """Cause → the calls behind it, checked against the sums."""
    sums = wb.usage.waste(**SPAN, **filters)
    listed = {s.cause: wb.usage.list_wasted(s.cause, **SPAN, **filters) for s in sums}  # type: ignore[arg-type]
    for cause, calls in listed.items():
        own = [s for s in sums if s.cause == cause]
        assert sum(s.calls for s in own) == len(calls)
        assert sum(s.cost_micros for s in own) == sum(c.cost_micros or 0 for c in calls)
        assert sum(s.unpriced for s in own) == sum(c.unpriced for c in calls)
    return {cause: sorted(c.call_id for c in calls) for cause, calls in listed.items()}


def test_each_wasted_call_counts_once_under_what_it_is(wb: Workbench) -> None:
    good, failed, cancelled = (add_job(wb, s) for s in ("succeeded", "failed", "cancelled"))
    add_call(wb, "used", good)
    add_call(wb, "chat nobody judged", good, valid=None)
    add_call(wb, "repaired", good, valid=False)
    add_call(wb, "lost", good, None, outcome="lost", valid=None)
    add_call(wb, "late", failed, outcome="late")
    add_call(wb, "cut off", good, outcome="error", error_kind="stream", valid=None)
    add_call(wb, "stopped", cancelled, outcome="error", error_kind="cancelled", valid=None)
    add_call(wb, "good before the stop", cancelled)
    add_call(wb, "good before the failure", failed)
    add_call(wb, "wrong before the failure", failed, valid=False)
    # nothing was paid for these
    add_call(wb, "refused", failed, None, outcome="error", http_status=401, valid=None)
    add_call(wb, "never sent", failed, 0, outcome="error", valid=None)
    add_call(wb, "sketch", failed, 0, provider="sketch", currency="USD")
    # another time
    add_call(wb, "before", failed, started_at=NOW - 1)
    add_call(wb, "after", failed, started_at=NOW + 86_400_000)
    assert causes(wb) == {
        "lost": ["late", "lost"],
        "invalid": ["repaired", "wrong before the failure"],
        "error": ["cut off"],
        "cancelled": ["good before the stop", "stopped"],
        "job_failed": ["good before the failure"],
    }
    assert causes(wb, model="other") == causes(wb, workflow="other") == causes(wb, project=5) == {}


@pytest.mark.parametrize(
    ("ends", "wasted"),
    [
        (["failed"], True),
        (["failed", "succeeded"], False),
        (["failed", "running"], False),
        (["failed", "failed"], True),
        (["failed", "failed", "partial"], False),
        (["failed", "cancelled", "failed", "succeeded"], False),
    ],
)
def test_what_a_later_job_has_taken_over_is_not_wasted_through_any_number_of_hops(
    wb: Workbench, ends: list[str], wasted: bool
) -> None:
    before: int | None = None
    for state in ends:
        made = add_job(wb, state, replay_of=before)
        add_step(wb, made, "plan", before)
        if before is None:
            add_call(wb, "plan", made, step="plan")
            add_call(wb, "another step", made, step="other")
        before = made
    assert causes(wb) == {"job_failed": ["another step", "plan"] if wasted else ["another step"]}


def add_version(wb: Workbench, node: int, version: int, at: int, job_id: int | None, *used: int, **values: Any) -> int:
    row = {
        "node_id": node, "kind": "episode_plan", "version": version, "content": {}, "content_hash": str(version),
        "source": "ai", "job_id": job_id, "inputs": [{"artifact_id": u} for u in used], "created_at": at,
    }  # fmt: skip
    with wb.database.write() as conn:
        made = conn.execute(insert(artifact).values(row | values).returning(artifact.c.id)).scalar_one()
    return int(made)


@pytest.mark.parametrize(
    ("later_ms", "source", "used", "wasted"),
    [
        (1000, "ai", False, True),
        (1000, "ai", True, False),
        (3_600_000, "ai", False, False),
        (1000, "manual", False, False),
        (1000, "restore", False, False),
    ],
)
def test_what_was_replaced_before_anything_was_made_from_it_is_wasted(
    wb: Workbench, later_ms: int, source: str, used: bool, wasted: bool
) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    first, second = add_job(wb, "succeeded"), add_job(wb, "succeeded")
    add_call(wb, "first", first)
    add_call(wb, "second", second)
    made = add_version(wb, project, 1, NOW, first)
    add_version(wb, project, 2, NOW + later_ms, second if source == "ai" else None, source=source)
    if used:
        add_version(wb, project, 1, NOW + 10, None, made, kind="core_expression")
    assert causes(wb) == ({"superseded": ["first"]} if wasted else {})
