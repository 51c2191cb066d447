"""The way to the workers: Redis or Valkey carries "job 42 is ready" and nothing else.

Losing every message costs seconds, since the job table is the truth. `send` writes the message by the
actor's name, so a page or a command can submit without importing Dramatiq or any worker code.
"""

from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from workbench.errors import Unavailable
from workbench.i18n import Text
from workbench.settings import Settings

if TYPE_CHECKING:
    import redis

QUEUE = "jobs"
ACTOR = "run_job"
NAMESPACE = "reelwright"
#: set once per life of the server's data; another value means that every message was lost
EPOCH_KEY = f"{NAMESPACE}:epoch"

#: a worker is taken for dead, and its messages for another's, after this long without a sign of life
HEARTBEAT_TIMEOUT_MS = 10_000
#: how long an idle consumer blocks; also the longest it needs to notice that it should stop
IDLE_TIMEOUT_MS = 1_000


class HasClient(Protocol):
    """What `send` needs: a Sender, or the workers' own broker."""

    @property
    def client(self) -> redis.Redis: ...


class Sender:
    """Rings for jobs; connects on first use. Pages, commands and the engine's dispatcher hold one."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @functools.cached_property
    def client(self) -> redis.Redis:
        return connect(self._settings)

    def __call__(self, job_ids: Sequence[int]) -> None:
        send(self, job_ids)


def connect(settings: Settings) -> redis.Redis:
    """A client that fails within a second or two when the server is away, and survives one restart of it per call."""
    # Imported here and below: a command that only asks must not pay a quarter of a second for it.
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return redis.Redis.from_url(
        settings.broker_url,
        socket_connect_timeout=1,
        socket_timeout=5,
        # Once, at once: a pooled connection may be a restarted server's. Longer waits are the engine's to decide.
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[redis.ConnectionError],
    )


def make_sender(settings: Settings) -> Sender:
    return Sender(settings)


def send(broker: HasClient, job_ids: Sequence[int]) -> None:
    """Tell the workers that these jobs are ready, in one round trip. Raises Unavailable; nothing is lost then."""
    import redis

    if not job_ids:
        return
    messages = {str(uuid.uuid4()): job_id for job_id in job_ids}
    try:
        with broker.client.pipeline(transaction=True) as pipe:
            pipe.hset(f"{NAMESPACE}:{QUEUE}.msgs", mapping={key: _message(key, n) for key, n in messages.items()})
            pipe.rpush(f"{NAMESPACE}:{QUEUE}", *messages)
            pipe.execute()
    except redis.RedisError as error:
        raise unreachable(error) from error


def epoch(broker: HasClient) -> str:
    """The name of this life of the server's data, given on first use. Raises Unavailable."""
    import redis

    try:
        fresh = uuid.uuid4().hex
        known = broker.client.set(EPOCH_KEY, fresh, nx=True, get=True)
    except redis.RedisError as error:
        raise unreachable(error) from error
    return known.decode() if isinstance(known, bytes) else fresh


def ping(broker: HasClient) -> None:
    """Raises Unavailable when the server does not answer."""
    import redis

    try:
        broker.client.ping()
    except redis.RedisError as error:
        raise unreachable(error) from error


def unreachable(error: Exception) -> Unavailable:
    reason = str(error).strip() or type(error).__name__
    return Unavailable(Text("Redis cannot be reached: {reason}", reason=reason))


def _message(key: str, job_id: int) -> bytes:
    """One message as Dramatiq encodes it, tested against its own decoder."""
    fields = {
        "queue_name": QUEUE,
        "actor_name": ACTOR,
        "args": [job_id],
        "kwargs": {},
        "options": {"redis_message_id": key},
        "message_id": key,
        "message_timestamp": int(time.time() * 1000),
    }
    return json.dumps(fields, separators=(",", ":")).encode()
