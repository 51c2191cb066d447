"""Starting the processes of one installation, keeping them up, and leaving nothing behind.

A home has one supervisor at a time: it holds a lock on ``up.lock``, whose text says who it is and where its page is.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from workbench.broker import embedded, sender
from workbench.cli import console
from workbench.cli.signs import FileSign, page_answers
from workbench.errors import NotAllowed, Unavailable
from workbench.health import prepare_home
from workbench.i18n import N_, Text
from workbench.json_types import JsonObject
from workbench.log_file import KEPT_BY_GUARD, LogFile
from workbench.plain_text import without_password
from workbench.security import door
from workbench.settings import Settings, variable

FIRST_BACKOFF_S = 0.2
LAST_BACKOFF_S = 5.0
#: how often parts are asked whether they live
LOOK_EVERY_S = 2.0
#: how long a part may say nothing before it is ended; a page's server may be busy for a while, a start may take longer
SILENT_S = 16.0
PAGES_SILENT_S = 60.0
#: each look at it takes two seconds more when it does not answer
BROKER_SILENT_S = 8.0
#: a worker may first wait for a database, a page's server for a slow disk; the embedded Valkey has nothing to load
START_S = 120.0
BROKER_START_S = 20.0
#: a process that ran this long starts again with the first back-off
STEADY_AFTER_S = 10.0

_ROOT = Path(__file__).resolve().parents[2]
_GUARD = Path(__file__).with_name("guard.py")
#: a part's guard keeps its output, which must not wait in a buffer; a crash of the interpreter itself is told, too
_LOGGED = {KEPT_BY_GUARD: "1", "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}


class AlreadyRunning(NotAllowed):
    """Another process supervises this home."""

    def __init__(self, pid: int | None, url: str | None) -> None:
        place = url or "—"
        super().__init__(
            Text(
                "Reelwright already runs for this home: {url} (process {pid}). Stop it first, or set REELWRIGHT_HOME.",
                url=place,
                pid=pid or 0,
            )
        )
        self.pid = pid
        self.url = url


class HomeLock:
    """Held by the process that supervises a home. The kernel frees it however that process ends."""

    def __init__(self, settings: Settings) -> None:
        self.path = settings.home / "up.lock"
        self._file: TextIO | None = None

    def acquire(self, url: str | None = None) -> None:
        """Raises AlreadyRunning with the holder's address."""
        # nobody else may open it: whoever can, can hold the lock. Open for as long as the lock is held.
        file = os.fdopen(
            os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "a+", encoding="utf-8"
        )
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            holder = self.holder()
            raise AlreadyRunning(holder.get("pid"), holder.get("url")) from None
        self._file = file
        # the address has the start token in it
        os.fchmod(file.fileno(), 0o600)
        file.truncate(0)
        json.dump({"pid": os.getpid(), "url": url}, file)
        file.flush()

    def release(self) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None

    def holder(self) -> JsonObject:
        """Who holds the lock and where, {} when that is not written (yet)."""
        with contextlib.suppress(OSError, ValueError):
            holder = json.loads(self.path.read_text(encoding="utf-8"))
            if isinstance(holder, dict):
                return holder
        return {}

    def refuse_if_held(self) -> None:
        """Raises AlreadyRunning when some process supervises the home now."""
        if self.is_held():
            holder = self.holder()
            raise AlreadyRunning(holder.get("pid"), holder.get("url"))

    def is_held(self) -> bool:
        """Whether some process supervises the home now."""
        try:
            with open(self.path, encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except OSError:
            return True
        return False


def environment(settings: Settings) -> dict[str, str]:
    """What a child process needs to read the very same settings."""
    given = {"home"} | settings.model_fields_set
    env = dict(os.environ)
    for name in given:
        value = getattr(settings, name)
        if value is not None:
            env[variable(name)] = value.get_secret_value() if name == "master_key" else str(value)
    return env


def worker_command(settings: Settings, threads: int | None, sign: Path | None = None) -> list[str]:
    """`sign`: the file by which the worker shows that it lives."""
    command = [sys.executable, "-m", "workbench.cli", "worker", "--threads", str(threads or settings.threads)]
    return command if sign is None else [*command, "--sign", str(sign)]


def web_command(host: str, port: int) -> list[str]:
    """The Streamlit server. What the command line says wins over any STREAMLIT_* variable of the environment."""
    options = {"address": host, "port": port, "headless": "true", "fileWatcherType": "none"}
    flags = [f"--server.{name}={value}" for name, value in options.items()]
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app_path()),
        *flags,
        "--browser.gatherUsageStats=false",
        "--logger.level=warning",
    ]


