"""Spending by place, profile and person, waste by day and the month to come: against hand-made rows, on both
databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from workbench import periods, samples
from workbench.api.client import Workbench
from workbench.db.reads import budgets
from workbench.db.reads import rollups as reads
from workbench.db.schema import job, model_call, node
from workbench.db.writes import rollups
from workbench.errors import InvalidInput
from workbench.settings import Settings
from workbench.story.spending import By

DAY_MS = 86_400_000
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_node(wb: Workbench, kind: str, parent: int, project: int, title: str) -> int:
    row = {"kind": kind, "project_id": project, "parent_id": parent, "title": title, "created_at": 1}
    with wb.database.write() as conn:
        return int(conn.execute(insert(node).values(row).returning(node.c.id)).scalar_one())


def add_call(wb: Workbench, name: str, at: int, micros: int | None = 100, **values: Any) -> None:
    usual = {
        "purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "outcome": "ok",
        "valid": True, "started_at": at, "currency": None if micros is None else "CNY", "workflow": "llm_chat",
        "call_id": name, "cost_micros": micros,
    }  # fmt: skip
    with wb.database.write() as conn:
        conn.execute(insert(model_call).values(usual | values))


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


NOW = ms("2026-11-20T12:00")


def spent(wb: Workbench, by: By, **filters: Any) -> dict[Any, tuple[int, dict[str, int], int]]:
    rows = wb.usage.spending_by(by, since=NOW - 30 * DAY_MS, until=NOW + DAY_MS, **filters)
    return {r.title or r.key: (r.spent.calls, r.spent.cost, r.spent.unpriced) for r in rows}


def test_what_an_episode_took_is_told_with_its_scenes_whether_or_not_it_is_rolled_up(wb: Workbench) -> None:
    project, other = (wb.create_project(samples.load("gift-of-the-magi.en")) for _ in range(2))
    episode = add_node(wb, "episode", project, project, "One")
    scenes = [add_node(wb, "scene", episode, project, f"Scene {n}") for n in range(2)]
    jobs = [wb.submit("llm_chat", params={"messages": [{"content": str(n)}]}).id for n in range(2)]
    with wb.database.write() as conn:
        conn.execute(update(job).where(job.c.id == jobs[0]).values(node_id=scenes[0], created_by="mei"))
        conn.execute(update(job).where(job.c.id == jobs[1]).values(node_id=episode, created_by="anna"))
    own = {"project_id": project}
    add_call(wb, "of scene 0", NOW, 1, job_id=jobs[0], **own)
    add_call(wb, "of the episode", NOW, 20, job_id=jobs[1], **own)
    add_call(wb, "dollars", NOW, 300, currency="USD", node_id=scenes[1], **own)
    add_call(wb, "nobody knows", NOW, None, node_id=scenes[1], **own)
    add_call(wb, "of the project", NOW, 4000, node_id=project, **own)
    add_call(wb, "elsewhere", NOW, 50_000, project_id=other)
    add_call(wb, "long ago", NOW - 60 * DAY_MS, 7, node_id=scenes[0], **own)

    for _ in range(2):
        assert spent(wb, "episode") == {
            None: (2, {"CNY": 54_000}, 0), "One": (4, {"CNY": 21, "USD": 300}, 1),
        }  # fmt: skip
        assert spent(wb, "scene", project=project) == {
            None: (2, {"CNY": 4020}, 0), "Scene 1": (2, {"USD": 300}, 1), "Scene 0": (1, {"CNY": 1}, 0),
        }  # fmt: skip
        assert spent(wb, "user") == {
            None: (4, {"CNY": 54_000, "USD": 300}, 1), "anna": (1, {"CNY": 20}, 0), "mei": (1, {"CNY": 1}, 0),
        }  # fmt: skip
        by_project = wb.usage.spending_by("project", since=NOW - DAY_MS)
        assert [(r.key, r.spent.cost) for r in by_project] == [
            (other, {"CNY": 50_000}), (project, {"CNY": 4021, "USD": 300}),
        ]  # fmt: skip
        [below] = wb.usage.totals_by(since=NOW - DAY_MS, node=episode)
        assert below.calls == 4
        [whole] = wb.usage.totals_by(since=NOW - DAY_MS, node=project)
        assert (whole.calls, len(wb.usage.list_calls(since=NOW - DAY_MS, node=project))) == (5, 5)
        with wb.database.write() as conn:
            while rollups.is_due(conn):
                rollups.fold(conn, rollups.LARGE_BATCH)
    listed = wb.usage.list_calls(since=NOW - DAY_MS, node=episode)
    assert sorted(c.call_id for c in listed) == ["dollars", "nobody knows", "of scene 0", "of the episode"]


@pytest.mark.parametrize(
    ("zone", "moments", "days"),
    [
        # the clocks go back: 25 hours
        ("Europe/Berlin", ["2026-10-24T23:59", "2026-10-25T00:00", "2026-10-25T23:59", "2026-10-26T00:00"], [1, 2, 1]),
        # and forward: 23
        ("Europe/Berlin", ["2026-03-28T23:59", "2026-03-29T00:00", "2026-03-29T23:59", "2026-03-30T00:00"], [1, 2, 1]),
        ("Asia/Kathmandu", ["2026-05-01T23:59", "2026-05-02T00:00", "2026-05-02T23:59"], [1, 2]),
        ("UTC", ["2026-05-01T23:59", "2026-05-02T00:00"], [1, 1]),
        ("Pacific/Honolulu", ["2026-05-01T00:00", "2026-05-01T23:59", "2026-05-02T00:00"], [2, 1]),
    ],
)
def test_waste_is_told_by_the_days_of_a_zone(wb: Workbench, zone: str, moments: list[str], days: list[int]) -> None:
    there = ZoneInfo(zone)
    for moment in moments:
        add_call(wb, moment, ms(moment, there), 10, valid=False)
        add_call(wb, f"{moment} used", ms(moment, there), 10)
    span = {"since": ms(moments[0], there) - DAY_MS, "until": ms(moments[-1], there) + DAY_MS}
    rows = wb.usage.waste_by_day(**span, time_zone=zone)
    assert [(r.calls, r.cost_micros, r.currency) for r in rows] == [(n, 10 * n, "CNY") for n in days]
    assert [r.day for r in rows] == sorted(
        {periods.start_of(periods.day_of(ms(m, there), there), there) for m in moments}
    )
    assert sum(r.calls for r in rows) == sum(r.calls for r in wb.usage.waste(**span))


def test_a_zone_that_nobody_knows_is_refused(wb: Workbench) -> None:
    for ask in (
        lambda: wb.usage.waste_by_day(since=0, until=1, time_zone="Atlantis/Poseidonis"),
        lambda: wb.budgets.forecast_month(time_zone="Atlantis/Poseidonis"),
    ):
        with pytest.raises(InvalidInput, match="Atlantis"):
            ask()


@pytest.mark.parametrize(
    ("since", "until", "before"),
    [
        ("2026-10-20T00:00", "2026-10-27T00:00", "2026-10-13T00:00"),
        ("2026-10-25T00:00", "2026-11-01T00:00", "2026-10-18T00:00"),
        ("2026-03-29T00:00", "2026-03-30T00:00", "2026-03-28T00:00"),
        ("2026-11-02T08:30", "2026-11-02T10:00", "2026-11-02T07:00"),
    ],
)
def test_the_stretch_before_is_as_long_by_the_clock(since: str, until: str, before: str) -> None:
    assert periods.begin_before(ms(since), ms(until), BERLIN) == ms(before)


def test_a_month_comes_to_what_is_spent_and_the_mean_of_two_weeks_for_the_rest_of_it(wb: Workbench) -> None:
    with wb.database.read() as conn:
        at = budgets.now(conn)
    today = datetime.fromtimestamp(at / 1000, UTC)
    month = round(datetime(today.year, today.month, 1, tzinfo=UTC).timestamp() * 1000)
    empty = wb.budgets.forecast_month()
    assert (empty.spent, empty.expected, empty.unpriced) == ({}, {}, 0)
    assert periods.day_of(empty.until, UTC).day == 1
    add_call(wb, "13 days ago", at - 13 * DAY_MS, 1_300_000)
    add_call(wb, "just now", at - 1, 100_000)
    add_call(wb, "another home's", at - 1, 5_000_000, imported_at=at)
    add_call(wb, "nobody knows", at - 1, None)
    made = wb.budgets.forecast_month()
    this_month = 1_400_000 if at - 13 * DAY_MS >= month else 100_000
    assert made.spent == {"CNY": this_month}
    # the mean is over no less than thirteen and no more than fourteen days
    rest = made.until - at
    assert 1_400_000 * rest / (14 * DAY_MS) - 2 <= made.expected["CNY"] - this_month <= 1_400_000 * rest / (13 * DAY_MS)
    assert made.unpriced == 1
    assert wb.budgets.forecast_month(12345).spent == {}


def test_waste_of_a_scene_counts_for_its_episode_and_filters_hold_at_once(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    episode = add_node(wb, "episode", project, project, "E")
    scene, other = (add_node(wb, "scene", episode, project, title) for title in ("S", "T"))
    common = {"valid": False, "project_id": project}
    add_call(wb, "of S", NOW, 100, node_id=scene, created_by="mei", profile_id=4, **common)
    add_call(wb, "of T", NOW, 30, node_id=other, created_by="mei", **common)
    add_call(wb, "of E", NOW, 5, node_id=episode, created_by="Bo", **common)
    add_call(wb, "of none", NOW, None, **common)
    add_call(wb, "good", NOW, 900, node_id=scene, project_id=project, created_by="mei")
    span: dict[str, Any] = {"since": NOW - 30 * DAY_MS, "until": NOW + DAY_MS}
    for folded in (False, True):
        if folded:
            wb.usage.catch_up()

        def wasted(by: By, **filters: Any) -> dict[Any, tuple[int, int]]:
            rows = wb.usage.waste_by(by, **span, **filters)
            return {r.title or r.key: (r.calls, r.cost.get("CNY", 0)) for r in rows}

        assert wasted("episode") == {"E": (3, 135), None: (1, 0)}
        assert wasted("scene", user="mei") == {"S": (1, 100), "T": (1, 30)}
        assert wasted("user", node=episode) == {"mei": (2, 130), "Bo": (1, 5)}
        assert wasted("profile", node=scene) == {4: (1, 100)}
        assert wasted("user", node=project) == {"mei": (2, 130), "Bo": (1, 5), None: (1, 0)}
        for given in ({"node": scene}, {"user": "mei", "profile": 4}, {"node": scene, "user": "mei"}):
            assert [r.cost_micros for r in wb.usage.waste(**span, **given)] == [100]
            assert [r.cost_micros for r in wb.usage.waste_by_day(**span, **given)] == [100]
            assert [c.call_id for c in wb.usage.list_wasted("invalid", **span, **given)] == ["of S"]
        assert wb.usage.waste(**span, node=scene, project=project + 1) == []


def test_what_no_sum_tells_apart_is_read_from_the_rows_or_refused_where_these_are_many(
    wb: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    scene = add_node(wb, "scene", project, project, "S")
    add_call(wb, "a", NOW, 100, node_id=scene, project_id=project, created_by="mei", profile_id=4)
    add_call(wb, "b", NOW, 7, node_id=scene, project_id=project, created_by="Bo", profile_id=4)
    wb.usage.catch_up()
    assert spent(wb, "user", node=scene, profile=4) == {"mei": (1, {"CNY": 100}, 0), "Bo": (1, {"CNY": 7}, 0)}
    assert spent(wb, "scene", project=project, user="mei") == {"S": (1, {"CNY": 100}, 0)}
    [total] = wb.usage.totals_by(since=0, node=scene, user="Bo")
    assert total.calls == 1
    assert spent(wb, "scene", user="mei") == {"S": (1, {"CNY": 100}, 0)}
    wb.jobs.cancel(wb.submit("llm_chat", params={"messages": [{"role": "user", "content": "x"}]}).id)
    assert wb.usage.job_success(since=0, model="m", user="mei")[0].done is None
    assert wb.usage.totals_by(since=5, until=4, node=scene, user="Bo")[0].calls == 0, "of no time"
    for none in ({"profile": 0}, {"project": 0}):
        assert wb.usage.totals_by(since=0, **none)[0].calls == 0
        assert wb.usage.job_success(since=0, **none)[0].done is None, "a number that nothing has is no missing filter"
    monkeypatch.setattr(reads, "MOST_READ", 0)
    with pytest.raises(InvalidInput, match="Choose a project"):
        wb.usage.spending_by("scene", since=0, user="mei")
    assert spent(wb, "scene", project=project, user="mei") == {"S": (1, {"CNY": 100}, 0)}
    with pytest.raises(InvalidInput, match="Take a filter away"):
        wb.usage.job_success(since=0, model="m", user="mei")
    assert wb.usage.job_success(since=0, model="m", user="mei", node=scene)[0].done is None, "an index finds these few"
    # a place of another project is none of this one
    [nothing] = wb.usage.totals_by(since=0, node=scene, project=project + 1)
    assert nothing.calls == 0


def test_success_and_times_follow_person_profile_and_place(wb: Workbench) -> None:
    project = wb.create_project(samples.load("gift-of-the-magi.en"))
    scene = add_node(wb, "scene", project, project, "S")
    profile = wb.profiles.add("p", "openai", base_url="http://127.0.0.1:9/v1", text_model="m").id
    row = {"queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1, "available_at": 1}
    times = {"created_at": NOW, "started_at": NOW + 1000, "finished_at": NOW + 5000}
    with wb.database.write() as conn:
        for number, (kind, state, values) in enumerate(
            [
                ("a", "succeeded", {"created_by": "mei", "profile_id": profile}),
                ("b", "failed", {"created_by": "mei", "node_id": scene, "project_id": project}),
                ("b", "succeeded", {"created_by": "Bo", "profile_id": profile}),
            ]
        ):
            conn.execute(insert(job).values(row | times | values | {"id": 900 + number, "kind": kind, "state": state}))
    for folded in (False, True):
        if folded:
            wb.usage.catch_up()
        for given, done in (
            ({}, (3, 2)), ({"user": "mei"}, (2, 1)), ({"profile": profile}, (2, 2)), ({"node": scene}, (1, 0)),
            ({"user": "mei", "profile": profile, "workflow": "a"}, (1, 1)),
        ):  # fmt: skip
            [success] = wb.usage.job_success(since=NOW - DAY_MS, **given)  # type: ignore[arg-type]
            assert (success.done, success.succeeded) == done
            [took] = wb.usage.job_times(since=NOW - DAY_MS, **given)  # type: ignore[arg-type]
            assert took.jobs == done[0]
