"""Bring a database to today's schema, under a lock, from empty or from any earlier release."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from workbench.db.connection import Database
from workbench.errors import Unavailable
from workbench.i18n import Text

_MIGRATIONS = Path(__file__).parent / "migrations"

#: any constant; PostgreSQL's advisory lock for migrations
_LOCK = 7_214_377
#: another process may be migrating a large database just now
_WAIT_S = 600.0


def revisions() -> list[str]:
    """The revisions this code knows, oldest first, from their file names: Alembic itself is slow to import."""
    return sorted(path.name.split("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def head() -> str:
    return revisions()[-1]


def current(connection: Connection) -> str | None:
    """The database's revision; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def is_newer_than_code(revision: str | None) -> bool:
    return revision is not None and revision not in revisions()


def migrate(database: Database) -> None:
    """Upgrade to head; does nothing when already there. Raises Unavailable if the database is newer than the code."""
    with database.read() as connection:
        revision = current(connection)
    if is_newer_than_code(revision):
        raise Unavailable(
            Text(
                "The database is newer than this Reelwright (its revision is {revision}). Install the newer version.",
                revision=revision,
            )
        )
    if revision == head():
        return
    from alembic import command
    from alembic.config import Config

    if database.is_sqlite:
        _with_foreign_keys(database, "OFF")
    try:
        with database.write(wait_s=_WAIT_S) as connection:
            if not database.is_sqlite:
                connection.execute(text(f"SET LOCAL lock_timeout = {round(_WAIT_S * 1000)}"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.set_main_option("path_separator", "os")
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if database.is_sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
                if broken:
                    raise RuntimeError(f"the migration would leave dangling references: {broken[:3]}")
    finally:
        if database.is_sqlite:
            _with_foreign_keys(database, "ON")


def _with_foreign_keys(database: Database, value: str) -> None:
    """Foreign keys cannot be switched inside a transaction, and batch mode would cascade deletes: a fresh pool per
    setting."""
    from sqlalchemy import event

    database.close()
    if value == "OFF":
        event.listen(database.engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=OFF"))
