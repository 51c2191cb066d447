"""Dramatiq's Redis broker without its sleeps.

The stock consumer polls, backing off to a second both when the queue is empty and when its prefetch is full. This one
blocks instead: on the empty queue in Redis, and on an event that each finished message sets. Either wait ends after
`IDLE_TIMEOUT_MS`, so a wake-up that gets lost costs that much and correctness never depends on it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import dramatiq.worker
import redis
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.errors import ConnectionClosed

from workbench.broker.sender import HEARTBEAT_TIMEOUT_MS, IDLE_TIMEOUT_MS, NAMESPACE, QUEUE, connect
from workbench.settings import Settings

#: seconds between two log lines about the same lost connection
_REPEAT_AFTER_S = 60


def make_broker(settings: Settings) -> BlockingRedisBroker:
    """The workers' Dramatiq broker; its queue is declared, its actors are not."""
    return BlockingRedisBroker(connect(settings))


class BlockingRedisBroker(RedisBroker):
    """One queue, no delay queue, no middleware of its own.

    Left out on purpose: Retries (the engine alone decides, by SQL), AgeLimit (it dead-letters waiting messages),
    ShutdownNotifications and TimeLimit (neither reaches a thread inside `asyncio.run`; deadlines are asyncio's).
    """

    def __init__(self, client: redis.Redis, middleware: list[Any] | None = None) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            client=client,
            middleware=middleware or [],
            namespace=NAMESPACE,
            heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
            # Every fetch looks for messages of dead workers: a fetch is a second apart when idle.
            maintenance_chance=1_000_000,
        )
        #: messages that were done while Redis was away; acknowledged when it is back
        self.owed: list[str] = []
        _quieten()
        self.declare_queue(QUEUE)

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        return BlockingConsumer

    def declare_queue(self, queue_name: str) -> None:
        # The stock method also starts a second consumer for delayed messages, and nothing here is ever delayed.
        if queue_name not in self.queues:
            self.queues.add(queue_name)
            self.emit_after("declare_queue", queue_name)

    def renew_heartbeat(self) -> None:
        """Renew this process's heartbeat, which otherwise only fetching and acknowledging do."""
        self.client.zadd(f"{self.namespace}:__heartbeats__", {self.broker_id: int(time.time() * 1000)})


class BlockingConsumer(_RedisConsumer):
    """Fetches what its threads can take, and otherwise blocks."""

    broker: BlockingRedisBroker

    def __init__(self, broker: BlockingRedisBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)  # type: ignore[no-untyped-call]
        self.queue_key = f"{broker.namespace}:{queue_name}"
        self.wait_s = min(timeout, IDLE_TIMEOUT_MS) / 1000
        self.freed = threading.Event()

    def ack(self, message: MessageProxy) -> None:
        self._settle(message, super().ack)

    def nack(self, message: MessageProxy) -> None:
        self._settle(message, super().nack)

    def __next__(self) -> MessageProxy | None:
        if not self.message_cache:
            try:
                self._settle_owed()
                self._refill()
            except redis.RedisError as error:
                # away, full, or by now a replica: a new start in a moment finds out
                raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
        while self.message_cache:
            data = self.message_cache.pop(0)
            # None: the id outlived its message, as after a purge between the two.
            if data is not None:
                message = dramatiq.Message.decode(data)
                self.queued_message_ids.add(message.message_id)
                return MessageProxy(message)
        return None

    def _refill(self) -> None:
        # Cleared before the look, so that a message finished in between is not missed.
        self.freed.clear()
        room = self.prefetch - self.outstanding_message_count
        if room <= 0:
            if not self.freed.wait(self.wait_s):
                self.broker.renew_heartbeat()
            return
        self.message_cache = self.broker.do_fetch(self.queue_name, room)
        # A move from the list's end to the same end changes nothing: a peek that blocks until there is something.
        if not self.message_cache and self.broker.client.execute_command(
            "BLMOVE", self.queue_key, self.queue_key, "RIGHT", "RIGHT", self.wait_s
        ):
            self.message_cache = self.broker.do_fetch(self.queue_name, room)

    def _settle(self, message: MessageProxy, stock: Any) -> None:
        try:
            stock(message)
        except (ConnectionClosed, redis.RedisError):
            # Raising would park this worker thread in a retry loop until Redis is back. The job's row is already
            # right; a message delivered again is answered by its claim.
            self.broker.owed.append(message.options["redis_message_id"])
        finally:
            self.freed.set()

    def _settle_owed(self) -> None:
        while self.broker.owed:
            self.broker.do_ack(self.queue_name, self.broker.owed[-1])
            self.broker.owed.pop()


class _OnceAWhile(logging.Filter):
    """Lets the same complaint through once a minute: Redis away for an hour is one fact, not ten thousand lines."""

    def __init__(self) -> None:
        super().__init__()
        self.last_logged: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self.last_logged.get(record.msg, -_REPEAT_AFTER_S) < _REPEAT_AFTER_S:
            return False
        self.last_logged[record.msg] = now
        return True


def _quieten() -> None:
    # Back in half a second when Redis is: three seconds without jobs after a 0.1 s restart would be our own outage.
    dramatiq.worker.CONSUMER_RESTART_DELAY_SECS = 0.5
    logger = logging.getLogger(f"dramatiq.worker.ConsumerThread({QUEUE})")
    if not any(isinstance(f, _OnceAWhile) for f in logger.filters):
        logger.addFilter(_OnceAWhile())
