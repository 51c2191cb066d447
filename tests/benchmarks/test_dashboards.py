"""The benchmark of the dashboards' questions runs on a tiny history; its figures mean nothing here."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

from benchmarks import dashboards, long_history
from benchmarks.scale import QUICK


def test_every_question_of_the_pages_is_timed_on_a_short_and_a_long_history(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ):
        lines = dashboards.compare("sqlite", long=120, short=40, rounds=1, folder=tmp_path, pages=QUICK)
    asked = {line.what for line in lines}
    assert {dashboards.TICK, "projects with their costs", "latency by day in 30 days of a model"} <= asked
    assert len(asked) > 200
    assert all(line.value >= 0 for line in lines)
    assert next(line.at_most for line in lines if line.what == dashboards.TICK) == 5
    in_pages = {line.what for line in lines if line.met is not None and line.unit in ("s", "")}
    assert in_pages == {
        *(f"{page}: first content" for page in long_history.PAGES),
        *(f"{what}: a filter changed" for what in long_history.FILTERS),
        "the page drawn anew, p95",
        "cores of the web process",
    }
    assert list(tmp_path.iterdir()) == [], "a database of a million jobs is not left behind"
