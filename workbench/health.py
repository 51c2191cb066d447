"""What must be in order for Reelwright to work: each part with ok, or what is wrong and what to do. Never a traceback.

The command `reelwright doctor` and the Settings page show the same findings.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.errors import ReelwrightError, Unavailable
from workbench.i18n import N_, Text
from workbench.plain_text import passwords_of, without_password
from workbench.security.private import make_private
from workbench.security.redact import redactor

if TYPE_CHECKING:
    from workbench.db.connection import Database
    from workbench.settings import Settings


_NEEDS_DATABASE = ("migrations", "workers")
#: how long a look waits for others' locks, and how long any part may take to answer at all
_LOCK_WAIT_S = 3.0
_ANSWER_S = 15.0
#: a probe that a disk with nothing left cannot take, and how much should be left besides
_PROBE = b"\0" * 65_536
_LITTLE_BYTES = 200_000_000


_RESTORE = N_(
    "Stop Reelwright, put the file back from a backup, and start again. If the new one is meant, delete databases.json "
    "in the home folder."
)


class Wrong(Exception):
    """A part does not work: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Finding:
    """`problem` and `remedy` can be said in any language; None when all is well."""

    part: str
    ok: bool
    problem: str | None = None
    remedy: str | None = None


Check = Callable[[], None]


def examine(settings: Settings, more: Mapping[str, Check] | None = None) -> Iterator[Finding]:
    """Look at every part, in the order in which they need each other; `more`: checks of the caller's own."""
    checks: dict[str, Check] = {
        "home": lambda: prepare_home(settings),
        "disk": lambda: _disk(settings),
        "database": lambda: _database(settings),
        "migrations": lambda: _migrations(settings),
        "redis": lambda: _redis(settings),
        "media": lambda: _media(settings),
        "workers": lambda: _workers(settings),
        **(more or {}),
        "master key": lambda: _master_key(settings),
    }
    wrong: set[str] = set()
    for part, check in checks.items():
        if part in _NEEDS_DATABASE and "database" in wrong:
            yield Finding(part, False, N_("Not known until the database opens."), N_("Mend the database first."))
            continue
        finding = _find_in_time(part, check)
        if not finding.ok:
            wrong.add(part)
        yield finding


def _find_in_time(part: str, check: Check) -> Finding:
    """What a check finds; a part that never answers keeps nobody from hearing of the others."""
    found: list[Finding] = []
    thread = threading.Thread(target=lambda: found.append(_finding(part, check)), daemon=True)
    thread.start()
    thread.join(_ANSWER_S)
    if found:
        return found[0]
    return Finding(
        part,
        False,
        Text(N_("It has not answered for {seconds} s."), seconds=round(_ANSWER_S)),
        N_("Look whether the server or disk behind it hangs."),
    )


def _finding(part: str, check: Check) -> Finding:
    found = _look(part, check)
    if found.problem is None or redactor.text(found.problem) == found.problem:
        return found
    # a driver repeats a password that it took for something else
    return replace(found, problem=redactor.text(found.problem))


def _look(part: str, check: Check) -> Finding:
    try:
        check()
    except Wrong as wrong:
        return Finding(part, False, wrong.problem, wrong.remedy)
    except ReelwrightError as error:
        return Finding(part, False, error.text, N_("Do what the message says, then look again."))
    except Exception as error:  # a doctor that falls ill helps nobody
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Finding(
            part, False, f"{type(error).__name__}: {what}", N_("Look at the workers' log, or report this line.")
        )
    return Finding(part, True)


def prepare_home(settings: Settings) -> None:
    """Make the home folder, for this user alone; raises Unavailable when it cannot be written."""
    for url in (settings.database_url, settings.redis_url or ""):
        # drivers repeat what they were given
        for password in passwords_of(url):
            redactor.remember(password)
    try:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(settings.home)
        probe = settings.home / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise Unavailable(
            Text(
                "The home folder {home} cannot be written: {reason}. Set REELWRIGHT_HOME to one that can.",
                home=str(settings.home),
                reason=error.strerror or str(error),
            )
        ) from error


def _open_database(settings: Settings) -> Database | None:
    """The database, None when it is a file that the first start will make."""
    from workbench.db.connection import Database

    database = Database(settings.database_url, wait_s=_LOCK_WAIT_S)
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return None
    return database


def _database(settings: Settings) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    from workbench.db import migrate
    from workbench.db.writes import installation

    database = _open_database(settings)
    if database is None:
        _refuse_a_missing_file(settings)
        return
    try:
        with database.write() as connection:
            if migrate.current(connection):
                # a row that is really written: a replica, or a full disk, takes anything less
                installation.set_meta(connection, "doctor", "")
    except (SQLAlchemyError, OSError) as error:
        what = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise Wrong(
            Text(
                "The database {url} cannot be written: {reason}",
                url=without_password(database.url.render_as_string(hide_password=False)),
                reason=what,
            ),
            N_("Check DATABASE_URL, the disk's free space and who may write there."),
        ) from error
    finally:
        database.close()
    _data(settings)


def _refuse_a_missing_file(settings: Settings) -> None:
    """A home that has never had a database gets one with its first start; any other has lost it."""
    from workbench.db import identity
    from workbench.db.connection import Database

    if identity.is_known(Database(settings.database_url), settings.home):
        raise Wrong(N_("The database file that this home worked with is gone."), _RESTORE)


