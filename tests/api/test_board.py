"""What the board filters by, sums up and pauses, on both databases."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from sqlalchemy import insert, update

from tests.api.test_job_sorting import make_jobs
from tests.engine.conftest import Engine, engine
from workbench.api.client import Workbench
from workbench.db.reads import budgets
from workbench.db.rows.usage import HourCost
from workbench.db.schema import gate, job_child, job_event, model_call, node
from workbench.db.writes import prune, rollups
from workbench.errors import InvalidInput, NotFound
from workbench.i18n import translate
from workbench.settings import Settings

__all__ = ["engine"]
HOUR = 3_600_000


@pytest.fixture
def wb(settings: Settings) -> Iterator[Workbench]:
    with Workbench.open(settings, send=lambda ids: None) as client:
        yield client


def add_calls(wb: Workbench, *rows: tuple[int, int, str, int | None]) -> None:
    """(job, started at, currency, micros) each."""
    call = {"purpose": "generate", "provider": "openai", "model": "m", "capability": "text", "outcome": "ok"}
    with wb.database.write() as conn:
        for n, (job_id, at, currency, micros) in enumerate(rows):
            money = {"currency": currency if micros is not None else None, "cost_micros": micros}
            conn.execute(
                insert(model_call).values(call_id=f"{job_id}-{n}-{at}", job_id=job_id, started_at=at, **call, **money)
            )


def test_each_filter_counts_just_what_it_lists(wb: Workbench) -> None:
    cheap, dear, dollars, parent = make_jobs(
        wb,
        {"created_at": 10, "started_at": 10, "finished_at": 1_010, "currency": "CNY", "cost_micros": 500_000},
        {"created_at": 20, "started_at": 20, "finished_at": 90_020, "currency": "CNY", "cost_micros": 2_000_000},
        {"created_at": 30, "started_at": None, "state": "failed", "error_kind": "timeout", "currency": "USD",
         "cost_micros": 300_000},
        {"created_at": 40, "state": "partial"},
    )  # fmt: skip
    add_calls(wb, (cheap, 20, "CNY", 500_000), (dear, 30, "CNY", 2_000_000), (dollars, 40, "USD", 300_000))
    with wb.database.write() as conn:
        for position, child in enumerate((cheap, dollars)):
            conn.execute(insert(job_child).values(parent_id=parent, position=position, child_id=child, item=str(child)))
    table: list[tuple[dict[str, Any], set[int]]] = [
        ({"until": 20}, {cheap}),
        ({"since": 20, "until": 40}, {dear, dollars}),
        ({"profile": 0}, {cheap, dear, dollars, parent}),
        ({"profile": 7}, set()),
        ({"error_kind": "timeout"}, {dollars}),
        ({"run_over": 1_000}, {dear}),
        ({"run_over": 999}, {cheap, dear}),
        ({"cost_over": {"CNY": 1_000_000, "USD": 138_888}}, {dear, dollars, parent}),
        # a parent costs what its children cost
        ({"cost_over": {"CNY": 400_000}}, {cheap, dear, parent}),
        ({"cost_over": {"CNY": 400_000}, "state": ["partial"]}, {parent}),
        ({"cost_over": {"CNY": 9_000_000, "USD": 9_000_000}}, set()),
    ]
    for filters, expected in table:
        assert {job.id for job in wb.jobs.list(**filters)} == expected, filters
        assert set(wb.jobs.list_ids(**filters)) == expected, filters
        assert sum(wb.jobs.count_states(**filters).values()) == len(expected), filters


def test_cards_sum_up_what_matches_and_nothing_else(wb: Workbench) -> None:
    now = 100 * HOUR
    mine, failed, other = make_jobs(
        wb,
        {"kind": "a", "created_at": now - 2_000, "started_at": now - 1_500, "finished_at": now - 1_000},
        {"kind": "a", "created_at": now - 25 * HOUR, "started_at": now - 25 * HOUR, "finished_at": now - 25 * HOUR,
         "state": "failed"},
        {"kind": "b", "created_at": now - 90_000, "started_at": now - 30_000, "finished_at": now - 10_000},
    )  # fmt: skip
    add_calls(
        wb, (mine, now - 1_200, "CNY", 70), (mine, now - 1_100, "USD", 5), (failed, now - 25 * HOUR, "CNY", 30),
        (other, now - 20_000, "CNY", 900), (other, now - 20_000, "CNY", None), (mine, now - 49 * HOUR, "CNY", 1),
    )  # fmt: skip
    seen = wb.jobs.sum_up(now, kind="a")
    last, before = 99 * HOUR, 75 * HOUR
    assert [(row.hour, row.done, row.succeeded) for row in seen.ended] == [(last, 1, 1)]
    assert [(row.hour, row.done, row.succeeded) for row in seen.ended_before] == [(before, 1, 0)]
    assert told(seen.costs) == [(last, "CNY", 70, 0), (last, "USD", 5, 0)]
    assert told(seen.costs_before) == [(before, "CNY", 30, 0)]
    assert seen.waits == [None, 500]
    assert seen.recent_waits == [None] * 11 + [500]
    everything = wb.jobs.sum_up(now)
    assert everything.waits == [None, 60_000]
    assert [(row.hour, row.done) for row in [*everything.ended_before, *everything.ended]] == [(before, 1), (last, 2)]
    assert told(everything.costs) == [(last, None, None, 1), (last, "CNY", 970, 0), (last, "USD", 5, 0)]
    assert told(everything.costs_before) == [(before, "CNY", 30, 0)]


def told(costs: list[HourCost]) -> list[tuple[int, str | None, int | None, int]]:
    return sorted(
        ((c.hour, c.currency, c.cost_micros, c.unknown) for c in costs), key=lambda row: (row[0], row[1] or "")
    )


@pytest.mark.parametrize("folded", [False, True])
def test_the_cards_day_begins_and_ends_within_hours(wb: Workbench, folded: bool) -> None:
    now = 100 * HOUR + 1_200_000
    moments = [now - 48 * HOUR - 1, now - 48 * HOUR, now - 24 * HOUR - 1, now - 24 * HOUR, now - 5 * HOUR, now - 1, now]
    kinds = ["a", "a", "a", "b", "a", "a", "a"]
    jobs = make_jobs(wb, *({"kind": k, "created_at": 1, "started_at": 2, "finished_at": at}
                           for k, at in zip(kinds, moments, strict=True)))  # fmt: skip
    add_calls(wb, *((job, at, "CNY", 10**n) for n, (job, at) in enumerate(zip(jobs, moments, strict=True))))
    with wb.database.write() as conn:
        while folded and rollups.fold(conn):
            pass
    seen = wb.jobs.sum_up(now)
    assert [sum(row.done for row in rows) for rows in (seen.ended_before, seen.ended)] == [2, 3]
    assert [sum(c.cost_micros or 0 for c in rows) for rows in (seen.costs_before, seen.costs)] == [110, 111_000]
    assert [row.hour for row in seen.ended] == [76 * HOUR, 95 * HOUR, 100 * HOUR]
    assert [row.done for row in seen.ended_before] == [1, 1]
    mine = wb.jobs.sum_up(now, kind="a", state=["succeeded"])
    assert [sum(row.done for row in rows) for rows in (mine.ended_before, mine.ended)] == [2, 2]


@pytest.mark.parametrize("at", [{"started_at": 90 * HOUR}, {"started_at": 2}, {"started_at": None}])
def test_a_job_of_long_ago_that_ended_today_is_not_among_those_of_a_week(wb: Workbench, at: dict[str, Any]) -> None:
    now, since = 100 * HOUR, 10 * HOUR
    make_jobs(wb, {"created_at": since, "started_at": since, "finished_at": now - 1})
    assert [row.done for row in wb.jobs.sum_up(now, since=since).ended] == [1]
    make_jobs(wb, {"created_at": since - 1, "finished_at": now - 1, "state": "failed", **at})
    assert [[row.done for row in wb.jobs.sum_up(now, since=n).ended] for n in (since - 1, since)] == [[2], [1]]


def test_a_time_that_ends_before_the_last_job_leaves_that_out(wb: Workbench) -> None:
    now, until = 100 * HOUR, 99 * HOUR
    make_jobs(wb, {"created_at": until - 1, "started_at": until, "finished_at": now - 2})
    assert [row.done for row in wb.jobs.sum_up(now, until=until).ended] == [1]
    make_jobs(wb, {"created_at": until, "started_at": until, "finished_at": now - 1})
    assert [[row.done for row in wb.jobs.sum_up(now, until=n).ended] for n in (until, until + 1)] == [[1], [2]]


@pytest.mark.parametrize("seed", range(3))
def test_the_cards_behind_filters_add_up_the_jobs_that_match(wb: Workbench, seed: int) -> None:
    now, dice = 100 * HOUR, random.Random(seed)
    day, profile = 24 * HOUR, wb.profiles.add("mine", "openai", text_model="m").id

    def draw() -> dict[str, Any]:
        created = now - dice.randrange(3 * day)
        started = dice.choice([None, created + dice.randrange(day // 2)])
        state = dice.choice(["succeeded", "failed", "partial", "cancelled", "running", "queued"])
        ended = None if state in ("running", "queued") else (started or created) + dice.randrange(day)
        return {
            "created_at": created,
            "started_at": started,
            "finished_at": ended,
            "state": state,
            "kind": dice.choice("ab"),
            "error_kind": dice.choice([None, "timeout"]),
            "profile_id": dice.choice([None, profile]),
            "title": dice.choice("xy") * 3,
        }

    drawn = [draw() for _ in range(60)]
    calls = []
    for job_id, job in zip(make_jobs(wb, *drawn), drawn, strict=True):
        # a call is made while its job is at work
        begun, ended_at = job["started_at"] or job["created_at"], job["finished_at"] or now
        for _ in range(dice.randrange(4)):
            calls.append((job_id, dice.randint(min(begun, ended_at), ended_at), dice.choice(["CNY", "USD"]), 10))
    add_calls(wb, *calls)
    choices: dict[str, Sequence[Any]] = {
        "state": ["failed", ["succeeded", "partial"], "running"],
        "kind": "a",
        "error_kind": ["timeout"],
        "profile": [0, profile],
        "since": [now - 2 * day],
        "until": [now - day],
        "run_over": [HOUR],
        "text": ["xxx"],
        "cost_over": [{"CNY": 25}],
    }
    for _ in range(40):
        given = {name: dice.choice(choices[name]) for name in dice.sample(sorted(choices), dice.randint(1, 3))}
        matching = {job.id: job for job in wb.jobs.list(limit=100, **given)}
        ended = [j for j in matching.values() if j.state in ("succeeded", "failed", "partial") and j.finished_at]
        seen = wb.jobs.sum_up(now, **given)
        for rows, costs, (begin, end) in (
            (seen.ended, seen.costs, (now - day, now)),
            (seen.ended_before, seen.costs_before, (now - 2 * day, now - day)),
        ):
            assert sum(row.done for row in rows) == sum(begin <= j.finished_at < end for j in ended), given
            spent = [c for c in calls if c[0] in matching and begin <= c[1] < end]
            for currency in ("CNY", "USD"):
                told = sum(row.cost_micros or 0 for row in costs if row.currency == currency)
                assert told == sum(micros for _, _, name, micros in spent if name == currency), given


def test_what_an_imported_project_has_cost_elsewhere_is_no_spending_of_this_home(wb: Workbench) -> None:
    with wb.database.read() as conn:
        now = budgets.now(conn)
    (mine,) = make_jobs(wb, {"created_at": now - 9, "started_at": now - 8, "finished_at": now - 1})
    add_calls(wb, (mine, now - 8, "CNY", 70), (mine, now - 7, "CNY", 900), (mine, now - 7, "USD", 5))
    with wb.database.write() as conn:
        conn.execute(update(model_call).where(model_call.c.cost_micros != 70).values(imported_at=now))
    assert [(c.currency, c.cost_micros) for c in wb.jobs.sum_up(now).costs] == [("CNY", 70)]
    assert [(c.currency, c.cost_micros) for c in wb.jobs.sum_up(now, kind="llm_chat").costs] == [("CNY", 70)]
    with wb.database.read() as conn:
        days = budgets.sum_spending_by_day(conn, None, now - 50 * HOUR)
        assert [(d.currency, d.micros) for d in days if d.micros] == [("CNY", 70)]
        spent = budgets.sum_spending(conn, None, now - 50 * HOUR)
        assert [(s.currency, s.micros) for s in spent if s.micros] == [("CNY", 70)]


def test_every_filter_of_a_list_holds_for_the_cards(wb: Workbench) -> None:
    now = 100 * HOUR
    at = {"created_at": now - 3_000, "started_at": now - 2_000, "finished_at": now - 1_000}
    mine, other = make_jobs(
        wb,
        {**at, "kind": "a", "state": "failed", "error_kind": "timeout", "title": "灯塔 mine", "currency": "CNY",
         "cost_micros": 900},
        {**at, "kind": "b", "created_at": now - 9_000, "started_at": now - 1_001},
    )  # fmt: skip
    add_calls(wb, (mine, now - 1_500, "CNY", 900), (other, now - 1_400, "CNY", 7))
    with wb.database.write() as conn:
        conn.execute(update(model_call).where(model_call.c.job_id == mine).values(model="mine"))
    filters: dict[str, Any] = {
        "state": ["failed"], "kind": "a", "text": "灯塔", "error_kind": "timeout", "model": "mine",
        "since": now - 5_000, "cost_over": {"CNY": 800}, "run_over": 500,
    }  # fmt: skip
    for name, value in [*filters.items(), ("all", None)]:
        given = filters if name == "all" else {name: value}
        seen = wb.jobs.sum_up(now, **given)
        assert [job.id for job in wb.jobs.list(**given)] == [mine], name
        assert sum(row.done for row in seen.ended) == 1, name
        assert [cost.cost_micros for cost in seen.costs] == [900], name
        assert seen.waits == [None, 1_000], name
    none: list[dict[str, Any]] = [{"until": now - 10_000}, {"profile": 3}, {"project": 4}, {"node_id": 4}]
    for given in none:
        assert wb.jobs.sum_up(now, **given).ended == [], given


def test_the_cards_tell_the_same_after_a_prune_or_say_what_they_leave_out(wb: Workbench) -> None:
    now = 100 * HOUR + 1_200_000
    with wb.database.write() as conn:
        project = conn.execute(
            insert(node).values(kind="project", title="P", position=0, created_at=1).returning(node.c.id)
        ).scalar_one()
    at = {"created_at": now - 4_000, "started_at": now - 2_000, "finished_at": now - 1_000}
    early = {"created_at": now - 47 * HOUR, "started_at": now - 46 * HOUR, "finished_at": now - 24 * HOUR - 1}
    rows = [
        {**at, "kind": "a", "project_id": project, "node_id": project, "title": "灯塔"},
        {**at, "kind": "a", "started_at": now - 1_500, "state": "failed", "error_kind": "timeout"},
        {**early, "kind": "b", "project_id": project, "node_id": project},
        {**at, "kind": "a", "project_id": project, "node_id": project, "created_at": now - 9_000},
        {**at, "kind": "b", "state": "cancelled"},
    ]
    jobs = make_jobs(wb, *rows)
    add_calls(wb, *((job, now - 1_900 if n != 2 else now - 30 * HOUR, ("CNY", "USD")[n % 2], (10**n, None)[n == 4])
                    for n, job in enumerate(jobs)))  # fmt: skip
    with wb.database.write() as conn:
        for job_id, row in zip(jobs, rows, strict=True):
            own = {"workflow": row["kind"], "project_id": row.get("project_id"), "model": f"m{row['kind']}"}
            conn.execute(update(model_call).where(model_call.c.job_id == job_id).values(own))
        while rollups.fold(conn):
            pass
    told_whole: list[dict[str, Any]] = [
        {}, {"kind": "a"}, {"project": project}, {"kind": "b", "project": project}, {"node_id": project}, {"text": ""},
    ]  # fmt: skip
    costs_of_kept: list[dict[str, Any]] = [
        {"state": "failed"}, {"state": ["succeeded", "cancelled"], "kind": "a"}, {"error_kind": "timeout"},
        {"model": "ma"}, {"profile": 0}, {"run_over": 900}, {"since": now - 5_000}, {"until": now - 5_000},
        {"since": now - 48 * HOUR, "kind": "b", "state": "succeeded"},
    ]  # fmt: skip
    all_of_kept: list[dict[str, Any]] = [{"text": "灯塔"}, {"cost_over": {"CNY": 0, "USD": 0}}]
    everything = [*told_whole, *costs_of_kept, *all_of_kept]
    before = [wb.jobs.sum_up(now, **given) for given in everything]
    waits = wb.usage.queue_waits(since=now - 48 * HOUR, span_ms=HOUR, spans=48)
    assert {seen.of_kept for seen in before} == {"nothing"}
    with wb.database.write() as conn:
        prune.remove(conn, jobs[:4])
    for given, seen in zip(everything, before, strict=True):
        now_seen = wb.jobs.sum_up(now, **given)
        if given in all_of_kept:
            assert now_seen.of_kept == "everything"
            continue
        ended = ("ended", "ended_before", "waits", "recent_waits")
        assert [getattr(now_seen, name) for name in ended] == [getattr(seen, name) for name in ended], given
        if given in told_whole:
            assert (told(now_seen.costs), told(now_seen.costs_before)) == (told(seen.costs), told(seen.costs_before))
        assert now_seen.of_kept == ("nothing" if given in told_whole else "costs"), given
    assert wb.usage.queue_waits(since=now - 48 * HOUR, span_ms=HOUR, spans=48) == waits
    assert wb.jobs.sum_up(now, kind="b", state="failed").of_kept == "nothing", "none of those was pruned"


def test_a_family_comes_in_its_parents_order_a_page_at_a_time(wb: Workbench) -> None:
    top, first, second, third, below, shared = make_jobs(wb, {}, {}, {"state": "running"}, {"state": "failed"}, {}, {})
    with wb.database.write() as conn:
        for parent, position, child in (
            (top, 5, second), (top, 2, first), (top, 9, third), (first, 1, below), (below, 1, shared),
            (third, 1, shared),
        ):  # fmt: skip
            conn.execute(insert(job_child).values(parent_id=parent, position=position, child_id=child, item=str(child)))
    assert [(one.id, one.parent_id, one.depth) for one in wb.jobs.list_family(top)] == [
        (first, top, 1), (below, first, 2), (shared, below, 3), (second, top, 1), (third, top, 1), (shared, third, 2),
    ]  # fmt: skip
    assert [one.id for one in wb.jobs.list_family(top, offset=1, limit=1)] == [second]
    assert wb.jobs.count_children(top) == {"succeeded": 1, "running": 1, "failed": 1}
    assert wb.jobs.list_family(shared) == []


def test_a_view_is_saved_replaced_and_removed_by_name(wb: Workbench) -> None:
    wb.views.save("jobs", "  Dear   failures ", {"state": "failed", "cost": "1"}, user="Ann")
    wb.views.save("jobs", "天天看", {"q": "灯塔"})
    wb.views.save("debug", "Dear failures", {})
    wb.views.save("jobs", "Dear failures", {"state": "failed,partial"}, user="Bo")
    first, second = wb.views.list("jobs")
    assert (first.name, first.query, first.created_by) == ("Dear failures", {"state": "failed,partial"}, "Bo")
    assert (second.name, second.query) == ("天天看", {"q": "灯塔"})
    for name in ("", "  ", "x" * 81):
        with pytest.raises(InvalidInput, match="1 to 80"):
            wb.views.save("jobs", name, {})
    wb.views.remove(first.id)
    assert [view.name for view in wb.views.list("jobs")] == ["天天看"]
    with pytest.raises(NotFound):
        wb.views.remove(first.id)


@pytest.mark.parametrize("key", ["queue:image", "kind:plan_episodes", "project:{project}", "profile:{profile}"])
def test_a_pause_says_who_and_since_when_until_it_is_over(wb: Workbench, key: str) -> None:
    project = wb.create_project({"title": "Lamp", "language": "en"})
    key = key.format(project=project, profile=wb.profiles.add("mine", "openai", text_model="m").id)
    wb.queues.limit(key, 2)
    wb.queues.pause(key, user="Ann")
    wb.queues.pause(key, user="Bo")
    (first,) = wb.queues.list_gates()
    assert (first.paused, first.paused_by, first.max_running) == (True, "Ann", 2)
    assert first.paused_at is not None
    with wb.database.write() as conn:
        conn.execute(update(gate).values(paused_at=first.paused_at - 65 * 60_000))
    told = wb.jobs.list_pauses()[key]
    assert "(by Ann, 1 h ago)" in translate(told, "en")
    assert "（1 小时前由 Ann 暂停）" in translate(told, "zh")
    wb.queues.resume(key)
    (left,) = wb.queues.list_gates()
    assert (left.paused, left.paused_by, left.paused_at, left.max_running) == (False, None, None, 2)
    assert wb.jobs.list_pauses() == {}
    wb.queues.limit(key, None)
    assert wb.queues.list_gates() == []


def test_a_drained_worker_takes_nothing_new_and_hands_back_what_came(engine: Engine) -> None:
    (row,) = engine.wb.queues.list_workers()
    assert row.version
    engine.wb.queues.drain(row.name, user="Ann")
    first = engine.wb.submit("test_tell").id
    assert list(engine.mail) == []  # nobody is left to send it to
    assert translate(engine.wb.jobs.explain_queued([first])[first], "en").startswith("Every worker was asked")
    engine.worker.run_maintenance()
    engine.worker.run(first)
    assert engine.wb.jobs.get(first).state == "queued"
    assert engine.wb.jobs.get(first).dispatched_at is None
    (row,) = engine.wb.queues.list_workers()
    assert (row.drain_by, row.is_live) == ("Ann", True)
    engine.wb.queues.undrain(row.name)
    assert engine.finish(first).state == "succeeded"
    with pytest.raises(NotFound, match="no worker"):
        engine.wb.queues.drain("nobody")


def test_a_job_is_shown_with_its_newest_events_or_with_all(wb: Workbench) -> None:
    [job_id] = make_jobs(wb, {"created_at": 10})
    rows = [{"job_id": job_id, "at": 10 + n, "level": "info", "message": f"panel {n}"} for n in range(700)]
    with wb.database.write() as conn:
        conn.execute(insert(job_event), rows)

    newest = wb.jobs.get_detail(job_id).events
    assert (len(newest), newest[-1].message) == (500, "panel 699")
    said = [e.message for e in wb.jobs.get_detail(job_id, events=None).events if e.message.startswith("panel")]
    assert said == [f"panel {n}" for n in range(700)]
