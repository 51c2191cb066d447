"""`reelwright worker`: one worker process, on this or any machine that shares the database and Redis."""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path

import click

from workbench import log_file
from workbench.cli.signs import FileSign
from workbench.cli.supervisor import environment
from workbench.cli.up import stop_on_signals
from workbench.errors import Unavailable
from workbench.health import prepare_home
from workbench.i18n import Text
from workbench.settings import Settings

#: how long running jobs may take to put themselves back into the queue
STOP_TIMEOUT_MS = 5_000
#: how often a worker shows its supervisor that it lives
SIGN_EVERY_S = 1.0


@click.command()
@click.option("--threads", type=click.IntRange(1, 256), help="Jobs at a time.  [default: REELWRIGHT_THREADS]")
@click.option("--metrics", metavar="[HOST:]PORT", help="Show /metrics to Prometheus.  [default: REELWRIGHT_METRICS]")
@click.option("--sign", type=click.Path(path_type=Path), hidden=True, help="A file to touch while the worker lives.")
def command(threads: int | None, metrics: str | None, sign: Path | None) -> int:
    """Run one worker process until SIGTERM or Ctrl-C; what it was doing goes back into the queue."""
    stop = stop_on_signals()
    given = {"threads": threads, "metrics": metrics}
    settings = Settings.load(**{name: value for name, value in given.items() if value is not None})
    prepare_home(settings)
    log_file.keep_stderr(str(settings.log_folder), "worker")
    set_up_logging(settings)
    # The actors package reads the environment itself, so that ``dramatiq actors`` works as well.
    os.environ.update(environment(settings))
    return work(settings, stop, None if sign is None else FileSign(sign))


def work(settings: Settings, stop: threading.Event, sign: FileSign | None = None) -> int:
    from workbench.broker import sender

    try:
        sender.probe(sender.make_sender(settings))
    except Unavailable as error:
        if settings.redis_url is not None:
            raise
        raise Unavailable(
            Text("This home's embedded Valkey does not run. Start it with: reelwright up. Or set REDIS_URL.")
        ) from error

    import dramatiq
    from dramatiq.middleware import MiddlewareError

    import actors

    worker = dramatiq.Worker(actors.broker, worker_threads=settings.threads)
    try:
        worker.start()
    except MiddlewareError as error:
        raise Unavailable(Text("The worker cannot start: {reason}", reason=str(error))) from error
    engine = actors.engine()
    while True:
        if sign is not None and engine.is_beating():
            sign.show()
        if stop.wait(SIGN_EVERY_S):
            break
    worker.stop(timeout=STOP_TIMEOUT_MS)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread that a provider's library left behind must not keep the process: every job is back in the table.
    os._exit(0)


def set_up_logging(settings: Settings) -> None:
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for chatty in ("dramatiq", "httpx", "httpx2", "httpcore", "openai", "alembic", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))
