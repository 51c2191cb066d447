"""Messages: what is sent is what Dramatiq reads, an idle worker starts at once, and a lost Redis is survived."""

from __future__ import annotations

import logging
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import dramatiq
import pytest

from tests.conftest import Valkey, until
from workbench.broker import consumer
from workbench.broker import sender as broker
from workbench.broker.consumer import BlockingRedisBroker
from workbench.errors import Unavailable
from workbench.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.load(home=tmp_path / "home")


class Shop:
    """A worker whose one actor notes what it got; `gate` closed keeps every thread busy."""

    def __init__(self, settings: Settings, threads: int) -> None:
        self.broker: BlockingRedisBroker = consumer.make_broker(settings)
        self.got: list[tuple[int, float]] = []
        self.gate = threading.Event()
        self.gate.set()

        @dramatiq.actor(actor_name=broker.ACTOR, queue_name=broker.QUEUE, broker=self.broker)
        def run_job(job_id: int) -> None:
            self.got.append((job_id, time.perf_counter()))
            self.gate.wait(60)

        self.worker = dramatiq.Worker(self.broker, worker_threads=threads)
        self.worker.queue_prefetch = threads
        self.worker.start()

    def ids(self) -> list[int]:
        return [job_id for job_id, _ in self.got]


@pytest.fixture
def shop(settings: Settings, valkey: Valkey) -> Iterator[Shop]:
    made = Shop(settings, threads=2)
    yield made
    made.gate.set()
    made.worker.stop(timeout=10_000)


def test_a_message_is_what_dramatiq_itself_would_have_sent() -> None:
    message = dramatiq.Message.decode(broker._message("key", 42))

    assert (message.queue_name, message.actor_name, message.args, message.kwargs) == ("jobs", "run_job", (42,), {})
    assert message.options == {"redis_message_id": "key"}


def test_sending_needs_neither_dramatiq_nor_worker_code(settings: Settings, valkey: Valkey) -> None:
    code = (
        "import sys; from workbench.broker.sender import make_sender; from workbench.settings import Settings;"
        f"make_sender(Settings.load(home={str(settings.home)!r}))([1, 2]);"
        "assert not {'dramatiq', 'actors'} & set(sys.modules), 'worker code was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert broker.connect(settings).llen("reelwright:jobs") == 2


def test_what_is_sent_is_run_once_and_in_order_and_leaves_nothing(settings: Settings, shop: Shop) -> None:
    broker.make_sender(settings)(list(range(300)))

    until(lambda: len(shop.got) == 300)
    until(lambda: shop.broker.client.hlen("reelwright:jobs.msgs") == 0)
    assert sorted(shop.ids()) == list(range(300))
    assert shop.broker.client.llen("reelwright:jobs") == 0


def test_an_idle_worker_starts_within_milliseconds(settings: Settings, shop: Shop) -> None:
    send = broker.make_sender(settings)
    waits = []
    for number in range(20):
        until(lambda: shop.broker.client.hlen("reelwright:jobs.msgs") == 0)
        sent = time.perf_counter()
        send([number])
        until(lambda number=number: number in shop.ids())
        waits.append((shop.got[-1][1] - sent) * 1000)
    # 10 ms is the target; ten times that on a busy machine.
    assert statistics.median(waits) < 100


def test_a_full_worker_leaves_messages_to_others_and_takes_them_when_it_is_free(settings: Settings, shop: Shop) -> None:
    shop.gate.clear()
    broker.make_sender(settings)([1, 2, 3])
    until(lambda: len(shop.got) == 2)
    assert shop.broker.client.llen("reelwright:jobs") == 1

    shop.gate.set()

    until(lambda: len(shop.got) == 3)


def test_a_full_worker_still_shows_that_it_lives(settings: Settings, shop: Shop) -> None:
    shop.gate.clear()
    broker.make_sender(settings)([1, 2])
    until(lambda: len(shop.got) == 2)

    def heartbeat() -> float:
        return float(shop.broker.client.zscore("reelwright:__heartbeats__", shop.broker.broker_id) or 0)

    before = heartbeat()
    until(lambda: heartbeat() > before, what="another heartbeat")


def test_a_worker_outlives_its_redis_and_says_so_once(
    settings: Settings, shop: Shop, valkey: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    send = broker.make_sender(settings)
    shop.gate.clear()
    send([1])
    until(lambda: shop.ids() == [1])

    with caplog.at_level(logging.WARNING):
        valkey.kill()
        shop.gate.set()  # its acknowledgement meets no server
        with pytest.raises(Unavailable):
            send([2])
        valkey.start()
        send([3])
        until(lambda: 3 in shop.ids())

    assert shop.ids() == [1, 3]
    assert sum("connection error" in r.getMessage() for r in caplog.records) <= 1


def test_sending_without_a_server_fails_at_once(settings: Settings) -> None:
    began = time.monotonic()
    with pytest.raises(Unavailable, match="cannot be reached"):
        broker.make_sender(settings)([1])
    # not after the minutes of a client that goes on trying
    assert time.monotonic() - began < 100


def test_the_epoch_changes_exactly_when_the_servers_data_is_lost(settings: Settings, valkey: Valkey) -> None:
    sender = broker.make_sender(settings)
    first = broker.epoch(sender)
    assert broker.epoch(sender) == first

    sender.client.flushall()

    assert broker.epoch(sender) != first
