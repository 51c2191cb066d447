"""Rules that watch: each tells a thing once, to the page and to webhooks. On both databases."""

from __future__ import annotations

import json
import socket
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, func, insert, literal, select, update

from tests.engine.conftest import Engine
from tests.receiver import Receiver
from workbench.db.connection import db_now_ms
from workbench.db.schema import alert, attempt, job, model_call, worker
from workbench.db.writes import alerts as writes
from workbench.db.writes.installation import get_meta, set_meta
from workbench.errors import InvalidInput, NotFound
from workbench.usage import alerts
from workbench.webhooks import delivery

HOUR_MS = 3_600_000


@pytest.fixture(autouse=True)
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "BUDGETS_EVERY_S", 0.0)


def look(engine: Engine, rounds: int = 1) -> list[Any]:
    for _ in range(rounds):
        engine.worker.run_maintenance()
        engine.worker._webhooks.run_once()
    return engine.wb.alerts.list_shown()


def spend(engine: Engine, micros: int, currency: str = "CNY", ago_ms: int = 0, project: int | None = None) -> None:
    with engine.wb.database.write() as conn:
        number = len(conn.execute(select(model_call.c.id)).all())
        conn.execute(
            insert(model_call).values(
                call_id=f"c{number}", purpose="generate", provider="openai", model="m", capability="text", outcome="ok",
                started_at=db_now_ms() - ago_ms, cost_micros=micros, currency=currency, project_id=project,
            )
        )  # fmt: skip


def jobs(engine: Engine, count: int, **values: Any) -> None:
    for number in range(count):
        messages = {"messages": [{"content": f"{values} {number}"}]}
        job_id = engine.wb.submit("llm_chat", params=messages).id
        with engine.wb.database.write() as conn:
            conn.execute(update(job).where(job.c.id == job_id).values(**values))


def wait(engine: Engine, minutes: int) -> None:
    """Whatever waits could have started so long ago."""
    with engine.wb.database.write() as conn:
        conn.execute(update(job).values(available_at=db_now_ms() - minutes * 60_000).where(job.c.state == "queued"))


def put_back(engine: Engine, ms: int, **which: Any) -> None:
    """Everything that alerts remember happened so much earlier."""
    with engine.wb.database.write() as conn:
        conn.execute(
            update(alert).values(
                raised_at=alert.c.raised_at - ms, held_at=alert.c.held_at - ms, ended_at=alert.c.ended_at - ms, **which
            )
        )


def test_a_costly_day_is_told_once_to_page_and_webhook_and_the_next_day_anew(engine: Engine, project: int) -> None:
    with Receiver() as receiver:
        engine.wb.webhooks.add(receiver.url, events=["alert.raised"], allow_private=True)
        rule = engine.wb.alerts.add_rule("spend_day", 10_000_000, currency="CNY")
        own = engine.wb.alerts.add_rule("spend_day", 1_000_000, currency="USD", project_id=project)
        spend(engine, 9_000_000)
        spend(engine, 99_000_000, ago_ms=25 * HOUR_MS)
        # what came with a project was paid by another home
        spend(engine, 99_000_000, project=project)
        with engine.wb.database.write() as conn:
            newest = select(func.max(model_call.c.id)).scalar_subquery()
            conn.execute(update(model_call).where(model_call.c.id == newest).values(imported_at=db_now_ms()))
        assert look(engine) == []
        # a dollar is 7.2 yuan until somebody says otherwise
        spend(engine, 1_000_000, "USD", project=project)
        first, second = look(engine, 3)
        assert (first.rule_id, first.value, second.rule_id, second.value) == (rule.id, 16_200_000, own.id, 1_000_000)
        # two are sent side by side: which comes first is nobody's promise
        told = sorted((json.loads(g.body) for g in receiver.got), key=lambda t: t["data"]["alert"]["threshold"])[::-1]
        assert [t["type"] for t in told] == ["alert.raised"] * 2
        assert told[0]["text"].startswith("16.20 CNY were spent on")
        assert told[1]["text"].startswith("The Salt Lighthouse: 1.00 USD")
        assert told[0]["data"]["alert"]["threshold"] == 10_000_000

        spend(engine, 5_000_000)
        assert [a.value for a in look(engine, 2)] == [21_200_000, 1_000_000]
        engine.wb.alerts.dismiss(first.id)
        assert [a.id for a in look(engine, 2)] == [second.id]
        assert len(receiver.got) == 2
        # what was noticed belongs to another day by now
        put_back(engine, 25 * HOUR_MS, subject="2001-01-01")
        assert len(look(engine, 2)) == 2
        assert len(receiver.got) == 4


