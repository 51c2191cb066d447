"""Raw Dramatiq, as its manual sets it up: what the engine is compared with.

``python -m benchmarks.plain_dramatiq BROKER_URL THREADS`` is its worker. It says on stdout when it is ready, and, as
epoch nanoseconds, when a stamped message began and when the last of a batch was done.
"""

from __future__ import annotations

import itertools
import signal
import sys
import threading
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker

#: read by Dramatiq itself from the environment of its worker
TUNED = {"dramatiq_worker_timeout": "20", "dramatiq_queue_prefetch": "100"}
NAMESPACE = "plain-dramatiq"

_done = itertools.count(1)


def make_actor(broker_url: str) -> dramatiq.Actor[[int, bool], None]:
    """The no-op actor on a stock broker."""
    broker = RedisBroker(url=broker_url, namespace=NAMESPACE)
    dramatiq.set_broker(broker)
    return dramatiq.actor(broker=broker)(nothing)


def nothing(last: int, stamp: bool = False) -> None:
    """Does nothing; `last` is how many this worker will have done at the end of the batch."""
    if stamp:
        print("began", time.time_ns(), flush=True)
    if next(_done) == last:
        print("done", time.time_ns(), flush=True)


def main() -> None:
    actor = make_actor(sys.argv[1])
    worker = dramatiq.Worker(actor.broker, worker_threads=int(sys.argv[2]))
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    worker.start()
    print("ready", time.time_ns(), flush=True)
    ended.wait()
    worker.stop(timeout=2000)


if __name__ == "__main__":
    main()
