"""`reelwright doctor`: every part with ok, or what is wrong and what to do. Never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from workbench.cli import console
from workbench.errors import InvalidInput, ReelwrightError
from workbench.i18n import N_, Text

if TYPE_CHECKING:
    from workbench.db.connection import Database
    from workbench.settings import Settings

#: a worker shows itself about once a second; after this long it is taken for dead
LIVE_MS = 10_000

_NEEDS_DATABASE = ("migrations", "workers")


class Wrong(Exception):
    """A part does not work: what is wrong, and what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Finding:
    part: str
    ok: bool
    problem: str | None = None
    remedy: str | None = None


@click.command()
@click.option("--port", default=8501, show_default=True, help="Port of the page to look at.")
@console.json_option
def command(port: int, as_json: bool) -> int:
    """Say what is wrong with this installation and what to do; exit 1 if anything is."""
    findings = list(examine(port))
    if as_json:
        console.emit([asdict(f) for f in findings])
    else:
        for finding in findings:
            mark, rest = ("✓", "") if finding.ok else ("✗", f"  {finding.problem}\n{'':13}→ {finding.remedy}")
            click.echo(f"{mark} {finding.part:<10}{rest}".rstrip())
    return 0 if all(f.ok for f in findings) else 1


def examine(port: int = 8501) -> Iterator[Finding]:
    """Look at every part, in the order in which they need each other."""
    from workbench.settings import Settings

    try:
        settings = Settings.load()
    except InvalidInput as error:
        for issue in error.issues:
            yield Finding(
                "settings", False, console.said(issue.message), console.said(N_("Correct the variable, or unset it."))
            )
        return
    yield Finding("settings", True)
    checks: dict[str, Callable[[], None]] = {
        "home": lambda: _home(settings),
        "database": lambda: _database(settings),
        "migrations": lambda: _migrations(settings),
        "redis": lambda: _redis(settings),
        "workers": lambda: _workers(settings),
        "web port": lambda: _web_port(settings, port),
        "master key": lambda: _master_key(settings),
    }
    wrong: set[str] = set()
    for part, check in checks.items():
        if part in _NEEDS_DATABASE and "database" in wrong:
            problem, remedy = (
                console.said(N_("Not known until the database opens.")),
                console.said(N_("Mend the database first.")),
            )
            yield Finding(part, False, problem, remedy)
            continue
        finding = _finding(part, check)
        if not finding.ok:
            wrong.add(part)
        yield finding


def _finding(part: str, check: Callable[[], None]) -> Finding:
    try:
        check()
    except Wrong as wrong:
        return Finding(part, False, console.said(wrong.problem), console.said(wrong.remedy))
    except ReelwrightError as error:
        return Finding(
            part, False, console.said(error.text), console.said(N_("Do what the message says, then look again."))
        )
    except Exception as error:  # a doctor that falls ill helps nobody
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        return Finding(
            part,
            False,
            f"{type(error).__name__}: {what}",
            console.said(N_("Look at the workers' log, or report this line.")),
        )
    return Finding(part, True)


def _home(settings: Settings) -> None:
    from workbench.cli.parts import prepare_home

    prepare_home(settings)


def _opened(settings: Settings) -> Database | None:
    """The database, None when it is a file that the first start will make."""
    from workbench.db.connection import Database

    database = Database(settings.database_url)
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return None
    return database


def _database(settings: Settings) -> None:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    database = _opened(settings)
    if database is None:
        return
    try:
        with database.write() as connection:
            connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        what = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise Wrong(
            Text("The database {url} cannot be written: {reason}", url=database.url.render_as_string(), reason=what),
            N_("Check DATABASE_URL, the disk's free space and who may write there."),
        ) from error
    finally:
        database.close()


def _migrations(settings: Settings) -> None:
    from workbench.db import migrate

    database = _opened(settings)
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
    from workbench import broker, embedded

    if settings.redis_url is None:
        if not embedded.is_alive(settings):
            raise Wrong(N_("The embedded Valkey does not run."), N_("Start everything: reelwright up"))
        return
    try:
        broker.ping(broker.make_sender(settings))
    except ReelwrightError as error:
        raise Wrong(
            error.text, N_("Check REDIS_URL and that the server runs; unset it to use the embedded Valkey.")
        ) from error


def _workers(settings: Settings) -> None:
    from workbench.db import migrate
    from workbench.db.reads import jobs

    database = _opened(settings)
    live = []
    if database is not None:
        with database.read() as connection:
            # an empty database has no table of workers yet
            known = jobs.workers(connection) if migrate.current(connection) else []
            live = [w for w in known if w["age_ms"] <= LIVE_MS]
        database.close()
    if not live:
        raise Wrong(
            N_("No worker runs, so jobs stay queued."), N_("Start one: reelwright up, or reelwright worker on its own.")
        )


def _web_port(settings: Settings, port: int) -> None:
    from workbench.cli.parts import HomeLock
    from workbench.cli.up import page_answers
    from workbench.cli.web import refuse_taken_port

    lock = HomeLock(settings)
    if lock.is_held() and (url := lock.holder().get("url")):
        if not page_answers(*_host_and_port(url)):
            raise Wrong(
                Text("The page does not answer at {url}.", url=url),
                N_("Wait a moment, then start again: reelwright up"),
            )
        return
    if page_answers("127.0.0.1", port):
        return
    try:
        refuse_taken_port("127.0.0.1", port)
    except ReelwrightError as error:
        raise Wrong(error.text, Text("reelwright up --port {other}", other=str(port + 1))) from error


def _host_and_port(url: str) -> tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def _master_key(settings: Settings) -> None:
    from workbench.security.keys import MASTER_FILE, Vault

    # Looking must not make a key: a home that has none yet gets one with its first profile.
    if settings.master_key is None and not (settings.home / MASTER_FILE).exists():
        return
    vault = Vault.open(settings)
    database = _opened(settings)
    if database is None:
        return
    from workbench.db import migrate
    from workbench.db.reads import profiles

    with database.read() as connection:
        sealed = profiles.all_sealed(connection) if migrate.current(connection) else []
    database.close()
    for row in sealed:
        vault.unseal(row["key_ciphertext"], row["key_id"])
