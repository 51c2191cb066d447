"""The benchmark of the dashboards' questions runs on a tiny history; its figures mean nothing here."""

from __future__ import annotations

from pathlib import Path

from benchmarks import dashboards


def test_every_question_of_the_pages_is_timed_on_a_short_and_a_long_history(tmp_path: Path) -> None:
    lines = dashboards.compare("sqlite", long=120, short=40, rounds=1, folder=tmp_path)
    asked = {line.what for line in lines}
    assert {dashboards.TICK, "projects with their costs", "latency by day in 30 days of a model"} <= asked
    assert len(asked) > 200
    assert all(line.value >= 0 for line in lines)
    assert next(line.at_most for line in lines if line.what == dashboards.TICK) == 5
    assert list(tmp_path.iterdir()) == [], "a database of a million jobs is not left behind"
