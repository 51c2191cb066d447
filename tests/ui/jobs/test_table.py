"""Jobs sorted by what a column means, and what a click on a heading asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.db.rows.jobs import Job
from workbench.db.rows.story import Place
from workbench.ui.jobs import table

NOW = 1_000_000


def make(job_id: int, **fields: Any) -> Job:
    """A job that has begun and ended, with these fields."""
    usual = dict.fromkeys(Job.__match_args__) | {"kind": "llm_chat", "state": "succeeded", "progress": 0}
    return Job(**{**usual, "created_at": 0, "started_at": 1, "finished_at": 1, "id": job_id, **fields})


def order(jobs: list[Any], column: str, *, descending: bool = False, places: Any = None) -> list[int]:
    return [job.id for job in table.sort_jobs(jobs, places or {}, NOW, (column, descending))]


def test_durations_are_numbers_and_what_has_not_begun_comes_last_both_ways():
    jobs = [make(1), make(2), make(3)]
    jobs = [
        replace(jobs[0], finished_at=90_000),
        replace(jobs[1], finished_at=9_000),
        replace(jobs[2], started_at=None),
    ]
    assert order(jobs, "run") == [2, 1, 3]
    assert order(jobs, "run", descending=True) == [1, 2, 3]


def test_states_come_by_urgency_and_equals_newest_first():
    jobs = [make(1, state="succeeded"), make(2, state="failed"), make(3, state="running"), make(4, state="failed")]
    assert order(jobs, "state") == [3, 4, 2, 1]


def test_places_come_by_project_episode_and_scene():
    places = {
        10: Place(10, "scene", 2, "s", 10), 11: Place(11, "scene", 10, "s", 9), 12: Place(12, "episode", 9, "e", None),
        13: Place(13, "project", 0, "p", None),
    }  # fmt: skip
    jobs = [make(n, node_id=n, project_id=7) for n in (10, 11, 12, 13)] + [make(14, node_id=None)]
    assert order(jobs, "story", places=places) == [13, 12, 11, 10, 14]


def test_the_first_click_on_a_number_shows_the_largest_and_the_next_one_turns_it_round():
    newest = ("id", True)
    assert table.next_sort(newest, "cost") == ("cost", True)
    assert table.next_sort(("cost", True), "cost") == ("cost", False)
    assert table.next_sort(("cost", False), "job") == ("job", False)
    assert table.next_sort(newest, "id") == ("id", False)
