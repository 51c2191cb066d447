"""procrastinate on PostgreSQL, as its manual sets it up: what the engine is compared with there.

``python -m benchmarks.plain_procrastinate DATABASE_URL THREADS`` is its worker. It says on stdout when it is ready,
and, as epoch nanoseconds, when a stamped job began and when the last of a batch was done.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time

import procrastinate
from procrastinate.connector import BaseConnector

TASK = "nothing"

_done = itertools.count(1)


def make_app(connector: BaseConnector) -> procrastinate.App:
    """An app with the no-op task: a plain function, as in the manual's first example."""
    app = procrastinate.App(connector=connector)
    app.task(name=TASK)(nothing)
    return app


def nothing(last: int, stamp: bool = False) -> None:
    """Does nothing; `last` is how many this worker will have done at the end of the batch."""
    if stamp:
        print("began", time.time_ns(), flush=True)
    if next(_done) == last:
        print("done", time.time_ns(), flush=True)


async def main() -> None:
    async with make_app(procrastinate.PsycopgConnector(conninfo=sys.argv[1])).open_async() as app:
        print("ready", time.time_ns(), flush=True)
        await app.run_worker_async(concurrency=int(sys.argv[2]))


if __name__ == "__main__":
    # by its name: procrastinate warns of an app that stands in the main module
    from benchmarks import plain_procrastinate

    asyncio.run(plain_procrastinate.main())
