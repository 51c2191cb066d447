"""PgBouncer in front of a PostgreSQL server, handing out backends for one transaction at a time."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.conftest import until

#: backends for all clients together: fewer than a worker has threads
BACKENDS = 6


def find_pgbouncer() -> str | None:
    return shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextlib.contextmanager
def pooled(program: str, server_url: str, folder: Path) -> Iterator[str]:
    """The address of the same database through a pooler."""
    server = make_url(server_url)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={server.query['host']} user={server.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = {BACKENDS}\nmax_client_conn = 500\n"
    )
    # it does not run as root
    user = ["-u", _owner_of(Path(str(server.query["host"])))] if os.getuid() == 0 else []
    os.chmod(folder, 0o755)
    process = subprocess.Popen([program, *user, str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"postgresql://{server.username}@127.0.0.1:{port}/{server.database}"
    try:
        until(lambda: _answers(url), 30, "PgBouncer")
        yield url
    finally:
        process.kill()
        process.wait()


def _owner_of(path: Path) -> str:
    return pwd.getpwuid(path.stat().st_uid).pw_name


def _answers(url: str) -> bool:
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, connect_timeout=2, prepare_threshold=None) as conn:
        return conn.execute("SELECT 1").fetchone() == (1,)
    return False
