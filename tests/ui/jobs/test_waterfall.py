"""The tree of a parent's parts: what is said of them, and where their bars stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.records import record
from workbench.db.rows.jobs import FamilyJob, Job
from workbench.ui.jobs import waterfall

NOW = 100_000


def part(number: int, depth: int = 1, parent: int = 1, **values: Any) -> FamilyJob:
    usual: dict[str, Any] = {
        "position": number, "kind": "llm_chat", "state": "succeeded", "node_id": None, "progress": 100,
        "created_at": 0, "started_at": 10_000, "finished_at": 50_000,
    }  # fmt: skip
    return FamilyJob(id=number, parent_id=parent, depth=depth, **{**usual, **values})


@pytest.fixture(autouse=True)
def titles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.ui.labels.workflow_title", lambda name: name)
    monkeypatch.setattr("workbench.ui.job_links.href", lambda job_id: f"/job?id={job_id}")


def test_bars_are_shares_of_the_whole_time() -> None:
    rows = waterfall.rows(
        [
            part(2),
            part(3, 2, 2, state="running", started_at=60_000, finished_at=None),
            part(4, state="queued", created_at=50_000, started_at=None, finished_at=None),
        ],
        {}, 0, NOW,
    )  # fmt: skip
    assert [(row["id"], row["depth"], row["parts"], row["closed"]) for row in rows] == [
        (2, 1, True, True), (3, 2, False, False), (4, 1, False, False),
    ]  # fmt: skip
    assert [row["span"] for row in rows] == [[0.0, 10.0, 50.0], [0.0, 60.0, 100.0], [50.0, 100.0, None]]
    assert [row["took"] for row in rows] == ["40.0 s", "40.0 s", "—"]


def test_the_rest_takes_as_long_as_what_is_done_has_taken() -> None:
    parent = record(Job, state="waiting", started_at=0, parts=12)
    counts = {"succeeded": 3, "failed": 1, "running": 2}
    assert waterfall.time_left_ms(parent, counts, 40_000) == 80_000
    assert (
        waterfall.summary(parent, counts, 40_000)
        == "4 of 12 · Running 2 · Failed 1 · Succeeded 3 · about 1 min 20 s left"
    )
    for known, job in (
        ({"running": 2}, parent),
        ({"succeeded": 12}, parent),
        (counts, replace(parent, state="partial")),
    ):
        assert waterfall.time_left_ms(job, known, 40_000) is None
    assert (
        waterfall.summary(replace(parent, parts=None, state="succeeded"), {"succeeded": 2}, NOW)
        == "2 of 2 · Succeeded 2"
    )
