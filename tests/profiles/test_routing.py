"""Which service answers, and what holds before a paid call: fallbacks, bindings, budgets, limits. On both databases."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError

from tests.conftest import Valkey, until
from tests.engine.conftest import Engine
from tests.scripted_provider import ScriptedProvider
from workbench.db.connection import db_now_ms
from workbench.db.rows.jobs import SubmittedJob
from workbench.db.rows.profiles import SavedProfile
from workbench.db.schema import job, model_call, step
from workbench.db.writes import ledger
from workbench.errors import BudgetExceeded
from workbench.jobs import media_calls, text_steps
from workbench.profiles import model_call as paid
from workbench.profiles import rate_limits
from workbench.providers.base import Profile
from workbench.providers.openai_compatible import OpenAICompatible
from workbench.settings import Settings
from workbench.usage import budgets

#: a micro for each token: sums are easy to check
PRICES = {"*": {"currency": "USD", "input": 1, "output": 1}}


@pytest.fixture
def engine(settings: Settings, valkey: Valkey) -> Iterator[Engine]:
    """An engine whose limits are counted on a real Valkey."""
    made = Engine(settings)
    yield made
    made.close()


@pytest.fixture
def second() -> Iterator[ScriptedProvider]:
    with ScriptedProvider() as server:
        yield server


def add(engine: Engine, name: str, server: ScriptedProvider, **fields: Any) -> SavedProfile:
    fields = {"text_model": f"{name}-1", "params": {"prices": PRICES}, **fields}
    return engine.wb.profiles.add(name, "openai", base_url=server.url, key="sk-canary-0123456789", **fields)


def tell(engine: Engine, project: int | None = None, profile: str = "mine", **params: Any) -> SubmittedJob:
    return engine.wb.submit("test_tell", project, {"about": "the sea", **params}, profile=profile)


def calls(engine: Engine, job_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = engine.wb.jobs.get_detail(job_id).model_calls
    return found


# -- fallbacks ---------------------------------------------------------------------------------------------------------

OVERLOADED: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 529},
    {"status": 402},
    {"status": 429, "body": {"error": {"code": "insufficient_quota", "message": "used up"}}},
    {"reset": True},
]


@pytest.mark.parametrize("fault", OVERLOADED, ids=["503", "529", "402", "quota", "reset"])
def test_overload_quota_and_outage_are_answered_by_the_fallback_and_recorded(
    engine: Engine, provider: ScriptedProvider, second: ScriptedProvider, fault: dict[str, Any]
) -> None:
    other = add(engine, "other", second)
    mine = add(engine, "mine", provider, fallback=["other"])
    provider.script(default=fault)

    done = engine.finish(tell(engine, steps=2).id)

    assert done.state == "succeeded"
    assert len(provider.calls()) == 1  # for the rest of the job the fallback is asked at once
    assert len(second.calls()) == 2
    asked = calls(engine, done.id)
    assert [c["profile_id"] for c in asked] == [mine.id, other.id, other.id]
    assert [c["fallback_from"] for c in asked] == [None, mine.id, mine.id]
    assert any("other is asked instead" in e.message for e in engine.wb.jobs.get_detail(done.id).events)


@pytest.mark.parametrize(
    "fault", [{"status": 401}, {"status": 429}, {"status": 400}, {"finish_reason": "content_filter", "text": ""}]
)
def test_nothing_else_is_another_services_business(
    engine: Engine, provider: ScriptedProvider, second: ScriptedProvider, fault: dict[str, Any]
) -> None:
    add(engine, "other", second)
    add(engine, "mine", provider, fallback=["other"])
    provider.script(default=fault)

    done = engine.finish(tell(engine).id)

    assert done.state == "failed"
    assert second.calls() == []


def test_fallbacks_are_asked_in_their_order_and_the_last_failure_counts(
    engine: Engine, provider: ScriptedProvider, second: ScriptedProvider
) -> None:
    with ScriptedProvider() as third:
        add(engine, "third", third)
        add(engine, "other", second)
        add(engine, "mine", provider, fallback=["other", "third"])
        for server in (provider, second, third):
            server.script(default={"status": 503})
        job_id = engine.wb.submit("test_tell", None, {"about": "x"}, profile="mine", max_attempts=1).id
        done = engine.finish(job_id)
        assert (done.state, done.error_kind) == ("failed", "overloaded")
        assert [len(s.calls()) for s in (provider, second, third)] == [1, 1, 1]


# -- budgets -----------------------------------------------------------------------------------------------------------


def spend(engine: Engine, micros: int, currency: str, project: int | None, days_ago: float = 0) -> None:
    with engine.wb.database.write() as conn:
        conn.execute(
            model_call.insert().values(
                call_id=f"{currency}{micros}{time.monotonic_ns()}", purpose="generate", provider="x", model="m",
                capability="text", outcome="ok", started_at=db_now_ms() - round(days_ago * 86_400_000),
                project_id=project, cost_micros=micros, currency=currency,
            )
        )  # fmt: skip


def test_a_used_up_budget_refuses_what_is_paid_and_lets_through_what_is_free(
    engine: Engine, provider: ScriptedProvider, project: int
) -> None:
    add(engine, "mine", provider)
    engine.wb.budgets.set(10_000_000, currency="CNY", project_id=project, period="all")
    engine.wb.budgets.set_exchange_rate("7")
    spend(engine, 1_000_000, "USD", project)
    spend(engine, 3_000_000, "CNY", project, days_ago=400)
    [state] = engine.wb.budgets.list(project)
    assert (state.spent_micros, state.mark) == (10_000_000, 100)

    with pytest.raises(BudgetExceeded, match="100 %"):
        engine.wb.submit("test_child_good", project, {}, profile="mine")

    assert engine.finish(engine.wb.submit("test_child_good", project, {}, profile="sketch").id).state == "succeeded"
    assert provider.calls() == []


def test_a_budget_asks_who_draws_not_only_who_writes(engine: Engine, provider: ScriptedProvider, project: int) -> None:
    add(engine, "painter", provider, image_model="p-1", params={"prices": {"p-1": {"image": 1}}})
    engine.wb.profiles.add("drawn by others", "sketch", image_profile="painter")
    add(engine, "drawn here", provider, image_profile="drawn by others")
    engine.wb.budgets.set(1, currency="CNY")
    spend(engine, 5, "CNY", None)
    with pytest.raises(BudgetExceeded):
        engine.wb.submit("test_image", project, {}, profile="drawn by others")
    engine.wb.submit("test_tell", project, {}, profile="drawn by others")
    engine.wb.submit("test_image", project, {}, profile="drawn here")


@pytest.mark.parametrize(
    ("spent", "mark"), [(799_999, 0), (800_000, 80), (949_999, 80), (950_000, 95), (1_000_000, 100)]
)
def test_the_marks_are_exact(engine: Engine, spent: int, mark: int) -> None:
    engine.wb.budgets.set(1_000_000, currency="USD")
    spend(engine, spent, "USD", None)
    assert [s.mark for s in engine.wb.budgets.list()] == [mark]


def test_a_month_begins_anew(engine: Engine) -> None:
    engine.wb.budgets.set(1_000_000, currency="USD")
    spend(engine, 5_000_000, "USD", None, days_ago=32)
    assert engine.wb.budgets.list()[0].spent_micros == 0


def test_a_budget_that_runs_out_midway_stops_before_the_next_paid_step_and_goes_on_when_raised(
    engine: Engine, provider: ScriptedProvider
) -> None:
    add(engine, "mine", provider)
    engine.wb.budgets.set(1, currency="USD")

    job_id = tell(engine, steps=3).id
    engine.deliver()
    waiting = engine.wb.jobs.get(job_id)
    assert (waiting.state, waiting.waiting_for) == ("waiting", "budget")
    assert "budget" in waiting.message
    assert len(provider.calls()) == 1
    engine.worker.maintain()
    assert engine.wb.jobs.get(job_id).state == "waiting"

    engine.wb.budgets.set(1_000_000_000, currency="USD")

    done = engine.finish(job_id)
    assert (done.state, done.failures, len(provider.calls())) == ("succeeded", 0, 3)
    assert done.cost_micros == sum(c["cost_micros"] for c in calls(engine, job_id))


def test_jobs_side_by_side_do_not_spend_the_same_rest_of_a_budget(
    engine: Engine, provider: ScriptedProvider, tmp_path: Path
) -> None:
    """A call under way holds ready what it will probably cost; the others go on when it cost less."""
    add(engine, "mine", provider)
    engine.wb.budgets.set(1_000, currency="USD")
    answer = tmp_path / "answer"
    provider.script(default={"wait_for": str(answer)})
    ids = [tell(engine, about=f"story {n}").id for n in range(6)]
    threads = [threading.Thread(target=engine.worker.run, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    until(lambda: [engine.wb.jobs.get(i).waiting_for for i in ids].count("budget") == 5, 60, "the others' wait")
    [state] = engine.wb.budgets.list()
    assert (state.spent_micros, state.used_up, state.full) == (0, False, True)
    assert "calls under way" in next(engine.wb.jobs.get(i).message for i in ids if engine.wb.jobs.get(i).waiting_for)
    answer.touch()
    for thread in threads:
        thread.join()
    assert len(provider.calls()) == 1
    assert (engine.wb.budgets.list()[0].under_way_micros, engine.wb.budgets.list()[0].full) == (0, False)

    provider.script(default={})
    assert {engine.finish(i).state for i in ids} == {"succeeded"}
    assert engine.wb.budgets.list()[0].spent_micros == sum(engine.wb.jobs.get(i).cost_micros for i in ids)


def test_pictures_of_one_job_hold_their_price_too(engine: Engine, provider: ScriptedProvider, project: int) -> None:
    """Two of three fit; the job says what it waits for and draws the third when there is more."""
    prices = {"prices": {"p-1": {"currency": "CNY", "image": 0.5}}}
    add(engine, "painter", provider, image_model="p-1", params=prices)
    engine.wb.budgets.set(1_000_000, currency="CNY")
    provider.script(default={"delay_ms": 100})
    job_id = engine.wb.submit(
        "test_image", None, {"colours": ["teal", "red", "navy"], "limit": 3}, profile="painter"
    ).id
    engine.deliver()
    waiting = engine.wb.jobs.get(job_id)
    assert (waiting.state, waiting.waiting_for) == ("waiting", "budget")
    assert len(provider.calls()) == 2
    engine.wb.budgets.set(2_000_000, currency="CNY")
    done = engine.finish(job_id)
    assert (done.state, done.cost_micros, len(provider.calls())) == ("succeeded", 1_500_000, 3)


def test_a_job_that_waited_for_calls_under_way_says_so_when_they_took_all(
    engine: Engine, provider: ScriptedProvider
) -> None:
    add(engine, "mine", provider)
    hook = engine.wb.webhooks.add("http://127.0.0.1:9/", events=["job.waiting"], allow_private=True)
    engine.wb.budgets.set(150, currency="USD")
    provider.script(default={"delay_ms": 400, "usage": {"prompt_tokens": 100, "completion_tokens": 50}})
    ids = [tell(engine, about=f"story {n}").id for n in range(2)]
    threads = [threading.Thread(target=engine.worker.run, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    until(lambda: any(engine.wb.jobs.get(i).waiting_for for i in ids), 10, "the other's wait")
    [waits] = [i for i in ids if engine.wb.jobs.get(i).waiting_for == "budget"]
    assert "calls under way" in engine.wb.jobs.get(waits).message
    for thread in threads:
        thread.join()
    engine.worker.maintain()
    told = engine.wb.jobs.get(waits)
    assert (told.waiting_for, told.message) == (
        "budget",
        "100 % of the budget is used: 0.00 of 0.00 USD (all projects, this month).",
    )
    engine.worker.maintain()
    [delivery] = engine.wb.webhooks.list_deliveries(hook.id)
    assert delivery.event == "job.waiting"


def test_a_group_of_pictures_holds_the_price_of_all_it_may_bring(engine: Engine, provider: ScriptedProvider) -> None:
    params = {
        "prices": {"*": {"currency": "CNY", "image": 0.5}},
        "sequential_image_generation": "auto",
        "max_images": 4,
    }
    engine.wb.profiles.add(
        "painter", "ark", base_url=provider.ark_url, key="sk-canary-0123456789",
        image_model="doubao-seedream-4-0-250828", params=params
    )  # fmt: skip
    engine.wb.budgets.set(2_000_000, currency="CNY")
    provider.script(default={"delay_ms": 300})
    asked = {"colours": ["teal", "red"], "limit": 2}
    job_id = engine.wb.submit("test_image", None, asked, profile="painter").id
    thread = threading.Thread(target=engine.worker.run, args=(job_id,))
    thread.start()
    until(lambda: engine.wb.budgets.list()[0].under_way_micros, 10, "the first group")
    assert engine.wb.budgets.list()[0].under_way_micros == 2_000_000
    thread.join()
    assert len(provider.calls()) == 1
    assert engine.wb.jobs.get(job_id).waiting_for == "budget"


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """So many times from now on what came of a call cannot be written: the database restarts, or breaks a deadlock."""
    monkeypatch.setattr(paid, "WAITS_S", (0.0, 0.0))

    def fail(times: int) -> None:
        write, left = ledger.settle_call, iter(range(times))

        def settle_call(*args: Any, **values: Any) -> None:
            if next(left, None) is not None:
                raise OperationalError("UPDATE", None, Exception("the server was restarted"))
            write(*args, **values)

        monkeypatch.setattr(ledger, "settle_call", settle_call)

    return fail


def test_a_call_that_could_not_be_written_down_gives_its_place_and_its_money_back(
    engine: Engine, provider: ScriptedProvider, away: Callable[[int], None]
) -> None:
    add(engine, "mine", provider, concurrency=1)
    engine.wb.budgets.set(1_000, currency="USD")
    away(3)
    job_id = tell(engine).id

    assert engine.finish(job_id).state == "succeeded"
    assert [c["outcome"] for c in calls(engine, job_id)] == ["lost", "ok"]
    assert engine.wb.budgets.list()[0].under_way_micros == 0


def test_what_was_paid_is_written_again_when_the_database_was_away_for_a_moment(
    engine: Engine, provider: ScriptedProvider, away: Callable[[int], None]
) -> None:
    """Neither paid twice nor asked about: a picture whose row is lost would wait for somebody's decision."""
    add(engine, "mine", provider, image_model="p-1", params={"prices": {**PRICES, "p-1": {"image": 1}}})
    for asked in ("test_tell", "test_image"):
        away(2)
        done = engine.finish(engine.wb.submit(asked, None, {}, profile="mine").id)
        assert done.state == "succeeded"
        [call] = calls(engine, done.id)
        assert (call["outcome"], done.cost_micros) == ("ok", call["cost_micros"])
    assert len(provider.calls()) == 2


