"""`wb.settings`: what this installation has been set to, by its environment and from its pages."""

from __future__ import annotations

from workbench import preferences
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.preferences import Retention
from workbench.settings import Settings


@check_arguments
class InstallationSettings:
    """Reads and changes what the pages may change."""

    def __init__(self, database: Database, environment: Settings) -> None:
        self._database = database
        #: as it was read once from the environment
        self.environment = environment

    def retention(self) -> Retention:
        """How long raw answers and finished jobs are kept."""
        with self._database.read() as conn:
            return preferences.retention(conn, self.environment)

    def set_retention(self, raw_io_days: int, job_keep_days: int | None) -> None:
        """Raises InvalidInput."""
        with self._database.write() as conn:
            preferences.set_retention(conn, Retention(raw_io_days, job_keep_days))

    def language(self) -> str | None:
        """What pages speak to those who have not chosen: zh or en; None: REELWRIGHT_LANG, else their browser's."""
        with self._database.read() as conn:
            return preferences.language(conn)

    def set_language(self, lang: str | None) -> None:
        """zh or en, or None as in `language`. Raises InvalidInput."""
        with self._database.write() as conn:
            if lang is None:
                preferences.forget_language(conn)
            else:
                preferences.set_language(conn, lang)
