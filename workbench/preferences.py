"""What an installation has been set to from its pages: kept in the database, over what the environment says."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import Connection

from workbench.db.writes import installation
from workbench.errors import InvalidInput, Issue, all_of
from workbench.i18n import LANGUAGES, N_, Text
from workbench.settings import Settings

LONGEST_DAYS = 36_500
_KEEP = "setting.job_keep_days"
_RAW = "setting.raw_io_days"
_PRUNE_DAYS = "setting.prune_days"
_PRUNE_LAST = "setting.prune_last"
_PRUNE = (_PRUNE_DAYS, _PRUNE_LAST)
MOST_KEPT = 10_000_000
_LANG = "setting.lang"


@dataclass(frozen=True)
class Retention:
    """Days until a call's prompt and raw answer are forgotten, and until finished jobs are; None: kept for ever.

    `prune_days`, `prune_last`: whole ended jobs are removed once they are older than that, and not among so many newest
    that succeeded, or that did not; None both: no job is removed. Artifacts, costs and counted tokens are never
    forgotten.
    """

    raw_io_days: int
    job_keep_days: int | None
    prune_days: int | None = None
    prune_last: int | None = None


def retention(conn: Connection, settings: Settings) -> Retention:
    raw, keep = installation.get_meta(conn, _RAW), installation.get_meta(conn, _KEEP)
    return Retention(
        settings.raw_io_days if raw is None else int(raw),
        settings.job_keep_days if keep is None else int(keep) or None,
        *(None if kept is None else int(kept) for kept in (installation.get_meta(conn, k) for k in _PRUNE)),
    )


def set_retention(conn: Connection, wanted: Retention) -> None:
    """Raises InvalidInput naming the field."""
    issues = []
    if not 0 <= wanted.raw_io_days <= LONGEST_DAYS:
        issues.append(Issue("raw_io_days", Text(N_("Days from {low} to {high}."), low=0, high=LONGEST_DAYS)))
    if wanted.job_keep_days is not None and not 1 <= wanted.job_keep_days <= LONGEST_DAYS:
        issues.append(Issue("job_keep_days", Text(N_("Days from {low} to {high}."), low=1, high=LONGEST_DAYS)))
    if wanted.prune_days is not None and not 1 <= wanted.prune_days <= LONGEST_DAYS:
        issues.append(Issue("prune_days", Text(N_("Days from {low} to {high}."), low=1, high=LONGEST_DAYS)))
    if wanted.prune_last is not None and not 1 <= wanted.prune_last <= MOST_KEPT:
        issues.append(Issue("prune_last", Text(N_("A whole number from {low} to {high}."), low=1, high=MOST_KEPT)))
    if issues:
        raise InvalidInput(all_of(issues), issues)
    for key, kept in zip(_PRUNE, (wanted.prune_days, wanted.prune_last), strict=True):
        if kept is None:
            installation.delete_meta(conn, key)
        else:
            installation.set_meta(conn, key, str(kept))
    installation.set_meta(conn, _RAW, str(wanted.raw_io_days))
    installation.set_meta(conn, _KEEP, str(wanted.job_keep_days or 0))


def language(conn: Connection) -> str | None:
    """What pages speak to those who have not chosen themselves: zh, en; None: what the environment or their browser
    says."""
    return installation.get_meta(conn, _LANG)


def set_language(conn: Connection, wanted: str) -> None:
    """zh or en. Raises InvalidInput."""
    if wanted not in LANGUAGES:
        said = Text(N_("The language is zh or en."))
        raise InvalidInput(said, [Issue("lang", said)])
    installation.set_meta(conn, _LANG, wanted)


def forget_language(conn: Connection) -> None:
    """Back to what the environment says."""
    installation.delete_meta(conn, _LANG)


def last_project(conn: Connection, person: str) -> int | None:
    """The project that a person has worked on last."""
    kept = installation.get_meta(conn, _project_key(person))
    return int(kept) if kept else None


def remember_project(conn: Connection, person: str, project_id: int) -> None:
    installation.set_meta(conn, _project_key(person), str(project_id))


def _project_key(person: str) -> str:
    # a key has 80 characters
    return "project." + hashlib.sha256(person.encode("utf-8", "surrogatepass")).hexdigest()[:32]
