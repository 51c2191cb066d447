"""Migrations from empty to today's schema, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import DatabaseError

from workbench.db import schema
from workbench.db.connection import Database, db_now_ms
from workbench.db.migrate import _MIGRATIONS, current, head, migrate
from workbench.db.reads.filing import ENGLISH_BELOW
from workbench.db.reads.rollups import stretch, sum_jobs
from workbench.db.rollup_tables import pruned_job, waste_sum, wasted_call
from workbench.db.rollups import HOUR_MS
from workbench.db.schema import alert, gate, job, job_child
from workbench.db.search import INDEX
from workbench.db.tables import metadata
from workbench.db.waste import ALWAYS, FACETS, NONE
from workbench.db.writes import alerts, insert, installation
from workbench.errors import Unavailable
from workbench.i18n import Text, translate


@pytest.fixture
def database(empty_database_url: str) -> Database:
    return Database(empty_database_url)


def test_the_migrated_schema_is_the_declared_one(database: Database) -> None:
    migrate(database)
    with database.read() as conn:
        assert current(conn) == head()
        # the index of words is no table of SQLAlchemy's
        declared = MigrationContext.configure(conn, opts={"include_name": lambda n, *_: not str(n).startswith(INDEX)})
        assert compare_metadata(declared, metadata) == []
        indexes = {i["name"] for table in metadata.tables for i in inspect(conn).get_indexes(table)}
        if database.is_sqlite:
            # SQLAlchemy sees none of expressions there
            indexes |= set(conn.scalars(text("SELECT name FROM sqlite_master WHERE type = 'index'")))
    assert {i.name for table in metadata.tables.values() for i in table.indexes} <= indexes


def test_a_finished_job_is_frozen_after_every_migration(database: Database) -> None:
    migrate(database)
    migrate(database)
    with database.write() as conn:
        row = {"kind": "k", "queue": "text", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1}
        job_id = insert.insert_job(conn, row)
        conn.execute(update(job).values(state="failed", finished_at=db_now_ms()))
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


def _before(database: Database, revision: str, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Bring an empty database to an earlier revision and fill it as that release did."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with database.read():
        pass  # makes the folder of a SQLite file
    with database.write() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
        for table, row in rows:
            columns, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            conn.execute(text(f"INSERT INTO {table} ({columns}) VALUES ({values})"), row)


def _old_job(job_id: int, title: str, node_id: int | None, state: str = "waiting") -> tuple[str, dict[str, Any]]:
    row = {"id": job_id, "kind": "k", "queue": "text", "state": state, "title": title, "project_id": node_id}
    row |= {"node_id": node_id, "params": "{}", "params_hash": "h", "priority": 0, "max_attempts": 1, "claim": 1}
    return "job", row | {"failures": 0, "losses": 0, "available_at": 1, "progress": 0, "created_at": 1}


def test_what_older_releases_wrote_into_names_becomes_columns(database: Database) -> None:
    step = {"job_id": 1, "input_hash": "h", "claim": 1, "created_at": 1, "updated_at": 1}
    items = ["1:0:generate_x:7", "12:30:a_2_b:8", "job:generate_x:7"]
    _before(
        database,
        "0006",
        [
            ("node", {"id": 7, "kind": "project", "position": 0, "title": "A · B", "created_at": 1}),
            _old_job(1, "Scene list · A · B", 7),
            _old_job(2, "Chat", None),
            _old_job(3, "Scene list · {place}", 7, "failed"),
            *(
                ("job_child", {"parent_id": 1, "position": n, "child_id": 2, "item": item})
                for n, item in enumerate(items)
            ),
            ("step", {**step, "name": "refused 1:2:generate_x:9", "position": 1002, "state": "refused_child"}),
            ("step", {**step, "name": "refused to go", "position": 1, "state": "done"}),
            ("gate", {"key": "profile:None", "paused": True}),
            ("gate", {"key": "queue:text", "paused": True}),
        ],
    )
    migrate(database)
    with database.read() as conn:
        titles = [
            t if t is None else Text.from_json(t) for (t,) in conn.execute(select(job.c.title_i18n).order_by(job.c.id))
        ]
        assert titles == ["Scene list · A · B", None, "Scene list · {place}"]
        assert titles[0] is not None
        assert translate(titles[0], "zh") == "场景列表 · A · B"
        children = select(job_child.c.batch, job_child.c.batch_position).order_by(job_child.c.position)
        assert conn.execute(children).all() == [(1, 0), (12, 30), (None, None)]
        refused = dict(conn.execute(select(schema.step.c.name, schema.step.c.child_item)).all())
        assert refused == {"refused 1:2:generate_x:9": "1:2:generate_x:9", "refused to go": None}
        assert conn.execute(select(gate.c.key)).scalars().all() == ["queue:text"]
    with pytest.raises(DatabaseError, match="a finished job never changes"), database.write() as conn:
        conn.execute(update(job).where(job.c.id == 3).values(state="queued"))


def _old_waste(
    call_id: int, job_id: int | None, call: dict[str, Any], narrow: dict[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    own = {
        "id": call_id, "call_id": str(call_id), "job_id": job_id, "purpose": "generate", "provider": "p", "model": "m",
        "capability": "text", "outcome": "error", "started_at": call_id * 30_000_000, "cost_micros": call_id,
    }  # fmt: skip
    kept = {"started_at": own["started_at"], "model": "m", "cost_micros": call_id, "unpriced": 0}
    return [("model_call", own | call), ("wasted_call", {"call_id": call_id} | kept | narrow)]


def test_waste_of_before_is_summed_up_by_place_profile_and_person_and_keeps_its_marks(database: Database) -> None:
    _before(
        database,
        "0032",
        [
            ("node", {"id": 7, "kind": "project", "position": 0, "title": "P", "created_at": 1}),
            ("job", _old_job(1, "t", 7, "failed")[1] | {"created_by": "Ann"}),
            *_old_waste(1, 1, {"profile_id": 3}, {"cause": "error", "project_id": 7, "workflow": "k"}),
            *_old_waste(2, 1, {"capability": "image"}, {"cause": "error", "currency": "CNY", "unpriced": 1}),
            # of jobs that were pruned: their calls say where and whose they were
            *_old_waste(3, None, {"node_id": 7, "created_by": "Bo"}, {"cause": "job_failed", "kept": "job_failed"}),
            *_old_waste(4, None, {"node_id": 7, "created_by": "Bo"}, {"cause": None, "kept": ""}),
            # what changed and is not settled yet is summed up as it stands
            *_old_waste(5, 1, {"cost_micros": 900}, {"cause": "lost"}),
            ("wasted_call", {"call_id": 6, "cause": "lost", "started_at": 5, "model": "gone", "cost_micros": 1,
                             "unpriced": 0}),
        ],
    )  # fmt: skip
    migrate(database)
    with database.read() as conn:
        c = wasted_call.c
        query = select(c.call_id, c.kept, c.node_id, c.profile_id, c.created_by, c.capability).order_by(c.call_id)
        assert conn.execute(query).all() == [
            (1, None, 7, 3, "Ann", "text"), (2, None, 7, None, "Ann", "image"),
            (3, "job_failed", 7, None, "Bo", "text"), (4, "", 7, None, "Bo", "text"),
            (5, None, 7, None, "Ann", "text"), (6, None, None, None, None, None),
        ]  # fmt: skip
        held = [row for row in conn.execute(select(wasted_call)) if row.cause is not None]
        assert [*conn.execute(select(waste_sum).order_by(*waste_sum.primary_key))] == sorted(sum_up(held))
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with database.write() as conn:
        config.attributes["connection"] = conn
        command.downgrade(config, "0032")
        sums = conn.execute(text("SELECT facet, SUM(calls), SUM(cost_micros) FROM waste_sum GROUP BY facet"))
        facets = ("all", "cause", "cause_model", "cause_project", "model", "project", "workflow")
        assert sorted((f, int(n), int(cost)) for f, n, cost in sums) == [(f, 5, 12) for f in facets]
        kept = text("SELECT kept FROM wasted_call WHERE kept IS NOT NULL ORDER BY call_id")
        assert [*conn.scalars(kept)] == ["job_failed", ""]
    migrate(database)
    with database.read() as conn:
        assert [*conn.execute(query)][:2] == [(1, None, 7, 3, "Ann", "text"), (2, None, 7, None, "Ann", "image")]


def sum_up(rows: list[Any]) -> list[tuple[Any, ...]]:
    """The rows of `waste_sum` that these narrow rows come to."""
    sums: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        for facet, (dimensions, spans) in FACETS.items():
            for hours in spans:
                shown = (*dimensions, *ALWAYS)
                key = [(getattr(row, name) or none) if name in shown else none for name, none in NONE.items()]
                cell = sums.setdefault((facet, hours, row.started_at // (hours * HOUR_MS) * hours * HOUR_MS, *key), [])
                cell[:] = [a + b for a, b in zip(cell or [0, 0, 0], (1, row.cost_micros, row.unpriced), strict=True)]
    return [(*key, *own) for key, own in sums.items()]


def test_an_alert_of_before_still_holds_and_another_subject_has_its_own(database: Database) -> None:
    rule = {"id": 1, "kind": "stuck_queue", "threshold": 5, "time_zone": "UTC", "enabled": True, "created_at": 1}
    old = {"id": 1, "rule_id": 1, "subject": "text", "value": 7, "times": 1, "raised_at": 1, "held_at": 1, "told": True}
    _before(database, "0037", [("alert_rule", rule), ("alert", old | {"dismissed_at": 2})])
    migrate(database)
    with database.write() as conn:
        for queue in ("text", "system", "system"):
            alerts.hold(conn, 1, queue, 9)
        rows = conn.execute(select(alert.c.subject, alert.c.told, alert.c.dismissed_at, alert.c.times)).all()
    assert sorted(rows) == [("system", False, None, 1), ("text", True, 2, 1)]


@pytest.mark.parametrize("jobs", [0, 2])
def test_what_was_filed_before_is_filed_anew(database: Database, jobs: int) -> None:
    old = [_old_job(n, "Chat", None, "failed") for n in range(1, 4)]
    _before(database, "0038", [(table, row | {"filed": row["id"] <= jobs or None}) for table, row in old])
    migrate(database)
    with database.read() as conn:
        assert installation.get_meta(conn, ENGLISH_BELOW) == (str(jobs + 1) if jobs else None)


def test_what_was_pruned_before_its_rows_were_kept_stays_counted_by_whole_hours(database: Database) -> None:
    facts = {"kind": "k", "queue": "text", "state": "succeeded", "facet": "all", "at": 5 * HOUR_MS, "pruned": True}
    sums = {"jobs": 3, "started": 3, "wait_ms": 9, "run_ms": 6}
    _before(database, "0040", [("job_hour", {**facts, **sums, "hours": hours}) for hours in (1, 8, 24, 192)])
    migrate(database)

    def count(since: int, until: int) -> int:
        with database.read() as conn:
            return sum(jobs for (jobs,) in sum_jobs(conn, [], ["jobs"], stretch(since, until), {}).values())

    assert (count(0, 9 * HOUR_MS), count(5 * HOUR_MS + 1, 9 * HOUR_MS)) == (3, 0)
    with database.write() as conn:
        row = {"kind": "k", "state": "succeeded", "created_at": 1, "job_id": 1, "finished_at": 5 * HOUR_MS + 7}
        conn.execute(pruned_job.insert().values(row))
    assert count(5 * HOUR_MS + 1, 5 * HOUR_MS + 9) == 1
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    with database.write() as conn:
        config.attributes["connection"] = conn
        command.downgrade(config, "0040")
        assert "pruned_job" not in inspect(conn).get_table_names()
    migrate(database)
    assert (count(0, 9 * HOUR_MS), count(5 * HOUR_MS + 1, 5 * HOUR_MS + 9)) == (3, 0)


def test_an_unreachable_database_is_one_clear_line() -> None:
    database = Database("postgresql+psycopg://nobody:secret@127.0.0.1:9/none")
    with pytest.raises(Unavailable) as refused, database.read():
        pass
    assert "DATABASE_URL" in str(refused.value)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