def app_path() -> Path:
    """app.py stands beside the workbench package, in a checkout as well as in an installation."""
    return _ROOT / "app.py"


@dataclass
class ManagedProcess:
    """One supervised process. `before` runs ahead of each start; `grace_s` is its time to end by itself.

    `lives` says whether it has shown a sign of life since the last look; silent for `silent_s`, or for `start_s` before
    its first sign, it is ended.
    """

    name: str
    command: list[str]
    env: dict[str, str]
    grace_s: float = 5.0
    before: Callable[[], None] | None = None
    #: others still need it while they end
    stops_last: bool = False
    lives: Callable[[], bool] | None = None
    silent_s: float = SILENT_S
    start_s: float = START_S
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)


class SilenceWatch:
    """Counts looks at one process, not seconds: a supervisor that was stopped itself takes nobody for silent."""

    def __init__(self, silent_s: float, start_s: float = START_S) -> None:
        self._allowed = round(silent_s / LOOK_EVERY_S)
        self._allowed_at_first = round(max(silent_s, start_s) / LOOK_EVERY_S)
        self._silent = 0
        self._has_lived = False

    def is_over(self, lives: bool) -> bool:
        """Whether its time is over, after one more look."""
        self._has_lived |= lives
        self._silent = 0 if lives else self._silent + 1
        return self._silent >= (self._allowed if self._has_lived else self._allowed_at_first)


class Supervisor:
    """Starts processes under a guard each, starts again what dies, and stops them all."""

    def __init__(self, log_folder: Path) -> None:
        self._log_folder = log_folder
        self._log = LogFile(str(log_folder / "up.log"))
        self._lifeline_read, self._lifeline_write = os.pipe()
        self._stopping = threading.Event()
        #: no process may start once stopping has begun
        self._starting = threading.Lock()
        self._managed: list[tuple[ManagedProcess, threading.Thread]] = []
        #: where the pages are, start token included; None: no pages
        self.page_url: str | None = None

    def start(self, managed: ManagedProcess) -> None:
        thread = threading.Thread(
            target=self._supervise, args=(managed,), name=f"supervise {managed.name}", daemon=True
        )
        self._launch(managed)
        self._managed.append((managed, thread))
        thread.start()
        if managed.lives is not None:
            watch = threading.Thread(
                target=self._watch_for_silence, args=(managed, managed.lives), name=f"watch {managed.name}", daemon=True
            )
            watch.start()

    def stop(self) -> None:
        with self._starting:
            self._stopping.set()
        for last in (False, True):
            group = [(managed, thread) for managed, thread in self._managed if managed.stops_last is last]
            for managed, _ in group:
                if managed.process is not None and managed.process.poll() is None:
                    managed.process.terminate()
            for managed, thread in group:
                thread.join()
                if managed.process is not None:
                    managed.process.wait()
        self._managed.clear()
        os.close(self._lifeline_write)
        os.close(self._lifeline_read)

    def _launch(self, managed: ManagedProcess) -> None:
        if managed.before is not None:
            managed.before()
        log = self._log_folder / f"{managed.name.replace(' ', '-')}.log"
        guard = [
            sys.executable, "-I", "-S", str(_GUARD), str(self._lifeline_read), str(managed.grace_s), "--log", str(log),
        ]  # fmt: skip
        with self._starting:
            if self._stopping.is_set():
                return
            managed.process = subprocess.Popen(
                guard + managed.command,
                env=managed.env | _LOGGED,
                cwd=_ROOT,
                stdin=subprocess.DEVNULL,
                # stdout belongs to the results of the command that supervises; what a part prints there is in its log.
                stdout=subprocess.DEVNULL,
                pass_fds=[self._lifeline_read],
                start_new_session=True,
            )

    def _supervise(self, managed: ManagedProcess) -> None:
        backoff_s = FIRST_BACKOFF_S
        while managed.process is not None:
            started = time.monotonic()
            code = managed.process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= STEADY_AFTER_S:
                backoff_s = FIRST_BACKOFF_S
            message = Text(
                "{part} ended (exit code {code}); it starts again in {seconds} s",
                part=managed.name,
                code=code,
                seconds=round(backoff_s, 1),
            )
            self._say(message)
            if self._stopping.wait(backoff_s):
                return
            backoff_s = min(backoff_s * 2, LAST_BACKOFF_S)
            try:
                self._launch(managed)
            except Exception as error:  # such as a full process table; the next round tries again
                self._say(Text("{part} cannot be started: {reason}", part=managed.name, reason=str(error)))

    def _watch_for_silence(self, managed: ManagedProcess, lives: Callable[[], bool]) -> None:
        """End a process that lives and says nothing: stopped or hung, it may hold what all others wait for."""
        watched, watch = None, SilenceWatch(managed.silent_s, managed.start_s)
        while not self._stopping.wait(LOOK_EVERY_S):
            process = managed.process
            if process is not watched:
                watched, watch = process, SilenceWatch(managed.silent_s, managed.start_s)
            if process is None or process.poll() is not None or not watch.is_over(lives()) or self._stopping.is_set():
                continue
            text = N_("{part} has given no sign of life for {seconds} s; it is ended")
            self._say(Text(text, part=managed.name, seconds=round(managed.silent_s)))
            # its guard ends it at once, and it starts again as after any other end
            process.send_signal(signal.SIGUSR1)
            watch = SilenceWatch(managed.silent_s, managed.start_s)

    def _say(self, message: Text) -> None:
        self._log.write(console.localize(message))
        console.say(message)


