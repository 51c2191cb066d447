"""`wb.settings`: what this installation has been set to, by its environment and from its pages."""

from __future__ import annotations

from workbench import preferences
from workbench.api.existing import check_project
from workbench.arguments import check_arguments
from workbench.db.connection import Database
from workbench.db.writes.prune import Keep, Removed
from workbench.errors import InvalidInput, Issue
from workbench.i18n import N_, Text
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

    def set_retention(
        self,
        raw_io_days: int,
        job_keep_days: int | None,
        prune_days: int | None = None,
        prune_last: int | None = None,
    ) -> None:
        """Change all four, see Retention. Raises InvalidInput."""
        with self._database.write() as conn:
            preferences.set_retention(conn, Retention(raw_io_days, job_keep_days, prune_days, prune_last))

    def prune(self, *, keep_days: int | None = None, keep_last: int | None = None, dry_run: bool = False) -> Removed:
        """Remove whole ended jobs with their attempts, steps, events and what their calls said: all but those that
        ended within `keep_days`, and but the `keep_last` newest that succeeded and as many that did not. Neither given:
        as the schedule has it. Versions, tokens, costs and what is summed up of them stay.

        `dry_run`: only count. Raises InvalidInput when nothing says what to keep.
        """
        from workbench.jobs import pruning

        keep = Keep(keep_days, keep_last)
        if keep == Keep():
            kept = self.retention()
            keep = Keep(kept.prune_days, kept.prune_last)
        if keep == Keep() or min(n for n in (keep.days, keep.last, 0) if n is not None) < 0:
            problem = Text(N_("Say what to keep: days, or how many of the newest jobs."))
            raise InvalidInput(problem, [Issue("keep_days", problem)])
        return pruning.prune(self._database, keep, dry_run=dry_run)

    def vacuum(self) -> int:
        """Give the room of what was removed back to the disk; returns how many bytes that were. On SQLite nobody else
        writes meanwhile. Raises DatabaseBusy."""
        return self._database.vacuum()

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

    def last_project(self, person: str) -> int | None:
        """The project that a person has chosen last on a page; it may be archived meanwhile."""
        with self._database.read() as conn:
            return preferences.last_project(conn, person)

    def remember_project(self, person: str, project_id: int) -> None:
        """A page that names no project shows this one to that person. Raises NotFound."""
        with self._database.write() as conn:
            check_project(conn, project_id)
            preferences.remember_project(conn, person, project_id)
