"""Jobs with their children and theirs, and with their parents, on both databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, insert

from workbench.db.connection import Database
from workbench.db.reads import families, usage
from workbench.db.reads import jobs as reads
from workbench.db.schema import job, job_child, model_call

JOB = {"queue": "text", "state": "succeeded", "title": "t", "params": {}, "params_hash": "h", "max_attempts": 1,
       "available_at": 1, "created_at": 1, "kind": "k", "progress": 100}  # fmt: skip
CALL = {"purpose": "generate", "provider": "p", "model": "m", "capability": "text", "outcome": "ok", "started_at": 1,
        "input_tokens": 10, "output_tokens": 5}  # fmt: skip
#: parent, its children in their order; 5 is waited for by two, 7 is its own grandchild by a mistake
LINKS = {1: [2, 3], 2: [4, 5], 3: [5], 6: [7], 7: [8], 8: [7]}


@pytest.fixture
def conn(database_url: str) -> Iterator[Connection]:
    database = Database(database_url)
    with database.write() as connection:
        connection.execute(insert(job), [{**JOB, "id": n} for n in range(1, 10)])
        for parent, children in LINKS.items():
            rows = [{"parent_id": parent, "position": n, "child_id": c, "item": ""} for n, c in enumerate(children)]
            connection.execute(insert(job_child), rows)
        calls = [(n, currency) for n in range(1, 10) for currency in ("CNY", "USD")[: 1 + n % 2]]
        connection.execute(insert(model_call), [
            {**CALL, "call_id": f"{n}.{currency}", "job_id": n, "currency": currency, "cost_micros": 10**n}
            for n, currency in calls
        ])  # fmt: skip
        yield connection
    database.close()


def test_a_family_is_all_that_is_below_and_each_job_once(conn: Connection) -> None:
    assert families.list_families(conn, [1, 3, 6, 9]) == {1: {1, 2, 3, 4, 5}, 3: {3, 5}, 6: {6, 7, 8}, 9: {9}}
    assert families.list_families(conn, []) == {}


def test_parents_are_found_however_far_up(conn: Connection) -> None:
    assert families.list_above(conn, [5]) == {5, 3, 2, 1}
    assert families.list_above(conn, [8, 4]) == {8, 7, 6, 4, 2, 1}
    assert families.list_above(conn, []) == set()


def test_a_family_spends_what_its_jobs_spend_by_currency(conn: Connection) -> None:
    spent = usage.spending_of_jobs(conn, [1, 3, 9, 99])
    assert spent[1].cost == {"CNY": 111_110, "USD": 10 + 10**3 + 10**5}
    assert (spent[1].calls, spent[1].tokens) == (8, 120)
    assert spent[3].cost == {"CNY": 10**3 + 10**5, "USD": 10**3 + 10**5}
    assert spent[9].cost == {"CNY": 10**9, "USD": 10**9}
    assert spent[99] == usage.NOTHING


def test_a_tree_is_told_in_its_order_and_not_below_a_depth(conn: Connection) -> None:
    def tree(job_id: int, **how: int) -> list[tuple[int, int, int]]:
        whole = {"offset": 0, "limit": 100, **how}
        return [(f.id, f.parent_id, f.depth) for f in reads.list_family(conn, job_id, **whole)]

    assert tree(1) == [(2, 1, 1), (4, 2, 2), (5, 2, 2), (3, 1, 1), (5, 3, 2)]
    assert tree(1, offset=1) == [(3, 1, 1), (5, 3, 2)]
    assert tree(1, limit=1) == [(2, 1, 1), (4, 2, 2), (5, 2, 2)]
    assert tree(6, deepest=3) == [(7, 6, 1), (8, 7, 2), (7, 8, 3)]
    assert tree(9) == []