@contextlib.contextmanager
def run_processes(
    settings: Settings,
    workers: int = 1,
    web: bool = False,
    *,
    threads: int | None = None,
    host: str = "127.0.0.1",
    port: int = 8501,
) -> Iterator[Supervisor]:
    """Everything this home needs, for as long as the block runs: migrations, the embedded Valkey, workers, pages.

    Raises AlreadyRunning when another process supervises the home, Unavailable when one of them cannot be started.
    """
    prepare_home(settings)
    token = door.new_token()
    page_url = door.address(host, port, token) if web else None
    lock = HomeLock(settings)
    lock.acquire(page_url)
    supervisor = Supervisor(settings.log_folder)
    supervisor.page_url = page_url
    try:
        start_broker(settings, supervisor)
        migrate_database(settings)
        env = environment(settings)
        if web:
            web_env = {**env, door.TOKEN_VARIABLE: token}
            supervisor.start(
                ManagedProcess(
                    "web",
                    web_command(host, port),
                    web_env,
                    lives=lambda: page_answers(host, port),
                    silent_s=PAGES_SILENT_S,
                )
            )
        for number in range(1, workers + 1):
            sign = FileSign(settings.log_folder / f".worker-{number}.alive")
            supervisor.start(
                ManagedProcess(
                    f"worker {number}",
                    worker_command(settings, threads, sign.path),
                    env,
                    grace_s=11.0,
                    before=sign.clear,
                    lives=sign.has_changed,
                )
            )
        yield supervisor
    finally:
        supervisor.stop()
        embedded.tidy(settings)
        lock.release()


def start_broker(settings: Settings, supervisor: Supervisor) -> None:
    """The embedded Valkey, or the proof that the given Redis answers."""
    if settings.redis_url is not None:
        sender.probe(sender.make_sender(settings))
        return
    command = embedded.command(settings)
    supervisor.start(
        ManagedProcess(
            "valkey",
            command,
            dict(os.environ),
            before=lambda: embedded.end_orphan(settings),
            stops_last=True,
            lives=lambda: embedded.is_alive(settings),
            silent_s=BROKER_SILENT_S,
            start_s=BROKER_START_S,
        )
    )
    embedded.wait_ready(settings)


def migrate_database(settings: Settings) -> None:
    """Run the migrations once, here; workers and pages below a supervisor find them done."""
    from sqlalchemy.exc import SQLAlchemyError

    from workbench.db.connection import Database
    from workbench.db.migrate import migrate

    database = Database(settings.database_url, wait_s=settings.lock_wait_seconds)
    try:
        migrate(database)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise Unavailable(
            Text(
                "The database {url} cannot be used: {reason}",
                url=without_password(database.url.render_as_string(hide_password=False)),
                reason=reason,
            )
        ) from error
    finally:
        database.close()
