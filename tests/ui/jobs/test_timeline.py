"""The timeline's bars."""

from tests.records import record
from workbench.db.rows.jobs import Attempt, Job, ModelCall, Step
from workbench.ui import charts
from workbench.ui.jobs import timeline


def a_job(**more):
    return record(Job, **{"id": 1, "created_at": 1_000_000, "state": "running", **more})


def test_attempts_steps_and_back_off_become_bars_and_reused_steps_are_marked():
    attempts = [
        record(Attempt, claim=1, started_at=1_002_000, ended_at=1_031_000, outcome="error", error_kind="rate_limit"),
        record(Attempt, claim=2, started_at=1_035_000, ended_at=1_073_000, outcome="ok", error_kind=None),
    ]
    calls = [
        record(ModelCall, claim=1, step="plan", started_at=1_002_100, ended_at=1_006_000, outcome="ok"),
        record(
            ModelCall, claim=1, step="shots", started_at=1_024_000, ended_at=1_031_000, outcome="error", http_status=429
        ),
        record(ModelCall, claim=2, step="shots", started_at=1_036_000, ended_at=1_062_000, outcome="ok"),
    ]
    steps = [record(Step, name="plan", state="done", updated_at=1_006_000)]
    bars = timeline.bars(a_job(), attempts, calls, steps, now=1_080_000)
    assert [(b.label, b.look, b.depth) for b in bars] == [
        ("Queued", "queued", 0),
        ("Attempt 1", "failed", 0),
        ("plan", "succeeded", 1),
        ("shots", "failed", 1),
        ("Waiting between attempts", "queued", 0),
        ("Attempt 2", "succeeded", 0),
        ("plan", "reused", 1),
        ("shots", "succeeded", 1),
    ]
    assert bars[3].note == "429"
    assert (bars[4].start, bars[4].end) == (31_000, 35_000)


def test_a_job_that_nobody_took_yet_is_one_waiting_bar():
    assert [b.look for b in timeline.bars(a_job(state="queued"), [], [], [], now=1_004_000)] == ["queued"]


def test_a_note_stands_where_there_is_room_for_it_on_a_telephone_too():
    rows = [
        timeline.Bar("short", 0, 2_000, "failed", 1, "429"),
        timeline.Bar("late", 8_000, 10_000, "failed", 1, "Rate limited"),
    ]
    chart = timeline.draw(rows, charts.Palette())
    notes = {note.text.strip(): (note.x, note.xanchor) for note in chart.layout.annotations}
    assert notes == {"429": (2_000, "left"), "Rate limited": (8_000, "right")}
    narrow = timeline.draw([timeline.Bar("all", 0, 10_000, "failed", 0, "Rate limited")], charts.Palette())
    assert narrow.layout.xaxis.range[1] >= 15_000, "behind a bar as long as all there is, a third of the width"