def at_noon(engine: Engine, monkeypatch: pytest.MonkeyPatch, day: str) -> int:
    """From now on it is noon of a day, for all who look at rules; epoch ms."""
    noon = round(datetime.fromisoformat(f"{day}T12:00+00:00").timestamp() * 1000)
    monkeypatch.setattr(alerts.budget_reads, "now", lambda conn: noon)
    monkeypatch.setattr(alerts.budget_reads, "db_now_ms", lambda: literal(noon, BigInteger()))
    monkeypatch.setattr(writes, "db_now_ms", lambda: literal(noon, BigInteger()))
    return noon


def test_a_day_is_noticed_when_what_was_open_on_it_is_settled_later(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver() as receiver:
        engine.wb.webhooks.add(receiver.url, events=["alert.raised"], allow_private=True)
        rule = engine.wb.alerts.add_rule("spend_day", 5_000_000, currency="CNY", time_zone="Asia/Shanghai")

        def subjects() -> list[str]:
            return [a.subject for a in look(engine, 2)]

        def told() -> list[str]:
            return [json.loads(g.body)["data"]["alert"]["subject"] for g in receiver.got]

        # 1 March there: a clip is asked for 20 minutes before its end, and settled on 3 March; another is not
        noon = at_noon(engine, monkeypatch, "2026-03-01")
        for number, name in enumerate(("late", "other")):
            with engine.wb.database.write() as conn:
                conn.execute(
                    insert(model_call).values(
                        call_id=name, purpose="generate", provider="ark", model="m", capability="video", outcome="ok",
                        started_at=noon + 220 * 60_000 + number, expected_micros=9_000_000, currency="CNY",
                    )
                )  # fmt: skip
        assert subjects() == []
        at_noon(engine, monkeypatch, "2026-03-02")
        # the second day costs too much by itself
        spend(engine, 6_000_000)
        with engine.wb.database.write() as conn:
            conn.execute(update(model_call).where(model_call.c.call_id == "c2").values(started_at=noon + 24 * HOUR_MS))
        assert subjects() == ["2026-03-02"]
        at_noon(engine, monkeypatch, "2026-03-03")

        def settle(name: str) -> None:
            with engine.wb.database.write() as conn:
                settled = update(model_call).where(model_call.c.call_id == name)
                conn.execute(settled.values(cost_micros=9_000_000, expected_micros=None))

        settle("late")
        assert "2026-03-01" in subjects()
        assert told() == ["2026-03-02", "2026-03-01"]
        [late] = [a for a in engine.wb.alerts.list_shown() if a.subject == "2026-03-01"]
        assert late.value == 9_000_000
        settle("other")
        assert "2026-03-01" in subjects(), "it is shown through the day on which it was noticed"
        assert "2026-03-01" in subjects()
        at_noon(engine, monkeypatch, "2026-03-04")
        assert subjects() == []
        assert len(told()) == 2

        # what is spent while the rule is off is never told
        engine.wb.alerts.enable_rule(rule.id, False)
        noon = at_noon(engine, monkeypatch, "2026-03-05")
        spend(engine, 9_000_000)
        with engine.wb.database.write() as conn:
            conn.execute(update(model_call).where(model_call.c.call_id == "c3").values(started_at=noon))
        at_noon(engine, monkeypatch, "2026-03-06")
        engine.wb.alerts.enable_rule(rule.id, True)
        assert subjects() == []
        assert len(told()) == 2


def test_what_was_spent_before_a_rule_was_there_is_not_its_matter(engine: Engine) -> None:
    spend(engine, 9_000_000, ago_ms=25 * HOUR_MS)
    engine.wb.alerts.add_rule("spend_day", 5_000_000, currency="CNY")
    assert look(engine, 3) == []


@pytest.mark.parametrize(
    ("good", "bad", "cancelled", "share"),
    [(8, 2, 0, 20), (4, 1, 9, 20), (9, 2, 0, None), (3, 1, 0, None), (0, 5, 0, 100)],
)
def test_a_share_of_failures_is_noticed_from_five_jobs_on(
    engine: Engine, good: int, bad: int, cancelled: int, share: int | None
) -> None:
    engine.wb.alerts.add_rule("failure_share", 20)
    for state, count in (("succeeded", good), ("failed", bad), ("cancelled", cancelled)):
        jobs(engine, count, state=state, finished_at=db_now_ms())
    jobs(engine, 9, state="failed", finished_at=db_now_ms() - HOUR_MS - 60_000)
    assert [a.value for a in look(engine, 2)] == ([] if share is None else [share])


def test_jobs_that_came_with_an_imported_project_are_no_failures_of_this_hour(engine: Engine) -> None:
    engine.wb.alerts.add_rule("failure_share", 20)
    jobs(engine, 9, state="succeeded", finished_at=db_now_ms())
    jobs(engine, 9, state="failed", finished_at=db_now_ms())
    with engine.wb.database.write() as conn:
        failed = conn.scalars(select(job.c.id).where(job.c.state == "failed")).all()
        # nobody of this home ran them, as archives/load.py writes it
        ran = {"claim": 1, "started_at": db_now_ms(), "outcome": "error"}
        for job_id in failed:
            conn.execute(insert(attempt).values(ran | {"job_id": job_id, "worker": ""}))
    assert look(engine, 2) == []
    with engine.wb.database.write() as conn:
        conn.execute(update(attempt).values(worker="w"))
    assert [a.value for a in look(engine, 2)] == [50]


def test_what_comes_back_within_an_hour_is_not_told_again(engine: Engine) -> None:
    with Receiver() as receiver:
        engine.wb.webhooks.add(receiver.url, events=["alert.raised"], allow_private=True)
        engine.wb.alerts.add_rule("stuck_queue", 10)
        jobs(engine, 1, queue="text")
        for _ in range(3):
            wait(engine, 11)
            [held] = look(engine, 2)
            wait(engine, 1)
            assert look(engine, 2) == []
        assert (held.times, held.subject, held.value) == (3, "text", 11)
        assert len(receiver.got) == 1
        put_back(engine, 2 * HOUR_MS)
        wait(engine, 11)
        assert [a.times for a in look(engine, 2)] == [1]
        assert len(receiver.got) == 2
        assert [a.ended_at is None for a in engine.wb.alerts.list()] == [True, False]


def test_each_queue_that_stands_still_is_told_once(engine: Engine) -> None:
    with Receiver() as receiver:
        engine.wb.webhooks.add(receiver.url, events=["alert.raised"], allow_private=True)
        engine.wb.alerts.add_rule("stuck_queue", 10)
        jobs(engine, 2, available_at=db_now_ms() - 16 * 60_000)
        assert [(a.subject, a.value) for a in look(engine, 2)] == [("text", 16)]
        jobs(engine, 2, queue="system", available_at=db_now_ms() - 11 * 60_000)
        assert [(a.subject, a.value) for a in look(engine, 2)] == [("text", 16), ("system", 11)]
        engine.wb.queues.pause("queue:text")
        assert [(a.subject, a.value) for a in look(engine, 2)] == [("system", 11)]
        assert [json.loads(g.body)["data"]["alert"]["subject"] for g in receiver.got] == ["text", "system"]


@pytest.mark.parametrize("key", ["queue:text", "kind:llm_chat", "project:{project}"])
def test_nothing_stands_still_while_it_is_paused_nor_for_that_when_it_is_resumed(
    engine: Engine, project: int, key: str
) -> None:
    engine.wb.alerts.add_rule("stuck_queue", 10)
    key = key.format(project=project)
    jobs(engine, 1, project_id=project)
    engine.wb.queues.pause(key)
    wait(engine, 11)
    assert look(engine) == []
    engine.wb.queues.resume(key)
    assert look(engine) == []
    # once more resumed, it was not paused meanwhile
    resumed = f"resumed {key}"
    with engine.wb.database.write() as conn:
        earlier = int(get_meta(conn, resumed) or 0) - 11 * 60_000
        set_meta(conn, resumed, str(earlier))
    engine.wb.queues.resume(key)
    assert [a.value for a in look(engine)] == [11]


def test_each_worker_that_is_gone_is_told_once_and_one_that_was_stopped_is_not(engine: Engine) -> None:
    with Receiver() as receiver:
        engine.wb.webhooks.add(receiver.url, events=["alert.raised"], allow_private=True)
        engine.wb.alerts.add_rule("worker_gone")

        def lose(name: str, host: str, ago_ms: int) -> None:
            with engine.wb.database.write() as conn:
                seen = {"started_at": 0, "seen_at": db_now_ms() - ago_ms, "threads": 1, "busy": 0}
                conn.execute(insert(worker).values(name=name, host=host, pid=2**22 + 1, **seen))

        lose("here", socket.gethostname(), 6_000)
        [held] = look(engine, 2)
        assert (held.subject, held.value) == ("here", 1)
        engine.wb.alerts.dismiss(held.id)
        put_back(engine, HOUR_MS - 60_000)
        lose("elsewhere", "another-host", 10 * HOUR_MS)
        [held] = look(engine, 3)
        assert (held.subject, held.value) == ("elsewhere", 2)
        assert [json.loads(g.body)["data"]["alert"]["subject"] for g in receiver.got] == ["here", "elsewhere"]
        # over is what was noticed an hour ago, not what came after
        with engine.wb.database.write() as conn:
            conn.execute(update(alert).where(alert.c.subject == "here").values(held_at=alert.c.held_at - 120_000))
        [held] = look(engine)
        assert (held.subject, held.ended_at) == ("elsewhere", None)
        assert [a.subject for a in engine.wb.alerts.list() if a.ended_at is not None] == ["here"]
        put_back(engine, HOUR_MS + 1)
        assert look(engine) == []


@pytest.mark.parametrize(
    ("kind", "threshold", "given", "field"),
    [
        ("spend_day", 0, {"currency": "CNY"}, "threshold"),
        ("spend_day", 10**16, {"currency": "CNY"}, "threshold"),
        ("spend_day", 5, {"currency": "EUR"}, "currency"),
        ("spend_day", 5, {"currency": "CNY", "time_zone": "Mars/Base"}, "time_zone"),
        ("failure_share", 101, {}, "threshold"),
        ("stuck_queue", 0, {}, "threshold"),
        ("worker_gone", 3, {}, "threshold"),
        ("weather", 3, {}, "kind"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(
    engine: Engine, kind: Any, threshold: int, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        engine.wb.alerts.add_rule(kind, threshold, **given)
    assert [issue.path for issue in refused.value.issues] == [field]
    with pytest.raises(NotFound):
        engine.wb.alerts.add_rule("stuck_queue", 5, project_id=99)


def test_two_that_notice_the_same_raise_one_alert_and_a_rule_goes_with_what_it_noticed(engine: Engine) -> None:
    rule = engine.wb.alerts.add_rule("stuck_queue", 5)
    for _ in range(2):
        with engine.wb.database.write() as conn:
            writes.hold(conn, rule.id, "text", 7)
    assert [a.times for a in engine.wb.alerts.list_shown()] == [1]
    engine.wb.alerts.enable_rule(rule.id, False)
    assert engine.wb.alerts.list_shown() == []
    engine.wb.alerts.remove_rule(rule.id)
    assert engine.wb.alerts.list() == []
    for missing in (lambda: engine.wb.alerts.remove_rule(rule.id), lambda: engine.wb.alerts.dismiss(5)):
        with pytest.raises(NotFound):
            missing()


def test_every_kind_has_words_and_a_look() -> None:
    assert set(alerts.KINDS) == set(alerts.BOUNDS) == set(alerts._WATCHES)
