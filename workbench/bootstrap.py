"""The composition root: which parts there are and who gets which. Tests pass other parts here."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any

from workbench.api.client import Workbench
from workbench.broker.sender import epoch, make_sender
from workbench.db.connection import Database
from workbench.db.migrate import migrate
from workbench.errors import Unavailable
from workbench.jobs.dispatch import Dispatcher
from workbench.jobs.maintenance import Sweeper, WorkerEngine, worker_name
from workbench.jobs.poller import Poller
from workbench.jobs.runner import Runner
from workbench.media import MediaStore
from workbench.profiles.profiles import Profiles
from workbench.profiles.rate_limits import RateLimits
from workbench.providers import registry as providers
from workbench.security.redact import protect_logging
from workbench.settings import Settings
from workbench.webhooks.delivery import WebhookSender
from workbench.webhooks.registry import Webhooks
from workbench.workflows.registry import Registry

__all__ = ["WorkerEngine", "open_workbench", "worker_engine"]

log = logging.getLogger(__name__)

Send = Callable[[Sequence[int]], None]


def open_database(settings: Settings) -> Database:
    """The database of these settings, brought to today's schema. Raises Unavailable."""
    database = Database(settings.database_url, pool_size=settings.threads + 4)
    migrate(database)
    return database


def open_workbench(settings: Settings | None = None, *, send: Send | None = None) -> Workbench:
    """A client with real parts. `send` replaces the way to Redis."""
    settings = settings or Settings.load()
    database = open_database(settings)
    dispatcher = Dispatcher(database, send or make_sender(settings))
    profiles, webhooks = _sealed(database, settings)
    return Workbench(database, settings, Registry(), dispatcher, profiles, webhooks)


def worker_engine(settings: Settings, *, send: Send | None = None, **parts: Any) -> WorkerEngine:
    """What a worker process runs: runner, heartbeat, maintenance."""
    database = open_database(settings)
    sender = make_sender(settings)
    dispatcher = Dispatcher(database, send or sender)
    profiles, webhooks = _sealed(database, settings)
    make_provider = parts.get("make_provider") or functools.partial(_make_provider, settings)
    media = MediaStore.open(settings, database)
    runner = Runner(
        database,
        settings,
        parts.get("workflows") or Registry(),
        dispatcher,
        worker_name(),
        profiles.open,
        make_provider,
        media,
        parts.get("limit") or RateLimits(settings),
    )
    sweeper = Sweeper(database, settings, parts.get("epoch_of") or (lambda: epoch(sender)))
    poller = Poller(database, profiles.open, make_provider, media)
    webhook_sender = WebhookSender(database, webhooks.address_of)
    return WorkerEngine(database, settings, runner, sweeper, poller, dispatcher, webhook_sender)


def _sealed(database: Database, settings: Settings) -> tuple[Profiles, Webhooks]:
    """What has secrets. From here on no log record of this process can show one."""
    profiles = Profiles(database, settings)
    webhooks = Webhooks(database, lambda: profiles.vault)
    protect_logging()
    try:
        profiles.remember_keys()
        webhooks.remember()
    except Unavailable as error:
        # what needs such a key will say so; everything else works
        log.warning("%s", error)
    return profiles, webhooks


def _make_provider(settings: Settings, profile: Any) -> Any:
    return providers.make(profile, settings)
