"""`python -m benchmarks.worker`: the product's own worker, with the measured jobs in its registry."""

from __future__ import annotations

import os
import sys

import benchmarks.workflows  # noqa: F401  registers the measured jobs
from workbench.cli import main
from workbench.db.connection import Database
from workbench.db.rollup_triggers import rollup_trigger_statements
from workbench.jobs.worker import WorkerEngine
from workbench.settings import Settings

#: what jobs cost without their being counted, indexed and summed up
WITHOUT_FILING = "BENCHMARK_WITHOUT_FILING"


def work(arguments: list[str]) -> None:
    """Be a worker until somebody stops it."""
    if os.environ.get(WITHOUT_FILING):
        WorkerEngine.file_ended = WorkerEngine.roll_up = lambda self: None  # type: ignore[method-assign]
        database = Database(Settings.load().database_url)
        with database.write() as conn:
            for statement in rollup_trigger_statements(conn.dialect.name):
                if statement.startswith("DROP TRIGGER"):
                    conn.exec_driver_sql(statement)
        database.close()
    main(["worker", *arguments])


if __name__ == "__main__":
    work(sys.argv[1:])
