"""The board sorted: over all jobs, by what a column means, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, update

from workbench import samples
from workbench.api.client import Workbench
from workbench.db.reads import ended
from workbench.db.schema import job, job_child, model_call
from workbench.db.writes import rollups
from workbench.errors import InvalidInput
from workbench.jobs.submit import Request
from workbench.settings import Settings

MESSAGES = {"messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def make_jobs(wb: Workbench, *rows: dict[str, Any]) -> list[int]:
    """Jobs with these columns, ended unless they say otherwise."""
    ids = [
        j.id for j in wb.jobs.submit_many([Request("llm_chat", params=MESSAGES, submit_key=uuid4().hex) for _ in rows])
    ]
    with wb.database.write() as conn:
        for job_id, row in zip(ids, rows, strict=True):
            usual = {"state": "succeeded", "created_at": 0, "started_at": 0, "finished_at": 0}
            conn.execute(update(job).where(job.c.id == job_id).values(**{**usual, **row}))
    return ids


def sorted_by(wb: Workbench, sort: Any, **more: Any) -> list[int]:
    return [j.id for j in wb.jobs.list_sorted(sort, **more)]


def test_times_are_sorted_as_numbers_and_what_has_not_begun_comes_last(wb: Workbench):
    slow, quick, never = make_jobs(wb, {"finished_at": 90_000}, {"finished_at": 9_000}, {"started_at": None})
    assert sorted_by(wb, "run") == [quick, slow, never]
    assert sorted_by(wb, "run", descending=True) == [slow, quick, never]
    waited, at_once = make_jobs(wb, {"started_at": 100_000, "finished_at": 100_000}, {})
    assert sorted_by(wb, "wait", descending=True)[0] == waited
    assert sorted_by(wb, "wait").index(at_once) < sorted_by(wb, "wait").index(waited)


def test_states_are_sorted_by_urgency_and_workflows_by_their_titles(wb: Workbench):
    done, failed, waits, runs = make_jobs(
        wb, {}, {"state": "failed", "kind": "b"}, {"state": "waiting", "kind": "c"}, {"state": "running", "kind": "a"}
    )
    assert sorted_by(wb, "state") == [runs, waits, failed, done]
    assert sorted_by(wb, "state", descending=True) == [done, failed, waits, runs]
    assert sorted_by(wb, "job", kinds=["c", "llm_chat", "a"]) == [waits, done, runs, failed]


def test_costs_are_sorted_with_the_childrens_and_in_one_currency(wb: Workbench):
    dear, parent, child, unknown = make_jobs(wb, {}, {}, {}, {})
    wb.budgets.set_exchange_rate("7")
    with wb.database.write() as conn:
        conn.execute(insert(job_child).values(parent_id=parent, position=0, child_id=child, item="a"))
        for job_id, micros, currency in ((dear, 5_000_000, "CNY"), (child, 1_000_000, "USD"), (unknown, None, None)):
            call = {"job_id": job_id, "provider": "openai", "model": "m", "outcome": "ok", "started_at": 0}
            call |= {"call_id": uuid4().hex, "purpose": "job", "capability": "text"}
            conn.execute(insert(model_call).values(**call, cost_micros=micros, currency=currency))
    # one dollar is seven yuan: more than five
    assert sorted_by(wb, "cost", descending=True) == [child, parent, dear, unknown]
    assert sorted_by(wb, "cost") == [dear, child, parent, unknown]


def test_stories_are_sorted_by_project_episode_and_scene(wb: Workbench):
    late, early = wb.create_project({"title": "b"}), wb.create_project({"title": "A"})
    with wb.database.write() as conn:
        from workbench.db.schema import node

        def put(project: int, parent: int, kind: str, position: int) -> int:
            row = {"kind": kind, "project_id": project, "parent_id": parent, "position": position, "title": "t"}
            made = insert(node).values(**row, created_at=0).returning(node.c.id)
            return int(conn.execute(made).scalar_one())

        second, tenth = put(late, late, "episode", 2), put(late, late, "episode", 10)
        scene = put(late, second, "scene", 3)
    places = [tenth, scene, second, late, early, None]
    projects = [late, late, late, late, early, None]
    ids = make_jobs(wb, *({"node_id": n, "project_id": p} for n, p in zip(places, projects, strict=True)))
    of_tenth, of_scene, of_second, of_late, of_early, nowhere = ids
    assert sorted_by(wb, "story") == [of_early, of_late, of_second, of_scene, of_tenth, nowhere]


def test_pages_of_a_sorted_list_hold_every_job_once_and_filters_hold(wb: Workbench):
    ids = make_jobs(
        wb, *({"finished_at": n % 7 * 1000, "state": "failed" if n % 2 else "succeeded"} for n in range(60))
    )
    seen = [i for offset in range(0, 70, 10) for i in sorted_by(wb, "run", offset=offset, limit=10)]
    assert sorted(seen) == sorted(ids)
    assert len(sorted_by(wb, "cost", state="failed", limit=100)) == 30
    assert wb.create_project(samples.load("gift-of-the-magi.en"))


def turn(wb: Workbench, sort: Any, between: Any = None, **how: Any) -> list[int]:
    """All pages one after the other; `between` happens after each of them."""
    seen: list[int] = []
    after: str | None = None
    while True:
        page = wb.jobs.page_sorted(sort, after=after, **how)
        seen += [job.id for job in page.jobs]
        after = page.next
        if after is None:
            return seen
        if between is not None:
            between()


SORTS: tuple[Any, ...] = ("id", "state", "job", "story", "progress", "wait", "run", "cost")


@pytest.fixture
def mixed(wb: Workbench) -> list[int]:
    """Jobs with equal values, with none, at work and ended, in two projects and in none, in both currencies."""
    wb.budgets.set_exchange_rate("7.13")
    projects = [wb.create_project(samples.load("gift-of-the-magi.en")) for _ in range(2)]
    states = ("succeeded", "failed", "running", "queued", "cancelled")
    rows = []
    for n in range(60):
        at_work = states[n % 5] in ("running", "queued")
        place = None if n % 4 == 3 else projects[n % 2]
        rows.append({
            "state": states[n % 5], "kind": f"kind_{n % 3}", "progress": n % 3 * 50, "project_id": place,
            "node_id": place, "finished_at": None if at_work else n % 7 * 1000 + 5_000,
            "started_at": None if n % 5 > 2 else n % 6 * 500,
        })  # fmt: skip
    ids = make_jobs(wb, *rows)
    with wb.database.write() as conn:
        for n, job_id in enumerate(ids):
            call = {"job_id": job_id, "provider": "openai", "model": "m", "outcome": "ok", "started_at": 0}
            call |= {"purpose": "job", "capability": "text"}
            for currency, micros in (("CNY", n % 5 * 713), ("USD", n % 4 * 100)):
                if n % 6 > (1 if currency == "CNY" else 3):
                    paid = {"call_id": uuid4().hex, "cost_micros": micros, "currency": currency}
                    conn.execute(insert(model_call).values(**call, **paid))
    return ids


def fold(wb: Workbench) -> None:
    """As workers do by and by."""
    with wb.database.write() as conn:
        while rollups.fold(conn, 1_000):
            pass


@pytest.mark.parametrize("few", [True, False])
def test_pages_go_on_behind_the_last_job_whatever_comes_and_ends_meanwhile(
    wb: Workbench, mixed: list[int], few: bool, monkeypatch: pytest.MonkeyPatch
):
    fold(wb)
    if not few:
        monkeypatch.setattr(ended, "FEW", 5)
    # what is at work becomes older from page to page of an offset
    first, *_ = [i for i in mixed if wb.jobs.get(i).state == "queued"]

    def between() -> None:
        make_jobs(wb, {"finished_at": 5_500, "progress": 50}, {"state": "failed"}, {"state": "queued"})
        with wb.database.write() as conn:
            conn.execute(update(job).where(job.c.id == first).values(state="running"))

    for sort in SORTS:
        for descending in (False, True):
            how = {"descending": descending, "kinds": ["kind_1"]}
            whole = [i for i in sorted_by(wb, sort, limit=500, **how) if i in mixed]
            assert sorted(whole) == mixed
            assert [i for i in turn(wb, sort, limit=7, **how) if i in mixed] == whole, (sort, descending)
        with wb.database.write() as conn:
            conn.execute(update(job).where(job.c.id == first).values(state="queued"))
        seen = turn(wb, sort, between, limit=13)
        left = [i for i in seen if i in mixed and i != first]
        assert left == [i for i in sorted_by(wb, sort, limit=5_000) if i in left], f"{sort}: none moved"
        assert sorted(left) == [i for i in mixed if i != first], f"{sort}: none is missing, none comes twice"


def test_pages_of_costs_hold_while_a_history_is_still_to_be_rolled_up(
    wb: Workbench, mixed: list[int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ended, "is_behind", lambda conn: True)
    for descending in (False, True):
        whole = sorted_by(wb, "cost", limit=500, descending=descending)
        assert sorted(whole) == mixed
        assert turn(wb, "cost", limit=7, descending=descending) == whole


def test_a_place_of_another_list_is_refused(wb: Workbench):
    make_jobs(wb, {}, {})
    place = wb.jobs.page_sorted("run", limit=1).next
    assert place is not None
    assert len(wb.jobs.page_sorted("run", after=place).jobs) == 1
    for wrong in ("", "99", "²", place[:-2], place + "A", "e30", "x" * 5_000):
        with pytest.raises(InvalidInput):
            wb.jobs.page_sorted("run", after=wrong)
    with pytest.raises(InvalidInput):
        wb.jobs.page_sorted("state", after=place)


def test_another_sort_is_refused(wb: Workbench):
    with pytest.raises(InvalidInput):
        sorted_by(wb, "title; DROP TABLE job")
