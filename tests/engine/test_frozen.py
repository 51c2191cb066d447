"""A process that is stopped in the middle of a write keeps every worker from writing for longer than a lease."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.conftest import until
from tests.engine.conftest import Workers, use
from tests.engine.test_processes import all_ended, check_nothing_lost_and_nothing_twice
from tests.scripted_provider import ScriptedProvider
from workbench.api.client import Workbench
from workbench.db.connection import db_now_ms
from workbench.db.schema import job
from workbench.errors import DatabaseBusy
from workbench.jobs.submit import Request
from workbench.settings import Settings

JOBS = 60
# Only being killed ends it.
HOLD = """
import signal, sys
from sqlalchemy import text
from workbench.db.connection import Database
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
with database.write() as conn:
    if not database.is_sqlite:
        conn.execute(text("LOCK TABLE job IN EXCLUSIVE MODE"))
    print("held", flush=True)
    while True:
        signal.pause()
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"lock_wait_seconds": 2.0})


def test_nothing_is_lost_or_done_twice_and_no_healthy_worker_is_taken_for_lost(
    wb: Workbench, workers: Workers, provider: ScriptedProvider, settings: Settings
) -> None:
    provider.script(default={"delay_ms": 500})
    use(wb, provider)
    profile = wb.profiles.list()[0].id
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, settings.database_url],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    for _ in range(2):
        # a heartbeat that a busy machine can keep: who misses three after the freeze is taken for lost, and rightly
        workers.start(REELWRIGHT_HEARTBEAT_SECONDS="1", REELWRIGHT_LEASE_SECONDS="6")
    wb.jobs.submit_many([Request("test_tell", params={"about": f"n {n}"}, profile_id=profile) for n in range(JOBS)])
    until(lambda: wb.jobs.count_by_state()["succeeded"] >= 4, 60, "the first jobs")
    holder.stdin.write("go\n")
    holder.stdin.flush()
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(signal.SIGSTOP)
    with pytest.raises(DatabaseBusy):
        wb.submit("test_nothing")
    until(lambda: _overdue(wb), 60, "leases that ran out")
    holder.kill()
    holder.wait()
    holder.stdin.close()
    holder.stdout.close()

    until(lambda: all_ended(wb), 120, f"the end of all jobs\n{workers.log()[-2000:]}")
    found = check_nothing_lost_and_nothing_twice(wb, provider, JOBS)
    assert found["lost_attempts"] == 0
    assert found["calls"] == JOBS


def _overdue(wb: Workbench) -> int:
    with wb.database.read() as conn:
        query = select(func.count()).select_from(job)
        query = query.where(job.c.state == "running", job.c.lease_until < db_now_ms() - 500)
        return int(conn.execute(query).scalar_one())
