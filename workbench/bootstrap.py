"""The composition root: what there is and who gets which. Tests pass other pieces here.

What is slow to load is imported where it is built: a command that only looks loads neither engine nor broker.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbench.db.connection import Database
from workbench.errors import Unavailable
from workbench.i18n import N_, Text
from workbench.plain_text import passwords_of
from workbench.settings import Settings

if TYPE_CHECKING:
    from workbench.jobs.dispatch import Dispatcher
    from workbench.jobs.worker import WorkerEngine
    from workbench.media import MediaStore
    from workbench.profiles.profiles import Profiles
    from workbench.telemetry.exporting import Telemetry
    from workbench.webhooks.registry import Webhooks
    from workbench.workflows.registry import Registry

log = logging.getLogger(__name__)

Send = Callable[[Sequence[int]], None]


class Backend:
    """What a workbench is made of; each piece is built, and its modules are loaded, on first use.

    `send` replaces the way to Redis.
    """

    def __init__(self, database: Database, settings: Settings, *, send: Send | None = None) -> None:
        self.database = database
        self.settings = settings
        self._send = send

    @cached_property
    def registry(self) -> Registry:
        from workbench.workflows.registry import Registry

        return Registry()

    @cached_property
    def dispatcher(self) -> Dispatcher:
        from workbench.broker.sender import make_sender
        from workbench.jobs.dispatch import Dispatcher

        return Dispatcher(self.database, self._send or make_sender(self.settings, self.identify))

    @cached_property
    def profiles(self) -> Profiles:
        from workbench.profiles.profiles import Profiles

        return Profiles(self.database, self.settings)

    @cached_property
    def webhooks(self) -> Webhooks:
        from workbench.webhooks.registry import Webhooks

        return Webhooks(self.database, lambda: self.profiles.vault)

    @cached_property
    def media(self) -> MediaStore:
        from workbench.media import MediaStore

        return MediaStore.open(self.settings, self.database)

    def identify(self) -> str:
        """The name of this installation on a Redis that it may share."""
        from workbench.db.writes import installation

        return installation.identify(self.database)

    def protect_secrets(self) -> None:
        """From here on no log record of this process can show a stored key or a webhook's address."""
        from workbench.security.redact import protect_logging

        protect_logging()
        try:
            self.profiles.remember_keys()
            self.webhooks.remember()
        except Unavailable as error:
            # what needs such a key will say so; everything else works
            log.warning("%s", error)


def open_database(settings: Settings) -> Database:
    """The database of these settings, brought to today's schema. Raises Unavailable."""
    from workbench.db.migrate import migrate

    _hide_passwords(settings)
    database = Database(settings.database_url, pool_size=settings.threads + 4, wait_s=settings.lock_wait_seconds)
    migrate(database)
    _remember(database, settings)
    return database


def _remember(database: Database, settings: Settings) -> None:
    """Which database this home works with; a home that cannot be written does without."""
    from workbench.db import identity

    try:
        identity.remember(database, settings.home)
        if identity.is_another(database, settings.home):
            log.warning(
                "%s is another database than this home worked with: see reelwright doctor", database.url.database
            )
    except OSError as error:
        log.debug("which database is used here cannot be noted: %s", error)


def _hide_passwords(settings: Settings) -> None:
    """Drivers repeat what they were given: no message of this process may tell the passwords of its addresses."""
    from workbench.security.redact import redactor

    for url in (settings.database_url, settings.redis_url or ""):
        for password in passwords_of(url):
            redactor.remember(password)


def open_backend(settings: Settings, *, send: Send | None = None) -> Backend:
    """What a workbench needs, with everything checked that may be wrong. Raises Unavailable, InvalidInput."""
    backend = Backend(open_database(settings), settings, send=send)
    backend.protect_secrets()
    _ = backend.media
    return backend


def open_reading_backend(settings: Settings) -> Backend:
    """The same for those who only look: quicker, since neither migrations nor stored keys are loaded.

    A database that is not at today's schema is opened like any other, which brings it there or says why not.
    """
    _hide_passwords(settings)
    database = Database(settings.database_url, wait_s=settings.lock_wait_seconds)
    if _is_current(database):
        return Backend(database, settings)
    database.close()
    return open_backend(settings)


def _is_current(database: Database) -> bool:
    from pathlib import Path

    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from workbench.db.migrate import head

    if database.is_sqlite and not Path(database.url.database or "").exists():
        return False
    try:
        with database.read() as connection:
            revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except SQLAlchemyError:
        return False
    return bool(revision == head())


def worker_engine(settings: Settings, *, send: Send | None = None, **parts: Any) -> WorkerEngine:
    """What a worker process runs: runner, heartbeat, maintenance."""
    from workbench.broker.sender import epoch, make_sender
    from workbench.jobs.maintenance import Sweeper
    from workbench.jobs.poller import Poller
    from workbench.jobs.processes import worker_name
    from workbench.jobs.runner import Runner
    from workbench.jobs.worker import WorkerEngine
    from workbench.profiles.rate_limits import RateLimits
    from workbench.webhooks.delivery import WebhookSender

    backend = open_backend(settings, send=send)
    database, profiles, media = backend.database, backend.profiles, backend.media
    sender = make_sender(settings, backend.identify)
    make_provider = parts.get("make_provider") or functools.partial(_make_provider, settings)
    runner = Runner(
        database,
        settings,
        parts.get("workflows") or backend.registry,
        backend.dispatcher,
        worker_name(),
        profiles.open,
        make_provider,
        media,
        parts.get("limit") or RateLimits(settings, backend.identify),
    )
    sweeper = Sweeper(database, settings, parts.get("epoch_of") or (lambda: epoch(sender)))
    poller = Poller(database, profiles.open, make_provider, media)
    webhook_sender = WebhookSender(database, backend.webhooks.address_of)
    return WorkerEngine(
        database,
        settings,
        runner,
        sweeper,
        poller,
        backend.dispatcher,
        webhook_sender,
        backend.identify,
        telemetry=_telemetry(backend, runner.worker),
    )


def _telemetry(backend: Backend, worker: str) -> Telemetry | None:
    """None, and nothing of OpenTelemetry is loaded, unless the environment asks for it. Raises Unavailable."""
    from workbench.telemetry import exporting

    if not exporting.is_wanted(backend.settings.metrics):
        return None
    try:
        return exporting.Telemetry(backend.database, backend.identify(), worker, backend.settings.metrics)
    except OSError as error:
        reason = error.strerror or str(error)
        raise Unavailable(
            Text(N_("/metrics cannot be shown at {address}: {reason}"), address=backend.settings.metrics, reason=reason)
        ) from error


def _make_provider(settings: Settings, profile: Any) -> Any:
    from workbench.providers import registry

    return registry.make(profile, settings)
