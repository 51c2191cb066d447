"""Long work is done in short transactions: nothing is left out, and others write in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert, select

from tests.conftest import until
from workbench.db import batches
from workbench.db.connection import Database
from workbench.db.schema import meta


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def test_it_goes_on_until_nothing_is_left_and_says_how_far_it_is(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_TURN_S", "_SHORT_TURN_S"):
        monkeypatch.setattr(batches, name, 1e6)
    left, said = [1_700], []

    def act(conn: Connection, most: int) -> int:
        done = min(most, left[0])
        left[0] -= done
        return done

    assert batches.write_in_batches(database, act, most=800, report=said.append) == 1_700
    # quick ones grow, up to what they may
    assert said == [500, 1_300, 1_700]


def test_slow_batches_become_smaller(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # whatever it takes is longer than a turn
    for name in ("_TURN_S", "_SHORT_TURN_S"):
        monkeypatch.setattr(batches, name, 0.0)
    sizes = iter([1, 1, 1, 0])
    seen: list[int] = []

    def act(conn: Connection, most: int) -> int:
        seen.append(most)
        return next(sizes)

    assert batches.write_in_batches(database, act, most=4_000, first=4) == 3
    assert seen == [4, 2, 1, 1]


def test_it_can_be_stopped_between_two(database: Database) -> None:
    done: list[int] = []
    batches.write_in_batches(
        database, lambda conn, most: 1, most=10, report=done.append, should_stop=lambda: len(done) == 2
    )
    assert done == [1, 2]


def test_another_writes_in_between(database: Database) -> None:
    """Work that would go on for ever ends as soon as the other has written."""
    other = Database(str(database.url.render_as_string(hide_password=False)))

    def write() -> None:
        with other.write() as conn:
            conn.execute(insert(meta).values(key="other", value="was here"))

    thread = threading.Thread(target=write)

    def act(conn: Connection, most: int) -> int:
        if not thread.ident:
            thread.start()
        found = conn.execute(select(meta.c.value).where(meta.c.key == "other")).first()
        return 0 if found else 1

    assert batches.write_in_batches(database, act, most=10) > 0
    thread.join()
    other.close()
    assert until(lambda: not thread.is_alive())
