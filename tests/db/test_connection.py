"""Work of several threads in one commit: each gets its own answer, and only its own failure."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select
from sqlalchemy.exc import OperationalError

from tests.conftest import until
from workbench.bootstrap import open_database
from workbench.db.connection import Database
from workbench.db.schema import meta
from workbench.settings import Settings


@pytest.fixture
def database(settings: Settings) -> Any:
    made = open_database(settings)
    yield made
    made.close()


def add(key: str) -> Callable[[Connection], str]:
    def work(conn: Connection) -> str:
        conn.execute(insert(meta).values(key=key, value=key))
        return f"added {key}"

    return work


def keys(database: Database) -> set[str]:
    with database.read() as conn:
        return {key for (key,) in conn.execute(select(meta.c.key).where(meta.c.key.like("t-%")))}


def together(database: Database, work: list[Callable[[Connection], Any]]) -> list[Any]:
    """What each piece of work answered or raised, all of them waiting behind one that is under way."""
    under_way, may_end = threading.Event(), threading.Event()
    answers: list[Any] = [None] * len(work)

    def first(conn: Connection) -> None:
        under_way.set()
        may_end.wait(120)

    def run(number: int) -> None:
        try:
            answers[number] = database.write_together(work[number])
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=database.write_together, args=(first,))]
    threads[0].start()
    under_way.wait(120)
    for number in range(len(work)):
        threads.append(threading.Thread(target=run, args=(number,)))
        threads[-1].start()
    if database.is_sqlite:
        until(lambda: len(database._turns) == len(work))
    may_end.set()
    for thread in threads:
        thread.join(120)
    return answers


def test_each_gets_its_own_answer_and_all_is_committed(database: Database) -> None:
    commits: list[Any] = []
    event.listen(database.engine, "commit", commits.append)
    assert together(database, [add(f"t-{n}") for n in range(6)]) == [f"added t-{n}" for n in range(6)]
    assert not database.is_sqlite or len(commits) == 2, "one for the first, one for all that waited behind it"
    assert keys(database) == {f"t-{n}" for n in range(6)}


def test_what_one_raises_undoes_its_own_work_alone(database: Database) -> None:
    def fail(conn: Connection) -> None:
        add("t-undone")(conn)
        raise LookupError("no")

    first, second, third = together(database, [add("t-1"), fail, add("t-2")])
    assert (first, third) == ("added t-1", "added t-2")
    assert isinstance(second, LookupError)
    assert keys(database) == {"t-1", "t-2"}


def test_alone_it_is_an_ordinary_transaction(database: Database) -> None:
    def fail(conn: Connection) -> None:
        add("t-undone")(conn)
        raise LookupError("no")

    with pytest.raises(LookupError):
        database.write_together(fail)
    assert database.write_together(add("t-1")) == "added t-1"
    assert keys(database) == {"t-1"}


def test_when_sqlite_takes_back_all_work_nobody_is_told_that_it_was_committed(database: Database) -> None:
    """A full disk rolls back the transaction, savepoints and all; what comes after would begin another."""

    def fail(conn: Connection) -> None:
        raw: Any = conn.connection.driver_connection
        raw.execute("ROLLBACK")
        raise OperationalError("INSERT", None, Exception("database or disk is full"))

    if not database.is_sqlite:
        return
    answers = together(database, [add("t-1"), fail, add("t-2")])
    assert [isinstance(answer, OperationalError) for answer in answers] == [True] * 3
    assert keys(database) == set()