def _data(settings: Settings) -> None:
    """What SQLite's file holds is whole, and it is the file that this home has always worked with."""
    from sqlalchemy.exc import DatabaseError

    from workbench.db import identity, migrate

    database = _open_database(settings)
    if database is None or not database.is_sqlite:
        return
    try:
        with database.read() as connection:
            told = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
            fresh = migrate.current(connection) is None
        if told != "ok":
            raise Wrong(Text(N_("The database file is damaged: {problem}"), problem=str(told)), _RESTORE)
        if identity.is_known(database, settings.home) and (fresh or identity.is_another(database, settings.home)):
            raise Wrong(N_("The database file is another one than this home worked with."), _RESTORE)
    except DatabaseError as error:
        problem = str(error.orig).strip().splitlines()[0]
        raise Wrong(Text(N_("The database file is damaged: {problem}"), problem=problem), _RESTORE) from error
    finally:
        database.close()


def _disk(settings: Settings) -> None:
    """The disks of home and of a SQLite file take what is written, and have some room left."""
    from sqlalchemy.engine import make_url

    folders = [settings.home]
    if settings.is_sqlite:
        folders.append(Path(make_url(settings.database_url).database or "").parent)
    for folder in filter(Path.exists, folders):
        probe = folder / f".probe-{os.getpid()}"
        try:
            with probe.open("wb") as file:
                file.write(_PROBE)
                os.fsync(file.fileno())
        except OSError as error:
            raise Wrong(
                Text(
                    N_("Nothing can be written in {folder}: {reason}"), folder=str(folder), reason=error.strerror or ""
                ),
                N_("Make room on the disk, or look who may write there."),
            ) from error
        finally:
            probe.unlink(missing_ok=True)
        space = os.statvfs(folder)
        if (free := space.f_bavail * space.f_frsize) < _LITTLE_BYTES:
            raise Wrong(
                Text(N_("Only {mb} MB are free on the disk of {folder}."), mb=free // 1_000_000, folder=str(folder)),
                N_("Make room before it is full: jobs that cannot write wait."),
            )


def _media(settings: Settings) -> None:
    from workbench.media.storage import open_storage
    from workbench.media.store import name_of

    storage = open_storage(settings.media_url, settings.home)
    # written as any picture is, and swept as one that nobody refers to if it should stay behind
    name = name_of(hashlib.sha256(f"doctor {os.getpid()}".encode()).hexdigest(), ".png")
    storage.write(name, b"probe")
    if storage.read(name) != b"probe":
        raise Wrong(
            N_("Pictures and clips are not read as they were written."), N_("Check REELWRIGHT_MEDIA_URL and its place.")
        )
    storage.remove(name, float("inf"))


def _migrations(settings: Settings) -> None:
    from workbench.db import migrate

    database = _open_database(settings)
    if database is None:
        return
    with database.read() as connection:
        revision = migrate.current(connection)
    database.close()
    if migrate.is_newer_than_code(revision):
        raise Wrong(
            Text("The database is newer than this Reelwright (its revision is {revision}).", revision=revision),
            N_("Install the newer Reelwright, or point DATABASE_URL at another database."),
        )
    if revision is not None and revision != migrate.head():
        raise Wrong(
            Text("The database is older than this Reelwright (its revision is {revision}).", revision=revision),
            N_("Start Reelwright once: reelwright up. It brings the database up to date."),
        )


def _redis(settings: Settings) -> None:
    from workbench.broker import embedded, sender

    if settings.redis_url is None:
        if not embedded.is_alive(settings):
            raise Wrong(N_("The embedded Valkey does not run."), N_("Start everything: reelwright up"))
        return
    try:
        sender.probe(sender.make_sender(settings))
    except ReelwrightError as error:
        raise Wrong(
            error.text, N_("Check REDIS_URL and that the server runs; unset it to use the embedded Valkey.")
        ) from error


def _workers(settings: Settings) -> None:
    from workbench.db import migrate
    from workbench.db.reads import jobs

    database = _open_database(settings)
    live = []
    if database is not None:
        with database.read() as connection:
            # an empty database has no table of workers yet
            known = jobs.list_workers(connection) if migrate.current(connection) else []
            live = [w for w in known if w.is_live]
        database.close()
    if not live:
        raise Wrong(
            N_("No worker runs, so jobs stay queued."), N_("Start one: reelwright up, or reelwright worker on its own.")
        )


def _master_key(settings: Settings) -> None:
    from workbench.security.keys import MASTER_FILE, Vault

    # Looking must not make a key: a home that has none yet gets one with its first profile.
    if settings.master_key is None and not (settings.home / MASTER_FILE).exists():
        return
    vault = Vault.open(settings)
    database = _open_database(settings)
    if database is None:
        return
    from workbench.db import migrate
    from workbench.db.reads import profiles

    with database.read() as connection:
        sealed = profiles.list_sealed(connection) if migrate.current(connection) else []
    database.close()
    for row in sealed:
        if row.key_ciphertext and row.key_id:
            vault.unseal(row.key_ciphertext, row.key_id)