def test_a_commit_that_went_through_before_the_connection_broke_counts_once(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paid, "WAITS_S", (0.0,))
    write_with_retry = paid.write_with_retry
    broke: list[bool] = []

    def once_more(write: Callable[[bool], None]) -> None:
        def broken(again: bool) -> None:
            write(again)
            if not again:
                broke.append(True)
                raise OperationalError("COMMIT", None, Exception("the connection broke"))

        write_with_retry(broken)

    for module in (paid, text_steps):
        monkeypatch.setattr(module, "write_with_retry", once_more)
    add(engine, "mine", provider, image_model="p-1", params={"prices": {**PRICES, "p-1": {"image": 1}}})
    for asked in ("test_tell", "test_image"):
        done = engine.finish(engine.wb.submit(asked, None, {}, profile="mine").id)
        [call] = calls(engine, done.id)
        assert (call["outcome"], done.cost_micros) == ("ok", call["cost_micros"])
    assert (len(broke), len(provider.calls())) == (2, 2)


def test_whatever_ends_a_claim_closes_the_calls_it_left_open(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that stays open for ever would hold its place at the service, and its money, for ever."""
    params = {"prices": {**PRICES, "p-1": {"image": 1}}}
    add(engine, "mine", provider, image_model="p-1", concurrency=1, params=params)
    engine.wb.budgets.set(3_000_000, currency="USD")
    monkeypatch.setattr(media_calls, "CallResult", lambda **values: 1 / 0)
    failed = engine.finish(engine.wb.submit("test_image", None, {}, profile="mine").id)
    assert (failed.state, failed.error_kind) == ("failed", "internal")
    assert [c["outcome"] for c in calls(engine, failed.id)] == ["lost"]
    assert engine.wb.budgets.list()[0].under_way_micros == 0
    assert engine.finish(tell(engine).id).state == "succeeded"


def test_a_budget_that_is_changed_while_a_call_is_opened_holds_for_it(engine: Engine) -> None:
    """On PostgreSQL the call waits for the budget's row; a new row in its place would pass unseen."""
    engine.wb.budgets.set(10_000_000, currency="USD")
    spend(engine, 5_000_000, "USD", None)
    refused: list[bool] = []

    def open_one() -> None:
        with engine.worker._database.write() as conn:
            try:
                budgets.lock_and_check(conn, None)
            except BudgetExceeded:
                refused.append(True)

    thread = threading.Thread(target=open_one)
    with engine.wb.database.write() as conn:
        budgets.put(conn, None, "month", 1_000_000, "USD", "somebody")
        thread.start()
        if conn.dialect.name != "sqlite":
            waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            until(lambda: conn.execute(waits).scalar_one(), 10, "the wait for the row")
    thread.join(120)
    assert refused == [True]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_jobs_are_submitted_while_a_place_is_taken(engine: Engine, provider: ScriptedProvider) -> None:
    """A new job's row refers to the profile's; a call that waits for its turn there must not stop it."""
    row = add(engine, "mine", provider, concurrency=1)
    with engine.wb.database.write() as conn:
        assert ledger.lock_slots(conn, row.id, 1)
        with engine.worker._database.write() as other:
            other.execute(text("SET LOCAL lock_timeout = '2s'"))
            other.execute(
                job.insert().values(
                    kind="test_nothing", queue="default", title="x", state="queued", profile_id=row.id, params={},
                    params_hash="", claim=0, failures=0, losses=0, max_attempts=1, progress=0, priority=0,
                    created_at=db_now_ms(), available_at=db_now_ms() + 60_000,
                )
            )  # fmt: skip


def test_a_clip_costs_by_the_price_of_the_day_it_was_ordered(engine: Engine, provider: ScriptedProvider) -> None:
    """And holds what it will probably cost until it has come."""
    was, later = ({"ep-1": {"currency": "CNY", "video_tokens": price}} for price in (15.0, 99.0))
    params = {"allow_private_media": True, "poll_ms": 10}
    engine.wb.profiles.add(
        "films", "ark", base_url=provider.ark_url, key="sk-canary-0123456789", video_model="ep-1",
        params={**params, "prices": was},
    )  # fmt: skip
    engine.wb.budgets.set(10_000_000, currency="CNY")
    provider.script(default={"states": ["succeeded"], "usage": {"completion_tokens": 108_900}})
    job_id = engine.wb.submit("test_video", profile="films", params={"about": "the sea"}).id
    engine.deliver()
    assert engine.wb.jobs.get(job_id).waiting_for == "provider"
    [state] = engine.wb.budgets.list()
    # two seconds of 640 × 360 at 24 pictures: 10,800 tokens
    assert (state.spent_micros, state.under_way_micros, state.unpriced) == (0, 162_000, 0)

    engine.wb.profiles.update("films", video_model="ep-2", params={**params, "prices": {"ep-2": later["ep-1"]}})
    with engine.wb.database.write() as conn:
        conn.execute(update(step).values(poll_at=db_now_ms() - 1))
    done = engine.finish(job_id)

    [call] = calls(engine, job_id)
    assert (call["cost_micros"], call["currency"], call["price"]) == (1_633_500, "CNY", was["ep-1"])
    assert done.result["model"] == "ep-1"
    [state] = engine.wb.budgets.list()
    assert (state.spent_micros, state.under_way_micros) == (1_633_500, 0)


def test_a_clip_that_was_filmed_after_its_job_was_cancelled_is_counted(
    engine: Engine, provider: ScriptedProvider
) -> None:
    """A service cancels what is queued, and forgets what has ended; what runs goes on and is billed, and nobody
    fetches it."""
    params = {"poll_ms": 10, "prices": {"*": {"currency": "CNY", "video_tokens": 10}}}
    engine.wb.profiles.add(
        "films", "ark", base_url=provider.ark_url, key="sk-canary-0123456789", video_model="ep-1", params=params
    )
    engine.wb.budgets.set(10_000_000, currency="CNY")
    provider.script(default={"states": ["running", "running", "succeeded"], "usage": {"completion_tokens": 50_000}})
    job_id = engine.wb.submit("test_video", profile="films", params={"about": "the sea"}).id
    engine.deliver()
    engine.wb.jobs.cancel(job_id)

    def settled() -> bool:
        with engine.wb.database.write() as conn:
            conn.execute(update(step).where(step.c.state == "submitted").values(poll_at=db_now_ms() - 1))
        engine.worker.maintain()
        return bool(engine.wb.budgets.list()[0].under_way_micros == 0)

    until(settled, 20, "the end of the task")
    assert (engine.wb.budgets.list()[0].spent_micros, calls(engine, job_id)[0]["cost_micros"]) == (500_000, 500_000)
    job_ = engine.wb.jobs.get(job_id)
    assert (job_.state, job_.cost_micros) == ("cancelled", 500_000)
    assert provider.fetches() == []
    assert {c["kind"] for c in provider.calls()} == {"create", "poll"}


@pytest.mark.parametrize("choice", ["give_up", "send_again"])
def test_a_decision_gives_back_what_a_task_that_nobody_finds_held(
    engine: Engine, provider: ScriptedProvider, choice: Any
) -> None:
    """Created by a worker that had lost its claim when the answer came: its id went with it."""
    params = {"prices": {"*": {"currency": "CNY", "video_tokens": 10}}}
    engine.wb.profiles.add(
        "films", "ark", base_url=provider.ark_url, key="sk-canary-0123456789", video_model="ep-1", params=params
    )
    engine.wb.budgets.set(10_000_000, currency="CNY")
    job_id = engine.wb.submit("test_video", profile="films", params={"about": "the sea"}).id
    engine.deliver()
    with engine.wb.database.write() as conn:
        conn.execute(update(step).values(state="maybe_charged", provider_task_id=None, poll_at=None))
        conn.execute(update(model_call).values(outcome="late"))
        conn.execute(update(job).values(waiting_for="decision"))
    assert engine.wb.budgets.list()[0].under_way_micros > 0
    engine.wb.jobs.decide(job_id, choice)
    [state] = engine.wb.budgets.list()
    assert (state.under_way_micros, state.unpriced) == (0, 1)


def test_a_job_that_waits_for_its_budget_can_be_cancelled(engine: Engine, provider: ScriptedProvider) -> None:
    add(engine, "mine", provider)
    engine.wb.budgets.set(1, currency="USD")
    job_id = tell(engine, steps=2).id
    engine.deliver()
    assert engine.wb.jobs.cancel(job_id) == [job_id]
    assert engine.wb.jobs.get(job_id).state == "cancelled"


def test_two_currencies_of_one_job_are_joined_by_the_set_rate_alone(
    engine: Engine, provider: ScriptedProvider, second: ScriptedProvider
) -> None:
    engine.wb.budgets.set_exchange_rate("8")
    add(engine, "other", second, params={"prices": {"*": {"currency": "CNY", "input": 8, "output": 8}}})
    add(engine, "mine", provider, fallback=["other"])
    provider.script(nth={"2": {"status": 503}})
    done = engine.finish(tell(engine, steps=2).id)
    asked = [c for c in calls(engine, done.id) if c["outcome"] == "ok"]
    assert [c["currency"] for c in asked] == ["USD", "CNY"]
    assert done.currency == "USD"
    assert done.cost_micros == asked[0]["cost_micros"] + asked[1]["cost_micros"] // 8
    assert all(c["price"]["input"] in (1, 8) for c in asked)


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_job_over_the_minutes_share_waits_without_a_worker_and_without_using_an_attempt(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "WINDOW_S", 3)
    add(engine, "mine", provider, rpm=2)
    job_id = tell(engine, steps=3).id
    engine.deliver()
    waiting = engine.wb.jobs.get(job_id)
    assert (waiting.state, waiting.waiting_for) == ("waiting", "rate_limit")
    assert "mine" in waiting.message
    assert engine.worker.runner.busy == 0
    assert len(provider.calls()) == 2

    done = engine.finish(job_id)

    assert (done.state, done.failures, done.losses) == ("succeeded", 0, 0)
    times = [c["at"] for c in provider.calls()]
    assert len(times) == 3
    assert times[2] - times[0] > 2.5


def test_tokens_count_too(engine: Engine, provider: ScriptedProvider) -> None:
    add(engine, "mine", provider, tpm=2_000)
    job_id = tell(engine, steps=3).id
    engine.deliver()
    assert engine.wb.jobs.get(job_id).waiting_for == "rate_limit"
    assert len(provider.calls()) == 1


def test_what_a_call_really_counted_makes_its_share_right(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expected are 1,500 tokens of answer for each; one that counts few makes room, one that counts many takes it."""
    add(engine, "mine", provider, tpm=4_000)
    small, large = ({"prompt_tokens": 10, "completion_tokens": n, "total_tokens": 10 + n} for n in (40, 9_000))
    provider.script(default={"usage": small}, nth={"6": {"usage": large}})
    assert engine.finish(tell(engine, steps=5).id).state == "succeeded"

    job_id = tell(engine, about="more", steps=2).id
    engine.deliver()

    assert (engine.wb.jobs.get(job_id).waiting_for, len(provider.calls())) == ("rate_limit", 6)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_wait_for_tokens_is_told_whichever_window_they_are_in(
    settings: Settings, valkey: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that slept through it in small pieces would be lost to others for a minute."""
    monkeypatch.setattr(rate_limits, "WINDOW_S", 2)
    limit = rate_limits.RateLimits(settings)
    profile = Profile(7, "mine", "openai", tpm=1_000)
    assert limit.take(profile, 900) == 0
    begun = time.monotonic()
    told = []
    while (wait := limit.take(profile, 900)) > 0:
        told.append((time.monotonic() - begun, wait))
        time.sleep(min(wait, 0.5))
    ended = time.monotonic() - begun

    assert ended > 3  # the first window, and most of the second
    # never a wait that ends in the first window, nor one longer than both
    assert all(at + wait > 3 and wait < 4.5 for at, wait in told), told


def test_a_wait_for_the_limit_can_be_cancelled(engine: Engine, provider: ScriptedProvider) -> None:
    add(engine, "mine", provider, rpm=1)
    job_id = tell(engine, steps=2).id
    engine.deliver()
    assert engine.wb.jobs.get(job_id).waiting_for == "rate_limit"
    engine.wb.jobs.cancel(job_id)
    assert engine.wb.jobs.get(job_id).state == "cancelled"


def test_no_more_calls_are_under_way_at_a_service_than_it_takes(engine: Engine, provider: ScriptedProvider) -> None:
    """Also when other jobs' gates would let more jobs run: the ledger counts the calls themselves."""
    add(engine, "mine", provider, concurrency=2)
    engine.wb.queues.limit(f"profile:{engine.wb.profiles.id_of('mine')}", None)
    provider.script(default={"delay_ms": 150})
    ids = [tell(engine, about=f"story {n}").id for n in range(8)]
    threads = [threading.Thread(target=engine.worker.run, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [engine.finish(i) for i in ids]
    assert {d.state for d in done} == {"succeeded"}
    spans = sorted((c["at"], c["ended_at"]) for c in provider.calls())
    assert len(spans) == 8
    assert max(sum(a <= at < b for a, b in spans) for at, _ in spans) <= 2


def test_a_call_whose_worker_died_gives_its_place_back(engine: Engine, provider: ScriptedProvider) -> None:
    row = add(engine, "mine", provider, concurrency=1)
    lost = tell(engine, about="lost").id
    with engine.wb.database.write() as conn:
        conn.execute(
            update(job)
            .where(job.c.id == lost)
            .values(state="running", claim=1, lease_until=db_now_ms() - 1, worker="gone")
        )
        conn.execute(
            model_call.insert().values(
                call_id="open", job_id=lost, claim=1, purpose="generate", provider="openai", model="m",
                capability="text",
                outcome="sent", started_at=db_now_ms(), profile_id=row.id,
            )
        )  # fmt: skip
    assert engine.finish(lost).state == "succeeded"


def test_without_redis_a_limited_call_waits_and_goes_on_when_it_is_back(
    engine: Engine, provider: ScriptedProvider, valkey: Valkey
) -> None:
    add(engine, "mine", provider, rpm=60)
    valkey.kill()
    job_id = tell(engine).id
    engine.deliver()
    assert engine.wb.jobs.get(job_id).waiting_for == "rate_limit"
    assert provider.calls() == []
    valkey.start()
    assert engine.finish(job_id).state == "succeeded"


def test_a_fallback_keeps_to_its_own_limits(
    engine: Engine, provider: ScriptedProvider, second: ScriptedProvider
) -> None:
    add(engine, "other", second, rpm=1)
    add(engine, "mine", provider, rpm=60, fallback=["other"])
    provider.script(default={"status": 503})
    first, later = (tell(engine, about=a).id for a in ("one", "two"))
    engine.deliver()
    assert engine.wb.jobs.get(first).state == "succeeded"
    waiting = engine.wb.jobs.get(later)
    assert (waiting.waiting_for, waiting.failures, len(second.calls())) == ("rate_limit", 0, 1)
    assert "other" in waiting.message


# -- bindings ----------------------------------------------------------------------------------------------------------


def test_pictures_come_from_the_profile_that_draws_and_carry_its_price(
    engine: Engine, provider: ScriptedProvider, second: ScriptedProvider, project: int
) -> None:
    prices = {"prices": {"p-1": {"currency": "CNY", "image": 0.25}}}
    painter = add(engine, "painter", second, text_model=None, image_model="p-1", params=prices)
    add(engine, "mine", provider, image_profile="painter")
    done = engine.finish(engine.wb.submit("test_image", None, {}, profile="mine").id)
    assert done.state == "succeeded", done.error
    [call] = calls(engine, done.id)
    assert (call["profile_id"], call["model"], call["cost_micros"], call["currency"]) == (
        painter.id,
        "p-1",
        250_000,
        "CNY",
    )
    assert provider.calls() == []
    until(lambda: len(second.calls()) == 1, 5)


def test_three_workers_keep_to_one_minutes_share_and_use_it(
    settings: Settings, valkey: Valkey, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With three seconds in the minute's place. What is let through is counted where it is let through: a request's way
    to the service takes as long as the machine is busy; the benchmark measures the full minute at the service."""
    minute, share = 3, 30
    monkeypatch.setattr(rate_limits, "WINDOW_S", minute + 3)
    times: list[float] = []
    take = rate_limits.RateLimits.take

    def note(limits: rate_limits.RateLimits, profile: Profile, tokens: int) -> float:
        wait = take(limits, profile, tokens)
        if not wait:
            times.append(time.monotonic())
        return wait

    monkeypatch.setattr(rate_limits.RateLimits, "take", note)
    # a lease that ends while both threads of its engine are at work lets another take a share for the same job
    patient = settings.model_copy(update={"lease_seconds": 120.0})
    engines = [Engine(patient) for _ in range(3)]
    add(engines[0], "mine", provider, rpm=share)
    ids = [tell(engines[0], about=f"story {n}").id for n in range(share * 3)]
    ended = threading.Event()

    def work(engine: Engine) -> None:
        while not ended.is_set():
            engine.worker._report_alive()
            engine.worker.maintain()
            while engine.mail:
                engine.worker.run(engine.mail.popleft())
            # upkeep without a pause would take most of what the machine has
            time.sleep(0.5)

    threads = [threading.Thread(target=work, args=(e,)) for e in engines for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        # a look at all jobs takes as long as a job; while shares are left to take, nobody has to look
        until(lambda: len(times) >= len(ids), 60)
        until(lambda: all(j.state == "succeeded" for j in engines[0].wb.jobs.list(limit=200)), 60)
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert len(times) == len(provider.calls()) == len(ids) == share * 3
    assert all(j.failures == 0 for j in engines[0].wb.jobs.list(limit=200))
    # whichever moment the minute begins at
    assert max(sum(at <= t < at + minute for t in times) for at in times) <= share
    for engine in engines:
        engine.close()


# -- profile checks ----------------------------------------------------------------------------------------------------


def test_a_trial_takes_its_share_of_the_minute_and_asks_the_budget(engine: Engine, provider: ScriptedProvider) -> None:
    add(engine, "mine", provider, rpm=1)
    first, second = engine.wb.profiles.check("mine")
    assert (first.ok, second.error_kind, len(provider.calls())) == (True, "rate_limit", 1)
    assert str(second.message) == "Waits for the rate limit of mine"

    engine.wb.profiles.update("mine", rpm=0)
    engine.wb.budgets.set(1, currency="USD")
    stopped = engine.wb.profiles.check("mine")
    assert [t.error_kind for t in stopped] == ["budget_exceeded", "budget_exceeded"]
    assert len(provider.calls()) == 1


def test_a_trial_that_breaks_off_or_is_killed_gives_its_place_back(
    engine: Engine, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No claim ends with it; the service would stay full for ever."""
    row = add(engine, "mine", provider, concurrency=1)
    with monkeypatch.context() as broken:
        broken.setattr(OpenAICompatible, "text", lambda *args: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.wb.profiles.check("mine")
    assert engine.wb.profiles.check("mine")[0].ok

    with engine.wb.database.write() as conn:
        conn.execute(
            model_call.insert().values(
                call_id="killed", purpose="test", provider="openai", model="m", capability="text", outcome="sent",
                started_at=db_now_ms() - 3_700_000, profile_id=row.id,
            )
        )  # fmt: skip
    assert engine.finish(tell(engine).id).state == "succeeded"


def test_a_trial_whose_picture_cannot_be_kept_counts_what_it_cost(engine: Engine, provider: ScriptedProvider) -> None:
    add(engine, "painter", provider, text_model=None, image_model="p-1", params={"prices": {"p-1": {"image": 1}}})
    provider.script(default={"image_b64": base64.b64encode(b"no picture").decode()})
    [drawn] = engine.wb.profiles.check("painter", image=True)
    assert (drawn.error_kind, drawn.cost_micros, drawn.media) == ("malformed_output", 1_000_000, None)
    with engine.wb.database.read() as conn:
        [call] = conn.execute(select(model_call)).mappings()
    assert (call["outcome"], call["valid"], call["images"], call["cost_micros"]) == ("ok", False, 1, 1_000_000)
