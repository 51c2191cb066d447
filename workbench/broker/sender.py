"""The way to the workers: Redis or Valkey carries "job 42 is ready" and nothing else.

Losing every message costs seconds, since the job table is the truth. `send` writes the message by the
actor's name, so a page or a command can submit without importing Dramatiq or any worker code.
"""

from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from workbench.errors import InvalidInput, Issue, Unavailable
from workbench.i18n import N_, Text
from workbench.settings import Settings

if TYPE_CHECKING:
    import redis

QUEUE = "jobs"
ACTOR = "run_job"
#: of all keys; behind it stands the installation's own name, since several may share a server
NAMESPACE = "reelwright"

#: longer than an idle consumer blocks
SOCKET_TIMEOUT_S = 5
#: a worker is taken for dead, and its messages for another's, after this long without a sign of life
HEARTBEAT_TIMEOUT_MS = 10_000
#: how long an idle consumer blocks; also the longest it needs to notice that it should stop
IDLE_TIMEOUT_MS = 1_000


class HasClient(Protocol):
    """What `send` needs: a Sender, or the workers' own broker."""

    @property
    def client(self) -> redis.Redis: ...
    @property
    def namespace(self) -> str: ...


class Sender:
    """Rings for jobs; connects on first use. Pages, commands and the engine's dispatcher hold one.

    `installation` gives the name of the installation whose workers are told; None: for a look at the server alone.
    """

    def __init__(self, settings: Settings, installation: Callable[[], str] | None = None) -> None:
        self._settings = settings
        self._installation = installation

    @functools.cached_property
    def client(self) -> redis.Redis:
        return connect(self._settings)

    @functools.cached_property
    def namespace(self) -> str:
        return NAMESPACE if self._installation is None else namespace_of(self._installation())

    def __call__(self, job_ids: Sequence[int]) -> None:
        send(self, job_ids)


def namespace_of(installation: str) -> str:
    """What the keys of one installation begin with."""
    return f"{NAMESPACE}:{installation}"


def connect(settings: Settings) -> redis.Redis:
    """A client that fails within a second or two when the server is away, and survives one restart of it per call.

    Raises InvalidInput for an address that Redis clients do not understand.
    """
    # Imported here and below: a command that only asks must not pay a quarter of a second for it.
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        client = redis.Redis.from_url(
            settings.broker_url,
            socket_connect_timeout=1,
            socket_timeout=SOCKET_TIMEOUT_S,
            # Once, at once: a pooled connection may be a restarted server's. Longer waits are the engine's to decide.
            retry=Retry(NoBackoff(), 1),
            retry_on_error=[redis.ConnectionError],
        )
        pool = client.connection_pool
        # what the address may not change: answers are read as bytes, and an idle consumer waits a second for one
        pool.connection_kwargs["decode_responses"] = False
        pool.connection_kwargs["socket_timeout"] = max(
            SOCKET_TIMEOUT_S, pool.connection_kwargs.get("socket_timeout") or 0
        )
        # an option that no connection takes is noticed here and not at the first job
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError, AttributeError, redis.RedisError) as error:
        reason = str(error).rpartition("__init__() ")[2].strip() or type(error).__name__
        text = Text(N_("REDIS_URL cannot be used: {reason}. Correct the address or its options."), reason=reason)
        raise InvalidInput(text, [Issue("REDIS_URL", text)]) from error
    return client


def make_sender(settings: Settings, installation: Callable[[], str] | None = None) -> Sender:
    return Sender(settings, installation)


def send(broker: HasClient, job_ids: Sequence[int]) -> None:
    """Tell the workers that these jobs are ready, in one round trip. Raises Unavailable; nothing is lost then."""
    import redis

    if not job_ids:
        return
    messages = {str(uuid.uuid4()): job_id for job_id in job_ids}
    try:
        with broker.client.pipeline(transaction=True) as pipe:
            queue = f"{broker.namespace}:{QUEUE}"
            pipe.hset(f"{queue}.msgs", mapping={key: _message(key, n) for key, n in messages.items()})
            pipe.rpush(queue, *messages)
            pipe.execute()
    except redis.RedisError as error:
        raise unreachable(error) from error


def epoch(broker: HasClient) -> str:
    """The name of this life of the server's data, given on first use. Raises Unavailable."""
    import redis

    try:
        fresh = uuid.uuid4().hex
        known = broker.client.set(f"{broker.namespace}:epoch", fresh, nx=True, get=True)
    except redis.RedisError as error:
        raise unreachable(error) from error
    return known.decode() if isinstance(known, bytes) else fresh


def probe(broker: HasClient) -> None:
    """Write, read and remove a key, as messages are. Raises Unavailable when the server does not take it."""
    import redis

    key = f"{broker.namespace}:probe:{uuid.uuid4().hex}"
    try:
        with broker.client.pipeline(transaction=True) as pipe:
            pipe.rpush(key, "1")
            pipe.expire(key, 60)
            pipe.delete(key)
            pipe.execute()
    except redis.RedisError as error:
        raise unreachable(error) from error


#: what a server's refusal begins with → what it is, and what to do
_REFUSALS = (
    (
        ("MOVED", "ASK", "CROSSSLOT", "CLUSTERDOWN"),
        N_("REDIS_URL names a part of a Redis cluster, which is not supported. Name a server that stands alone."),
    ),
    (("READONLY",), N_("REDIS_URL names a Redis replica, which cannot be written to. Name the primary.")),
    (("OOM",), N_("Redis is full: {reason}. Raise its maxmemory or make room; jobs are stored and wait meanwhile.")),
    (
        ("NOAUTH", "WRONGPASS", "NOPERM", "invalid username-password", "Authentication"),
        N_("Redis refuses the user or password of REDIS_URL: {reason}"),
    ),
)


def unreachable(error: Exception) -> Unavailable:
    """What to say of a server that does not take or give anything."""
    import redis

    reason = str(error).strip() or type(error).__name__
    # redis-py leaves a known code out and names the class instead
    name = {
        redis.exceptions.ReadOnlyError: "READONLY",
        redis.exceptions.OutOfMemoryError: "OOM",
        redis.exceptions.MovedError: "MOVED",
        redis.exceptions.AskError: "ASK",
        redis.exceptions.ClusterCrossSlotError: "CROSSSLOT",
        redis.exceptions.ClusterDownError: "CLUSTERDOWN",
        redis.exceptions.AuthenticationError: "NOAUTH",
        redis.exceptions.NoPermissionError: "NOPERM",
    }.get(type(error), "")
    said = f"{name} {reason}"
    for marks, text in _REFUSALS:
        if any(mark in said for mark in marks):
            return Unavailable(Text(text, reason=reason))
    if isinstance(error, redis.ResponseError):
        return Unavailable(Text(N_("Redis refuses what it is asked for: {reason}"), reason=reason))
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
