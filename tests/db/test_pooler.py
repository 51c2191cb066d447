"""PostgreSQL behind a transaction pooler."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from tests.engine.conftest import Engine
from tests.pooler import Settings as PoolerSettings
from tests.pooler import pooled
from workbench.db.connection import Database
from workbench.db.schema import job, meta
from workbench.errors import DatabaseBusy, InvalidInput
from workbench.jobs.submit import Request
from workbench.profiles.model_call import DATABASE_AWAY
from workbench.settings import Settings

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.mark.parametrize("behaviour", ["refuse", "ignore"])
@pytest.mark.parametrize("query", ["", "?prepare_threshold=0"])
def test_an_engine_works_through_it(settings: Settings, behaviour: PoolerSettings, query: str) -> None:
    with pooled(settings.database_url, behaviour) as pooler:
        engine = Engine(settings.model_copy(update={"database_url": pooler.url + query}))
        project = engine.wb.create_project({"title": "P", "language": "en", "summary": "s" * 100})
        many = engine.wb.jobs.submit_many([Request("test_nothing", params={"number": n}) for n in range(30)])
        parent = engine.wb.submit("test_batch", project, {"kinds": ["test_child_good"] * 3})
        assert engine.finish(parent.id, 60).state == "succeeded"
        assert engine.finish(many[-1].id, 60).state == "succeeded"
        asked = engine.wb.submit("test_sleep", params={"seconds": 60})
        engine.wb.jobs.cancel(asked.id)
        assert engine.wb.jobs.get(asked.id).state == "cancelled"
        for _ in range(8):
            engine.worker.maintain()
            engine.worker.runner.heartbeat()
        engine.close()
        assert pooler.transactions > 100


def test_it_does_break_prepared_statements(settings: Settings) -> None:
    """Who says that statements are prepared all the same is believed."""
    with pooled(settings.database_url, "ignore") as pooler:
        database = Database(f"{pooler.url}?prepare_threshold=1")

        def ask() -> None:
            for _ in range(9):
                with database.read() as conn:
                    conn.execute(select(meta.c.value).where(meta.c.key == "x"))

        with pytest.raises(DBAPIError, match="prepared statement"):
            ask()
        database.close()


@pytest.mark.parametrize("statement", [b"BEGIN", b"COMMIT"])
def test_an_answer_left_over_is_a_lost_connection_and_no_fault_of_a_job(settings: Settings, statement: bytes) -> None:
    with pooled(settings.database_url, "refuse") as pooler:
        engine = Engine(settings.model_copy(update={"database_url": pooler.url}))
        database = engine.wb.database
        with database.write() as conn:
            conn.execute(insert(meta).values(key="x", value="1"))
        pooler.surplus_at = statement
        with pytest.raises(DATABASE_AWAY), database.write() as conn:
            conn.execute(update(meta).where(meta.c.key == "x").values(value="2"))
        assert pooler.surplus_at == b""
        for number in range(3, 30):
            with database.write() as conn:
                conn.execute(update(meta).where(meta.c.key == "x").values(value=str(number)))
        with database.read() as conn:
            assert conn.execute(select(meta.c.value).where(meta.c.key == "x")).scalar_one() == "29"
        engine.close()


def test_waits_are_bounded_through_it_too(settings: Settings) -> None:
    with pooled(settings.database_url, "refuse") as pooler:
        holder = Database(settings.database_url)
        database = Database(pooler.url, wait_s=0.3)
        with holder.write() as conn:
            conn.execute(text("LOCK TABLE job IN ACCESS EXCLUSIVE MODE"))
            with pytest.raises(DatabaseBusy), database.write() as other:
                other.execute(update(job).values(priority=1))
        database.close()
        holder.close()


@pytest.mark.parametrize(("word", "threshold"), [("0", None), ("none", None), ("off", None), ("7", 7)])
def test_the_address_says_how_often_before_a_statement_is_prepared(
    settings: Settings, word: str, threshold: int | None
) -> None:
    database = Database(f"{settings.database_url}&prepare_threshold={word}")
    with database.read() as conn:
        raw: Any = conn.connection.driver_connection
        assert raw.prepare_threshold == threshold
    database.close()


@pytest.mark.parametrize("word", ["often", "-1", "1e9", "99999999999"])
def test_other_words_are_refused(settings: Settings, word: str) -> None:
    with pytest.raises(InvalidInput, match="prepare_threshold"):
        _ = Database(f"{settings.database_url}&prepare_threshold={word}").engine
