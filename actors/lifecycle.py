"""Worker boot and shutdown: the engine's heartbeat, sweeper and dispatcher live exactly as long as the worker."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import dramatiq
from dramatiq.middleware import Middleware, MiddlewareError

from actors.setup import broker as shared_broker
from actors.setup import settings
from workbench.broker.sender import namespace_of

if TYPE_CHECKING:
    from workbench.jobs.worker import WorkerEngine


@functools.cache
def engine() -> WorkerEngine:
    """This process's engine, built on first use, so after the fork when ``dramatiq actors`` forks."""
    from workbench import bootstrap

    return bootstrap.worker_engine(settings)


class Lifecycle(Middleware):
    """Starts the engine before the first message can be read, and stops it before the last thread is awaited."""

    def before_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        # One message more than can run would sit here while another worker has a free thread.
        worker.queue_prefetch = worker.worker_threads
        try:
            # before any consumer is made: the messages of this installation, on a server that others may use as well
            shared_broker.namespace = namespace_of(engine().identify())
            engine().start()
        except Exception as error:
            # Dramatiq logs and forgets any other exception of a hook; a worker without its engine must not run.
            raise MiddlewareError(str(error)) from error

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:
        engine().stop()


shared_broker.add_middleware(Lifecycle())
