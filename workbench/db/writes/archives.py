"""Rows of a project that comes from elsewhere. Callers own the transaction."""

from __future__ import annotations

from sqlalchemy import Connection, Table, bindparam, func, insert, literal_column, select, update

from workbench.json_types import JsonObject


def reserve_ids(conn: Connection, table: Table, count: int) -> list[int]:
    """So many new ids, ascending: rows may refer to each other before they are there."""
    if conn.dialect.name == "sqlite":
        # nobody else writes before this transaction ends
        last = conn.execute(select(func.max(table.c.id))).scalar_one_or_none() or 0
        return list(range(last + 1, last + 1 + count))
    sequence = func.pg_get_serial_sequence(table.name, "id")
    numbers = select(func.nextval(sequence)).select_from(func.generate_series(literal_column("1"), count))
    return sorted(int(number) for number in conn.execute(numbers).scalars())


def add_rows(conn: Connection, table: Table, rows: list[JsonObject]) -> None:
    """Insert rows that have the same columns."""
    if rows:
        conn.execute(insert(table), rows)


def set_columns(conn: Connection, table: Table, rows: list[JsonObject]) -> None:
    """Give rows (`id`, and the same columns in each) what could not be said while they were added."""
    if rows:
        names = [name for name in rows[0] if name != "id"]
        statement = update(table).where(table.c.id == bindparam("b_id")).values({n: bindparam(f"b_{n}") for n in names})
        conn.execute(statement, [{f"b_{name}": value for name, value in row.items()} for row in rows])
