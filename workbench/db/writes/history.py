"""A made-up history in the tables: a stretch of it once by its rows, then as often as wanted by copies of them.

Each stretch in a transaction of its own, owned by the caller.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, Table, case, func, insert, literal, null, select

from workbench.db.schema import attempt, failure, forecast, job, job_child, job_event, model_call, step
from workbench.db.writes import failures
from workbench.db.writes.archives import add_rows, reserve_ids
from workbench.json_types import JsonObject

TABLES = (job, attempt, step, job_event, model_call, failure, job_child, forecast)
#: jobs: what moves with the ids of a stretch, and with its time
_IDS = {"job_id", "replay_of", "repaired_by", "parent_id", "child_id"}
_TIMES = {"created_at", "started_at", "finished_at", "available_at", "ended_at", "updated_at", "at"}
#: of calls: what is not kept for ever
_TEXTS = {"prompt", "raw_output", "template"}


def reserve(conn: Connection, jobs: int) -> int:
    """The first of so many ids in a row."""
    while True:
        ids = reserve_ids(conn, job, jobs)
        # another process may have taken some in between
        if ids[-1] - ids[0] == jobs - 1:
            return ids[0]


def add_stretch(conn: Connection, tables: dict[str, list[JsonObject]], shift: int, after_ms: int, prefix: str) -> None:
    """Rows of a stretch whose ids count from 1 and whose times from 0; `prefix` is what its calls' ids begin with."""
    for table in TABLES:
        names = set(table.c.keys())
        rows = []
        for row in tables[table.name]:
            moved = dict(row)
            for name in names & moved.keys():
                value = moved[name]
                if value is None:
                    continue
                if name in _IDS or (table is job and name == "id"):
                    moved[name] = value + shift
                elif name in _TIMES:
                    moved[name] = value + after_ms
            if table is model_call:
                moved["call_id"] = prefix + moved["call_id"][len(prefix) :]
            rows.append(moved)
        add_rows(conn, table, rows)
    # copies are of the same
    failures.add_facets(conn)


def copy_stretch(
    conn: Connection, first: int, last: int, shift: int, later_ms: int, prefix: str, texts_from: int
) -> None:
    """The jobs `first` to `last` once more, with ids and times that are so much larger. Of calls before `texts_from`
    no words are kept."""
    for table in TABLES:
        key = table.c.id if table is job else table.c.parent_id if table is job_child else table.c.job_id
        # every other id is the database's own
        columns = [c for c in table.c if c.name != "id" or table is job]
        values = [_moved(table, c, shift, later_ms, prefix, texts_from, last) for c in columns]
        rows = select(*values).where(key.between(first, last)).order_by(key, *table.primary_key)
        conn.execute(insert(table).from_select(columns, rows))


def _moved(
    table: Table, column: Column[Any], shift: int, later_ms: int, prefix: str, texts_from: int, last: int
) -> Any:
    if column.name == "repaired_by":
        return case((column <= last, column + shift), else_=null()).label(column.name)
    if column.name in _IDS or (table is job and column.name == "id"):
        return (column + shift).label(column.name)
    if column.name in _TIMES:
        return (column + later_ms).label(column.name)
    if table is model_call and column.name == "call_id":
        return (literal(prefix) + func.substr(column, len(prefix) + 1)).label(column.name)
    if table is model_call and column.name in _TEXTS:
        kept = table.c.started_at + later_ms >= texts_from
        return case((kept, column), else_=null()).label(column.name)
    if table is job and column.name == "filed":
        return null().label(column.name)
    return column
