"""Webhooks: told once for each happening, until somebody takes it; signed; nowhere they may not go. On both
databases."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, insert, select, text, update
from standardwebhooks import Webhook

from tests.conftest import PATIENCE, until
from tests.engine.conftest import Engine
from tests.receiver import Receiver
from tests.scripted_provider import ScriptedProvider
from workbench.db.connection import db_now_ms
from workbench.db.reads import webhooks as reads
from workbench.db.rows.webhooks import NewWebhook
from workbench.db.schema import job, webhook, webhook_delivery
from workbench.db.writes import waits
from workbench.db.writes import webhooks as writes
from workbench.errors import InvalidInput, NotAllowed, NotFound
from workbench.i18n import Text
from workbench.webhooks import delivery as sending
from workbench.webhooks.events import EVENTS
from workbench.webhooks.formats import request_of


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def add(engine: Engine, receiver: Receiver, *events: str, **given: Any) -> NewWebhook:
    return engine.wb.webhooks.add(receiver.url, events=events or list(EVENTS), allow_private=True, **given)


def told(engine: Engine) -> list[tuple[str, str]]:
    """(event, state) of every delivery, oldest first."""
    return [(d.event, d.state) for d in reversed(engine.wb.webhooks.list_deliveries())]


def due_now(engine: Engine) -> None:
    with engine.wb.database.write() as conn:
        conn.execute(update(webhook_delivery).values(next_at=db_now_ms()))


def test_a_failure_is_told_signed_with_what_happened_and_what_to_do(
    engine: Engine, receiver: Receiver, project: int
) -> None:
    hook = add(engine, receiver, page_url="http://127.0.0.1:8501")
    failed = engine.finish(engine.wb.submit("test_fail", project, {"kind": "auth"}).id)
    engine.worker.maintain()

    [got] = receiver.got
    payload = Webhook(hook.secret).verify(got.body, got.headers)
    assert payload["type"] == "job.failed"
    assert payload["data"]["job"]["id"] == failed.id
    assert payload["data"]["job"]["error_kind"] == "auth"
    assert payload["data"]["project"] == "The Salt Lighthouse"
    # its own calls, and those of its children if it has any
    assert set(payload["data"]["spending"]) == {"calls", "tokens", "cost", "unpriced"}
    assert payload["url"] == f"http://127.0.0.1:8501/job?id={failed.id}"
    assert payload["text"] == (
        "Fail · The Salt Lighthouse failed: the service said auth\nPaste the key again, without “Bearer” or spaces."
    )
    assert "params" not in payload["data"]["job"]
    assert got.path == "/hooks/T0AC-secret-path"
    assert told(engine) == [("job.failed", "delivered")]


def test_each_end_of_a_job_is_told_once_and_its_children_are_not_told(
    engine: Engine, receiver: Receiver, project: int
) -> None:
    add(engine, receiver)
    done = engine.finish(engine.wb.submit("test_tell", project).id)
    queued = engine.wb.submit("test_tell", project, {"about": "a second"})
    engine.wb.jobs.cancel([queued.id])
    batch = engine.finish(engine.wb.submit("test_batch", project, {"kinds": ["test_child_good", "test_child_bad"]}).id)
    for _ in range(3):
        engine.worker.maintain()

    assert batch.state == "partial"
    heard = [(json.loads(g.body)["type"], json.loads(g.body)["data"]["job"]["id"]) for g in receiver.got]
    assert sorted(heard) == sorted(
        [("job.succeeded", done.id), ("job.cancelled", queued.id), ("job.partial", batch.id)]
    )


def test_nothing_is_marked_while_there_is_no_webhook(engine: Engine, receiver: Receiver, project: int) -> None:
    engine.finish(engine.wb.submit("test_tell", project).id)
    hook = add(engine, receiver)
    engine.wb.webhooks.enable(hook.id, False)
    engine.finish(engine.wb.submit("test_tell", project, {"about": "a second"}).id)
    engine.wb.webhooks.enable(hook.id, True)
    engine.worker.maintain()
    assert told(engine) == []
    assert receiver.got == []


def test_only_what_a_webhook_listens_to_and_only_of_its_project_is_told(
    engine: Engine, receiver: Receiver, project: int
) -> None:
    add(engine, receiver, "job.failed", project_id=project)
    other = engine.wb.create_project(
        {"title": "Another", "language": "en", "summary": "Elsewhere.", "style": {"preset": "anime"}}
    )
    for node, kind, params in [
        (project, "test_tell", {}),
        (other, "test_fail", {"kind": "auth"}),
        (project, "test_fail", {"kind": "auth"}),
    ]:
        engine.finish(engine.wb.submit(kind, node, params).id)
    engine.worker.maintain()
    assert [json.loads(g.body)["data"]["project"] for g in receiver.got] == ["The Salt Lighthouse"]


def test_a_receiver_that_is_down_is_tried_again_with_the_same_id_until_it_takes_it(
    engine: Engine, receiver: Receiver, project: int
) -> None:
    add(engine, receiver)
    receiver.answers = [(503, b"later"), (500, b"not yet")]
    engine.finish(engine.wb.submit("test_tell", project).id)
    for _ in range(3):
        engine.worker.maintain()
        due_now(engine)
    engine.worker.maintain()
    assert len(receiver.got) == 3
    assert len({g.headers["webhook-id"] for g in receiver.got}) == 1
    [delivery] = engine.wb.webhooks.list_deliveries()
    assert (delivery.state, delivery.tries, delivery.status, delivery.error) == ("delivered", 3, 200, None)


@pytest.mark.parametrize(("said", "wait_s"), [("120", 120), ("3", 5), ("999999999", 6 * 3600), ("soon", 5)])
def test_a_receiver_can_ask_for_a_later_try_within_reason(
    engine: Engine, receiver: Receiver, project: int, said: str, wait_s: int
) -> None:
    add(engine, receiver)
    receiver.answers, receiver.headers = [(429, b"busy")], {"Retry-After": said}
    engine.finish(engine.wb.submit("test_tell", project).id)
    engine.worker.maintain()
    with engine.wb.database.read() as conn:
        left_ms = conn.execute(select(webhook_delivery.c.next_at - db_now_ms())).scalar_one()
    assert wait_s * 1000 - 5_000 < left_ms <= wait_s * 1000


def test_the_next_try_is_not_before_its_time_and_the_last_one_gives_up(
    engine: Engine, receiver: Receiver, project: int
) -> None:
    add(engine, receiver)
    receiver.answers = [(500, b"no")] * 20
    engine.finish(engine.wb.submit("test_tell", project).id)
    for _ in range(3):
        engine.worker.maintain()
    assert len(receiver.got) == 1
    for _ in sending.PAUSES_S:
        due_now(engine)
        engine.worker.maintain()
    [delivery] = engine.wb.webhooks.list_deliveries()
    assert (delivery.state, delivery.status) == ("failed", 500)
    assert delivery.error == "The receiver answered 500: no"
    assert len(receiver.got) == len(sending.PAUSES_S) + 1
    receiver.answers = []
    engine.wb.webhooks.send_again(delivery.id)
    with pytest.raises(NotAllowed):
        engine.wb.webhooks.send_again(delivery.id)
    engine.worker.maintain()
    assert told(engine) == [("job.succeeded", "delivered")]


def test_a_try_whose_worker_died_is_made_again(engine: Engine, receiver: Receiver, project: int) -> None:
    add(engine, receiver)
    job = engine.wb.submit("test_tell", project)
    engine.deliver()
    engine.worker._webhooks._record_job_events()  # type: ignore[attr-defined]
    with engine.wb.database.write() as conn:
        [row] = engine.wb.webhooks.list_deliveries()
        assert writes.take(conn, row, sending.LEASE_MS)  # taken, then nothing is heard of it
        assert not writes.take(conn, row, sending.LEASE_MS)
    engine.worker.maintain()
    assert receiver.got == []
    due_now(engine)
    engine.worker.maintain()
    assert [json.loads(g.body)["data"]["job"]["id"] for g in receiver.got] == [job.id]


def test_several_workers_tell_each_thing_once(engine: Engine, receiver: Receiver, project: int) -> None:
    add(engine, receiver)
    for number in range(12):
        engine.wb.submit("test_tell", project, {"about": f"part {number}"})
    while engine.deliver():
        engine.wb.jobs._dispatcher.kick()
    senders = [sending.WebhookSender(engine.wb.database, engine.wb.webhooks.address_of) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            list(pool.map(lambda one: one.run_once(), senders))
    assert len(receiver.got) == 12
    assert told(engine) == [("job.succeeded", "delivered")] * 12


def test_a_receiver_that_is_gone_for_good_is_left_alone(engine: Engine, receiver: Receiver, project: int) -> None:
    hook = add(engine, receiver)
    receiver.answers = [(410, b"")]
    engine.finish(engine.wb.submit("test_tell", project).id)
    engine.worker.maintain()
    assert told(engine) == [("job.succeeded", "failed")]
    assert [h.enabled for h in engine.wb.webhooks.list() if h.id == hook.id] == [False]


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/x", "http://10.0.0.7/x", "http://[::1]/x", "http://localhost/x"])
def test_an_address_of_ones_own_network_is_told_when_it_is_typed(engine: Engine, url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        engine.wb.webhooks.add(url)
    assert [i.path for i in refused.value.issues] == ["url"]
    assert engine.wb.webhooks.add(url, allow_private=True).id


def test_a_redirect_is_not_followed_and_no_private_address_is_called_unless_it_is_allowed(
    engine: Engine, receiver: Receiver, project: int
) -> None:
    hook = add(engine, receiver, "job.succeeded")
    with engine.wb.database.write() as conn:
        conn.execute(update(webhook).where(webhook.c.id == hook.id).values(allow_private=False))
    tried = engine.wb.webhooks.send_test(hook.id)
    assert tried.state == "failed"
    assert "its host 127.0.0.1 is no public address" in tried.error
    assert receiver.got == []
    allowed = add(engine, receiver)
    with Receiver() as elsewhere:
        receiver.answers, receiver.headers = [(302, b"")], {"location": elsewhere.url}
        assert engine.wb.webhooks.send_test(allowed.id).error == "The receiver answered 302: —"
        assert elsewhere.got == []


GREETING = "Reelwright · Reelwright can tell you things here."
#: what each chat wants, and how it refuses with 200
CHATS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "feishu": (
        {"msg_type": "text", "content": {"text": GREETING}},
        {"code": 19001, "msg": "incoming webhook access token invalid"},
    ),
    "dingtalk": (
        {"msgtype": "text", "text": {"content": GREETING}},
        {"errcode": 310000, "errmsg": "keywords not in content"},
    ),
    "wecom": ({"msgtype": "text", "text": {"content": GREETING}}, {"errcode": 93000, "errmsg": "invalid webhook url"}),
    "slack": ({"text": GREETING}, {}),
}


def test_a_chat_gets_one_sentence_and_its_refusal_with_200_is_seen(engine: Engine, receiver: Receiver) -> None:
    for form, (body, refusal) in CHATS.items():
        hook = add(engine, receiver, form=form)
        receiver.answers = [(200, b'{"code": 0, "errcode": 0, "msg": "success"}' if refusal else b"ok")]
        assert engine.wb.webhooks.send_test(hook.id).state == "delivered", form
        assert json.loads(receiver.got[-1].body) == body
        assert "webhook-signature" not in receiver.got[-1].headers
        if refusal:
            receiver.answers = [(200, json.dumps(refusal).encode())]
            tried = engine.wb.webhooks.send_test(hook.id)
            assert tried.state == "failed", form
            assert str(refusal.get("msg") or refusal.get("errmsg")) in tried.error


def test_what_is_told_is_in_the_language_of_the_webhook(engine: Engine, receiver: Receiver, project: int) -> None:
    add(engine, receiver, form="feishu", lang="zh")
    engine.finish(engine.wb.submit("test_fail", project, {"kind": "auth"}).id)
    engine.worker.maintain()
    assert "失败" in json.loads(receiver.got[0].body)["content"]["text"]


def test_a_budget_is_told_of_at_each_mark_once_and_a_job_that_waits_for_it(
    engine: Engine, receiver: Receiver, project: int, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BUDGETS_EVERY_S", 0.0)
    price = {"*": {"currency": "CNY", "input": 1_000_000, "output": 0}}  # a yuan a token
    engine.wb.profiles.add(
        "mine",
        "openai",
        base_url=provider.url,
        text_model="m",
        key="sk-canary0123456789abcdef",
        params={"prices": price},
    )
    provider.script(default={"usage": {"prompt_tokens": 85, "completion_tokens": 1, "total_tokens": 86}})
    add(engine, receiver, "job.waiting", "budget.warning", "budget.reached")
    engine.wb.budgets.set(100_000_000, project_id=project)

    def heard() -> list[tuple[str, Any]]:
        bodies = [json.loads(g.body) for g in receiver.got]
        return [(b["type"], b["data"].get("budget", {}).get("mark")) for b in bodies]

    job = engine.wb.submit("test_tell", project, {"steps": 3}, profile="mine")
    for _ in range(6):
        engine.deliver()
        engine.worker.maintain()
    assert engine.wb.jobs.get(job.id).waiting_for == "budget"
    assert sorted(heard()) == [("budget.reached", 100), ("job.waiting", None)]
    engine.wb.budgets.set(200_000_000, project_id=project)
    engine.worker.maintain()
    assert sorted(heard()) == [("budget.reached", 100), ("budget.warning", 80), ("job.waiting", None)]
    said = json.loads(receiver.got[-1].body)["text"]
    assert said == "The Salt Lighthouse: 85 % of the budget is used: 170.00 of 200.00 CNY (this project, this month)."


def test_a_wait_for_calls_under_way_asks_nobody(engine: Engine, receiver: Receiver, provider: ScriptedProvider) -> None:
    """It ends by itself; each round of a crowd would tell of each job anew."""
    engine.wb.profiles.add(
        "mine", "openai", base_url=provider.url, text_model="m", key="sk-canary0123456789abcdef",
        params={"prices": {"*": {"currency": "CNY", "input": 1, "output": 1}}},
    )  # fmt: skip
    add(engine, receiver, "job.waiting")
    engine.wb.budgets.set(1_000)
    provider.script(default={"delay_ms": 300})
    ids = [engine.wb.submit("test_tell", None, {"about": f"story {n}"}, profile="mine").id for n in range(3)]
    threads = [threading.Thread(target=engine.worker.run, args=(i,)) for i in ids]
    for thread in threads:
        thread.start()
    until(lambda: [engine.wb.jobs.get(i).waiting_for for i in ids].count("budget") == 2, 10, "the others' wait")
    engine.worker.maintain()
    for thread in threads:
        thread.join()
    assert {engine.finish(i).state for i in ids} == {"succeeded"}
    assert told(engine) == []


def test_the_address_and_the_secret_are_sealed_and_survive_another_master_key(
    engine: Engine, receiver: Receiver
) -> None:
    hook = add(engine, receiver)
    before = engine.wb.webhooks.list()
    assert hook.secret not in json.dumps([row.as_json() for row in before])
    assert "T0AC-secret-path" not in json.dumps([row.as_json() for row in before])
    assert engine.wb.profiles.rotate_keys().keys == 1
    assert engine.wb.webhooks.send_test(hook.id).state == "delivered"
    got = receiver.got[-1]
    assert Webhook(hook.secret).verify(got.body, got.headers)["type"] == "test"
    database = engine.wb.settings.environment.home / "reelwright.db"
    if database.exists():
        kept = b"".join(path.read_bytes() for path in database.parent.glob("reelwright.db*"))
        assert b"T0AC-secret-path" not in kept
        assert hook.secret.encode() not in kept


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"url": "ftp://example.com/x"}, "url"),
    ({"url": "https://me:pass@example.com/x"}, "url"),
    ({"url": "https://exa mple.com/x"}, "url"),
    ({"url": "https://example.com:port/"}, "url"),
    ({"form": "fax"}, "form"),
    ({"events": []}, "events"),
    ({"events": ["job.moved"]}, "events"),
    ({"secret": "short"}, "secret"),
    ({"lang": "fr"}, "lang"),
    ({"page_url": "javascript:alert(1)"}, "page_url"),
]


def test_what_is_wrong_is_named_by_its_field(engine: Engine) -> None:
    for given, field in WRONG:
        values: dict[str, Any] = {"url": "https://example.com/x", **given}
        with pytest.raises(InvalidInput) as refused:
            engine.wb.webhooks.add(values.pop("url"), **values)
        assert [i.path for i in refused.value.issues] == [field], given
    assert engine.wb.webhooks.list() == []


def test_what_is_not_there_is_said(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.wb.webhooks.add("https://example.com/x", project_id=4711)
    for asked in (engine.wb.webhooks.remove, engine.wb.webhooks.send_test, engine.wb.webhooks.send_again):
        with pytest.raises(NotFound):
            asked(4711)


def test_a_removed_webhook_is_told_nothing_more(engine: Engine, receiver: Receiver, project: int) -> None:
    hook = add(engine, receiver)
    receiver.answers = [(500, b"")]
    engine.finish(engine.wb.submit("test_tell", project).id)
    engine.worker.maintain()
    engine.wb.webhooks.remove(hook.id)
    due_now(engine)
    engine.worker.maintain()
    assert len(receiver.got) == 1
    assert told(engine) == [("job.succeeded", "failed")]
    assert engine.wb.webhooks.list() == []


class Silent:
    """Takes connections, says at most `answer`, and then nothing more."""

    def __init__(self, answer: bytes = b"") -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/silence"

    def __enter__(self) -> Silent:
        threading.Thread(target=self._take, daemon=True).start()
        return self

    @property
    def heard(self) -> int:
        return len(self._open)

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                if self._answer:
                    connection.recv(65_536)
                    connection.sendall(self._answer)
                self._open.append(connection)

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()


def pile(engine: Engine, hook: NewWebhook, number: int) -> None:
    """So many deliveries that are due."""
    with engine.wb.database.write() as conn:
        for n in range(number):
            assert writes.put(conn, hook.id, "job.failed", f"piled:{n}", {"text": "Old news.", "url": None})


def test_a_receiver_that_never_answers_holds_up_no_other(engine: Engine, receiver: Receiver, project: int) -> None:
    healthy = add(engine, receiver)
    with ThreadPoolExecutor(1) as pool:
        with Silent() as silent:
            dead = engine.wb.webhooks.add(silent.url, events=["job.failed"], allow_private=True)
            pile(engine, dead, 40)
            round_ = pool.submit(engine.worker._webhooks.run_once)
            until(lambda: silent.heard > 0, what="a first try at the silent one")
            pile(engine, healthy, 10)
            engine.wb.submit("test_tell", project)
            engine.deliver()
            until(
                lambda: len(receiver.got) == 11,
                sending.DEADLINE_S * 0.8,
                "what was due, and the end of a job meanwhile",
            )
        round_.result(timeout=PATIENCE)


def test_what_goes_wrong_in_one_try_leaves_the_others_alone(
    engine: Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = add(engine, receiver)
    pile(engine, hook, 8)
    settle = sending.record_outcome

    def failing(conn: Any, row: Any, outcome: Any) -> None:
        if row["event_key"] == "piled:0":
            raise RuntimeError("the database went away")
        settle(conn, row, outcome)

    monkeypatch.setattr(sending, "record_outcome", failing)
    engine.worker._webhooks.run_once()
    assert sorted(state for _, state in told(engine)) == ["delivered"] * 7 + ["pending"]


def test_a_try_that_fails_in_a_way_of_its_own_is_written_down(
    engine: Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = add(engine, receiver)

    def broken(*_: Any) -> Any:
        raise KeyError("payload")

    monkeypatch.setattr(sending, "request_of", broken)
    tried = engine.wb.webhooks.send_test(hook.id)
    assert (tried.state, tried.error) == (
        "failed", "The address cannot be called: the connection failed (KeyError).",
    )  # fmt: skip


def test_an_answer_is_shown_without_the_address_and_without_what_no_database_takes(
    engine: Engine, receiver: Receiver
) -> None:
    hook = add(engine, receiver, form="feishu")
    secret = receiver.url.rpartition("/")[2]
    for status, answer, shown in [
        (500, b"no\0pe\r\n  twice", "The receiver answered 500: no pe twice"),
        (404, b"Cannot POST /hooks/T0AC-secret-path", "The receiver answered 404: Cannot POST [hidden key]"),
        (403, f"token {secret} is unknown".encode(), "The receiver answered 403: token [hidden key] is unknown"),
        (400, b"-" * 190 + receiver.url.encode(), f"The receiver answered 400: {'-' * 190}[hidden ke"),
        (200, b'{"code": 9, "msg": "a\\u0000b T0AC-secret-path"}', "The receiver answered 200: 9 a b [hidden key]"),
        (200, b'{"code": 9, "msg": "' + b"x" * 1900 + b'"}', f"The receiver answered 200: 9 {'x' * 198}"),
    ]:
        receiver.answers = [(status, answer)]
        assert engine.wb.webhooks.send_test(hook.id).error == shown


def test_a_taken_message_is_taken_though_its_answer_never_ends(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "DEADLINE_S", 1.0)
    with Silent(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nright, just a") as slow:
        hook = engine.wb.webhooks.add(slow.url, allow_private=True)
        assert engine.wb.webhooks.send_test(hook.id).state == "delivered"


def test_a_greeting_that_is_not_wanted_for_good_switches_off_too(engine: Engine, receiver: Receiver) -> None:
    hook = add(engine, receiver)
    receiver.answers = [(410, b"")]
    assert "410" in engine.wb.webhooks.send_test(hook.id).error
    assert [h.enabled for h in engine.wb.webhooks.list()] == [False]


def test_a_budget_mark_is_not_told_again_when_its_delivery_is_forgotten_but_for_another_currency(
    engine: Engine, receiver: Receiver, project: int, provider: ScriptedProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BUDGETS_EVERY_S", 0.0)
    prices = {"prices": {"*": {"currency": "CNY", "input": 1_000_000, "output": 0}}}  # a yuan a token
    engine.wb.profiles.add(
        "mine", "openai", base_url=provider.url, text_model="m", key="sk-canary0123456789", params=prices
    )
    provider.script(default={"usage": {"prompt_tokens": 200, "completion_tokens": 1, "total_tokens": 201}})
    engine.finish(engine.wb.submit("test_tell", project, profile="mine").id)
    add(engine, receiver, "budget.reached")

    def told_in() -> list[str]:
        engine.worker.maintain()
        return [json.loads(g.body)["data"]["budget"]["currency"] for g in receiver.got]

    engine.wb.budgets.set(20_000_000, project_id=project, period="all")
    assert told_in() == ["CNY"]
    with engine.wb.database.write() as conn:
        conn.execute(update(webhook_delivery).values(ended_at=db_now_ms() - 2 * sending.RETENTION_MS))
    engine.worker._webhooks.prune()
    assert told_in() == ["CNY"]
    engine.wb.budgets.set(20_000_000, project_id=project, period="all", currency="USD")
    assert told_in() == ["CNY", "USD"]


def test_what_is_long_past_is_forgotten(engine: Engine, receiver: Receiver) -> None:
    hook = add(engine, receiver)
    pile(engine, hook, 2)
    engine.worker.maintain()
    with engine.wb.database.write() as conn:
        first = select(webhook_delivery.c.id).order_by(webhook_delivery.c.id).limit(1).scalar_subquery()
        old = update(webhook_delivery).where(webhook_delivery.c.id == first)
        conn.execute(old.values(ended_at=db_now_ms() - 2 * sending.RETENTION_MS))
    engine.worker._webhooks.prune()
    assert [d.event_key for d in engine.wb.webhooks.list_deliveries()] == ["piled:1"]


def test_many_that_wait_for_one_budget_are_one_message_and_each_decision_is_its_own(
    engine: Engine, receiver: Receiver, project: int
) -> None:
    add(engine, receiver, "job.waiting")
    plan, *parts = [engine.wb.submit("test_tell", project, {"about": f"part {n}"}).id for n in range(5)]

    def wait(ids: list[int], waiting_for: str) -> list[int]:
        with engine.wb.database.write() as conn:
            conn.execute(update(job).where(job.c.id.in_(ids)).values(parent_id=plan, claim=job.c.claim + 1))
            for one in ids:
                waits.put_waiting(conn, one, waiting_for, Text("It is used up."), asks=True)
        receiver.got.clear()
        engine.worker._webhooks.run_once()
        return sorted(json.loads(g.body)["data"]["job"]["id"] for g in receiver.got)

    assert len(wait(parts, "budget")) == 1
    assert wait(parts, "budget") == []  # woken, and none too soon
    assert wait(parts, "decision") == parts
    assert wait(parts[:1], "decision") == parts[:1]


def test_a_title_is_said_in_the_language_of_the_webhook_and_calls_nobody(engine: Engine, receiver: Receiver) -> None:
    given = {"language": "zh", "summary": "灯灭了。", "style": {"preset": "ink_wash"}}
    named = engine.wb.create_project({"title": '<!channel> & <at user_id="all">', **given})
    add(engine, receiver, form="slack")
    add(engine, receiver, form="feishu", lang="zh")
    made = engine.wb.submit("test_fail", named, {"kind": "auth"}).id
    with engine.wb.database.write() as conn:
        title = Text("{kind} · {place}", kind=Text("Nine-shot plan"), place="守夜")
        conn.execute(update(job).where(job.c.id == made).values(title=str(title), title_i18n=title.to_json()))
    engine.deliver()
    engine.worker.maintain()
    slack, feishu = sorted((json.loads(g.body) for g in receiver.got), key=lambda b: "msg_type" in b)
    assert slack["text"].startswith(
        'Reelwright · &lt;!channel&gt; &amp; &lt;at user_id="all"&gt;: Nine-shot plan · 守夜 failed: the '
        "service said auth\n"
    )
    said = feishu["content"]["text"]
    assert "<at" not in said
    assert "九镜头方案 · 守夜" in said


def test_a_long_sentence_fits_and_keeps_its_link() -> None:
    link = "http://127.0.0.1:8501/job?id=7"
    for form, path in [("wecom", ("text", "content")), ("slack", ("text",)), ("feishu", ("content", "text"))]:
        body, _ = request_of(form, {"text": "灯" * 3000, "url": link}, "msg_1", "")
        said = json.loads(body)
        for name in path:
            said = said[name]
        assert len(said.encode()) <= 2048, form
        assert said.startswith("Reelwright · 灯灯")
        assert said.endswith(f"…\n{link}")


def test_a_removed_webhook_keeps_no_address_and_stands_in_no_rotations_way(engine: Engine, receiver: Receiver) -> None:
    lost, kept = add(engine, receiver), add(engine, receiver)
    with engine.wb.database.write() as conn:
        conn.execute(update(webhook).where(webhook.c.id == lost.id).values(key_id="another"))
    tried = engine.wb.webhooks.send_test(lost.id)
    assert (tried.state, "another master key" in tried.error) == ("failed", True)
    engine.wb.webhooks.remove(lost.id)
    with engine.wb.database.read() as conn:
        gone = conn.execute(select(webhook).where(webhook.c.id == lost.id)).mappings().one()
    assert (gone["url_ciphertext"], gone["secret_ciphertext"]) == ("", "")
    engine.wb.webhooks.remember()
    assert engine.wb.profiles.rotate_keys().keys == 1
    assert engine.wb.webhooks.send_test(kept.id).state == "delivered"


def test_noticing_waits_for_nobody_who_ends_jobs(engine: Engine, receiver: Receiver, project: int) -> None:
    if engine.wb.settings.environment.is_sqlite:
        pytest.skip("there is one writer at a time")
    add(engine, receiver)
    low, high = (engine.wb.submit("test_tell", project, {"about": f"part {n}"}).id for n in range(2))
    with engine.wb.database.write() as conn:
        conn.execute(update(job).values(untold=True, state="failed"))

    def take() -> list[int]:
        with engine.wb.database.write() as conn:
            return [row.id for row in writes.take_pending_jobs(conn, [low, high])]

    with ThreadPoolExecutor(1) as pool, engine.wb.database.write() as ending:
        # jobs are locked in falling order
        ending.execute(select(job.c.id).where(job.c.id == high).with_for_update(key_share=True))
        assert pool.submit(take).result(timeout=PATIENCE) == [low]
        ending.execute(select(job.c.id).where(job.c.id == low).with_for_update(key_share=True))
    assert take() == [high]


def test_a_webhook_is_removed_while_its_receiver_says_that_it_is_gone(engine: Engine, receiver: Receiver) -> None:
    if engine.wb.settings.environment.is_sqlite:
        pytest.skip("there is one writer at a time")
    hook = add(engine, receiver)
    pile(engine, hook, 1)
    [row] = engine.wb.webhooks.list_deliveries()

    def settle() -> None:
        with engine.wb.database.write() as conn:
            sending.record_outcome(conn, row, sending.Outcome(sending.GONE, Text("It is gone."), final=True))

    def waits() -> bool:
        with engine.wb.database.read() as conn:
            return bool(conn.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())

    with ThreadPoolExecutor(1) as pool:
        with engine.wb.database.write() as removing:
            writes.change(removing, hook.id, enabled=False)
            settled = pool.submit(settle)
            until(waits, what="the one that waits for the other")
            writes.archive(removing, hook.id)
        settled.result(timeout=PATIENCE)
    assert told(engine) == [("job.failed", "failed")]


def test_looking_for_untold_jobs_reads_no_whole_table(engine: Engine, project: int) -> None:
    seen: list[tuple[str, Any]] = []
    engine.wb.submit("test_tell", project)
    with engine.wb.database.write() as conn:
        row = dict(conn.execute(select(job)).mappings().one()) | {"submit_key": None, "untold": False}
        conn.execute(insert(job), [{k: v for k, v in row.items() if k != "id"}] * 500)
        if not engine.wb.settings.environment.is_sqlite:
            conn.execute(text("ANALYZE job"))
    with engine.wb.database.read() as conn:
        note = lambda c, cursor, statement, parameters, *_: seen.append((statement, parameters))  # noqa: E731
        event.listen(conn, "before_cursor_execute", note)
        reads.jobs_with_pending_webhooks(conn, 200)
        event.remove(conn, "before_cursor_execute", note)
        [(statement, parameters)] = seen
        explain = "EXPLAIN QUERY PLAN " if engine.wb.settings.environment.is_sqlite else "EXPLAIN "
        plan = str(conn.exec_driver_sql(explain + statement, parameters).all())
    assert "ix_job_untold" in plan, plan
