"""Migrations from empty to today's schema, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text, update
from sqlalchemy.exc import DatabaseError

from workbench.db.connection import Database, now_ms
from workbench.db.migrate import current, head, migrate
from workbench.db.schema import job, metadata
from workbench.db.writes import jobs as writes
from workbench.errors import Unavailable


@pytest.fixture
def database(empty_database_url: str) -> Database:
    return Database(empty_database_url)


def test_the_migrated_schema_is_the_declared_one(database: Database) -> None:
    migrate(database)
    with database.read() as conn:
        assert current(conn) == head()
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []
        indexes = {i["name"] for table in metadata.tables for i in inspect(conn).get_indexes(table)}
    assert {i.name for table in metadata.tables.values() for i in table.indexes} <= indexes


def test_a_finished_job_is_frozen_after_every_migration(database: Database) -> None:
    migrate(database)
    migrate(database)
    with database.write() as conn:
        row = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1}
        job_id = writes.insert_job(conn, row)
        conn.execute(update(job).values(state="failed", finished_at=now_ms()))
    with pytest.raises(DatabaseError, match="a finished job never changes"), database.write() as conn:
        conn.execute(update(job).where(job.c.id == job_id).values(state="queued"))


def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    def start(_: int) -> None:
        database = Database(empty_database_url)
        migrate(database)
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(start, range(4)))


def test_a_database_newer_than_the_code_is_refused_by_name(database: Database) -> None:
    migrate(database)
    with database.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(Unavailable, match="9999"):
        migrate(database)


def test_an_unreachable_database_is_one_clear_line() -> None:
    database = Database("postgresql+psycopg://nobody:secret@127.0.0.1:9/none")
    with pytest.raises(Unavailable) as refused, database.read():
        pass
    assert "DATABASE_URL" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
